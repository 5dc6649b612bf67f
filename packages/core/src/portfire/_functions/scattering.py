"""Writing at positions: along a dimension, in the flat tensor, under a mask, into a part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import bool_, int32, int64
from portfire._functions import creation, indexing, strided
from portfire._functions._operands import number_of
from portfire._functions.shape import broadcast_tensors, reshape, wrap_dim
from portfire._functions.splitting import select
from portfire.ops import _indexing as ix
from portfire.ops import _movement as m

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "as_strided_scatter",
    "diagonal_scatter",
    "index_add",
    "index_copy",
    "index_fill",
    "index_put",
    "masked_scatter",
    "put",
    "select_scatter",
    "slice_scatter",
    "take",
]


def take(input: Tensor, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the elements of the flat tensor at given positions, in the shape of the index.

    Args:
        input: a tensor.
        index: an int64 tensor; negative positions count from the end.
        out: a tensor that receives the result.

    Raises:
        IndexError: when the values are read, if a position is out of range.

    Example:
        >>> import portfire
        >>> portfire.take(portfire.tensor([[1, 2], [3, 4]]), portfire.tensor([0, -1]))
        tensor([1, 4])
    """
    _need_long("take", index)
    flat = reshape(input, -1)
    taken = dispatch.apply(ix.TAKE, (flat, _wrapped(index, flat._shape[0])), (0,))
    return creation._into(out, taken)


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """Return the tensor with elements of the flat tensor replaced, or added to.

    Args:
        input: a tensor.
        index: an int64 tensor; negative positions count from the end.
        source: as many elements as the index has.
        accumulate: add, so that what a position gets several times is summed.

    Raises:
        RuntimeError: if the dtypes differ.
        IndexError: if the numbers of elements differ.

    Example:
        >>> import portfire
        >>> portfire.put(portfire.zeros(3), portfire.tensor([0, -1]), portfire.tensor([5.0, 6.0]))
        tensor([5., 0., 6.])
    """
    _need_long("put_", index)
    if input._dtype is not source._dtype:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{input._dtype.scalar_name} and source.dtype = {source._dtype.scalar_name}"
        )
    if index.numel() != source.numel():
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.numel()}, index.numel() = {index.numel()}"
        )
    if not index.numel():
        return input.clone()
    flat = reshape(input, -1)
    positions = reshape(_wrapped(index, flat._shape[0]), -1)
    new = _put(flat, positions, reshape(source, -1), 0, "add" if accumulate else "set")
    return reshape(new, input._shape)


def _need_long(name: str, index: Tensor) -> None:
    if index._dtype is not int64:
        raise RuntimeError(
            f"{name}(): Expected a long tensor for index, but got {index._dtype.scalar_name}"
        )


def _wrapped(index: Tensor, size: int) -> Tensor:
    """Positions from the end made positions from the start; what is out of range stays so."""
    return dispatch.where(index < 0, index + size, index)


def _put(base: Tensor, index: Tensor, source: Tensor, axis: int, mode: str) -> Tensor:
    """Record a put; sums of bools are made of bytes."""
    if base._dtype is bool_ and mode == "add":
        counted = (base.to(int32), index, source.to(int32))
        return dispatch.apply(ix.PUT, counted, (axis, mode)).to(bool_)
    return dispatch.apply(ix.PUT, (base, index, source), (axis, mode))


# Along a dimension


def _vector_index(name: str, index: Tensor, dtypes: tuple[Any, ...], wanted: str) -> Tensor:
    if index._dtype not in dtypes:
        raise RuntimeError(f"{name}(): Expected {wanted} for index but got: "
                           f"{index._dtype.scalar_name}")  # fmt: skip
    if index.ndim > 1:
        raise IndexError(
            f"{name}(): Index is supposed to be a vector, but got dim: {index.ndim} with type: "
            f"{index._dtype.scalar_name} and size: {list(index._shape)}"
        )
    return reshape(index, -1)


