"""A backward pass that was seen before is appended to the graph at once.

Gradient rules are functions of tensors, and a training loop runs the same ones in the same order at
every step. The key of a backward pass is what its nodes are and how they hang together. The first
time that a key is seen, the rules are run on a scratch recorder, on stand-ins for what was saved,
and the steps are kept as a body; from then on it is appended without running a rule. The first pass
is appended in that way too, so that its graph has the plan of all later ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from portfire import _tensor
from portfire.autograd._node import AccumulateGrad, Edge, Node, OperatorNode
from portfire.engine._body import Body, cut, needs
from portfire.engine._recorder import MAX_PENDING, Recorder
from portfire.engine._value import Value
from portfire.ops._source import FULL, SCALAR

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["replay"]

Propagate = Callable[[list[tuple[Edge, "Tensor"]], set[Edge]], dict[Edge, "Tensor"]]


class _Recorded(NamedTuple):
    body: Body
    numbers: list[bool | int | float]
    leaves: list[int]  # the nodes that get the outputs


class _Graph(NamedTuple):
    key: tuple[Any, ...]
    nodes: list[Node]  # in the order in which gradients reach them
    saved: list[Value]


_UNSEEN: Any = object()
_NEVER: Any = None  # a key whose rules do not only compute from their arguments


def replay(
    recorder: Recorder, root: Edge, grad: Tensor | None, retain: bool, propagate: Propagate
) -> bool:
    """Run a backward pass from its body, if it has one; return whether it did.

    Args:
        recorder: of the device of the tensor that it is for.
        root: where the pass starts.
        grad: the gradient to start from; None for a one.
        retain: whether what was saved is needed again.
        propagate: runs the rules from some edges to others.
    """
    if recorder._limit == 0:  # each operator is run at once
        return False
    graph = _collect(recorder, root, grad)
    if graph is None:
        return False
    key = ("backward", graph.key)
    found = recorder.bodies.get(key, _UNSEEN)
    if found is _UNSEEN:
        found = _record(recorder, graph, root, grad, propagate)
        recorder.remember(key, found)
    if found is _NEVER:
        return False
    values = recorder.splice(found.body, graph.saved, found.numbers)
    for index, value in zip(found.leaves, values, strict=True):
        graph.nodes[index].run((_tensor.Tensor._wrap(value),), False)
    if not retain:
        for node in graph.nodes:
            node.release()
    return True


def _collect(recorder: Recorder, root: Edge, grad: Tensor | None) -> _Graph | None:
    """Walk the nodes of a pass; None where one does more than to apply a rule."""
    nodes = _reachable(root[0])
    if nodes is None:
        return None
    number = {node: i for i, node in enumerate(nodes)}
    saved = [] if grad is None else [grad._read()]
    parts: list[Any] = [root[1], grad is None]
    for node in nodes:
        if type(node) is AccumulateGrad:
            parts.append(node.output_specs[0])
            continue
        if node.saved is None:  # type: ignore[attr-defined]  # an OperatorNode, see _reachable
            return None
        parts += _describe(node, number, saved)  # type: ignore[arg-type]  # the same
    if any(value.recorder is not recorder for value in saved):
        return None
    parts += [(value.shape, value.dtype) for value in saved]
    return _Graph(tuple(parts), nodes, saved)


def _reachable(root: Node) -> list[Node] | None:
    """The nodes of a pass in descending order of creation, None if a hook wants to see one."""
    seen = {root}
    stack = [root]
    while stack:
        node = stack.pop()
        kind = type(node)
        if (kind is not OperatorNode and kind is not AccumulateGrad) or (
            node.hooks or node.pre_hooks or node.captured
        ):
            return None
        for edge in node.edges:
            if edge is not None and edge[0] not in seen:
                seen.add(edge[0])
                stack.append(edge[0])
    return sorted(seen, key=_sequence_of, reverse=True)


def _sequence_of(node: Node) -> int:
    return node.sequence


def _describe(node: OperatorNode, number: dict[Node, int], saved: list[Value]) -> list[Any]:
    """What a node's rule depends on, but for the shapes and dtypes of what it saved."""
    edges = tuple([None if e is None else (number[e[0]], e[1]) for e in node.edges])
    kinds: list[Any] = []
    for item in node.saved or ():
        kind = type(item)
        if kind is tuple:
            (value, path), dtype = item
            saved.append(value)
            kinds.append((path, dtype))
        elif kind is Value:
            saved.append(item)
            kinds.append(None)
        else:
            kinds.append((kind, item))
    return [node.op, node.attrs, edges, tuple(node.sources), tuple(kinds)]


def _record(
    recorder: Recorder, graph: _Graph, root: Edge, grad: Tensor | None, propagate: Propagate
) -> _Recorded | None:
    """Run the rules on stand-ins; None where a rule cannot be run so."""
    from portfire.engine._scratch import ScratchRecorder

    scratch = ScratchRecorder(recorder.device, recorder.runtime, keeps_numbers=True)
    leaves = [scratch.leaf(value.shape, value.dtype) for value in graph.saved]
    twins = _twins(graph.nodes, leaves[grad is not None :])
    start = twins[0], root[1]
    shape, dtype = graph.nodes[0].output_specs[root[1]]
    seed = scratch.record(FULL, (), (shape, 1.0, dtype)) if grad is None else leaves[0]
    sinks = {(twin, 0): i for i, twin in enumerate(twins) if type(twin) is Node}
    try:
        found = propagate([(start, _tensor.Tensor._wrap(seed))], set(sinks))
        values = {sinks[edge]: tensor._read() for edge, tensor in found.items()}
    except Exception:  # noqa: BLE001  (the rules run as usual then, and raise what there is to raise)
        return _NEVER  # type: ignore[no-any-return]  # None, by its name
    if len(scratch.steps) > MAX_PENDING or any(v.recorder is not scratch for v in values.values()):
        return _NEVER  # type: ignore[no-any-return]  # None, by its name
    outputs = [value.index for value in values.values()]
    needed = needs(scratch.steps, outputs)
    numbers = [i for i in sorted(needed) if scratch.steps[i].op is SCALAR]
    body = cut(scratch.steps, range(len(leaves)), numbers, outputs)
    slots = [scratch.steps[i].attrs[0] for i in numbers]
    return _Recorded(body, [scratch.numbers[slot] for slot in slots], list(values))


def _twins(nodes: Sequence[Node], leaves: Sequence[Value]) -> list[Node]:
    """Copies of the nodes with stand-ins for what they saved, and plain nodes at the leaves."""
    twins: dict[Node, Node] = {}
    rest = iter(leaves)
    filled = []
    for node in nodes:  # in the order of `_collect`, which the stand-ins have
        saved: list[Any] = []
        for item in getattr(node, "saved", None) or ():
            if type(item) is tuple:
                (_, path), dtype = item
                saved.append(((next(rest), path), dtype))
            else:
                saved.append(next(rest) if type(item) is Value else item)
        filled.append(saved)
    for node, saved in zip(reversed(nodes), reversed(filled), strict=True):
        if isinstance(node, OperatorNode):
            edges = [None if e is None else (twins[e[0]], e[1]) for e in node.edges]
            twins[node] = node.twin(edges, saved)
        else:
            twins[node] = Node((), node.output_specs)
    return [twins[node] for node in nodes]
