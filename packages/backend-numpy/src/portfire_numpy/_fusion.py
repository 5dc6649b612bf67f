"""Which elementwise steps are computed together, block by block.

A unit is what runs at once: one step, or a group of elementwise steps over the same elements. A
step joins the group of one of its inputs where that makes no circle: nothing outside the group may
stand between the two. What a group computes is stored only if somebody outside reads it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from portfire.backend._contract import Instruction, Program
from portfire.ops._record import Kind, Shape
from portfire.ops._source import INPUT, SCALAR
from portfire_numpy._layout import Layout, dense, moved, reshaped

__all__ = ["Unit", "layouts", "units"]

MAX_GROUP = 96  # steps; bounds the scratch of a group


class Unit:
    """Steps that run at once.

    Attributes:
        steps: their positions in the program.
        shape: the shape over which a group of elementwise steps runs.
        reads: layouts of what they read from outside.
        needs: numbers of the units that store what they read.
        readers: numbers of the units that need this one.
        above: bits of the units that have to run before, however far.
        hard: numbers of the units that they read in another order, or as a part.
    """

    __slots__ = ("above", "fused", "hard", "needs", "number", "readers", "reads", "shape", "steps")

    def __init__(self, number: int, step: int, shape: Shape, fused: bool) -> None:
        self.number = number
        self.steps = [step]
        self.shape = shape
        self.fused = fused
        self.reads: list[Layout] = []
        self.needs: set[int] = set()
        self.readers: set[int] = set()
        self.hard: set[int] = set()
        self.above = 0


def layouts(program: Program) -> list[Layout]:
    """Return where each step's result lies: in memory of its own, or as a view."""
    found: list[Layout] = []
    for position, step in enumerate(program.instructions):
        layout = None
        name = step.op.name
        if name == "full":
            layout = Layout(position, 0, step.shape, (0,) * len(step.shape))
        elif name == "iota":
            shape, axis, _ = step.attrs
            strides = tuple([int(a == axis) for a in range(len(shape))])
            layout = Layout(position, 0, shape, strides)
        elif step.op.kind is Kind.MOVEMENT:
            layout = moved(step, found[step.inputs[0]])
        found.append(dense(position, step.shape) if layout is None else layout)
    return found


def units(
    program: Program, where: Sequence[Layout], instead: Mapping[int, Sequence[Layout]]
) -> list[Unit]:
    """Group the steps of a program and put the groups in the order in which they run.

    Args:
        program: the steps.
        where: the layout of each step's result.
        instead: what some steps read instead of their inputs; inputs that nobody else reads then
            are left out.

    Returns:
        The units, each after those whose results it reads.
    """
    wanted = _wanted(program, where, instead)
    found: list[Unit | None] = []
    owner: dict[int, int] = {}
    for position, step in enumerate(program.instructions):
        if is_free(step, position, where) or position not in wanted:
            continue
        fused = step.op.kind is Kind.ELEMENTWISE and 0 not in step.shape
        unit = Unit(len(found), position, step.shape, fused)
        reads = instead.get(position) or [where[i] for i in step.inputs]
        _connect(unit, step, reads, program, owner, found)
        found.append(unit)
        owner[position] = unit.number
        if fused:
            for candidate in sorted(unit.needs, reverse=True):
                other = found[candidate]
                if other is not None and other.fused:
                    joined = _joined(other, unit, found, where)
                    if joined:
                        unit = _merge(other, unit, found, owner)
    return _ordered([unit for unit in found if unit is not None])


def _wanted(
    program: Program, where: Sequence[Layout], instead: Mapping[int, Sequence[Layout]]
) -> set[int]:
    """Return the steps whose memory somebody reads."""
    wanted = {where[i].root for i in program.outputs}
    for position in range(len(program.instructions) - 1, -1, -1):
        if position in wanted:
            inputs = [where[i] for i in program.instructions[position].inputs]
            wanted.update(layout.root for layout in instead.get(position) or inputs)
    return wanted


def is_free(step: Instruction, position: int, where: Sequence[Layout]) -> bool:
    """Whether a step needs no run: it is given, constant, or a view."""
    if step.op is INPUT or step.op is SCALAR or step.op.name in ("full", "iota"):
        return True
    return where[position].root != position


