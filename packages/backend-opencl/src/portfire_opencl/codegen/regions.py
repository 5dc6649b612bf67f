"""What is stored, and which stored values one kernel computes: the fusion pass.

First every node is either *melted* into its readers or *stored*; then stored nodes are gathered
into kernels in topological order. A node may join a kernel if it iterates over the same elements
and reads every value of that kernel exactly where the kernel computes it. Joining only the newest
kernel that the node depends on, or a later one, keeps the kernels in topological order by
construction, so that no cycle can arise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

from .demand import Index, Walk
from .graph import HEAVY, LEAVES, MOVEMENT, OWN_KERNEL, REDUCTIONS, SOURCES, WEIGHTS, Graph
from .space import Space, dropped

CHEAP = 4  # a value of at most so many light operations is recomputed rather than stored
MELT_LIMIT = 120  # operations melted into one stored value
KERNEL_LIMIT = 300  # operations in one kernel
BUFFER_LIMIT = 24  # buffers that one kernel reads and writes
CANDIDATES = 3  # kernels with a common input that a node tries to join

WINDOW_REPEATS = 2  # reads per element from which a padded array is stored before its windows

OUTPUT = "an output of the program"
SHARED = "several readers, and too costly to compute for each"
REDUCED = "the result of a reduction"
OWN = "its operator has a kernel of its own"
LONG = f"more than {MELT_LIMIT} operations in one expression"
MANY = f"more than {BUFFER_LIMIT} buffers in one expression"
FACTOR = "a factor of a matrix product, read many times"
PADDED = "a padded array under overlapping windows"
SPREAD = "read once per element of a larger array"


@dataclass
class Kernel:
    """Stored nodes that one launch computes.

    Attributes:
        kind: "map", "row" (with reductions), or an operator that has a kernel of its own.
        space: the elements it iterates over.
        nodes: in topological order.
        reads: buffers that it reads.
        cost: operations.
        outer: nodes that hold one element per row rather than per element.
    """

    kind: str
    space: Space
    nodes: list[int]
    reads: set[int]
    cost: int
    outer: set[int] = field(default_factory=set)


@dataclass
class Regions:
    """The result of the pass: kernels in order, and why each stored value is stored."""

    kernels: list[Kernel]
    kernel_of: dict[int, int]
    reasons: dict[int, str]
    reaching: set[int]  # stored nodes that have to reach memory


class _Melting:
    """Decides node by node, in topological order, what is melted."""

    def __init__(self, graph: Graph, done: frozenset[int]) -> None:
        self.graph = graph
        self.done = done
        self.alive = graph.live()
        self.users = graph.users()
        self.reasons: dict[int, str] = {}
        self.cost = [0] * len(graph.nodes)
        self.heavy = [False] * len(graph.nodes)
        self.reads: list[frozenset[int]] = [frozenset()] * len(graph.nodes)
        self.factors = frozenset(self._factors())

    def _factors(self) -> Iterator[int]:
        for v, node in enumerate(self.graph.nodes):
            if not self.alive[v]:
                continue
            if node.op == "dot" or node.op in WEIGHTS:
                read = node.inputs if node.op == "dot" else (node.inputs[WEIGHTS[node.op]],)
                for source in read:
                    while self.graph.nodes[source].op in MOVEMENT - {"slice_update"}:
                        source = self.graph.nodes[source].inputs[0]
                    yield source

    def run(self) -> None:
        outputs = set(self.graph.outputs)
        for v, node in enumerate(self.graph.nodes):
            if not self.alive[v]:
                continue
            if node.op == "input":
                self.reads[v] = frozenset((v,))
                continue
            self._gather(v)
            reason = OUTPUT if v in outputs else self._reason(v)
            if reason:
                self.reasons[v] = reason

    def seen(self, v: int) -> frozenset[int]:
        """Return the buffers that a reader of v reads."""
        return frozenset((v,)) if v in self.reasons else self.reads[v]

    def _gather(self, v: int) -> None:
        node = self.graph.nodes[v]
        cost = 0 if node.op in MOVEMENT or node.op in SOURCES or node.op in LEAVES else 1
        if node.op in ("pad", "slice_update"):
            cost = 1
        heavy = node.op in HEAVY
        reads: frozenset[int] = frozenset()
        for source in node.inputs:
            reads |= self.seen(source)
            if source not in self.reasons:
                cost += self.cost[source]
                heavy = heavy or self.heavy[source]
        self.cost[v], self.heavy[v], self.reads[v] = (
            cost + 20 * (node.op == "random_bits"),
            heavy,
            reads,
        )

    def _reason(self, v: int) -> str | None:
        node = self.graph.nodes[v]
        if node.op in REDUCTIONS:
            return REDUCED
        if node.op in OWN_KERNEL:
            return OWN
        if node.op in ("full", "iota", "scalar") or node.size == 0:
            return None
        if v in self.factors:
            return FACTOR
        if node.op == "pad" and v not in self.done and self._under_windows(v):
            return PADDED
        dear = self.heavy[v] or self.cost[v] > CHEAP
        if dear and len(self.users[v]) > 1 and node.size > 1:
            return SHARED
        if self.cost[v] > MELT_LIMIT:
            return LONG
        if len(self.reads[v]) > BUFFER_LIMIT - 4:
            return MANY
        if dear and node.size > 1 and any(self._spreads(u, v) for u in self.users[v]):
            return SPREAD
        return None

    def _under_windows(self, v: int) -> bool:
        """Tell if windows multiply the reads of a padded array, so that it pays to store it."""
        nodes, users = self.graph.nodes, self.users[v]
        return any(
            nodes[u].op == "windows" and nodes[u].size >= WINDOW_REPEATS * nodes[v].size
            for u in users
        )

    def _spreads(self, user: int, v: int) -> bool:
        node = self.graph.nodes[user]
        if node.op in ("take", "take_along"):
            return node.inputs[0] == v and node.size > self.graph.nodes[v].size
        return node.op in ("expand", "windows") and node.size > self.graph.nodes[v].size


class _Fusion:
    """Gathers stored nodes into kernels."""

    def __init__(self, graph: Graph, melting: _Melting) -> None:
        self.graph = graph
        self.melting = melting
        self.stored = melting.reasons
        self.kernels: list[Kernel] = []
        self.kernel_of: dict[int, int] = {}
        self.readers: dict[int, list[int]] = {}

    def run(self) -> None:
        for v in sorted(self.stored):
            if self.graph.nodes[v].size:
                self._place(v)

    def _place(self, v: int) -> None:
        reads = self.melting.reads[v]
        newest = max((self.kernel_of[r] for r in reads if r in self.kernel_of), default=-1)
        tried = [newest] if newest >= 0 else []
        for r in sorted(reads):
            tried += [k for k in self.readers.get(r, ())[-CANDIDATES:] if k > newest]
        for k in dict.fromkeys(tried[: 2 * CANDIDATES]):
            if self._join(k, v):
                break
        else:
            k = len(self.kernels)
            self.kernels.append(self._alone(v))
        self.kernel_of[v] = k
        for r in reads:
            known = self.readers.setdefault(r, [])
            if not known or known[-1] != k:
                known.append(k)

    def _alone(self, v: int) -> Kernel:
        node = self.graph.nodes[v]
        reads, cost = set(self.melting.reads[v]), self.melting.cost[v]
        if node.op in REDUCTIONS:
            shape = self.graph.nodes[node.inputs[0]].shape
            space = Space(shape, node.attrs[0], node.attrs[1])
            return Kernel("row", space, [v], reads, cost, {v})
        kind = node.op if node.op in OWN_KERNEL else "map"
        return Kernel(kind, Space(node.shape), [v], reads, cost)

    def _join(self, k: int, v: int) -> bool:
        kernel, node = self.kernels[k], self.graph.nodes[v]
        if kernel.kind not in ("map", "row", "dot") or node.op in OWN_KERNEL:
            return False
        cost = kernel.cost + self.melting.cost[v]
        reads = kernel.reads | self.melting.reads[v]
        if cost > KERNEL_LIMIT or len(reads) + len(kernel.nodes) > BUFFER_LIMIT:
            return False
        fits = self._join_row(kernel, v) if node.op in REDUCTIONS else self._join_map(kernel, v)
        if fits:
            kernel.nodes.append(v)
            kernel.cost, kernel.reads = cost, reads
        return fits

    def _join_map(self, kernel: Kernel, v: int) -> bool:
        node, space = self.graph.nodes[v], kernel.space
        if kernel.kind == "dot" and not self.melting.reads[v] & set(kernel.nodes):
            return False
        if node.size == space.elements and self._agrees(
            kernel, kernel.outer, space, v, space.index_of(node.shape)
        ):
            return True
        if kernel.kind == "row" and node.size == space.rows and not space.split:
            index = space.row_index_of(node.shape)
            if self._agrees(kernel, kernel.outer, space, v, index):
                kernel.outer.add(v)
                return True
        return False

    def _join_row(self, kernel: Kernel, v: int) -> bool:
        if kernel.kind == "dot":
            return False
        node = self.graph.nodes[v]
        source = node.inputs[0]
        space = Space(self.graph.nodes[source].shape, node.attrs[0], node.attrs[1])
        outer = kernel.outer
        if kernel.kind == "row":
            if not same_rows(space, kernel.space):
                return False
        elif kernel.space.elements == space.elements:
            pass
        elif prod(kernel.space.shape) == space.rows and not space.split:
            outer = set(kernel.nodes)
        else:
            return False
        if not self._agrees(kernel, outer, space, source, space.index, melt=True):
            return False
        kernel.kind, kernel.space, kernel.outer = "row", space, outer | {v}
        return True

    def _agrees(
        self,
        kernel: Kernel,
        outer: set[int],
        space: Space,
        v: int,
        index: Index,
        melt: bool = False,
    ) -> bool:
        """Tell if v at an index reads the kernel's values only where they are computed."""
        registers = set(kernel.nodes)
        if v in registers:
            entries = [(v, index)]
        else:
            melted = () if melt and v in self.stored else (v,)
            walk = Walk(self.graph, self.stored, registers, melted=melted)
            walk.need(v, index)
            walk.run()
            entries = [(e.value, e.index) for e in walk.entries.values() if e.kind == "register"]
        for value, where in entries:
            shape = self.graph.nodes[value].shape
            want = space.row_linear if value in outer else space.linear
            if space.flat(where, shape) != want:
                return False
        return True


def same_rows(a: Space, b: Space) -> bool:
    """Tell if two reductions run over the same rows of the same elements."""
    if a.split or b.split:
        return a == b
    return dropped(a.shape, a.axes) == dropped(b.shape, b.axes)


def fuse(graph: Graph, done: frozenset[int] = frozenset()) -> Regions:
    """Decide what is stored and group it into kernels; pads in ``done`` need not be stored."""
    melting = _Melting(graph, done)
    melting.run()
    fusion = _Fusion(graph, melting)
    fusion.run()
    home = fusion.kernel_of
    reaching = {v for v in graph.outputs if v in home}
    for v, k in home.items():
        reaching |= {r for r in melting.reads[v] if home.get(r, k) != k}
    return Regions(fusion.kernels, home, melting.reasons, reaching)


__all__ = ["Kernel", "Regions", "fuse"]
