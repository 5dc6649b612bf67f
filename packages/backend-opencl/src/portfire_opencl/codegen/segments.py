"""put, adding rows: which rows go where is found first, so that each result is added up in place.

One item sorts the m indices by counting, which keeps equal ones in order::

    order  (one item)         -> ends[n], order[m]: place j has order[ends[j-1]] to order[ends[j]-1]
    add    (places, columns)  -> base[j, x] + source[order[i], x] + ...

The sums stay in private memory while its rows are added, and no item looks at indices that are
not its own. It pays where rows are long; the sums are the same on every run.
"""

from __future__ import annotations

from math import ceil, prod

from portfire import _dtype
from portfire.ops._indexing import of_shapes

from .context import INDEX_LIMIT, Built, Context, ScratchBinding, finish
from .demand import Entry
from .emit import Emitter
from .graph import Graph
from .indexing import ravel, reindex, variable
from .loops import lanes_for
from .regions import Kernel
from .render import Val, ctype, widened
from .writer import Parameters, Writer

LEAST_COLUMNS = 16
LEAST_ROWS = 64
TILE = 64  # vectors of columns
ITEMS_PER_UNIT = 4


def adds_rows(graph: Graph, value: int) -> bool:
    """Tell if a put adds enough long rows along the first axis of more than one element."""
    node = graph.nodes[value]
    axis, mode = node.attrs
    shape = node.shape
    rows = graph.nodes[node.inputs[1]].size
    long = prod(shape[:axis]) == 1 and prod(shape[axis + 1 :]) >= LEAST_COLUMNS
    return (
        mode == "add" and long and LEAST_ROWS <= rows <= INDEX_LIMIT and shape[axis] <= INDEX_LIMIT
    )


def build_rows(context: Context, kernel: Kernel) -> list[Built]:
    """Return the launches of a put that adds rows."""
    (value,) = kernel.nodes
    label = context.label(kernel.nodes)
    return [_order(context, value, f"order of {label}"), _add(context, value, label)]


def _scratch(context: Context, value: int, params: Parameters, write: bool) -> tuple[str, str]:
    node = context.graph.nodes[value]
    n, m = node.shape[node.attrs[0]], context.graph.nodes[node.inputs[1]].size
    names = []
    for key, size in (("ends", n), ("order", m)):
        binding = ScratchBinding((value, key), 4 * size)
        names.append(params.buffer(binding, _dtype.int32, write=write))
    return names[0], names[1]


def _order(context: Context, value: int, label: str) -> Built:
    writer, params = Writer(), Parameters()
    nodes = context.graph.nodes
    node = nodes[value]
    axis, index = node.attrs[0], node.inputs[1]
    n, m = node.shape[axis], nodes[index].size
    walk = context.walk()
    where = walk.need(index, reindex((variable("m", m),), (m,), nodes[index].shape))
    walk.run()
    emitter = context.emitter(walk, writer, params)
    shapes = of_shapes("put", [nodes[i].shape for i in node.inputs])
    message = f"index {{value}} is out of bounds for dimension {axis} with size {n} {shapes}"
    ends, order = _scratch(context, value, params, True)
    places = params.buffer(ScratchBinding((value, "places"), 4 * m), _dtype.int32, write=True)
    writer.line(f"for (int j = 0; j < {n}; ++j) {ends}[j] = 0;")
    writer.open(f"for ({emitter.itype} m = 0; m < {m}; ++m)", "m")
    writer.line(f"const int j = {emitter.check(n, message)(emitter.value(where).text)};")
    writer.line(f"{places}[m] = j;")
    writer.line(f"++{ends}[j];")
    writer.close()
    writer.line("int sum = 0;")
    writer.line(
        f"for (int j = 0; j < {n}; ++j) {{ int c = {ends}[j]; {ends}[j] = sum; sum += c; }}"
    )
    # Each place starts where the one before ends: counting up turns the starts into ends.
    writer.line(f"for (int m = 0; m < {m}; ++m) {order}[{ends}[{places}[m]]++] = m;")
    text, bindings = finish(params, writer.scopes[0])
    return Built(text, bindings, (1,), (1,), label)


