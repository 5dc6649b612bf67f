"""Arithmetic, powers and interpolation, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import INTEGER, DType, bool_, float64
from portfire._functions._inplace import into
from portfire._functions._operands import (
    _binary,
    _check,
    _float_unary,
    _floats,
    _need_tensor,
    _need_two,
    _refuse_kinds,
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
    "absolute",
    "add",
    "addcdiv",
    "addcmul",
    "div",
    "divide",
    "float_power",
    "floor_divide",
    "fmod",
    "lerp",
    "mul",
    "multiply",
    "neg",
    "negative",
    "positive",
    "pow",
    "reciprocal",
    "remainder",
    "rsqrt",
    "rsub",
    "sqrt",
    "square",
    "sub",
    "subtract",
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


def rsub(input: Tensor, other: Operand, *, alpha: float = 1) -> Tensor:
    """Return ``other - alpha * input``; see `sub`.

    Example:
        >>> import portfire
        >>> portfire.rsub(portfire.tensor([1, 2]), 10)
        tensor([9, 8])
    """
    _need_tensor("rsub", input)
    return sub(other, input, alpha=alpha)


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
    x, y = number_of(input), number_of(other)
    _check("floor_divide", x, y)
    _refuse_zero(y, result_dtype(x, y))
    return into(out, dispatch.binary(e.FLOOR_DIVIDE, x, y))


def remainder(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input - other * floor(input / other)``, Python's ``%``.

    Example:
        >>> import portfire
        >>> portfire.tensor([7, -7]) % 3
        tensor([1, 2])
    """
    x, y = number_of(input), number_of(other)
    _check("remainder", x, y)
    _refuse_zero(y, result_dtype(x, y))
    return into(out, dispatch.binary(e.REMAINDER, x, y))


