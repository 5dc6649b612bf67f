"""From demanded entries to statements: the second half of code generation.

A `Writer` holds one list of lines per open loop. Every statement goes to the innermost loop that
something in it depends on, so whatever is the same for a whole row is computed once per row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from portfire import _dtype
from portfire._dtype import DType
from portfire.ops._indexing import of_shapes

from .demand import Cond, Entry, Guards, Walk
from .graph import Graph
from .indexing import (
    Expr,
    constant,
    is_doubled,
    lane_stride,
    scale,
    shift,
    substitute,
    text,
    total,
    two_runs,
    unbound,
    variable,
    variables,
)
from .mathlib import Helpers
from .render import STORAGE, Ops, Val, ctype, literal
from .special import SPECIAL
from .writer import ErrorBinding, Parameters, SiteBinding, Sites, Writer

ROUNDS = "pf_round_half_"  # the helper's name up to the type
_START = "pf_start"  # number of the vector along the lanes' variable
_STEP = "pf_step"  # number of the lane inside a piece of it

FAIL_HELPER = """\
static int pf_check(long i, long n, __global long* err, int site) {
  if (i >= 0 && i < n) return (int)i;
  if (atomic_cmpxchg((volatile __global int*)err, 0, site) == 0) err[1] = i;
  return 0;
}
"""
CHECK_LANES = """\
static int{n} {name}({T} i, {S} n, __global long* err, int site) {{
  const {T} w{n} = (i < ({T})(0)) | (i >= ({T})(n));
{folds}  if (w2.s0 | w2.s1) return (int{n})({lanes});
  return CV(i, int{n});
}}
"""


class Emitter:
    """Emits entries of a walk as statements.

    Attributes:
        lanes: lanes of the current pass (1: scalar).
        lane: name of the variable that advances by lanes.
        aligned: true if that variable is always a multiple of lanes.
        registers: values of reductions that are known by now.
        tiles: where transposed tiles hold a load's lanes.
        exact: what values were before they were rounded to half precision.
        spills: elements of private arrays that keep an entry's vector from an earlier loop.
    """

    def __init__(
        self,
        graph: Graph,
        walk: Walk,
        writer: Writer,
        params: Parameters,
        helpers: Helpers,
        sites: Sites,
        wide: bool = False,
    ) -> None:
        self.graph = graph
        self.walk = walk
        self.writer = writer
        self.params = params
        self.helpers = helpers
        self.sites = sites
        self.itype = "long" if wide else "int"
        self.ops = Ops(helpers.call)
        self.lanes = 1
        self.lane = ""
        self.aligned = True
        self.registers: dict[int, Val] = {}
        self.tiles: dict[Entry, str] = {}
        self.spills: dict[Entry, str] = {}
        self.exact: dict[str, str] = {}
        self.memo: dict[Entry, Val] = {}
        self.vector_names: set[str] = set()

    def forget(self, depth: int) -> None:
        """Drop what was computed at a depth or deeper, because its scope has ended."""
        self.memo = {e: v for e, v in self.memo.items() if v.depth < depth}

    def value(self, root: Entry) -> Val:
        """Emit an entry with all that it needs, and return it."""
        stack = [root]
        while stack:
            entry = stack[-1]
            if entry in self.memo:
                stack.pop()
                continue
            missing = [e for e in (*entry.inputs, *entry.waits) if e not in self.memo]
            if missing:
                stack.extend(reversed(missing))
                continue
            self.memo[entry] = self._emit(entry)
            stack.pop()
        return self.memo[root]

    # Which scope, and whether lanes differ.

    def depth_of(self, names: Iterable[str]) -> int:
        """Return the depth at which the innermost of some variables is known."""
        return max((self.writer.depth_of.get(name, 0) for name in names), default=0)

    def varies(self, names: Iterable[str]) -> bool:
        """Tell if what depends on these variables differs between lanes."""
        return self.lanes > 1 and any(n == self.lane or n in self.vector_names for n in names)

    def _declare(self, entry: Entry, kind: str, expression: str, depth: int) -> None:
        self.writer.line(f"const {kind} {entry.name} = {expression};", depth)

    def _emit(self, entry: Entry) -> Val:
        if entry.kind == "alias":
            return self.memo[entry.inputs[0]]
        if entry.kind == "index":
            return self._emit_index(entry)
        node = self.graph.nodes[entry.value]
        if entry.kind == "register":
            return self.registers[entry.value]
        if entry.kind == "zero":
            return Val(literal(0, node.dtype), node.dtype)
        if entry.kind == "load":
            if entry in self.tiles and self.lanes > 1:
                return Val(self.tiles[entry], node.dtype, True, self.writer.depth)
            return self._emit_load(entry)
        if entry.kind == "spill":
            return Val(self.spills[entry], node.dtype, True, self.writer.depth)
        special = SPECIAL.get(node.op)
        if special is not None:
            return special(self, entry)
        args = [self.memo[e] for e in entry.inputs]
        vec = any(a.vec for a in args)
        expression = self.ops(node.op, args, node.attrs, node.dtype, self.lanes if vec else 1)
        return self.finish(entry, expression, vec, max((a.depth for a in args), default=0))

    def finish(
        self,
        entry: Entry,
        expression: str,
        vec: bool,
        depth: int,
        masked: frozenset[Cond] = frozenset(),
    ) -> Val:
        """Declare an entry's value as a constant and return it."""
        dtype = self.graph.nodes[entry.value].dtype
        self._declare(entry, ctype(dtype, self.lanes if vec else 1), expression, depth)
        if expression.startswith(ROUNDS):
            self.exact[entry.name] = expression[expression.index("(") :]
        return Val(entry.name, dtype, vec, depth, masked)

    # Conditions.

    def lane_names(self, number: int) -> dict[str, str]:
        """Return what per-lane variables are called in one lane."""
        names = {name: f"{name}.s{number:x}" for name in self.vector_names}
        names[self.lane] = f"({self.lane} + {number})" if number else self.lane
        return names

    def vector_index(self, e: Expr) -> str:
        """Return an index of the lanes' variable as a vector."""
        steps = ", ".join(str(n) for n in range(self.lanes))
        kind = f"{self.itype}{self.lanes}"
        return text(e, {self.lane: f"({self.lane} + ({kind})({steps}))"})

    def _cond(self, cond: Cond, names: dict[str, str] | None, vec: bool) -> str:
        e = unbound(cond.expr)
        shown = self.vector_index(e) if vec else text(e, names)
        if cond.step:
            return f"(({shown}) % {cond.step} == 0)"
        parts = []
        if e.lo < 0:
            parts.append(f"(({shown}) >= 0)")
        if e.hi >= cond.size:
            parts.append(f"(({shown}) < {cond.size})")
        return " & ".join(parts) if parts else "1"

    def conds(self, guards: Guards, names: dict[str, str] | None = None) -> str:
        """Return the scalar condition that all guards hold."""
        return " & ".join(self._cond(c, names, False) for c in guards) or "1"

    def _guard_names(self, guards: Guards) -> set[str]:
        found: set[str] = set()
        for c in guards:
            found |= variables(c.expr)
        return found

    def mask(self, guards: Guards) -> tuple[str, bool, int]:
        """Return a condition for a select, whether it is per lane, and its depth."""
        names = self._guard_names(guards)
        vec = self.varies(names)
        if not vec:
            return self.conds(guards), False, self.depth_of(names)
        if names & self.vector_names:
            each = [self.conds(guards, self.lane_names(n)) for n in range(self.lanes)]
            joined = ", ".join(f"-({c})" for c in each)
            return f"((int{self.lanes})({joined}))", True, self.depth_of(names)
        parts = []
        for c in guards:
            one = self.varies(variables(c.expr))
            shown = self._cond(c, None, one)
            if one and self.itype == "long":
                shown = f"CV(({shown}), int{self.lanes})"
            parts.append(shown if one else f"((int{self.lanes})(-({shown})))")
        return "(" + " & ".join(parts) + ")", True, self.depth_of(names)

    # Loads.

    def _emit_load(self, entry: Entry) -> Val:
        node = self.graph.nodes[entry.value]
        if not node.size:  # only a failing take gets here
            return Val(literal(0, node.dtype), node.dtype)
        pointer = self.params.buffer(entry.value, node.dtype)
        names = variables(entry.offset) | self._guard_names(entry.guards)
        depth = self.depth_of(names)
        vec = self.varies(variables(entry.offset))
        guarded = self.varies(self._guard_names(entry.guards))
        if vec or guarded:
            expression = self._vector_load(entry, node.dtype, pointer)
        else:
            expression = self._element(node.dtype, pointer, text(entry.offset))
            if entry.guards:
                expression = (
                    f"({self.conds(entry.guards)}) ? {expression} : {literal(0, node.dtype)}"
                )
        return self.finish(entry, expression, vec or guarded, depth, frozenset(entry.guards))

    @staticmethod
    def _element(dtype: DType, pointer: str, offset: str) -> str:
        if dtype is _dtype.float16:
            return f"vload_half(0, {pointer} + ({offset}))"
        return f"{pointer}[{offset}]"

    def read(self, pointer: str, dtype: DType, offset: Expr) -> Val:
        """Return what a buffer holds at an offset, lanes at successive or scattered elements."""
        if not self.varies(variables(offset)):
            return Val(self._element(dtype, pointer, text(offset)), dtype)
        if lane_stride(offset, self.lane) == 1:
            return Val(self._contiguous(dtype, pointer, text(offset), self.lanes), dtype, True)
        elements = ", ".join(
            self._element(dtype, pointer, text(offset, self.lane_names(n)))
            for n in range(self.lanes)
        )
        return Val(f"(({ctype(dtype, self.lanes)})({elements}))", dtype, True)

    def _vector_load(self, entry: Entry, dtype: DType, pointer: str) -> str:
        """Return a load of all lanes, in as few contiguous pieces as the offset allows."""
        names = variables(entry.offset) | self._guard_names(entry.guards)
        if not names & self.vector_names:
            plain = self._pieces(entry, dtype, pointer, self.lanes, aligned=False)
            if plain is not None:
                return plain[0]
            width = self.lanes
            while width > 1:
                pieces = self._pieces(entry, dtype, pointer, width, self.aligned)
                if pieces is not None:
                    whole = f"({ctype(dtype, self.lanes)})({', '.join(pieces)})"
                    return pieces[0] if len(pieces) == 1 else whole
                if not self.aligned:
                    break
                width //= 2
        zero = literal(0, dtype)
        elements = []
        for n in range(self.lanes):
            lane_names = self.lane_names(n)
            element = self._element(dtype, pointer, text(entry.offset, lane_names))
            if entry.guards:
                element = f"({self.conds(entry.guards, lane_names)}) ? {element} : {zero}"
            elements.append(element)
        sign = "-" if dtype is _dtype.bool_ else ""
        return f"{sign}({ctype(dtype, self.lanes)})({', '.join(elements)})"

    def _pieces(
        self, entry: Entry, dtype: DType, pointer: str, width: int, aligned: bool
    ) -> list[str] | None:
        """Return loads of ``width`` lanes each, or None if some piece is not contiguous."""
        pieces = []
        for first in range(0, self.lanes, width):
            moved = {self.lane: self._within_piece(entry, first, width, aligned)}
            offset = substitute(entry.offset, moved)
            guards = tuple(Cond(substitute(c.expr, moved), c.size, c.step) for c in entry.guards)
            piece = self._piece(offset, guards, dtype, pointer, width)
            if piece is None:
                return None
            pieces.append(piece)
        return pieces

    def _within_piece(self, entry: Entry, first: int, width: int, aligned: bool) -> Expr:
        """Return the lane variable as the start of the vector plus a step inside a piece."""
        size = _size_of(self.lane, (entry.offset, *(c.expr for c in entry.guards)))
        step = variable(_STEP, width)
        if not aligned:
            return total((variable(self.lane, size), step))
        start = scale(variable(_START, -(-size // self.lanes)), self.lanes)
        return shift(total((start, step)), first)

    def _piece(
        self, offset: Expr, guards: Guards, dtype: DType, pointer: str, width: int
    ) -> str | None:
        """Return a load of lanes whose number in the piece is the variable ``_STEP``."""
        start = {_START: f"({self.lane} / {self.lanes})"}

        def at(step: int) -> str:
            return text(substitute(offset, {_STEP: constant(step)}), start)

        def holds(step: int) -> str:
            moved = {_STEP: constant(step)}
            return self.conds(
                tuple(Cond(substitute(c.expr, moved), c.size, c.step) for c in guards), start
            )

        fast = self._run(offset, dtype, pointer, width, at, bool(guards))
        if fast is None or not guards:
            return fast
        kind, zero = ctype(dtype, width), literal(0, dtype)
        steps = [lane_stride(c.expr, _STEP) for c in guards]
        if not any(steps) and None not in steps:
            return f"(({holds(0)}) ? {fast} : ({kind})({zero}))"
        elements = [
            f"({holds(n)}) ? {self._element(dtype, pointer, at(n))} : {zero}" for n in range(width)
        ]
        sign = "-" if dtype is _dtype.bool_ else ""
        slow = f"{sign}({kind})({', '.join(elements)})"
        if None in steps or any(c.step for c in guards):
            return f"({slow})"
        ends = " & ".join(sorted({holds(0), holds(width - 1)}))
        return f"(({ends}) ? {fast} : {slow})"

    def _run(
        self,
        offset: Expr,
        dtype: DType,
        pointer: str,
        width: int,
        at: Callable[[int], str],
        guarded: bool,
    ) -> str | None:
        """Return a load of lanes that all exist, or None if they are too scattered."""
        stride, kind = lane_stride(offset, _STEP), ctype(dtype, width)
        if stride == 0:
            sign = "-" if dtype is _dtype.bool_ else ""
            return f"({kind})({sign}{self._element(dtype, pointer, at(0))})"
        if stride == 1:
            return self._contiguous(dtype, pointer, at(0), width)
        if stride == -1:
            order = "".join(f"{k:x}" for k in range(width - 1, -1, -1))
            return f"{self._contiguous(dtype, pointer, at(width - 1), width)}.s{order}"
        if stride == 2 and width > 2:
            low = self._contiguous(dtype, pointer, at(0), width)
            high = self._contiguous(dtype, pointer, f"{at(0)} + {width - 1}", width)
            return f"({kind})({low}.even, {high}.odd)"
        if stride is None and width > 2 and is_doubled(offset, _STEP):
            twice = "".join(f"{k // 2:x}" for k in range(width))
            return f"{self._contiguous(dtype, pointer, at(0), width // 2)}.s{twice}"
        runs = two_runs(offset, _STEP, width) if stride is None and not guarded else None
        if runs is None:
            return None
        inner, period = runs
        first = self._contiguous(dtype, pointer, at(0), width)
        last = self._contiguous(dtype, pointer, f"{at(width - 1)} - {width - 1}", width)
        phase = text(
            substitute(inner, {_STEP: constant(0)}), {_START: f"({self.lane} / {self.lanes})"}
        )
        join = self.helpers.call("join", dtype, width)
        return f"{join}({first}, {last}, {period} - ({phase}) % {period})"

    def _contiguous(self, dtype: DType, pointer: str, offset: str, width: int) -> str:
        if dtype is _dtype.float16:
            return f"{self.helpers.call('load_half', dtype, width)}({pointer} + ({offset}))"
        whole = f"LD({STORAGE[dtype.name]}{width}, {pointer} + ({offset}))"
        return f"(-CV({whole}, int{width}))" if dtype is _dtype.bool_ else whole

    def _emit_index(self, entry: Entry) -> Val:
        take = self.graph.nodes[-1 - entry.value]
        x = self.graph.nodes[take.inputs[0]]
        (axis,) = take.attrs
        where = self.memo[entry.inputs[0]]
        size = x.shape[axis]
        shapes = of_shapes(take.op, [self.graph.nodes[i].shape for i in take.inputs])
        call = self.check(
            size, f"index {{value}} is out of bounds for dimension {axis} with size {size} {shapes}"
        )
        guard_names = self._guard_names(entry.guards)
        depth = max(where.depth, self.depth_of(guard_names))
        self.writer.depth_of[entry.name] = depth
        guarded = self.varies(guard_names)
        if not where.vec and not guarded:
            shown = call(where.text)
            if entry.guards:
                shown = f"({self.conds(entry.guards)}) ? {shown} : 0"
            self._declare(entry, self.itype, shown, depth)
            return Val(entry.name, _dtype.int32, False, depth)
        if where.vec and not entry.guards and self.itype == "int":
            self._declare(entry, f"int{self.lanes}", self._check_lanes(where, call), depth)
            self.vector_names.add(entry.name)
            return Val(entry.name, _dtype.int32, True, depth)
        parts = []
        for n in range(self.lanes):
            shown = call(f"{where.text}.s{n:x}" if where.vec else where.text)
            if entry.guards:
                shown = f"({self.conds(entry.guards, self.lane_names(n))}) ? {shown} : 0"
            parts.append(shown)
        self._declare(
            entry,
            f"{self.itype}{self.lanes}",
            f"({self.itype}{self.lanes})({', '.join(parts)})",
            depth,
        )
        self.vector_names.add(entry.name)
        return Val(entry.name, _dtype.int32, True, depth)

    def _check_lanes(self, where: Val, call: Callable[[str], str]) -> str:
        """Return the checked lanes of an index: one by one only where one of them is wrong."""
        n = self.lanes
        kind = ctype(where.dtype, n)
        name = f"pf_check_{kind}"
        if name not in self.helpers.texts:
            folds, width = "", n
            while width > 2:
                width //= 2
                half = ctype(where.dtype, width)
                folds += f"  const {half} w{width} = w{2 * width}.lo | w{2 * width}.hi;\n"
            lanes = ", ".join(f"pf_check(i.s{k:x}, n, err, site)" for k in range(n))
            self.helpers.texts[name] = CHECK_LANES.format(
                name=name, T=kind, S=ctype(where.dtype), n=n, folds=folds, lanes=lanes
            )
        return call(where.text).replace("pf_check(", f"{name}(", 1)

    def check(self, size: int, message: str) -> Callable[[str], str]:
        """Return a function that wraps an index text into its bounds check."""
        error = self.params.plain(ErrorBinding(), "__global long*")
        base = self.params.plain(SiteBinding(), "int")
        self.params.written.add(ErrorBinding())
        site = self.sites.number(message)
        self.helpers.texts.setdefault("pf_check", FAIL_HELPER)
        return lambda index: f"pf_check({index}, {size}, {error}, {base} + {site})"

    # Stores.

    def store(self, value: Val, dtype: DType, pointer: str, offset: Expr) -> None:
        """Write a value; lanes go to successive or scattered elements as the offset says."""
        if dtype is _dtype.float16:
            # Storing rounds, so the value need not be rounded before.
            value = replace(value, text=self.exact.get(value.text, value.text))
        if not value.vec and not self.varies(variables(offset)):
            self.writer.line(self.store_element(value.text, dtype, pointer, text(offset)))
            return
        n = self.lanes
        stride = lane_stride(offset, self.lane)
        kind = ctype(dtype, n)
        shown = value.text if value.vec else f"(({kind})({value.text}))"
        if not value.vec and dtype is _dtype.bool_:
            shown = f"(-{shown})"
        if stride == 1:
            self.writer.line(self.store_vector(shown, dtype, pointer, text(offset)))
            return
        for number in range(n):
            element = f"{shown}.s{number:x}"
            if dtype is _dtype.bool_:
                element = f"({element} & 1)"
            where = text(offset, self.lane_names(number))
            self.writer.line(self.store_element(element, dtype, pointer, where))

    @staticmethod
    def store_element(value: str, dtype: DType, pointer: str, offset: str) -> str:
        """Return the statement that stores one element."""
        if dtype is _dtype.float16:
            return f"vstore_half({value}, 0, {pointer} + ({offset}));"
        return f"{pointer}[{offset}] = {value};"

    def store_vector(self, value: str, dtype: DType, pointer: str, offset: str) -> str:
        """Return the statement that stores successive elements."""
        n = self.lanes
        if dtype is _dtype.float16:
            store = self.helpers.call("store_half", dtype, n)
            return f"{store}({value}, {pointer} + ({offset}));"
        if dtype is _dtype.bool_:
            value = f"CV(({value} & 1), uchar{n})"
        return f"ST({STORAGE[dtype.name]}{n}, {pointer} + ({offset}), {value});"


def _size_of(name: str, exprs: Iterable[Expr]) -> int:
    """Return the size of a variable that occurs in some expressions."""
    stack = list(exprs)
    while stack:
        for atom, _ in stack.pop().terms:
            if atom.key == name:
                return atom.hi + 1
            if atom.inner is not None:
                stack.append(atom.inner)
    return 1
