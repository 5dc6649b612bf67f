"""What the kernel families share while one plan is made."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._plan import DeviceFacts
from ._convolve_match import Convolution
from ._convolve_plan import Schedule
from .demand import Walk
from .emit import Emitter
from .graph import Graph
from .indexing import Expr
from .mathlib import Helpers
from .regions import Regions
from .writer import Parameters, Sites, Writer

INDEX_LIMIT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ScratchBinding:
    """A buffer that only the launches of one kernel family use; ``key`` tells them apart."""

    key: Hashable
    nbytes: int


@dataclass(frozen=True, slots=True)
class Built:
    """A finished launch: kernel text with ``@NAME@``, what to bind, and the index space."""

    text: str
    bindings: tuple[Any, ...]
    global_size: tuple[int, ...]
    local_size: tuple[int, ...] | None
    label: str


@dataclass
class Context:
    """One plan in the making.

    ``overlapping`` holds the first node of each kernel that computes some elements twice, and so
    must not write over what it reads. ``convolutions`` holds the products that are computed as
    such.
    """

    graph: Graph
    facts: DeviceFacts
    regions: Regions
    helpers: Helpers
    sites: Sites = field(default_factory=Sites)
    overlapping: set[int] = field(default_factory=set)
    convolutions: dict[int, tuple[Convolution, Schedule]] = field(default_factory=dict)

    def walk(self, melted: Sequence[int] = (), registers: Sequence[int] = ()) -> Walk:
        """Return a walk that stops at stored values."""
        return Walk(self.graph, self.regions.kernel_of, registers, melted)

    def emitter(self, walk: Walk, writer: Writer, params: Parameters) -> Emitter:
        """Return an emitter for a walk that has run."""
        return Emitter(self.graph, walk, writer, params, self.helpers, self.sites, self.wide(walk))

    def wide(self, walk: Walk) -> bool:
        """Tell if a walk touches arrays that need 64-bit indices."""
        nodes = self.graph.nodes
        return any(
            e.value >= 0 and nodes[e.value].size > INDEX_LIMIT for e in walk.entries.values()
        )

    def label(self, nodes: Sequence[int]) -> str:
        """Return the operators of some stored nodes, for profiles."""
        return "+".join(dict.fromkeys(self.graph.nodes[v].op for v in nodes))


def address_exprs(walk: Walk, graph: Graph) -> list[Expr]:
    """Return every expression of loop variables that a walk's entries will print."""
    found: list[Expr] = []
    for entry in walk.entries.values():
        if entry.kind == "load":
            found.append(entry.offset)
        elif entry.kind == "op" and graph.nodes[entry.value].op in ("iota", "random_bits"):
            found.extend(entry.index)
        found.extend(c.expr for c in entry.guards)
        found.extend(c.expr for c in entry.conds)
    return list(dict.fromkeys(found))


def finish(
    params: Parameters, body: Sequence[str], attributes: str = ""
) -> tuple[str, tuple[Any, ...]]:
    """Return the kernel's text and its bindings."""
    declared = params.declared()
    head = ", ".join(text for text, _ in declared)
    lines = [f"{attributes}__kernel void @NAME@({head}) {{", *("  " + line for line in body), "}"]
    return "\n".join(lines) + "\n", tuple(binding for _, binding in declared)
