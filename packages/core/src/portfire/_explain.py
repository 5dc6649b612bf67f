"""`explain`: the plan that would compute a tensor, without running anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portfire._tables import bytes_text, render, shorten
from portfire.backend._contract import Program
from portfire.backend._insight import KernelInfo, PlanInfo, steps_of
from portfire.engine._pending import pending_program
from portfire.ops._source import is_leaf

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["Explanation", "explain"]

_WIDTH = 60  # of a column with operators
_STEPS_HEAD = ("step", "operator", "result", "reads", "writes")
_KERNELS_HEAD = ("kernel", "stores", "computes", "function", "global", "local", "reads", "writes")


class Explanation:
    """What `explain` found; printing it shows the plan.

    Attributes:
        kernels: what the plan launches (or, on an interpreter, the steps), in order; see
            `portfire.backend.KernelInfo`.
        boundaries: a line for each value that is stored in memory: which, and why.
        source: the text of all kernels; empty where the device has none.
        temporaries: bytes of memory that the plan uses beside inputs and outputs.
        program: the simplified program that the backend would get.
    """

    def __init__(self, device: str, computed: bool, program: Program, plan: PlanInfo) -> None:
        self.program = program
        self._device = device
        self._computed = computed
        self.kernels = plan.kernels
        self.boundaries = plan.boundaries
        self.source = plan.source
        self.temporaries = plan.temporaries

    @property
    def operators(self) -> tuple[str, ...]:
        """The operators of the program that is left after simplification, in order."""
        steps = self.program.instructions
        return tuple([step.op.name for step in steps if not is_leaf(step.op)])

    def __repr__(self) -> str:
        head = self._headline()
        if not self.kernels:
            return head
        parts = [head, "", self._table()]
        if self.boundaries:
            parts += ["", "stored, and why:", *(f"  {line}" for line in self.boundaries)]
        if self.temporaries:
            parts += ["", f"temporaries: {bytes_text(self.temporaries)}"]
        return "\n".join(parts)

    def _headline(self) -> str:
        done = "The tensor is computed already. " if self._computed else ""
        if not self.kernels:
            rest = "Nothing has to run for it" if done else "Nothing has to run"
            return f"{done}{rest} on {self._device}."
        what = "kernel" if self.source else "step"
        return (
            f"{done}Pending on {self._device}: {_count(len(self.operators), 'operator')} in "
            f"{_count(len(self.kernels), what)}."
        )

    def _table(self) -> str:
        if self.source:
            return render(_KERNELS_HEAD, [_kernel_row(one) for one in self.kernels], left=4)
        rows = [_step_row(one) for one in self.kernels]
        return render(_STEPS_HEAD, rows, left=3)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _buffers(sizes: tuple[int, ...]) -> str:
    total = bytes_text(sum(sizes))
    return total if len(sizes) < 2 else f"{total} in {len(sizes)}"


def _kernel_row(one: KernelInfo) -> tuple[str, ...]:
    return (
        str(one.group),
        shorten(one.label, _WIDTH),
        shorten(" ".join(one.operators), _WIDTH),
        one.name,
        "x".join(map(str, one.global_size)),
        "any" if one.local_size is None else "x".join(map(str, one.local_size)),
        _buffers(one.reads),
        _buffers(one.writes),
    )


def _step_row(one: KernelInfo) -> tuple[str, ...]:
    reads, writes = _buffers(one.reads), _buffers(one.writes)
    return str(one.group), shorten(" ".join(one.operators), _WIDTH), one.result, reads, writes


def explain(input: Tensor) -> Explanation:
    """Return the plan that would compute a tensor now, without running or flushing anything.

    A flush computes all that is pending on a device, so the plan is that of everything which waits
    on the tensor's device, the tensor among it.

    Args:
        input: the tensor.

    Returns:
        An `Explanation`: printed, it lists the kernels in order, each with the operators whose
        results it stores and all that it computes (what is fused into it), its index space and the
        bytes of its buffers, and says why each stored value is stored. Its ``source`` is the text
        of the kernels. A device that interprets lists its steps.

    Raises:
        RuntimeError: if the tensor has no value because its computation failed.
        portfire.UnsupportedError: if the device cannot compute what is pending.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, 3)
        >>> x.tolist()
        [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
        >>> plan = portfire.explain((x * 2 + 1).sum())
        >>> plan
        Pending on cpu (NumPy ...): 3 operators in 2 steps.
        <BLANKLINE>
        step  operator  result              reads  writes
        ----  --------  --------------  ---------  ------
        0     mul add   [2, 3] float32  32 B in 3    24 B
        1     sum       [] float32           24 B     4 B
        <BLANKLINE>
        stored, and why:
          add [2, 3] float32: read by sum
        <BLANKLINE>
        temporaries: 64 B
        >>> plan.operators
        ('mul', 'add', 'sum')
    """
    value, path = input._snapshot()
    recorder = value.recorder
    computed = value.buffer is not None and not path
    program = pending_program(value, path)
    describe = getattr(recorder.runtime, "describe", steps_of)
    device = f"{recorder.device} ({recorder.runtime.name})"
    return Explanation(device, computed, program, describe(program))
