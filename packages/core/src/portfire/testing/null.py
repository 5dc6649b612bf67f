"""The null device: it notes what it is asked to compile and run, and computes nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from portfire import _dtype
from portfire._dtype import DType
from portfire._spec import Shape, Spec
from portfire.backend._contract import BackendSpec, Executable, MemoryReport, Program
from portfire.testing.fakes import fake_devices

__all__ = ["Launch", "NullRuntime", "null_device"]


class Launch(NamedTuple):
    """One run of a program: which one, and the numbers that it got."""

    program: Program
    scalars: tuple[bool | int | float, ...]


class NullRuntime:
    """A runtime without a device: buffers are `Spec`, and all elements are zero.

    Attributes:
        programs: what was compiled, in order.
        launches: what was run, in order.
        uploads: how many host arrays arrived.
    """

    name = "null"
    dtypes = frozenset(_dtype.ALL)

    def __init__(self, claims: Sequence[str] = ()) -> None:
        self.claims = frozenset(claims)
        self.programs: list[Program] = []
        self.launches: list[Launch] = []
        self.uploads = 0

    def compile(self, program: Program) -> Executable:
        """Note the program."""
        self.programs.append(program)
        specs = [program.instructions[i].spec for i in program.outputs]

        def execute(buffers: Sequence[Any], scalars: Sequence[Any]) -> Sequence[Any]:
            self.launches.append(Launch(program, tuple(scalars)))
            return list(specs)

        return execute

    def upload(self, array: np.ndarray[Any, Any]) -> Spec:
        """Note that there was an array."""
        self.uploads += 1
        return Spec(array.shape, _dtype.dtype_of_array(array))

    def download(self, buffer: Spec, shape: Shape, dtype: DType) -> np.ndarray[Any, Any]:
        """Return zeros."""
        return np.zeros(shape, dtype.numpy)

    def synchronize(self) -> None:
        """Do nothing: there is nothing to wait for."""

    def memory(self) -> MemoryReport:
        """Report nothing."""
        return MemoryReport(0, 0, 0, 0)

    def operators(self, launch: int = -1) -> list[str]:
        """Return the names of the operators that a run computed, leaves left out."""
        steps = self.launches[launch].program.instructions
        return [step.op.name for step in steps if step.op.name not in ("input", "scalar")]


@contextlib.contextmanager
def null_device(claims: Sequence[str] = ()) -> Iterator[NullRuntime]:
    """Install the device ``null`` and return its runtime.

    Args:
        claims: composites that it takes whole.

    Example:
        >>> import portfire
        >>> from portfire.testing import null_device
        >>> with null_device() as null:
        ...     _ = (portfire.ones(2, device="null") * 3 + 1).tolist()
        >>> null.operators()
        ['full', 'mul', 'add']
    """
    runtime = NullRuntime(claims)
    with fake_devices(BackendSpec("null", lambda: 1, lambda index: runtime)):
        yield runtime
