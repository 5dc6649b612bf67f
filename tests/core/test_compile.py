"""portfire.compile: it does what the function does, and calls it only where it has to."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import portfire
from portfire import Tensor
from portfire.testing import null_device
from tests.core.compiling import Counted, make, original


@pytest.fixture
def calls() -> Iterator[Counted]:
    return Counted()  # type: ignore[return-value]  # pytest takes what a fixture returns


def data(*shape: int, device: str, seed: int = 0) -> Tensor:
    array = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    return portfire.tensor(array, device=device)


# What it computes


def test_later_calls_do_not_call(device: str, calls: Counted) -> None:
    @portfire.compile
    def function(x: Tensor, y: Tensor) -> Tensor:
        calls()
        return (x * y + 1).sum()

    x = data(4, 3, device=device)
    results = [function(x, x * i).item() for i in range(6)]
    assert calls.since() == 2
    assert results == [(x * (x * i) + 1).sum().item() for i in range(6)]


def test_it_stays_lazy() -> None:
    with null_device() as null:
        function = make(lambda x: (x + 1) * 2)
        x = portfire.ones(3, device="null")
        for _ in range(3):
            function(x)
        before = len(null.launches)
        y = function(function(x)) + 1
        assert len(null.launches) == before
        y.tolist()
        assert null.operators() == ["add", "mul", "add", "mul", "add"]


class Pair(NamedTuple):
    first: Tensor
    second: Any


def test_structures(device: str, calls: Counted) -> None:
    @portfire.compile
    def function(pairs: list[Any], *, scale: dict[str, Any]) -> Any:
        calls()
        (a, b), (c, d) = pairs
        total = a + b * scale["by"]
        return {"sum": total, "rest": Pair(c * d, (scale["name"], None, [2.5])), "same": a}

    for i in range(5):
        a, b, c, d = (data(3, device=device, seed=4 * i + k) for k in range(4))
        found = function([(a, b), (c, d)], scale={"by": c, "name": "n"})
        assert found["sum"].tolist() == (a + b * c).tolist()
        assert isinstance(found["rest"], Pair)
        assert found["rest"].first.tolist() == (c * d).tolist()
        assert found["rest"].second == ("n", None, [2.5])
        assert found["same"] is a
    assert calls.since() == 2


def test_results_that_share_a_cell(device: str) -> None:
    @portfire.compile
    def function(x: Tensor) -> Any:
        y = x * 2
        return y, y[1:], y.t(), x[0], y

    for i in range(4):
        x = data(3, 3, device=device, seed=i)
        y, rest, turned, row, again = function(x)
        assert again is y
        y[1, 2] = 7
        assert rest.tolist()[0][2] == 7
        assert turned.tolist()[2][1] == 7
        x[0, 0] = 9
        assert row.tolist()[0] == 9


def test_writes(device: str, calls: Counted) -> None:
    total = portfire.zeros(3, device=device)

    @portfire.compile
    def function(x: Tensor, y: Tensor) -> None:
        calls()
        total.add_(x)
        y[1:].mul_(2)
        y[0] = total[0]

    expected = np.zeros(3, np.float32)
    for i in range(5):
        x, y = data(3, device=device, seed=i), portfire.ones(3, device=device)
        view = y[:2]
        function(x, y)
        expected += np.array(x.tolist(), np.float32)
        assert total.tolist() == expected.tolist()
        assert y.tolist() == [expected[0], 2, 2]
        assert view.tolist() == [expected[0], 2]
    assert calls.since() == 2
    total.zero_()
    x = portfire.ones(3, device=device)
    function(x, x)
    assert total.tolist() == [1, 1, 1]
    assert x.tolist() == [1, 2, 2]


def test_a_result_is_not_overwritten(device: str) -> None:
    state = portfire.zeros(2, device=device)

    @portfire.compile
    def function() -> Tensor:
        state.add_(1)
        return state * 1

    results = [function() for _ in range(6)]
    assert [r.tolist() for r in results] == [[i + 1, i + 1] for i in range(6)]
    before = state.detach().clone()
    function()
    assert before.tolist() == [6, 6]


def test_random_numbers_go_on(device: str, calls: Counted) -> None:
    @portfire.compile
    def function(x: Tensor) -> Tensor:
        calls()
        portfire.rand(2, device=x.device)  # drawn and not used
        return x + portfire.rand(3, device=x.device) * portfire.randn(3, device=x.device)

    x = portfire.zeros(3, device=device)
    portfire.manual_seed(3)
    compiled = [function(x).tolist() for _ in range(5)]
    after = portfire.rand(1).item()
    assert calls.since() == 2
    portfire.manual_seed(3)
    assert compiled == [original(function)(x).tolist() for _ in range(5)]
    assert portfire.rand(1).item() == after
    portfire.manual_seed(3)
    assert function(x).tolist() == compiled[0]


def test_host_data_is_a_constant(device: str, calls: Counted) -> None:
    @portfire.compile
    def function(x: Tensor) -> Tensor:
        calls()
        return x * portfire.tensor([1.0, 2.0, 3.0], device=x.device)

    assert [function(portfire.ones(3, device=device) * i).tolist() for i in range(4)] == [
        [i, 2 * i, 3 * i] for i in range(4)
    ]
    assert calls.since() == 2


def test_other_threads_wait(device: str, calls: Counted) -> None:
    found: list[Any] = []
    threads: list[threading.Thread] = []

    def elsewhere() -> None:
        found.append((portfire.ones(2, device=device).add_(1) * 2).tolist())

    def begin() -> threading.Thread:
        threads.append(threading.Thread(target=elsewhere))
        threads[-1].start()
        return threads[-1]

    start = iter(begin, None)  # an object of C, into which no watching sees

    @portfire.compile(fullgraph=True)
    def function(x: Tensor) -> Tensor:
        calls()
        next(start)
        return x + 1

    x = portfire.ones(2, device=device)
    assert [function(x).tolist() for _ in range(4)] == [[2, 2]] * 4
    for thread in threads:
        thread.join()
    assert found == [[4, 4]] * len(threads)
    assert calls.since() == len(threads)


# Gradients


def test_backward_through_a_result(device: str, calls: Counted) -> None:
    weight: Any = data(3, 2, device=device).requires_grad_()

    @portfire.compile
    def function(x: Tensor) -> Any:
        calls()
        hidden = (x @ weight).tanh()
        return hidden, (hidden * 2).sum(), hidden.detach()

    x: Any = None
    for i in range(5):
        x = data(4, 3, device=device, seed=i).requires_grad_()
        y, total, plain = function(x)
        assert y.requires_grad
        assert not plain.requires_grad
        (total + (y * y).sum()).backward()
        grads = x.grad.tolist(), weight.grad.tolist()
        x.grad = weight.grad = None
        y, total, _ = original(function)(x)
        (total + (y * y).sum()).backward()
        np.testing.assert_allclose(grads[0], x.grad.tolist(), rtol=1e-6)
        np.testing.assert_allclose(grads[1], weight.grad.tolist(), rtol=1e-6)
        weight.grad = None
        calls.since()
    weight.grad = x.grad = None
    loss = function(x)[1]
    assert calls.since() == 0
    loss.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        loss.backward()
    weight.grad = x.grad = None
    with pytest.raises(RuntimeError, match="create_graph=True needs the function as it was"):
        portfire.autograd.grad(function(x)[1], weight, create_graph=True)
    assert calls.since() == 0


def test_only_some_outputs_get_gradients(device: str) -> None:
    function = make(lambda x: (x * 2, x * x))
    for _ in range(4):
        x = portfire.tensor([1.0, 3.0], device=device, requires_grad=True)
        function(x)[1].sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [2, 6]


def test_arguments_in_the_middle_of_a_graph(device: str, calls: Counted) -> None:
    @portfire.compile
    def square(x: Tensor) -> Tensor:
        calls()
        return x * x

    for _ in range(4):
        x = portfire.tensor([1.0, 3.0], device=device, requires_grad=True)
        (square(square(x * 2)) + x).sum().backward()
        assert x.grad is not None
        assert x.grad.tolist() == [4 * 16 + 1, 4 * 16 * 27 + 1]
    assert calls.since() <= 3


def test_a_step_by_hand(device: str, calls: Counted) -> None:
    def training(compiled: bool) -> tuple[list[float], Any]:
        weight = data(5, 1, device=device, seed=1).requires_grad_()

        def step(x: Tensor, y: Tensor) -> Tensor:
            calls()
            weight.grad = None
            loss = ((x @ weight - y) ** 2).mean()
            loss.backward()
            with portfire.no_grad():
                weight.sub_(weight.grad, alpha=0.1)
            return loss

        function = portfire.compile(step) if compiled else step
        losses = []
        for i in range(8):
            x = data(7 if i != 5 else 4, 5, device=device, seed=i)
            losses.append(function(x, x.sum(1, keepdim=True)).item())
        assert weight.grad is not None
        with pytest.raises(RuntimeError, match="Trying to backward through the graph a second"):
            function(x, x.sum(1, keepdim=True)).backward()
        return losses, weight.grad.tolist()

    expected = training(False)
    calls.since()
    assert training(True) == expected
    assert calls.since() <= 5


def test_gradients_accumulate(device: str) -> None:
    weight = portfire.ones(2, device=device, requires_grad=True)

    @portfire.compile
    def function(x: Tensor) -> None:
        (weight * x).sum().backward()

    x = portfire.tensor([1.0, 2.0], device=device)
    for i in range(5):
        function(x)
        assert weight.grad is not None
        assert weight.grad.tolist() == [i + 1, 2 * (i + 1)]
    weight.grad = None
    function(x)
    assert weight.grad is not None
    assert weight.grad.tolist() == [1, 2]


# When the function is called again

FACTOR = 2.0


class Setting:
    def __init__(self) -> None:
        self.values = {"by": [3.0]}
        self.on = True

    @portfire.compile
    def __call__(self, x: Tensor) -> Tensor:
        return x * self.values["by"][0] if self.on else x * self.other()

    def other(self) -> float:
        return FACTOR


def test_it_notices_what_changes(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = Setting()
    x = portfire.ones(2, device=device)

    def found() -> Any:
        results = {setting(x).tolist()[0] for _ in range(4)}
        assert len(results) == 1
        return results.pop()

    assert found() == 3
    setting.values["by"][0] = 4.0
    assert found() == 4
    setting.on = False
    assert found() == 2
    monkeypatch.setitem(globals(), "FACTOR", 5.0)
    assert found() == 5
    setting.on = True
    assert found() == 4


def test_it_notices_other_arguments(device: str, calls: Counted) -> None:
    @portfire.compile
    def function(x: Tensor, power: float = 1, *, flip: bool = False) -> Tensor:
        calls()
        y = x**power
        return y.flip(0) if flip else y

    for shape in ((2,), (3,), (2, 2)):
        for options in ({}, {"power": 2}, {"power": 2.0}, {"flip": True}, {"flip": 1}):
            x = data(*shape, device=device)
            for _ in range(3):
                expected = original(function)(x, **options)
                assert function(x, **options).tolist() == expected.tolist()
    whole = portfire.arange(3, device=device)
    assert function(whole).dtype is portfire.int64
    calls.since()
    with portfire.no_grad():
        assert not function(portfire.ones(2, device=device, requires_grad=True)).requires_grad
    assert function(portfire.ones(2, device=device, requires_grad=True)).requires_grad
    assert calls.since() == 2


def test_arguments_that_are_one_tensor(device: str) -> None:
    @portfire.compile
    def function(x: Tensor, y: Tensor) -> Tensor:
        x.add_(1)
        return x * y

    for _ in range(4):
        one, two = portfire.ones(2, device=device), portfire.ones(2, device=device)
        assert function(one, two).tolist() == [2, 2]
        assert function(two, two).tolist() == [4, 4]
        assert function(two[:1], two[1:]).tolist() == [6]


def test_cells_that_shared_a_value(device: str) -> None:
    """Two cells have one value after a copy; when they part, neither stands for the other."""
    a, b = portfire.ones(2, device=device), portfire.zeros(2, device=device)
    b.copy_(a)
    function = make(lambda: a + b * 10)
    for _ in range(3):
        assert function().tolist() == [11, 11]
    b.add_(1)
    for _ in range(3):
        assert function().tolist() == [21, 21]


def test_another_tensor_in_a_variable(device: str) -> None:
    weight = portfire.ones(2, device=device)

    @portfire.compile
    def function(x: Tensor) -> Tensor:
        return x * weight

    x = portfire.ones(2, device=device)
    for value in (1.0, 2.0, 3.0):
        weight = portfire.ones(2, device=device) * value
        for _ in range(3):
            assert function(x).tolist() == [value, value]
    weight.data = portfire.ones(2, device=device) * 9
    assert function(x).tolist() == [9, 9]
