"""Linear systems, inverses and least squares."""

# ruff: noqa: N803, N806  (the arguments have the names that torch gives them)

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from portfire import _dispatch as dispatch
from portfire._dtype import int32
from portfire._functions._inplace import into
from portfire._functions._operands import _need_two
from portfire.linalg import _rules as rules
from portfire.linalg._checks import LinAlgError, need_float, need_matrix, need_square, refuse_half
from portfire.linalg._decompositions import _shown, all_into, failed, matrix_rank, pinv, svdvals

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["inv", "inv_ex", "lstsq", "solve", "solve_ex", "solve_triangular"]


class _InverseFields(NamedTuple):
    inverse: Any
    info: Any


class inv_exResult(_InverseFields):
    """What `inv_ex` returns."""

    __repr__ = _shown


class _SolveFields(NamedTuple):
    result: Any
    info: Any


class solve_exResult(_SolveFields):
    """What `solve_ex` returns."""

    __repr__ = _shown


class _LstsqFields(NamedTuple):
    solution: Any
    residuals: Any
    rank: Any
    singular_values: Any


class lstsqResult(_LstsqFields):
    """What `lstsq` returns."""

    __repr__ = _shown


def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """Return the inverses of matrices, and for each the place of a pivot that is zero, or 0.

    Example:
        >>> import portfire
        >>> portfire.linalg.inv_ex(portfire.zeros(2, 2)).info
        tensor(1, dtype=portfire.int32)
    """
    need_square("linalg.inv", A)
    need_float("linalg.inv", A)
    refuse_half(A, name="linalg.inv")
    found, info = rules.Solve.apply(A, rules.eye_like(A))
    wrong = failed(info) if check_errors else None
    if wrong is not None:
        place, which = wrong
        raise LinAlgError(
            f"linalg.inv: {which}The diagonal element {place} is zero, the inversion could not be "
            "completed because the input matrix is singular."
        )
    return all_into(out, inv_exResult(found, info.to(int32)))


