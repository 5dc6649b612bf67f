"""Where the time goes: each kernel and operator that runs inside a ``with`` block.

A profiled run waits for its kernels, so that a program under the profiler is slower than without;
the times of the kernels themselves are those of the device. When no profile runs nothing is timed.

Example:
    >>> import portfire
    >>> x = portfire.ones(100, 100)
    >>> with portfire.profiler.profile() as prof:
    ...     y = (x @ x).tanh()
    >>> print(prof.key_averages().table(sort_by="count", row_limit=10))
    name  device  calls  total  share  mean  read  written  GB/s  GFLOP/s
    ...
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from portfire._device import opened
from portfire._fallback import fallback
from portfire._tables import bytes_text, render, shorten, time_text
from portfire.backend._contract import Instruction
from portfire.backend._insight import Measurement, nbytes_of
from portfire.engine import _recorder
from portfire.ops._source import is_leaf

if TYPE_CHECKING:
    import os

    from portfire.engine import Recorder

__all__ = ["Average", "Averages", "Event", "profile"]

_WIDTH = 50  # of the names in a table
_NAMES = 6  # operators in the name of a run that is timed as a whole
_HEAD = (
    "name", "device", "calls", "total", "share", "mean", "read", "written", "GB/s", "GFLOP/s",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Event:
    """One run of a kernel or an operator, and the device that it ran on."""

    device: str
    measurement: Measurement


@dataclass(slots=True)
class Average:
    """The runs of one kernel or operator on one device, added up.

    Attributes:
        key: what it computes: the operators whose results it stores.
        device: where it ran.
        count: how many times.
        total: nanoseconds of all runs.
        bytes_read: bytes of the buffers that they read, each buffer counted once in a run.
        bytes_written: bytes of the buffers that they wrote.
        flops: floating-point operations of their matrix products.
    """

    key: str
    device: str
    count: int = 0
    total: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    flops: int = 0

    @property
    def mean(self) -> float:
        """Nanoseconds of one run."""
        return self.total / max(self.count, 1)

    @property
    def gbytes_per_second(self) -> float:
        """Memory traffic: a byte in a nanosecond is a gigabyte in a second."""
        return (self.bytes_read + self.bytes_written) / max(self.total, 1)

    @property
    def gflops_per_second(self) -> float:
        """Speed of matrix products, 0 where there is none."""
        return self.flops / max(self.total, 1)

    def add(self, one: Measurement) -> None:
        """Count one more run."""
        self.count += 1
        self.total += one.duration
        self.bytes_read += one.bytes_read
        self.bytes_written += one.bytes_written
        self.flops += one.flops


# What a table can be sorted by; torch's words are understood too.
_SORTS: dict[str, Callable[[Average], Any]] = {
    "total": lambda a: a.total,
    "mean": lambda a: a.mean,
    "count": lambda a: a.count,
    "bytes": lambda a: a.bytes_read + a.bytes_written,
    "gbytes_per_second": lambda a: a.gbytes_per_second,
    "gflops_per_second": lambda a: a.gflops_per_second,
}
_TORCH_SORTS = {
    f"{who}{where}_{what}": ours
    for who in ("", "self_")
    for where in ("cpu", "cuda", "device")
    for what, ours in (("time_total", "total"), ("time", "mean"))
}


class Averages(Sequence[Average]):
    """The rows of a profile, longest total first; `table` prints them.

    Args:
        rows: the rows.
        wall: nanoseconds between the start and the end of the profile.
        plans: how many plans were compiled in it.
        fallbacks: how often another device computed what a device lacks, by operator and device.
    """

    def __init__(
        self,
        rows: Iterable[Average],
        wall: int,
        plans: int,
        fallbacks: Mapping[tuple[str, str], int] | None = None,
    ) -> None:
        self._rows = sorted(rows, key=_SORTS["total"], reverse=True)
        self._wall = wall
        self._plans = plans
        self._fallbacks = dict(fallbacks or {})

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __iter__(self) -> Iterator[Average]:
        return iter(self._rows)

    def __repr__(self) -> str:
        return self.table()

    def table(self, sort_by: str | None = None, row_limit: int = 100) -> str:
        """Return the rows as text.

        Args:
            sort_by: ``"total"`` (the default), ``"mean"``, ``"count"``, ``"bytes"``,
                ``"gbytes_per_second"``, ``"gflops_per_second"``, or torch's ``"cpu_time_total"``,
                ``"cuda_time_total"`` and so on; the largest comes first.
            row_limit: how many rows are shown at most; -1 for all.

        Raises:
            ValueError: if there is nothing of that name to sort by.

        Example:
            >>> import portfire
            >>> with portfire.profiler.profile() as prof:
            ...     y = (portfire.ones(3) / 3).tolist()
            >>> print(prof.key_averages().table(sort_by="total", row_limit=1))
            name  device  calls  total  share  mean  read  written  GB/s  GFLOP/s
            ...
        """
        wanted = sort_by or "total"
        key = _SORTS.get(_TORCH_SORTS.get(wanted, wanted))
        if key is None:
            raise ValueError(
                f"table(): cannot sort by {sort_by!r}; use one of {', '.join(map(repr, _SORTS))}"
            )
        rows = sorted(self._rows, key=key, reverse=True)
        shown = rows if row_limit < 0 else rows[:row_limit]
        total = sum(row.total for row in rows)
        lines = [render(_HEAD, [_cells(row, total) for row in shown], left=2)]
        if len(shown) < len(rows):
            lines.append(f"... and {len(rows) - len(shown)} more")
        lines.append(
            f"Kernels: {time_text(total)} in {sum(row.count for row in rows)} calls; "
            f"wall time {time_text(self._wall)}, plans compiled: {self._plans}"
        )
        if self._fallbacks:
            parts = [f"{op} of {on}: {n}" for (op, on), n in sorted(self._fallbacks.items())]
            lines.append(f"Computed elsewhere, by fallback: {', '.join(parts)}")
        return "\n".join(lines)


def _cells(row: Average, total: int) -> tuple[str, ...]:
    return (
        shorten(row.key, _WIDTH),
        row.device,
        str(row.count),
        time_text(row.total),
        f"{100 * row.total / max(total, 1):.1f}%",
        time_text(row.mean),
        bytes_text(row.bytes_read),
        bytes_text(row.bytes_written),
        f"{row.gbytes_per_second:.2f}",
        f"{row.gflops_per_second:.2f}" if row.flops else "--",
    )


class profile:
    """Time each kernel (on a device that interprets, each operator) that runs in a ``with`` block.

    What is pending before is run first, and does not count; what is recorded in the block is run at
    its end. Bytes are those of the buffers that a kernel reads and writes, each counted once.
    Copies between host and device are not shown.

    Attributes:
        events: an `Event` for each run, in order.

    Raises:
        RuntimeError: if a profile is running already.

    Example:
        >>> import portfire
        >>> x = portfire.ones(4, 5)
        >>> with portfire.profiler.profile() as prof:
        ...     y = x @ x.t()
        >>> row = next(row for row in prof.key_averages() if row.flops)
        >>> row.key, row.count, row.flops
        ('dot', 1, 160)
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._began = 0
        self._wall = 0
        self._plans = 0
        self._fallbacks: Counter[tuple[str, str]] = Counter()
        self._running = False

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start; the same as entering the ``with`` block.

        Example:
            >>> import portfire
            >>> prof = portfire.profiler.profile()
            >>> prof.start()
            >>> y = portfire.ones(2) + 1
            >>> prof.stop()
            >>> len(prof.events) > 0
            True
        """
        if _recorder.observed():
            raise RuntimeError("profile(): a profile is running already; end it before another")
        _recorder.flush_all()
        for recorder in opened():
            recorder.runtime.synchronize()
        _recorder.set_observer(self._run)
        self._running = True
        self._plans -= _plans()
        self._fallbacks.subtract(fallback.counts())
        self._began = time.perf_counter_ns()

    def stop(self) -> None:
        """Run what is pending and end; the same as leaving the ``with`` block."""
        if not self._running:
            return
        try:
            _recorder.flush_all()
        finally:
            _recorder.set_observer(None)
            self._running = False
            self._wall += time.perf_counter_ns() - self._began
            self._plans += _plans()
            self._fallbacks.update(fallback.counts())

    def _run(
        self,
        recorder: Recorder,
        execute: Any,
        steps: Sequence[Instruction],
        buffers: Sequence[Any],
        scalars: Sequence[Any],
    ) -> Sequence[Any]:
        """Run a plan in place of a flush."""
        device = str(recorder.device)

        def note(one: Measurement) -> None:
            self.events.append(Event(device, one))

        profiled = getattr(execute, "profile", None)
        outputs: Sequence[Any]
        if profiled is not None:
            outputs = profiled(buffers, scalars, note)
            return outputs
        recorder.runtime.synchronize()
        start = time.perf_counter_ns()
        outputs = execute(buffers, scalars)
        recorder.runtime.synchronize()
        note(_whole(steps, start, time.perf_counter_ns() - start))
        return outputs

    def key_averages(self) -> Averages:
        """Return the runs added up by what they compute, and where.

        Example:
            >>> import portfire
            >>> x = portfire.ones(3)
            >>> with portfire.profiler.profile() as prof:
            ...     y = [(x + i).tolist() for i in range(4)]
            >>> [(row.key, row.count) for row in prof.key_averages() if row.key == "add"]
            [('add', 4)]
        """
        rows: dict[tuple[str, str], Average] = {}
        for event in self.events:
            key = (event.measurement.label, event.device)
            rows.setdefault(key, Average(*key)).add(event.measurement)
        return Averages(rows.values(), self._wall, self._plans, +self._fallbacks)

    def export_chrome_trace(self, path: str | os.PathLike[str]) -> None:
        """Write the runs to a file that ``chrome://tracing`` and https://ui.perfetto.dev read.

        Args:
            path: the file; what is there is replaced.

        Example:
            >>> import json, pathlib, portfire, tempfile
            >>> with portfire.profiler.profile() as prof:
            ...     y = portfire.ones(2) + 1
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     file = pathlib.Path(folder) / "trace.json"
            ...     prof.export_chrome_trace(file)
            ...     sorted(json.loads(file.read_text()))
            ['displayTimeUnit', 'traceEvents']
        """
        import json  # only here: `import portfire` does not pay for it

        text = json.dumps({"displayTimeUnit": "ns", "traceEvents": list(self._trace())})
        Path(path).write_text(text, encoding="utf-8")

    def _trace(self) -> Iterator[dict[str, Any]]:
        devices = list(dict.fromkeys(event.device for event in self.events))
        yield _meta("process_name", 0, "portfire")
        for thread, device in enumerate(devices):
            yield _meta("thread_name", thread, device)
        # Viewers count from the first event; the absolute time of this clock means nothing.
        origin = min((event.measurement.start for event in self.events), default=0)
        for event in self.events:
            one = event.measurement
            average = Average(one.label, event.device)
            average.add(one)
            yield {
                "name": one.label,
                "cat": "kernel",
                "ph": "X",
                "pid": 0,
                "tid": devices.index(event.device),
                "ts": (one.start - origin) / 1e3,
                "dur": one.duration / 1e3,
                "args": {
                    "bytes read": one.bytes_read,
                    "bytes written": one.bytes_written,
                    "GB/s": round(average.gbytes_per_second, 3),
                    **({"GFLOP/s": round(average.gflops_per_second, 3)} if one.flops else {}),
                    **dict(one.detail),
                },
            }


def _meta(name: str, thread: int, value: str) -> dict[str, Any]:
    return {"name": name, "ph": "M", "pid": 0, "tid": thread, "args": {"name": value}}


def _plans() -> int:
    return sum(recorder.plans_built for recorder in opened())


def _whole(steps: Sequence[Instruction], start: int, duration: int) -> Measurement:
    """What is known of a run whose executable cannot be profiled: what was recorded for it."""
    work = [step.op.name for step in steps if not is_leaf(step.op)]
    label = "+".join(work[:_NAMES]) + (f"+{len(work) - _NAMES} more" if len(work) > _NAMES else "")
    read = sum(nbytes_of(step) for step in steps if is_leaf(step.op))
    return Measurement(label, start, duration, read)
