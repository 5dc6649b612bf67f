"""The scaler of losses: what it multiplies, skips, counts and refuses."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import portfire
from portfire import Tensor, optim
from portfire.amp import GradScaler


def prepared(device: str, **options: Any) -> tuple[Tensor, Any, GradScaler]:
    w = portfire.ones(3, device=device).requires_grad_()
    return w, optim.SGD([w], lr=0.5), GradScaler(device, init_scale=1024.0, **options)


def backward(w: Tensor, scaler: GradScaler, factor: float = 1.0) -> None:
    w.grad = None
    scaler.scale((w * factor).sum()).backward()


def test_steps_are_those_without_scaling(device: str) -> None:
    w, optimizer, scaler = prepared(device)
    backward(w, scaler)
    assert w.grad is not None
    assert w.grad.tolist() == [1024.0] * 3
    assert scaler.step(optimizer) is None
    scaler.update()
    assert w.tolist() == [0.5] * 3
    assert scaler.get_scale() == 1024.0


def test_bad_steps_are_left_out_and_good_ones_counted(device: str) -> None:
    w, optimizer, scaler = prepared(device, growth_interval=2, backoff_factor=0.25)
    scales = []
    for factor in (0.0, 0.0, float("inf"), float("nan"), 0.0, 0.0, 0.0):
        backward(w, scaler, factor)
        scaler.step(optimizer)
        scaler.update()
        scales.append(scaler.get_scale())
    assert scales == [1024.0, 2048.0, 512.0, 128.0, 128.0, 256.0, 256.0]
    assert w.tolist() == [1.0] * 3
    assert scaler.state_dict() == {
        "scale": 256.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.25,
        "growth_interval": 2,
        "_growth_tracker": 1,
    }


def test_one_bad_optimizer_of_two() -> None:
    a, first, scaler = prepared("cpu")
    b = portfire.ones(2).requires_grad_()
    second = optim.SGD([b], lr=0.5)
    scaler.scale(a.sum() + (b / 0).sum()).backward()
    scaler.step(first)
    scaler.step(second)
    scaler.update()
    assert a.tolist() == [0.5] * 3
    assert b.tolist() == [1.0] * 2
    assert scaler.get_scale() == 512.0


def test_clipping_between(device: str) -> None:
    w, optimizer, scaler = prepared(device)
    backward(w, scaler, 4.0)
    scaler.unscale_(optimizer)
    assert w.grad is not None
    assert w.grad.tolist() == [4.0] * 3
    w.grad.clamp_(max=1.0)
    scaler.step(optimizer)
    assert w.tolist() == [0.5] * 3


def test_scaling_of_many_and_of_narrow_tensors() -> None:
    scaler = GradScaler("cpu")
    ones = portfire.ones(2)
    found = scaler.scale([ones, (ones,)])
    assert found[0].tolist() == [65536.0] * 2
    assert isinstance(found[1], tuple)
    assert [t.tolist() for t in scaler.scale(iter([ones]))] == [[65536.0] * 2]
    single = scaler.scale(portfire.tensor(1.0, dtype=portfire.float16))
    assert single.dtype is portfire.float32
    assert single.item() == 65536.0
    assert scaler.scale(ones.half()).dtype is portfire.float16


def test_training_in_half_precision(device: str) -> None:
    portfire.manual_seed(0)
    x = portfire.rand(32, 4, device=device)
    y = x @ portfire.tensor([[1.0], [-2.0], [3.0], [0.5]], device=device)
    w = portfire.zeros(4, 1, device=device).requires_grad_()
    optimizer = optim.Adam([w], lr=0.1)
    scaler = GradScaler(device)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        with portfire.autocast(device, dtype=portfire.float16):
            loss = (x @ w - y).square().mean()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]
    assert w.dtype is portfire.float32


def test_a_disabled_scaler_does_nothing() -> None:
    w = portfire.ones(2).requires_grad_()
    optimizer = optim.SGD([w], lr=0.5)
    scaler = GradScaler("cpu", enabled=False)
    loss = w.sum()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    scaler.load_state_dict({})
    assert w.tolist() == [0.5] * 2
    assert not scaler.is_enabled()
    assert scaler.get_scale() == 1.0
    assert scaler.state_dict() == {}
    with pytest.warns(UserWarning, match="nix is not available.  Disabling"):
        assert not GradScaler("nix").is_enabled()


def test_states_and_settings() -> None:
    w, optimizer, scaler = prepared("cpu")
    backward(w, scaler)
    scaler.update(77.0)
    scaler.set_growth_factor(3.0)
    scaler.set_backoff_factor(0.1)
    scaler.set_growth_interval(1)
    other = GradScaler("cpu")
    other.load_state_dict(pickle.loads(pickle.dumps(scaler.state_dict())))
    assert other.get_scale() == 77.0
    assert other.get_growth_factor() == 3.0
    assert other.get_backoff_factor() == 0.1
    assert other.get_growth_interval() == 1
    backward(w, other)
    other.load_state_dict(scaler.state_dict())
    other.step(optimizer)
    other.update()
    assert other.get_scale() == 231.0


def test_a_scale_stays_finite() -> None:
    w, optimizer, scaler = prepared("cpu", growth_interval=1)
    scaler.scale(w)
    scaler.update(3e38)
    backward(w, scaler, 0.0)
    scaler.step(optimizer)
    scaler.update()
    assert scaler.get_scale() == 3e38


def test_errors() -> None:
    w, optimizer, scaler = prepared("cpu")
    with pytest.raises(AssertionError, match="Attempted unscale_ but _scale is None"):
        scaler.unscale_(optimizer)
    with pytest.raises(AssertionError, match="Attempted update but _scale is None"):
        scaler.update()
    backward(w, scaler)
    with pytest.raises(AssertionError, match="No inf checks were recorded prior to update"):
        scaler.update()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) has already been called on this opt"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called since the last"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match=r"unscale_\(\) is being called after step\(\)"):
        scaler.unscale_(optimizer)
    idle = optim.SGD([portfire.ones(1).requires_grad_()])
    with pytest.raises(AssertionError, match="No inf checks were recorded for this optimizer"):
        scaler.step(idle)
    with pytest.raises(RuntimeError, match="Closure use is not currently supported"):
        scaler.step(idle, closure=lambda: 0)
    half = portfire.ones(1, dtype=portfire.float16).requires_grad_()
    half.grad = portfire.ones_like(half)
    with pytest.raises(ValueError, match="Attempting to unscale FP16 gradients"):
        scaler.unscale_(optim.SGD([half]))
    with pytest.raises(ValueError, match="outputs must be a Tensor or an iterable of Tensors"):
        scaler.scale(3)
    with pytest.raises(AssertionError, match=r"The growth factor must be > 1.0"):
        GradScaler("cpu", growth_factor=0.5)
    with pytest.raises(AssertionError, match=r"The backoff factor must be < 1.0"):
        GradScaler("cpu", backoff_factor=1.5)
    with pytest.raises(RuntimeError, match="The source state dict is empty"):
        scaler.load_state_dict({})
