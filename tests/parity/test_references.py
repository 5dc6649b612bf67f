"""The references of the records against torch: a reference compared with itself proves nothing."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import portfire
from portfire import ops
from portfire import testing as kit
from portfire.ops import Kind, Operator, Sample
from portfire.testing.checks import expected_of
from portfire.testing.samples import edge_values, fixed_dtypes

with contextlib.suppress(ModuleNotFoundError):
    import portfire.nn


def _pad(x: Any, low: Any, high: Any, step: Any) -> Any:
    shape = [
        lo + ((n - 1) * s + 1 if n else 0) + hi
        for n, lo, hi, s in zip(x.shape, low, high, step, strict=True)
    ]
    out = torch.zeros(shape, dtype=x.dtype)
    out[tuple(slice(lo, lo + n * s, s) for n, lo, s in zip(x.shape, low, step, strict=True))] = x
    return out


def _inside(starts: Any, sizes: Any, steps: Any) -> Any:
    return tuple(slice(a, a + n * s, s) for a, n, s in zip(starts, sizes, steps, strict=True))


def _slice_update(base: Any, x: Any, *where: Any) -> Any:
    out = base.clone()
    out[_inside(*where)] = x
    return out


def _windows(x: Any, axes: Any, sizes: Any, strides: Any, dilations: Any) -> Any:
    """unfold knows no dilation: take the span of the window, then every d-th of it."""
    for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True):
        x = x.unfold(axis, dilation * (size - 1) + 1, stride)[..., ::dilation]
    return x


def _reduce(function: Any, x: Any, axes: Any) -> Any:
    for axis in reversed(axes):
        x = function(x, axis)
    return x


def _put(base: Any, index: Any, source: Any, axis: int, mode: str) -> Any:
    flat = index.reshape(-1)
    rows = source.reshape(*base.shape[:axis], flat.numel(), *base.shape[axis + 1 :])
    if mode == "add":
        return base.index_add(axis, flat, rows)
    out = base.clone()
    for i, at in enumerate(flat.tolist()):
        out.select(axis, at).copy_(rows.select(axis, i))
    return out


def _take(x: Any, index: Any, axis: int) -> Any:
    return x[(slice(None),) * axis + (index,)]


def _pool(x: Any, kernel: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> Any:
    return F.max_pool2d(x, kernel, stride, padding, dilation, ceil)


def _convolution(x: Any, w: Any, *rest: Any) -> Any:
    convolve = getattr(F, f"conv{x.ndim - 2}d")
    return convolve(x, w, *([] if torch.is_tensor(rest[0]) else [None]), *rest)


def _conv_input(g: Any, w: Any, sizes: Any, *rest: Any) -> Any:
    shape = (g.shape[0], w.shape[1] * rest[-1], *sizes)
    return getattr(torch.nn.grad, f"conv{len(sizes)}d_input")(shape, w, g, *rest)


def _conv_weight(x: Any, g: Any, taps: Any, *rest: Any) -> Any:
    shape = (g.shape[1], x.shape[1] // rest[-1], *taps)
    return getattr(torch.nn.grad, f"conv{len(taps)}d_weight")(x, shape, g, *rest)


def _trigamma(x: Any) -> Any:
    """torch's own is right to ten digits; zeta is the same in full."""
    return torch.special.zeta(2.0, x.double()).to(x)


def _cast(x: Any, dtype: Any) -> Any:
    return x.to(getattr(torch, dtype.name))


