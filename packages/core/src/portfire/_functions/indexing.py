"""Indexing with everything NumPy's rules allow, reading and writing; gather and scatter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import FLOAT, bool_, int32, int64, uint8
from portfire._functions import creation, joining, shape
from portfire._functions._operands import number_of
from portfire.ops import _indexing as ix
from portfire.ops._movement import RESHAPE

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "gather",
    "index_select",
    "masked_select",
    "nonzero",
    "scatter",
    "scatter_add",
    "take_along_dim",
    "where",
]

Index = tuple["Tensor", ...]


# The two halves of an index: views first, then positions given by tensors


def _items(key: Any) -> list[Any]:
    if not isinstance(key, tuple):
        return [key]
    return list(key)


def _is_sequence_index(item: Any) -> bool:
    return isinstance(item, list | range | np.ndarray) or (
        isinstance(item, tuple) and not isinstance(item, _tensor.Tensor)
    )


def _as_index(item: Any, x: Tensor) -> Tensor:
    """Lists and arrays as integer or bool tensors on the tensor's device."""
    if not isinstance(item, _tensor.Tensor):
        item = creation.tensor(item if not isinstance(item, range) else list(item), device=x.device)
        if item.numel() == 0 and item._dtype.category == FLOAT:
            item = item.to(int64)
    if item._dtype not in (int64, int32, bool_, uint8):
        raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
    if item._dtype is uint8:
        item = item.to(bool_)
    index: Tensor = item.to(device=x.device)
    return index


def _consumed(item: Any) -> int:
    """How many dimensions an index item takes."""
    if item is None or isinstance(item, bool):
        return 0
    if isinstance(item, _tensor.Tensor) and item._dtype in (bool_, uint8):
        return item.ndim
    if isinstance(item, np.ndarray) and item.dtype == bool:
        return item.ndim
    return 1


def _expand_ellipsis(items: list[Any], ndim: int) -> list[Any]:
    taken = sum(_consumed(i) for i in items if i is not Ellipsis)
    if taken > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}")
    fill = [slice(None)] * (ndim - taken)
    spots = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(spots) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    if not spots:
        return items + fill
    return items[: spots[0]] + fill + items[spots[0] + 1 :]


def _slice_bounds(item: slice, n: int) -> tuple[int, int, int]:
    """Start, count and step of a slice over n elements."""
    for part in (item.start, item.stop, item.step):
        if part is not None and not hasattr(part, "__index__"):
            raise TypeError("slice indices must be integers or None or have an __index__ method")
    if item.step is not None and int(item.step) <= 0:
        raise ValueError("step must be greater than zero")
    start, stop, step = item.indices(n)
    return start, len(range(start, stop, step)), step


def _split(x: Tensor, key: Any) -> tuple[Tensor, list[tuple[int, Tensor]]]:
    """Apply the view part of an index; return the view and (dimension, index tensor) pairs."""
    items = [_as_index(i, x) if _is_sequence_index(i) else i for i in _items(key)]
    positions: list[tuple[int, Tensor]] = []
    view, dim = x, 0
    for item in _expand_ellipsis(items, x.ndim):
        if item is None:
            view = view.unsqueeze(dim)
            dim += 1
        elif isinstance(item, bool):
            view = view.unsqueeze(dim)
            chosen = creation.tensor([0] if item else [], dtype=int64, device=x.device)
            positions.append((dim, chosen))
            dim += 1
        elif isinstance(item, slice):
            start, count, step = _slice_bounds(item, view._shape[dim])
            if count != view._shape[dim] or step != 1:
                view = shape.slice_view(view, dim, start if count else 0, count, step)
            dim += 1
        elif isinstance(item, _tensor.Tensor):
            dim = _tensor_item(view, dim, _as_index(item, x), positions)
        elif hasattr(item, "__index__"):
            view = _select(view, dim, int(item), x)
        else:
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables "
                f"are valid indices (got {type(item).__name__})"
            )
    return view, positions


def _select(view: Tensor, dim: int, index: int, x: Tensor) -> Tensor:
    n = view._shape[dim]
    if not -n <= index < n:
        raise IndexError(f"index {index} is out of bounds for dimension {dim} with size {n}")
    return view.select(dim, index)


