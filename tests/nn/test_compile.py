"""Modules through portfire.compile."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import Tensor, nn


def network(device: str) -> Any:
    portfire.manual_seed(0)
    layers = [nn.Linear(6, 8), nn.ReLU(), nn.Dropout(0.25), nn.Linear(8, 3)]
    return nn.Sequential(*layers).to(device)


def batch(rows: int, device: str, seed: int) -> Tensor:
    array = np.random.default_rng(seed).standard_normal((rows, 6)).astype(np.float32)
    return portfire.tensor(array, device=device)


def trained(device: str, compiled: bool) -> Any:
    """Train by hand, in batches of changing size, in train and in eval mode."""
    net = network(device)
    model = portfire.compile(net, fullgraph=True) if compiled else net
    losses = []
    for i in range(14):
        model.train(i not in (7, 8, 9))
        x = batch(4 if i == 5 else 7, device, i)
        loss = nn.functional.cross_entropy(model(x), x[:, :3].argmax(1))
        loss.backward()
        with portfire.no_grad():
            for param in model.parameters():
                param.sub_(param.grad, alpha=0.1)
        model.zero_grad()
        losses.append(loss.item())
    return losses, {name: t.tolist() for name, t in model.state_dict().items()}


def test_training_around_a_compiled_module(device: str) -> None:
    losses, state = trained(device, compiled=True)
    expected, weights = trained(device, compiled=False)
    assert losses == pytest.approx(expected, rel=1e-5)
    for name, values in weights.items():
        np.testing.assert_allclose(state[name], values, rtol=1e-4, atol=1e-6)


def test_a_compiled_module_is_the_module() -> None:
    net = network("cpu")
    model = portfire.compile(net)
    assert isinstance(model, nn.Sequential)
    assert list(model.state_dict()) == list(net.state_dict())
    assert model[0] is net[0]
    assert repr(model) == repr(net)
    model.eval()
    assert not net.training
    x = batch(2, "cpu", 0)
    results = [model(x).tolist() for _ in range(4)]
    assert results == [net(x).tolist()] * 4
    net[0] = nn.Linear(6, 8)
    assert model(x).tolist() == net(x).tolist() != results[0]


class Counting(nn.Module):
    """Counts the calls of its forward where no watching sees it."""

    def __init__(self, counter: Any) -> None:
        super().__init__()
        self.inner = nn.Linear(6, 2)
        self.counter = counter

    def forward(self, x: Tensor) -> Tensor:
        next(self.counter)
        return self.inner(x)  # type: ignore[no-any-return]  # modules return anything


def test_hooks_are_noticed() -> None:
    counter = itertools.count()
    net = Counting(counter)
    model = portfire.compile(net)
    x = batch(2, "cpu", 0)
    for _ in range(5):
        model(x)
    assert next(counter) == 2
    handle = net.inner.register_forward_hook(lambda module, args, output: output * 2)
    doubled = model(x)
    assert next(counter) == 4
    handle.remove()
    assert doubled.tolist() == (model(x) * 2).tolist()
