"""Decompositions, determinants, and what follows from singular values."""

# ruff: noqa: N803  (the arguments have the names that torch gives them)

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import int32
from portfire._fallback import on_host
from portfire._functions._inplace import into
from portfire._functions._operands import _need_tensor
from portfire._limits import finfo
from portfire.autograd._mode import state as grad_state
from portfire.linalg import _rules as rules
from portfire.linalg._checks import (
    LinAlgError,
    need_float,
    need_matrix,
    need_square,
    refuse_half,
    unpack,
)
from portfire.ops import _linalg as op

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["cholesky", "cholesky_ex", "det", "eigh", "eigvalsh", "matrix_rank", "pinv", "qr",
           "slogdet", "svd", "svdvals"]  # fmt: skip


def _shown(result: Any) -> str:
    parts = ",\n".join(f"{name}={part!r}" for name, part in result._asdict().items())
    name = type(result).__name__.removesuffix("Result")
    return f"portfire.return_types.linalg_{name}(\n{parts})"


class _SvdFields(NamedTuple):
    U: Any
    S: Any
    Vh: Any


class svdResult(_SvdFields):
    """What `svd` returns."""

    __repr__ = _shown


class _QrFields(NamedTuple):
    Q: Any
    R: Any


class qrResult(_QrFields):
    """What `qr` returns."""

    __repr__ = _shown


class _EighFields(NamedTuple):
    eigenvalues: Any
    eigenvectors: Any


class eighResult(_EighFields):
    """What `eigh` returns."""

    __repr__ = _shown


class _SlogdetFields(NamedTuple):
    sign: Any
    logabsdet: Any


class slogdetResult(_SlogdetFields):
    """What `slogdet` returns."""

    __repr__ = _shown


class _CholeskyFields(NamedTuple):
    L: Any
    info: Any


class cholesky_exResult(_CholeskyFields):
    """What `cholesky_ex` returns."""

    __repr__ = _shown


def all_into(out: Any, result: Any) -> Any:
    """Write several tensors into those of ``out`` if they were given."""
    if out is None:
        return result
    return type(result)(*(into(o, r) for o, r in zip(out, result, strict=True)))


def failed(info: Tensor) -> tuple[int, str] | None:
    """The first of the matrices that failed: what its info is, and which one it is in words."""
    if not info.numel() or not bool((info != 0).any()):
        return None
    flat = info.detach().reshape(-1).tolist()
    place = next(i for i, value in enumerate(flat) if value)
    return int(flat[place]), f"(Batch element {place}): " if info.ndim else ""


