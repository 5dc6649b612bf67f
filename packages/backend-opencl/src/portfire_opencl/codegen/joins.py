"""concat: the pieces are the work of one launch, each writing its part of the result.

Pieces whose code is the same but for buffers and place share it: ``_n`` counts them, and chooses
the buffers. Different code stands in branches, by the item's number::

    items     0 ... 7 | 8 ... 15 | 16 ... 23 | 24 ... 26
    branch    0: _n=0 |   _n=1   |   _n=2    | 1: _n=0
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .context import INDEX_LIMIT, Built, Context
from .indexing import add, ravel, variable
from .nest import Job, Store
from .nest_plan import build
from .regions import Kernel
from .space import Space

START = "start"  # the variable that says where in the result a piece begins
MOST_BUFFERS = 64  # parameters of one launch; 1024 bytes are what every device takes
OPENING = "__kernel void @NAME@("
ITEM = "get_global_id(0)"


@dataclass
class _Branch:
    """Pieces with one code: its parameters and body, and what each piece binds."""

    declarations: list[str]
    body: list[str]
    sample: Built
    bindings: list[tuple[Any, ...]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    @property
    def items(self) -> int:
        """Work-items of one piece."""
        return self.sample.global_size[0]


def build_concat(context: Context, kernel: Kernel) -> list[Built]:
    """Return the launches of a concat: one, unless it binds too many buffers."""
    launches: list[Built] = []
    branches: dict[str, _Branch] = {}
    bound: set[Hashable] = set()
    for built, start in _pieces(context, kernel):
        fresh = bound | set(built.bindings)
        if len(fresh) > MOST_BUFFERS and branches:
            launches.append(_join(context, kernel, list(branches.values())))
            branches, fresh = {}, set(built.bindings)
        bound = fresh
        branch = branches.get(built.text)
        if branch is None:
            branch = branches[built.text] = _Branch(*_parts(built.text), built)
        branch.bindings.append(built.bindings)
        branch.starts.append(start)
    if branches:
        launches.append(_join(context, kernel, list(branches.values())))
    return launches


def _pieces(context: Context, kernel: Kernel) -> list[tuple[Built, int]]:
    """Return each piece's code as a kernel of its own, and where in the result it starts."""
    (v,) = kernel.nodes
    node = context.graph.nodes[v]
    (axis,) = node.attrs
    at, found = 0, []
    begin = variable(START, max(node.size, 2))
    for source in node.inputs:
        piece = context.graph.nodes[source]
        if piece.size:
            space = Space(piece.shape)
            place = add(ravel(space.index, node.shape), begin)
            store = Store(source, space.index, v, place, False)
            cost = max(kernel.cost // len(node.inputs), 1)
            part = Kernel("map", space, [v], kernel.reads, cost)
            origin = tuple(at if a == axis else 0 for a in range(len(node.shape)))
            start = 0
            for position, size in zip(origin, node.shape, strict=True):
                start = start * size + position
            found.append((build(context, part, Job(part, [], [store], [])), start))
        at += piece.shape[axis]
    return found


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Return the parameters and the body of a kernel."""
    head, *body = text.splitlines()
    return head.removeprefix(OPENING).removesuffix(") {").split(", "), body[:-1]


def _join(context: Context, kernel: Kernel, branches: Sequence[_Branch]) -> Built:
    """Return one launch of all pieces."""
    result = context.graph.nodes[kernel.nodes[0]]
    itype = "long" if result.size > INDEX_LIMIT else "int"
    names: dict[Hashable, str] = {}
    kinds: list[str] = []
    lines, total = [f"const {itype} _all = {ITEM};"], 0
    for number, branch in enumerate(branches):
        count = len(branch.starts)
        last = number == len(branches) - 1
        test = "" if last else f"if (_all < {total + count * branch.items})"
        lines.append(f"{'else ' if number else ''}{test} {{".strip())
        item = f"(_all - {total})" if total else "_all"
        lines.append(f"  const {itype} _n = {item} / {branch.items};")
        lines.append(f"  const {itype} _q = {item} % {branch.items};")
        lines.append(f"  const {itype} {START} = {_start(branch.starts)};")
        for position, declaration in enumerate(branch.declarations):
            kind, name = declaration.rsplit(" ", 1)
            chosen = []
            for bindings in branch.bindings:
                binding = bindings[position]
                if binding not in names:
                    names[binding] = f"a{len(names)}"
                    kinds.append(kind)
                chosen.append(names[binding])
            lines.append(f"  {kind} {name} = {_chosen(chosen)};")
        lines += ["  " + line.replace(ITEM, "_q") for line in branch.body]
        lines.append("}")
        total += count * branch.items
    head = ", ".join(f"{k} {n}" for k, n in zip(kinds, names.values(), strict=True))
    text = "\n".join([f"{OPENING}{head}) {{", *("  " + line for line in lines), "}"]) + "\n"
    label = context.label(kernel.nodes)
    return Built(text, tuple(names), (total,), branches[0].sample.local_size, label)


def _start(starts: Sequence[int]) -> str:
    """Return the piece's start; a product where the pieces lie at equal distances."""
    step = starts[1] - starts[0] if len(starts) > 1 else 0
    if all(s == starts[0] + n * step for n, s in enumerate(starts)):
        return f"{starts[0]} + _n * {step}" if step else str(starts[0])
    return _chosen([str(s) for s in starts])


def _chosen(names: Sequence[str], first: int = 0) -> str:
    """Return the _n-th of some names, by halving."""
    if len(set(names)) == 1:
        return names[0]
    middle = len(names) // 2
    low, high = _chosen(names[:middle], first), _chosen(names[middle:], first + middle)
    return f"(_n < {first + middle} ? {low} : {high})"
