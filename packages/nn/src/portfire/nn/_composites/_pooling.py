"""Two-dimensional maximum pooling, the position of each maximum, and what moves along it.

`max_pool2d_index` finds the tap (row-major number inside the window) of the first maximum, as
torch's loop does. `max_pool2d_grad` sends values of windows to those taps, `max_pool2d_pick` reads
the values at those taps; they are linear, and each is the gradient of the other.

A small window is a chain of elementwise operations over one strided slice per tap, which fuses; a
large one is a reduction over sliding windows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import DType, float32, int32
from portfire import bool as bool_
from portfire._dispatch import apply, full, iota, where, zeros
from portfire.nn._composites._windows import Pair, window_count
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, lookup, register

__all__ = ["MAX_POOL2D", "MAX_POOL2D_GRAD", "MAX_POOL2D_INDEX", "MAX_POOL2D_PICK", "pool_counts"]

_MAX, _ARGMAX, _WINDOWS = lookup("max"), lookup("argmax"), lookup("windows")
_PAD, _SLICE, _SLICE_UPDATE = lookup("pad"), lookup("slice"), lookup("slice_update")

_CHAIN = 16  # taps up to which a window is unrolled


def pool_counts(
    sizes: tuple[int, ...],
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    ceil: bool,
) -> Pair:
    """The number of windows along height and width."""
    counts = []
    for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True):
        count = window_count(n + 2 * p, k, s, d, ceil)
        # No window may begin behind the image and its low padding.
        counts.append(count - 1 if ceil and (count - 1) * s >= n + p else count)
    return counts[0], counts[1]


def _infer(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    (x,) = specs
    counts = pool_counts(x.shape[2:], *attrs)
    if min(counts) < 1:
        channels, height, width = x.shape[1:]
        raise RuntimeError(
            f"Given input size: ({channels}x{height}x{width}). Calculated output size: "
            f"({channels}x{max(counts[0], 0)}x{max(counts[1], 0)}). Output size is too small"
        )
    return Spec((*x.shape[:2], *counts), x.dtype)


def _lowest(dtype: DType) -> Any:
    return -np.inf if dtype.is_floating_point else int(np.iinfo(dtype.numpy).min)


def _high_padding(sizes: Pair, counts: Pair, attrs: tuple[Any, ...]) -> Pair:
    """How far the last windows reach behind the image."""
    kernel, stride, padding, dilation, _ = attrs
    reach = [
        (c - 1) * s + d * (k - 1) + 1 - p - n
        for n, c, k, s, p, d in zip(sizes, counts, kernel, stride, padding, dilation, strict=True)
    ]
    return max(reach[0], 0), max(reach[1], 0)


def _surrounded(x: Any, counts: Pair, attrs: tuple[Any, ...], blank: Any) -> Any:
    """Put the image on a canvas of a number, as far as the windows reach."""
    low, high = attrs[2], _high_padding(x.shape[2:], counts, attrs)
    if low == high == (0, 0):
        return x
    sizes = [n + a + b for n, a, b in zip(x.shape[2:], low, high, strict=True)]
    canvas = full((*x.shape[:2], *sizes), blank, x)
    return apply(_SLICE_UPDATE, (canvas, x), ((0, 0, *low), tuple(x.shape), (1, 1, 1, 1)))


def _taps(x: Any, counts: Pair, attrs: tuple[Any, ...]) -> Any:
    """For each tap of the window, what all windows have there."""
    kernel, stride, _, dilation, _ = attrs
    for i, j in np.ndindex(*kernel):
        yield apply(
            _SLICE,
            (x,),
            (
                (0, 0, i * dilation[0], j * dilation[1]),
                (*x.shape[:2], *counts),
                (1, 1, *stride),
            ),
        )


def _windows(x: Any, counts: Pair, attrs: tuple[Any, ...]) -> Any:
    kernel, stride, _, dilation, _ = attrs
    windows = apply(_WINDOWS, (x,), ((2, 3), kernel, stride, dilation))
    if tuple(windows.shape[2:4]) != counts:
        # The low padding of a window that begins behind the image leaves room for one more.
        sizes = (*x.shape[:2], *counts, *kernel)
        windows = apply(_SLICE, (windows,), ((0,) * 6, sizes, (1,) * 6))
    return windows


def _decompose(x: Any, *attrs: Any) -> Any:
    counts = pool_counts(x.shape[2:], *attrs)
    x = _surrounded(x, counts, attrs, _lowest(x.dtype))
    kernel = attrs[0]
    if kernel[0] * kernel[1] > _CHAIN:
        return apply(_MAX, (_windows(x, counts, attrs),), ((4, 5),))
    best = None
    for tap in _taps(x, counts, attrs):
        best = tap if best is None else best.maximum(tap)
    return best


def _gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    index = apply(MAX_POOL2D_INDEX, (ctx.inputs[0],), ctx.attrs)
    return (apply(MAX_POOL2D_GRAD, (g, index), (ctx.shapes[0][2:], *ctx.attrs)),)


def _infer_index(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    return Spec(_infer(specs, attrs).shape, int32)


def _decompose_index(x: Any, *attrs: Any) -> Any:
    counts = pool_counts(x.shape[2:], *attrs)
    kernel = attrs[0]
    image, inside = _surrounded(x, counts, attrs, _lowest(x.dtype)), None
    if image is not x:
        # What surrounds the image never wins, not even where all pixels are as low as that.
        inside = _surrounded(full(tuple(x.shape), True, x, bool_), counts, attrs, False)
    if kernel[0] * kernel[1] <= _CHAIN:
        return _chained_index(image, inside, counts, attrs)
    windows = _windows(image, counts, attrs)
    top = apply(_MAX, (windows,), ((4, 5),)).reshape((*windows.shape[:4], 1, 1))
    hit = (windows == top) | (windows != windows)
    if inside is not None:
        hit = hit & _windows(inside, counts, attrs)
    rows = hit.to(int32).reshape((*windows.shape[:4], kernel[0] * kernel[1]))
    return apply(_ARGMAX, (rows,), (4,)).to(int32)


def _chained_index(image: Any, inside: Any, counts: Pair, attrs: tuple[Any, ...]) -> Any:
    """Go through the taps of a window in order and keep the best one so far."""
    known = None if inside is None else list(_taps(inside, counts, attrs))
    best: Any = None
    index: Any = None
    seen: Any = None
    for number, tap in enumerate(_taps(image, counts, attrs)):
        here = full(tuple(tap.shape), number, image, int32)
        if best is None:
            best, index = tap, here
            seen = None if known is None else known[0]
            continue
        better = (tap > best) | (tap != tap)
        if known is not None:
            better = (better | ~seen) & known[number]
            seen = seen | known[number]
        best, index = where(better, tap, best), where(better, here, index)
    return index


def _infer_grad(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    g, index = specs
    sizes, *settings = attrs
    x = Spec((*g.shape[:2], *sizes), g.dtype)
    if index != Spec(g.shape, int32) or _infer((x,), tuple(settings)) != g:
        raise RuntimeError(f"max_pool2d_grad: {g} and {index} are not of windows of {x}")
    return x


def _decompose_grad(g: Any, index: Any, sizes: Pair, *attrs: Any) -> Any:
    kernel, stride, padding, dilation, _ = attrs
    if stride == kernel and padding == (0, 0) and dilation == (1, 1):
        return _spread_tiles(g, index, sizes, kernel)
    counts = tuple(g.shape[2:])
    ends = _high_padding(sizes, counts, attrs)
    canvas = [n + p + e for n, p, e in zip(sizes, padding, ends, strict=True)]
    total = None
    for number, (i, j) in enumerate(np.ndindex(*kernel)):
        part = where(index == number, g, zeros((), g))
        low = (i * dilation[0], j * dilation[1])
        high = tuple(
            n - start - (c - 1) * s - 1
            for n, start, c, s in zip(canvas, low, counts, stride, strict=True)
        )
        part = apply(_PAD, (part,), ((0, 0, *low), (0, 0, *high), (1, 1, *stride)))
        total = part if total is None else total + part
    return _crop(total, padding, sizes)


def _spread_tiles(g: Any, index: Any, sizes: Pair, kernel: Pair) -> Any:
    """Windows that tile the image: each pixel asks the one window that it is in."""
    images, channels, rows, columns = g.shape
    split = (images, channels, rows, 1, columns, 1)
    tiles = (images, channels, rows, kernel[0], columns, kernel[1])
    down = iota((kernel[0],), 0, index).reshape(1, 1, 1, kernel[0], 1, 1)
    across = iota((kernel[1],), 0, index).reshape(1, 1, 1, 1, 1, kernel[1])
    number = (down * kernel[1] + across).expand(tiles)
    chosen = index.reshape(split).expand(tiles) == number
    image = where(chosen, g.reshape(split).expand(tiles), zeros((), g))
    image = image.reshape(images, channels, rows * kernel[0], columns * kernel[1])
    missing = [max(n - have, 0) for n, have in zip(sizes, image.shape[2:], strict=True)]
    if any(missing):
        image = apply(_PAD, (image,), ((0,) * 4, (0, 0, *missing), (1,) * 4))
    return _crop(image, (0, 0), sizes)


def _crop(image: Any, start: Pair, sizes: Pair) -> Any:
    if tuple(image.shape[2:]) == tuple(sizes):
        return image
    return apply(_SLICE, (image,), ((0, 0, *start), (*image.shape[:2], *sizes), (1,) * 4))


def _gradient_grad(ctx: Any, v: Any) -> tuple[Any, ...]:
    _, *settings = ctx.attrs
    return apply(MAX_POOL2D_PICK, (v, ctx.inputs[1]), tuple(settings)), None


def _infer_pick(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, index = specs
    result = _infer((x,), attrs)
    if index != Spec(result.shape, int32):
        raise RuntimeError(f"max_pool2d_pick: {index} is not of the windows of {x}")
    return result


def _decompose_pick(x: Any, index: Any, *attrs: Any) -> Any:
    counts = tuple(index.shape[2:])
    x = _surrounded(x, counts, attrs, 0)
    picked = zeros(tuple(index.shape), x)
    for number, tap in enumerate(_taps(x, counts, attrs)):
        picked = where(index == number, tap, picked)
    return picked


def _gradient_pick(ctx: Any, g: Any) -> tuple[Any, ...]:
    return apply(MAX_POOL2D_GRAD, (g, ctx.inputs[1]), (ctx.shapes[0][2:], *ctx.attrs)), None


# References: loops over the windows


def _np_windows(shape: Any, attrs: tuple[Any, ...]) -> Any:
    """Each window's position with the pixels (tap number, row, column) that it has."""
    kernel, stride, padding, dilation, _ = attrs
    for position in np.ndindex(*pool_counts(shape[2:], *attrs)):
        pixels = []
        for number, tap in enumerate(np.ndindex(*kernel)):
            y, x = (
                o * s - p + t * d
                for o, s, p, t, d in zip(position, stride, padding, tap, dilation, strict=True)
            )
            if 0 <= y < shape[2] and 0 <= x < shape[3]:
                pixels.append((number, y, x))
        yield position, pixels


