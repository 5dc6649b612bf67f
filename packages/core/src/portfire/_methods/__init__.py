"""The methods of `Tensor` that are functions too, in tables by family."""

from __future__ import annotations

from portfire._methods._conversion import ConversionMethods
from portfire._methods._elementwise import ElementwiseMethods
from portfire._methods._linear import LinearMethods
from portfire._methods._reduction import ReductionMethods
from portfire._methods._shaping import ShapingMethods

__all__ = ["Methods"]


class Methods(
    ElementwiseMethods,
    ReductionMethods,
    ShapingMethods,
    LinearMethods,
    ConversionMethods,
):
    """All tables: Tensor inherits them."""
