"""Convolution kernels: each family forced on each shape, against float64 sums over the taps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

import portfire
import portfire.nn
from portfire import _dtype
from portfire._dispatch import apply
from portfire.ops import lookup
from portfire_opencl._plan import DeviceFacts, Plan
from portfire_opencl.codegen import convolve, schedule
from portfire_opencl.codegen._convolve_plan import Positions, choose
from portfire_opencl.codegen.rewrite import build
from tests.backend_opencl._run_plan import CPU, FACTS, Sketch, execute

Pair = tuple[int, int]


@dataclass(frozen=True)
class Case:
    """One convolution: N, C, H, W; K, kh, kw; the rest as in the operator."""

    image: tuple[int, int, int, int]
    filters: int
    taps: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    dtype: Any = np.float32

    @property
    def settings(self) -> tuple[Any, ...]:
        return self.stride, self.padding, self.dilation, self.groups

    def weight(self) -> tuple[int, ...]:
        return (self.filters, self.image[1] // self.groups, *self.taps)


CASES = {
    "whole rows": Case((4, 16, 32, 32), 24, (3, 3), padding=(1, 1)),
    "rows of 14": Case((9, 9, 14, 14), 17, (3, 3), padding=(1, 1)),
    "rows of 7, images together": Case((37, 8, 7, 7), 8, (3, 3), padding=(1, 1)),
    "no padding, odd sizes": Case((3, 8, 9, 33), 9, (3, 3)),
    "blocks of rows": Case((1, 12, 67, 90), 8, (3, 3), padding=(1, 1)),
    "unequal padding": Case((2, 8, 16, 16), 8, (3, 3), padding=(0, 3)),
    "5 x 5": Case((2, 3, 28, 28), 10, (5, 5), padding=(2, 2)),
    "stride 2": Case((2, 8, 33, 31), 12, (3, 3), stride=(2, 2), padding=(1, 1)),
    "stride 2, even": Case((2, 8, 32, 64), 12, (3, 3), stride=(2, 2), padding=(1, 1)),
    "stride 2, 1 x 1": Case((2, 8, 32, 32), 12, (1, 1), stride=(2, 2)),
    "strides 3 and 1, 2 x 4": Case((2, 2, 9, 27), 3, (2, 4), stride=(3, 1), padding=(0, 3)),
    "depthwise": Case((2, 12, 20, 18), 12, (3, 3), padding=(1, 1), groups=12),
    "groups, dilation": Case((2, 12, 20, 18), 24, (3, 5), (1, 2), (2, 0), (2, 1), 4),
    "stride and dilation": Case((2, 5, 27, 30), 9, (4, 4), (3, 3), (1, 0), (2, 2)),
    "narrower than a vector": Case((2, 4, 7, 3), 9, (3, 3), padding=(2, 2)),
    "one row": Case((3, 2, 1, 40), 5, (1, 9), padding=(0, 4)),
    "float64": Case((2, 8, 12, 18), 8, (3, 3), padding=(1, 1), dtype=np.float64),
}
WINOGRAD = [
    name
    for name, case in CASES.items()
    if case.taps == (3, 3) and case.stride == case.dilation == (1, 1)
]
STRIDED = [name for name, case in CASES.items() if case.stride != (1, 1)]
FORCED = [("direct", name) for name in CASES] + [("winograd", name) for name in WINOGRAD]


def drawn(seed: int, shape: Sequence[int], dtype: Any = np.float32) -> Any:
    return np.random.default_rng(seed).standard_normal(tuple(shape)).astype(dtype)


def product(sketch: Sketch, rows: int, columns: int) -> int:
    """A product whose rows are the same for all images."""
    shape = sketch.shape(columns)[:-2] + sketch.shape(rows)[-2:]
    return sketch("dot", sketch("expand", rows, attrs=(shape,)), columns)


def reshaped(sketch: Sketch, v: int, *shape: int) -> int:
    return sketch("reshape", v, attrs=(shape,))


def windows(sketch: Sketch, case: Case, x: int) -> int:
    (top, left), ones = case.padding, (1, 1, 1, 1)
    if top or left:
        x = sketch("pad", x, attrs=((0, 0, top, left), (0, 0, top, left), ones))
    return sketch("windows", x, attrs=((2, 3), case.taps, case.stride, case.dilation))


def forward(sketch: Sketch, case: Case, x: int, weight: int) -> int:
    """The convolution as the movements and the product that its decomposition records."""
    seen = windows(sketch, case, x)
    images, channels, height, width = sketch.shape(seen)[:4]
    depth = channels // case.groups * case.taps[0] * case.taps[1]
    batch = (images,) if case.groups == 1 else (images, case.groups)
    columns = sketch("permute", seen, attrs=((0, 1, 4, 5, 2, 3),))
    columns = reshaped(sketch, columns, *batch, depth, height * width)
    rows = reshaped(sketch, weight, *batch[1:], case.filters // case.groups, depth)
    result = product(sketch, rows, columns)
    return reshaped(sketch, result, images, case.filters, height, width)


def weight_grad(sketch: Sketch, case: Case, x: int, g: int) -> int:
    seen = windows(sketch, case, x)
    images, channels, height, width = sketch.shape(seen)[:4]
    inner, outer = channels // case.groups, case.filters // case.groups
    groups, places = case.groups, images * height * width
    grads = reshaped(sketch, g, images, groups, outer, height, width)
    grads = sketch("permute", grads, attrs=((1, 2, 0, 3, 4),))
    grads = reshaped(sketch, grads, groups, outer, places)
    columns = reshaped(sketch, seen, images, groups, inner, height, width, *case.taps)
    columns = sketch("permute", columns, attrs=((1, 0, 3, 4, 2, 5, 6),))
    columns = reshaped(sketch, columns, groups, places, inner * case.taps[0] * case.taps[1])
    return reshaped(sketch, sketch("dot", grads, columns), *case.weight())


def wide(case: Case, name: str, *arrays: Any) -> Any:
    """The NumPy reference of an operator, in float64."""
    operator = lookup(name)
    return operator.reference(*(a.astype(np.float64) for a in arrays), *case.settings)


def check(
    sketch: Sketch, result: int, expected: Any, facts: DeviceFacts, families: set[str] | None
) -> Plan:
    """Run a program and compare; the families that its convolutions must have."""
    found = convolve.choices(build(sketch.program(result)), facts)
    if families is not None:
        assert {chosen.family for _, chosen in found.values()} == families
    plan = schedule(sketch.program(result), facts)
    (got,), word = execute(plan, sketch.buffers, sketch.numbers, [sketch.steps[result].spec])
    assert word == (0, 0)
    eps = np.finfo(got.dtype).eps
    scale = max(np.abs(expected).max(), 1e-30)
    np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=20 * eps)
    return plan


@pytest.fixture
def force(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Take this family for all convolutions."""
    return lambda family: monkeypatch.setattr(convolve, "choose", partial(choose, family=family))


