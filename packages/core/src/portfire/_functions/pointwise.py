"""Elementwise functions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import BOOL, bool_
from portfire._functions._inplace import into
from portfire._promotion import result_dtype, to_float
from portfire.ops import _composite as c
from portfire.ops import _elementwise as e
from portfire.ops._record import Operator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

Operand = Any  # a Tensor, or a Python or NumPy number


# Operators: the functions below, as Python's operators see them


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


def identity(input: Tensor) -> Tensor:
    """A tensor with the same elements in a cell of its own."""
    return dispatch.apply(c.CLONE, (input,))


# Arithmetic


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
        other = mul(other, alpha) if isinstance(other, _tensor.Tensor) else other * alpha
    return into(out, _binary(e.ADD, "add", input, other))


def sub(input: Operand, other: Operand, *, alpha: float = 1, out: Tensor | None = None) -> Tensor:
    """Return ``input - alpha * other``, elementwise with broadcasting; see `add`.

    Example:
        >>> import portfire
        >>> portfire.sub(portfire.tensor([1, 2]), 1)
        tensor([0, 1])
    """
    if alpha != 1:
        other = mul(other, alpha) if isinstance(other, _tensor.Tensor) else other * alpha
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
        return into(out, trunc(dispatch.binary(e.DIV, x, y, dtype)))
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


def _floats(name: str, x: Tensor) -> Tensor:
    _need_tensor(name, x)
    return x if x._dtype.is_floating_point else x.to(to_float(x._dtype))


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


def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``e ** input``.

    Example:
        >>> import portfire
        >>> portfire.exp(portfire.tensor([0.0, 1.0]))
        tensor([1.0000, 2.7183])
    """
    return into(out, _float_unary(e.EXP, input))


def log(input: Tensor) -> Tensor:
    """Return the natural logarithms.

    Example:
        >>> import portfire
        >>> portfire.log(portfire.tensor([1.0, 2.0]))
        tensor([0.0000, 0.6931])
    """
    return _float_unary(e.LOG, input)


def log2(input: Tensor) -> Tensor:
    """Return the logarithms to base 2.

    Example:
        >>> import portfire
        >>> portfire.log2(portfire.tensor([1.0, 8.0]))
        tensor([0., 3.])
    """
    return log(input) * (1 / math.log(2))


def log10(input: Tensor) -> Tensor:
    """Return the logarithms to base 10.

    Example:
        >>> import portfire
        >>> portfire.log10(portfire.tensor([1.0, 100.0]))
        tensor([0., 2.])
    """
    return log(input) * (1 / math.log(10))


def log1p(input: Tensor) -> Tensor:
    """Return ``log(1 + input)``, exact for small values.

    Example:
        >>> import portfire
        >>> portfire.log1p(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.6931])
    """
    return _float_unary(e.LOG1P, input)


def expm1(input: Tensor) -> Tensor:
    """Return ``exp(input) - 1``, exact for small values.

    Example:
        >>> import portfire
        >>> portfire.expm1(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 1.7183])
    """
    return _float_unary(e.EXPM1, input)


def sin(input: Tensor) -> Tensor:
    """Return the sines.

    Example:
        >>> import portfire
        >>> portfire.sin(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8415])
    """
    return _float_unary(e.SIN, input)


def cos(input: Tensor) -> Tensor:
    """Return the cosines.

    Example:
        >>> import portfire
        >>> portfire.cos(portfire.tensor([0.0, 1.0]))
        tensor([1.0000, 0.5403])
    """
    return _float_unary(e.COS, input)


def tan(input: Tensor) -> Tensor:
    """Return the tangents.

    Example:
        >>> import portfire
        >>> portfire.tan(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5574])
    """
    return sin(input) / cos(input)


def tanh(input: Tensor) -> Tensor:
    """Return the hyperbolic tangents.

    Example:
        >>> import portfire
        >>> portfire.tanh(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7616])
    """
    return _float_unary(e.TANH, input)


