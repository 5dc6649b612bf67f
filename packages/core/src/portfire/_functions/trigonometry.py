"""Trigonometric and hyperbolic functions, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from portfire import _dispatch as dispatch
from portfire._functions._inplace import into
from portfire._functions._operands import _float_unary, _floats, _need_two, _promoted
from portfire._functions.arithmetic import sqrt, square
from portfire._functions.bounds import maximum
from portfire._promotion import to_float
from portfire.ops import _elementwise as e

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "hypot",
    "rad2deg",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]


def sin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the sines of angles in radians.

    Example:
        >>> import portfire
        >>> portfire.sin(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8415])
    """
    return into(out, _float_unary(e.SIN, input))


def cos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the cosines of angles in radians.

    Example:
        >>> import portfire
        >>> portfire.cos(portfire.tensor([0.0, 1.0]))
        tensor([1.0000, 0.5403])
    """
    return into(out, _float_unary(e.COS, input))


def tan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the tangents of angles in radians.

    Example:
        >>> import portfire
        >>> portfire.tan(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5574])
    """
    return into(out, _float_unary(e.TAN, input))


def asin(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the angles, in radians, that have these sines; NaN beyond 1.

    Example:
        >>> import portfire
        >>> portfire.asin(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 1.5708])
    """
    return into(out, _float_unary(e.ASIN, input))


def acos(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the angles, in radians, that have these cosines; NaN beyond 1.

    Example:
        >>> import portfire
        >>> portfire.acos(portfire.tensor([0.0, 1.0]))
        tensor([1.5708, 0.0000])
    """
    return into(out, _float_unary(e.ACOS, input))


def atan(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the angles, in radians, that have these tangents.

    Example:
        >>> import portfire
        >>> portfire.atan(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7854])
    """
    return into(out, _float_unary(e.ATAN, input))


def sinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the hyperbolic sines.

    Example:
        >>> import portfire
        >>> portfire.sinh(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 1.1752])
    """
    return into(out, _float_unary(e.SINH, input))


def cosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the hyperbolic cosines.

    Example:
        >>> import portfire
        >>> portfire.cosh(portfire.tensor([0.0, 1.0]))
        tensor([1.0000, 1.5431])
    """
    return into(out, _float_unary(e.COSH, input))


def tanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the hyperbolic tangents.

    Example:
        >>> import portfire
        >>> portfire.tanh(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.7616])
    """
    return into(out, _float_unary(e.TANH, input))


def asinh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the inverse hyperbolic sines.

    Example:
        >>> import portfire
        >>> portfire.asinh(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8814])
    """
    return into(out, _float_unary(e.ASINH, input))


def acosh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the inverse hyperbolic cosines; NaN below 1.

    Example:
        >>> import portfire
        >>> portfire.acosh(portfire.tensor([1.0, 2.0]))
        tensor([0.0000, 1.3170])
    """
    return into(out, _float_unary(e.ACOSH, input))


def atanh(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the inverse hyperbolic tangents; NaN beyond 1.

    Example:
        >>> import portfire
        >>> portfire.atanh(portfire.tensor([0.0, 0.5]))
        tensor([0.0000, 0.5493])
    """
    return into(out, _float_unary(e.ATANH, input))


def atan2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the angle of each point (x=other, y=input), in radians from -pi to pi.

    Example:
        >>> import portfire
        >>> portfire.atan2(portfire.tensor([1.0]), portfire.tensor([1.0]))
        tensor([0.7854])
    """
    _need_two("atan2", input, other)
    dtype = to_float(_promoted("atan2", input, other))
    return into(out, dispatch.binary(e.ATAN2, input, other, dtype))


def hypot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the lengths ``sqrt(input ** 2 + other ** 2)``, without overflow on the way.

    Example:
        >>> import portfire
        >>> portfire.hypot(portfire.tensor([3.0]), portfire.tensor([4.0]))
        tensor([5.])
    """
    _need_two("hypot", input, other)
    dtype = _promoted("hypot", input, other)
    if not dtype.is_floating_point:
        raise NotImplementedError(f"\"hypot_cpu\" not implemented for '{dtype.scalar_name}'")
    x, y = input.to(dtype), other.to(dtype)
    # Neither square overflows nor vanishes beside the larger one.
    scale = maximum(x.detach().abs(), y.detach().abs())
    scale = dispatch.where((scale > 0) & (scale < math.inf), scale, 1.0)
    length = scale * sqrt(square(x / scale) + square(y / scale))
    infinite = (x.abs() == math.inf) | (y.abs() == math.inf)
    return into(out, dispatch.where(infinite, math.inf, length))


def sinc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``sin(pi * input) / (pi * input)``, and 1 at 0.

    Example:
        >>> import portfire
        >>> portfire.sinc(portfire.tensor([0.0, 0.5]))
        tensor([1.0000, 0.6366])
    """
    x = _floats("sinc", input) * math.pi
    zero = x == 0
    safe = dispatch.where(zero, 1.0, x)
    return into(out, dispatch.where(zero, 1.0, sin(safe) / safe))


def deg2rad(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return angles in degrees as radians.

    Example:
        >>> import portfire
        >>> portfire.deg2rad(portfire.tensor([180.0]))
        tensor([3.1416])
    """
    return into(out, _floats("deg2rad", input) * (math.pi / 180))


def rad2deg(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return angles in radians as degrees.

    Example:
        >>> import portfire
        >>> portfire.rad2deg(portfire.tensor([portfire.pi]))
        tensor([180.])
    """
    return into(out, _floats("rad2deg", input) * (180 / math.pi))


arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
