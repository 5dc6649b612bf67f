"""Iteration spaces: the loop variables of a kernel, and the index that they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import NamedTuple

from .graph import Split
from .indexing import ZERO, Expr, Shape, add, bound, ravel, reindex, scale, variable

Index = tuple[Expr, ...]
CHUNK = "c"  # the variable that counts the chunks of a split axis


class Dim(NamedTuple):
    """A loop variable and its number of steps."""

    name: str
    size: int


@dataclass(frozen=True)
class _Layout:
    outer: tuple[Dim, ...]
    inner: tuple[Dim, ...]
    index: Index
    row_index: Index
    row_shape: Shape


@dataclass(frozen=True)
class Space:
    """All elements of a shape, as rows (kept axes) of elements (reduced axes).

    Axes of size 1 have no variable, so that spaces that differ only by them share their variables:
    ``o0, o1, ...`` for rows, ``r0, r1, ...`` inside rows.

    Attributes:
        shape: the shape.
        axes: the reduced axes; none for an elementwise kernel.
        split: how one reduced axis is cut into chunks, which then count as rows.
    """

    shape: Shape
    axes: tuple[int, ...] = ()
    split: Split | None = None

    @property
    def elements(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def rows(self) -> int:
        """Number of results of a reduction over this space."""
        return prod(self.layout.row_shape)

    @property
    def layout(self) -> _Layout:
        """The loop variables and indices."""
        return _layout(self.shape, self.axes, self.split)

    @property
    def index(self) -> Index:
        """The index of the element, one expression per axis."""
        return self.layout.index

    @property
    def linear(self) -> Expr:
        """The row-major position of the element."""
        return ravel(self.layout.index, self.shape)

    @property
    def row_linear(self) -> Expr:
        """The row-major position of the row."""
        return ravel(self.layout.row_index, self.layout.row_shape)

    def index_of(self, shape: Shape) -> Index:
        """Return the element's index in a reshape of the space."""
        return reindex(self.layout.index, self.shape, shape)

    def row_index_of(self, shape: Shape) -> Index:
        """Return the row's index in a reshape of the rows."""
        return reindex(self.layout.row_index, self.layout.row_shape, shape)

    @staticmethod
    def flat(index: Index, shape: Shape) -> Expr:
        """Return the row-major position of an index."""
        return ravel(index, shape)


@lru_cache(maxsize=1024)
def _layout(shape: Shape, axes: tuple[int, ...], split: Split | None) -> _Layout:
    outer: list[Dim] = []
    inner: list[Dim] = []
    index: list[Expr] = []
    rows: list[Expr] = []
    sizes: list[int] = []
    if split is not None:
        outer.append(Dim(CHUNK, split.chunks))
        rows.append(variable(CHUNK, split.chunks))
        sizes.append(split.chunks)
    for axis, n in enumerate(shape):
        reduced = axis in axes
        dims = inner if reduced else outer
        e = ZERO
        if n > 1:
            size = split.length if split is not None and axis == split.axis else n
            number = len(dims) - (split is not None and not reduced)
            dim = Dim(f"{'r' if reduced else 'o'}{number}", size)
            dims.append(dim)
            e = variable(*dim)
            if size != n and split is not None:
                e = bound(add(scale(variable(*outer[0]), split.length), e), n)
        index.append(e)
        if not reduced:
            rows.append(e)
            sizes.append(n)
    return _Layout(tuple(outer), tuple(inner), tuple(index), tuple(rows), tuple(sizes))


def dropped(shape: Shape, axes: tuple[int, ...]) -> tuple[tuple[int, bool], ...]:
    """Return size and role of each axis larger than 1."""
    return tuple((n, a in axes) for a, n in enumerate(shape) if n > 1)
