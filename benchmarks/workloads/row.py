"""A row of the table, and the numbers that all libraries get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Step = Callable[[], Any]
Setup = Callable[..., Step]

MEGA, GIGA = 1e6, 1e9
FLOAT = 4  # bytes


@dataclass(frozen=True)
class Row:
    """One workload.

    Attributes:
        name: how the table calls it.
        setup: makes the step.
        tolerance: largest difference between two libraries, relative to 1 + the value.
        flops: of one step, where the row is about arithmetic.
        nbytes: read and written by one step at the least, where it is about memory.
        ceiling: what the row says about the machine itself; only the reference runs it.
        group: rows of one group share their processes; without one, each row has fresh ones.
    """

    name: str
    setup: Setup
    tolerance: float = 1e-4
    flops: float | None = None
    nbytes: float | None = None
    ceiling: bool = False
    group: str = ""

    @property
    def function(self) -> str:
        """The name of the function that makes the step."""
        made = self.setup.func if isinstance(self.setup, partial) else self.setup
        return str(getattr(made, "__name__", made))

    @property
    def sizes(self) -> dict[str, Any]:
        """What that function is called with beside the library and the device."""
        return dict(self.setup.keywords) if isinstance(self.setup, partial) else {}


def numbers(*shape: int, seed: int = 0) -> np.ndarray[Any, Any]:
    """Return standard normal float32 numbers."""
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)


def normal(t: Any, device: str, *shape: int, seed: int = 0) -> Any:
    """Return standard normal numbers as a tensor, the same in all libraries."""
    return t.tensor(numbers(*shape, seed=seed), device=device)