def _reference_index(x: Any, *attrs: Any) -> Any:
    out = np.zeros((*x.shape[:2], *pool_counts(x.shape[2:], *attrs)), np.int32)
    for (row, column), pixels in _np_windows(x.shape, attrs):
        seen = np.stack([x[:, :, y, z] for _, y, z in pixels])
        numbers = np.array([number for number, _, _ in pixels])
        out[:, :, row, column] = numbers[seen.argmax(0)]
    return out


def _reference_pick(x: Any, index: Any, *attrs: Any) -> Any:
    out = np.zeros(index.shape, x.dtype)
    for (row, column), pixels in _np_windows(x.shape, attrs):
        for number, y, z in pixels:
            chosen = index[:, :, row, column] == number
            out[:, :, row, column] += np.where(chosen, x[:, :, y, z], 0)
    return out


def _reference_grad(g: Any, index: Any, sizes: Pair, *attrs: Any) -> Any:
    out = np.zeros((*g.shape[:2], *sizes), g.dtype)
    for (row, column), pixels in _np_windows(out.shape, attrs):
        for number, y, z in pixels:
            chosen = index[:, :, row, column] == number
            out[:, :, y, z] += np.where(chosen, g[:, :, row, column], 0)
    return out


def _reference(x: Any, *attrs: Any) -> Any:
    return _reference_pick(x, _reference_index(x, *attrs), *attrs)


