"""Copies in another order, or with repeats; joining with dimensions added first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import int32, int64
from portfire._functions._operands import _need_tensor
from portfire._functions.joining import _tensor_list, cat, flip
from portfire._functions.shape import _ints, reshape, transpose, unsqueeze, wrap_dim
from portfire.ops import _indexing as ix
from portfire.ops import _movement as m

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "block_diag",
    "column_stack",
    "dstack",
    "fliplr",
    "flipud",
    "repeat_interleave",
    "rot90",
]


def fliplr(input: Tensor) -> Tensor:
    """Return a copy with the columns (dim 1) in reverse order.

    Example:
        >>> import portfire
        >>> portfire.fliplr(portfire.tensor([[1, 2]]))
        tensor([[2, 1]])
    """
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, (1,))


def flipud(input: Tensor) -> Tensor:
    """Return a copy with the rows (dim 0) in reverse order.

    Example:
        >>> import portfire
        >>> portfire.flipud(portfire.tensor([1, 2]))
        tensor([2, 1])
    """
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, (0,))


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Return a copy turned by ``k`` quarters in the plane of two dimensions.

    Args:
        input: a tensor of at least two dimensions.
        k: how often to turn from the first dimension towards the second.
        dims: the two dimensions.

    Raises:
        RuntimeError: if there are not two different dimensions.

    Example:
        >>> import portfire
        >>> portfire.rot90(portfire.tensor([[1, 2], [3, 4]]))
        tensor([[2, 4],
                [1, 3]])
    """
    given = _ints("rot90", (tuple(dims),))
    if len(given) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(given)}")
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    a, b = (wrap_dim(d, input.ndim) for d in given)
    if a == b:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {given[0]} and dim1 = "
            f"{given[1]}"
        )
    turns = k % 4
    if turns == 1:
        return transpose(flip(input, (b,)), a, b)
    if turns == 2:
        return flip(input, (a, b))
    if turns == 3:
        return transpose(flip(input, (a,)), a, b)
    return input.clone()


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Return a copy with each element repeated, next to itself.

    Args:
        input: a tensor; alone, the numbers of repeats, and the result is each position repeated.
        repeats: how often: a number, or a tensor with one number for each element of the dimension.
        dim: the dimension; by default the flat tensor.
        output_size: the size of the result along the dimension, if known: a tensor of repeats does
            not need to be waited for then.

    Raises:
        RuntimeError: if there are not as many repeats as elements, or some are negative.

    Example:
        >>> import portfire
        >>> portfire.repeat_interleave(portfire.tensor([1, 2]), portfire.tensor([1, 3]))
        tensor([1, 2, 2, 2])
    """
    if dim is None and repeats is not None:
        input, dim = reshape(input, -1), 0
    if repeats is None or dim is None:
        if input.ndim != 1:
            raise RuntimeError("repeat_interleave only accept 1D vector as repeat")
        return _repeated_positions(input, output_size)
    axis = wrap_dim(dim, input.ndim)
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    n = input._shape[axis]
    if isinstance(repeats, _tensor.Tensor):
        if repeats.ndim > 1:
            raise RuntimeError("repeats must be 0-dim or 1-dim tensor")
        counts = repeats.to(device=input.device)
        if repeats.ndim and repeats._shape[0] not in (1, n):
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{repeats._shape[0]} and input.size({axis}) = {n}"
            )
        positions = _repeated_positions(counts.expand(n), output_size)
        return dispatch.apply(ix.TAKE, (input, positions), (axis,))
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    spread = unsqueeze(input, axis + 1)
    wanted = (*input._shape[: axis + 1], int(repeats), *input._shape[axis + 1 :])
    repeated = dispatch.apply(m.EXPAND, (spread,), (wanted,))
    return reshape(repeated, (*input._shape[:axis], n * int(repeats), *input._shape[axis + 1 :]))


def _repeated_positions(repeats: Tensor, output_size: int | None) -> Tensor:
    """Each position as often as its number of repeats says."""
    if repeats._dtype not in (int64, int32):
        raise NotImplementedError(
            f"\"repeat_interleave_cpu\" not implemented for '{repeats._dtype.scalar_name}'"
        )
    counts = repeats.to(int64)
    if counts.numel() and output_size is None:
        if int(counts.min().item()) < 0:
            raise RuntimeError("repeats can not be negative")
        output_size = int(counts.sum().item())
    if output_size is None:
        output_size = 0
    # One mark where each position begins: the running number of marks is the position, also where
    # several begin at one place because some of them have no repeats.
    starts = counts.cumsum(0) - counts
    marks = dispatch.apply(
        ix.PUT,
        (
            dispatch.zeros((output_size + 1,), counts),
            starts,
            dispatch.full(starts._shape, 1, counts),
        ),
        (0, "add"),
    )
    return marks.cumsum(0).narrow(0, 0, output_size) - 1


def _of_rank(name: str, tensors: tuple[Any, ...], grow: Any) -> Any:
    """One tensor or several, given as arguments or as one sequence, each with dimensions added."""
    if len(tensors) == 1 and not isinstance(tensors[0], list | tuple):
        _need_tensor(name, tensors[0])
        return grow(tensors[0])
    items = tensors[0] if len(tensors) == 1 else tensors
    for item in items:
        _need_tensor(name, item)
    return tuple(grow(item) for item in items)


def _grow_to_1(x: Tensor) -> Tensor:
    return x if x.ndim else reshape(x, 1)


def _grow_to_2(x: Tensor) -> Tensor:
    return x if x.ndim > 1 else reshape(x, (1, x.numel()))


def _grow_to_3(x: Tensor) -> Tensor:
    if x.ndim > 2:
        return x
    return unsqueeze(x, 2) if x.ndim == 2 else reshape(x, (1, x.numel(), 1))


def atleast_1d(*tensors: Any) -> Any:
    """Return a tensor, or each of several, with at least one dimension.

    Example:
        >>> import portfire
        >>> portfire.atleast_1d(portfire.tensor(5))
        tensor([5])
    """
    return _of_rank("atleast_1d", tensors, _grow_to_1)


def atleast_2d(*tensors: Any) -> Any:
    """Return a tensor, or each of several, with at least two dimensions; vectors are rows.

    Example:
        >>> import portfire
        >>> portfire.atleast_2d(portfire.tensor([5, 6]))
        tensor([[5, 6]])
    """
    return _of_rank("atleast_2d", tensors, _grow_to_2)


def atleast_3d(*tensors: Any) -> Any:
    """Return a tensor, or each of several, with at least three dimensions; the last is new.

    Example:
        >>> import portfire
        >>> portfire.atleast_3d(portfire.ones(2, 3)).shape
        portfire.Size([2, 3, 1])
    """
    return _of_rank("atleast_3d", tensors, _grow_to_3)


def dstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Return the tensors behind each other: along dim 2.

    Example:
        >>> import portfire
        >>> portfire.dstack([portfire.tensor([1]), portfire.tensor([2])])
        tensor([[[1, 2]]])
    """
    return cat([_grow_to_3(x) for x in _tensor_list("dstack", tensors)], 2, out=out)


