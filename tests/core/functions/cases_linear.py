"""Cases of products, sums of products, and decompositions."""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire.testing import Tolerance
from tests.core.functions.case import Case, T, Wrong

X, Y, V = T((3, 4)), T((4, 2)), T((4,))
BATCH, BATCH_Y = T((2, 3, 4)), T((2, 4, 5))
# Far from singular, and symmetric positive-definite.
REGULAR = T((3, 3), values=[[3, 1, -1], [0.5, 2, 1], [-1, 0.25, 4]])
REGULARS = T((2, 2, 2), values=[[[3, 1], [0.5, 2]], [[-2, 1], [1, 3]]])
DEFINITE = T((3, 3), values=[[4, 1, -1], [1, 3, 0.5], [-1, 0.5, 2]])
SINGULAR = T((3, 3), values=[[1, 2, 3], [2, 4, 6], [0, 1, 1]])
TALL = T((4, 2), values=[[1, 2], [0, 3], [2, -1], [1, 1]])
WIDE = T((2, 3), values=[[1, 2, 0.5], [-1, 0.25, 2]])
LOOSE = Tolerance(2e-4, 2e-4)


def added(product: Any) -> Any:
    def reference(x: Any, a: Any, b: Any, beta: float = 1, alpha: float = 1) -> Any:
        return beta * x + alpha * product(a, b)

    return reference


def half(x: Any, upper: bool, unit: bool = False) -> Any:
    part = np.triu(x) if upper else np.tril(x)
    return part - np.diag(np.diag(part) - 1) if unit else part


def factor(x: Any) -> Any:
    return np.linalg.cholesky((np.tril(x) + np.tril(x, -1).T).astype(float))


def symmetric(x: Any) -> Any:
    return (x + np.swapaxes(x, -1, -2)) / 2


EQUATIONS = [
    ("ij,jk->ki", [X, Y]),
    ("ii", [T((3, 3))]),
    ("iij->ij", [T((3, 3, 2))]),
    ("...ij,...jk->...ik", [T((2, 1, 3, 4)), T((5, 4, 2))]),
    ("ij,kj->ik", [T((2, 3)), T((2, 1))]),
    ("bn,anm,bm->ba", [T((2, 3)), T((4, 3, 5)), T((2, 5))]),
    ("ab,cd,ef,bc,de->af", [T((2, 3)), T((4, 5)), T((6, 2)), T((3, 4)), T((5, 6))]),
    ("a,b->ba", [T((2,)), T((3,))]),
    ("ba", [T((2, 3))]),
    ("ij,ij->i", [X, X]),
    ("ij,jk->ik", [T((2, 0)), T((0, 3))]),
]
ON_DEVICE = ("ij,jk->ki", "...ij,...jk->...ik", "bn,anm,bm->ba")

