"""``layer_norm``: the last dimensions to mean 0 and variance 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import float32
from portfire.nn._names import not_implemented
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, register

__all__ = ["LAYER_NORM"]


def _infer(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    (x,) = specs
    count, _ = attrs
    if not 1 <= count <= len(x.shape):
        raise RuntimeError(f"layer_norm: {x} has no last {count} dimensions")
    if not x.dtype.is_floating_point:
        raise not_implemented("layer_norm", x.dtype)
    return x


def _reference(x: Any, count: int, eps: float) -> Any:
    axes = tuple(range(x.ndim - count, x.ndim))
    centered = x - x.mean(axes, keepdims=True)
    return (centered / np.sqrt(np.square(centered).mean(axes, keepdims=True) + eps)).astype(x.dtype)


def _normalized(x: Any, count: int, eps: float) -> tuple[Any, Any]:
    """The input with mean 0 and variance 1, and the factor that made it so."""
    axes = tuple(range(x.ndim - count, x.ndim))
    centered = x - x.mean(axes, keepdim=True)
    factor = ((centered * centered).mean(axes, keepdim=True) + eps).rsqrt()
    return centered * factor, factor


def _decompose(x: Any, count: int, eps: float) -> Any:
    return _normalized(x, count, eps)[0]


def _gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    x = ctx.inputs[0]
    count, eps = ctx.attrs
    axes = tuple(range(x.ndim - count, x.ndim))
    normal, factor = _normalized(x, count, eps)
    along = normal * (g * normal).mean(axes, keepdim=True)
    return (factor * (g - g.mean(axes, keepdim=True) - along),)


LAYER_NORM = register(
    Operator(
        name="layer_norm",
        kind=Kind.COMPOSITE,
        infer=_infer,
        reference=_reference,
        attrs=("count", "eps"),
        gradient=_gradient,
        saves=(0,),
        decompose=_decompose,
        label="NativeLayerNormBackward0",
        samples=(
            Sample(((3, 5),), (1, 1e-5)),
            Sample(((2, 3, 4),), (2, 1e-3)),
            Sample(((2, 33),), (1, 1e-5)),
        ),
        errors=(
            WrongCall((Spec((3,), float32),), (2, 1e-5), RuntimeError, "has no last 2 dimensions"),
        ),
        doc="The last dimensions shifted and scaled to mean 0 and variance 1.",
    )
)
