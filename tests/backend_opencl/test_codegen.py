"""Generated kernels against the operators' NumPy references, in both schedules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from portfire import _dtype
from portfire._dtype import DType
from portfire.ops._record import Kind, Operator, Sample, registry
from portfire_opencl.codegen import schedule
from tests.backend_opencl._run_plan import FACTS, TOLERANCE, Sketch, check, execute, run

SCHEDULES = ("cpu", "gpu")
DTYPES = ("float32", "float64", "float16", "int32", "int64", "int8", "uint8", "bool")
PRIMITIVES = [
    op
    for op in registry()
    if op.kind not in (Kind.COMPOSITE, Kind.HOST) and op.name not in ("input", "scalar")
]


def random(seed: int, *shape: int) -> np.ndarray[Any, Any]:
    """Return standard normal numbers."""
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def _argument(
    op: Operator, sample: Sample, position: int, kind: str, dtype: DType, rng: np.random.Generator
) -> np.ndarray[Any, Any]:
    shape = sample.shapes[position]
    if op.kind is Kind.INDEXING and position == 1:
        size = sample.shapes[0][sample.attrs[0]]
        return np.asarray(rng.integers(0, size, shape)).astype(np.int64)
    if op.name == "random_bits":
        return np.asarray(rng.integers(0, 2**31, shape)).astype(np.uint32)
    drawn = rng.uniform(sample.low, sample.high, shape)
    if kind == "b" or (op.name == "where" and position == 0):
        return np.asarray(drawn > 0)
    if kind == "i":
        drawn = np.asarray(drawn * 3)
        if position == 1 and (op.name == "pow" or op.name.startswith("shift")):
            drawn = np.abs(drawn)
    if dtype.name == "uint8":
        drawn = np.abs(drawn)
    return np.asarray(drawn).astype(dtype.numpy)


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_every_sample_of_every_primitive(schedule_name: str, name: str) -> None:
    # One program for all of them: a single build, and the multi-output machinery at work.
    dtype = _dtype.NAMES[name]
    kind = "f" if dtype.is_floating_point else ("b" if name == "bool" else "i")
    rng, sketch = np.random.default_rng(3), Sketch()
    outputs, labels = [], []
    for op in PRIMITIVES:
        for sample in op.samples:
            if sample.shapes and kind not in op.dtypes:
                continue
            inputs = [
                sketch.input(_argument(op, sample, n, kind, dtype, rng))
                for n in range(len(sample.shapes))
            ]
            outputs.append(sketch(op.name, *inputs, attrs=sample.attrs))
            labels.append(f"{op.name} {sample}")
    values, _ = run(sketch, *outputs, schedule_name=schedule_name)
    for label, got, want in zip(labels, values, sketch.reference(*outputs), strict=True):
        rtol, atol = TOLERANCE.get(got.dtype.name, (0, 0))
        np.testing.assert_allclose(got, want, rtol=3 * rtol, atol=3 * atol, err_msg=label)


def spread(sketch: Sketch, v: int, shape: Sequence[int], axes: Sequence[int]) -> int:
    """Reshape a reduction's result to size-1 axes and expand it again."""
    ones = tuple(1 if a in axes else n for a, n in enumerate(shape))
    return sketch("expand", sketch("reshape", v, attrs=(ones,)), attrs=(tuple(shape),))


def softmax(sketch: Sketch, x: int, logarithm: bool = False) -> int:
    """Add a softmax over the last axis."""
    shape = sketch.shape(x)
    axis = (len(shape) - 1,)
    shifted = sketch("sub", x, spread(sketch, sketch("max", x, attrs=(axis,)), shape, axis))
    powers = sketch("exp", shifted)
    total = sketch("sum", powers, attrs=(axis,))
    if logarithm:
        return sketch("sub", shifted, spread(sketch, sketch("log", total), shape, axis))
    return sketch("div", powers, spread(sketch, total, shape, axis))


