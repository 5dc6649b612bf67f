"""Matrix products that take reshapes of their operands over, and products cut for threads."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _device
from portfire_numpy import _blas, _contraction
from tests.backend_numpy._programs import Builder, labels

Array = Any


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.fixture(params=["whole", "pieces"])
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run with pieces as they are, and with pieces of a few rows in three threads."""
    before = portfire.get_num_threads()
    if request.param == "pieces":
        monkeypatch.setattr(_contraction, "PIECE", 2000)
        # Plans are cut when they are made: none that another test made may serve here.
        recorder = _device.recorder_for("cpu", 0)
        monkeypatch.setattr(recorder, "_plans", OrderedDict())
        portfire.set_num_threads(3)
    yield request.param
    portfire.set_num_threads(before)


CONVOLUTIONS = (
    # images, channels, outputs, size, taps, stride, padding, dilation, groups
    (3, 2, 4, (7, 6), (3, 3), (1, 1), (1, 1), (1, 1), 1),
    (5, 3, 2, (9, 8), (3, 2), (2, 1), (1, 0), (1, 2), 1),
    (4, 4, 6, (6, 6), (3, 3), (1, 1), (1, 1), (1, 1), 2),
    (3, 4, 4, (6, 5), (3, 3), (1, 1), (1, 1), (1, 1), 4),
    (2, 3, 5, (4, 4), (1, 1), (1, 1), (0, 0), (1, 1), 1),
    (1, 2, 3, (5, 5), (5, 5), (1, 1), (0, 0), (1, 1), 1),
    (6, 1, 3, (8, 8), (2, 2), (2, 2), (0, 0), (1, 1), 1),
)


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions_and_their_gradients(case: Any, pieces: str) -> None:
    images, channels, outputs, size, taps, stride, padding, dilation, groups = case
    attrs = (stride, padding, dilation, groups)
    host = numbers(images, channels, *size), numbers(outputs, channels // groups, *taps, seed=1)
    x, w = (portfire.tensor(a, requires_grad=True) for a in host)
    y = portfire.nn.functional.conv2d(x, w, None, stride, padding, dilation, groups)
    expected = _by_taps(*host, *attrs)
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-4, atol=1e-4)
    g = numbers(*expected.shape, seed=2)
    y.backward(portfire.tensor(g))
    # A convolution is linear in both: <y(v, w), g> = <v, dx> for any v, and likewise for w.
    for seed in range(3):
        v, u = numbers(*x.shape, seed=seed + 3), numbers(*w.shape, seed=seed + 30)
        for found, moved, one in (
            (x.grad, v, _by_taps(v, host[1], *attrs)),
            (w.grad, u, _by_taps(host[0], u, *attrs)),
        ):
            product = float((found.numpy().astype(float) * moved).sum())
            assert product == pytest.approx(float((one * g).sum()), rel=1e-3, abs=1e-3)


def _by_taps(x: Array, w: Array, stride: Any, padding: Any, dilation: Any, groups: int) -> Array:
    """The convolution in double precision, a tap of the filter after the other."""
    x = np.pad(x.astype(float), ((0, 0), (0, 0), *((p, p) for p in padding)))
    count = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(x.shape[2:], w.shape[2:], stride, dilation, strict=True)
    ]
    x = x.reshape(x.shape[0], groups, -1, *x.shape[2:])
    filters = w.astype(float).reshape(groups, -1, *w.shape[1:])
    out: Array = 0.0
    for i, j in np.ndindex(*w.shape[2:]):
        rows = slice(i * dilation[0], i * dilation[0] + (count[0] - 1) * stride[0] + 1, stride[0])
        columns = slice(
            j * dilation[1], j * dilation[1] + (count[1] - 1) * stride[1] + 1, stride[1]
        )
        out = out + np.einsum("ngchw,gkc->ngkhw", x[..., rows, columns], filters[..., i, j])
    return out.reshape(x.shape[0], w.shape[0], *count)


def columns_of(made: Builder, x: int) -> int:
    """The windows of images as columns, as a convolution has them."""
    images, channels, height, width = made.steps[x].shape
    windows = made.add("windows", x, attrs=((2, 3), (3, 3), (1, 1), (1, 1)))
    turned = made.add("permute", windows, attrs=((0, 1, 4, 5, 2, 3),))
    shape = (images, channels * 9, (height - 2) * (width - 2))
    return made.add("reshape", turned, attrs=(shape,))


def test_the_columns_of_a_convolution_are_never_stored() -> None:
    made = Builder()
    x, w = made.input(numbers(4, 3, 8, 8)), made.input(numbers(5, 27, seed=1))
    spread = made.add("expand", w, attrs=((4, 5, 27),))
    result = made.add("dot", spread, columns_of(made, x))
    plan = made.plan(result)
    assert labels(plan) == ["dot"]
    assert plan.describe().temporaries == 0
    np.testing.assert_allclose(made.run(result)[0], made.alone(result)[0], rtol=1e-4, atol=1e-4)


