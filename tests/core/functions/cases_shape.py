"""Cases of the functions that view: shapes, orders, parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.core.functions.case import Case, T, Wrong

X, CUBE, ROW = T((3, 4)), T((2, 3, 4)), T((5,))


def parts(cuts: Any, axis: int = 0) -> Any:
    """NumPy's split as a reference that ignores the arguments of the case."""
    return lambda x, *_, **__: np.array_split(x, cuts, axis)


def diagonal(x: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    return np.diagonal(x, offset, dim1, dim2)


def windows(x: Any, axis: int, size: int, step: int) -> Any:
    axis %= x.ndim
    whole = np.lib.stride_tricks.sliding_window_view(x, size, axis)
    return whole[(slice(None),) * axis + (slice(None, None, step),)]


def strided(x: Any, size: Any, stride: Any, offset: int = 0) -> Any:
    flat = np.ascontiguousarray(x).reshape(-1)
    places = offset + sum(np.indices(size)[i] * s for i, s in enumerate(stride))
    return flat[places]


CASES = [
    Case("reshape", (T((2, 6)), (3, -1)), lambda x, s: x.reshape(s)),
    Case("flatten", (CUBE, 1), lambda x, d: x.reshape(2, 12)),
    Case("flatten", (T(()),), lambda x: x.reshape(1), host=True),
    Case("unflatten", (CUBE, -1, (2, -1)), lambda x, d, s: x.reshape(2, 3, 2, 2)),
    Case("ravel", (X,), np.ravel),
    Case("squeeze", (T((1, 2, 1)),), np.squeeze, host=True),
    Case("squeeze", (T((1, 2, 1)), (0, 1)), lambda x, d: x.reshape(2, 1), host=True),
    Case("unsqueeze", (X, -1), np.expand_dims, host=True),
    Case("permute", (CUBE, (2, 0, 1)), np.transpose),
    Case("transpose", (CUBE, 0, -1), np.swapaxes, host=True),
    Case("swapaxes", (CUBE, 0, -1), np.swapaxes, host=True),
    Case("swapdims", (CUBE, 1, 2), np.swapaxes, host=True),
    Case("movedim", (CUBE, (0, 1), (1, 2)), np.moveaxis),
    Case("moveaxis", (CUBE, 0, -1), np.moveaxis, host=True),
    Case("adjoint", (CUBE,), lambda x: x.swapaxes(1, 2), host=True),
    Case("t", (X,), np.transpose, host=True),
    Case("broadcast_to", (T((3, 1)), (2, 3, 4)), np.broadcast_to),
    Case("broadcast_tensors", (T((3, 1)), T((4,))), np.broadcast_arrays, method=False),
    Case("narrow", (X, 1, 1, 2), lambda x, d, s, n: x[:, 1:3]),
    Case("narrow", (X, -1, -3, 2), lambda x, d, s, n: x[:, 1:3], host=True),
    Case("select", (CUBE, 1, -1), lambda x, d, i: x[:, -1]),
    Case("unbind", (X, 1), lambda x, d: [x[:, i] for i in range(4)]),
    Case("split", (ROW, 2), parts([2, 4])),
    Case("split", (X, [1, 3], 1), parts([1], 1), host=True),
    Case("split_with_sizes", (X, [1, 0, 3], 1), parts([1, 1], 1), host=True),
    Case("chunk", (T((7,)), 3), parts([3, 6]), host=True),
    Case("tensor_split", (T((7,)), 3), parts(3)),
    Case("tensor_split", (X, (1, 3), -1), parts([1, 3], 1), host=True),
    Case("tensor_split", (ROW, [3, 1, 9]), lambda x, i: [x[:3], x[3:1], x[1:9], x[9:]], host=True),
    Case("tensor_split", (ROW, T((), kind="i", values=3)), parts(3), host=True, dtypes="fi"),
    Case("hsplit", (X, 2), lambda x, n: np.hsplit(x, n), host=True),
    Case("vsplit", (X, [1]), lambda x, n: np.vsplit(x, n), host=True),
    Case("dsplit", (CUBE, 2), lambda x, n: np.dsplit(x, n), host=True),
    Case("unsafe_chunk", (ROW, 2), parts([3]), host=True),
    Case("unsafe_split", (ROW, 3), parts([3]), host=True),
    Case("unsafe_split_with_sizes", (ROW, [2, 3]), parts([2]), host=True),
    Case("diagonal", (X,), diagonal),
    Case("diagonal", (X, 2), diagonal, host=True),
    Case("diagonal", (X, -1), diagonal, host=True),
    Case("diagonal", (X, 7), diagonal, host=True, second=False),
    Case("diagonal", (CUBE, 1, -1, 0), diagonal),
    Case("as_strided", (T((12,)), (3, 2), (4, 1), 2), strided, layouts=False),
    Case("atleast_1d", (T(()),), np.atleast_1d, method=False, host=True),
    Case("atleast_2d", (ROW,), np.atleast_2d, method=False, host=True),
    Case("atleast_3d", (ROW,), np.atleast_3d, method=False, host=True),
    Case("atleast_3d", ([T(()), X],), lambda xs: [np.atleast_3d(x) for x in xs], method=False),
    Case("narrow_copy", (X, 0, 1, 2), lambda x, d, s, n: x[1:3], host=True),
    Case("Tensor.unfold", (X, 1, 2, 1), windows, method=False),
    Case("Tensor.unfold", (T((2, 7)), -1, 3, 2), windows, method=False, host=True),
    Case(
        "Tensor.sum_to_size",
        (CUBE, (3, 1)),
        lambda x, s: x.sum((0, 2))[:, None],
        method=False,
        dtypes="f",
        host=True,
    ),
]

WRONG = [
    Wrong("squeeze", lambda m, t: m.squeeze(t(2, 3), 2), IndexError, "Dimension out of range"),
    Wrong("squeeze twice", lambda m, t: m.squeeze(t(2, 1), (0, 0)), RuntimeError, "multiple times"),
    Wrong(
        "view", lambda m, t: t(4).view(-2), RuntimeError, "invalid shape dimension -2 at index 0"
    ),
    Wrong("view of nothing", lambda m, t: t(4).view(), TypeError, "view"),
    Wrong("reshape of floats", lambda m, t: t(4).reshape(2.0), TypeError, "must be tuple of ints"),
    Wrong("unflatten", lambda m, t: m.unflatten(t(6), 0, ()), RuntimeError, "must be non-empty"),
    Wrong("movedim", lambda m, t: m.movedim(t(2, 3), (0, 0), (0, 1)), RuntimeError, "repeated dim"),
    Wrong(
        "movedim count", lambda m, t: m.movedim(t(2, 3), (0, 1), (0,)), RuntimeError, "same number"
    ),
    Wrong("adjoint", lambda m, t: m.adjoint(t(3)), RuntimeError, "only supported on matrices"),
    Wrong("H", lambda m, t: t(2, 2, 2).H, RuntimeError, "consider using tensor.mH"),
    Wrong("narrow", lambda m, t: m.narrow(t(4), 0, 5, 0), IndexError, "start out of range"),
    Wrong("narrow tensor", lambda m, t: m.narrow(t(4), 0, t(1), 1), RuntimeError, "0-dim integral"),
    Wrong("unbind", lambda m, t: m.unbind(t(())), IndexError, "tensor has no dimensions"),
    Wrong("split 0", lambda m, t: m.split(t(4), 0), RuntimeError, "can only be 0 if dimension"),
    Wrong("split sizes", lambda m, t: m.split(t(4), [-1, 5]), RuntimeError, "non-negative entries"),
    Wrong("split float", lambda m, t: m.split(t(4), 1.5), TypeError, "must be tuple of ints"),
    Wrong("tensor_split", lambda m, t: m.tensor_split(t(4), 0), RuntimeError, "larger than 0"),
    Wrong("tensor_split 0-d", lambda m, t: m.tensor_split(t(()), 2), RuntimeError, "at least a 1"),
    Wrong("hsplit", lambda m, t: m.hsplit(t(5), 2), RuntimeError, "not divisible"),
    Wrong("vsplit", lambda m, t: m.vsplit(t(5), 2), RuntimeError, "at least 2 dimension"),
    Wrong("dsplit", lambda m, t: m.dsplit(t(5, 2), 2), RuntimeError, "at least 3 dimension"),
    Wrong("diagonal", lambda m, t: m.diagonal(t(3, 3), 0, 0, 0), RuntimeError, "identical"),
    Wrong("unfold", lambda m, t: t(6).unfold(0, 7, 1), RuntimeError, "maximum size for tensor"),
    Wrong("unfold step", lambda m, t: t(6).unfold(0, 1, 0), RuntimeError, "step is 0"),
    Wrong("unfold size", lambda m, t: t(6).unfold(0, -1, 1), RuntimeError, "size is -1"),
    Wrong("strided", lambda m, t: m.as_strided(t(6), (7,), (1,)), RuntimeError, "out of bounds"),
    Wrong("stride", lambda m, t: m.as_strided(t(6), (2,), (-1,)), RuntimeError, "Negative strides"),
    Wrong("strides", lambda m, t: m.as_strided(t(6), (2,), (1, 1)), RuntimeError, "mismatch"),
    Wrong("offset", lambda m, t: m.as_strided(t(6), (2,), (1,), -1), RuntimeError, "offset -1"),
    Wrong("broadcast_shapes", lambda m, t: m.broadcast_shapes((-2,)), ValueError, "negative"),
    Wrong("sum_to_size", lambda m, t: t(2, 3).sum_to_size(3, 3), RuntimeError, "not expandable"),
]
