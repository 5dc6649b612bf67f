"""Recognizes matrix products that are convolutions: one factor is the windows of some images.

A match is made on indices, not on the sequence of operators: the element of the factor at (image,
group, channel, tap, position) must be the pixel that a convolution reads there. Whatever movements
wrote it, 1-d convolutions included, it is then computed as one, without its windows and padding.

Forward: ``out[n, g, k, y x] = sum over c, taps of A[g, k, c tap] * windows``; the gradient of the
input is that too. Weight: ``out[g, k, c tap] = sum over n, y, x of A[g, k, n y x] * windows``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod

from portfire import _dtype
from portfire._dtype import DType

from .demand import Cond, Entry, Index, Walk
from .graph import LEAVES, MOVEMENT, SOURCES, Graph, Node
from .indexing import Expr, ravel, scale, shift, total, unbound, variable, variables

__all__ = ["Convolution", "Image", "Spread", "find", "interleaved", "melted_pads"]

Pair = tuple[int, int]

_CHAIN = MOVEMENT - {"slice_update"}
_IMAGE, _GROUP, _CHANNEL, _FILTER = "pf_n", "pf_g", "pf_c", "pf_k"
_ROW, _COLUMN, _DOWN, _ACROSS = "pf_y", "pf_x", "pf_s", "pf_t"


@dataclass(frozen=True)
class Image:
    """A stored array read as (image, group, channel, row, column), with zeros around it.

    Attributes:
        value: the number of the stored node.
        offset: of the element at index 0.
        steps: elements between neighbors along each of the five indices.
        rows: the rows that exist, from and to; others are zero.
        columns: the same for columns.
    """

    value: int
    offset: int
    steps: tuple[int, int, int, int, int]
    rows: Pair
    columns: Pair


@dataclass(frozen=True)
class Spread:
    """Filters that are phases of one channel: their results are interleaved to a larger image.

    The result at (row, column) of phase (q, p) is the pixel at (row * step + q, column * step + p),
    less the margin; pixels of phases that are missing are zero.

    Attributes:
        phases: how many follow each other along rows and along columns.
        steps: distance of neighboring results of one phase.
        margin: rows and columns that are cut off at the start.
        sizes: of the image.
    """

    phases: Pair
    steps: Pair
    margin: Pair
    sizes: Pair


@dataclass(frozen=True)
class Convolution:
    """What a product computes, in terms of convolutions; channels and filters are per group.

    Attributes:
        image: the pixels, padding included.
        grads: for the gradient of the weight, the other factor as images; else None.
        spread: how results are interleaved, if they are.
    """

    dtype: DType
    images: int
    groups: int
    channels: int
    filters: int
    taps: Pair
    counts: Pair
    stride: Pair
    dilation: Pair
    image: Image
    grads: Image | None = None
    spread: Spread | None = None

    @property
    def depth(self) -> int:
        """Elements of one filter."""
        return self.channels * prod(self.taps)


@dataclass(frozen=True)
class _Windows:
    """A windows node: its geometry, always with two spatial dims."""

    node: Node
    source: int
    taps: Pair
    counts: Pair
    stride: Pair
    dilation: Pair


def find(graph: Graph) -> dict[int, Convolution]:
    """Return the convolutions of a graph by the number of their product."""
    found = {}
    for v, alive in enumerate(graph.live()):
        node = graph.nodes[v]
        if alive and node.op == "dot" and node.dtype in (_dtype.float32, _dtype.float64):
            match = _match(graph, node)
            if match is not None:
                found[v] = match
    return found


def melted_pads(graph: Graph, found: Iterable[int]) -> frozenset[int]:
    """Return the pads that these convolutions do themselves, and that nobody else reads."""
    products = set(found)
    users = graph.users()
    pads = set()
    for v in products:
        for node in _chain(graph, graph.nodes[v].inputs[1]):
            if graph.nodes[node].op == "pad" and _only_for(graph, users, node, products):
                pads.add(node)
    return frozenset(pads)


def _only_for(graph: Graph, users: list[list[int]], v: int, products: set[int]) -> bool:
    return all(
        u in products or (graph.nodes[u].op in _CHAIN and _only_for(graph, users, u, products))
        for u in users[v]
    )


def _chain(graph: Graph, v: int) -> list[int]:
    """The movements from a value down, and the value that they move."""
    chain = [v]
    while graph.nodes[v].op in _CHAIN:
        v = graph.nodes[v].inputs[0]
        chain.append(v)
    return chain


def _match(graph: Graph, node: Node) -> Convolution | None:
    rows, columns = node.inputs
    windows = _windows(graph, columns)
    if windows is None or node.size == 0 or windows.node.size == 0:
        return None
    return _forward(graph, rows, columns, windows) or _weight(graph, rows, columns, windows)


def _windows(graph: Graph, v: int) -> _Windows | None:
    while graph.nodes[v].op in ("reshape", "permute"):
        v = graph.nodes[v].inputs[0]
    node = graph.nodes[v]
    if node.op != "windows":
        return None
    axes, taps, stride, dilation = node.attrs
    rank = len(node.shape) - len(axes)
    if axes == (2, 3) and rank == 4:
        counts = (node.shape[2], node.shape[3])
    elif axes == (2,) and rank == 3:
        one = (1,)
        taps, stride, dilation = one + taps, one + stride, one + dilation
        counts = (1, node.shape[2])
    else:
        return None
    return _Windows(node, node.inputs[0], taps, counts, stride, dilation)


def _pixel(graph: Graph, windows: _Windows, channels: int, groups: int) -> Index:
    """The index into the padded images that a convolution reads."""
    channel = total((scale(variable(_GROUP, groups), channels), variable(_CHANNEL, channels)))
    place = [
        total((scale(variable(at, n), s), scale(variable(tap, k), d)))
        for at, n, s, tap, k, d in zip(
            (_ROW, _COLUMN),
            windows.counts,
            windows.stride,
            (_DOWN, _ACROSS),
            windows.taps,
            windows.dilation,
            strict=True,
        )
    ]
    images = graph.nodes[windows.source].shape[0]
    spatial = place if len(graph.nodes[windows.source].shape) == 4 else place[1:]
    return (variable(_IMAGE, images), channel, *spatial)


def _joined(names: tuple[str, ...], sizes: tuple[int, ...]) -> Expr:
    return ravel([variable(*pair) for pair in zip(names, sizes, strict=True)], sizes)


def _forward(graph: Graph, rows: int, columns: int, windows: _Windows) -> Convolution | None:
    *batch, filters, depth = graph.nodes[rows].shape
    images, channels = graph.nodes[windows.source].shape[:2]
    if len(batch) not in (1, 2) or batch[0] != images:
        return None
    groups = batch[1] if len(batch) == 2 else 1
    channels //= groups
    if depth != channels * prod(windows.taps):
        return None
    outer = (variable(_IMAGE, images), variable(_GROUP, groups))[: len(batch)]
    along = _joined((_CHANNEL, _DOWN, _ACROSS), (channels, *windows.taps))
    index = (*outer, along, _joined((_ROW, _COLUMN), windows.counts))
    if not _reads(graph, columns, index, windows, channels, groups):
        return None
    weight = _chain(graph, rows)[-1]
    filters_at = _at(graph, rows, (*outer, variable(_FILTER, filters), along), weight)
    if filters_at is None or _IMAGE in _used(filters_at):
        return None
    return _convolution(graph, windows, groups, channels, filters)


def _weight(graph: Graph, rows: int, columns: int, windows: _Windows) -> Convolution | None:
    *batch, filters, _ = graph.nodes[rows].shape
    images, channels = graph.nodes[windows.source].shape[:2]
    if len(batch) > 1:
        return None
    groups = batch[0] if batch else 1
    channels //= groups
    sizes = (images, *windows.counts)
    depth = (channels, *windows.taps)
    if graph.nodes[columns].shape != (*batch, prod(sizes), prod(depth)):
        return None
    outer = (variable(_GROUP, groups),)[: len(batch)]
    along = _joined((_IMAGE, _ROW, _COLUMN), sizes)
    index = (*outer, along, _joined((_CHANNEL, _DOWN, _ACROSS), depth))
    if not _reads(graph, columns, index, windows, channels, groups):
        return None
    index = (*outer, variable(_FILTER, filters), along)
    grads = _image(graph, rows, index, _FILTER, windows.counts)
    if grads is None:
        return None
    return _convolution(graph, windows, groups, channels, filters, grads)


def _convolution(
    graph: Graph,
    windows: _Windows,
    groups: int,
    channels: int,
    filters: int,
    grads: Image | None = None,
) -> Convolution | None:
    source = graph.nodes[windows.source]
    flat = len(source.shape) == 3
    sizes = (1, source.shape[2]) if flat else (source.shape[2], source.shape[3])
    channel = total((scale(variable(_GROUP, groups), channels), variable(_CHANNEL, channels)))
    place = [variable(_ROW, sizes[0]), variable(_COLUMN, sizes[1])]
    index = (variable(_IMAGE, source.shape[0]), channel, *place[1 if flat else 0 :])
    image = _image(graph, windows.source, index, _CHANNEL, sizes)
    if image is None:
        return None
    return Convolution(
        source.dtype,
        source.shape[0],
        groups,
        channels,
        filters,
        windows.taps,
        windows.counts,
        windows.stride,
        windows.dilation,
        image,
        grads,
    )


def _at(graph: Graph, value: int, index: Index, stop: int) -> Entry | None:
    """Return the element of a value below that an element is, if it is one."""
    walk = Walk(graph, (), (stop,))
    walk.need(value, index)
    walk.run()
    found = [e for e in walk.entries.values() if e.kind == "register"]
    return found[0] if len(found) == 1 else None


def _used(entry: Entry) -> set[str]:
    names: set[str] = set()
    for e in (*entry.index, *(c.expr for c in entry.guards)):
        names |= variables(e)
    return names


def _reads(
    graph: Graph, columns: int, index: Index, windows: _Windows, channels: int, groups: int
) -> bool:
    """Tell if the windows' elements at an index are the pixels of a convolution."""
    if columns == windows.source:
        return False
    entry = _at(graph, columns, index, windows.source)
    return entry is not None and entry.index == _pixel(graph, windows, channels, groups)