def _tensor_item(view: Tensor, dim: int, item: Tensor, positions: list[tuple[int, Tensor]]) -> int:
    """Record an index tensor, a mask as one index per dimension; return the next dimension."""
    if item._dtype is not bool_:
        positions.append((dim, item))
        return dim + 1
    for i, n in enumerate(item._shape):
        if view._shape[dim + i] != n:
            raise IndexError(
                f"The shape of the mask {list(item._shape)} at index {i} does not match the shape "
                f"of the indexed tensor {list(view._shape)} at index {dim + i}"
            )
    if not item.ndim:
        raise IndexError("a 0-d mask is only supported as a Python bool")
    for i, column in enumerate(nonzero(item, as_tuple=True)):
        positions.append((dim + i, column))
    return dim + item.ndim


def _plan(
    view: Tensor, positions: list[tuple[int, Tensor]]
) -> tuple[Tensor, Tensor, tuple[int, ...], int, tuple[int, ...]]:
    """Bring an advanced index to one `take`.

    Returns the view with the indexed dimensions made one, the flat index, the index's shape, the
    axis to take along, and the permutation that made the dimensions adjacent.
    """
    dims = [d for d, _ in positions]
    common = dispatch.broadcast_shapes(*(i._shape for _, i in positions))
    adjacent = dims == list(range(dims[0], dims[0] + len(dims)))
    first = dims[0] if adjacent else 0
    rest = [d for d in range(view.ndim) if d not in dims]
    order = tuple(rest[:first] + dims + rest[first:])
    moved = view if order == tuple(range(view.ndim)) else view.permute(order)
    sizes = [view._shape[d] for d in dims]
    flat: Any = None
    for (d, index), n in zip(positions, sizes, strict=True):
        index = index.to(int64)
        wrapped = dispatch.where(index < 0, index + n, index)
        if len(dims) > 1:
            # Folded into one number, a wrong index could land inside: make it wrong for sure.
            wrong = (wrapped < 0) | (wrapped >= n)
            wrapped = dispatch.where(wrong, -(1 << 40) - d, wrapped)
        flat = wrapped if flat is None else flat * n + wrapped
    flat = flat.expand(common)
    shape_before, shape_after = moved._shape[:first], moved._shape[first + len(dims) :]
    merged = moved.reshape((*shape_before, int(np.prod(sizes, dtype=np.int64)), *shape_after))
    return merged, flat, common, first, order


def getitem(self: Tensor, key: Any) -> Tensor:
    """Return ``tensor[key]``: a view for ints, slices, None and ``...``; else a copy.

    Example:
        >>> import portfire
        >>> x = portfire.arange(6).reshape(2, 3)
        >>> x[:, [0, 2]]
        tensor([[0, 2],
                [3, 5]])
    """
    view, positions = _split(self, key)
    if not positions:
        return view if view is not self else self._view(RESHAPE, (self._shape,), self._shape)
    merged, flat, _, axis, _ = _plan(view, positions)
    return dispatch.apply(ix.TAKE, (merged, flat), (axis,))


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """Assign ``tensor[key] = value``, with broadcasting.

    Raises:
        RuntimeError: if the value does not broadcast to the indexed shape.

    Example:
        >>> import portfire
        >>> x = portfire.zeros(3)
        >>> x[1:] = 5
        >>> x
        tensor([0., 5., 5.])
    """
    is_mask = isinstance(key, _tensor.Tensor) and key._dtype is bool_ and key._shape == self._shape
    if is_mask and (not isinstance(value, _tensor.Tensor) or value.ndim == 0):
        _assign_masked(self, key, value)
        return
    view, positions = _split(self, key)
    if not positions:
        view._assign(_fitted(value, view, view._shape))
        return
    merged, flat, common, axis, order = _plan(view, positions)
    target = merged._shape[:axis] + common + merged._shape[axis + 1 :]
    source = _fitted(value, view, target)
    new = dispatch.apply(ix.PUT, (merged, flat, source), (axis, "set"))
    moved = tuple(view._shape[d] for d in order)
    inverse = tuple(order.index(i) for i in range(len(order)))
    view._assign(new.reshape(moved).permute(inverse))


def _assign_masked(x: Tensor, mask: Tensor, value: Any) -> None:
    """A mask over the whole tensor with one value needs no positions."""
    fill = _fitted(value, x, ())
    x._assign(dispatch.where(mask.to(device=x.device), fill, x))


def _fitted(value: Any, like: Tensor, wanted: tuple[int, ...]) -> Tensor:
    """A value as a tensor of the dtype, device and shape of its destination."""
    value = number_of(value)
    if type(value) in dispatch.NUMBERS:
        number = creation.number_in(value, like._dtype)
        return creation.full(wanted, number, dtype=like._dtype, device=like.device)
    if not isinstance(value, _tensor.Tensor):
        value = creation.tensor(value)
    source: Tensor = value.to(device=like.device, dtype=like._dtype)
    while source.ndim > len(wanted) and source._shape[0] == 1:
        source = source.squeeze(0)
    if source._shape != wanted:
        try:
            source = source.expand(wanted)
        except RuntimeError:
            raise RuntimeError(
                f"shape mismatch: value tensor of shape {list(value._shape)} cannot be broadcast "
                f"to indexing result of shape {list(wanted)}"
            ) from None
    return source


