"""Loop nests: elementwise kernels and kernels of rows with reductions, for both schedules.

A kernel visits rows; inside a row it may run several loops, one per *phase*: a reduction whose
input needs the result of another one waits for the next phase (softmax: maximum, sum, quotient).

On CPU-type devices an item owns a block of rows or a piece of one, and explicit vectors follow
either the innermost reduced dim (then a row's accumulators are folded at its end) or the innermost
kept dim (then each lane is a row of its own). On GPUs an item owns one element, or one row, or, for
long rows, a work-group shares a row and folds through local memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from .context import INDEX_LIMIT, Context
from .demand import Entry, Index, Walk, within
from .emit import Emitter
from .graph import HEAVY, REDUCTIONS, SCANS
from .indexing import Expr, bound, shift, substitute, text, variables
from .reduce import combine, fold, grow, identity
from .regions import Kernel
from .render import Val, ctype, mask_type, widened
from .space import CHUNK, Dim, Space
from .writer import Parameters, Writer

SLOW = ("max", "min")  # each step is several instructions, and the next one needs its result
COPIES = 4  # accumulators of such a reduction, where it is all that a kernel does
LIGHT = 8  # cost of the most that such a kernel does
LONG = 512  # shortest row of it
SPILL_LIMIT = 4096  # longest row of which a private array keeps a value


@dataclass(frozen=True)
class Store:
    """A value that goes to memory: node ``value`` at ``index`` to ``target`` at ``offset``."""

    value: int
    index: Index
    target: int
    offset: Expr
    outer: bool


@dataclass
class Job:
    """What a nest computes, in terms of the space's own variables."""

    kernel: Kernel
    reductions: list[int]
    stores: list[Store]
    melted: list[int]


def job_of(context: Context, kernel: Kernel) -> Job:
    """Return the work of a fused kernel."""
    nodes, space = context.graph.nodes, kernel.space
    reductions = [v for v in kernel.nodes if nodes[v].op in REDUCTIONS]
    if kernel.kind in SCANS:
        (v,) = kernel.nodes
        axis, split = nodes[v].attrs
        kernel = replace(kernel, space=Space(nodes[v].shape, (axis,), split))
        return Job(kernel, [v], [], [])
    stores = []
    for v in kernel.nodes:
        if v not in context.regions.reaching:
            continue
        outer = v in kernel.outer
        if outer:
            index = space.row_index_of(nodes[v].shape)
        else:
            index = space.index_of(nodes[v].shape)
        stores.append(Store(v, index, v, space.row_linear if outer else space.linear, outer))
    return Job(kernel, reductions, stores, [v for v in kernel.nodes if v not in reductions])


def input_index(context: Context, job: Job, v: int) -> Index:
    """Return the index of the element that a reduction takes in."""
    source = context.graph.nodes[v].inputs[0]
    return job.kernel.space.index_of(context.graph.nodes[source].shape)


