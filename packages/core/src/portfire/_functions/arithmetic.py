"""Arithmetic, bounds and interpolation, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import bool_
from portfire._functions._inplace import into
from portfire._functions._operands import (
    _binary,
    _check,
    _float_unary,
    _floats,
    _need_tensor,
    _unary,
    number_of,
)
from portfire._promotion import result_dtype, to_float
from portfire.ops import _composite as c
from portfire.ops import _elementwise as e

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "abs",
    "add",
    "addcdiv",
    "addcmul",
    "clamp",
    "div",
    "floor_divide",
    "lerp",
    "maximum",
    "minimum",
    "mul",
    "neg",
    "pow",
    "reciprocal",
    "remainder",
    "rsqrt",
    "sign",
    "sqrt",
    "square",
    "sub",
    "true_divide",
]

Operand = Any  # a Tensor, or a Python or NumPy number


def identity(input: Tensor) -> Tensor:
    """A tensor with the same elements in a cell of its own."""
    return dispatch.apply(c.CLONE, (input,))


def add(input: Operand, other: Operand, *, alpha: float = 1, out: Tensor | None = None) -> Tensor:
    """Return ``input + alpha * other``, elementwise with broadcasting.

    Args:
        input: a tensor or number.
        other: a tensor or number.
        alpha: a factor for ``other``.
        out: a tensor that receives the result.

    Returns:
        A tensor of the broadcast shape and promoted dtype.

    Raises:
        RuntimeError: if the shapes do not broadcast or the devices differ.

    Example:
        >>> import portfire
        >>> portfire.add(portfire.tensor([1, 2]), 10)
        tensor([11, 12])
    """
    if alpha != 1:
        other = _scaled("add", input, other, alpha)
    return into(out, _binary(e.ADD, "add", input, other))


def _scaled(name: str, input: Operand, other: Operand, alpha: float) -> Operand:
    """``alpha * other``, for an operation with the dtype that ``input`` and ``other`` give."""
    x, y = number_of(input), number_of(other)
    _check(name, x, y)
    dtype = result_dtype(x, y)
    if type(alpha) is float and not dtype.is_floating_point:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if dtype is bool_:
        return y & bool(alpha)
    return mul(y, alpha) if isinstance(y, _tensor.Tensor) else y * alpha


def sub(input: Operand, other: Operand, *, alpha: float = 1, out: Tensor | None = None) -> Tensor:
    """Return ``input - alpha * other``, elementwise with broadcasting; see `add`.

    Example:
        >>> import portfire
        >>> portfire.sub(portfire.tensor([1, 2]), 1)
        tensor([0, 1])
    """
    if alpha != 1:
        other = _scaled("sub", input, other, alpha)
    for operand in (input, other):
        if isinstance(operand, bool) or getattr(operand, "_dtype", None) is bool_:
            raise RuntimeError(
                "Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
                "trying to invert a mask, use the `~` or `logical_not()` operator instead."
            )
    return into(out, _binary(e.SUB, "sub", input, other))


def mul(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input * other``, elementwise with broadcasting; see `add`.

    Example:
        >>> import portfire
        >>> portfire.tensor([1.0, 2.0]) * portfire.tensor([3.0, 4.0])
        tensor([3., 8.])
    """
    return into(out, _binary(e.MUL, "mul", input, other))


