"""Single operations: what they take, and one call of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads.row import Step, normal

PARTS = ("forward", "input gradient", "weight gradient")

# Input, weight, stride, padding, groups.
CONVOLUTIONS: dict[str, tuple[tuple[int, ...], tuple[int, ...], int, int, int]] = {
    "3x3 1-32 (64, 1, 28, 28)": ((64, 1, 28, 28), (32, 1, 3, 3), 1, 1, 1),
    "1x1 64-64 (32, 64, 32, 32)": ((32, 64, 32, 32), (64, 64, 1, 1), 1, 0, 1),
    "5x5 32-64 (32, 32, 28, 28)": ((32, 32, 28, 28), (64, 32, 5, 5), 1, 2, 1),
    "3x3 64-64 stride 2 (32, 64, 32, 32)": ((32, 64, 32, 32), (64, 64, 3, 3), 2, 1, 1),
    "3x3 depthwise (32, 64, 32, 32)": ((32, 64, 32, 32), (64, 1, 3, 3), 1, 1, 64),
}
SQUARE_CONVOLUTION = ((32, 64, 32, 32), (64, 64, 3, 3), 1, 1, 1)


def backward_of(t: Any, device: str, function: Callable[..., Any], *wanted: Any) -> Step:
    """Return the step that computes the gradients of a function that was computed before."""
    for tensor in wanted:
        tensor.requires_grad_()
    y = function()
    g = normal(t, device, *y.shape, seed=9)

    def step() -> Any:
        return t.autograd.grad(y, wanted, g, retain_graph=True)[0]

    return step


def copy(t: Any, device: str, *, count: int) -> Step:
    """Copy a vector into another one."""
    x, y = normal(t, device, count), t.zeros(count, device=device)
    return lambda: y.copy_(x)


def chain(t: Any, device: str, *, count: int) -> Step:
    """tanh(x*y+x)*0.5+y on vectors."""
    x, y = normal(t, device, count), normal(t, device, count, seed=1)
    return lambda: t.tanh(x * y + x) * 0.5 + y


def scale(t: Any, device: str, *, count: int) -> Step:
    """x*2+1 on a vector."""
    x = normal(t, device, count)
    return lambda: x * 2 + 1


def softmax(t: Any, device: str, *, backward: bool = False) -> Step:
    """Softmax of rows of 1024."""
    x = normal(t, device, 4096, 1024)
    if backward:
        return backward_of(t, device, lambda: t.softmax(x, 1), x)
    return lambda: t.softmax(x, 1)


def layer_norm(t: Any, device: str, *, backward: bool = False) -> Step:
    """Layer normalization of rows of 1024; backward: of input, weight and bias."""
    x, w, b = (
        normal(t, device, 4096, 1024),
        normal(t, device, 1024, seed=1),
        normal(t, device, 1024, seed=2),
    )
    function = t.nn.functional.layer_norm
    if backward:
        return backward_of(t, device, lambda: function(x, (1024,), w, b), x, w, b)
    return lambda: function(x, (1024,), w, b)


def total(t: Any, device: str, *, dim: int | None) -> Step:
    """A sum over one dimension, or all, of a square."""
    x = normal(t, device, 4096, 4096)
    return (lambda: x.sum()) if dim is None else (lambda: x.sum(dim))


def transpose(t: Any, device: str) -> Step:
    """A square, transposed in memory."""
    x = normal(t, device, 4096, 4096)
    return lambda: x.t().contiguous()


def channels_last(t: Any, device: str) -> Step:
    """Channels moved to the end in memory."""
    x = normal(t, device, 32, 64, 32, 32)
    return lambda: x.permute(0, 2, 3, 1).contiguous()


def cumsum(t: Any, device: str) -> Step:
    """Running sums of rows."""
    x = normal(t, device, 4096, 1024)
    return lambda: x.cumsum(1)


def cumsum_flat(t: Any, device: str, *, count: int) -> Step:
    """Running sum of a vector, of integers so that the order of addition does not matter."""
    x = t.tensor(np.random.default_rng(0).integers(0, 2, count).astype(np.float32), device=device)
    return lambda: x.cumsum(0)


def sort(t: Any, device: str, *, count: int) -> Step:
    """Values and indices."""
    x = normal(t, device, count)

    def step() -> Any:
        values, indices = x.sort()
        step.kept = indices  # type: ignore[attr-defined]  # somebody wants it
        return values

    return step


def topk(t: Any, device: str, *, count: int) -> Step:
    """The largest elements of rows."""
    x = normal(t, device, 4096, 1024)

    def step() -> Any:
        values, indices = x.topk(count)
        step.kept = indices  # type: ignore[attr-defined]  # somebody wants it
        return values

    return step


def _indices(t: Any, device: str) -> Any:
    return t.tensor(np.random.default_rng(3).integers(0, 1000, 8192), device=device)


def embedding(t: Any, device: str) -> Step:
    """Rows of a table by index."""
    table, index = normal(t, device, 1000, 256), _indices(t, device)
    return lambda: t.nn.functional.embedding(index, table)


def scatter_add(t: Any, device: str) -> Step:
    """Rows added into a table by index."""
    table, index = t.zeros(1000, 256, device=device), _indices(t, device)
    rows = normal(t, device, 8192, 256)
    return lambda: table.index_add(0, index, rows)


def max_pool(t: Any, device: str) -> Step:
    """Pooling by 2x2."""
    x = normal(t, device, 32, 64, 32, 32)
    return lambda: t.nn.functional.max_pool2d(x, 2)


def matmul(t: Any, device: str, *, size: int) -> Step:
    """The product of two square matrices."""
    a, b = normal(t, device, size, size), normal(t, device, size, size, seed=1)
    return lambda: a @ b


def batched(t: Any, device: str) -> Step:
    """Products of 32 pairs of square matrices."""
    a, b = normal(t, device, 32, 128, 128), normal(t, device, 32, 128, 128, seed=1)
    return lambda: a @ b


def skinny(t: Any, device: str, *, form: str) -> Step:
    """The three products of a linear layer: forward (NT), input and weight gradient."""
    x, w, g = (
        normal(t, device, 32, 784),
        normal(t, device, 256, 784, seed=1),
        normal(t, device, 32, 256, seed=2),
    )
    steps = {"NT": lambda: x @ w.t(), "NN": lambda: g @ w, "TN": lambda: g.t() @ x}
    return steps[form]


def conv(t: Any, device: str, *, part: str, kind: Any = SQUARE_CONVOLUTION) -> Step:
    """A convolution, or one of its gradients."""
    shape, weights, stride, padding, groups = kind
    x, w = normal(t, device, *shape), normal(t, device, *weights, seed=1)

    def forward() -> Any:
        return t.nn.functional.conv2d(x, w, None, stride, padding, 1, groups)

    if part == "forward":
        return forward
    return backward_of(t, device, forward, x if part == "input gradient" else w)
