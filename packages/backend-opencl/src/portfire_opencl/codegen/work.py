"""What a kernel computes, for those who look at plans: its operators, and their operations."""

from __future__ import annotations

from math import prod

from .context import Context
from .graph import LEAVES

__all__ = ["flops", "operators"]


def operators(context: Context, number: int) -> tuple[str, ...]:
    """Return the operators of a kernel in order: of what it stores, and of all melted into that."""
    nodes, kernel_of = context.graph.nodes, context.regions.kernel_of
    found = set(context.regions.kernels[number].nodes)
    rest = list(found)
    while rest:
        for source in nodes[rest.pop()].inputs:
            theirs = kernel_of.get(source, number) != number
            if source not in found and not theirs and nodes[source].op not in LEAVES:
                found.add(source)
                rest.append(source)
    return tuple(nodes[v].op for v in sorted(found))


def flops(context: Context, number: int) -> int:
    """Return the operations of a kernel's matrix product, 0 if it has none."""
    kernel, nodes = context.regions.kernels[number], context.graph.nodes
    if kernel.kind != "dot":
        return 0
    product = nodes[kernel.nodes[0]]
    return 2 * prod(product.shape) * nodes[product.inputs[0]].shape[-1]
