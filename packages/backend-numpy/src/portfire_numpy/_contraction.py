"""Matrix products whose operands are copied to a matrix piece by piece, or not at all.

A convolution arrives as a product with a reshape of sliding windows. Strides can not express that
reshape, and the matrix would be many times as large as the image. So the product takes the reshape
over: it writes a piece of the matrix into scratch that stays in the cache, multiplies, and goes on.
A dimension of a matrix is a list of atoms here, axes of the array that it is made of:

    dimension    of the product          cut into pieces
    batch        both operands, result   first choice
    free         one operand, result     never
    inner        both operands           second choice; pieces are added

If one operand is the same for the whole batch (the weight of a convolution), the batch becomes a
part of the other one's free dimension: one large product instead of many small ones.

The rows of a window lie apart by the width of the image. Where that is little more than the width
of the result, a piece takes what is between them along: it copies long runs instead of short ones,
which is what copying costs. What the columns between give is left out of the result; where they are
of the inner dimension, the other operand has zeros there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from portfire.backend._contract import Program
from portfire.ops._contraction import DOT
from portfire.ops._movement import RESHAPE
from portfire.ops._record import Shape
from portfire_numpy._layout import Layout, contiguous
from portfire_numpy._memory import scratch
from portfire_numpy._threads import share

__all__ = ["Product", "products"]

Array = Any
Atom = tuple[int, int]  # size and stride, in elements
Atoms = tuple[Atom, ...]

PIECE = 1 << 20  # bytes of a matrix that a thread has in scratch at once
LINE = 64  # bytes; matrices in scratch begin at multiples
WIDEST = 1.5  # how much wider than a run the distance to the next may be, to be copied along


@dataclass(frozen=True)
class Operand:
    """One side of a product: where its elements lie, by the dimensions of the matrix.

    A pitch means that the runs of the inner dimension's last atom lie so far apart in the matrix,
    with zeros between them.
    """

    root: int
    offset: int
    batch: Atoms
    free: Atoms
    inner: Atoms
    pitch: int = 0

    @property
    def same_for_all(self) -> bool:
        """Whether each matrix of the batch is the same."""
        return all(stride == 0 for _, stride in self.batch)

    def matrix(self, array: Array, memory: Array, free_first: bool) -> tuple[Array, int]:
        """Return the matrices ``(batch, free, inner)``, or with the last two exchanged.

        Args:
            array: the array at the root.
            memory: scratch for a copy.
            free_first: whether rows are the free dimension.

        Returns:
            The array of three dimensions, and the bytes of scratch that it takes.
        """
        if self.pitch:
            return self._with_gaps(array, memory, free_first)
        batch, free, inner = joined(self.batch), joined(self.free), joined(self.inner)
        sizes = size(batch), size(free), size(inner)
        if len(batch) < 2 and len(free) < 2 and len(inner) < 2:
            strides = [atoms[0][1] if atoms else 0 for atoms in (batch, free, inner)]
            if _is_matrix(sizes, strides):
                view = _view(array, self.offset, list(zip(sizes, strides, strict=True)))
                return view if free_first else view.transpose(0, 2, 1), 0
        # The dimension with the longer run of neighbors goes last; the product takes either.
        inner_last = _run(inner) >= _run(free)
        atoms = (*batch, *free, *inner) if inner_last else (*batch, *inner, *free)
        source = _view(array, self.offset, atoms)
        nbytes = source.size * array.itemsize
        copy = np.ndarray(source.shape, array.dtype, memory)
        np.copyto(copy, source)
        order = sizes if inner_last else (sizes[0], sizes[2], sizes[1])
        copy = copy.reshape(order)
        return copy if inner_last == free_first else copy.transpose(0, 2, 1), -(
            -nbytes // LINE
        ) * LINE

    def _with_gaps(self, array: Array, memory: Array, free_first: bool) -> tuple[Array, int]:
        """Copy runs of the inner dimension to places that lie apart."""
        *outer, (rows, _), (columns, _) = self.inner
        length = (rows - 1) * self.pitch + columns
        sizes = size(self.batch), size(self.free), size(outer) * length
        copy = np.ndarray(sizes, array.dtype, memory)
        copy[...] = 0
        source = _view(array, self.offset, (*self.batch, *self.free, *self.inner))
        np.copyto(_view(copy, 0, spaced(source.shape, self.pitch)), source)
        used = -(-copy.nbytes // LINE) * LINE
        return copy if free_first else copy.transpose(0, 2, 1), used

    def part(self, dimension: str, first: int, last: int) -> Operand:
        """Return the operand with a range of the first atom of a dimension."""
        (_, stride), *rest = self.atoms(dimension)
        part = self.with_atoms(dimension, ((last - first, stride), *rest))
        return replace(part, offset=self.offset + first * stride)

    def atoms(self, dimension: str) -> Atoms:
        """Return the atoms of a dimension that both operands have."""
        return self.batch if dimension == "batch" else self.inner

    def with_atoms(self, dimension: str, atoms: Atoms) -> Operand:
        """Return the operand with other atoms in a dimension."""
        return replace(self, batch=atoms) if dimension == "batch" else replace(self, inner=atoms)


class Product(NamedTuple):
    """One product: its step, its operands, and the dimensions of its result."""

    step: int
    x: Operand
    y: Operand
    reads: tuple[Layout, Layout]

    def run(self, values: list[Any]) -> None:
        """Compute it; the array of the result is among the values already."""
        out = values[self.step]
        x, y = self.x, self.y
        if x.batch and y.same_for_all and not x.same_for_all:
            x = replace(x, batch=(), free=(*x.batch, *x.free))
            y = replace(y, batch=())
            self._cut(x, y, out.reshape(1, -1, out.shape[-1]), values)
        elif y.batch and x.same_for_all and not y.same_for_all:
            self._spread(x, y, out.reshape(size(y.batch), *out.shape[-2:]), values)
        else:
            self._cut(x, y, out.reshape(size(x.batch), *out.shape[-2:]), values)

    def _spread(self, x: Operand, y: Operand, out: Array, values: list[Any]) -> None:
        """Multiply one matrix by the whole batch, side by side."""
        a, b = values[x.root], values[y.root]
        weight = np.empty(size(x.free) * size(x.inner) * a.itemsize + LINE, np.uint8)
        left = replace(x, batch=()).matrix(a, weight, free_first=True)[0][0]
        rest, rows = size(y.batch[1:]), out.shape[1]
        seen, wide = y.free, widened(y.free)
        if wide is not None:
            y = replace(y, free=wide)
        each = rest * size(y.free) * (size(y.inner) + rows) * a.itemsize

        def work(first: int, last: int) -> None:
            here = y.part("batch", first, last)
            here = replace(here, batch=(), free=(*here.batch, *here.free))
            memory = scratch(each * (last - first) + 2 * LINE)
            right, used = here.matrix(b, memory, free_first=False)
            piece = out[first * rest : last * rest]
            if len(piece) == 1 and wide is None:
                np.matmul(left, right[0], out=piece[0])
                return
            columns = len(piece) * size(y.free)
            result = np.ndarray((rows, columns), out.dtype, memory, used)
            np.matmul(left, right[0], out=result)
            if wide is None:
                images = result.reshape(rows, len(piece), out.shape[2])
            else:
                sizes = (rows, len(piece), *[n for n, _ in seen])
                images = _view(result, 0, spaced(sizes, seen[-2][1]))
            images = images.swapaxes(0, 1)
            np.copyto(piece.reshape(images.shape), images)

        _in_pieces(work, y.batch[0][0], each)

    def _cut(
        self, x: Operand, y: Operand, out: Array, values: list[Any], exact: bool = False
    ) -> None:
        """Multiply piece by piece of the batch, else of the inner dimension."""
        operands = x, y
        a, b = values[x.root], values[y.root]
        dimension = "batch" if x.batch else "inner"
        x_atoms, y_atoms = aligned(x.atoms(dimension), y.atoms(dimension)) or ((), ())
        if not x_atoms:
            # Nothing to cut along: the whole matrix is one piece of one atom.
            x, y = replace(x, batch=((1, 0), *x.batch)), replace(y, batch=((1, 0), *y.batch))
            dimension, x_atoms, y_atoms = "batch", x.batch, y.batch
        x, y = x.with_atoms(dimension, x_atoms), y.with_atoms(dimension, y_atoms)
        count = x_atoms[0][0]
        gaps = _over_gaps(x, y) if not exact and dimension == "inner" and count > 1 else None
        x, y = gaps or (x, y)
        inner = max(size(x.inner), size(y.inner))
        elements = size(x.batch) * inner * (size(x.free) + size(y.free)) // count
        parts = _parts(count, elements * a.itemsize)
        sums = (
            None if dimension == "batch" or parts == 1 else np.empty((parts, *out.shape), out.dtype)
        )

        def work(first: int, last: int) -> None:
            for part in range(first, last):
                start, stop = count * part // parts, count * (part + 1) // parts
                memory = scratch(elements * (stop - start) * a.itemsize + 2 * LINE)
                left, used = x.part(dimension, start, stop).matrix(a, memory, free_first=True)
                right = y.part(dimension, start, stop).matrix(b, memory[used:], free_first=False)
                if sums is not None:
                    place = sums[part]
                else:
                    rest = len(out) // count if dimension == "batch" else 1
                    place = out[start * rest : stop * rest] if dimension == "batch" else out
                np.matmul(left, right[0], out=place)

        share(work, parts)
        if sums is not None:
            np.add.reduce(sums, axis=0, out=out)
        if gaps and not np.isfinite(out).all():
            # Zero times what lies in a gap is not zero if that is infinite.
            self._cut(*operands, out, values, exact=True)


def products(program: Program, where: Sequence[Layout]) -> dict[int, Product]:
    """Find the products that take reshapes of their operands over."""
    readers = _readers(program, where)
    found = {}
    for n, step in enumerate(program.instructions):
        if step.op is not DOT or 0 in step.shape or step.dtype.itemsize < 4:
            continue
        sides = [_operand(program, n, i, where, readers) for i in (0, 1)]
        if any(taken for _, _, taken in sides):
            (x, x_reads, _), (y, y_reads, _) = sides
            pair = aligned(x.batch, y.batch)
            if pair is not None and size(x.inner):
                x, y = replace(x, batch=pair[0]), replace(y, batch=pair[1])
                found[n] = Product(n, x, y, (x_reads, y_reads))
    return found


def _over_gaps(x: Operand, y: Operand) -> tuple[Operand, Operand] | None:
    """Read one operand over the gaps of its inner dimension, and give the other one zeros there."""
    if len(x.inner) < 3:
        return None  # the first atom is for cutting
    wide = widened(y.inner)
    if wide is not None:
        return replace(x, pitch=y.inner[-2][1]), replace(y, inner=wide)
    wide = widened(x.inner)
    if wide is not None:
        return replace(x, inner=wide), replace(y, pitch=x.inner[-2][1])
    return None


def _readers(program: Program, where: Sequence[Layout]) -> dict[int, set[int]]:
    """Return which steps read the memory of each step; -1 stands for the caller."""
    readers: dict[int, set[int]] = {}
    for n, step in enumerate(program.instructions):
        if where[n].root == n:
            for i in step.inputs:
                readers.setdefault(where[i].root, set()).add(n)
    for i in program.outputs:
        readers.setdefault(where[i].root, set()).add(-1)
    return readers


def _operand(
    program: Program, n: int, side: int, where: Sequence[Layout], readers: dict[int, set[int]]
) -> tuple[Operand, Layout, bool]:
    """Return an operand, the layout that it reads, and whether it took a reshape over."""
    i = program.instructions[n].inputs[side]
    layout = where[i]
    axes: list[Atoms] | None = None
    root = program.instructions[layout.root]
    copied = root.op is RESHAPE and where[layout.root].root == layout.root
    if copied and readers[layout.root] == {n} and layout.offset == 0:
        axes = _through(layout, root.shape, where[root.inputs[0]])
    taken = axes is not None
    reads = where[root.inputs[0]] if taken else layout
    if axes is None:
        axes = [((m, s),) for m, s in zip(layout.shape, layout.strides, strict=True)]
    *batch, rows, columns = axes
    free, inner = (columns, rows) if side else (rows, columns)
    atoms = tuple([atom for axis in batch for atom in axis])
    return Operand(reads.root, reads.offset, atoms, free, inner), reads, taken


def _through(layout: Layout, shape: Shape, source: Layout) -> list[Atoms] | None:
    """Express the axes of a view of a reshape by the axes of the reshape's source."""
    groups = _groups(shape, source)
    if groups is None:
        return None
    by_stride = {
        (n, stride): group
        for n, stride, group in zip(shape, contiguous(shape), groups, strict=True)
        if n > 1
    }
    axes: list[Atoms] = []
    for n, stride in zip(layout.shape, layout.strides, strict=True):
        if n == 1 or stride == 0:
            axes.append(((n, 0),))
        elif (n, stride) in by_stride:
            axes.append(by_stride[n, stride])
        else:
            return None
    return axes


