"""The names that messages give to values and dtypes."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor

__all__ = ["not_implemented", "typename"]


def not_implemented(name: str, dtype: portfire.dtype) -> NotImplementedError:
    """Return the error of an operator that has no meaning for a dtype."""
    return NotImplementedError(f"\"{name}\" not implemented for '{dtype.scalar_name}'")


def typename(value: Any) -> str:
    """Return the type of a value as messages name it: ``"portfire.FloatTensor"`` or ``"int"``."""
    if isinstance(value, Tensor):
        place = "" if value.device.type == "cpu" else f"{value.device.type}."
        return f"portfire.{place}{value.dtype.scalar_name}Tensor"
    cls = type(value)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"
