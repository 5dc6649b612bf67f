"""The runtime of the device ``cpu``."""

from __future__ import annotations

import math
import platform
from collections.abc import Sequence
from typing import Any

import numpy as np

from portfire import _dtype, ops
from portfire._dtype import DType
from portfire.backend import MemoryReport, PlanInfo, Program
from portfire_numpy._memory import Pool
from portfire_numpy._plan import Plan
from portfire_numpy.kernels import TABLE

__all__ = ["NumpyRuntime"]

Array = np.ndarray[Any, Any]


class NumpyRuntime:
    """Runs programs with NumPy; buffers are C-contiguous arrays.

    Attributes:
        table: the functions that compute one operator each.
        host_operators: the decompositions, all of which NumPy has.
    """

    name = f"NumPy {np.__version__} on {platform.machine()}"
    table = TABLE
    dtypes = frozenset(_dtype.ALL)
    claims = frozenset({"softmax", "log_softmax", "recurrence", "recurrence_grad"})
    host_operators = frozenset(op.name for op in ops.registry() if op.kind is ops.Kind.HOST)

    def __init__(self) -> None:
        self._pool = Pool()

    def compile(self, program: Program) -> Plan:
        """Plan groups of steps and the memory of what is between them."""
        return Plan(program, self._pool, self.name)

    def describe(self, program: Program) -> PlanInfo:
        """Tell what the plan of a program is."""
        return Plan(program, self._pool, self.name).describe()

    def upload(self, array: Array) -> Array:
        """Take an array over; the caller gives it up."""
        return array

    def download(self, buffer: Array, shape: tuple[int, ...], dtype: DType) -> Array:
        """Return the array itself: nobody may write to it."""
        return buffer.reshape(shape)

    def region(self, buffer: Array, offset: int, shape: tuple[int, ...], dtype: DType) -> Array:
        """Copy elements that lie together out of an array."""
        count = math.prod(shape)
        return np.array(buffer.reshape(-1)[offset : offset + count]).reshape(shape)

    def synchronize(self) -> None:
        """Do nothing: when a program was run, everything is done."""

    def memory(self) -> MemoryReport:
        """Report the blocks of large arrays."""
        held = self._pool.held
        return MemoryReport(held - self._pool.idle(), held, held, 0)

    def private(self, results: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        """Copy the results that share memory with an input, which somebody outside may write."""
        return [
            np.array(r) if any(np.may_share_memory(r, i) for i in inputs) else r for r in results
        ]
