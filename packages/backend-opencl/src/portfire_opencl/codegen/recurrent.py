"""recurrence and its gradient: one launch goes through all time steps.

Sequences do not know of each other, so an item (or, on GPUs, a work-group) owns some of them and
goes through time alone; what it carries from step to step lies in a place of its own, and the
weights stay in its cache. Units are done in tiles of a vector::

                  units 0 ...... 15 | 16 ..... 31 | ...      forward, at each step and tile:
    sequence r    gates i f g o     |             |            sums[r][gate] = h[r] . w[gate]
    sequence r+1                    |             |            parts = cell(x, sums, h, c)

Every tile of a step reads all of h before the step, so h and c are kept twice, old and new. The
last tile moves back to where it fits, over units that others have done already.

Backward, each step has two halves: the gradients of the gates (elementwise), kept for the second,
which multiplies them with w. On GPUs the items of a group own units, and meet between the halves.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from .context import Built, Context, ScratchBinding, finish
from .demand import Entry
from .indexing import constant, scale, shift, total, variable
from .recurrent_cells import CELLS
from .recurrent_layer import Layer
from .regions import Kernel
from .render import ctype
from .writer import Parameters, Writer

__all__ = ["build_recurrence"]


def build_recurrence(context: Context, kernel: Kernel) -> list[Built]:
    """Return the launches of a recurrence or of its gradient."""
    (value,) = kernel.nodes
    label = context.label(kernel.nodes)
    if context.graph.nodes[value].op == "recurrence_grad":
        return [_Backward(context, value).build(label)]
    forward = _Forward(context, value)
    return [forward.pack(f"pack of {label}"), forward.build(label)]


class _Forward(Layer):
    def __init__(self, context: Context, value: int) -> None:
        node = context.graph.nodes[value]
        mode = node.attrs[0]
        self.sums = CELLS[mode].gates
        _, steps, batch, units = node.shape
        super().__init__(context, value, (steps, batch, units))
        self.x, self.w, self.h, *rest = node.inputs
        self.extra = rest.pop(0) if self.cell.extra else -1
        self.lengths = rest[0] if rest else -1

    @property
    def _packed(self) -> ScratchBinding:
        shape = self.shape
        count = shape.tiles * shape.lanes * shape.units * self.cell.gates
        return ScratchBinding((self.value, "packed"), count * self.wide.itemsize)

    def pack(self, label: str) -> Built:
        """Return the launch that turns the weights so that vectors run along the units."""
        shape, gates = self.shape, self.cell.gates
        writer, params = Writer(), Parameters()
        walk = self.context.walk()
        j = total((scale(variable("gate", gates), shape.units), self.u()))
        root = walk.need(self.w, (j, variable("k", shape.units)))
        walk.run()
        emitter = self.context.emitter(walk, writer, params)
        target = params.buffer(self._packed, self.wide, write=True)
        writer.line("const int tile = get_global_id(0);")
        writer.open(f"for (int lane = 0; lane < {shape.lanes}; ++lane)", "lane")
        first = f"min(tile * {shape.lanes}, {shape.units - shape.lanes})"
        writer.line(f"const int u = {first} + lane;")
        writer.depth_of["u"] = writer.depth
        writer.open(f"for (int gate = 0; gate < {gates}; ++gate)", "gate")
        writer.open(f"for (int k = 0; k < {shape.units}; ++k)", "k")
        shown = emitter.value(root).text
        place = f"((tile * {shape.units} + k) * {gates} + gate) * {shape.lanes} + lane"
        if self.gpu:
            place = f"(k * {gates} + gate) * {shape.units} + tile"
        writer.line(f"{target}[{place}] = {shown};")
        for _ in range(3):
            writer.close()
        text, bindings = finish(params, writer.scopes[0])
        return Built(text, bindings, (shape.tiles,), (1,), label)

    def build(self, label: str) -> Built:
        """Return the launch that goes through time."""
        shape, cell = self.shape, self.cell
        starts = {"h": self.need(self.h, self.b, self.u())}
        if self.mode == "lstm":
            starts["c"] = self.need(self.extra, self.b, self.u())
        bias = self.need(self.extra, self.u()) if self.mode == "gru" else None
        x = [self.need(self.x, self.t, self.b, self.u(k)) for k in range(cell.gates)]
        ends = self.need(self.lengths, self.b) if self.lengths >= 0 else None
        self.finish_walk()
        self.open_item()
        size = shape.rows * shape.units
        self.state({f"{name}_{age}": size for name in starts for age in ("old", "new")})
        self.open_rows()
        self.open_tiles()
        for name, entry in starts.items():
            self.save(f"{name}_old", self.take(entry))
        self.close(2)
        self.meet()
        self.open_time(self.reverse)
        self.open_tiles()
        self._products()
        self.open_rows()
        sums = [f"sums[r * {cell.gates} + {k}]" for k in range(cell.gates)]
        before = {name: self.declare(f"{name}_before", self.load(f"{name}_old")) for name in starts}
        extra = before.get("c", "") if bias is None else self.take(bias)
        gates = [self.take(entry) for entry in x]
        names = cell.forward(self.declare, self.words, gates, sums, before["h"], extra)
        carried = dict(zip(("h", "c"), reversed(names), strict=False))
        shown = list(names)
        if ends is not None:
            there = f"{self.scalar(ends)} > t"
            for k, name in enumerate(starts):
                kept = f"({there}) ? {carried[name]} : {before[name]}"
                carried[name] = shown[-1 - k] = self.declare(f"{name}_kept", kept)
        for name in starts:
            self.save(f"{name}_new", carried[name])
        for part, result in enumerate(shown):
            self.store(result, (constant(part), self.t, self.b, self.u()))
        self.close(2)
        self.meet()
        place = "__local" if "LOCAL" in self.fence else "__global"
        for name in starts:
            kind = f"{place} {ctype(self.wide)}*"
            self.writer.line(
                f"{{ {kind} _s = {name}_old; {name}_old = {name}_new; {name}_new = _s; }}"
            )
        self.close()
        return self.built(label)

    def _products(self) -> None:
        """Multiply the states of all sequences with the weights of a tile."""
        shape, gates, writer = self.shape, self.cell.gates, self.writer
        packed = self.params.buffer(self._packed, self.wide)
        names = [[f"s{r}_{k}" for k in range(gates)] for r in range(shape.rows)]
        for row in names:
            writer.line(f"{self.kind} {', '.join(f'{name} = 0' for name in row)};")
        if self.gpu:
            weights = [f"{packed}[(k * {gates} + {g}) * {shape.units} + u]" for g in range(gates)]
        else:
            first = f"tile * {shape.units * gates * shape.lanes}"
            writer.line(f"__global const {ctype(self.wide)}* _w = {packed} + {first};")
            weights = [
                self.load("_w", f"(k * {gates} + {g}) * {shape.lanes}") for g in range(gates)
            ]
        writer.open(f"for (int k = 0; k < {shape.units}; ++k)")
        for g, shown in enumerate(weights):
            writer.line(f"const {self.kind} w{g} = {shown};")
        for r, row in enumerate(names):
            writer.line(f"const {self.kind} l{r} = ({self.kind})(h_old[{r * shape.units} + k]);")
            for g, name in enumerate(row):
                writer.line(f"{name} = l{r} * w{g} + {name};")
        writer.close()
        flat = [name for row in names for name in row]
        writer.line(f"{self.kind} sums[{len(flat)}];")
        for k, name in enumerate(flat):
            writer.line(f"sums[{k}] = {name};")


class _Backward(Layer):
    def __init__(self, context: Context, value: int) -> None:
        node = context.graph.nodes[value]
        self.g, self.gc, self.stored, self.w, self.h, *rest = node.inputs
        self.vectors = 1
        _, steps, batch, units = context.graph.nodes[self.stored].shape
        lanes = context.facts.vector
        if context.facts.schedule == "cpu" and units >= 2 * lanes:
            self.sums = self.vectors = 2
        super().__init__(context, value, (steps, batch, units))
        self.extra = rest.pop(0) if self.cell.extra else -1
        self.lengths = rest[0] if rest else -1

    def build(self, label: str) -> Built:
        """Return the launch that goes back through time."""
        shape, cell, lstm = self.shape, self.cell, self.mode == "lstm"
        where = (self.b, self.u())
        last = variable("q", shape.steps)
        g, gc = self.need(self.g, self.t, *where), self.need(self.gc, *where)
        parts = [self.need(self.stored, constant(s), self.t, *where) for s in range(cell.parts)]
        before = {"h": (self.need(self.h, *where), cell.parts - 1)}
        if lstm:
            before["c"] = (self.need(self.extra, *where), cell.parts - 2)
        earlier = {
            n: self.need(self.stored, constant(s), last, *where) for n, (_, s) in before.items()
        }
        ends = self.need(self.lengths, self.b) if self.lengths >= 0 else None
        weights = self.need(self.w, variable("j", cell.gates * shape.units), self.u())
        other = []
        if self.vectors == 2:
            far = shift(variable("v", shape.units), 0)
            other = [self.need(self.w, variable("j", cell.gates * shape.units), far)]
        self.finish_walk()
        self.open_item()
        size = shape.rows * shape.units
        names = ["dh_old", "dh_new", *(["dc_old", "dc_new"] if lstm else [])]
        self.state(dict.fromkeys(names, size) | {"gates": size * cell.gates})
        self.open_rows()
        self.open_tiles()
        self.save("dh_old", f"({self.kind})({self.words.zero})")
        if lstm:
            self.save("dc_old", self.take(gc))
        self.close(2)
        self.meet()
        self.open_time(not self.reverse)
        self.writer.line(f"const int q = {self._earlier()};")
        self.writer.depth_of["q"] = self.writer.depth
        first = f"t == {shape.steps - 1 if self.reverse else 0}"
        self.open_rows()
        self.open_tiles()
        self._elementwise(g, parts, before, earlier, ends, first)
        self.close(2)
        self.meet()
        self._products(weights, other)
        self.meet()
        self.close()
        self._ends()
        return self.built(label)

    def _earlier(self) -> str:
        """The step before, or any where there is none."""
        steps = self.shape.steps
        return f"min(t + 1, {steps - 1})" if self.reverse else "max(t - 1, 0)"

    def _elementwise(
        self, g: Entry, parts: list[Entry], before: Any, earlier: Any, ends: Any, first: str
    ) -> None:
        """The gradients of the gates of one sequence and tile."""
        shape, cell, lstm = self.shape, self.cell, self.mode == "lstm"
        total = self.declare("total", f"{self.load('dh_old')} + {self.take(g)}")
        dc = self.declare("dc", self.load("dc_old")) if lstm else ""
        came = {}
        for name, (start, _) in before.items():
            shown = f"({first}) ? {self.take(start)} : {self.take(earlier[name])}"
            came[name] = self.declare(f"{name}_before", shown)
        values = [self.take(entry) for entry in parts]
        found = cell.backward(self.declare, self.words, total, dc, values, came)
        zero = f"({self.kind})({self.words.zero})"
        kept = found.kept or zero
        there = "" if ends is None else f"({self.scalar(ends)} > t)"

        def masked(shown: str, otherwise: str) -> str:
            return f"({there} ? {shown} : {otherwise})" if there else shown

        for k, (outer, inner) in enumerate(zip(found.outer, found.inner, strict=True)):
            self.store(masked(outer, zero), (self.t, self.b, self.u(k)))
            at = f"(r * {cell.gates} + {k}) * {shape.units} + u"
            self.save("gates", masked(inner, zero), at)
        self.save("dh_new", masked(kept, total))
        if lstm:
            self.save("dc_new", masked(found.dc, dc))

    def _products(self, weights: Entry, other: list[Entry]) -> None:
        """Multiply the gradients of all gates with the weights, for one or two tiles at a time."""
        shape, writer = self.shape, self.writer
        rows, units, gates = shape.rows, shape.units, self.cell.gates
        columns = ["u", "v"] if other else ["u"]
        if other:
            pair = 2 * shape.lanes
            writer.open(f"for (int tile = 0; tile < {ceil(units / pair)}; ++tile)", "tile")
            at = f"tile * {pair}"
            at = f"min({at}, {units - pair})" if units % pair else at
            writer.line(f"const int u = {at};")
            writer.line(f"const int v = u + {shape.lanes};")
            writer.depth_of["u"] = writer.depth_of["v"] = writer.depth
        else:
            self.open_tiles()
        for r in range(rows):
            names = ", ".join(f"s{r}{c} = 0" for c in columns)
            writer.line(f"{self.kind} {names};")
        writer.open(f"for (int j = 0; j < {gates * units}; ++j)", "j")
        shown = [self.take(weights)]
        if other:
            self.emitter.lane = "v"
            shown += [self.take(entry) for entry in other]
            self.emitter.lane = "u"
        for r in range(rows):
            place = f"gates[{r * gates * units} + j]"
            writer.line(f"const {self.kind} l{r} = ({self.kind})({place});")
            for c, w in zip(columns, shown, strict=True):
                writer.line(f"s{r}{c} = l{r} * {w} + s{r}{c};")
        self.close()
        for r in range(rows):
            for c in columns:
                at = f"{r * units} + {c}"
                self.save("dh_old", f"{self.load('dh_new', at)} + s{r}{c}", at)
                if self.mode == "lstm":
                    self.save("dc_old", self.load("dc_new", at), at)
        self.close()

    def _ends(self) -> None:
        """Store the gradients of the first states."""
        shape = self.shape
        zero = f"({self.kind})({self.words.zero})"
        shown = [self.load("dh_old")]
        if self.mode == "lstm":
            shown.append(self.load("dc_old"))
        shown += [zero] * (self.cell.gates - len(shown))
        self.open_rows()
        self.open_tiles()
        for k, one in enumerate(shown):
            self.store(one, (constant(shape.steps), self.b, self.u(k)))
        self.close(2)
