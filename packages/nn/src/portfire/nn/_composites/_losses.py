"""Losses as one step each: the mean squared error, and the negative log-likelihood.

``nll_loss`` compares the target with the positions of the classes, so that it and its gradient are
elementwise and fuse with the log-softmax; one look-up in a table of the classes' weights checks the
range of the targets. ``nll_loss_grad`` is linear, and its gradient is the loss itself.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from portfire import float32, int64
from portfire._dispatch import apply, full, iota, where, zeros
from portfire.nn._names import not_implemented
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, lookup, register

__all__ = ["BINARY_CROSS_ENTROPY", "MSE_LOSS", "NLL_LOSS", "NLL_LOSS_GRAD"]

_TAKE, _SUM = lookup("take"), lookup("sum")


def _infer_mse(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, target = specs
    if x != target:
        raise RuntimeError(f"mse_loss: expected equal shapes and dtypes, but got {x} and {target}")
    if not x.dtype.is_floating_point:
        raise not_implemented("mse_loss", x.dtype)
    return x if attrs == ("none",) else Spec((), x.dtype)


def _reference_mse(x: Any, target: Any, reduction: str) -> Any:
    squares = np.square(x - target)
    return {"none": lambda: squares, "sum": squares.sum, "mean": squares.mean}[reduction]()


def _decompose_mse(x: Any, target: Any, reduction: str) -> Any:
    difference = x - target
    squares = difference * difference
    if reduction == "none":
        return squares
    total = squares.sum()
    return total if reduction == "sum" else total / _count(x)


def _count(x: Any) -> Any:
    """The number of elements; NaN for none, since a mean of nothing is 0 / 0."""
    return float(x.numel()) if x.numel() else math.nan


def _gradient_mse(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, target = ctx.inputs
    difference = x - target
    if ctx.attrs == ("mean",):
        g = g * (2.0 / max(x.numel(), 1))
    else:
        g = g * 2.0
    grad = g * difference
    return grad, -grad if ctx.needs[1] else None


MSE_LOSS = register(
    Operator(
        name="mse_loss",
        kind=Kind.COMPOSITE,
        autocast="float32",
        infer=_infer_mse,
        reference=_reference_mse,
        attrs=("reduction",),
        gradient=_gradient_mse,
        saves=(0, 1),
        decompose=_decompose_mse,
        samples=(
            Sample(((3, 4), (3, 4)), ("mean",)),
            Sample(((3, 4), (3, 4)), ("sum",)),
            Sample(((5,), (5,)), ("none",)),
            Sample(((), ()), ("mean",)),
        ),
        errors=(
            WrongCall(
                (Spec((2,), float32), Spec((3,), float32)),
                ("mean",),
                RuntimeError,
                "expected equal shapes",
            ),
        ),
        doc="The squared difference, its sum or its mean.",
    )
)


_LOG_FLOOR = -100.0  # logarithms of probabilities that are 0 count as this, as in torch
_SLOPE_FLOOR = 1e-12


def _infer_bce(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, target = specs
    if x != target or not x.dtype.is_floating_point:
        raise RuntimeError(f"binary_cross_entropy: expected equal floats, got {x} and {target}")
    return x


def _reference_bce(x: Any, target: Any) -> Any:
    floor, one = x.dtype.type(_LOG_FLOOR), x.dtype.type(1)  # NumPy 1 widens 0-d with numbers
    with np.errstate(divide="ignore"):
        yes, no = np.maximum(np.log(x), floor), np.maximum(np.log1p(-x), floor)
    return -(target * yes + (one - target) * no)


def _decompose_bce(x: Any, target: Any) -> Any:
    floor = full((), _LOG_FLOOR, x)
    yes, no = x.log().maximum(floor), (-x).log1p().maximum(floor)
    return (target - 1.0) * no - target * yes


def _gradient_bce(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, target = ctx.inputs
    slope = (x * (1.0 - x)).maximum(full((), _SLOPE_FLOOR, x))
    return (
        g * (x - target) / slope if ctx.needs[0] else None,
        g * ((-x).log1p() - x.log()) if ctx.needs[1] else None,
    )


BINARY_CROSS_ENTROPY = register(
    Operator(
        name="binary_cross_entropy",
        kind=Kind.COMPOSITE,
        autocast="float32",
        infer=_infer_bce,
        reference=_reference_bce,
        gradient=_gradient_bce,
        saves=(0, 1),
        decompose=_decompose_bce,
        samples=(Sample(((3, 4), (3, 4)), (), 0.1, 0.9), Sample(((), ()), (), 0.1, 0.9)),
        errors=(
            WrongCall(
                (Spec((2,), float32), Spec((3,), float32)),
                (),
                RuntimeError,
                "expected equal floats",
            ),
        ),
        doc="The cross entropy of yes-or-no answers, for each element.",
    )
)


def _infer_nll(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, target, weight = specs
    _, reduction = attrs
    if target != Spec((*x.shape[:1], *x.shape[2:]), int64):
        raise RuntimeError(f"nll_loss: {target} does not tell classes of {x}")
    if weight != Spec(x.shape[1:2], x.dtype):
        raise RuntimeError(f"nll_loss: {weight} does not weigh the classes of {x}")
    return Spec(target.shape if reduction == "none" else (), x.dtype)


def _factors(target: Any, weight: Any, ignore: int) -> tuple[Any, Any]:
    """Targets with 0 for what is ignored, and each target's weight, 0 for what is ignored."""
    counts = target != full((), ignore, target)
    known = where(counts, target, zeros((), target))
    # Also where all weights are 1: this look-up is what finds a target that is no class.
    return known, where(counts, apply(_TAKE, (weight, known), (0,)), zeros((), weight))


