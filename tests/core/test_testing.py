"""The kit itself: a check that finds nothing has to be shown finding something."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import ops
from portfire import testing as kit
from portfire.backend import BackendSpec
from portfire.testing import Tolerance, assert_close

EXP, TAKE, ADD = (ops.lookup(name) for name in ("exp", "take", "add"))


class Wrong(kit.ReferenceRuntime):
    """A device on which some operators are replaced."""

    def __init__(self, **table: Any) -> None:
        super().__init__("wrong")
        self.table = {**self.table, **table}


def wrong(**table: Any) -> Any:
    return kit.fake_devices(BackendSpec("wrong", lambda: 1, lambda index: Wrong(**table)))


@pytest.mark.parametrize(
    ("actual", "expected", "pattern"),
    [
        (np.ones(2, np.float32), np.ones(3, np.float32), r"expected shape \(3,\), got \(2,\)"),
        (np.ones(2, np.float32), np.ones(2), "expected dtype float64, got float32"),
        (np.array([1.0, 2.0]), np.array([1.0, 2.1]), r"1 of 2 elements differ, the first at \[1\]"),
        (np.array([1, 2]), np.array([1, 3]), r"expected 3, got 2"),
        (np.array([np.nan]), np.array([1.0]), "1 of 1 elements differ"),
        (np.array([np.inf]), np.array([-np.inf]), "1 of 1 elements differ"),
        (np.array([np.inf]), np.array([1e300]), "1 of 1 elements differ"),
    ],
)
def test_differences_are_found(actual: Any, expected: Any, pattern: str) -> None:
    with pytest.raises(AssertionError, match=pattern):
        assert_close(actual, expected)


def test_what_is_close() -> None:
    assert_close(np.array([np.nan, np.inf, -np.inf]), np.array([np.nan, np.inf, -np.inf]))
    assert_close(np.float32([1.00001]), np.float32([1.0]))
    assert_close(np.array([1.1]), np.array([1.0]), Tolerance(0.2, 0))
    assert_close(portfire.ones(2), portfire.ones(2))
    assert_close(portfire.ones(()), 1.0)
    assert_close(np.zeros((0, 3)), np.zeros((0, 3)))
    with pytest.raises(AssertionError, match=r"^here: 1 of 1 elements"):
        assert_close(np.ones(1), np.zeros(1), message="here")


def test_a_wrong_value_is_found() -> None:
    with wrong(exp=lambda x: np.exp(x) * x.dtype.type(1.001)):
        with pytest.raises(AssertionError, match="exp of float32 on wrong, sample 0"):
            kit.check_forward(EXP, portfire.float32, "wrong")
        with pytest.raises(AssertionError, match="exp on wrong"):
            kit.check_operator(EXP, EXP.samples[0], portfire.float32, "wrong")
        kit.check_forward(ADD, portfire.float32, "wrong", kit.LAYOUTS)


def test_a_wrong_value_at_the_edges_is_found() -> None:
    with wrong(exp=lambda x: np.where(np.isnan(x), 0, np.exp(x)).astype(x.dtype)):
        kit.check_forward(EXP, portfire.float32, "wrong")
        with pytest.raises(AssertionError, match="its inputs are"):
            kit.check_edges(EXP, portfire.float32, "wrong")


def test_a_wrong_layout_is_found() -> None:
    """A device that ignores the step of a slice is right until a step is used."""
    first = ops.lookup("slice").reference
    with wrong(slice=lambda x, starts, sizes, steps: first(x, starts, sizes, (1,) * len(steps))):
        kit.check_forward(EXP, portfire.float32, "wrong", ["contiguous", "offset"])
        with pytest.raises(AssertionError, match="stepped"):
            kit.check_forward(EXP, portfire.float32, "wrong", ["stepped"])


def test_a_wrong_gradient_is_found() -> None:
    twice = dataclasses.replace(EXP, gradient=lambda ctx, g: (g * ctx.output * 2,))
    for check in (kit.check_gradient,):
        with pytest.raises(AssertionError, match="gradient of input 0 of exp on cpu"):
            check(twice, EXP.samples[0], portfire.float64, "cpu")
    missing = dataclasses.replace(EXP, gradient=lambda ctx, g: (None,))
    with pytest.raises(AssertionError, match="gradient of input 0 of exp"):
        kit.check_gradient(missing, EXP.samples[0], portfire.float64, "cpu")


def test_a_gradient_that_can_not_be_differentiated_again_is_found() -> None:
    def rule(ctx: Any, g: Any) -> Any:
        return (g * ctx.output.detach(),)

    with pytest.raises(AssertionError, match="second gradient of exp"):
        kit.check_second_gradient(dataclasses.replace(EXP, gradient=rule), EXP.samples[0], "cpu")


def test_an_error_that_is_not_raised_is_found() -> None:
    call = ADD.errors[0]
    kit.check_wrong_call(ADD, call, "cpu")
    with pytest.raises(AssertionError, match="expected a text like 'nonsense'"):
        kit.check_wrong_call(ADD, call._replace(match="nonsense"), "cpu")
    fine = call._replace(specs=(call.specs[0], call.specs[0]))
    with pytest.raises(AssertionError, match="add accepts"):
        kit.check_wrong_call(ADD, fine, "cpu")


def test_a_device_that_reads_out_of_bounds_is_found() -> None:
    clipped = wrong(take=lambda x, index, axis: np.take(x, index, axis=axis, mode="clip"))
    pattern = "take on wrong takes the index -1 of 5"
    with clipped, pytest.raises(AssertionError, match=pattern):
        kit.check_wrong_index(TAKE, TAKE.samples[0], "wrong")


def test_numeric_gradients() -> None:
    x, y = np.array([1.0, 2.0]), np.array([3, 4])
    slopes = kit.numeric_gradients(lambda a, b: a * a * b, [x, y], np.ones(2))
    assert slopes[0] is not None
    assert slopes[0].tolist() == pytest.approx([6, 16])
    assert slopes[1] is None


def test_directional_derivative() -> None:
    def function(arrays: Any) -> float:
        return float((arrays[0] ** 2).sum())

    slope = kit.directional_derivative(function, [np.array([1.0, 2.0])], [np.array([1.0, -1.0])])
    assert slope == pytest.approx(-2)


def test_the_fakes_are_devices_like_others() -> None:
    with kit.fake_devices():
        assert {"fake", "single", "tiny"} <= set(portfire.plugins.backend_specs())
        assert portfire.ones(1, device="fake:1").device.index == 1
        with pytest.raises(RuntimeError, match="invalid device ordinal fake:2: fake has 2 devices"):
            portfire.ones(1, device="fake:2")
    assert "fake" not in portfire.plugins.backend_specs()
    with pytest.raises(RuntimeError, match="has no device type 'fake'"):
        portfire.ones(1, device="fake")


def test_the_memory_of_a_fake_is_counted() -> None:
    runtime = kit.ReferenceRuntime("small", limit=100)
    buffer = runtime.upload(np.zeros(10))
    assert runtime.memory().allocated == 80
    with pytest.raises(portfire.OutOfMemoryError, match="tried to allocate 80 bytes; in use"):
        runtime.upload(np.zeros(10))
    del buffer
    assert runtime.memory().allocated == 0
    assert runtime.memory().peak == 80


def test_the_null_device_notes_and_does_not_compute() -> None:
    with kit.null_device() as null:
        x = portfire.tensor([1.0, 2.0], device="null")
        assert (x * 3 + x).tolist() == [0, 0]
        assert null.uploads == 1
        assert null.operators() == ["mul", "add"]
        assert null.launches[0].scalars == (3,)
