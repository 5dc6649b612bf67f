"""Parts of a model that are computed again in the backward pass."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest

import portfire
from portfire.autograd import grad
from portfire.utils.checkpoint import (
    CheckpointError,
    checkpoint,
    checkpoint_sequential,
    set_checkpoint_early_stop,
)

FORMS = pytest.mark.parametrize("reentrant", [True, False])


def leaf(*values: float, device: str = "cpu") -> portfire.Tensor:
    return portfire.tensor([float(v) for v in values], device=device, requires_grad=True)


def grad_of(x: portfire.Tensor) -> Any:
    assert x.grad is not None
    return x.grad.tolist()


@FORMS
def test_the_gradients_are_those_of_the_function(reentrant: bool, device: str) -> None:
    calls = []

    def function(x: Any, w: Any) -> Any:
        calls.append(portfire.is_grad_enabled())
        return (x @ w).tanh().exp() * w.sum()

    def gradients(**options: Any) -> Any:
        portfire.manual_seed(0)
        x = portfire.rand(4, 5, device=device, requires_grad=True)
        w = portfire.rand(5, 3, device=device, requires_grad=True)
        y = checkpoint(function, x, w, **options) if options else function(x, w)
        (y * y).mean().backward()
        return grad_of(x), grad_of(w)

    expected = gradients()
    calls.clear()
    found = gradients(use_reentrant=reentrant)
    assert calls == [not reentrant, True]
    for a, b in zip(found, expected, strict=True):
        assert portfire.allclose(portfire.tensor(a), portfire.tensor(b), rtol=1e-5)


@FORMS
def test_random_numbers_are_drawn_again(reentrant: bool) -> None:
    def run(keep: bool) -> bool:
        x = portfire.ones(1000, device="cpu", requires_grad=True)
        y = checkpoint(
            lambda x: x * (portfire.rand(1000, device="cpu") > 0.5),
            x,
            use_reentrant=reentrant,
            preserve_rng_state=keep,
        )
        before = portfire.rand(3, device="cpu")
        state = portfire.get_rng_state().tolist()
        y.sum().backward()
        assert before.shape == (3,)
        assert (portfire.get_rng_state().tolist() == state) is keep
        return bool((x.grad == y).all())

    assert run(True)
    assert not run(False)


def test_nothing_is_kept_for_the_backward_pass() -> None:
    x = leaf(1, 2)
    y = checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False)
    saved = y.grad_fn.saved
    assert [type(item).__name__ for item in saved] == ["Packed"]


def test_derivatives_of_higher_order() -> None:
    x = leaf(1, 2)
    y = checkpoint(lambda x, k=1: (x * x * k).sin(), x, use_reentrant=False, k=3)
    (first,) = grad(y.sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert second.tolist() == pytest.approx([-11.0203, 82.3296], rel=1e-5)


def test_a_graph_that_is_kept_and_one_that_is_not() -> None:
    x = leaf(1, 2)
    y = checkpoint(lambda x: (x * x).sin(), x, use_reentrant=False).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert grad_of(x) == pytest.approx([2.1612, -5.2291], rel=1e-4)
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


def test_the_second_call_ends_early() -> None:
    log = []

    def function(x: Any) -> Any:
        y = x.sin()
        log.append("after the last tensor that is saved")
        return y + 1

    for stop in (True, False):
        for early in (None, stop):
            log.clear()
            with set_checkpoint_early_stop(stop) if early is None else contextlib.nullcontext():
                options: Any = {} if early is None else {"early_stop": stop}
                y = checkpoint(function, leaf(1), use_reentrant=False, **options)
            y.sum().backward()
            assert len(log) == (1 if stop else 2)


def test_a_checkpoint_in_a_checkpoint() -> None:
    calls = []

    def inner(x: Any) -> Any:
        calls.append("inner")
        return x.sin().exp()

    def outer(x: Any) -> Any:
        return checkpoint(inner, x * 1, use_reentrant=False).cos()

    x, again = leaf(1, 2), leaf(1, 2)
    checkpoint(outer, x, use_reentrant=False).sum().backward()
    inner(again).cos().sum().backward()
    assert grad_of(x) == pytest.approx(grad_of(again))
    assert len(calls) == 4  # once more than with one checkpoint, and once to compare


def test_arguments_are_kept_as_they_were() -> None:
    x = leaf(1, 2)
    buffer = portfire.tensor([3.0, 4.0], device="cpu")
    y = checkpoint(lambda x, b: (x * b).exp(), x, buffer, use_reentrant=False)
    buffer.zero_()
    y.sum().backward()
    assert grad_of(x) == pytest.approx([3 * 20.0855, 4 * 2980.958], rel=1e-4)


def test_contexts_around_both_calls() -> None:
    log: list[str] = []

    class Note:
        def __init__(self, name: str) -> None:
            self.name = name

        def __enter__(self) -> None:
            log.append(self.name)

        def __exit__(self, *error: object) -> None:
            log.append("end of " + self.name)

    def contexts() -> Any:
        return Note("first"), Note("second")

    y = checkpoint(portfire.exp, leaf(1), use_reentrant=False, context_fn=contexts)
    y.sum().backward()
    assert log == ["first", "end of first", "second", "end of second"]


def test_without_gradients_it_is_a_call() -> None:
    with portfire.no_grad():
        y = checkpoint(portfire.exp, leaf(0), use_reentrant=False)
    assert (y.tolist(), y.requires_grad) == ([1], False)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True"):
        checkpoint(portfire.exp, portfire.ones(1, device="cpu"), use_reentrant=True)


def test_a_function_that_does_something_else_the_second_time() -> None:
    calls: list[int] = []

    def fewer(x: Any) -> Any:
        calls.append(1)
        return x.sin() if len(calls) > 1 else (x * x).sin()

    def longer(x: Any) -> Any:
        calls.append(1)
        return x[: len(calls)].sin().sum()

    y = checkpoint(fewer, leaf(1, 2), use_reentrant=False)
    with pytest.raises(CheckpointError, match="A different number of tensors was saved"):
        y.sum().backward()
    calls.clear()
    y = checkpoint(longer, leaf(1, 2), use_reentrant=False, debug=True)
    with pytest.raises(CheckpointError, match=r"(?s)different metadata than.*\[1\].*\[2\].*saved:"):
        y.backward()
    with pytest.raises(ValueError, match="determinism_check should be one of"):
        checkpoint(fewer, leaf(1), use_reentrant=False, determinism_check="strict")


def test_what_the_older_form_refuses() -> None:
    x = leaf(1, 2)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        y = checkpoint(lambda x: x * 2, x)
    with pytest.raises(RuntimeError, match=r"incompatible with .grad\(\) or passing an `inputs`"):
        grad(y.sum(), x)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: k"):
        checkpoint(lambda x, k: x, x, use_reentrant=True, k=3)
    with pytest.raises(ValueError, match="only supported when use_reentrant=False"):
        checkpoint(lambda x: x, x, use_reentrant=True, debug=True)
    y = checkpoint(lambda x: x.detach(), x, use_reentrant=True)
    with pytest.raises(RuntimeError, match=r"this checkpoint\(\) is not necessary"):
        y.sum().backward()


def test_the_older_form_takes_and_returns_anything() -> None:
    x = leaf(1, 2)
    a, nothing, plain = checkpoint(lambda x, k: (x * k, None, x.detach()), x, 3, use_reentrant=True)
    a.sum().backward()
    assert nothing is None
    assert plain.tolist() == [1, 2]
    assert grad_of(x) == [3, 3]


@FORMS
def test_sequences(reentrant: bool) -> None:
    calls = []

    def step(name: str, function: Any) -> Any:
        def call(x: Any) -> Any:
            calls.append(name)
            return function(x)

        return call

    steps = [
        step("a", lambda x: x * 2),
        step("b", portfire.sin),
        step("c", portfire.square),
        step("d", lambda x: x + 1),
    ]
    x = leaf(1, 2)
    checkpoint_sequential(steps, 2, x, use_reentrant=reentrant).sum().backward()
    assert grad_of(x) == pytest.approx([-1.5136, 1.9787], rel=1e-4)
    assert calls[:4] == ["a", "b", "c", "d"]
    assert set(calls[4:]) == {"a", "b"}  # the last segment is kept
    with pytest.warns(UserWarning, match="checkpoint_sequential: the use_reentrant parameter"):
        checkpoint_sequential(steps, 2, x)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: k"):
        checkpoint_sequential(steps, 2, x, use_reentrant=reentrant, k=3)


def test_the_module_is_found_from_above() -> None:
    assert portfire.utils.checkpoint.checkpoint is checkpoint
