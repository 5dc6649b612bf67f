"""Parameters that are computed from others, each time that they are read.

A parametrized module gets a class of its own, derived from its old one, with a property for each
such parameter; the numbers that are trained are in its child ``parametrizations``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from portfire import Tensor, no_grad
from portfire.nn.modules.container import ModuleList
from portfire.nn.modules.module import Module
from portfire.nn.modules.module_dict import ModuleDict
from portfire.nn.parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]


class _Cache:
    """What `cached` keeps: how many of its blocks are open, and the tensors computed in them."""

    def __init__(self) -> None:
        self.depth = 0
        self.tensors: dict[tuple[int, str], Tensor] = {}


_cache = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor at most once inside the block.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils import parametrizations, parametrize
        >>> layer = parametrizations.weight_norm(portfire.nn.Linear(2, 3))
        >>> with parametrize.cached():
        ...     layer.weight is layer.weight
        True
    """
    _cache.depth += 1
    try:
        yield
    finally:
        _cache.depth -= 1
        if not _cache.depth:
            _cache.tensors = {}


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, and what they are computed from.

    Args:
        modules: the parametrizations, the first one next to the numbers.
        original: the tensor that they take the place of.
        unsafe: whether shape and dtype may change.

    Attributes:
        original: the numbers; ``original0``, ``original1``, ... where ``right_inverse`` of the
            parametrization returns several.

    Raises:
        ValueError: when a parametrization changes shape or dtype.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.utils.parametrizations.weight_norm(portfire.nn.Linear(2, 3))
        >>> layer.parametrizations.weight.original0.shape
        portfire.Size([3, 1])
    """

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        value: Any = original
        with no_grad():
            for module in reversed(list(self)):
                inverse = getattr(module, "right_inverse", None)
                if inverse is not None:
                    value = inverse(value)
        if not isinstance(value, Tensor | Sequence):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(value).__name__}"
            )
        self.is_tensor = isinstance(value, Tensor)
        self.ntensors = 1 if isinstance(value, Tensor) else len(value)
        if isinstance(value, Tensor):
            if value is not original:
                with no_grad():
                    original.data = value.detach()
            _register(self, "original", original, original)
        else:
            for i, part in enumerate(value):
                _register(self, f"original{i}", part, original)
        if not unsafe:
            made = self()
            if not isinstance(made, Tensor):
                raise ValueError(
                    f"A parametrization must return a tensor. Got {type(made).__name__}."
                )
            _check_same(shape, dtype, made)

    def _originals(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{i}" for i in range(self.ntensors)]

    def forward(self) -> Tensor:
        """Compute the tensor."""
        first, *rest = self
        result: Tensor = first(*(getattr(self, name) for name in self._originals()))
        for module in rest:
            result = module(result)
        return result

    def right_inverse(self, value: Tensor) -> None:
        """Set the numbers so that the tensor becomes a value; called by assignment to it.

        Args:
            value: the value.

        Raises:
            RuntimeError: when a parametrization has no ``right_inverse``.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.utils.parametrizations.weight_norm(portfire.nn.Linear(1, 1))
            >>> layer.weight = portfire.tensor([[3.0]])
            >>> layer.parametrizations.weight.original0.item()
            3.0
        """
        current: Any = value
        with no_grad():
            for module in reversed(list(self)):
                inverse = getattr(module, "right_inverse", None)
                if inverse is None:
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                current = inverse(current)
            parts = [current] if isinstance(current, Tensor) else list(current)
            for name, part in zip(self._originals(), parts, strict=True):
                getattr(self, name).data = part.detach().clone()


def _register(owner: Module, name: str, value: Tensor, original: Tensor) -> None:
    if isinstance(value, Parameter):
        owner.register_parameter(name, value)
    elif isinstance(original, Parameter):
        owner.register_parameter(name, Parameter(value, original.requires_grad))
    else:
        owner.register_buffer(name, value)


def _check_same(shape: Any, dtype: Any, made: Tensor) -> None:
    start = "Registering a parametrization may not change the"
    end = "of the tensor, unless `unsafe` flag is enabled."
    if made.dtype is not dtype:
        raise ValueError(
            f"{start} dtype {end}\nunparametrized dtype: {dtype}\nparametrized dtype: {made.dtype}"
        )
    if made.shape != shape:
        raise ValueError(
            f"{start} shape {end}\nunparametrized shape: {shape}\nparametrized shape: {made.shape}"
        )


class _Parametrized:
    """What the classes of parametrized modules share."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return copied

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict()."
        )


