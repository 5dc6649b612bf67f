"""A group of elementwise steps as a list of NumPy calls on one block after another.

A block is as many elements as keep all that is in between in the cache. Registers name what a call
reads and writes: a part of an array, a piece of the thread's scratch, or one number. Every call is
the very function that computes the step alone, so the result has the same bits; only a selection
goes by masks, since `numpy.where` tests each element.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from portfire.backend._contract import Instruction, Program
from portfire.ops._elementwise import WHERE
from portfire.ops._record import Shape
from portfire.ops._source import FULL
from portfire_numpy._blocks import Call, Cut, Group, Register
from portfire_numpy._fusion import Unit, spread
from portfire_numpy._layout import Layout, contiguous, dense
from portfire_numpy.kernels import TABLE

__all__ = ["compile_group"]

Array = Any

CACHE = 768 << 10  # bytes that the arrays of one block may have together
ASIDE = 48  # bytes per element that a function takes that makes its own arrays
MIN_BLOCK, MAX_BLOCK = 4096, 65536  # elements
NARROW = 8  # elements of the last axis; NumPy's inner loops take longer to start than that
LOADED = 64  # elements that lie apart in runs shorter than this are copied to scratch if used twice


class _Copied(NamedTuple):
    """A call of a function that returns a new array, which is then copied into the block."""

    function: Callable[..., Any]
    attrs: tuple[Any, ...]

    def __call__(self, *arrays: Array, out: Array) -> None:
        """Compute and copy."""
        np.copyto(out, self.function(*arrays, *self.attrs), casting="unsafe")


def _convert(x: Array, out: Array) -> None:
    """Cast as `numpy.ndarray.astype` does."""
    np.copyto(out, x, casting="unsafe")


def _clear(mask: Array, out: Array) -> None:
    """Make all bits 0 where a mask holds, and 1 elsewhere."""
    np.subtract(mask, 1, out=out)


_FLOAT_CALLS = {"pow": np.power, "floor_divide": np.floor_divide, "remainder": np.remainder}
_INTEGERS: dict[int, np.dtype[Any]] = {
    1: np.dtype(np.int8),
    2: np.dtype(np.int16),
    4: np.dtype(np.int32),
    8: np.dtype(np.int64),
}
_BYTE = _INTEGERS[1]


def _collapse(shape: Shape, strides: Sequence[Shape]) -> tuple[Shape, list[Shape]]:
    """Drop axes of one element, and join neighbors that lie together in all arrays."""
    axes = [a for a, n in enumerate(shape) if n != 1]
    sizes = [shape[a] for a in axes]
    steps = [[s[a] for a in axes] for s in strides]
    for a in range(len(sizes) - 2, -1, -1):
        if all(s[a] == s[a + 1] * sizes[a + 1] for s in steps):
            sizes[a] *= sizes.pop(a + 1)
            for s in steps:
                s.pop(a)
    if not sizes:
        return (1,), [(1,)] * len(strides)
    return tuple(sizes), [tuple(s) for s in steps]


def _order(shape: Shape) -> tuple[list[int], bool]:
    """Return the order of axes, and whether a long one was put last because the last was short."""
    axes = list(range(len(shape)))
    longest = max(axes, key=lambda a: shape[a])
    if shape[-1] >= NARROW or math.prod(shape) // shape[longest] > MIN_BLOCK // NARROW:
        return axes, False
    axes.remove(longest)
    return [*axes, longest], True


def _cut(shape: Shape, nbytes: int, last: bool) -> Cut:
    """Cut the elements into blocks, for so many bytes per element."""
    target = min(max(CACHE // max(nbytes, 1), MIN_BLOCK), MAX_BLOCK)
    if last:
        split = len(shape) - 1
        extent = max(1, target // math.prod(shape[:-1]))
    else:
        split = 0
        while math.prod(shape[split + 1 :]) > target:
            split += 1
        extent = max(1, target // math.prod(shape[split + 1 :]))
    parts = -(-shape[split] // extent)
    return Cut(shape, split, -(-shape[split] // parts), last)


def compile_group(
    program: Program, unit: Unit, where: Sequence[Layout], stored: Sequence[int]
) -> Group:
    """Choose axes, blocks, registers and calls."""
    return _Compiler(program, unit, where, stored).compile()


class _Compiler:
    """Turns one unit into a `Group`."""

    def __init__(
        self, program: Program, unit: Unit, where: Sequence[Layout], stored: Sequence[int]
    ) -> None:
        self.program = program
        self.unit = unit
        self.own = set(unit.steps)
        self.stored = tuple(stored)
        self.where = where
        self.registers: list[Register] = []
        self.calls: list[Call] = []
        self.read_numbers: dict[Layout, int] = {}
        self.pieces: list[int] = []  # item size of each piece of scratch
        self.free: list[int] = []
        self.masks: dict[tuple[Layout, int, bool], tuple[int, int]] = {}  # register and piece
        self.makes_arrays = False
        self.holder: dict[int, int] = {}  # step -> piece of scratch that holds it
        self.loaded: dict[Layout, int] = {}  # layout -> piece of scratch that it was copied to
        self._axes()
        self.last = self._last_uses()

    def _layout(self, i: int) -> Layout:
        """Return what a step of the group reads from outside, in the axes of the unit."""
        found = spread(self.where[i], self.unit.shape)
        if found is None:
            raise RuntimeError(f"a group of shape {self.unit.shape} cannot read {self.where[i]}")
        return found

    def _axes(self) -> None:
        """Join the axes that lie together in all arrays, and put a long one last."""
        reads: list[Layout] = []
        for n in self.unit.steps:
            for i in self.program.instructions[n].inputs:
                if self.where[i].root not in self.own:
                    reads.append(self._layout(i))
        layouts = [dense(-1, self.unit.shape), *reads]
        shape, strides = self.unit.shape, [layout.strides for layout in layouts]
        if shape and math.prod(shape) <= MIN_BLOCK and self._is_plain(reads):
            order, self.turned = list(range(len(shape))), False
        else:
            shape, strides = _collapse(shape, strides)
            order, self.turned = _order(shape)
        self.shape = tuple([shape[a] for a in order])
        self.order = Layout(-1, 0, self.shape, tuple([strides[0][a] for a in order]))
        self.views = {
            layout: Layout(layout.root, layout.offset, self.shape, tuple([s[a] for a in order]))
            for layout, s in zip(layouts, strides, strict=True)
        }

    def _is_plain(self, reads: Sequence[Layout]) -> bool:
        """Whether all arrays have the shape of the group, so that nothing needs another view."""
        steps = self.program.instructions
        arrays = [layout for layout in reads if not layout.is_scalar]
        return all(layout.is_all_of(math.prod(self.unit.shape)) for layout in arrays) and all(
            steps[n].shape == self.unit.shape
            for n in (*self.unit.steps, *[layout.root for layout in arrays])
        )

    def _last_uses(self) -> dict[int, int]:
        """Return for each step of the group the step that reads it last."""
        return {
            self.where[i].root: n
            for n in self.unit.steps
            for i in self.program.instructions[n].inputs
            if self.where[i].root in self.own
        }

    def compile(self) -> Group:
        """Emit the calls of all steps."""
        uses: dict[Layout, int] = {}
        for n in self.unit.steps:
            for i in self.program.instructions[n].inputs:
                if self.where[i].root not in self.own:
                    layout = self._layout(i)
                    uses[layout] = uses.get(layout, 0) + 1
        self.scattered = {
            layout for layout, count in uses.items() if count > 1 and self._is_scattered(layout)
        }
        for n in self.unit.steps:
            self._step(n, self.program.instructions[n])
        reads = [self.views[layout] for layout in self.read_numbers]
        cut = _cut(self.shape, self._bytes(), self.turned)
        return Group(cut, self.registers, self.calls, reads, self.stored, self.order, self.pieces)

    def _is_scattered(self, layout: Layout) -> bool:
        view = self.views[layout]
        if layout.is_scalar or view.strides == contiguous(view.shape):
            return False
        return view.strides[-1] not in (0, 1) or view.shape[-1] < LOADED

    def _bytes(self) -> int:
        """Return the bytes per element that a block touches."""
        arrays = [r.dtype.itemsize for r in set(self.registers) if r.kind in ("read", "stored")]
        return sum(arrays) + sum(self.pieces) + (ASIDE if self.makes_arrays else 0)

    # Registers

    def _register(self, kind: str, number: int, dtype: np.dtype[Any]) -> int:
        register = Register(kind, number, dtype)
        if register in self.registers:
            return self.registers.index(register)
        self.registers.append(register)
        return len(self.registers) - 1

    def _piece(self, item: int) -> int:
        """Take a piece of scratch."""
        for piece in self.free:
            if self.pieces[piece] == item:
                self.free.remove(piece)
                return piece
        self.pieces.append(item)
        return len(self.pieces) - 1

    def _input(self, i: int, dtype: np.dtype[Any] | None = None) -> int:
        """Return the register of what a step reads; of another type to see its bits."""
        root = self.where[i].root
        dtype = dtype or self.program.instructions[i].dtype.numpy
        if root in self.own:
            if root in self.stored:
                return self._register("stored", self.stored.index(root), dtype)
            return self._register("scratch", self.holder[root], dtype)
        layout = self._layout(i)
        if layout in self.loaded:
            return self._register("scratch", self.loaded[layout], dtype)
        number = self.read_numbers.setdefault(layout, len(self.read_numbers))
        if layout in self.scattered:
            plain = self.program.instructions[i].dtype.numpy
            piece = self.loaded[layout] = self._piece(plain.itemsize)
            source = self._register("read", number, plain)
            self._call(_convert, self._register("scratch", piece, plain), source)
            return self._register("scratch", piece, dtype)
        return self._register("number" if layout.is_scalar else "read", number, dtype)

    def _result(self, n: int, dtype: np.dtype[Any]) -> int:
        """Return the register that a step writes."""
        if n in self.stored:
            return self._register("stored", self.stored.index(n), dtype)
        if n not in self.holder:
            self.holder[n] = self._piece(dtype.itemsize)
        return self._register("scratch", self.holder[n], dtype)

    def _release(self, n: int, step: Instruction) -> None:
        """Free the scratch of what nobody reads after a step."""
        for root in {self.where[i].root for i in step.inputs}:
            if self.last.get(root) == n and root in self.holder:
                self.free.append(self.holder.pop(root))
            if self.last.get(root) == n:
                for key in [key for key in self.masks if key[0].root == root]:
                    self.free.append(self.masks.pop(key)[1])

    # Calls

    def _step(self, n: int, step: Instruction) -> None:
        dtype = step.dtype.numpy
        name = step.op.name
        if step.op is WHERE and not self.where[step.inputs[0]].is_scalar:
            self._select(n, step)
            self._release(n, step)
            return
        function: Callable[..., Any] = TABLE[name]
        if name == "cast":
            function = _convert
        elif dtype.kind == "f" and name in _FLOAT_CALLS:
            function = _FLOAT_CALLS[name]
        inputs = [self._input(i) for i in step.inputs]
        in_place = isinstance(function, np.ufunc) and all(
            self.program.instructions[i].dtype is step.dtype for i in step.inputs
        )
        if in_place:
            self._release(n, step)
        elif not isinstance(function, np.ufunc) and function is not _convert:
            function = _Copied(function, step.attrs).__call__
            self.makes_arrays = True
        out = self._result(n, dtype)
        self._call(function, out, *inputs)
        if not in_place:
            self._release(n, step)

    def _call(self, function: Callable[..., Any], out: int, *inputs: int) -> None:
        x, y, *more = (*inputs, -1) if len(inputs) == 1 else inputs
        self.calls.append(Call(function, x, y, out, tuple(more)))

    def _select(self, n: int, step: Instruction) -> None:
        """Choose between two arrays by their bits: mask them, or exchange where they differ."""
        item = step.dtype.itemsize
        bits = _INTEGERS[item]
        condition, x, y = step.inputs
        if_zero = self._is_zero(x)
        mask = self._mask(condition, item, if_zero)
        # The inputs still hold their pieces, so that the result cannot be in one of them.
        if if_zero or self._is_zero(y):
            source = self._input(y if if_zero else x, bits)
            self._call(np.bitwise_and, self._result(n, bits), source, mask)
            return
        one, other = self._input(x, bits), self._input(y, bits)
        out = self._result(n, bits)
        piece = self._piece(item)
        between = self._register("scratch", piece, bits)
        self._call(np.bitwise_xor, between, one, other)
        self._call(np.bitwise_and, between, between, mask)
        self._call(np.bitwise_xor, out, between, other)
        self.free.append(piece)

    def _mask(self, condition: int, item: int, inverted: bool) -> int:
        """Return the register of integers that are all ones where a condition holds, or not."""
        key = (self.where[condition], item, inverted)
        if key not in self.masks:
            pieces = [self._piece(1)]
            mask = self._register("scratch", pieces[0], _BYTE)
            make = _clear if inverted else np.negative
            self._call(make, mask, self._input(condition, _BYTE))
            if item > 1:
                pieces.append(self._piece(item))
                wide = self._register("scratch", pieces[1], _INTEGERS[item])
                self._call(_convert, wide, mask)
                mask = wide
                self.free.append(pieces.pop(0))
            self.masks[key] = mask, pieces[0]
        return self.masks[key][0]

    def _is_zero(self, i: int) -> bool:
        """Whether a step is the constant of which all bits are 0."""
        source = self.program.instructions[self.where[i].root]
        if source.op is not FULL:
            return False
        return not any(np.array(source.attrs[1], source.dtype.numpy).tobytes())
