"""Every case of every family, on every device: values, forms, layouts, gradients, wrong calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _device
from portfire import testing as kit
from portfire.testing import LAYOUTS
from tests.conftest import available_devices
from tests.core.functions.case import (
    Array,
    Case,
    Wrong,
    arrays_of,
    call_with,
    convert,
    expected_of,
    flat,
    function_of,
    labelled,
)

# On the host each case runs in all of these; elsewhere in the first of each kind.
DTYPES = {"f": ("float32", "float64"), "i": ("int32", "int64", "uint8", "int8"), "b": ("bool",)}
INPLACE_LAYOUTS = ("contiguous", "transposed", "stepped")

CASES = list(labelled("CASES"))
WRONG = list(labelled("WRONG"))


def dtypes_of(case: Case, device: str) -> list[str]:
    has = {d.name for d in _device.resolve(device).runtime.dtypes}
    if any(t == "*" for t in kinds_of(case)):
        chosen = [name for kind in case.dtypes for name in DTYPES[kind]]
        if device != "cpu":
            chosen = [DTYPES[kind][0] for kind in case.dtypes]
    else:
        chosen = ["float32"]
    return [name for name in chosen if name in has]


def kinds_of(case: Case) -> list[str]:
    found: list[str] = []
    convert((case.args, case.kwargs), lambda t: found.append(t.kind))
    return found


def tensors_of(arrays: list[Array], device: str, layout: str = "contiguous") -> Any:
    """Tensors in a layout, and the arrays that they equal (a layout may repeat elements)."""
    made = [LAYOUTS[layout](a, device) for a in arrays]
    return [t for t, _ in made], [a for _, a in made]


def run(case: Case, tensors: list[Any], device: str) -> list[Any]:
    args, kwargs = call_with(case, tensors)
    with portfire.device(device):
        return flat(function_of(portfire, case.name)(*args, **kwargs))


def compare(case: Case, results: list[Any], expected: list[Array], label: str) -> None:
    assert len(results) == len(expected), label
    for number, (got, wanted) in enumerate(zip(results, expected, strict=True)):
        kit.assert_close(got, wanted, case.tolerance, f"{label}, result {number}")


def cases(condition: Any = lambda case: True) -> Any:
    """The cases for which something holds, each on the devices on which it is told."""
    chosen = [
        pytest.param(case, device, id=f"{label}-{device}")
        for label, case in CASES
        if condition(case)
        for device in available_devices()
        if device == "cpu" or not case.host
    ]
    return pytest.mark.parametrize(("case", "device"), chosen)


@cases()
def test_values(case: Case, device: str) -> None:
    """All dtypes; all results are recorded before the first is read, so they are one program."""
    pending = []
    for name in dtypes_of(case, device):
        arrays = arrays_of(case, name)
        tensors, _ = tensors_of(arrays, device)
        pending.append((run(case, tensors, device), expected_of(case, arrays), name))
        if case.method:
            (self, *rest), kwargs = call_with(case, tensors)
            results = flat(getattr(self, case.name)(*rest, **kwargs))
            pending.append((results, expected_of(case, arrays), f"{name} as a method"))
    for results, expected, label in pending:
        compare(case, results, expected, f"{case.name} of {label} on {device}")


@cases(lambda case: case.layouts and bool(kinds_of(case)))
def test_layouts(case: Case, device: str) -> None:
    name = dtypes_of(case, device)[0]
    pending = []
    for layout in sorted(LAYOUTS) if device == "cpu" else ["stepped", "pending"]:
        tensors, arrays = tensors_of(arrays_of(case, name), device, layout)
        pending.append((run(case, tensors, device), expected_of(case, arrays), layout))
    for results, expected, label in pending:
        compare(case, results, expected, f"{case.name} of {name}, {label}, on {device}")


@cases(lambda case: case.inplace)
def test_in_place(case: Case, device: str) -> None:
    ran = 0
    for name in dtypes_of(case, device):
        expected = expected_of(case, arrays_of(case, name))
        if expected[0].dtype != name:
            continue
        for layout in INPLACE_LAYOUTS if device == "cpu" else INPLACE_LAYOUTS[-1:]:
            tensors, arrays = tensors_of(arrays_of(case, name), device, layout)
            (self, *rest), kwargs = call_with(case, tensors)
            alias = self.detach()
            assert getattr(self, f"{case.name}_")(*rest, **kwargs) is self
            compare(case, [alias], expected_of(case, arrays), f"{case.name}_ of {name}, {layout}")
            ran += 1
    assert ran


@cases(lambda case: case.out)
def test_out(case: Case, device: str) -> None:
    name = dtypes_of(case, device)[0]
    arrays = arrays_of(case, name)
    tensors, _ = tensors_of(arrays, device)
    expected = expected_of(case, arrays)
    receivers = [portfire.zeros(0, dtype=getattr(portfire, e.dtype.name), device=device)
                 for e in expected]  # fmt: skip
    args, kwargs = call_with(case, tensors)
    out = receivers[0] if len(receivers) == 1 else tuple(receivers)
    with portfire.device(device):
        results = flat(function_of(portfire, case.name)(*args, **kwargs, out=out))
    assert all(r is o for r, o in zip(results, receivers, strict=True))
    compare(case, receivers, expected, f"{case.name} with out=")


def differentiable(case: Case) -> bool:
    return case.grad and "f" in case.dtypes and any(k in "*f" for k in kinds_of(case))


def float_arrays(case: Case, dtype: str) -> list[Array]:
    arrays = arrays_of(case, dtype)
    return [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]


@cases(differentiable)
def test_gradients(case: Case, device: str) -> None:
    has = {d.name for d in _device.resolve(device).runtime.dtypes}
    dtype = "float64" if "float64" in has else "float32"
    arrays = float_arrays(case, dtype)
    expected = expected_of(case, arrays)
    rng = np.random.default_rng(1)
    weights = [rng.uniform(0.5, 1.5, e.shape).astype(dtype) for e in expected]
    tensors, _ = tensors_of(arrays, device)
    for t in tensors:
        t.requires_grad_(t.is_floating_point())
    results = run(case, tensors, device)
    total: Any = sum(
        (r * portfire.tensor(w, device=device)).sum()
        for r, w in zip(results, weights, strict=True)
        if r.requires_grad
    )
    total.backward()
    tracked = [r.requires_grad for r in results]

    def value(*point: Array) -> float:
        parts = zip(expected_of(case, list(point)), weights, tracked, strict=True)
        return float(sum((p.astype(np.float64) * w).sum() for p, w, used in parts if used))

    slopes = kit.numeric_gradients(value, arrays, np.ones(()))
    for number, (t, slope) in enumerate(zip(tensors, slopes, strict=True)):
        if slope is None:
            continue
        got = t.grad if t.grad is not None else portfire.zeros_like(t)
        tolerance = kit.GRADIENT[getattr(portfire, dtype)]
        label = f"gradient of input {number} of {case.name} on {device}"
        kit.assert_close(got, slope.astype(dtype), tolerance, label)


SECOND = [
    pytest.param(case, id=label) for label, case in CASES if differentiable(case) and case.second
]


@pytest.mark.parametrize("case", SECOND)
def test_second_gradients(case: Case) -> None:
    """On one device: the rules are the same for all, and `test_gradients` runs them."""
    arrays = float_arrays(case, "float64")
    rng = np.random.default_rng(2)
    floats = [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]
    weights: list[Any] = []

    def slope(point: Any, create_graph: bool) -> tuple[list[Any], Any]:
        """The weighted sum of the gradients, as a function of the inputs."""
        given = list(arrays)
        for i, a in zip(floats, point, strict=True):
            given[i] = a
        tensors, _ = tensors_of(given, "cpu")
        leaves = [tensors[i].requires_grad_(True) for i in floats]
        results = [r for r in run(case, tensors, "cpu") if r.requires_grad]
        # A square makes the gradient depend on the inputs also where the function is linear.
        total: Any = sum((r * r).sum() for r in results)
        grads = portfire.autograd.grad(
            total, leaves, create_graph=create_graph, materialize_grads=True
        )
        if not weights:
            weights.extend(rng.uniform(-1, 1, g.shape) for g in grads)
        made = [portfire.tensor(w, device="cpu") for w in weights]
        return leaves, sum((g * w).sum() for g, w in zip(grads, made, strict=True))

    point = [arrays[i] for i in floats]
    leaves, combined = slope(point, True)
    seconds = portfire.autograd.grad(combined, leaves, materialize_grads=True)
    directions = [rng.uniform(-1, 1, a.shape) for a in point]
    expected = kit.directional_derivative(
        lambda p: float(slope(p, False)[1].item()), point, directions
    )
    got = sum(float((s.numpy() * v).sum()) for s, v in zip(seconds, directions, strict=True))
    assert got == pytest.approx(expected, rel=1e-5, abs=1e-5), case.name


@pytest.mark.parametrize("wrong", [pytest.param(w, id=label) for label, w in WRONG])
def test_wrong_calls(wrong: Wrong) -> None:
    """They are refused before anything is recorded, so one device says it all."""

    def make(*shape: int, dtype: str = "float32") -> Any:
        return portfire.ones(*shape, dtype=getattr(portfire, dtype), device="cpu")

    with pytest.raises(wrong.error, match=wrong.pattern), portfire.device("cpu"):
        wrong.call(portfire, make)
