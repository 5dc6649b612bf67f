"""Cases of the functions that join, repeat, turn, and make matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.core.functions.case import Case, T, Wrong

X, CUBE, ROW = T((3, 4)), T((2, 3, 4)), T((3,))


def embedded(x: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    size = x.shape[-1] + abs(offset)
    made = np.zeros((*x.shape[:-1], size, size), x.dtype)
    rows = np.arange(x.shape[-1]) + max(-offset, 0)
    made[..., rows, rows + offset] = x
    return np.moveaxis(made, (-2, -1), (dim1, dim2))


def grid(*xs: Any, indexing: str = "ij") -> Any:
    return np.meshgrid(*xs, indexing=indexing)


def product(*xs: Any) -> Any:
    return np.stack([g.reshape(-1) for g in np.meshgrid(*xs, indexing="ij")], 1)


def powers(x: Any, n: Any = None, increasing: bool = False) -> Any:
    return np.vander(x.astype(np.result_type(x, np.int8)).astype(_wide(x)), n, increasing)


def _wide(x: Any) -> Any:
    return x.dtype if x.dtype.kind == "f" else np.int64


def blocks(*xs: Any) -> Any:
    made = [np.atleast_2d(x) for x in xs]
    out = np.zeros((sum(x.shape[0] for x in made), sum(x.shape[1] for x in made)), made[0].dtype)
    row = column = 0
    for x in made:
        out[row : row + x.shape[0], column : column + x.shape[1]] = x
        row, column = row + x.shape[0], column + x.shape[1]
    return out


CASES = [
    Case("cat", ([X, T((1, 4))],), lambda xs: np.concatenate(xs), method=False, out=True),
    Case("cat", ([X, T((3, 2))], -1), lambda xs, d: np.concatenate(xs, d), method=False),
    Case(
        "cat",
        ([X, T((0,)), X],),
        lambda xs: np.concatenate([xs[0], xs[2]]),
        method=False,
        host=True,
    ),
    Case("concat", ([X, X],), lambda xs: np.concatenate(xs), method=False, host=True),
    Case("concatenate", ([X, X], 1), lambda xs, d: np.concatenate(xs, d), method=False, host=True),
    Case("stack", ([X, X], -1), lambda xs, d: np.stack(xs, d), method=False, out=True),
    Case("hstack", ([ROW, ROW],), np.hstack, method=False, host=True, out=True),
    Case("vstack", ([ROW, T((2, 3))],), np.vstack, method=False, host=True, out=True),
    Case("row_stack", ([ROW, ROW],), np.vstack, method=False, host=True),
    Case("dstack", ([X, X],), np.dstack, method=False, out=True),
    Case("column_stack", ([ROW, T((3, 2))],), np.column_stack, method=False, out=True),
    Case("block_diag", (X, T((2,)), T(())), blocks, method=False),
    Case("flip", (CUBE, (0, 2)), np.flip),
    Case("fliplr", (X,), np.fliplr, host=True),
    Case("flipud", (X,), np.flipud, host=True),
    Case("rot90", (X,), np.rot90),
    Case("rot90", (CUBE, -1, (1, 2)), lambda x, k, d: np.rot90(x, k, d), host=True),
    Case("rot90", (X, 6), np.rot90, host=True),
    Case("rot90", (X, 4, (0, 1)), lambda x, k, d: x, host=True),
    Case("roll", (X, (1, -2), (0, 1)), np.roll),
    Case("roll", (X, 5), np.roll, host=True),
    Case("roll", (X, 3, 1), np.roll, host=True),
    Case("tile", (X, (2, 1, 2)), np.tile, host=True),
    Case("Tensor.repeat", (X, (2, 1, 2)), np.tile, method=False),
    Case("repeat_interleave", (X, 2), np.repeat),
    Case("repeat_interleave", (X, 3, 1), np.repeat, host=True),
    Case("repeat_interleave", (X, T((3,), kind="i", values=[2, 0, 3]), 0), np.repeat),
    Case("repeat_interleave", (ROW, T((), kind="i", values=2)), np.repeat, host=True),
    Case(
        "repeat_interleave",
        (ROW, T((3,), kind="i", values=[1, 0, 2])),
        lambda x, r, output_size: np.repeat(x, r),
        {"output_size": 3},
        host=True,
    ),
    Case(
        "repeat_interleave",
        (T((4,), kind="i", values=[0, 2, 0, 1]),),
        lambda r: np.repeat(np.arange(4), r),
        grad=False,
        host=True,
    ),
    Case("tril", (X, 1), np.tril, inplace=True, out=True),
    Case("triu", (CUBE, -1), np.triu, inplace=True, out=True),
    Case("diag", (ROW, 1), np.diag, out=True),
    Case("diag", (X, -1), np.diag),
    Case("diag", (X, 9), np.diag, host=True, second=False),
    Case("diagflat", (T((2, 2)), -1), np.diagflat, host=True),
    Case("diag_embed", (X, 1), embedded),
    Case("diag_embed", (X, -2, 0, 2), embedded, host=True),
    Case("diag_embed", (T((0,)),), embedded, host=True),
    Case("meshgrid", (ROW, T((2,))), grid, {"indexing": "ij"}, method=False),
    Case("meshgrid", (ROW, T((2,)), T(())), grid, {"indexing": "xy"}, method=False, host=True),
    Case("cartesian_prod", (ROW, T((2,))), product, method=False),
    Case(
        "combinations",
        (T((4,)),),
        lambda x: x[np.array([[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]])],
        method=False,
    ),
    Case(
        "combinations",
        (T((2,)), 2, True),
        lambda x, r, w: x[np.array([[0, 0], [0, 1], [1, 1]])],
        method=False,
        host=True,
    ),
    Case(
        "combinations",
        (T((2,)), 3),
        lambda x, r: np.zeros((0, 3), x.dtype),
        method=False,
        host=True,
        second=False,
    ),
    Case("vander", (ROW,), powers, method=False),
    Case("vander", (ROW, 4, True), powers, method=False, host=True),
    Case(
        "tril_indices", (3, 4, -1), lambda r, c, o: np.stack(np.tril_indices(r, o, c)), method=False
    ),
    Case(
        "triu_indices",
        (3, 2, 1),
        lambda r, c, o: np.stack(np.triu_indices(r, o, c)),
        method=False,
        host=True,
    ),
]

WRONG = [
    Wrong("flip", lambda m, t: m.flip(t(2, 3), (0, 0)), RuntimeError, "multiple times"),
    Wrong("fliplr", lambda m, t: m.fliplr(t(3)), RuntimeError, "must be >= 2-d"),
    Wrong("flipud", lambda m, t: m.flipud(t(())), RuntimeError, "must be >= 1-d"),
    Wrong("rot90", lambda m, t: m.rot90(t(3)), RuntimeError, "total dims >= 2"),
    Wrong("rot90 dims", lambda m, t: m.rot90(t(3, 3), 1, (0, 0)), RuntimeError, "to be different"),
    Wrong("rot90 count", lambda m, t: m.rot90(t(3, 3), 1, (0,)), RuntimeError, "dims == 2"),
    Wrong("rot90 dim", lambda m, t: m.rot90(t(3, 3), 1, (0, 2)), IndexError, "out of range"),
    Wrong("roll", lambda m, t: m.roll(t(3, 3), (1, 2), (0,)), RuntimeError, "must align"),
    Wrong("repeats", lambda m, t: m.repeat_interleave(t(3), -1), RuntimeError, "non-negative"),
    Wrong(
        "repeats size",
        lambda m, t: m.repeat_interleave(t(3), t(2, dtype="int64")),
        RuntimeError,
        "must have the same size as input",
    ),
    Wrong(
        "repeats sign",
        lambda m, t: m.repeat_interleave(t(2), -t(2, dtype="int64")),
        RuntimeError,
        "repeats can not be negative",
    ),
    Wrong(
        "repeats of floats",
        lambda m, t: m.repeat_interleave(t(3), t(3)),
        NotImplementedError,
        "not implemented for 'Float'",
    ),
    Wrong(
        "repeats rank",
        lambda m, t: m.repeat_interleave(t(3), t(3, 1, dtype="int64")),
        RuntimeError,
        "0-dim or 1-dim",
    ),
    Wrong("column_stack", lambda m, t: m.column_stack([]), RuntimeError, "non-empty TensorList"),
    Wrong("dstack", lambda m, t: m.dstack([t(2), t(3)]), RuntimeError, "Sizes of tensors must"),
    Wrong("cat", lambda m, t: m.cat([t(2), 3]), TypeError, "element 1 in argument 0"),
    Wrong("repeat", lambda m, t: t(2).repeat(-1), RuntimeError, "negative dimension -2"),
    Wrong("triu", lambda m, t: m.triu(t(2, 2), 1.5), TypeError, "must be int, not float"),
    Wrong("diag", lambda m, t: m.diag(t(2, 2, 2)), RuntimeError, "Supports 1D or 2D"),
    Wrong("diag_embed", lambda m, t: m.diag_embed(t(3), 0, 1, 1), RuntimeError, "identical"),
    Wrong("diag_embed 0-d", lambda m, t: m.diag_embed(t(())), IndexError, "out of range"),
    Wrong("meshgrid", lambda m, t: m.meshgrid(t(2, 2)), RuntimeError, "0D or 1D tensor"),
    Wrong("meshgrid indexing", lambda m, t: m.meshgrid(t(2), indexing="ab"), RuntimeError, '"xy"'),
    Wrong(
        "meshgrid dtype",
        lambda m, t: m.meshgrid(t(2), t(2, dtype="int64")),
        RuntimeError,
        "same dtype",
    ),
    Wrong("meshgrid of nothing", lambda m, t: m.meshgrid(), RuntimeError, "non-empty"),
    Wrong("cartesian_prod", lambda m, t: m.cartesian_prod(t(2, 2)), RuntimeError, "1D vector"),
    Wrong("combinations", lambda m, t: m.combinations(t(2), -1), RuntimeError, "non-negative"),
    Wrong("vander", lambda m, t: m.vander(t(2, 2)), RuntimeError, "one-dimensional"),
    Wrong("vander count", lambda m, t: m.vander(t(2), -1), RuntimeError, "N must be non-negative"),
    Wrong("tril_indices", lambda m, t: m.tril_indices(-1, 2), RuntimeError, "row must be"),
    Wrong(
        "triu_indices",
        lambda m, t: m.triu_indices(2, 2, dtype=m.float32),
        NotImplementedError,
        "not implemented for 'Float'",
    ),
    Wrong("block_diag", lambda m, t: m.block_diag(t(2, 2, 2)), RuntimeError, "2 or fewer"),
]
