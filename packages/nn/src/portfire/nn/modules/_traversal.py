"""Walking over a module's tree: parameters, buffers, children, and members by dotted name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, cast

from portfire import Tensor
from portfire.nn.modules._registry import Registry
from portfire.nn.parameter import Parameter

if TYPE_CHECKING:
    from portfire.nn.modules.module import Module

__all__ = ["Traversal"]

T = TypeVar("T")


class Traversal(Registry):
    """The part of `portfire.nn.Module` that finds members."""

    def _named_members(
        self,
        members: Callable[[Any], Iterable[tuple[str, T | None]]],
        prefix: str,
        recurse: bool,
        remove_duplicate: bool,
    ) -> Iterator[tuple[str, T]]:
        """Yield the members of this module, or of its whole tree, each object once."""
        seen: set[int] = set()
        modules: Iterable[tuple[str, Any]] = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules:
            for name, member in members(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield (f"{path}.{name}" if path else name), member

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield the parameters with their dotted names.

        Args:
            prefix: what stands before each name.
            recurse: whether to go down into child modules.
            remove_duplicate: whether a shared parameter is yielded once only.

        Returns:
            An iterator of pairs ``(name, parameter)``.

        Example:
            >>> import portfire
            >>> net = portfire.nn.Sequential(portfire.nn.Linear(4, 3), portfire.nn.Linear(3, 1))
            >>> [(name, tuple(p.shape)) for name, p in net.named_parameters()]
            [('0.weight', (3, 4)), ('0.bias', (3,)), ('1.weight', (1, 3)), ('1.bias', (1,))]
        """
        yield from self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, as optimizers want them.

        Args:
            recurse: whether to go down into child modules.

        Returns:
            An iterator of parameters.

        Example:
            >>> import portfire
            >>> sum(p.numel() for p in portfire.nn.Linear(4, 3).parameters())
            15
        """
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the buffers with their dotted names.

        Args:
            prefix: what stands before each name.
            recurse: whether to go down into child modules.
            remove_duplicate: whether a shared buffer is yielded once only.

        Returns:
            An iterator of pairs ``(name, buffer)``.

        Example:
            >>> import portfire
            >>> module = portfire.nn.Module()
            >>> module.register_buffer("mean", portfire.zeros(2))
            >>> list(module.named_buffers())
            [('mean', tensor([0., 0.]))]
        """
        yield from self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers.

        Args:
            recurse: whether to go down into child modules.

        Returns:
            An iterator of tensors.

        Example:
            >>> import portfire
            >>> list(portfire.nn.Linear(4, 3).buffers())
            []
        """
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the direct child modules with their names, each module once.

        Returns:
            An iterator of pairs ``(name, module)``.

        Example:
            >>> import portfire
            >>> list(portfire.nn.Sequential(portfire.nn.ReLU()).named_children())
            [('0', ReLU())]
        """
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, cast("Module", module)

    def children(self) -> Iterator[Module]:
        """Yield the direct child modules, each once.

        Returns:
            An iterator of modules.

        Example:
            >>> import portfire
            >>> list(portfire.nn.Sequential(portfire.nn.ReLU()).children())
            [ReLU()]
        """
        for _, module in self.named_children():
            yield module

    def named_modules(
        self,
        memo: set[Any] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Module]]:
        """Yield this module and all modules below it with their dotted names.

        Args:
            memo: modules that were yielded already; this call adds to it.
            prefix: the name of this module.
            remove_duplicate: whether a shared module is yielded once only.

        Returns:
            An iterator of pairs ``(name, module)``; parents come before their children.

        Example:
            >>> import portfire
            >>> net = portfire.nn.Sequential(portfire.nn.Sequential(portfire.nn.ReLU()))
            >>> [name for name, _ in net.named_modules()]
            ['', '0', '0.0']
        """
        seen = set() if memo is None else memo
        if self in seen:
            return
        if remove_duplicate:
            seen.add(self)
        yield prefix, cast("Module", self)
        for name, child in self._modules.items():
            if child is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from cast("Module", child).named_modules(seen, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """Yield this module and all modules below it.

        Args:
            remove_duplicate: whether a shared module is yielded once only.

        Returns:
            An iterator of modules; parents come before their children.

        Example:
            >>> import portfire
            >>> layer = portfire.nn.ReLU()
            >>> len(list(portfire.nn.Sequential(layer, layer).modules()))
            2
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def get_submodule(self, target: str) -> Module:
        """Return the module of a dotted name.

        Args:
            target: names joined by dots; the empty string means this module.

        Returns:
            The module.

        Raises:
            AttributeError: when a part of the name is missing, or is no module.

        Example:
            >>> import portfire
            >>> net = portfire.nn.Sequential(portfire.nn.Sequential(portfire.nn.Tanh()))
            >>> net.get_submodule("0.0")
            Tanh()
        """
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Registry):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return cast("Module", module)

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Replace (or add) the module of a dotted name.

        Args:
            target: names joined by dots.
            module: the module to put there.
            strict: whether a module must be there already.

        Raises:
            ValueError: for an empty name, or a value that is no module.
            AttributeError: when a part of the name is missing, or is no module.

        Example:
            >>> import portfire
            >>> net = portfire.nn.Sequential(portfire.nn.ReLU())
            >>> net.set_submodule("0", portfire.nn.Tanh())
            >>> net
            Sequential(
              (0): Tanh()
            )
        """
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Registry):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if hasattr(parent, name):
            if not isinstance(getattr(parent, name), Registry):
                raise AttributeError(f"`{name}` is not an nn.Module")
        elif strict:
            raise AttributeError(f"{type(parent).__name__} has no attribute `{name}`")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter of a dotted name.

        Args:
            target: names joined by dots.

        Returns:
            The parameter.

        Raises:
            AttributeError: when a part of the name is missing, or the member is no parameter.

        Example:
            >>> import portfire
            >>> net = portfire.nn.Sequential(portfire.nn.Linear(2, 1))
            >>> net.get_parameter("0.weight").shape
            portfire.Size([1, 2])
        """
        owner, name = self._owner_of(target)
        member = getattr(owner, name)
        if not isinstance(member, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return member

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer of a dotted name.

        Args:
            target: names joined by dots.

        Returns:
            The buffer.

        Raises:
            AttributeError: when a part of the name is missing, or the member is no buffer.

        Example:
            >>> import portfire
            >>> module = portfire.nn.Module()
            >>> module.register_buffer("mean", portfire.zeros(2))
            >>> module.get_buffer("mean")
            tensor([0., 0.])
        """
        owner, name = self._owner_of(target)
        if name not in owner._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return cast("Tensor", getattr(owner, name))

    def _owner_of(self, target: str) -> tuple[Module, str]:
        path, _, name = target.rpartition(".")
        owner = self.get_submodule(path)
        if not hasattr(owner, name):
            raise AttributeError(f"{type(owner).__name__} has no attribute `{name}`")
        return owner, name
