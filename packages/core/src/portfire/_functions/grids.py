"""Matrices from diagonals, and tables of positions: grids, products, combinations, powers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import BOOL, FLOAT, DType, int64
from portfire._functions import creation
from portfire._functions._inplace import into
from portfire._functions.joining import cat, stack
from portfire._functions.shape import expand, permute, reshape, wrap_dim
from portfire._functions.strided import diagonal
from portfire._promotion import result_dtype
from portfire.ops import _indexing as ix
from portfire.ops import _movement as m

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "cartesian_prod",
    "combinations",
    "diag",
    "diag_embed",
    "diagflat",
    "meshgrid",
    "tril_indices",
    "triu_indices",
    "vander",
]


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return matrices with the last dimension on a diagonal, zeros elsewhere.

    Args:
        input: a tensor of at least one dimension.
        offset: which diagonal: 0 is the main one, positive ones are above it.
        dim1: where the result has the dimension of the rows.
        dim2: where it has the dimension of the columns.

    Raises:
        RuntimeError: if the dimensions are the same.

    Example:
        >>> import portfire
        >>> portfire.diag_embed(portfire.tensor([1, 2]))
        tensor([[1, 0],
                [0, 2]])
    """
    rank = input.ndim + 1
    a, b = wrap_dim(dim1, rank), wrap_dim(dim2, rank)
    if a == b:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    outer, n = input._shape[:-1], input._shape[-1]
    size = n + abs(offset)
    # In the flat matrix the elements of a diagonal are one row and one column apart.
    first = offset if offset >= 0 else -offset * size
    last = first + (n - 1) * (size + 1) if n else -1
    low, high, step = (
        (*((number,) * len(outer)), own)
        for number, own in ((0, first if n else 0), (0, size * size - last - 1), (1, size + 1))
    )
    flat = dispatch.apply(m.PAD, (input,), (low, high, step))
    matrices = reshape(flat, (*outer, size, size))
    order = list(range(len(outer)))
    for place, axis in sorted(((a, rank - 2), (b, rank - 1))):
        order.insert(place, axis)
    return permute(matrices, tuple(order)) if order != list(range(rank)) else matrices


