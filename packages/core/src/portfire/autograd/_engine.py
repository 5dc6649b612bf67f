"""The backward pass: gradients flow from node to node in descending order of creation."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _tensor
from portfire.autograd._mode import state as grad_state
from portfire.autograd._node import Edge, Node, edge_of
from portfire.autograd._replay import replay

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["apply_rules", "backward", "run_backward"]


def run_backward(
    tensors: Sequence[Tensor],
    grads: Sequence[Tensor | None],
    retain_graph: bool,
    create_graph: bool,
    inputs: Sequence[Tensor] | None = None,
) -> dict[Edge, Tensor]:
    """Propagate gradients from some tensors; return those that arrive at ``inputs``.

    Without ``inputs`` every leaf accumulates its gradient; with them nothing is accumulated, and
    only nodes on a way to one of them run.
    """
    roots: list[Edge] = []
    for tensor in tensors:
        edge = edge_of(tensor)
        if edge is None:
            raise RuntimeError(
                "element 0 of tensors does not require grad and does not have a grad_fn"
            )
        roots.append(edge)
    outer, grad_state.enabled = grad_state.enabled, create_graph
    try:
        seeds = [_checked(tensor, grad) for tensor, grad in zip(tensors, grads, strict=True)]
        if inputs is None and len(roots) == 1 and not create_graph:
            recorder = tensors[0]._storage.value.recorder
            if replay(recorder, roots[0], seeds[0], retain_graph, apply_rules):
                return {}
        starts = [
            (edge, _one(tensor) if seed is None else seed)
            for edge, tensor, seed in zip(roots, tensors, seeds, strict=True)
        ]
        if inputs is None:
            return _propagate(starts, None, retain_graph, create_graph)
        wanted = {edge for t in inputs if (edge := edge_of(t)) is not None}
        return _propagate(starts, wanted, retain_graph, create_graph)
    finally:
        grad_state.enabled = outer


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
    reached = set() if wanted is None else _leading_to(list(pending), {n for n, _ in wanted})
    found: dict[Edge, Tensor] = {}
    while heap:
        _, node = heapq.heappop(heap)
        slots = pending.pop(node)
        _call_tensor_hooks(node, slots)
        if wanted is not None:
            for number, arrived in enumerate(slots):
                if arrived is not None and (node, number) in wanted:
                    found[node, number] = arrived
            if not any(e is not None and e[0] in reached for e in node.edges):
                continue
        results = node.run(slots, create_graph)
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


def _leading_to(roots: list[Node], targets: set[Node]) -> set[Node]:
    """The nodes from which a target can be reached."""
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(edge[0] for edge in node.edges if edge is not None)
    needed = set(targets)
    for node in sorted(seen, key=lambda n: n.sequence):
        if any(edge is not None and edge[0] in needed for edge in node.edges):
            needed.add(node)
    return needed


def _call_tensor_hooks(node: Node, slots: list[Tensor | None]) -> None:
    """Hooks of tensors see, and may replace, the whole gradient; then it is retained."""
    for number, hook in list((node.pre_hooks or {}).values()):
        grad = slots[number]
        if grad is not None:
            changed = hook(grad)
            slots[number] = grad if changed is None else changed
    for number, reference in (node.captured or {}).items():
        tensor, grad = reference(), slots[number]
        if tensor is not None and grad is not None:
            tensor._grad = grad if tensor._grad is None else tensor._grad + grad


def _call_node_hooks(node: Node, results: Any, slots: Any) -> Any:
    for hook in list((node.hooks or {}).values()):
        changed = hook(tuple(results), tuple(slots))
        results = results if changed is None else changed
    return results


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Compute the sum of gradients of tensors with respect to the leaves of their graph.

    Args:
        tensors: one or several tensors that require grad.
        grad_tensors: the gradients to start from, one per tensor; None for one-element tensors.
        retain_graph: keep what was saved, so that backward can run again; as ``create_graph``.
        create_graph: record the backward pass too, for derivatives of higher order.
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
    seeds = _as_list(grad_tensors, len(roots))
    keep = create_graph if retain_graph is None else retain_graph
    if inputs is None:
        run_backward(roots, seeds, keep, create_graph)
        return
    targets = [inputs] if isinstance(inputs, _tensor.Tensor) else list(inputs)
    if not targets:
        raise RuntimeError("'inputs' argument to backward() cannot be empty.")
    found = run_backward(roots, seeds, keep, create_graph, targets)
    for target in targets:
        edge = edge_of(target)
        if edge is not None and edge in found:
            grad = found[edge]
            target._grad = grad if target._grad is None else target._grad + grad


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
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Return the gradients of outputs with respect to inputs, accumulating nothing.

    Args:
        outputs: one or several tensors.
        inputs: one or several tensors that require grad.
        grad_outputs: gradients to start from; None for one-element outputs.
        retain_graph: keep what was saved; as ``create_graph`` by default.
        create_graph: make the result differentiable.
        allow_unused: return None for inputs that the outputs do not depend on, instead of raising.
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
    targets = [inputs] if isinstance(inputs, _tensor.Tensor) else list(inputs)
    if allow_unused is None:
        allow_unused = materialize_grads
    for target in targets:
        if not target.requires_grad:
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    keep = create_graph if retain_graph is None else retain_graph
    found = run_backward(roots, _as_list(grad_outputs, len(roots)), keep, create_graph, targets)
    results = []
    for target in targets:
        edge = edge_of(target)
        result = found.get(edge) if edge is not None else None
        if result is None and not allow_unused:
            raise RuntimeError(
                "One of the differentiated Tensors appears to not have been used in the graph. "
                "Set allow_unused=True if this is the desired behavior."
            )
        if result is None and materialize_grads:
            from portfire._dispatch import zeros

            result = zeros(target._shape, target)
        results.append(result)
    return tuple(results)
