"""Golden kernel texts, so that a change of the generator shows its effect as a diff.

After a change that is meant, write them anew and review the diff:

    PORTFIRE_UPDATE_GOLDEN=1 python -m pytest tests/backend_opencl/test_golden.py
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from portfire import _dtype
from portfire_opencl._plan import Plan
from portfire_opencl.codegen import schedule
from tests.backend_opencl._run_plan import FACTS, Sketch
from tests.backend_opencl.test_codegen import adam, layer_norm, random, softmax
from tests.backend_opencl.test_convolution import Case, forward, weight_grad

FOLDER = Path(__file__).parent / "golden"


def _chain(sketch: Sketch) -> tuple[int, ...]:
    x, y = sketch.input(random(0, 1000, 50)), sketch.input(random(1, 1000, 50))
    bent = sketch("tanh", sketch("add", sketch("mul", x, y), x))
    return (sketch("add", sketch("mul", bent, sketch.scalar(0.5)), y),)


def _bias(sketch: Sketch) -> tuple[int, ...]:
    x, b = sketch.input(random(0, 8, 30, 100)), sketch.input(random(1, 30, 1))
    return (sketch("add", x, sketch("expand", b, attrs=((8, 30, 100),))),)


def _sum(*axes: int) -> Callable[[Sketch], tuple[int, ...]]:
    return lambda sketch: (sketch("sum", sketch.input(random(0, 500, 200)), attrs=(axes,)),)


def _moved(sketch: Sketch) -> tuple[int, ...]:
    x = sketch.input(random(0, 20, 33))
    padded = sketch("pad", sketch("flip", x, attrs=((0,),)), attrs=((1, 2), (0, 3), (1, 1)))
    return (sketch("slice", padded, attrs=((0, 1), (21, 17), (1, 2))),)


def _convolution(case: Case) -> Callable[[Sketch], tuple[int, ...]]:
    def make(sketch: Sketch) -> tuple[int, ...]:
        x, weight = sketch.input(random(0, *case.image)), sketch.input(random(1, *case.weight()))
        return (forward(sketch, case, x, weight),)

    return make


def _weight_grad(sketch: Sketch) -> tuple[int, ...]:
    case = Case((4, 2, 14, 14), 6, (3, 3), padding=(1, 1))
    x, g = sketch.input(random(0, *case.image)), sketch.input(random(1, 4, 6, 14, 14))
    return (weight_grad(sketch, case, x, g),)


def _put(sketch: Sketch) -> tuple[int, ...]:
    zeros = sketch("full", attrs=((10, 40), 0.0, _dtype.float32))
    index = sketch.input(np.array([3, 1, 3]))
    return (sketch("put", zeros, index, sketch.input(random(0, 3, 40)), attrs=(0, "add")),)


def _take(sketch: Sketch) -> tuple[int, ...]:
    table, index = sketch.input(random(0, 10, 40)), sketch.input(np.array([3, 1, 3]))
    return (sketch("exp", sketch("take", table, index, attrs=(0,))),)


def _dropout(sketch: Sketch) -> tuple[int, ...]:
    key = [sketch.scalar(n, _dtype.uint32) for n in (7, 8, 9)]
    bits = sketch("random_bits", *key, attrs=((64, 32),))
    kept = sketch("lt", bits, sketch.scalar(2**31, _dtype.uint32))
    x = sketch.input(random(0, 64, 32))
    return (sketch("mul", x, sketch("cast", kept, attrs=(_dtype.float32,))),)


CASES: dict[str, Callable[[Sketch], tuple[int, ...]]] = {
    "adam": lambda sketch: adam(sketch, 64, 50),
    "argmax": lambda s: (s("argmax", s.input(random(0, 40, 100)), attrs=(1,)),),
    "bias": _bias,
    "chain": _chain,
    "concat": lambda s: (
        s("concat", s.input(random(0, 9, 20)), s.input(random(1, 9, 5)), attrs=(1,)),
    ),
    "convolution": _convolution(Case((4, 3, 14, 28), 4, (3, 3), (2, 2), (1, 1))),
    "convolution_weight": _weight_grad,
    "convolution_winograd": _convolution(Case((4, 8, 14, 14), 8, (3, 3), padding=(1, 1))),
    "cumsum": lambda s: (s("cumsum", s.input(random(0, 40, 100)), attrs=(1,)),),
    "dropout": _dropout,
    "layer_norm": lambda s: (layer_norm(s, s.input(random(0, 50, 64))),),
    "moved": _moved,
    "put": _put,
    "softmax": lambda s: (softmax(s, s.input(random(0, 50, 100))),),
    "sum_all": _sum(0, 1),
    "sum_columns": _sum(0),
    "take": _take,
    "transpose": lambda s: (s("permute", s.input(random(0, 70, 100)), attrs=((1, 0),)),),
}
ALSO_GPU = ("chain", "softmax", "sum_columns")
PAIRS = [(name, "cpu") for name in CASES] + [(name, "gpu") for name in ALSO_GPU]


def describe(plan: Plan) -> str:
    """Return a plan's kernels, launches and boundaries as text."""
    lines = [
        f"// {launch.kernel} {launch.global_size} {launch.local_size}: {launch.label}"
        for launch in plan.launches
    ]
    lines += [f"// {line}" for line in plan.boundaries]
    source = plan.source[plan.source.index("__kernel") :]
    return "\n".join(lines) + "\n" + source


@pytest.mark.parametrize(("name", "schedule_name"), PAIRS)
def test_golden(name: str, schedule_name: str) -> None:
    sketch = Sketch()
    outputs = CASES[name](sketch)
    got = describe(schedule(sketch.program(*outputs), FACTS[schedule_name]))
    path = FOLDER / f"{name}_{schedule_name}.cl"
    if os.environ.get("PORTFIRE_UPDATE_GOLDEN"):
        path.write_text(got, encoding="utf-8")
    assert got == path.read_text(encoding="utf-8"), "see the head of this file"
