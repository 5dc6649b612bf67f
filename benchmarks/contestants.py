"""The processes that take part, and the pipe to each."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Contestant:
    """A library on a device, in an environment of its own.

    Attributes:
        label: the heading of its column.
        python: the interpreter of its environment.
        library: a name of `libraries.LIBRARIES`.
        device: what that library calls the device.
        environment: variables set for its process.
    """

    label: str
    python: Path
    library: str
    device: str
    environment: dict[str, str] = field(default_factory=dict)


class Running:
    """A contestant's process; use it as a context."""

    def __init__(self, contestant: Contestant) -> None:
        self.contestant = contestant
        self._log = tempfile.TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115 - __exit__
        command = (contestant.library, contestant.device)
        self._process = subprocess.Popen(
            [str(contestant.python), "-m", "benchmarks.worker", *command],
            cwd=ROOT,
            env={**os.environ, **contestant.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> Running:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()  # closes its input, which ends it
        self._log.close()

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Send a request and wait for the reply.

        Raises:
            RuntimeError: if the process has ended; the text holds what it printed.
        """
        pipe, replies = self._process.stdin, self._process.stdout
        if pipe is None or replies is None:
            raise RuntimeError("a contestant has no pipe")
        line = ""
        try:
            pipe.write(json.dumps({"do": do, **arguments}) + "\n")
            pipe.flush()
            line = replies.readline()
        except BrokenPipeError:
            pass  # told below, with what the process printed
        if not line:
            self._log.seek(0)
            tail = "\n".join(self._log.read().splitlines()[-12:])
            raise RuntimeError(f"the process of {self.contestant.label} ended early:\n{tail}")
        reply: dict[str, Any] = json.loads(line)
        return reply
