"""From a record to arrays: the inputs of its samples, and the layouts they can lie in."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from portfire import _dtype as d
from portfire import _tensor
from portfire._dtype import BOOL, INTEGER, DType
from portfire._functions.creation import tensor
from portfire.ops._record import Operator, Sample, Spec

__all__ = [
    "LAYOUTS",
    "arrays_of",
    "dtypes_of",
    "edge_values",
    "fixed_dtypes",
    "numbers",
    "seed_of",
]

Array = np.ndarray[Any, Any]

# The letters of `Operator.dtypes`.
CATEGORIES: dict[str, tuple[DType, ...]] = {
    "b": (d.bool_,),
    "i": (d.uint8, d.int8, d.int16, d.int32, d.int64),
    "u": (d.uint32,),
    "f": (d.float16, d.float32, d.float64),
}


def dtypes_of(op: Operator) -> tuple[DType, ...]:
    """Return the dtypes that an operator's samples are drawn in, or come in without inputs."""
    if not any(sample.shapes for sample in op.samples):
        return tuple(dict.fromkeys(op.infer((), s.attrs).dtype for s in op.samples))
    return tuple(dtype for letter in op.dtypes for dtype in CATEGORIES[letter])


def fixed_dtypes(op: Operator, sample: Sample) -> tuple[DType | None, ...]:
    """Return, per input, the dtype that it has whatever dtype is tested; None where it varies.

    The shape rule knows: of all ways to make inputs something else than floats, it is the one
    with the fewest changes that the rule accepts. So conditions and indices need no list.
    """
    count = len(sample.shapes)
    others = (None, d.int64, d.bool_, d.int32)
    choices = sorted(
        itertools.product(others, repeat=count), key=lambda c: sum(x is not None for x in c)
    )
    for choice in choices:
        specs = tuple(
            Spec(shape, dtype or d.float32)
            for shape, dtype in zip(sample.shapes, choice, strict=True)
        )
        try:
            op.infer(specs, sample.attrs)
        except (RuntimeError, TypeError, IndexError):
            continue
        return tuple(choice)
    raise ValueError(f"the shape rule of {op.name} accepts no dtypes for the sample {sample}")


def seed_of(*parts: object) -> int:
    """Return a seed made of the text of some objects; the same in every process."""
    return zlib.crc32("/".join(map(str, parts)).encode())


def numbers(
    rng: np.random.Generator, shape: tuple[int, ...], dtype: DType, low: float, high: float
) -> Array:
    """Draw elements between two bounds in a dtype; random bits for ``uint32``."""
    if dtype.category == BOOL:
        return np.asarray(rng.random(shape) < 0.5)
    if dtype is d.uint32:
        return np.asarray(rng.integers(0, 1 << 32, shape), np.uint32)
    if dtype.category == INTEGER:
        first = math.ceil(low) if dtype.is_signed else max(math.ceil(low), 0)
        return np.asarray(rng.integers(first, max(math.floor(high), first) + 1, shape), dtype.numpy)
    return np.asarray(rng.uniform(low, high, shape), dtype.numpy)


def arrays_of(op: Operator, sample: Sample, dtype: DType, seed: int = 0) -> list[Array]:
    """Return inputs for one sample of an operator; the same ones for the same arguments."""
    rng = np.random.default_rng(seed_of(op.name, sample, seed))
    arrays = []
    for shape, fixed in zip(sample.shapes, fixed_dtypes(op, sample), strict=True):
        if fixed is None:
            arrays.append(numbers(rng, shape, dtype, sample.low, sample.high))
        elif fixed.category == BOOL:
            arrays.append(np.asarray(rng.random(shape) < 0.5))
        else:
            arrays.append(np.asarray(rng.integers(0, sample.extent, shape), fixed.numpy))
    return arrays


def edge_values(dtype: DType) -> Array:
    """Return the values at which implementations go wrong: limits, zeros, infinities, NaN."""
    if dtype.category == BOOL:
        return np.array([False, True])
    if dtype.category == INTEGER:
        info = np.iinfo(dtype.numpy)
        return np.array(
            [info.min, info.min + 1, 0, 1, 2, 3, 7, info.max - 1, info.max], dtype.numpy
        )
    some = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 2.5, -2.5, 3.0, 100.0, -100.0]
    special = [math.inf, -math.inf, math.nan]
    return np.array([*some, float(np.finfo(dtype.numpy).max), *special], dtype.numpy)


# Layouts: each gives a tensor, and the array that it has to equal. What lies between the elements
# is NaN (or the largest integer), so that whoever reads it is found out.


def _filler(array: Array) -> Any:
    kind = array.dtype.kind
    if kind == "f":
        return math.nan
    return True if kind == "b" else np.iinfo(array.dtype).max


def _contiguous(array: Array, device: Any) -> tuple[_tensor.Tensor, Array]:
    return tensor(array, device=device), array


def _transposed(array: Array, device: Any) -> tuple[_tensor.Tensor, Array]:
    return tensor(array.T, device=device).T, array


def _stepped(array: Array, device: Any) -> tuple[_tensor.Tensor, Array]:
    wide = np.full([2 * n for n in array.shape], _filler(array), array.dtype)
    wide[(slice(None, None, 2),) * array.ndim] = array
    return tensor(wide, device=device)[(slice(None, None, 2),) * array.ndim], array


def _offset(array: Array, device: Any) -> tuple[_tensor.Tensor, Array]:
    wide = np.full([n + 3 for n in array.shape], _filler(array), array.dtype)
    wide[tuple(slice(2, 2 + n) for n in array.shape)] = array
    return tensor(wide, device=device)[tuple(slice(2, 2 + n) for n in array.shape)], array


def _expanded(array: Array, device: Any) -> tuple[_tensor.Tensor, Array]:
    """One row, repeated; an empty array, and one without dimensions, stays as it is."""
    if not array.ndim or not array.size:
        return tensor(array, device=device), array
    row = array[:1]
    return tensor(row, device=device).expand(array.shape), np.broadcast_to(row, array.shape).copy()


def _flipped(array: Array, device: Any) -> tuple[_tensor.Tensor, Array]:
    """Backwards in memory, where a backend lets a reader walk that way."""
    axes = tuple(range(array.ndim))
    return tensor(np.flip(array).copy(), device=device).flip(axes), array


def _pending(array: Array, device: Any) -> tuple[_tensor.Tensor, Array]:
    """Not computed yet, so that it can melt into its reader."""
    return tensor(array.reshape(-1), device=device).clone().reshape(array.shape), array


LAYOUTS: dict[str, Callable[[Array, Any], tuple[_tensor.Tensor, Array]]] = {
    "contiguous": _contiguous,
    "transposed": _transposed,
    "stepped": _stepped,
    "offset": _offset,
    "expanded": _expanded,
    "flipped": _flipped,
    "pending": _pending,
}
