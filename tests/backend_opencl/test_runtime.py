"""The OpenCL runtime on hand-written plans: no code generator is involved."""

from __future__ import annotations

import gc
import threading
import time
from typing import Any

import numpy as np
import pytest

from portfire import _dtype
from portfire_opencl import info
from portfire_opencl._plan import (
    ERROR_WORD,
    BufferArg,
    ErrorSite,
    Launch,
    Plan,
    ScalarArg,
    SiteBaseArg,
)
from portfire_opencl.programs import BuildError
from portfire_opencl.runtime import OpenCLRuntime

N = 1000
AXPY = """
__kernel void axpy(__global const float* x, __global const float* y, __global float* z, float a) {
    size_t i = get_global_id(0); z[i] = a * x[i] + y[i];
}
"""
TWICE = """
__kernel void twice(__global const float* x, __global float* t) {
    size_t i = get_global_id(0); t[i] = 2.0f * x[i];
}
__kernel void plus(__global const float* t, __global const float* u, __global float* z) {
    size_t i = get_global_id(0); z[i] = t[i] + u[i];
}
"""
PICK = """
__kernel void pick(__global const float* x, __global const long* index, __global float* z,
                   __global long* error, int base) {
    size_t i = get_global_id(0);
    long at = index[i];
    if (at < 0 || at >= 4) { if (error[0] == 0) { error[1] = at; error[0] = base; } z[i] = 0; }
    else z[i] = x[at];
}
"""


def axpy_plan(n: int = N) -> Plan:
    args = (BufferArg(0), BufferArg(1), BufferArg(2), ScalarArg(0, _dtype.float32))
    return Plan(AXPY, (Launch("axpy", args, (n,), None),), 2, (4 * n,), (2,))


