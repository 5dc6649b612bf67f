"""Forward and backward hooks: when they run, what they get, what they may change."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import portfire
from portfire import nn
from tests.nn.helpers import host


def ones(*shape: int, device: str = "cpu", grad: bool = False) -> portfire.Tensor:
    return portfire.ones(*shape, device=device).requires_grad_(grad)


class Raises(nn.Module):
    def forward(self, x: Any) -> Any:
        raise KeyError("from forward")


def test_forward_hooks_run_in_order() -> None:
    layer, seen = nn.Identity(), []
    layer.register_forward_pre_hook(lambda m, args: seen.append("pre"))
    layer.register_forward_hook(lambda m, args, out: seen.append("second"))
    layer.register_forward_hook(lambda m, args, out: seen.append("first"), prepend=True)
    layer.register_forward_pre_hook(lambda m, args: seen.append("first pre"), prepend=True)
    layer(1)
    assert seen == ["first pre", "pre", "first", "second"]


def test_forward_hooks_replace_values() -> None:
    layer = nn.Identity()
    layer.register_forward_pre_hook(lambda m, args: args[0] + 1)
    layer.register_forward_pre_hook(lambda m, args: (args[0] * 10,))
    layer.register_forward_hook(lambda m, args, out: (args, out))
    assert layer(1) == ((20,), 20)


def test_hooks_with_keywords() -> None:
    class Adds(nn.Module):
        def forward(self, x: int, y: int = 0) -> int:
            return x + y

    layer = Adds()
    layer.register_forward_pre_hook(lambda m, a, k: (a, {"y": k["y"] + 1}), with_kwargs=True)
    layer.register_forward_hook(lambda m, a, k, out: (out, k), with_kwargs=True)
    assert layer(1, y=5) == (7, {"y": 6})
    layer.register_forward_pre_hook(lambda m, a, k: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="forward pre-hook must return None or a tuple"):
        layer(1, y=5)


def test_a_handle_removes_its_hook() -> None:
    layer, seen = nn.Identity(), []
    handle = layer.register_forward_hook(lambda m, args, out: seen.append(1))
    layer(0)
    handle.remove()
    handle.remove()
    layer(0)
    with layer.register_forward_pre_hook(lambda m, args: seen.append(2)):
        layer(0)
    layer(0)
    assert seen == [1, 2]


def test_hooks_that_are_always_called() -> None:
    layer, seen = Raises(), []
    layer.register_forward_hook(lambda m, args, out: seen.append("never"))
    layer.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    with pytest.raises(KeyError, match="from forward"):
        layer(1)
    assert seen == [None]


def test_an_error_in_such_a_hook_is_told() -> None:
    layer = Raises()
    layer.register_forward_hook(lambda m, args, out: 1 / 0, always_call=True)
    with (
        pytest.warns(UserWarning, match="raised an exception that was silenced.*division by zero"),
        pytest.raises(KeyError, match="from forward"),
    ):
        layer(1)


def test_full_backward_hook_sees_gradients(device: str) -> None:
    layer = nn.Linear(2, 1).to(device)
    seen: list[Any] = []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((m, gi, go)))
    x = ones(3, 2, device=device, grad=True)
    (layer(x) * 2).sum().backward()
    ((module, grad_input, grad_output),) = seen
    assert module is layer
    assert host(grad_output[0]).tolist() == [[2.0]] * 3
    assert host(grad_input[0]).tolist() == host(x.grad).tolist()


def test_full_backward_hook_replaces_the_gradient(device: str) -> None:
    layer = nn.Identity()
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 5,))
    layer.register_full_backward_pre_hook(lambda m, go: go[0] * 2)
    x = ones(2, device=device, grad=True)
    layer(x).sum().backward()
    assert host(x.grad).tolist() == [10.0, 10.0]


def test_backward_hook_without_inputs_that_need_gradients() -> None:
    layer, seen = nn.Linear(2, 1), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].tolist())))
    with pytest.warns(UserWarning, match="no inputs require gradients"):
        layer(ones(1, 2)).sum().backward()
    assert seen == [((None,), [[1.0]])]
    assert host(layer.bias.grad).tolist() == [1.0]


def test_backward_hook_of_several_inputs_and_outputs() -> None:
    class Swap(nn.Module):
        def forward(self, x: Any, label: str, y: Any) -> Any:
            return y * 3, label, x * 2

    layer, seen = Swap(), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    x, y = ones(1, grad=True), ones(1, grad=True)
    first, label, second = layer(x, "label", y)
    assert label == "label"
    (first + second * 10).sum().backward()
    ((grad_input, grad_output),) = seen
    assert [g if g is None else g.item() for g in grad_input] == [20.0, None, 3.0]
    assert [g if g is None else g.item() for g in grad_output] == [1.0, None, 10.0]


def test_wrong_answers_of_backward_hooks() -> None:
    layer = nn.Identity()
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0], 1))
    with pytest.raises(
        RuntimeError,
        match="Backward hook returned an invalid number of grad_input, got 2, but expected 1",
    ):
        layer(ones(1, grad=True)).backward()
    layer = nn.Identity()
    layer.register_full_backward_pre_hook(lambda m, go: (go[0], 1))
    with pytest.raises(
        RuntimeError,
        match="Backward pre hook returned an invalid number of grad_output, got 2, but expected 1",
    ):
        layer(ones(1, grad=True)).backward()


def test_old_and_full_backward_hooks_do_not_mix() -> None:
    layer, seen = nn.Identity(), []
    layer.register_backward_hook(lambda m, gi, go: seen.append(gi[0].item()))
    layer(ones(1, grad=True)).backward()
    assert seen == [1.0]
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full"):
        layer.register_full_backward_hook(lambda m, gi, go: None)
    other = nn.Identity()
    other.register_full_backward_hook(lambda m, gi, go: None)
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full"):
        other.register_backward_hook(lambda m, gi, go: None)


def test_hooks_are_silent_without_gradients() -> None:
    layer = nn.Linear(2, 1)
    layer.register_full_backward_hook(lambda m, gi, go: None)
    with warnings.catch_warnings(), portfire.no_grad():
        warnings.simplefilter("error")
        assert layer(ones(1, 2)).grad_fn is None
