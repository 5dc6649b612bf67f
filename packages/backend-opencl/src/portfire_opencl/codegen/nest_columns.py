"""Column reductions on CPUs: whole rows are added to a row of accumulators that stays in cache.

With lanes along the kept dim x, walking down one vector of columns after the other would touch a
new cache line and page with every step. Instead the reduced dims are the outer loops::

    for k ...                      all reduced dims
        for x ...                  row[x] += element(k, x)     read in memory order
    for x ...                      finish row[x], and store it

This works where every reduction is ready in the first loop.
"""

from __future__ import annotations

from math import ceil

from .loops import Cut
from .nest import Nest
from .reduce import identity
from .render import Val, ctype

WIDTH = 4096  # columns of one item at most
NARROW = 256  # columns of one item, where there are as many: one run of memory of each row
LEAST_STEPS = 4  # reduced elements per column from which the form pays


def suits(nest: Nest, steps: int) -> bool:
    """Tell if a nest can take this form."""
    ready = all(
        nest.phases[e] == 0
        for e in (
            *nest.inputs.values(),
            *(r for r, s in zip(nest.roots, nest.job.stores, strict=True) if not s.outer),
        )
    )
    return (
        bool(nest.job.reductions)
        and nest.job.kernel.kind == "row"
        and nest.lane == "x"
        and nest.x is not None
        and nest.x.size >= 2 * nest.lanes
        and steps >= LEAST_STEPS
        and ready
    )


def widened_cut(pieces: Cut, units: int, lanes: int) -> Cut:
    """Return a cut with wider items: as wide as leaves work for all units, but never narrow."""
    share = ceil(pieces.x / max(ceil(2 * units / pieces.rows), 1))
    block = min(max(ceil(share / lanes) * lanes, NARROW), WIDTH, pieces.x)
    return Cut(pieces.rows, pieces.x, 1, block) if block > pieces.x_block else pieces


def write_columns(nest: Nest, pieces: Cut, start: str, end: str) -> None:
    """Write all loops of one row of results."""
    writer, emitter, lanes = nest.writer, nest.emitter, nest.lanes
    tail = pieces.x % lanes
    middle = end if not tail else f"({end} - {end} % {lanes})"
    count = -(-min(pieces.x_block, pieces.x) // lanes)
    nodes = nest.context.graph.nodes
    names = {v: f"_a{n}" for n, v in enumerate(nest.job.reductions)}
    for v, name in names.items():
        op, dtype = nodes[v].op, nodes[v].dtype
        writer.line(f"{ctype(dtype, lanes)} {name}[{count}];")
        first = identity(op, dtype, lanes)
        writer.line(f"for (int _i = 0; _i < {count}; ++_i) {name}[_i] = {first};")
        if tail:
            writer.line(f"{ctype(dtype)} {name}s[{tail}];")
            first = identity(op, dtype, 1)
            writer.line(f"for (int _i = 0; _i < {tail}; ++_i) {name}s[_i] = {first};")
    full = [n for n, s in enumerate(nest.job.stores) if not s.outer]
    outer = [n for n, s in enumerate(nest.job.stores) if s.outer]
    vectors = {v: f"{name}[(x - {start}) / {lanes}]" for v, name in names.items()}
    scalars = {v: f"{name}s[x - {middle}]" for v, name in names.items()}
    for dim in nest.inner:
        nest.open_loop(dim)
    _over(nest, start, middle, lanes, nest.job.reductions, full, vectors)
    if tail:
        _over(nest, middle, end, 1, nest.job.reductions, full, scalars)
    for _ in nest.inner:
        writer.close()
    emitter.forget(writer.depth + 1)
    for width, first, last, places in ((lanes, start, middle, vectors), (1, middle, end, scalars)):
        if width == 1 and not tail:
            continue
        for v, place in places.items():
            emitter.registers[v] = Val(place, nodes[v].dtype, width > 1, writer.depth + 1)
        _over(nest, first, last, width, [], outer, {})


def _over(
    nest: Nest,
    start: str,
    end: str,
    lanes: int,
    reductions: list[int],
    stores: list[int],
    places: dict[int, str],
) -> None:
    """Write one loop over x."""
    writer, emitter = nest.writer, nest.emitter
    step = f"x += {lanes}" if lanes > 1 else "++x"
    writer.open(f"for ({emitter.itype} x = {start}; x < {end}; {step})", "x")
    emitter.lanes, emitter.lane = (lanes, "x") if lanes > 1 else (1, "")
    nest.write_elements(reductions, stores, places)
    writer.close()
    emitter.forget(writer.depth + 1)
