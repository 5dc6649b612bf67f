"""The scheduler's view of a program: nodes by number, with the derived facts that passes ask."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

from portfire._dtype import DType

from .indexing import Shape

LEAVES = frozenset({"input", "scalar"})
SOURCES = frozenset({"full", "iota", "random_bits"})
MOVEMENT = frozenset(
    {"reshape", "expand", "permute", "pad", "slice", "flip", "slice_update", "windows"}
)
REDUCTIONS = frozenset({"sum", "prod", "max", "min"})
SCANS = {"cumsum": "sum", "cumprod": "prod", "cummax": "max", "cummin": "min"}
ALONG = frozenset({"put_along", "reduce_along"})
# operator -> which of its inputs is the matrix that is read at every step
WEIGHTS = {"recurrence": 1, "recurrence_grad": 3}
RECURRENT = frozenset(WEIGHTS)
OWN_KERNEL = (  # always stored, never melted
    frozenset({"dot", "put", "concat", "argsort", "topk"}) | RECURRENT | ALONG | SCANS.keys()
)
HEAVY = frozenset(
    [
        "exp",
        "log",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "asinh",
        "acosh",
        "atanh",
        "exp2",
        "log2",
        "log10",
        "tanh",
        "erf",
        "log1p",
        "expm1",
        "pow",
        "atan2",
        "random_bits",
        "floor_divide",
        "remainder",
        "take",
        "take_along",
    ]
)


@dataclass(frozen=True, slots=True)
class Split:
    """A reduction of one axis in chunks: chunk c covers [c*length, (c+1)*length) of that axis.

    The result has a new leading axis of ``chunks``, which a second reduction removes.
    """

    axis: int
    chunks: int
    length: int


@dataclass(frozen=True, slots=True)
class Node:
    """One operation; ``inputs`` are numbers of earlier nodes."""

    op: str
    inputs: tuple[int, ...]
    attrs: tuple[Any, ...]
    shape: Shape
    dtype: DType

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes of the stored value."""
        return self.size * self.dtype.itemsize


@dataclass
class Graph:
    """Nodes in topological order, the wanted ones, and who reads whom."""

    nodes: list[Node] = field(default_factory=list)
    outputs: tuple[int, ...] = ()

    def add(
        self,
        op: str,
        inputs: tuple[int, ...],
        attrs: tuple[Any, ...],
        shape: Shape,
        dtype: DType,
    ) -> int:
        """Append a node and return its number."""
        self.nodes.append(Node(op, inputs, attrs, shape, dtype))
        return len(self.nodes) - 1

    def live(self) -> list[bool]:
        """Return for each node whether an output depends on it."""
        alive = [False] * len(self.nodes)
        for v in self.outputs:
            alive[v] = True
        for v in range(len(self.nodes) - 1, -1, -1):
            if alive[v]:
                for source in self.nodes[v].inputs:
                    alive[source] = True
        return alive

    def users(self) -> list[list[int]]:
        """Return for each node the live nodes that read it, each named once."""
        found: list[list[int]] = [[] for _ in self.nodes]
        for v, alive in enumerate(self.live()):
            if alive:
                for source in dict.fromkeys(self.nodes[v].inputs):
                    found[source].append(v)
        return found
