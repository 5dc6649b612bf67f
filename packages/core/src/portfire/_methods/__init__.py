"""The methods of `Tensor` that are functions too, in tables by family."""

from __future__ import annotations

from portfire._methods._conversion import ConversionMethods
from portfire._methods._elementwise import ElementwiseMethods
from portfire._methods._hooks import HookMethods
from portfire._methods._linear import LinearMethods
from portfire._methods._object import ObjectMethods
from portfire._methods._ordering import OrderingMethods
from portfire._methods._reduction import ReductionMethods
from portfire._methods._shaping import ShapingMethods

__all__ = ["Methods"]


class Methods(
    ElementwiseMethods,
    ReductionMethods,
    OrderingMethods,
    ShapingMethods,
    LinearMethods,
    ConversionMethods,
    ObjectMethods,
    HookMethods,
):
    """All tables: Tensor inherits them."""
