"""From the work of a kernel to its loops: merges dims, chooses lanes, and picks the schedule."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from .context import Built, Context, address_exprs
from .demand import Walk
from .graph import SCANS
from .indexing import Expr, lane_stride, substitute, unravel, variable
from .loops import FOLD, Merged, lanes_for, merge, vector_cost
from .nest import Job, Nest, input_index, job_of
from .nest_cpu import build_cpu
from .nest_gpu import build_gpu
from .nest_tiles import TILE, build_tiled
from .regions import Kernel
from .space import CHUNK, Dim


def _dry(context: Context, job: Job) -> Walk:
    walk = context.walk(job.melted, job.reductions)
    for v in job.reductions:
        walk.need(context.graph.nodes[v].inputs[0], input_index(context, job, v))
    for store in job.stores:
        walk.need(store.value, store.index)
    walk.run()
    return walk


def plan(context: Context, job: Job) -> Nest:
    """Merge dims and choose the lanes."""
    walk = _dry(context, job)
    layout = job.kernel.space.layout
    offsets = [s.offset for s in job.stores]
    exprs = [*address_exprs(walk, context.graph), *offsets]
    split = job.kernel.space.split
    if job.kernel.kind in SCANS:
        exprs.append(job.kernel.space.linear)
        offsets.append(job.kernel.space.linear)
    outer = merge(layout.outer, exprs, "i")
    inner = _unmerged(layout.inner) if split is not None else merge(layout.inner, exprs, "k")
    values = {**outer.values, **inner.values}
    loads = [substitute(e.offset, values) for e in walk.loads()]
    loads += [substitute(e, values) for e in offsets]
    guards = [substitute(c.expr, values) for e in walk.loads() for c in e.guards]
    operations = max(job.kernel.cost, 1)
    most = context.facts.vector if context.facts.schedule == "cpu" else 1
    options: list[tuple[float, str, int]] = [(float(operations + len(loads)), "", 1)]
    if outer.dims and layout.outer[-1].name != CHUNK:
        dim = outer.dims[-1]
        overlap = not job.reductions
        lanes = lanes_for(dim.size, most, overlap)
        cost = vector_cost(dim, lanes, loads, guards, operations, overlap)
        options.append((cost, "x", lanes))
    if inner.dims:
        dim = inner.dims[-1]
        overlap = split is None and job.kernel.kind not in SCANS
        lanes = lanes_for(dim.size, most, overlap)
        cost = vector_cost(dim, lanes, loads, guards, operations, overlap)
        options.append((cost * 0.99 + len(job.reductions) * FOLD / dim.size, dim.name, lanes))
    _, lane, lanes = min((o for o in options if o[2] > 1), default=options[0])
    follow = not job.reductions or lane == "x"
    y = None
    if not job.reductions and lane == "x" and lanes == TILE:
        y = _turning(outer, [substitute(e.offset, values) for e in walk.loads() if not e.guards])
    nest = _nest(context, job, outer, inner, lanes, lane, follow, y)
    if nest.x is not None and nest.x.size % lanes and nest.rows > 1 and not job.reductions:
        name = outer.dims[-1].name
        nest.overlap = y is None and all(lane_stride(e, name) is not None for e in loads)
    if nest.overlap:
        context.overlapping.add(job.kernel.nodes[0])
    return nest


def _turning(outer: Merged, loads: Iterable[Expr]) -> Dim | None:
    """Return the dim along which loads are contiguous that lie scattered along the last dim."""
    *others, last = outer.dims
    for dim in others:
        turned = (e for e in loads if lane_stride(e, dim.name) == 1)
        if dim.size >= TILE and any(lane_stride(e, last.name) not in (0, 1) for e in turned):
            return dim
    return None


def _unmerged(dims: tuple[Dim, ...]) -> Merged:
    new = tuple(Dim(f"k{n}", d.size) for n, d in enumerate(dims))
    return Merged(new, {d.name: variable(*k) for d, k in zip(dims, new, strict=True)})


def _nest(
    context: Context,
    job: Job,
    outer: Merged,
    inner: Merged,
    lanes: int,
    lane: str,
    follow: bool,
    y: Dim | None,
) -> Nest:
    """Express the original variables by ``row``, ``x`` and the inner dims."""
    gpu = context.facts.schedule == "gpu"
    dims = outer.dims
    x = dims[-1] if dims and follow and not gpu else None
    rest = tuple(d for d in (dims[:-1] if x is not None else dims) if d != y)
    rows = prod(d.size for d in rest)
    parts = unravel(variable("row", rows), tuple(d.size for d in rest))
    final = {d.name: e for d, e in zip(rest, parts, strict=True)}
    if x is not None:
        final[x.name] = variable("x", x.size)
        x = Dim("x", x.size)
    if y is not None:
        final[y.name] = variable("y", y.size)
        y = Dim("y", y.size)
    values = {name: substitute(e, final) for name, e in outer.values.items()}
    values.update(inner.values)
    return Nest(context, job, rows, x, inner.dims, lanes, lane, values, job.kernel.cost, y)


def build(context: Context, kernel: Kernel, job: Job | None = None) -> Built:
    """Return the launch of an elementwise or row kernel."""
    job = job or job_of(context, kernel)
    nest = plan(context, job)
    label = context.label(kernel.nodes)
    if context.facts.schedule == "gpu":
        return build_gpu(nest, label)
    return build_tiled(nest, label) if nest.y is not None else build_cpu(nest, label)
