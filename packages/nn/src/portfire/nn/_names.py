"""The names that messages give to values and dtypes."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor

__all__ = ["c_name", "not_implemented", "scalar_name", "typename"]

# dtype name -> (the name in ``FloatTensor``, the name of the C type)
_NAMES = {
    "bool": ("Bool", "bool"),
    "uint8": ("Byte", "unsigned char"),
    "int8": ("Char", "signed char"),
    "int16": ("Short", "short"),
    "int32": ("Int", "int"),
    "uint32": ("UInt32", "unsigned int"),
    "int64": ("Long", "long"),
    "float16": ("Half", "half"),
    "float32": ("Float", "float"),
    "float64": ("Double", "double"),
}


def scalar_name(dtype: portfire.dtype) -> str:
    """Return the name of a dtype as in ``FloatTensor``: ``"Float"``."""
    return _NAMES[dtype.name][0]


def c_name(dtype: portfire.dtype) -> str:
    """Return the name of a dtype as in C: ``"float"``."""
    return _NAMES[dtype.name][1]


def not_implemented(name: str, dtype: portfire.dtype) -> NotImplementedError:
    """Return the error of an operator that has no meaning for a dtype."""
    return NotImplementedError(f"\"{name}\" not implemented for '{scalar_name(dtype)}'")


def typename(value: Any) -> str:
    """Return the type of a value as messages name it: ``"portfire.FloatTensor"`` or ``"int"``."""
    if isinstance(value, Tensor):
        place = "" if value.device.type == "cpu" else f"{value.device.type}."
        return f"portfire.{place}{scalar_name(value.dtype)}Tensor"
    cls = type(value)
    if cls.__module__ == "builtins":
        return cls.__qualname__
    return f"{cls.__module__}.{cls.__qualname__}"
