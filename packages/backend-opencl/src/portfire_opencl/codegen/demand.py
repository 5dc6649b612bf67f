"""Which elements of which values an element of a result needs: the first half of code generation.

A `Walk` starts from (value, index) roots and follows the graph towards stored values. Movement
operators only change the index, so that what is left are loads with symbolic offsets. The result is
a small graph of `Entry` objects that `emit` turns into statements, that the fusion pass checks for
legality, and that the kernel families ask for strides.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .graph import Graph, Node
from .indexing import (
    ZERO,
    Expr,
    bound,
    floordiv,
    modulo,
    ravel,
    reindex,
    scale,
    shift,
    total,
    variable,
    variables,
)

Index = tuple[Expr, ...]


class Cond(NamedTuple):
    """A condition on an index: ``0 <= expr < size``, or, with a step, ``expr % step == 0``."""

    expr: Expr
    size: int
    step: int = 0


Guards = tuple[Cond, ...]


@dataclass(eq=False, slots=True)
class Entry:
    """One value at one index.

    Attributes:
        value: number of the node.
        index: where.
        guards: under which conditions the element exists; outside them anything may be returned
            as long as nothing out of bounds is touched.
        kind: "op", "load", "alias" (of its only input), "zero", "register", "spill" or "index".
        inputs: entries of the node's inputs.
        conds: for pad and slice_update the conditions of their own.
        offset: for loads the linear element offset.
        name: unique identifier in kernel text.
        waits: entries whose run-time values appear in the index.
    """

    value: int
    index: Index
    guards: Guards
    name: str
    kind: str = "op"
    inputs: list[Entry] = field(default_factory=list)
    conds: Guards = ()
    offset: Expr = ZERO
    waits: list[Entry] = field(default_factory=list)


class Walk:
    """Collects the entries below some roots; call `need` for each root, then `run`."""

    def __init__(
        self,
        graph: Graph,
        stored: Collection[int],
        registers: Collection[int] = (),
        melted: Collection[int] = (),
        prefix: str = "_v",
    ) -> None:
        self.graph = graph
        self.stored = stored
        self.registers = registers
        self.melted = melted
        self.prefix = prefix
        self.entries: dict[tuple[int, Index, Guards], Entry] = {}
        self._todo: list[Entry] = []
        self._by_name: dict[str, Entry] = {}
        self._dynamic = False

    def need(self, value: int, index: Index, guards: Guards = ()) -> Entry:
        """Return the entry for an element, new or known."""
        key = (value, index, guards)
        entry = self.entries.get(key)
        if entry is None:
            entry = Entry(value, index, guards, f"{self.prefix}{len(self.entries)}")
            self.entries[key] = entry
            self._todo.append(entry)
            if self._dynamic:
                self._find_waits(entry)
        return entry

    def _find_waits(self, entry: Entry) -> None:
        names: set[str] = set()
        for e in (*entry.index, *(c.expr for c in entry.guards)):
            names |= variables(e)
        entry.waits = [self._by_name[n] for n in sorted(names) if n in self._by_name]

    def run(self) -> None:
        """Follow all needs down to stored values."""
        while self._todo:
            self._expand(self._todo.pop())

    def loads(self) -> list[Entry]:
        """Return the entries that read memory."""
        return [e for e in self.entries.values() if e.kind == "load"]

    def _expand(self, entry: Entry) -> None:
        if entry.value < 0:  # the checked index of a take, numbered -1 - take
            entry.kind = "index"
            source = self.graph.nodes[-1 - entry.value].inputs[1]
            entry.inputs = [self.need(source, entry.index, entry.guards)]
            return
        node = self.graph.nodes[entry.value]
        if entry.value in self.registers:
            entry.kind = "register"
        elif node.op == "input" or (entry.value in self.stored and entry.value not in self.melted):
            entry.kind = "load"
            entry.offset = ravel(entry.index, node.shape)
        else:
            rule = _RULES.get(node.op, _elementwise)
            rule(self, node, entry)

    def element_variable(self, source: Entry, size: int) -> Expr:
        """Return the value of an integer entry as an index in [0, size)."""
        self._dynamic = True
        self._by_name[source.name] = source
        return variable(source.name, size)

    def alias(self, entry: Entry, index: Index) -> None:
        """Say that an entry is its node's first input at another index."""
        entry.kind = "alias"
        entry.inputs = [self.need(self.graph.nodes[entry.value].inputs[0], index, entry.guards)]


def within(conds: Iterable[tuple[Expr, int, int]]) -> Guards | None:
    """Return the conditions that are not always true; None if one is never true."""
    kept = []
    for expr, size, step in conds:
        if step:
            rest = modulo(expr, step)
            if not rest.terms:
                if rest.const:
                    return None
                continue
        else:
            if expr.lo >= 0 and expr.hi < size:
                continue
            if expr.hi < 0 or expr.lo >= size:
                return None
        kept.append(Cond(expr, size, step))
    return tuple(kept)


def merged(guards: Guards, more: Guards) -> Guards:
    """Return both sets of conditions, each once."""
    return guards + tuple(c for c in more if c not in guards)


def _elementwise(walk: Walk, node: Node, entry: Entry) -> None:
    nodes = walk.graph.nodes
    for source in node.inputs:
        shape = nodes[source].shape
        index = entry.index if len(shape) == len(entry.index) else ()
        if shape != node.shape and index:
            index = tuple(ZERO if n == 1 else e for e, n in zip(entry.index, shape, strict=True))
        entry.inputs.append(walk.need(source, index, entry.guards))