@dataclass
class Nest:
    """The loops of one kernel, and the work in terms of their variables.

    Attributes:
        outer, inner: merged dims; ``x`` is the outer dim that items walk along, if any.
        lanes: vector width.
        lane: "x", the name of the innermost reduced dim, or "" for scalar code.
        overlap: true if the last vector of each row repeats elements instead of a scalar tail.
        y: the outer dim of square tiles, if some loads are contiguous along it only.
    """

    context: Context
    job: Job
    rows: int
    x: Dim | None
    inner: tuple[Dim, ...]
    lanes: int
    lane: str
    values: dict[str, Expr]
    cost: int
    y: Dim | None = None
    overlap: bool = False
    walk: Walk = field(init=False)
    writer: Writer = field(init=False)
    emitter: Emitter = field(init=False)
    params: Parameters = field(init=False)

    def __post_init__(self) -> None:
        job = self.job
        self.params = Parameters()
        self.writer = Writer()
        self.walk = self.context.walk(job.melted, job.reductions)
        nodes = self.context.graph.nodes
        self.inputs = {
            v: self.walk.need(nodes[v].inputs[0], self._moved(input_index(self.context, job, v)))
            for v in job.reductions
        }
        self.roots = [self.walk.need(s.value, self._moved(s.index)) for s in job.stores]
        self.starts = {v: self._start(v) for v in job.reductions if len(nodes[v].inputs) > 1}
        self.walk.run()
        self.emitter = self.context.emitter(self.walk, self.writer, self.params)
        if any(nodes[s.target].size > INDEX_LIMIT for s in job.stores):
            self.emitter.itype = "long"
        self.phases = self._phases()
        self.spills = self._spills()

    def _start(self, v: int) -> Entry:
        """Return the running total before a chunk of a scan; nothing before the first."""
        running = self.context.graph.nodes[v].inputs[1]
        chunks = self.context.graph.nodes[running].shape[0]
        first, *rest = self._moved(self.job.kernel.space.layout.row_index)
        before = shift(first, -1)
        guards = within([(before, chunks, 0)])
        if guards is None:
            raise AssertionError("a scan in chunks has at least two chunks")
        return self.walk.need(running, (bound(before, chunks), *rest), guards)

    def _moved(self, index: Index) -> Index:
        return tuple(substitute(e, self.values) for e in index)

    def _phases(self) -> dict[Entry, int]:
        """Return for every entry the loop in which it can first be computed."""
        ready: dict[Entry, int] = {}
        stack = [*self.inputs.values(), *self.roots, *self.starts.values()]
        while stack:
            entry = stack[-1]
            if entry in ready:
                stack.pop()
                continue
            register = entry.kind == "register"
            below = [self.inputs[entry.value]] if register else [*entry.inputs, *entry.waits]
            missing = [e for e in below if e not in ready]
            if missing:
                stack.extend(missing)
                continue
            ready[entry] = max((ready[e] for e in below), default=0) + register
            stack.pop()
        return ready

    def _spills(self) -> dict[int, list[Entry]]:
        """Return, by the loop that computes them, costly vectors that a later loop needs again."""
        if self.lane in ("", "x") or len(self.inner) != 1:
            return {}
        (dim,) = self.inner
        if dim.size % self.lanes or dim.size > SPILL_LIMIT or self.job.kernel.space.split:
            return {}
        kept: dict[int, list[Entry]] = {}
        roots = [*self.inputs.values()]
        roots += [e for e, s in zip(self.roots, self.job.stores, strict=True) if not s.outer]
        seen: set[tuple[Entry, int]] = set()
        stack = [(root, self.phases[root]) for root in roots]
        while stack:
            entry, phase = stack.pop()
            if entry.kind == "register" or (entry, phase) in seen:
                continue
            seen.add((entry, phase))
            costly = entry.kind == "op" and self.context.graph.nodes[entry.value].op in HEAVY
            first = self.phases[entry]
            if costly and first < phase and any(dim.name in variables(e) for e in entry.index):
                if entry not in kept.setdefault(first, []):
                    kept[first].append(entry)
            else:
                stack += [(e, phase) for e in (*entry.inputs, *entry.waits)]
        return kept

    # The body of one row (or of a vector of rows).

    def body(self, lanes: int) -> None:
        """Write all phases and the row's own stores; ``lanes`` is for x-following vectors."""
        emitter, job = self.emitter, self.job
        last = max((self.phases[e] for e in (*self.inputs.values(), *self.roots)), default=0)
        across = self.lane == "x" and lanes > 1
        emitter.lanes, emitter.lane = (lanes, "x") if across else (1, "")
        for phase in range(last + 1):
            reductions = [v for v in job.reductions if self.phases[self.inputs[v]] == phase]
            stores = [
                n
                for n, s in enumerate(job.stores)
                if not s.outer and self.phases[self.roots[n]] == phase
            ]
            if reductions or (stores and self.inner):
                self._loop(reductions, stores, lanes if across else 1, phase)
            elif stores:
                self.write_elements(reductions, stores, {})
        emitter.lanes, emitter.lane = (lanes, "x") if across else (1, "")
        self._outer_stores()

    def _outer_stores(self) -> None:
        outer = [n for n, s in enumerate(self.job.stores) if s.outer]
        if outer:
            self.write_elements([], outer, {})

    def write_elements(
        self, reductions: list[int], stores: list[int], accumulators: dict[int, str]
    ) -> None:
        """Write the innermost statements: all values first, then updates and stores."""
        emitter, nodes = self.emitter, self.context.graph.nodes
        inputs = [emitter.value(self.inputs[v]) for v in reductions]
        values = [emitter.value(self.roots[n]) for n in stores]
        for v, value in zip(reductions, inputs, strict=True):
            if nodes[v].op in SCANS:
                self._scan(v, accumulators[v], value)
            else:
                self.writer.line(grow(nodes[v].op, accumulators[v], value, emitter.lanes))
        for n, value in zip(stores, values, strict=True):
            store = self.job.stores[n]
            self._store(value, store.target, store.offset)

    def _scan(self, v: int, accumulator: str, value: Val) -> None:
        """Add to a running total and store it; lanes in order need the sums of their prefixes."""
        emitter, dtype = self.emitter, self.context.graph.nodes[v].dtype
        op, n = self.context.graph.nodes[v].op, emitter.lanes
        if n == 1 or self.lane == "x":
            self.writer.line(grow(op, accumulator, value, n))
            self._store(Val(accumulator, dtype, n > 1), v)
            return
        kind, prefix = ctype(dtype, n), self.context.helpers.prefix(op, dtype, n)
        self.writer.line(f"const {kind} _q = {prefix}({widened(value, n)});")
        self.writer.line(f"const {kind} _o = ({kind})({accumulator}s);")
        self.writer.line(f"const {kind} _p = {combine(op, '_o', '_q', dtype, n)};")
        self._store(Val("_p", dtype, True), v)
        self.writer.line(f"{accumulator}s = _p.s{n - 1:x};")

    def _start_value(self, v: int, lanes: int) -> str:
        node = self.context.graph.nodes[v]
        nothing = identity(node.op, node.dtype, lanes)
        if v not in self.starts:
            return nothing
        start = widened(self.emitter.value(self.starts[v]), lanes)
        return f"({self.emitter.conds(self.starts[v].guards)}) ? {start} : {nothing}"

    def _store(self, value: Val, target: int, offset: Expr | None = None) -> None:
        dtype = self.context.graph.nodes[target].dtype
        pointer = self.params.buffer(target, dtype, write=True)
        where = self.job.kernel.space.linear if offset is None else offset
        self.emitter.store(value, dtype, pointer, substitute(where, self.values))

    def _limit(self, dim: Dim) -> str:
        """Return the number of steps of an inner dim, which the last chunk may cut short."""
        split = self.job.kernel.space.split
        if split is None or dim.name != self._split_name():
            return str(dim.size)
        size = self.job.kernel.space.shape[split.axis]
        if size % split.length == 0:
            return str(dim.size)
        chunk = text(self.values[CHUNK])
        kind = self.emitter.itype
        return f"min(({kind}){split.length}, ({kind})({size} - {split.length}*({chunk})))"

    def _split_name(self) -> str:
        space = self.job.kernel.space
        if space.split is None:
            return ""
        number = sum(1 for a in space.axes if a < space.split.axis and space.shape[a] > 1)
        (name,) = {t[0].key for t in self.values[f"r{number}"].terms} or {""}
        return name

    def _loop(self, reductions: list[int], stores: list[int], lanes: int, phase: int) -> None:
        nodes, writer = self.context.graph.nodes, self.writer
        names = {v: f"_a{self.job.reductions.index(v)}" for v in reductions}
        along = self.lane not in ("", "x")
        width = self.lanes if along else lanes
        for v, name in names.items():
            node = nodes[v]
            if not along or node.op not in SCANS:
                start = self._start_value(v, width)
                writer.line(f"{ctype(node.dtype, width)} {name} = {start};")
            if along:
                writer.line(f"{ctype(node.dtype)} {name}s = {self._start_value(v, 1)};")
        for dim in self.inner[:-1]:
            self.open_loop(dim)
        spills = self.spills.get(phase, []) if along else []
        for entry in spills:
            name = f"_s{len(self.emitter.spills)}"
            self.emitter.spills[entry] = f"{name}[{self.inner[-1].name} / {self.lanes}]"
            kind = ctype(nodes[entry.value].dtype, self.lanes)
            writer.line(f"{kind} {name}[{self.inner[-1].size // self.lanes}];")
        self._innermost(reductions, stores, names, along, spills)
        for entry in spills:
            entry.kind, entry.inputs, entry.waits = "spill", [], []
        for _ in self.inner[:-1]:
            writer.close()
        self.emitter.forget(writer.depth + 1)
        for v, name in names.items():
            node = nodes[v]
            if along and node.op not in SCANS:
                for line in fold(node.op, name, f"{name}s", node.dtype, self.lanes):
                    writer.line(line)
            if along:
                name += "s"
            self.emitter.registers[v] = Val(name, node.dtype, width > 1 and not along, writer.depth)

    def open_loop(self, dim: Dim) -> None:
        """Open the loop over an inner dim."""
        n = dim.name
        header = f"for ({self.emitter.itype} {n} = 0; {n} < {self._limit(dim)}; ++{n})"
        self.writer.open(header, n)

    def _innermost(
        self,
        reductions: list[int],
        stores: list[int],
        names: dict[int, str],
        along: bool,
        spills: list[Entry],
    ) -> None:
        writer, emitter = self.writer, self.emitter
        if not self.inner:
            self.write_elements(reductions, stores, names)
            return
        dim = self.inner[-1]
        n, limit = dim.name, self._limit(dim)
        constant = limit == str(dim.size)
        if not along:
            self.open_loop(dim)
            self.write_elements(reductions, stores, names)
            writer.close()
            return
        v, itype = self.lanes, emitter.itype
        if not constant:
            writer.line(f"const {itype} _n = {limit};")
            limit = "_n"
        body_end = str(dim.size - dim.size % v) if constant else f"(_n - _n % {v})"
        start = "0"
        if constant and not spills and self._unrolls(dim):
            start = str(dim.size - dim.size % (COPIES * v))
            self._copies(reductions, stores, names, start)
        if start != body_end:
            writer.open(f"for ({itype} {n} = {start}; {n} < {body_end}; {n} += {v})", n)
            emitter.lanes, emitter.lane = v, n
            self.write_elements(reductions, stores, names)
            for entry in spills:
                writer.line(f"{emitter.spills[entry]} = {widened(emitter.value(entry), v)};")
            writer.close()
            emitter.forget(writer.depth + 1)
        if constant and dim.size % v == 0:
            emitter.lanes, emitter.lane = 1, ""
            return
        if constant and not any(self.context.graph.nodes[r].op in SCANS for r in reductions):
            self._last_vector(reductions, stores, names)
            emitter.lanes, emitter.lane = 1, ""
            return
        emitter.lanes, emitter.lane = 1, ""
        writer.open(f"for ({itype} {n} = {body_end}; {n} < {limit}; ++{n})", n)
        scalars = {r: f"{name}s" for r, name in names.items()}
        self.write_elements(reductions, stores, scalars)
        writer.close()
        emitter.forget(writer.depth + 1)

    def _unrolls(self, dim: Dim) -> bool:
        """Tell if the only reduction waits for its own accumulator more than for memory."""
        nodes, stores = self.context.graph.nodes, self.job.stores
        slow = [nodes[v].op in SLOW for v in self.job.reductions] == [True]
        light = self.cost <= LIGHT and all(s.outer for s in stores)
        return slow and light and dim.size >= LONG

    def _copies(
        self, reductions: list[int], stores: list[int], names: dict[int, str], end: str
    ) -> None:
        """Write a loop with several accumulators for each reduction, and join them."""
        writer, emitter, nodes = self.writer, self.emitter, self.context.graph.nodes
        n, v, itype = self.inner[-1].name, self.lanes, emitter.itype
        for r, name in names.items():
            kind, first = ctype(nodes[r].dtype, v), identity(nodes[r].op, nodes[r].dtype, v)
            writer.line(f"{kind} {name}c[{COPIES}] = {{{', '.join([first] * COPIES)}}};")
        writer.open(f"for ({itype} _k = 0; _k < {end}; _k += {COPIES * v})")
        writer.open(f"for (int _c = 0; _c < {COPIES}; ++_c)", n)
        writer.line(f"const {itype} {n} = _k + _c * {v};")
        emitter.lanes, emitter.lane = v, n
        self.write_elements(reductions, stores, {r: f"{a}c[_c]" for r, a in names.items()})
        writer.close()
        writer.close()
        emitter.forget(writer.depth + 1)
        for r, name in names.items():
            for c in range(COPIES):
                both = combine(nodes[r].op, name, f"{name}c[{c}]", nodes[r].dtype, v)
                writer.line(f"{name} = {both};")

    def _last_vector(self, reductions: list[int], stores: list[int], names: dict[int, str]) -> None:
        """Write the end of a row as a vector that reaches back over elements seen already."""
        writer, emitter, nodes = self.writer, self.emitter, self.context.graph.nodes
        dim, v = self.inner[-1], self.lanes
        writer.open("", dim.name)
        writer.line(f"const {emitter.itype} {dim.name} = {dim.size - v};")
        for r, name in names.items():
            dtype = nodes[r].dtype
            writer.line(f"{ctype(dtype, v)} {name}e = {identity(nodes[r].op, dtype, v)};")
        emitter.lanes, emitter.lane, emitter.aligned = v, dim.name, False
        self.write_elements(reductions, stores, {r: f"{a}e" for r, a in names.items()})
        seen = v - dim.size % v
        flags = ", ".join("0" if lane < seen else "-1" for lane in range(v))
        for r, name in names.items():
            dtype = nodes[r].dtype
            kind = mask_type(dtype, v)
            both = combine(nodes[r].op, name, f"{name}e", dtype, v)
            writer.line(f"{name} = ({kind})({flags}) ? ({both}) : {name};")
        writer.close()
        emitter.aligned = True
        emitter.forget(writer.depth + 1)