def _connect(
    unit: Unit,
    step: Instruction,
    reads: Sequence[Layout],
    program: Program,
    owner: dict[int, int],
    found: Sequence[Unit | None],
) -> None:
    """Note what a new unit reads, and of whom."""
    size = math.prod(step.shape)
    for layout in reads:
        unit.reads.append(layout)
        number = owner.get(layout.root)
        if number is None:
            continue
        other = found[number]
        if other is None:
            raise RuntimeError(f"the unit {number} was merged, but owns step {layout.root}")
        unit.needs.add(number)
        other.readers.add(unit.number)
        unit.above |= other.above | 1 << number
        whole = (
            layout.is_all_of(size) and math.prod(program.instructions[layout.root].shape) == size
        )
        if not whole:
            unit.hard.add(number)


def _joined(a: Unit, b: Unit, found: Sequence[Unit | None], where: Sequence[Layout]) -> bool:
    """Whether two units may become one; if so, `a` gets the shape that suits both."""
    if len(a.steps) + len(b.steps) > MAX_GROUP or math.prod(a.shape) != math.prod(b.shape):
        return False
    if a.number in b.hard or b.number in a.hard:
        return False
    for one, other in ((a, b), (b, a)):
        for number in one.needs:
            between = found[number]
            if number != other.number and between is not None and between.above >> other.number & 1:
                return False
    own = {*a.steps, *b.steps}
    reads = [layout for layout in (*a.reads, *b.reads) if layout.root not in own]
    for shape in sorted({a.shape, b.shape}, key=len, reverse=True):
        if all(spread(layout, shape) is not None for layout in reads):
            a.shape = shape
            return True
    return False


def spread(layout: Layout, shape: Shape) -> Layout | None:
    """Return what a group of that shape reads: the same elements, or one for all."""
    if layout.is_scalar:
        return Layout(layout.root, layout.offset, shape, (0,) * len(shape))
    return reshaped(layout, shape)


def _merge(a: Unit, b: Unit, found: list[Unit | None], owner: dict[int, int]) -> Unit:
    """Make one unit of two; it keeps the number of the first."""
    a.steps = sorted((*a.steps, *b.steps))
    own = set(a.steps)
    a.reads = [layout for layout in (*a.reads, *b.reads) if layout.root not in own]
    a.needs = (a.needs | b.needs) - {a.number, b.number}
    a.readers = (a.readers | b.readers) - {a.number, b.number}
    a.hard |= b.hard
    bit_a, bit_b = 1 << a.number, 1 << b.number
    a.above = (a.above | b.above) & ~(bit_a | bit_b)
    for step in b.steps:
        owner[step] = a.number
    for unit in _units(found, b.needs - {a.number}):
        unit.readers = unit.readers - {b.number} | {a.number}
    for unit in _units(found, b.readers - {a.number}):
        unit.needs = unit.needs - {b.number} | {a.number}
        if b.number in unit.hard:
            unit.hard = unit.hard - {b.number} | {a.number}
    found[b.number] = None
    # Whatever comes after the two, however far, now comes after all that either needs.
    below = list(a.readers)
    seen = set(below)
    while below:
        for unit in _units(found, (below.pop(),)):
            unit.above = unit.above & ~bit_b | bit_a | a.above
            below.extend(unit.readers - seen)
            seen |= unit.readers
    return a


def _units(found: Sequence[Unit | None], numbers: Iterable[int]) -> Iterator[Unit]:
    """Look units up by their numbers."""
    for number in numbers:
        unit = found[number]
        if unit is None:
            raise RuntimeError(f"the unit {number} was merged, but is still referred to")
        yield unit


def _ordered(found: list[Unit]) -> list[Unit]:
    """Sort units so that each comes after those it needs, and else as the program has them."""
    waiting = {unit.number: len(unit.needs) for unit in found}
    by_number = {unit.number: unit for unit in found}
    ready = [(unit.steps[-1], unit.number, unit) for unit in found if not unit.needs]
    heapq.heapify(ready)
    order = []
    while ready:
        _, number, unit = heapq.heappop(ready)
        order.append(unit)
        for reader in [by_number[reader] for reader in by_number[number].readers]:
            waiting[reader.number] -= 1
            if not waiting[reader.number]:
                heapq.heappush(ready, (reader.steps[-1], reader.number, reader))
    if len(order) != len(found):
        raise RuntimeError("the groups of a program wait for each other")
    return order
