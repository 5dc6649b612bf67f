"""One NumPy function per operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from portfire import ops
from portfire._dtype import DType
from portfire_numpy._erf import erf
from portfire_numpy._recurrent import RECURRENT
from portfire_numpy._sorting import SORTING

__all__ = ["TABLE"]

Array = Any
Shape = tuple[int, ...]


def _floor_divide(x: Array, y: Array) -> Array:
    if x.dtype.kind == "f":
        return np.floor_divide(x, y)
    return np.where(
        y == 0, x.dtype.type(0), np.floor_divide(x, np.where(y == 0, y.dtype.type(1), y))
    )


def _remainder(x: Array, y: Array) -> Array:
    if x.dtype.kind == "f":
        return np.remainder(x, y)
    return np.where(y == 0, x.dtype.type(0), np.remainder(x, np.where(y == 0, y.dtype.type(1), y)))


def _cast(x: Array, dtype: DType) -> Array:
    return x.astype(dtype.numpy)


def _dot(x: Array, y: Array) -> Array:
    if x.dtype == np.float16:
        return np.matmul(x.astype(np.float32), y.astype(np.float32)).astype(x.dtype)
    return np.matmul(x, y)


def _full(shape: Shape, value: Any, dtype: DType) -> Array:
    """One element that is repeated by strides; whoever stores it makes it dense."""
    return np.broadcast_to(np.array(value, dtype.numpy), shape)


def _softmax(x: Array, dim: int) -> Array:
    powers = x - np.max(x, axis=dim, keepdims=True)
    np.exp(powers, out=powers)
    powers /= np.sum(powers, axis=dim, keepdims=True)
    return powers


def _log_softmax(x: Array, dim: int) -> Array:
    shifted = x - np.max(x, axis=dim, keepdims=True)
    shifted -= np.log(np.sum(np.exp(shifted), axis=dim, keepdims=True))
    return shifted


def _put(base: Array, index: Array, source: Array, axis: int, mode: str) -> Array:
    """Set the last of duplicates, or add in order: by a stable sort and segment sums."""
    n = base.shape[axis]
    _bounds(index, n, axis)
    flat = index.reshape(-1)
    out = np.array(base)
    if not flat.size:
        return out
    rows = source.reshape((*base.shape[:axis], flat.size, *base.shape[axis + 1 :]))
    target = np.moveaxis(out, axis, 0)
    moved = np.moveaxis(rows, axis, 0)
    if mode == "once":
        target[flat] = moved
        return out
    order = np.argsort(flat, kind="stable")
    ordered = flat[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    if mode == "add":
        target[ordered[starts]] += np.add.reduceat(moved[order], starts, axis=0, dtype=out.dtype)
    else:
        ends = np.r_[starts[1:], flat.size] - 1
        target[ordered[ends]] = moved[order[ends]]
    return out


def _bounds(index: Array, n: int, axis: int) -> None:
    if index.size:
        low, high = index.min(), index.max()
        if low < 0 or high >= n:
            value = low if low < 0 else high
            raise IndexError(f"index {value} is out of bounds for dimension {axis} with size {n}")


def _take(x: Array, index: Array, axis: int) -> Array:
    _bounds(index, x.shape[axis], axis)
    return np.take(x, index, axis=axis)


def _same(name: str) -> Callable[..., Any]:
    """Operators that are one NumPy function already in their definition."""
    return ops.lookup(name).reference


_SAME = (
    "neg abs sign exp log sqrt sin cos tanh log1p expm1 floor ceil trunc round invert "
    "tan asin acos atan sinh cosh asinh acosh atanh exp2 log2 log10 nextafter "
    "add sub mul div pow maximum minimum atan2 bitwise_and bitwise_or bitwise_xor shift_left "
    "shift_right eq ne lt le where reshape expand permute pad slice flip slice_update windows "
    "sum prod max min argmax argmin cumsum concat iota random_bits"
)

TABLE: dict[str, Callable[..., Any]] = {name: _same(name) for name in _SAME.split()}
TABLE.update(
    bitcast=lambda x, dtype: np.asarray(x).view(dtype.numpy),
    cast=_cast,
    dot=_dot,
    erf=erf,
    floor_divide=_floor_divide,
    full=_full,
    log_softmax=_log_softmax,
    put=_put,
    remainder=_remainder,
    softmax=_softmax,
    take=_take,
)
TABLE.update(RECURRENT)
TABLE.update(SORTING)
# Decompositions are NumPy, and so LAPACK, in their definition.
TABLE.update({op.name: op.reference for op in ops.registry() if op.kind is ops.Kind.HOST})
