"""The decompositions with their gradients, which depend on the parts that are used."""

from __future__ import annotations

from typing import Any

from portfire import _dispatch as dispatch
from portfire._fallback import on_host
from portfire.autograd._function import Function
from portfire.linalg._checks import unpack
from portfire.ops import _linalg as op
from portfire.ops._indexing import CONCAT
from portfire.ops._reduction import exclusive_product

__all__ = ["Cholesky", "Determinant", "Eigh", "Inverse", "LogDeterminant", "Qr", "Solve", "Svd",
           "Triangular", "eye_like"]  # fmt: skip


def t(x: Any) -> Any:
    """The transposed matrices."""
    return x.transpose(-2, -1)


def eye_like(x: Any) -> Any:
    """Unit matrices of the shape of another tensor."""
    last = dispatch.iota(x._shape, x.ndim - 1, x)
    return (last == dispatch.iota(x._shape, x.ndim - 2, x)).to(x._dtype)


def _halved(x: Any) -> Any:
    """The lower triangle, with half the diagonal."""
    return x.tril() - x * eye_like(x) * 0.5


def _or_zero(grad: Any, like: Any) -> Any:
    return dispatch.zeros(like._shape, like) if grad is None else grad


class Solve(Function):
    """``A X = B``; and the place of the pivot that is zero, or 0."""

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any) -> Any:
        packed = on_host(op.SOLVE, (a, b))
        count = b._shape[-2] * b._shape[-1]
        x = packed.narrow(-1, 0, count).reshape(b._shape)
        info = packed.narrow(-1, count, 1).squeeze(-1)
        ctx.save_for_backward(a, x)
        ctx.mark_non_differentiable(info)
        ctx.set_materialize_grads(False)
        return x, info

    @staticmethod
    def backward(ctx: Any, g: Any, _: Any) -> Any:
        if g is None:
            return None, None
        a, x = ctx.saved_tensors
        to_b = Solve.apply(t(a), g)[0]
        return -(to_b @ t(x)), to_b


class Triangular(Function):
    """``A X = B`` where A is triangular."""

    @staticmethod
    def forward(ctx: Any, a: Any, b: Any, upper: bool, unit: bool) -> Any:
        x = on_host(op.TRIANGULAR, (a, b), (upper, unit))
        ctx.save_for_backward(a, x)
        ctx.form = upper, unit
        return x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, x = ctx.saved_tensors
        upper, unit = ctx.form
        to_b = Triangular.apply(t(a), g, not upper, unit)
        to_a = -(to_b @ t(x))
        to_a = to_a.triu(int(unit)) if upper else to_a.tril(-int(unit))
        return to_a, to_b, None, None


class Cholesky(Function):
    """The lower factor; and the order of the minor that is not positive, or 0."""

    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        factor, info = unpack(op.CHOLESKY.name, on_host(op.CHOLESKY, (a,)), a)
        ctx.save_for_backward(factor)
        ctx.mark_non_differentiable(info)
        ctx.set_materialize_grads(False)
        return factor, info

    @staticmethod
    def backward(ctx: Any, g: Any, _: Any) -> Any:
        if g is None:
            return None
        (factor,) = ctx.saved_tensors
        inner = _halved(t(factor) @ g)
        inner = Triangular.apply(t(factor), inner + t(inner), True, False)
        return t(Triangular.apply(t(factor), t(inner), True, False)) * 0.5


class Eigh(Function):
    """Eigenvalues and eigenvectors of symmetric matrices."""

    @staticmethod
    def forward(ctx: Any, a: Any, upper: bool) -> Any:
        values, vectors = unpack(op.EIGH.name, on_host(op.EIGH, (a,), (upper,)), a, (upper,))
        ctx.save_for_backward(values, vectors)
        ctx.set_materialize_grads(False)
        return values, vectors

    @staticmethod
    def backward(ctx: Any, to_values: Any, to_vectors: Any) -> Any:
        values, vectors = ctx.saved_tensors
        if to_vectors is None:
            if to_values is None:
                return None, None
            return (vectors * to_values.unsqueeze(-2)) @ t(vectors), None
        one = eye_like(vectors)
        gaps = values.unsqueeze(-2) - values.unsqueeze(-1) + one
        inner = (t(vectors) @ to_vectors) / gaps * (1 - one)
        if to_values is not None:
            inner = inner + one * to_values.unsqueeze(-1)
        found = vectors @ inner @ t(vectors)
        return (found + t(found)) * 0.5, None


