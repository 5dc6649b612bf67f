"""What elementwise functions take: checks, and Python's operators."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import DType, bool_
from portfire._promotion import result_dtype, to_float
from portfire.ops._record import Operator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

Operand = Any  # a Tensor, or a Python or NumPy number


def number_of(value: Any) -> Any:
    """Turn a NumPy number into a Python one; leave everything else."""
    return value.item() if isinstance(value, np.generic) else value


def operator(
    function: Callable[..., Tensor], op: Operator | None = None
) -> Callable[[Tensor, Any], Tensor]:
    """The operator method of a function; other operand types get their turn.

    With the function's operator given, the common case skips the general checks: operators are
    most of what a program records.
    """

    @functools.wraps(function)
    def general(self: Tensor, other: Any) -> Tensor:
        if isinstance(other, _tensor.OPERANDS):
            return function(self, other)
        return NotImplemented  # type: ignore[no-any-return]  # Python's protocol for operators

    if op is None:
        return general
    fixed = op

    @functools.wraps(function)
    def method(self: Tensor, other: Any) -> Tensor:
        result = dispatch.pair(fixed, self, other)
        return general(self, other) if result is None else result

    return method


def reflected(function: Callable[..., Tensor]) -> Callable[[Tensor, Any], Tensor]:
    """The operator method for a number on the left side."""

    @functools.wraps(function)
    def method(self: Tensor, other: Any) -> Tensor:
        if isinstance(other, _tensor.OPERANDS):
            return function(number_of(other), self)
        return NotImplemented  # type: ignore[no-any-return]  # Python's protocol for operators

    return method


def _check(name: str, *operands: Operand) -> None:
    for position, operand in enumerate(operands):
        if not isinstance(operand, _tensor.OPERANDS):
            argument = ("input", "other", "third")[position]
            raise TypeError(
                f"{name}(): argument '{argument}' (position {position + 1}) must be Tensor or "
                f"Number, not {type(operand).__name__}"
            )


def _binary(op: Operator, name: str, x: Operand, y: Operand) -> Tensor:
    x, y = number_of(x), number_of(y)
    _check(name, x, y)
    return dispatch.binary(op, x, y)


def _float_unary(op: Operator, x: Tensor) -> Tensor:
    _need_tensor(op.name, x)
    return dispatch.elementwise(op, (x,), to_float(x._dtype))


def _unary(op: Operator, x: Tensor) -> Tensor:
    _need_tensor(op.name, x)
    return dispatch.apply(op, (x,))


def _need_tensor(name: str, x: Any) -> None:
    if not isinstance(x, _tensor.Tensor):
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}"
        )


def _need_two(name: str, x: Any, y: Any, second: str = "other") -> None:
    """Numbers are not taken here: TypeError."""
    _need_tensor(name, x)
    if not isinstance(y, _tensor.Tensor):
        raise TypeError(
            f"{name}(): argument '{second}' (position 2) must be Tensor, not {type(y).__name__}"
        )


def _floats(name: str, x: Tensor) -> Tensor:
    _need_tensor(name, x)
    return x if x._dtype.is_floating_point else x.to(to_float(x._dtype))


def _promoted(name: str, x: Operand, y: Operand) -> DType:
    """The common dtype of two operands, of which one at least is a tensor."""
    _check(name, x, y)
    return result_dtype(x, y)


def _float_pair(name: str, x: Operand, y: Operand) -> tuple[Any, Any]:
    """Two operands as floats of one dtype; a number becomes a 0-d tensor."""
    x, y = number_of(x), number_of(y)
    dtype = to_float(_promoted(name, x, y))
    like = x if isinstance(x, _tensor.Tensor) else y
    pair = (
        t.to(dtype) if isinstance(t, _tensor.Tensor) else dispatch.full((), t, like, dtype)
        for t in (x, y)
    )
    return tuple(pair)  # type: ignore[return-value]  # there are two


def _refuse_kinds(name: str, x: Any, kinds: str) -> None:
    """Raise what torch raises where it has no kernel for a kind of dtype ("b", "i" or "f")."""
    _need_tensor(name, x)
    kind = "f" if x._dtype.is_floating_point else "b" if x._dtype is bool_ else "i"
    if kind in kinds:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{x._dtype.scalar_name}'")
