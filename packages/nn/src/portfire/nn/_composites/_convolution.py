"""Two-dimensional convolution and its two gradients.

All three are one batched matrix product over sliding windows (written as index movements, so that a
backend may melt them into the packing of the product). They are bilinear, and each one's gradients
are the other two:

    y = conv2d(x, w)    x' = conv2d_input_grad(y', w)    w' = conv2d_weight_grad(x, y')

Dimensions: N images, g groups, C input and K output channels per group, windows of kh x kw taps at
OH x OW positions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import float32
from portfire._dispatch import apply
from portfire.nn._composites._windows import Pair, window_count
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, lookup, register

__all__ = ["CONV2D", "CONV2D_INPUT_GRAD", "CONV2D_WEIGHT_GRAD"]

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
            f"Calculated padded input size per channel: ({padded[0]} x {padded[1]}). Kernel size: "
            f"({reach[0]} x {reach[1]}). Kernel size can't be greater than actual input size"
        )
    return Spec((x.shape[0], weight.shape[0], *counts), x.dtype)


def _padded(x: Any, low: Pair, high: Pair, step: Pair = (1, 1)) -> Any:
    """Pad height and width by zeros, and between elements; negative sizes cut off."""
    cut_low = tuple(max(-n, 0) for n in low)
    cut_high = tuple(max(-n, 0) for n in high)
    grow_low = (0, 0, *(max(n, 0) for n in low))
    grow_high = (0, 0, *(max(n, 0) for n in high))
    if any(grow_low) or any(grow_high) or step != (1, 1):
        x = apply(_PAD, (x,), (grow_low, grow_high, (1, 1, *step)))
    if any(cut_low) or any(cut_high):
        sizes = [n - a - b for n, a, b in zip(x.shape[2:], cut_low, cut_high, strict=True)]
        x = apply(_SLICE, (x,), ((0, 0, *cut_low), (*x.shape[:2], *sizes), (1, 1, 1, 1)))
    return x


def _correlate(x: Any, weight: Any, stride: Pair, dilation: Pair, groups: int) -> Any:
    """Convolve without padding: the weight (K, C kh kw) times the columns (C kh kw, OH OW)."""
    taps = tuple(weight.shape[2:])
    windows = apply(_WINDOWS, (x,), ((2, 3), taps, stride, dilation))
    images, height, width = windows.shape[0], windows.shape[2], windows.shape[3]
    filters = weight.shape[0] // groups
    depth = weight.shape[1] * taps[0] * taps[1]
    columns = windows.permute(0, 1, 4, 5, 2, 3)
    if groups == 1:
        columns = columns.reshape(images, depth, height * width)
        rows = weight.reshape(filters, depth).expand(images, filters, depth)
    else:
        columns = columns.reshape(images, groups, depth, height * width)
        rows = weight.reshape(groups, filters, depth).expand(images, groups, filters, depth)
    product = apply(_DOT, (rows, columns))
    return product.reshape(images, weight.shape[0], height, width)


def _decompose(x: Any, weight: Any, *rest: Any) -> Any:
    *bias, stride, padding, dilation, groups = rest
    product = _correlate(_padded(x, padding, padding), weight, stride, dilation, groups)
    for term in bias:
        product = product + term.reshape(1, -1, 1, 1)
    return product


def _gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, weight = ctx.inputs[:2]
    sizes, taps = ctx.shapes[0][2:], ctx.shapes[1][2:]
    grads: list[Any] = [
        apply(CONV2D_INPUT_GRAD, (g, weight), (sizes, *ctx.attrs)) if ctx.needs[0] else None,
        apply(CONV2D_WEIGHT_GRAD, (x, g), (taps, *ctx.attrs)) if ctx.needs[1] else None,
    ]
    if len(ctx.shapes) == 3:
        grads.append(g.sum((0, 2, 3)) if ctx.needs[2] else None)
    return tuple(grads)


# The gradient of the input: spread the output's gradient by the stride, and convolve it with the
# weight turned by 180 degrees and its channels exchanged.


def _infer_input_grad(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    g, weight = specs
    sizes, *settings = attrs
    groups = settings[-1]
    x = Spec((g.shape[0], weight.shape[1] * groups, *sizes), g.dtype)
    if _infer((x, weight), tuple(settings)) != g:
        raise RuntimeError(f"conv2d_input_grad: {g} is not the result of {x} and {weight}")
    return x


def _decompose_input_grad(
    g: Any, weight: Any, sizes: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Any:
    taps = weight.shape[2:]
    reach = [d * (k - 1) for k, d in zip(taps, dilation, strict=True)]
    low = (reach[0] - padding[0], reach[1] - padding[1])
    spread = [(n - 1) * s + 1 for n, s in zip(g.shape[2:], stride, strict=True)]
    high = (
        sizes[0] + padding[0] - spread[0],
        sizes[1] + padding[1] - spread[1],
    )
    filters, channels = weight.shape[0] // groups, weight.shape[1]
    turned = apply(_FLIP, (weight,), ((2, 3),))
    turned = turned.reshape(groups, filters, channels, *taps).permute(0, 2, 1, 3, 4)
    turned = turned.reshape(groups * channels, filters, *taps)
    return _correlate(_padded(g, low, high, stride), turned, (1, 1), dilation, groups)


def _gradient_input_grad(ctx: Any, v: Any) -> tuple[Any, ...]:
    g, weight = ctx.inputs
    _, *settings = ctx.attrs
    taps = ctx.shapes[1][2:]
    return (
        apply(CONV2D, (v, weight), tuple(settings)) if ctx.needs[0] else None,
        apply(CONV2D_WEIGHT_GRAD, (v, g), (taps, *settings)) if ctx.needs[1] else None,
    )


# The gradient of the weight: one product that sums over images and positions.


def _infer_weight_grad(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, g = specs
    taps, *settings = attrs
    groups = settings[-1]
    weight = Spec((g.shape[1], x.shape[1] // groups, *taps), x.dtype)
    if _infer((x, weight), tuple(settings)) != g:
        raise RuntimeError(f"conv2d_weight_grad: {g} is not the result of {x} and {weight}")
    return weight


def _decompose_weight_grad(
    x: Any, g: Any, taps: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Any:
    windows = apply(_WINDOWS, (_padded(x, padding, padding),), ((2, 3), taps, stride, dilation))
    images, filters, height, width = g.shape
    channels = x.shape[1] // groups
    depth, positions = channels * taps[0] * taps[1], images * height * width
    if groups == 1:
        rows = g.permute(1, 0, 2, 3).reshape(filters, positions)
        columns = windows.permute(0, 2, 3, 1, 4, 5).reshape(positions, depth)
    else:
        rows = g.reshape(images, groups, filters // groups, height, width)
        rows = rows.permute(1, 2, 0, 3, 4).reshape(groups, filters // groups, positions)
        columns = windows.reshape(images, groups, channels, height, width, *taps)
        columns = columns.permute(1, 0, 3, 4, 2, 5, 6).reshape(groups, positions, depth)
    return apply(_DOT, (rows, columns)).reshape(filters, channels, *taps)


def _gradient_weight_grad(ctx: Any, v: Any) -> tuple[Any, ...]:
    x, g = ctx.inputs
    _, *settings = ctx.attrs
    sizes = ctx.shapes[0][2:]
    return (
        apply(CONV2D_INPUT_GRAD, (g, v), (sizes, *settings)) if ctx.needs[0] else None,
        apply(CONV2D, (x, v), tuple(settings)) if ctx.needs[1] else None,
    )


# References: loops over the taps, and no windows


def _taps(taps: Pair, counts: tuple[int, ...], stride: Pair, dilation: Pair) -> Any:
    """Each tap with the slices of the padded image that it reads over all positions."""
    for tap in np.ndindex(*taps):
        yield (
            tap,
            tuple(
                slice(i * d, i * d + (n - 1) * s + 1, s)
                for i, n, s, d in zip(tap, counts, stride, dilation, strict=True)
            ),
        )


def _split(array: Any, groups: int, axis: int) -> Any:
    shape = array.shape
    return array.reshape(*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])


def _np_pad(x: Any, padding: Pair) -> Any:
    return np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))


def _reference(x: Any, weight: Any, *rest: Any) -> Any:
    *bias, stride, padding, dilation, groups = rest
    padded = _split(_np_pad(x, padding), groups, 1)
    filters = _split(weight, groups, 0)
    shape = _infer((Spec(x.shape, float32), Spec(weight.shape, float32)), tuple(rest[-4:])).shape
    out = np.zeros((x.shape[0], groups, weight.shape[0] // groups, *shape[2:]), x.dtype)
    for tap, (rows, columns) in _taps(weight.shape[2:], shape[2:], stride, dilation):
        seen = padded[..., rows, columns]
        out += np.einsum("ngchw,gkc->ngkhw", seen, filters[..., tap[0], tap[1]])
    out = out.reshape(shape)
    for term in bias:
        out += term.reshape(1, -1, 1, 1)
    return out


def _reference_input_grad(
    g: Any, weight: Any, sizes: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Any:
    grads, filters = _split(g, groups, 1), _split(weight, groups, 0)
    channels = weight.shape[1] * groups
    image = np.zeros((g.shape[0], channels, *sizes), g.dtype)
    padded = _split(_np_pad(image, padding), groups, 1)
    for tap, (rows, columns) in _taps(weight.shape[2:], g.shape[2:], stride, dilation):
        padded[..., rows, columns] += np.einsum(
            "ngkhw,gkc->ngchw", grads, filters[..., tap[0], tap[1]]
        )
    top, left = padding
    inner = padded[..., top : top + sizes[0], left : left + sizes[1]]
    return inner.reshape(image.shape)


def _reference_weight_grad(
    x: Any, g: Any, taps: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Any:
    padded, grads = _split(_np_pad(x, padding), groups, 1), _split(g, groups, 1)
    shape = (groups, g.shape[1] // groups, x.shape[1] // groups, *taps)
    out = np.zeros(shape, x.dtype)
    for tap, (rows, columns) in _taps(taps, g.shape[2:], stride, dilation):
        seen = padded[..., rows, columns]
        out[..., tap[0], tap[1]] = np.einsum("ngchw,ngkhw->gkc", seen, grads)
    return out.reshape(g.shape[1], shape[2], *taps)


CONV2D = register(
    Operator(
        name="conv2d",
        kind=Kind.COMPOSITE,
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

CONV2D_INPUT_GRAD = register(
    Operator(
        name="conv2d_input_grad",
        kind=Kind.COMPOSITE,
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
        ),
        errors=(
            WrongCall(
                (Spec((1, 4, 5, 5), float32), Spec((4, 2, 3, 3), float32)),
                ((9, 9), (1, 1), (0, 0), (1, 1), 1),
                RuntimeError,
                "is not the result of",
            ),
        ),
        doc="The gradient of conv2d with respect to its input.",
    )
)

CONV2D_WEIGHT_GRAD = register(
    Operator(
        name="conv2d_weight_grad",
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
        ),
        errors=(
            WrongCall(
                (Spec((1, 2, 9, 9), float32), Spec((1, 4, 5, 5), float32)),
                ((3, 3), (1, 1), (0, 0), (1, 1), 1),
                RuntimeError,
                "is not the result of",
            ),
        ),
        doc="The gradient of conv2d with respect to its weight.",
    )
)
