"""The GPU form of a loop nest: an item per element or per row, or a work-group per long row.

Index space: ``rows`` items (rounded up to whole groups), or ``rows`` groups of ``GROUP_ITEMS``.
In a shared row, item l visits elements l, l + items, l + 2*items, ...; each reduction ends with a
tree in local memory, after which every item holds the result.
"""

from __future__ import annotations

from math import ceil, prod

from .context import Built, finish
from .indexing import substitute, unravel, variable
from .nest import Nest
from .reduce import combine, identity
from .render import Val, ctype
from .space import Dim

GROUP_ITEMS = 64  # items of a group
SHARED_ROW = 64  # shortest row that a group shares


def build_gpu(nest: Nest, label: str) -> Built:
    """Return the launch of a nest in the GPU schedule."""
    inner = prod(d.size for d in nest.inner)
    items = min(GROUP_ITEMS, nest.context.facts.max_work_group)
    items = 1 << (items.bit_length() - 1)
    shared = bool(nest.job.reductions) and inner >= SHARED_ROW and items > 1
    if shared and nest.job.kernel.space.split is None and nest.job.kernel.kind == "row":
        return _shared(nest, label, inner, items)
    return _single(nest, label, items)


def _single(nest: Nest, label: str, items: int) -> Built:
    writer = nest.writer
    writer.line(f"const {nest.emitter.itype} row = get_global_id(0);")
    writer.depth_of["row"] = 1
    writer.open(f"if (row < {nest.rows})")
    nest.lane = ""
    nest.body(1)
    writer.close()
    text, bindings = finish(nest.params, writer.scopes[0])
    return Built(text, bindings, (ceil(nest.rows / items) * items,), (items,), label)


def _shared(nest: Nest, label: str, inner: int, items: int) -> Built:
    # One loop over the whole row: the reduced dims become parts of one variable.
    parts = unravel(variable("k", inner), tuple(d.size for d in nest.inner))
    flat = {d.name: e for d, e in zip(nest.inner, parts, strict=True)}

    values = {name: substitute(e, flat) for name, e in nest.values.items()}
    dim = Dim("k", inner)
    nest = Nest(nest.context, nest.job, nest.rows, None, (dim,), 1, "", values, nest.cost)
    writer = nest.writer
    writer.line(f"const {nest.emitter.itype} row = get_group_id(0);")
    writer.line("const int _l = get_local_id(0);")
    writer.depth_of["row"] = 1
    writer.open("")
    _phases(nest, dim, items)
    writer.close()
    attribute = f"__attribute__((reqd_work_group_size({items}, 1, 1)))\n"
    text, bindings = finish(nest.params, writer.scopes[0], attribute)
    return Built(text, bindings, (nest.rows * items,), (items,), label)


def _phases(nest: Nest, dim: Dim, items: int) -> None:
    job, phases, writer = nest.job, nest.phases, nest.writer
    last = max((phases[e] for e in (*nest.inputs.values(), *nest.roots)), default=0)
    for phase in range(last + 1):
        reductions = [v for v in job.reductions if phases[nest.inputs[v]] == phase]
        stores = [
            n for n, s in enumerate(job.stores) if not s.outer and phases[nest.roots[n]] == phase
        ]
        if reductions or stores:
            _shared_loop(nest, dim, items, reductions, stores)
    outer = [n for n, s in enumerate(job.stores) if s.outer]
    if outer:
        writer.open("if (_l == 0)")
        nest.write_elements([], outer, {})
        writer.close()


def _shared_loop(
    nest: Nest, dim: Dim, items: int, reductions: list[int], stores: list[int]
) -> None:
    writer, nodes = nest.writer, nest.context.graph.nodes
    names = {v: f"_a{nest.job.reductions.index(v)}" for v in reductions}
    for v, name in names.items():
        node = nodes[v]
        kind = ctype(node.dtype)
        # Local arrays belong to the kernel's outermost scope.
        writer.line(f"__local {kind} {name}t[{items}];", 0)
        writer.line(f"{kind} {name} = {identity(node.op, node.dtype, 1)};")
    itype, n = nest.emitter.itype, dim.name
    writer.open(f"for ({itype} {n} = _l; {n} < {dim.size}; {n} += {items})", n)
    nest.write_elements(reductions, stores, names)
    writer.close()
    nest.emitter.forget(writer.depth + 1)
    for v, name in names.items():
        node = nodes[v]
        writer.line(f"{name}t[_l] = {name};")
        writer.line("barrier(CLK_LOCAL_MEM_FENCE);")
        writer.open(f"for (int _s = {items // 2}; _s > 0; _s >>= 1)")
        both = combine(node.op, f"{name}t[_l]", f"{name}t[_l + _s]", node.dtype, 1)
        writer.line(f"if (_l < _s) {name}t[_l] = {both};")
        writer.line("barrier(CLK_LOCAL_MEM_FENCE);")
        writer.close()
        writer.line(f"const {ctype(node.dtype)} {name}r = {name}t[0];")
        nest.emitter.registers[v] = Val(f"{name}r", node.dtype, False, writer.depth)
