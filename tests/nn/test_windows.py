"""Convolutions, pooling, borders, patches and resampling against NumPy and SciPy."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.nn.helpers import check_gradients, draw, host

Sizes = tuple[int, ...]


def windows(
    sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, counts: Sizes
) -> Iterator[tuple[Sizes, list[tuple[Sizes, Sizes]]]]:
    """Each position with the (tap, element) pairs that are inside the input."""
    for position in np.ndindex(*counts):
        pairs = []
        for tap in np.ndindex(*kernel):
            steps = zip(position, stride, padding, tap, dilation, strict=True)
            element = tuple(i * s - p + t * d for i, s, p, t, d in steps)
            if all(0 <= e < n for e, n in zip(element, sizes, strict=True)):
                pairs.append((tap, element))
        yield position, pairs


def convolved(
    x: Any, w: Any, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> np.ndarray:
    sizes, kernel = x.shape[2:], w.shape[2:]
    steps = zip(sizes, kernel, stride, padding, dilation, strict=True)
    counts = tuple((n + 2 * p - d * (k - 1) - 1) // s + 1 for n, k, s, p, d in steps)
    out = np.zeros((x.shape[0], w.shape[0], *counts))
    inner, outer = w.shape[1], w.shape[0] // groups
    for position, pairs in windows(sizes, kernel, stride, padding, dilation, counts):
        for tap, element in pairs:
            for k in range(w.shape[0]):
                first = k // outer * inner
                seen = x[at(slice(None), slice(first, first + inner), *element)]
                out[at(slice(None), k, *position)] += seen @ w[at(k, slice(None), *tap)]
    return out


def spread(
    x: Any, w: Any, stride: Sizes, padding: Sizes, extra: Sizes, dilation: Sizes, groups: int
) -> np.ndarray:
    counts, kernel = x.shape[2:], w.shape[2:]
    steps = zip(counts, kernel, stride, padding, extra, dilation, strict=True)
    sizes = tuple((n - 1) * s - 2 * p + d * (k - 1) + e + 1 for n, k, s, p, e, d in steps)
    inner, outer = w.shape[1], w.shape[0] // groups
    out = np.zeros((x.shape[0], inner * groups, *sizes))
    for position, pairs in windows(sizes, kernel, stride, padding, dilation, counts):
        for tap, element in pairs:
            for c in range(w.shape[0]):
                first = c // outer * inner
                seen = x[at(slice(None), c, *position)][:, None]
                out[at(slice(None), slice(first, first + inner), *element)] += (
                    seen * w[at(c, slice(None), *tap)]
                )
    return out


def at(*index: Any) -> Any:
    """An index as a tuple."""
    return index


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(host(found), expected, rtol=1e-9, atol=1e-10)


# Rank, input, filters, and stride, padding, dilation, groups.
CONVOLUTIONS = [
    (1, (2, 4, 9), (6, 2, 3), (2,), (1,), (2,), 2),
    (3, (2, 2, 4, 5, 3), (3, 2, 2, 3, 1), (1, 2, 1), (0, 1, 1), (2, 1, 1), 1),
]


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=lambda case: f"conv{case[0]}d")
def test_convolution(case: Any, device: str) -> None:
    rank, x, w, *settings = case
    stride, padding, dilation, groups = settings
    call: Callable[..., Any] = getattr(F, f"conv{rank}d")
    images, filters, bias = draw(*x), draw(*w), draw(w[0])
    inputs = [portfire.tensor(a, device=device) for a in (images, filters, bias)]
    expected = convolved(images, filters, *settings) + bias.reshape(-1, *(1,) * rank)
    close(call(*inputs, stride, padding, dilation, groups), expected)
    close(call(inputs[0][0], *inputs[1:], stride, padding, dilation, groups), expected[0])


TRANSPOSED = [
    (1, (2, 4, 5), (4, 3, 3), (3,), (1,), (2,), (2,), 2),
    (1, (1, 2, 4), (2, 2, 3), (1,), (0,), (3,), (4,), 1),
    (2, (2, 2, 3, 4), (2, 3, 3, 2), (2, 1), (1, 0), (1, 0), (1, 2), 1),
    (3, (1, 2, 2, 3, 2), (2, 2, 2, 1, 3), (2, 1, 2), (0, 0, 1), (1, 0, 1), (1, 1, 1), 1),
]


@pytest.mark.parametrize("case", TRANSPOSED, ids=lambda case: f"conv_transpose{case[0]}d")
def test_transposed_convolution(case: Any, device: str) -> None:
    rank, x, w, stride, padding, extra, dilation, groups = case
    call: Callable[..., Any] = getattr(F, f"conv_transpose{rank}d")
    images, filters, bias = draw(*x), draw(*w), draw(w[1] * groups)
    inputs = [portfire.tensor(a, device=device) for a in (images, filters, bias)]
    expected = spread(images, filters, stride, padding, extra, dilation, groups)
    expected += bias.reshape(-1, *(1,) * rank)
    settings = (stride, padding, extra, groups, dilation)
    close(call(*inputs, *settings), expected)
    close(call(inputs[0][0], *inputs[1:], *settings), expected[0])


def test_gradients_of_convolutions(device: str) -> None:
    check_gradients(
        lambda x, w, b: F.conv1d(x, w, b, 2, 1),
        draw(1, 2, 5),
        draw(2, 2, 3),
        draw(2),
        device=device,
    )
    check_gradients(
        lambda x, w, b: F.conv_transpose1d(x, w, b, 2, 1, 1, 1, 2),
        draw(1, 2, 3),
        draw(2, 2, 3),
        draw(2),
        device=device,
    )


def test_an_output_size_of_a_transposed_convolution() -> None:
    layer = nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)
    x = portfire.ones(1, 1, 4, 4)
    assert layer(x, output_size=(8, 7)).shape == (1, 1, 8, 7)
    assert layer(x, output_size=portfire.Size([1, 1, 7, 8])).shape == (1, 1, 7, 8)
    with pytest.raises(ValueError, match=re.escape("valid sizes range from [7, 7] to [8, 8]")):
        layer(x, output_size=(9, 8))
    with pytest.raises(ValueError, match="must have 2 or 4 elements \\(got 1\\)"):
        layer(x, output_size=(8,))


def pooled(x: Any, how: Any, kernel: Sizes, stride: Sizes, padding: Sizes, ceil: bool) -> Any:
    sizes = x.shape[2:]
    counts = []
    for n, k, s, p in zip(sizes, kernel, stride, padding, strict=True):
        count = (n + 2 * p - k + (s - 1 if ceil else 0)) // s + 1
        counts.append(count - 1 if ceil and (count - 1) * s >= n + p else count)
    out = np.zeros((*x.shape[:2], *counts))
    ones = (1,) * len(sizes)
    for position, pairs in windows(sizes, kernel, stride, padding, ones, tuple(counts)):
        seen = np.stack([x[at(..., *element)] for _, element in pairs], -1)
        out[at(..., *position)] = how(seen)
    return out


POOLS = [
    ((2, 2, 7), (3,), (2,), (1,), True),
    ((2, 2, 5, 6), (2, 3), (2, 2), (1, 0), True),
    ((1, 2, 4, 5, 4), (2, 3, 2), (2, 1, 2), (0, 1, 1), False),
]


@pytest.mark.parametrize("case", POOLS, ids=lambda case: f"{len(case[1])}d")
def test_pooling(case: Any, device: str) -> None:
    shape, kernel, stride, padding, ceil = case
    rank = len(kernel)
    array = draw(*shape)
    x = portfire.tensor(array, device=device)
    settings = (kernel, stride, padding, ceil)
    average, maximum, power = (getattr(F, f"{name}_pool{rank}d") for name in ("avg", "max", "lp"))
    close(average(x, *settings, False), pooled(array, lambda a: a.mean(-1), *settings))
    close(maximum(x, *settings[:3], 1, ceil), pooled(array, lambda a: a.max(-1), *settings))
    maxima, where = maximum(x, *settings[:3], 1, ceil, return_indices=True)
    picked = np.take_along_axis(array.reshape(*shape[:2], -1), host(where.flatten(2)), 2)
    np.testing.assert_array_equal(picked.reshape(maxima.shape), host(maxima))
    none = (0,) * rank
    expected = pooled(array, lambda a: (a**2).sum(-1) ** 0.5, kernel, stride, none, False)
    close(power(x, 2, kernel, stride), expected)


def test_means_that_count_what_is_outside(device: str) -> None:
    array = draw(1, 1, 5, 5)
    x = portfire.tensor(array, device=device)
    sums = pooled(array, lambda a: a.sum(-1), (3, 3), (2, 2), (1, 1), False)
    close(F.avg_pool2d(x, 3, 2, 1), sums / 9)
    close(F.avg_pool2d(x, 3, 2, 1, divisor_override=2), sums / 2)
    # The last window reaches out of the padding, and what is there does not count.
    ones = portfire.ones(1, 1, 4, device=device).double()
    close(F.avg_pool1d(ones, 3, 2, 1, True).flatten(), [2 / 3, 1, 1 / 2])
    assert F.avg_pool2d(portfire.tensor([[[-1, -2], [-3, -1]]]), 2).item() == -1


def test_pooling_of_large_tiles_is_exact_at_the_edges(device: str) -> None:
    x = portfire.ones(1, 1, 7, 8, device=device)
    assert F.avg_pool2d(x, 3).tolist() == [[[[1.0, 1.0], [1.0, 1.0]]]]


@pytest.mark.parametrize("sizes", [(3,), (4, 2), (2, 3, 5)], ids=lambda s: f"{len(s)}d")
def test_adaptive_pooling(sizes: Sizes, device: str) -> None:
    rank = len(sizes)
    array = draw(2, 2, *(5, 6, 4)[:rank])
    x = portfire.tensor(array, device=device)
    means, maxima = np.zeros((2, 2, *sizes)), np.zeros((2, 2, *sizes))
    for position in np.ndindex(*sizes):
        spans = tuple(
            slice(i * n // m, -(-(i + 1) * n // m))
            for i, n, m in zip(position, array.shape[2:], sizes, strict=True)
        )
        part = array[at(slice(None), slice(None), *spans)].reshape(2, 2, -1)
        means[at(..., *position)], maxima[at(..., *position)] = part.mean(-1), part.max(-1)
    close(getattr(F, f"adaptive_avg_pool{rank}d")(x, sizes), means)
    found, where = getattr(F, f"adaptive_max_pool{rank}d")(x, sizes, return_indices=True)
    close(found, maxima)
    picked = np.take_along_axis(array.reshape(2, 2, -1), host(where.flatten(2)), 2)
    np.testing.assert_array_equal(picked.reshape(found.shape), host(found))


def test_a_window_does_not_see_what_is_beside_it() -> None:
    x = portfire.tensor([[1.0, 2.0, float("nan"), 4.0, 5.0]])
    assert F.adaptive_avg_pool1d(x, 3)[0, 2].item() == 4.5
    assert F.adaptive_avg_pool1d(portfire.tensor([[1.0, 2.0]]), None).tolist() == [[1.0, 2.0]]


def test_gradients_of_pooling(device: str) -> None:
    check_gradients(
        lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), draw(1, 1, 4, 5), device=device
    )
    check_gradients(lambda x: F.adaptive_avg_pool1d(x, 3), draw(1, 5), device=device)
    check_gradients(lambda x: F.max_pool3d(x, 2, 1), draw(1, 2, 3, 3), device=device, second=False)
    check_gradients(lambda x: F.adaptive_max_pool1d(x, 3), draw(1, 5), device=device, second=False)
    check_gradients(lambda x: F.lp_pool1d(x, 3, 2), draw(1, 6, low=0.2), device=device)


def test_maxima_go_back_to_where_they_were(device: str) -> None:
    x = portfire.tensor(draw(2, 3, 4, 6), device=device)
    maxima, where = F.max_pool2d(x, 2, return_indices=True)
    back = F.max_unpool2d(maxima, where, 2)
    assert back.shape == x.shape
    expected = portfire.where(back != 0, x, 0)
    assert portfire.equal(back, expected)
    assert (back != 0).sum().item() == maxima.numel()
    with pytest.raises(ValueError, match=re.escape('invalid output_size "(9, 9)"')):
        F.max_unpool2d(maxima, where, 2, output_size=(9, 9))


NUMPY_MODES = {"reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@pytest.mark.parametrize("mode", NUMPY_MODES)
def test_borders(mode: str, device: str) -> None:
    array = draw(2, 3, 4, 5)
    x = portfire.tensor(array, device=device)
    expected = np.pad(array, ((0, 0), (0, 0), (2, 0), (3, 1)), mode=NUMPY_MODES[mode])  # type: ignore[call-overload]
    close(F.pad(x, (3, 1, 2, 0), mode), expected)
    close(F.pad(x, (3, -1, 2, -1), mode), expected[:, :, :-1, :-2])
    layer = {"reflect": "ReflectionPad", "replicate": "ReplicationPad", "circular": "CircularPad"}
    close(getattr(nn, f"{layer[mode]}2d")((3, 1, 2, 0))(x), expected)
    check_gradients(lambda t: F.pad(t, (2, 1), mode), draw(1, 3), device=device, second=False)


def test_constant_borders(device: str) -> None:
    array = draw(2, 3, 4)
    x = portfire.tensor(array, device=device)
    expected = np.pad(array, ((0, 0), (1, 0), (0, 2)), constant_values=7.5)
    close(F.pad(x, (0, 2, 1, 0), value=7.5), expected)
    close(F.pad(x, (-1, 2, 1, 0), value=7.5), expected[:, :, 1:])
    close(nn.ZeroPad1d((1, -1))(x), np.pad(array, ((0, 0), (0, 0), (1, 0)))[:, :, :-1])
    same = F.pad(x, (0, 0))
    same += 1
    close(x, array)


def resized(array: Any, sizes: Sizes, align: bool) -> Any:
    for axis, m in enumerate(sizes, 2):
        n = array.shape[axis]
        places = np.arange(m) * (n - 1) / (m - 1) if align else (np.arange(m) + 0.5) * n / m - 0.5
        rows = np.moveaxis(array, axis, -1)
        lines = [np.interp(places, range(n), row) for row in rows.reshape(-1, n)]
        array = np.moveaxis(np.array(lines).reshape(*rows.shape[:-1], m), -1, axis)
    return array


@pytest.mark.parametrize("align", [False, True])
@pytest.mark.parametrize(
    ("mode", "sizes"), [("linear", (8,)), ("bilinear", (7, 3)), ("trilinear", (3, 6, 2))]
)
def test_resizing_by_lines(mode: str, sizes: Sizes, align: bool, device: str) -> None:
    array = draw(1, 2, *(5, 4, 3)[: len(sizes)])
    x = portfire.tensor(array, device=device)
    found = F.interpolate(x, sizes, mode=mode, align_corners=align)
    close(found, resized(array, sizes, align))


def test_resizing_by_the_nearest(device: str) -> None:
    array = draw(1, 1, 5, 4)
    x = portfire.tensor(array, device=device)
    close(nn.Upsample(scale_factor=2)(x), array.repeat(2, 2).repeat(2, 3))
    rows, columns = np.array([0, 1, 3]), np.array([0, 0, 1, 2, 2, 3])
    close(F.interpolate(x, (3, 6)), array[:, :, rows][..., columns])
    exact = np.array([0, 2, 4]), np.array([0, 1, 1, 2, 3, 3])
    found = F.interpolate(x, (3, 6), mode="nearest-exact")
    close(found, array[:, :, exact[0]][..., exact[1]])
    check_gradients(lambda t: F.interpolate(t, 5), draw(1, 1, 3), device=device, second=False)


# Literals of torch 2.13.
CUBIC = [
    -0.08680555555555536,
    0.21875,
    1.552083333333334,
    3.760416666666667,
    3.28125,
    1.8263888888888886,
]
CUBIC_ANTIALIASED = [0.8636363636363638, 2.8719008264462813]
LINEAR_ANTIALIASED = [1.0, 2.714285714285714]


def test_resizing_by_cubics_and_means(device: str) -> None:
    x = portfire.tensor([[[[0.0, 1.0, 4.0, 2.0]]]], dtype=portfire.float64, device=device)
    found = F.interpolate(x, (1, 6), mode="bicubic")
    close(found[0, 0, 0], CUBIC)
    found = F.interpolate(x, (1, 2), mode="bicubic", antialias=True)
    close(found[0, 0, 0], CUBIC_ANTIALIASED)
    found = F.interpolate(x, (1, 2), mode="bilinear", antialias=True)
    close(found[0, 0, 0], LINEAR_ANTIALIASED)
    close(F.interpolate(x, (1, 2), mode="area")[0, 0, 0], [0.5, 3.0])


SCIPY_MODES = {
    ("zeros", False): "grid-constant",
    ("zeros", True): "grid-constant",
    ("border", False): "nearest",
    ("border", True): "nearest",
    ("reflection", False): "reflect",
    ("reflection", True): "mirror",
}


@pytest.mark.parametrize(("padding", "align"), SCIPY_MODES)
def test_sampling_at_a_grid(padding: str, align: bool, device: str) -> None:
    for sizes, count in (((4, 5), 6), ((3, 2, 4), 5)):
        rank = len(sizes)
        array = draw(1, 1, *sizes)
        grid = draw(1, *(1,) * (rank - 1), count, rank, low=-1.6, high=1.6)
        places = [
            (grid[..., rank - 1 - i].ravel() + 1) / 2 * (n - 1)
            if align
            else ((grid[..., rank - 1 - i].ravel() + 1) * n - 1) / 2
            for i, n in enumerate(sizes)
        ]
        mode = SCIPY_MODES[padding, align]
        expected = ndimage.map_coordinates(array[0, 0], places, order=1, mode=mode)
        image, at_places = (portfire.tensor(a, device=device) for a in (array, grid))
        found = F.grid_sample(image, at_places, "bilinear", padding, align)
        close(found.flatten(), expected)


def test_gradients_of_sampling(device: str) -> None:
    grid = draw(1, 2, 2, 2) * 0.8
    for mode in ("bilinear", "bicubic"):
        check_gradients(
            lambda x, g, m=mode: F.grid_sample(x, g, m, align_corners=False),
            draw(1, 1, 3, 4),
            grid,
            device=device,
            second=False,
        )


def test_an_affine_grid_reads_the_image_itself(device: str) -> None:
    x = portfire.tensor(draw(2, 1, 3, 4), device=device)
    theta = portfire.eye(2, 3, dtype=portfire.float64, device=device).expand(2, 2, 3)
    for align in (False, True):
        grid = F.affine_grid(theta, [2, 1, 3, 4], align)
        close(F.grid_sample(x, grid, align_corners=align), host(x))
    with pytest.warns(UserWarning, match="Default grid_sample and affine_grid behavior"):
        F.grid_sample(x, grid)


def test_patches(device: str) -> None:
    array = draw(2, 2, 4, 5)
    x = portfire.tensor(array, device=device)
    columns = F.unfold(x, (2, 3), (2, 1), 1, (2, 1))
    positions = windows((4, 5), (2, 3), (2, 1), (1, 1), (2, 1), (2, 5))
    expected = np.zeros((2, 2, 2, 3, 2, 5))
    back = np.zeros((2, 2, 4, 5))
    for (i, j), pairs in positions:
        for (a, b), (row, column) in pairs:
            expected[:, :, a, b, i, j] = array[:, :, row, column]
            back[:, :, row, column] += array[:, :, row, column]
    close(columns, expected.reshape(2, 12, 10))
    close(F.fold(columns, (4, 5), (2, 3), (2, 1), 1, (2, 1)), back)
    close(nn.Fold((4, 5), 1)(nn.Unfold(1)(x)), array)


def test_pixels_and_channels(device: str) -> None:
    array = draw(2, 8, 2, 3)
    x = portfire.tensor(array, device=device)
    large = nn.PixelShuffle(2)(x)
    expected = np.zeros((2, 2, 4, 6))
    for c, a, b in np.ndindex(2, 2, 2):
        expected[:, c, a::2, b::2] = array[:, 4 * c + 2 * a + b]
    close(large, expected)
    close(nn.PixelUnshuffle(2)(large), array)


REPRS = {
    "Conv1d(2, 4, 3, padding=1, padding_mode='circular')": (
        "Conv1d(2, 4, kernel_size=(3,), stride=(1,), padding=(1,), padding_mode=circular)"
    ),
    "ConvTranspose2d(2, 3, 3, 2, 1, 1, bias=False)": (
        "ConvTranspose2d(2, 3, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), "
        "output_padding=(1, 1), bias=False)"
    ),
    "AvgPool1d(3)": "AvgPool1d(kernel_size=(3,), stride=(3,), padding=(0,))",
    "AvgPool2d(3)": "AvgPool2d(kernel_size=3, stride=3, padding=0)",
    "AdaptiveAvgPool2d((None, 2))": "AdaptiveAvgPool2d(output_size=(None, 2))",
    "Upsample(size=(3, 4), mode='bilinear')": "Upsample(size=(3, 4), mode='bilinear')",
    "UpsamplingNearest2d(scale_factor=2)": (
        "UpsamplingNearest2d(scale_factor=2.0, mode='nearest')"
    ),
    "ZeroPad2d(2)": "ZeroPad2d((2, 2, 2, 2))",
    "ConstantPad1d((1, 2), 3.5)": "ConstantPad1d(padding=(1, 2), value=3.5)",
    "Fold((4, 5), 2)": "Fold(output_size=(4, 5), kernel_size=2, dilation=1, padding=0, stride=1)",
    "PixelShuffle(2)": "PixelShuffle(upscale_factor=2)",
}


@pytest.mark.parametrize("source", REPRS)
def test_printed_forms(source: str) -> None:
    assert repr(eval(source, vars(nn))) == REPRS[source]


z = portfire.zeros
ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: F.conv1d(z(3), z(1, 1, 1)), RuntimeError, "Expected 2D (unbatched) or 3D (batched)"),
    (lambda: F.conv3d(z(1, 1, 1, 1, 1), z(1, 1)), RuntimeError, "Expected a 5D weight"),
    (lambda: F.conv1d(z(1, 1, 5), z(1, 1, 2), None, (1, 2)), RuntimeError, "got stride=[1, 2]"),
    (
        lambda: F.conv_transpose2d(z(1, 3, 5, 5), z(2, 2, 3, 3)),
        RuntimeError,
        "Given transposed=1, weight of size [2, 2, 3, 3], expected input[1, 3, 5, 5] to have 2",
    ),
    (
        lambda: F.conv_transpose1d(z(1, 2, 5), z(2, 2, 3), output_padding=1),
        RuntimeError,
        "output padding must be smaller than either stride or dilation, but got "
        "output_padding_width: 1 stride_width: 1 dilation_width: 1",
    ),
    (
        lambda: F.conv_transpose2d(z(1, 2, 1, 1), z(2, 2, 1, 1), padding=2),
        RuntimeError,
        "Calculated output size per channel: (-3 x -3). Output size is too small",
    ),
    (
        lambda: F.conv_transpose2d(z(1, 2, 5, 5), z(2, 2, 3, 3), z(3)),
        RuntimeError,
        "expected bias to be 1-dimensional with 2 elements, but got bias of size [3] instead",
    ),
    (lambda: nn.ConvTranspose2d(2, 2, 3, padding_mode="reflect"), ValueError, 'Only "zeros"'),
    (lambda: F.max_pool1d(z(1, 1, 3), 5), RuntimeError, "Invalid computed output size: 0"),
    (lambda: F.max_pool3d(z(3, 3), 1), RuntimeError, "non-empty 4D or 5D (batch mode) tensor"),
    (lambda: F.avg_pool2d(z(1, 1, 3, 3), 5), RuntimeError, "Calculated output size: (1x0x0)"),
    (lambda: F.avg_pool1d(z(1, 1, 3), 5), RuntimeError, "Calculated output size: (1x1x0)"),
    (lambda: F.avg_pool2d(z(1, 3, 3), 2, padding=2), RuntimeError, "pad should be at most half"),
    (lambda: F.avg_pool2d(z(1, 3, 3), 2, divisor_override=0), RuntimeError, "divisor must be not"),
    (lambda: F.avg_pool2d(z(1, 3, 3).int(), 2), NotImplementedError, '"avg_pool2d" not impl'),
    (lambda: F.adaptive_avg_pool2d(z(3, 3), 2), RuntimeError, "Expected 3D or 4D tensor, but got"),
    (lambda: F.adaptive_avg_pool2d(z(1, 3, 3), -1), RuntimeError, "but received {-1, -1}"),
    (lambda: F.max_unpool2d(z(1, 2, 2), z(1, 2, 2), 2), RuntimeError, "should be type int64"),
    (lambda: F.pad(z(3), (1,)), RuntimeError, "Padding length must be divisible by 2"),
    (lambda: F.pad(z(3), (1, 1), "reflect"), NotImplementedError, "not supported for 1D input"),
    (lambda: F.pad(z(1, 3), (1, 1), "foo"), NotImplementedError, "Unrecognised padding mode foo"),
    (lambda: F.pad(z(1, 3), (4, 1), "circular"), RuntimeError, "wrapping around more than once"),
    (lambda: F.pad(z(1, 3), (1, 1), "reflect", 1.0), RuntimeError, "doesn't take in value"),
    (lambda: nn.CircularPad2d(1)(z(2, 2)), ValueError, "expected 3D or 4D input (got 2D input)"),
    (lambda: F.interpolate(z(1, 1, 3)), ValueError, "either size or scale_factor should be"),
    (lambda: F.interpolate(z(1, 1, 3), 2, 2), ValueError, "only one of size or scale_factor"),
    (lambda: F.interpolate(z(1, 1, 3), 2, None, "bilinear"), NotImplementedError, "Got 3D input"),
    (lambda: F.interpolate(z(1, 1, 3), 0), RuntimeError, "sizes should be greater than 0"),
    (lambda: F.interpolate(z(1, 1, 3), 2, antialias=True), ValueError, "Anti-alias option is"),
    (lambda: F.grid_sample(z(1, 1, 3, 3), z(1, 2, 2, 3)), RuntimeError, "size 2 in last dimens"),
    (lambda: F.grid_sample(z(1, 1, 3, 3), z(1, 2, 2, 2), "x"), ValueError, "mode to be 'bilinear'"),
    (lambda: F.affine_grid(z(2, 3), (2, 1, 3, 3)), ValueError, "Expected a batch of 2D affine"),
    (lambda: F.pixel_shuffle(z(3, 3, 3), 2), RuntimeError, "input.size(-3)=3 is not divisible by"),
    (lambda: F.pixel_unshuffle(z(3, 3, 3), 2), RuntimeError, "expects height to be divisible by"),
    (lambda: F.unfold(z(1, 3, 3), 5), RuntimeError, "sliding blocks as (-1, -1)"),
    (lambda: F.fold(z(1, 3, 3), (4, 4), 2), RuntimeError, "divisible by the product of kernel_s"),
    (lambda: F.fold(z(1, 4, 3), (4, 4), 2), RuntimeError, "sliding blocks 3 * 3 = 9, but got"),
]


@pytest.mark.parametrize(("call", "kind", "text"), ERRORS, ids=[e[2][:40] for e in ERRORS])
def test_errors(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(kind, match=re.escape(text)):
            call()


LAZY = [(t, n) for t in ("", "Transpose") for n in (1, 2, 3)]


@pytest.mark.parametrize(("kind", "rank"), LAZY)
def test_lazy_convolutions(kind: str, rank: int) -> None:
    layer = getattr(nn, f"LazyConv{kind}{rank}d")(4, 2, groups=2)
    assert repr(layer).startswith(f"LazyConv{kind}{rank}d(0, 4, kernel_size=")
    x = portfire.tensor(draw(2, 6, *(3, 4, 3)[:rank]).astype(np.float32))
    result = layer(x)
    plain = getattr(nn, f"Conv{kind}{rank}d")
    assert type(layer) is plain
    assert layer.in_channels == 6
    twin = plain(6, 4, 2, groups=2)
    twin.load_state_dict(layer.state_dict())
    assert portfire.equal(twin(x), result)
    fresh = getattr(nn, f"LazyConv{kind}{rank}d")(4, 2, groups=2)
    fresh.load_state_dict(twin.state_dict())
    assert portfire.equal(fresh(x), result)