@pytest.mark.parametrize(("family", "name"), FORCED)
def test_forward(force: Any, family: str, name: str) -> None:
    case = CASES[name]
    x, weight = drawn(0, case.image, case.dtype), drawn(1, case.weight(), case.dtype)
    sketch = Sketch()
    result = forward(sketch, case, sketch.input(x), sketch.input(weight))
    force(family)
    check(sketch, result, wide(case, "convolution", x, weight), CPU, {family})


@pytest.mark.parametrize("name", CASES)
def test_weight_gradient(name: str) -> None:
    case = CASES[name]
    x, weight = drawn(0, case.image, case.dtype), drawn(1, case.weight(), case.dtype)
    g = drawn(2, wide(case, "convolution", x, weight).shape, case.dtype)
    sketch = Sketch()
    result = weight_grad(sketch, case, sketch.input(x), sketch.input(g))
    operator = lookup("convolution_weight_grad")
    expected = operator.reference(
        x.astype(np.float64), g.astype(np.float64), case.taps, *case.settings
    )
    check(sketch, result, expected, CPU, {"weight"})


@pytest.mark.parametrize("lanes", [4, 8])
@pytest.mark.parametrize("name", ["rows of 14", "stride 2", "depthwise"])
def test_shorter_vectors(name: str, lanes: int) -> None:
    case, facts = CASES[name], replace(CPU, vector=lanes)
    x, weight = drawn(0, case.image), drawn(1, case.weight())
    sketch = Sketch()
    a, b = sketch.input(x), sketch.input(weight)
    expected = wide(case, "convolution", x, weight)
    check(sketch, forward(sketch, case, a, b), expected, facts, None)
    g = drawn(2, expected.shape)
    result = weight_grad(sketch, case, a, sketch.input(g))
    expected = lookup("convolution_weight_grad").reference(
        x.astype(np.float64), g.astype(np.float64), case.taps, *case.settings
    )
    check(sketch, result, expected, facts, {"weight"})


