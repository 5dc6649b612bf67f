"""Decompositions of matrices: operators that run on the host, where a backend has them at all.

Each has one result, in which its parts stand one after another for each matrix: `portfire.linalg`
takes them apart. Their gradients are there too, because they depend on which parts are used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from portfire._dtype import float32
from portfire.ops._record import Attrs, Kind, Operator, Sample, Shape, Spec, WrongCall, register

__all__ = ["CHOLESKY", "DETERMINANT", "EIGH", "QR", "SOLVE", "SVD", "TRIANGULAR", "sizes"]

Array = Any


def sizes(name: str, shape: Shape, attrs: Attrs) -> list[Shape]:
    """The shapes of the parts of a decomposition of one matrix (or of a matrix and its sides)."""
    m, n = shape[-2:]
    k = min(m, n)
    if name == "linalg_svd":
        full, vectors = attrs
        if not vectors:
            return [(k,)]
        return [(m, m if full else k), (k,), (n if full else k, n)]
    if name == "linalg_qr":
        return [(m, m), (m, n)] if attrs[0] == "complete" else [(m, k), (k, n)]
    if name == "linalg_eigh":
        return [(n,), (n, n)]
    return [(n, n), ()] if name == "linalg_cholesky" else [(), (), ()]


def _packed(name: str) -> Callable[[tuple[Spec, ...], Attrs], Spec]:
    def infer(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
        shape = specs[0].shape
        square = name not in ("linalg_svd", "linalg_qr")
        if len(shape) < 2 or (square and shape[-1] != shape[-2]):
            raise RuntimeError(f"{name}: cannot decompose {specs[0]}")
        size = sum(math.prod(part) for part in sizes(name, shape, attrs))
        return Spec((*shape[:-2], size), specs[0].dtype)

    return infer


def _join(parts: tuple[Any, ...], batch: Shape, dtype: Any) -> Array:
    sizes = [math.prod(part.shape[len(batch) :]) for part in parts]
    flat = [np.reshape(p, (*batch, n)) for p, n in zip(parts, sizes, strict=True)]
    return np.concatenate(flat, -1).astype(dtype)


def _wide(x: Array) -> Array:
    """LAPACK has no half precision."""
    return x.astype(np.float32) if x.dtype.itemsize < 4 else x


def _empty(x: Array) -> bool:
    return 0 in x.shape


def _svd(x: Array, full: bool, vectors: bool) -> Array:
    batch = x.shape[:-2]
    if not vectors:
        return np.linalg.svd(_wide(x), compute_uv=False).astype(x.dtype)
    return _join(tuple(np.linalg.svd(_wide(x), full_matrices=full)), batch, x.dtype)


def _qr(x: Array, mode: str) -> Array:
    batch = x.shape[:-2]
    if _empty(x):
        q, r = sizes("linalg_qr", x.shape, (mode,))
        parts: Any = (
            np.broadcast_to(np.eye(*q, dtype=x.dtype), (*batch, *q)),
            np.zeros((*batch, *r)),
        )
        return _join(parts, batch, x.dtype)
    return _join(tuple(np.linalg.qr(_wide(x), mode)), batch, x.dtype)  # type: ignore[call-overload]  # the mode is one of two


def _eigh(x: Array, upper: bool) -> Array:
    return _join(tuple(np.linalg.eigh(_wide(x), "U" if upper else "L")), x.shape[:-2], x.dtype)


def _det(x: Array) -> Array:
    wide = _wide(x)
    return _join((np.linalg.det(wide), *np.linalg.slogdet(wide)), x.shape[:-2], x.dtype)


def _cholesky(x: Array) -> Array:
    """The factor, and the order of the first leading minor that is not positive, or 0."""
    batch, n = x.shape[:-2], x.shape[-1]
    wide = _wide(x)
    try:
        found = np.linalg.cholesky(wide)
        info = np.zeros(batch)
    except np.linalg.LinAlgError:
        rows = wide.reshape(math.prod(batch), n, n)
        factors = [_one_cholesky(row) for row in rows]
        found = np.stack([f for f, _ in factors]).reshape(wide.shape)
        info = np.array([i for _, i in factors]).reshape(batch)
    return _join((found, info), batch, x.dtype)


def _one_cholesky(x: Array) -> tuple[Array, int]:
    """Row by row, as far as it goes."""
    factor = np.zeros_like(x)
    for i in range(len(x)):
        row = factor[i]
        for j in range(i):
            row[j] = (x[i, j] - row[:j] @ factor[j, :j]) / factor[j, j]
        square = x[i, i] - row[:i] @ row[:i]
        if not square > 0:
            return factor, i + 1
        row[i] = np.sqrt(square)
    return factor, 0


def _infer_solve(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    a, b = specs
    fits = (
        len(a.shape) >= 2
        and a.shape[:-2] == b.shape[:-2]
        and a.shape[-1] == a.shape[-2] == b.shape[-2]
        and a.dtype is b.dtype
    )
    if not fits:
        raise RuntimeError(f"linalg_solve: cannot solve {a} for {b}")
    return b


def _infer_solve_info(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    b = _infer_solve(specs, attrs)
    return Spec((*b.shape[:-2], math.prod(b.shape[-2:]) + 1), b.dtype)


def _solve(a: Array, b: Array) -> Array:
    """The solution, and the place of the first pivot that is zero, or 0."""
    batch, (n, k) = b.shape[:-2], b.shape[-2:]
    wide, sides = _wide(a), _wide(b)
    try:
        found = np.linalg.solve(wide, sides)
        info = np.zeros(batch)
    except np.linalg.LinAlgError:
        count = math.prod(batch)
        pairs = zip(wide.reshape(count, n, n), sides.reshape(count, n, k), strict=True)
        solved = [_one_solve(x, y) for x, y in pairs]
        found = np.stack([f for f, _ in solved]).reshape(sides.shape)
        info = np.array([i for _, i in solved]).reshape(batch)
    return _join((found, info), batch, b.dtype)


def _one_solve(a: Array, b: Array) -> tuple[Array, int]:
    try:
        return np.linalg.solve(a, b), 0
    except np.linalg.LinAlgError:
        return np.full_like(b, np.inf), _zero_pivot(a)


def _zero_pivot(a: Array) -> int:
    """Eliminate until a column has nothing to divide by."""
    a = np.array(a)
    for i in range(len(a)):
        best = i + int(np.argmax(np.abs(a[i:, i])))
        if a[best, i] == 0:
            return i + 1
        a[[i, best]] = a[[best, i]]
        a[i + 1 :, i:] -= np.outer(a[i + 1 :, i] / a[i, i], a[i, i:])
    return len(a)


def _triangular(a: Array, b: Array, upper: bool, unit: bool) -> Array:
    """Substitution, a row of all systems at a time; a zero on the diagonal gives infinities."""
    wide, n = _wide(a), a.shape[-1]
    found = np.array(_wide(b))
    with np.errstate(divide="ignore", invalid="ignore"):
        for i in reversed(range(n)) if upper else range(n):
            known = slice(i + 1, n) if upper else slice(0, i)
            row = wide[..., i : i + 1, known]
            found[..., i : i + 1, :] -= row @ found[..., known, :]
            if not unit:
                found[..., i, :] /= wide[..., i, i : i + 1]
    return found.astype(b.dtype)


_SQUARE = (Sample(((3, 3),)), Sample(((2, 4, 4),)), Sample(((0, 0),)), Sample(((0, 2, 2),)))
_NOT_SQUARE = (Spec((2, 3), float32),)


def _with(samples: tuple[Sample, ...], attrs: Attrs) -> tuple[Sample, ...]:
    return tuple(sample._replace(attrs=attrs) for sample in samples)


_TALL = (Sample(((4, 3),)), Sample(((2, 2, 5),)), Sample(((0, 2),)))


def _decomposition(
    name: str,
    reference: Any,
    attrs: Attrs,
    samples: tuple[Sample, ...],
    wrong: WrongCall | None,
    doc: str,
) -> Operator:
    return register(
        Operator(
            name=name,
            kind=Kind.HOST,
            infer=_packed(name),
            reference=reference,
            attrs=attrs,
            samples=samples,
            errors=(wrong,) if wrong else (),
            doc=doc,
        )
    )


def _wrong(*attrs: Any, shape: Shape = (2, 3)) -> WrongCall:
    return WrongCall((Spec(shape, float32),), attrs, RuntimeError, "cannot decompose")


SVD = _decomposition(
    "linalg_svd", _svd, ("full", "vectors"),
    _with(_TALL, (False, True)) + _with(_TALL, (True, True)) + _with(_TALL, (False, False)),
    _wrong(False, True, shape=(3,)), "Singular vectors on the left, values, vectors on the right.",
)  # fmt: skip
QR = _decomposition(
    "linalg_qr", _qr, ("mode",), _with(_TALL, ("reduced",)) + _with(_TALL, ("complete",)),
    _wrong("reduced", shape=(3,)), "An orthogonal and an upper triangular factor.",
)  # fmt: skip
EIGH = _decomposition(
    "linalg_eigh", _eigh, ("upper",), _with(_SQUARE, (False,)) + _with(_SQUARE, (True,)),
    _wrong(False), "Eigenvalues and eigenvectors of symmetric matrices, of which half is read.",
)  # fmt: skip
DETERMINANT = _decomposition(
    "linalg_det", _det, (), _SQUARE, None,
    "The determinant, its sign, and the logarithm of its size.",
)  # fmt: skip
CHOLESKY = _decomposition(
    "linalg_cholesky", _cholesky, (), _SQUARE, None,
    "The lower triangular factor, and the order of the minor that fails or 0.",
)  # fmt: skip

_SIDES = (
    Sample(((3, 3), (3, 2))),
    Sample(((2, 4, 4), (2, 4, 1))),
    Sample(((0, 0), (0, 2))),
    Sample(((2, 2), (2, 0))),
)
_BAD_SIDES = (Spec((2, 2), float32), Spec((3, 2), float32))

SOLVE = register(
    Operator(
        name="linalg_solve",
        kind=Kind.HOST,
        infer=_infer_solve_info,
        reference=_solve,
        samples=_SIDES,
        errors=(WrongCall(_BAD_SIDES, (), RuntimeError, "cannot solve"),),
        doc="The solutions of linear systems, and the place of the pivot that is zero or 0.",
    )
)
TRIANGULAR = register(
    Operator(
        name="linalg_triangular",
        kind=Kind.HOST,
        infer=_infer_solve,
        reference=_triangular,
        attrs=("upper", "unit"),
        samples=_with(_SIDES, (True, False)) + _with(_SIDES, (False, True)),
        errors=(WrongCall(_BAD_SIDES, (True, False), RuntimeError, "cannot solve"),),
        doc="The solutions of triangular linear systems.",
    )
)
