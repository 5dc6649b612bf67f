"""Where the elements lie: operator x dtype x layout x device, forward, backward and in place.

`test_operators.py` asks what an operator gives; here the same samples lie in every other layout.
On the host all combinations run. On a device that compiles, where each is a kernel, an operator
gets one dtype and one layout, which change from one operator to the next.
"""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _device, ops
from portfire import testing as kit
from portfire.ops import Kind, Operator, Sample, Spec
from portfire.testing.checks import expected_of, record
from portfire.testing.samples import numbers, seed_of

# Composites of nn are in the same registry where it is installed.
with contextlib.suppress(ModuleNotFoundError):
    import portfire.nn

Array = np.ndarray[Any, Any]

MOVED = [name for name in sorted(kit.LAYOUTS) if name != "contiguous"]
OPERATORS = [op for op in ops.registry() if any(sample.shapes for sample in op.samples)]
ELEMENTWISE = [op for op in OPERATORS if op.kind is Kind.ELEMENTWISE]
# An expanded input repeats its first row, which some operators are not differentiable (or not
# defined) at: equal extremes share the gradient, and a matrix of equal rows is singular.
REPEATED = ("max", "min", "reduce_along", "sort", "cummax", "cummin")
# Neighbors in place: two overlapping parts of one tensor, the first of which is written.
OVERLAPS: dict[str, Any] = {
    "the next row": lambda x: (x[:-1], x[1:]),
    "the row before": lambda x: (x[1:], x[:-1]),
    "itself turned": lambda x: (x, x.T),
    "every second": lambda x: (x[::2], x[: (len(x) + 1) // 2]),
}


def named(items: Any) -> Any:
    return pytest.mark.parametrize("op", items, ids=lambda op: op.name)


def layouts_of(op: Operator, gradient: bool = False) -> list[str]:
    """The layouts that an operator is tested in."""
    fixed = op.kind is Kind.HOST or (gradient and op.name in REPEATED)
    return [name for name in MOVED if name != "expanded" or not fixed]


def one_of(items: list[Any], *parts: object) -> list[Any]:
    """One item for one combination, always the same."""
    return [items[seed_of(*parts) % len(items)]]


def dtypes_of(op: Operator, device: str) -> list[Any]:
    """All dtypes on the host; elsewhere one, not float32, which `test_operators.py` takes."""
    has = _device.resolve(device).runtime.dtypes
    dtypes = [dtype for dtype in kit.dtypes_of(op) if dtype in has]
    if device == "cpu":
        return dtypes
    return one_of([d for d in dtypes if d is not portfire.float32] or dtypes, "dtype", op.name)


def programs_of(items: Any, device: str, *parts: object) -> list[Any]:
    """All variants on the host; elsewhere one, because each is a kernel to compile."""
    return list(items) if device == "cpu" else one_of(list(items), *parts)


def runs_on(op: Operator, device: str) -> bool:
    """Tell whether a device computes an operator itself; decompositions are the host's."""
    runtime = _device.resolve(device).runtime
    return op.kind is not Kind.HOST or op.name in getattr(runtime, "host_operators", ())


@named(OPERATORS)
def test_values_in_every_dtype(op: Operator, device: str) -> None:
    if not runs_on(op, device):
        pytest.skip(f"{device} does not compute {op.name}")
    for dtype in dtypes_of(op, device):
        layouts = programs_of(layouts_of(op), device, "forward", op.name, dtype.name)
        kit.check_forward(op, dtype, device, layouts)


@named([op for op in OPERATORS if op.gradient is not None])
def test_gradients(op: Operator, device: str) -> None:
    """The inputs are leaves in a layout, and the incoming gradient lies in it too."""
    if not runs_on(op, device):
        pytest.skip(f"{device} does not compute {op.name}")
    has = _device.resolve(device).runtime.dtypes
    dtype = portfire.float64 if portfire.float64 in has else portfire.float32
    smooth = [s for s in enumerate(op.samples) if kit.differentiable(op, s[1])]
    if smooth:
        for number, sample in programs_of(smooth, device, "sample", op.name):
            (layout,) = one_of(layouts_of(op, True), "backward", op.name, number)
            kit.check_gradient(op, sample, dtype, device, layout)


@named(ELEMENTWISE)
def test_shapes_without_elements_and_without_dimensions(op: Operator, device: str) -> None:
    """In each dtype; all results are recorded before the first one is read."""
    sample = op.samples[0]
    wanted = []
    for dtype in dtypes_of(op, device):
        for shape in ((), (0,), (2, 0, 3), (1, 1, 1)):
            small = sample._replace(shapes=tuple(shape for _ in sample.shapes))
            arrays = kit.arrays_of(op, small, dtype)
            tensors = [portfire.tensor(a, device=device) for a in arrays]
            result = record(op, tensors, small.attrs, device)
            wanted.append((result, expected_of(op, arrays, small.attrs), f"{op.name} {shape}"))
    for result, expected, label in wanted:
        kit.assert_close(result, expected, message=label)


@named([op for op in ELEMENTWISE if all(len(s.shapes) == 2 for s in op.samples)])
def test_in_place_on_itself(op: Operator, device: str) -> None:
    """The tensor that is written is read too, at other places: the old values count."""
    sample = Sample(((6, 6),), (), op.samples[0].low, op.samples[0].high)
    wanted = []
    for dtype in dtypes_of(op, device):
        if op.infer((Spec((6, 6), dtype),) * 2, op.samples[0].attrs).dtype is not dtype:
            continue
        for name in programs_of(OVERLAPS, device, "overlap", op.name):
            parts = OVERLAPS[name]
            rng = np.random.default_rng(seed_of(op.name, dtype.name, name))
            array = numbers(rng, (6, 6), dtype, sample.low, sample.high)
            base = portfire.tensor(array, device=device)
            first, second = parts(base)
            first.copy_(record(op, [first, second], op.samples[0].attrs, device))
            left, right = parts(array)
            left[...] = expected_of(op, [left.copy(), right.copy()], op.samples[0].attrs)
            wanted.append((base, array, f"{op.name} of {dtype.name} with {name}"))
    for base, array, label in wanted:
        kit.assert_close(base, array, message=label)


@pytest.mark.parametrize("name", sorted(OVERLAPS))
@pytest.mark.parametrize("dtype", ["float32", "float16", "int64", "uint8", "bool"])
def test_copies_between_overlapping_parts(name: str, dtype: str, device: str) -> None:
    array = numbers(np.random.default_rng(3), (6, 6), getattr(portfire, dtype), -3, 4)
    base = portfire.tensor(array, device=device)
    base.tolist()  # so that the copy starts from a buffer that the plan could write into
    first, second = OVERLAPS[name](base)
    first.copy_(second)
    left, right = OVERLAPS[name](array)
    left[...] = right.copy()
    assert base.tolist() == array.tolist()


MANY = [op for op in OPERATORS if op.kind not in (Kind.ELEMENTWISE, Kind.COMPOSITE, Kind.HOST)]


@named(MANY)
def test_the_samples_of_a_record_include_small_ones(op: Operator) -> None:
    """`test_shapes_without_elements...` makes those of elementwise operators by itself."""
    shapes = [shape for sample in op.samples for shape in sample.shapes]
    if any(shapes):  # there are none for an operator that takes numbers only
        assert any(0 in shape for shape in shapes), "none is empty"