# What each record is in torch, where it is not the function of the same name.
COUNTERPARTS: dict[str, Any] = {
    "reshape": lambda x, shape: x.reshape(shape),
    "expand": lambda x, shape: x.expand(shape),
    "permute": lambda x, axes: x.permute(axes),
    "pad": _pad,
    "slice": lambda x, *where: x[_inside(*where)],
    "flip": torch.flip,
    "slice_update": _slice_update,
    "windows": _windows,
    "take": _take,
    "put": _put,
    "concat": lambda *args: torch.cat(args[:-1], args[-1]),
    "sum": lambda x, axes: x.sum(axes, dtype=x.dtype) if axes else x,
    "prod": lambda x, axes: _reduce(lambda t, a: t.prod(a, dtype=x.dtype), x, axes),
    "max": lambda x, axes: _reduce(torch.amax, x, axes),
    "min": lambda x, axes: _reduce(torch.amin, x, axes),
    "argmax": lambda x, axis: _arg(torch.argmax, x, axis),
    "argmin": lambda x, axis: _arg(torch.argmin, x, axis),
    "cumsum": lambda x, axis: torch.cumsum(x, axis, dtype=x.dtype),
    "full": lambda shape, value, dtype: torch.full(shape, value, dtype=getattr(torch, dtype.name)),
    "invert": torch.bitwise_not,
    "shift_left": torch.bitwise_left_shift,
    "shift_right": torch.bitwise_right_shift,
    "cast": _cast,
    "mean": lambda x, axes: x.mean(axes) if axes else x.mean(),
    "softmax": lambda x, dim: torch.softmax(x, dim),
    "dot": torch.matmul,
    "mse_loss": lambda x, y, reduction: F.mse_loss(x, y, reduction=reduction),
    "binary_cross_entropy": lambda x, y: F.binary_cross_entropy(x, y, reduction="none"),
    "nll_loss": lambda x, t, w, ignore, reduction: F.nll_loss(
        x, t, w, ignore_index=ignore, reduction=reduction
    ),
    "convolution": _convolution,
    "convolution_input_grad": _conv_input,
    "convolution_weight_grad": _conv_weight,
    "linear": F.linear,
    "batch_norm": lambda x, w, b, eps: F.batch_norm(x, None, None, w, b, True, eps=eps),
    "rms_norm": lambda x, count, eps: F.rms_norm(x, x.shape[x.ndim - count :], eps=eps),
    "embedding": lambda w, i, padding, by_frequency: F.embedding(i, w),
    "gelu": lambda x, approximate: F.gelu(x, approximate=approximate),
    "silu": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "log_sigmoid": F.logsigmoid,
    "elu": lambda x, *factors: torch.ops.aten.elu(x, *factors),
    "leaky_relu": F.leaky_relu,
    "hardtanh": F.hardtanh,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "softshrink": F.softshrink,
    "hardshrink": F.hardshrink,
    "threshold": F.threshold,
    "layer_norm": lambda x, count, eps: F.layer_norm(x, x.shape[x.ndim - count :], eps=eps),
    "max_pool2d": _pool,
    "polygamma": lambda x, n: torch.polygamma(n, x) if n > 1 else _trigamma(x),
}

# Records that torch has no counterpart of.
ALONE = {
    "input": "a leaf",
    "scalar": "a leaf",
    "iota": "arange and expand, tested with the functions",
    "random_bits": "torch has another generator; the known answers are tested with core",
    "nll_loss_grad": "a derivative, tested through nll_loss",
    "embedding_grad": "a derivative, tested through embedding",
    "max_pool2d_index": "numbers the taps of a window, torch the pixels of the image",
    "max_pool2d_grad": "a derivative, tested through max_pool2d",
    "max_pool2d_pick": "a derivative, tested through max_pool2d",
}

# Values on which a record deliberately differs from torch: which inputs to leave out, and why.
DIFFERENT: dict[str, tuple[Any, str]] = {
    "floor_divide": (
        lambda x, y: _is_int(x) and (y == 0 or x == np.iinfo(x.dtype).min),
        "a division of integers by zero gives 0 on every device; torch raises",
    ),
    "remainder": (
        lambda x, y: (
            (_is_int(x) and (y == 0 or x == np.iinfo(x.dtype).min)) or abs(float(x)) > 1e30
        ),
        "the same, and where x / y overflows the remainder is right; torch gives NaN",
    ),
    "sign": (lambda x: x != x, "NaN stays NaN; torch gives 0"),
}

# Records whose gradient torch refuses: that of a step function is 0 here.
NO_GRADIENT_IN_TORCH = ("floor_divide",)

# Records whose gradient has a constant of single precision there.
SINGLE_IN_TORCH = ("hardsigmoid",)


def _is_int(x: Any) -> bool:
    return x.dtype.kind in "iu"


def _arg(function: Any, x: Any, axis: int) -> Any:
    x = x.to(torch.uint8) if x.dtype is torch.bool else x
    if 0 in x.shape:
        return torch.zeros([n for i, n in enumerate(x.shape) if i != axis], dtype=torch.int64)
    return function(x, axis)


