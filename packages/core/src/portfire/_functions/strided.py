"""Views that walk over a dimension, or over the storage, in steps of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from portfire._functions.shape import _ints, permute, reshape, wrap_dim
from portfire._functions.splitting import slice_view
from portfire._layout import layout
from portfire.ops import _movement as m
from portfire.ops._strided import AS_STRIDED, reach

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["as_strided", "diagonal"]


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """Return a view of the diagonal of two dimensions, as the last dimension.

    Args:
        input: a tensor of at least two dimensions.
        offset: which diagonal: 0 is the main one, positive ones are above it.
        dim1: the dimension of the rows.
        dim2: the dimension of the columns.

    Raises:
        RuntimeError: if the dimensions are the same.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1, 2], [3, 4]])
        >>> x.diagonal()
        tensor([1, 4])
    """
    a, b = wrap_dim(dim1, input.ndim), wrap_dim(dim2, input.ndim)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    rest = [i for i in range(input.ndim) if i not in (a, b)]
    order = (*rest, a, b)
    moved = input if order == tuple(range(input.ndim)) else permute(input, order)
    rows, columns = moved._shape[-2:]
    row, column = (0, offset) if offset >= 0 else (-offset, 0)
    count = max(0, min(rows - row, columns - column))
    # In the flat matrix a step of one row and one column is always as long.
    flat_shape = (*moved._shape[:-2], rows * columns)
    flat = moved._view(m.RESHAPE, (flat_shape,), flat_shape)
    start = row * columns + column if count else 0
    return slice_view(flat, flat.ndim - 1, start, count, columns + 1)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """Return a view of all windows of a size along a dimension, as a new last dimension.

    Args:
        input: a tensor.
        dimension: the dimension.
        size: the elements of a window.
        step: from one window to the next.

    Raises:
        RuntimeError: if the size is larger than the dimension, or the step is not positive.

    Example:
        >>> import portfire
        >>> portfire.arange(4).unfold(0, 2, 1)
        tensor([[0, 1],
                [1, 2],
                [2, 3]])
    """
    axis = wrap_dim(dimension, input.ndim)
    extent = input._shape[axis] if input.ndim else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > extent:
        raise RuntimeError(
            f"maximum size for tensor at dimension {axis} is {extent} but size is {size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    if not input.ndim:
        return reshape(input, 1) if size else input.as_strided((0,), (1,))
    if size == 0:
        return _windows_of_nothing(input, axis, step)
    attrs = ((axis,), (size,), (step,), (1,))
    count = (extent - size) // step + 1
    new = (*input._shape[:axis], count, *input._shape[axis + 1 :], size)
    return input._view(m.WINDOWS, attrs, new)


def _windows_of_nothing(input: Tensor, axis: int, step: int) -> Tensor:
    count = input._shape[axis] // step + 1
    shape = (*input._shape[:axis], count, *input._shape[axis + 1 :], 0)
    empty = slice_view(input, axis, 0, 0)
    return empty._view(m.RESHAPE, (shape,), shape)


def as_strided(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """Return a view of the storage with given sizes, strides and offset, in elements.

    Args:
        input: a tensor; the view reaches into all of its storage.
        size: the sizes of the view.
        stride: how far each of its dimensions steps, at least 0.
        storage_offset: the first element; by default that of the input.

    Raises:
        RuntimeError: if the view leaves the storage, or a stride is negative.

    Example:
        >>> import portfire
        >>> portfire.arange(6).as_strided((2, 2), (3, 1), 1)
        tensor([[1, 2],
                [4, 5]])
    """
    sizes, strides = _ints("as_strided", (tuple(size),)), _ints("as_strided", (tuple(stride),))
    if len(sizes) != len(strides):
        raise RuntimeError("mismatch in length of strides and shape")
    if any(n < 0 for n in strides):
        raise RuntimeError(
            "as_strided: Negative strides are not supported at the moment, got strides: "
            f"{list(strides)}"
        )
    if any(n < 0 for n in sizes):
        raise RuntimeError(
            f"Storage size calculation overflowed with sizes={list(sizes)} and "
            f"strides={list(strides)}"
        )
    whole = input._storage.value.shape
    offset = layout(whole, input._path)[1] if storage_offset is None else storage_offset
    if offset < 0:
        raise RuntimeError(f"Tensor: invalid storage offset {offset}")
    width, needed = input._dtype.itemsize, reach(sizes, strides, offset)
    held = math.prod(whole)
    if needed > held:
        raise RuntimeError(
            f"setStorage: sizes {list(sizes)}, strides {list(strides)}, storage offset {offset}, "
            f"and itemsize {width} requiring a storage size of {needed * width} are out of bounds "
            f"for storage of size {held * width}"
        )
    root = input if input._base is None else input._base
    if root._path:
        if root.requires_grad:
            raise RuntimeError(
                "as_strided: the tensor shares its storage with one that has no history; clone() "
                "it first, so that all elements of the storage are its own"
            )
        root = root._alias((), whole)
    return root._view(AS_STRIDED, (sizes, strides, offset), sizes)
