"""A whole training step through portfire.compile does what the step does, bit for bit."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import Tensor, optim

RULES: dict[str, tuple[Any, dict[str, Any]]] = {
    "sgd": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "adam": (optim.Adam, {"lr": 0.05}),
    "amsgrad": (optim.Adam, {"lr": 0.05, "amsgrad": True, "weight_decay": 0.1}),
    "adamw": (optim.AdamW, {"lr": 0.05, "betas": (0.5, 0.9)}),
    "nadam": (optim.NAdam, {"lr": 0.05}),
    "asgd": (optim.ASGD, {"lr": 0.05, "t0": 4}),
}


def array(*shape: int, seed: int) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


class Net:
    """Two layers with dropout and a running mean, in train and in eval mode."""

    def __init__(self, device: str) -> None:
        self.first = portfire.tensor(array(6, 8, seed=1), device=device).requires_grad_()
        self.second = portfire.tensor(array(8, 1, seed=2), device=device).requires_grad_()
        self.mean = portfire.zeros(6, device=device)
        self.training = True

    def __call__(self, x: Tensor) -> Tensor:
        if self.training:
            with portfire.no_grad():
                self.mean.lerp_(x.mean(0), 0.1)
        hidden = ((x - self.mean) @ self.first).tanh()
        if self.training:
            hidden = hidden * (portfire.rand_like(hidden) > 0.2)
        return hidden @ self.second

    def params(self) -> list[Tensor]:
        return [self.first, self.second]


def training(make: Any, options: dict[str, Any], device: str, compiled: bool) -> Any:
    """Train for some steps in which everything changes that may; return all that came of it."""
    portfire.manual_seed(5)
    net = Net(device)
    optimizer = make(net.params(), **options)
    counter = itertools.count()

    def step(x: Tensor, y: Tensor, scale: float = 1.0) -> Tensor:
        next(counter)
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).mean() * scale
        loss.backward()
        optimizer.step()
        return loss

    function = portfire.compile(step, fullgraph=True) if compiled else step
    losses = []
    for i in range(20):
        rows = 5 if i in (8, 9) else 9
        x, y = (portfire.tensor(array(rows, n, seed=i), device=device) for n in (6, 1))
        if i == 12:
            net.training = False
        if i == 16:
            net.training = True
            with portfire.no_grad():
                net.first.mul_(0.5)
        optimizer.param_groups[0]["lr"] = options["lr"] / (1 + i // 3)
        losses.append(function(x, y).item())
    state = optimizer.state_dict()["state"]
    found = {
        "losses": losses,
        "params": [p.tolist() for p in net.params()],
        "grads": [p.grad.tolist() for p in net.params() if p.grad is not None],
        "mean": net.mean.tolist(),
        "state": [{name: item.tolist() for name, item in s.items()} for s in state.values()],
        "next": portfire.rand(1).item(),
    }
    return found, next(counter)


@pytest.mark.parametrize("name", RULES)
def test_a_training_step(name: str, device: str) -> None:
    make, options = RULES[name]
    expected, _ = training(make, options, device, compiled=False)
    found, calls = training(make, options, device, compiled=True)
    assert found == expected
    assert calls < 13


def test_two_models_in_one_step(device: str) -> None:
    def losses(compiled: bool) -> Any:
        nets = [Net(device), Net(device)]
        for net in nets:
            net.training = False
        groups: Any = [{"params": [nets[0].first], "lr": 0.1}, {"params": [nets[0].second]}]
        rules: list[Any] = [
            optim.Adam(groups),
            optim.SGD(nets[1].params(), lr=0.1),
        ]

        def step(x: Tensor) -> Any:
            found = []
            for net, other, rule in zip(nets, reversed(nets), rules, strict=True):
                rule.zero_grad()
                loss = (net(x) - other(x).detach() - 1).square().mean()
                loss.backward()
                rule.step()
                found.append(loss)
            return found

        function = portfire.compile(step, fullgraph=True) if compiled else step
        seen = []
        for i in range(7):
            x = portfire.tensor(array(4, 6, seed=i), device=device)
            if i == 5:
                rules[0].load_state_dict(rules[0].state_dict())
            seen.append([loss.item() for loss in function(x)])
        return seen, [p.tolist() for net in nets for p in net.params()]

    assert losses(True) == losses(False)


def test_several_steps_in_one_call(device: str) -> None:
    def trained(compiled: bool) -> Any:
        weight = portfire.ones(3, device=device, requires_grad=True)
        rule = optim.Adam([weight], lr=0.1)

        def steps() -> None:
            for _ in range(3):
                rule.zero_grad()
                (weight * weight).sum().backward()
                rule.step()

        function = portfire.compile(steps, fullgraph=True) if compiled else steps
        for _ in range(6):
            function()
        return weight.tolist(), rule.state[weight]["step"]

    found = trained(True)
    assert found[0] == pytest.approx(trained(False)[0], rel=1e-6)
    assert found[1] == 18


def test_options_that_choose_another_rule(device: str) -> None:
    def trained(compiled: bool) -> Any:
        weight = portfire.ones(3, device=device, requires_grad=True)
        rule = optim.SGD([weight], lr=0.1)

        def step() -> None:
            rule.zero_grad()
            (weight * weight).sum().backward()
            rule.step()

        function = portfire.compile(step, fullgraph=True) if compiled else step
        for i in range(12):
            if i == 4:
                rule.param_groups[0]["weight_decay"] = 0.5
            if i == 8:
                rule.param_groups[0]["maximize"] = True
            function()
        return weight.tolist()

    assert trained(True) == trained(False)