def _is_refused(op: Operator, sample: Sample) -> bool:
    """torch has no extreme of nothing; core raises before the record is reached."""
    return op.name in ("max", "min") and 0 in sample.shapes[0]


def counterpart(op: Operator) -> Any:
    return COUNTERPARTS.get(op.name) or getattr(torch, op.name)


def test_every_record_has_a_counterpart_or_a_reason() -> None:
    for op in ops.registry():
        known = op.name in COUNTERPARTS or op.name in ALONE or hasattr(torch, op.name)
        assert known, op.name


def cases() -> list[Any]:
    return [
        pytest.param(op, dtype, id=f"{op.name}-{dtype.name}")
        for op in ops.registry()
        if op.name not in ALONE
        for dtype in kit.dtypes_of(op)
    ]


@pytest.mark.parametrize(("op", "dtype"), cases())
def test_reference(op: Operator, dtype: Any) -> None:
    for number, sample in enumerate(op.samples):
        if _is_refused(op, sample):
            continue
        arrays = kit.arrays_of(op, sample, dtype)
        theirs = counterpart(op)(*(torch.tensor(a) for a in arrays), *sample.attrs)
        ours = expected_of(op, arrays, sample.attrs)
        tolerance = kit.Tolerance(4e-3, 4e-3) if ours.dtype == np.float16 else None
        kit.assert_close(ours, theirs.numpy(), tolerance, f"{op.name}, sample {number}")


@pytest.mark.parametrize(
    ("op", "dtype"), [c for c in cases() if c.values[0].kind is Kind.ELEMENTWISE]
)
def test_reference_at_the_edges(op: Operator, dtype: Any) -> None:
    if not kit.has_edges(op, dtype):
        pytest.skip("undefined at the edges")
    sample = op.samples[0]
    columns = [edge_values(f or dtype) for f in fixed_dtypes(op, sample)]
    grid = [np.ascontiguousarray(g).reshape(-1) for g in np.meshgrid(*columns, indexing="ij")]
    left_out, _ = DIFFERENT.get(op.name, (lambda *values: False, ""))
    keep = [i for i in range(grid[0].size) if not left_out(*(g[i] for g in grid))]
    grid = [g[keep] for g in grid]
    theirs = counterpart(op)(*(torch.tensor(g) for g in grid), *sample.attrs).numpy()
    ours = expected_of(op, grid, sample.attrs)
    good = {i for i in range(ours.size) if _same(ours[i], theirs[i])}
    wrong = [
        f"{[g[i] for g in grid]}: {ours[i]}, torch {theirs[i]}"
        for i in range(ours.size)
        if i not in good
    ]
    assert wrong == []


def _same(a: Any, b: Any) -> bool:
    try:
        kit.assert_close(np.asarray(a), np.asarray(b))
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize(
    "op",
    [op for op in ops.registry() if op.gradient and op.name not in (*ALONE, *NO_GRADIENT_IN_TORCH)],
    ids=lambda op: op.name,
)
def test_gradient(op: Operator) -> None:
    from portfire._dispatch import apply

    for number, sample in enumerate(op.samples):
        if not kit.differentiable(op, sample) or _is_refused(op, sample):
            continue
        arrays = kit.arrays_of(op, sample, portfire.float64)
        free = [a.dtype.kind == "f" and i not in op.constants for i, a in enumerate(arrays)]
        ours = [
            portfire.tensor(a, device="cpu", requires_grad=f)
            for a, f in zip(arrays, free, strict=True)
        ]
        theirs = [torch.tensor(a, requires_grad=f) for a, f in zip(arrays, free, strict=True)]
        apply(op, ours, sample.attrs).sum().backward()
        counterpart(op)(*theirs, *sample.attrs).sum().backward()
        for x, y in zip(ours, theirs, strict=True):
            if y.grad is None:
                assert x.grad is None or not x.grad.any()
                continue
            assert x.grad is not None, f"{op.name}, sample {number}"
            tolerance = kit.Tolerance(1e-7 if op.name in SINGLE_IN_TORCH else 1e-8, 1e-9)
            kit.assert_close(x.grad, y.grad.numpy(), tolerance, f"{op.name}, {number}")
