"""Indexing with everything NumPy's rules allow, reading and writing; gather and scatter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import BOOL, FLOAT, bool_, int8, int16, int32, int64, uint8
from portfire._functions import creation, joining, shape, splitting
from portfire._functions._inplace import into
from portfire._functions._operands import number_of
from portfire.ops import _indexing as ix
from portfire.ops._movement import RESHAPE

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "argwhere",
    "index_select",
    "masked_select",
    "nonzero",
    "unravel_index",
    "where",
]

Index = tuple["Tensor", ...]
INTEGERS = (int64, int32, int16, int8)  # a number of one of them selects, as a Python int does


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
        if isinstance(item, _tensor.Tensor) and not item.ndim and item._dtype in (bool_, uint8):
            item = bool(item.item())
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
                view = splitting.slice_view(view, dim, start if count else 0, count, step)
            dim += 1
        elif isinstance(item, _tensor.Tensor) and not item.ndim and item._dtype in INTEGERS:
            view = _select(view, dim, int(item.item()), x)
        elif isinstance(item, _tensor.Tensor):
            dim = _tensor_item(view, dim, _as_index(item, x), positions)
        elif hasattr(item, "__index__"):
            view = _select(view, dim, int(item), x)
        elif isinstance(item, str):
            raise TypeError("new(): invalid data type 'str'")
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
    for i, column in enumerate(nonzero(item, as_tuple=True)):
        positions.append((dim + i, column))
    return dim + item.ndim


def _common_shape(positions: list[tuple[int, Tensor]]) -> tuple[int, ...]:
    shapes = [index._shape for _, index in positions]
    try:
        return dispatch.broadcast_shapes(*shapes)
    except RuntimeError:
        listed = ", ".join(str(list(shape)) for shape in shapes)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {listed}"
        ) from None


def _plan(
    view: Tensor, positions: list[tuple[int, Tensor]]
) -> tuple[Tensor, Tensor, tuple[int, ...], int, tuple[int, ...]]:
    """Bring an advanced index to one `take`.

    Returns the view with the indexed dimensions made one, the flat index, the index's shape, the
    axis to take along, and the permutation that made the dimensions adjacent.
    """
    dims = [d for d, _ in positions]
    common = _common_shape(positions)
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
    view._assign(_with_positions(view, positions, value, "set"))


def _with_positions(
    view: Tensor, positions: list[tuple[int, Tensor]], value: Any, mode: str
) -> Tensor:
    """A view with the elements at some positions replaced, or added to."""
    merged, flat, common, axis, order = _plan(view, positions)
    target = merged._shape[:axis] + common + merged._shape[axis + 1 :]
    source = _fitted(value, view, target)
    if merged._dtype is bool_ and mode == "add":
        merged, source = merged.to(int32), source.to(int32)
    new = dispatch.apply(ix.PUT, (merged, flat, source), (axis, mode)).to(view._dtype)
    moved = tuple(view._shape[d] for d in order)
    inverse = tuple(order.index(i) for i in range(len(order)))
    return new.reshape(moved).permute(inverse)


def replaced(x: Tensor, key: tuple[Any, ...], value: Tensor, mode: str) -> Tensor:
    """A copy of a tensor with what an index reaches replaced (``"set"``) or added to."""
    view, positions = _split(x, key)
    if positions:
        return _with_positions(view, positions, value, mode)
    result = x.clone()
    given = _fitted(value, x, x._shape)
    return result.copy_(result + given if mode == "add" else given)


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


def nonzero(input: Tensor, *, out: Tensor | None = None, as_tuple: bool = False) -> Any:
    """Return the positions of the non-zero elements; waits for the values.

    Args:
        input: a tensor.
        out: a tensor that receives the result.
        as_tuple: return one 1-d tensor per dimension instead of one (n, ndim) tensor.

    Example:
        >>> import portfire
        >>> portfire.nonzero(portfire.tensor([0, 3, 0, 4]))
        tensor([[1],
                [3]])
    """
    if not isinstance(as_tuple, bool):
        raise TypeError(
            f"nonzero(): argument 'as_tuple' must be bool, not {type(as_tuple).__name__}"
        )
    flat = input.to(bool_).reshape(-1)
    counted = flat.to(int64)
    running = counted.cumsum(0)
    count = int(running[-1].item()) if flat.numel() else 0
    n = flat.numel()
    # Element i, if true, is number running[i] - 1; the others go to a spare place at the end.
    place = dispatch.where(flat, running - 1, count)
    spots = dispatch.iota((n,), 0, counted)
    found = dispatch.apply(
        ix.PUT, (dispatch.zeros((count + 1,), counted), place, spots), (0, "once")
    )
    linear = found.narrow(0, 0, count)
    columns = []
    for extent in reversed(input._shape):
        columns.append(linear % max(extent, 1))
        linear = linear // max(extent, 1)
    columns.reverse()
    if as_tuple:
        return tuple(columns) if input.ndim else (linear,)
    if not columns:
        return into(out, dispatch.zeros((count, 0), counted))
    return joining.stack(columns, 1, out=out)


def argwhere(input: Tensor) -> Tensor:
    """Return the positions of the non-zero elements, one per row; waits for the values.

    Example:
        >>> import portfire
        >>> portfire.argwhere(portfire.tensor([0, 3]))
        tensor([[1]])
    """
    found: Tensor = nonzero(input)
    return found


def unravel_index(indices: Tensor, shape: Any) -> tuple[Tensor, ...]:
    """Return the index along each dimension of positions in a flat tensor.

    Args:
        indices: an integer tensor.
        shape: the sizes of the dimensions.

    Raises:
        TypeError: if the positions are not integers.
        ValueError: if a size is negative.

    Example:
        >>> import portfire
        >>> portfire.unravel_index(portfire.tensor([4]), (2, 3))
        (tensor([1]), tensor([1]))
    """
    if indices._dtype.category in (FLOAT, BOOL):
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices._dtype}")
    sizes = (shape,) if isinstance(shape, int) else tuple(shape)
    if any(n < 0 for n in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {sizes}")
    columns, rest = [], indices
    for n in reversed(sizes):
        columns.append(rest % max(n, 1))
        rest = rest // max(n, 1)
    return tuple(reversed(columns))


def masked_select(input: Tensor, mask: Tensor, *, out: Tensor | None = None) -> Tensor:
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
    return into(out, x[chosen] if x.ndim else x.reshape(1)[chosen.reshape(1)])


def index_select(input: Tensor, dim: int, index: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the slices of a dimension at given positions.

    Args:
        input: a tensor.
        dim: the dimension.
        index: a 1-d integer tensor.
        out: a tensor that receives the result.

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
        return into(out, dispatch.apply(ix.TAKE, (input.reshape(1), index), (0,)).reshape(()))
    return into(out, dispatch.apply(ix.TAKE, (input, index), (axis,)))


def where(
    condition: Tensor, input: Any = None, other: Any = None, *, out: Tensor | None = None
) -> Any:
    """Return ``input`` where the condition holds, else ``other``; alone, the true positions.

    Args:
        condition: a bool tensor.
        input: a tensor or number.
        other: a tensor or number.
        out: a tensor that receives the result.

    Raises:
        TypeError: if the condition is no tensor, or one of the two others is missing.
        RuntimeError: if the condition is neither bool nor uint8.

    Example:
        >>> import portfire
        >>> portfire.where(portfire.tensor([True, False]), 1.0, 2.0)
        tensor([1., 2.])
    """
    given = [arg is not None for arg in (input, other)]
    if not isinstance(condition, _tensor.Tensor) or given[0] != given[1]:
        kinds = [type(a).__name__ for a in (condition, input, other) if a is not None]
        raise TypeError(
            f"where() received an invalid combination of arguments - got ({', '.join(kinds)}), but "
            "expected (Tensor condition) or (Tensor condition, input, other)"
        )
    if not given[0]:
        return nonzero(condition, as_tuple=True)
    if condition._dtype is uint8:
        condition = condition.to(bool_)
    if condition._dtype is not bool_:
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition._dtype.scalar_name}"
        )
    return into(out, dispatch.where(condition, number_of(input), number_of(other)))


def where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """Return this tensor where the condition holds, else ``other``."""
    result: Tensor = where(condition, self, other)
    return result