def _hits(known: Any, shape: Any) -> Any:
    """Where along dimension 1 the class is the target's."""
    spread = known.reshape(known.shape[0], 1, *known.shape[1:]).expand(shape)
    return iota(shape, 1, known) == spread


def _decompose_nll(x: Any, target: Any, weight: Any, ignore: int, reduction: str) -> Any:
    known, factor = _factors(target, weight, ignore)
    chosen = where(_hits(known, tuple(x.shape)), x, zeros((), x))
    losses = -apply(_SUM, (chosen,), ((1,),)) * factor
    if reduction == "none":
        return losses
    total = losses.sum()
    return total if reduction == "sum" else total / factor.sum()


def _gradient_nll(ctx: Any, g: Any) -> tuple[Any, ...]:
    _, target, weight = ctx.inputs
    return apply(NLL_LOSS_GRAD, (g, target, weight), ctx.attrs), None, None


def _infer_nll_grad(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    g, target, weight = specs
    x = Spec((*target.shape[:1], *weight.shape, *target.shape[1:]), g.dtype)
    if _infer_nll((x, target, weight), attrs) != g:
        raise RuntimeError(f"nll_loss_grad: {g} is not a loss of {x}")
    return x


def _decompose_nll_grad(g: Any, target: Any, weight: Any, ignore: int, reduction: str) -> Any:
    known, factor = _factors(target, weight, ignore)
    images, *rest = target.shape
    shape = (images, weight.shape[0], *rest)
    each = -g * factor
    if reduction == "mean":
        each = each / factor.sum()
    spread = each.reshape(images, 1, *rest).expand(shape)
    return where(_hits(known, shape), spread, zeros((), g))


def _gradient_nll_grad(ctx: Any, v: Any) -> tuple[Any, ...]:
    _, target, weight = ctx.inputs
    return apply(NLL_LOSS, (v, target, weight), ctx.attrs), None, None


def _np_factors(target: Any, weight: Any, ignore: int) -> tuple[Any, Any]:
    counts = target != ignore
    known = np.where(counts, target, 0)
    wrong = (known < 0) | (known >= weight.size)
    if wrong.any():
        raise IndexError(
            f"index {known[wrong].flat[0]} is out of bounds for dimension 0 with size {weight.size}"
        )
    return known, np.where(counts, weight[known], 0).astype(weight.dtype)


def _reference_nll(x: Any, target: Any, weight: Any, ignore: int, reduction: str) -> Any:
    known, factor = _np_factors(target, weight, ignore)
    losses = -np.take_along_axis(x, known[:, None], 1)[:, 0] * factor
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / factor.sum()


def _reference_nll_grad(g: Any, target: Any, weight: Any, ignore: int, reduction: str) -> Any:
    known, factor = _np_factors(target, weight, ignore)
    each = -g * factor
    if reduction == "mean":
        each = each / factor.sum()
    out = np.zeros((target.shape[0], weight.size, *target.shape[1:]), g.dtype)
    np.put_along_axis(out, known[:, None], each[:, None], 1)
    return out


NLL_LOSS = register(
    Operator(
        name="nll_loss",
        kind=Kind.COMPOSITE,
        autocast="float32",
        infer=_infer_nll,
        reference=_reference_nll,
        attrs=("ignore_index", "reduction"),
        gradient=_gradient_nll,
        saves=(1, 2),
        constants=(2,),
        decompose=_decompose_nll,
        fallible=True,
        samples=(
            Sample(((4, 3), (4,), (3,)), (-100, "mean"), 0.5, 2.0, 3),
            Sample(((4, 3), (4,), (3,)), (1, "sum"), 0.5, 2.0, 3),
            Sample(((2, 5, 3, 2), (2, 3, 2), (5,)), (-100, "none"), 0.5, 2.0, 5),
        ),
        errors=(
            WrongCall(
                (Spec((4, 3), float32), Spec((5,), int64), Spec((3,), float32)),
                (-100, "mean"),
                RuntimeError,
                "does not tell classes of",
            ),
        ),
        doc="The negative log-probability of the target classes, weighed; its sum or its mean.",
    )
)

NLL_LOSS_GRAD = register(
    Operator(
        name="nll_loss_grad",
        kind=Kind.COMPOSITE,
        infer=_infer_nll_grad,
        reference=_reference_nll_grad,
        attrs=("ignore_index", "reduction"),
        gradient=_gradient_nll_grad,
        saves=(1, 2),
        constants=(2,),
        decompose=_decompose_nll_grad,
        fallible=True,
        samples=(
            Sample(((), (4,), (3,)), (-100, "mean"), 0.5, 2.0, 3),
            Sample(((), (4,), (3,)), (1, "sum"), 0.5, 2.0, 3),
            Sample(((2, 3, 2), (2, 3, 2), (5,)), (-100, "none"), 0.5, 2.0, 5),
        ),
        errors=(
            WrongCall(
                (Spec((4,), float32), Spec((4,), int64), Spec((3,), float32)),
                (-100, "mean"),
                RuntimeError,
                "is not a loss of",
            ),
        ),
        label="NllLossBackwardBackward0",
        doc="The gradient of nll_loss with respect to the log-probabilities.",
    )
)