def _groups(shape: Shape, source: Layout) -> list[Atoms] | None:
    """Return for each axis of a shape the axes of the source that make it up."""
    rest = [(n, s) for n, s in zip(source.shape, source.strides, strict=True) if n != 1]
    groups: list[Atoms] = []
    for n in shape:
        group: list[Atom] = []
        while size(tuple(group)) < n:
            if not rest:
                return None
            group.append(rest.pop(0))
        if size(tuple(group)) != n:
            return None
        groups.append(tuple(group))
    return groups


# Atoms


def size(atoms: Sequence[Atom]) -> int:
    """Return the product of the sizes."""
    return math.prod([n for n, _ in atoms])


def joined(atoms: Atoms) -> Atoms:
    """Join neighbors that one stride describes."""
    found: list[Atom] = []
    for n, stride in atoms:
        if n == 1:
            continue
        if found and found[-1][1] == n * stride:
            found[-1] = found[-1][0] * n, stride
        else:
            found.append((n, stride))
    return tuple(found)


def aligned(x: Atoms, y: Atoms) -> tuple[Atoms, Atoms] | None:
    """Split atoms so that both sides have the same sizes, or return None where they cross."""
    left, right = list(joined(x)), list(joined(y))
    a: list[Atom] = []
    b: list[Atom] = []
    while left and right:
        (n, s), (m, t) = left.pop(0), right.pop(0)
        small = min(n, m)
        if max(n, m) % small:
            return None
        if n > small:
            left.insert(0, (n // small, s))
        if m > small:
            right.insert(0, (m // small, t))
        a.append((small, s * (n // small)))
        b.append((small, t * (m // small)))
    return (tuple(a), tuple(b)) if not left and not right else None


def widened(atoms: Atoms) -> Atoms | None:
    """Make one run of the last two atoms, gaps and all, or return None where that gains nothing."""
    if len(atoms) < 2:
        return None
    *outer, (rows, pitch), (columns, stride) = atoms
    if stride != 1 or rows == 1 or not columns < pitch <= columns * WIDEST:
        return None
    return (*outer, ((rows - 1) * pitch + columns, 1))


def spaced(sizes: Shape, pitch: int) -> Atoms:
    """Return atoms of a dense array, but that runs of the last one lie a pitch apart."""
    *outer, rows, columns = sizes
    length = (rows - 1) * pitch + columns
    strides = (*contiguous((*outer, length))[:-1], pitch, 1)
    return tuple(zip(sizes, strides, strict=True))


def _run(atoms: Atoms) -> int:
    """Return how many elements of a dimension lie side by side."""
    return atoms[-1][0] if atoms and atoms[-1][1] == 1 else 0


def _is_matrix(sizes: tuple[int, int, int], strides: Sequence[int]) -> bool:
    """Whether matrix routines take the strides as they are."""
    _, rows, columns = sizes
    _, down, across = strides
    return (across == 1 and (down >= columns or rows == 1)) or (
        down == 1 and (across >= rows or columns == 1)
    )


def _view(array: Array, offset: int, atoms: Sequence[Atom]) -> Array:
    item = array.itemsize
    shape = tuple([n for n, _ in atoms])
    return np.ndarray(shape, array.dtype, array, offset * item, tuple([s * item for _, s in atoms]))


def _parts(count: int, each: int) -> int:
    """Return into how many pieces to cut a range, so that each fits into the scratch."""
    return min(count, max(-(-count * each // PIECE), 1))


def _in_pieces(work: Callable[[int, int], None], count: int, each: int) -> None:
    """Share the pieces of a range."""
    parts = _parts(count, each)

    def some(first: int, last: int) -> None:
        for part in range(first, last):
            work(count * part // parts, count * (part + 1) // parts)

    share(some, parts)
