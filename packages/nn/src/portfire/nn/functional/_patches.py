"""Images cut into patches and put together again; pixels exchanged with channels."""

from __future__ import annotations

import math
from collections.abc import Iterable

from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._windows import window_count
from portfire.ops import lookup

__all__ = ["fold", "pixel_shuffle", "pixel_unshuffle", "unfold"]

Size = int | Iterable[int]
Pair = tuple[int, int]

_PAD, _SLICE, _WINDOWS = lookup("pad"), lookup("slice"), lookup("windows")


def unfold(
    input: Tensor, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
) -> Tensor:
    """Return the windows of images as columns.

    Args:
        input: the images.
        kernel_size: height and width of the window; one number means a square.
        dilation: distance between neighboring elements of a window.
        padding: zeros at each side.
        stride: distance between neighboring windows.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C * kH * kW, L)`` or ``(C * kH * kW, L)`` with ``L`` windows.

    Returns:
        The columns.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.unfold(portfire.arange(9.0).reshape(1, 3, 3), 2)
        tensor([[0., 1., 3., 4.],
                [1., 2., 4., 5.],
                [3., 4., 6., 7.],
                [4., 5., 7., 8.]])
    """
    if input.ndim not in (3, 4):
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(input.shape)}"
        )
    kernel, dilations, paddings, strides = _settings(kernel_size, dilation, padding, stride)
    images = input if input.ndim == 4 else input.unsqueeze(0)
    sizes = (images.shape[2], images.shape[3])
    counts = _counts(sizes, kernel, dilations, paddings, strides)
    if min(counts) < 1:
        raise RuntimeError(
            f"Given input with spatial size {sizes}, kernel_size={kernel}, dilation={dilations}, "
            f"padding={paddings}, calculated shape of the array of sliding blocks as {counts}, but "
            "its components must be at least one."
        )
    if any(paddings):
        images = apply(_PAD, (images,), ((0, 0, *paddings), (0, 0, *paddings), (1,) * 4))
    windows = apply(_WINDOWS, (images,), ((2, 3), kernel, strides, dilations))
    columns = windows.permute(0, 1, 4, 5, 2, 3)
    rows = images.shape[1] * math.prod(kernel)
    columns = columns.reshape(images.shape[0], rows, math.prod(counts))
    return columns if input.ndim == 4 else columns.squeeze(0)