def erf(input: Tensor) -> Tensor:
    """Return the error function of each element.

    Example:
        >>> import portfire
        >>> portfire.erf(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8427])
    """
    return _float_unary(e.ERF, input)


def sigmoid(input: Tensor) -> Tensor:
    """Return ``1 / (1 + exp(-input))``.

    Example:
        >>> import portfire
        >>> portfire.sigmoid(portfire.tensor([0.0, 1.0]))
        tensor([0.5000, 0.7311])
    """
    return dispatch.apply(c.SIGMOID, (_floats("sigmoid", input),))


def relu(input: Tensor) -> Tensor:
    """Return ``max(input, 0)``.

    Example:
        >>> import portfire
        >>> portfire.relu(portfire.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    _need_tensor("relu", input)
    if input._dtype is bool_:
        raise RuntimeError("Boolean inputs not supported for relu")
    return dispatch.apply(c.RELU, (input,))


def _rounding(op: Operator, x: Tensor) -> Tensor:
    _need_tensor(op.name, x)
    return _unary(op, x) if x._dtype.is_floating_point else identity(x)


def floor(input: Tensor) -> Tensor:
    """Return the largest integers not above the elements.

    Example:
        >>> import portfire
        >>> portfire.floor(portfire.tensor([1.5, -1.5]))
        tensor([ 1., -2.])
    """
    return _rounding(e.FLOOR, input)


def ceil(input: Tensor) -> Tensor:
    """Return the smallest integers not below the elements.

    Example:
        >>> import portfire
        >>> portfire.ceil(portfire.tensor([1.5, -1.5]))
        tensor([ 2., -1.])
    """
    return _rounding(e.CEIL, input)


def trunc(input: Tensor) -> Tensor:
    """Return the elements without their fractions.

    Example:
        >>> import portfire
        >>> portfire.trunc(portfire.tensor([1.5, -1.5]))
        tensor([ 1., -1.])
    """
    return _rounding(e.TRUNC, input)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Return the elements rounded to some decimals, halves to even.

    Example:
        >>> import portfire
        >>> portfire.round(portfire.tensor([0.5, 1.5, 2.5]))
        tensor([0., 2., 2.])
    """
    if decimals == 0:
        return _rounding(e.ROUND, input)
    scale: float = 10.0 ** math.fabs(decimals)
    if decimals > 0:
        return _rounding(e.ROUND, input * scale) / scale
    return _rounding(e.ROUND, input / scale) * scale


def frac(input: Tensor) -> Tensor:
    """Return the fractions of the elements.

    Example:
        >>> import portfire
        >>> portfire.frac(portfire.tensor([1.25, -1.25]))
        tensor([ 0.2500, -0.2500])
    """
    return input - trunc(input)


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
    outside = lt(x, bound) if below else gt(x, bound)
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


def atan2(input: Tensor, other: Tensor) -> Tensor:
    """Return the angle of each point (x=other, y=input), in radians.

    Example:
        >>> import portfire
        >>> portfire.atan2(portfire.tensor([1.0]), portfire.tensor([1.0]))
        tensor([0.7854])
    """
    return dispatch.binary(e.ATAN2, input, other, to_float(result_dtype(input, other)))


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


# Comparison and logic


def eq(input: Operand, other: Operand) -> Tensor:
    """Return a bool tensor: where the elements are equal.

    Example:
        >>> import portfire
        >>> portfire.eq(portfire.tensor([1, 2]), 2)
        tensor([False,  True])
    """
    return _binary(e.EQ, "eq", input, other)


def ne(input: Operand, other: Operand) -> Tensor:
    """Return a bool tensor: where the elements differ.

    Example:
        >>> import portfire
        >>> portfire.ne(portfire.tensor([1, 2]), 2)
        tensor([ True, False])
    """
    return _binary(e.NE, "ne", input, other)


def lt(input: Operand, other: Operand) -> Tensor:
    """Return a bool tensor: where ``input < other``.

    Example:
        >>> import portfire
        >>> portfire.lt(portfire.tensor([1, 2]), 2)
        tensor([ True, False])
    """
    return _binary(e.LT, "lt", input, other)


