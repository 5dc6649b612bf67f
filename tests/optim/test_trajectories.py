"""Twenty steps of each adaptive optimizer against its formula in NumPy, on each device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire import optim
from tests.optim import references

STEPS = 20
BETAS = (0.8, 0.9)
CASES: dict[str, list[dict[str, Any]]] = {
    "Adamax": [{}, {"lr": 0.1, "betas": BETAS, "eps": 1e-2, "weight_decay": 0.1}],
    "NAdam": [
        {},
        {"lr": 0.1, "betas": BETAS, "weight_decay": 0.1, "momentum_decay": 0.1},
        {"lr": 0.1, "eps": 1e-2, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ],
    "RAdam": [
        {},
        {"lr": 0.1, "betas": BETAS, "weight_decay": 0.1},
        {"lr": 0.1, "eps": 1e-2, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ],
    "Adagrad": [
        {},
        {"lr_decay": 0.3, "initial_accumulator_value": 0.5, "weight_decay": 0.1, "eps": 1e-2},
    ],
    "Adadelta": [{}, {"lr": 0.5, "rho": 0.5, "eps": 1e-2, "weight_decay": 0.1}],
    "RMSprop": [
        {},
        {"alpha": 0.8, "momentum": 0.9, "weight_decay": 0.1},
        {"alpha": 0.8, "centered": True, "momentum": 0.5, "eps": 1e-2},
    ],
    "Rprop": [{}, {"lr": 0.5, "etas": (0.3, 1.5), "step_sizes": (1e-1, 0.6)}],
    "ASGD": [{}, {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "weight_decay": 0.1}],
    "Adafactor": [
        {},
        {"lr": 0.3, "beta2_decay": -0.5, "eps": (1e-3, 1e-2), "d": 1.5, "weight_decay": 0.1},
    ],
    "Muon": [
        {},
        {"lr": 0.1, "nesterov": False, "momentum": 0.5, "adjust_lr_fn": "match_rms_adamw"},
    ],
}
ALL = [(name, options) for name, sets in CASES.items() for options in sets]
ELEMENTWISE = [name for name in CASES if name not in ("Adafactor", "Muon")]

rng = np.random.default_rng(3)
START = rng.normal(size=(5, 3))
GRADIENTS = rng.normal(size=(STEPS, 5, 3))


def train(name: str, options: dict[str, Any], device: str, start: Any = START) -> Any:
    param = portfire.tensor(start, device=device).requires_grad_()
    optimizer = getattr(optim, name)([param], **options)
    for gradient in GRADIENTS:
        param.grad = portfire.tensor(gradient.reshape(start.shape), device=device)
        optimizer.step()
    return param.detach().cpu().numpy(), optimizer


def expected(name: str, options: dict[str, Any], sign: float = 1.0) -> Any:
    rule = getattr(references, name.lower())(START, **options)
    next(rule)
    return [rule.send(sign * gradient) for gradient in GRADIENTS][-1]


@pytest.mark.parametrize(("name", "options"), ALL, ids=str)
def test_twenty_steps(name: str, options: dict[str, Any], device: str) -> None:
    found, _ = train(name, options, device)
    np.testing.assert_allclose(found, expected(name, options), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in CASES if name != "Muon"])
def test_up_instead_of_down(name: str) -> None:
    found, _ = train(name, {"maximize": True}, "cpu")
    np.testing.assert_allclose(found, expected(name, {}, sign=-1.0), rtol=1e-9)


def test_averages_of_asgd(device: str) -> None:
    options = {"lr": 0.1, "t0": 4}
    rule = references.asgd(START, **options)
    next(rule)
    path = [rule.send(gradient) for gradient in GRADIENTS]
    _, optimizer = train("ASGD", options, device)
    (state,) = optimizer.state.values()
    # Before t0 the average is the parameter; from then on it takes the steps with equal weights.
    np.testing.assert_allclose(state["ax"].tolist(), np.mean(path[5:], axis=0), rtol=1e-6)
    assert state["mu"] == 1 / 16


def test_adafactor_keeps_the_whole_moment_of_a_vector(device: str) -> None:
    start = START.reshape(-1)
    found, optimizer = train("Adafactor", {"lr": 0.1}, device, start)
    (state,) = optimizer.state.values()
    assert list(state) == ["step", "variance"]
    second, p = np.zeros_like(start), start
    for t, g in enumerate(GRADIENTS.reshape(STEPS, -1), 1):
        second = second + (g**2 - second) * t**-0.8
        u = g / np.sqrt(second)
        size = np.sqrt((p**2).mean()) * min(0.1, 1 / np.sqrt(t))
        p = p - size * u / max(1, np.sqrt((u**2).mean()))
    np.testing.assert_allclose(found, p, rtol=1e-9)


def test_muon_of_a_tall_and_a_wide_matrix_agree() -> None:
    gradient = GRADIENTS[0]
    steps = []
    for g in (gradient, gradient.T):
        param = portfire.zeros(*g.shape, dtype=portfire.float64).requires_grad_()
        param.grad = portfire.tensor(g.copy())
        optim.Muon([param], lr=1.0, adjust_lr_fn="match_rms_adamw").step()
        steps.append(param.detach().numpy())
    np.testing.assert_allclose(steps[0], steps[1].T, rtol=1e-10)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_a_training_goes_on_from_its_state_dict(name: str) -> None:
    param = portfire.tensor(START).requires_grad_()
    optimizer = getattr(optim, name)([param])
    for number, gradient in enumerate(GRADIENTS):
        if number == 7:
            saved = optimizer.state_dict()
            optimizer = getattr(optim, name)([param])
            optimizer.load_state_dict(saved)
        param.grad = portfire.tensor(gradient)
        optimizer.step()
    # The numbers of a state are float32 in a dictionary, as PyTorch has them.
    np.testing.assert_allclose(param.detach().numpy(), expected(name, {}), rtol=1e-6)


def test_numbers_of_a_state_are_tensors_in_a_dictionary() -> None:
    _, optimizer = train("ASGD", {}, "cpu")
    state = optimizer.state_dict()["state"][0]
    assert list(state) == ["step", "eta", "mu", "ax"]
    assert repr(state["step"]) == "tensor(20.)"
    assert repr(state["mu"]) == "tensor(1.)"
    _, optimizer = train("NAdam", {}, "cpu")
    assert list(optimizer.state_dict()["state"][0]) == [
        "step", "mu_product", "exp_avg", "exp_avg_sq",
    ]  # fmt: skip


def test_sums_of_adagrad_are_there_before_the_first_step() -> None:
    param = portfire.ones(2).requires_grad_()
    optimizer = optim.Adagrad([param], initial_accumulator_value=0.5)
    assert optimizer.state_dict()["state"][0]["sum"].tolist() == [0.5, 0.5]


W = portfire.ones(2, 3).requires_grad_()
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("Adamax", {"lr": -1}, "Invalid learning rate: -1"),
    ("Adamax", {"betas": (1.0, 0.9)}, "Invalid beta parameter at index 0: 1.0"),
    ("NAdam", {"momentum_decay": -1}, "Invalid momentum_decay value: -1"),
    ("RAdam", {"eps": -1}, "Invalid epsilon value: -1"),
    ("Adagrad", {"lr_decay": -1}, "Invalid lr_decay value: -1"),
    ("Adagrad", {"initial_accumulator_value": -1}, "Invalid initial_accumulator_value value: -1"),
    ("Adadelta", {"rho": 1.5}, "Invalid rho value: 1.5"),
    ("RMSprop", {"alpha": -1}, "Invalid alpha value: -1"),
    ("RMSprop", {"momentum": -1}, "Invalid momentum value: -1"),
    ("Rprop", {"etas": (1.1, 1.2)}, "Invalid eta values: 1.1, 1.2"),
    ("ASGD", {"weight_decay": -1}, "Invalid weight_decay value: -1"),
    ("Adafactor", {"lr": -1}, "Learning rate should be >= 0 but is: -1"),
    ("Adafactor", {"lr": portfire.ones(2)}, "Tensor lr must be 1-element"),
    ("Adafactor", {"beta2_decay": 0.1}, "beta2_decay should be <= 0 but is: 0.1"),
    ("Adafactor", {"eps": (-1, 1)}, "epsilon1 should be >= 0 but is: -1"),
    ("Adafactor", {"d": 0.5}, "Clipping threshold d should be >= 1 but is: 0.5"),
    ("Muon", {"weight_decay": -1}, "weight decay should be >= 0 but is: -1"),
    ("Muon", {"adjust_lr_fn": "x"}, "Adjust learning rate function x is not supported"),
]


@pytest.mark.parametrize(("name", "options", "message"), WRONG)
def test_errors(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        getattr(optim, name)([W], **options)


@pytest.mark.parametrize("name", ["SGD", "Adam", "Adagrad"])
def test_twins_exclude_each_other(name: str) -> None:
    with pytest.raises(RuntimeError, match="`fused` does not support `differentiable`"):
        getattr(optim, name)([W], fused=True, differentiable=True)


def test_errors_of_muon() -> None:
    with pytest.raises(ValueError, match="Muon only supports 2D parameters whereas we found a"):
        optim.Muon([portfire.ones(3).requires_grad_()])
    W.grad = portfire.ones(2, 3)
    with pytest.raises(ValueError, match="Number of steps must be less than 100"):
        optim.Muon([W], ns_steps=100).step()
    with pytest.raises(ValueError, match="Coefficients must be a tuple of exactly 3 values"):
        optim.Muon([W], ns_coefficients=(1, 2)).step()  # type: ignore[arg-type]  # wrong on purpose