def index_add(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Return the tensor with slices of a source added at positions of a dimension.

    Args:
        input: a tensor.
        dim: the dimension.
        index: a vector of int32 or int64 positions.
        source: a tensor with one slice for each position.
        alpha: a factor for the source.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if the shapes or dtypes do not fit.
        IndexError: if the index is no vector, or (when the values are read) out of range.

    Example:
        >>> import portfire
        >>> x = portfire.zeros(3)
        >>> portfire.index_add(x, 0, portfire.tensor([0, 0]), portfire.ones(2))
        tensor([2., 0., 0.])
    """
    axis = wrap_dim(dim, input.ndim)
    name = "index_add_"
    positions = _vector_index(name, index, (int32, int64), "dtype int32/int64")
    if input._dtype is not source._dtype:
        raise RuntimeError(
            f"{name}(): self ({input._dtype.scalar_name}) and source "
            f"({source._dtype.scalar_name}) must have the same scalar type"
        )
    if source.ndim > 1 or input.ndim > 1:
        others = [s[:axis] + s[axis + 1 :] for s in (input._shape, source._shape)]
        if others[0] != others[1] or input.ndim != source.ndim:
            raise RuntimeError(
                "source tensor shape must match self tensor shape, excluding the specified "
                f"dimension. Got self.shape = {list(input._shape)} source.shape = "
                f"{list(source._shape)}"
            )
    count = source._shape[axis] if source.ndim else 1
    if positions._shape[0] != count:
        raise RuntimeError(
            f"{name}(): Number of indices ({positions._shape[0]}) should be equal to "
            f"source.size(dim): ({count}), for dim: {axis}"
        )
    added = source if alpha == 1 else source * alpha
    if added._dtype is not source._dtype:
        added = added.to(source._dtype)
    return creation._into(out, _along(input, axis, positions, added, "add"))


def _along(input: Tensor, axis: int, positions: Tensor, source: Tensor, mode: str) -> Tensor:
    """Put slices along an axis, also of a number, which has one place."""
    if input.ndim:
        slices = source if source.ndim else reshape(source, 1)
        return _put(input, positions, slices, axis, mode)
    new = _put(reshape(input, 1), positions, reshape(source, -1), 0, mode)
    return reshape(new, ())


def index_copy(
    input: Tensor, dim: int, index: Tensor, source: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """Return the tensor with slices of a source written at positions of a dimension.

    Args:
        input: a tensor.
        dim: the dimension.
        index: a vector of int64 positions; of equal ones, the last wins.
        source: a tensor with one slice for each position.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if the dtypes or the shapes of the slices differ.
        IndexError: if the numbers of slices and positions differ, or a position is out of range.

    Example:
        >>> import portfire
        >>> x = portfire.zeros(3)
        >>> portfire.index_copy(x, 0, portfire.tensor([2, 0]), portfire.tensor([7.0, 8.0]))
        tensor([8., 0., 7.])
    """
    axis = wrap_dim(dim, input.ndim)
    name = "index_copy_"
    _need_long(name, index)
    positions = _vector_index(name, index, (int64,), "a long tensor")
    if input._dtype is not source._dtype:
        raise RuntimeError(
            f"{name}(): self and source expected to have the same dtype, but got (self) "
            f"{input._dtype.scalar_name} and (source) {source._dtype.scalar_name}"
        )
    if input.ndim and source.ndim and input.ndim != source.ndim:
        raise IndexError(
            f"{name}(): When source and destination are not scalars, their dimensionality must "
            f"match. Source dimensionality ({source.ndim}), destination dimensionality "
            f"({input.ndim})"
        )
    own, given = (
        s[:axis] + s[axis + 1 :] if s else () for s in (input._shape, source._shape)
    )  # fmt: skip
    if own != given:
        raise RuntimeError(
            f"{name}(): Source/destination tensor must have same slice shapes. Destination slice "
            f"shape: {list(own)} at dimension {axis} and source slice shape: {list(given)} at "
            "dimension 0."
        )
    count = source._shape[axis] if source.ndim else 1
    if positions._shape[0] != count:
        raise IndexError(
            f"{name}(): Number of indices ({positions._shape[0]}) should be equal to "
            f"source.size(dim) ({count})"
        )
    return creation._into(out, _along(input, axis, positions, source, "set"))


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """Return the tensor with the slices at positions of a dimension filled with a number.

    Args:
        input: a tensor.
        dim: the dimension.
        index: a vector of int64 positions; negative ones count from the end.
        value: a number or a 0-d tensor.

    Raises:
        IndexError: if the index is not int64, or (when the values are read) out of range.
        RuntimeError: if the index is no vector or the value has dimensions.

    Example:
        >>> import portfire
        >>> portfire.index_fill(portfire.zeros(3), 0, portfire.tensor([0, -1]), 5)
        tensor([5., 0., 5.])
    """
    if index._dtype is not int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if index.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    axis = wrap_dim(dim, input.ndim)
    value = number_of(value)
    if isinstance(value, _tensor.Tensor):
        if value.ndim:
            raise RuntimeError(
                "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
                f"{value.ndim} dimension(s)."
            )
        filling = value.to(device=input.device, dtype=input._dtype)
    elif type(value) in dispatch.NUMBERS:
        number = creation.number_in(value, input._dtype)
        filling = creation.full((), number, dtype=input._dtype, device=input.device)
    else:
        raise TypeError(
            "index_fill() received an invalid combination of arguments - got a value of type "
            f"{type(value).__name__}; expected a number or a 0-d tensor"
        )
    x = input if input.ndim else reshape(input, 1)
    positions = _wrapped(reshape(index, -1), x._shape[axis])
    wanted = (*x._shape[:axis], positions._shape[0], *x._shape[axis + 1 :])
    return reshape(_put(x, positions, filling.expand(wanted), axis, "set"), input._shape)


# By an index as in brackets, and under a mask


def index_put(
    input: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool = False
) -> Tensor:
    """Return the tensor after ``tensor[indices] = values``, or ``+=`` with all repeats counted.

    Args:
        input: a tensor.
        indices: one integer or bool tensor for each dimension from the first; None for all of one.
        values: a tensor of the same dtype that broadcasts to the indexed shape.
        accumulate: add, so that what a position gets several times is summed.

    Raises:
        RuntimeError: if the dtypes differ, or the values do not broadcast.
        IndexError: if there are too many indices, or (when the values are read) wrong ones.

    Example:
        >>> import portfire
        >>> at = (portfire.tensor([0, 0]),)
        >>> portfire.index_put(portfire.zeros(2), at, portfire.ones(2), accumulate=True)
        tensor([2., 0.])
    """
    if input._dtype is not values._dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{input._dtype.scalar_name} for the destination and {values._dtype.scalar_name} for "
            "the source."
        )
    key = tuple(slice(None) if index is None else index for index in indices)
    return indexing.replaced(input, key, values, "add" if accumulate else "set")


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Return the tensor with the elements under a mask taken, in order, from a source.

    Args:
        input: a tensor.
        mask: a bool tensor that broadcasts with it.
        source: at least as many elements as the mask has true ones.

    Raises:
        RuntimeError: if the mask is not bool, the dtypes differ, or the source is too short.

    Example:
        >>> import portfire
        >>> mask = portfire.tensor([True, False, True])
        >>> portfire.masked_scatter(portfire.zeros(3), mask, portfire.tensor([1.0, 2.0]))
        tensor([1., 0., 2.])
    """
    if mask._dtype is not bool_:
        raise RuntimeError(
            "masked_scatter_ only supports boolean masks, but got mask with dtype "
            f"{mask._dtype.scalar_name}"
        )
    if input._dtype is not source._dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{input._dtype.scalar_name} and {source._dtype.scalar_name}"
        )
    x, chosen = broadcast_tensors(input, mask)
    flat = reshape(chosen, -1)
    count, available = flat.numel(), source.numel()
    if available < count and available < int(flat.to(int64).sum().item()):
        raise RuntimeError("Number of elements of source < number of ones in mask")
    if not available:
        return x.clone()
    # Where the mask is false the position is not used: it only has to be a valid one.
    running = flat.to(int64).cumsum(0) - 1
    positions = dispatch.where(flat, running, 0)
    taken = dispatch.apply(ix.TAKE, (reshape(source, -1), positions), (0,))
    return dispatch.where(chosen, reshape(taken, x._shape), x)


