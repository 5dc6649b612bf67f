"""Operators without array inputs, and the leaves of a program."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from portfire._dtype import DType, float32, int64, uint32
from portfire.ops._record import Attrs, Kind, Operator, Sample, Shape, Spec, register


def _no_reference(*args: Any) -> Any:
    raise RuntimeError("a leaf has no value of its own; it is bound when a program runs")


INPUT = register(
    Operator(
        name="input",
        kind=Kind.SOURCE,
        infer=lambda specs, attrs: Spec(attrs[1], attrs[2]),
        reference=_no_reference,
        attrs=("slot", "shape", "dtype"),
        doc="A buffer that exists before the program runs.",
    )
)

SCALAR = register(
    Operator(
        name="scalar",
        kind=Kind.SOURCE,
        infer=lambda specs, attrs: Spec((), attrs[1]),
        reference=_no_reference,
        attrs=("slot", "dtype"),
        doc="A Python number, passed when the program runs.",
    )
)


def _full(shape: Shape, value: Any, dtype: DType) -> Any:
    return np.full(shape, value, dtype.numpy)


FULL = register(
    Operator(
        name="full",
        kind=Kind.SOURCE,
        infer=lambda specs, attrs: Spec(attrs[0], attrs[2]),
        reference=_full,
        attrs=("shape", "value", "dtype"),
        samples=(Sample((), ((2, 3), 1.5, float32)), Sample((), ((), 7, int64))),
        doc="A constant.",
    )
)


def _iota(shape: Shape, axis: int, dtype: DType) -> Any:
    column = np.arange(shape[axis], dtype=dtype.numpy)
    return np.broadcast_to(column.reshape((-1,) + (1,) * (len(shape) - axis - 1)), shape)


IOTA = register(
    Operator(
        name="iota",
        kind=Kind.SOURCE,
        infer=lambda specs, attrs: Spec(attrs[0], attrs[2]),
        reference=_iota,
        attrs=("shape", "axis", "dtype"),
        samples=(
            Sample((), ((5,), 0, int64)),
            Sample((), ((2, 3), 1, float32)),
            Sample((), ((2, 3), 0, int64)),
        ),
        doc="The position along an axis.",
    )
)

# Threefry-2x32 with 20 rounds: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
ROTATIONS = (13, 15, 26, 6, 17, 29, 16, 24)
PARITY = 0x1BD11BDA


def threefry(k0: Any, k1: Any, c0: Any, c1: Any) -> Any:
    """First output word of Threefry-2x32-20, elementwise over uint32 arrays."""
    keys = (k0, k1, k0 ^ k1 ^ np.uint32(PARITY))
    x0, x1 = c0 + keys[0], c1 + keys[1]
    for group in range(5):
        for rotation in ROTATIONS[:4] if group % 2 == 0 else ROTATIONS[4:]:
            x0 = x0 + x1
            x1 = (x1 << np.uint32(rotation)) | (x1 >> np.uint32(32 - rotation))
            x1 = x1 ^ x0
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + np.uint32(group + 1)
    return x0


def _random_bits(k0: Any, k1: Any, c1: Any, shape: Shape) -> Any:
    count = np.arange(math.prod(shape), dtype=np.uint64).astype(np.uint32).reshape(shape)
    with np.errstate(over="ignore"):
        words = [np.asarray(k, np.uint32) for k in (k0, k1, c1)]
        return np.asarray(threefry(words[0], words[1], count, words[2]), np.uint32)


RANDOM_BITS = register(
    Operator(
        name="random_bits",
        kind=Kind.SOURCE,
        infer=lambda specs, attrs: Spec(attrs[0], uint32),
        reference=_random_bits,
        attrs=("shape",),
        samples=(Sample(((), (), ()), ((1000,),)), Sample(((), (), ()), ((3, 5),))),
        dtypes="u",
        doc="32 random bits per element from two key words and one counter word.",
    )
)


def is_leaf(op: Operator) -> bool:
    """True for the operators that stand for something given to a program."""
    return op is INPUT or op is SCALAR


__all__ = ["FULL", "INPUT", "IOTA", "RANDOM_BITS", "SCALAR", "Attrs", "is_leaf", "threefry"]