@pytest.mark.parametrize("name", ["rows of 14", "groups, dilation"])
def test_the_general_product_is_the_twin(name: str) -> None:
    case = CASES[name]
    x, weight = drawn(0, case.image), drawn(1, case.weight())
    sketch = Sketch()
    result = forward(sketch, case, sketch.input(x), sketch.input(weight))
    check(sketch, result, wide(case, "convolution", x, weight), FACTS["gpu"], set())


@pytest.mark.parametrize("name", STRIDED)
def test_input_gradient(name: str) -> None:
    """Strides included, whose phases are interleaved when results are stored."""
    case = CASES[name]
    x, weight = drawn(0, case.image, case.dtype), drawn(1, case.weight(), case.dtype)
    g = drawn(2, wide(case, "convolution", x, weight).shape, case.dtype)
    operator = lookup("convolution_input_grad")
    inputs = [portfire.tensor(array, device="opencl") for array in (g, weight)]
    got = apply(operator, inputs, (case.image[2:], *case.settings)).cpu().numpy()
    expected = operator.reference(
        g.astype(np.float64), weight.astype(np.float64), case.image[2:], *case.settings
    )
    scale = np.abs(expected).max()
    atol = 20 * np.finfo(got.dtype).eps
    np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=atol)


def test_one_spatial_dim() -> None:
    x, weight = drawn(0, (6, 8, 50)), drawn(1, (10, 8, 3))
    sketch = Sketch()
    padded = sketch("pad", sketch.input(x), attrs=((0, 0, 2), (0, 0, 1), (1, 1, 1)))
    seen = sketch("windows", padded, attrs=((2,), (3,), (2,), (1,)))
    columns = sketch("permute", seen, attrs=((0, 1, 3, 2),))
    columns = reshaped(sketch, columns, 6, 24, 26)
    result = product(sketch, reshaped(sketch, sketch.input(weight), 10, 24), columns)
    wider = np.pad(x, ((0, 0), (0, 0), (2, 1))).astype(np.float64)
    expected = lookup("convolution").reference(
        wider, weight.astype(np.float64), (2,), (0,), (1,), 1
    )
    check(sketch, result, expected, CPU, {"direct"})


def test_one_long_row_is_left_to_the_general_product() -> None:
    """A row is never cut, so there would be no work to share."""
    sketch = Sketch()
    x, weight = sketch.input(drawn(0, (1, 8, 1, 400))), sketch.input(drawn(1, (10, 8, 1, 9)))
    result = forward(sketch, Case((1, 8, 1, 400), 10, (1, 9)), x, weight)
    assert convolve.choices(build(sketch.program(result)), CPU) == {}


def test_a_strided_input_gradient_is_interleaved_by_its_kernel() -> None:
    g, weight = (
        portfire.tensor(drawn(0, s), device="opencl") for s in ((4, 8, 9, 9), (8, 4, 3, 3))
    )
    settings = ((18, 18), (2, 2), (1, 1), (1, 1), 1)
    image = apply(lookup("convolution_input_grad"), (g, weight), settings)
    plan = portfire.explain(image)
    assert [kernel.label for kernel in plan.kernels] == ["pack of dot+reshape", "dot+reshape"]


