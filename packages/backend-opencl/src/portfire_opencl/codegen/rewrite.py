"""From core's program to the scheduler's graph: a few operators become simpler ones.

* argmax and argmin become a maximum and the smallest position where it is reached;
* a reduction with few results and many elements becomes two, the first over fixed chunks, so that
  every unit has work and the order of additions never depends on the machine;
* a long scan becomes sums of chunks, a scan of these, and scans inside the chunks.
"""

from __future__ import annotations

from math import ceil, prod

from portfire import _dtype
from portfire._dtype import DType
from portfire.backend._contract import Instruction, Program

from .graph import ALONG, REDUCTIONS, SCANS, Graph, Split
from .indexing import Shape
from .scatter import covered
from .topk import suits

SPLIT_TOTAL = 32768  # elements below which a reduction is not split
SPLIT_RESULTS = 64  # a reduction with fewer parallel results than this is split
SPLIT_CHUNK = 8192  # elements that a chunk should have at least
SPLIT_MOST = 64  # chunks
SPLIT_COLUMNS = 1 << 22  # elements from which sums of columns read whole rows, chunk by chunk
SPLIT_BANDS = 16  # such chunks, or as many as there are kept dims before the columns
LANES = 16  # a vector of results counts as one


def build(program: Program) -> Graph:
    """Return the graph of a program, rewritten, without dead nodes' influence."""
    graph = Graph()
    number: list[int] = []
    for step in program.instructions:
        inputs = tuple(number[i] for i in step.inputs)
        name = step.op.name
        if name in ("argmax", "argmin"):
            number.append(_arg_extreme(graph, step, inputs[0]))
        elif name in REDUCTIONS:
            number.append(_reduction(graph, name, inputs[0], tuple(step.attrs[0]), step.dtype))
        elif name in SCANS:
            number.append(_scan(graph, step, inputs[0]))
        elif name == "put" and not prod(graph.nodes[inputs[2]].shape):
            number.append(graph.add("reshape", inputs[:1], (step.shape,), step.shape, step.dtype))
        elif name in ALONG:
            number.append(covered(graph, inputs, step.attrs, name))
        elif name == "topk" and not suits(step.attrs[1], _length(graph, step, inputs[0])):
            number.append(_sorted_first(graph, step, inputs[0]))
        else:
            number.append(graph.add(name, inputs, step.attrs, step.shape, step.dtype))
    graph.outputs = tuple(number[v] for v in program.outputs)
    return graph


def kept_shape(shape: Shape, axes: tuple[int, ...]) -> Shape:
    """Return a shape without some axes."""
    return tuple(n for a, n in enumerate(shape) if a not in axes)


def _identity(op: str, dtype: DType) -> float | int | bool:
    if op in ("sum", "prod"):
        return 0 if op == "sum" else 1
    if dtype is _dtype.bool_:
        return op == "min"
    if dtype.is_floating_point:
        return float("-inf") if op == "max" else float("inf")
    bits = 8 * dtype.itemsize
    low = -(2 ** (bits - 1)) if dtype.is_signed else 0
    high = 2 ** (bits - 1) - 1 if dtype.is_signed else 2**bits - 1
    return low if op == "max" else high


def _reduction(graph: Graph, op: str, x: int, axes: tuple[int, ...], dtype: DType) -> int:
    shape = graph.nodes[x].shape
    kept = kept_shape(shape, axes)
    if all(shape[a] == 1 for a in axes):
        return graph.add("reshape", (x,), (kept,), kept, dtype)
    if prod(shape) == 0:
        value = _identity(op, dtype)
        return graph.add("full", (), (kept, value, dtype), kept, dtype)
    inner = _inner_axes(shape, axes)
    if inner:
        rows = kept_shape(shape, inner)
        first = graph.add(op, (x,), (inner, None), rows, dtype)
        return _reduction(graph, op, first, axes[: len(axes) - len(inner)], dtype)
    split = plan_split(shape, axes)
    if split is None:
        return graph.add(op, (x,), (axes, None), kept, dtype)
    wide = (split.chunks, *kept)
    partial = graph.add(op, (x,), (axes, split), wide, dtype)
    return graph.add(op, (partial,), ((0,), None), kept, dtype)