def _image(graph: Graph, value: int, index: Index, channel: str, sizes: Pair) -> Image | None:
    """Describe a value as images, where it is a stored array in some order with zeros around."""
    bottom = _chain(graph, value)[-1]
    node = graph.nodes[bottom]
    if node.op in SOURCES or (node.op in LEAVES and node.op != "input"):
        return None
    entry = _at(graph, value, index, bottom)
    if entry is None:
        return None
    offset = unbound(ravel(entry.index, node.shape))
    steps = dict.fromkeys((_IMAGE, _GROUP, channel, _ROW, _COLUMN), 0)
    for atom, factor in offset.terms:
        if atom.key not in steps or factor < 0:
            return None
        steps[atom.key] = factor
    ranges = {_ROW: (0, sizes[0]), _COLUMN: (0, sizes[1])}
    for guard in entry.guards:
        if not _narrow(ranges, guard):
            return None
    n, g, c, y, x = steps.values()
    return Image(bottom, offset.const, (n, g, c, y, x), ranges[_ROW], ranges[_COLUMN])


def _narrow(ranges: dict[str, Pair], guard: Cond) -> bool:
    """Take a condition on a row or column into its range; False if it is no such condition."""
    expr = unbound(guard.expr)
    if guard.step or len(expr.terms) != 1:
        return False
    ((atom, factor),) = expr.terms
    if factor != 1 or atom.key not in ranges:
        return False
    low, high = ranges[atom.key]
    ranges[atom.key] = (max(low, -expr.const), min(high, guard.size - expr.const))
    return True