def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the inverses of square matrices.

    Raises:
        portfire.linalg.LinAlgError: if a matrix has none.

    Example:
        >>> import portfire
        >>> portfire.linalg.inv(portfire.tensor([[2.0, 0.0], [0.0, 4.0]]))
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
    """
    return into(out, inv_ex(A, check_errors=True).inverse)


def _sides(name: str, A: Tensor, B: Tensor, left: bool) -> tuple[Tensor, Tensor]:
    """Both with the same batches, for ``A X = B``."""
    given = f"({A._shape[-2]}x{A._shape[-1]} and {B._shape[-2]}x{B._shape[-1]})"
    if B._shape[-2 if left else -1] != A._shape[-1]:
        equation = "AX = B" if left else "XA = B"
        raise RuntimeError(
            f"{name}: Incompatible shapes of A and B for the equation {equation} {given}"
        )
    if not left:
        A, B = rules.t(A), rules.t(B)
    batch = dispatch.broadcast_shapes(A._shape[:-2], B._shape[:-2])
    return A.expand((*batch, *A._shape[-2:])), B.expand((*batch, *B._shape[-2:]))


def solve_ex(
    A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out: Any = None
) -> Any:
    """Return what `solve` does, and for each matrix the place of a pivot that is zero, or 0.

    Example:
        >>> import portfire
        >>> portfire.linalg.solve_ex(portfire.eye(2), portfire.ones(2)).info
        tensor(0, dtype=portfire.int32)
    """
    _need_two("linalg_solve", A, B, "B")
    need_square("linalg.solve", A)
    need_float("linalg.solve", A)
    refuse_half(A, "lu_cpu")
    if A._dtype is not B._dtype:
        raise RuntimeError(
            "linalg.solve: Expected A and B to have the same dtype, but found A of type "
            f"{A._dtype.scalar_name} and B of type {B._dtype.scalar_name} instead"
        )
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B._shape == A._shape[:-1])
    if vector and not left:
        raise RuntimeError(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for "
            "left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    sides = _sides("linalg.solve", A, B.unsqueeze(-1) if vector else B, left)
    found, info = rules.Solve.apply(*sides)
    wrong = failed(info) if check_errors else None
    if wrong is not None:
        raise LinAlgError(
            f"linalg.solve: {wrong[1]}The solver failed because the input matrix is singular."
        )
    found = found if left else rules.t(found)
    result = found.squeeze(-1) if vector else found
    return all_into(out, solve_exResult(result, info.to(int32)))


def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """Return X with ``A @ X = B``, or with ``X @ A = B``.

    Args:
        A: square matrices.
        B: vectors or matrices.
        left: whether A stands on the left of X.
        out: where to write the result.

    Raises:
        portfire.linalg.LinAlgError: if a matrix has no inverse.
        RuntimeError: if shapes or dtypes do not fit.

    Example:
        >>> import portfire
        >>> A = portfire.tensor([[2.0, 0.0], [0.0, 4.0]])
        >>> portfire.linalg.solve(A, portfire.tensor([2.0, 2.0]))
        tensor([1.0000, 0.5000])
    """
    return into(out, solve_ex(A, B, left=left, check_errors=True).result)


def solve_triangular(
    A: Tensor,
    B: Tensor,
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Return X with ``A @ X = B`` for triangular A; the other half of A is not read.

    Args:
        A: square matrices.
        B: matrices.
        upper: whether the upper half of A is meant.
        left: whether A stands on the left of X.
        unitriangular: take the diagonal for ones.
        out: where to write the result.

    Raises:
        RuntimeError: if shapes do not fit.

    Example:
        >>> import portfire
        >>> A = portfire.tensor([[2.0, 0.0], [1.0, 1.0]])
        >>> portfire.linalg.solve_triangular(A, portfire.ones(2, 1), upper=False)
        tensor([[0.5000],
                [0.5000]])
    """
    _need_two("linalg_solve_triangular", A, B, "B")
    need_square("linalg.solve_triangular", A)
    need_matrix("linalg.solve_triangular", B, "B")
    need_float("linalg.solve_triangular", A)
    if A._dtype is not B._dtype:
        raise RuntimeError(
            "linalg.solve_triangular: Expected A and B to have the same dtype, but found A of type "
            f"{A._dtype.scalar_name} and B of type {B._dtype.scalar_name} instead"
        )
    sides = _sides("linalg.solve_triangular", A, B, left)
    found = rules.Triangular.apply(*sides, upper == left, unitriangular)
    return into(out, found if left else rules.t(found))


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Any:
    """Return X with the least ``|A @ X - B|``, residuals, rank and singular values.

    Args:
        A: matrices.
        B: vectors or matrices.
        rcond: singular values up to this share of the largest count as 0.
        driver: ``"gels"``, ``"gelsy"`` (the default), ``"gelsd"`` or ``"gelss"``; it decides
            whether singular values are returned.

    Raises:
        RuntimeError: if the shapes do not fit, or for another driver.

    Example:
        >>> import portfire
        >>> A = portfire.tensor([[1.0], [1.0]])
        >>> portfire.linalg.lstsq(A, portfire.tensor([[1.0], [3.0]])).solution
        tensor([[2.0000]])
    """
    _need_two("linalg_lstsq", A, B, "B")
    if A.ndim < 2:
        raise RuntimeError("linalg.lstsq: input must have at least 2 dimensions.")
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            "linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)"
        )
    vector = B.ndim == A.ndim - 1 and B._shape == A._shape[:-1]
    if not vector and (B.ndim < 2 or B._shape[-2] != A._shape[-2]):
        place = -1 if B.ndim < A.ndim else -2
        raise RuntimeError(f"linalg.lstsq: input.size(-2) should match other.size({place})")
    if not 0 <= A.ndim - B.ndim <= 1:
        raise RuntimeError(
            "linalg.lstsq: input.dim() must be greater or equal to other.dim() and (input.dim() - "
            "other.dim()) <= 1"
        )
    sides = B.unsqueeze(-1) if vector else B
    dispatch.broadcast_shapes(A._shape[:-2], sides._shape[:-2])
    need_float("linalg.lstsq", A)
    refuse_half(A, "linalg_lstsq_cpu")
    m, n = A._shape[-2:]
    solution = pinv(A, rtol=rcond) @ sides
    rank = matrix_rank(A, rtol=rcond)
    residuals = A.new_empty(0)
    full = driver not in (None, "gelsy") and m > n and bool((rank == n).all())
    if full:
        residuals = ((A @ solution - sides) ** 2).sum(-2)
    values = A.new_empty(0)
    if driver in ("gelsd", "gelss"):
        values = svdvals(A.detach())
    if driver == "gels":
        rank = rank.new_empty(0)
    return lstsqResult(solution.squeeze(-1) if vector else solution, residuals, rank, values)
