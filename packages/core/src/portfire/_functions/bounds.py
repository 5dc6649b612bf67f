"""Limits and extremes, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._functions._inplace import into
from portfire._functions._operands import _binary, _need_tensor, _need_two, _refuse_kinds, number_of
from portfire.ops import _elementwise as e

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "fmax",
    "fmin",
    "heaviside",
    "maximum",
    "minimum",
    "nan_to_num",
]

Operand = Any  # a Tensor, or a Python or NumPy number


def clamp(
    input: Tensor, min: Operand = None, max: Operand = None, *, out: Tensor | None = None
) -> Tensor:
    """Return the elements limited to a range; NaN stays.

    Args:
        input: a tensor.
        min: lower bound, a number or tensor, or None.
        max: upper bound, likewise; it wins where the two cross.
        out: a tensor that receives the result.

    Returns:
        A tensor of the shape and dtype that the three have in common.

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
    bounds = [b for b in (min, max) if b is not None]
    plain = [not isinstance(b, _tensor.Tensor) for b in bounds]
    if any(plain):
        _refuse_kinds("clamp", input, "b")
        if not all(p or not b._shape for p, b in zip(plain, bounds, strict=True)):
            raise TypeError(
                "clamp(): arguments 'min' and 'max' must be both tensors or both numbers, not "
                f"{type(min).__name__} and {type(max).__name__}"
            )
    result = input
    # A gradient passes at the bounds themselves, unlike that of maximum, so this is a selection.
    if min is not None:
        result = _limit(result, number_of(min), below=True)
    if max is not None:
        result = _limit(result, number_of(max), below=False)
    return into(out, result)


def _limit(x: Tensor, bound: Operand, below: bool) -> Tensor:
    outside = dispatch.binary(e.LT, x, bound) if below else dispatch.binary(e.LT, bound, x)
    if isinstance(bound, _tensor.Tensor):
        if bound._dtype.is_floating_point:
            outside = outside | (bound != bound)
    elif bound != bound:
        return dispatch.binary(e.MUL, x, bound)  # everything becomes NaN
    return dispatch.where(outside, bound, x)


def clamp_min(input: Tensor, min: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return the elements, or a lower bound where they are below it; see `clamp`.

    Example:
        >>> import portfire
        >>> portfire.clamp_min(portfire.tensor([1, 2, 3]), 2)
        tensor([2, 2, 3])
    """
    return clamp(input, min, out=out)


def clamp_max(input: Tensor, max: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return the elements, or an upper bound where they are above it; see `clamp`.

    Example:
        >>> import portfire
        >>> portfire.clamp_max(portfire.tensor([1, 2, 3]), 2)
        tensor([1, 2, 2])
    """
    return clamp(input, max=max, out=out)


def maximum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the larger of each two elements; NaN wins.

    Example:
        >>> import portfire
        >>> portfire.maximum(portfire.tensor([1, 4]), portfire.tensor([3, 2]))
        tensor([3, 4])
    """
    _need_two("maximum", input, other)
    return into(out, _binary(e.MAXIMUM, "maximum", input, other))


def minimum(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the smaller of each two elements; NaN wins.

    Example:
        >>> import portfire
        >>> portfire.minimum(portfire.tensor([1, 4]), portfire.tensor([3, 2]))
        tensor([1, 2])
    """
    _need_two("minimum", input, other)
    return into(out, _binary(e.MINIMUM, "minimum", input, other))


def fmax(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the larger of each two elements; a number wins over NaN.

    Example:
        >>> import portfire
        >>> portfire.fmax(portfire.tensor([1.0, portfire.nan]), portfire.tensor([3.0, 2.0]))
        tensor([3., 2.])
    """
    _need_two("fmax", input, other)
    return into(out, dispatch.where((input >= other) | (other != other), input, other))


def fmin(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the smaller of each two elements; a number wins over NaN.

    Example:
        >>> import portfire
        >>> portfire.fmin(portfire.tensor([1.0, portfire.nan]), portfire.tensor([3.0, 2.0]))
        tensor([1., 2.])
    """
    _need_two("fmin", input, other)
    return into(out, dispatch.where((input <= other) | (other != other), input, other))


def nan_to_num(
    input: Tensor,
    nan: float | None = None,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Return the elements with NaN and infinities replaced by numbers.

    Args:
        input: a tensor; integers stay as they are.
        nan: what replaces NaN; 0 by default.
        posinf: what replaces positive infinity; the dtype's largest number by default.
        neginf: what replaces negative infinity; the dtype's smallest number by default.
        out: a tensor that receives the result.

    Example:
        >>> import portfire
        >>> portfire.nan_to_num(portfire.tensor([portfire.nan, portfire.inf]), posinf=9.0)
        tensor([0., 9.])
    """
    _need_tensor("nan_to_num", input)
    if not input._dtype.is_floating_point:
        return into(out, input.clone())
    largest = input._dtype.limits.max
    result = dispatch.where(input != input, 0.0 if nan is None else float(nan), input)
    result = dispatch.where(input == math.inf, largest if posinf is None else float(posinf), result)
    return into(
        out,
        dispatch.where(input == -math.inf, -largest if neginf is None else float(neginf), result),
    )


def heaviside(input: Tensor, values: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return 0 for negative elements, 1 for positive ones, and ``values`` for zeros.

    Raises:
        RuntimeError: if the dtypes differ.

    Example:
        >>> import portfire
        >>> portfire.heaviside(portfire.tensor([-1.0, 0.0, 2.0]), portfire.tensor(0.5))
        tensor([0.0000, 0.5000, 1.0000])
    """
    _need_two("heaviside", input, values)
    if input._dtype is not values._dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return into(out, dispatch.where(input == 0, values, (input > 0).to(input._dtype)))


clip = clamp
