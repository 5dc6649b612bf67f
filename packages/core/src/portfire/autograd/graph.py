"""The backward graph as seen from outside: hooks on saved tensors, on gradients, and edges.

Example:
    >>> import portfire
    >>> x = portfire.ones(2, requires_grad=True)
    >>> portfire.autograd.graph.get_gradient_edge(x * 2).node.name()
    'MulBackward0'
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from portfire import _tensor
from portfire.autograd._mode import state as grad_state
from portfire.autograd._node import GradientEdge, Node, RemovableHandle, edge_of
from portfire.autograd._watch import disabled, hooked

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]


class saved_tensors_hooks:
    """Replace what the backward pass keeps, for the operations of a ``with`` block.

    ``pack_hook(tensor)`` is called when a tensor is saved, and what it returns is kept;
    ``unpack_hook(kept)`` returns a tensor of the same elements when the backward pass needs it. Of
    nested blocks, the innermost one counts.

    Args:
        pack_hook: takes a tensor, returns any object.
        unpack_hook: takes that object, returns a tensor.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([1.0, 2.0], requires_grad=True)
        >>> hooks = (lambda t: t.tolist(), portfire.tensor)
        >>> with portfire.autograd.graph.saved_tensors_hooks(*hooks):
        ...     y = (x * x).sum()
        >>> y.backward()
        >>> x.grad
        tensor([2., 4.])
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook
        self._open: list[Any] = []

    def __enter__(self) -> None:
        block = hooked(self.pack_hook, self.unpack_hook)
        block.__enter__()
        self._open.append(block)

    def __exit__(self, *error: Any) -> None:
        self._open.pop().__exit__(*error)


class save_on_cpu(saved_tensors_hooks):
    """Keep what the backward pass needs on the host, for the operations of a ``with`` block.

    Args:
        pin_memory: accepted; memory of the host is never pinned.
        device_type: accepted.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([1.0, 2.0], requires_grad=True)
        >>> with portfire.autograd.graph.save_on_cpu():
        ...     y = (x * x).sum()
        >>> y.backward()
        >>> x.grad
        tensor([2., 4.])
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(
            lambda tensor: (tensor.device, tensor.cpu()), lambda kept: kept[1].to(kept[0])
        )


def disable_saved_tensors_hooks(error_message: str) -> contextlib.AbstractContextManager[None]:
    """Refuse `saved_tensors_hooks` in a ``with`` block.

    Args:
        error_message: of the RuntimeError that is raised.

    Example:
        >>> import portfire
        >>> with portfire.autograd.graph.disable_saved_tensors_hooks("not here"):
        ...     y = portfire.ones(2)
    """
    return disabled(error_message)


@contextlib.contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[None]:
    """Allow in-place changes of tensors that the backward pass needs, which is always so here.

    Note:
        What is saved is the value that a tensor had, so the block changes nothing.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, requires_grad=True)
        >>> with portfire.autograd.graph.allow_mutation_on_saved_tensors():
        ...     y = x.clone()
        ...     z = (y * y).sum()
        ...     _ = y.zero_()
        >>> z.backward()
        >>> x.grad
        tensor([2., 2.])
    """
    yield


def get_gradient_edge(tensor: Any) -> GradientEdge:
    """Return where the gradient of a tensor goes; `autograd.grad` takes it as an input.

    Raises:
        RuntimeError: if the tensor does not require grad.

    Example:
        >>> import portfire
        >>> x = portfire.tensor(2.0, requires_grad=True)
        >>> y = x * 3
        >>> edge = portfire.autograd.graph.get_gradient_edge(y)
        >>> portfire.autograd.grad(y * y, edge)
        (tensor(12.),)
    """
    edge = edge_of(tensor)
    if edge is None:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    return GradientEdge(*edge)


def increment_version(tensor: Any) -> None:
    """Count a write to a tensor, or to each of several, that was made behind portfire's back.

    Example:
        >>> import portfire
        >>> x = portfire.ones(1)
        >>> portfire.autograd.graph.increment_version(x)
        >>> x._version
        1
    """
    for one in [tensor] if isinstance(tensor, _tensor.Tensor) else tensor:
        one._storage.version += 1


class _Handles:
    """Several hooks that are removed together."""

    def __init__(self, handles: Sequence[RemovableHandle]) -> None:
        self.handles = handles

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()

    def __enter__(self) -> _Handles:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


def register_multi_grad_hook(
    tensors: Sequence[Any], fn: Callable[..., None], *, mode: str = "all"
) -> Any:
    """Call a function when the gradients of several tensors are there.

    Args:
        tensors: tensors that require grad.
        fn: called once per backward pass. With ``mode="all"`` it takes a list with one gradient per
            tensor, None for those that the pass does not reach; with ``mode="any"`` it takes the
            gradient that is there first.
        mode: ``"all"`` or ``"any"``.

    Returns:
        A handle with a method ``remove``.

    Raises:
        ValueError: if the mode is another one.

    Example:
        >>> import portfire
        >>> x = portfire.ones(1, requires_grad=True)
        >>> y = portfire.ones(1, requires_grad=True)
        >>> hook = portfire.autograd.graph.register_multi_grad_hook((x, y), print)
        >>> (x * 2 + y * 3).sum().backward()
        [tensor([2.]), tensor([3.])]
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    edges = [get_gradient_edge(tensor) for tensor in tensors]
    lock = threading.Lock()
    passes: weakref.WeakKeyDictionary[Any, _Arrived] = weakref.WeakKeyDictionary()

    def hook(number: int, grad: Any) -> None:
        current = grad_state.current
        with lock:
            arrived = passes.get(current)
            if arrived is None:
                expected = sum(current.runs(edge.node) for edge in edges) if mode == "all" else 1
                arrived = passes[current] = _Arrived([None] * len(edges), expected)
            arrived.grads[number] = grad
            arrived.missing -= 1
        if arrived.missing == 0:
            fn(arrived.grads if mode == "all" else grad)

    return _Handles(
        [tensor.register_hook(functools.partial(hook, i)) for i, tensor in enumerate(tensors)]
    )


@dataclasses.dataclass
class _Arrived:
    """The gradients of one backward pass, and how many are still to come."""

    grads: list[Any]
    missing: int
