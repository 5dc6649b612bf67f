"""Modules made of numbered modules: in a chain, or in a list."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, cast, overload

from portfire.nn._names import typename
from portfire.nn.modules.module import Module, indent

__all__ = ["ModuleList", "Sequential"]

S = TypeVar("S", bound="_Numbered")


class _Numbered(Module):
    """Children under the names "0", "1", ...: what `Sequential` and `ModuleList` share."""

    def _position(self, index: int) -> int:
        """Turn an index, maybe negative, into a position."""
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"index {position} is out of range")
        return position % len(self)

    def _key(self, index: int) -> str:
        # A Sequential from an OrderedDict has names of its own.
        return list(self._modules)[self._position(index)]

    def _members(self) -> list[Module]:
        return cast("list[Module]", list(self._modules.values()))

    def _renumber(self, modules: Iterable[Any]) -> None:
        self._modules = {str(i): module for i, module in enumerate(modules)}

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._members())

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self: S, index: slice) -> S: ...

    def __getitem__(self: S, index: int | slice) -> Module | S:
        if isinstance(index, slice):
            return self._part(index)
        return self._members()[self._position(index)]

    def _part(self: S, index: slice) -> S:
        part = type(self)()
        part._renumber(self._members()[index])
        return part

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._key(index), module)

    def append(self: S, module: Module) -> S:
        """Add a module at the end.

        Args:
            module: the module.

        Returns:
            The container itself.

        Raises:
            TypeError: when it is no module.

        Example:
            >>> from portfire import nn
            >>> nn.ModuleList().append(nn.Tanh())
            ModuleList(
              (0): Tanh()
            )
        """
        self.add_module(str(len(self)), module)
        return self

    def insert(self: S, index: int, module: Module) -> S:
        """Put a module before a position.

        Args:
            index: the position; negative ones count from the end.
            module: the module.

        Returns:
            The container itself.

        Raises:
            TypeError: when it is no module.
            IndexError: when the position is out of range.

        Example:
            >>> from portfire import nn
            >>> nn.Sequential(nn.Tanh()).insert(0, nn.ReLU())
            Sequential(
              (0): ReLU()
              (1): Tanh()
            )
        """
        if not isinstance(module, Module):
            raise TypeError(f"{typename(module)} is not a Module subclass")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        modules = self._members()
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def extend(self: S, modules: Iterable[Module]) -> S:
        """Add several modules at the end.

        Args:
            modules: the modules.

        Returns:
            The container itself.

        Raises:
            TypeError: when ``modules`` can't be iterated, or holds something else.

        Example:
            >>> from portfire import nn
            >>> len(nn.ModuleList([nn.ReLU()]).extend([nn.Tanh(), nn.ReLU()]))
            3
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"{type(self).__name__}.extend should be called with an iterable, "
                f"but got {type(modules).__name__}"
            )
        for module in list(modules):
            self.append(module)
        return self

    def pop(self, key: int) -> Module:
        """Remove a module and return it.

        Args:
            key: its position.

        Returns:
            The module.

        Raises:
            IndexError: when the position is out of range.

        Example:
            >>> from portfire import nn
            >>> nn.Sequential(nn.ReLU(), nn.Tanh()).pop(0)
            ReLU()
        """
        module = self[key]
        del self[key]
        return module

    def __delitem__(self, index: int | slice) -> None:
        modules = self._members()
        if isinstance(index, slice):
            del modules[index]
        else:
            del modules[self._position(index)]
        self._renumber(modules)


