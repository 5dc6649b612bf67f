"""Cases of reductions, statistics and norms."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.core.functions.case import Case, T, Wrong

X, CUBE, ROW = T((3, 5)), T((2, 3, 4)), T((6,))
TIES = T((2, 4), values=[[1, 3, 3, 0], [2, 2, 1, 2]])
ZEROS = T((3, 3), values=[[1, 0, 2], [3, 4, 5], [0, 0, 2]])
HOLES = T((2, 3), values=[[1, np.nan, 2], [np.nan, 3, 4]], kind="f")
NANS = T((2, 3), values=[[1, np.nan, 2], [3, 5, 4]], kind="f")


def wide(x: Any) -> Any:
    """Sums of integers and bool are int64."""
    return x if x.dtype.kind == "f" else x.astype(np.int64)


def total(x: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None, **_: Any) -> Any:
    return np.sum(wide(x), dim if dim != () else None, keepdims=keepdim, dtype=wide(x).dtype)


def truth(function: Any) -> Any:
    """Of uint8, which was the first bool, the result is uint8."""

    def reference(x: Any, *args: Any) -> Any:
        return function(x, *args).astype(x.dtype if x.dtype == np.uint8 else bool)

    return reference


def product(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return np.prod(wide(x), dim, keepdims=keepdim, dtype=wide(x).dtype)


def average(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    return np.mean(x, dim, keepdims=keepdim)


def spread(x: Any, dim: Any = None, correction: float = 1, keepdim: bool = False) -> Any:
    return np.var(x, axis=dim, ddof=correction, keepdims=keepdim)


def deviation(x: Any, *args: Any, **options: Any) -> Any:
    return np.sqrt(spread(x, *args, **options))


def with_index(pick: Any) -> Any:
    def reference(x: Any, dim: int, keepdim: bool = False) -> Any:
        place = np.expand_dims(pick(x, dim), dim)
        values = np.take_along_axis(x, place, dim)
        return (values, place) if keepdim else (values.squeeze(dim), place.squeeze(dim))

    return reference


def length(x: Any, p: Any = 2, dim: Any = None, keepdim: bool = False) -> Any:
    size = np.abs(x)
    if p == np.inf:
        return np.max(size, dim, keepdims=keepdim)
    if p == -np.inf:
        return np.min(size, dim, keepdims=keepdim)
    if p == 0:
        return np.sum(size != 0, dim, keepdims=keepdim).astype(x.dtype)
    return np.sum(size**p, dim, keepdims=keepdim) ** (1 / p)


def log_total(x: Any, dim: Any, keepdim: bool = False) -> Any:
    return np.log(np.sum(np.exp(np.asarray(x, float)), dim, keepdims=keepdim))


CASES = [
    Case("sum", (CUBE,), total),
    Case("sum", (CUBE, (0, -1)), total, out=True),
    Case("sum", (CUBE, 1), total, {"keepdim": True}, host=True),
    Case("sum", (CUBE, ()), total, host=True),
    Case("sum", (T((3, 0)), 1), total, host=True, grad=False),
    Case("sum", (T(()), -1), lambda x, d: wide(x), host=True),
    Case("nansum", (HOLES, 1), lambda x, d: np.nansum(x, d), grad=False, out=True),
    Case("nansum", (X,), total, dtypes="fib", host=True),
    Case("prod", (X, 1), product, out=True, dtypes="fib"),
    Case("prod", (ZEROS,), product, dtypes="fi"),
    Case("prod", (ZEROS, 0, True), product, dtypes="f"),
    Case("mean", (CUBE, (0, 2)), average, dtypes="f", out=True),
    Case("mean", (CUBE, -1, True), average, dtypes="f", host=True),
    Case("nanmean", (HOLES, 1), lambda x, d: np.nanmean(x, d), grad=False),
    Case("amax", (TIES, 0), lambda x, d: np.max(x, d), grad=False, out=True),
    Case("amax", (CUBE, (0, 2), True), lambda x, d, k: np.max(x, d, keepdims=k), dtypes="f"),
    Case("amin", (CUBE,), np.min, dtypes="fi"),
    Case("amin", (NANS, 1), lambda x, d: np.min(x, d), grad=False),
    Case("aminmax", (CUBE,), lambda x: (np.min(x), np.max(x)), dtypes="fib"),
    Case(
        "aminmax",
        (X,),
        lambda x, dim, keepdim: (
            np.min(x, dim, keepdims=keepdim),
            np.max(x, dim, keepdims=keepdim),
        ),
        {"dim": 1, "keepdim": True},
        dtypes="f",
    ),
    Case("max", (X,), np.max, dtypes="fib"),
    Case("max", (TIES, 1), with_index(np.argmax), grad=False, out=True),
    Case("max", (X, 0, True), with_index(np.argmax), dtypes="f"),
    Case("max", (NANS, 1), with_index(np.argmax), grad=False),
    Case("max", (X, T((5,))), np.maximum, dtypes="f"),
    Case("min", (X, -1), with_index(np.argmin), dtypes="f"),
    Case("min", (X, X), np.minimum, dtypes="fi"),
    Case("argmax", (TIES, 1), lambda x, d: np.argmax(x, d), grad=False, dtypes="fi", out=True),
    Case("argmax", (X,), np.argmax, grad=False, dtypes="fi"),
    Case(
        "argmin",
        (TIES,),
        lambda x, dim, keepdim: np.argmin(x, dim, keepdims=keepdim),
        {"dim": 0, "keepdim": True},
        grad=False,
        dtypes="fi",
    ),
    Case("all", (X, (0, 1)), truth(np.all), grad=False),
    Case("all", (X, ()), truth(lambda x, d: x.astype(bool)), grad=False),
    Case(
        "any", (X, 1, True), truth(lambda x, d, k: np.any(x, d, keepdims=k)), grad=False, out=True
    ),
    Case("count_nonzero", (TIES, 1), lambda x, d: np.count_nonzero(x, d), grad=False),
    Case("logsumexp", (CUBE, (0, 1)), log_total, dtypes="f", out=True),
    Case("logsumexp", (X, 1, True), log_total, dtypes="fi", host=True),
    Case("var", (CUBE, (0, 2)), spread, dtypes="f", out=True),
    Case("var", (X,), spread, {"dim": 1, "correction": 2, "keepdim": True}, dtypes="f"),
    Case("var", (X, False), lambda x, _: np.var(x), dtypes="f", host=True),
    Case("var", (X, 1, False), lambda x, d, _: np.var(x, d), dtypes="f", host=True),
    Case("std", (X, 0), deviation, dtypes="f", out=True),
    Case("std", (T((1,)),), lambda x: np.nan, dtypes="f", grad=False, host=True),
    Case("var_mean", (X, 1), lambda x, d: (spread(x, d), np.mean(x, d)), dtypes="f", method=False),
    Case("std_mean", (X,), lambda x: (deviation(x), np.mean(x)), dtypes="f", method=False),
    *(
        Case("norm", (X, p, 1), length, dtypes="f", host=p not in (2, 3), grad=p != 0)
        for p in (0, 1, 2, 3, 0.5, -2, np.inf, -np.inf)
    ),
    Case("norm", (X,), length, dtypes="f", out=True),
    Case("dist", (X, T((5,)), 3), lambda x, y, p: length(x - y, p), dtypes="f"),
    Case("cov", (X,), np.cov, dtypes="f"),
    Case(
        "cov",
        (X,),
        lambda x, correction, fweights, aweights: np.cov(
            x, ddof=correction, fweights=fweights, aweights=aweights
        ),
        {
            "correction": 0,
            "fweights": T((5,), values=[1, 2, 1, 3, 1], kind="i"),
            "aweights": T((5,), values=[0.5, 1, 2, 1, 0.25], kind="f"),
        },
        dtypes="f",
        grad=False,
        host=True,
    ),
    Case("cov", (ROW,), np.cov, dtypes="fi", host=True, grad=False),
    Case("corrcoef", (X,), np.corrcoef, dtypes="f"),
]

WRONG = [
    Wrong("amax", lambda m, t: m.amax(t(0, 2)), RuntimeError, "Expected reduction dim"),
    Wrong("max", lambda m, t: m.max(t(0, 2), 0), IndexError, "non-zero size"),
    Wrong("argmax", lambda m, t: m.argmax(t(0, 2)), IndexError, "to be specified"),
    Wrong("argmax", lambda m, t: m.argmax(t(2) > 0), RuntimeError, "bool"),
    Wrong("aminmax", lambda m, t: m.aminmax(t(0, 2)), RuntimeError, "no identity"),
    Wrong("sum", lambda m, t: m.sum(t(2, 2), (0, 0)), RuntimeError, "appears multiple times"),
    Wrong("sum", lambda m, t: m.sum(t(2, 2), 2), IndexError, "Dimension out of range"),
    Wrong("prod", lambda m, t: m.prod(t(2, 2), (0, 1)), TypeError, "prod"),
    Wrong("mean", lambda m, t: m.mean(t(2, dtype="int64")), RuntimeError, "Input dtype"),
    Wrong("mean", lambda m, t: m.mean(t(2), dtype=m.int64), RuntimeError, "Optional dtype"),
    Wrong("nanmean", lambda m, t: m.nanmean(t(2, dtype="int64")), RuntimeError, "floating point"),
    Wrong("std", lambda m, t: m.std(t(2, dtype="int64")), RuntimeError, "only support floating"),
    Wrong("norm", lambda m, t: m.norm(t(2, dtype="int64")), RuntimeError, "Got Long"),
    Wrong("norm", lambda m, t: m.norm(t(0), m.inf), RuntimeError, "does not have an identity"),
    Wrong("dist", lambda m, t: m.dist(*[t(2, dtype="int64")] * 2), RuntimeError, "Got Long"),
    Wrong("cov", lambda m, t: m.cov(t(2, 2, 2)), RuntimeError, "two or fewer dimensions"),
    Wrong("corrcoef", lambda m, t: m.corrcoef(t(2, 2, 2)), RuntimeError, "two or fewer"),
]
