"""Sorting, searching, and scattering along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from portfire import ops

__all__ = ["CLAIMS", "SORTING"]

Array = Any
CLAIMS = frozenset({"topk", "searchsorted", "logcumsumexp"})


def _sorted(x: Array, axis: int, descending: bool) -> Array:
    return ops.lookup("argsort").reference(x, axis, descending)


def _topk(x: Array, axis: int, k: int, largest: bool) -> Array:
    """Sort only what a partition leaves: the candidates, in their order in the array."""
    n = x.shape[axis]
    if 8 * k >= n or not k or x.dtype.kind != "f":
        return np.take(_sorted(x, axis, largest), np.arange(k), axis=axis)
    key = np.where(np.isnan(x), x.dtype.type(np.inf), x)
    key = -key if largest else key
    border = np.take(np.partition(key, k - 1, axis=axis), [k - 1], axis=axis)
    if np.isnan(x).any() or ((key <= border).sum(axis=axis) != k).any():
        # Ties at the border, or NaN beside infinity: the whole order decides.
        return np.take(_sorted(x, axis, largest), np.arange(k), axis=axis)
    found = np.argpartition(key, k - 1, axis=axis)
    found = np.sort(np.take(found, np.arange(k), axis=axis), axis=axis)
    order = np.argsort(np.take_along_axis(key, found, axis), axis=axis, kind="stable")
    return np.take_along_axis(found, order, axis).astype(np.int64, copy=False)


def _search(sequence: Array, values: Array, right: bool) -> Array:
    found = ops.lookup("searchsorted").reference(sequence, values, right)
    # No element is at or above NaN, so it goes to the end.
    return (
        np.where(values == values, found, sequence.shape[-1]) if values.dtype.kind == "f" else found
    )


def _logcumsumexp(x: Array, axis: int) -> Array:
    wide = np.float32 if x.dtype == np.float16 else x.dtype
    return np.logaddexp.accumulate(x, axis=axis, dtype=wide).astype(x.dtype, copy=False)


def _put_along(base: Array, index: Array, source: Array, axis: int, mode: str) -> Array:
    reference = ops.lookup("put_along").reference
    if mode != "add" or base.ndim != 1 or base.dtype not in (np.float32, np.float64):
        return reference(base, index, source, axis, mode)
    if index.size and (index.min() < 0 or index.max() >= base.size):
        return reference(base, index, source, axis, mode)  # which raises
    sums = np.bincount(index, weights=source, minlength=base.size)
    return base + sums.astype(base.dtype, copy=False)


SORTING: dict[str, Callable[..., Any]] = {
    name: ops.lookup(name).reference
    for name in ("cumprod", "cummax", "cummin", "take_along", "reduce_along", "argsort")
}
SORTING.update(logcumsumexp=_logcumsumexp, put_along=_put_along, searchsorted=_search, topk=_topk)