def test_results_are_finished_where_they_are_made() -> None:
    """Padding before and bias, ReLU and a cast after a convolution take no launch."""
    case = CASES["whole rows"]
    sketch = Sketch()
    x, weight = sketch.input(drawn(0, case.image)), sketch.input(drawn(1, case.weight()))
    y = forward(sketch, case, x, weight)
    bias = reshaped(sketch, sketch.input(drawn(2, (24,))), 1, 24, 1, 1)
    y = sketch("add", y, sketch("expand", bias, attrs=(sketch.shape(y),)))
    zero = sketch("full", attrs=((), 0.0, _dtype.float32))
    y = sketch("cast", sketch("maximum", y, zero), attrs=(_dtype.float64,))
    labels = [launch.label for launch in schedule(sketch.program(y), CPU).launches]
    assert labels == ["transform of dot+cast", "dot+cast"]
    (got,), _ = execute(
        schedule(sketch.program(y), CPU), sketch.buffers, sketch.numbers, [sketch.steps[y].spec]
    )
    (expected,) = sketch.reference(y)
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_a_padded_image_that_others_read_is_stored() -> None:
    case = CASES["unequal padding"]
    sketch = Sketch()
    x, weight = sketch.input(drawn(0, case.image)), sketch.input(drawn(1, case.weight()))
    y = forward(sketch, case, x, weight)
    pad = next(v for v, step in enumerate(sketch.steps) if step.op.name == "pad")
    values, _ = execute(
        schedule(sketch.program(y, pad), CPU),
        sketch.buffers,
        sketch.numbers,
        [sketch.steps[v].spec for v in (y, pad)],
    )
    for got, expected in zip(values, sketch.reference(y, pad), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_a_weight_gradient_keeps_channels_apart(special: float) -> None:
    """What is not finite in one channel, or beyond it in memory, does not reach another."""
    case = CASES["rows of 14"]
    x = drawn(0, case.image)
    x[:, 4] = special
    g = drawn(2, (case.image[0], case.filters, 14, 14))
    sketch = Sketch()
    result = weight_grad(sketch, case, sketch.input(x), sketch.input(g))
    plan = schedule(sketch.program(result), CPU)
    (got,), _ = execute(plan, sketch.buffers, sketch.numbers, [sketch.steps[result].spec])
    finite = np.isfinite(got).all(axis=(0, 2, 3))
    assert list(np.flatnonzero(~finite)) == [4]


def test_a_product_of_other_windows_is_none() -> None:
    """Windows whose channels come after the taps are no convolution's columns."""
    sketch = Sketch()
    x = sketch.input(drawn(0, (2, 3, 8, 8)))
    seen = sketch("windows", x, attrs=((2, 3), (3, 3), (1, 1), (1, 1)))
    columns = sketch("permute", seen, attrs=((0, 4, 5, 1, 2, 3),))
    columns = reshaped(sketch, columns, 2, 27, 36)
    result = product(sketch, sketch.input(drawn(1, (20, 27))), columns)
    plan = schedule(sketch.program(result), CPU)
    assert convolve.choices(build(sketch.program(result)), CPU) == {}
    (got,), _ = execute(plan, sketch.buffers, sketch.numbers, [sketch.steps[result].spec])
    np.testing.assert_allclose(got, sketch.reference(result)[0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("columns", "pitch", "flat", "count"),
    [(32, 34, False, 64), (28, 30, True, 60), (7, 9, True, 18)],
)
def test_positions_take_the_fewest_vectors(
    columns: int, pitch: int, flat: bool, count: int
) -> None:
    best = Positions.best(1, 32, columns, 34 * pitch, pitch, 16)
    assert (best.flat, best.count) == (flat, count)
