"""Composites that a backend does not take whole are replaced by their decompositions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire.backend._contract import Instruction, Program
from portfire.ops._record import Kind

if TYPE_CHECKING:
    from portfire.engine._recorder import Recorder

__all__ = ["lower"]


def lower(program: Program, recorder: Recorder) -> Program:
    """Return the program with only primitives and composites that the runtime claims."""
    claims = recorder.runtime.claims
    steps: list[Instruction] = []
    position: dict[int, int] = {}
    for i, step in enumerate(program.instructions):
        inputs = tuple([position[j] for j in step.inputs])
        moved = Instruction(step.op, inputs, step.attrs, step.shape, step.dtype)
        position[i] = _append(steps, moved, claims, recorder)
    return Program(tuple(steps), tuple([position[i] for i in program.outputs]), program.donated)


def _append(
    steps: list[Instruction], step: Instruction, claims: frozenset[str], recorder: Recorder
) -> int:
    if step.op.kind is not Kind.COMPOSITE or step.op.name in claims:
        steps.append(step)
        return len(steps) - 1
    body, result = _decompose(step, [steps[j] for j in step.inputs], recorder)
    # The first instructions of the body stand for the composite's inputs.
    position = list(step.inputs)
    for inner in body[len(step.inputs) :]:
        inputs = tuple([position[j] for j in inner.inputs])
        moved = Instruction(inner.op, inputs, inner.attrs, inner.shape, inner.dtype)
        position.append(_append(steps, moved, claims, recorder))
    return position[result]


def _decompose(
    step: Instruction, sources: list[Instruction], recorder: Recorder
) -> tuple[list[Instruction], int]:
    """Run the decomposition on a scratch recorder and return what it recorded."""
    from portfire import _tensor
    from portfire.autograd._mode import no_grad
    from portfire.engine._scratch import ScratchRecorder

    if step.op.decompose is None:
        raise RuntimeError(f"the composite {step.op.name} has no decomposition")
    scratch = ScratchRecorder(recorder.device, recorder.runtime)
    inputs: list[Any] = [_tensor.Tensor._wrap(scratch.leaf(s.shape, s.dtype)) for s in sources]
    with no_grad():
        result = step.op.decompose(*inputs, *step.attrs)
        value = result._read()
    if (tuple(value.shape), value.dtype) != (step.shape, step.dtype):
        raise RuntimeError(
            f"the decomposition of {step.op.name} gives {value.shape} {value.dtype}, but its shape "
            f"rule says {step.shape} {step.dtype}"
        )
    return scratch.steps, value.index
