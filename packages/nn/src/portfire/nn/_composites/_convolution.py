"""Convolution over any number of spatial dims, and its two gradients.

All three are one batched matrix product over sliding windows (written as index movements, so that a
backend may melt them into the packing of the product, or recognize them and do better). They are
bilinear, and each one's gradients are the other two:

    y = convolution(x, w)    x' = input_grad(y', w)    w' = weight_grad(x, y')

Dimensions: N images, g groups, C input and K output channels per group; then one position or one
tap per spatial dim.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from portfire import float32
from portfire._dispatch import apply
from portfire.nn._composites._windows import Sizes, window_count
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, lookup, register

__all__ = ["CONVOLUTION", "CONVOLUTION_INPUT_GRAD", "CONVOLUTION_WEIGHT_GRAD"]

_DOT, _WINDOWS, _PAD = lookup("dot"), lookup("windows"), lookup("pad")
_SLICE, _FLIP = lookup("slice"), lookup("flip")


def _check_channels(x: Spec, weight: Spec, groups: int) -> None:
    outputs, channels = weight.shape[:2]
    if outputs % groups:
        raise RuntimeError(
            f"Given groups={groups}, expected weight to be divisible by {groups} at dimension 0, "
            f"but got weight of size [{list(weight.shape)}] instead"
        )
    if x.shape[1] != channels * groups:
        raise RuntimeError(
            f"Given groups={groups}, weight of size {list(weight.shape)}, expected "
            f"input{list(x.shape)} to have {channels * groups} channels, but got {x.shape[1]} "
            "channels instead"
        )
    if x.dtype is not weight.dtype:
        raise RuntimeError(
            f"expected scalar type {x.dtype.scalar_name} but found {weight.dtype.scalar_name}"
        )


def _check_bias(x: Spec, weight: Spec, bias: Spec) -> None:
    if bias.shape != weight.shape[:1]:
        raise RuntimeError(
            f"Given weight of size {list(weight.shape)}, expected bias to be 1-dimensional with "
            f"{weight.shape[0]} elements, but got bias of size {list(bias.shape)} instead"
        )
    if bias.dtype is not x.dtype:
        raise RuntimeError(
            f"Input type ({x.dtype.c_name}) and bias type ({bias.dtype.c_name}) should be the same"
        )


def _by(sizes: Iterable[int]) -> str:
    return f"({' x '.join(map(str, sizes))})"


def _infer(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, weight, *bias = specs
    stride, padding, dilation, groups = attrs
    _check_channels(x, weight, groups)
    for spec in bias:
        _check_bias(x, weight, spec)
    padded = [n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True)]
    counts = [
        window_count(n, k, s, d)
        for n, k, s, d in zip(padded, weight.shape[2:], stride, dilation, strict=True)
    ]
    if min(counts) < 1:
        reach = [d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)]
        raise RuntimeError(
            f"Calculated padded input size per channel: {_by(padded)}. Kernel size: {_by(reach)}. "
            "Kernel size can't be greater than actual input size"
        )
    return Spec((x.shape[0], weight.shape[0], *counts), x.dtype)


def _padded(x: Any, low: Sizes, high: Sizes, step: Sizes | None = None) -> Any:
    """Pad the spatial dims by zeros, and between elements; negative sizes cut off."""
    ones = (1,) * len(low)
    step = step or ones
    cut_low = tuple(max(-n, 0) for n in low)
    cut_high = tuple(max(-n, 0) for n in high)
    grow_low = (0, 0, *(max(n, 0) for n in low))
    grow_high = (0, 0, *(max(n, 0) for n in high))
    if any(grow_low) or any(grow_high) or step != ones:
        x = apply(_PAD, (x,), (grow_low, grow_high, (1, 1, *step)))
    if any(cut_low) or any(cut_high):
        sizes = [n - a - b for n, a, b in zip(x.shape[2:], cut_low, cut_high, strict=True)]
        x = apply(_SLICE, (x,), ((0, 0, *cut_low), (*x.shape[:2], *sizes), (1, 1, *ones)))
    return x


def _windows(x: Any, taps: Sizes, stride: Sizes, dilation: Sizes) -> Any:
    """The windows (N, C, positions, taps)."""
    return apply(_WINDOWS, (x,), (tuple(range(2, 2 + len(taps))), taps, stride, dilation))


def _correlate(x: Any, weight: Any, stride: Sizes, dilation: Sizes, groups: int) -> Any:
    """Convolve without padding: the weight (K, C taps) times the columns (C taps, positions)."""
    taps = tuple(weight.shape[2:])
    rank = len(taps)
    windows = _windows(x, taps, stride, dilation)
    images, counts = windows.shape[0], tuple(windows.shape[2 : 2 + rank])
    filters, depth = weight.shape[0] // groups, weight.shape[1] * math.prod(taps)
    places = range(2, 2 + rank)
    columns = windows.permute(0, 1, *(axis + rank for axis in places), *places)
    if groups == 1:
        columns = columns.reshape(images, depth, math.prod(counts))
        rows = weight.reshape(filters, depth).expand(images, filters, depth)
    else:
        columns = columns.reshape(images, groups, depth, math.prod(counts))
        rows = weight.reshape(groups, filters, depth).expand(images, groups, filters, depth)
    product = apply(_DOT, (rows, columns))
    return product.reshape(images, weight.shape[0], *counts)


def _decompose(x: Any, weight: Any, *rest: Any) -> Any:
    *bias, stride, padding, dilation, groups = rest
    product = _correlate(_padded(x, padding, padding), weight, stride, dilation, groups)
    for term in bias:
        product = product + term.reshape(1, -1, *(1,) * len(stride))
    return product


def _gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, weight = ctx.inputs[:2]
    sizes, taps = ctx.shapes[0][2:], ctx.shapes[1][2:]
    grads: list[Any] = [
        apply(CONVOLUTION_INPUT_GRAD, (g, weight), (sizes, *ctx.attrs)) if ctx.needs[0] else None,
        apply(CONVOLUTION_WEIGHT_GRAD, (x, g), (taps, *ctx.attrs)) if ctx.needs[1] else None,
    ]
    if len(ctx.shapes) == 3:
        # First along memory, so that a backend may do it where the gradient is made.
        grads.append(g.flatten(2).sum(2).sum(0) if ctx.needs[2] else None)
    return tuple(grads)


# The gradient of the input: convolve the output's gradient with the weight turned by 180 degrees
# and its channels exchanged. With a stride, pixels whose positions have the same remainder see the
# same taps, so that each remainder ("phase") is a convolution of its own with fewer taps.


def _infer_input_grad(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    g, weight = specs
    sizes, *settings = attrs
    groups = settings[-1]
    x = Spec((g.shape[0], weight.shape[1] * groups, *sizes), g.dtype)
    if _infer((x, weight), tuple(settings)) != g:
        raise RuntimeError(f"convolution_input_grad: {g} is not the result of {x} and {weight}")
    return x


def _decompose_input_grad(
    g: Any, weight: Any, sizes: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    if any(s > 1 for s in stride) and all(d == 1 for d in dilation):
        return _by_phases(g, weight, sizes, stride, padding, groups)
    taps = tuple(weight.shape[2:])
    rank = len(taps)
    low, high = [], []
    for n, k, o, s, p, d in zip(sizes, taps, g.shape[2:], stride, padding, dilation, strict=True):
        low.append(d * (k - 1) - p)
        high.append(n + p - (o - 1) * s - 1)
    filters, channels = weight.shape[0] // groups, weight.shape[1]
    turned = apply(_FLIP, (weight,), (tuple(range(2, 2 + rank)),))
    turned = turned.reshape(groups, filters, channels, *taps)
    turned = turned.permute(0, 2, 1, *range(3, 3 + rank))
    turned = turned.reshape(groups * channels, filters, *taps)
    return _correlate(
        _padded(g, tuple(low), tuple(high), stride), turned, (1,) * rank, dilation, groups
    )


def _by_phases(
    g: Any, weight: Any, sizes: Sizes, stride: Sizes, padding: Sizes, groups: int
) -> Any:
    """The gradient of the input, all phases as channels of one convolution, then interleaved."""
    taps = tuple(weight.shape[2:])
    rank, images, channels = len(taps), g.shape[0], weight.shape[1]
    phases = [min(k, s) for k, s in zip(taps, stride, strict=True)]
    depths = [-(-k // s) for k, s in zip(taps, stride, strict=True)]
    first = [p // s for p, s in zip(padding, stride, strict=True)]
    last = [(n - 1 + p) // s for n, p, s in zip(sizes, padding, stride, strict=True)]
    low = tuple(u - 1 - m for u, m in zip(depths, first, strict=True))
    high = tuple(m - o + 1 for m, o in zip(last, g.shape[2:], strict=True))
    turned = _phase_filters(weight, phases, depths, stride, groups)
    product = _correlate(_padded(g, low, high), turned, (1,) * rank, (1,) * rank, groups)
    counts = tuple(product.shape[2:])
    # (N, C, phases, positions) -> (N, C, position, phase, position, phase, ...)
    split = product.reshape(images, groups * channels, *phases, *counts)
    order = [axis for i in range(rank) for axis in (2 + rank + i, 2 + i)]
    split = split.permute(0, 1, *order)
    missing = [s - q for q, s in zip(phases, stride, strict=True)]
    if any(missing):
        grow = [n for amount in missing for n in (0, amount)]
        split = apply(
            _PAD, (split,), ((0,) * (2 + 2 * rank), (0, 0, *grow), (1,) * len(split.shape))
        )
    spread = [m * s for m, s in zip(counts, stride, strict=True)]
    image = split.reshape(images, groups * channels, *spread)
    start = tuple(p % s for p, s in zip(padding, stride, strict=True))
    if tuple(spread) == tuple(sizes):
        return image
    return apply(_SLICE, (image,), ((0, 0, *start), (*image.shape[:2], *sizes), (1,) * (2 + rank)))


def _phase_filters(
    weight: Any, phases: list[int], depths: list[int], stride: Sizes, groups: int
) -> Any:
    """The filters (groups channels phases, filters, taps of a phase), turned by 180 degrees."""
    taps = tuple(weight.shape[2:])
    rank = len(taps)
    filters, channels = weight.shape[0] // groups, weight.shape[1]
    # A filter with fewer taps than the stride has one tap in each of its phases.
    steps = [s if u > 1 else q for s, u, q in zip(stride, depths, phases, strict=True)]
    high = [u * s - k for u, s, k in zip(depths, steps, taps, strict=True)]
    if any(high):
        weight = apply(_PAD, (weight,), ((0,) * (2 + rank), (0, 0, *high), (1,) * (2 + rank)))
    split = [n for pair in zip(depths, steps, strict=True) for n in pair]
    weight = weight.reshape(groups, filters, channels, *split)
    weight = apply(_FLIP, (weight,), (tuple(3 + 2 * i for i in range(rank)),))
    places = [3 + 2 * i for i in range(rank)]
    weight = weight.permute(0, 2, *(axis + 1 for axis in places), 1, *places)
    return weight.reshape(groups * channels * math.prod(phases), filters, *depths)


def _gradient_input_grad(ctx: Any, v: Any) -> tuple[Any, ...]:
    g, weight = ctx.inputs
    _, *settings = ctx.attrs
    taps = ctx.shapes[1][2:]
    return (
        apply(CONVOLUTION, (v, weight), tuple(settings)) if ctx.needs[0] else None,
        apply(CONVOLUTION_WEIGHT_GRAD, (v, g), (taps, *settings)) if ctx.needs[1] else None,
    )


# The gradient of the weight: one product that sums over images and positions.


def _infer_weight_grad(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, g = specs
    taps, *settings = attrs
    groups = settings[-1]
    weight = Spec((g.shape[1], x.shape[1] // groups, *taps), x.dtype)
    if _infer((x, weight), tuple(settings)) != g:
        raise RuntimeError(f"convolution_weight_grad: {g} is not the result of {x} and {weight}")
    return weight


def _decompose_weight_grad(
    x: Any, g: Any, taps: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    windows = _windows(_padded(x, padding, padding), taps, stride, dilation)
    rank = len(taps)
    images, filters, *counts = g.shape
    channels = x.shape[1] // groups
    depth, positions = channels * math.prod(taps), images * math.prod(counts)
    places, offsets = range(2, 2 + rank), range(2 + rank, 2 + 2 * rank)
    if groups == 1:
        rows = g.permute(1, 0, *places).reshape(filters, positions)
        columns = windows.permute(0, *places, 1, *offsets).reshape(positions, depth)
    else:
        rows = g.reshape(images, groups, filters // groups, *counts)
        rows = rows.permute(1, 2, 0, *(axis + 1 for axis in places))
        rows = rows.reshape(groups, filters // groups, positions)
        columns = windows.reshape(images, groups, channels, *counts, *taps)
        columns = columns.permute(
            1, 0, *(axis + 1 for axis in places), 2, *(axis + 1 for axis in offsets)
        )
        columns = columns.reshape(groups, positions, depth)
    return apply(_DOT, (rows, columns)).reshape(filters, channels, *taps)


def _gradient_weight_grad(ctx: Any, v: Any) -> tuple[Any, ...]:
    x, g = ctx.inputs
    _, *settings = ctx.attrs
    sizes = ctx.shapes[0][2:]
    return (
        apply(CONVOLUTION_INPUT_GRAD, (g, v), (sizes, *settings)) if ctx.needs[0] else None,
        apply(CONVOLUTION, (x, v), tuple(settings)) if ctx.needs[1] else None,
    )


# References: loops over the taps, and no windows


def _taps(taps: Sizes, counts: tuple[int, ...], stride: Sizes, dilation: Sizes) -> Any:
    """Each tap, as an index, with that of all pixels of the padded image that it reads."""
    for tap in np.ndindex(*taps):
        pixels = tuple(
            slice(i * d, i * d + (n - 1) * s + 1, s)
            for i, n, s, d in zip(tap, counts, stride, dilation, strict=True)
        )
        yield (..., *tap), (..., *pixels)


def _split(array: Any, groups: int, axis: int) -> Any:
    shape = array.shape
    return array.reshape(*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])


def _np_pad(x: Any, padding: Sizes) -> Any:
    return np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))


def _reference(x: Any, weight: Any, *rest: Any) -> Any:
    *bias, stride, padding, dilation, groups = rest
    padded = _split(_np_pad(x, padding), groups, 1)
    filters = _split(weight, groups, 0)
    shape = _infer((Spec(x.shape, float32), Spec(weight.shape, float32)), tuple(rest[-4:])).shape
    out = np.zeros((x.shape[0], groups, weight.shape[0] // groups, *shape[2:]), x.dtype)
    for tap, seen in _taps(weight.shape[2:], shape[2:], stride, dilation):
        out += np.einsum("ngc...,gkc->ngk...", padded[seen], filters[tap])
    out = out.reshape(shape)
    for term in bias:
        out += term.reshape(1, -1, *(1,) * len(stride))
    return out


def _reference_input_grad(
    g: Any, weight: Any, sizes: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    grads, filters = _split(g, groups, 1), _split(weight, groups, 0)
    channels = weight.shape[1] * groups
    image = np.zeros((g.shape[0], channels, *sizes), g.dtype)
    padded = _split(_np_pad(image, padding), groups, 1)
    for tap, seen in _taps(weight.shape[2:], g.shape[2:], stride, dilation):
        padded[seen] += np.einsum("ngk...,gkc->ngc...", grads, filters[tap])
    inner = tuple(slice(p, p + n) for p, n in zip(padding, sizes, strict=True))
    return padded[(slice(None),) * 3 + inner].reshape(image.shape)


def _reference_weight_grad(
    x: Any, g: Any, taps: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    padded, grads = _split(_np_pad(x, padding), groups, 1), _split(g, groups, 1)
    grads = grads.reshape(*grads.shape[:3], -1)
    shape = (groups, g.shape[1] // groups, x.shape[1] // groups, *taps)
    out = np.zeros(shape, x.dtype)
    for tap, seen in _taps(taps, g.shape[2:], stride, dilation):
        pixels = padded[seen].reshape(*padded.shape[:3], -1)
        out[tap] = np.einsum("ngcp,ngkp->gkc", pixels, grads)
    return out.reshape(g.shape[1], shape[2], *taps)


CONVOLUTION = register(
    Operator(
        name="convolution",
        kind=Kind.COMPOSITE,
        autocast="lower",
        infer=_infer,
        reference=_reference,
        attrs=("stride", "padding", "dilation", "groups"),
        gradient=_gradient,
        saves=(0, 1),
        decompose=_decompose,
        label="ConvolutionBackward0",
        samples=(
            Sample(((2, 3, 6, 5), (4, 3, 3, 2)), ((1, 1), (0, 0), (1, 1), 1)),
            Sample(((2, 3, 6, 5), (4, 3, 3, 2), (4,)), ((2, 1), (1, 2), (1, 2), 1)),
            Sample(((2, 4, 5, 5), (6, 2, 3, 3), (6,)), ((1, 1), (1, 1), (1, 1), 2)),
            Sample(((1, 2, 4, 4), (3, 2, 1, 1)), ((1, 1), (1, 1), (1, 1), 1)),
            Sample(((0, 2, 4, 4), (3, 2, 3, 3)), ((1, 1), (0, 0), (1, 1), 1)),
            Sample(((2, 3, 9), (4, 3, 3), (4,)), ((2,), (1,), (1,), 1)),
            Sample(((2, 2, 4, 3, 5), (4, 1, 2, 2, 3)), ((1, 2, 1), (0, 1, 1), (1, 1, 2), 2)),
        ),
        errors=(
            WrongCall(
                (Spec((1, 3, 5, 5), float32), Spec((4, 2, 3, 3), float32)),
                ((1, 1), (0, 0), (1, 1), 1),
                RuntimeError,
                "to have 2 channels, but got 3 channels instead",
            ),
            WrongCall(
                (Spec((1, 2, 2, 5), float32), Spec((4, 2, 3, 3), float32)),
                ((1, 1), (0, 0), (1, 1), 1),
                RuntimeError,
                "Kernel size can't be greater than actual input size",
            ),
        ),
        doc="Cross-correlation of images with filters, plus a bias per filter.",
    )
)

CONVOLUTION_INPUT_GRAD = register(
    Operator(
        name="convolution_input_grad",
        kind=Kind.COMPOSITE,
        autocast="lower",
        infer=_infer_input_grad,
        reference=_reference_input_grad,
        attrs=("sizes", "stride", "padding", "dilation", "groups"),
        gradient=_gradient_input_grad,
        saves=(0, 1),
        decompose=_decompose_input_grad,
        label="ConvolutionBackwardBackward0",
        samples=(
            Sample(((2, 4, 4, 4), (4, 3, 3, 2)), ((6, 5), (1, 1), (0, 0), (1, 1), 1)),
            Sample(((2, 4, 3, 7), (4, 3, 3, 2)), ((6, 5), (2, 1), (1, 2), (1, 2), 1)),
            Sample(((2, 6, 5, 5), (6, 2, 3, 3)), ((5, 5), (1, 1), (1, 1), (1, 1), 2)),
            Sample(((1, 3, 6, 6), (3, 2, 1, 1)), ((4, 4), (1, 1), (1, 1), (1, 1), 1)),
            Sample(((1, 3, 2, 2), (3, 2, 2, 2)), ((6, 6), (3, 3), (0, 0), (1, 1), 1)),
            Sample(((2, 4, 3, 4), (4, 3, 3, 2)), ((6, 5), (2, 1), (1, 0), (1, 1), 1)),
            Sample(((1, 4, 3, 2), (4, 1, 5, 1)), ((7, 5), (3, 3), (2, 0), (1, 1), 2)),
            Sample(((2, 4, 5), (4, 3, 3)), ((9,), (2,), (1,), (1,), 1)),
            Sample(
                ((1, 4, 2, 2, 3), (4, 1, 2, 2, 3)), ((3, 3, 5), (1, 2, 2), (0, 1, 1), (1, 1, 1), 2)
            ),
        ),
        errors=(
            WrongCall(
                (Spec((1, 4, 5, 5), float32), Spec((4, 2, 3, 3), float32)),
                ((9, 9), (1, 1), (0, 0), (1, 1), 1),
                RuntimeError,
                "is not the result of",
            ),
        ),
        doc="The gradient of convolution with respect to its input.",
    )
)

CONVOLUTION_WEIGHT_GRAD = register(
    Operator(
        name="convolution_weight_grad",
        kind=Kind.COMPOSITE,
        infer=_infer_weight_grad,
        reference=_reference_weight_grad,
        attrs=("taps", "stride", "padding", "dilation", "groups"),
        gradient=_gradient_weight_grad,
        saves=(0, 1),
        decompose=_decompose_weight_grad,
        label="ConvolutionBackwardBackward0",
        samples=(
            Sample(((2, 3, 6, 5), (2, 4, 4, 4)), ((3, 2), (1, 1), (0, 0), (1, 1), 1)),
            Sample(((2, 3, 6, 5), (2, 4, 3, 7)), ((3, 2), (2, 1), (1, 2), (1, 2), 1)),
            Sample(((2, 4, 5, 5), (2, 6, 5, 5)), ((3, 3), (1, 1), (1, 1), (1, 1), 2)),
            Sample(((2, 3, 9), (2, 4, 5)), ((3,), (2,), (1,), (1,), 1)),
            Sample(
                ((1, 2, 3, 3, 3), (1, 4, 2, 2, 3)), ((2, 2, 3), (1, 1, 1), (0, 0, 1), (1, 1, 1), 2)
            ),
        ),
        errors=(
            WrongCall(
                (Spec((1, 2, 9, 9), float32), Spec((1, 4, 5, 5), float32)),
                ((3, 3), (1, 1), (0, 0), (1, 1), 1),
                RuntimeError,
                "is not the result of",
            ),
        ),
        doc="The gradient of convolution with respect to its weight.",
    )
)
