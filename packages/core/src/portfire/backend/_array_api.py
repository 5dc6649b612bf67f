"""The array-API base: a backend from any namespace of the Python array API standard (2022.12)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from portfire import _dtype
from portfire._dtype import DType
from portfire.backend._array_api_order import check, ordering, scan
from portfire.backend._interpreter import PerOperatorRuntime
from portfire.ops._record import Shape
from portfire.ops._reduction import highest, lowest
from portfire.ops._source import PARITY, ROTATIONS

__all__ = ["ArrayAPIRuntime"]

Array = Any


class ArrayAPIRuntime(PerOperatorRuntime):
    """A runtime over a namespace such as ``cupy``, ``jax.numpy`` or ``array_api_strict``.

    Args:
        xp: the namespace.
        name: what the device is called.
        to_device: makes an array of the namespace from a host array; ``xp.asarray`` by default.
        to_host: makes a host array; ``numpy.asarray`` by default.

    Example:
        >>> import numpy
        >>> from portfire.backend import ArrayAPIRuntime
        >>> ArrayAPIRuntime(numpy, "numpy").name
        'numpy'
    """

    def __init__(
        self,
        xp: Any,
        name: str,
        to_device: Callable[[Any], Any] | None = None,
        to_host: Callable[[Any], Any] | None = None,
    ) -> None:
        self.xp = xp
        self.name = name
        self._to_device = to_device or xp.asarray
        self._to_host = to_host or np.asarray
        self.dtypes = frozenset(
            d for d in _dtype.ALL if hasattr(xp, "bool" if d is _dtype.bool_ else d.name)
        )
        self.table = _table(xp, self.native)
        self.table["bitcast"] = self._bitcast

    def native(self, dtype: DType) -> Any:
        """The namespace's dtype object."""
        name = "bool" if dtype is _dtype.bool_ else dtype.name
        return getattr(self.xp, name)

    def _bitcast(self, x: Array, dtype: DType) -> Array:
        """See the bits as another type; the standard has no function for that, but the host has."""
        if hasattr(x, "view"):
            return x.view(self.native(dtype))
        return self._to_device(np.asarray(self._to_host(x)).view(dtype.numpy))

    def upload(self, array: np.ndarray[Any, Any]) -> Array:
        """Copy a host array to the device."""
        return self._to_device(np.array(array))

    def download(self, buffer: Array, shape: Shape, dtype: DType) -> np.ndarray[Any, Any]:
        """Copy a buffer to the host."""
        host = np.asarray(self._to_host(buffer), dtype=dtype.numpy)
        return np.array(host.reshape(shape), order="C")


LATE = ("nextafter",)  # in the standard since 2024.12; a namespace without it lacks the operator


def _table(xp: Any, native: Callable[[DType], Any]) -> dict[str, Any]:
    """Every primitive in terms of the standard's functions."""
    table = _elementwise(xp, native)
    table.update(_movement(xp))
    table.update(_reductions(xp, native))
    table.update(_indexing(xp))
    table.update(ordering(xp))
    table.update(_sources(xp, native))
    return table


def _is_float(xp: Any, x: Array) -> bool:
    return bool(xp.isdtype(x.dtype, "real floating"))


def _is_bool(xp: Any, x: Array) -> bool:
    return bool(xp.isdtype(x.dtype, "bool"))


def _elementwise(xp: Any, native: Callable[[DType], Any]) -> dict[str, Any]:
    def by_kind(number: Any, boolean: Any) -> Any:
        return lambda x, y: boolean(x, y) if _is_bool(xp, x) else number(x, y)

    def guarded(function: Any) -> Any:
        def call(x: Array, y: Array) -> Array:
            if _is_float(xp, x):
                return function(x, y)
            zero = y == xp.zeros_like(y)
            safe = xp.where(zero, xp.ones_like(y), y)
            result = function(x, safe)
            return xp.where(zero, xp.zeros_like(result), result)

        return call

    def erf(x: Array) -> Array:
        """Abramowitz and Stegun are too coarse: the series below 2, the fraction above."""
        return _erf(xp, x)

    names = {
        "neg": "negative", "abs": "abs", "sign": "sign", "exp": "exp", "log": "log", "sqrt": "sqrt",
        "sin": "sin", "cos": "cos", "tanh": "tanh", "log1p": "log1p", "expm1": "expm1",
        "tan": "tan", "asin": "asin", "acos": "acos", "atan": "atan", "sinh": "sinh",
        "cosh": "cosh", "asinh": "asinh", "acosh": "acosh", "atanh": "atanh", "log2": "log2",
        "log10": "log10", "nextafter": "nextafter",
        "floor": "floor", "ceil": "ceil", "trunc": "trunc", "round": "round", "sub": "subtract",
        "div": "divide", "pow": "pow", "atan2": "atan2", "eq": "equal", "ne": "not_equal",
        "bitwise_xor": "bitwise_xor", "shift_left": "bitwise_left_shift",
        "shift_right": "bitwise_right_shift", "bitwise_and": "bitwise_and",
        "bitwise_or": "bitwise_or", "lt": "less", "le": "less_equal",
    }  # fmt: skip
    table: dict[str, Any] = {
        op: getattr(xp, name) for op, name in names.items() if name not in LATE or hasattr(xp, name)
    }

    def ordered(compare: Any) -> Any:
        """The standard does not order bools; as integers they are ordered."""

        def call(x: Array, y: Array) -> Array:
            if _is_bool(xp, x):
                x, y = xp.astype(x, xp.uint8), xp.astype(y, xp.uint8)
            return compare(x, y)

        return call

    def pick(takes_first: Any, boolean: Any) -> Any:
        def call(x: Array, y: Array) -> Array:
            if _is_bool(xp, x):
                return boolean(x, y)
            first = takes_first(x, y)
            if _is_float(xp, x):
                first = first | xp.isnan(x)
            return xp.where(first, x, y)

        return call

    table.update(
        lt=ordered(xp.less),
        le=ordered(xp.less_equal),
        erf=erf,
        exp2=lambda x: xp.pow(xp.full_like(x, 2), x),
        invert=lambda x: xp.logical_not(x) if _is_bool(xp, x) else xp.bitwise_invert(x),
        add=by_kind(xp.add, xp.logical_or),
        mul=by_kind(xp.multiply, xp.logical_and),
        floor_divide=guarded(xp.floor_divide),
        remainder=guarded(xp.remainder),
        maximum=pick(lambda x, y: x > y, xp.logical_or),
        minimum=pick(lambda x, y: x < y, xp.logical_and),
        where=xp.where,
        cast=lambda x, dtype: _cast(xp, x, native(dtype)),
    )
    return table


