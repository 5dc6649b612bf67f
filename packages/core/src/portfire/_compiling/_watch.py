"""What a function can reach, and whether it is still as it was.

A function is only appended again while everything that could decide what it records is the same.
That is found by walking from the function over closures, globals that its code names, attributes of
objects and elements of containers. Tensors end the walk: their values are read anew at each call.
"""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from portfire._device import device
from portfire._dtype import DType
from portfire._random import Generator
from portfire._tensor import Tensor

__all__ = ["CONSTANTS", "Watch", "equal_constants"]

MAX_WATCHED = 50_000
CONSTANTS = (str, bytes, bool, int, float, complex, type(None), DType, device, type(...), range)
_ABSENT: Any = object()
# Code of these is taken for granted: it does not change what it does from call to call.
_TRUSTED = frozenset({"portfire", "numpy", *sys.stdlib_module_names}) - {"__main__"}


class Watch:
    """The surroundings of a function at one moment.

    Attributes:
        tensors: all tensors that were reached.
        arrays: NumPy arrays that were reached; nobody can tell whether their elements changed.
        complete: false if there was too much to look at.
    """

    def __init__(self, roots: Iterable[Any]) -> None:
        self.tensors: list[Tensor] = []
        self.arrays: list[Any] = []
        self.complete = True
        self._entries: list[tuple[dict[Any, Any], Any, Any]] = []
        self._items: list[tuple[list[Any], int, Any]] = []
        self._cells: list[tuple[Any, Any]] = []
        self._sizes: list[tuple[Any, int]] = []
        self._sets: list[tuple[Any, frozenset[Any]]] = []
        self._seen: dict[int, Any] = {}  # the objects too, so that no identity is used twice
        self._names: dict[int, str] = {}
        pending = [(root, True) for root in roots]
        while pending and self.complete:
            found, numbers = pending.pop()
            pending.extend(self._look(found, numbers))
            self.complete = len(self._seen) < MAX_WATCHED
        self._known = [
            (t, t._storage, t._requires_grad, t._path, t._grad is None, t._grad_fn)
            for t in self.tensors
        ]

    def changed(self) -> str:
        """Return what is not as it was, in words; empty if all is."""
        for mapping, key, expected in self._entries:
            now = mapping.get(key, _ABSENT)
            if now is not expected and not equal_constants(now, expected):
                return f"{key!r}"
        for holder, size in self._sizes:
            if len(holder) != size:
                return self._names.get(id(holder), f"the size of a {type(holder).__name__}")
        for items, i, expected in self._items:
            if items[i] is not expected and not equal_constants(items[i], expected):
                return f"element {i} of a list"
        for cell, expected in self._cells:
            if cell.cell_contents is not expected and not equal_constants(
                cell.cell_contents, expected
            ):
                return "a variable of an enclosing function"
        for container, before in self._sets:
            if container != before:
                return "a set"
        for tensor, storage, tracked, path, _, node in self._known:
            if tensor._storage is not storage or tensor._path != path:
                return "which elements a tensor has"
            if tensor._requires_grad is not tracked or tensor._grad_fn is not node:
                return "the history of a tensor"
        return ""

    def same_gradients(self) -> bool:
        """Tell whether the tensors that have a gradient are those that had one."""
        return all((t._grad is None) is missing for t, _, _, _, missing, _ in self._known)

    def _look(self, found: Any, numbers: bool) -> list[tuple[Any, bool]]:
        """Note an object and return what it leads to."""
        if isinstance(found, (*CONSTANTS, type, types.ModuleType, np.generic, Generator)):
            return []
        if id(found) in self._seen:
            return []
        self._seen[id(found)] = found
        if isinstance(found, Tensor):
            self.tensors.append(found)
            return []
        if isinstance(found, np.ndarray):
            self.arrays.append(found)
            return []
        for kind, look in _LOOKS:
            if isinstance(found, kind):
                return look(self, found, numbers)
        return self._object(found, numbers)

    def _dict(self, found: dict[Any, Any], numbers: bool) -> list[tuple[Any, bool]]:
        self._sizes.append((found, len(found)))
        for key, item in found.items():
            if numbers or not _is_number(item):
                self._entries.append((found, key, item))
        return [(item, numbers) for item in found.values()]

    def _list(self, found: list[Any], numbers: bool) -> list[tuple[Any, bool]]:
        self._sizes.append((found, len(found)))
        for i, item in enumerate(found):
            if numbers or not _is_number(item):
                self._items.append((found, i, item))
        return [(item, numbers) for item in found]

    def _tuple(self, found: tuple[Any, ...], numbers: bool) -> list[tuple[Any, bool]]:
        return [(item, numbers) for item in found]

    def _set(self, found: Any, numbers: bool) -> list[tuple[Any, bool]]:
        self._sets.append((found, frozenset(found)))
        return [(item, numbers) for item in found]

    def _function(self, found: Any, numbers: bool) -> list[tuple[Any, bool]]:
        if hasattr(found, "compiled_from"):  # by portfire.compile, which changes with each call
            return [(found.compiled_from, True)]
        if _trusted(found.__module__):
            return []
        roots: list[Any] = [*(found.__defaults__ or ()), *(found.__kwdefaults__ or {}).values()]
        for cell in found.__closure__ or ():
            try:
                content = cell.cell_contents
            except ValueError:  # not assigned yet
                continue
            self._cells.append((cell, content))
            roots.append(content)
        names = _names(found.__code__)
        spaces = [found.__globals__]
        for name in names & spaces[0].keys():
            item = spaces[0][name]
            if isinstance(item, types.ModuleType) and not _trusted(item.__name__):
                spaces.append(vars(item))
        for space in spaces:
            for name in names & space.keys():
                self._entries.append((space, name, space[name]))
                roots.append(space[name])
        return [(root, True) for root in roots]

    def _object(self, found: Any, numbers: bool) -> list[tuple[Any, bool]]:
        kind = type(found)
        attributes = getattr(found, "__dict__", None)
        if type(attributes) is not dict or (
            _trusted(kind.__module__) and not kind.__module__.startswith("portfire.")
        ):
            return []
        numbers = numbers and not getattr(kind, "numbers_may_change", False)
        self._names[id(attributes)] = f"the attributes of a {kind.__name__}"
        roots = self._dict(attributes, numbers)
        for base in kind.__mro__:
            if not _trusted(base.__module__):
                functions = [_unwrapped(item) for item in vars(base).values()]
                roots += [(f, True) for f in functions if isinstance(f, types.FunctionType)]
        return roots