def column_stack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Return the tensors side by side, 1-d ones as columns.

    Example:
        >>> import portfire
        >>> portfire.column_stack([portfire.tensor([1, 2]), portfire.tensor([3, 4])])
        tensor([[1, 3],
                [2, 4]])
    """
    items = _tensor_list("column_stack", tensors)
    columns = [x if x.ndim > 1 else reshape(x, (x.numel(), 1)) for x in items]
    return cat(columns, 1, out=out)


def block_diag(*tensors: Tensor) -> Tensor:
    """Return one matrix with the tensors as blocks along its diagonal, zeros elsewhere.

    Args:
        *tensors: matrices; vectors are rows, and numbers blocks of one element.

    Example:
        >>> import portfire
        >>> portfire.block_diag(portfire.tensor([[1, 2]]), portfire.tensor([3]))
        tensor([[1, 2, 0],
                [0, 0, 3]])
    """
    from portfire._promotion import result_dtype

    for position, item in enumerate(tensors):
        if item.ndim > 2:
            raise RuntimeError(
                "block_diag: Input tensors must have 2 or fewer dimensions. Input "
                f"{position} has {item.ndim} dimensions"
            )
    dtype = result_dtype(*tensors)
    blocks = [_grow_to_2(x).to(dtype) for x in tensors]
    width, left, rows = sum(x._shape[1] for x in blocks), 0, []
    for block in blocks:
        right = width - left - block._shape[1]
        rows.append(dispatch.apply(m.PAD, (block,), ((0, left), (0, right), (1, 1))))
        left += block._shape[1]
    return cat(rows, 0)
