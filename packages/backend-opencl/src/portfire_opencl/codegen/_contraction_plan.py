"""Which kernel family and tile sizes a matrix product gets: a pure function of sizes and facts.

On a processor::

            B  k x n
           +--+--+--+     tile   registers hold ``rows`` x ``vectors`` vectors of C; an element of
           |  |##|  |            A is spread over a vector and multiplied with vectors of B, which
    A      +--+--+--+            comes from packed panels or, where it is small or read once, from
   +----+     +--+               its place; so does A.
   |####|   C |##|
   +----+     +--+        dots   both factors run along k in memory: vectors run along k and
   |    |                        their lanes are summed at the end; nothing is packed.
   +----+

On a GPU ``local``: tiles of A and B in local memory.

A work-item owns a column panel and a run of row tiles, so a panel of B stays in its cache; it
copies the panel there itself, in parts of k where k is long.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from portfire_opencl._plan import DeviceFacts
from portfire_opencl.codegen._contraction_api import DotSpec, Operand
from portfire_opencl.codegen._contraction_text import INT_LIMIT, Element

__all__ = ["Tiling", "plan"]

# float lanes of a vector register -> (rows, vectors) of the register tile. The accumulators and a
# row of B fill about two thirds of the registers: 32 of AVX-512, 16 of AVX and SSE.
_TILES = {16: (8, 2), 8: (6, 2), 4: (6, 2)}
_DOT_SUMS = {16: 16, 8: 8, 4: 4}  # accumulators of a dot tile
_ITEMS_PER_UNIT = 8  # work-items per compute unit at least, where there is enough work
_IN_CACHE = 256 << 10  # bytes of B that are read from their place again and again without harm
_SHORT_K = 64  # up to here a column of A is read from its place at little cost
_FEW_ROWS = 24  # up to here B is used too seldom to be packed at all
_DOT_ROWS = 192  # more rows than this repay packing B whatever k is
_DOT_K = 6  # vectors along k, from which on the summing of lanes at the end does not count
_ROWS_PER_COPY = 64  # rows at least that use one copy of a panel of B
_MOST_ROWS = 2048  # rows at most: their sums are kept between parts of k
_SPLIT_K = 2048  # k of a part at least, where results are too few to share
_LOCAL_ROWS = 16  # work-items along each side of a group on a GPU


@dataclass(frozen=True, slots=True)
class Tiling:
    """How one product is computed.

    Attributes:
        family: ``"zero"`` (k is 0), ``"tile"``, ``"dots"`` or ``"local"``.
        rows: rows of the register tile.
        columns: columns of the register tile (``vectors * lanes`` for tiles).
        lanes: lanes of a vector; 1 on GPUs.
        pack_a: whether a kernel copies A into panels of ``rows`` rows first.
        pack_b: whether a work-item copies its panel of B (``columns`` columns) before using it.
        tiles_per_item: row tiles that are computed one after another with one panel of B.
        splits: parts of k that are summed apart, where there are too few results to share.
        items: work-items that take panels in turn, each with a place of its own for them
            (``pack_b`` only).
        group: work-items along each side of a work-group (``"local"`` only).
    """

    family: str
    rows: int
    columns: int
    lanes: int
    pack_a: bool = False
    pack_b: bool = False
    tiles_per_item: int = 1
    splits: int = 1
    items: int = 0
    group: int = 1


def plan(spec: DotSpec, facts: DeviceFacts) -> Tiling:
    """Choose how to compute a product."""
    if facts.schedule != "cpu":
        return _local(spec, facts)
    element = Element.of(spec.accumulate, facts.vector)
    if spec.k == 0:
        return Tiling("zero", 1, 1, 1)
    if element.lanes > 1 and _runs_along_k(spec) and _prefers_dots(spec, element):
        return _dots(spec, facts, element, _DOT_SUMS.get(facts.vector, 4))
    return _tile(spec, facts, element)


def _prefers_dots(spec: DotSpec, element: Element) -> bool:
    """Whether summing lanes at the end costs less than packing B would."""
    if spec.k < 2 * element.lanes:
        return False
    return (
        spec.n < element.lanes
        or spec.m <= _FEW_ROWS
        or (spec.m <= _DOT_ROWS and spec.k >= _DOT_K * element.lanes)
    )


def _local(spec: DotSpec, facts: DeviceFacts) -> Tiling:
    side = _LOCAL_ROWS
    while side * side > facts.max_work_group:
        side //= 2
    each = 4 if min(spec.m, spec.n) > side else 1
    needed = 2 * (side * each) * side * spec.accumulate.itemsize
    if needed > facts.local_memory:
        each = 1
    return Tiling("local", each, each, 1, group=side)


def _dots(spec: DotSpec, facts: DeviceFacts, element: Element, sums: int) -> Tiling:
    rows = min(_power_of_two(spec.m), max(1, int(sums**0.5)))
    columns = min(_power_of_two(spec.n), sums // rows)
    rows = min(_power_of_two(spec.m), sums // columns)
    tiling = Tiling("dots", rows, columns, element.lanes)
    return _shared(spec, facts, tiling)


def _tile(spec: DotSpec, facts: DeviceFacts, element: Element) -> Tiling:
    most_rows, vectors = _TILES.get(facts.vector, _TILES[4])
    most_sums = most_rows * vectors
    rows = _even_rows(spec.m, most_rows)
    # Few rows: more columns keep as many sums in flight, and read B in longer runs.
    while (
        2 * rows * vectors <= most_sums
        and spec.n >= 4 * vectors * element.lanes * facts.compute_units
    ):
        vectors *= 2
    while vectors > 1 and (vectors - 1) * element.lanes >= spec.n:
        vectors -= 1
    columns = vectors * element.lanes
    b_bytes = spec.k * spec.n * spec.accumulate.itemsize
    b_in_place = (
        _in_place(spec.b, spec, spec.k, spec.n)
        and spec.b.strides is not None
        and spec.b.strides.column == 1
        and spec.n >= element.lanes
        and (b_bytes <= _IN_CACHE or spec.m <= 4 * rows)
    )
    a_in_place = _in_place(spec.a, spec, spec.m, spec.k) and (
        spec.a.contiguous == "c" or spec.k <= _SHORT_K or spec.n <= columns
    )
    tiling = Tiling("tile", rows, columns, element.lanes, not a_in_place, not b_in_place)
    return _shared(spec, facts, tiling)


def _shared(spec: DotSpec, facts: DeviceFacts, tiling: Tiling) -> Tiling:
    """Share the work: by row tiles, then by parts of k, until all compute units have some."""
    tiles = -(-spec.m // tiling.rows)
    across = spec.batch * -(-spec.n // tiling.columns)
    wanted = facts.compute_units * _ITEMS_PER_UNIT
    parts = min(tiles, -(-wanted // across))
    if tiling.pack_b:
        # Every part copies its panel of B again, which must be little beside its products.
        parts = min(parts, max(1, spec.m // _ROWS_PER_COPY))
        parts = max(parts, -(-spec.m // _MOST_ROWS))
    per_item = -(-tiles // parts)
    jobs = across * -(-tiles // per_item)
    splits = 1
    if tiling.family == "tile" and jobs < 2 * facts.compute_units:
        splits = max(1, min(wanted // jobs, spec.k // _SPLIT_K))
    return replace(
        tiling,
        tiles_per_item=per_item,
        splits=splits,
        items=min(jobs * splits, wanted) if tiling.pack_b else 0,
    )


def _runs_along_k(spec: DotSpec) -> bool:
    return (
        _in_place(spec.a, spec, spec.m, spec.k)
        and _in_place(spec.b, spec, spec.k, spec.n)
        and spec.a.strides is not None
        and spec.b.strides is not None
        and spec.a.strides.column == 1
        and spec.b.strides.row == 1
    )


def _in_place(operand: Operand, spec: DotSpec, rows: int, columns: int) -> bool:
    """Whether kernels can read the operand by constant strides and int offsets."""
    strides = operand.strides
    if strides is None or strides.batch is None or operand.storage is not spec.accumulate:
        return False
    return abs(strides.row) * rows + abs(strides.column) * columns < INT_LIMIT


def _even_rows(m: int, most: int) -> int:
    """Return the tile height that wastes the fewest rows; the tallest of equals."""
    if m >= 8 * most:
        return most
    return min(range(min(m, most), 0, -1), key=lambda rows: _cost_of_rows(m, rows))


def _cost_of_rows(m: int, rows: int) -> int:
    # A tile costs its rows, and about two more for the loads of B and its start.
    return -(-m // rows) * (rows + 2)


def _power_of_two(number: int) -> int:
    return 1 << max(0, (number - 1).bit_length())
