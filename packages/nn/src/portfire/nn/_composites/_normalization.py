"""Normalization: the last dimensions, or the channels over a batch, to mean 0 and variance 1.

``batch_norm`` and whoever wants the statistics of the same batch write the same steps for them; the
engine computes equal steps once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import float16, float32, int64
from portfire._dispatch import numel
from portfire.nn._names import not_implemented
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, register

__all__ = ["BATCH_NORM", "LAYER_NORM", "RMS_NORM", "along_channels", "channel_axes", "moments"]


def _infer(name: str, specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    (x,) = specs
    count, _ = attrs
    if not 1 <= count <= len(x.shape):
        raise RuntimeError(f"{name}: {x} has no last {count} dimensions")
    if not x.dtype.is_floating_point:
        raise not_implemented(name, x.dtype)
    return x


def _last(x: Any, count: int) -> tuple[int, ...]:
    return tuple(range(x.ndim - count, x.ndim))


def _wide(x: Any) -> Any:
    """Squares of halves are soon beyond their range."""
    return x.to(float32) if x.dtype is float16 else x


def moments(x: Any, axes: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """Return x without its mean, the mean and the variance, of single precision at least."""
    x = _wide(x)
    mean = x.mean(axes, keepdim=True)
    centered = x - mean
    return centered, mean, (centered * centered).mean(axes, keepdim=True)


def _normalized(x: Any, axes: tuple[int, ...], eps: float) -> tuple[Any, Any]:
    """The input with mean 0 and variance 1, and the factor that made it so."""
    centered, _, variance = moments(x, axes)
    factor = (variance + eps).rsqrt()
    return centered * factor, factor


def _slope(g: Any, normal: Any, factor: Any, axes: tuple[int, ...]) -> Any:
    """The gradient of the input, given that of the normalized one."""
    along = normal * (g * normal).mean(axes, keepdim=True)
    return factor * (g - g.mean(axes, keepdim=True) - along)


def _np_normalized(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    centered = x - x.mean(axes, keepdims=True)
    return (centered / np.sqrt(np.square(centered).mean(axes, keepdims=True) + eps)).astype(x.dtype)


def _decompose_layer(x: Any, count: int, eps: float) -> Any:
    return _normalized(x, _last(x, count), eps)[0].to(x.dtype)


def _gradient_layer(ctx: Any, g: Any) -> tuple[Any, ...]:
    x = ctx.inputs[0]
    count, eps = ctx.attrs
    axes = _last(x, count)
    return (_slope(_wide(g), *_normalized(x, axes, eps), axes),)


LAYER_NORM = register(
    Operator(
        name="layer_norm",
        kind=Kind.COMPOSITE,
        autocast="float32",
        infer=lambda specs, attrs: _infer("layer_norm", specs, attrs),
        reference=lambda x, count, eps: _np_normalized(x, _last(x, count), eps),
        attrs=("count", "eps"),
        gradient=_gradient_layer,
        saves=(0,),
        decompose=_decompose_layer,
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


def _inverse_rms(x: Any, axes: tuple[int, ...], eps: float) -> Any:
    return ((x * x).mean(axes, keepdim=True) + eps).rsqrt()


def _decompose_rms(x: Any, count: int, eps: float) -> Any:
    wide = _wide(x)
    return (wide * _inverse_rms(wide, _last(x, count), eps)).to(x.dtype)


def _gradient_rms(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, g = _wide(ctx.inputs[0]), _wide(g)
    count, eps = ctx.attrs
    axes = _last(x, count)
    factor = _inverse_rms(x, axes, eps)
    normal = x * factor
    return (factor * (g - normal * (g * normal).mean(axes, keepdim=True)),)


def _reference_rms(x: Any, count: int, eps: float) -> Any:
    square = np.square(x).mean(_last(x, count), keepdims=True)
    return (x / np.sqrt(square + eps)).astype(x.dtype)


RMS_NORM = register(
    Operator(
        name="rms_norm",
        kind=Kind.COMPOSITE,
        autocast="float32",
        infer=lambda specs, attrs: _infer("rms_norm", specs, attrs),
        reference=_reference_rms,
        attrs=("count", "eps"),
        gradient=_gradient_rms,
        saves=(0,),
        decompose=_decompose_rms,
        samples=(Sample(((3, 5),), (1, 1e-5)), Sample(((2, 3, 4),), (2, 1e-3))),
        errors=(
            WrongCall((Spec((3,), float32),), (2, 1e-5), RuntimeError, "has no last 2 dimensions"),
        ),
        doc="The last dimensions scaled to mean square 1.",
    )
)


def channel_axes(ndim: int) -> tuple[int, ...]:
    """All axes but that of the channels."""
    return (0, *range(2, ndim))


def along_channels(vector: Any, ndim: int) -> Any:
    """Give one number per channel the dimensions of the input."""
    return vector.reshape(1, -1, *[1] * (ndim - 2))


def _infer_batch(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, *affine = specs
    if not x.dtype.is_floating_point:
        raise not_implemented("batch_norm", x.dtype)
    for name, spec in zip(("weight", "bias"), affine, strict=True):
        channels, found = x.shape[1], numel(spec.shape)
        if found != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {found}")
        if spec.dtype is not x.dtype:
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
    return x


def _decompose_batch(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    normal, _ = _normalized(x, channel_axes(x.ndim), eps)
    weight, bias = (along_channels(_wide(vector), x.ndim) for vector in (weight, bias))
    return (normal * weight + bias).to(x.dtype)


def _gradient_batch(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, weight, _ = ctx.inputs
    g, axes = _wide(g), channel_axes(x.ndim)
    normal, factor = _normalized(x, axes, ctx.attrs[0])
    # The two sums are all that the three gradients share of the batch.
    for_weight, for_bias = (g * normal).sum(axes), g.sum(axes)
    grad = None
    if ctx.needs[0]:
        mean, slope = (along_channels(total, x.ndim) for total in (for_bias, for_weight))
        count = float(max(numel(tuple(x.shape[a] for a in axes)), 1))
        grad = (g - (mean + normal * slope) / count) * (
            factor * along_channels(_wide(weight), x.ndim)
        )
    return grad, for_weight if ctx.needs[1] else None, for_bias if ctx.needs[2] else None


def _reference_batch(x: Any, weight: Any, bias: Any, eps: float) -> Any:
    normal = _np_normalized(x, channel_axes(x.ndim), eps)
    weight, bias = (vector.reshape(1, -1, *[1] * (x.ndim - 2)) for vector in (weight, bias))
    return normal * weight + bias


BATCH_NORM = register(
    Operator(
        name="batch_norm",
        kind=Kind.COMPOSITE,
        autocast="float32",
        infer=_infer_batch,
        reference=_reference_batch,
        attrs=("eps",),
        gradient=_gradient_batch,
        saves=(0, 1),
        decompose=_decompose_batch,
        label="NativeBatchNormBackward0",
        samples=(
            Sample(((5, 3), (3,), (3,)), (1e-5,)),
            Sample(((4, 3, 2, 5), (3,), (3,)), (1e-3,)),
            Sample(((4, 2, 6), (2,), (2,)), (1e-5,)),
        ),
        errors=(
            WrongCall(
                (Spec((3, 2), int64), Spec((2,), int64), Spec((2,), int64)),
                (1e-5,),
                NotImplementedError,
                "not implemented for 'Long'",
            ),
            WrongCall(
                (Spec((3, 2), float32), Spec((3,), float32), Spec((2,), float32)),
                (1e-5,),
                RuntimeError,
                "weight should contain 2 elements not 3",
            ),
        ),
        doc="Each channel shifted and scaled to mean 0 and variance 1 over the batch, then affine.",
    )
)
