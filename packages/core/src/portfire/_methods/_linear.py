"""The methods of linear algebra."""

from __future__ import annotations

from portfire._functions import addition, decompositions, linalg, products
from portfire._functions._inplace import inplace
from portfire._functions._operands import operator, reflected

__all__ = ["LinearMethods"]


class LinearMethods:
    """A table of methods: each is defined once, in `_functions`."""

    matmul, mm, mv, bmm, dot = linalg.matmul, linalg.mm, linalg.mv, linalg.bmm, linalg.dot
    outer, ger, vdot, inner = linalg.outer, linalg.outer, linalg.vdot, linalg.inner
    addmm, addmv, addr = addition.addmm, addition.addmv, addition.addr
    addbmm, baddbmm = addition.addbmm, addition.baddbmm
    addmm_, addmv_, addr_ = inplace(addition.addmm), inplace(addition.addmv), inplace(addition.addr)
    addbmm_, baddbmm_ = inplace(addition.addbmm), inplace(addition.baddbmm)
    kron, cross, trace = products.kron, products.cross, products.trace
    matrix_power = products.matrix_power
    det, slogdet, logdet = decompositions.det, decompositions.slogdet, decompositions.logdet
    inverse, pinverse = decompositions.inverse, decompositions.pinverse
    cholesky, cholesky_solve = decompositions.cholesky, decompositions.cholesky_solve
    cholesky_inverse = decompositions.cholesky_inverse
    svd, qr = decompositions.svd, decompositions.qr
    __matmul__ = operator(linalg.matmul)
    __rmatmul__ = reflected(linalg.matmul)
