"""put_along: owners write. Each item owns rows [lo, hi) of some columns of the result.

Base, index and source are seen as (before, n or m, after) around the axis. An item first copies its
part of the base; then it goes through the m indices of its columns in order, and applies those that
fall into its rows. Columns are enough work for all units as a rule, and then an item owns all rows;
with few columns, several items go through the same indices. No atomics: the same on every run.
"""

from __future__ import annotations

from math import ceil, prod

from portfire.ops._indexing import of_shapes

from .context import Built, Context, finish
from .demand import Entry
from .emit import Emitter
from .graph import Graph
from .indexing import Expr, ravel, reindex, variable
from .loops import lanes_for
from .regions import Kernel
from .render import Val
from .writer import Parameters, Writer

COLUMNS = 256  # columns of one item
ELEMENTS = 4096  # elements of the base and the source that one item should own
ITEMS_PER_UNIT = 4
COMBINE = {"add": "add", "mul": "mul", "amax": "maximum", "amin": "minimum"}


def covered(graph: Graph, inputs: tuple[int, ...], attrs: tuple[object, ...], op: str) -> int:
    """Add a node that scatters into a base; the part that the index covers is cut out for it."""
    base, index, source = inputs
    axis = attrs[0]
    node, size = graph.nodes[base], graph.nodes[index].shape
    shape, dtype = node.shape, node.dtype
    part = tuple(n if i == axis else m for i, (n, m) in enumerate(zip(shape, size, strict=True)))
    if not prod(size):
        return graph.add("reshape", (base,), (shape,), shape, dtype)
    if part == shape:
        return graph.add(op, inputs, attrs, shape, dtype)
    none, ones = (0,) * len(shape), (1,) * len(shape)
    cut = graph.add("slice", (base,), (none, part, ones), part, dtype)
    new = graph.add(op, (cut, index, source), attrs, part, dtype)
    return graph.add("slice_update", (base, new), (none, part, ones), shape, dtype)


def build_scatter(context: Context, kernel: Kernel) -> Built:
    """Return the launch of a put_along."""
    return _Scatter(context, kernel.nodes[0]).build(context.label(kernel.nodes))


