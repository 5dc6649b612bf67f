"""Composites on integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire.ops import _elementwise as e
from portfire.ops._record import Kind, Operator, Sample, lookup, register

# Steps of Euclid's algorithm for one bit: consecutive Fibonacci numbers take the most.
_STEPS_PER_BIT = 1.4405


def _gcd(x: Any, y: Any) -> Any:
    a, b = x.abs(), y.abs()
    for _ in range(int(8 * x._dtype.itemsize * _STEPS_PER_BIT) + 1):
        # An integer modulo 0 gives 0, so that a divisor, once found, stays.
        rest = dispatch.apply(e.REMAINDER, (a, b))
        a, b = dispatch.where(b == 0, a, b), rest
    return a.abs()  # the smallest integer is its own negative


GCD = register(
    Operator(
        name="gcd",
        kind=Kind.COMPOSITE,
        infer=lookup("remainder").infer,
        reference=np.gcd,
        decompose=_gcd,
        samples=tuple(Sample((s, s), (), -40, 40) for s in ((3, 4), (), (0, 3), (2, 33))),
        errors=lookup("remainder").errors,
        dtypes="i",
        doc="The greatest common divisor.",
    )
)
