"""Modules in a dictionary."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, cast

from portfire.nn.modules.module import Module

__all__ = ["ModuleDict"]


class ModuleDict(Module):
    """A dictionary of modules whose parameters are those of the module that holds it.

    Args:
        modules: a mapping from names to modules, or an iterable of pairs.

    Raises:
        TypeError: when a name is no string, or a value no module.
        KeyError: when a name is that of a method, such as ``"keys"``.

    Example:
        >>> from portfire import nn
        >>> layers = nn.ModuleDict({"act": nn.Tanh()})
        >>> layers["out"] = nn.Linear(2, 1)
        >>> list(layers)
        ['act', 'out']
    """

    def __init__(
        self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None
    ) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Module:
        return cast("Module", self._modules[key])

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all modules.

        Example:
            >>> from portfire import nn
            >>> layers = nn.ModuleDict({"act": nn.Tanh()})
            >>> layers.clear()
            >>> layers
            ModuleDict()
        """
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Remove a module and return it.

        Args:
            key: its name.

        Returns:
            The module.

        Raises:
            KeyError: when there is none of that name.

        Example:
            >>> from portfire import nn
            >>> nn.ModuleDict({"act": nn.Tanh()}).pop("act")
            Tanh()
        """
        return cast("Module", self._modules.pop(key))

    def keys(self) -> KeysView[str]:
        """Return the names.

        Returns:
            A view, as of a dictionary.

        Example:
            >>> from portfire import nn
            >>> nn.ModuleDict({"act": nn.Tanh()}).keys()
            dict_keys(['act'])
        """
        return self._modules.keys()

    def items(self) -> ItemsView[str, Module]:
        """Return pairs of names and modules.

        Returns:
            A view, as of a dictionary.

        Example:
            >>> from portfire import nn
            >>> nn.ModuleDict({"act": nn.Tanh()}).items()
            dict_items([('act', Tanh())])
        """
        return cast("ItemsView[str, Module]", self._modules.items())

    def values(self) -> ValuesView[Module]:
        """Return the modules.

        Returns:
            A view, as of a dictionary.

        Example:
            >>> from portfire import nn
            >>> nn.ModuleDict({"act": nn.Tanh()}).values()
            dict_values([Tanh()])
        """
        return cast("ValuesView[Module]", self._modules.values())

    def update(
        self, modules: Mapping[str, Module] | ModuleDict | Iterable[tuple[str, Module]]
    ) -> None:
        """Add modules, in place of those that have the same names.

        Args:
            modules: a mapping from names to modules, or an iterable of pairs.

        Raises:
            TypeError: when it is neither.
            ValueError: when an element of the iterable is no pair.

        Example:
            >>> from portfire import nn
            >>> layers = nn.ModuleDict()
            >>> layers.update([("act", nn.Tanh())])
            >>> layers["act"]
            Tanh()
        """
        if not isinstance(modules, Iterable):
            raise TypeError(
                "ModuleDict.update should be called with an iterable of key/value pairs, "
                f"but got {type(modules).__name__}"
            )
        if isinstance(modules, (Mapping, ModuleDict)):
            modules = list(modules.items())
        for i, pair in enumerate(modules):
            if not isinstance(pair, Iterable):
                raise TypeError(
                    f"ModuleDict update sequence element #{i} should be Iterable; "
                    f"is {type(pair).__name__}"
                )
            item: tuple[Any, ...] = tuple(pair)
            if len(item) != 2:
                raise ValueError(
                    f"ModuleDict update sequence element #{i} has length {len(item)}; 2 is required"
                )
            self[item[0]] = item[1]
