"""Elementwise kernels that read across: square tiles, transposed in registers.

Some loads are contiguous along a dim y, but the lanes follow x, along which the results lie::

        x x+1 ... x+15           tile[0]  = the elements of row y,   columns x .. x+15
    y   . .   ...  .             tile[1]  = the elements of row y+1
    ... (loaded down the         ...
    y+15 columns, 16 vectors)    tile[15] = the elements of row y+15

Each tile is loaded as sixteen vectors along y, transposed, and kept in a private array; then the
rows of the tile are computed like those of any other nest. Edges are gathered one by one.
"""

from __future__ import annotations

from math import ceil

from ._contraction_text import Element, transposed
from .context import Built, finish
from .demand import Entry
from .indexing import lane_stride, substitute, text, variable
from .loops import cut
from .nest import Nest
from .nest_cpu import open_rows
from .render import STORAGE, ctype

TILE = 16  # lanes, and rows of a tile
BAND = 8  # tiles side by side along y: what they load of one x is one run of memory


def build_tiled(nest: Nest, label: str) -> Built:
    """Return the launch of a nest with tiles."""
    x, y, writer, emitter = nest.x, nest.y, nest.writer, nest.emitter
    if x is None or y is None:
        raise ValueError("a tiled nest needs both of its dims")
    itype, band = emitter.itype, min(BAND, ceil(y.size / TILE)) * TILE
    blocks = ceil(y.size / band)
    units = nest.context.facts.compute_units
    pieces = cut(nest.rows * blocks, x.size, band, TILE, units, nest.cost)
    open_rows(nest, pieces, "_block")
    block = "_block" if pieces.rows > 1 else "0"
    if nest.rows > 1:
        writer.line(f"const {itype} row = {block} / {blocks};")
        writer.depth_of["row"] = 1
    writer.line(f"const {itype} _b0 = {block} % {blocks} * {band};")
    writer.line(f"const {itype} _b1 = {_end('_b0', band, y.size, itype)};")
    whole = pieces.x_items == 1
    first, last = ("0", str(x.size)) if whole else ("_x0", "_x1")
    middle = last if x.size % TILE == 0 else f"({last} - {last} % {TILE})"
    writer.open(f"for ({itype} x = {first}; x < {middle}; x += {TILE})", "x")
    writer.open(f"for ({itype} _y0 = _b0; _y0 < _b1; _y0 += {TILE})")
    writer.line(f"const {itype} _y1 = {_end('_y0', TILE, y.size, itype)};")
    for entry in _turned(nest):
        _fill(nest, entry)
    _rows(nest, TILE, "_y0", "_y1")
    writer.close()
    writer.close()
    emitter.forget(writer.depth + 1)
    if x.size % TILE:
        emitter.tiles.clear()
        writer.open(f"for ({itype} x = {middle}; x < {last}; ++x)", "x")
        _rows(nest, 1, "_b0", "_b1")
        writer.close()
    writer.close()
    source, bindings = finish(nest.params, writer.scopes[0])
    return Built(source, bindings, (pieces.items,), (1,), label)


def _end(start: str, step: int, size: int, itype: str) -> str:
    """Return where a block of y ends; only the last one can be shorter."""
    return f"min({start} + {step}, ({itype}){size})" if size % step else f"{start} + {step}"


def _rows(nest: Nest, lanes: int, start: str, end: str) -> None:
    nest.writer.open(f"for ({nest.emitter.itype} y = {start}; y < {end}; ++y)", "y")
    nest.body(lanes)
    nest.writer.close()
    nest.emitter.forget(nest.writer.depth + 1)


def _turned(nest: Nest) -> list[Entry]:
    """Return the loads that are contiguous along y but not along x."""
    nodes = nest.context.graph.nodes
    return [
        e
        for e in nest.walk.loads()
        if not e.guards
        and not e.waits
        and lane_stride(e.offset, "y") == 1
        and lane_stride(e.offset, "x") not in (0, 1, None)
        and STORAGE[nodes[e.value].dtype.name] == ctype(nodes[e.value].dtype)
    ]


def _fill(nest: Nest, entry: Entry) -> None:
    """Write the statements that fill one tile."""
    writer, emitter = nest.writer, nest.emitter
    dtype = nest.context.graph.nodes[entry.value].dtype
    kind = ctype(dtype, TILE)
    pointer = nest.params.buffer(entry.value, dtype)
    tile = f"_t{len(emitter.tiles)}"
    emitter.tiles[entry] = f"{tile}[y - _y0]"
    writer.line(f"{kind} {tile}[{TILE}];")
    size = nest.y.size if nest.y is not None else 1
    at_start = substitute(entry.offset, {"y": variable("_y0", size)})
    ragged = size % TILE != 0
    writer.open(f"if (_y1 - _y0 == {TILE})" if ragged else "")
    names = []
    for n in range(TILE):
        names.append(f"{tile}_{n}")
        offset = text(at_start, {"x": f"(x + {n})" if n else "x"})
        writer.line(f"const {kind} {tile}_{n} = LD({kind}, {pointer} + ({offset}));")
    statements, turned = transposed(names, Element(ctype(dtype), TILE), f"{tile}_")
    for statement in statements:
        writer.line(statement)
    for n, name in enumerate(turned):
        writer.line(f"{tile}[{n}] = {name};")
    writer.close()
    if ragged:
        writer.open("else")
        writer.open(f"for ({emitter.itype} y = _y0; y < _y1; ++y)", "y")
        elements = [
            f"{pointer}[{text(entry.offset, {'x': f'(x + {n})' if n else 'x'})}]"
            for n in range(TILE)
        ]
        writer.line(f"{tile}[y - _y0] = ({kind})({', '.join(elements)});")
        writer.close()
        writer.close()
