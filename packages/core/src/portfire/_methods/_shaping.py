"""The methods that view, join, index and assign."""

from __future__ import annotations

from portfire._functions import indexing, joining, shape
from portfire._functions._inplace import inplace

__all__ = ["ShapingMethods"]


class ShapingMethods:
    """A table of methods: each is defined once, in `_functions`."""

    view, reshape, view_as, reshape_as = (
        shape.view, shape.reshape, shape.view_as, shape.reshape_as,
    )  # fmt: skip
    flatten, unflatten, ravel = shape.flatten, shape.unflatten, shape.ravel
    squeeze, unsqueeze = shape.squeeze, shape.unsqueeze
    expand, expand_as, broadcast_to = shape.expand, shape.expand_as, shape.broadcast_to
    transpose, swapaxes, swapdims, t = (
        shape.transpose, shape.transpose, shape.transpose, shape.t,
    )  # fmt: skip
    permute, movedim, moveaxis, flip = shape.permute, shape.movedim, shape.movedim, joining.flip
    narrow, select, unbind = shape.narrow, shape.select, shape.unbind
    split, chunk, repeat, tile, roll = (
        shape.split, shape.chunk, joining.repeat, joining.tile, joining.roll,
    )  # fmt: skip
    tril, triu, unfold, diagonal = joining.tril, joining.triu, joining.unfold, joining.diagonal
    index_select, masked_select = indexing.index_select, indexing.masked_select
    gather, scatter, scatter_add = indexing.gather, indexing.scatter, indexing.scatter_add
    nonzero, where, take_along_dim = (
        indexing.nonzero,
        indexing.where_method,
        indexing.take_along_dim,
    )
    __getitem__, __setitem__ = indexing.getitem, indexing.setitem
    scatter_, scatter_add_ = inplace(indexing.scatter), inplace(indexing.scatter_add)
    tril_, triu_ = inplace(joining.tril), inplace(joining.triu)
    unsqueeze_ = shape.in_place_view(shape.unsqueeze)
    squeeze_ = shape.in_place_view(shape.squeeze)
    transpose_, t_ = shape.in_place_view(shape.transpose), shape.in_place_view(shape.t)
