"""From tensor calls to recorded steps: the one door between the API and the engine.

`apply` records one operator on the values of some tensors and remembers it for autograd.
`binary` brings two operands to one dtype, shape and device first. The rest are the few helpers that
gradient rules and decompositions share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _tensor
from portfire._autocast import cast_operands
from portfire._autocast import state as autocast_state
from portfire._dtype import BOOL, DType, bool_
from portfire._promotion import number_dtype, result_dtype
from portfire.autograd._mode import state as grad_state
from portfire.autograd._node import OperatorNode
from portfire.ops import _movement, _reduction, _source
from portfire.ops._elementwise import CAST, WHERE
from portfire.ops._record import Attrs, Operator, Shape

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["apply", "binary", "broadcast_shapes", "iota", "sum_to_shape", "where", "zeros"]

Number = bool | int | float
Operand = Any  # a Tensor or a Number
NUMBERS = (bool, int, float)

_broadcasts: dict[tuple[Shape, Shape], Shape] = {}


def apply(op: Operator, tensors: Sequence[Tensor], attrs: Attrs = ()) -> Tensor:
    """Record an operator on tensors that already have its dtypes and shapes."""
    if op.autocast and autocast_state.active:
        tensors = cast_operands(op, tensors)
    values = [tensor._read() for tensor in tensors]
    result = _tensor.Tensor._wrap(values[0].recorder.record(op, values, attrs))
    if grad_state.enabled and op.gradient is not None and result._dtype.is_floating_point:
        for tensor in tensors:
            if tensor._requires_grad:
                OperatorNode.attach(result, op, attrs, tensors, values)
                break
    return result


def pair(op: Operator, x: Tensor, y: Operand) -> Tensor | None:
    """The common case of `binary`, in a hurry: floats of one dtype and device, or a number.

    None where it is not that case.
    """
    dtype = x._dtype
    value = x._read() if x._path else x._storage.value
    recorder = value.recorder
    kind = type(y)
    if kind is float or kind is int:
        if not dtype.is_floating_point:
            return None
        tracked = x._requires_grad
        other = recorder.scalar(y, dtype)
    elif isinstance(y, _tensor.Tensor) and y._dtype is dtype:
        other = y._read() if y._path else y._storage.value
        if other.recorder is not recorder or not dtype.is_floating_point:
            return None
        if y._shape != x._shape:
            shape = broadcast_pair(x._shape, y._shape)
            if value.shape != shape and value.shape:
                value = recorder.record(_movement.EXPAND, (value,), (shape,))
            if other.shape != shape and other.shape:
                other = recorder.record(_movement.EXPAND, (other,), (shape,))
        tracked = x._requires_grad or y._requires_grad
    else:
        return None
    result = _tensor.Tensor._wrap(recorder.record(op, (value, other)))
    if tracked and grad_state.enabled and op.gradient is not None:
        OperatorNode.attach(result, op, (), (x, y), (value, other))
    return result


def elementwise(op: Operator, operands: Sequence[Operand], dtype: DType) -> Tensor:
    """Record an elementwise operator: cast to one dtype, broadcast, move 0-d operands."""
    recorder, shape = _common(op, operands)
    values: list[Any] = []
    needs_grad = False
    for i, operand in enumerate(operands):
        if type(operand) in NUMBERS:
            values.append(operand)
            continue
        value = operand._read()
        needs_grad = needs_grad or operand._requires_grad
        if value.recorder is not recorder:
            moved = operand.to(recorder.device)  # its gradient goes back the same way
            operands = [*operands[:i], moved, *operands[i + 1 :]]
            value = moved._read()
        if value.dtype is not dtype:
            value = recorder.record(CAST, (value,), (dtype,))
        if value.shape != shape and value.shape:
            value = recorder.record(_movement.EXPAND, (value,), (shape,))
        values.append(value)
    # Numbers come last: a flush between them and the operator (eager mode) would lose them.
    values = [recorder.scalar(v, dtype) if type(v) in NUMBERS else v for v in values]
    out = recorder.record(op, values)
    if out.shape != shape:  # every operand was 0-d or a number, but a shape of ones is wanted
        out = recorder.record(_movement.EXPAND, (out,), (shape,))
    result = _tensor.Tensor._wrap(out)
    tracked = needs_grad and grad_state.enabled and op.gradient is not None
    if tracked and result._dtype.is_floating_point:
        OperatorNode.attach(result, op, (), operands, values)
    return result


def _common(op: Operator, operands: Sequence[Operand]) -> tuple[Any, Shape]:
    """The recorder and the broadcast shape of some operands."""
    recorder = None
    weak = None
    shape: Shape = ()
    for operand in operands:
        if type(operand) in NUMBERS:
            continue
        own = operand._storage.value.recorder
        size = operand._shape
        if size != shape:
            shape = broadcast_pair(shape, size)
        if recorder is None or recorder is own:
            if recorder is None:
                weak = not size and own.device.type == "cpu"
            else:
                weak = weak and not size
            recorder = own
        elif size or own.device.type != "cpu":
            if not weak:
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    f"devices, {recorder.device} and {own.device}! ({op.name})"
                )
            recorder, weak = own, False
    if recorder is None:
        raise TypeError(f"{op.name}(): at least one argument must be a Tensor")
    return recorder, shape


def binary(op: Operator, x: Operand, y: Operand, dtype: DType | None = None) -> Tensor:
    """Record a two-operand elementwise operator on tensors or numbers, with promotion."""
    if dtype is None:
        if type(y) in NUMBERS and type(x) not in NUMBERS:
            # The common case without the general table: a number never lifts inside a category.
            dtype = x._dtype
            if number_dtype(type(y)).category > dtype.category:
                dtype = result_dtype(x, y)
        elif type(x) not in NUMBERS and x._dtype is y._dtype:
            dtype = x._dtype
        else:
            dtype = result_dtype(x, y)
    return elementwise(op, (x, y), dtype)


def where(condition: Any, x: Operand, y: Operand) -> Tensor:
    """Select by a bool tensor; x and y are tensors or numbers."""
    if type(condition) is bool:
        raise TypeError("where(): argument 'condition' must be Tensor, not bool")
    dtype = result_dtype(x, y)
    operands = [condition, x, y]
    recorder, shape = _common(WHERE, operands)
    values: list[Any] = []
    for i, wanted in enumerate((bool_, dtype, dtype)):
        operand = operands[i]
        if type(operand) in NUMBERS:
            values.append(operand)
            continue
        value = operand._read()
        if value.recorder is not recorder:
            operands[i] = operand.to(recorder.device)
            value = operands[i]._read()
        if value.dtype is not wanted:
            value = recorder.record(CAST, (value,), (wanted,))
        if value.shape != shape:
            value = recorder.record(_movement.EXPAND, (value,), (shape,))
        values.append(value)
    values = [recorder.scalar(v, dtype) if type(v) in NUMBERS else v for v in values]
    result = _tensor.Tensor._wrap(recorder.record(WHERE, values))
    tracked = any(type(t) not in NUMBERS and t._requires_grad for t in (x, y))
    if tracked and grad_state.enabled and dtype.is_floating_point:
        OperatorNode.attach(result, WHERE, (), operands, values)
    return result


def broadcast_pair(a: Shape, b: Shape) -> Shape:
    """Broadcast two shapes, memoized."""
    found = _broadcasts.get((a, b))
    if found is None:
        found = _broadcasts[a, b] = _broadcast(a, b)
        if len(_broadcasts) > 65536:
            _broadcasts.clear()
    return found


def _broadcast(a: Shape, b: Shape) -> Shape:
    rank = max(len(a), len(b))
    left, right = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    for i in reversed(range(rank)):
        m, n = left[i], right[i]
        if m != n and m != 1 and n != 1:
            raise RuntimeError(
                f"The size of tensor a ({m}) must match the size of tensor b ({n}) at "
                f"non-singleton dimension {i}"
            )
    return tuple(n if m == 1 else m for m, n in zip(left, right, strict=True))


def broadcast_shapes(*shapes: Shape) -> Shape:
    """Broadcast any number of shapes."""
    result: Shape = ()
    for shape in shapes:
        result = broadcast_pair(result, tuple(shape))
    return result


# Helpers of gradient rules and decompositions; their numbers are constants of the framework


def full(shape: Shape, value: Number, like: Tensor, dtype: DType | None = None) -> Tensor:
    """A constant on the device, and by default of the dtype, of another tensor."""
    recorder = like._storage.value.recorder
    attrs = (tuple(shape), value, dtype or like._dtype)
    return _tensor.Tensor._wrap(recorder.record(_source.FULL, (), attrs))


def zeros(shape: Shape, like: Tensor) -> Tensor:
    """Zeros of another tensor's dtype on its device."""
    return full(shape, False if like._dtype.category == BOOL else 0, like)


def iota(shape: Shape, axis: int, like: Tensor, dtype: DType | None = None) -> Tensor:
    """Positions along an axis, on the device of another tensor."""
    recorder = like._storage.value.recorder
    attrs = (tuple(shape), axis, dtype or like._dtype)
    return _tensor.Tensor._wrap(recorder.record(_source.IOTA, (), attrs))


def sum_to_shape(tensor: Tensor, shape: Shape) -> Tensor:
    """Undo a broadcast: sum over the dimensions that it repeated."""
    have = tensor._shape
    if have == shape:
        return tensor
    extra = len(have) - len(shape)
    axes = tuple(i for i, n in enumerate(have) if i < extra or (shape[i - extra] == 1 and n != 1))
    if axes:
        tensor = apply(_reduction.SUM, (tensor,), (axes,))
    return tensor if tensor._shape == shape else tensor.reshape(shape)


def numel(shape: Shape) -> int:
    """How many elements a shape has."""
    return math.prod(shape)
