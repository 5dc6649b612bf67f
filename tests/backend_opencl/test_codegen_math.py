"""The generator's own elementary functions: errors in units of the last place, special values."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from portfire_opencl.codegen import schedule
from tests.backend_opencl._run_plan import CPU, Sketch, run

LIMITS: dict[str, tuple[Callable[..., Any], float]] = {
    "exp": (np.exp, 1.1),
    "exp2": (np.exp2, 1.1),
    "expm1": (np.expm1, 2.0),
    "log": (np.log, 1.0),
    "log2": (np.log2, 2.0),
    "log10": (np.log10, 2.0),
    "log1p": (np.log1p, 2.0),
    "sin": (np.sin, 2.5),
    "cos": (np.cos, 2.0),
    "tan": (np.tan, 4.0),
    "asin": (np.arcsin, 3.0),
    "acos": (np.arccos, 3.0),
    "atan": (np.arctan, 2.0),
    "sinh": (np.sinh, 3.0),
    "cosh": (np.cosh, 2.0),
    "tanh": (np.tanh, 3.0),
    "asinh": (np.arcsinh, 4.0),
    "acosh": (np.arccosh, 4.0),
    "atanh": (np.arctanh, 4.0),
    "erf": (np.vectorize(math.erf, otypes=[float]), 2.0),
}
STRIDE = 10007  # every so-many-th of all floats
EDGES = [0, 1, 0.5, 88.72283, 88.8, 89.4, 103.9, 127.9, 128, 149, 1e9, 3e38, 1e-45, 1e-38]


def errors(got: Any, exact: Any) -> Any:
    """The error of each element in units of the last place; where NaN or infinite it must agree."""
    with np.errstate(all="ignore"):
        want = exact.astype(np.float32)
        np.testing.assert_array_equal(np.isnan(got), np.isnan(want))
        far = np.isinf(want)
        np.testing.assert_array_equal(got[far], want[far])
        zero = want == 0
        np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]))
        finite = np.isfinite(want) & np.isfinite(got)
        unit = np.maximum(np.spacing(np.abs(want[finite])), np.float32(1.5e-45)).astype(np.float64)
        return np.abs(got[finite].astype(np.float64) - exact[finite]) / unit


@pytest.mark.parametrize("name", LIMITS)
def test_error_over_all_floats(name: str) -> None:
    function, limit = LIMITS[name]
    bits = np.arange(0, 2**32, STRIDE, dtype=np.uint64).astype(np.uint32)
    edges = [*EDGES, *(-e for e in EDGES), -0.0, np.inf, -np.inf, np.nan]
    near = (np.linspace(-6, 6, 100_003), np.linspace(0.9, 1.1, 20_001))
    turns = np.arange(1, 20_001) * (np.pi / 2)  # where the reduced angle is smallest
    parts = [np.asarray(part, np.float32) for part in (edges, *near, turns)]
    x = np.concatenate([bits.view(np.float32), *parts])
    sketch = Sketch()
    (got,), _ = run(sketch, sketch(name, sketch.input(x)))
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.float64))
    assert errors(got, exact).max() <= limit


def _pairs() -> tuple[Any, Any]:
    """Every pair of special values, and many of the others."""
    rng = np.random.default_rng(0)
    some = [0, 0.5, 1, 1.5, 2, 3, 4, 5, 100, 3e38, 1e-45, 16777215, 16777217, np.inf]
    values = np.array([*some, *(-v for v in some), np.nan], np.float32)
    x, y = (grid.reshape(-1) for grid in np.meshgrid(values, values))
    bits = rng.integers(0, 2**32, (2, 100_000), dtype=np.uint64).astype(np.uint32)
    wild = bits.view(np.float32)
    tame = rng.uniform(0, 20, 100_000), rng.uniform(-30, 30, 100_000)
    near = rng.uniform(0.99, 1.01, 100_000), rng.uniform(-9000, 9000, 100_000)
    whole = rng.uniform(-9, 9, 100_000), rng.integers(-20, 20, 100_000)
    columns = [(x, y), wild, tame, near, whole]
    return tuple(np.concatenate([np.asarray(c[n], np.float32) for c in columns]) for n in range(2))


@pytest.mark.parametrize(("name", "limit"), [("pow", 1.0), ("atan2", 3.0)])
def test_error_over_pairs(name: str, limit: float) -> None:
    x, y = _pairs()
    sketch = Sketch()
    (got,), _ = run(sketch, sketch(name, sketch.input(x), sketch.input(y)))
    function = np.power if name == "pow" else np.arctan2
    with np.errstate(all="ignore"):
        exact = function(x.astype(np.float64), y.astype(np.float64))
    assert errors(got, exact).max() <= limit


def test_one_lane_and_few_lanes() -> None:
    """The same text, as scalars and as short vectors."""
    x = np.array([0.3, 20000.0, -7.0, 1e30, 0.9, 2.0, np.inf], np.float32)
    for count in (1, 3, 4, 7):
        sketch = Sketch()
        v = sketch.input(x[:count])
        two = sketch.input(np.full(count, 2.5, np.float32))
        names = ("sin", "tan", "asinh", "log2", "sinh")
        roots = [sketch(name, v) for name in names] + [sketch("pow", v, two)]
        got, _ = run(sketch, *roots)
        for found, wanted in zip(got, sketch.reference(*roots), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-6)


@pytest.mark.parametrize("doubles", [True, False])
def test_pow_is_the_builtin_where_there_are_no_doubles(doubles: bool) -> None:
    sketch = Sketch()
    v = sketch.input(np.ones(64, np.float32))
    text = schedule(sketch.program(sketch("pow", v, v)), replace(CPU, fp64=doubles)).source
    assert ("double" in text, "pf_pow_" in text) == (doubles, doubles)


@pytest.mark.parametrize("form", ["cpu", "gpu"])
def test_the_next_half(form: str) -> None:
    x = np.array([0, -0.0, 1, -1, 65504, -65504, np.inf, 6e-8, np.nan, 2, 3] * 3, np.float16)
    y = np.roll(x, 5)
    sketch = Sketch()
    (got,), _ = run(
        sketch, sketch("nextafter", sketch.input(x), sketch.input(y)), schedule_name=form
    )
    np.testing.assert_array_equal(got, np.nextafter(x, y))