def _inner_axes(shape: Shape, axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the last axes if they are to be reduced before others that lie further out.

    Elements along them are neighbors, and there are enough rows of them to share.
    """
    last = len(shape)
    while last - 1 in axes:
        last -= 1
    inner = tuple(a for a in axes if a >= last)
    if len(inner) in (0, len(axes)):
        return ()
    enough = prod(shape[:last]) >= SPLIT_RESULTS and prod(shape[last:]) >= LANES
    return inner if enough else ()


def plan_split(shape: Shape, axes: tuple[int, ...]) -> Split | None:
    """Return how to cut a reduction into chunks; None where it has enough results as it is."""
    results = prod(kept_shape(shape, axes))
    inner = prod(shape) // results
    last = max((a for a, n in enumerate(shape) if n > 1), default=0)
    parallel = results if last in axes else ceil(results / (4 * LANES))
    axis = max(axes, key=lambda a: (shape[a], -a))
    if prod(shape) < SPLIT_TOTAL or inner < 64:
        return None
    if parallel >= SPLIT_RESULTS:
        return _bands(shape, axes, axis) if last not in axes else None
    wanted = min(SPLIT_MOST, max(prod(shape) // SPLIT_CHUNK, 2), ceil(4 * SPLIT_RESULTS / parallel))
    length = ceil(shape[axis] / min(wanted, shape[axis]))
    if axis == last:
        length = ceil(length / 64) * 64
    chunks = ceil(shape[axis] / length)
    return Split(axis, chunks, length) if chunks > 1 else None


def _bands(shape: Shape, axes: tuple[int, ...], axis: int) -> Split | None:
    """Cut a reduction of columns that is larger than caches, so that memory is read in order."""
    bands = prod(shape[: min(axes)])
    length = ceil(shape[axis] * bands / SPLIT_BANDS)
    if prod(shape) < SPLIT_COLUMNS or length < 16 or length >= shape[axis]:
        return None
    return Split(axis, ceil(shape[axis] / length), length)


def _arg_extreme(graph: Graph, step: Instruction, x: int) -> int:
    (axis,) = step.attrs
    node = graph.nodes[x]
    op = "max" if step.op.name == "argmax" else "min"
    one: Shape = tuple(1 if a == axis else n for a, n in enumerate(node.shape))
    best = _reduction(graph, op, x, (axis,), node.dtype)
    column = graph.add("reshape", (best,), (one,), one, node.dtype)
    column = graph.add("expand", (column,), (node.shape,), node.shape, node.dtype)
    found = graph.add("eq", (x, column), (), node.shape, _dtype.bool_)
    if node.dtype.is_floating_point:
        missing = graph.add("ne", (x, x), (), node.shape, _dtype.bool_)
        found = graph.add("bitwise_or", (found, missing), (), node.shape, _dtype.bool_)
    kind = _dtype.int32 if node.shape[axis] < 2**31 else _dtype.int64
    attrs = (node.shape, axis, kind)
    place = graph.add("iota", (), attrs, node.shape, kind)
    none = graph.add("full", (), ((), node.shape[axis] - 1, kind), (), kind)
    candidate = graph.add("where", (found, place, none), (), node.shape, kind)
    first = _reduction(graph, "min", candidate, (axis,), kind)
    return graph.add("cast", (first,), (_dtype.int64,), step.shape, _dtype.int64)


def _scan(graph: Graph, step: Instruction, x: int) -> int:
    (axis,) = step.attrs
    op, shape = step.op.name, step.shape
    if prod(shape) == 0 or shape[axis] == 1:
        return graph.add("reshape", (x,), (shape,), shape, step.dtype)
    rows = prod(shape) // shape[axis]
    split = plan_split(shape, (axis,)) if rows < SPLIT_RESULTS else None
    if split is None:
        return graph.add(op, (x,), (axis, None), shape, step.dtype)
    wide = (split.chunks, *kept_shape(shape, (axis,)))
    sums = graph.add(SCANS[op], (x,), ((axis,), split), wide, step.dtype)
    running = graph.add(op, (sums,), (0, None), wide, step.dtype)
    return graph.add(op, (x, running), (axis, split), shape, step.dtype)


def _length(graph: Graph, step: Instruction, x: int) -> int:
    """Return the length of the axis that a step names first."""
    return graph.nodes[x].shape[step.attrs[0]]


def _sorted_first(graph: Graph, step: Instruction, x: int) -> int:
    """Many of the best elements are the first ones in order."""
    axis, _, largest = step.attrs
    shape = graph.nodes[x].shape
    order = graph.add("argsort", (x,), (axis, largest), shape, step.dtype)
    none, ones = (0,) * len(shape), (1,) * len(shape)
    return graph.add("slice", (order,), (none, step.shape, ones), step.shape, step.dtype)