_ATTRS = ("kernel", "stride", "padding", "dilation", "ceil")
_SAMPLES = (
    Sample(((2, 3, 6, 4),), ((2, 2), (2, 2), (0, 0), (1, 1), False)),
    Sample(((2, 3, 7, 5),), ((2, 2), (2, 2), (0, 0), (1, 1), True)),
    Sample(((1, 2, 7, 6),), ((3, 2), (2, 1), (1, 1), (1, 2), False)),
    Sample(((1, 1, 9, 9),), ((5, 5), (2, 2), (2, 2), (1, 1), True)),
    Sample(((0, 1, 4, 4),), ((2, 2), (2, 2), (0, 0), (1, 1), False)),
)
_ERRORS = (
    WrongCall(
        (Spec((1, 1, 4, 4), float32),),
        ((5, 5), (5, 5), (0, 0), (1, 1), False),
        RuntimeError,
        "Output size is too small",
    ),
)

MAX_POOL2D = register(
    Operator(
        name="max_pool2d",
        kind=Kind.COMPOSITE,
        infer=_infer,
        reference=_reference,
        attrs=_ATTRS,
        gradient=_gradient,
        saves=(0,),
        decompose=_decompose,
        label="MaxPool2DWithIndicesBackward0",
        samples=_SAMPLES,
        errors=_ERRORS,
        dtypes="if",
        doc="The maximum over each window of images.",
    )
)

