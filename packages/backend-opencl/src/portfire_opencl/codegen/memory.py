"""Which buffer every binding is: outputs, donated inputs, and temporaries that share an arena."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .context import Built, Context, ScratchBinding
from .demand import Walk
from .graph import Graph
from .nest import Job, job_of

ALIGN = 1024  # bytes; every temporary starts at a multiple of it (drivers ask for up to 512)


@dataclass
class Memory:
    """The result: an index for every buffer binding, and what has to be allocated."""

    index: dict[object, int] = field(default_factory=dict)
    allocations: list[int] = field(default_factory=list)
    temporaries: dict[int, int] = field(default_factory=dict)
    arena: int = 0
    donated: frozenset[int] = frozenset()


def assign(
    context: Context,
    launches: Sequence[Built],
    owners: Sequence[int],
    inputs: int,
    free: frozenset[int],
) -> Memory:
    """Plan the memory of a list of launches; ``owners`` says which kernel each belongs to."""
    graph = context.graph
    memory = Memory()
    nodes = graph.nodes
    lifetime: dict[object, tuple[int, int]] = {}
    for time, built in enumerate(launches):
        for binding in built.bindings:
            if isinstance(binding, int) and nodes[binding].op == "input":
                memory.index[binding] = nodes[binding].attrs[0]
            if isinstance(binding, (int, ScratchBinding)):
                first, _ = lifetime.get(binding, (time, time))
                lifetime[binding] = (first, time)
    taken = _donations(context, lifetime, owners, free)
    memory.index.update(taken)
    memory.donated = frozenset(taken.values())
    for v in dict.fromkeys(graph.outputs):
        if nodes[v].op == "input":
            memory.index[v] = nodes[v].attrs[0]
        elif v not in memory.index:
            memory.index[v] = inputs + len(memory.allocations)
            memory.allocations.append(nodes[v].nbytes)
    _temporaries(graph, memory, lifetime, inputs)
    return memory


def _temporaries(
    graph: Graph, memory: Memory, lifetime: dict[object, tuple[int, int]], inputs: int
) -> None:
    """Place temporaries first-fit, in the order in which they are first used."""
    placed: list[tuple[int, int, int]] = []  # end of life, start, size
    for binding, (first, last) in sorted(lifetime.items(), key=lambda item: item[1][0]):
        if binding in memory.index:
            continue
        size = binding.nbytes if isinstance(binding, ScratchBinding) else _nbytes(graph, binding)
        size = -(-max(size, 1) // ALIGN) * ALIGN
        placed = [p for p in placed if p[0] >= first]
        start = 0
        for _, other, length in sorted(placed, key=lambda p: p[1]):
            if start + size <= other:
                break
            start = max(start, other + length)
        placed.append((last, start, size))
        index = inputs + len(memory.allocations)
        memory.index[binding] = index
        memory.allocations.append(size)
        memory.temporaries[index] = start
        memory.arena = max(memory.arena, start + size)


def _nbytes(graph: Graph, binding: object) -> int:
    return graph.nodes[binding].nbytes if isinstance(binding, int) else 0


def _donations(
    context: Context,
    lifetime: dict[object, tuple[int, int]],
    owners: Sequence[int],
    free: frozenset[int],
) -> dict[object, int]:
    """Let outputs of elementwise kernels take over inputs that nobody reads afterwards.

    The kernel must read the input only at the very element that it stores, before it stores it;
    reading another element, or in another launch, would see the new value.
    """
    nodes = context.graph.nodes
    by_kernel: dict[int, list[int]] = {}
    wanted = set(context.graph.outputs)
    for v in lifetime:
        if not isinstance(v, int) or nodes[v].op != "input" or v in wanted:
            continue
        if nodes[v].attrs[0] in free:
            by_kernel.setdefault(owners[lifetime[v][1]], []).append(v)
    taken: dict[object, int] = {}
    slots: set[int] = set()
    for k, candidates in by_kernel.items():
        kernel = context.regions.kernels[k]
        if kernel.kind != "map" or kernel.nodes[0] in context.overlapping:
            continue
        job = job_of(context, kernel)
        outputs = [s.value for s in job.stores if s.value in wanted and s.value not in taken]
        fits = _same_element(context, job, candidates)
        for v in outputs:
            for source in fits:
                slot = nodes[source].attrs[0]
                same = nodes[source].size == nodes[v].size
                width = nodes[source].dtype.itemsize
                if same and width == nodes[v].dtype.itemsize and slot not in slots:
                    taken[v] = slot
                    slots.add(slot)
                    break
    return taken


def _same_element(context: Context, job: Job, candidates: Sequence[int]) -> list[int]:
    walk: Walk = context.walk(job.melted)
    for store in job.stores:
        walk.need(store.value, store.index)
    walk.run()
    want = job.kernel.space.linear
    moved = {e.value for e in walk.loads() if e.offset != want or e.guards}
    return [v for v in candidates if v not in moved]