def layer_norm(sketch: Sketch, x: int) -> int:
    """Add a layer normalization over the last axis, with weight and bias."""
    shape = sketch.shape(x)
    axis = (len(shape) - 1,)
    weight, bias = sketch.input(random(1, shape[-1])), sketch.input(random(2, shape[-1]))
    part = sketch.scalar(1 / shape[-1])
    mean = sketch("mul", sketch("sum", x, attrs=(axis,)), part)
    centered = sketch("sub", x, spread(sketch, mean, shape, axis))
    squares = sketch("sum", sketch("mul", centered, centered), attrs=(axis,))
    variance = sketch("add", sketch("mul", squares, part), sketch.scalar(1e-5))
    unit = sketch("div", centered, spread(sketch, sketch("sqrt", variance), shape, axis))
    scaled = sketch("mul", unit, sketch("expand", weight, attrs=(shape,)))
    return sketch("add", scaled, sketch("expand", bias, attrs=(shape,)))


def adam(sketch: Sketch, *shape: int) -> tuple[int, int, int]:
    """Add Adam's update of one parameter; inputs 0 to 3 are p, g, m and v."""
    p, g, m = (sketch.input(random(n, *shape)) for n in range(3))
    v = sketch.input(np.abs(random(3, *shape)))
    number = sketch.scalar
    mean = sketch("add", sketch("mul", m, number(0.9)), sketch("mul", g, number(0.1)))
    square = sketch("mul", sketch("mul", g, g), number(0.001))
    spread_ = sketch("add", sketch("mul", v, number(0.999)), square)
    bottom = sketch("add", sketch("sqrt", sketch("mul", spread_, number(1.2))), number(1e-8))
    step = sketch("div", sketch("mul", mean, number(0.01)), bottom)
    return sketch("sub", p, step), mean, spread_


@pytest.mark.parametrize("shape", [(50, 64), (33, 10), (7, 1000), (3, 5, 50)])
@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_normalizations_take_one_kernel(schedule_name: str, shape: tuple[int, ...]) -> None:
    for make in (softmax, lambda s, x: softmax(s, x, logarithm=True), layer_norm):
        sketch = Sketch()
        out = make(sketch, sketch.input(random(5, *shape)))
        plan = check(sketch, out, schedule_name=schedule_name, scale=10)
        assert len(plan.launches) == 1


@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_adam_takes_one_kernel_and_no_memory(schedule_name: str) -> None:
    sketch = Sketch()
    outputs = adam(sketch, 33, 21)
    plan = check(sketch, *outputs, schedule_name=schedule_name, donated=(0, 2, 3))
    assert len(plan.launches) == 1
    assert plan.donated == {0, 2, 3}
    assert not plan.allocations


@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_sums_over_any_axes_take_at_most_two_kernels(schedule_name: str) -> None:
    cases: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((300, 333), (0,)), ((300, 333), (1,)), ((300, 333), (0, 1)), ((8, 3, 40, 41), (0, 2, 3)),
        ((64, 8, 133), (0, 2)), ((5, 6, 7), (1,)), ((100_003,), (0,)), ((3, 30_000), (1,)),
        ((2, 3, 4, 5), (0, 3)), ((40_000, 2), (0,)),
    ]  # fmt: skip
    for shape, axes in cases:
        sketch = Sketch()
        x = sketch.input(random(0, *shape))
        for op in ("sum", "max", "min"):
            plan = schedule(sketch.program(sketch(op, x, attrs=(axes,))), FACTS[schedule_name])
            assert len(plan.launches) <= 2
        outputs = range(1, len(sketch.steps))
        check(sketch, *outputs, schedule_name=schedule_name, scale=20)


