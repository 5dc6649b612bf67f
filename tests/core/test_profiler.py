"""The profiler counts and times what runs inside its block, and only that."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest

import portfire
from portfire import _device, profiler
from portfire.backend import Measurement
from portfire.engine import _recorder
from portfire.testing import fake_devices, null_device


def computed(device: str, *shape: int) -> portfire.Tensor:
    x = portfire.ones(*shape, device=device)
    x.tolist()
    return x


def test_results_are_those_of_a_run_without_it(device: str) -> None:
    def run() -> Any:
        portfire.manual_seed(3)
        x = portfire.randn(20, 30, device=device, requires_grad=True)
        w = portfire.randn(30, 7, device=device)
        (portfire.softmax(x @ w, 1) ** 2).sum().backward()
        x.data.add_(x.grad)
        return x.tolist()

    expected = run()
    with portfire.profiler.profile() as prof:
        assert run() == expected
        assert run() == expected
    assert run() == expected
    assert len(prof.events) > 2


def test_a_product_has_calls_bytes_and_operations(device: str) -> None:
    x, y = computed(device, 16, 32), computed(device, 32, 8)
    with profiler.profile() as prof:
        for _ in range(3):
            (x @ y).tolist()
    (row,) = [row for row in prof.key_averages() if row.flops]
    assert (row.key, row.count) == ("dot", 3)
    assert row.device == str(x.device)
    assert row.flops == 3 * 2 * 16 * 32 * 8
    assert row.bytes_written == 3 * 4 * 16 * 8
    assert row.bytes_read > 0
    assert row.total > 0
    assert row.mean == row.total / 3
    assert row.gflops_per_second == row.flops / row.total
    assert row.gbytes_per_second == (row.bytes_read + row.bytes_written) / row.total


def test_only_the_block_counts(device: str) -> None:
    x = computed(device, 5)
    before = x.exp()
    with profiler.profile() as prof:
        inside = x.sin()
    after = x.cos()
    assert [t.shape for t in (before, inside, after)] == [(5,)] * 3
    after.tolist()
    assert [row.key for row in prof.key_averages()] == ["sin"]


def test_times_follow_the_clock_and_do_not_overlap(device: str) -> None:
    x = computed(device, 100, 100)
    start = time.perf_counter_ns()
    with profiler.profile() as prof:
        for _ in range(4):
            x = (x @ x).tanh()
            x.tolist()
    runs = [event.measurement for event in prof.events]
    assert len(runs) >= 4
    slack = 50_000_000  # a device's clock is not this one
    assert all(one.start > start - slack for one in runs)
    assert runs[-1].start + runs[-1].duration < time.perf_counter_ns() + slack
    assert all(a.start <= b.start for a, b in itertools.pairwise(runs))


def test_the_table() -> None:
    x, y = computed("cpu", 16, 32), computed("cpu", 32, 8)
    with profiler.profile() as prof:
        for _ in range(2):
            (x @ y).tolist()
        x.exp().tolist()
    averages = prof.key_averages()
    lines = averages.table(sort_by="count").splitlines()
    assert lines[0].split() == [
        "name", "device", "calls", "total", "share", "mean", "read", "written", "GB/s", "GFLOP/s",
    ]  # fmt: skip
    assert lines[2].split()[:3] == ["dot", "cpu", "2"]
    assert lines[3].split()[:3] == ["exp", "cpu", "1"]
    assert lines[3].endswith("--")
    assert lines[-1].startswith("Kernels: ")
    assert "in 3 calls" in lines[-1]
    limited = averages.table(sort_by="count", row_limit=1).splitlines()
    assert limited[2].split()[0] == "dot"
    assert limited[3] == "... and 1 more"
    assert len(averages.table(row_limit=-1).splitlines()) == len(lines)
    assert repr(averages) == averages.table()
    assert len(averages) == 2
    assert averages[0].total >= averages[1].total


SORTS = ["total", "mean", "count", "bytes", "gbytes_per_second", "gflops_per_second"]
TORCH_SORTS = ["cpu_time_total", "self_cuda_time_total", "device_time"]


@pytest.mark.parametrize("word", [*SORTS, *TORCH_SORTS])
def test_it_sorts_by(word: str) -> None:
    prof = profiler.profile()
    small, large = Measurement("a", 0, 5, 10, 10, 0), Measurement("b", 5, 7, 90, 90, 1000)
    prof.events = [profiler.Event("here", one) for one in (small, large, large)]
    lines = prof.key_averages().table(sort_by=word).splitlines()
    assert [line[0] for line in lines[2:4]] == ["b", "a"]


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(ValueError, match=r"cannot sort by 'beauty'; use one of 'total', 'mean'"):
        profiler.profile().key_averages().table(sort_by="beauty")


def test_an_empty_profile_has_an_empty_table() -> None:
    with profiler.profile() as prof:
        pass
    assert prof.key_averages().table().splitlines()[-1].startswith("Kernels: 0.000ns in 0 calls")


def test_the_trace_is_what_viewers_read(device: str, tmp_path: Path) -> None:
    x = computed(device, 16, 16)
    with profiler.profile() as prof:
        (x @ x).exp().tolist()
    path = tmp_path / "trace.json"
    prof.export_chrome_trace(path)
    trace = json.loads(path.read_text(encoding="utf-8"))
    named = {e["args"]["name"] for e in trace["traceEvents"] if e["ph"] == "M"}
    assert named == {"portfire", str(x.device)}
    runs = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    assert len(runs) == len(prof.events)
    assert min(one["ts"] for one in runs) == 0
    assert all(one["dur"] >= 0 and one["pid"] == 0 for one in runs)
    assert any("GFLOP/s" in one["args"] for one in runs)
    prof.export_chrome_trace(str(path))


def test_a_second_profile_at_once_is_refused() -> None:
    with profiler.profile() as prof:
        with pytest.raises(RuntimeError, match="a profile is running already"):
            profiler.profile().start()
        computed("cpu", 2)
    assert prof.events
    prof.stop()  # a second end is no error
    assert not _recorder.observed()


def test_it_ends_when_the_block_fails() -> None:
    with pytest.raises(KeyError, match="x"), profiler.profile():
        raise KeyError("x")
    assert not _recorder.observed()


def test_it_goes_on_when_started_again() -> None:
    x, prof = computed("cpu", 3), profiler.profile()
    for _ in range(2):
        with prof:
            x.exp().tolist()
    assert [row.count for row in prof.key_averages()] == [2]


def test_errors_of_the_run_are_raised(device: str) -> None:
    x, index = computed(device, 3), portfire.tensor([7], device=device)
    with profiler.profile():
        y = portfire._dispatch.apply(portfire.ops.lookup("take"), (x, index), attrs=(0,))
        with pytest.raises(IndexError, match="index 7 is out of bounds"):
            y.tolist()
    assert x.tolist() == [1.0] * 3


def test_a_device_that_cannot_be_profiled_is_timed_as_a_whole() -> None:
    with null_device() as null:
        with profiler.profile() as prof:
            (portfire.ones(2, device="null") * 3 + 1).tolist()
        assert len(null.launches) == 1
    (event,) = prof.events
    assert event.device == "null:0"
    assert event.measurement.label == "full+mul+add"
    with null_device(), profiler.profile() as prof:
        x = portfire.ones(2, device="null")
        for _ in range(10):
            x = x + 1
        x.tolist()
    assert prof.events[0].measurement.label == "full+add+add+add+add+add+5 more"


def test_two_devices_have_rows_of_their_own() -> None:
    with fake_devices(), profiler.profile() as prof:
        for name in ("fake:0", "fake:1"):
            computed(name, 3)
    assert [(row.key, row.device) for row in prof.key_averages()] != []
    assert {row.device for row in prof.key_averages()} == {"fake:0", "fake:1"}


def test_launches_that_write_one_result_together_count_it_once(device: str) -> None:
    parts = [computed(device, 100) for _ in range(3)]
    with profiler.profile() as prof:
        portfire.cat(parts).tolist()
    written = sum(event.measurement.bytes_written for event in prof.events)
    assert written == 1200


def test_an_interpreter_shows_the_copy_of_a_view_that_is_kept() -> None:
    if _device.resolve("cpu").runtime.name == "reference":
        pytest.skip("the copy is one of portfire-backend-numpy")
    x = computed("cpu", 20, 30)
    with profiler.profile() as prof:
        y = x.t()[1:].clone()
    runs = [event.measurement for event in prof.events]
    assert [one.label for one in runs][-1] == "copy"
    assert runs[-1].bytes_read == runs[-1].bytes_written == 4 * 29 * 20
    assert y.tolist() == [[1.0] * 20] * 29