def test_columns_that_somebody_else_reads_are_stored() -> None:
    made = Builder()
    x, w = made.input(numbers(4, 3, 8, 8)), made.input(numbers(5, 27, seed=1))
    columns = columns_of(made, x)
    result = made.add("dot", made.add("expand", w, attrs=((4, 5, 27),)), columns)
    assert labels(made.plan(result, columns)) == ["reshape", "dot"]
    for found, expected in zip(made.run(result, columns), made.alone(result, columns), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_one_matrix_for_the_whole_batch_on_either_side(pieces: str) -> None:
    made = Builder()
    x = made.input(numbers(6, 4, 5, 3))
    rows = made.add("reshape", made.add("permute", x, attrs=((0, 3, 2, 1),)), attrs=((6, 15, 4),))
    w = made.add("expand", made.input(numbers(4, 7, seed=1)), attrs=((6, 4, 7),))
    result = made.add("dot", rows, w)
    assert labels(made.plan(result)) == ["dot"]
    np.testing.assert_allclose(made.run(result)[0], made.alone(result)[0], rtol=1e-5, atol=1e-5)


def test_the_inner_dimension_is_cut_and_its_parts_are_added(pieces: str) -> None:
    made = Builder()
    x = made.input(numbers(6, 4, 5, 3))
    y = made.input(numbers(6, 2, 5, 3, seed=1))
    flat = [
        made.add("reshape", made.add("permute", v, attrs=((1, 0, 2, 3),)), attrs=((n, 90),))
        for v, n in ((x, 4), (y, 2))
    ]
    result = made.add("dot", flat[0], made.add("permute", flat[1], attrs=((1, 0),)))
    assert labels(made.plan(result)) == ["dot"]
    np.testing.assert_allclose(made.run(result)[0], made.alone(result)[0], rtol=1e-4, atol=1e-4)


def columns_and_rows(made: Builder, image: Array, grad: Array) -> int:
    """The product that gives the gradient of a convolution's weight."""
    images, channels, height, width = image.shape
    positions, outputs = images * (height - 2) * (width - 2), grad.shape[1]
    windows = made.add("windows", made.input(image), attrs=((2, 3), (3, 3), (1, 1), (1, 1)))
    columns = made.add("permute", windows, attrs=((0, 2, 3, 1, 4, 5),))
    columns = made.add("reshape", columns, attrs=((positions, channels * 9),))
    rows = made.add("permute", made.input(grad), attrs=((1, 0, 2, 3),))
    rows = made.add("reshape", rows, attrs=((outputs, positions),))
    return made.add("dot", rows, columns)


@pytest.mark.parametrize("infinite", [False, True])
@pytest.mark.parametrize("images", [1, 5])
def test_gaps_between_the_rows_of_an_image_count_for_nothing(
    images: int, infinite: bool, pieces: str
) -> None:
    """They are read with the rows, times zero, which is NaN where they are infinite."""
    image = numbers(images, 2, 9, 12)
    image[0, 0, 4, 11] = np.inf if infinite else 1e30  # the first tap of a window never sees it
    made = Builder()
    result = columns_and_rows(made, image, np.abs(numbers(images, 3, 7, 10, seed=1)))
    assert labels(made.plan(result)) == ["dot"]
    (found,), (expected,) = made.run(result), made.alone(result)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert np.isfinite(expected[:, 0]).all()
    assert np.isinf(expected).any() == infinite


def test_whole_numbers_have_no_rounding(pieces: str) -> None:
    made = Builder()
    source = np.random.default_rng(0)
    x = made.input(source.integers(-9, 9, (3, 2, 6, 6)))
    w = made.input(source.integers(-9, 9, (4, 18)))
    result = made.add("dot", made.add("expand", w, attrs=((3, 4, 18),)), columns_of(made, x))
    np.testing.assert_array_equal(made.run(result)[0], made.alone(result)[0])


@pytest.mark.parametrize(
    "shapes",
    [((70, 50), (50, 90)), ((90, 50), (50, 70)), ((9, 20, 30), (9, 30, 40)), ((1, 50), (50, 300))],
)
def test_products_cut_for_threads(shapes: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_blas, "PIECE", 1000)
    monkeypatch.setattr(_blas, "NARROWEST", 7)
    before = portfire.get_num_threads()
    portfire.set_num_threads(3)
    try:
        x, y = numbers(*shapes[0]), numbers(*shapes[1], seed=1)
        for a, b in ((x, y), (x, np.ascontiguousarray(y.swapaxes(-1, -2)).swapaxes(-1, -2))):
            out = np.full((*x.shape[:-1], y.shape[-1]), np.nan, np.float32)
            _blas.multiply(a, b, out)
            np.testing.assert_allclose(out, x.astype(float) @ y, rtol=1e-4, atol=1e-4)
    finally:
        portfire.set_num_threads(before)


def test_the_library_gets_its_threads_back() -> None:
    if _blas._control is None:
        pytest.skip("this build of NumPy does not tell how many threads its library uses")
    tell, _ = _blas._control
    before = tell()
    with _blas.one_thread():
        assert tell() == 1
        with _blas.one_thread():
            assert tell() == 1
        assert tell() == 1
    assert tell() == before
    with pytest.raises(IndexError, match="out of bounds"):
        portfire.arange(3).take(portfire.tensor([5])).tolist()
    assert tell() == before


def test_a_product_of_half_precision_is_exact_in_between() -> None:
    made = Builder()
    x = made.input(np.ones((1, 4096), np.float16))
    y = made.input(np.ones((4096, 1), np.float16))
    assert made.run(made.add("dot", x, y))[0].item() == 4096
