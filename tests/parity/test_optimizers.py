"""Optimizers against torch: trajectories of 20 steps, state dicts in both directions, options."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
import torch

import portfire

STEPS = 20
TARGET = np.random.default_rng(1).normal(size=(4, 3))
CASES: dict[str, list[dict[str, Any]]] = {
    "SGD": [{}, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, {"maximize": True}],
    "Adam": [{"lr": 0.1}, {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}],
    "AdamW": [{"lr": 0.1}, {"lr": 0.1, "maximize": True, "betas": (0.8, 0.9)}],
    "Adamax": [{"lr": 0.1}, {"betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.1}],
    "NAdam": [
        {"lr": 0.1},
        {"weight_decay": 0.1, "momentum_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
    ],
    "RAdam": [
        {"lr": 0.1},
        {"weight_decay": 0.1, "betas": (0.8, 0.9), "eps": 1e-2},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
    ],
    "Adagrad": [
        {"lr": 0.1},
        {"lr_decay": 0.3, "initial_accumulator_value": 0.5, "weight_decay": 0.1, "eps": 1e-3},
        {"maximize": True},
    ],
    "Adadelta": [{}, {"rho": 0.5, "eps": 1e-3, "weight_decay": 0.1, "maximize": True}],
    "RMSprop": [
        {},
        {"momentum": 0.9, "alpha": 0.8, "weight_decay": 0.1},
        {"centered": True, "momentum": 0.5, "eps": 1e-2, "maximize": True},
    ],
    "Rprop": [{}, {"lr": 0.5, "etas": (0.3, 1.5), "step_sizes": (1e-3, 0.6)}, {"maximize": True}],
    "ASGD": [
        {},
        {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 5, "weight_decay": 0.1},
        {"lr": 1e-3, "t0": 0, "maximize": True},
    ],
    "Adafactor": [
        {},
        {"lr": 0.3, "beta2_decay": -0.5, "eps": (1e-3, 1e-2), "d": 1.5, "weight_decay": 0.1},
        {"maximize": True},
    ],
    "Muon": [
        {"lr": 0.1},
        {"nesterov": False, "momentum": 0.5, "adjust_lr_fn": "match_rms_adamw"},
        {"ns_steps": 2, "weight_decay": 0.5},
    ],
    "LBFGS": [
        {"max_iter": 3},
        {"lr": 0.1, "max_iter": 4, "history_size": 3},
        {"line_search_fn": "strong_wolfe", "max_iter": 3},
        {"line_search_fn": "strong_wolfe", "lr": 20.0, "max_iter": 5, "history_size": 2},
    ],
}
ALL = [(name, options) for name, sets in CASES.items() for options in sets]
# torch makes matrices orthogonal in bfloat16; the numbers of a state are float32 there.
RTOL = {"Muon": 2e-2, "NAdam": 1e-5, "ASGD": 1e-6, "Adafactor": 1e-6}


class Run:
    """Two parameters of one framework, a bumpy loss, and an optimizer."""

    def __init__(self, m: Any, name: str, options: dict[str, Any]) -> None:
        rng = np.random.default_rng(0)
        shapes = [(4, 3), (3, 4)] if name == "Muon" else [(4, 3), (3,)]
        self.params = [m.tensor(rng.normal(size=shape)).requires_grad_() for shape in shapes]
        self.target = m.tensor(TARGET)
        self.optimizer = getattr(m.optim, name)(self.params, **options)
        self.losses: list[float] = []

    def closure(self) -> Any:
        self.optimizer.zero_grad()
        first, second = self.params
        loss = ((first - self.target) ** 4).sum() + (first.cos() * second.mean()).sum()
        loss = loss + (second**2).sum() * 3
        loss.backward()
        return loss

    def train(self, steps: int) -> None:
        for _ in range(steps):
            self.optimizer.param_groups[0]["lr"] *= 0.97
            self.losses.append(self.optimizer.step(self.closure).item())


def converted(item: Any, m: Any) -> Any:
    """The same state dict with the tensors of the other framework."""
    if isinstance(item, dict):
        return {key: converted(value, m) for key, value in item.items()}
    if isinstance(item, (list, tuple)):
        return type(item)(converted(value, m) for value in item)
    if isinstance(item, (torch.Tensor, portfire.Tensor)):
        return m.tensor(item.detach().numpy().copy())
    return item


def close(ours: Run, theirs: Run, name: str) -> None:
    rtol = RTOL.get(name, 1e-8)
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=rtol, atol=rtol)
    for mine, wanted in zip(ours.params, theirs.params, strict=True):
        np.testing.assert_allclose(
            mine.detach().numpy(), wanted.detach().numpy(), rtol=rtol, atol=rtol
        )


@pytest.mark.parametrize(("name", "options"), ALL, ids=str)
def test_trajectories(name: str, options: dict[str, Any]) -> None:
    ours, theirs = Run(portfire, name, options), Run(torch, name, options)
    ours.train(STEPS)
    theirs.train(STEPS)
    close(ours, theirs, name)


@pytest.mark.parametrize(("name", "options"), ALL, ids=str)
@pytest.mark.parametrize("direction", ["from torch", "to torch"])
def test_state_dicts(direction: str, name: str, options: dict[str, Any]) -> None:
    first, second = (torch, portfire) if direction == "from torch" else (portfire, torch)
    start, expected = Run(first, name, options), Run(torch, name, options)
    start.train(7)
    expected.train(14)
    go_on = Run(second, name, {})
    go_on.params[0].data.copy_(second.tensor(start.params[0].detach().numpy()))
    go_on.params[1].data.copy_(second.tensor(start.params[1].detach().numpy()))
    go_on.optimizer.load_state_dict(converted(start.optimizer.state_dict(), second))
    go_on.losses = start.losses
    go_on.train(7)
    close(go_on, expected, name)


@pytest.mark.parametrize(("name", "options"), ALL, ids=str)
def test_layout(name: str, options: dict[str, Any]) -> None:
    ours, theirs = Run(portfire, name, options), Run(torch, name, options)
    assert repr(ours.optimizer) == repr(theirs.optimizer)
    ours.train(2)
    theirs.train(2)
    mine, wanted = ours.optimizer.state_dict(), theirs.optimizer.state_dict()
    assert list(mine["param_groups"][0]) == list(wanted["param_groups"][0])
    assert mine["param_groups"] == wanted["param_groups"]
    for number, entry in wanted["state"].items():
        own = mine["state"][number]
        if name == "LBFGS":  # torch keeps its scratch there too
            assert set(own) == set(entry) - {"al"}
            continue
        assert set(own) == set(entry)
        for key, item in entry.items():
            if isinstance(item, torch.Tensor):
                assert str(own[key].dtype)[9:] == str(item.dtype)[6:], key
                assert list(own[key].shape) == list(item.shape), key
            else:
                assert own[key] == item, key


@pytest.mark.parametrize("name", CASES)
def test_signatures(name: str) -> None:
    def described(m: Any) -> list[Any]:
        parameters = inspect.signature(getattr(m.optim, name).__init__).parameters.values()
        return [(p.name, p.default, p.kind) for p in parameters]

    assert described(portfire) == described(torch)


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("Adamax", {"lr": -1}),
    ("Adamax", {"eps": -1}),
    ("Adamax", {"betas": (1.0, 0.9)}),
    ("Adamax", {"weight_decay": -1}),
    ("NAdam", {"momentum_decay": -1}),
    ("NAdam", {"betas": (0.9, 1.0)}),
    ("RAdam", {"eps": -1}),
    ("Adagrad", {"lr_decay": -1}),
    ("Adagrad", {"initial_accumulator_value": -1}),
    ("Adagrad", {"fused": True, "foreach": True}),
    ("Adagrad", {"fused": True, "differentiable": True}),
    ("SGD", {"fused": True, "differentiable": True}),
    ("Adam", {"fused": True, "differentiable": True}),
    ("Adadelta", {"rho": 1.5}),
    ("RMSprop", {"alpha": -1}),
    ("RMSprop", {"momentum": -1}),
    ("Rprop", {"etas": (1.1, 1.2)}),
    ("ASGD", {"weight_decay": -1}),
    ("Adafactor", {"lr": -1}),
    ("Adafactor", {"beta2_decay": 0.1}),
    ("Adafactor", {"eps": (-1, 1)}),
    ("Adafactor", {"eps": (None, -1)}),
    ("Adafactor", {"d": 0.5}),
    ("Adafactor", {"weight_decay": -1}),
    ("LBFGS", {"lr": -1}),
    ("LBFGS", {"line_search_fn": "x"}),
    ("Muon", {"lr": -1}),
    ("Muon", {"momentum": -1}),
    ("Muon", {"weight_decay": -1}),
    ("Muon", {"adjust_lr_fn": "x"}),
    ("Muon", {"ns_steps": 100}),
    ("Muon", {"ns_coefficients": (1, 2)}),
]


@pytest.mark.parametrize(("name", "options"), WRONG, ids=str)
def test_errors(name: str, options: dict[str, Any]) -> None:
    def raised(m: Any) -> tuple[type, str]:
        with pytest.raises((ValueError, RuntimeError)) as caught:
            Run(m, name, options).train(1)
        return caught.type, str(caught.value)

    assert raised(portfire) == raised(torch)
