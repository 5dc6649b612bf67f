"""The kernels that go through all time steps: both schedules, every cell, tails, and half floats.

They are compared with the operators' NumPy references, which the tests of nn hold against others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import portfire.nn  # noqa: F401  (registers the operators)

pytest.importorskip("portfire_opencl", reason="the backend of these kernels is not installed")

from portfire_opencl.codegen import schedule
from tests.backend_opencl._run_plan import CPU, FACTS, GPU, Sketch, execute
from tests.nn.helpers import draw

GATES = {"lstm": (4, 6), "gru": (3, 5), "tanh": (1, 1), "relu": (1, 1)}
STEPS, BATCH = 3, 7
TINY = replace(GPU, local_memory=64)  # nothing fits: what is carried lies in global memory


def numbers(*shape: int) -> Any:
    return draw(*shape).astype(np.float32)


def operands(sketch: Sketch, mode: str, units: int, grad: bool, dtype: Any) -> list[int]:
    gates, parts = GATES[mode]
    shapes: list[tuple[int, ...]] = [(STEPS, BATCH, gates * units)]
    if grad:
        shapes = [(STEPS, BATCH, units), (BATCH, units), (parts, STEPS, BATCH, units)]
    shapes += [(gates * units, units), (BATCH, units)]
    shapes += [(BATCH, units)] if mode == "lstm" else [(units,)] if mode == "gru" else []
    scale = 0.5 / np.sqrt(units)
    found = [(draw(*shape, seed=k) * 2 * scale).astype(dtype) for k, shape in enumerate(shapes)]
    return [sketch.input(array) for array in found]


def check(
    facts: Any, mode: str, units: int, ends: bool, reverse: bool, dtype: Any, tolerance: float
) -> None:
    for grad in (False, True):
        sketch = Sketch()
        inputs = operands(sketch, mode, units, grad, dtype)
        if ends:
            inputs.append(sketch.input(np.array([3, 1, 2, 3, 2, 1, 3], np.int32)))
        name = "recurrence_grad" if grad else "recurrence"
        result = sketch(name, *inputs, attrs=(mode, reverse))
        plan = schedule(sketch.program(result), facts)
        (found,), _ = execute(plan, sketch.buffers, sketch.numbers, [sketch.steps[result].spec])
        (wanted,) = sketch.reference(result)
        np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("mode", GATES)
@pytest.mark.parametrize("schedule_name", FACTS)
def test_every_cell(schedule_name: str, mode: str) -> None:
    facts = FACTS[schedule_name]
    check(facts, mode, 21, ends=True, reverse=False, dtype=np.float32, tolerance=2e-5)
    check(facts, mode, 3, ends=False, reverse=True, dtype=np.float32, tolerance=2e-5)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
@pytest.mark.parametrize("facts", [CPU, TINY, replace(CPU, vector=4)], ids=["cpu", "gpu", "cpu4"])
def test_types_and_vectors(facts: Any, dtype: Any) -> None:
    tolerance = 1e-12 if dtype is np.float64 else 5e-3
    check(facts, "gru", 40, ends=False, reverse=False, dtype=dtype, tolerance=tolerance)


@pytest.mark.parametrize("facts", [CPU, GPU], ids=["cpu", "gpu"])
def test_all_steps_are_one_launch(facts: Any) -> None:
    for grad, launches in (
        (False, ["pack of recurrence", "recurrence"]),
        (True, ["recurrence_grad"]),
    ):
        sketch = Sketch()
        inputs = operands(sketch, "lstm", 21, grad, np.float32)
        name = "recurrence_grad" if grad else "recurrence"
        result = sketch(name, *inputs, attrs=("lstm", False))
        # What makes x, and what reads the result, melts into this launch or into its own.
        plan = schedule(sketch.program(result), facts)
        assert [launch.label for launch in plan.launches] == launches


def test_items_get_equal_shares_of_the_batch() -> None:
    sketch = Sketch()
    w, h = sketch.input(numbers(512, 128)), sketch.input(numbers(32, 128))
    x = sketch.input(numbers(2, 32, 512))
    result = sketch("recurrence", x, w, h, h, attrs=("lstm", False))
    launch = schedule(sketch.program(result), CPU).launches[-1]
    assert launch.global_size == (8,)
    assert launch.local_size == (1,)
