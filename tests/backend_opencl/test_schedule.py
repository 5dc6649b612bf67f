"""The scheduler without a device: what is fused, stored, shared and donated; how long it takes."""

from __future__ import annotations

import time

import numpy as np
import pytest

from portfire import _dtype
from portfire_opencl._plan import BufferArg, Plan
from portfire_opencl.codegen import schedule
from tests.backend_opencl._run_plan import CPU, FACTS, GPU, Sketch
from tests.backend_opencl.test_codegen import adam, layer_norm, random, softmax


def launches(sketch: Sketch, *outputs: int) -> int:
    """Return the number of launches, which must not depend on the schedule."""
    counts = {len(schedule(sketch.program(*outputs), facts).launches) for facts in FACTS.values()}
    (count,) = counts
    return count


def test_same_program_same_text() -> None:
    def make() -> Plan:
        sketch = Sketch()
        outputs = adam(sketch, 40, 50)
        return schedule(sketch.program(*outputs), CPU)

    assert make() == make()


def test_elementwise_chain_is_one_kernel() -> None:
    sketch = Sketch()
    x, y = sketch.input(random(0, 64, 48)), sketch.input(random(1, 64, 48))
    bent = sketch("tanh", sketch("add", sketch("mul", x, y), x))
    out = sketch("add", sketch("mul", bent, sketch.scalar(0.5)), y)
    assert launches(sketch, out) == 1
    (launch,) = schedule(sketch.program(out), CPU).launches
    assert launch.label == "add"


def test_movement_costs_no_kernel() -> None:
    sketch = Sketch()
    x = sketch.input(random(0, 8, 6, 4))
    moved = sketch("permute", x, attrs=((2, 0, 1),))
    moved = sketch(
        "pad", sketch("flip", moved, attrs=((0,),)), attrs=((1, 0, 0), (0, 2, 0), (1, 1, 1))
    )
    moved = sketch("slice", moved, attrs=((0, 1, 0), (5, 8, 3), (1, 1, 2)))
    assert launches(sketch, sketch("reshape", moved, attrs=((120,),))) == 1


def test_row_kernels_absorb_prologue_and_epilogue() -> None:
    for make in (softmax, layer_norm):
        sketch = Sketch()
        x = sketch("exp", sketch.input(random(0, 64, 100)))
        assert launches(sketch, sketch("tanh", make(sketch, x))) == 1


def test_two_statistics_of_one_array_share_a_pass() -> None:
    sketch = Sketch()
    x = sketch.input(random(0, 64, 100))
    sums = sketch("sum", x, attrs=((1,),))
    squares = sketch("sum", sketch("mul", x, x), attrs=((1,),))
    assert launches(sketch, sums, squares) == 1


def test_costly_value_with_two_kinds_of_readers_is_stored_once() -> None:
    sketch = Sketch()
    costly = sketch("exp", sketch("sin", sketch.input(random(0, 64, 100))))
    rows = sketch("sum", costly, attrs=((1,),))
    columns = sketch("sum", costly, attrs=((0,),))
    plan = schedule(sketch.program(rows, columns), CPU)
    assert len(plan.launches) == 2
    assert len(plan.temporaries) == 1
    assert any("several readers" in line for line in plan.boundaries)


def test_cheap_value_is_computed_again() -> None:
    sketch = Sketch()
    cheap = sketch("neg", sketch.input(random(0, 64, 100)))
    rows = sketch("sum", cheap, attrs=((1,),))
    columns = sketch("sum", cheap, attrs=((0,),))
    plan = schedule(sketch.program(rows, columns), CPU)
    assert not plan.temporaries


def test_equal_layers_share_their_functions() -> None:
    sketch = Sketch()
    v = sketch.input(random(0, 32, 64))
    for n in range(6):
        w = sketch.input(random(n, 64, 64))
        v = sketch("tanh", sketch("dot", v, w))
    plan = schedule(sketch.program(v), CPU)
    names = [launch.kernel for launch in plan.launches]
    assert len(set(names)) <= len(names) // 6 + 1


