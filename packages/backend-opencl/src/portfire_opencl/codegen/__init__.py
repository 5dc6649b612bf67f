"""The scheduler and code generator: from core's `Program` to OpenCL C text and launches.

`schedule` is a pure function. Its passes: `rewrite` (simpler operators), `regions` (what is stored,
and which kernel computes it), one family of kernels per kind (`nest`, `dot`, `index_ops`, `joins`),
`memory` (buffers, donation, temporaries), and the assembly of the plan here.
"""

from __future__ import annotations

from typing import Any

from portfire.backend._contract import Program

from .._plan import (
    ERROR_WORD,
    BufferArg,
    DeviceFacts,
    ErrorSite,
    IntArg,
    Launch,
    Plan,
    ScalarArg,
    SiteBaseArg,
)
from .bins import build_bins, build_once, chunks_for, goes_once
from .context import Built, Context
from .convolve import choices, melted_pads
from .dot import build_dot
from .graph import ALONG, RECURRENT
from .index_ops import build_put
from .joins import build_concat
from .mathlib import Helpers
from .memory import Memory, assign
from .nest_plan import build
from .recurrent import build_recurrence
from .regions import Kernel, fuse
from .render import PRELUDE, typedefs
from .rewrite import build as rewrite
from .scatter import build_scatter
from .segments import adds_rows, build_rows
from .sharing import share
from .sort import build_argsort
from .topk import build_topk
from .work import flops, operators
from .writer import ErrorBinding, IntBinding, ScalarBinding, SiteBinding

__all__ = ["schedule"]


def schedule(program: Program, facts: DeviceFacts) -> Plan:
    """Turn a program into kernels and launches for a device.

    Args:
        program: the primitives to compute.
        facts: what is known of the device.

    Returns:
        The plan; the same program and facts always give the same text.

    Raises:
        UnsupportedError: where the device can't compute a type of the program.
    """
    graph = rewrite(program)
    convolutions = choices(graph, facts)
    regions = fuse(graph, melted_pads(graph, convolutions))
    helpers = Helpers(facts.builtin_math, facts.fp64)
    context = Context(graph, facts, regions, helpers, convolutions=convolutions)
    launches: list[Built] = []
    owners: list[int] = []
    for k, kernel in enumerate(context.regions.kernels):
        for built in _launches(context, kernel):
            launches.append(built)
            owners.append(k)
    inputs = 1 + max((n.attrs[0] for n in graph.nodes if n.op == "input"), default=-1)
    memory = assign(context, launches, owners, inputs, program.donated)
    return _assemble(context, launches, owners, memory, inputs)


def _launches(context: Context, kernel: Kernel) -> list[Built]:
    if kernel.kind == "dot":
        return build_dot(context, kernel)
    if kernel.kind == "concat":
        return build_concat(context, kernel)
    if kernel.kind == "put" or kernel.kind in ALONG:
        return _scattered(context, kernel)
    if kernel.kind == "argsort":
        return build_argsort(context, kernel)
    if kernel.kind == "topk":
        return build_topk(context, kernel)
    if kernel.kind in RECURRENT:
        return build_recurrence(context, kernel)
    return [build(context, kernel)]


def _scattered(context: Context, kernel: Kernel) -> list[Built]:
    chunks = chunks_for(context.graph, kernel.nodes[0], context.facts.compute_units)
    if chunks:
        return build_bins(context, kernel, chunks)
    if goes_once(context.graph, kernel.nodes[0]):
        return build_once(context, kernel)
    if kernel.kind in ALONG:
        return [build_scatter(context, kernel)]
    if context.facts.schedule == "cpu" and adds_rows(context.graph, kernel.nodes[0]):
        return build_rows(context, kernel)
    return [build_put(context, kernel)]


def _assemble(
    context: Context, built: list[Built], owners: list[int], memory: Memory, inputs: int
) -> Plan:
    names: dict[str, str] = {}
    texts: list[str] = []
    launches = []
    for one, k in zip(share(built), owners, strict=True):
        name = names.get(one.text)
        if name is None:
            name = names[one.text] = f"k{len(names)}"
            texts.append(one.text.replace("@NAME@", name, 1))
        args = tuple(_argument(b, memory) for b in one.bindings)
        main = one.label == context.label(context.regions.kernels[k].nodes)
        work = (operators(context, k), k, flops(context, k)) if main else ((), k, 0)
        launches.append(Launch(name, args, one.global_size, one.local_size, one.label, *work))
    graph = context.graph
    head = PRELUDE + typedefs(context.facts.fp64) + context.helpers.source()
    return Plan(
        source=head + "".join(texts) if texts else "",
        launches=tuple(launches),
        inputs=inputs,
        allocations=tuple(memory.allocations),
        outputs=tuple(memory.index[v] for v in graph.outputs),
        temporaries=memory.temporaries,
        arena=memory.arena,
        sites=tuple(ErrorSite(text) for text in context.sites.texts),
        donated=memory.donated,
        boundaries=_boundaries(context),
    )


def _argument(binding: Any, memory: Memory) -> BufferArg | IntArg | ScalarArg | SiteBaseArg:
    if isinstance(binding, ScalarBinding):
        return ScalarArg(binding.slot, binding.dtype)
    if isinstance(binding, ErrorBinding):
        return BufferArg(ERROR_WORD)
    if isinstance(binding, SiteBinding):
        return SiteBaseArg()
    if isinstance(binding, IntBinding):
        return IntArg(binding.value)
    return BufferArg(memory.index[binding])


def _boundaries(context: Context) -> tuple[str, ...]:
    regions, nodes = context.regions, context.graph.nodes
    lines = []
    for v in sorted(regions.reaching):
        node, k = nodes[v], regions.kernel_of[v]
        lines.append(f"kernel {k}: {node.op} {node.shape} {node.dtype.name}: {regions.reasons[v]}")
    return tuple(lines)
