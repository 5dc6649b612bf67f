"""What is told about plans: their kernels for `explain`, and timed runs for the profiler.

A timed run goes to a second queue, whose commands have time stamps; the queue that everything else
uses has none, and waits for nothing.
"""

from __future__ import annotations

import functools
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from portfire.backend._contract import Program
from portfire.backend._insight import KernelInfo, Measurement, PlanInfo, nbytes_of
from portfire.ops._source import INPUT
from portfire_opencl._plan import BufferArg, Launch, Plan

__all__ = ["TimedQueue", "Traffic", "describe", "measured", "traffic"]

_SIGNATURE = re.compile(
    r"__kernel\s+(?:__attribute__\(\(.*?\)\)\)?\s*)?void\s+(\w+)\(([^)]*)\)\s*\{", re.DOTALL
)


class Traffic(NamedTuple):
    """Bytes of the buffers that a launch reads, and of those that it writes."""

    reads: tuple[int, ...]
    writes: tuple[int, ...]


@functools.lru_cache(maxsize=64)
def _written(source: str) -> dict[str, tuple[bool, ...]]:
    """Return for each kernel which of its parameters it may write: pointers without const."""
    return {
        name: tuple("*" in one and "const" not in one for one in parameters.split(","))
        for name, parameters in _SIGNATURE.findall(source)
    }


def traffic(plan: Plan, sizes: Sequence[int]) -> list[Traffic]:
    """Return what each launch moves, if it touches each element of its buffers once.

    Args:
        plan: the plan.
        sizes: bytes of each buffer of the plan, inputs first.

    Returns:
        One `Traffic` per launch. Scratch memory of a single launch is left out, and what several
        launches write together is shared among them.
    """
    written = _written(plan.source)
    users = Counter(index for launch in plan.launches for index in {*_buffers(launch, None)})
    writers = Counter(index for launch in plan.launches for index in {*_buffers(launch, written)})

    def own(index: int) -> bool:
        return index in plan.temporaries and users[index] == 1

    found = []
    for launch in plan.launches:
        out = dict.fromkeys(_buffers(launch, written))
        seen = dict.fromkeys(i for i in _buffers(launch, None) if i not in out)
        reads = tuple(sizes[i] for i in seen if not own(i))
        writes = tuple(sizes[i] // writers[i] for i in out if not own(i))
        found.append(Traffic(reads, writes))
    return found


def _buffers(launch: Launch, written: dict[str, tuple[bool, ...]] | None) -> Iterator[int]:
    """Yield the buffers of a launch, or only those that it writes."""
    flags = (True,) * len(launch.args) if written is None else written[launch.kernel]
    for argument, flag in zip(launch.args, flags, strict=True):
        if flag and isinstance(argument, BufferArg) and argument.index >= 0:
            yield argument.index


def describe(plan: Plan, program: Program) -> PlanInfo:
    """Return what core shows of a plan."""
    sizes = [0] * plan.inputs + list(plan.allocations)
    for step in program.instructions:
        if step.op is INPUT and step.attrs[0] < plan.inputs:
            sizes[step.attrs[0]] = nbytes_of(step)
    kernels = tuple(
        KernelInfo(
            label=launch.label,
            operators=launch.operators,
            group=launch.group,
            name=launch.kernel,
            global_size=launch.global_size,
            local_size=launch.local_size,
            reads=moved.reads,
            writes=moved.writes,
            flops=launch.flops,
        )
        for launch, moved in zip(plan.launches, traffic(plan, sizes), strict=True)
    )
    return PlanInfo(kernels, plan.boundaries, plan.source, plan.arena)


class TimedQueue:
    """A queue whose commands have time stamps; it is made when it is first used."""

    def __init__(self, cl: Any, context: Any) -> None:
        self._cl = cl
        self._context = context
        self._queue: Any = None

    def run(self, launches: Sequence[Callable[[Any], Any]], before: Any) -> list[tuple[int, int]]:
        """Enqueue launches, wait for them, and return when each started and how long it ran.

        Args:
            launches: functions that enqueue on a queue and return the event.
            before: the queue whose work has to be done first.

        Returns:
            Nanoseconds: the start on the clock of `time.perf_counter_ns`, and the duration.
        """
        if self._queue is None:
            properties = self._cl.command_queue_properties.PROFILING_ENABLE
            self._queue = self._cl.CommandQueue(self._context, properties=properties)
        before.finish()
        began = time.perf_counter_ns()
        events = [launch(self._queue) for launch in launches]
        self._queue.finish()
        if not events:
            return []
        # The device has a clock of its own; the first launch was queued just after `began`.
        shift = began - events[0].profile.queued
        return [(e.profile.start + shift, e.profile.end - e.profile.start) for e in events]


def measured(launch: Launch, moved: Traffic, start: int, duration: int) -> Measurement:
    """Return what the profiler is told of a launch."""
    detail = (
        ("operators", " ".join(launch.operators)),
        ("kernel", launch.kernel),
        ("global size", "x".join(map(str, launch.global_size))),
    )
    sums = sum(moved.reads), sum(moved.writes)
    return Measurement(launch.label, start, duration, *sums, launch.flops, detail)
