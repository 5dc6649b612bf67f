"""Running a group of elementwise steps: NumPy calls on one block after another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from portfire.ops._record import Shape
from portfire_numpy._layout import Layout, contiguous
from portfire_numpy._memory import scratch
from portfire_numpy._threads import share

__all__ = ["Call", "Cut", "Group", "Register"]

Array = Any

SHARED = 1 << 19  # elements times calls from which threads share a group
LINE = 64  # elements; pieces of scratch begin at multiples, so that they are aligned


class Register(NamedTuple):
    """Where a call finds an array: ``kind`` is "read", "stored", "scratch" or "number"."""

    kind: str
    number: int
    dtype: np.dtype[Any]


class Call(NamedTuple):
    """One NumPy call: registers of the inputs (-1 for no second one), and of the result."""

    function: Callable[..., Any]
    x: int
    y: int
    out: int
    more: tuple[int, ...] = ()


class Cut(NamedTuple):
    """How the elements of a group are cut into blocks.

    Attributes:
        shape: the axes over which the group runs, in its order.
        axis: the axis that is cut; those before it are run through one by one.
        extent: how far a block goes along that axis.
        turned: whether blocks have all of the axes before the one that is cut, which is the last.
    """

    shape: Shape
    axis: int
    extent: int
    turned: bool

    @property
    def along(self) -> int:
        """How many blocks there are along the axis that is cut."""
        return -(-self.shape[self.axis] // self.extent)

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return self.along * (1 if self.turned else math.prod(self.shape[: self.axis]))

    def block_shape(self, size: int) -> Shape:
        """Return the shape of a block that goes so far."""
        return (
            *(self.shape[: self.axis] if self.turned else ()),
            size,
            *self.shape[self.axis + 1 :],
        )

    def window(self, block: int) -> tuple[Any, ...]:
        """Return the index that shows a block of an array; its last slice is the cut."""
        outer, part = divmod(block, self.along)
        start = part * self.extent
        along = slice(start, min(start + self.extent, self.shape[self.axis]))
        if self.turned:
            return (..., along)
        before = []
        for n in reversed(self.shape[: self.axis]):
            outer, position = divmod(outer, n)
            before.append(position)
        return (*reversed(before), along)


class _Source(NamedTuple):
    """Where the array of a register comes from: a value, and how it is seen."""

    register: int
    value: int
    shape: Shape
    dtype: np.dtype[Any]
    offset: int  # bytes
    strides: Shape  # bytes
    whole: bool  # an array of that shape and type is it already


class Group:
    """What a group does, without its arrays.

    Args:
        cut: its blocks.
        registers: what its calls refer to.
        calls: in order.
        reads: layouts behind registers of the kind "read", and "number".
        stored: the steps behind registers of the kind "stored".
        order: the layout of what is stored, in the axes of the group.
        pieces: bytes per element of each piece of scratch.
    """

    def __init__(
        self,
        cut: Cut,
        registers: Sequence[Register],
        calls: Sequence[Call],
        reads: Sequence[Layout],
        stored: Sequence[int],
        order: Layout,
        pieces: Sequence[int],
    ) -> None:
        self.cut = cut
        self.calls = tuple(calls)
        self._count = len(registers)
        self._sources: list[_Source] = []
        self._pieces: list[tuple[int, np.dtype[Any], int]] = []  # register, type, bytes per element
        for i, (kind, number, dtype) in enumerate(registers):
            if kind == "scratch":
                self._pieces.append((i, dtype, sum(pieces[:number])))
            elif kind == "stored":
                self._sources.append(_source(i, stored[number], order, dtype))
            elif kind == "read":
                self._sources.append(_source(i, reads[number].root, reads[number], dtype))
            else:
                number_of = reads[number]._replace(shape=(), strides=())
                self._sources.append(_source(i, number_of.root, number_of, dtype))
        self._sliced = [i for i, r in enumerate(registers) if r.kind in ("read", "stored")]
        self._room = -(-math.prod(cut.block_shape(cut.extent)) // LINE) * LINE
        self._scratch = self._room * sum(pieces)
        self._shared = cut.blocks > 1 and math.prod(cut.shape) * len(calls) >= SHARED
        self._kept: tuple[Array, list[Array]] | None = None  # the scratch of the only block

    def run(self, values: list[Any]) -> None:
        """Compute everything; the arrays of what is stored are among the values already."""
        bound: list[Any] = [None] * self._count
        for register, value, shape, dtype, offset, strides, whole in self._sources:
            array = values[value]
            if not whole or array.shape != shape or array.dtype != dtype:
                array = np.ndarray(shape, dtype, array, offset, strides)
            bound[register] = array
        if self.cut.blocks == 1:
            self._only(bound)
        elif self._shared:
            share(lambda first, last: self._work(bound, first, last), self.cut.blocks)
        else:
            self._work(bound, 0, self.cut.blocks)

    def _only(self, bound: list[Any]) -> None:
        """Run all as one block."""
        memory = scratch(self._scratch)
        kept = self._kept
        if kept is None or kept[0] is not memory:
            shape = self.cut.block_shape(self.cut.extent)
            kept = (
                memory,
                [
                    np.ndarray(shape, dtype, memory, place * self._room)
                    for _, dtype, place in self._pieces
                ],
            )
            self._kept = kept
        for (register, _, _), array in zip(self._pieces, kept[1], strict=True):
            bound[register] = array
        _run(self.calls, bound)

    def _work(self, bound: Sequence[Array], first: int, last: int) -> None:
        """Run the blocks of a range."""
        memory = scratch(self._scratch)
        here = list(bound)
        size = -1
        for block in range(first, last):
            index = self.cut.window(block)
            for i in self._sliced:
                here[i] = bound[i][index]
            extent = index[-1].stop - index[-1].start
            if extent != size:
                size = extent
                shape = self.cut.block_shape(size)
                for i, dtype, place in self._pieces:
                    here[i] = np.ndarray(shape, dtype, memory, place * self._room)
            _run(self.calls, here)


def _source(register: int, value: int, layout: Layout, dtype: np.dtype[Any]) -> _Source:
    item = dtype.itemsize
    strides = tuple([s * item for s in layout.strides])
    whole = layout.offset == 0 and layout.strides == contiguous(layout.shape)
    return _Source(register, value, layout.shape, dtype, layout.offset * item, strides, whole)


def _run(calls: Sequence[Call], here: Sequence[Array]) -> None:
    """Do the calls on the arrays of the registers."""
    for function, x, y, out, more in calls:
        if y < 0:
            function(here[x], out=here[out])
        elif more:
            function(here[x], here[y], *[here[i] for i in more], out=here[out])
        else:
            function(here[x], here[y], out=here[out])
