"""The scheduler's side of the matrix product: describes factors and epilogue to `contraction`."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from portfire import _dtype

from ._contraction_api import DotSpec, Loaded, Operand, Param, Scratch, Split, Strides
from ._contraction_split import split_offset
from .context import Built, Context, ScratchBinding
from .demand import Entry, Walk
from .emit import Emitter
from .graph import Node
from .indexing import (
    Expr,
    constant,
    lane_stride,
    scale,
    substitute,
    total,
    two_runs,
    unravel,
    variable,
)
from .nest import job_of
from .regions import Kernel
from .render import Val, ctype
from .writer import Parameters, Writer

_RUN = 4  # elements
_PROBE = ("pf_b", "pf_r", "pf_c")  # names for questions about strides


def build_dot(context: Context, kernel: Kernel) -> list[Built]:
    """Return the launches of a product with its epilogue."""
    from .contraction import lower
    from .convolve import lower as convolve

    value = kernel.nodes[0]
    spec = describe(context, kernel)
    convolution = context.convolutions.get(value)
    if convolution is None:
        answer = lower(spec, context.facts)
    else:
        answer = convolve(spec, *convolution)
    label = context.label(kernel.nodes)
    built = []
    for launch in answer.launches:
        bindings = tuple(
            ScratchBinding((value, b.index), answer.scratch[b.index])
            if isinstance(b, Scratch)
            else b
            for b in launch.bindings
        )
        name = label if launch.label == "dot" else f"{launch.label} of {label}"
        built.append(
            Built(
                answer.kernels[launch.kernel], bindings, launch.global_size, launch.local_size, name
            )
        )
    return built


def describe(context: Context, kernel: Kernel) -> DotSpec:
    """Return the specification of a product kernel."""
    node = context.graph.nodes[kernel.nodes[0]]
    x, y = node.inputs
    *batch, m, k = context.graph.nodes[x].shape
    n = node.shape[-1]
    half = node.dtype is _dtype.float16
    finish = _Epilogue(context, kernel)
    return DotSpec(
        batch=prod(batch),
        m=m,
        n=n,
        k=k,
        dtype=node.dtype,
        accumulate=_dtype.float32 if half else node.dtype,
        a=_Factor(context, x, "a").operand(),
        b=_Factor(context, y, "b").operand(),
        epilogue=finish,
        epilogue_params=finish.declared(),
        epilogue_cost=max(kernel.cost, 1),
    )


def _index(name: str, size: int) -> Expr:
    return constant(int(name)) if name.isdigit() else variable(name, size)


def _declared(params: Parameters) -> tuple[Param, ...]:
    return tuple(Param(text, binding) for text, binding in params.declared())


def _runs(offset: Expr, name: str, size: int) -> bool:
    """Tell if elements at successive values of a variable lie together, in long enough runs."""
    stride = lane_stride(offset, name)
    if stride is not None:
        return stride == 1
    start = scale(variable("pf_q", -(-size // _RUN)), _RUN)
    within = total((start, variable("pf_s", _RUN)))
    moved = substitute(offset, {name: within})
    return lane_stride(moved, "pf_s") == 1 or two_runs(moved, "pf_s", _RUN) is not None


def _behind_aliases(entry: Entry) -> Entry:
    while entry.kind == "alias":
        entry = entry.inputs[0]
    return entry


class _Factor:
    """One operand: reads it element by element or by vectors, and knows its strides."""

    def __init__(self, context: Context, value: int, prefix: str) -> None:
        self.context = context
        self.value = value
        self.node: Node = context.graph.nodes[value]
        *self.batch, self.rows, self.columns = self.node.shape
        self.params = Parameters(prefix)
        self.prefix = prefix
        self.calls = 0

    def operand(self) -> Operand:
        """Return the description."""
        walk, root = self._walk(*_PROBE, "_")
        if self.node.size:
            self._emit(walk, root, 1, "")
        strides, along = self._layout(walk, root)
        loads = walk.loads()
        storage = self.context.graph.nodes[loads[0].value].dtype if strides else self.node.dtype
        split = None if strides else self._split(root)
        return Operand(_declared(self.params), storage, strides, self.load, along, split)

    def load(self, b: str, r: str, c: str, lanes: int, along: str) -> Loaded:
        """Return the element at these indices, or a vector of elements."""
        self.calls += 1
        walk, root = self._walk(b, r, c, f"_{self.prefix}{self.calls}_")
        lane = {"r": r, "c": c}[along] if lanes > 1 else ""
        lines, value = self._emit(walk, root, lanes, lane)
        shown = value.text
        if lanes > 1 and not value.vec:
            shown = f"(({ctype(self.node.dtype, lanes)})({shown}))"
        return Loaded(tuple(lines), shown)

    def _walk(self, b: str, r: str, c: str, prefix: str) -> tuple[Walk, Entry]:
        walk = self.context.walk()
        walk.prefix = prefix
        batch = unravel(_index(b, prod(self.batch)), tuple(self.batch))
        index = (*batch, _index(r, self.rows), _index(c, self.columns))
        root = walk.need(self.value, index)
        walk.run()
        return walk, root

    def _emit(self, walk: Walk, root: Entry, lanes: int, lane: str) -> tuple[list[str], Val]:
        writer = Writer()
        emitter = self.context.emitter(walk, writer, self.params)
        emitter.lanes, emitter.lane = lanes, lane
        value = emitter.value(root)
        return writer.scopes[0], value

    def _split(self, root: Entry) -> Split | None:
        """Return the offset as a sum of parts, where the factor is a plain read of one buffer."""
        plain = _behind_aliases(root)
        if plain.kind != "load" or plain.guards or plain.waits:
            return None
        stored = self.context.graph.nodes[plain.value].dtype
        if stored is not self.node.dtype or stored in (_dtype.float16, _dtype.bool_):
            return None
        name = self.params.buffer(plain.value, stored)
        sizes = (prod(self.batch), self.rows, self.columns)
        return split_offset(name, plain.offset, _PROBE, sizes)

    def _layout(self, walk: Walk, root: Entry) -> tuple[Strides | None, str]:
        loads = walk.loads()
        b, r, c = _PROBE
        along = ""
        for name, letter in ((r, "r"), (c, "c")):
            size = self.rows if letter == "r" else self.columns
            if loads and any(_runs(e.offset, name, size) for e in loads):
                along = letter
        plain = _behind_aliases(root)
        if plain.kind != "load" or plain.guards or plain.waits:
            return None, along
        offset = plain.offset
        row, column = lane_stride(offset, r), lane_stride(offset, c)
        if row is None or column is None:
            return None, along
        batch = lane_stride(offset, b)
        name = self.params.buffer(plain.value, self.context.graph.nodes[plain.value].dtype)
        zero = substitute(offset, {probe: constant(0) for probe in _PROBE})
        return Strides(name, zero.const, batch, row, column), along


class _Epilogue:
    """Finishes results: what the kernel's elementwise nodes do to the product, and the stores."""

    def __init__(self, context: Context, kernel: Kernel) -> None:
        self.context = context
        self.job = job_of(context, kernel)
        self.dot = kernel.nodes[0]
        self.node = context.graph.nodes[self.dot]
        self.params = Parameters("e")
        self.calls = 0

    def declared(self) -> tuple[Param, ...]:
        """Return the parameters, found by a first call."""
        self(*_PROBE, "0", 1)
        self.calls = 0
        return _declared(self.params)

    def __call__(self, b: str, i: str, j: str, value: str, lanes: int) -> Sequence[str]:
        """Return the statements for results (b, i, j) to (b, i, j + lanes - 1)."""
        self.calls += 1
        *batch, m, n = self.node.shape
        where = (*unravel(_index(b, prod(batch)), tuple(batch)), _index(i, m), _index(j, n))
        space = self.job.kernel.space
        names = {e.terms[0][0].key: w for e, w in zip(space.index, where, strict=True) if e.terms}
        # Dots keep their own number in the list of melted nodes out: it is a register.
        melted = [v for v in self.job.melted if v != self.dot]
        walk = self.context.walk(melted, (self.dot,))
        walk.prefix = f"_e{self.calls}_"
        roots = [
            walk.need(s.value, tuple(substitute(e, names) for e in s.index))
            for s in self.job.stores
        ]
        walk.run()
        writer = Writer()
        emitter: Emitter = self.context.emitter(walk, writer, self.params)
        emitter.lanes, emitter.lane = lanes, j if lanes > 1 else ""
        emitter.aligned = False
        emitter.registers[self.dot] = Val(value, self.node.dtype, lanes > 1)
        values = [emitter.value(root) for root in roots]
        for store, result in zip(self.job.stores, values, strict=True):
            dtype = self.context.graph.nodes[store.target].dtype
            pointer = self.params.buffer(store.target, dtype, write=True)
            emitter.store(result, dtype, pointer, substitute(store.offset, names))
        return writer.scopes[0]
