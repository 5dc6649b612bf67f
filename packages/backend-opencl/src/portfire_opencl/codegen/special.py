"""Operators that are more than an expression of their inputs: sources, and choices by position."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from portfire import _dtype

from .demand import Entry
from .indexing import ravel, text, variables
from .render import COMPUTE, Val, ctype, literal, select
from .writer import ScalarBinding

if TYPE_CHECKING:
    from .emit import Emitter


def _full(emitter: Emitter, entry: Entry) -> Val:
    node = emitter.graph.nodes[entry.value]
    return Val(literal(node.attrs[1], node.dtype), node.dtype)


def _scalar(emitter: Emitter, entry: Entry) -> Val:
    node = emitter.graph.nodes[entry.value]
    slot, dtype = node.attrs[0], node.dtype
    # Small types travel as int and float, which every binding can pass.
    carrier = _CARRIER.get(dtype.name, dtype)
    name = emitter.params.plain(ScalarBinding(slot, carrier), COMPUTE[carrier.name])
    if carrier.name in ("int32",) and dtype is not carrier and dtype is not _dtype.bool_:
        name = f"(({ctype(dtype)}){name})"
    return Val(name, dtype)


def _iota(emitter: Emitter, entry: Entry) -> Val:
    node = emitter.graph.nodes[entry.value]
    e = entry.index[node.attrs[1]]
    vec = emitter.varies(variables(e))
    depth = emitter.depth_of(variables(e))
    if vec and variables(e) & emitter.vector_names:
        parts = ", ".join(text(e, emitter.lane_names(n)) for n in range(emitter.lanes))
        shown = f"(({emitter.itype}{emitter.lanes})({parts}))"
    elif vec:
        shown = f"({emitter.vector_index(e)})"
    else:
        shown = f"({text(e)})"
    index_type = _dtype.int64 if emitter.itype == "long" else _dtype.int32
    cast = emitter.ops.cast(Val(shown, index_type, vec), node.dtype, emitter.lanes)
    return emitter.finish(entry, cast, vec, depth)


def _random(emitter: Emitter, entry: Entry) -> Val:
    node = emitter.graph.nodes[entry.value]
    e = ravel(entry.index, node.shape)
    names = variables(e)
    vec = emitter.varies(names)
    k0, k1, c1 = (emitter.memo[i] for i in entry.inputs)
    lanes = emitter.lanes if vec else 1
    kind = ctype(_dtype.uint32, lanes)
    if vec and names & emitter.vector_names:
        parts = ", ".join(text(e, emitter.lane_names(n)) for n in range(lanes))
        counter = f"({kind})({parts})"
    else:
        counter = f"CV(({emitter.vector_index(e)}), {kind})" if vec else f"(uint)({text(e)})"
    function = emitter.helpers.call("threefry", _dtype.uint32, lanes)
    shown = f"{function}({counter}, ({kind})({c1.text}), {k0.text}, {k1.text})"
    depth = max(emitter.depth_of(names), k0.depth, k1.depth, c1.depth)
    return emitter.finish(entry, shown, vec, depth)


def _choice(emitter: Emitter, entry: Entry, inside: Val, outside: Val) -> Val:
    cond, cond_vec, depth = emitter.mask(entry.conds)
    dtype = emitter.graph.nodes[entry.value].dtype
    vec = cond_vec or inside.vec or outside.vec
    lanes = emitter.lanes if vec else 1
    kind = ctype(dtype, lanes)

    def wide(v: Val) -> str:
        if lanes == 1 or v.vec:
            return v.text
        sign = "-" if dtype is _dtype.bool_ else ""
        return f"(({kind})({sign}{v.text}))"

    if cond_vec:
        shown = select(cond, wide(inside), wide(outside), dtype, lanes)
    else:
        shown = f"({cond}) ? {wide(inside)} : {wide(outside)}"
    masked = frozenset(entry.conds) if outside.text == literal(0, dtype) else frozenset()
    return emitter.finish(entry, shown, vec, max(depth, inside.depth, outside.depth), masked)


def _pad(emitter: Emitter, entry: Entry) -> Val:
    inside = emitter.memo[entry.inputs[0]]
    if inside.masked.issuperset(entry.conds):
        return inside
    zero = emitter.graph.nodes[entry.value].dtype
    return _choice(emitter, entry, inside, Val(literal(0, zero), zero))


def _slice_update(emitter: Emitter, entry: Entry) -> Val:
    outside, inside = (emitter.memo[e] for e in entry.inputs)
    return _choice(emitter, entry, inside, outside)


SPECIAL: dict[str, Callable[[Emitter, Entry], Val]] = {
    "full": _full,
    "scalar": _scalar,
    "iota": _iota,
    "random_bits": _random,
    "pad": _pad,
    "slice_update": _slice_update,
}
_CARRIER = {
    "bool": _dtype.int32,
    "uint8": _dtype.int32,
    "int8": _dtype.int32,
    "int16": _dtype.int32,
    "float16": _dtype.float32,
}