class Sequential(_Numbered):
    """Modules in a chain: each gets what the one before it returned.

    Args:
        *args: the modules, or one ``OrderedDict`` of them by name.

    Raises:
        TypeError: when one of them is no module.

    Example:
        >>> from collections import OrderedDict
        >>> import portfire
        >>> from portfire import nn
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
        >>> net(portfire.ones(2, 4)).shape
        portfire.Size([2, 3])
        >>> nn.Sequential(OrderedDict(act=nn.ReLU())).act
        ReLU()
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            for name, module in args[0].items():
                self.add_module(name, module)
        else:
            for i, module in enumerate(args):
                self.add_module(str(i), module)

    def forward(self, input: Any) -> Any:
        """Pass the input through all modules in order.

        Args:
            input: what the first module takes.

        Returns:
            What the last module returns.

        Example:
            >>> import portfire
            >>> from portfire import nn
            >>> nn.Sequential(nn.ReLU(), nn.Tanh()).forward(portfire.zeros(2))
            tensor([0., 0.])
        """
        for module in self._modules.values():
            input = module(input)  # type: ignore[operator,misc]  # None in a chain fails, as in torch
        return input

    def _part(self, index: slice) -> Sequential:
        return type(self)(OrderedDict(list(self._modules.items())[index]))

    def extend(self, sequential: Iterable[Module]) -> Sequential:
        """Add several modules at the end.

        Args:
            sequential: the modules.

        Returns:
            The container itself.

        Example:
            >>> from portfire import nn
            >>> len(nn.Sequential(nn.ReLU()).extend(nn.Sequential(nn.Tanh())))
            2
        """
        return super().extend(sequential)

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._modules)
        doomed = names[index] if isinstance(index, slice) else [self._key(index)]
        numbered = all(name == str(i) for i, name in enumerate(names))
        for name in doomed:
            delattr(self, name)
        if numbered:
            self._renumber(self._members())

    def __add__(self, other: Any) -> Sequential:
        joined = Sequential()
        for module in (*self, *_checked(other)):
            joined.append(module)
        return joined

    def __iadd__(self, other: Any) -> Sequential:
        return self.extend(_checked(other))

    def __mul__(self, other: Any) -> Sequential:
        return Sequential(*self._members() * self._factor(other))

    def __rmul__(self, other: Any) -> Sequential:
        return self.__mul__(other)

    def __imul__(self, other: Any) -> Sequential:
        return self.extend(self._members() * (self._factor(other) - 1))

    def _factor(self, other: Any) -> int:
        if not isinstance(other, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(other)}")
        if other <= 0:
            raise ValueError(f"Non-positive multiplication factor {other} for {type(self)}")
        return other


def _checked(other: Any) -> Sequential:
    if not isinstance(other, Sequential):
        raise ValueError(
            f"add operator supports only objects of Sequential class, but {type(other)} is given."
        )
    return other


class ModuleList(_Numbered):
    """A list of modules whose parameters are those of the module that holds it.

    Args:
        modules: the modules.

    Raises:
        TypeError: when ``modules`` can't be iterated, or holds something else.

    Example:
        >>> from portfire import nn
        >>> layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.Tanh()])
        >>> layers
        ModuleList(
          (0-1): 2 x Linear(in_features=2, out_features=2, bias=True)
          (2): Tanh()
        )
        >>> layers[-1]
        Tanh()
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def insert(self, index: int, module: Module) -> None:  # type: ignore[override]  # as torch's
        """Put a module before a position, as ``list.insert`` does.

        Args:
            index: the position; one beyond an end means that end.
            module: the module.

        Example:
            >>> from portfire import nn
            >>> layers = nn.ModuleList([nn.Tanh()])
            >>> layers.insert(0, nn.ReLU())
            >>> layers[0]
            ReLU()
        """
        size = len(self)
        super().insert(max(-size, min(index, size)), module)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> ModuleList:
        return self.extend(other)

    def __repr__(self) -> str:
        """Print equal neighbors once, with their range and number."""
        blocks: list[tuple[int, int, str]] = []
        for i, module in enumerate(self):
            text = repr(module)
            if blocks and blocks[-1][2] == text:
                blocks[-1] = (blocks[-1][0], i, text)
            else:
                blocks.append((i, i, text))
        if not blocks:
            return f"{self._get_name()}()"
        lines = [
            indent(f"({first}): {text}" if first == last else _block(first, last, text))
            for first, last, text in blocks
        ]
        body = "\n  ".join(lines)
        return f"{self._get_name()}(\n  {body}\n)"


def _block(first: int, last: int, text: str) -> str:
    return f"({first}-{last}): {last - first + 1} x {text}"
