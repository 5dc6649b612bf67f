"""The line search of `LBFGS`: a step length that meets the strong Wolfe conditions.

First the length grows until a minimum is bracketed; then the bracket shrinks, by the minimum of the
cubic through both ends, until the loss has fallen enough and the slope has flattened enough.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from portfire import Tensor

__all__ = ["Point", "search"]

ENOUGH_DESCENT = 1e-4  # what share of the descent that the first slope promises is enough
ENOUGH_FLATNESS = 0.9  # to what share of the first slope it has to flatten
MOST_MEASURES = 25
MARGIN = 0.1  # new lengths keep this share of the bracket away from its ends


class Point(NamedTuple):
    """What is known of one step length."""

    length: float
    loss: float
    grad: Tensor
    slope: float  # of the loss along the direction


Measure = Callable[[float], Point]


def search(
    measure: Measure, start: Point, length: float, norm: float, tolerance: float
) -> tuple[Point, int]:
    """Find a good step length.

    Args:
        measure: computes loss and gradient at a length.
        start: the point at length zero.
        length: the first length to try.
        norm: the largest element of the direction.
        tolerance: brackets whose ends move no element by so much are not shrunk.

    Returns:
        The point, and how often the loss was computed.
    """
    before, now, count = start, measure(length), 1
    for tries in range(MOST_MEASURES):
        if _too_high(now, start) or (tries > 1 and now.loss >= before.loss):
            break
        if _flat(now, start):
            return now, count
        if now.slope >= 0:
            break
        least = now.length + 0.01 * (now.length - before.length)
        following = _lowest(before, now, least, 10 * now.length)
        before, now = now, measure(following)
        count += 1
    else:
        before = start
    return _shrink(measure, start, (before, now), norm, tolerance, count)


def _shrink(
    measure: Measure,
    start: Point,
    bracket: tuple[Point, Point],
    norm: float,
    tolerance: float,
    count: int,
) -> tuple[Point, int]:
    low, high = sorted(bracket, key=lambda point: point.loss)
    near = False
    while count <= MOST_MEASURES:
        left, right = sorted((low.length, high.length))
        if (right - left) * norm < tolerance:
            break
        length = _lowest(low, high, left, right)
        margin = MARGIN * (right - left)
        if min(right - length, length - left) < margin:
            # Once may be chance; twice, or at the very end, the cubic makes no progress.
            inside = left < length < right
            if near or not inside:
                length = right - margin if right - length < length - left else left + margin
            near = inside and not near
        else:
            near = False
        now = measure(length)
        count += 1
        if _too_high(now, start) or now.loss >= low.loss:
            low, high = sorted((low, now), key=lambda point: point.loss)
        elif _flat(now, start):
            return now, count
        else:
            high = low if now.slope * (high.length - low.length) >= 0 else high
            low = now
    return low, count


def _too_high(point: Point, start: Point) -> bool:
    return point.loss > start.loss + ENOUGH_DESCENT * point.length * start.slope


def _flat(point: Point, start: Point) -> bool:
    return abs(point.slope) <= -ENOUGH_FLATNESS * start.slope


def _lowest(one: Point, other: Point, least: float, most: float) -> float:
    """Return where the cubic with these losses and slopes is lowest, between two bounds."""
    left, right = sorted((one, other), key=lambda point: point.length)
    width = right.length - left.length
    middle = left.slope + right.slope - 3 * (right.loss - left.loss) / width
    square = middle * middle - left.slope * right.slope
    if not square >= 0:
        return (least + most) / 2
    root = math.sqrt(square)
    share = (right.slope + root - middle) / (right.slope - left.slope + 2 * root)
    return min(max(right.length - width * share, least), most)
