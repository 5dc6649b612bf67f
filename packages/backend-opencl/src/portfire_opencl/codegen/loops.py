"""Choosing loops: which adjacent dims run as one, which one the lanes follow, how work is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, prod

from .indexing import Expr, is_doubled, lane_stride, unbound, unravel, variable, variables
from .space import CHUNK, Dim

ITEM_ELEMENTS = 8192  # elements that one work-item of a CPU schedule should own
ITEM_LEAST = 512  # fewer elements are not worth an item of their own
ITEMS_PER_UNIT = 4  # items per compute unit that balance the load
GATHER = 12.0  # cost of a vector whose lanes lie scattered, in vector operations
STRIDED = 3.0  # cost of a vector with a stride of 2 or -1
GUARDED = 2.0  # cost of a condition that differs between lanes
FOLD = 24.0  # cost of folding the lanes of an accumulator at the end of a row


@dataclass(frozen=True)
class Merged:
    """Dims after merging, and what the original variables are in terms of them."""

    dims: tuple[Dim, ...]
    values: dict[str, Expr]


def merge(dims: Sequence[Dim], exprs: Iterable[Expr], prefix: str) -> Merged:
    """Join adjacent dims wherever every address treats them as one."""
    flat = [unbound(e) for e in exprs]
    groups: list[list[Dim]] = []
    for dim in dims:
        last = groups[-1][-1] if groups else None
        if last is not None and _joinable(last, dim, flat):
            groups[-1].append(dim)
        else:
            groups.append([dim])
    merged: list[Dim] = []
    values: dict[str, Expr] = {}
    for number, group in enumerate(groups):
        sizes = tuple(d.size for d in group)
        new = Dim(f"{prefix}{number}", prod(sizes))
        merged.append(new)
        parts = unravel(variable(*new), sizes)
        values.update((d.name, e) for d, e in zip(group, parts, strict=True))
    return Merged(tuple(merged), values)


def _joinable(a: Dim, b: Dim, exprs: Iterable[Expr]) -> bool:
    if CHUNK in (a.name, b.name):
        return False
    for e in exprs:
        left, right = lane_stride(e, a.name), lane_stride(e, b.name)
        if left is None or right is None or left != right * b.size:
            return False
    return True


def lanes_for(size: int, most: int, overlap: bool = False) -> int:
    """Return the lanes, of 16, 8 or 4, that cover a dim in the fewest steps; 1 if none fits."""
    fitting = [lanes for lanes in (16, 8, 4) if lanes <= most and size >= lanes]
    return min(fitting, key=lambda lanes: steps(size, lanes, overlap), default=1)


def steps(size: int, lanes: int, overlap: bool) -> int:
    """Return how many vectors cover a dim, with single elements at its end or a last overlap."""
    return -(-size // lanes) if overlap else size // lanes + size % lanes


def vector_cost(
    dim: Dim,
    lanes: int,
    loads: Iterable[Expr],
    guards: Iterable[Expr],
    operations: int,
    overlap: bool = False,
) -> float:
    """Return the estimated cost per element of following a dim with lanes."""
    cost = float(operations)
    for e in loads:
        stride = lane_stride(e, dim.name)
        if stride == 0:
            continue
        if stride is None and is_doubled(e, dim.name):
            cost += 1.0
        elif stride is None or stride not in (1, 2, -1):
            cost += GATHER * lanes / 16
        else:
            cost += 1.0 if stride == 1 else STRIDED
    for e in guards:
        if dim.name in variables(e):
            cost += GUARDED
    return cost * steps(dim.size, lanes, overlap) / dim.size


@dataclass(frozen=True)
class Cut:
    """How rows and the x range are cut into work-items.

    Attributes:
        rows, x: sizes.
        row_block: rows per item.
        x_block: steps of x per item; a multiple of the lanes unless it is all of x.
    """

    rows: int
    x: int
    row_block: int
    x_block: int

    @property
    def x_items(self) -> int:
        """Items along x."""
        return ceil(self.x / self.x_block)

    @property
    def items(self) -> int:
        """All items."""
        return ceil(self.rows / self.row_block) * self.x_items


def cut(rows: int, x: int, inner: int, lanes: int, units: int, operations: int) -> Cut:
    """Cut rows times x results, each of ``inner`` elements, into items."""
    everything = rows * x * inner
    weight = max(1, operations // 8)
    wanted = max(ITEM_ELEMENTS // weight, ITEM_LEAST)
    wanted = max(min(wanted, everything // (units * ITEMS_PER_UNIT)), ITEM_LEAST // weight, 1)
    x_block = max(wanted // inner, 1)
    x_block = ceil(x_block / lanes) * lanes
    if x_block >= x:
        return Cut(rows, x, min(max(wanted // (inner * x), 1), rows), x)
    return Cut(rows, x, 1, x_block)
