"""Cases of sorting, searching, quantiles and counting."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.core.functions.case import Case, T, Wrong

X, CUBE, ROW = T((3, 5)), T((2, 7, 3)), T((9,))
TIES = T((12,), values=[3, 1, 2, 1, 3, 0, 1, 2, 2, 1, 3, 3])
PAIRS = T((4, 2), values=[[1, 2], [0, 5], [1, 2], [0, 4]])
NANS = T((2, 4), values=[[3, np.nan, 1, 2], [np.nan] * 4], kind="f")
HOLES = T((2, 4), values=[[3, np.nan, 1, 2], [np.nan, 5, np.nan, 4]], kind="f")
SORTED = T((4,), values=[-2, 0, 1, 3])
SORTED_ROWS = T((2, 3), values=[[-2, 0, 1], [-1, 1, 3]])


def ordered(x: Any, dim: int = -1, descending: bool = False, stable: bool = True) -> Any:
    """Stable in both directions, NaN the largest."""
    if not x.ndim:
        return x, np.int64(0)
    order = np.argsort(x, dim, kind="stable")
    if descending:
        order = x.shape[dim] - 1 - np.flip(np.argsort(np.flip(x, dim), dim, kind="stable"), dim)
    return np.take_along_axis(x, order, dim), order


def first(x: Any, k: int, dim: int = -1, largest: bool = True) -> Any:
    return tuple(np.take(part, np.arange(k), dim) for part in ordered(x, dim, largest))


def place(position: Any) -> Any:
    """The element at a place in order, given by the number of elements."""

    def reference(x: Any, *args: Any, dim: int = -1, keepdim: bool = False) -> Any:
        found = (np.take(p, [position(x.shape[dim], *args)], dim) for p in ordered(x, dim))
        return tuple(f if keepdim else np.squeeze(f, dim) for f in found)

    return reference


def lower_median(x: Any, *_: Any) -> Any:
    return np.sort(x, None)[(x.size - 1) // 2]


def nan_median(x: Any, dim: int) -> Any:
    rows = [np.sort(r[~np.isnan(r)]) for r in x]
    values = [r[(len(r) - 1) // 2] if len(r) else np.nan for r in rows]
    found = [
        int(np.flatnonzero(r == v)[0]) if v == v else 0 for r, v in zip(x, values, strict=True)
    ]
    return np.array(values, x.dtype), np.array(found)


def most_frequent(x: Any, dim: int = -1) -> Any:
    values, counts = np.unique(x, return_counts=True)
    best = values[np.argmax(counts)]
    return best, np.flatnonzero(x == best)[-1]


def search(line: Any, values: Any, right: bool = False, **_: Any) -> Any:
    return np.searchsorted(line, values, "right" if right else "left")


def search_rows(lines: Any, values: Any, right: bool = False) -> Any:
    return np.stack([search(r, v, right) for r, v in zip(lines, values, strict=True)])


def distinct(x: Any, *_: Any, **options: Any) -> Any:
    return np.unique(x, return_inverse=True, return_counts=True, axis=options.get("dim"))


def runs(x: Any, *_: Any) -> Any:
    starts = np.flatnonzero(np.r_[True, x[1:] != x[:-1]])
    rank = np.cumsum(np.r_[True, x[1:] != x[:-1]]) - 1
    return x[starts], rank, np.diff(np.r_[starts, len(x)])


def quantiles(x: Any, q: Any, dim: Any = None, keepdim: bool = False, **options: Any) -> Any:
    method = options.get("interpolation", "linear")
    found = np.quantile(x, q, axis=dim, keepdims=keepdim, method=method)
    return np.asarray(found, x.dtype)


def histogram(x: Any, bins: int, low: float = 0, high: float = 0) -> Any:
    bounds = (low, high) if low != high else (x.min(), x.max())
    return np.histogram(x, bins, bounds)[0].astype(x.dtype)


CASES = [
    Case("sort", (X,), ordered, dtypes="fib", out=True),
    Case("sort", (CUBE,), ordered, {"dim": 1, "descending": True, "stable": True}, dtypes="fi"),
    Case("sort", (T((2, 40)),), ordered, {"descending": True, "stable": True}, dtypes="fib"),
    Case("sort", (T(()),), ordered, host=True),
    Case("sort", (T((3, 0)),), ordered, host=True, grad=False),
    Case("sort", (NANS, 1, True), ordered, grad=False),
    Case("argsort", (TIES,), lambda x, stable: ordered(x)[1], {"stable": True}, grad=False),
    Case("argsort", (X, 0, True), lambda x, d, _: ordered(x, d, True)[1], grad=False, dtypes="f"),
    Case("msort", (X,), lambda x: np.sort(x, 0), out=True, dtypes="fi"),
    Case("topk", (T((2, 50)), 3), first, dtypes="f", out=True),
    Case("topk", (X, 2, 0, False), first, dtypes="f"),
    Case("topk", (T((3, 9)), 9, 1), first, dtypes="f", host=True),
    Case("topk", (X, 0), first, dtypes="fi", host=True, grad=False),
    Case("kthvalue", (X, 2), place(lambda n, k: k - 1), dtypes="f", out=True),
    Case("kthvalue", (X, 3), place(lambda n, k: k - 1), {"dim": 0, "keepdim": True}, dtypes="f"),
    Case("median", (X,), lower_median, dtypes="fi"),
    Case("median", (T((4,), values=[2, 1, 4, 3]),), lower_median, dtypes="fi", host=True),
    Case("median", (X,), place(lambda n: (n - 1) // 2), {"dim": 1}, dtypes="f", out=True),
    Case("median", (CUBE,), place(lambda n: (n - 1) // 2), {"dim": 1, "keepdim": True}, dtypes="f"),
    Case(
        "median",
        (NANS, 1),
        lambda x, d: (np.array([np.nan] * 2), [1, 0]),
        grad=False,
        layouts=False,
    ),
    Case("nanmedian", (HOLES, 1), nan_median, grad=False),
    Case("nanmedian", (X, 1), nan_median, dtypes="f"),
    Case("nanmedian", (NANS,), lambda x: np.float32(2), grad=False, layouts=False),
    Case("mode", (TIES,), most_frequent, dtypes="fib", grad=False),
    Case("mode", (ROW,), most_frequent, dtypes="f"),
    Case("quantile", (X, 0.4), quantiles, dtypes="f", out=True),
    Case("quantile", (X, 0.3, 1), quantiles, {"keepdim": True}, dtypes="f"),
    Case("quantile", (X, 0.25), quantiles, {"keepdim": True}, dtypes="f", host=True),
    *(
        Case("quantile", (X, 0.4, 0), quantiles, {"interpolation": how}, dtypes="f", host=True)
        for how in ("lower", "higher", "midpoint", "nearest")
    ),
    Case(
        "quantile",
        (T((3, 5), kind="f"), T((3,), values=[0, 0.3, 1], kind="f"), 1),
        quantiles,
        grad=False,
    ),
    Case(
        "nanquantile",
        (NANS, 0.5, 1),
        lambda x, q, d: np.float32([2, np.nan]),
        grad=False,
        layouts=False,
    ),
    Case("searchsorted", (SORTED, X), search, dtypes="fi", grad=False, method=False, out=True),
    Case(
        "searchsorted", (SORTED, X), search, {"right": True}, dtypes="fi", grad=False, method=False
    ),
    Case(
        "searchsorted", (SORTED_ROWS, T((2, 5))), search_rows, grad=False, dtypes="fi", method=False
    ),
    Case(
        "searchsorted",
        (SORTED, X),
        lambda s, v, **_: search(s, v).astype("int32"),
        {"out_int32": True, "side": "left"},
        dtypes="f",
        grad=False,
        method=False,
        host=True,
    ),
    Case(
        "bucketize", (X, SORTED), lambda x, s: search(s, x), dtypes="fi", grad=False, method=False
    ),
    Case("isin", (X, SORTED), np.isin, dtypes="fi", grad=False, method=False, out=True),
    Case("isin", (X, SORTED), np.isin, {"invert": True}, dtypes="i", grad=False, method=False),
    Case("histc", (ROW, 4), histogram, dtypes="f", grad=False, out=True),
    Case("histc", (T((30,)), 5, -2, 2), histogram, dtypes="f", grad=False),
    Case("bincount", (T((30,), 0, 6, "i"),), np.bincount, grad=False),
    Case(
        "bincount",
        (T((30,), 0, 6, "i"), T((30,), kind="f"), 10),
        lambda x, w, n: np.bincount(x, w, n),
        grad=False,
    ),
    Case("unique", (TIES, True, True, True), distinct, grad=False, dtypes="fib"),
    Case("unique", (T((40,)),), lambda x: np.unique(x), grad=False, dtypes="fi"),
    Case("unique", (PAIRS, True, True, True), distinct, {"dim": 0}, grad=False, dtypes="fi"),
    Case("unique", (T((0,)), True, True, True), distinct, grad=False, host=True),
    Case("unique_consecutive", (TIES, True, True), runs, grad=False, dtypes="fib"),
]

WRONG = [
    Wrong("sort", lambda m, t: m.sort(t(2, 3), 2), IndexError, "out of range"),
    Wrong("topk", lambda m, t: m.topk(t(3), 4), RuntimeError, "k out of range"),
    Wrong("topk", lambda m, t: m.topk(t(3, dtype="bool"), 1), RuntimeError, "bool"),
    Wrong("kthvalue", lambda m, t: m.kthvalue(t(3), 0), RuntimeError, "number k out of range"),
    Wrong("kthvalue", lambda m, t: m.kthvalue(t(0, 2), 1, 0), IndexError, "non-zero size"),
    Wrong("median", lambda m, t: m.median(t(0, 2), 0), IndexError, "non-zero size"),
    Wrong("median", lambda m, t: m.median(t(2, dtype="bool")), NotImplementedError, "'Bool'"),
    Wrong("mode", lambda m, t: m.mode(t(0)), IndexError, "non-zero size"),
    Wrong("quantile", lambda m, t: m.quantile(t(3), 1.5), RuntimeError, r"range \[0, 1\]"),
    Wrong("quantile", lambda m, t: m.quantile(t(3), t(2) * 2), RuntimeError, r"range \[0, 1\]"),
    Wrong("quantile", lambda m, t: m.quantile(t(0), 0.5), RuntimeError, "non-empty"),
    Wrong("quantile", lambda m, t: m.quantile(t(3, dtype="int64"), 0.5), RuntimeError, "float or"),
    Wrong("quantile", lambda m, t: m.quantile(t(3), t(1, 1)), RuntimeError, "scalar or 1D"),
    Wrong(
        "quantile",
        lambda m, t: m.quantile(t(3), 0.5, interpolation="best"),
        RuntimeError,
        "must be one of linear",
    ),
    Wrong(
        "searchsorted", lambda m, t: m.searchsorted(t(2, 3), t(3, 3)), RuntimeError, "must match"
    ),
    Wrong(
        "searchsorted",
        lambda m, t: m.searchsorted(t(3), t(3), side="middle"),
        RuntimeError,
        "'left' or 'right'",
    ),
    Wrong(
        "searchsorted",
        lambda m, t: m.searchsorted(t(3), t(3), side="left", right=True),
        RuntimeError,
        "opposites",
    ),
    Wrong(
        "searchsorted",
        lambda m, t: m.searchsorted(t(3), t(3), sorter=t(2, dtype="int64")),
        RuntimeError,
        "same size",
    ),
    Wrong(
        "searchsorted",
        lambda m, t: m.searchsorted(t(3), t(3), sorter=t(3)),
        RuntimeError,
        "long dtype",
    ),
    Wrong("searchsorted", lambda m, t: m.searchsorted(t(1, 3), 1), RuntimeError, "scalar only"),
    Wrong("searchsorted", lambda m, t: m.searchsorted(t(1)[0], t(2)), RuntimeError, "positive dim"),
    Wrong("bucketize", lambda m, t: m.bucketize(t(3), t(1, 3)), RuntimeError, "1 dimension"),
    Wrong("isin", lambda m, t: m.isin(t(2, dtype="bool"), t(2)), RuntimeError, "Bool"),
    Wrong("histc", lambda m, t: m.histc(t(2), 0), RuntimeError, "bins must be > 0"),
    Wrong("histc", lambda m, t: m.histc(t(2), 3, 2, 1), RuntimeError, "larger than min"),
    Wrong("histc", lambda m, t: m.histc(t(2) * float("nan"), 3), RuntimeError, "not finite"),
    Wrong("histc", lambda m, t: m.histc(t(2, dtype="int64"), 3), NotImplementedError, "'Long'"),
    Wrong("bincount", lambda m, t: m.bincount(-t(2, dtype="int64")), RuntimeError, "non-negative"),
    Wrong("bincount", lambda m, t: m.bincount(t(2)), NotImplementedError, "'Float'"),
    Wrong(
        "bincount", lambda m, t: m.bincount(t(2, dtype="int64"), t(3)), RuntimeError, "same length"
    ),
    Wrong(
        "bincount",
        lambda m, t: m.bincount(t(2, dtype="int64"), minlength=-1),
        RuntimeError,
        "minlength",
    ),
    Wrong("unique", lambda m, t: m.unique(t(0, 3), dim=1), RuntimeError, "0 sized dimensions"),
    Wrong("unique", lambda m, t: m.unique(t(1)[0], dim=0), IndexError, "no dimensions"),
]
