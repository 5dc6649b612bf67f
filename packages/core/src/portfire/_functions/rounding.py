"""Rounding, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from portfire import _tensor
from portfire._dtype import bool_
from portfire._functions._inplace import into
from portfire._functions._operands import _need_tensor, _unary
from portfire._functions.arithmetic import identity
from portfire.ops import _elementwise as e
from portfire.ops._record import Operator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "ceil",
    "fix",
    "floor",
    "frac",
    "round",
    "trunc",
]


def _rounding(op: Operator, x: Tensor) -> Tensor:
    _need_tensor(op.name, x)
    if x._dtype is bool_:
        raise NotImplementedError(f"\"{op.name}_vml_cpu\" not implemented for 'Bool'")
    return _unary(op, x) if x._dtype.is_floating_point else identity(x)


def floor(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the largest integers not above the elements.

    Example:
        >>> import portfire
        >>> portfire.floor(portfire.tensor([1.5, -1.5]))
        tensor([ 1., -2.])
    """
    return into(out, _rounding(e.FLOOR, input))


def ceil(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the smallest integers not below the elements.

    Example:
        >>> import portfire
        >>> portfire.ceil(portfire.tensor([1.5, -1.5]))
        tensor([ 2., -1.])
    """
    return into(out, _rounding(e.CEIL, input))


def trunc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the elements without their fractions.

    Example:
        >>> import portfire
        >>> portfire.trunc(portfire.tensor([1.5, -1.5]))
        tensor([ 1., -1.])
    """
    return into(out, _rounding(e.TRUNC, input))


def round(input: Tensor, *, decimals: int = 0, out: Tensor | None = None) -> Tensor:
    """Return the elements rounded to some decimals, halves to even.

    Args:
        input: a tensor; integers stay as they are.
        decimals: how many digits after the point; negative numbers round to tens, hundreds, ...
        out: a tensor that receives the result.

    Example:
        >>> import portfire
        >>> portfire.round(portfire.tensor([0.5, 1.5, 2.5]))
        tensor([0., 2., 2.])
    """
    if decimals == 0:
        return into(out, _rounding(e.ROUND, input))
    _need_tensor("round", input)
    if not input._dtype.is_floating_point:
        raise NotImplementedError(
            f"\"round_vml_cpu\" not implemented for '{input._dtype.scalar_name}' with decimals"
        )
    scale: float = 10.0 ** math.fabs(decimals)
    if decimals > 0:
        return into(out, _rounding(e.ROUND, input * scale) / scale)
    return into(out, _rounding(e.ROUND, input / scale) * scale)


def frac(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the fractions of the elements.

    Example:
        >>> import portfire
        >>> portfire.frac(portfire.tensor([1.25, -1.25]))
        tensor([ 0.2500, -0.2500])
    """
    if isinstance(input, _tensor.Tensor) and not input._dtype.is_floating_point:
        raise NotImplementedError(f"\"frac_cpu\" not implemented for '{input._dtype.scalar_name}'")
    return into(out, input - trunc(input))


fix = trunc