class _Scatter:
    def __init__(self, context: Context, value: int) -> None:
        self.context = context
        self.value = value
        nodes = context.graph.nodes
        self.node = nodes[value]
        self.base, self.index, self.source = self.node.inputs
        self.axis, self.mode = self.node.attrs
        shape = self.node.shape
        self.n, self.m = shape[self.axis], nodes[self.index].shape[self.axis]
        self.before, self.after = prod(shape[: self.axis]), prod(shape[self.axis + 1 :])
        self.most = context.facts.vector if context.facts.schedule == "cpu" else 1
        self.writer, self.params = Writer(), Parameters()

    def build(self, label: str) -> Built:
        """Return the launch."""
        units = self.context.facts.compute_units
        width = min(self.after, COLUMNS if self.most > 1 else 1)
        tiles = ceil(self.after / width)
        columns = self.before * tiles
        ranges = min(ceil(units / columns), self.n)
        span = ceil(self.n / ranges)
        ranges = ceil(self.n / span)
        block = 1
        if self.most > 1:
            block = max(ELEMENTS // ((self.n + self.m) * width), 1)
            block = max(min(block, columns // (units * ITEMS_PER_UNIT)), 1)
        emitter, entries = self._emitter()
        itype = emitter.itype
        writer = self.writer
        writer.line(f"const {itype} _g = get_global_id(0);")
        last = f"min(_g / {ranges} * {block} + {block}, ({itype}){columns})"
        writer.open(f"for ({itype} _q = _g / {ranges} * {block}; _q < {last}; ++_q)", "_q")
        writer.line(f"const {itype} b = _q / {tiles};")
        writer.depth_of["b"] = writer.depth
        writer.line(f"const {itype} _x0 = _q % {tiles} * {width};")
        writer.line(f"const {itype} _x1 = min(_x0 + {width}, ({itype}){self.after});")
        writer.line(f"const {itype} _lo = _g % {ranges} * {span};")
        writer.line(f"const {itype} _hi = min(_lo + {span}, ({itype}){self.n});")
        self._copy(emitter, entries[0])
        self._apply(emitter, entries[1], entries[2])
        writer.close()
        text, bindings = finish(self.params, writer.scopes[0])
        return Built(text, bindings, (ceil(columns / block) * ranges,), (1,), label)

    def _emitter(self) -> tuple[Emitter, tuple[Entry, Entry, Entry]]:
        nodes = self.context.graph.nodes
        b, x = variable("b", self.before), variable("x", self.after)
        j, m = variable("j", self.n), variable("m", self.m)
        walk = self.context.walk()
        size, long = (self.before, self.n, self.after), (self.before, self.m, self.after)
        entries = (
            walk.need(self.base, reindex((b, j, x), size, self.node.shape)),
            walk.need(self.index, reindex((b, m, x), long, nodes[self.index].shape)),
            walk.need(self.source, reindex((b, m, x), long, nodes[self.index].shape)),
        )
        walk.run()
        return self.context.emitter(walk, self.writer, self.params), entries

    def _offset(self) -> Expr:
        size = (self.before, self.n, self.after)
        j = variable("j", self.n)
        return ravel((variable("b", self.before), j, variable("x", self.after)), size)

    def _copy(self, emitter: Emitter, entry: Entry) -> None:
        """Copy the item's part of the base, with lanes along what lies together."""
        writer, itype = self.writer, emitter.itype
        if self.after == 1:
            self._lanes(emitter, entry, "j", "_lo", "_hi", self.n)
            return
        writer.open(f"for ({itype} j = _lo; j < _hi; ++j)", "j")
        self._lanes(emitter, entry, "x", "_x0", "_x1", self.after)
        writer.close()
        emitter.forget(writer.depth + 1)

    def _lanes(
        self, emitter: Emitter, entry: Entry, name: str, first: str, last: str, size: int
    ) -> None:
        writer, itype = self.writer, emitter.itype
        lanes = lanes_for(size, self.most)
        if lanes > 1:
            middle = f"({last} - ({last} - {first}) % {lanes})"
            writer.open(
                f"for ({itype} {name} = {first}; {name} < {middle}; {name} += {lanes})", name
            )
            emitter.lanes, emitter.lane, emitter.aligned = lanes, name, False
            self._store(emitter, emitter.value(entry))
            emitter.lanes, emitter.lane = 1, ""
            writer.close()
            emitter.forget(writer.depth + 1)
            first = middle
        writer.open(f"for ({itype} {name} = {first}; {name} < {last}; ++{name})", name)
        self._store(emitter, emitter.value(entry))
        writer.close()
        emitter.forget(writer.depth + 1)

    def _store(self, emitter: Emitter, value: Val) -> None:
        pointer = self.params.buffer(self.value, self.node.dtype, write=True)
        emitter.store(value, self.node.dtype, pointer, self._offset())

    def _apply(self, emitter: Emitter, index: Entry, source: Entry) -> None:
        writer, itype, dtype = self.writer, emitter.itype, self.node.dtype
        nodes = self.context.graph.nodes
        shapes = of_shapes(self.node.op, [nodes[i].shape for i in self.node.inputs])
        message = f"index {{value}} is out of bounds for dimension {self.axis} with size {self.n}"
        writer.open(f"for ({itype} m = 0; m < {self.m}; ++m)", "m")
        writer.open(f"for ({itype} x = _x0; x < _x1; ++x)", "x")
        where = emitter.value(index)
        check = emitter.check(self.n, f"{message} {shapes}")
        writer.line(f"const {itype} j = {check(where.text)};")
        writer.depth_of["j"] = writer.depth
        writer.line("if (j < _lo || j >= _hi) continue;")
        value = emitter.value(source)
        if self.mode != "set":
            pointer = self.params.buffer(self.value, dtype, write=True)
            old = emitter.read(pointer, dtype, self._offset())
            total = emitter.ops(COMBINE[self.mode], [old, value], (), dtype, 1)
            value = Val(total, dtype, False, writer.depth)
        self._store(emitter, value)
        for _ in range(2):
            writer.close()
        emitter.forget(writer.depth + 1)
