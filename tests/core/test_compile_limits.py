"""portfire.compile: functions that have to be called each time, errors, and forms of the call."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import Tensor
from tests.core.compiling import Counted, make


@pytest.fixture
def calls() -> Iterator[Counted]:
    return Counted()  # type: ignore[return-value]  # pytest takes what a fixture returns


# When it cannot be left out


def test_reading_a_value(device: str) -> None:
    @portfire.compile
    def function(x: Tensor) -> Tensor:
        return x * 2 if x.sum().item() > 0 else x

    x = portfire.ones(2, device=device)
    with pytest.warns(UserWarning, match="function is called as it is.*reads the value of a"):
        assert function(x).tolist() == [2, 2]
    assert function(-x).tolist() == [-1, -1]
    assert function(x).tolist() == [2, 2]


def test_fullgraph_raises(device: str) -> None:
    @portfire.compile(fullgraph=True)
    def function(x: Tensor) -> Any:
        return x.sum().item()

    with pytest.raises(RuntimeError, match="it reads the value of a tensor on the host"):
        function(portfire.ones(2, device=device))


def test_changing_python_objects() -> None:
    seen: list[Tensor] = []

    @portfire.compile
    def function(x: Tensor) -> Tensor:
        seen.append(x * 2)
        return x + 1

    x = portfire.ones(2)
    with pytest.warns(UserWarning, match="it changes the size of a list"):
        results = [function(x).tolist() for _ in range(10)]
    assert results == [[2, 2]] * 10
    assert len(seen) == 10


def test_numbers_from_nowhere() -> None:
    numbers = itertools.count()

    @portfire.compile
    def function(x: Tensor) -> Tensor:
        return x * next(numbers)

    x = portfire.ones(1)
    with pytest.warns(UserWarning, match="each call does something else"):
        results = [function(x).item() for _ in range(20)]
    assert results == list(range(20))


def test_data_of_arrays_is_not_a_constant() -> None:
    array = np.ones(2, np.float32)

    @portfire.compile
    def function(x: Tensor) -> Tensor:
        return x * portfire.tensor(array)

    def call(i: int) -> Any:
        array[0] = i
        return function(portfire.ones(2)).tolist()

    with pytest.warns(UserWarning, match="it makes tensors of NumPy arrays that may change"):
        results = [call(i) for i in range(8)]
    assert results == [[i, 1] for i in range(8)]


class Cave:
    """Attributes where nobody looks."""

    __slots__ = ("tensor",)
    tensor: Tensor


@pytest.mark.parametrize(
    ("use", "message"),
    [
        (lambda cave, x: x + cave.tensor, "it reads a tensor that is none of its arguments"),
        (lambda cave, x: cave.tensor.fill_(1), "it changes a tensor that is none of its"),
        (lambda cave, x: [x + 1, Cave()], "it returns a Cave"),
        (lambda cave, x: portfire.ones(1, requires_grad=True), "it returns a new tensor that re"),
    ],
)
def test_what_cannot_be_followed(use: Any, message: str) -> None:
    cave = Cave()
    cave.tensor = portfire.zeros(2)
    function = make(lambda x: use(cave, x))
    with pytest.warns(UserWarning, match=message):
        _ = [function(portfire.ones(2)) for _ in range(6)]


def test_too_many_kinds_of_calls(device: str, calls: Counted) -> None:
    @portfire.compile(name="increment", recompile_limit=2)
    def function(x: Tensor) -> Tensor:
        calls()
        return x + 1

    with pytest.warns(UserWarning, match="increment is called .* for 2 kinds of calls") as caught:
        results = [function(portfire.ones(1 + i // 3, device=device)).tolist() for i in range(12)]
    assert results == [[2] * (1 + i // 3) for i in range(12)]
    assert [warning.filename for warning in caught] == [__file__]
    calls.since()
    assert function(portfire.ones(2, device=device)).tolist() == [2, 2]
    assert calls.since() == 0


def test_errors_of_the_function(device: str, calls: Counted) -> None:
    @portfire.compile
    def function(x: Tensor, fail: bool) -> Tensor:
        calls()
        y = x + 1
        if fail:
            raise ValueError("as it should")
        return y

    x = portfire.ones(2, device=device)
    for _ in range(3):
        with pytest.raises(ValueError, match="as it should"):
            function(x, True)
        assert function(x, False).tolist() == [2, 2]
    assert calls.since() == 5
    assert (x * 2).tolist() == [2, 2]


def test_errors_that_only_the_run_finds(device: str) -> None:
    total = portfire.zeros(2, device=device)

    @portfire.compile
    def function(x: Tensor, index: Tensor) -> Tensor:
        total.add_(1)
        return x[index]

    x = portfire.arange(3.0, device=device)
    for i in (0, 1, 2):
        assert function(x, portfire.tensor([i], device=device)).tolist() == [i]
    with pytest.raises(IndexError, match="index 3 is out of bounds"):
        function(x, portfire.tensor([3], device=device)).tolist()
    assert total.tolist() == [4, 4]


def test_compiled_in_compiled(device: str, calls: Counted) -> None:
    @portfire.compile
    def inner(x: Tensor) -> Tensor:
        calls()
        return x + 1

    @portfire.compile
    def outer(x: Tensor) -> Tensor:
        return inner(x) * 2

    x = portfire.ones(2, device=device)
    assert [outer(x).tolist() for _ in range(5)] == [[4, 4]] * 5
    assert calls.since() == 2
    assert inner(x).tolist() == [2, 2]


# How it is called


def test_forms() -> None:
    def function(x: Tensor) -> Tensor:
        """Say something."""
        return x + 1

    assert portfire.compile(function, disable=True) is function
    options: Any = {"dynamic": True, "mode": "max-autotune", "backend": "eager", "options": {}}
    compiled = portfire.compile(**options)(function)
    assert compiled.__doc__ == "Say something."
    assert compiled.__name__ == "function"
    assert compiled(portfire.ones(1)).item() == 2
    with pytest.raises(TypeError, match=r"compile\(\) takes a function or a module, not int"):
        make(3)


def test_eager_mode_calls(calls: Counted) -> None:
    @portfire.compile
    def function(x: Tensor) -> Tensor:
        calls()
        return x + 1

    with portfire.engine.eager():
        for _ in range(4):
            assert function(portfire.ones(1)).item() == 2
    assert calls.since() == 4


class Layer:
    """What the compiler takes for a module: an object with ``forward``."""

    def __init__(self) -> None:
        self.weight = portfire.ones(2)
        self.training = True

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight if self.training else x

    def __call__(self, x: Tensor) -> Tensor:
        return self.forward(x)


def test_objects_with_forward() -> None:
    layer = Layer()
    compiled = make(layer)
    assert isinstance(compiled, Layer)
    assert compiled.weight is layer.weight
    x = portfire.ones(2)
    for factor in (2.0, 3.0):
        layer.weight.fill_(factor)
        for _ in range(3):
            assert compiled(x).tolist() == [factor, factor]
    layer.training = False
    assert compiled(x).tolist() == [1, 1]
    kept: Any = compiled
    assert kept._orig_mod is layer
    copied = copy.deepcopy(compiled)
    assert copied.weight is not layer.weight
    assert type(copied) is not Layer
    assert pickle.loads(pickle.dumps(compiled))(x).tolist() == [1, 1]