CASES = [
    *(
        Case("matmul", (a, b), np.matmul, dtypes="fi", host=a is not BATCH, out=a is X)
        for a, b in (
            (X, Y),
            (X, V),
            (V, Y),
            (V, V),
            (BATCH, BATCH_Y),
            (BATCH, Y),
            (V, BATCH_Y),
            (T((5, 1, 3, 4)), BATCH_Y),
            (T((3, 0)), T((0, 2))),
        )
    ),
    Case("vdot", (V, V), np.vdot, dtypes="fi"),
    Case("inner", (X, BATCH), np.inner, dtypes="fi", out=True),
    Case("ger", (V, T((3,))), np.outer, dtypes="fib"),
    Case("addmm", (T((2,)), X, Y), added(np.matmul), dtypes="fi", out=True),
    Case(
        "addmm",
        (T((3, 2)), X, Y),
        added(np.matmul),
        {"beta": 2, "alpha": 3},
        dtypes="fi",
        inplace=True,
    ),
    Case(
        "addmm",
        (T((3, 2), values=[[np.nan] * 2] * 3), X, Y),
        lambda x, a, b, beta: a @ b,
        {"beta": 0},
        dtypes="f",
        grad=False,
    ),
    Case("addmv", (T((3,)), X, V), added(np.matmul), {"alpha": 2}, dtypes="fi", host=True),
    Case("addr", (T((3, 1)), T((3,)), V), added(np.outer), {"beta": 2}, dtypes="fi", host=True),
    Case("baddbmm", (T((3, 5)), BATCH, BATCH_Y), added(np.matmul), {"beta": 2}, dtypes="fi"),
    Case(
        "addbmm",
        (T((3, 5)), BATCH, BATCH_Y),
        added(lambda a, b: (a @ b).sum(0, dtype=a.dtype)),
        dtypes="fi",
        host=True,
    ),
    *(
        Case(
            "einsum",
            (equation, *operands),
            lambda equation, *arrays: np.einsum(equation, *arrays),
            dtypes="f",
            method=False,
            host=equation not in ON_DEVICE,
        )
        for equation, operands in EQUATIONS
    ),
    Case("einsum", (X, [0, 1], Y, [1, 2], [2, 0]), np.einsum, dtypes="fi", method=False, host=True),
    Case(
        "tensordot",
        (BATCH, T((3, 5, 2)), ([1, 0], [0, 2])),
        lambda a, b, dims: np.tensordot(a, b, dims),
        dtypes="fi",
        method=False,
    ),
    Case("tensordot", (BATCH, T((3, 4, 2)), 2), np.tensordot, dtypes="f", method=False, host=True),
    Case("kron", (T((2, 3)), T((3, 1, 2))), np.kron, dtypes="fi", out=True),
    Case("cross", (T((2, 3)), T((2, 3))), lambda a, b: np.cross(a, b), dtypes="fi"),
    Case("linalg.cross", (T((4, 3)), T((1, 3))), np.cross, dtypes="f", method=False, host=True),
    Case(
        "trace",
        (T((3, 4)),),
        lambda x: np.trace(x if x.dtype.kind == "f" else x.astype("int64")),
        dtypes="fi",
    ),
    Case("matrix_power", (T((3, 3)), 3), np.linalg.matrix_power, dtypes="fi", out=True),
    Case(
        "matrix_power", (REGULAR, -2), np.linalg.matrix_power, dtypes="f", host=True, layouts=False
    ),
    Case(
        "chain_matmul",
        (X, Y, T((2, 6))),
        lambda *m: np.linalg.multi_dot(m),
        dtypes="f",
        method=False,
        host=True,
    ),
    Case(
        "linalg.multi_dot",
        ([V, Y, T((2, 6)), T((6,))],),
        np.linalg.multi_dot,
        dtypes="fi",
        method=False,
        host=True,
    ),
    *(
        Case(
            "cdist",
            (BATCH, T((5, 4)), p),
            lambda a, b, p: np.linalg.norm(a[..., :, None, :] - b[..., None, :, :], p, -1),
            dtypes="f",
            method=False,
            host=p != 2,
        )
        for p in (1, 2, 3, np.inf)
    ),
    # Decompositions
    Case(
        "linalg.det", (REGULARS,), np.linalg.det, dtypes="f", method=False, host=True, layouts=False
    ),
    Case(
        "linalg.slogdet",
        (REGULARS,),
        lambda x: tuple(np.linalg.slogdet(x)),
        dtypes="f",
        grad=False,
        method=False,
        host=True,
        layouts=False,
    ),
    Case(
        "logdet",
        (DEFINITE,),
        lambda x: np.linalg.slogdet(x)[1],
        dtypes="f",
        host=True,
        layouts=False,
    ),
    Case(
        "linalg.inv",
        (REGULARS,),
        np.linalg.inv,
        dtypes="f",
        method=False,
        host=True,
        layouts=False,
        out=True,
    ),
    *(
        Case(
            "linalg.pinv",
            (x,),
            np.linalg.pinv,
            dtypes="f",
            method=False,
            host=True,
            layouts=False,
            grad=x is not SINGULAR,
            tolerance=LOOSE,
        )
        for x in (TALL, WIDE, SINGULAR, T((0, 2)))
    ),
    *(
        Case(
            "linalg.solve",
            (a, b),
            np.linalg.solve,
            dtypes="f",
            method=False,
            host=True,
            layouts=False,
        )
        for a, b in ((REGULAR, T((3, 2))), (REGULAR, T((2, 3, 2))), (T((0, 0)), T((0, 2))))
    ),
    Case(
        "linalg.solve",
        (REGULARS, T((2, 2))),
        lambda a, b: np.linalg.solve(a, b[..., None])[..., 0],
        dtypes="f",
        method=False,
        host=True,
        layouts=False,
    ),
    Case(
        "linalg.solve",
        (REGULAR, T((2, 3))),
        lambda a, b, left: b @ np.linalg.inv(a),
        {"left": False},
        dtypes="f",
        method=False,
        host=True,
        layouts=False,
    ),
    *(
        Case(
            "linalg.solve_triangular",
            (REGULAR, T((3, 2))),
            lambda a, b, upper, unitriangular: np.linalg.solve(half(a, upper, unitriangular), b),
            {"upper": upper, "unitriangular": unit},
            dtypes="f",
            method=False,
            host=True,
            layouts=False,
        )
        for upper in (True, False)
        for unit in (True, False)
    ),
    Case(
        "linalg.lstsq",
        (TALL, T((4, 2))),
        lambda a, b: (np.linalg.lstsq(a, b, None)[0], np.zeros(0), np.int64(2), np.zeros(0)),
        dtypes="f",
        method=False,
        host=True,
        layouts=False,
        grad=False,
    ),
    Case(
        "linalg.cholesky",
        (DEFINITE,),
        factor,
        dtypes="f",
        method=False,
        host=True,
        layouts=False,
        grad=False,
    ),
    Case(
        "linalg.qr",
        (TALL,),
        lambda x: tuple(np.linalg.qr(x)),
        dtypes="f",
        method=False,
        host=True,
        layouts=False,
        tolerance=LOOSE,
    ),
    Case(
        "linalg.qr",
        (WIDE,),
        lambda x: tuple(np.linalg.qr(x)),
        dtypes="f",
        method=False,
        host=True,
        layouts=False,
        tolerance=LOOSE,
    ),
    *(
        Case(
            "linalg.svd",
            (x,),
            lambda x, full_matrices: tuple(np.linalg.svd(x, full_matrices)),
            {"full_matrices": False},
            dtypes="f",
            method=False,
            host=True,
            layouts=False,
            tolerance=LOOSE,
        )
        for x in (TALL, REGULARS)  # signs are free: these are the same from any LAPACK
    ),
    Case(
        "linalg.svdvals",
        (WIDE,),
        lambda x: np.linalg.svd(x)[1],
        dtypes="f",
        method=False,
        host=True,
        layouts=False,
    ),
    Case(
        "linalg.eigvalsh",
        (DEFINITE,),
        lambda x: np.linalg.eigvalsh(symmetric(x)),
        dtypes="f",
        method=False,
        host=True,
        second=False,
        layouts=False,
    ),
    Case(
        "linalg.matrix_rank",
        (SINGULAR,),
        np.linalg.matrix_rank,
        dtypes="f",
        method=False,
        host=True,
        layouts=False,
        grad=False,
    ),
    *(
        Case(
            "linalg.matrix_norm",
            (REGULAR, p),
            lambda x, p: np.linalg.norm(x, p),
            dtypes="f",
            method=False,
            host=True,
            layouts=False,
        )
        for p in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
    ),
    *(
        Case(
            "linalg.cond",
            (REGULAR, p),
            np.linalg.cond,
            dtypes="f",
            method=False,
            host=True,
            layouts=False,
        )
        for p in (None, -2, "fro", 1)
    ),
    Case("linalg.norm", (X,), np.linalg.norm, dtypes="f", method=False),
    Case("linalg.norm", (V, 3), np.linalg.norm, dtypes="f", method=False, host=True, layouts=False),
    Case(
        "linalg.vander",
        (T((3,)),),
        lambda x: np.vander(x, increasing=True),
        dtypes="fi",
        method=False,
        host=True,
        layouts=False,
    ),
]