def _source(walk: Walk, node: Node, entry: Entry) -> None:
    entry.inputs = [walk.need(source, (), entry.guards) for source in node.inputs]


def _reshape(walk: Walk, node: Node, entry: Entry) -> None:
    old = walk.graph.nodes[node.inputs[0]].shape
    walk.alias(entry, reindex(entry.index, node.shape, old))


def _expand(walk: Walk, node: Node, entry: Entry) -> None:
    old = walk.graph.nodes[node.inputs[0]].shape
    tail = entry.index[len(entry.index) - len(old) :]
    walk.alias(entry, tuple(ZERO if n == 1 else e for e, n in zip(tail, old, strict=True)))


def _permute(walk: Walk, node: Node, entry: Entry) -> None:
    index = [ZERO] * len(entry.index)
    for position, axis in enumerate(node.attrs[0]):
        index[axis] = entry.index[position]
    walk.alias(entry, tuple(index))


def _slice(walk: Walk, node: Node, entry: Entry) -> None:
    starts, _, steps = node.attrs
    walk.alias(
        entry,
        tuple(shift(scale(e, k), s) for e, s, k in zip(entry.index, starts, steps, strict=True)),
    )


def _flip(walk: Walk, node: Node, entry: Entry) -> None:
    axes = set(node.attrs[0])
    walk.alias(
        entry,
        tuple(
            shift(scale(e, -1), node.shape[a] - 1) if a in axes else e
            for a, e in enumerate(entry.index)
        ),
    )


def _windows(walk: Walk, node: Node, entry: Entry) -> None:
    axes, _, strides, dilations = node.attrs
    rank = len(entry.index) - len(axes)
    index = list(entry.index[:rank])
    for n, axis in enumerate(axes):
        inside = scale(entry.index[rank + n], dilations[n])
        index[axis] = total((scale(index[axis], strides[n]), inside))
    walk.alias(entry, tuple(index))


def _into_slice(
    index: Index, starts: Iterable[int], sizes: Iterable[int], steps: Iterable[int]
) -> tuple[Guards | None, Index]:
    """Return when ``index`` lies in a slice, and the index inside the slice."""
    conds, inner = [], []
    for e, start, size, step in zip(index, starts, sizes, steps, strict=True):
        moved = shift(e, -start)
        conds.append((moved, (size - 1) * step + 1, 0))
        if step > 1:
            conds.append((moved, 0, step))
        limited = bound(moved, max((size - 1) * step + 1, 1))
        inner.append(bound(floordiv(limited, step), size) if size else ZERO)
    guards = within(conds)
    if guards is not None and any(size == 0 for size in sizes):
        guards = None
    return guards, tuple(inner)


def _pad(walk: Walk, node: Node, entry: Entry) -> None:
    low, _, step = node.attrs
    old = walk.graph.nodes[node.inputs[0]].shape
    conds, index = _into_slice(entry.index, low, old, step)
    if conds is None:
        entry.kind = "zero"
        return
    entry.conds = conds
    guards = merged(entry.guards, conds)
    entry.inputs = [walk.need(node.inputs[0], index, guards)]
    if not conds:
        entry.kind = "alias"


def _slice_update(walk: Walk, node: Node, entry: Entry) -> None:
    base, source = node.inputs
    conds, index = _into_slice(entry.index, *node.attrs)
    if conds is None:
        entry.kind = "alias"
        entry.inputs = [walk.need(base, entry.index, entry.guards)]
    elif not conds:
        entry.kind = "alias"
        entry.inputs = [walk.need(source, index, entry.guards)]
    else:
        entry.conds = conds
        inside = walk.need(source, index, merged(entry.guards, conds))
        entry.inputs = [walk.need(base, entry.index, entry.guards), inside]


def _take(walk: Walk, node: Node, entry: Entry) -> None:
    (axis,) = node.attrs
    x, index = (walk.graph.nodes[v] for v in node.inputs)
    rank = len(index.shape)
    check = walk.need(-1 - entry.value, entry.index[axis : axis + rank], entry.guards)
    spot = walk.element_variable(check, x.shape[axis])
    entry.kind = "alias"
    place = (*entry.index[:axis], spot, *entry.index[axis + rank :])
    entry.inputs = [walk.need(node.inputs[0], place, entry.guards)]


def _take_along(walk: Walk, node: Node, entry: Entry) -> None:
    (axis,) = node.attrs
    check = walk.need(-1 - entry.value, entry.index, entry.guards)
    spot = walk.element_variable(check, walk.graph.nodes[node.inputs[0]].shape[axis])
    place = (*entry.index[:axis], spot, *entry.index[axis + 1 :])
    entry.kind = "alias"
    entry.inputs = [walk.need(node.inputs[0], place, entry.guards)]


_Rule = Callable[[Walk, Node, Entry], None]
_RULES: dict[str, _Rule] = {
    "reshape": _reshape,
    "expand": _expand,
    "permute": _permute,
    "slice": _slice,
    "flip": _flip,
    "windows": _windows,
    "pad": _pad,
    "slice_update": _slice_update,
    "take": _take,
    "take_along": _take_along,
    "full": _source,
    "iota": _source,
    "scalar": _source,
    "random_bits": _source,
}
