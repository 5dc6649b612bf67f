"""Parameters in a list and in a dictionary."""

from __future__ import annotations

import operator
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any

from portfire import Tensor
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = ["ParameterDict", "ParameterList"]


def _as_parameter(value: Any) -> Any:
    """Tensors become parameters; all else stays what it is."""
    if isinstance(value, Tensor) and not isinstance(value, Parameter):
        return Parameter(value)
    return value


def _described(value: Any, kind: str) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    name = type(value).__name__ if isinstance(value, Parameter) else "Tensor"
    sizes = "x".join(map(str, value.shape))
    place = "" if value.device.type == "cpu" else f" ({value.device})"
    return f"{name} containing: [{kind} of size {sizes}{place}]"


class ParameterList(Module):
    """A list of parameters that are those of the module that holds it; tensors become parameters.

    Args:
        values: what is in it at first: tensors, parameters, or anything.

    Raises:
        TypeError: for what cannot be iterated over.
        IndexError: for an index that is not there.

    Example:
        >>> import portfire
        >>> from portfire import nn
        >>> weights = nn.ParameterList([portfire.ones(2), portfire.zeros(3)])
        >>> [name for name, _ in weights.named_parameters()]
        ['0', '1']
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _name(self, index: int) -> str:
        position = operator.index(index)
        if not -self._size <= position < self._size:
            raise IndexError(f"index {position} is out of range")
        return str(position % self._size)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)(getattr(self, str(i)) for i in range(*index.indices(self._size)))
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name(index), _as_parameter(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, str(i)) for i in range(self._size))

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def append(self, value: Any) -> ParameterList:
        """Put a value at the end.

        Args:
            value: the value.

        Returns:
            The list itself.

        Example:
            >>> import portfire
            >>> len(portfire.nn.ParameterList().append(portfire.ones(2)))
            1
        """
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Put several values at the end.

        Args:
            values: the values.

        Returns:
            The list itself.

        Raises:
            TypeError: for what cannot be iterated over.

        Example:
            >>> import portfire
            >>> len(portfire.nn.ParameterList().extend([portfire.ones(2), portfire.ones(3)]))
            2
        """
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(
                "ParameterList.extend should be called with an iterable, but got "
                f"{type(values).__name__}"
            )
        for value in values:
            self.append(value)
        return self

    def extra_repr(self) -> str:
        """Return a line for each value."""
        lines = []
        for i, value in enumerate(self):
            kind = str(value.dtype) if isinstance(value, Tensor) else ""
            lines.append(f"  ({i}): {_described(value, kind)}")
        return "\n".join(lines)


