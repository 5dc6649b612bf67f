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
Values = list[Any]
Run = Callable[[Values], None]

PIECE = 1 << 20  # bytes of a matrix that a thread has in scratch at once
LINE = 64  # bytes; matrices in scratch begin at multiples
WIDEST = 1.5  # how much wider than a run the distance to the next may be, to be copied along


class Load(NamedTuple):
    """How one piece of an operand becomes matrices ``(batch, rows, columns)``; all in bytes.

    Attributes:
        shape, offset, strides: what is read of the array at the root.
        place: where in scratch its copy lies, -1 if it needs none.
        pitches: the strides of the copy.
        matrix, steps: shape and strides of the matrices in the copy.
        zeros: how many elements of the copy have to be cleared first.
    """

    dtype: np.dtype[Any]
    shape: Shape
    offset: int
    strides: Shape
    place: int = -1
    pitches: Shape = ()
    matrix: Shape = ()
    steps: Shape = ()
    zeros: int = 0

    def of(self, array: Array, memory: Array) -> Array:
        """Return the matrices."""
        dtype, place = self.dtype, self.place
        source = np.ndarray(self.shape, dtype, array, self.offset, self.strides)
        if place < 0:
            return source
        if self.zeros:
            np.ndarray((self.zeros,), dtype, memory, place)[...] = 0
        np.copyto(np.ndarray(self.shape, dtype, memory, place, self.pitches), source)
        return np.ndarray(self.matrix, dtype, memory, place, self.steps)


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

    def load(self, dtype: np.dtype[Any], place: int, free_first: bool) -> tuple[Load, int]:
        """Plan the matrices ``(batch, free, inner)``, or with the last two exchanged.

        Args:
            dtype: of the elements.
            place: where scratch is free.
            free_first: whether rows are the free dimension.

        Returns:
            The plan, and where scratch is free after it.
        """
        item = dtype.itemsize
        batch, free, inner = joined(self.batch), joined(self.free), joined(self.inner)
        sizes = size(batch), size(free), size(inner)
        if not self.pitch and len(batch) < 2 and len(free) < 2 and len(inner) < 2:
            strides = [atoms[0][1] if atoms else 0 for atoms in (batch, free, inner)]
            if _is_matrix(sizes, strides):
                seen = _ordered([n * item for n in strides], free_first)
                shape = _ordered(sizes, free_first)
                return Load(dtype, shape, self.offset * item, seen), place
        # The dimension with the longer run of neighbors goes last; the product takes either.
        last = bool(self.pitch) or _run(inner) >= _run(free)
        atoms = (*batch, *free, *inner) if last else (*batch, *inner, *free)
        counts = tuple([n for n, _ in atoms])
        pitches = contiguous(counts)
        if self.pitch:
            atoms = (*self.batch, *self.free, *self.inner)
            counts = tuple([n for n, _ in atoms])
            pitches = tuple([s for _, s in spaced(counts, self.pitch)])
            length = (counts[-2] - 1) * self.pitch + counts[-1]
            sizes = (sizes[0], sizes[1], size(self.inner[:-2]) * length)
        steps = contiguous(sizes if last else (sizes[0], sizes[2], sizes[1]))
        if not last:
            steps = (steps[0], steps[2], steps[1])
        load = Load(
            dtype,
            counts,
            self.offset * item,
            tuple([s * item for _, s in atoms]),
            place,
            tuple([s * item for s in pitches]),
            _ordered(sizes, free_first),
            _ordered([n * item for n in steps], free_first),
            math.prod(sizes) if self.pitch else 0,
        )
        return load, place + -(-math.prod(sizes) * item // LINE) * LINE

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
    """One product: what it reads, and what computes it from a run's values."""

    reads: tuple[Layout, Layout]
    run: Run


def _bound(step: int, x: Operand, y: Operand, shape: Shape, dtype: np.dtype[Any]) -> Run:
    """Choose the form of a product; the array of the result is among the values already."""
    if x.batch and y.same_for_all and not x.same_for_all:
        x = replace(x, batch=(), free=(*x.batch, *x.free))
        y = replace(y, batch=())
        return _cut(step, x, y, (1, math.prod(shape[:-1]), shape[-1]), dtype)
    if y.batch and x.same_for_all and not y.same_for_all:
        return _spread(step, x, y, (size(y.batch), *shape[-2:]), dtype)
    return _cut(step, x, y, (size(x.batch), *shape[-2:]), dtype)


def _spread(step: int, x: Operand, y: Operand, shape: Shape, dtype: np.dtype[Any]) -> Run:
    """Multiply one matrix by the whole batch, side by side."""
    item = dtype.itemsize
    left, kept = replace(x, batch=()).load(dtype, 0, free_first=True)
    rest, rows = size(y.batch[1:]), shape[1]
    seen, wide = [n for n, _ in y.free], widened(y.free)
    pitch = y.free[-2][1] if wide is not None else 0
    y = y if wide is None else replace(y, free=wide)
    width, count = size(y.free), y.batch[0][0]
    parts = _parts(count, rest * width * (size(y.inner) + rows) * item)
    pieces = []
    for start, stop in _ranges(count, parts):
        here = y.part("batch", start, stop)
        here = replace(here, batch=(), free=(*here.batch, *here.free))
        load, used = here.load(dtype, 0, free_first=False)
        images = (stop - start) * rest
        sizes = (rows, images, *seen)
        atoms = spaced(sizes, pitch or seen[-1])
        by_row, by_image, *inside = [(n, s * item) for n, s in atoms]
        seen_as = by_image, by_row, *inside
        at = slice(start * rest, stop * rest)
        pieces.append((load, used, at, [n for n, _ in seen_as], [s for _, s in seen_as]))
    room = max(used + rows * sizes[0] * width * item for _, used, _, sizes, _ in pieces)

    def run(values: Values) -> None:
        out, b = values[step].reshape(shape), values[y.root]
        weight = left.of(values[x.root], np.empty(kept, np.uint8))[0]

        def work(first: int, last: int) -> None:
            for load, used, at, sizes, strides in pieces[first:last]:
                memory = scratch(room)
                right = load.of(b, memory)[0]
                if sizes[0] == 1 and not pitch:
                    np.matmul(weight, right, out=out[at.start])
                    continue
                result = np.ndarray((rows, sizes[0] * width), dtype, memory, used)
                np.matmul(weight, right, out=result)
                turned = np.ndarray(sizes, dtype, memory, used, strides)
                np.copyto(out[at].reshape(sizes), turned)

        share(work, parts)

    return run


def _cut(
    step: int, x: Operand, y: Operand, shape: Shape, dtype: np.dtype[Any], exact: bool = False
) -> Run:
    """Multiply piece by piece of the batch, else of the inner dimension."""
    operands = x, y
    dimension = "batch" if x.batch else "inner"
    x_atoms, y_atoms = aligned(x.atoms(dimension), y.atoms(dimension)) or ((), ())
    if not x_atoms:
        # Nothing to cut along: the whole matrix is one piece of one atom.
        x, y = replace(x, batch=((1, 0), *x.batch)), replace(y, batch=((1, 0), *y.batch))
        dimension, x_atoms, y_atoms = "batch", x.batch, y.batch
    x, y = x.with_atoms(dimension, x_atoms), y.with_atoms(dimension, y_atoms)
    gaps = None if exact or dimension == "batch" else _over_gaps(x, y)
    x, y = gaps or (x, y)
    count = x_atoms[0][0]
    inner = max(size(x.inner), size(y.inner))
    elements = size(x.batch) * inner * (size(x.free) + size(y.free)) // count
    parts = _parts(count, elements * dtype.itemsize)
    pieces, room = [], 0
    rest = shape[0] // count if dimension == "batch" else shape[0]
    for start, stop in _ranges(count, parts):
        left, used = x.part(dimension, start, stop).load(dtype, 0, free_first=True)
        right, used = y.part(dimension, start, stop).load(dtype, used, free_first=False)
        room = max(room, used)
        pieces.append((left, right, slice(start * rest, stop * rest)))
    summed = dimension == "inner" and parts > 1

    def run(values: Values) -> None:
        out, a, b = values[step].reshape(shape), values[x.root], values[y.root]
        sums = np.empty((parts, *shape), dtype) if summed else None

        def work(first: int, last: int) -> None:
            for part in range(first, last):
                left, right, at = pieces[part]
                memory = scratch(room)
                place = sums[part] if sums is not None else out if dimension == "inner" else out[at]
                np.matmul(left.of(a, memory), right.of(b, memory), out=place)

        share(work, parts)
        if sums is not None:
            np.add.reduce(sums, axis=0, out=out)
        if gaps is not None and not np.isfinite(out).all():
            # Zero times what lies in a gap is not zero if that is infinite.
            _cut(step, *operands, shape, dtype, exact=True)(values)

    return run


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
                run = _bound(n, x, y, step.shape, step.dtype.numpy)
                found[n] = Product((x_reads, y_reads), run)
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


def spaced(sizes: Sequence[int], pitch: int) -> Atoms:
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


def _ranges(count: int, parts: int) -> list[tuple[int, int]]:
    """Cut a range into so many parts."""
    return [(count * part // parts, count * (part + 1) // parts) for part in range(parts)]


def _ordered(three: Sequence[int], free_first: bool) -> Shape:
    """Put the free dimension before the inner one, or after it."""
    batch, free, inner = three
    return (batch, free, inner) if free_first else (batch, inner, free)
