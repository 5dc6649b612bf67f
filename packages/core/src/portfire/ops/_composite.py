"""Composites of core: one step on the tape, decomposed when a plan is built, unless claimed."""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float16, float32
from portfire.ops import _elementwise as e
from portfire.ops import _reduction as r
from portfire.ops._movement import EXPAND, RESHAPE
from portfire.ops._record import Attrs, Kind, Operator, Sample, Spec, register


def _same(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    return specs[0]


_SHAPES = tuple(Sample((s,), (), 0.3, 2.0) for s in ((3, 4), (), (0, 3), (2, 33)))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + (-x).exp())


def _reference_sigmoid(x: Any) -> Any:
    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(-x))).astype(x.dtype)


def _relu(x: Any) -> Any:
    # NaN is not below zero, so it stays.
    return dispatch.where(x < 0, 0, x)


def _unary(
    name: str, decompose: Any, reference: Any, gradient: Any, saves: Any, doc: str
) -> Operator:
    return register(
        Operator(
            name=name,
            kind=Kind.COMPOSITE,
            infer=_same,
            reference=reference,
            gradient=gradient,
            saves=saves,
            decompose=decompose,
            samples=_SHAPES,
            doc=doc,
        )
    )


CLONE = _unary("clone", lambda x: x, lambda x: x.copy(), lambda c, g: (g,), (), "A copy.")
SQUARE = _unary(
    "square", lambda x: x * x, np.square, lambda c, g: (g * (c.inputs[0] * 2),), (0,), "x * x."
)
RECIPROCAL = _unary(
    "reciprocal",
    lambda x: dispatch.binary(e.DIV, 1.0, x),
    np.reciprocal,
    lambda c, g: (-g * c.output * c.output,),
    (-1,),
    "1 / x.",
)
RSQRT = _unary(
    "rsqrt",
    lambda x: dispatch.binary(e.DIV, 1.0, x.sqrt()),
    lambda x: (1 / np.sqrt(x)).astype(x.dtype),
    lambda c, g: (g * (c.output * c.output * c.output) * -0.5,),
    (-1,),
    "1 / sqrt(x).",
)
SIGMOID = _unary(
    "sigmoid",
    _sigmoid,
    _reference_sigmoid,
    lambda c, g: (g * (1 - c.output) * c.output,),
    (-1,),
    "1 / (1 + exp(-x)).",
)
RELU = _unary(
    "relu",
    _relu,
    lambda x: np.where(x < 0, 0, x).astype(x.dtype),
    lambda c, g: (dispatch.where(c.output <= 0, 0.0, g),),  # NaN lets the gradient through
    (-1,),
    "max(x, 0).",
)


def _infer_rows(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    r.ARGMAX.infer(specs, attrs)
    return specs[0]


def _shifted(x: Any, dim: int) -> tuple[Any, Any]:
    """X minus its maximum along a dimension, and exp of that; all -inf rows give NaN, as torch."""
    top = dispatch.apply(r.MAX, (x,), ((dim,),))
    shape = r.keep_axes(x._shape, (dim,))
    y = x - dispatch.apply(EXPAND, (dispatch.apply(RESHAPE, (top,), (shape,)),), (x._shape,))
    return y, y.exp()


def _row_sum(x: Any, dim: int) -> Any:
    total = dispatch.apply(r.SUM, (x,), ((dim,),))
    kept = dispatch.apply(RESHAPE, (total,), (r.keep_axes(x._shape, (dim,)),))
    return dispatch.apply(EXPAND, (kept,), (x._shape,))


def _softmax(x: Any, dim: int) -> Any:
    _, powers = _shifted(x, dim)
    return powers / _row_sum(powers, dim)


def _log_softmax(x: Any, dim: int) -> Any:
    shifted, powers = _shifted(x, dim)
    return shifted - _row_sum(powers, dim).log()


def _reference_softmax(x: Any, dim: int) -> Any:
    powers = np.exp(x - x.max(axis=dim, keepdims=True)) if x.size else x
    return powers / powers.sum(axis=dim, keepdims=True)


def _reference_log_softmax(x: Any, dim: int) -> Any:
    shifted = x - x.max(axis=dim, keepdims=True) if x.size else x
    return shifted - np.log(np.exp(shifted).sum(axis=dim, keepdims=True))


def _grad_softmax(ctx: Any, g: Any) -> tuple[Any, ...]:
    y = ctx.output
    weighted = g * y
    return (weighted - y * weighted.sum(ctx.attrs[0], keepdim=True),)


def _grad_log_softmax(ctx: Any, g: Any) -> tuple[Any, ...]:
    return (g - ctx.output.exp() * g.sum(ctx.attrs[0], keepdim=True),)


_ROWS = (
    Sample(((3, 5),), (1,)),
    Sample(((3, 5),), (0,)),
    Sample(((2, 33, 4),), (1,)),
    Sample(((4,),), (0,)),
    Sample(((0, 3),), (1,)),
)

SOFTMAX, LOG_SOFTMAX = (
    register(
        Operator(
            name=name,
            kind=Kind.COMPOSITE,
            infer=_infer_rows,
            reference=reference,
            attrs=("dim",),
            gradient=gradient,
            saves=(-1,),
            decompose=decompose,
            autocast="float32",
            samples=_ROWS,
            errors=r.ARGMAX.errors,
            doc=doc,
        )
    )
    for name, decompose, reference, gradient, doc in (
        ("softmax", _softmax, _reference_softmax, _grad_softmax, "exp(x) over its sum along dim."),
        ("log_softmax", _log_softmax, _reference_log_softmax, _grad_log_softmax, "log of softmax."),
    )
)


def _infer_mean(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    return r.SUM.infer(specs, attrs)


def _mean(x: Any, axes: Any) -> Any:
    count = dispatch.numel(tuple(x._shape[a] for a in axes))
    # The sum may be beyond float16 where the mean is not.
    wide = x.to(float32) if x._dtype is float16 else x
    return (dispatch.apply(r.SUM, (wide,), (axes,)) / float(count)).to(x._dtype)


def _grad_mean(ctx: Any, g: Any) -> tuple[Any, ...]:
    count = dispatch.numel(tuple(ctx.shapes[0][a] for a in ctx.attrs[0]))
    return (r.restore(ctx, g / float(count)),)


MEAN = register(
    Operator(
        name="mean",
        kind=Kind.COMPOSITE,
        infer=_infer_mean,
        reference=lambda x, axes: np.asarray(np.mean(x, axis=axes)).astype(x.dtype, copy=False),
        attrs=("axes",),
        gradient=_grad_mean,
        decompose=_mean,
        samples=tuple(s for s in r.SUM.samples if 0 not in s.shapes[0]),
        errors=r.SUM.errors,
        doc="The sum over the count.",
    )
)