def _use_class(module: Any, names: list[str]) -> None:
    """Give a module a class with a property for each name: none for none."""
    base = type_before_parametrizations(module)
    if not names:
        module.__class__ = base
        return
    properties = {name: _property(name) for name in names}
    module.__class__ = type(f"Parametrized{base.__name__}", (_Parametrized, base), properties)


def _property(name: str) -> property:
    def read(self: Any) -> Tensor:
        made: Tensor
        if not _cache.depth:
            made = self.parametrizations[name]()
            return made
        key = (id(self), name)
        if key not in _cache.tensors:
            _cache.tensors[key] = self.parametrizations[name]()
        return _cache.tensors[key]

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(read, write)


def register_parametrization(
    module: Any, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Any:
    """Let a parameter or buffer be what a module makes of it, from now on.

    Args:
        module: whose tensor it is.
        tensor_name: its name.
        parametrization: the module that computes the new tensor from the old one. Where it has a
            method ``right_inverse``, the old tensor (and what is assigned later) passes through
            that first; it may return several tensors.
        unsafe: whether shape and dtype may change.

    Returns:
        The module that was given.

    Raises:
        ValueError: when there is no such tensor, or shape or dtype would change.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils import parametrize
        >>> class Symmetric(portfire.nn.Module):
        ...     def forward(self, x):
        ...         return x.triu() + x.triu(1).T
        >>> layer = portfire.nn.Linear(2, 2)
        >>> layer = parametrize.register_parametrization(layer, "weight", Symmetric())
        >>> portfire.allclose(layer.weight, layer.weight.T)
        True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        known = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            _check_same(before.shape, before.dtype, parametrization(before))
        known.append(parametrization)
        known.unsafe = known.unsafe or unsafe
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    made = ParametrizationList([parametrization], getattr(module, tensor_name), unsafe)
    delattr(module, tensor_name)
    if not is_parametrized(module):
        module.parametrizations = ModuleDict()
    module.parametrizations[tensor_name] = made
    _use_class(module, list(module.parametrizations))
    return module


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Tell whether a module has parametrizations.

    Args:
        module: the module.
        tensor_name: of which tensor; of any by default.

    Returns:
        Whether it has.

    Example:
        >>> import portfire
        >>> portfire.nn.utils.parametrize.is_parametrized(portfire.nn.Linear(1, 1))
        False
    """
    known = module._modules.get("parametrizations")
    if not isinstance(known, ModuleDict):
        return False
    return len(known) > 0 if tensor_name is None else tensor_name in known


def type_before_parametrizations(module: Any) -> type:
    """Return the class that a module had before it was parametrized.

    Args:
        module: the module.

    Returns:
        The class.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils import parametrizations, parametrize
        >>> layer = parametrizations.weight_norm(portfire.nn.Linear(2, 3))
        >>> parametrize.type_before_parametrizations(layer).__name__
        'Linear'
    """
    cls = type(module)
    return cls.__bases__[1] if issubclass(cls, _Parametrized) else cls


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Take the parametrizations of a tensor away.

    Args:
        module: whose tensor it is.
        tensor_name: its name.
        leave_parametrized: whether it keeps the computed value, and not the numbers beneath.

    Returns:
        The module that was given.

    Raises:
        ValueError: when there are none, or several tensors beneath would have to stay.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils import parametrizations, parametrize
        >>> layer = parametrizations.weight_norm(portfire.nn.Linear(2, 3))
        >>> parametrize.remove_parametrizations(layer, "weight")
        Linear(in_features=2, out_features=3, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    known = module.parametrizations[tensor_name]
    if known.is_tensor:
        original = known.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        made = getattr(module, tensor_name)
        original = Parameter(made.detach()) if made.requires_grad else made
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    del module.parametrizations[tensor_name]
    names = list(module.parametrizations)
    _use_class(module, names)
    _register(module, tensor_name, original, original)
    if not names:
        del module.parametrizations
    return module
