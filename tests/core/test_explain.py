"""`explain` shows the plan of what is pending, and changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

import portfire
from portfire import _device
from portfire.testing import null_device


def computed(device: str, *shape: int) -> portfire.Tensor:
    x = portfire.ones(*shape, device=device)
    x.tolist()
    return x


def state(device: str) -> tuple[Any, ...]:
    """All of a recorder that a flush, or an operator, would change."""
    r = _device.resolve(device)
    return r.epoch, r._state, len(r._steps), len(r._buffers), r.flushes, r.plans_built


def test_it_lists_what_would_run(device: str) -> None:
    x = computed(device, 4, 8)
    plan = portfire.explain((x * 2 + 1).sum())
    assert plan.operators == ("mul", "add", "sum")
    assert [name for one in plan.kernels for name in one.operators] == ["mul", "add", "sum"]
    text = repr(plan)
    assert f"Pending on {x.device}" in text
    assert "3 operators" in text
    assert sum(plan.kernels[-1].writes) == 4


def test_it_changes_nothing(device: str) -> None:
    x = computed(device, 4, 8)
    y = x * 2
    z = y + 1
    before = state(device)
    for tensor in (x, x[1], x.t()[2:], y, y[::2], z.reshape(8, 4)):
        repr(portfire.explain(tensor))
    assert state(device) == before
    assert z[0].tolist() == [3.0] * 8
    assert x[1].tolist() == [1.0] * 8


def test_a_view_is_part_of_the_plan(device: str) -> None:
    x = computed(device, 4, 8)
    assert "slice" in portfire.explain(x[1:3]).operators
    y = x + 1
    assert portfire.explain(y[1:3]).operators == ("add", "slice")
    assert portfire.explain(y).operators == ("add",)


def test_what_is_computed_needs_nothing(device: str) -> None:
    x = computed(device, 2)
    plan = portfire.explain(x)
    assert (plan.kernels, plan.source, plan.operators) == ((), "", ())
    assert repr(plan).startswith("The tensor is computed already. Nothing has to run")
    y = x + 1  # noqa: F841 - held, so that it is pending
    plan = portfire.explain(x)
    assert plan.operators == ("add",)
    assert repr(plan).startswith("The tensor is computed already. Pending")


def test_values_that_nobody_holds_are_left_out(device: str) -> None:
    x = computed(device, 2)
    y = x.exp()
    del y
    z = x + 1
    assert portfire.explain(z).operators == ("add",)


def test_gradients_are_in_the_plan(device: str) -> None:
    x = computed(device, 3, 4).requires_grad_()
    w = computed(device, 4, 2).requires_grad_()
    (x @ w).sum().backward()
    assert w.grad is not None
    assert portfire.explain(w.grad).operators.count("dot") == 2
    assert w.grad.tolist() == [[3.0, 3.0]] * 4


def test_work_and_bytes_of_a_product(device: str) -> None:
    x, y = computed(device, 16, 32), computed(device, 32, 8)
    plan = portfire.explain(x @ y)
    (product,) = [one for one in plan.kernels if one.flops]
    assert product.flops == 2 * 16 * 32 * 8
    assert product.writes == (4 * 16 * 8,)


@pytest.mark.parametrize("exported", [False, True])
def test_what_runs_at_once_is_explained_too(exported: bool) -> None:
    x = computed("cpu", 3)
    if exported:
        x.numpy()  # from now on, everything that reads x is run when it is recorded
    before = state("cpu")
    assert portfire.explain(x[1:]).operators == ("slice",)
    assert state("cpu") == before


def test_a_tensor_without_a_value_says_why(device: str) -> None:
    x = computed(device, 3)
    index = portfire.tensor([7], device=device)
    bad = portfire.ops.lookup("take")
    y = portfire._dispatch.apply(bad, (x, index), attrs=(0,))
    assert "take" in portfire.explain(y).operators
    with pytest.raises(IndexError, match="index 7 is out of bounds"):
        y.tolist()
    if y._storage.value.buffer is None:
        with pytest.raises(RuntimeError, match="has no value, because the operation that"):
            portfire.explain(y)


def test_a_device_without_describe_lists_its_steps() -> None:
    with null_device() as null:
        x = portfire.ones(2, 3, device="null")
        plan = portfire.explain(x * 3 + 1)
        assert not null.programs
    assert [one.label for one in plan.kernels] == ["full", "mul", "add"]
    assert plan.kernels[1].reads == (24, 4)
    assert plan.kernels[1].result == "[2, 3] float32"
    assert (plan.source, plan.boundaries) == ("", ())
    assert "step  operator  result" in repr(plan)