def diag(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Return a matrix with a vector on a diagonal; of a matrix, a copy of a diagonal.

    Args:
        input: a vector or a matrix.
        diagonal: which diagonal: 0 is the main one, positive ones are above it.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if there are other than one or two dimensions.

    Example:
        >>> import portfire
        >>> portfire.diag(portfire.tensor([[1, 2], [3, 4]]))
        tensor([1, 4])
    """
    if input.ndim not in (1, 2):
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    if input.ndim == 1:
        return into(out, diag_embed(input, diagonal))
    return into(out, _diagonal(input, diagonal).clone())


_diagonal = diagonal  # `diag` has an argument of this name


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """Return a matrix with all elements of a tensor on a diagonal.

    Example:
        >>> import portfire
        >>> portfire.diagflat(portfire.tensor([1, 2]), 1)
        tensor([[0, 1, 0],
                [0, 0, 2],
                [0, 0, 0]])
    """
    return diag_embed(reshape(input, -1), offset)


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """Return one tensor per vector, with its elements along one dimension of a common grid.

    Args:
        *tensors: vectors or numbers of one dtype, as arguments or as one sequence.
        indexing: ``"ij"``, the default: dimension i belongs to vector i. With ``"xy"`` the first
            two dimensions are exchanged.

    Raises:
        RuntimeError: if a tensor has more dimensions, or the dtypes differ.

    Example:
        >>> import portfire
        >>> rows, columns = portfire.meshgrid(portfire.arange(2), portfire.arange(3), indexing="ij")
        >>> rows
        tensor([[0, 0, 0],
                [1, 1, 1]])
    """
    items = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], list | tuple) else tensors
    if not items:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(
            f'meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}'
        )
    for item in items:
        if item.ndim > 1:
            raise RuntimeError(
                "meshgrid: Expected 0D or 1D tensor in the tensor list but got: "
                f"{list(item._shape)}"
            )
        if item._dtype is not items[0]._dtype:
            raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    places = list(range(len(items)))
    if indexing == "xy" and len(items) > 1:
        places[:2] = 1, 0
    sizes = [0] * len(items)
    for place, item in zip(places, items, strict=True):
        sizes[place] = item.numel()
    grids = []
    for place, item in zip(places, items, strict=True):
        alone = [1] * len(items)
        alone[place] = item.numel()
        grids.append(expand(reshape(item, tuple(alone)), tuple(sizes)))
    return tuple(grids)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """Return every choice of one element from each vector, one choice per row.

    Raises:
        RuntimeError: if a tensor is no vector, or the dtypes differ.

    Example:
        >>> import portfire
        >>> portfire.cartesian_prod(portfire.tensor([1, 2]), portfire.tensor([3]))
        tensor([[1, 3],
                [2, 3]])
    """
    for item in tensors:
        _need_vector(item)
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(grid, -1) for grid in meshgrid(*tensors)], 1)


def _need_vector(item: Tensor) -> None:
    if item.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(item._shape)}")


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """Return every choice of ``r`` elements of a vector, in its order, one choice per row.

    Args:
        input: a vector.
        r: how many elements.
        with_replacement: whether an element may be chosen several times.

    Raises:
        RuntimeError: if the input is no vector or ``r`` is negative.

    Example:
        >>> import portfire
        >>> portfire.combinations(portfire.tensor([1, 2, 3]))
        tensor([[1, 2],
                [1, 3],
                [2, 3]])
    """
    _need_vector(input)
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    if r == 0:
        return dispatch.zeros((0,), input)
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    flat = itertools.chain.from_iterable(choose(range(input._shape[0]), r))
    table = np.fromiter(flat, np.int64).reshape(-1, r)
    positions = creation.tensor(table, device=input.device)
    return dispatch.apply(ix.TAKE, (input, positions), (0,))


def _triangle_positions(
    name: str, pick: Any, row: int, col: int, offset: int, dtype: DType, device: Any
) -> Tensor:
    for what, size in (("row", row), ("col", col)):
        if size < 0:
            raise RuntimeError(f"{what} must be non-negative, got {size}")
    if dtype.category in (FLOAT, BOOL):
        raise NotImplementedError(f"\"{name}\" not implemented for '{dtype.scalar_name}'")
    table = np.stack(pick(row, offset, col)).astype(dtype.numpy)
    return creation.tensor(table, device=device)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType = int64, device: Any = None
) -> Tensor:
    """Return the positions of the lower triangle of a matrix: rows, then columns.

    Args:
        row: the number of rows.
        col: the number of columns.
        offset: the diagonal that bounds it.
        dtype: the element type.
        device: where to put it.

    Raises:
        RuntimeError: if a size is negative.

    Example:
        >>> import portfire
        >>> portfire.tril_indices(2, 2)
        tensor([[0, 1, 1],
                [0, 0, 1]])
    """
    return _triangle_positions("tril_indices", np.tril_indices, row, col, offset, dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: DType = int64, device: Any = None
) -> Tensor:
    """Return the positions of the upper triangle of a matrix; see `tril_indices`.

    Example:
        >>> import portfire
        >>> portfire.triu_indices(2, 2)
        tensor([[0, 0, 1],
                [0, 1, 1]])
    """
    return _triangle_positions("triu_indices", np.triu_indices, row, col, offset, dtype, device)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: N803
    """Return the powers of a vector as the columns of a matrix.

    Args:
        x: a vector.
        N: how many powers, from 0; by default as many as elements.
        increasing: whether the powers grow from left to right.

    Raises:
        RuntimeError: if x is no vector or N is negative.

    Example:
        >>> import portfire
        >>> portfire.vander(portfire.tensor([1, 2, 3]))
        tensor([[1, 1, 1],
                [4, 2, 1],
                [9, 3, 1]])
    """
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x._shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    base = x.to(result_dtype(x, dispatch.full((1,), 0, x, int64)))
    if count == 0:
        return dispatch.zeros((x._shape[0], 0), base)
    columns: Sequence[Any] = [dispatch.full(x._shape, 1, base)]
    for _ in range(count - 1):
        columns = [*columns, columns[-1] * base]
    if not increasing:
        columns = columns[::-1]
    return cat([_tensor.Tensor.unsqueeze(column, 1) for column in columns], 1)
