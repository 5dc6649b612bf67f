"""One NumPy function per operator."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from portfire import ops
from portfire._dtype import DType

__all__ = ["TABLE"]

Array = Any
Shape = tuple[int, ...]


def _erf(x: Array) -> Array:
    """Erf as a rational function of x, by pieces; error below 1e-7 (float32) or exact (float64).

    Double precision goes through the C library, one element at a time: NumPy has no erf.
    """
    if x.dtype == np.float64:
        return _libm_erf(x).astype(x.dtype)
    return _erf_series(x.astype(np.float32)).astype(x.dtype)


_libm_erf = np.vectorize(math.erf, otypes=[np.float64])


def _erf_series(x: Array) -> Array:
    """Erf for float32, in double precision: by erfc's Chebyshev series, near 0 by Maclaurin's.

    Near 0 the first would subtract two numbers that are almost 1.
    """
    wide = x.astype(np.float64)
    size = np.abs(wide)
    t = 1.0 / (1.0 + 0.5 * size)
    poly = np.polynomial.chebyshev.chebval(2.0 * t - 1.0, _ERFC)
    tail = poly * t * np.exp(-size * size)
    near = wide * np.polynomial.polynomial.polyval(np.minimum(size, 0.25) ** 2, _MACLAURIN)
    far = np.copysign(1.0 - tail, x)
    return np.where(np.isnan(x), x, np.where(size < 0.25, near, far))


_MACLAURIN = [
    2 / math.sqrt(math.pi) * (-1) ** n / (math.factorial(n) * (2 * n + 1)) for n in range(10)
]


def _fit_erfc() -> Array:
    """Fit erfc(x) * exp(x*x) / t over t = 1 / (1 + x/2), which is smooth on (0, 1]."""
    nodes = np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    t = (nodes + 1.0) / 2.0
    size = (1.0 / t - 1.0) * 2.0
    values = np.array([_scaled_erfc(float(s)) for s in size]) / t
    return np.polynomial.chebyshev.chebfit(nodes, values, 28)


def _scaled_erfc(x: float) -> float:
    """erfc(x) * exp(x*x), by the continued fraction where the factors would underflow."""
    if x < 5.0:
        return math.erfc(x) * math.exp(x * x)
    fraction = x
    for n in range(60, 0, -1):
        fraction = x + (n / 2) / fraction
    return 1.0 / (fraction * math.sqrt(math.pi))


_ERFC = _fit_erfc()


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


def _sigmoid(x: Array) -> Array:
    result = np.negative(x)
    result = np.asarray(np.exp(result, out=result if result.ndim else None))
    result = result + x.dtype.type(1)
    return np.reciprocal(result)


def _relu(x: Array) -> Array:
    return np.where(x < 0, x.dtype.type(0), x)


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
    "add sub mul div pow maximum minimum atan2 bitwise_and bitwise_or bitwise_xor shift_left "
    "shift_right eq ne lt le where reshape expand permute pad slice flip slice_update windows "
    "sum prod max min argmax argmin cumsum concat iota random_bits"
)

TABLE: dict[str, Callable[..., Any]] = {name: _same(name) for name in _SAME.split()}
TABLE.update(
    cast=_cast,
    dot=_dot,
    erf=_erf,
    floor_divide=_floor_divide,
    full=_full,
    log_softmax=_log_softmax,
    put=_put,
    relu=_relu,
    remainder=_remainder,
    sigmoid=_sigmoid,
    softmax=_softmax,
    take=_take,
)
