"""Cases of the functions that read and write at positions."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.core.functions.case import Case, T, Wrong, index, mask

X, FLAT = T((3, 4)), T((5,))
TWICE = T((3,), kind="i", values=[1, 0, 1])  # a position comes twice
ONCE = T((2,), kind="i", values=[2, 0])


def taken(x: Any, i: Any) -> Any:
    return x.reshape(-1)[i]


def put(x: Any, i: Any, source: Any, accumulate: bool = False) -> Any:
    flat = x.reshape(-1).copy()
    if accumulate:
        np.add.at(flat, i.reshape(-1), source.reshape(-1))
    else:
        flat[i.reshape(-1)] = source.reshape(-1)
    return flat.reshape(x.shape)


def added(x: Any, axis: int, i: Any, source: Any, alpha: Any = 1) -> Any:
    out = x.copy()
    np.add.at(
        np.moveaxis(out, axis, 0), i, np.moveaxis(source * np.asarray(alpha, x.dtype), axis, 0)
    )
    return out


def copied(x: Any, axis: int, i: Any, source: Any) -> Any:
    out = x.copy()
    np.moveaxis(out, axis, 0)[i] = np.moveaxis(source, axis, 0)
    return out


def filled(x: Any, axis: int, i: Any, value: Any) -> Any:
    out = x.copy()
    np.moveaxis(out, axis, 0)[i] = value
    return out


def index_put(x: Any, key: Any, values: Any, accumulate: bool = False) -> Any:
    out = x.copy()
    key = tuple(slice(None) if k is None else k for k in key)
    if accumulate:
        np.add.at(out, key, values)
    else:
        out[key] = values
    return out


def masked(x: Any, chosen: Any, source: Any) -> Any:
    x, chosen = (a.copy() for a in np.broadcast_arrays(x, chosen))
    x[chosen] = source.reshape(-1)[: chosen.sum()]
    return x


def sliced(
    x: Any, source: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    out = x.copy()
    np.moveaxis(out, dim, 0)[start:end:step] = np.moveaxis(source, dim, 0)
    return out


def selected(x: Any, source: Any, dim: int, at: int) -> Any:
    out = x.copy()
    np.moveaxis(out, dim, 0)[at] = source
    return out


def on_diagonal(x: Any, source: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    out = np.moveaxis(x.copy(), (dim1, dim2), (-2, -1))
    rows = np.arange(source.shape[-1]) + max(-offset, 0)
    out[..., rows, rows + offset] = source
    return np.moveaxis(out, (-2, -1), (dim1, dim2))


CASES = [
    Case("take", (X, index((2, 3), 12)), taken, out=True),
    Case("take", (X, T((2,), kind="i", values=[-1, -12])), taken, host=True),
    Case("put", (X, T((2, 2), kind="i", values=[[3, 11], [0, -5]]), T((4,))), put, inplace=True),
    Case("put", (X, T((3,), kind="i", values=[3, 3, -9]), T((3,)), True), put, dtypes="fi"),
    Case("index_add", (X, 0, TWICE, X), added, dtypes="fi", inplace=True, out=True),
    Case("index_add", (X, -1, TWICE, T((3, 3))), added, {"alpha": 2}, dtypes="fi", host=True),
    Case("index_copy", (X, 0, ONCE, T((2, 4))), copied, inplace=True, out=True),
    Case("index_copy", (X, 1, ONCE, T((3, 2))), copied, host=True),
    Case("index_fill", (X, 1, ONCE, 1), filled, inplace=True),
    Case("index_fill", (X, 0, T((1,), kind="i", values=[2]), T(())), filled, host=True),
    Case(
        "index_put",
        (X, (TWICE, T((3,), kind="i", values=[0, 1, 3])), T((3,))),
        index_put,
        inplace=True,
    ),
    Case("index_put", (X, (TWICE,), T((4,)), True), index_put, dtypes="fi"),
    Case(
        "index_put",
        (X, (T((3,), kind="b", values=[True, False, True]),), T((2, 4))),
        index_put,
        host=True,
        layouts=False,
    ),
    Case("masked_scatter", (X, mask(3, 4), T((12,))), masked, inplace=True),
    Case("masked_scatter", (X, mask(4), T((12,))), masked, host=True),
    Case("masked_scatter", (FLAT, mask(3, 5), T((15,))), masked, host=True),
    Case(
        "masked_fill",
        (X, mask(3, 4), 2),
        lambda x, c, v: np.where(c, np.asarray(v, x.dtype), x),
        inplace=True,
    ),
    Case(
        "slice_scatter",
        (X, T((2, 4))),
        lambda x, s, **k: sliced(x, s, 0, 0, 3, 2),
        {"start": 0, "end": 3, "step": 2},
    ),
    Case("slice_scatter", (X, T((3, 2)), 1, -3, -1), sliced, host=True),
    Case("slice_scatter", (X, T((0, 4)), 0, 2, 1), sliced, host=True, second=False),
    Case("select_scatter", (X, T((3,)), 1, -2), selected),
    Case("diagonal_scatter", (X, T((3,)), 1), on_diagonal),
    Case("diagonal_scatter", (T((2, 3, 3)), T((3, 2)), -1, 2, 0), on_diagonal, host=True),
    Case(
        "as_strided_scatter",
        (T((8,)), T((2, 2)), (2, 2), (4, 1), 1),
        lambda x, s, *_: put(x, np.array([[1, 2], [5, 6]]), s),
        layouts=False,
    ),
    Case("argwhere", (X,), np.argwhere, grad=False),
    Case("nonzero", (T((2, 3, 2)),), np.argwhere, grad=False, host=True),
    Case("unravel_index", (index((4,), 24), (2, 3, 4)), np.unravel_index, method=False),
    Case("take_along_dim", (X, index((3, 2), 4), 1), np.take_along_axis),
    Case("index_select", (X, 1, TWICE), lambda x, d, i: np.take(x, i, d)),
    Case("masked_select", (X, mask(3, 4)), lambda x, c: x[c]),
    Case("where", (mask(3, 4), X, T((4,))), np.where, method=False, out=True),
    Case(
        "where",
        (T((3, 4), kind="b"), X, 2),
        lambda c, x, v: np.where(c, x, np.asarray(v, x.dtype)),
        dtypes="fi",
        method=False,
        host=True,
    ),
]

WRONG = [
    Wrong("take", lambda m, t: m.take(t(3), t(1)), RuntimeError, "Expected a long tensor"),
    Wrong("take range", lambda m, t: m.take(t(3), m.tensor(3)).tolist(), IndexError, "3"),
    Wrong(
        "put dtype",
        lambda m, t: m.put(t(3), t(1, dtype="int64"), t(1, dtype="int64")),
        RuntimeError,
        "same dtype",
    ),
    Wrong(
        "put count", lambda m, t: m.put(t(3), t(1, dtype="int64"), t(2)), IndexError, "same number"
    ),
    Wrong(
        "index_add count",
        lambda m, t: m.index_add(t(3), 0, t(2, dtype="int64"), t(3)),
        RuntimeError,
        "Number of indices",
    ),
    Wrong(
        "index_add index", lambda m, t: m.index_add(t(3), 0, t(2), t(2)), RuntimeError, "for index"
    ),
    Wrong(
        "index_add shape",
        lambda m, t: m.index_add(t(3, 2), 0, t(1, dtype="int64"), t(1, 3)),
        RuntimeError,
        "source tensor shape must match",
    ),
    Wrong(
        "index_add rank",
        lambda m, t: m.index_add(t(3), 0, t(1, 1, dtype="int64"), t(1)),
        IndexError,
        "supposed to be a vector",
    ),
    Wrong(
        "index_copy",
        lambda m, t: m.index_copy(t(3), 0, t(2, dtype="int64"), t(3)),
        IndexError,
        "Number of indices",
    ),
    Wrong(
        "index_copy rank",
        lambda m, t: m.index_copy(t(3, 2), 0, t(1, dtype="int64"), t(3)),
        IndexError,
        "dimensionality must match",
    ),
    Wrong(
        "index_copy shape",
        lambda m, t: m.index_copy(t(3, 2), 0, t(1, dtype="int64"), t(1, 3)),
        RuntimeError,
        "same slice shapes",
    ),
    Wrong("index_fill", lambda m, t: m.index_fill(t(3), 0, t(1), 1.0), IndexError, "dtype int64"),
    Wrong(
        "index_fill value",
        lambda m, t: m.index_fill(t(3), 0, t(1, dtype="int64"), t(2)),
        RuntimeError,
        "0-dimensional value",
    ),
    Wrong(
        "index_fill text",
        lambda m, t: m.index_fill(t(3), 0, t(1, dtype="int64"), "a"),
        TypeError,
        "index_fill",
    ),
    Wrong(
        "index_put dtype",
        lambda m, t: m.index_put(t(3), (t(1, dtype="int64"),), t(1, dtype="int64")),
        RuntimeError,
        "destination dtypes match",
    ),
    Wrong(
        "index_put count",
        lambda m, t: m.index_put(t(3), (t(1, dtype="int64"),) * 2, t(1)),
        IndexError,
        "too many indices",
    ),
    Wrong(
        "index_put shape",
        lambda m, t: m.index_put(t(3), (t(2, dtype="int64"),), t(3)),
        RuntimeError,
        "cannot be broadcast",
    ),
    Wrong(
        "masked_scatter", lambda m, t: m.masked_scatter(t(3), t(3), t(3)), RuntimeError, "boolean"
    ),
    Wrong(
        "masked_scatter short",
        lambda m, t: m.masked_scatter(t(3), t(3, dtype="bool"), t(2)),
        RuntimeError,
        "Number of elements of source",
    ),
    Wrong(
        "masked_scatter dtype",
        lambda m, t: m.masked_scatter(t(3), t(3, dtype="bool"), t(3, dtype="int64")),
        RuntimeError,
        "same dtypes",
    ),
    Wrong(
        "slice_scatter", lambda m, t: m.slice_scatter(t(3, 3), t(2, 3)), RuntimeError, "slice size"
    ),
    Wrong(
        "slice_scatter step",
        lambda m, t: m.slice_scatter(t(3), t(3), 0, 0, 3, 0),
        RuntimeError,
        "step must be positive",
    ),
    Wrong(
        "select_scatter", lambda m, t: m.select_scatter(t(3, 3), t(3), 0, 3), IndexError, "index 3"
    ),
    Wrong("diagonal_scatter", lambda m, t: m.diagonal_scatter(t(3, 3), t(2)), RuntimeError, "size"),
    Wrong("unravel_index", lambda m, t: m.unravel_index(t(2), (2, 2)), TypeError, "integer dtype"),
    Wrong(
        "unravel_index shape",
        lambda m, t: m.unravel_index(t(2, dtype="int64"), (2, -2)),
        ValueError,
        "negative values",
    ),
    Wrong(
        "take_along_dim",
        lambda m, t: m.take_along_dim(t(2, 2), t(1, dtype="int64"), 1),
        RuntimeError,
        "same number of dimensions",
    ),
    Wrong("where", lambda m, t: m.where(t(3), 1.0, 2.0), RuntimeError, "boolean tensor"),
    Wrong("where alone", lambda m, t: m.where(t(3, dtype="bool"), t(3)), TypeError, "combination"),
    Wrong("nonzero", lambda m, t: m.nonzero(t(3), as_tuple=1), TypeError, "must be bool"),
]
