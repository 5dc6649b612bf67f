"""What is told about plans, and runs whose launches are timed one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _dtype
from portfire.backend import Measurement
from portfire_opencl._plan import ERROR_WORD, BufferArg, Launch, Plan, ScalarArg
from portfire_opencl.insight import traffic
from portfire_opencl.runtime import OpenCLRuntime

N = 1000
SOURCE = """
__kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void twice(__global const float* x,
    __global float* t, float unused, __global float* own) {
    size_t i = get_global_id(0); own[i] = 2.0f * x[i]; t[i] = own[i];
}
__kernel void plus(__global const float* t, __global float* z) {
    size_t i = get_global_id(0); z[i] = t[i] + z[i];
}
"""


def plan() -> Plan:
    """Input 0 and the donated 1; temporary 2 is passed on, 3 belongs to one launch."""
    launches = (
        Launch(
            "twice",
            (BufferArg(0), BufferArg(2), ScalarArg(0, _dtype.float32), BufferArg(3)),
            (N,),
            (1,),
            "mul",
        ),
        Launch("plus", (BufferArg(2), BufferArg(1)), (N,), None, "add", ("neg", "add"), 1, 7),
    )
    return Plan(
        SOURCE, launches, 2, (4 * N, 4 * N), (1,), {2: 0, 3: 4096}, 8192, donated=frozenset((1,))
    )


def test_traffic_leaves_out_the_scratch_of_one_launch() -> None:
    moved = traffic(plan(), [4 * N] * 4)
    assert moved == [((4 * N,), (4 * N,)), ((4 * N,), (4 * N,))]


def test_launches_that_write_one_buffer_share_it() -> None:
    args = (BufferArg(0), BufferArg(1))
    launches = tuple(Launch("plus", args, (N,), None) for _ in range(4))
    moved = traffic(Plan(SOURCE, launches, 1, (4 * N,), (1,)), [4 * N] * 2)
    assert moved == [((4 * N,), (N,))] * 4


def test_the_error_word_is_no_traffic() -> None:
    launch = Launch("plus", (BufferArg(0), BufferArg(ERROR_WORD)), (N,), None)
    assert traffic(Plan(SOURCE, (launch,), 1, (), ()), [40]) == [((40,), ())]


def test_a_profiled_run_gives_the_same_and_tells_of_each_launch(runtime: OpenCLRuntime) -> None:
    bound = runtime.load(plan())
    found: list[Measurement] = []
    host = np.arange(N, dtype=np.float32)
    for _ in range(2):
        x, y = runtime.upload(host), runtime.upload(host)
        (out,) = bound.profile([x, y], [0.0], found.append)
        assert np.array_equal(runtime.download(out, (N,), _dtype.float32), 3 * host)
    x, y = runtime.upload(host), runtime.upload(host)
    (out,) = bound([x, y], [0.0])
    assert np.array_equal(runtime.download(out, (N,), _dtype.float32), 3 * host)
    assert [one.label for one in found] == ["mul", "add"] * 2
    assert all(one.duration > 0 and one.bytes_written == 4 * N for one in found)
    assert found[1].flops == 7
    assert dict(found[1].detail) == {
        "operators": "neg add", "kernel": "plus", "global size": str(N),
    }  # fmt: skip
    assert [one.start for one in found] == sorted(one.start for one in found)


@pytest.mark.parametrize("profiled", [False, True])
def test_a_launch_that_finds_no_room_is_tried_again(runtime: OpenCLRuntime, profiled: bool) -> None:
    """Making room must leave the plan its temporaries."""
    bound = runtime.load(plan())
    refused: list[int] = []

    class Refusing:
        def __getattr__(self, name: str) -> Any:
            return getattr(runtime._cl, name)

        def enqueue_nd_range_kernel(self, *args: Any) -> Any:
            if not refused:
                refused.append(1)
                raise runtime._cl.MemoryError("clEnqueueNDRangeKernel", -4)
            return runtime._cl.enqueue_nd_range_kernel(*args)

    object.__setattr__(bound._services, "cl", Refusing())
    host = np.ones(N, np.float32)
    found: list[Measurement] = []
    buffers = [runtime.upload(host), runtime.upload(host)]
    (out,) = bound.profile(buffers, [0.0], found.append) if profiled else bound(buffers, [0.0])
    assert refused
    assert len(found) == (2 if profiled else 0)
    assert np.array_equal(runtime.download(out, (N,), _dtype.float32), 3 * host)


def test_kernels_have_source_and_reasons() -> None:
    x, w = (portfire.ones(*shape, device="opencl") for shape in ((64, 96), (96, 32)))
    portfire.flush()
    found = portfire.explain(portfire.softmax(x @ w + 1, 1))
    assert {one.group for one in found.kernels} == {0, 1}
    last = found.kernels[-1]
    assert f"{last.name}(" in found.source
    assert last.label.endswith("div")
    assert len(last.operators) > last.label.count("+") + 1
    assert last.global_size
    assert "an output of the program" in found.boundaries[-1]
    assert found.temporaries >= 4 * 64 * 32
    text = repr(found)
    assert "kernel  stores" in text
    assert "stored, and why:\n  kernel 0: dot (64, 32) float32" in text
    assert "temporaries: " in text


def test_launches_that_prepare_a_product_belong_to_it() -> None:
    x, w = (portfire.ones(*shape, device="opencl") for shape in ((256, 784), (256, 256)))
    portfire.flush()
    found = portfire.explain(w.t() @ x + 1)
    for one in found.kernels:
        assert one.group == 0
        helper = " of " in one.label
        assert (one.operators == ()) == helper
        assert (one.flops == 0) == helper
    assert sum(one.flops for one in found.kernels) == 2 * 256 * 256 * 784
