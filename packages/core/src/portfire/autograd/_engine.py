"""The backward pass: gradients flow from node to node in descending order of creation."""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _tensor
from portfire.autograd._mode import state as grad_state
from portfire.autograd._node import (
    EVERY_OUTPUT,
    Edge,
    GradientEdge,
    Node,
    accumulate,
    edge_of,
    watch,
)
from portfire.autograd._replay import replay
from portfire.autograd._watch import watched

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["apply_rules", "backward", "run_backward"]


def run_backward(
    tensors: Sequence[Tensor],
    grads: Sequence[Tensor | None],
    retain_graph: bool,
    create_graph: bool,
    inputs: Sequence[Tensor | GradientEdge] | None = None,
) -> dict[Edge, Tensor]:
    """Propagate gradients from some tensors; return those that arrive at ``inputs``.

    Without ``inputs`` every leaf accumulates its gradient; with them nothing is accumulated, and
    only nodes on a way to one of them run.
    """
    roots: list[Edge] = []
    for number, tensor in enumerate(tensors):
        edge = edge_of(tensor)
        if edge is None:
            raise RuntimeError(
                f"element {number} of tensors does not require grad and does not have a grad_fn"
            )
        roots.append(edge)
    outer = grad_state.enabled, grad_state.current
    grad_state.enabled = create_graph
    try:
        seeds = [_checked(tensor, grad) for tensor, grad in zip(tensors, grads, strict=True)]
        if inputs is None and len(roots) == 1 and not create_graph and not watch.count:
            recorder = tensors[0]._storage.value.recorder
            if replay(recorder, roots[0], seeds[0], retain_graph, apply_rules):
                return {}
        starts = [
            (edge, _one(tensor) if seed is None else seed)
            for edge, tensor, seed in zip(roots, tensors, seeds, strict=True)
        ]
        if inputs is None:
            return _propagate(starts, None, retain_graph, create_graph)
        wanted = {edge for t in inputs if (edge := _target(t)) is not None}
        return _propagate(starts, wanted, retain_graph, create_graph)
    finally:
        grad_state.enabled, grad_state.current = outer


class Pass:
    """A backward pass that is on its way.

    Attributes:
        roots: the nodes where it starts.
        reached: the nodes on a way to the inputs that are asked for; None if all leaves are.
    """

    def __init__(self, roots: list[Node], reached: set[Node] | None) -> None:
        self.roots = roots
        self.reached = reached

    def runs(self, node: Node) -> bool:
        """Tell whether the gradient of a node's outputs is part of the pass."""
        if self.reached is not None and node not in self.reached:
            return False
        return node in _below(self.roots)


def apply_rules(starts: list[tuple[Edge, Tensor]], wanted: set[Edge]) -> dict[Edge, Tensor]:
    """Run the rules from some edges to others, and keep what was saved."""
    return _propagate(starts, wanted, True, False)


def _propagate(
    starts: list[tuple[Edge, Tensor]],
    wanted: set[Edge] | None,
    retain_graph: bool,
    create_graph: bool,
) -> dict[Edge, Tensor]:
    """Send gradients from node to node; return those that arrive at the wanted edges."""
    pending: dict[Node, list[Tensor | None]] = {}
    heap: list[tuple[int, Node]] = []

    def send(edge: Edge, grad: Tensor) -> None:
        node, number = edge
        slots = pending.get(node)
        if slots is None:
            slots = pending[node] = [None] * len(node.output_specs)
            heapq.heappush(heap, (-node.sequence, node))
        old = slots[number]
        slots[number] = grad if old is None else old + grad

    for edge, grad in starts:
        send(edge, grad)
    roots = list(pending)
    reached = set() if wanted is None else _leading_to(roots, {n for n, _ in wanted})
    grad_state.current = Pass(roots, None if wanted is None else reached)
    found: dict[Edge, Tensor] = {}
    while heap:
        _, node = heapq.heappop(heap)
        slots = pending.pop(node)
        if node.pre_hooks or node.captured:
            slots = _call_hooks_before(node, slots)
        if wanted is not None:
            for number, arrived in enumerate(slots):
                if arrived is not None and (node, number) in wanted:
                    found[node, number] = arrived
            if not any(e is not None and e[0] in reached for e in node.edges):
                continue
        run = watched if watch.count else type(node).run
        results = run(node, slots, create_graph)
        if node.hooks:
            results = _call_node_hooks(node, results, slots)
        for target, result in zip(node.edges, results, strict=True):
            if target is None or result is None:
                continue
            if wanted is None or target[0] in reached:
                send(target, result)
        if not retain_graph:
            node.release()
    return found


