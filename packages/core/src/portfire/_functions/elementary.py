"""Exponential functions, logarithms, and what is made of them, elementwise."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._dtype import bool_
from portfire._functions._inplace import into
from portfire._functions._operands import (
    _float_pair,
    _float_unary,
    _floats,
    _need_tensor,
    _need_two,
    _promoted,
)
from portfire._functions.bounds import clamp, maximum, minimum
from portfire.ops import _composite as c
from portfire.ops import _elementwise as e

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logit",
    "relu",
    "relu_",
    "sigmoid",
    "xlogy",
]

Operand = Any  # a Tensor, or a Python or NumPy number


def exp(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``e ** input``.

    Example:
        >>> import portfire
        >>> portfire.exp(portfire.tensor([0.0, 1.0]))
        tensor([1.0000, 2.7183])
    """
    return into(out, _float_unary(e.EXP, input))


def exp2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``2 ** input``.

    Example:
        >>> import portfire
        >>> portfire.exp2(portfire.tensor([0.0, 3.0]))
        tensor([1., 8.])
    """
    return into(out, _float_unary(e.EXP2, input))


def expm1(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``exp(input) - 1``, exact near 0.

    Example:
        >>> import portfire
        >>> portfire.expm1(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 1.7183])
    """
    return into(out, _float_unary(e.EXPM1, input))


def log(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the natural logarithms.

    Example:
        >>> import portfire
        >>> portfire.log(portfire.tensor([1.0, 2.0]))
        tensor([0.0000, 0.6931])
    """
    return into(out, _float_unary(e.LOG, input))


def log2(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the logarithms to base 2.

    Example:
        >>> import portfire
        >>> portfire.log2(portfire.tensor([1.0, 8.0]))
        tensor([0., 3.])
    """
    return into(out, _float_unary(e.LOG2, input))


def log10(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the logarithms to base 10.

    Example:
        >>> import portfire
        >>> portfire.log10(portfire.tensor([1.0, 50.0]))
        tensor([0.0000, 1.6990])
    """
    return into(out, _float_unary(e.LOG10, input))


def log1p(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``log(1 + input)``, exact near 0.

    Example:
        >>> import portfire
        >>> portfire.log1p(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.6931])
    """
    return into(out, _float_unary(e.LOG1P, input))


def logaddexp(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``log(exp(input) + exp(other))``, without overflow.

    Example:
        >>> import portfire
        >>> portfire.logaddexp(portfire.zeros(1), portfire.zeros(1))
        tensor([0.6931])
    """
    return into(out, _log_of_sum("logaddexp", input, other, exp, 1.0))


def logaddexp2(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``log2(2 ** input + 2 ** other)``, without overflow.

    Example:
        >>> import portfire
        >>> portfire.logaddexp2(portfire.tensor([1000.0]), portfire.tensor([1000.0]))
        tensor([1001.])
    """
    return into(out, _log_of_sum("logaddexp2", input, other, exp2, 1 / math.log(2)))


def _log_of_sum(
    name: str, x: Tensor, y: Tensor, power: Callable[[Tensor], Tensor], scale: float
) -> Tensor:
    _need_two(name, x, y)
    dtype = _promoted(name, x, y)
    if not dtype.is_floating_point:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{dtype.scalar_name}'")
    x, y = x.to(dtype), y.to(dtype)
    # Two equal infinities have no difference.
    apart = dispatch.where(x == y, 0.0, minimum(x, y) - maximum(x, y))
    rest = log1p(power(apart))
    return maximum(x, y) + (rest if scale == 1.0 else rest * scale)


def xlogy(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input * log(other)``, and 0 where input is 0 unless other is NaN.

    Example:
        >>> import portfire
        >>> portfire.xlogy(portfire.tensor([0.0, 2.0]), portfire.tensor([0.0, 1.0]))
        tensor([0., 0.])
    """
    x, y = _float_pair("xlogy", input, other)
    nothing = (x == 0) & ((y <= 0) | (y == math.inf))
    return into(out, x * log(dispatch.where(nothing, 1.0, y)))


def sigmoid(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``1 / (1 + exp(-input))``.

    Example:
        >>> import portfire
        >>> portfire.sigmoid(portfire.tensor([0.0, 1.0]))
        tensor([0.5000, 0.7311])
    """
    return into(out, dispatch.apply(c.SIGMOID, (_floats("sigmoid", input),)))


def logit(input: Tensor, eps: float | None = None, *, out: Tensor | None = None) -> Tensor:
    """Return ``log(input / (1 - input))``, the inverse of `sigmoid`.

    Args:
        input: probabilities; NaN beyond 0 and 1 unless they are limited.
        eps: limits the elements to ``[eps, 1 - eps]`` first.
        out: a tensor that receives the result.

    Example:
        >>> import portfire
        >>> portfire.logit(portfire.tensor([0.25, 0.5]))
        tensor([-1.0986,  0.0000])
    """
    x = _floats("logit", input)
    if eps is not None:
        x = clamp(x, eps, 1 - eps)
    return into(out, log(x / (1 - x)))


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


def relu_(input: Tensor) -> Tensor:
    """Replace the elements of a tensor by ``max(input, 0)``, and return it.

    Example:
        >>> import portfire
        >>> portfire.relu_(portfire.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    _need_tensor("relu_", input)
    return input._assign(relu(input))