WRONG = [
    Wrong("matmul", lambda m, t: t(2, 3) @ t(2, 3), RuntimeError, "2x3 and 2x3"),
    Wrong("matmul", lambda m, t: t(2, 2, 3) @ t(2), RuntimeError, "size mismatch"),
    Wrong("matmul", lambda m, t: t(2, 3) @ t(3, 2, dtype="int64"), RuntimeError, "float != long"),
    Wrong("inner", lambda m, t: m.inner(t(2, 3), t(2)), RuntimeError, "last dimension must match"),
    Wrong("outer", lambda m, t: m.outer(t(2, 3), t(2)), RuntimeError, "Expected 1-D argument self"),
    Wrong("addmm", lambda m, t: m.addmm(t(3), t(2, 3), t(3, 2)), RuntimeError, "expanded size"),
    Wrong("addmv", lambda m, t: m.addmv(t(3), t(2, 3), t(3)), RuntimeError, "size mismatch"),
    Wrong("einsum", lambda m, t: m.einsum("ij->ik", t(2, 3)), RuntimeError, "subscript k does not"),
    Wrong("einsum", lambda m, t: m.einsum("ii", t(2, 3)), RuntimeError, "is repeated"),
    Wrong("einsum", lambda m, t: m.einsum("i", t(2, 3)), RuntimeError, "no ellipsis was given"),
    Wrong("einsum", lambda m, t: m.einsum("i1", t(2, 3)), RuntimeError, "invalid subscript"),
    Wrong("einsum", lambda m, t: m.einsum("ij"), ValueError, "must specify the equation"),
    Wrong("einsum", lambda m, t: m.einsum("ij,j", t(2, 3)), RuntimeError, "fewer operands"),
    Wrong("tensordot", lambda m, t: m.tensordot(t(2), t(3), 1), RuntimeError, "need to match"),
    Wrong("cross", lambda m, t: m.cross(t(2, 2), t(2, 2)), RuntimeError, "no dimension of size 3"),
    Wrong("trace", lambda m, t: m.trace(t(3)), RuntimeError, "expected a matrix"),
    Wrong("chain_matmul", lambda m, t: m.chain_matmul(), RuntimeError, "one or more matrices"),
    Wrong("cdist", lambda m, t: m.cdist(t(2, 3), t(2, 2)), RuntimeError, "number of columns"),
    Wrong("linalg.det", lambda m, t: m.linalg.det(t(2, 3)), RuntimeError, "square matrices"),
    Wrong("linalg.det", lambda m, t: m.linalg.det(t(2)), RuntimeError, "at least 2 dimensions"),
    Wrong("linalg.det", lambda m, t: m.det(t(2, 2, dtype="int64")), RuntimeError, "Got Long"),
    Wrong("linalg.solve", lambda m, t: m.linalg.solve(t(2, 2), t(3)), RuntimeError, "Incompatible"),
    Wrong("linalg.qr", lambda m, t: m.linalg.qr(t(2, 2), "x"), RuntimeError, "unrecognized mode"),
    Wrong("linalg.norm", lambda m, t: m.linalg.norm(t(2, 2), 3), RuntimeError, "not supported"),
    Wrong("linalg.eigh", lambda m, t: m.linalg.eigh(t(2, 2), "X"), RuntimeError, "UPLO"),
]
