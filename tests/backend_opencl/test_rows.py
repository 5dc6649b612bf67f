"""Rows of every length: whole vectors, a last vector that reaches back, several accumulators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backend_opencl._run_plan import Sketch, check
from tests.backend_opencl.test_codegen import random, softmax

LENGTHS = (5, 14, 31, 33, 100, 1035)  # narrower than a vector, not a multiple of one, long


@pytest.mark.parametrize("schedule", ["cpu", "gpu"])
@pytest.mark.parametrize("op", ["sum", "prod", "max", "min"])
def test_reductions(op: str, schedule: str) -> None:
    sketch = Sketch()
    inputs = [sketch.input(random(n, 6, n) * 0.1 + 1) for n in LENGTHS]
    check(
        sketch,
        *(sketch(op, x, attrs=((1,),)) for x in inputs),
        schedule_name=schedule,
        scale=10,
    )


def test_softmax_of_narrow_rows() -> None:
    """Its last phase stores some elements twice."""
    sketch = Sketch()
    check(sketch, *(softmax(sketch, sketch.input(random(n, 9, n))) for n in LENGTHS))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, np.int64])
def test_long_rows_with_nan(dtype: Any) -> None:
    """Wherever it lies, NaN is the extreme: for each accumulator, and in the last vector."""
    a = (random(0, 12, 1035) * 50).astype(dtype)
    if a.dtype.kind == "f":
        for row, place in enumerate((0, 17, 33, 63, 64, 1023, 1024, 1034)):
            a[row, place] = np.nan
        a[8] = -np.inf
    sketch = Sketch()
    x = sketch.input(a)
    roots = [sketch(op, x, attrs=((1,),)) for op in ("max", "min")]
    check(sketch, *roots, sketch("argmax", x, attrs=(1,)), sketch("argmin", x, attrs=(1,)))


@pytest.mark.parametrize("shape", [(4096, 1030), (2, 4100, 520)])
def test_large_columns(shape: tuple[int, ...]) -> None:
    """Cut into bands of rows; a remainder of columns, and a shorter last band."""
    axis = len(shape) - 2
    sketch = Sketch()
    x = sketch.input(np.round(random(0, *shape) * 8))
    roots = [sketch(op, x, attrs=((axis,),)) for op in ("sum", "max")]
    plan = check(sketch, *roots)
    assert len(plan.launches) > 1, "bands are joined by a second launch"
