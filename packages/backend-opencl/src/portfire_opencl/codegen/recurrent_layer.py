"""What both directions of a recurrent layer share: sizes, operands, loops, and carried state."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from portfire import _dtype
from portfire._dtype import DType

from .context import Built, Context, ScratchBinding, finish
from .demand import Entry
from .emit import Emitter
from .indexing import Expr, ravel, shift, variable
from .recurrent_cells import CELLS, Cell, Words
from .render import Val, ctype, literal, widened
from .writer import Parameters, Writer

__all__ = ["Layer"]

_SUMS = {16: 24, 8: 12, 4: 12}  # vector lanes -> accumulators that fit into registers
_MOST_GROUP = 256  # work-items of a group on a GPU
_GROUP_ROWS = 4  # sequences of a group there
_ROUND = 1.5  # what a pass over the weights costs besides its sums, in sequences


@dataclass(frozen=True)
class Shape:
    """Sizes, and how they are cut."""

    steps: int
    batch: int
    units: int
    lanes: int
    rows: int
    group: int

    @property
    def tiles(self) -> int:
        """Vectors of units."""
        return ceil(self.units / self.lanes)

    @property
    def items(self) -> int:
        """Items or groups, each with some sequences."""
        return ceil(self.batch / self.rows)


def _rows(batch: int, most: int, units: int) -> int:
    """Sequences of an item: few passes over the weights, and work for every unit."""

    def cost(rows: int) -> float:
        return ceil(ceil(batch / rows) / units) * (rows + _ROUND)

    return min(range(1, max(most, 1) + 1), key=lambda rows: (cost(rows), rows))


class Layer:
    """What both directions of a layer share: operands, the walk, loops, and state."""

    def __init__(self, context: Context, value: int, shape: tuple[int, ...]) -> None:
        self.context = context
        self.value = value
        self.node = context.graph.nodes[value]
        mode, self.reverse = self.node.attrs
        self.cell: Cell = CELLS[mode]
        self.mode = mode
        self.dtype: DType = self.node.dtype
        half = self.dtype is _dtype.float16
        self.wide = _dtype.float32 if half else self.dtype
        self.writer, self.params = Writer(), Parameters()
        self.walk = context.walk()
        self.shape = self._cut(*shape)
        lanes = self.shape.lanes
        self.kind = ctype(self.wide, lanes)
        self.gpu = context.facts.schedule == "gpu"
        call = context.helpers.call
        self.words = Words(
            literal(0.0, self.wide),
            literal(1.0, self.wide),
            lambda x: f"{call('exp', self.wide, lanes)}({x})",
            lambda x: f"{call('tanh', self.wide, lanes)}({x})",
        )

    def _cut(self, steps: int, batch: int, units: int) -> Shape:
        facts = self.context.facts
        if facts.schedule == "gpu":
            rows = max(1, min(_GROUP_ROWS, batch // facts.compute_units))
            group = min(_MOST_GROUP, facts.max_work_group, max(32, ceil(units / 32) * 32))
            return Shape(steps, batch, units, 1, rows, group)
        lanes = facts.vector * 4 // self.wide.itemsize
        while lanes > units:
            lanes //= 2
        lanes = max(lanes, 1)
        most = _SUMS.get(facts.vector, 12) // self.sums
        return Shape(steps, batch, units, lanes, _rows(batch, most, facts.compute_units), 1)

    sums = 1  # accumulators of one sequence

    # The walk: entries of operands at the loops' variables

    def need(self, operand: int, *index: Expr) -> Entry:
        """Return the entry of an operand's element."""
        return self.walk.need(operand, index)

    def finish_walk(self) -> Emitter:
        """Follow all needs, and return what emits them."""
        self.walk.run()
        emitter = self.context.emitter(self.walk, self.writer, self.params)
        emitter.lanes, emitter.lane = self.shape.lanes, "u" if self.shape.lanes > 1 else ""
        emitter.aligned = False
        self.itype = emitter.itype
        self.emitter = emitter
        return emitter

    def take(self, entry: Entry) -> str:
        """Emit an entry, and return it as a vector."""
        return widened(self.emitter.value(entry), self.shape.lanes)

    def scalar(self, entry: Entry) -> str:
        """Emit an entry that is the same for all lanes."""
        return self.emitter.value(entry).text

    @property
    def t(self) -> Expr:
        """The time step."""
        return variable("t", self.shape.steps)

    @property
    def b(self) -> Expr:
        """The sequence."""
        return variable("b", self.shape.batch)

    def u(self, gate: int = 0) -> Expr:
        """The unit, of a gate."""
        return shift(variable("u", self.shape.units), gate * self.shape.units)

    # Text

    def scratch(self, name: str, count: int) -> str:
        """Return the parameter of a buffer for this kernel's launches alone."""
        binding = ScratchBinding((self.value, name), count * self.wide.itemsize)
        return self.params.buffer(binding, self.wide, write=True)

    def state(self, sizes: dict[str, int]) -> None:
        """Declare the arrays that an item, or a group, carries along."""
        writer, kind = self.writer, ctype(self.wide)
        every = sum(sizes.values())
        local = self.gpu and every * self.wide.itemsize <= self.context.facts.local_memory // 2
        place = "__local" if local else "__global"
        self.fence = "CLK_LOCAL_MEM_FENCE" if local else "CLK_GLOBAL_MEM_FENCE"
        if local:
            writer.line(f"__local {kind} _state[{every}];")
        else:
            pointer = self.scratch("state", every * self.shape.items)
            writer.line(f"__global {kind}* _state = {pointer} + (size_t)_g * {every};")
        start = 0
        for name, size in sizes.items():
            writer.line(f"{place} {kind}* {name} = _state + {start};")
            start += size

    def open_item(self) -> None:
        """Say which item this is."""
        number = "get_group_id(0)" if self.gpu else "get_global_id(0)"
        self.writer.line(f"const {self.itype} _g = {number};")

    def open_rows(self) -> None:
        """Open the loop over the item's sequences; the last one is repeated beyond the batch."""
        shape, writer = self.shape, self.writer
        writer.open(f"for (int r = 0; r < {shape.rows}; ++r)", "r")
        place = f"_g * {shape.rows} + r"
        if shape.batch % shape.rows:
            place = f"min({place}, ({self.itype}){shape.batch - 1})"
        writer.line(f"const {self.itype} b = {place};")
        writer.depth_of["b"] = writer.depth

    def open_tiles(self) -> None:
        """Open the loop over the vectors of units that are this item's."""
        shape, writer = self.shape, self.writer
        if self.gpu:
            first = "get_local_id(0)"
            writer.open(f"for (int u = {first}; u < {shape.units}; u += {shape.group})", "u")
            return
        writer.open(f"for (int tile = 0; tile < {shape.tiles}; ++tile)", "tile")
        place = f"tile * {shape.lanes}"
        if shape.units % shape.lanes:
            place = f"min({place}, {shape.units - shape.lanes})"
        writer.line(f"const int u = {place};")
        writer.depth_of["u"] = writer.depth

    def open_time(self, reverse: bool) -> None:
        """Open the loop over the steps."""
        steps, writer = self.shape.steps, self.writer
        header = f"for (int t = 0; t < {steps}; ++t)"
        if reverse:
            header = f"for (int t = {steps - 1}; t >= 0; --t)"
        writer.open(header, "t")

    def close(self, count: int = 1) -> None:
        """Close loops, and drop what was computed in them."""
        for _ in range(count):
            self.writer.close()
            self.emitter.forget(self.writer.depth + 1)

    def meet(self) -> None:
        """Let the items of a group wait for each other."""
        if self.gpu:
            self.writer.line(f"barrier({self.fence});")

    def load(self, array: str, at: str = "") -> str:
        """Return what a state array holds for a tile of the sequence."""
        place = at or f"r * {self.shape.units} + u"
        if self.shape.lanes == 1:
            return f"{array}[{place}]"
        return f"LD({self.kind}, {array} + {place})"

    def save(self, array: str, shown: str, at: str = "") -> None:
        """Write a tile of the sequence into a state array."""
        place = at or f"r * {self.shape.units} + u"
        if self.shape.lanes == 1:
            self.writer.line(f"{array}[{place}] = {shown};")
        else:
            self.writer.line(f"ST({self.kind}, {array} + {place}, {shown});")

    def store(self, shown: str, index: tuple[Expr, ...]) -> None:
        """Write a tile of the result."""
        pointer = self.params.buffer(self.value, self.dtype, write=True)
        vec = self.shape.lanes > 1
        self.emitter.store(
            Val(shown, self.dtype, vec), self.dtype, pointer, ravel(index, self.node.shape)
        )

    def declare(self, name: str, shown: str) -> str:
        """Name a vector."""
        self.writer.line(f"const {self.kind} {name} = {shown};")
        return name

    def built(self, label: str) -> Built:
        """Return the launch."""
        text, bindings = finish(self.params, self.writer.scopes[0])
        shape = self.shape
        return Built(text, bindings, (shape.items * shape.group,), (shape.group,), label)