def det(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the determinants of square matrices.

    Raises:
        RuntimeError: if the matrices are not square floats.

    Example:
        >>> import portfire
        >>> portfire.linalg.det(portfire.tensor([[2.0, 0.0], [0.0, 3.0]]))
        tensor(6.)
    """
    need_square("linalg.det", A)
    need_float("linalg.det", A)
    refuse_half(A, "lu_cpu")
    return into(out, rules.Determinant.apply(A))


def slogdet(A: Tensor, *, out: Any = None) -> Any:
    """Return the signs of determinants and the logarithms of their sizes.

    Example:
        >>> import portfire
        >>> portfire.linalg.slogdet(portfire.eye(2)).sign
        tensor(1.)
    """
    need_square("linalg.slogdet", A)
    need_float("linalg.slogdet", A)
    refuse_half(A, name="linalg.slogdet")
    return all_into(out, slogdetResult(*rules.LogDeterminant.apply(A)))


def cholesky_ex(
    A: Tensor, *, upper: bool = False, check_errors: bool = False, out: Any = None
) -> Any:
    """Return the Cholesky factors, and for each the order of the minor that fails, or 0.

    Args:
        A: symmetric positive-definite matrices; the lower half is read (the upper with ``upper``).
        upper: return upper triangular factors.
        check_errors: raise as `cholesky` does.
        out: two tensors for the results.

    Example:
        >>> import portfire
        >>> portfire.linalg.cholesky_ex(-portfire.eye(2)).info
        tensor(1, dtype=portfire.int32)
    """
    need_square("linalg.cholesky", A)
    need_float("linalg.cholesky", A)
    refuse_half(A, "cholesky_cpu")
    factor, info = rules.Cholesky.apply(rules.t(A) if upper else A)
    wrong = failed(info) if check_errors else None
    if wrong is not None:
        order, which = wrong
        raise LinAlgError(
            f"linalg.cholesky: {which}The factorization could not be completed because the input "
            f"is not positive-definite (the leading minor of order {order} is not "
            "positive-definite)."
        )
    return all_into(out, cholesky_exResult(rules.t(factor) if upper else factor, info.to(int32)))


def cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:
    """Return the lower triangular L with ``A = L @ L.T`` (or the upper, transposed one).

    Raises:
        portfire.linalg.LinAlgError: if a matrix is not positive-definite.

    Example:
        >>> import portfire
        >>> portfire.linalg.cholesky(portfire.tensor([[4.0, 2.0], [2.0, 2.0]]))
        tensor([[2., 0.],
                [1., 1.]])
    """
    return into(out, cholesky_ex(A, upper=upper, check_errors=True).L)


def qr(A: Tensor, mode: str = "reduced", *, out: Any = None) -> Any:
    """Return an orthogonal Q and an upper triangular R with ``A = Q @ R``.

    Args:
        A: matrices.
        mode: ``"reduced"``, ``"complete"`` for a square Q, ``"r"`` for R alone.
        out: two tensors for the results.

    Raises:
        RuntimeError: for another mode, or if the matrices are not floats.

    Example:
        >>> import portfire
        >>> portfire.linalg.qr(portfire.ones(4, 2)).R.shape
        portfire.Size([2, 2])
    """
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    need_matrix("linalg.qr", A)
    need_float("linalg.qr", A)
    refuse_half(A, "geqrf_cpu")
    if mode == "r" and grad_state.enabled and A.requires_grad:
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please "
            "use linalg.qr(A, mode='reduced') if you are going to require gradients."
        )
    q, r = rules.Qr.apply(A, "reduced" if mode == "r" else mode)
    return all_into(out, qrResult(q.new_empty(0) if mode == "r" else q, r))


def svd(
    A: Tensor, full_matrices: bool = True, *, driver: str | None = None, out: Any = None
) -> Any:
    """Return U, S and Vh with ``A = U @ diag(S) @ Vh``: the singular value decomposition.

    Args:
        A: matrices.
        full_matrices: return square U and Vh.
        driver: taken for torch's sake, where it chooses among solvers of CUDA.
        out: three tensors for the results.

    Raises:
        RuntimeError: if the matrices are not floats.

    Example:
        >>> import portfire
        >>> portfire.linalg.svd(portfire.tensor([[3.0, 0.0], [0.0, 4.0]])).S
        tensor([4., 3.])
    """
    _need_svd(A, driver)
    return all_into(out, svdResult(*rules.Svd.apply(A, full_matrices)))


def _need_svd(A: Any, driver: str | None) -> None:
    need_matrix("linalg.svd", A)
    need_float("linalg.svd", A)
    refuse_half(A, "linalg_svd_cpu")
    if driver is not None:
        raise RuntimeError(
            "linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER "
            "backend."
        )


def svdvals(A: Tensor, *, driver: str | None = None, out: Tensor | None = None) -> Tensor:
    """Return the singular values, largest first; see `svd`.

    Example:
        >>> import portfire
        >>> portfire.linalg.svdvals(portfire.tensor([[3.0, 0.0], [0.0, 4.0]]))
        tensor([4., 3.])
    """
    _need_svd(A, driver)
    return into(out, _values(A))


def _values(A: Tensor) -> Tensor:
    """Without the vectors, unless a gradient will ask for them."""
    if grad_state.enabled and A.requires_grad:
        return rules.Svd.apply(A, False)[1]  # type: ignore[no-any-return]  # Function.apply gives Any
    attrs = (False, False)
    return unpack(op.SVD.name, on_host(op.SVD, (A,), attrs), A, attrs)[0]


def eigh(A: Tensor, UPLO: str = "L", *, out: Any = None) -> Any:
    """Return the eigenvalues, smallest first, and eigenvectors of symmetric matrices.

    Args:
        A: symmetric matrices.
        UPLO: which half is read: ``"L"`` or ``"U"``.
        out: two tensors for the results.

    Raises:
        RuntimeError: if the matrices are not square.

    Example:
        >>> import portfire
        >>> portfire.linalg.eigh(portfire.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
        tensor([1., 2.])
    """
    return all_into(out, eighResult(*_eigh(A, UPLO)))


def _eigh(A: Any, uplo: str) -> Any:
    need_square("linalg.eigh", A)
    if uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {uplo}")
    if not A._dtype.is_floating_point or A._dtype.itemsize < 4:
        raise NotImplementedError(
            f"\"linalg_eigh_cpu\" not implemented for '{A._dtype.scalar_name}'"
        )
    return rules.Eigh.apply(A, uplo.upper() == "U")


def eigvalsh(A: Tensor, UPLO: str = "L", *, out: Tensor | None = None) -> Tensor:
    """Return the eigenvalues of symmetric matrices, smallest first; see `eigh`.

    Example:
        >>> import portfire
        >>> portfire.linalg.eigvalsh(portfire.tensor([[2.0, 0.0], [0.0, 1.0]]))
        tensor([1., 2.])
    """
    return into(out, _eigh(A, UPLO)[0])


def _threshold(A: Tensor, largest: Tensor, atol: Any, rtol: Any) -> Tensor:
    """Below this a singular value counts as 0."""
    if rtol is None:
        rtol = 0.0
        given = atol is not None and (isinstance(atol, _tensor.Tensor) or atol > 0)
        if not given:
            rtol = finfo(A._dtype).eps * max(A._shape[-2:])
    absolute = 0.0 if atol is None else atol
    scaled = largest * rtol
    if not isinstance(absolute, _tensor.Tensor):
        absolute = dispatch.full((), float(absolute), scaled)
    return dispatch.where(scaled > absolute, scaled, absolute)


def pinv(
    A: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the pseudoinverses of matrices.

    Args:
        A: matrices.
        rcond: the older name of ``rtol``.
        hermitian: the matrices are symmetric, which is quicker.
        atol: singular values up to this count as 0; a number or a tensor.
        rtol: likewise, as a factor of the largest one.
        out: where to write the result.

    Raises:
        RuntimeError: if the matrices are not floats.

    Example:
        >>> import portfire
        >>> portfire.linalg.pinv(portfire.tensor([[2.0, 0.0], [0.0, 0.0]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.0000]])
    """
    _need_tensor("linalg_pinv", A)
    if A.ndim < 2 or not A._dtype.is_floating_point or A._dtype.itemsize < 4:
        raise RuntimeError(
            f"linalg.pinv({A._dtype.scalar_name}{{{list(A._shape)}}}): expected a tensor with 2 or "
            "more dimensions of float, double, cfloat or cdouble types"
        )
    rtol = rcond if rtol is None else rtol
    flipped = (*A._shape[:-2], A._shape[-1], A._shape[-2])
    if not A.numel():
        return into(out, rules.Inverse.apply(A, A.detach().new_zeros(flipped)))
    source = A.detach()
    if hermitian:
        values, vectors = _eigh(source, "L")
        left, sizes, right = vectors, values.abs(), rules.t(vectors)
    else:
        left, values, right = rules.Svd.apply(source, False)
        sizes = values
    limit = _threshold(A, sizes.amax(-1, True), _column(atol), _column(rtol))
    kept = sizes > limit
    inverse = dispatch.where(kept, 1.0 / dispatch.where(kept, values, 1.0), 0.0)
    found = (rules.t(right) * inverse.unsqueeze(-2)) @ rules.t(left)
    return into(out, rules.Inverse.apply(A, found))


def _column(limit: Any) -> Any:
    return limit.unsqueeze(-1) if isinstance(limit, _tensor.Tensor) else limit


def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return how many singular values are not (nearly) 0; see `pinv` for the arguments.

    Example:
        >>> import portfire
        >>> portfire.linalg.matrix_rank(portfire.ones(3, 3))
        tensor(1)
    """
    need_matrix("linalg.matrix_rank", A, "input")
    if not A._dtype.is_floating_point or A._dtype.itemsize < 4:
        raise RuntimeError("This function doesn't handle types other than float and double")
    if tol is not None:
        atol, rtol = tol, 0.0
    source = A.detach()
    if not math.prod(A._shape[-2:]):
        return into(out, source.new_zeros(A._shape[:-2]).long())
    sizes = _eigh(source, "L")[0].abs() if hermitian else _values(source)
    limit = _threshold(A, sizes.amax(-1, True), _column(atol), _column(rtol))
    return into(out, (sizes > limit).sum(-1))