def fmod(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return what is left of a division rounded toward zero, with the sign of ``input``.

    Raises:
        RuntimeError: for an integer tensor and the number 0.

    Example:
        >>> import portfire
        >>> portfire.fmod(portfire.tensor([7, -7]), 3)
        tensor([ 1, -1])
    """
    x, y = number_of(input), number_of(other)
    _need_tensor("fmod", x)
    _check("fmod", x, y)
    dtype = result_dtype(x, y)
    if dtype is bool_:
        raise NotImplementedError("\"fmod_cpu\" not implemented for 'Bool'")
    _refuse_zero(y, dtype)
    rest = dispatch.binary(e.REMAINDER, _size(x, dtype), _size(y, dtype), dtype)
    return into(out, dispatch.where(dispatch.binary(e.LT, x, 0), -rest, rest))


def _size(x: Operand, dtype: DType) -> Operand:
    """The absolute value; its derivative at 0 is 1, unlike that of `abs`."""
    if not isinstance(x, _tensor.Tensor):
        if not dtype.is_signed and dtype.category == INTEGER:
            return x % (1 << 8 * dtype.itemsize)  # as the dtype would hold it
        return -x if x < 0 else x
    x = x.to(dtype)
    return dispatch.where(dispatch.binary(e.LT, x, 0), -x, x) if dtype.is_signed else x


def _refuse_zero(divisor: Operand, dtype: DType) -> None:
    """Integers have no quotient by the number 0; of zeros in a tensor nobody knows yet."""
    if not isinstance(divisor, _tensor.Tensor) and divisor == 0 and not dtype.is_floating_point:
        raise RuntimeError("ZeroDivisionError")


def float_power(input: Operand, exponent: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input ** exponent`` computed in double precision.

    Example:
        >>> import portfire
        >>> portfire.float_power(portfire.tensor([4, 9]), -1)
        tensor([0.2500, 0.1111], dtype=portfire.float64)
    """
    x, y = number_of(input), number_of(exponent)
    _check("float_power", x, y)
    x, y = (t.to(float64) if isinstance(t, _tensor.Tensor) else float(t) for t in (x, y))
    return into(out, dispatch.binary(e.POW, x, y))


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
    dtype = result_dtype(x, y)
    if dtype is bool_:
        raise NotImplementedError("\"pow\" not implemented for 'Bool'")
    return into(out, dispatch.binary(e.POW, x, y, dtype))


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


def neg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
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
    return into(out, _unary(e.NEG, input))


def positive(input: Tensor) -> Tensor:
    """Return the tensor itself.

    Raises:
        RuntimeError: for a bool tensor.

    Example:
        >>> import portfire
        >>> portfire.positive(portfire.tensor([1.0, -2.0]))
        tensor([ 1., -2.])
    """
    _need_tensor("positive", input)
    if input._dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


def abs(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the absolute values.

    Example:
        >>> import portfire
        >>> portfire.abs(portfire.tensor([-1, 2]))
        tensor([1, 2])
    """
    _refuse_kinds("abs", input, "b")
    return into(out, _unary(e.ABS, input) if input._dtype.is_signed else identity(input))


def reciprocal(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``1 / input``.

    Example:
        >>> import portfire
        >>> portfire.reciprocal(portfire.tensor([1.0, 4.0]))
        tensor([1.0000, 0.2500])
    """
    return into(out, dispatch.apply(c.RECIPROCAL, (_floats("reciprocal", input),)))


def square(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``input * input``.

    Example:
        >>> import portfire
        >>> portfire.square(portfire.tensor([1.0, -3.0]))
        tensor([1., 9.])
    """
    _need_tensor("square", input)
    if input._dtype is bool_:
        return into(out, pow(input, 2))
    return into(out, dispatch.apply(c.SQUARE, (input,)))


def rsqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``1 / sqrt(input)``.

    Example:
        >>> import portfire
        >>> portfire.rsqrt(portfire.tensor([1.0, 4.0]))
        tensor([1.0000, 0.5000])
    """
    return into(out, dispatch.apply(c.RSQRT, (_floats("rsqrt", input),)))


def sqrt(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the square roots.

    Example:
        >>> import portfire
        >>> portfire.sqrt(portfire.tensor([1.0, 4.0]))
        tensor([1., 2.])
    """
    return into(out, _float_unary(e.SQRT, input))


def lerp(input: Tensor, end: Tensor, weight: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input + weight * (end - input)``.

    Args:
        input: where a weight of 0 leads; a tensor of floats.
        end: where a weight of 1 leads; a tensor of the same dtype.
        weight: a number, or a tensor of the same dtype.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if the dtypes differ.

    Example:
        >>> import portfire
        >>> portfire.lerp(portfire.zeros(2), portfire.ones(2), 0.25)
        tensor([0.2500, 0.2500])
    """
    _need_two("lerp", input, end, "end")
    for name, operand in (("end", end), ("weight", weight)):
        dtype = getattr(operand, "_dtype", input._dtype)
        if dtype is not input._dtype:
            raise RuntimeError(
                f"expected dtype {input._dtype.scalar_name.lower()} for `{name}` but got dtype "
                f"{dtype.scalar_name.lower()}"
            )
    _refuse_kinds("lerp", input, "bi")
    forward, backward = input + (end - input) * weight, end - (end - input) * (1 - weight)
    if isinstance(weight, _tensor.Tensor):
        return into(out, dispatch.where(abs(weight) < 0.5, forward, backward))
    # Each of the two is exact at its own end.
    return into(out, forward if math.fabs(weight) < 0.5 else backward)


def _factor(name: str, value: float, *tensors: Tensor) -> None:
    """Refuse numbers for tensors, and a fraction as a factor of integers."""
    for position, tensor in enumerate(tensors):
        if not isinstance(tensor, _tensor.Tensor):
            raise TypeError(
                f"{name}(): argument '{('input', 'tensor1', 'tensor2')[position]}' (position "
                f"{position + 1}) must be Tensor, not {type(tensor).__name__}"
            )
    if isinstance(value, float) and not any(t._dtype.is_floating_point for t in tensors):
        raise RuntimeError(
            f"{name}: for integral input tensors, argument value must not be a floating point "
            "number."
        )


def addcmul(
    input: Tensor,
    tensor1: Tensor,
    tensor2: Tensor,
    *,
    value: float = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``input + value * tensor1 * tensor2``.

    Example:
        >>> import portfire
        >>> portfire.addcmul(portfire.ones(2), portfire.ones(2), portfire.ones(2), value=2)
        tensor([3., 3.])
    """
    _factor("addcmul", value, input, tensor1, tensor2)
    if input._dtype is tensor1._dtype is tensor2._dtype is bool_:
        raise NotImplementedError("\"addcmul_cpu_out\" not implemented for 'Bool'")
    product = tensor1 * tensor2
    return into(out, input + (product if value == 1 else product * value))


def addcdiv(
    input: Tensor,
    tensor1: Tensor,
    tensor2: Tensor,
    *,
    value: float = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``input + value * tensor1 / tensor2``.

    Raises:
        RuntimeError: if both divided tensors are of integers.

    Example:
        >>> import portfire
        >>> portfire.addcdiv(portfire.ones(2), portfire.ones(2), portfire.ones(2), value=2)
        tensor([3., 3.])
    """
    _factor("addcdiv", 1, input, tensor1, tensor2)
    if not (tensor1._dtype.is_floating_point or tensor2._dtype.is_floating_point):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future release "
            "addcdiv will perform a true division of tensor1 and tensor2. Convert one of them to "
            "a floating-point dtype first."
        )
    return into(out, input + (tensor1 if value == 1 else tensor1 * value) / tensor2)


absolute, negative, subtract, multiply, divide = abs, neg, sub, mul, div
