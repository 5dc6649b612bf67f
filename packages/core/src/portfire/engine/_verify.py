"""The type checker of programs: on in tests, off for users."""

from __future__ import annotations

from portfire.backend._contract import Program
from portfire.ops._record import Kind
from portfire.ops._source import is_leaf

__all__ = ["verify"]


def verify(program: Program) -> None:
    """Raise ValueError where a program breaks the rules that backends rely on."""
    instructions = program.instructions
    for position, step in enumerate(instructions):
        if any(not 0 <= i < position for i in step.inputs):
            raise ValueError(f"step {position} ({step.op.name}) reads a later step: {step.inputs}")
        if is_leaf(step.op):
            continue
        specs = tuple(instructions[i].spec for i in step.inputs)
        expected = step.op.infer(specs, step.attrs)
        if step.spec != expected:
            raise ValueError(f"step {position} ({step.op.name}) is {step.spec}, not {expected}")
        if step.op.kind is Kind.ELEMENTWISE and any(s.shape not in ((), step.shape) for s in specs):
            raise ValueError(f"step {position} ({step.op.name}) broadcasts {specs}")
    if any(not 0 <= i < len(instructions) for i in program.outputs):
        raise ValueError(f"outputs {program.outputs} are not steps of the program")
