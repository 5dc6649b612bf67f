"""Hooks that run for all modules, and those that see what modules register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from portfire.autograd import RemovableHandle

__all__ = [
    "ForwardHook",
    "everywhere",
    "hooks_everywhere",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
    "registered",
]


class ForwardHook(NamedTuple):
    """A hook around ``forward``, and how it wants to be called.

    Attributes:
        function: the hook.
        with_kwargs: whether it gets the keyword arguments.
        always_call: whether it runs also when ``forward`` raised.
    """

    function: Callable[..., Any]
    with_kwargs: bool
    always_call: bool = False


# All kinds in one table, so that a call of a module asks only once whether there is any.
everywhere: dict[int, tuple[str, Any]] = {}
_registrations: dict[int, tuple[str, Callable[..., Any]]] = {}


def hooks_everywhere(kind: str) -> dict[int, Any]:
    """Return the hooks of one kind, by the number of their handle."""
    return {key: hook for key, (known, hook) in everywhere.items() if known == kind}


def registered(module: Any, kind: str, name: str, value: Any) -> Any:
    """Show what a module registers to the hooks; return what they make of it."""
    for known, hook in list(_registrations.values()):
        if known == kind:
            answer = hook(module, name, value)
            if answer is not None:
                value = answer
    return value


def _add(table: dict[int, Any], kind: str, hook: Any) -> RemovableHandle:
    handle = RemovableHandle(table)
    table[handle.id] = (kind, hook)
    return handle


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call a hook before ``forward`` of every module, before the module's own.

    Args:
        hook: called as ``hook(module, args)``; it may return new arguments.

    Returns:
        A handle whose ``remove`` takes the hook away.

    Example:
        >>> import portfire
        >>> from portfire.nn.modules.module import register_module_forward_pre_hook
        >>> with register_module_forward_pre_hook(lambda module, args: print(module)):
        ...     _ = portfire.nn.ReLU()(portfire.ones(1))
        ReLU()
    """
    return _add(everywhere, "forward_pre", ForwardHook(hook, False))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call a hook after ``forward`` of every module, before the module's own.

    Args:
        hook: called as ``hook(module, args, output)``, or ``hook(module, args, kwargs, output)``
            with ``with_kwargs``; what it returns, if not None, is the new output.
        with_kwargs: whether the hook gets the keyword arguments.
        always_call: whether it runs also when ``forward`` raised.

    Returns:
        A handle whose ``remove`` takes the hook away.

    Example:
        >>> import portfire
        >>> from portfire.nn.modules.module import register_module_forward_hook
        >>> with register_module_forward_hook(lambda module, args, output: output + 1):
        ...     portfire.nn.ReLU()(portfire.ones(1))
        tensor([2.])
    """
    return _add(everywhere, "forward", ForwardHook(hook, with_kwargs, always_call))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call a hook before gradients flow back through any module, before the module's own.

    Args:
        hook: called as ``hook(module, grad_output)``; it may return new gradients.

    Returns:
        A handle whose ``remove`` takes the hook away.

    Example:
        >>> import portfire
        >>> from portfire.nn.modules.module import register_module_full_backward_pre_hook
        >>> with register_module_full_backward_pre_hook(lambda module, grads: print(grads)):
        ...     portfire.nn.ReLU()(portfire.ones(1, requires_grad=True)).backward()
        (tensor([1.]),)
    """
    return _add(everywhere, "backward_pre", hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call a hook when the gradients of any module's inputs are known, before the module's own.

    Args:
        hook: called as ``hook(module, grad_input, grad_output)``; it may return a new
            ``grad_input``.

    Returns:
        A handle whose ``remove`` takes the hook away.

    Example:
        >>> import portfire
        >>> from portfire.nn.modules.module import register_module_full_backward_hook
        >>> with register_module_full_backward_hook(lambda module, gi, go: print(gi)):
        ...     portfire.nn.ReLU()(portfire.ones(1, requires_grad=True)).backward()
        (tensor([1.]),)
    """
    return _add(everywhere, "backward", hook)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call a hook when gradients flow back through any module (old form).

    Here it does what `register_module_full_backward_hook` does, which new code should call.

    Args:
        hook: called as ``hook(module, grad_input, grad_output)``.

    Returns:
        A handle whose ``remove`` takes the hook away.

    Example:
        >>> import portfire
        >>> from portfire.nn.modules.module import register_module_backward_hook
        >>> with register_module_backward_hook(lambda module, gi, go: print(go)):
        ...     portfire.nn.ReLU()(portfire.ones(1, requires_grad=True)).backward()
        (tensor([1.]),)
    """
    return _add(everywhere, "backward", hook)


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call a hook whenever a module gets a parameter.

    Args:
        hook: called as ``hook(module, name, parameter)``; it may return another parameter.

    Returns:
        A handle whose ``remove`` takes the hook away.

    Example:
        >>> import portfire
        >>> from portfire.nn.modules.module import register_module_parameter_registration_hook
        >>> with register_module_parameter_registration_hook(lambda m, name, p: print(name)):
        ...     _ = portfire.nn.Linear(1, 1)
        weight
        bias
    """
    return _add(_registrations, "parameter", hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call a hook whenever a module gets a buffer.

    Args:
        hook: called as ``hook(module, name, buffer)``; it may return another buffer.

    Returns:
        A handle whose ``remove`` takes the hook away.

    Example:
        >>> import portfire
        >>> from portfire.nn.modules.module import register_module_buffer_registration_hook
        >>> with register_module_buffer_registration_hook(lambda m, name, b: print(name)):
        ...     portfire.nn.Module().register_buffer("mean", portfire.zeros(1))
        mean
    """
    return _add(_registrations, "buffer", hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call a hook whenever a module gets a child.

    Args:
        hook: called as ``hook(module, name, child)``; it may return another module.

    Returns:
        A handle whose ``remove`` takes the hook away.

    Example:
        >>> import portfire
        >>> from portfire.nn.modules.module import register_module_module_registration_hook
        >>> with register_module_module_registration_hook(lambda m, name, child: print(child)):
        ...     _ = portfire.nn.Sequential(portfire.nn.ReLU())
        ReLU()
    """
    return _add(_registrations, "module", hook)