class Svd(Function):
    """Left singular vectors, singular values, right singular vectors as rows."""

    @staticmethod
    def forward(ctx: Any, a: Any, full: bool) -> Any:
        attrs = (full, True)
        u, s, vh = unpack(op.SVD.name, on_host(op.SVD, (a,), attrs), a, attrs)
        ctx.save_for_backward(u, s, vh)
        ctx.set_materialize_grads(False)
        return u, s, vh

    @staticmethod
    def backward(ctx: Any, to_u: Any, to_s: Any, to_vh: Any) -> Any:
        u, s, vh = ctx.saved_tensors
        m, n, k = u._shape[-2], vh._shape[-1], s._shape[-1]
        u, vh = u.narrow(-1, 0, k), vh.narrow(-2, 0, k)
        if to_u is None and to_vh is None:
            return (None if to_s is None else (u * to_s.unsqueeze(-2)) @ vh), None
        square = dispatch.zeros((*s._shape, k), s)
        one = eye_like(square)
        powers = s * s
        gaps = powers.unsqueeze(-2) - powers.unsqueeze(-1) + one
        inner = square if to_s is None else one * to_s.unsqueeze(-1)
        if to_u is not None:
            to_u = to_u.narrow(-1, 0, k)
            turn = t(u) @ to_u
            inner = inner + (turn - t(turn)) / gaps * s.unsqueeze(-2)
        if to_vh is not None:
            to_vh = to_vh.narrow(-2, 0, k)
            turn = vh @ t(to_vh)
            inner = inner + s.unsqueeze(-1) * ((turn - t(turn)) / gaps)
        result = u @ inner @ vh
        if m > k and to_u is not None:
            out = to_u / s.unsqueeze(-2)
            result = result + (out - u @ (t(u) @ out)) @ vh
        if n > k and to_vh is not None:
            out = to_vh / s.unsqueeze(-1)
            result = result + u @ (out - (out @ t(vh)) @ vh)
        return result, None


class Qr(Function):
    """An orthogonal and an upper triangular factor."""

    @staticmethod
    def forward(ctx: Any, a: Any, mode: str) -> Any:
        q, r = unpack(op.QR.name, on_host(op.QR, (a,), (mode,)), a, (mode,))
        ctx.save_for_backward(a, q, r)
        ctx.mode = mode
        ctx.set_materialize_grads(False)
        return q, r

    @staticmethod
    def backward(ctx: Any, to_q: Any, to_r: Any) -> Any:
        a, q, r = ctx.saved_tensors
        m, n = a._shape[-2:]
        if ctx.mode == "complete" and m > n:
            raise RuntimeError(
                "The QR decomposition is not differentiable when mode='complete' and nrows > ncols"
            )
        if to_q is None and to_r is None:
            return None, None
        to_q, to_r = _or_zero(to_q, q), _or_zero(to_r, r)
        if m >= n:
            return _grad_qr(q, r, to_q, to_r), None
        # The first columns make a square problem; the others are Q times what stands beside R.
        rest, to_rest = a.narrow(-1, m, n - m), to_r.narrow(-1, m, n - m)
        head = _grad_qr(q, r.narrow(-1, 0, m), to_q + rest @ t(to_rest), to_r.narrow(-1, 0, m))
        return dispatch.apply(CONCAT, (head, q @ to_rest), (a.ndim - 1,)), None


def _grad_qr(q: Any, r: Any, to_q: Any, to_r: Any) -> Any:
    inner = _halved(t((to_r @ t(r) - t(q) @ to_q).triu()))
    left = to_q + q @ (inner + t(inner))
    return t(Triangular.apply(r, t(left), True, False))


class Determinant(Function):
    """The determinant, also of matrices without an inverse."""

    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        found = unpack(op.DETERMINANT.name, on_host(op.DETERMINANT, (a,)), a)[0]
        ctx.save_for_backward(a, found)
        return found

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, found = ctx.saved_tensors
        if not bool((found == 0).any()):
            inverse = Solve.apply(a, eye_like(a))[0]
            return (g * found).unsqueeze(-1).unsqueeze(-1) * t(inverse)
        u, s, vh = Svd.apply(a, False)
        others = exclusive_product(s) * exclusive_product(s.flip((-1,))).flip((-1,))
        sign = Determinant.apply(u) * Determinant.apply(vh)
        cofactors = (u * others.unsqueeze(-2)) @ vh
        return (g * sign).unsqueeze(-1).unsqueeze(-1) * cofactors


class LogDeterminant(Function):
    """The sign of the determinant, and the logarithm of its size."""

    @staticmethod
    def forward(ctx: Any, a: Any) -> Any:
        _, sign, size = unpack(op.DETERMINANT.name, on_host(op.DETERMINANT, (a,)), a)
        ctx.save_for_backward(a)
        ctx.mark_non_differentiable(sign)
        ctx.set_materialize_grads(False)
        return sign, size

    @staticmethod
    def backward(ctx: Any, _: Any, g: Any) -> Any:
        if g is None:
            return None
        (a,) = ctx.saved_tensors
        return g.unsqueeze(-1).unsqueeze(-1) * t(Solve.apply(a, eye_like(a))[0])


class Inverse(Function):
    """The pseudoinverse, given by whoever computed it."""

    @staticmethod
    def forward(ctx: Any, a: Any, found: Any) -> Any:
        result = found.clone()
        ctx.save_for_backward(a, result)
        return result

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        a, inverse = ctx.saved_tensors
        turned, gt = t(inverse), t(g)
        if a._shape[-2] <= a._shape[-1]:
            inner = gt @ inverse
            outer = inner @ turned
            result = outer - t(inverse @ inner) - (a @ inverse) @ outer
            return result + (turned @ inverse) @ (gt - inner @ a), None
        inner = inverse @ gt
        outer = turned @ inner
        result = outer - t(inner @ inverse) - (outer @ inverse) @ a
        return result + (gt - a @ inner) @ inverse @ turned, None
