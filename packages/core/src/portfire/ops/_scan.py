"""Scans: running sums, products and extremes along an axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float32, int64
from portfire.ops import _elementwise as e
from portfire.ops._along import PUT_ALONG
from portfire.ops._indexing import CONCAT
from portfire.ops._movement import FLIP, PAD
from portfire.ops._record import Attrs, Kind, Operator, Sample, Spec, WrongCall, register


def _infer(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    (axis,) = attrs
    if not 0 <= axis < len(specs[0].shape):
        raise RuntimeError(f"scan: {axis} is not an axis of shape {specs[0].shape}")
    return specs[0]


def _accumulated(function: np.ufunc) -> Any:
    """The reference of a scan: half precision adds up in single."""

    def reference(x: Any, axis: int) -> Any:
        wide = np.float32 if x.dtype == np.float16 else x.dtype
        with np.errstate(all="ignore"):
            return function.accumulate(x.astype(wide), axis=axis).astype(x.dtype, copy=False)

    return reference


def reverse(x: Any, axis: int) -> Any:
    """The elements in reverse order along an axis."""
    return dispatch.apply(FLIP, (x,), ((axis,),))


def _later(x: Any, axis: int, distance: int) -> Any:
    """Element i + distance at i; zeros beyond the end."""
    rest = x.narrow(axis, distance, x._shape[axis] - distance)
    none = (0,) * x.ndim
    high = tuple(distance if i == axis else 0 for i in range(x.ndim))
    return dispatch.apply(PAD, (rest,), (none, high, (1,) * x.ndim))


def before(x: Any, axis: int, first: float, distance: int = 1) -> Any:
    """Element i - distance at i; ``first`` before the start."""
    shape = tuple(distance if i == axis else n for i, n in enumerate(x._shape))
    rest = x.narrow(axis, 0, x._shape[axis] - distance)
    return dispatch.apply(CONCAT, (dispatch.full(shape, first, x), rest), (axis,))


def before_first(changes: Any, axis: int) -> Any:
    """Flags of neighbors that differ, with a true one for the first element before them."""
    shape = tuple(1 if i == axis else n for i, n in enumerate(changes._shape))
    return dispatch.apply(CONCAT, (dispatch.full(shape, True, changes), changes), (axis,))


def _grad_cumsum(ctx: Any, g: Any) -> tuple[Any, ...]:
    (axis,) = ctx.attrs
    return (reverse(dispatch.apply(CUMSUM, (reverse(g, axis),), (axis,)), axis),)


def _grad_cumprod(ctx: Any, g: Any) -> tuple[Any, ...]:
    """The product of what is before, times s: s[i] = g[i] + x[i+1] * s[i+1], without a division.

    The recurrence is solved by doubling: after a step with distance d, ``total`` holds the part of
    it that comes from d elements, and ``factor`` the product of the d elements after the first.
    """
    x = ctx.inputs[0]
    (axis,) = ctx.attrs
    n = x._shape[axis]
    if n == 0:
        return (g,)
    factor, total, distance = _later(x, axis, 1), g, 1
    while distance < n:
        total = total + factor * _later(total, axis, distance)
        factor = factor * _later(factor, axis, distance)
        distance *= 2
    return (before(ctx.output, axis, 1.0) * total,)


def last_winner(x: Any, extreme: Any, axis: int) -> Any:
    """Where the running extreme comes from: the last position that reached it."""
    hit = x == extreme
    if x._dtype.is_floating_point:
        hit = hit | (x != x)
    place = dispatch.iota(x._shape, axis, x, int64)
    return dispatch.apply(CUMMAX, (dispatch.where(hit, place, 0),), (axis,))


def _grad_extreme(ctx: Any, g: Any) -> tuple[Any, ...]:
    x = ctx.inputs[0]
    (axis,) = ctx.attrs
    index = last_winner(x, ctx.output, axis)
    return (dispatch.apply(PUT_ALONG, (dispatch.zeros(g._shape, g), index, g), (axis, "add")),)


_AXIS = (
    Sample(((3, 5),), (1,)),
    Sample(((3, 5),), (0,)),
    Sample(((2, 33, 4),), (1,)),
    Sample(((0, 3),), (1,)),
    Sample(((100,),), (0,)),
)
_BAD_AXIS = (WrongCall((Spec((2, 3), float32),), (2,), RuntimeError, "is not an axis"),)

CUMSUM, CUMPROD, CUMMAX, CUMMIN = (
    register(
        Operator(
            name=name,
            kind=Kind.SCAN,
            infer=_infer,
            reference=_accumulated(function),
            attrs=("axis",),
            gradient=gradient,
            saves=saves,
            samples=_AXIS,
            errors=_BAD_AXIS,
            dtypes="if",
            doc=f"Running {what} along an axis.",
        )
    )
    for name, function, gradient, saves, what in (
        ("cumsum", np.add, _grad_cumsum, (), "sums"),
        ("cumprod", np.multiply, _grad_cumprod, (0, -1), "products"),
        ("cummax", np.maximum, _grad_extreme, (0, -1), "maxima, where NaN is the largest,"),
        ("cummin", np.minimum, _grad_extreme, (0, -1), "minima, where NaN is the smallest,"),
    )
)


def logaddexp(x: Any, y: Any) -> Any:
    """Compute log(exp(x) + exp(y)) without overflow; right for infinities."""
    low, high = dispatch.binary(e.MINIMUM, x, y), dispatch.binary(e.MAXIMUM, x, y)
    return high + dispatch.where(low == high, 0.0, low - high).exp().log1p()


def _logcumsumexp(x: Any, axis: int) -> Any:
    """By doubling: a sum of exponentials has no common scale that fits all its prefixes."""
    distance = 1
    while distance < x._shape[axis]:
        x = logaddexp(x, before(x, axis, -math.inf, distance))
        distance *= 2
    return x


def _reference_logcumsumexp(x: Any, axis: int) -> Any:
    with np.errstate(all="ignore"):
        return np.logaddexp.accumulate(x, axis=axis).astype(x.dtype, copy=False)


def _grad_logcumsumexp(ctx: Any, g: Any) -> tuple[Any, ...]:
    """Sum g[k] * exp(x[i] - out[k]) over k >= i, as logarithms: of the two signs of g apart."""
    x = ctx.inputs[0]
    (axis,) = ctx.attrs

    # Not -inf, whose own gradient would be NaN.
    least = float(np.finfo(x._dtype.numpy).min)

    def part(weight: Any) -> Any:
        counts = weight > 0
        logs = dispatch.where(counts, dispatch.where(counts, weight, 1.0).log() - ctx.output, least)
        running = dispatch.apply(LOGCUMSUMEXP, (reverse(logs, axis),), (axis,))
        return (reverse(running, axis) + x).exp()

    return (part(g) - part(-g),)


LOGCUMSUMEXP = register(
    Operator(
        name="logcumsumexp",
        kind=Kind.COMPOSITE,
        infer=_infer,
        reference=_reference_logcumsumexp,
        attrs=("axis",),
        gradient=_grad_logcumsumexp,
        saves=(0, -1),
        decompose=_logcumsumexp,
        samples=_AXIS,
        errors=_BAD_AXIS,
        doc="Running logarithms of sums of exponentials along an axis.",
    )
)

__all__ = [
    "CUMMAX",
    "CUMMIN",
    "CUMPROD",
    "CUMSUM",
    "LOGCUMSUMEXP",
    "before",
    "before_first",
    "last_winner",
    "logaddexp",
    "reverse",
]