# Into a part


def _check_part(part: tuple[int, ...], src: Tensor) -> None:
    if src._shape != part:
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src._shape)}, slice size = {list(part)}"
        )


def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None,
    step: int = 1,
) -> Tensor:  # fmt: skip
    """Return the tensor with a slice of a dimension replaced.

    Args:
        input: a tensor.
        src: the new elements, of the shape of the slice.
        dim: the dimension.
        start: where the slice starts.
        end: where it ends.
        step: the distance of its elements.

    Raises:
        RuntimeError: if the shapes differ or the step is not positive.

    Example:
        >>> import portfire
        >>> portfire.slice_scatter(portfire.zeros(4), portfire.ones(2), start=1, end=4, step=2)
        tensor([0., 1., 0., 1.])
    """
    axis = wrap_dim(dim, input.ndim)
    if step <= 0:
        raise RuntimeError("slice step must be positive")
    first, last, _ = slice(start, end, step).indices(input._shape[axis])
    count = len(range(first, last, step))
    starts, sizes, steps = [0] * input.ndim, list(input._shape), [1] * input.ndim
    starts[axis], sizes[axis], steps[axis] = (first if count else 0), count, step
    _check_part(tuple(sizes), src)
    attrs = (tuple(starts), tuple(sizes), tuple(steps))
    return dispatch.apply(m.SLICE_UPDATE, (input, src.to(input._dtype)), attrs)


def _part_replaced(input: Tensor, view: Any, src: Tensor) -> Tensor:
    """A copy in which the part that a view reaches is replaced."""
    result = input.clone()
    part = view(result)
    _check_part(part._shape, src)
    part.copy_(src)
    return result


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """Return the tensor with one index of a dimension replaced.

    Raises:
        RuntimeError: if the shapes differ.
        IndexError: if the index is out of range.

    Example:
        >>> import portfire
        >>> portfire.select_scatter(portfire.zeros(2, 2), portfire.ones(2), 0, 1)
        tensor([[0., 0.],
                [1., 1.]])
    """
    return _part_replaced(input, lambda x: select(x, dim, index), src)


def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """Return the tensor with a diagonal of two dimensions replaced; see `diagonal`.

    Raises:
        RuntimeError: if the shapes differ.

    Example:
        >>> import portfire
        >>> portfire.diagonal_scatter(portfire.zeros(2, 2), portfire.ones(2))
        tensor([[1., 0.],
                [0., 1.]])
    """
    return _part_replaced(input, lambda x: strided.diagonal(x, offset, dim1, dim2), src)


def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int],
    storage_offset: int | None = None,
) -> Tensor:  # fmt: skip
    """Return the tensor with the elements that `as_strided` reaches replaced.

    Example:
        >>> import portfire
        >>> portfire.as_strided_scatter(portfire.zeros(4), portfire.ones(2), (2,), (2,))
        tensor([1., 0., 1., 0.])
    """
    return _part_replaced(input, lambda x: strided.as_strided(x, size, stride, storage_offset), src)
