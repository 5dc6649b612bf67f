"""The generator's own elementary functions: errors in units of the last place, special values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.backend_opencl._run_plan import Sketch, run

LIMITS: dict[str, tuple[Callable[..., Any], float]] = {
    "exp": (np.exp, 1.1),
    "log": (np.log, 1.0),
    "tanh": (np.tanh, 3.0),
    "erf": (np.vectorize(math.erf, otypes=[float]), 2.0),
    "log1p": (np.log1p, 2.0),
    "expm1": (np.expm1, 2.0),
}
STRIDE = 10007  # every so-many-th of all floats


@pytest.mark.parametrize("name", LIMITS)
def test_error_over_all_floats(name: str) -> None:
    function, limit = LIMITS[name]
    bits = np.arange(0, 2**32, STRIDE, dtype=np.uint64).astype(np.uint32)
    edges = [0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 88.72283, 88.8, -103.9, 1e-45, -1e-45]
    near = (np.linspace(-6, 6, 100_003), np.linspace(0.9, 1.1, 20_001))
    parts = [bits.view(np.float32), *(np.asarray(part, np.float32) for part in (edges, *near))]
    x = np.concatenate(parts)
    sketch = Sketch()
    (got,), _ = run(sketch, sketch(name, sketch.input(x)))
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.float64))
        want = exact.astype(np.float32)
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        far = np.isinf(want)
        np.testing.assert_array_equal(got[far], want[far])
        finite = np.isfinite(want) & np.isfinite(got)
        unit = np.maximum(np.spacing(np.abs(want[finite])), np.float32(1.5e-45)).astype(np.float64)
        error = np.abs(got[finite].astype(np.float64) - exact[finite]) / unit
    assert error.max() <= limit
