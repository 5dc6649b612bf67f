"""Reductions and scans along axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float32, int64
from portfire.ops._indexing import CONCAT
from portfire.ops._record import Attrs, Kind, Operator, Sample, Shape, Spec, WrongCall, register


def _infer_axes(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    (axes,) = attrs
    shape = specs[0].shape
    if list(axes) != sorted(set(axes)) or any(not 0 <= a < len(shape) for a in axes):
        raise RuntimeError(f"reduction: axes {axes} are not sorted axes of shape {shape}")
    return Spec(tuple(n for i, n in enumerate(shape) if i not in axes), specs[0].dtype)


def _infer_arg(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    (axis,) = attrs
    return Spec(_infer_axes(specs, ((axis,),)).shape, int64)


def keep_axes(shape: Shape, axes: Shape) -> Shape:
    """The shape with the reduced axes kept as 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def restore(ctx: Any, reduced: Any) -> Any:
    """Spread a reduced tensor over the shape of the reduction's input."""
    shape = ctx.shapes[0]
    return reduced.reshape(keep_axes(shape, ctx.attrs[0])).expand(shape)


def _sum(x: Any, axes: Shape) -> Any:
    return np.sum(x, axis=axes, dtype=x.dtype)


def _prod(x: Any, axes: Shape) -> Any:
    return np.prod(x, axis=axes, dtype=x.dtype)


def lowest(dtype: np.dtype[Any]) -> Any:
    """The identity of max."""
    if dtype.kind == "f":
        return -math.inf
    return False if dtype.kind == "b" else np.iinfo(dtype).min


def highest(dtype: np.dtype[Any]) -> Any:
    """The identity of min."""
    if dtype.kind == "f":
        return math.inf
    return True if dtype.kind == "b" else np.iinfo(dtype).max


def _max(x: Any, axes: Shape) -> Any:
    return np.max(x, axis=axes, initial=lowest(x.dtype))


def _min(x: Any, axes: Shape) -> Any:
    return np.min(x, axis=axes, initial=highest(x.dtype))


def _grad_prod(ctx: Any, g: Any) -> tuple[Any, ...]:
    """The product of all the others: exact also where some factors are zero.

    Exclusive products from both ends, by doubling, so that no division is needed.
    """
    x = ctx.inputs[0]
    axes = ctx.attrs[0]
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    order = rest + axes
    moved = x.permute(order)
    count = math.prod(x.shape[a] for a in axes)
    rows = moved.reshape((*(x.shape[a] for a in rest), count))
    others = exclusive_product(rows) * exclusive_product(rows.flip((-1,))).flip((-1,))
    inverse = tuple(order.index(i) for i in range(len(order)))
    return (restore(ctx, g) * others.reshape(moved.shape).permute(inverse),)


def exclusive_product(x: Any) -> Any:
    """out[..., i] = product of x[..., :i]."""
    if not x.shape[-1]:
        return x
    ones = dispatch.zeros((*x.shape[:-1], 1), x) + 1
    out = dispatch.apply(CONCAT, (ones, x.narrow(-1, 0, x.shape[-1] - 1)), (x.ndim - 1,))
    shift = 1
    while shift < x.shape[-1]:
        head = dispatch.zeros((*x.shape[:-1], shift), x) + 1
        tail = out.narrow(-1, 0, x.shape[-1] - shift)
        out = out * dispatch.apply(CONCAT, (head, tail), (x.ndim - 1,))
        shift *= 2
    return out


def _grad_extreme(ctx: Any, g: Any) -> tuple[Any, ...]:
    """Equal winners share the gradient, as torch's amax does."""
    x = ctx.inputs[0]
    wins = x == restore(ctx, ctx.output)
    count = dispatch.apply(SUM, (wins.to(g.dtype),), ctx.attrs)
    return (restore(ctx, g / count) * wins,)


_AXES = (
    Sample(((3, 5),), ((1,),)),
    Sample(((3, 5),), ((0,),)),
    Sample(((3, 5),), ((0, 1),)),
    Sample(((2, 3, 4),), ((0, 2),)),
    Sample(((2, 33, 4),), ((1,),)),
    Sample(((),), ((),)),
    Sample(((0, 3),), ((0,),)),
)
_BAD_AXES = (WrongCall((Spec((2, 3), float32),), ((2,),), RuntimeError, "are not sorted axes"),)

SUM, PROD, MAX, MIN = (
    register(
        Operator(
            name=name,
            kind=Kind.REDUCTION,
            infer=_infer_axes,
            reference=reference,
            attrs=("axes",),
            gradient=gradient,
            saves=saves,
            samples=_AXES,
            errors=_BAD_AXES,
            dtypes=dtypes,
            label=label,
            doc=doc,
        )
    )
    for name, reference, gradient, saves, dtypes, label, doc in (
        (
            "sum",
            _sum,
            lambda ctx, g: (restore(ctx, g),),
            (),
            "if",
            "SumBackward0",
            "The sum; 0 of nothing.",
        ),
        ("prod", _prod, _grad_prod, (0,), "if", "ProdBackward0", "The product; 1 of nothing."),
        ("max", _max, _grad_extreme, (0, -1), "bif", "AmaxBackward0", "The largest; NaN wins."),
        ("min", _min, _grad_extreme, (0, -1), "bif", "AminBackward0", "The smallest; NaN wins."),
    )
)

_AXIS = (
    Sample(((3, 5),), (1,)),
    Sample(((3, 5),), (0,)),
    Sample(((2, 33, 4),), (1,)),
    Sample(((0, 3),), (1,)),
)

_BAD_AXIS = (WrongCall((Spec((2, 3), float32),), (2,), RuntimeError, "are not sorted axes"),)

ARGMAX, ARGMIN = (
    register(
        Operator(
            name=name,
            kind=Kind.REDUCTION,
            infer=_infer_arg,
            reference=reference,
            attrs=("axis",),
            samples=_AXIS,
            errors=_BAD_AXIS,
            dtypes="bif",
            doc=doc,
        )
    )
    for name, reference, doc in (
        ("argmax", np.argmax, "Where the first of the largest is; NaN wins."),
        ("argmin", np.argmin, "Where the first of the smallest is; NaN wins."),
    )
)
