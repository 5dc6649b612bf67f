"""Tensors that a module knows as its own."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor

__all__ = ["Buffer", "Parameter"]


class Parameter(Tensor):
    """A tensor that becomes a parameter of the module whose attribute it is.

    It shares its values with the tensor that it is made from.

    Args:
        data: the tensor; an empty one by default.
        requires_grad: whether gradients are computed for it.

    Raises:
        AttributeError: when ``data`` is no tensor.
        RuntimeError: when gradients are wanted of integers.

    Example:
        >>> import portfire
        >>> portfire.nn.Parameter(portfire.ones(2))
        Parameter containing:
        tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        """Make a parameter, see the class."""
        source = portfire.empty(0) if data is None else data.detach()
        made: Parameter = Tensor._make_subclass(cls, source, requires_grad)
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.data.clone(), self.requires_grad)
        copied: Parameter = memo[id(self)]
        return copied

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return type(self), (self.data, self.requires_grad)

    def __repr__(self, **kwargs: Any) -> str:
        return f"Parameter containing:\n{super().__repr__(**kwargs)}"


class Buffer(Tensor):
    """A tensor that becomes a buffer of the module whose attribute it is.

    Args:
        data: the tensor; an empty one by default.
        persistent: whether ``state_dict`` holds it.

    Example:
        >>> import portfire
        >>> module = portfire.nn.Module()
        >>> module.mean = portfire.nn.Buffer(portfire.zeros(2))
        >>> module.state_dict()["mean"]
        tensor([0., 0.])
    """

    persistent: bool

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        """Make a buffer, see the class."""
        source = portfire.empty(0) if data is None else data.detach()
        made: Buffer = Tensor._make_subclass(cls, source, False)
        made.persistent = persistent
        return made

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.detach().clone(), persistent=self.persistent)
        copied: Buffer = memo[id(self)]
        return copied

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _restore_buffer, (type(self), self.detach(), self.persistent)


def _restore_buffer(cls: type[Buffer], data: Tensor, persistent: bool) -> Buffer:
    return cls(data, persistent=persistent)
