"""Convolutions on processors: from a product and what it convolves to kernels and launches.

`_convolve_match` recognizes the products, `_convolve_plan` chooses, `_convolve_direct`,
`_convolve_winograd` and `_convolve_weight` write the kernels. Their twin is the general product
`contraction.lower`, which computes the same from the same description.
"""

from __future__ import annotations

from collections.abc import Callable

from portfire_opencl._plan import DeviceFacts
from portfire_opencl.codegen._contraction_api import DotKernels, DotSpec
from portfire_opencl.codegen._convolve_direct import direct
from portfire_opencl.codegen._convolve_match import (
    Convolution,
    find,
    interleaved,
    melted_pads,
)
from portfire_opencl.codegen._convolve_plan import Schedule, choose
from portfire_opencl.codegen._convolve_weight import weight
from portfire_opencl.codegen._convolve_winograd import winograd
from portfire_opencl.codegen.graph import Graph, Node

__all__ = ["Choices", "choices", "lower", "melted_pads"]

Choices = dict[int, tuple[Convolution, Schedule]]

_FAMILIES: dict[str, Callable[[DotSpec, Convolution, Schedule], DotKernels]] = {
    "direct": direct,
    "weight": weight,
    "winograd": winograd,
}


def choices(graph: Graph, facts: DeviceFacts) -> Choices:
    """Return the products of a graph that are to be computed as convolutions, and how."""
    if facts.schedule != "cpu":
        return {}
    found = {}
    for v, plain in find(graph).items():
        image = interleaved(graph, v, plain)
        one = plain if image is None else image[1]
        chosen = choose(one, facts)
        if chosen is not None:
            found[v] = (one, chosen)
            if image is not None:
                _store_interleaved(graph, v, image[0])
    return found


def _store_interleaved(graph: Graph, v: int, image: int) -> None:
    """Let a product's node be the image that its results are interleaved to."""
    product, result = graph.nodes[v], graph.nodes[image]
    _, channels, height, width = result.shape
    batch = product.shape[:-2]
    groups = batch[1] if len(batch) == 2 else 1
    shape = (*batch, channels // groups, height * width)
    graph.nodes[v] = Node("dot", product.inputs, ("interleaved",), shape, product.dtype)
    graph.nodes[image] = Node("reshape", (v,), (result.shape,), result.shape, result.dtype)


def lower(spec: DotSpec, convolution: Convolution, chosen: Schedule) -> DotKernels:
    """Return the kernels of a convolution, in launch order, with their scratch buffers."""
    return _FAMILIES[chosen.family](spec, convolution, chosen)
