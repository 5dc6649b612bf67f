"""What a backend may tell about its plans and runs; all of it is optional and asked for.

`portfire.explain` asks a runtime for ``describe(program) -> PlanInfo``; `portfire.profiler` asks an
executable for ``profile(buffers, scalars, note) -> outputs``, which runs like the executable itself
and calls ``note`` with one `Measurement` per kernel. Without the first, the steps of the program
are listed; without the second, a run is timed as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from portfire.backend._contract import Instruction, Program
from portfire.ops._record import Kind
from portfire.ops._source import is_leaf

__all__ = ["KernelInfo", "Measurement", "Note", "PlanInfo", "flops_of", "nbytes_of", "steps_of"]


@dataclass(frozen=True, slots=True)
class KernelInfo:
    """One launch of a plan, or one step of an interpreter.

    Attributes:
        label: the operators whose results it stores.
        operators: all operators that it computes, in order; those beyond ``label`` are fused.
        group: the number by which ``PlanInfo.boundaries`` calls it; launches that do one thing
            together have the same.
        name: its function in the source of the plan, if there is one.
        global_size: items of its index space, empty where there is none.
        local_size: items of a work-group, None where the device chooses.
        reads: bytes of each buffer that it reads.
        writes: bytes of each buffer that it writes.
        flops: floating-point operations of matrix products in it.
        result: shape and dtype, of an interpreter's step.
    """

    label: str
    operators: tuple[str, ...] = ()
    group: int = 0
    name: str = ""
    global_size: tuple[int, ...] = ()
    local_size: tuple[int, ...] | None = None
    reads: tuple[int, ...] = ()
    writes: tuple[int, ...] = ()
    flops: int = 0
    result: str = ""


@dataclass(frozen=True, slots=True)
class PlanInfo:
    """A plan that was made, but not run.

    Attributes:
        kernels: in the order in which they run.
        boundaries: a line for each value that is stored in memory: which, and why.
        source: the text of all kernels.
        temporaries: bytes of memory that the plan uses beside inputs and outputs.
    """

    kernels: tuple[KernelInfo, ...]
    boundaries: tuple[str, ...] = ()
    source: str = ""
    temporaries: int = 0


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of a kernel, or of an operator.

    Attributes:
        label: what it computed.
        start: when it started, in nanoseconds of `time.perf_counter_ns`.
        duration: how long it ran, in nanoseconds.
        bytes_read: bytes of the buffers that it read, each counted once.
        bytes_written: bytes of the buffers that it wrote.
        flops: floating-point operations of matrix products in it.
        detail: more for the trace, by name.
    """

    label: str
    start: int
    duration: int
    bytes_read: int = 0
    bytes_written: int = 0
    flops: int = 0
    detail: tuple[tuple[str, str], ...] = ()


Note = Callable[[Measurement], None]


def nbytes_of(step: Instruction) -> int:
    """Return the bytes of a step's result.

    Example:
        >>> import portfire
        >>> from portfire.backend._contract import Instruction
        >>> step = Instruction(portfire.ops.lookup("iota"), (), (), (2, 3), portfire.float32)
        >>> nbytes_of(step)
        24
    """
    size = step.dtype.itemsize
    for extent in step.shape:
        size *= extent
    return size


def flops_of(program: Program, step: Instruction) -> int:
    """Return the operations of a matrix product: a multiplication and an addition per term."""
    if step.op.kind is not Kind.CONTRACTION:
        return 0
    count = 2 * program.instructions[step.inputs[0]].shape[-1]
    for extent in step.shape:
        count *= extent
    return count


def steps_of(program: Program) -> PlanInfo:
    """Describe a program as an interpreter runs it: one step after another."""
    work = [step for step in program.instructions if not is_leaf(step.op)]
    kernels = [
        KernelInfo(
            label=step.op.name,
            operators=(step.op.name,),
            group=number,
            reads=tuple([nbytes_of(program.instructions[i]) for i in step.inputs]),
            writes=(nbytes_of(step),),
            flops=flops_of(program, step),
            result=f"{list(step.shape)} {step.dtype.name}",
        )
        for number, step in enumerate(work)
    ]
    return PlanInfo(tuple(kernels))
