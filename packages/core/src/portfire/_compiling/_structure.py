"""Arguments and results: nested tuples, lists and dictionaries with tensors in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from portfire._compiling._watch import CONSTANTS
from portfire._tensor import Tensor

__all__ = ["Slot", "UnfamiliarError", "describe", "rebuild", "template"]


class UnfamiliarError(Exception):
    """A result holds something else than tensors, constants and containers of them."""


class Slot:
    """The place of a tensor in a template."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Slot) and other.index == self.index

    def __hash__(self) -> int:
        return hash(self.index)


def describe(found: Any, tensors: list[Tensor], others: list[Any]) -> Any:
    """Return a hashable description of an argument, and collect its tensors and objects."""
    if isinstance(found, Tensor):
        found._node()  # a view of what was changed in place learns its history
        tensors.append(found)
        value = found._storage.value
        return (
            Tensor, type(found), found._shape, found._dtype, found._path, value.shape,
            value.recorder, found._requires_grad, found._grad_fn is None, found._grad is None,
        )  # fmt: skip
    kind = type(found)
    if isinstance(found, CONSTANTS):
        return kind, repr(found) if kind is float else found
    if isinstance(found, (tuple, list)):
        return (kind, *[describe(item, tensors, others) for item in found])
    if isinstance(found, dict):
        items = [(key, describe(item, tensors, others)) for key, item in found.items()]
        return (kind, *items)
    others.append(found)
    return kind, id(found)


def template(found: Any, put: Callable[[Tensor], Slot]) -> Any:
    """Return a result with slots in place of its tensors.

    Raises:
        UnfamiliarError: if there is something in it that cannot be made again.
    """
    if isinstance(found, Tensor):
        return put(found)
    kind = type(found)
    if isinstance(found, CONSTANTS):
        return found
    if isinstance(found, (tuple, list)):
        items = [template(item, put) for item in found]
        return kind(*items) if hasattr(kind, "_fields") else kind(items)
    if isinstance(found, dict):
        return kind([(key, template(item, put)) for key, item in found.items()])
    raise UnfamiliarError(f"it returns a {kind.__name__}")


def rebuild(found: Any, tensors: list[Tensor]) -> Any:
    """Return a template with tensors in place of its slots."""
    kind = type(found)
    if kind is Slot:
        return tensors[found.index]
    if isinstance(found, (tuple, list)):
        items = [rebuild(item, tensors) for item in found]
        return kind(*items) if hasattr(kind, "_fields") else kind(items)
    if isinstance(found, dict):
        return kind([(key, rebuild(item, tensors)) for key, item in found.items()])
    return found
