"""put: owners write. Each item owns rows [lo, hi) and a run of columns of the result.

The base is seen as (before, n, after) around the indexed axis, the source as (before, m, after). An
owner copies its part of the base, then goes through all m indices in order and applies those that
fall into its rows. So duplicates are applied in order, without atomics, the same on every run.
"""

from __future__ import annotations

from math import ceil, prod

from portfire._dtype import DType
from portfire.ops._indexing import of_shapes

from .context import Built, Context, finish
from .demand import Entry
from .emit import Emitter
from .indexing import Expr, ravel, reindex, variable
from .loops import lanes_for
from .regions import Kernel
from .render import Val
from .writer import Parameters, Writer

COLUMNS = 256  # columns of one owner
OWNERS_PER_UNIT = 4
OWNERS_OF_LINES = 1  # per unit: to look at an index costs as much as to add one element


def build_put(context: Context, kernel: Kernel) -> Built:
    """Return the launch of a put."""
    return _Put(context, kernel.nodes[0]).build(context.label(kernel.nodes))


class _Put:
    def __init__(self, context: Context, value: int) -> None:
        self.context = context
        self.value = value
        nodes = context.graph.nodes
        self.node = nodes[value]
        self.base, self.index, self.source = self.node.inputs
        axis, self.mode = self.node.attrs
        shape = self.node.shape
        self.n = shape[axis]
        self.axis = axis
        self.view = (prod(shape[:axis]), self.n, prod(shape[axis + 1 :]))
        self.m = nodes[self.index].size
        self.most = context.facts.vector if context.facts.schedule == "cpu" else 1

    def build(self, label: str) -> Built:
        """Return the launch."""
        before, n, after = self.view
        lanes = lanes_for(after, self.most)
        width = min(after, max(COLUMNS, lanes) if self.most > 1 else 1)
        tiles = ceil(after / width)
        wanted = self.context.facts.compute_units
        wanted *= OWNERS_OF_LINES if after == 1 else OWNERS_PER_UNIT
        ranges = min(n, ceil(wanted / (before * tiles))) if before * tiles < wanted else 1
        span = ceil(n / ranges)
        ranges = ceil(n / span)
        writer, params = Writer(), Parameters()
        emitter, entries = self._emitter(writer, params)
        itype = emitter.itype
        writer.line(f"const {itype} _g = get_global_id(0);")
        writer.line(f"const {itype} _lo = _g / {tiles} % {ranges} * {span};")
        writer.line(f"const {itype} _hi = min(_lo + {span}, ({itype}){n});")
        writer.line(f"const {itype} _x0 = _g % {tiles} * {width};")
        writer.line(f"const {itype} _x1 = min(_x0 + {width}, ({itype}){after});")
        if before > 1:
            writer.line(f"const {itype} b = _g / {tiles * ranges};")
        writer.open(f"for ({itype} j = _lo; j < _hi; ++j)", "j")
        self._columns(emitter, lanes, entries[0], "j", add=False)
        writer.close()
        emitter.forget(1)
        writer.open(f"for ({itype} m = 0; m < {self.m}; ++m)", "m")
        where = emitter.value(entries[1])
        nodes = self.context.graph.nodes
        shapes = of_shapes("put", [nodes[i].shape for i in (self.base, self.index, self.source)])
        message = f"index {{value}} is out of bounds for dimension {self.axis} with size {n}"
        message += f" {shapes}"
        writer.line(f"const {itype} j = {emitter.check(n, message)(where.text)};")
        writer.depth_of["j"] = writer.depth
        writer.line("if (j < _lo || j >= _hi) continue;")
        self._columns(emitter, lanes, entries[2], "m", add=self.mode == "add")
        writer.close()
        text, bindings = finish(params, writer.scopes[0])
        return Built(text, bindings, (before * ranges * tiles,), (1,), label)

    def _emitter(
        self, writer: Writer, params: Parameters
    ) -> tuple[Emitter, tuple[Entry, Entry, Entry]]:
        before, n, after = self.view
        nodes = self.context.graph.nodes
        b, j, m = variable("b", before), variable("j", n), variable("m", self.m)
        x = variable("x", after)
        walk = self.context.walk()
        copied = walk.need(self.base, reindex((b, j, x), self.view, self.node.shape))
        index = walk.need(self.index, reindex((m,), (self.m,), nodes[self.index].shape))
        shape = nodes[self.source].shape
        added = walk.need(self.source, reindex((b, m, x), (before, self.m, after), shape))
        walk.run()
        return self.context.emitter(walk, writer, params), (copied, index, added)

    def _columns(self, emitter: Emitter, lanes: int, entry: Entry, row: str, add: bool) -> None:
        after = self.view[2]
        writer = emitter.writer
        if after == 1:
            writer.open("")
            self._assign(emitter, entry, add)
            writer.close()
            emitter.forget(writer.depth + 1)
            return
        start, itype = "_x0", emitter.itype
        if lanes > 1:
            middle = "_x1" if after % lanes == 0 else f"(_x1 - _x1 % {lanes})"
            writer.open(f"for ({itype} x = _x0; x < {middle}; x += {lanes})", "x")
            emitter.lanes, emitter.lane = lanes, "x"
            self._assign(emitter, entry, add)
            writer.close()
            emitter.forget(writer.depth + 1)
            emitter.lanes, emitter.lane = 1, ""
            start = middle
        if lanes == 1 or after % lanes:
            writer.open(f"for ({itype} x = {start}; x < _x1; ++x)", "x")
            self._assign(emitter, entry, add)
            writer.close()
            emitter.forget(writer.depth + 1)

    def _offset(self) -> Expr:
        before, n, after = self.view
        return ravel((variable("b", before), variable("j", n), variable("x", after)), self.view)

    def _assign(self, emitter: Emitter, entry: Entry, add: bool) -> None:
        dtype: DType = self.node.dtype
        pointer = emitter.params.buffer(self.value, dtype, write=True)
        value = emitter.value(entry)
        offset = self._offset()
        if add:
            old = emitter.read(pointer, dtype, offset)
            total = emitter.ops("add", [old, value], (), dtype, emitter.lanes)
            value = Val(total, dtype, emitter.lanes > 1, emitter.writer.depth)
        emitter.store(value, dtype, pointer, offset)
