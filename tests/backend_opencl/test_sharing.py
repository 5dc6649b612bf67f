"""Kernels that differ only in offsets: one text, and the offsets as arguments."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from portfire_opencl._plan import IntArg
from portfire_opencl.codegen.context import Built
from portfire_opencl.codegen.sharing import FROM, share
from portfire_opencl.codegen.writer import IntBinding
from tests.backend_opencl._run_plan import FACTS, Sketch, check
from tests.backend_opencl.test_codegen import random


def built(body: str) -> Built:
    return Built(
        f"__kernel void @NAME@(__global float* p0) {{\n  {body}\n}}\n", (7,), (1,), (1,), ""
    )


def test_offsets_become_arguments() -> None:
    launches = [built(f"p0[x + {k * 64} + 2] = p0[y + {k * 64}] + {k}L * 3;") for k in range(1, 6)]
    shared = share(launches)
    assert {one.text for one in shared} == {
        "__kernel void @NAME@(__global float* p0, const int o0, const int o1) {\n"
        "  p0[x + o0 + 2] = p0[y + o0] + (long)o1 * 3;\n}\n"
    }
    assert [one.bindings for one in shared][1] == (7, IntBinding(128), IntBinding(2))


@pytest.mark.parametrize(
    "body",
    ["p0[x * {}] = 0;", "p0[x] = a + {}.5f;", "p0[x + {}000000000L] = 0;", "float{} v;"],
    ids=["factor", "float", "beyond int", "name"],
)
def test_other_numbers_stay(body: str) -> None:
    launches = [built(body.format(k)) for k in range(3, 9)]
    assert share(launches) == launches


def test_few_kernels_stay() -> None:
    launches = [built(f"p0[x + {k}] = 0;") for k in range(1, FROM)]
    assert share(launches) == launches


@pytest.mark.parametrize("schedule", FACTS)
def test_turns_of_a_loop_share_kernels(schedule: str) -> None:
    sketch = Sketch()
    x, w = sketch.input(random(0, 8, 20, 24)), sketch.input(random(1, 24, 40))
    outputs: list[Any] = []
    for t in range(8):
        row = sketch("slice", x, attrs=((t, 0, 0), (1, 20, 24), (1, 1, 1)))
        row = sketch("reshape", row, attrs=((20, 24),))
        outputs.append(sketch("tanh", sketch("dot", row, w)))
    plan = check(sketch, *outputs, schedule_name=schedule)
    products = {one.kernel for one in plan.launches if "dot" in one.operators}
    assert len(products) == 2  # the first turn has no offset
    numbers = [a.value for one in plan.launches for a in one.args if isinstance(a, IntArg)]
    assert 480 * np.arange(1, 8).sum() == sum(set(numbers))