def _method(watch: Watch, found: Any, numbers: bool) -> list[tuple[Any, bool]]:
    return [(found.__func__, True), (found.__self__, True)]


def _partial(watch: Watch, found: Any, numbers: bool) -> list[tuple[Any, bool]]:
    return [(found.func, True), (found.args, True), (found.keywords, True)]


_LOOKS: tuple[tuple[Any, Callable[[Watch, Any, bool], list[tuple[Any, bool]]]], ...] = (
    (dict, Watch._dict),
    (list, Watch._list),
    (tuple, Watch._tuple),
    ((set, frozenset), Watch._set),
    (types.FunctionType, Watch._function),
    (types.MethodType, _method),
    (functools.partial, _partial),
)


def equal_constants(a: Any, b: Any) -> bool:
    """Tell whether two objects are the same constant, of one type; tuples of them too."""
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(
            x is y or equal_constants(x, y) for x, y in zip(a, b, strict=True)
        )
    return isinstance(a, CONSTANTS) and (a == b or (a != a and b != b))


def _is_number(item: Any) -> bool:
    return type(item) is float or type(item) is int


def _trusted(module: Any) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in _TRUSTED


def _unwrapped(item: Any) -> Any:
    if isinstance(item, property):
        return item.fget
    return getattr(item, "__func__", item)


def _names(code: types.CodeType) -> set[str]:
    """The globals and attributes that code names, with that of functions inside it."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names