def fold(
    input: Tensor,
    output_size: Size,
    kernel_size: Size,
    dilation: Size = 1,
    padding: Size = 0,
    stride: Size = 1,
) -> Tensor:
    """Add up columns of windows to images, the way back of `unfold`.

    Args:
        input: the columns.
        output_size: height and width of the images.
        kernel_size: height and width of the window; one number means a square.
        dilation: distance between neighboring elements of a window.
        padding: zeros at each side, which are cut off.
        stride: distance between neighboring windows.

    Shape:
        - input: ``(N, C * kH * kW, L)`` or ``(C * kH * kW, L)``.
        - output: ``(N, C, H, W)`` or ``(C, H, W)``.

    Returns:
        The images.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.fold(portfire.ones(4, 4), (3, 3), 2)
        tensor([[[1., 2., 1.],
                 [2., 4., 2.],
                 [1., 2., 1.]]])
    """
    if input.ndim not in (2, 3):
        raise RuntimeError(
            "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and "
            f"non-zero dimensions for input, but got: {list(input.shape)}"
        )
    kernel, dilations, paddings, strides = _settings(kernel_size, dilation, padding, stride)
    sizes = _pair(output_size, "output_size")
    columns = input if input.ndim == 3 else input.unsqueeze(0)
    taps = math.prod(kernel)
    if columns.shape[1] % taps:
        raise RuntimeError(
            "Expected size of input's dimension 1 to be divisible by the product of kernel_size, "
            f"but got input.size(1)={columns.shape[1]} and kernel_size={kernel}."
        )
    counts = _counts(sizes, kernel, dilations, paddings, strides)
    if min(counts) < 1 or math.prod(counts) != columns.shape[2]:
        raise RuntimeError(
            f"Given output_size={sizes}, kernel_size={kernel}, dilation={dilations}, "
            f"padding={paddings}, stride={strides}, expected size of input's dimension 2 to match "
            f"the calculated number of sliding blocks {counts[0]} * {counts[1]} = "
            f"{math.prod(counts)}, but got input.size(2)={columns.shape[2]}."
        )
    batch, channels = columns.shape[0], columns.shape[1] // taps
    windows = columns.reshape(batch, channels, *kernel, *counts)
    canvas = [n + 2 * p for n, p in zip(sizes, paddings, strict=True)]
    total = None
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            low = (i * dilations[0], j * dilations[1])
            high = tuple(
                n - a - (c - 1) * s - 1
                for n, a, c, s in zip(canvas, low, counts, strides, strict=True)
            )
            settings = ((0, 0, *low), (0, 0, *high), (1, 1, *strides))
            part = apply(_PAD, (windows[:, :, i, j],), settings)
            total = part if total is None else total + part
    image: Tensor = total  # type: ignore[assignment]  # a window has elements
    if any(paddings):
        start, size = (0, 0, *paddings), (batch, channels, *sizes)
        image = apply(_SLICE, (image,), (start, size, (1,) * 4))
    return image if input.ndim == 3 else image.squeeze(0)


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Make larger images of several channels each: channels become pixels.

    Args:
        input: the images.
        upscale_factor: how much larger.

    Shape:
        - input: ``(*, C * r * r, H, W)``.
        - output: ``(*, C, H * r, W * r)``.

    Returns:
        The images.

    Raises:
        RuntimeError: for sizes that do not fit.

    Note:
        Shi and others, Real-Time Single Image and Video Super-Resolution, 2016.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.pixel_shuffle(portfire.arange(4).reshape(4, 1, 1), 2)
        tensor([[[0, 1],
                 [2, 3]]])
    """
    r = upscale_factor
    if input.ndim < 3:
        raise RuntimeError(
            "pixel_shuffle expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_shuffle expects a positive upscale_factor, but got {r}")
    *outer, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    k = len(outer)
    parted = input.reshape(*outer, channels // (r * r), r, r, height, width)
    order = (*range(k + 1), k + 3, k + 1, k + 4, k + 2)
    return parted.permute(order).reshape(*outer, channels // (r * r), height * r, width * r)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Make smaller images with more channels: the way back of `pixel_shuffle`.

    Args:
        input: the images.
        downscale_factor: how much smaller.

    Shape:
        - input: ``(*, C, H * r, W * r)``.
        - output: ``(*, C * r * r, H, W)``.

    Returns:
        The images.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(4).reshape(1, 2, 2)
        >>> portfire.nn.functional.pixel_unshuffle(x, 2).flatten()
        tensor([0, 1, 2, 3])
    """
    r = downscale_factor
    if input.ndim < 3:
        raise RuntimeError(
            "pixel_unshuffle expects input to have at least 3 dimensions, but got input with "
            f"{input.ndim} dimension(s)"
        )
    if r <= 0:
        raise RuntimeError(f"pixel_unshuffle expects a positive downscale_factor, but got {r}")
    *outer, channels, height, width = input.shape
    for name, axis, size in (("height", -2, height), ("width", -1, width)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                f"input.size({axis})={size} is not divisible by {r}"
            )
    k = len(outer)
    parted = input.reshape(*outer, channels, height // r, r, width // r, r)
    order = (*range(k + 1), k + 2, k + 4, k + 1, k + 3)
    return parted.permute(order).reshape(*outer, channels * r * r, height // r, width // r)


def _pair(value: Size, name: str) -> Pair:
    values = (value, value) if isinstance(value, int) else tuple(value)
    if len(values) == 1:
        values = values * 2
    if len(values) != 2:
        raise RuntimeError(f"It is expected {name} equals to 2, but got size {len(values)}")
    return values[0], values[1]


def _settings(
    kernel_size: Size, dilation: Size, padding: Size, stride: Size
) -> tuple[Pair, Pair, Pair, Pair]:
    named = {
        "kernel_size": kernel_size,
        "dilation": dilation,
        "padding": padding,
        "stride": stride,
    }
    pairs = {name: _pair(value, name) for name, value in named.items()}
    for name, pair in pairs.items():
        if min(pair) < (0 if name == "padding" else 1):
            rule = "non-negative" if name == "padding" else "greater than zero"
            raise RuntimeError(f"{name} should be {rule}, but got {pair}")
    return pairs["kernel_size"], pairs["dilation"], pairs["padding"], pairs["stride"]


def _counts(sizes: Pair, kernel: Pair, dilation: Pair, padding: Pair, stride: Pair) -> Pair:
    rows, columns = (
        window_count(n + 2 * p, k, s, d)
        for n, k, d, p, s in zip(sizes, kernel, dilation, padding, stride, strict=True)
    )
    return rows, columns
