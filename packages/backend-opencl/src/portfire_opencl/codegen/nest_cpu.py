"""The CPU form of a loop nest: an item owns a block of rows, or a run of x inside one row."""

from __future__ import annotations

from math import prod

from .context import Built, finish
from .loops import Cut, cut
from .nest import Nest
from .nest_columns import suits, widened_cut, write_columns


def build_cpu(nest: Nest, label: str) -> Built:
    """Return the launch of a nest in the CPU schedule."""
    writer, x = nest.writer, nest.x
    inner = prod(d.size for d in nest.inner)
    x_lanes = nest.lanes if nest.lane == "x" else 1
    size = x.size if x is not None else 1
    units = nest.context.facts.compute_units
    pieces = cut(nest.rows, size, inner, x_lanes, units, nest.cost)
    columns = suits(nest, inner)
    if columns:
        pieces = widened_cut(pieces, units, nest.lanes)
    open_rows(nest, pieces)
    if columns:
        start, end = ("0", str(size)) if pieces.x_items == 1 else ("_x0", "_x1")
        write_columns(nest, pieces, start, end)
    elif x is None:
        nest.body(1)
    else:
        _x_loops(nest, pieces, x_lanes)
    writer.close()
    source, bindings = finish(nest.params, writer.scopes[0])
    return Built(source, bindings, (pieces.items,), (1,), label)


def open_rows(nest: Nest, pieces: Cut, name: str = "row") -> None:
    """Write the item's range of x, and open the loop over its rows."""
    writer = nest.writer
    itype = nest.emitter.itype
    writer.line(f"const {itype} _g = get_global_id(0);")
    row = "_g" if pieces.x_items == 1 else f"_g / {pieces.x_items}"
    if pieces.x_items > 1:
        writer.line(f"const {itype} _x0 = _g % {pieces.x_items} * {pieces.x_block};")
        if pieces.x % pieces.x_block:
            writer.line(f"const {itype} _x1 = min(_x0 + {pieces.x_block}, ({itype}){pieces.x});")
        else:
            writer.line(f"const {itype} _x1 = _x0 + {pieces.x_block};")
    if pieces.rows == 1:
        writer.open("")
    elif pieces.row_block == 1:
        writer.line(f"const {itype} {name} = {row};")
        writer.depth_of[name] = 1
        writer.open("")
    else:
        first = f"_g * {pieces.row_block}"
        last = f"min({first} + {pieces.row_block}, ({itype}){pieces.rows})"
        if pieces.rows % pieces.row_block == 0:
            last = f"{first} + {pieces.row_block}"
        writer.line(f"const {itype} _end = {last};")
        writer.open(f"for ({itype} {name} = {first}; {name} < _end; ++{name})", name)


def _x_loops(nest: Nest, pieces: Cut, lanes: int) -> None:
    writer, emitter = nest.writer, nest.emitter
    itype = emitter.itype
    whole = pieces.x_items == 1
    size = pieces.x
    start, end = ("0", str(size)) if whole else ("_x0", "_x1")
    if size == 1:
        writer.open("")
        nest.body(1)
        writer.close()
        return
    if nest.overlap:
        # The last vector of a row moves back to where it fits, over elements computed already.
        writer.open(f"for ({itype} _x = {start}; _x < {end}; _x += {lanes})", "x")
        writer.line(f"const {itype} x = min(_x, ({itype}){size - lanes});")
        emitter.aligned = False
        nest.body(lanes)
        writer.close()
        return
    middle = end
    if lanes > 1:
        if size % lanes:
            middle = str(size - size % lanes) if whole else f"(_x1 - _x1 % {lanes})"
        writer.open(f"for ({itype} x = {start}; x < {middle}; x += {lanes})", "x")
        nest.body(lanes)
        writer.close()
        emitter.forget(writer.depth + 1)
        start = middle
    if lanes == 1 or size % lanes:
        writer.open(f"for ({itype} x = {start}; x < {end}; ++x)", "x")
        emitter.registers.clear()
        nest.body(1)
        writer.close()
        emitter.forget(writer.depth + 1)
