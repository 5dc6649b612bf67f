"""What the tests of portfire.compile share."""

from __future__ import annotations

import itertools
from typing import Any

import portfire

make: Any = portfire.compile  # for lambdas and what is not callable, which have no types


def original(compiled: Any) -> Any:
    return compiled.__wrapped__


class Counted:
    """Counts calls in a way that no watching can see, so that counting is no side effect."""

    __slots__ = ("_counter", "_seen")

    def __init__(self) -> None:
        self._counter = itertools.count()
        self._seen = 0

    def __call__(self) -> None:
        next(self._counter)

    def since(self) -> int:
        now = next(self._counter)
        calls, self._seen = now - self._seen, now + 1
        return calls