def arena_plan(n: int = N) -> Plan:
    size = -(-4 * n // 4096) * 4096
    launches = (
        Launch("twice", (BufferArg(0), BufferArg(1)), (n,), None),
        Launch("twice", (BufferArg(1), BufferArg(2)), (n,), None),
        Launch("plus", (BufferArg(1), BufferArg(2), BufferArg(3)), (n,), None),
    )
    return Plan(TWICE, launches, 1, (4 * n, 4 * n, 4 * n), (3,), {1: 0, 2: size}, 2 * size)


def pick_plan(text: str) -> Plan:
    args = (BufferArg(0), BufferArg(1), BufferArg(2), BufferArg(ERROR_WORD), SiteBaseArg())
    launch = Launch("pick", args, (3,), None)
    return Plan(PICK, (launch,), 2, (12,), (2,), sites=(ErrorSite(text),))


def get(runtime: OpenCLRuntime, memory: Any, n: int = N) -> Any:
    return runtime.download(memory, (n,), _dtype.float32)


def test_upload_download_of_every_dtype_and_shape(runtime: OpenCLRuntime) -> None:
    for dtype in runtime.dtypes:
        for shape in [(), (0,), (3, 0, 2), (1,), (5, 7), (300, 400)]:
            count = int(np.prod(shape))
            array = (np.arange(count) % 100).reshape(shape).astype(dtype.numpy)
            back = runtime.download(runtime.upload(array), shape, dtype)
            assert back.dtype == array.dtype
            assert back.shape == shape
            np.testing.assert_array_equal(back, array)


def test_an_upload_does_not_see_later_writes_of_the_caller(runtime: OpenCLRuntime) -> None:
    for n in (10, 1 << 20):
        array = np.zeros(n, np.float32)
        memory = runtime.upload(array)
        array[:] = 1
        assert not get(runtime, memory, n).any()


def test_upload_refuses_strided_arrays(runtime: OpenCLRuntime) -> None:
    with pytest.raises(ValueError, match="C-contiguous"):
        runtime.upload(np.zeros((4, 4))[:, ::2])


def test_plan_with_a_number(runtime: OpenCLRuntime) -> None:
    run = runtime.load(axpy_plan())
    x, y = np.random.default_rng(0).normal(size=(2, N)).astype(np.float32)
    a, b = runtime.upload(x), runtime.upload(y)
    for number in (2.0, -0.0, 0.0, 3, True, float("inf")):
        (z,) = run([a, b], [number])
        with np.errstate(invalid="ignore"):
            np.testing.assert_allclose(get(runtime, z), np.float32(number) * x + y, 1e-6, 1e-6)


def test_numbers_beyond_float32_become_infinity(runtime: OpenCLRuntime) -> None:
    run = runtime.load(axpy_plan(1))
    one = runtime.upload(np.ones(1, np.float32))
    assert get(runtime, run([one, one], [1e300])[0], 1)[0] == np.inf
    assert get(runtime, run([one, one], [-1e300])[0], 1)[0] == -np.inf
    assert np.isnan(get(runtime, run([one, one], [float("nan")])[0], 1)[0])


def test_inputs_change_from_run_to_run(runtime: OpenCLRuntime) -> None:
    run = runtime.load(axpy_plan())
    held = []
    for i in range(20):
        a = runtime.upload(np.full(N, i, np.float32))
        held.append(run([a, a], [i])[0])
    for i, z in enumerate(held):
        assert (get(runtime, z) == i * i + i).all()


def test_outputs_feed_the_next_plan(runtime: OpenCLRuntime) -> None:
    first, second = runtime.load(arena_plan()), runtime.load(axpy_plan())
    x = runtime.upload(np.ones(N, np.float32))
    for _ in range(5):
        (y,) = first([x], [])
        (z,) = second([y, x], [10.0])
        assert (get(runtime, z) == 61).all()


def test_arena_grows_and_is_shared(runtime: OpenCLRuntime) -> None:
    small, large = runtime.load(arena_plan(N)), runtime.load(arena_plan(50 * N))
    x = runtime.upload(np.ones(N, np.float32))
    big = runtime.upload(np.ones(50 * N, np.float32))
    for _ in range(3):
        assert (get(runtime, small([x], [])[0]) == 6).all()
        assert (get(runtime, large([big], [])[0], 50 * N) == 6).all()
        runtime.empty_cache()
        assert runtime.arena.nbytes == 0


def test_a_replaced_arena_frees_its_memory(runtime: OpenCLRuntime) -> None:
    runs = [runtime.load(arena_plan(n)) for n in (N, 2 * N, 4 * N)]
    for n, run in zip((N, 2 * N, 4 * N), runs, strict=True):
        run([runtime.upload(np.ones(n, np.float32))], [])
    runtime.empty_cache()
    gc.collect()
    assert runtime.memory().reserved == 0


def test_misaligned_temporaries_are_refused(runtime: OpenCLRuntime) -> None:
    plan = arena_plan()
    wrong = Plan(
        plan.source, plan.launches, 1, plan.allocations, plan.outputs, {1: 0, 2: 4100}, 8200
    )
    run = runtime.load(wrong)
    with pytest.raises(ValueError, match="starts at byte 4100"):
        run([runtime.upload(np.ones(N, np.float32))], [])


def test_an_output_may_be_an_input_or_come_twice(runtime: OpenCLRuntime) -> None:
    plan = axpy_plan()
    run = runtime.load(
        Plan(plan.source, plan.launches, 2, plan.allocations, (2, 0, 2), donated=frozenset())
    )
    x = runtime.upload(np.ones(N, np.float32))
    z, same, again = run([x, x], [1.0])
    assert same is x
    assert again is z


def test_plan_without_launches(runtime: OpenCLRuntime) -> None:
    x = runtime.upload(np.ones(3, np.float32))
    first, empty = runtime.load(Plan("", (), 1, (0,), (0, 1)))([x], [])
    assert first is x
    assert get(runtime, empty, 0).shape == (0,)


def test_wrong_number_of_buffers(runtime: OpenCLRuntime) -> None:
    with pytest.raises(ValueError, match="the plan takes 2 buffers; got 1"):
        runtime.load(axpy_plan())([runtime.upload(np.ones(N, np.float32))], [1.0])


def test_an_index_error_is_raised_once_by_the_next_read(runtime: OpenCLRuntime) -> None:
    runtime.load(pick_plan("another plan's {value}"))
    run = runtime.load(pick_plan("[take] index {value} is out of bounds"))
    x = runtime.upload(np.arange(4, dtype=np.float32))
    good, bad = runtime.upload(np.array([3, 0, 1])), runtime.upload(np.array([1, 9, 2]))
    (z,) = run([x, good], [])
    assert get(runtime, z, 3).tolist() == [3, 0, 1]
    run([x, bad], [])
    with pytest.raises(IndexError, match=r"\[take\] index 9 is out of bounds"):
        get(runtime, z, 3)
    assert get(runtime, z, 3).tolist() == [3, 0, 1]
    run([x, bad], [])
    with pytest.raises(IndexError, match="index 9"):
        runtime.synchronize()
    runtime.synchronize()


def test_a_refused_program_is_a_sentence_with_the_log(runtime: OpenCLRuntime) -> None:
    broken = Plan("__kernel void k( { nonsense", (Launch("k", (), (1,), None),), 0, (), ())
    with pytest.raises(BuildError, match="refused a generated program"):
        runtime.load(broken)


def test_threads_share_a_device(runtime: OpenCLRuntime) -> None:
    run = runtime.load(axpy_plan())
    wrong: list[int] = []

    def work(number: int) -> None:
        x = runtime.upload(np.full(N, number, np.float32))
        for _ in range(50):
            (z,) = run([x, x], [number])
            if not (get(runtime, z) == number * number + number).all():
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_memory_is_flat_over_many_runs(runtime: OpenCLRuntime) -> None:
    run = runtime.load(axpy_plan())
    x = runtime.upload(np.ones(N, np.float32))
    for _ in range(10):
        x = run([x, x], [0.0])[0]
    before = runtime.memory()
    for _ in range(1000):
        x = run([x, x], [0.0])[0]
    after = runtime.memory()
    assert (after.allocated, after.reserved) == (before.allocated, before.reserved)
    assert after.allocated <= after.peak <= after.reserved


def test_replay_costs_a_few_microseconds_per_launch(runtime: OpenCLRuntime) -> None:
    count = 40
    launches = tuple(
        Launch("twice", (BufferArg(0), BufferArg(1)), (64,), (64,)) for _ in range(count)
    )
    run = runtime.load(Plan(TWICE, launches, 1, (256,), (1,)))
    x = runtime.upload(np.ones(64, np.float32))
    best = float("inf")
    for _ in range(30):
        runtime.synchronize()
        started = time.perf_counter()
        run([x], [])
        best = min(best, time.perf_counter() - started)
    runtime.synchronize()
    assert best / count < 20e-6  # 2 to 4 on a quiet machine


def test_reports_are_plain_data(runtime: OpenCLRuntime) -> None:
    import json

    report = info.report()
    assert json.loads(json.dumps(report)) == report
    assert report["devices"][0]["name"] == "opencl:0"
    counters = info.runtime_report(runtime)
    assert json.loads(json.dumps(counters)) == counters
    assert counters["memory"]["total"] > 0
    assert repr(runtime).startswith("<opencl:0: ")