def _checked(tensor: Tensor, grad: Tensor | None) -> Tensor | None:
    """The gradient to start from, None for a one."""
    if grad is None:
        if tensor.numel() != 1:
            raise RuntimeError("grad can be implicitly created only for scalar outputs")
        return None
    if grad._shape != tensor._shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {grad.shape} and output[0] has a "
            f"shape of {tensor.shape}."
        )
    return grad


def _one(tensor: Tensor) -> Tensor:
    from portfire._dispatch import full

    return full(tensor._shape, 1.0, tensor)


def _below(roots: list[Node]) -> set[Node]:
    """Some nodes, and all that gradients reach from them."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(edge[0] for edge in node.edges if edge is not None)
    return seen


def _leading_to(roots: list[Node], targets: set[Node]) -> set[Node]:
    """The nodes from which a target can be reached."""
    needed = set(targets)
    for node in sorted(_below(roots), key=lambda n: n.sequence):
        if any(edge is not None and edge[0] in needed for edge in node.edges):
            needed.add(node)
    return needed


def _target(tensor: Tensor | GradientEdge) -> Edge | None:
    """Where the gradient of an input arrives: a tensor's edge, or an edge that was asked for."""
    if isinstance(tensor, _tensor.Tensor):
        return edge_of(tensor)
    node, number = tensor  # a GradientEdge
    return node, number


def _call_hooks_before(node: Node, slots: list[Tensor | None]) -> list[Tensor | None]:
    """Hooks of tensors see, and may replace, the whole gradient; then it is retained.

    The hooks of the node itself come last.
    """
    hooks = list((node.pre_hooks or {}).values())
    for number, hook in hooks:
        grad = None if number == EVERY_OUTPUT else slots[number]
        if grad is not None:
            slots[number] = _replaced(grad, hook(grad), hook)
    for number, reference in (node.captured or {}).items():
        tensor, grad = reference(), slots[number]
        if tensor is not None and grad is not None:
            tensor._grad = grad if tensor._grad is None else tensor._grad + grad
    for number, hook in hooks:
        if number == EVERY_OUTPUT:
            slots = _all_replaced(slots, hook(tuple(slots)), hook)
    return slots


def _replaced(grad: Tensor | None, returned: Any, hook: Any) -> Any:
    """What a hook makes of one gradient; None changes nothing."""
    if returned is None:
        return grad
    if not isinstance(returned, _tensor.Tensor):
        raise TypeError(f"expected Variable, but hook returned '{type(returned).__name__}'")
    if grad is None:
        return returned
    name = getattr(hook, "__name__", type(hook).__name__)
    if returned._dtype is not grad._dtype:
        raise RuntimeError(
            f"hook '{name}' has changed the type of value (was {grad.type()} got {returned.type()})"
        )
    if returned._shape != grad._shape:
        raise RuntimeError(f"hook '{name}' has changed the size of value")
    return returned


def _all_replaced(grads: Sequence[Tensor | None], returned: Any, hook: Any) -> list[Any]:
    """What a hook makes of several gradients."""
    if returned is None:
        return list(grads)
    results = list(returned) if isinstance(returned, tuple | list) else [returned]
    if len(results) != len(grads):
        name = getattr(hook, "__name__", type(hook).__name__)
        raise RuntimeError(
            f"hook '{name}' has returned an incorrect number of values (got {len(results)}, but "
            f"expected {len(grads)})"
        )
    return [_replaced(g, r, hook) for g, r in zip(grads, results, strict=True)]


