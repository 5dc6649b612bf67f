"""The engine: plans are built once, memory stays flat, errors hit only what they concern."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import portfire
from portfire import _device, engine
from portfire.engine import Value
from portfire.testing import fake_devices, null_device


@pytest.fixture(autouse=True)
def _verified() -> Iterator[None]:
    old = engine.set_verifying(True)
    yield
    engine.set_verifying(old)


def recorder(device: str) -> Any:
    return _device.resolve(device)


def live_values() -> int:
    gc.collect()
    return sum(type(found) is Value for found in gc.get_objects())


def mlp(device: str) -> Callable[[int], portfire.Tensor]:
    """Return a training step of a small network with a changing learning rate and momentum."""
    portfire.manual_seed(0)
    x = portfire.randn(16, 4, device=device)
    y = (x.sum(1, keepdim=True) > 0).to(portfire.float32)
    weights = [
        portfire.randn(4, 8, device=device, requires_grad=True),
        portfire.zeros(8, device=device, requires_grad=True),
        portfire.randn(8, 1, device=device, requires_grad=True),
    ]
    speeds = [portfire.zeros_like(w.detach()) for w in weights]

    def step(number: int) -> portfire.Tensor:
        hidden = portfire.relu(x @ weights[0] + weights[1])
        loss = ((portfire.sigmoid(hidden @ weights[2]) - y) ** 2).mean()
        loss.backward()
        with portfire.no_grad():
            for weight, speed in zip(weights, speeds, strict=True):
                assert weight.grad is not None
                speed.mul_(0.9).add_(weight.grad)
                weight.sub_(speed, alpha=0.1 / (1 + number))
                weight.grad = None
        portfire.flush()
        return loss.detach()

    return step


# Plans


def test_a_training_loop_builds_no_plan_after_its_first_steps(device: str) -> None:
    step = mlp(device)
    for number in range(3):
        step(number)
    built = recorder(device).plans_built
    losses = [step(number) for number in range(3, 30)]
    assert recorder(device).plans_built == built
    assert losses[-1].item() < losses[0].item()


def test_the_number_does_not_matter_to_the_plan(device: str) -> None:
    x = portfire.tensor([1.0] * 5, device=device)
    (x * 2.5 + 1).tolist()
    built = recorder(device).plans_built
    results = []
    for number in (3.5, -1.0, 0.0, 1e30):
        results.append((x * number + number).tolist()[0])
    assert recorder(device).plans_built == built
    assert results == pytest.approx([7.0, -2.0, 0.0, 2e30])


def test_the_structure_does_matter() -> None:
    with null_device() as null:
        x = portfire.tensor([1.0] * 5, device="null")
        (x * 2).tolist()
        (x * 2).tolist()
        assert len(null.programs) == 1
        (x + 2).tolist()
        assert len(null.programs) == 2
        kept = x * 2
        (kept + 2).tolist()  # two results
        (x * 2 + 2).tolist()  # one result
        assert len(null.programs) == 4


def test_a_number_survives_a_flush_before_its_operator() -> None:
    """The left number is noted first, then the cast of the right operand fills the graph."""
    x = portfire.ones(2, dtype=portfire.int64, device="cpu")
    old = engine.set_eager(True)
    try:
        assert (2.5 * x).tolist() == [2.5, 2.5]
    finally:
        engine.set_eager(old)


def test_plans_are_bounded() -> None:
    with null_device() as null:
        record = recorder("null")
        x = portfire.ones(1, device="null")
        for size in range(engine._recorder.MAX_PLANS + 20):
            x.expand(size + 1).sum().tolist()
        assert len(null.programs) > engine._recorder.MAX_PLANS
        assert len(record._plans) <= engine._recorder.MAX_PLANS


def test_a_long_graph_is_flushed_on_the_way() -> None:
    with null_device() as null:
        x = portfire.ones(1, device="null")
        for _ in range(2 * engine._recorder.MAX_PENDING):
            x = x + 1
        assert len(null.launches) >= 1
        assert max(len(p.instructions) for p in null.programs) <= 2 * engine._recorder.MAX_PENDING


# Memory


def test_ten_thousand_steps_hold_memory_flat() -> None:
    step = mlp("cpu")
    for number in range(20):
        step(number)
    before = live_values()
    transitions = len(recorder("cpu")._transitions)
    for number in range(20, 10_000):
        step(number)
    assert live_values() <= before + 2
    assert len(recorder("cpu")._transitions) <= transitions + 10
    assert not recorder("cpu")._refs


def test_buffers_are_as_many_as_tensors() -> None:
    with fake_devices():
        memory = recorder("fake").runtime.memory
        step = mlp("fake")
        step(0)
        step(1)
        gc.collect()
        held = memory().allocated
        for number in range(2, 40):
            step(number)
        gc.collect()
        assert memory().allocated == held


def test_a_flushed_value_drops_its_inputs(device: str) -> None:
    x = portfire.ones(4, device=device) * 2
    x.tolist()
    value = weakref.ref(x._read())
    y = x + 1
    y.tolist()
    del x
    gc.collect()
    assert value() is None
    assert y.tolist() == [3, 3, 3, 3]


# What is stored


def test_what_is_reachable_is_computed_once() -> None:
    """Rule 1: a value that somebody still holds is stored by the flush that computes it."""
    with null_device() as null:
        x = portfire.tensor([1.0, 2.0, 3.0], device="null")
        kept = x.exp()
        (kept * 2).tolist()
        assert null.operators() == ["exp", "mul"]
        (kept * 3).tolist()
        assert null.operators() == ["mul"]


def test_what_nobody_holds_is_not_stored() -> None:
    with null_device() as null:
        (portfire.tensor([1.0, 2.0], device="null").exp() * 2).tolist()
        assert len(null.launches[-1].program.outputs) == 1


def test_what_the_backward_pass_saves_is_stored() -> None:
    with null_device() as null:
        x = portfire.tensor([1.0, 2.0, 3.0], device="null", requires_grad=True)
        loss = x.exp().sum()
        loss.item()
        assert "exp" in null.operators()
        loss.backward()
        assert x.grad is not None
        x.grad.tolist()
        assert "exp" not in null.operators()


def test_nothing_runs_before_somebody_asks() -> None:
    with null_device() as null:
        x = portfire.ones(3, device="null")
        for _ in range(10):
            x = x * 2 + 1
        assert null.launches == []
        x.tolist()
        assert len(null.launches) == 1


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x.tolist(),
        lambda x: x.sum().item(),
        lambda x: repr(x),
        lambda x: bool((x > 0).all()),
        lambda x: float(x.sum()),
        lambda x: int(x.sum()),
        lambda x: x.numpy(force=True),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: 1.0 in x,
        lambda x: portfire.flush(),
    ],
)
def test_who_asks(ask: Callable[[portfire.Tensor], Any], device: str) -> None:
    x = portfire.ones(3, device=device) + 1
    before = recorder(device).flushes
    ask(x)
    assert recorder(device).flushes > before


# Errors that only the run finds


def test_a_failing_branch_does_not_harm_the_others(device: str) -> None:
    x = portfire.arange(6.0, device=device)
    good = x * 2
    bad = x[portfire.tensor([1, 99], device=device)]
    also_good = x + 1
    after = bad * 2
    with pytest.raises(IndexError, match="index 99 is out of bounds for dimension 0 with size 6"):
        bad.tolist()
    assert good.tolist() == [0, 2, 4, 6, 8, 10]
    assert also_good.tolist() == [1, 2, 3, 4, 5, 6]
    for lost in (bad, after) if device == "cpu" else ():  # others work ahead, and report once
        with pytest.raises((IndexError, RuntimeError), match="index 99 is out of bounds"):
            lost.tolist()


def test_a_failing_write_leaves_what_was_there(device: str) -> None:
    x = portfire.zeros(4, device=device)
    x.tolist()
    y = portfire.ones(2, device=device) * 3
    with pytest.raises((IndexError, RuntimeError), match="out of bounds"):
        (x[portfire.tensor([7], device=device)] + 1).tolist()
    assert x.tolist() == [0, 0, 0, 0]
    assert y.tolist() == [3, 3]


def test_a_failed_write_leaves_what_was_there() -> None:
    x = portfire.arange(4, device="cpu")
    view = x[1:]
    x[0] = 5
    x[portfire.tensor([7], device="cpu")] = 1
    with pytest.raises(IndexError, match="index 7 is out of bounds"):
        view.tolist()
    assert x.tolist() == [5, 1, 2, 3]
    assert view.tolist() == [1, 2, 3]


def test_what_is_written_after_a_failure_in_the_same_flush_is_undone_only_if_it_depends() -> None:
    weight, other = portfire.ones(2, device="cpu"), portfire.ones(2, device="cpu")
    wrong = weight[portfire.tensor([2], device="cpu")]
    weight.add_(wrong)
    other.add_(1)
    with pytest.raises(IndexError, match="index 2 is out of bounds"):
        weight.tolist()
    assert weight.tolist() == [1, 1]
    assert other.tolist() == [2, 2]


def test_a_failure_that_lost_its_inputs_computes_nothing_from_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with null_device() as null:
        state = portfire.ones(2, device="null") + 1
        portfire.flush()
        state.add_(1)
        other = portfire.ones(3, device="null") * 2
        compiled = []

        def compile(program: Any) -> Any:
            def execute(buffers: Any, scalars: Any) -> Any:
                error = MemoryError("no room for the second launch")
                error.inputs_lost = True  # type: ignore[attr-defined]  # what the contract says
                raise error

            compiled.append(program)
            return execute

        monkeypatch.setattr(null, "compile", compile)
        with pytest.raises(MemoryError, match="no room for the second launch"):
            portfire.flush()
        assert len(compiled) == 1
        for lost in (state, other):
            with pytest.raises(RuntimeError, match=r"has no value.*no room for the second"):
                lost.tolist()


def test_the_error_names_operator_and_shapes(device: str) -> None:
    x = portfire.zeros(4, 3, device=device)
    with pytest.raises(IndexError, match="index 4 is out of bounds") as caught:
        x[portfire.tensor([4], device=device)].tolist()
    text = " ".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert "take" in text
    assert "4, 3" in text


def test_work_goes_on_after_an_error(device: str) -> None:
    x = portfire.zeros(4, device=device)
    for index in (4, -5, 9):
        with pytest.raises(IndexError, match="out of bounds"):
            x[portfire.tensor([index], device=device)].tolist()
        assert (x + index).tolist() == [index] * 4


# Eager mode, threads


def test_eager_mode_runs_each_operation() -> None:
    old = engine.set_eager(True)
    try:
        with null_device() as null:
            x = portfire.ones(3, device="null")
            before = len(null.launches)
            y = (x + 1) * 2
            assert len(null.launches) == before + 2
            assert not y._read().is_pending
        x = portfire.zeros(3, device="cpu")
        with pytest.raises(IndexError, match="out of bounds"):
            x[portfire.tensor([5], device="cpu")]
    finally:
        engine.set_eager(old)


def test_eager_mode_by_the_environment() -> None:
    """The line of the wrong index raises, and not the one that reads the result."""
    lines = [
        "import portfire",
        "x = portfire.zeros(3)",
        "try:",
        "    y = x[portfire.tensor([5])]",
        "except IndexError as error:",
        "    print('eager:', error)",
        "else:",
        "    print('lazy')",
    ]
    for value, expected in (("1", "eager: index 5 is out of bounds"), ("0", "lazy")):
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            env={**os.environ, "PORTFIRE_EAGER": value},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith(expected)


def test_eager_mode_raises_at_the_operation(device: str) -> None:
    old = engine.set_eager(True)
    try:
        x = portfire.zeros(3, device=device)
        index = portfire.tensor([5], device=device)
        with pytest.raises(IndexError, match="index 5 is out of bounds"):
            x[index]
    finally:
        engine.set_eager(old)


def test_threads_share_a_device(device: str) -> None:
    shared = portfire.arange(8.0, device=device)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(15):
                x = shared * number + i
                y = x.reshape(2, 4).sum(1)
                assert y.tolist() == [6 * number + 4 * i, 22 * number + 4 * i]
        except BaseException as error:  # noqa: BLE001  (reported below)
            failures.append(error)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_tensors_travel_between_threads(device: str) -> None:
    made: list[portfire.Tensor] = []
    thread = threading.Thread(target=lambda: made.append(portfire.ones(3, device=device) * 5))
    thread.start()
    thread.join()
    assert (made[0] + 1).tolist() == [6, 6, 6]
