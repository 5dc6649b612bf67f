"""The static description of an array."""

from __future__ import annotations

from typing import Any, NamedTuple

from portfire._dtype import DType

__all__ = ["Attrs", "Shape", "Spec"]

Shape = tuple[int, ...]
Attrs = tuple[Any, ...]


class Spec(NamedTuple):
    """Shape and dtype: all that the graph knows of an array before it is computed."""

    shape: Shape
    dtype: DType