def le(input: Operand, other: Operand) -> Tensor:
    """Return a bool tensor: where ``input <= other``.

    Example:
        >>> import portfire
        >>> portfire.le(portfire.tensor([1, 2]), 1)
        tensor([ True, False])
    """
    return _binary(e.LE, "le", input, other)


def gt(input: Operand, other: Operand) -> Tensor:
    """Return a bool tensor: where ``input > other``.

    Example:
        >>> import portfire
        >>> portfire.gt(portfire.tensor([1, 2]), 1)
        tensor([False,  True])
    """
    return _binary(e.LT, "gt", other, input)


def ge(input: Operand, other: Operand) -> Tensor:
    """Return a bool tensor: where ``input >= other``.

    Example:
        >>> import portfire
        >>> portfire.ge(portfire.tensor([1, 2]), 2)
        tensor([False,  True])
    """
    return _binary(e.LE, "ge", other, input)


def isnan(input: Tensor) -> Tensor:
    """Return a bool tensor: where the elements are NaN.

    Example:
        >>> import portfire
        >>> portfire.isnan(portfire.tensor([1.0, float("nan")]))
        tensor([False,  True])
    """
    return ne(input, input)


def isinf(input: Tensor) -> Tensor:
    """Return a bool tensor: where the elements are infinite.

    Example:
        >>> import portfire
        >>> portfire.isinf(portfire.tensor([1.0, float("-inf")]))
        tensor([False,  True])
    """
    if not input._dtype.is_floating_point:
        return dispatch.full(input._shape, False, input, bool_)
    return eq(abs(input), math.inf)


def isfinite(input: Tensor) -> Tensor:
    """Return a bool tensor: where the elements are neither infinite nor NaN.

    Example:
        >>> import portfire
        >>> portfire.isfinite(portfire.tensor([1.0, float("nan")]))
        tensor([ True, False])
    """
    if not input._dtype.is_floating_point:
        return dispatch.full(input._shape, True, input, bool_)
    return lt(abs(input), math.inf)


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Return where ``|input - other| <= atol + rtol * |other|``, or both are equal.

    Example:
        >>> import portfire
        >>> portfire.isclose(portfire.tensor([1.0, 2.0]), portfire.tensor([1.0, 2.1]))
        tensor([ True, False])
    """
    if input._dtype is not other._dtype:
        raise RuntimeError(f"{input._dtype} did not match {other._dtype}")
    close = eq(input, other)
    if equal_nan:
        close = close | (isnan(input) & isnan(other))
    wide = _floats("isclose", input), _floats("isclose", other)
    near = le(abs(wide[0] - wide[1]), atol + rtol * abs(wide[1]))
    return close | (near & isfinite(wide[0]) & isfinite(wide[1]))


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Return whether `isclose` holds everywhere.

    Example:
        >>> import portfire
        >>> portfire.allclose(portfire.ones(2), portfire.ones(2))
        True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same shape and elements.

    Example:
        >>> import portfire
        >>> portfire.equal(portfire.ones(2), portfire.ones(2))
        True
    """
    return input._shape == other._shape and bool(eq(input, other).all())


def _truth(x: Operand) -> Operand:
    if not isinstance(x, _tensor.Tensor):
        return bool(x)
    return x if x._dtype is bool_ else x.to(bool_)


