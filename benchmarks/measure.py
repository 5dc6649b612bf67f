"""Rounds: everybody in turn, so that a busy moment of the machine hits all alike."""

from __future__ import annotations

import contextlib
import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.contestants import Contestant, Running
from benchmarks.workloads import Row

PAUSE = 0.05  # seconds between contestants: OpenMP's threads spin for a while after their work
MOST_STEPS = 2000  # of one sample


@dataclass
class Result:
    """What one contestant did on one row; times in seconds per step."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    first: float = math.nan
    counts: dict[str, int] = field(default_factory=dict)
    values: list[list[float]] = field(default_factory=list)
    error: str = ""
    difference: float = math.nan

    @property
    def median(self) -> float:
        """The median of the wall times."""
        return statistics.median(self.wall) if self.wall else math.nan

    @property
    def least(self) -> float:
        """The least of the wall times."""
        return min(self.wall, default=math.nan)

    @property
    def cpu_median(self) -> float:
        """The median of the CPU times."""
        return statistics.median(self.cpu) if self.cpu else math.nan


def measure(
    rows: Sequence[Row],
    contestants: Sequence[Contestant],
    rounds: int,
    seconds: float,
    progress: Callable[[str], None],
) -> dict[Row, dict[str, Result]]:
    """Measure rows one after the other in fresh processes; the first contestant is the reference.

    A contestant whose process ends during a row has that as its error, and sits out the rest.
    """
    with contextlib.ExitStack() as stack:
        everybody = [stack.enter_context(Running(one)) for one in contestants]
        return {row: measure_row(row, everybody, rounds, seconds, progress) for row in rows}


def measure_row(
    row: Row,
    everybody: Sequence[Running],
    rounds: int,
    seconds: float,
    progress: Callable[[str], None],
) -> dict[str, Result]:
    """Have everybody prepare a row and take their turns."""
    results = {process.contestant.label: Result() for process in everybody}
    running: list[tuple[Running, int, Result]] = []
    for process in everybody:
        label = process.contestant.label
        progress(f"{row.name}: {label} prepares")
        steps = prepare(process, row, results[label], seconds)
        if steps:
            running.append((process, steps, results[label]))
    for number in range(rounds):
        progress(f"{row.name}: round {number + 1} of {rounds}")
        # The order turns, so that nobody always runs after the same neighbor.
        shift = number % len(running) if running else 0
        for process, steps, result in running[shift:] + running[:shift]:
            time.sleep(PAUSE)
            took = process.ask("sample", steps=steps)
            if "error" in took:
                raise RuntimeError(f"{row.name}: {took['error']}")
            result.wall.append(took["wall"] / steps)
            result.cpu.append(took["cpu"] / steps)
    compare(row, list(results.values()))
    return results


def prepare(process: Running, row: Row, result: Result, seconds: float) -> int:
    """Have a contestant set a row up; return how many steps fill a sample, 0 if it can not."""
    try:
        reply = process.ask("prepare", row=row.name)
    except RuntimeError as error:
        reply = {"error": f"its process ended: {error}"}
    if "absent" in reply:
        return 0
    if "error" in reply:
        result.error = str(reply["error"])
        return 0
    result.first, result.values = reply["first"], reply["results"]
    result.counts = reply.get("counts", {})
    process.ask("sample", steps=1)
    guess = min(float(process.ask("sample", steps=3)["wall"]) / 3, float(reply["later"]))
    return max(1, min(MOST_STEPS, round(seconds / guess)))


def compare(row: Row, results: list[Result]) -> None:
    """Hold everybody's values of the first steps against the reference's."""
    reference = results[0].values
    for result in results:
        if result.error or results[0].error or not result.values:
            continue
        mine, theirs = np.array(result.values), np.array(reference)
        result.difference = float(np.max(np.abs(mine - theirs) / (1 + np.abs(theirs))))
        if not result.difference <= row.tolerance:  # NaN differs too
            result.error = f"other results than the reference's (by {result.difference:.1g})"


def overheads(contestants: Sequence[Contestant]) -> dict[str, dict[str, float]]:
    """Return everybody's Python time per operator, in microseconds."""
    found: dict[str, dict[str, float]] = {}
    for one in contestants:
        with Running(one) as process:
            reply = process.ask("overheads")
            if "error" in reply:
                raise RuntimeError(f"{one.label}: {reply['error']}")
            found[one.label] = reply["overheads"]
    return found


def descriptions(contestants: Sequence[Contestant]) -> dict[str, str]:
    """Return what everybody says about itself."""
    found = {}
    for one in contestants:
        with Running(one) as process:
            found[one.label] = str(process.ask("about").get("about", "?"))
    return found