# Functions


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Return the positions of the non-zero elements; waits for the values.

    Args:
        input: a tensor.
        as_tuple: return one 1-d tensor per dimension instead of one (n, ndim) tensor.

    Example:
        >>> import portfire
        >>> portfire.nonzero(portfire.tensor([0, 3, 0, 4]))
        tensor([[1],
                [3]])
    """
    flat = input.to(bool_).reshape(-1)
    counted = flat.to(int64)
    running = counted.cumsum(0)
    count = int(running[-1].item()) if flat.numel() else 0
    n = flat.numel()
    # Element i, if true, is number running[i] - 1; the others go to a spare place at the end.
    place = dispatch.where(flat, running - 1, count)
    spots = dispatch.iota((n,), 0, counted)
    found = dispatch.apply(
        ix.PUT, (dispatch.zeros((count + 1,), counted), place, spots), (0, "set")
    )
    linear = found.narrow(0, 0, count)
    columns = []
    for extent in reversed(input._shape):
        columns.append(linear % extent)
        linear = linear // extent
    columns.reverse()
    if as_tuple:
        return tuple(columns) if input.ndim else (linear,)
    if not columns:
        return dispatch.zeros((count, 0), counted)
    return joining.stack(columns, 1)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """Return the elements where a mask is true, as one dimension.

    Raises:
        RuntimeError: if the mask is not bool.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([0.0, 0.5, 1.0])
        >>> portfire.masked_select(x, x > 0.2)
        tensor([0.5000, 1.0000])
    """
    if mask._dtype is not bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    x, chosen = shape.broadcast_tensors(input, mask)
    return x[chosen] if x.ndim else x.reshape(1)[chosen.reshape(1)]


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return the slices of a dimension at given positions.

    Args:
        input: a tensor.
        dim: the dimension.
        index: a 1-d integer tensor.

    Raises:
        IndexError: if the index is not 0-d or 1-d, or (when the values are read) out of range.

    Example:
        >>> import portfire
        >>> portfire.index_select(portfire.tensor([10, 20, 30]), 0, portfire.tensor([2, 0]))
        tensor([30, 10])
    """
    if index.ndim > 1:
        raise IndexError("index_select(): Index is supposed to be a vector")
    if index._dtype not in (int64, int32):
        raise RuntimeError("index_select(): Expected dtype int32 or int64 for index")
    axis = shape.wrap_dim(dim, input.ndim)
    index = index.reshape(-1)
    if not input.ndim:
        return dispatch.apply(ix.TAKE, (input.reshape(1), index), (0,)).reshape(())
    return dispatch.apply(ix.TAKE, (input, index), (axis,))


