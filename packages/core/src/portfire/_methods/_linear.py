"""The methods of linear algebra."""

from __future__ import annotations

from portfire._functions import linalg
from portfire._functions._operands import operator, reflected

__all__ = ["LinearMethods"]


class LinearMethods:
    """A table of methods: each is defined once, in `_functions`."""

    matmul, mm, mv, bmm, dot = linalg.matmul, linalg.mm, linalg.mv, linalg.bmm, linalg.dot
    outer, addmm = linalg.outer, linalg.addmm
    __matmul__ = operator(linalg.matmul)
    __rmatmul__ = reflected(linalg.matmul)
