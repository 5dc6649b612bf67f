"""Registration of the hooks that run around ``forward`` and ``backward``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portfire.autograd import RemovableHandle
from portfire.nn.modules._global_hooks import ForwardHook
from portfire.nn.modules._registry import Registry

__all__ = ["Hooks"]

_MIXED = (
    "Cannot use both regular backward hooks and full backward hooks on a single Module. "
    "Please use only one of them."
)


class Hooks(Registry):
    """The part of `portfire.nn.Module` that registers hooks."""

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call a hook before each ``forward``.

        Args:
            hook: called as ``hook(module, args)``, or ``hook(module, args, kwargs)`` with
                ``with_kwargs``; it may return new positional arguments, or the pair
                ``(new_args, new_kwargs)`` with ``with_kwargs``.
            prepend: whether it runs before the hooks that are there already.
            with_kwargs: whether the hook gets the keyword arguments.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.Identity()
            >>> handle = layer.register_forward_pre_hook(lambda module, args: args[0] + 1)
            >>> layer(portfire.zeros(2))
            tensor([1., 1.])
        """
        return _register(self._forward_pre_hooks, ForwardHook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call a hook after each ``forward``.

        Args:
            hook: called as ``hook(module, args, output)``, or ``hook(module, args, kwargs,
                output)`` with ``with_kwargs``; what it returns, if not None, is the new output.
            prepend: whether it runs before the hooks that are there already.
            with_kwargs: whether the hook gets the keyword arguments.
            always_call: whether it runs also when ``forward`` raised.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.ReLU()
            >>> handle = layer.register_forward_hook(lambda module, args, output: output * 2)
            >>> layer(portfire.ones(2))
            tensor([2., 2.])
        """
        entry = ForwardHook(hook, with_kwargs, always_call)
        return _register(self._forward_hooks, entry, prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call a hook before gradients flow back through the module.

        Args:
            hook: called as ``hook(module, grad_output)``; it may return new gradients.
            prepend: whether it runs before the hooks that are there already.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.Identity()
            >>> handle = layer.register_full_backward_pre_hook(lambda m, grads: (grads[0] * 3,))
            >>> x = portfire.ones(2, requires_grad=True)
            >>> layer(x).sum().backward()
            >>> x.grad
            tensor([3., 3.])
        """
        return _register(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call a hook when the gradients of the module's inputs are known.

        Args:
            hook: called as ``hook(module, grad_input, grad_output)``, both tuples with one entry
                per tensor (None where there is no gradient); it may return a new ``grad_input``.
            prepend: whether it runs before the hooks that are there already.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Raises:
            RuntimeError: when the module has hooks of `register_backward_hook`.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.Identity()
            >>> handle = layer.register_full_backward_hook(lambda m, gi, go: print(gi))
            >>> layer(portfire.ones(2, requires_grad=True)).sum().backward()
            (tensor([1., 1.]),)
        """
        if self._is_full_backward_hook is False:
            raise RuntimeError(_MIXED)
        self._is_full_backward_hook = True
        return _register(self._backward_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call a hook when gradients flow back through the module (old form).

        Here it does what `register_full_backward_hook` does, which new code should call.

        Args:
            hook: called as ``hook(module, grad_input, grad_output)``.

        Returns:
            A handle whose ``remove`` takes the hook away.

        Raises:
            RuntimeError: when the module has hooks of `register_full_backward_hook`.

        Note:
            PyTorch's old form passes the gradients of the last operation in the module; here they
            are always those of the module's inputs.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.Identity()
            >>> handle = layer.register_backward_hook(lambda m, gi, go: print(go))
            >>> layer(portfire.ones(2, requires_grad=True)).sum().backward()
            (tensor([1., 1.]),)
        """
        if self._is_full_backward_hook is True:
            raise RuntimeError(_MIXED)
        self._is_full_backward_hook = False
        return _register(self._backward_hooks, hook, False)


def _register(hooks: dict[int, Any], entry: Any, prepend: bool) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    later = dict(hooks) if prepend else {}
    for key in later:
        del hooks[key]
    hooks[handle.id] = entry
    hooks.update(later)
    return handle