@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_long_scans_and_extremes_in_chunks(schedule_name: str) -> None:
    sketch = Sketch()
    x = sketch.input(random(0, 50_001))
    y = sketch.input(random(1, 30_000, 3))
    whole = sketch.input(np.arange(40_000) % 7)
    outputs = (
        sketch("cumsum", x, attrs=(0,)),
        sketch("cumsum", y, attrs=(0,)),
        sketch("cumsum", whole, attrs=(0,)),
        sketch("argmax", x, attrs=(0,)),
        sketch("argmin", y, attrs=(0,)),
        sketch("argmax", whole, attrs=(0,)),
    )
    check(sketch, *outputs, schedule_name=schedule_name, scale=100)


@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_linear_bias_relu_is_one_product_kernel(schedule_name: str) -> None:
    sketch = Sketch()
    x, w, b = (sketch.input(random(n, *s)) for n, s in enumerate([(20, 40), (33, 40), (33,)]))
    product = sketch("dot", x, sketch("permute", w, attrs=((1, 0),)))
    biased = sketch("add", product, sketch("expand", b, attrs=((20, 33),)))
    out = sketch("maximum", biased, sketch("full", attrs=((), 0.0, _dtype.float32)))
    plan = check(sketch, out, schedule_name=schedule_name, scale=10)
    assert len([one for one in plan.launches if "pack" not in one.label]) == 1


@pytest.mark.parametrize("size", [8, 14, 9, 28, 32])
@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_convolution_through_the_product(schedule_name: str, size: int) -> None:
    stride = 2 if size == 9 else 1
    sketch = Sketch()
    x, w = sketch.input(random(0, 2, 3, size, size)), sketch.input(random(1, 5, 27))
    padded = sketch("pad", x, attrs=((0, 0, 1, 1), (0, 0, 1, 1), (1, 1, 1, 1)))
    windows = sketch("windows", padded, attrs=((2, 3), (3, 3), (stride, stride), (1, 1)))
    area = sketch.shape(windows)[2] ** 2
    columns = sketch("permute", windows, attrs=((0, 1, 4, 5, 2, 3),))
    columns = sketch("reshape", columns, attrs=((2, 27, area),))
    weights = sketch("expand", sketch("reshape", w, attrs=((1, 5, 27),)), attrs=((2, 5, 27),))
    out = sketch("dot", weights, columns)
    grad = sketch("reshape", sketch("permute", out, attrs=((1, 0, 2),)), attrs=((5, 2 * area),))
    turned = sketch("permute", windows, attrs=((0, 2, 3, 1, 4, 5),))
    turned = sketch("reshape", turned, attrs=((2 * area, 27),))
    check(sketch, out, sketch("dot", grad, turned), schedule_name=schedule_name, scale=200)


@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_transposes_by_tiles(schedule_name: str) -> None:
    sketch = Sketch()
    outputs = []
    for shape, axes in [
        ((33, 50), (1, 0)), ((2, 40, 3, 37), (0, 2, 3, 1)), ((64, 32), (1, 0)),
        ((5, 16, 16), (2, 0, 1)), ((17, 100, 18), (2, 1, 0)),
    ]:  # fmt: skip
        for dtype in (np.float32, np.int64, np.float16):
            x = sketch.input((random(0, *shape) * 9).astype(dtype))
            turned = sketch("permute", x, attrs=(axes,))
            outputs += [turned, sketch("add", turned, turned)]
    check(sketch, *outputs, schedule_name=schedule_name)


@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_special_values(schedule_name: str) -> None:
    edge = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -1.5, 2.5] * 5, np.float32)
    sketch = Sketch()
    x, y = sketch.input(edge), sketch.input(np.roll(edge, 3))
    outputs = [sketch(op, x, y) for op in ("maximum", "minimum", "add", "div", "lt", "eq")]
    outputs += [sketch(op, x) for op in ("sign", "abs", "round", "exp", "tanh", "erf", "neg")]
    outputs += [sketch(op, x, attrs=((0,),)) for op in ("max", "min", "sum")]
    outputs += [sketch(op, x, attrs=(0,)) for op in ("argmax", "argmin")]
    check(sketch, *outputs, schedule_name=schedule_name)


