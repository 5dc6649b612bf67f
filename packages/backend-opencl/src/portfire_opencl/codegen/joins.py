"""concat: one elementwise launch per piece, each writing its part of the result."""

from __future__ import annotations

from .context import Built, Context
from .indexing import ravel, shift
from .nest import Job, Store
from .nest_plan import build
from .regions import Kernel
from .space import Space


def build_concat(context: Context, kernel: Kernel) -> list[Built]:
    """Return the launches of a concat."""
    (v,) = kernel.nodes
    node = context.graph.nodes[v]
    (axis,) = node.attrs
    start, built = 0, []
    for source in node.inputs:
        piece = context.graph.nodes[source]
        if piece.size:
            space = Space(piece.shape)
            index = list(space.index)
            index[axis] = shift(index[axis], start)
            store = Store(source, space.index, v, ravel(index, node.shape), False)
            part = Kernel("map", space, [v], kernel.reads, max(kernel.cost // len(node.inputs), 1))
            built.append(build(context, part, Job(part, [], [store], [])))
        start += piece.shape[axis]
    return built
