"""Each rule against its formula, step by step, in NumPy; and against numbers of PyTorch 2.13."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire import optim

STEPS = 6


def gradients() -> list[Any]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=(3, 2)) for _ in range(STEPS)]


def start() -> Any:
    return np.random.default_rng(0).normal(size=(3, 2))


def sgd(options: dict[str, Any]) -> Any:
    p, buffer = start(), None
    o = {"lr": 1e-3, "momentum": 0, "dampening": 0, "weight_decay": 0, **options}
    for g in gradients():
        g = (-g if o.get("maximize") else g) + o["weight_decay"] * p
        if o["momentum"]:
            fresh = o["momentum"] * buffer + (1 - o["dampening"]) * g if buffer is not None else g
            buffer = fresh
            g = g + o["momentum"] * buffer if o.get("nesterov") else buffer
        p = p - o["lr"] * g
    return p


def adam(options: dict[str, Any], decoupled: bool) -> Any:
    p = start()
    decay = options.get("weight_decay", 1e-2 if decoupled else 0)
    lr, (b1, b2) = options.get("lr", 1e-3), options.get("betas", (0.9, 0.999))
    m, v, top = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    for t, g in enumerate(gradients(), 1):
        g = -g if options.get("maximize") else g
        if decoupled:
            p = p * (1 - lr * decay)
        else:
            g = g + decay * p
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        top = np.maximum(top, v)
        second = top if options.get("amsgrad") else v
        root = np.sqrt(second / (1 - b2**t)) + options.get("eps", 1e-8)
        p = p - lr * (m / (1 - b1**t)) / root
    return p


def train(make: Any, options: dict[str, Any], device: str) -> Any:
    p = portfire.tensor(start(), device=device).requires_grad_()
    optimizer = make([p], **options)
    for g in gradients():
        p.grad = portfire.tensor(g, device=device)
        optimizer.step()
    return p.detach().cpu().numpy()


SGD: list[dict[str, Any]] = [
    {},
    {"lr": 0.1, "weight_decay": 0.2},
    {"lr": 0.1, "momentum": 0.9},
    {"lr": 0.1, "momentum": 0.9, "dampening": 0.3},
    {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    {"lr": 0.1, "momentum": 0.5, "maximize": True},
    {"lr": 0.1, "foreach": True},
    {"lr": 0.1, "fused": True},
]
ADAM: list[dict[str, Any]] = [
    {},
    {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3},
    {"lr": 0.1, "weight_decay": 0.3},
    {"lr": 0.1, "amsgrad": True},
    {"lr": 0.1, "maximize": True, "weight_decay": 0.1, "amsgrad": True},
    {"lr": 0.1, "capturable": True, "foreach": False},
]


@pytest.mark.parametrize("options", SGD, ids=str)
def test_sgd(options: dict[str, Any], device: str) -> None:
    np.testing.assert_allclose(train(optim.SGD, options, device), sgd(options), rtol=1e-12)


@pytest.mark.parametrize("options", ADAM, ids=str)
def test_adam(options: dict[str, Any], device: str) -> None:
    expected = adam(options, decoupled=False)
    np.testing.assert_allclose(train(optim.Adam, options, device), expected, rtol=1e-10)


@pytest.mark.parametrize("options", ADAM, ids=str)
def test_adamw(options: dict[str, Any], device: str) -> None:
    expected = adam(options, decoupled=True)
    np.testing.assert_allclose(train(optim.AdamW, options, device), expected, rtol=1e-10)
    same = {"weight_decay": 1e-2, **options, "decoupled_weight_decay": True}
    np.testing.assert_allclose(train(optim.Adam, same, device), expected, rtol=1e-10)


# The first element of the parameter after six steps, computed with PyTorch 2.13.
TORCH = {
    "sgd": (optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "adam": (optim.Adam, {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True}),
    "adamw": (optim.AdamW, {"lr": 0.1, "maximize": True, "betas": (0.7, 0.95)}),
}
FIRST: dict[str, float] = {
    "sgd": 1.0403931887706253,
    "adam": 0.2745182949163307,
    "adamw": -0.085636391899632,
}


@pytest.mark.parametrize("case", TORCH)
def test_numbers_of_pytorch(case: str, device: str) -> None:
    make, options = TORCH[case]
    assert train(make, options, device)[0, 0] == pytest.approx(FIRST[case], rel=1e-10)


def test_a_rate_may_be_a_tensor(device: str) -> None:
    rate = portfire.tensor(0.1, dtype=portfire.float64)
    expected = train(optim.SGD, {"lr": 0.1}, device)
    np.testing.assert_allclose(train(optim.SGD, {"lr": rate}, device), expected, rtol=1e-12)


def test_aliases_see_the_step(device: str) -> None:
    w = portfire.ones(2, device=device).requires_grad_()
    alias, row = w.detach(), w.data[0]
    w.sum().backward()
    optim.SGD([w], lr=0.5).step()
    assert alias.tolist() == [0.5, 0.5]
    assert row.item() == 0.5
    assert w.is_leaf


def test_only_what_has_a_gradient_changes(device: str) -> None:
    a = portfire.ones(1, device=device).requires_grad_()
    b = portfire.ones(1, device=device).requires_grad_()
    optimizer = optim.Adam([a, b], lr=0.5)
    a.sum().backward()
    optimizer.step()
    assert a.item() == pytest.approx(0.5)
    assert b.item() == 1.0
    assert list(optimizer.state) == [a]


def test_half_precision_parameters_keep_their_type(device: str) -> None:
    w = portfire.ones(2, device=device, dtype=portfire.float16).requires_grad_()
    w.sum().backward()
    optimizer = optim.Adam([w], lr=0.5)
    optimizer.step()
    assert w.dtype is portfire.float16
    assert optimizer.state[w]["exp_avg"].dtype is portfire.float16


@pytest.mark.parametrize(
    "make",
    [
        optim.SGD,
        optim.Adam,
        optim.AdamW,
        optim.Adamax,
        optim.NAdam,
        optim.Adagrad,
        optim.Adadelta,
        optim.RMSprop,
        optim.Rprop,
        optim.ASGD,
        optim.Adafactor,
        optim.Muon,
    ],
)
def test_training_compiles_nothing_after_its_first_steps(make: Any, device: str) -> None:
    w = portfire.ones(3, 4, device=device).requires_grad_()
    x = portfire.rand(5, 4, device=device)
    options = {"momentum": 0.9} if make is optim.SGD else {}
    optimizer = make([w], lr=0.1, **options)
    recorder = w._read().recorder
    built = []
    for step in range(8):
        optimizer.param_groups[0]["lr"] = 0.1 / (step + 1)
        optimizer.zero_grad()
        (x @ w.t()).square().mean().backward()
        optimizer.step()
        built.append(recorder.plans_built)
    assert built[2:] == [built[2]] * 6