@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_integer_rules(schedule_name: str) -> None:
    sketch = Sketch()
    for dtype in (np.int32, np.int64, np.int8):
        low = np.iinfo(dtype).min
        a = sketch.input(np.array([7, -7, 7, -7, low, 5, 0, low] * 3, dtype))
        b = sketch.input(np.array([2, 2, -2, -2, -1, 0, 0, 1] * 3, dtype))
        for op in ("floor_divide", "remainder", "add", "mul", "sub"):
            sketch(op, a, b)
    outputs = [v for v, step in enumerate(sketch.steps) if step.op.name != "input"]
    check(sketch, *outputs, schedule_name=schedule_name)


@pytest.mark.parametrize("schedule_name", SCHEDULES)
def test_zero_sizes_and_zero_dims(schedule_name: str) -> None:
    sketch = Sketch()
    empty, point = sketch.input(random(0, 0, 3)), sketch.input(np.float32(2.5))
    outputs = (
        sketch("exp", empty),
        sketch("sum", empty, attrs=((0,),)),
        sketch("exp", point),
        sketch("sum", point, attrs=((),)),
        empty,
        sketch("add", point, sketch.scalar(1.0)),
    )
    plan = check(sketch, *outputs, schedule_name=schedule_name)
    assert plan.outputs[4] == 0


@pytest.mark.parametrize("schedule_name", SCHEDULES)
@pytest.mark.parametrize("bad", [-1, 5, 2**40])
def test_bad_index_is_reported_and_touches_nothing(schedule_name: str, bad: int) -> None:
    sketch = Sketch()
    x = sketch.input(random(0, 4, 5))
    index = sketch.input(np.array([0, 3, bad]))
    source = sketch.input(random(1, 4, 3))
    taken = sketch("take", x, index, attrs=(1,))
    put = sketch("put", x, index, source, attrs=(1, "add"))
    for out in (taken, put):
        plan = schedule(sketch.program(out), FACTS[schedule_name])
        _, word = execute(plan, sketch.buffers, (), [sketch.steps[out].spec])
        assert word == (1, bad)
        text = plan.sites[0].text.format(value=word[1])
        assert text.startswith(f"index {bad} is out of bounds for dimension 1 with size 5")


def test_guards_protect_data_dependent_reads() -> None:
    # The index array is read only where the padded element exists.
    sketch = Sketch()
    x, index = sketch.input(random(0, 6)), sketch.input(np.array([5, 1, 2]))
    padded = sketch("pad", sketch("take", x, index, attrs=(0,)), attrs=((20,), (1,), (2,)))
    check(sketch, padded)


def test_random_bits_are_the_same_in_both_schedules() -> None:
    sketch = Sketch()
    key = [sketch.scalar(n, _dtype.uint32) for n in (7, 2**32 - 1, 5)]
    bits = sketch("random_bits", *key, attrs=((33, 20),))
    x = sketch.input(random(0, 33, 20))
    limit = sketch.scalar(2**31, _dtype.uint32)
    dropped = sketch("mul", x, sketch("cast", sketch("lt", bits, limit), attrs=(_dtype.float32,)))
    for name in SCHEDULES:
        plan = check(sketch, dropped, bits, schedule_name=name)
        assert len(plan.launches) == 1


def test_put_set_keeps_the_last_of_duplicates() -> None:
    sketch = Sketch()
    base = sketch.input(np.zeros((5, 20), np.float32))
    index = sketch.input(np.array([3, 1, 3, 3]))
    source = sketch.input(random(0, 4, 20))
    for name in SCHEDULES:
        check(sketch, sketch("put", base, index, source, attrs=(0, "set")), schedule_name=name)


def test_rounding_to_half_happens_at_the_cast() -> None:
    sketch = Sketch()
    x = sketch.input(np.array([1.0001, 70000.0, 1e-8, -2049.0] * 5, np.float32))
    half = sketch("cast", x, attrs=(_dtype.float16,))
    check(sketch, sketch("cast", half, attrs=(_dtype.float32,)), half)