def _cast(xp: Any, x: Array, dtype: Any) -> Array:
    if xp.isdtype(dtype, "bool") and not _is_bool(xp, x):
        return x != xp.zeros_like(x)
    return xp.astype(x, dtype)


def _erf(xp: Any, x: Array) -> Array:
    """Erf by its Maclaurin series, and beyond 2.5 by the continued fraction of erfc."""
    size = xp.abs(x)
    small = xp.where(size < 2.5, x, xp.zeros_like(x))
    square = small * small
    term, total = small, small
    for n in range(1, 40):
        term = term * square * (-1.0 / n)
        total = total + term * (1.0 / (2 * n + 1))
    series = total * (2 / math.sqrt(math.pi))
    large = xp.where(size < 2.5, xp.ones_like(x) * 2.5, size)
    fraction = large
    for n in range(40, 0, -1):
        fraction = large + (n / 2) / fraction
    tail = 1.0 - xp.exp(-large * large) / (fraction * math.sqrt(math.pi))
    result = xp.where(size < 2.5, series, xp.sign(x) * tail)
    return xp.where(x != x, x, result)


def _movement(xp: Any) -> dict[str, Any]:
    def inside(shape: Shape, starts: Shape, steps: Shape) -> tuple[slice, ...]:
        return tuple(
            # The standard allows no bound beyond the end.
            slice(s, s + (n - 1) * st + 1 if n else s, st)
            for n, s, st in zip(shape, starts, steps, strict=True)
        )

    def pad(x: Array, low: Shape, high: Shape, step: Shape) -> Array:
        shape = tuple(
            lo + ((n - 1) * st + 1 if n else 0) + hi
            for n, lo, hi, st in zip(x.shape, low, high, step, strict=True)
        )
        out = xp.zeros(shape, dtype=x.dtype)
        out[inside(x.shape, low, step)] = x
        return out

    def update(base: Array, x: Array, starts: Shape, sizes: Shape, steps: Shape) -> Array:
        out = xp.asarray(base, copy=True)
        out[inside(sizes, starts, steps)] = x
        return out

    def windows(x: Array, axes: Shape, sizes: Shape, strides: Shape, dilations: Shape) -> Array:
        """The position in a window picks a shifted slice; the slices are stacked at the end."""
        parts = []
        for tap in np.ndindex(*sizes):
            key = [slice(None)] * x.ndim
            for axis, at, size, stride, dilation in zip(
                axes, tap, sizes, strides, dilations, strict=True
            ):
                count = (x.shape[axis] - dilation * (size - 1) - 1) // stride + 1
                start = at * dilation
                key[axis] = slice(start, start + (count - 1) * stride + 1, stride)
            parts.append(x[tuple(key)])
        stacked = xp.stack(parts, axis=-1)
        return xp.reshape(stacked, (*stacked.shape[:-1], *sizes))

    return {
        "reshape": lambda x, shape: xp.reshape(x, shape),
        "expand": lambda x, shape: xp.broadcast_to(x, shape),
        "permute": lambda x, axes: xp.permute_dims(x, axes),
        "pad": pad,
        "slice": lambda x, starts, sizes, steps: x[inside(sizes, starts, steps)],
        "flip": lambda x, axes: xp.flip(x, axis=axes),
        "slice_update": update,
        "windows": windows,
        "concat": lambda *args: xp.concat(args[:-1], axis=args[-1]),
        "dot": lambda x, y: xp.matmul(x, y),
    }


