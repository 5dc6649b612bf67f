"""Signs, exponents and neighbors of floating-point numbers, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._dtype import bool_, float64, int32
from portfire._functions._inplace import into
from portfire._functions._operands import (
    _float_pair,
    _need_tensor,
    _need_two,
    _promoted,
    _unary,
)
from portfire._functions._results import FrexpResult
from portfire._functions.arithmetic import abs, identity
from portfire._functions.rounding import floor
from portfire.ops import _elementwise as e

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["copysign", "frexp", "ldexp", "nextafter", "sgn", "sign", "signbit"]

Operand = Any  # a Tensor, or a Python or NumPy number


def sign(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return -1, 0 or 1 by the sign of each element; 0 for NaN.

    Example:
        >>> import portfire
        >>> portfire.sign(portfire.tensor([-3.0, 0.0, 2.0]))
        tensor([-1.,  0.,  1.])
    """
    _need_tensor("sign", input)
    if input._dtype is bool_:
        return into(out, identity(input))
    found = _unary(e.SIGN, input)
    if input._dtype.is_floating_point:
        found = dispatch.where(input != input, 0.0, found)
    return into(out, found)


def sgn(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return -1, 0 or 1 by the sign of each element; `sign`, for all dtypes that there are.

    Example:
        >>> import portfire
        >>> portfire.sgn(portfire.tensor([-3.0, 0.0, 2.0]))
        tensor([-1.,  0.,  1.])
    """
    return sign(input, out=out)


def signbit(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where the sign bit is set, as it is in -0.0.

    The sign of NaN counts as positive.

    Example:
        >>> import portfire
        >>> portfire.signbit(portfire.tensor([-1.0, -0.0, 0.0]))
        tensor([ True,  True, False])
    """
    _need_tensor("signbit", input)
    if input._dtype is bool_:
        return into(out, input & False)
    negative = input < 0
    if input._dtype.is_floating_point:
        # Zeros differ in their reciprocals.
        negative = negative | ((input == 0) & (1.0 / input < 0))
    return into(out, negative)


def copysign(input: Tensor, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return the absolute values of ``input`` with the signs of ``other``, -0.0 included.

    Example:
        >>> import portfire
        >>> portfire.copysign(portfire.tensor([1.0, 2.0]), portfire.tensor([-0.0, 3.0]))
        tensor([-1.,  2.])
    """
    _need_tensor("copysign", input)
    x, y = _float_pair("copysign", input, other)
    return into(out, abs(x) * dispatch.where(signbit(y.detach()), -1.0, 1.0).to(x._dtype))


def nextafter(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the next numbers of the dtype after ``input``, in the direction of ``other``.

    Example:
        >>> import portfire
        >>> portfire.nextafter(portfire.tensor([1.0]), portfire.tensor([2.0])) - 1
        tensor([1.1921e-07])
    """
    _need_two("nextafter", input, other)
    dtype = _promoted("nextafter", input, other)
    if not dtype.is_floating_point:
        raise NotImplementedError(f"\"nextafter_cpu\" not implemented for '{dtype.scalar_name}'")
    return into(out, dispatch.binary(e.NEXTAFTER, input, other, dtype))


def ldexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``input * 2 ** other``.

    Example:
        >>> import portfire
        >>> portfire.ldexp(portfire.tensor([1.0, 3.0]), portfire.tensor([2, 3]))
        tensor([ 4., 24.])
    """
    _need_two("ldexp", input, other)
    x, y = _float_pair("ldexp", input, other)
    return into(out, x * dispatch.binary(e.POW, 2.0, y))


def frexp(input: Tensor, *, out: tuple[Tensor, Tensor] | None = None) -> FrexpResult:
    """Return mantissas from 0.5 to 1, and exponents: ``input = mantissa * 2 ** exponent``.

    Args:
        input: a tensor of floats.
        out: two tensors that receive the results, the second of int32.

    Returns:
        A named tuple ``(mantissa, exponent)``; zeros, infinities and NaN are their own mantissas.

    Raises:
        RuntimeError: for integers.

    Example:
        >>> import portfire
        >>> mantissa, exponent = portfire.frexp(portfire.tensor([8.0, 3.0]))
        >>> (mantissa, exponent)
        (tensor([0.5000, 0.7500]), tensor([4, 2], dtype=portfire.int32))
    """
    _need_tensor("frexp", input)
    if not input._dtype.is_floating_point:
        raise RuntimeError("frexp() only supports floating-point dtypes")
    shift = 60.0 if input._dtype is float64 else 26.0
    size = abs(input)
    plain = (size > 0) & (size < float("inf"))
    # Numbers below the normal range are lifted into it first; no logarithm is exact there.
    small = plain & (size < input._dtype.limits.tiny)
    lifted = dispatch.where(small, size * 2.0**shift, dispatch.where(plain, size, 1.0))
    power = floor(dispatch.apply(e.LOG2, (lifted.detach(),)))
    mantissa = _halved(lifted, power + 1)
    # The logarithm may round up to the next integer, or down.
    high, low = mantissa >= 1, mantissa < 0.5
    mantissa = dispatch.where(high, mantissa * 0.5, dispatch.where(low, mantissa * 2, mantissa))
    power = power + high.to(power._dtype) - low.to(power._dtype)
    exponent = power + 1 - small.to(power._dtype) * shift
    mantissa = dispatch.where(input < 0, -mantissa, mantissa)
    found = FrexpResult(
        dispatch.where(plain, mantissa, input),
        dispatch.where(plain, exponent, 0.0).to(int32),
    )
    if out is None:
        return found
    return FrexpResult(into(out[0], found.mantissa), into(out[1], found.exponent))


def _halved(x: Tensor, power: Any) -> Any:
    """``x * 2 ** -power``, in two steps that stay in range."""
    first = floor(power * 0.5)
    return x * dispatch.binary(e.POW, 2.0, -first) * dispatch.binary(e.POW, 2.0, first - power)
