"""A contestant's own process: `python -m benchmarks.worker LIBRARY DEVICE`.

Requests and replies are JSON objects, one per line. A request has the key `do` and arguments; the
reply has what was asked for, or `error`. All else that is printed goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

from benchmarks import libraries, overheads
from benchmarks.libraries import AbsentError
from benchmarks.workloads import ROWS, Step

WARM_UP = 3  # steps; their results are compared between the libraries
SAMPLED_VALUES = 64


class Worker:
    """The state of a contestant: its library and the row that it has prepared."""

    def __init__(self, name: str, device: str) -> None:
        began = time.perf_counter()
        self.library = libraries.LIBRARIES[name](device)
        self.device = device
        self.import_seconds = time.perf_counter() - began
        self.step: Step | None = None
        self.requests: dict[str, Callable[..., dict[str, Any]]] = {
            "about": self.about,
            "prepare": self.prepare,
            "sample": self.sample,
            "overheads": self.overheads,
        }

    def about(self) -> dict[str, Any]:
        """Say what runs here."""
        return {"about": self.library.about, "import_seconds": self.import_seconds}

    def prepare(self, row: str) -> dict[str, Any]:
        """Set a row up, take its first steps, and return their results and times."""
        (found,) = [r for r in ROWS if r.name == row]
        began = time.perf_counter()
        self.step = None  # what the row before held goes first
        try:
            self.step = self.library.setup(found, self.device)
        except AbsentError:
            return {"absent": True}
        self.library.synchronize()
        set_up = time.perf_counter() - began
        results, times = [], []
        for _ in range(WARM_UP):
            began = time.perf_counter()
            result = self.run(1)
            times.append(time.perf_counter() - began)
            results.append(values_of(result))
        reply = {"results": results, "set_up": set_up, "first": times[0], "later": times[-1]}
        if self.library.launches is not None:
            before = self.library.launches()
            self.run(1)
            after = self.library.launches()
            reply["counts"] = {name: after[name] - before[name] for name in after}
        return reply

    def sample(self, steps: int) -> dict[str, Any]:
        """Time some steps: wall seconds, and CPU seconds of all threads of this process."""
        wall, cpu = time.perf_counter(), time.process_time()
        self.run(steps)
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def run(self, steps: int) -> Any:
        """Take some steps, wait for them, and return the last result."""
        if self.step is None:
            raise RuntimeError("the request `prepare` comes first")
        step, settle, result = self.step, self.library.settle, None
        for _ in range(steps):
            result = step()
            settle()
        if self.library.wait is not None:
            self.library.wait(result)
        self.library.synchronize()
        return result

    def overheads(self) -> dict[str, Any]:
        """Measure what Python costs per operator."""
        return {"overheads": overheads.per_operator(self.library, self.device)}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what a request asks for."""
        arguments = {key: value for key, value in request.items() if key != "do"}
        try:
            return self.requests[request["do"]](**arguments)
        except Exception as error:  # noqa: BLE001 - whatever a library raises belongs in the table
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {error}"}


def values_of(result: Any) -> list[float]:
    """Return a few evenly spaced elements of a tensor."""
    flat = libraries.values(result)
    every = max(1, flat.shape[0] // SAMPLED_VALUES)
    return [float(value) for value in flat[::every]]


def main(name: str, device: str) -> None:
    """Answer requests until standard input ends."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the libraries print must not get between the replies
    worker = Worker(name, device)
    for line in sys.stdin:
        replies.write(json.dumps(worker.answer(json.loads(line))) + "\n")
        replies.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
