"""Sorting, choosing, scanning and scattering: every form of a kernel, in both schedules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.backend_opencl._run_plan import FACTS, Sketch, run

Array = np.ndarray[Any, Any]


def hostile(seed: int, *shape: int, dtype: str = "float32") -> Array:
    """Numbers with many ties, both zeros, infinities and NaN."""
    x = np.round(np.random.default_rng(seed).standard_normal(shape) * 40).astype(dtype)
    if x.dtype.kind == "f":
        flat = x.reshape(-1)
        for step, value in ((7, 0.0), (11, -0.0), (13, np.nan), (17, np.inf), (19, -np.inf)):
            flat[::step] = value
    return x


def check(sketch: Sketch, *outputs: int, schedule: str, tolerance: float = 0) -> list[Any]:
    values, plan = run(sketch, *outputs, schedule_name=schedule)
    for got, want in zip(values, sketch.reference(*outputs), strict=True):
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)
    return [launch.label for launch in plan.launches]


@pytest.mark.parametrize("schedule", FACTS)
@pytest.mark.parametrize("dtype", ["float32", "int64", "int8"])
def test_sorts_of_all_lengths(schedule: str, dtype: str) -> None:
    """By insertion, by rows with digits of 8 and 11 bits, and in chunks."""
    sketch = Sketch()
    outputs = []
    for seed, (shape, axis) in enumerate(
        [
            ((9, 5), 1),
            ((5, 9), 0),
            ((40, 200), 1),
            ((8, 8200), 1),
            ((17000,), 0),
            ((2, 17000, 1), 1),
        ]
    ):
        x = sketch.input(hostile(seed, *shape, dtype=dtype))
        outputs.append(sketch("argsort", x, attrs=(axis, seed % 2 == 0)))
    labels = check(sketch, *outputs, schedule=schedule)
    assert "count of argsort" in labels
    assert "move of argsort" in labels or dtype == "int8"


@pytest.mark.parametrize("schedule", FACTS)
def test_a_sort_takes_its_producer_in(schedule: str) -> None:
    sketch = Sketch()
    x = sketch.input(hostile(1, 30, 40))
    turned = sketch("permute", sketch("neg", x), attrs=((1, 0),))
    labels = check(sketch, sketch("argsort", turned, attrs=(1, False)), schedule=schedule)
    assert labels == ["argsort"]


@pytest.mark.parametrize("schedule", FACTS)
def test_choosing_the_best(schedule: str) -> None:
    """In one pass over rows, in pieces of long rows, and by sorting where k is large."""
    sketch = Sketch()
    outputs = []
    for seed, (shape, axis, k) in enumerate(
        [((6, 133), 1, 5), ((50, 6), 0, 2), ((20000,), 0, 10), ((4, 300), 1, 80), ((3, 40), 1, 1)]
    ):
        for dtype in ("float32", "int16"):
            x = sketch.input(hostile(seed, *shape, dtype=dtype))
            outputs.append(sketch("topk", x, attrs=(axis, k, seed % 2 == 0)))
    labels = check(sketch, *outputs, schedule=schedule)
    assert "pieces of topk" in labels
    assert "argsort" in labels


@pytest.mark.parametrize("schedule", FACTS)
@pytest.mark.parametrize("op", ["cumsum", "cumprod", "cummax", "cummin"])
def test_scans(schedule: str, op: str) -> None:
    """Along rows and columns, and of a long line in chunks, with NaN on the way."""
    sketch = Sketch()
    rng = np.random.default_rng(0)
    outputs = []
    for shape, axis in [((5, 100), 1), ((100, 5), 0), ((40000,), 0), ((3, 40, 33), 1)]:
        x = rng.uniform(0.999, 1.001, shape).astype(np.float32)
        if op.startswith("cumm"):
            x = hostile(3, *shape)
            x[np.isnan(x) & (np.arange(x.size).reshape(shape) < x.size // 2)] = 0
        outputs.append(sketch(op, sketch.input(x), attrs=(axis,)))
    check(sketch, *outputs, schedule=schedule, tolerance=2e-4)


@pytest.mark.parametrize("schedule", FACTS)
@pytest.mark.parametrize("mode", ["set", "add", "mul", "amax", "amin"])
def test_scattering_along_an_axis(schedule: str, mode: str) -> None:
    """Owned columns, ranges of few columns, parts of a base, and many values in few places."""
    sketch = Sketch()
    rng = np.random.default_rng(1)
    outputs = []
    op = "put_along" if mode in ("set", "add") else "reduce_along"
    for shape, many, axis in [
        ((6, 40), (6, 90), 1),
        ((40, 6), (90, 5), 0),
        ((3, 9, 300), (2, 20, 290), 1),
        ((90,), (700,), 0),
        ((12,), (9000,), 0),
    ]:
        base = sketch.input(rng.uniform(0.9, 1.1, shape))
        index = sketch.input(rng.integers(0, shape[axis], many))
        source = sketch.input(rng.uniform(0.999, 1.001, many))
        outputs.append(sketch(op, base, index, source, attrs=(axis, mode)))
    labels = check(sketch, *outputs, schedule=schedule, tolerance=1e-9)
    assert (f"fill of {op}" in labels) == (mode != "set")


@pytest.mark.parametrize("schedule", FACTS)
def test_adding_rows(schedule: str) -> None:
    """Rows that are sorted by their places first, in tiles, with a tail, and of few elements."""
    sketch = Sketch()
    rng = np.random.default_rng(2)
    outputs = []
    for places, rows, width in ((9, 300, 16), (50, 70, 1100), (100, 64, 37), (7, 200, 3)):
        base = sketch.input(rng.standard_normal((places, width)))
        index = sketch.input(rng.integers(0, places, rows))
        source = sketch.input(rng.standard_normal((rows, width)))
        outputs.append(sketch("put", base, index, source, attrs=(0, "add")))
    labels = check(sketch, *outputs, schedule=schedule, tolerance=1e-9)
    assert ("order of put" in labels) == (schedule == "cpu")


@pytest.mark.parametrize("schedule", FACTS)
def test_values_that_go_to_a_place_each(schedule: str) -> None:
    sketch = Sketch()
    rng = np.random.default_rng(3)
    base, source = (sketch.input(rng.standard_normal(5000)) for _ in range(2))
    index = sketch.input(rng.permutation(5000))
    labels = check(sketch, sketch("put", base, index, source, attrs=(0, "once")), schedule=schedule)
    assert labels == ["copy of put", "put"]
