"""Elementary functions and rounding, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from portfire import _dispatch as dispatch
from portfire._dtype import bool_
from portfire._functions._inplace import into
from portfire._functions._operands import _float_unary, _floats, _need_tensor, _unary
from portfire._functions.arithmetic import identity
from portfire._promotion import result_dtype, to_float
from portfire.ops import _composite as c
from portfire.ops import _elementwise as e
from portfire.ops._record import Operator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "atan2",
    "ceil",
    "cos",
    "erf",
    "exp",
    "expm1",
    "floor",
    "frac",
    "log",
    "log10",
    "log1p",
    "log2",
    "relu",
    "round",
    "sigmoid",
    "sin",
    "tan",
    "tanh",
    "trunc",
]


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


def atan2(input: Tensor, other: Tensor) -> Tensor:
    """Return the angle of each point (x=other, y=input), in radians.

    Example:
        >>> import portfire
        >>> portfire.atan2(portfire.tensor([1.0]), portfire.tensor([1.0]))
        tensor([0.7854])
    """
    return dispatch.binary(e.ATAN2, input, other, to_float(result_dtype(input, other)))