MAX_POOL2D_INDEX = register(
    Operator(
        name="max_pool2d_index",
        kind=Kind.COMPOSITE,
        infer=_infer_index,
        reference=_reference_index,
        attrs=_ATTRS,
        decompose=_decompose_index,
        samples=_SAMPLES,
        errors=_ERRORS,
        dtypes="if",
        doc="The tap of each window where its first maximum is.",
    )
)
_TILES = ((2, 2), (2, 2), (0, 0), (1, 1), False)

MAX_POOL2D_GRAD = register(
    Operator(
        name="max_pool2d_grad",
        kind=Kind.COMPOSITE,
        infer=_infer_grad,
        reference=_reference_grad,
        attrs=("sizes", *_ATTRS),
        gradient=_gradient_grad,
        saves=(1,),
        decompose=_decompose_grad,
        label="MaxPool2DWithIndicesBackwardBackward0",
        samples=(
            Sample(((2, 3, 3, 2),) * 2, ((6, 4), *_TILES), extent=4),
            Sample(((1, 2, 3, 5),) * 2, ((7, 5), (2, 1), (2, 1), (0, 0), (1, 1), False), extent=2),
            Sample(((1, 1, 2, 3),) * 2, ((5, 5), (3, 2), (2, 1), (0, 0), (1, 2), False), extent=6),
        ),
        errors=(
            WrongCall(
                (Spec((1, 1, 2, 2), float32), Spec((1, 1, 2, 3), int32)),
                ((4, 4), *_TILES),
                RuntimeError,
                "are not of windows of",
            ),
        ),
        doc="Values of windows, added to the pixels at the chosen taps.",
    )
)

MAX_POOL2D_PICK = register(
    Operator(
        name="max_pool2d_pick",
        kind=Kind.COMPOSITE,
        infer=_infer_pick,
        reference=_reference_pick,
        attrs=_ATTRS,
        gradient=_gradient_pick,
        saves=(1,),
        decompose=_decompose_pick,
        samples=(
            Sample(((2, 3, 6, 4), (2, 3, 3, 2)), _TILES, extent=4),
            Sample(((1, 1, 5, 5), (1, 1, 2, 3)), ((3, 2), (2, 1), (0, 0), (1, 2), False), extent=6),
        ),
        errors=(
            WrongCall(
                (Spec((1, 1, 4, 4), float32), Spec((1, 1, 2, 3), int32)),
                _TILES,
                RuntimeError,
                "is not of the windows of",
            ),
        ),
        doc="The pixels at the chosen taps of windows.",
    )
)
