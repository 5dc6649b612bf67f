"""put into a line: many values into few places, and values that go to a place each.

Adding many values up in few places: every chunk of the values has places of its own, which a second
launch combines in order. So each value is looked at once, and the result is the same on every run::

    fill     (chunk)  -> partial[chunk][place]
    combine  (place)  -> base[place] with partial[0][place], partial[1][place], ...

Values of which the program says that no place comes twice need no order at all: one launch copies
the base, and a second one writes them.
"""

from __future__ import annotations

from math import ceil

from portfire import _dtype
from portfire._dtype import DType
from portfire.ops._indexing import of_shapes

from .context import Built, Context, ScratchBinding, finish
from .demand import Entry
from .emit import Emitter
from .graph import Graph
from .indexing import Expr, reindex, variable
from .reduce import combine, identity
from .regions import Kernel
from .render import Val, ctype
from .writer import Parameters, Writer

CHUNK = 4096  # values of a chunk at least
ITEMS_PER_UNIT = 4
ONCE = "once"
_COMBINE = {"add": "sum", "mul": "prod", "amax": "max", "amin": "min"}


def chunks_for(graph: Graph, value: int, units: int) -> int:
    """Return into how many chunks values are cut that go to few places; 0 where that is no gain."""
    node = graph.nodes[value]
    m, n = graph.nodes[node.inputs[1]].size, node.size
    if node.shape[node.attrs[0]] != n or node.attrs[1] not in _COMBINE:
        return 0
    chunks = min(units * ITEMS_PER_UNIT, m // CHUNK)
    return chunks if chunks > 1 and chunks * n <= m else 0


def goes_once(graph: Graph, value: int) -> bool:
    """Tell if each value goes to a place of its own in a line."""
    node = graph.nodes[value]
    return bool(node.attrs[1] == ONCE and node.shape[node.attrs[0]] == node.size)


def build_bins(context: Context, kernel: Kernel, chunks: int) -> list[Built]:
    """Return the launches that fill few places."""
    (value,) = kernel.nodes
    label = context.label(kernel.nodes)
    return [
        _Line(context, value).fill(chunks, f"fill of {label}"),
        _Line(context, value).combine(chunks, label),
    ]


def build_once(context: Context, kernel: Kernel) -> list[Built]:
    """Return the launches that write each value to its place."""
    (value,) = kernel.nodes
    label = context.label(kernel.nodes)
    return [
        _Line(context, value).copy(f"copy of {label}"),
        _Line(context, value).write(label),
    ]


class _Line:
    """One launch about a line of n places and m values."""

    def __init__(self, context: Context, value: int) -> None:
        self.context = context
        self.value = value
        nodes = context.graph.nodes
        self.node = nodes[value]
        self.base, self.index, self.source = self.node.inputs
        self.n, self.m = self.node.size, nodes[self.index].size
        self.writer, self.params = Writer(), Parameters()
        self.units = context.facts.compute_units
        self.emitter, self.old, self.where, self.new = self._emitter()

    def _emitter(self) -> tuple[Emitter, Entry, Entry, Entry]:
        walk = self.context.walk()
        nodes = self.context.graph.nodes
        j, m = (variable("j", self.n),), (variable("m", self.m),)
        old = walk.need(self.base, reindex(j, (self.n,), nodes[self.base].shape))
        where = walk.need(self.index, reindex(m, (self.m,), nodes[self.index].shape))
        new = walk.need(self.source, reindex(m, (self.m,), nodes[self.source].shape))
        walk.run()
        return self.context.emitter(walk, self.writer, self.params), old, where, new

    def _open(self, name: str, size: int, items: int, *before: str) -> int:
        """Open the loop of an item over its part of [0, size); return how many items there are."""
        itype, block = self.emitter.itype, ceil(size / items)
        self.writer.line(f"const {itype} _g = get_global_id(0);")
        self.writer.line(f"const {itype} _end = min(_g * {block} + {block}, ({itype}){size});")
        for line in before:
            self.writer.line(line)
        self.writer.open(f"for ({itype} {name} = _g * {block}; {name} < _end; ++{name})", name)
        return ceil(size / block)

    def _checked(self) -> str:
        """Emit the place of value m, and return it."""
        where = self.emitter.value(self.where)
        nodes = self.context.graph.nodes
        shapes = of_shapes(self.node.op, [nodes[i].shape for i in self.node.inputs])
        axis = self.node.attrs[0]
        message = f"index {{value}} is out of bounds for dimension {axis} with size {self.n}"
        return self.emitter.check(self.n, f"{message} {shapes}")(where.text)

    def _partial(self, chunks: int) -> tuple[str, DType]:
        dtype = _dtype.float32 if self.node.dtype is _dtype.float16 else self.node.dtype
        binding = ScratchBinding((self.value, "partial"), chunks * self.n * dtype.itemsize)
        return self.params.buffer(binding, dtype, write=True), dtype

    def _store(self, value: Val, offset: Expr) -> None:
        pointer = self.params.buffer(self.value, self.node.dtype, write=True)
        self.emitter.store(value, self.node.dtype, pointer, offset)

    def _built(self, items: int, label: str) -> Built:
        text, bindings = finish(self.params, self.writer.scopes[0])
        return Built(text, bindings, (items,), (1,), label)

    def fill(self, chunks: int, label: str) -> Built:
        """Return the launch in which each chunk fills places of its own."""
        writer, op = self.writer, _COMBINE[self.node.attrs[1]]
        partial, dtype = self._partial(chunks)
        kind = ctype(dtype)
        items = self._open(
            "m",
            self.m,
            chunks,
            f"__global {kind}* _p = {partial} + (size_t)_g * {self.n};",
            f"for (int _j = 0; _j < {self.n}; ++_j) _p[_j] = {identity(op, dtype, 1)};",
        )
        writer.line(f"const {self.emitter.itype} j = {self._checked()};")
        value = self.emitter.value(self.new)
        writer.line(f"const {kind} _v = {value.text};")
        writer.line(f"_p[j] = {combine(op, '_p[j]', '_v', dtype, 1)};")
        writer.close()
        return self._built(items, label)

    def combine(self, chunks: int, label: str) -> Built:
        """Return the launch that combines the places of all chunks with the base."""
        writer, op = self.writer, _COMBINE[self.node.attrs[1]]
        partial, dtype = self._partial(chunks)
        chunks = ceil(self.m / ceil(self.m / chunks))
        items = self._open("j", self.n, min(self.units * ITEMS_PER_UNIT, ceil(self.n / 256)))
        kind = ctype(dtype)
        writer.line(f"{kind} _a = {self.emitter.value(self.old).text};")
        writer.open(f"for (int _c = 0; _c < {chunks}; ++_c)")
        writer.line(f"const {kind} _v = {partial}[(size_t)_c * {self.n} + j];")
        writer.line(f"_a = {combine(op, '_a', '_v', dtype, 1)};")
        writer.close()
        self._store(Val("_a", self.node.dtype, False, writer.depth), variable("j", self.n))
        writer.close()
        return self._built(items, label)

    def copy(self, label: str) -> Built:
        """Return the launch that copies the base."""
        wanted = max(min(self.units * ITEMS_PER_UNIT, self.n // 512), 1)
        items = self._open("j", self.n, wanted)
        self._store(self.emitter.value(self.old), variable("j", self.n))
        self.writer.close()
        return self._built(items, label)

    def write(self, label: str) -> Built:
        """Return the launch that writes all values."""
        wanted = max(min(self.units * ITEMS_PER_UNIT, self.m // 512), 1)
        items = self._open("m", self.m, wanted)
        self.writer.line(f"const {self.emitter.itype} j = {self._checked()};")
        self.writer.depth_of["j"] = self.writer.depth
        self._store(self.emitter.value(self.new), variable("j", self.n))
        self.writer.close()
        return self._built(items, label)
