"""What Python costs: recording operators, and importing the package."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.libraries import Library

OPERATORS = 1000
REPEATS = 25
FRESH_PROCESSES = 11


def per_operator(library: Library, device: str) -> dict[str, float]:
    """Return microseconds of Python per operator on 4 elements: the median of many chains."""
    t = library.t
    a, b = t.ones(4, device=device), t.ones(4, device=device)
    tracked = t.ones(4, device=device, requires_grad=True)
    times: dict[str, list[float]] = {}
    for _ in range(REPEATS):
        for name, start in (("record", a), ("record with gradient", tracked)):
            began = time.perf_counter()
            x = start
            for _ in range(OPERATORS):
                x = x + b
            times.setdefault(name, []).append(time.perf_counter() - began)
            if start is tracked:
                began = time.perf_counter()
                x.sum().backward()
                times.setdefault("backward", []).append(time.perf_counter() - began)
            began = time.perf_counter()
            x.sum().item()
            if start is a:
                waited = time.perf_counter() - began + times["record"][-1]
                times.setdefault("record, run and read", []).append(waited)
            library.settle()
            library.synchronize()
            tracked.grad = None
    return {name: statistics.median(seen) / OPERATORS * 1e6 for name, seen in times.items()}


IMPORT = """
import time, numpy
began = time.perf_counter()
{statement}
print(time.perf_counter() - began)
"""


def import_seconds(python: Path, statement: str) -> float:
    """Return the median time of an import in fresh processes, beyond that of NumPy."""
    command = [str(python), "-c", IMPORT.format(statement=statement)]
    times = [
        float(subprocess.run(command, check=True, capture_output=True).stdout)
        for _ in range(FRESH_PROCESSES)
    ]
    return statistics.median(times)


def import_times() -> dict[str, float]:
    """Return seconds of the imports of portfire, beyond NumPy's."""
    statements = {
        "`import portfire`": "import portfire",
        "with `portfire.nn` and `portfire.optim`": "import portfire.nn, portfire.optim",
        "and a first tensor on `opencl`": (
            "import portfire.nn, portfire.optim; portfire.ones(1, device='opencl').item()"
        ),
    }
    return {name: import_seconds(Path(sys.executable), s) for name, s in statements.items()}