def _call_node_hooks(node: Node, results: Any, slots: Any) -> Any:
    for hook in list((node.hooks or {}).values()):
        results = _all_replaced(results, hook(tuple(results), tuple(slots)), hook)
    return results


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Compute the sum of gradients of tensors with respect to the leaves of their graph.

    Args:
        tensors: one or several tensors that require grad.
        grad_tensors: the gradients to start from, one per tensor; None for one-element tensors.
        retain_graph: keep what was saved, so that backward can run again; as ``create_graph``.
        create_graph: record the backward pass too, for derivatives of higher order.
        grad_variables: the older name of ``grad_tensors``.
        inputs: the leaves to accumulate into; all of them by default.

    Raises:
        RuntimeError: if a tensor does not require grad, has several elements and no gradient to
            start from, or its graph was freed.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([1.0, 2.0], requires_grad=True)
        >>> portfire.autograd.backward((x * x).sum())
        >>> x.grad
        tensor([2., 4.])
    """
    roots = [tensors] if isinstance(tensors, _tensor.Tensor) else list(tensors)
    if grad_variables is not None:
        warnings.warn(
            "`grad_variables` is deprecated. Use `grad_tensors` instead.",
            FutureWarning,
            stacklevel=2,
        )
        if grad_tensors is not None:
            raise RuntimeError(
                "`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                "`backward()`. Please only use `grad_tensors`."
            )
        grad_tensors = grad_variables
    seeds = _as_list(grad_tensors, len(roots))
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        run_backward(roots, seeds, keep, create_graph)
        return
    targets = [inputs] if isinstance(inputs, _tensor.Tensor) else list(inputs)
    if not targets:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    for target in targets:
        if not target.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    found = run_backward(roots, seeds, keep, create_graph, targets)
    for target in dict.fromkeys(targets):
        edge = edge_of(target)
        if edge is not None and edge in found:
            accumulate(target, found[edge], create_graph)


def _as_list(grads: Any, count: int) -> list[Any]:
    if grads is None:
        return [None] * count
    result = [grads] if isinstance(grads, _tensor.Tensor) else list(grads)
    if len(result) != count:
        raise RuntimeError(f"got {count} tensors and {len(result)} gradients")
    return result


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of outputs with respect to inputs, accumulating nothing.

    Args:
        outputs: one or several tensors.
        inputs: one or several tensors that require grad.
        grad_outputs: gradients to start from; None for one-element outputs.
        retain_graph: keep what was saved; as ``create_graph`` by default.
        create_graph: make the result differentiable.
        only_inputs: has no meaning any more; warns if it is False.
        allow_unused: return None for inputs that the outputs do not depend on, instead of raising.
        is_grads_batched: the first dimension of ``grad_outputs`` counts gradients to start from;
            so does that of the results.
        materialize_grads: return zeros for those.

    Returns:
        A tuple with one tensor per input.

    Raises:
        RuntimeError: if an input does not require grad, or is unused and that is not allowed.

    Example:
        >>> import portfire
        >>> x = portfire.tensor(3.0, requires_grad=True)
        >>> portfire.autograd.grad(x * x, x)
        (tensor(6.),)
    """
    roots = [outputs] if isinstance(outputs, _tensor.Tensor) else list(outputs)
    targets = [inputs] if isinstance(inputs, _tensor.Tensor | GradientEdge) else list(inputs)
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True).",
            FutureWarning,
            stacklevel=2,
        )
    if not targets:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    if allow_unused is None:
        allow_unused = materialize_grads
    elif materialize_grads and not allow_unused:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    for target in targets:
        if isinstance(target, _tensor.Tensor) and not target.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    keep = create_graph if retain_graph is None else retain_graph
    seeds = _as_list(grad_outputs, len(roots))
    choose = allow_unused, materialize_grads
    if not is_grads_batched:
        return _chosen(targets, run_backward(roots, seeds, keep, create_graph, targets), *choose)
    from portfire._functions.joining import stack

    count = next(seed._shape[0] for seed in seeds if seed is not None)
    rows = []
    for i in range(count):
        row = [None if seed is None else seed[i] for seed in seeds]
        found = run_backward(roots, row, keep or i + 1 < count, create_graph, targets)
        rows.append(_chosen(targets, found, *choose))
    return tuple(None if column[0] is None else stack(column) for column in zip(*rows, strict=True))


def _chosen(
    targets: Sequence[Any], found: dict[Edge, Tensor], allow_unused: bool, materialize: bool
) -> tuple[Any, ...]:
    """The gradients of some inputs among those that arrived."""
    from portfire._dispatch import full

    results: list[Tensor | None] = []
    for number, target in enumerate(targets):
        edge = _target(target)
        result = found.get(edge) if edge is not None else None
        if result is None and not allow_unused:
            raise RuntimeError(
                f"The differentiated Tensor at index {number} appears to not have been used in "
                "the graph. Set allow_unused=True if this is the desired behavior."
            )
        if result is None and materialize:
            if not isinstance(target, _tensor.Tensor):
                raise RuntimeError(
                    "materialize_grads cannot be used when the given input is a GradientEdge"
                )
            result = full(target._shape, 0.0, target)
        results.append(result)
    return tuple(results)