def test_temporaries_reuse_space() -> None:
    sketch = Sketch()
    v = sketch.input(random(0, 64, 64))
    for n in range(8):
        v = sketch("dot", v, sketch.input(random(n, 64, 64)))
    plan = schedule(sketch.program(v), CPU)
    size = 64 * 64 * 4
    assert sum(1 for n in plan.allocations if n >= size) >= 8
    assert plan.arena <= 4 * size


def test_neighbors_in_the_arena_never_overlap_in_time() -> None:
    sketch = Sketch()
    v = sketch.input(random(0, 40, 64))
    for n in range(5):
        v = sketch("dot", softmax(sketch, v), sketch.input(random(n, 64, 64)))
    plan = schedule(sketch.program(v), CPU)
    alive: dict[int, list[int]] = {}
    for at, launch in enumerate(plan.launches):
        for arg in launch.args:
            if isinstance(arg, BufferArg) and arg.index in plan.temporaries:
                alive.setdefault(arg.index, []).append(at)
    for a, times in alive.items():
        for b, others in alive.items():
            if a < b and times[0] <= others[-1] and others[0] <= times[-1]:
                first, second = plan.temporaries[a], plan.temporaries[b]
                size = plan.allocations[(a if first < second else b) - plan.inputs]
                assert abs(first - second) >= size


def test_donation_needs_reads_at_the_stored_element() -> None:
    sketch = Sketch()
    x = sketch.input(random(0, 64, 64))
    same = sketch("mul", x, sketch.scalar(2.0))
    turned = sketch("add", x, sketch("permute", x, attrs=((1, 0),)))
    assert schedule(sketch.program(same, donated=(0,)), CPU).donated == {0}
    assert not schedule(sketch.program(turned, donated=(0,)), CPU).donated
    assert not schedule(sketch.program(same), CPU).donated


def test_donation_waits_for_the_last_reader() -> None:
    sketch = Sketch()
    x = sketch.input(random(0, 64, 64))
    doubled = sketch("mul", x, sketch.scalar(2.0))
    product = sketch("dot", doubled, x)
    assert not schedule(sketch.program(doubled, product, donated=(0,)), CPU).donated


def test_an_input_is_its_own_output() -> None:
    sketch = Sketch()
    x = sketch.input(random(0, 4))
    plan = schedule(sketch.program(x, x), CPU)
    assert plan.outputs == (0, 0)
    assert not plan.launches
    assert not plan.source


def test_no_double_in_a_float_kernel() -> None:
    sketch = Sketch()
    x = sketch.input(random(0, 64, 100))
    out = sketch(
        "log", sketch("add", softmax(sketch, x), sketch("full", attrs=((), 0.1, _dtype.float32)))
    )
    for facts in (CPU, GPU):
        source = schedule(sketch.program(out), facts).source
        assert "double" not in source[source.index("__kernel") :]


def test_wide_arrays_use_long_indices() -> None:
    # A program over more than 2^31 elements is only planned here, never run.
    sketch = Sketch()
    ones = sketch("full", attrs=((3, 2**30), 1.0, _dtype.float32))
    out = sketch("cast", sketch("sum", ones, attrs=((0,),)), attrs=(_dtype.int32,))
    big = sketch("iota", attrs=((3, 2**30), 1, _dtype.int32))
    for facts in (CPU, GPU):
        source = schedule(sketch.program(big), facts).source
        assert "const long" in source
    assert launches(sketch, out) == 1


@pytest.mark.parametrize("depth", [5000])
def test_long_programs_schedule_fast(depth: int) -> None:
    sketch = Sketch()
    x = sketch.input(np.zeros((64, 64), np.float32))
    v = x
    for n in range(depth):
        v = sketch(("add", "mul", "sub")[n % 3], v, x)
    start = time.process_time()
    plan = schedule(sketch.program(v), CPU)
    assert time.process_time() - start < 1.0
    assert len(plan.launches) < depth / 100


def test_joining_into_a_wide_array_uses_long_indices() -> None:
    sketch = Sketch()
    half = sketch("full", attrs=((2**30, 1), 1.0, _dtype.float32))
    plan = schedule(sketch.program(sketch("concat", half, half, half, attrs=(1,))), CPU)
    assert plan.source.count("const long _g") == 3 or "const int" not in plan.source
