"""The methods that view, join, index and assign."""

from __future__ import annotations

from portfire._functions import (
    along,
    grids,
    indexing,
    joining,
    rearranging,
    scattering,
    shape,
    splitting,
    strided,
)
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
    adjoint = shape.adjoint
    narrow, select, unbind = splitting.narrow, splitting.select, splitting.unbind
    split, chunk, repeat, tile, roll = (
        splitting.split, splitting.chunk, joining.repeat, joining.tile, joining.roll,
    )  # fmt: skip
    split_with_sizes, tensor_split = splitting.split_with_sizes, splitting.tensor_split
    hsplit, vsplit, dsplit = splitting.hsplit, splitting.vsplit, splitting.dsplit
    unsafe_chunk, unsafe_split, unsafe_split_with_sizes = (
        splitting.unsafe_chunk, splitting.unsafe_split, splitting.unsafe_split_with_sizes,
    )  # fmt: skip
    tril, triu, unfold, diagonal = joining.tril, joining.triu, strided.unfold, strided.diagonal
    as_strided, argwhere = strided.as_strided, indexing.argwhere
    diag, diag_embed, diagflat = grids.diag, grids.diag_embed, grids.diagflat
    fliplr, flipud, rot90 = rearranging.fliplr, rearranging.flipud, rearranging.rot90
    repeat_interleave = rearranging.repeat_interleave
    take, put, index_put = scattering.take, scattering.put, scattering.index_put
    index_add, index_copy, index_fill = (
        scattering.index_add, scattering.index_copy, scattering.index_fill,
    )  # fmt: skip
    masked_scatter, slice_scatter, select_scatter = (
        scattering.masked_scatter, scattering.slice_scatter, scattering.select_scatter,
    )  # fmt: skip
    diagonal_scatter, as_strided_scatter = (
        scattering.diagonal_scatter, scattering.as_strided_scatter,
    )  # fmt: skip
    put_, index_put_, masked_scatter_ = (
        inplace(scattering.put), inplace(scattering.index_put), inplace(scattering.masked_scatter),
    )  # fmt: skip
    index_add_, index_copy_, index_fill_ = (
        inplace(scattering.index_add), inplace(scattering.index_copy),
        inplace(scattering.index_fill),
    )  # fmt: skip
    index_select, masked_select = indexing.index_select, indexing.masked_select
    gather, scatter, scatter_add = along.gather, along.scatter, along.scatter_add
    scatter_reduce, index_reduce = along.scatter_reduce, along.index_reduce
    scatter_reduce_ = inplace(along.scatter_reduce)
    index_reduce_ = inplace(along.index_reduce)
    nonzero, where, take_along_dim = (
        indexing.nonzero,
        indexing.where_method,
        along.take_along_dim,
    )
    __getitem__, __setitem__ = indexing.getitem, indexing.setitem
    scatter_, scatter_add_ = inplace(along.scatter), inplace(along.scatter_add)
    tril_, triu_ = inplace(joining.tril), inplace(joining.triu)
    unsqueeze_ = shape.in_place_view(shape.unsqueeze)
    squeeze_ = shape.in_place_view(shape.squeeze)
    transpose_ = swapaxes_ = swapdims_ = shape.in_place_view(shape.transpose)
    t_, as_strided_ = shape.in_place_view(shape.t), shape.in_place_view(strided.as_strided)
