"""Rewriting of programs: dead code, common subexpressions, constants, movements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from portfire.backend._contract import Instruction, Program
from portfire.ops import _elementwise as e
from portfire.ops import _movement as m
from portfire.ops._record import Kind, Operator
from portfire.ops._source import FULL

__all__ = ["simplify"]


class _Builder:
    """A program under construction; equal steps get one position."""

    def __init__(self) -> None:
        self.steps: list[Instruction] = []
        self._positions: dict[tuple[Any, ...], int] = {}

    def add(self, op: Operator, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int:
        """Append a step after rewriting it, or return the position of an equal one."""
        rule = _RULES.get(op)
        if rule is not None:
            found = rule(self, inputs, attrs, like)
            if found is not None:
                return found
        folded = _fold(self, op, inputs, attrs, like)
        if folded is not None:
            op, inputs, attrs = FULL, (), (like.shape, folded, like.dtype)
        # 1, 1.0 and True are equal as keys; a constant's type and sign are part of it.
        key = (op, inputs, attrs, repr(attrs[1]) if op is FULL else "", like.dtype)
        position = self._positions.get(key)
        if position is None:
            position = self._positions[key] = len(self.steps)
            self.steps.append(Instruction(op, inputs, attrs, like.shape, like.dtype))
        return position

    def constant(self, position: int) -> Any:
        """The number that fills a step, or None."""
        step = self.steps[position]
        return step.attrs[1] if step.op is FULL else None


def _fold(b: _Builder, op: Operator, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> Any:
    """Compute an elementwise step or a movement whose inputs are constants."""
    if op.kind is Kind.ELEMENTWISE:
        numbers = [b.constant(i) for i in inputs]
        if any(n is None for n in numbers):
            return None
        arrays = [
            np.full((), n, b.steps[i].dtype.numpy) for n, i in zip(numbers, inputs, strict=True)
        ]
        with np.errstate(all="ignore"):
            return np.asarray(op.reference(*arrays, *attrs)).item()
    if op in (m.RESHAPE, m.EXPAND, m.PERMUTE, m.SLICE, m.FLIP, m.WINDOWS):
        return b.constant(inputs[0])
    return None


def _reshape(b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int | None:
    source = b.steps[inputs[0]]
    if source.op is m.RESHAPE:
        return b.add(m.RESHAPE, source.inputs, attrs, like)
    return inputs[0] if source.shape == like.shape else None


def _expand(b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int | None:
    source = b.steps[inputs[0]]
    if source.op is m.EXPAND:
        return b.add(m.EXPAND, source.inputs, attrs, like)
    return inputs[0] if source.shape == like.shape else None


def _permute(b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int | None:
    (axes,) = attrs
    source = b.steps[inputs[0]]
    if source.op is m.PERMUTE:
        return b.add(m.PERMUTE, source.inputs, (tuple(source.attrs[0][a] for a in axes),), like)
    return inputs[0] if axes == tuple(range(len(axes))) else None


def _slice(b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int | None:
    source = b.steps[inputs[0]]
    starts, sizes, steps = attrs
    if source.shape == sizes:  # the whole array: start 0, and a step that never matters
        return inputs[0]
    if source.op is m.SLICE:
        inner, _, strides = source.attrs
        starts = tuple(i + s * st for i, s, st in zip(inner, starts, strides, strict=True))
        steps = tuple(s * st for s, st in zip(steps, strides, strict=True))
        return b.add(m.SLICE, source.inputs, (starts, sizes, steps), like)
    return None


def _pad(b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int | None:
    return inputs[0] if b.steps[inputs[0]].shape == like.shape else None


def _flip(b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int | None:
    source = b.steps[inputs[0]]
    if source.op is m.FLIP and source.attrs == attrs:
        return source.inputs[0]
    return inputs[0] if all(like.shape[a] <= 1 for a in attrs[0]) else None


def _slice_update(
    b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction
) -> int | None:
    if b.steps[inputs[1]].shape == like.shape:
        return inputs[1]
    return inputs[0] if 0 in attrs[1] else None


def _cast(b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int | None:
    return inputs[0] if b.steps[inputs[0]].dtype is like.dtype else None


def _neutral(number: Any) -> Callable[..., int | None]:
    """X op number is x; on both sides where the operator commutes."""

    def rule(b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int | None:
        x, y = inputs
        if b.constant(y) == number and b.steps[x].shape == like.shape:
            return x
        return None

    return rule


def _mul(b: _Builder, inputs: tuple[int, ...], attrs: Any, like: Instruction) -> int | None:
    x, y = inputs
    for one, other in ((y, x), (x, y)):
        if b.constant(one) == 1 and b.steps[other].shape == like.shape:
            return other
    return None


_RULES: dict[Operator, Callable[..., int | None]] = {
    m.RESHAPE: _reshape,
    m.EXPAND: _expand,
    m.PERMUTE: _permute,
    m.SLICE: _slice,
    m.PAD: _pad,
    m.FLIP: _flip,
    m.SLICE_UPDATE: _slice_update,
    e.CAST: _cast,
    e.MUL: _mul,
    e.DIV: _neutral(1),
    e.POW: _neutral(1),
}


def simplify(program: Program) -> Program:
    """Return an equivalent program without dead, repeated or needless steps."""
    steps = program.instructions
    alive = [False] * len(steps)
    for i in program.outputs:
        alive[i] = True
    for i in range(len(steps) - 1, -1, -1):
        if alive[i]:
            for j in steps[i].inputs:
                alive[j] = True
    builder = _Builder()
    position: dict[int, int] = {}
    for i, step in enumerate(steps):
        if alive[i]:
            inputs = tuple([position[j] for j in step.inputs])
            position[i] = builder.add(step.op, inputs, step.attrs, step)
    outputs = tuple([position[i] for i in program.outputs])
    return _prune(builder.steps, outputs, program.donated)


def _prune(steps: list[Instruction], outputs: tuple[int, ...], donated: frozenset[int]) -> Program:
    """Drop the steps that rewriting left without a reader."""
    used = set(outputs)
    for i in range(len(steps) - 1, -1, -1):
        if i in used:
            used.update(steps[i].inputs)
    kept = sorted(used)
    new = {old: i for i, old in enumerate(kept)}
    instructions = tuple(
        Instruction(s.op, tuple([new[j] for j in s.inputs]), s.attrs, s.shape, s.dtype)
        for s in (steps[i] for i in kept)
    )
    return Program(instructions, tuple([new[i] for i in outputs]), donated)