def _check_gather(name: str, x: Tensor, axis: int, index: Tensor) -> None:
    if index._dtype is not int64:
        raise RuntimeError(f"{name}(): Expected dtype int64 for index")
    if max(index.ndim, 1) != max(x.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for i, (n, size) in enumerate(zip(index._shape, x._shape, strict=False)):
        if i != axis and n > size:
            raise RuntimeError(
                f"Size does not match at dimension {i} expected index {list(index._shape)} to be "
                f"no larger than self {list(x._shape)} apart from dimension {axis}"
            )


def _flat_positions(x: Tensor, axis: int, index: Tensor) -> Tensor:
    """Where gather and scatter address the flat tensor; -1 and below for a wrong index."""
    n = x._shape[axis]
    strides = [int(np.prod(x._shape[i + 1 :], dtype=np.int64)) for i in range(x.ndim)]
    wrong = (index < 0) | (index >= n)
    flat = dispatch.where(wrong, -(1 << 40), index * strides[axis])
    for i, stride in enumerate(strides):
        if i != axis and index._shape[i] != 1:
            flat = flat + dispatch.iota(index._shape, i, index) * stride
    return flat


def gather(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return ``input[i][index[i][j]]`` for ``dim=1``, and so on.

    Args:
        input: a tensor.
        dim: the dimension that the index addresses.
        index: an int64 tensor with as many dimensions, no larger than the input elsewhere.

    Returns:
        A tensor of the index's shape.

    Raises:
        RuntimeError: if the shapes do not fit or the dtype is wrong.
        IndexError: when the values are read, if an index is out of range.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1, 2], [3, 4]])
        >>> portfire.gather(x, 1, portfire.tensor([[0], [1]]))
        tensor([[1],
                [4]])
    """
    axis = shape.wrap_dim(dim, input.ndim)
    _check_gather("gather", input, axis, index)
    if not input.ndim or not index.ndim:
        taken = dispatch.apply(ix.TAKE, (input.reshape(-1), index.reshape(-1)), (0,))
        return taken.reshape(index._shape)
    if input.ndim == 1:
        return dispatch.apply(ix.TAKE, (input, index), (0,))
    flat = _flat_positions(input, axis, index)
    return dispatch.apply(ix.TAKE, (input.reshape(-1), flat), (0,))


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """Return `gather` with broadcasting; of the flat tensor without a dim.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1, 2], [3, 4]])
        >>> portfire.take_along_dim(x, portfire.tensor([[1]]), 1)
        tensor([[2],
                [4]])
    """
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1))
    axis = shape.wrap_dim(dim, input.ndim)
    sizes = list(
        dispatch.broadcast_shapes(
            tuple(1 if i == axis else n for i, n in enumerate(input._shape)),
            tuple(1 if i == axis else n for i, n in enumerate(indices._shape)),
        )
    )
    own, wanted = list(sizes), list(sizes)
    own[axis], wanted[axis] = input._shape[axis], indices._shape[axis]
    return gather(input.expand(own), axis, indices.expand(wanted))


def _scatter(x: Tensor, dim: int, index: Tensor, src: Any, mode: str, name: str) -> Tensor:
    axis = shape.wrap_dim(dim, x.ndim)
    _check_gather(name, x, axis, index)
    if index.numel() == 0:
        return x.clone()
    src = number_of(src)
    if type(src) in dispatch.NUMBERS:
        number = creation.number_in(src, x._dtype)
        source = creation.full(index._shape, number, dtype=x._dtype, device=x.device)
    else:
        if src._dtype is not x._dtype:
            raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
        if any(n > m for n, m in zip(index._shape, src._shape, strict=True)):
            raise RuntimeError(
                f"Expected index {list(index._shape)} to be no larger than self {list(x._shape)} "
                f"apart from dimension {axis} and to be no larger size than src {list(src._shape)}"
            )
        source = src
        for i, n in enumerate(index._shape):
            if n != source._shape[i]:
                source = source.narrow(i, 0, n)
    flat = _flat_positions(x, axis, index) if x.ndim > 1 else index
    new = dispatch.apply(ix.PUT, (x.reshape(-1), flat.reshape(-1), source.reshape(-1)), (0, mode))
    return new.reshape(x._shape)


def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any, *, reduce: str | None = None
) -> Tensor:
    """Return the tensor with ``src`` written where the index says, the inverse of `gather`.

    Args:
        input: a tensor.
        dim: the dimension that the index addresses.
        index: an int64 tensor with as many dimensions.
        src: a tensor at least as large as the index, or a number.
        reduce: None to replace, ``"add"`` to add.

    Raises:
        RuntimeError: if the shapes or dtypes do not fit.

    Example:
        >>> import portfire
        >>> portfire.zeros(2, 3).scatter(1, portfire.tensor([[1], [2]]), 1.0)
        tensor([[0., 1., 0.],
                [0., 0., 1.]])
    """
    if reduce not in (None, "add"):
        raise RuntimeError(f"reduce argument must be None or 'add', got {reduce!r}")
    mode = "set" if reduce is None else "add"
    return _scatter(input, dim, index, src, mode, "scatter")


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Return the tensor with ``src`` added where the index says, in a fixed order.

    Example:
        >>> import portfire
        >>> portfire.zeros(2).scatter_add(0, portfire.tensor([0, 0]), portfire.ones(2))
        tensor([2., 0.])
    """
    return _scatter(input, dim, index, src, "add", "scatter_add")


def where(condition: Tensor, input: Any = None, other: Any = None) -> Any:
    """Return ``input`` where the condition holds, else ``other``; alone, the true positions.

    Args:
        condition: a bool tensor.
        input: a tensor or number.
        other: a tensor or number.

    Example:
        >>> import portfire
        >>> portfire.where(portfire.tensor([True, False]), 1.0, 2.0)
        tensor([1., 2.])
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    if condition._dtype is not bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition._dtype}"
        )
    return dispatch.where(condition, number_of(input), number_of(other))


def where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """Return this tensor where the condition holds, else ``other``."""
    result: Tensor = where(condition, self, other)
    return result
