"""What a backend has to provide: the whole contract, version 1.

A backend registers one `BackendSpec` per device type through the hook ``portfire_backends``. The
spec opens a `Runtime` per device when that device is first used. A runtime moves arrays in and out,
compiles a `Program`, and reports what it holds. Nothing else is required.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from portfire._dtype import DType
from portfire._spec import Attrs, Shape, Spec

if TYPE_CHECKING:
    from portfire.ops._record import Operator

__all__ = [
    "CONTRACT_VERSION",
    "BackendSpec",
    "Buffer",
    "Executable",
    "Instruction",
    "MemoryReport",
    "OutOfMemoryError",
    "Program",
    "Runtime",
    "UnsupportedError",
]

CONTRACT_VERSION = 1

Buffer = Any  # whatever a runtime hands out; core never looks inside
Number = bool | int | float
Executable = Callable[[Sequence[Buffer], Sequence[Number]], Sequence[Buffer]]


class UnsupportedError(RuntimeError):
    """A backend cannot do an operator, dtype or layout; the text names it and the remedy."""


class OutOfMemoryError(RuntimeError):
    """A device has no room; the text says what was asked, what is held, and the limits."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One step of a program: an operator applied to the results of earlier instructions."""

    op: Operator
    inputs: tuple[int, ...]
    attrs: Attrs
    shape: Shape
    dtype: DType

    @property
    def spec(self) -> Spec:
        """Shape and dtype of the result."""
        return Spec(self.shape, self.dtype)


@dataclass(frozen=True, slots=True)
class Program:
    """A graph in topological order, in single-assignment form.

    The operators ``input`` and ``scalar`` are its leaves: attribute 0 of each is its slot, the
    position in the list of buffers (or of numbers) that the executable gets. A value may be an
    output more than once, and an output may be a leaf.

    Attributes:
        instructions: the steps; each one's inputs are indices of earlier steps.
        outputs: indices of the instructions whose values are wanted, in order.
        donated: slots of inputs that nobody reads after this program; their buffers may be
            overwritten and returned as outputs. An executable that raises leaves them whole, so
            that core can compute from them what is not at fault, or says that it did not by an
            attribute ``inputs_lost = True`` of the exception.
    """

    instructions: tuple[Instruction, ...]
    outputs: tuple[int, ...]
    donated: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class MemoryReport:
    """Bytes of a device: in use by live arrays, held by the pool, the peak of use, the total."""

    allocated: int
    reserved: int
    peak: int
    total: int


class Runtime(Protocol):
    """One opened device.

    A runtime that finds an index out of range only at a later `download` or `synchronize`, as
    devices with a queue do, says so with an attribute ``defers_errors = True``.

    Buffers hold dense arrays in row-major order. They are immutable to core: an executable never
    writes into an input unless its slot is in ``Program.donated``.
    """

    name: str
    dtypes: frozenset[DType]
    claims: frozenset[str]  # composites that compile() takes whole, by name

    def compile(self, program: Program) -> Executable:
        """Return a callable ``(buffers, scalars) -> outputs``; UnsupportedError if it can't be."""
        ...

    def upload(self, array: np.ndarray[Any, Any]) -> Buffer:
        """Copy a C-contiguous host array to the device."""
        ...

    def download(self, buffer: Buffer, shape: Shape, dtype: DType) -> np.ndarray[Any, Any]:
        """Return a host copy (or, on a host device, the array itself), after waiting for it."""
        ...

    def synchronize(self) -> None:
        """Wait for all work; raise the errors that only the run could find."""
        ...

    def memory(self) -> MemoryReport:
        """Report the device's memory."""
        ...


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """The announcement of a device type; cheap, so that it can be made before the device is used.

    Attributes:
        device_type: the word in ``device="opencl:1"``.
        count: how many devices there are now; zero is a valid answer.
        open: opens the device of that index; called once per index.
        priority: the default device is the first device of the available type with the highest
            priority (``cpu`` has 100, ``opencl`` 50).
        explain: a sentence for the user when ``count()`` is zero: why, and the cure.
    """

    device_type: str
    count: Callable[[], int]
    open: Callable[[int], Runtime]
    priority: int = 0
    explain: Callable[[], str] | None = None