def interleaved(graph: Graph, v: int, one: Convolution) -> tuple[int, Convolution] | None:
    """Return the image that the results of a product are interleaved to, and how, if they are."""
    if one.grads is not None:
        return None
    users, wanted = graph.users(), set(graph.outputs)
    last = v
    while len(users[last]) == 1 and last not in wanted:
        (last,) = users[last]
        if graph.nodes[last].op not in ("reshape", "permute", "pad", "slice"):
            return None
        if len(graph.nodes[last].shape) == 4:
            spread = _spread(graph, v, last, one)
            # A slice of the image may follow.
            if spread is not None and not _is_sliced(graph, users[last], last, wanted):
                return last, replace(one, spread=spread)
    return None


def _is_sliced(graph: Graph, users: list[int], v: int, wanted: set[int]) -> bool:
    return v not in wanted and len(users) == 1 and graph.nodes[users[0]].op == "slice"


def _spread(graph: Graph, v: int, image: int, one: Convolution) -> Spread | None:
    """Compare each pixel with the result that it should be, for all plausible phases."""
    shape = graph.nodes[image].shape
    channels = shape[1] // one.groups
    if channels * one.groups != shape[1] or one.filters % channels or shape[0] != one.images:
        return None
    grown, margin = graph.nodes[image], (0, 0)
    if grown.op == "slice":
        margin = (grown.attrs[0][2], grown.attrs[0][3])
        grown = graph.nodes[grown.inputs[0]]
    if any(n % m for n, m in zip(grown.shape[2:], one.counts, strict=True)):
        return None
    steps = tuple(n // m for n, m in zip(grown.shape[2:], one.counts, strict=True))
    count = one.filters // channels
    if max(steps) == 1:
        return None
    for down in range(1, min(steps[0], count) + 1):
        if count % down or count // down > steps[1]:
            continue
        phases = (down, count // down)
        spread = Spread(phases, (steps[0], steps[1]), margin, (shape[2], shape[3]))
        if _is_spread(graph, v, image, one, spread):
            return spread
    return None


def _is_spread(graph: Graph, v: int, image: int, one: Convolution, spread: Spread) -> bool:
    channels = one.filters // prod(spread.phases)
    group, channel = variable(_GROUP, one.groups), variable(_CHANNEL, channels)
    place = [variable(at, n) for at, n in zip((_ROW, _COLUMN), one.counts, strict=True)]
    phase = [variable(at, n) for at, n in zip((_DOWN, _ACROSS), spread.phases, strict=True)]
    pixel = [
        shift(total((scale(at, step), q)), -margin)
        for at, step, q, margin in zip(place, spread.steps, phase, spread.margin, strict=True)
    ]
    images = variable(_IMAGE, one.images)
    index = (images, total((scale(group, channels), channel)), *pixel)
    entry = _at(graph, image, index, v)
    if entry is None or entry.guards:
        return False
    outer = (images, group)[: len(graph.nodes[v].shape) - 2]
    filters = ravel((channel, *phase), (channels, *spread.phases))
    return entry.index == (*outer, filters, ravel(place, one.counts))