def _reductions(xp: Any, native: Callable[[DType], Any]) -> dict[str, Any]:
    def extreme(function: Any, boolean: Any, identity: Any) -> Any:
        def call(x: Array, axes: Shape) -> Array:
            if _is_bool(xp, x):
                return boolean(x, axis=axes)
            shape = tuple(n for i, n in enumerate(x.shape) if i not in axes)
            if 0 in x.shape:
                kind = np.dtype(str(x.dtype).rsplit(".", 1)[-1])
                return xp.full(shape, identity(kind), dtype=x.dtype)
            return function(x, axis=axes)

        return call

    def arg(function: Any, nan_wins: Any) -> Any:
        def call(x: Array, axis: int) -> Array:
            if _is_bool(xp, x):
                x = xp.astype(x, xp.uint8)
            if _is_float(xp, x):
                missing = xp.isnan(x)
                x = xp.where(missing, xp.ones_like(x) * nan_wins, x)
                # A NaN stands before an equal infinity: find the first NaN where there is one.
                first = xp.argmax(xp.astype(missing, xp.uint8), axis=axis)
                some = xp.any(missing, axis=axis)
                return xp.astype(xp.where(some, first, function(x, axis=axis)), xp.int64)
            return xp.astype(function(x, axis=axis), xp.int64)

        return call

    return {
        "sum": lambda x, axes: xp.sum(x, axis=axes, dtype=x.dtype),
        "prod": lambda x, axes: xp.prod(x, axis=axes, dtype=x.dtype),
        "max": extreme(xp.max, xp.any, lowest),
        "min": extreme(xp.min, xp.all, highest),
        "argmax": arg(xp.argmax, math.inf),
        "argmin": arg(xp.argmin, -math.inf),
        "cumsum": lambda x, axis: xp.cumulative_sum(x, axis=axis, dtype=x.dtype),
        "cumprod": scan(xp, lambda a, b: a * b),
        "cummax": scan(xp, lambda a, b: xp.where((b >= a) | (b != b), b, a)),
        "cummin": scan(xp, lambda a, b: xp.where((b <= a) | (b != b), b, a)),
    }


def _indexing(xp: Any) -> dict[str, Any]:
    def take(x: Array, index: Array, axis: int) -> Array:
        check(xp, index, x.shape[axis], axis)
        flat = xp.take(x, xp.reshape(index, (-1,)), axis=axis)
        return xp.reshape(flat, (*x.shape[:axis], *index.shape, *x.shape[axis + 1 :]))

    def put(base: Array, index: Array, source: Array, axis: int, mode: str) -> Array:
        """One position at a time: the standard has no scatter."""
        check(xp, index, base.shape[axis], axis)
        out = xp.asarray(base, copy=True)
        count = math.prod(index.shape)
        rows = xp.reshape(source, (*base.shape[:axis], count, *base.shape[axis + 1 :]))
        flat = xp.reshape(index, (-1,))
        head = (slice(None),) * axis
        for i in range(count):
            at: Any = (*head, int(flat[i]), Ellipsis)
            from_: Any = (*head, i, Ellipsis)
            row = rows[from_]
            out[at] = out[at] + row if mode == "add" else row
        return out

    return {"take": take, "put": put}


def _sources(xp: Any, native: Callable[[DType], Any]) -> dict[str, Any]:
    def iota(shape: Shape, axis: int, dtype: DType) -> Array:
        line = xp.arange(shape[axis], dtype=native(dtype))
        line = xp.reshape(line, (-1,) + (1,) * (len(shape) - axis - 1))
        return xp.broadcast_to(line, shape)

    def random_bits(k0: Array, k1: Array, c1: Array, shape: Shape) -> Array:
        """Threefry in uint64, cut to 32 bits after each step."""
        wide, mask = xp.uint64, (1 << 32) - 1
        words = [xp.astype(k, wide) for k in (k0, k1, c1)]

        def number(n: int) -> Array:
            return xp.asarray(n, dtype=wide)

        def cut(x: Array) -> Array:
            return xp.bitwise_and(x, number(mask))

        keys = [words[0], words[1], words[0] ^ words[1] ^ number(PARITY)]
        x0 = xp.reshape(xp.arange(math.prod(shape), dtype=wide), shape)
        x0, x1 = cut(x0 + keys[0]), cut(words[2] + keys[1] + xp.zeros_like(x0))
        for group in range(5):
            for rotation in ROTATIONS[:4] if group % 2 == 0 else ROTATIONS[4:]:
                x0 = cut(x0 + x1)
                left = xp.bitwise_left_shift(x1, number(rotation))
                x1 = cut(left) | xp.bitwise_right_shift(x1, number(32 - rotation))
                x1 = x1 ^ x0
            x0 = cut(x0 + keys[(group + 1) % 3])
            x1 = cut(x1 + keys[(group + 2) % 3] + number(group + 1))
        return xp.astype(x0, xp.uint32)

    return {
        "full": lambda shape, value, dtype: xp.full(shape, value, dtype=native(dtype)),
        "iota": iota,
        "random_bits": random_bits,
    }