class ParameterDict(Module):
    """A dictionary of parameters that are those of the module that holds it; tensors become such.

    Args:
        parameters: what is in it at first: a mapping from names, or an iterable of pairs.

    Raises:
        TypeError: for names that are no strings.

    Example:
        >>> import portfire
        >>> from portfire import nn
        >>> weights = nn.ParameterDict({"left": portfire.ones(2)})
        >>> weights["right"] = portfire.zeros(2)
        >>> list(weights)
        ['left', 'right']
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        # In the order of insertion, whatever kind of member each is.
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def _attribute(self, key: str) -> str:
        if not isinstance(key, str):
            raise TypeError(
                "Index given to ParameterDict cannot be used as a key as it is not a string "
                f"(type is '{type(key).__name__}'). Open an issue on github if you need non-string "
                "keys."
            )
        return key

    def __getitem__(self, key: str) -> Any:
        return getattr(self, self._attribute(key))

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, self._attribute(key), _as_parameter(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, self._attribute(key))

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __or__(self, other: Any) -> ParameterDict:
        joined = self.copy()
        joined.update(other._plain() if isinstance(other, ParameterDict) else other)
        return joined

    def __ror__(self, other: Any) -> ParameterDict:
        joined = type(self)(other)
        joined.update(self._plain())
        return joined

    def __ior__(self, other: Any) -> ParameterDict:
        self.update(other)
        return self

    def _plain(self) -> dict[str, Any]:
        return {key: self[key] for key in self._keys}

    def copy(self) -> ParameterDict:
        """Return a new dictionary of the same parameters.

        Returns:
            The dictionary.

        Example:
            >>> import portfire
            >>> weights = portfire.nn.ParameterDict({"a": portfire.ones(2)})
            >>> weights.copy()["a"] is weights["a"]
            True
        """
        return type(self)(self._plain())

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a value, which is put in first if the name is not there.

        Args:
            key: the name.
            default: what is put in.

        Returns:
            The value.

        Example:
            >>> import portfire
            >>> portfire.nn.ParameterDict().setdefault("a", portfire.ones(1)).item()
            1.0
        """
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Remove all values.

        Example:
            >>> import portfire
            >>> weights = portfire.nn.ParameterDict({"a": portfire.ones(2)})
            >>> weights.clear()
            >>> len(weights)
            0
        """
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Remove a value and return it.

        Args:
            key: the name.

        Returns:
            The value.

        Example:
            >>> import portfire
            >>> portfire.nn.ParameterDict({"a": portfire.ones(1)}).pop("a").item()
            1.0
        """
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Remove the last value and return it with its name.

        Returns:
            The pair.

        Example:
            >>> import portfire
            >>> portfire.nn.ParameterDict({"a": 1, "b": 2}).popitem()
            ('b', 2)
        """
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or something else if the name is not there.

        Args:
            key: the name.
            default: what is returned otherwise.

        Returns:
            The value.

        Example:
            >>> import portfire
            >>> portfire.nn.ParameterDict().get("a", 3)
            3
        """
        if key not in self:
            return default
        return self[key]

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Return a new dictionary with one value under several names.

        Args:
            keys: the names.
            default: the value.

        Returns:
            The dictionary.

        Example:
            >>> import portfire
            >>> len(portfire.nn.ParameterDict().fromkeys(["a", "b"], 1))
            2
        """
        return type(self)((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """Return the names.

        Returns:
            A view.

        Example:
            >>> import portfire
            >>> list(portfire.nn.ParameterDict({"a": 1}).keys())
            ['a']
        """
        return self._keys.keys()

    def items(self) -> ItemsView[str, Any]:
        """Return the pairs of names and values.

        Returns:
            A view.

        Example:
            >>> import portfire
            >>> list(portfire.nn.ParameterDict({"a": 1}).items())
            [('a', 1)]
        """
        return self._plain().items()

    def values(self) -> ValuesView[Any]:
        """Return the values.

        Returns:
            A view.

        Example:
            >>> import portfire
            >>> list(portfire.nn.ParameterDict({"a": 1}).values())
            [1]
        """
        return self._plain().values()

    def update(self, parameters: Any) -> None:
        """Put several values in, in place of those of the same name.

        Args:
            parameters: a mapping from names, or an iterable of pairs.

        Raises:
            TypeError: for what cannot be iterated over.

        Example:
            >>> import portfire
            >>> weights = portfire.nn.ParameterDict({"a": 1})
            >>> weights.update({"b": 2})
            >>> list(weights)
            ['a', 'b']
        """
        if isinstance(parameters, ParameterDict | Mapping):
            pairs: Iterable[Any] = parameters.items()
        elif isinstance(parameters, Iterable):
            pairs = parameters
        else:
            raise TypeError(
                "ParametersDict.update should be called with an iterable of key/value pairs, but "
                f"got {type(parameters).__name__}"
            )
        for key, value in pairs:
            self[key] = value

    def extra_repr(self) -> str:
        """Return a line for each value."""
        lines = []
        for key, value in self.items():
            kind = f"portfire.{value.dtype.scalar_name}Tensor" if isinstance(value, Tensor) else ""
            lines.append(f"  ({key}): {_described(value, kind)}")
        return "\n".join(lines)