def _sums(
    emitter: Emitter,
    entries: tuple[Entry, Entry],
    value: int,
    columns: tuple[int, int, int],
    order: str,
) -> None:
    """Write the sums of columns [first, last) of place j, in tiles that stay in private memory."""
    width, first, last = columns
    writer, itype, dtype = emitter.writer, emitter.itype, emitter.graph.nodes[value].dtype
    vec, kind = width > 1, ctype(dtype, width)
    emitter.lanes, emitter.lane = (width, "x") if vec else (1, "")
    tile = min(TILE * width, last - first)
    writer.open(f"for ({itype} _t = {first}; _t < {last}; _t += {tile})")
    end = str(last) if (last - first) <= tile else f"min(_t + {tile}, ({itype}){last})"
    loop = f"for ({itype} x = _t; x < {end}; x += {width})"
    place = f"_a[(x - _t) / {width}]"
    writer.line(f"{kind} _a[{tile // width}];")
    writer.open(loop, "x")
    writer.line(f"{place} = {widened(emitter.value(entries[0]), width)};")
    writer.close()
    writer.open("for (int _i = _s; _i < _e; ++_i)")
    writer.line(f"const {itype} r = {order}[_i];")
    writer.depth_of["r"] = writer.depth
    writer.open(loop, "x")
    added = Val(widened(emitter.value(entries[1]), width), dtype, vec)
    total = Val(place, dtype, vec, writer.depth)
    writer.line(f"{place} = {emitter.ops('add', [total, added], (), dtype, width)};")
    writer.close()
    writer.close()
    writer.open(loop, "x")
    node = emitter.graph.nodes[value]
    n = node.shape[node.attrs[0]]
    view = (n, node.size // n)
    offset = ravel((variable("j", n), variable("x", view[1])), view)
    pointer = emitter.params.buffer(value, dtype, write=True)
    emitter.store(Val(place, dtype, vec, writer.depth), dtype, pointer, offset)
    writer.close()
    writer.close()
    emitter.forget(writer.depth + 1)


def _add(context: Context, value: int, label: str) -> Built:
    writer, params = Writer(), Parameters()
    nodes = context.graph.nodes
    node = nodes[value]
    base, index, source = node.inputs
    axis = node.attrs[0]
    n, m, columns = node.shape[axis], nodes[index].size, prod(node.shape[axis + 1 :])
    j, r, x = variable("j", n), variable("r", m), variable("x", columns)
    walk = context.walk()
    old = walk.need(base, reindex((j, x), (n, columns), node.shape))
    new = walk.need(source, reindex((r, x), (m, columns), nodes[source].shape))
    walk.run()
    emitter = context.emitter(walk, writer, params)
    ends, order = _scratch(context, value, params, False)
    itype = emitter.itype
    pieces = max(min(context.facts.compute_units * ITEMS_PER_UNIT, n * columns // 512), 1)
    block = ceil(n / pieces)
    writer.line(f"const {itype} _g = get_global_id(0);")
    writer.line(f"const {itype} _end = min(_g * {block} + {block}, ({itype}){n});")
    writer.open(f"for ({itype} j = _g * {block}; j < _end; ++j)", "j")
    writer.line(f"const int _s = j ? {ends}[j - 1] : 0;")
    writer.line(f"const int _e = {ends}[j];")
    lanes = lanes_for(columns, context.facts.vector)
    middle = columns - columns % lanes
    for width, first, last in ((lanes, 0, middle), (1, middle, columns)):
        if first < last:
            _sums(emitter, (old, new), value, (width, first, last), order)
    writer.close()
    source_text, bindings = finish(params, writer.scopes[0])
    return Built(source_text, bindings, (ceil(n / block),), (1,), label)