def logical_not(input: Tensor) -> Tensor:
    """Return a bool tensor: where the elements are zero.

    Example:
        >>> import portfire
        >>> portfire.logical_not(portfire.tensor([0, 2]))
        tensor([ True, False])
    """
    return _unary(e.INVERT, _truth(input))


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Return a bool tensor: where both are non-zero.

    Example:
        >>> import portfire
        >>> portfire.logical_and(portfire.tensor([0, 2]), portfire.tensor([1, 1]))
        tensor([False,  True])
    """
    return _binary(e.BITWISE_AND, "logical_and", _truth(input), _truth(other))


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Return a bool tensor: where one or both are non-zero.

    Example:
        >>> import portfire
        >>> portfire.logical_or(portfire.tensor([0, 2]), portfire.tensor([0, 0]))
        tensor([False,  True])
    """
    return _binary(e.BITWISE_OR, "logical_or", _truth(input), _truth(other))


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Return a bool tensor: where exactly one is non-zero.

    Example:
        >>> import portfire
        >>> portfire.logical_xor(portfire.tensor([0, 2]), portfire.tensor([1, 1]))
        tensor([ True, False])
    """
    return _binary(e.BITWISE_XOR, "logical_xor", _truth(input), _truth(other))


def _bitwise(op: Operator, name: str, x: Operand, y: Operand) -> Tensor:
    x, y = number_of(x), number_of(y)
    dtype = result_dtype(x, y)
    if dtype.is_floating_point:
        raise RuntimeError(f"\"{name}_cpu\" not implemented for '{_torch_name(dtype.name)}'")
    return dispatch.binary(op, x, y)


def _torch_name(name: str) -> str:
    return {"float16": "Half", "float32": "Float", "float64": "Double"}.get(name, name)


def bitwise_and(input: Operand, other: Operand) -> Tensor:
    """Return the bitwise (for bool: logical) and.

    Example:
        >>> import portfire
        >>> portfire.tensor([6, 3]) & 2
        tensor([2, 2])
    """
    return _bitwise(e.BITWISE_AND, "bitwise_and", input, other)


def bitwise_or(input: Operand, other: Operand) -> Tensor:
    """Return the bitwise (for bool: logical) or.

    Example:
        >>> import portfire
        >>> portfire.tensor([4, 1]) | 2
        tensor([6, 3])
    """
    return _bitwise(e.BITWISE_OR, "bitwise_or", input, other)


def bitwise_xor(input: Operand, other: Operand) -> Tensor:
    """Return the bitwise (for bool: logical) exclusive or.

    Example:
        >>> import portfire
        >>> portfire.tensor([6, 3]) ^ 2
        tensor([4, 1])
    """
    return _bitwise(e.BITWISE_XOR, "bitwise_xor", input, other)


def bitwise_left_shift(input: Operand, other: Operand) -> Tensor:
    """Return ``input << other``.

    Example:
        >>> import portfire
        >>> portfire.tensor([1, 3]) << 2
        tensor([ 4, 12])
    """
    return _bitwise(e.SHIFT_LEFT, "lshift", input, other)


def bitwise_right_shift(input: Operand, other: Operand) -> Tensor:
    """Return ``input >> other``, which keeps the sign.

    Example:
        >>> import portfire
        >>> portfire.tensor([8, -8]) >> 2
        tensor([ 2, -2])
    """
    return _bitwise(e.SHIFT_RIGHT, "rshift", input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """Return the bitwise (for bool: logical) not.

    Example:
        >>> import portfire
        >>> ~portfire.tensor([True, False])
        tensor([False,  True])
    """
    _need_tensor("bitwise_not", input)
    if input._dtype.is_floating_point:
        name = _torch_name(input._dtype.name)
        raise RuntimeError(f"\"bitwise_not_cpu\" not implemented for '{name}'")
    return _unary(e.INVERT, input)


def masked_fill(input: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """Return the elements with those under a bool mask replaced by a value.

    Args:
        input: a tensor.
        mask: a bool tensor that broadcasts with it.
        value: a number or 0-d tensor.

    Raises:
        RuntimeError: if the mask is not bool.

    Example:
        >>> import portfire
        >>> portfire.zeros(3).masked_fill(portfire.tensor([True, False, True]), 1.0)
        tensor([1., 0., 1.])
    """
    if mask._dtype is not bool_:
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask._dtype}"
        )
    value = number_of(value)
    if type(value) in dispatch.NUMBERS and input._dtype.category != BOOL:
        value = float(value) if input._dtype.is_floating_point else int(value)
    elif type(value) in dispatch.NUMBERS:
        value = bool(value)
    return dispatch.where(mask, value, input)
