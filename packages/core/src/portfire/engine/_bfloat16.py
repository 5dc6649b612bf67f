"""How devices without bfloat16 have it: as 16 bits in memory, and as float32 in arithmetic.

A backend never sees the type. Arrays of it become arrays of int16, which hold the upper half of a
float32. What only moves elements moves these bits; everything else reads them as float32 and
rounds its result, to the nearest number and to the even one of two.
"""

from __future__ import annotations

from portfire._dtype import DType, bfloat16, bool_, float32, int16, int32
from portfire.backend._contract import Instruction, Program
from portfire.ops import _elementwise as e
from portfire.ops._bits import BITCAST
from portfire.ops._record import Attrs, Kind, Operator, Shape
from portfire.ops._source import FULL, INPUT, SCALAR

__all__ = ["NEEDED", "without_bfloat16"]

NEEDED = frozenset({float32, int16, int32})  # what a device needs for this

_HALF = 16  # the bits of float32 that bfloat16 does not have
_BELOW_TIE = 0x7FFF  # one less than half of the last place kept
_NAN = 0x7FC0
_TRANSPARENT = (Kind.MOVEMENT, Kind.JOIN)  # these operators do not look at the elements


def without_bfloat16(program: Program) -> Program:
    """Return a program for the same buffers that computes in float32 and stores int16."""
    if not any(step.dtype is bfloat16 for step in program.instructions):
        return program
    writer = _Writer()
    for step in program.instructions:
        writer.translate(step)
    outputs = tuple([writer.stored(i) for i in program.outputs])
    return Program(tuple(writer.steps), outputs, program.donated)


class _Writer:
    """The new program; the old steps of bfloat16 exist as bits, as float32, or as both."""

    def __init__(self) -> None:
        self.steps: list[Instruction] = []
        self.plain: list[int | None] = []  # by old step: the new one of any other type
        self.bits: dict[int, int] = {}
        self.wide: dict[int, int] = {}

    def stored(self, old: int) -> int:
        """The new step of what a result in memory is."""
        plain = self.plain[old]
        return self.as_bits(old) if plain is None else plain

    def emit(
        self, op: Operator, inputs: tuple[int, ...], attrs: Attrs, shape: Shape, dtype: DType
    ) -> int:
        """Append a step."""
        self.steps.append(Instruction(op, inputs, attrs, shape, dtype))
        return len(self.steps) - 1

    def constant(self, number: int, dtype: DType) -> int:
        """A number as a step."""
        return self.emit(FULL, (), ((), number, dtype), (), dtype)

    def as_wide(self, old: int) -> int:
        """A bfloat16 step as float32."""
        if old not in self.wide:
            bits = self.bits[old]
            shape = self.steps[bits].shape
            whole = self.emit(e.CAST, (bits,), (int32,), shape, int32)
            places = self.constant(_HALF, int32)
            upper = self.emit(e.SHIFT_LEFT, (whole, places), (), shape, int32)
            self.wide[old] = self.emit(BITCAST, (upper,), (float32,), shape, float32)
        return self.wide[old]

    def as_bits(self, old: int) -> int:
        """A bfloat16 step as int16."""
        if old not in self.bits:
            self.bits[old] = self._rounded(self.wide[old])
        return self.bits[old]

    def _rounded(self, wide: int) -> int:
        """The upper halves of float32 numbers, after adding half of the last place kept."""
        shape = self.steps[wide].shape

        def of_ints(op: Operator, *inputs: int) -> int:
            return self.emit(op, inputs, (), shape, int32)

        whole = self.emit(BITCAST, (wide,), (int32,), shape, int32)
        places = self.constant(_HALF, int32)
        last = of_ints(
            e.BITWISE_AND, of_ints(e.SHIFT_RIGHT, whole, places), self.constant(1, int32)
        )
        up = of_ints(e.ADD, last, self.constant(_BELOW_TIE, int32))
        upper = of_ints(e.SHIFT_RIGHT, of_ints(e.ADD, whole, up), places)
        # The sum would carry some NaN to other numbers.
        wrong = self.emit(e.NE, (wide, wide), (), shape, bool_)
        kept = of_ints(e.WHERE, wrong, self.constant(_NAN, int32), upper)
        return self.emit(e.CAST, (kept,), (int16,), shape, int16)

    def translate(self, step: Instruction) -> None:
        """Append the new form of the next old step."""
        old = len(self.plain)
        involved = [i for i in step.inputs if self.plain[i] is None]
        if step.dtype is not bfloat16 and not involved:
            inputs = tuple([self.stored(i) for i in step.inputs])
            self.plain.append(self.emit(step.op, inputs, step.attrs, step.shape, step.dtype))
            return
        if step.op is INPUT:
            slot, shape, _ = step.attrs
            self.bits[old] = self.emit(INPUT, (), (slot, shape, int16), shape, int16)
        elif step.op.kind in _TRANSPARENT and len(involved) == len(step.inputs):
            self._move(old, step)
        else:
            self._compute(old, step)
            if step.dtype is not bfloat16:
                return
        self.plain.append(None)

    def _move(self, old: int, step: Instruction) -> None:
        """Move bits, or float32 numbers if those are what there is."""
        wide = all(i not in self.bits for i in step.inputs)
        inputs = tuple([self.wide[i] if wide else self.as_bits(i) for i in step.inputs])
        forms, dtype = (self.wide, float32) if wide else (self.bits, int16)
        forms[old] = self.emit(step.op, inputs, step.attrs, step.shape, dtype)

    def _compute(self, old: int, step: Instruction) -> None:
        """Compute in float32; a result of bfloat16 is rounded, a Python number stays as it is."""
        inputs = tuple(
            [self.as_wide(i) if self.plain[i] is None else self.stored(i) for i in step.inputs]
        )
        attrs = tuple([float32 if a is bfloat16 else a for a in step.attrs])
        dtype = float32 if step.dtype is bfloat16 else step.dtype
        if step.op is e.CAST and self.steps[inputs[0]].dtype is dtype:
            made = inputs[0]
        else:
            made = self.emit(step.op, inputs, attrs, step.shape, dtype)
        if step.dtype is not bfloat16:
            self.plain.append(made)
        elif step.op is SCALAR:
            self.wide[old] = made
        else:
            self.bits[old] = self._rounded(made)
