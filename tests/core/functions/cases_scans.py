"""Cases of scans, differences and integrals, and of gathering and scattering along a dimension."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.core.functions.case import Case, T, Wrong, index

X, CUBE, ROW = T((3, 5)), T((2, 7, 3)), T((40,))
ZEROS = T((6,), values=[2, 0, 3, 0, 1, -2])
STEPS = T((5,), values=[0, 1, 3, 4, 7])
PLACES = index((2, 5), 3)
SRC = T((2, 5))


def wide(function: Any) -> Any:
    """Integers and bool are summed as int64."""
    return lambda x, dim: function(x, axis=dim, dtype=x.dtype if x.dtype.kind == "f" else np.int64)


def extreme(function: Any) -> Any:
    """Running extremes, and the last position that reached each; NaN wins."""

    def reference(x: Any, dim: int) -> Any:
        if not x.ndim:
            return x, np.int64(0)
        values = function.accumulate(x, dim)
        spot = np.indices(x.shape)[dim]
        hit = (x == values) | (x != x)
        return values, np.maximum.accumulate(np.where(hit, spot, 0), dim)

    return reference


def differences(x: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    ends = [
        np.empty_like(x, shape=(0, *x.shape[1:])) if e is None else e for e in (prepend, append)
    ]
    if dim % x.ndim == 0:
        x = np.concatenate([ends[0], x, ends[1]])
    return np.diff(x, n, dim)


def trapezoids(y: Any, x: Any = None, dx: Any = 1, dim: int = -1) -> Any:
    y = y if y.dtype.kind == "f" else y.astype(np.float64)
    y = np.moveaxis(y, dim, -1)
    steps = dx if x is None else np.diff(x).astype(y.dtype)
    return (y[..., 1:] + y[..., :-1]) * steps / y.dtype.type(2)


def put_along(x: Any, dim: int, places: Any, src: Any, mode: str, start: Any = None) -> Any:
    """One element after the other."""
    out = x.copy()
    every = [
        (tuple(np.where(np.arange(x.ndim) == dim, j, at)), at) for at, j in np.ndenumerate(places)
    ]
    if start is not None:
        for to, _ in every:
            out[to] = start
    for to, at in every:
        value = src if np.isscalar(src) else src[at]
        if mode in ("sum", "mean", "add"):
            out[to] += value
        elif mode in ("prod", "multiply"):
            out[to] *= value
        elif mode == "set":
            out[to] = value
        else:
            out[to] = (max if mode == "amax" else min)(out[to], value)
    if mode == "mean":
        counts = put_along(np.ones_like(x), dim, places, 1, "sum", None if start is None else 0)
        return out / counts if x.dtype.kind == "f" else (out // counts).astype(x.dtype)
    return out


STARTS = {"sum": 0, "mean": 0, "prod": 1, "amax": -100, "amin": 100}


def scattered(x: Any, dim: int, places: Any, src: Any, reduce: str = "set", **options: Any) -> Any:
    start = None if options.get("include_self", True) else STARTS[reduce]
    if start is not None and x.dtype.kind == "u":
        start = max(start, 0)
    return put_along(x, dim, places, src, reduce, start)


def indexed(x: Any, dim: int, places: Any, src: Any, reduce: str, **options: Any) -> Any:
    spread = np.moveaxis(np.broadcast_to(places, (*np.moveaxis(src, dim, -1).shape,)), -1, dim)
    return scattered(x, dim, spread, src, reduce, **options)


CASES = [
    Case("cumsum", (X, 1), wide(np.cumsum), inplace=True, out=True),
    Case("cumsum", (CUBE, 1), wide(np.cumsum), dtypes="fi"),
    Case("cumsum", (T((3, 0)), 1), wide(np.cumsum), dtypes="f", host=True, grad=False),
    Case("cumprod", (X, 1), wide(np.cumprod), inplace=True, out=True),
    Case("cumprod", (ZEROS, 0), wide(np.cumprod), dtypes="fi"),
    Case("cummax", (X, 1), extreme(np.maximum), out=True),
    Case("cummax", (T((40,), values=np.arange(40) * 7 % 11), 0), extreme(np.maximum), grad=False),
    Case("cummax", (T(()), 0), extreme(np.maximum), host=True),
    Case("cummin", (CUBE, 0), extreme(np.minimum), out=True),
    Case(
        "cummin",
        (T((4,), values=[2, np.nan, 1, np.nan], kind="f"), 0),
        extreme(np.minimum),
        grad=False,
    ),
    Case("logcumsumexp", (X, 1), lambda x, d: np.logaddexp.accumulate(x, d), dtypes="f", out=True),
    Case(
        "logcumsumexp",
        (T((5,), values=[-np.inf, 1, 500, -np.inf, np.inf], kind="f"), 0),
        lambda x, d: np.logaddexp.accumulate(x, d),
        grad=False,
        host=True,
    ),
    Case("diff", (X,), differences, out=True),
    Case("diff", (X, 2, 0), differences, dtypes="fi"),
    Case("diff", (ROW, 1, 0, T((2,)), T((1,))), differences, dtypes="fi"),
    Case("diff", (T((3,)), 5), differences, dtypes="fi", host=True, grad=False),
    Case("trapezoid", (X,), lambda y: trapezoids(y).sum(-1), dtypes="fi", method=False),
    Case("trapz", (X, STEPS), lambda y, x: trapezoids(y, x).sum(-1), dtypes="fi", method=False),
    Case(
        "trapezoid",
        (CUBE,),
        lambda y, **k: trapezoids(y, **k).sum(-1),
        {"dx": 0.5, "dim": 1},
        dtypes="f",
        method=False,
        host=True,
    ),
    Case(
        "cumulative_trapezoid", (X,), lambda y: trapezoids(y).cumsum(-1), dtypes="fi", method=False
    ),
    Case(
        "cumulative_trapezoid",
        (X, STEPS),
        lambda y, x: trapezoids(y, x).cumsum(-1),
        dtypes="f",
        method=False,
        host=True,
    ),
    Case("gather", (X, 1, index((3, 2), 5)), lambda x, d, i: np.take_along_axis(x, i, d), out=True),
    Case(
        "gather",
        (CUBE, 1, index((1, 4, 2), 7)),
        lambda x, d, i: np.take_along_axis(x[:1, :, :2], i, d),
    ),
    Case("gather", (T(()), 0, index((), 1)), lambda x, d, i: x, host=True),
    Case("take_along_dim", (X, index((1, 5), 3), 0), np.take_along_axis, out=True),
    Case(
        "scatter",
        (X, 0, T((1, 5), 0, 3, "i"), T((1, 5))),
        scattered,
        dtypes="fi",
        inplace=True,
        out=True,
    ),
    Case("scatter", (X, 0, PLACES, 2.0), scattered, dtypes="f", inplace=True),
    Case("scatter", (X, 0, PLACES, SRC), scattered, {"reduce": "add"}, dtypes="fi", grad=False),
    Case(
        "scatter", (X, 0, PLACES, SRC), scattered, {"reduce": "multiply"}, dtypes="fi", grad=False
    ),
    Case(
        "scatter_add",
        (X, 1, index((3, 9), 5), T((3, 9))),
        lambda x, d, i, s: scattered(x, d, i, s, "sum"),
        dtypes="fi",
        inplace=True,
        out=True,
    ),
    *(
        Case(
            "scatter_reduce",
            (X, 0, T((4, 5), 0, 3, "i"), T((4, 5)), how),
            scattered,
            {"include_self": keep},
            dtypes="fi",
            inplace=True,
            out=True,
            host=not keep,
        )
        for how in STARTS
        for keep in (True, False)
    ),
    Case("scatter_reduce", (ZEROS, 0, T((9,), 0, 6, "i"), T((9,)), "prod"), scattered, dtypes="f"),
    *(
        Case(
            "index_reduce",
            (X, 1, T((4,), 0, 5, "i"), T((3, 4)), how),
            indexed,
            {"include_self": keep},
            dtypes="fi",
            inplace=True,
            method=True,
            host=True,
        )
        for how in ("prod", "mean", "amax", "amin")
        for keep in (True, False)
    ),
]

WRONG = [
    Wrong("cumsum", lambda m, t: m.cumsum(t(2), 1), IndexError, "out of range"),
    Wrong(
        "logcumsumexp",
        lambda m, t: m.logcumsumexp(t(2, dtype="int64"), 0),
        NotImplementedError,
        "'Long'",
    ),
    Wrong("diff", lambda m, t: m.diff(t(1)[0]), RuntimeError, "at least one-dimensional"),
    Wrong("diff", lambda m, t: m.diff(t(2), -1), RuntimeError, "non-negative"),
    Wrong("diff", lambda m, t: m.diff(t(2, 2), prepend=t(2)), RuntimeError, "same dimension"),
    Wrong("trapezoid", lambda m, t: m.trapezoid(t(2, dtype="bool")), RuntimeError, "bool"),
    Wrong("trapezoid", lambda m, t: m.trapezoid(t(3), t(2)), RuntimeError, "for each sample"),
    Wrong("trapezoid", lambda m, t: m.trapezoid(t(1)[0]), IndexError, "no dimensions"),
    Wrong("trapezoid", lambda m, t: m.trapezoid(t(3), t(3), dx=1), TypeError, "combination"),
    Wrong(
        "cumulative_trapezoid",
        lambda m, t: m.cumulative_trapezoid(t(3), t(3), dx=1),
        TypeError,
        "combination",
    ),
    Wrong("gather", lambda m, t: m.gather(t(2, 2), 0, t(2, 2)), RuntimeError, "int64 for index"),
    Wrong(
        "gather",
        lambda m, t: m.gather(t(2, 2), 0, t(2, dtype="int64")),
        RuntimeError,
        "number of dimensions",
    ),
    Wrong(
        "scatter_reduce",
        lambda m, t: m.scatter_reduce(t(2), 0, t(2, dtype="int64") * 0, t(2), "x"),
        RuntimeError,
        "sum, prod, mean, amax or amin",
    ),
    Wrong(
        "scatter",
        lambda m, t: m.scatter(t(2), 0, t(2, dtype="int64") * 0, t(2), reduce="x"),
        RuntimeError,
        "add or multiply",
    ),
    Wrong(
        "scatter",
        lambda m, t: m.scatter(t(2), 0, t(2, dtype="int64") * 0, t(2, dtype="int64")),
        RuntimeError,
        "self.dtype to be equal",
    ),
]
