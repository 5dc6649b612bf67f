"""The methods that wait for a tensor's gradient."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portfire._tensor import Tensor
    from portfire.autograd._node import RemovableHandle

__all__ = ["HookMethods"]

NO_GRADIENT = "cannot register a hook on a tensor that doesn't require gradient"


class HookMethods:
    """Hooks on the gradient of a tensor, and the gradient that is retained."""

    def register_hook(self: Any, hook: Callable[[Tensor], Any]) -> RemovableHandle:
        """Call ``hook(grad)`` when this tensor's gradient is computed; it may return another."""
        from portfire.autograd._node import edge_of

        edge = edge_of(self)
        if edge is None:
            raise RuntimeError(NO_GRADIENT)
        node, number = edge
        if self.is_leaf:
            self._kept_accumulator = node  # the accumulator carries the hook, so keep it
        return node.hook_output(number, hook)

    def register_post_accumulate_grad_hook(
        self: Any, hook: Callable[[Tensor], None]
    ) -> RemovableHandle:
        """Call ``hook(tensor)`` after a backward pass added to ``grad`` of this leaf."""
        from portfire.autograd._node import RemovableHandle

        if not self.requires_grad:
            raise RuntimeError(NO_GRADIENT)
        if not self.is_leaf:
            raise RuntimeError(
                "post accumulate grad hooks cannot be registered on non-leaf tensors"
            )
        if self._leaf_hooks is None:
            self._leaf_hooks = {}
        handle = RemovableHandle(self._leaf_hooks)
        self._leaf_hooks[handle.id] = hook
        return handle

    def retain_grad(self: Any) -> None:
        """Keep the gradient of this non-leaf tensor in ``grad``."""
        if not self.requires_grad:
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        node = self.grad_fn
        if node is not None:
            if node.captured is None:
                node.captured = {}
            node.captured[self._output] = weakref.ref(self)

    @property
    def retains_grad(self: Any) -> bool:
        """Whether `retain_grad` was called on this non-leaf tensor."""
        node = self.grad_fn
        return node is not None and bool(node.captured) and self._output in node.captured
