"""Decompositions under the older names that are not in ``portfire.linalg``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from portfire._functions._inplace import into

if TYPE_CHECKING:
    from portfire._tensor import Tensor

# `portfire.linalg` is imported when one of these is called: `import portfire` does not pay for it.

__all__ = [
    "cholesky",
    "cholesky_inverse",
    "cholesky_solve",
    "det",
    "inverse",
    "logdet",
    "pinverse",
    "qr",
    "slogdet",
    "svd",
]


class _SvdFields(NamedTuple):
    U: Any
    S: Any
    V: Any


class SvdResult(_SvdFields):
    """What `svd` returns."""

    def __repr__(self) -> str:
        return f"portfire.return_types.svd(\nU={self.U!r},\nS={self.S!r},\nV={self.V!r})"


class _QrFields(NamedTuple):
    Q: Any
    R: Any


class QrResult(_QrFields):
    """What `qr` returns."""

    def __repr__(self) -> str:
        return f"portfire.return_types.qr(\nQ={self.Q!r},\nR={self.R!r})"


def det(input: Tensor) -> Tensor:
    """Return the determinants of square matrices; see `portfire.linalg.det`.

    Example:
        >>> import portfire
        >>> portfire.det(portfire.eye(2))
        tensor(1.)
    """
    from portfire import linalg

    return linalg.det(input)


def slogdet(input: Tensor) -> Any:
    """Return signs and logarithms of determinants; see `portfire.linalg.slogdet`.

    Example:
        >>> import portfire
        >>> portfire.slogdet(portfire.eye(2)).logabsdet
        tensor(0.)
    """
    from portfire import linalg

    return linalg.slogdet(input)


def logdet(input: Tensor) -> Tensor:
    """Return the logarithms of determinants; NaN where one is negative.

    Example:
        >>> import portfire
        >>> portfire.logdet(portfire.eye(2))
        tensor(0.)
    """
    from portfire import linalg

    sign, size = linalg.slogdet(input)
    # The logarithm of a sign of -1 is NaN; of 1 it is 0, and 0 has its own.
    return sign.log().where(sign == -1, size)  # type: ignore[no-any-return]  # as above


def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the inverses of square matrices; see `portfire.linalg.inv`.

    Example:
        >>> import portfire
        >>> portfire.inverse(portfire.tensor([[2.0]]))
        tensor([[0.5000]])
    """
    from portfire import linalg

    return linalg.inv(input, out=out)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """Return the pseudoinverses of matrices; see `portfire.linalg.pinv`.

    Example:
        >>> import portfire
        >>> portfire.pinverse(portfire.tensor([[2.0]]))
        tensor([[0.5000]])
    """
    from portfire import linalg

    return linalg.pinv(input, rcond)


def cholesky(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Return Cholesky factors; see `portfire.linalg.cholesky`.

    Example:
        >>> import portfire
        >>> portfire.cholesky(portfire.tensor([[4.0]]))
        tensor([[2.]])
    """
    from portfire import linalg

    factor = linalg.cholesky(input)
    return into(out, factor.transpose(-2, -1) if upper else factor)


def cholesky_solve(
    input: Tensor, input2: Tensor, upper: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Return X with ``A @ X = input``, given the Cholesky factor of A as ``input2``.

    Example:
        >>> import portfire
        >>> portfire.cholesky_solve(portfire.tensor([[8.0]]), portfire.tensor([[2.0]]))
        tensor([[2.]])
    """
    from portfire import linalg

    lower = input2.transpose(-2, -1) if upper else input2
    half = linalg.solve_triangular(lower, input, upper=False)
    return into(out, linalg.solve_triangular(lower.transpose(-2, -1), half, upper=True))


def cholesky_inverse(input: Tensor, upper: bool = False, *, out: Tensor | None = None) -> Tensor:
    """Return the inverse of A, given its Cholesky factor.

    Example:
        >>> import portfire
        >>> portfire.cholesky_inverse(portfire.tensor([[2.0]]))
        tensor([[0.2500]])
    """
    return into(out, cholesky_solve(_one(input), input, upper))


def _one(x: Tensor) -> Tensor:
    from portfire.linalg._rules import eye_like

    return eye_like(x)  # type: ignore[no-any-return]  # as above


def svd(input: Tensor, some: bool = True, compute_uv: bool = True, *, out: Any = None) -> Any:
    """Return U, S and V with ``input = U @ diag(S) @ V.T``; see `portfire.linalg.svd`.

    Args:
        input: matrices.
        some: leave out the vectors beyond the smaller side.
        compute_uv: with False, U and V are zeros.
        out: three tensors for the results.

    Example:
        >>> import portfire
        >>> portfire.svd(portfire.tensor([[2.0]])).S
        tensor([2.])
    """
    from portfire import linalg

    if compute_uv:
        u, s, vh = linalg.svd(input, not some)
        found = SvdResult(u, s, vh.transpose(-2, -1))
    else:
        m, n = input._shape[-2:]
        sides = [input.new_zeros((*input._shape[:-2], k, k)) for k in (m, n)]
        found = SvdResult(sides[0], linalg.svdvals(input), sides[1])
    return found if out is None else SvdResult(*map(into, out, found))


def qr(input: Tensor, some: bool = True, *, out: Any = None) -> Any:
    """Return Q and R with ``input = Q @ R``; see `portfire.linalg.qr`.

    Example:
        >>> import portfire
        >>> portfire.qr(portfire.ones(3, 2)).Q.shape
        portfire.Size([3, 2])
    """
    from portfire import linalg

    found = QrResult(*linalg.qr(input, "reduced" if some else "complete"))
    return found if out is None else QrResult(*map(into, out, found))
