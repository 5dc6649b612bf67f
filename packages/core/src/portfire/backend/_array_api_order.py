"""What the array-API base does step by step, because the standard has no function for it.

The standard of 2022 sorts, but can neither gather nor scatter along an axis, nor scan with anything
but a sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__ = ["check", "ordering", "scan"]

Array = Any


def check(xp: Any, index: Array, n: int, axis: int) -> None:
    """Raise IndexError for the first position outside [0, n)."""
    if 0 in index.shape:
        return
    wrong = (index < 0) | (index >= n)
    if bool(xp.any(wrong)):
        flat = xp.reshape(index, (-1,))
        first = int(xp.argmax(xp.astype(xp.reshape(wrong, (-1,)), xp.uint8)))
        raise IndexError(
            f"index {int(flat[first])} is out of bounds for dimension {axis} with size {n}"
        )


def scan(xp: Any, combine: Callable[[Array, Array], Array]) -> Any:
    """Return a scan that takes one slice after the other."""

    def call(x: Array, axis: int) -> Array:
        if 0 in x.shape:
            return x
        head = (slice(None),) * axis
        places: list[Any] = [(*head, i, Ellipsis) for i in range(x.shape[axis])]
        rows = [x[places[0]]]
        for place in places[1:]:
            rows.append(combine(rows[-1], x[place]))
        return xp.stack(rows, axis=axis)

    return call


def _argsort(xp: Any) -> Any:
    def ordered(x: Array, axis: int, descending: bool) -> Array:
        return xp.argsort(x, axis=axis, descending=descending, stable=True)

    def call(x: Array, axis: int, descending: bool) -> Array:
        if xp.isdtype(x.dtype, "bool"):
            x = xp.astype(x, xp.uint8)
        if not xp.isdtype(x.dtype, "real floating") or not bool(xp.any(xp.isnan(x))):
            return xp.astype(ordered(x, axis, descending), xp.int64)
        # The standard leaves NaN's place open: order the numbers first, then put NaN at its end.
        missing = xp.isnan(x)
        first = ordered(xp.where(missing, xp.ones_like(x) * math.inf, x), axis, descending)
        first = xp.astype(first, xp.int64)
        flags = _take_along(xp)(xp.astype(missing, xp.uint8), first, axis)
        second = xp.astype(ordered(flags, axis, descending), xp.int64)
        return _take_along(xp)(first, second, axis)

    return call


def _flat_places(xp: Any, shape: tuple[int, ...], index: Array, axis: int) -> Array:
    """The row-major positions that an index along an axis addresses."""
    flat = xp.zeros(index.shape, dtype=xp.int64)
    for i, n in enumerate(index.shape):
        if i == axis:
            part = xp.astype(index, xp.int64)
        else:
            line = xp.arange(n, dtype=xp.int64)
            part = xp.reshape(line, (-1,) + (1,) * (len(shape) - i - 1))
        flat = flat * shape[i] + part
    return xp.reshape(flat, (-1,))


def _take_along(xp: Any) -> Any:
    def call(x: Array, index: Array, axis: int) -> Array:
        check(xp, index, x.shape[axis], axis)
        if 0 in index.shape:
            return xp.zeros(index.shape, dtype=x.dtype)
        places = _flat_places(xp, x.shape, index, axis)
        return xp.reshape(xp.take(xp.reshape(x, (-1,)), places, axis=0), index.shape)

    return call


def _put_along(xp: Any) -> Any:
    def larger(old: Array, new: Array) -> Array:
        return xp.where((new > old) | (new != new), new, old)

    def smaller(old: Array, new: Array) -> Array:
        return xp.where((new < old) | (new != new), new, old)

    combine: dict[str, Callable[[Array, Array], Array]] = {
        "set": lambda old, new: new,
        "add": lambda old, new: old + new,
        "mul": lambda old, new: old * new,
        "amax": larger,
        "amin": smaller,
    }

    def call(base: Array, index: Array, source: Array, axis: int, mode: str) -> Array:
        check(xp, index, base.shape[axis], axis)
        out = xp.reshape(xp.asarray(base, copy=True), (-1,))
        if 0 not in index.shape:
            places = _flat_places(xp, base.shape, index, axis)
            flat = xp.reshape(source, (-1,))
            for i in range(math.prod(index.shape)):
                at = int(places[i])
                out[at] = combine[mode](out[at], flat[i])
        return xp.reshape(out, base.shape)

    return call


def ordering(xp: Any) -> dict[str, Any]:
    """Return the functions for sorting, and for gathering and scattering along an axis."""
    put = _put_along(xp)
    return {
        "argsort": _argsort(xp),
        "take_along": _take_along(xp),
        "put_along": put,
        "reduce_along": put,
    }