def div(
    input: Operand,
    other: Operand,
    *,
    rounding_mode: str | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``input / other``, elementwise with broadcasting; integers give floats.

    Args:
        input: a tensor or number.
        other: a tensor or number.
        rounding_mode: None for the quotient, ``"trunc"`` rounds it toward zero, ``"floor"`` down;
            with a mode, integers stay integers.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: for another rounding mode.

    Example:
        >>> import portfire
        >>> portfire.div(portfire.tensor([7, -7]), 2, rounding_mode="trunc")
        tensor([ 3, -3])
    """
    x, y = number_of(input), number_of(other)
    _check("div", x, y)
    if rounding_mode is None:
        return into(out, dispatch.binary(e.DIV, x, y, to_float(result_dtype(x, y))))
    if rounding_mode == "floor":
        return into(out, floor_divide(x, y))
    if rounding_mode != "trunc":
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    dtype = result_dtype(x, y)
    if dtype.is_floating_point:
        return into(out, dispatch.apply(e.TRUNC, (dispatch.binary(e.DIV, x, y, dtype),)))
    down = dispatch.binary(e.FLOOR_DIVIDE, x, y, dtype)
    # A negative quotient that is not whole was rounded down; toward zero is one more.
    inexact = dispatch.binary(e.REMAINDER, x, y, dtype) != 0
    return into(out, down + ((down < 0) & inexact).to(dtype))


def true_divide(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return `div` without rounding.

    Example:
        >>> import portfire
        >>> portfire.true_divide(portfire.tensor([1, 2]), 2)
        tensor([0.5000, 1.0000])
    """
    return div(input, other, out=out)


def floor_divide(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``floor(input / other)``; an integer divided by zero gives 0.

    Example:
        >>> import portfire
        >>> portfire.tensor([7, -7]) // 2
        tensor([ 3, -4])
    """
    return into(out, _binary(e.FLOOR_DIVIDE, "floor_divide", input, other))


def remainder(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input - other * floor(input / other)``, Python's ``%``.

    Example:
        >>> import portfire
        >>> portfire.tensor([7, -7]) % 3
        tensor([1, 2])
    """
    return into(out, _binary(e.REMAINDER, "remainder", input, other))


def pow(input: Operand, exponent: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input ** exponent``, elementwise with broadcasting.

    Raises:
        RuntimeError: for an integer tensor with a negative integer number as exponent.

    Example:
        >>> import portfire
        >>> portfire.tensor([1.0, 2.0, 3.0]) ** 2
        tensor([1., 4., 9.])
    """
    x, y = number_of(input), number_of(exponent)
    _check("pow", x, y)
    if type(y) in dispatch.NUMBERS:
        short = _short_power(x, y)
        if short is not None:
            return into(out, short)
        if type(y) is int and y < 0 and not x._dtype.is_floating_point:
            raise RuntimeError("Integers to negative integer powers are not allowed.")
    return into(out, dispatch.binary(e.POW, x, y))


def _short_power(x: Tensor, exponent: float) -> Tensor | None:
    """Powers that are cheaper, and as exact, by other means."""
    if x._dtype is bool_ and type(exponent) is not bool:
        return None  # the result is a number
    if exponent == 1 and (type(exponent) is not float or x._dtype.is_floating_point):
        return identity(x)
    if not x._dtype.is_floating_point:
        return dispatch.apply(c.SQUARE, (x,)) if type(exponent) is int and exponent == 2 else None
    if exponent == 2:
        return dispatch.apply(c.SQUARE, (x,))
    if exponent == 0.5:
        return sqrt(x)
    return reciprocal(x) if exponent == -1 else None


def neg(input: Tensor) -> Tensor:
    """Return ``-input``.

    Example:
        >>> import portfire
        >>> -portfire.tensor([1.0, -2.0])
        tensor([-1.,  2.])
    """
    _need_tensor("neg", input)
    if input._dtype is bool_:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to "
            "invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return _unary(e.NEG, input)


def abs(input: Tensor) -> Tensor:
    """Return the absolute values.

    Example:
        >>> import portfire
        >>> portfire.abs(portfire.tensor([-1, 2]))
        tensor([1, 2])
    """
    _need_tensor("abs", input)
    return _unary(e.ABS, input) if input._dtype.is_signed else identity(input)


def sign(input: Tensor) -> Tensor:
    """Return -1, 0 or 1 by the sign of each element.

    Example:
        >>> import portfire
        >>> portfire.sign(portfire.tensor([-3.0, 0.0, 2.0]))
        tensor([-1.,  0.,  1.])
    """
    _need_tensor("sign", input)
    return identity(input) if input._dtype is bool_ else _unary(e.SIGN, input)


def reciprocal(input: Tensor) -> Tensor:
    """Return ``1 / input``.

    Example:
        >>> import portfire
        >>> portfire.reciprocal(portfire.tensor([1.0, 4.0]))
        tensor([1.0000, 0.2500])
    """
    return dispatch.apply(c.RECIPROCAL, (_floats("reciprocal", input),))


def square(input: Tensor) -> Tensor:
    """Return ``input * input``.

    Example:
        >>> import portfire
        >>> portfire.square(portfire.tensor([1.0, -3.0]))
        tensor([1., 9.])
    """
    _need_tensor("square", input)
    if input._dtype is bool_:
        return pow(input, 2)
    return dispatch.apply(c.SQUARE, (input,))


def rsqrt(input: Tensor) -> Tensor:
    """Return ``1 / sqrt(input)``.

    Example:
        >>> import portfire
        >>> portfire.rsqrt(portfire.tensor([1.0, 4.0]))
        tensor([1.0000, 0.5000])
    """
    return dispatch.apply(c.RSQRT, (_floats("rsqrt", input),))


def sqrt(input: Tensor) -> Tensor:
    """Return the square roots.

    Example:
        >>> import portfire
        >>> portfire.sqrt(portfire.tensor([1.0, 4.0]))
        tensor([1., 2.])
    """
    return _float_unary(e.SQRT, input)


def clamp(input: Tensor, min: Operand = None, max: Operand = None) -> Tensor:
    """Return the elements limited to a range; NaN stays.

    Args:
        input: a tensor.
        min: lower bound, a number or tensor, or None.
        max: upper bound, likewise; it wins where the two cross.

    Raises:
        RuntimeError: if both bounds are None.

    Example:
        >>> import portfire
        >>> portfire.clamp(portfire.tensor([1, 2, 3, 4]), 2, 3)
        tensor([2, 2, 3, 3])
    """
    _need_tensor("clamp", input)
    if min is None and max is None:
        raise RuntimeError("clamp: At least one of 'min' or 'max' must not be None")
    result = input
    # A gradient passes at the bounds themselves, unlike that of maximum, so this is a selection.
    if min is not None:
        result = _limit(result, number_of(min), below=True)
    if max is not None:
        result = _limit(result, number_of(max), below=False)
    return result


def _limit(x: Tensor, bound: Operand, below: bool) -> Tensor:
    outside = dispatch.binary(e.LT, x, bound) if below else dispatch.binary(e.LT, bound, x)
    return dispatch.where(outside, bound, x)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """Return the larger of each two elements; NaN wins.

    Example:
        >>> import portfire
        >>> portfire.maximum(portfire.tensor([1, 4]), portfire.tensor([3, 2]))
        tensor([3, 4])
    """
    _need_tensor("maximum", input)
    return _binary(e.MAXIMUM, "maximum", input, other)


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """Return the smaller of each two elements; NaN wins.

    Example:
        >>> import portfire
        >>> portfire.minimum(portfire.tensor([1, 4]), portfire.tensor([3, 2]))
        tensor([1, 2])
    """
    _need_tensor("minimum", input)
    return _binary(e.MINIMUM, "minimum", input, other)


def lerp(input: Tensor, end: Tensor, weight: Operand) -> Tensor:
    """Return ``input + weight * (end - input)``.

    Example:
        >>> import portfire
        >>> portfire.lerp(portfire.zeros(2), portfire.ones(2), 0.25)
        tensor([0.2500, 0.2500])
    """
    result: Tensor = input + (end - input) * weight
    return result


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """Return ``input + value * tensor1 * tensor2``.

    Example:
        >>> import portfire
        >>> portfire.addcmul(portfire.ones(2), portfire.ones(2), portfire.ones(2), value=2)
        tensor([3., 3.])
    """
    product = tensor1 * tensor2
    return input + (product if value == 1 else product * value)


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """Return ``input + value * tensor1 / tensor2``.

    Example:
        >>> import portfire
        >>> portfire.addcdiv(portfire.ones(2), portfire.ones(2), portfire.ones(2), value=2)
        tensor([3., 3.])
    """
    return input + (tensor1 if value == 1 else tensor1 * value) / tensor2
