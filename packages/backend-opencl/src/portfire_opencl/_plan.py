"""The interface between the code generator and the runtime: plain frozen data.

The generator (`portfire_opencl.codegen`) turns a program into a `Plan` without touching OpenCL; the
runtime builds its source as one OpenCL program, allocates what it asks for and enqueues its
launches in order on one in-order queue.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from portfire._dtype import DType

__all__ = [
    "ERROR_WORD",
    "BufferArg",
    "DeviceFacts",
    "ErrorSite",
    "IntArg",
    "Launch",
    "Plan",
    "ScalarArg",
    "SiteBaseArg",
]


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """What the generator may know of a device.

    Attributes:
        schedule: ``"cpu"`` (an item owns a run of elements, no barriers) or ``"gpu"``.
        vector: float lanes of one explicit vector (16 on CPU-type devices, 1 to 4 on GPUs).
        compute_units: parallel units.
        max_work_group: the largest work-group.
        local_memory: bytes of local memory per work-group.
        max_allocation: bytes of the largest single buffer.
        fp16: true if the device computes in half precision (storage never needs it).
        fp64: true if the device computes in double precision.
        builtin_math: true if scalar exp, log and so on are fast builtins (GPUs), false if the
            generator must emit its own polynomials (PoCL calls a scalar library function).
    """

    schedule: str
    vector: int
    compute_units: int
    max_work_group: int
    local_memory: int
    max_allocation: int
    fp16: bool
    fp64: bool
    builtin_math: bool = False


@dataclass(frozen=True, slots=True)
class BufferArg:
    """A kernel argument that is a buffer.

    ``index`` counts through one space: the program's inputs first (0 to inputs-1), then
    ``Plan.allocations`` in order; ``ERROR_WORD`` is the device's error buffer.
    """

    index: int


ERROR_WORD = -1


@dataclass(frozen=True, slots=True)
class ScalarArg:
    """A kernel argument that is the program's number of that slot, passed as that dtype."""

    slot: int
    dtype: DType


@dataclass(frozen=True, slots=True)
class Launch:
    """One kernel call: its name in the source, arguments in order, and its index space."""

    kernel: str
    args: tuple[BufferArg | IntArg | ScalarArg | SiteBaseArg, ...]
    global_size: tuple[int, ...]
    local_size: tuple[int, ...] | None
    label: str = ""  # the operators whose results it stores, for profiles and error texts
    operators: tuple[str, ...] = ()  # all that it computes; empty for a helper launch
    group: int = 0  # its number in ``Plan.boundaries``; launches that work together share it
    flops: int = 0  # of the matrix product in it


@dataclass(frozen=True, slots=True)
class ErrorSite:
    """Where a run can fail: kernels store the number of the site and the offending value.

    The error buffer holds two longs: ``[0]`` the number of the first site that failed plus one
    (0: no error), ``[1]`` the offending index. ``text`` is the message with ``{value}`` for it.
    Sites are numbered from 0 inside a plan; to that, kernels add what the runtime passes for
    `SiteBaseArg`, so that numbers are unique on a device and never 0.
    """

    text: str


@dataclass(frozen=True, slots=True)
class SiteBaseArg:
    """An int, the plan's base plus one: a kernel stores its sum with the number of the site."""


@dataclass(frozen=True, slots=True)
class IntArg:
    """An int that belongs to the launch, so that launches at several places share a kernel."""

    value: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything needed to run a program on a device.

    Attributes:
        source: OpenCL C of all kernels.
        launches: in order.
        inputs: how many input buffers the program has.
        allocations: bytes of each further buffer; those that are not outputs are temporaries.
        outputs: for each program output the index of its buffer (an input's index where the
            output is that input itself or takes over its donated memory).
        temporaries: index of an allocation -> byte offset in one shared arena, for allocations that
            are dead after the run; computed by liveness so that they overlap.
        arena: bytes of that arena.
        sites: error sites in order.
        donated: input index -> nothing else; the inputs whose memory an output took over.
        boundaries: for each materialized value a line that says what and why, for `explain`.
    """

    source: str
    launches: tuple[Launch, ...]
    inputs: int
    allocations: tuple[int, ...]
    outputs: tuple[int, ...]
    temporaries: dict[int, int] = field(default_factory=dict)
    arena: int = 0
    sites: tuple[ErrorSite, ...] = ()
    donated: frozenset[int] = frozenset()
    boundaries: tuple[str, ...] = ()
