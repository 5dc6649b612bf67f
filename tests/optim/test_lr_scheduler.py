"""Schedules of learning rates against formulas of the epoch; states, warnings, errors."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import optim
from portfire.optim import lr_scheduler as schedules

EPOCHS = 20
RATES = (0.1, 0.5)


def made(kind: str = "sgd") -> Any:
    groups = [{"params": [portfire.zeros(2, requires_grad=True)], "lr": rate} for rate in RATES]
    if kind == "adam":
        return optim.Adam(groups)
    return optim.SGD(groups, lr=0.1, momentum=0.9)


def cosine(base: float, t: float, period: float, low: float) -> float:
    return low + (base - low) * (1 + math.cos(math.pi * t / period)) / 2


def warm(base: float, epoch: int) -> float:
    """Ways down of 3, 6, 12, ... epochs."""
    length = 3
    while epoch >= length:
        epoch -= length
        length *= 2
    return cosine(base, epoch, length, 0.01)


def triangle(epoch: int, low: float, high: float, height: Callable[[int], float]) -> float:
    """Up in 3 steps, down in 4."""
    cycle, place = divmod(epoch, 7)
    way = place / 3 if place <= 3 else (7 - place) / 4
    return low + (high - low) * way * height(cycle)


def one_cycle(epoch: int, top: float) -> float:
    """Of 21 steps, 30 % up."""
    first, last, peak = top / 25, top / 25 / 1e4, 0.3 * 21 - 1
    if epoch <= peak:
        return cosine(first, epoch, peak, top)
    return cosine(top, epoch - peak, 20 - peak, last)


# What makes the scheduler, and the rate of an epoch by the first rate.
FORMULAS: dict[str, tuple[Callable[[Any], Any], Callable[[float, int], float]]] = {
    "lambda": (lambda o: schedules.LambdaLR(o, lambda e: 0.9**e), lambda b, e: b * 0.9**e),
    "multiplicative": (
        lambda o: schedules.MultiplicativeLR(o, [lambda e: 0.95, lambda e: 0.95]),
        lambda b, e: b * 0.95**e,
    ),
    "step": (lambda o: schedules.StepLR(o, 3, 0.5), lambda b, e: b * 0.5 ** (e // 3)),
    "multistep": (
        lambda o: schedules.MultiStepLR(o, [2, 5, 5], 0.5),
        lambda b, e: b * 0.5 ** ((e >= 2) + 2 * (e >= 5)),
    ),
    "constant": (
        lambda o: schedules.ConstantLR(o, 0.25, 4),
        lambda b, e: b * (1 if e >= 4 else 0.25),
    ),
    "linear": (
        lambda o: schedules.LinearLR(o, 0.2, 0.8, 6),
        lambda b, e: b * np.interp(e, [0, 6], [0.2, 0.8]),
    ),
    "exponential": (lambda o: schedules.ExponentialLR(o, 0.8), lambda b, e: b * 0.8**e),
    "polynomial": (
        lambda o: schedules.PolynomialLR(o, 7, 2.0),
        lambda b, e: b * max(0.0, 1 - e / 7) ** 2,
    ),
    "cosine": (
        lambda o: schedules.CosineAnnealingLR(o, 5, 0.01),
        lambda b, e: cosine(b, e, 5, 0.01),
    ),
    "warm restarts": (lambda o: schedules.CosineAnnealingWarmRestarts(o, 3, 2, 0.01), warm),
    "cyclic": (
        lambda o: schedules.CyclicLR(o, [0.1, 0.5], 1.0, 3, 4),
        lambda b, e: triangle(e, b, 1.0, lambda cycle: 1.0),
    ),
    "cyclic, halving": (
        lambda o: schedules.CyclicLR(o, [0.1, 0.5], 1.0, 3, 4, mode="triangular2"),
        lambda b, e: triangle(e, b, 1.0, lambda cycle: 0.5**cycle),
    ),
    "cyclic, own scale": (
        lambda o: schedules.CyclicLR(o, [0.1, 0.5], 1.0, 3, 4, scale_fn=lambda n: 1 / n),
        lambda b, e: triangle(e, b, 1.0, lambda cycle: 1 / (cycle + 1)),
    ),
    "one cycle": (
        lambda o: schedules.OneCycleLR(o, [0.1, 0.5], 21),
        lambda b, e: one_cycle(e, b),
    ),
    "sequential": (
        lambda o: schedules.SequentialLR(
            o, [schedules.ConstantLR(o, 0.1, 9), schedules.ExponentialLR(o, 0.9)], [3]
        ),
        lambda b, e: b * (0.1 if e < 3 else 0.9 ** (e - 3)),
    ),
    "chained": (
        lambda o: schedules.ChainedScheduler(
            [schedules.ConstantLR(o, 0.1, 2), schedules.ExponentialLR(o, 0.9)]
        ),
        lambda b, e: b * 0.9**e * (0.1 if e < 2 else 1.0),
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("kind", ["sgd", "adam"])
def test_rates_follow_the_formula(name: str, kind: str) -> None:
    make, formula = FORMULAS[name]
    optimizer = made(kind)
    scheduler = make(optimizer)
    for epoch in range(EPOCHS + 1):
        rates = [group["lr"] for group in optimizer.param_groups]
        np.testing.assert_allclose(rates, [formula(b, epoch) for b in RATES], rtol=1e-9, atol=1e-12)
        assert scheduler.get_last_lr() == rates
        if epoch < EPOCHS:
            optimizer.step()
            scheduler.step()


@pytest.mark.parametrize("name", FORMULAS)
def test_a_state_goes_on_where_it_was(name: str) -> None:
    make, _ = FORMULAS[name]
    first, second = made(), made()
    one, other = make(first), make(second)
    for _ in range(8):
        first.step()
        one.step()
    other.load_state_dict(one.state_dict())
    second.load_state_dict(first.state_dict())
    for _ in range(5):
        for optimizer, scheduler in ((first, one), (second, other)):
            optimizer.step()
            scheduler.step()
        assert one.get_last_lr() == other.get_last_lr()


def test_momentum_goes_the_other_way() -> None:
    for kind, key in (("sgd", "momentum"), ("adam", "betas")):
        optimizer = made(kind)
        scheduler = schedules.CyclicLR(optimizer, 0.1, 1.0, 2, base_momentum=0.5, max_momentum=0.9)
        seen = []
        for _ in range(5):
            value = optimizer.param_groups[0][key]
            seen.append(value[0] if key == "betas" else value)
            optimizer.step()
            scheduler.step()
        np.testing.assert_allclose(seen, [0.9, 0.7, 0.5, 0.7, 0.9])


def test_three_phases_of_one_cycle() -> None:
    optimizer = made()
    scheduler = schedules.OneCycleLR(
        optimizer, 1.0, epochs=2, steps_per_epoch=11, pct_start=0.5, anneal_strategy="linear",
        three_phase=True, final_div_factor=10.0,
    )  # fmt: skip
    seen = []
    for _ in range(22):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(
        seen, np.interp(range(22), [0, 10, 20, 21], [0.04, 1, 0.04, 0.004]), rtol=1e-9
    )
    optimizer.step()
    with pytest.raises(ValueError, match="Tried to step 23 times"):
        scheduler.step()


@pytest.mark.parametrize(
    ("options", "metrics", "rates"),
    [
        ({"patience": 1}, [5, 4, 4, 4, 4, 4, 4], [1, 1, 1, 0.1, 0.1, 0.01, 0.01]),
        ({"patience": 0, "cooldown": 1}, [4, 4, 4, 4, 4], [1, 0.1, 0.1, 0.01, 0.01]),
        ({"patience": 0, "min_lr": 0.3}, [4, 4, 4], [1, 0.3, 0.3]),
        ({"patience": 0, "mode": "max"}, [1, 2, 2], [1, 1, 0.1]),
        ({"patience": 0, "threshold": 0.5}, [4, 3, 1], [1, 0.1, 0.1]),
        ({"patience": 0, "threshold": 0.5, "threshold_mode": "abs"}, [4, 3, 2.9], [1, 1, 0.1]),
        ({"patience": 0}, [float("nan"), 1], [0.1, 0.1]),
    ],
)
def test_a_plateau_lowers_the_rate(options: Any, metrics: Any, rates: Any) -> None:
    optimizer = optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = schedules.ReduceLROnPlateau(optimizer, **options)
    seen = []
    for metric in metrics:
        scheduler.step(portfire.tensor(metric))
        seen.append(optimizer.param_groups[0]["lr"])
    np.testing.assert_allclose(seen, rates)
    again = schedules.ReduceLROnPlateau(optimizer)
    again.load_state_dict(scheduler.state_dict())
    assert again.best == scheduler.best or math.isnan(scheduler.best)


def test_a_rate_that_is_a_tensor_is_filled() -> None:
    rate = portfire.tensor(1.0)
    optimizer = optim.SGD([portfire.zeros(1, requires_grad=True)], lr=rate)
    scheduler = schedules.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert rate.item() == 0.5
    assert optimizer.param_groups[0]["lr"] is rate


def test_the_wrong_order_is_told() -> None:
    optimizer = made()
    scheduler = schedules.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match=r"before `optimizer\.step\(\)`"):
        scheduler.step()
    right = made()
    scheduler = schedules.StepLR(right, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        right.step()
        scheduler.step()
    with pytest.warns(UserWarning, match="being deprecated"):
        scheduler.step(6)
    np.testing.assert_allclose(scheduler.get_last_lr(), [b * 0.1**3 for b in RATES])
    with pytest.warns(UserWarning, match="please use `get_last_lr"):
        scheduler.get_lr()


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda o: schedules.StepLR(3, 2), TypeError, "int is not an Optimizer"),
        (lambda o: schedules.StepLR(o, 2, last_epoch=3), KeyError, "'initial_lr' is not specified"),
        (lambda o: schedules.LambdaLR(o, [lambda e: 1.0]), ValueError, "Expected 2 lr_lambdas"),
        (lambda o: schedules.ConstantLR(o, 2), ValueError, "between 0 and 1"),
        (lambda o: schedules.LinearLR(o, 0), ValueError, "greater than 0"),
        (lambda o: schedules.LinearLR(o, 0.5, 2), ValueError, "Ending multiplicative"),
        (lambda o: schedules.OneCycleLR(o, 1.0), ValueError, "must define either total_steps"),
        (lambda o: schedules.OneCycleLR(o, 1.0, -1), ValueError, "positive integer total_steps"),
        (lambda o: schedules.OneCycleLR(o, 1.0, 5, pct_start=2.0), ValueError, "pct_start"),
        (
            lambda o: schedules.OneCycleLR(o, 1.0, 5, anneal_strategy="x"),
            ValueError,
            "instead got x",
        ),
        (lambda o: schedules.CyclicLR(o, 0.1, 0.2, mode="x"), ValueError, "mode is invalid"),
        (
            lambda o: schedules.CyclicLR(o, [0.1], 0.2),
            ValueError,
            "base_lr must have the same length",
        ),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 0), ValueError, "positive integer T_0"),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 1, 0), ValueError, "T_mult >= 1"),
        (lambda o: schedules.CosineAnnealingWarmRestarts(o, 1, 1, "x"), ValueError, "eta_min"),
        (
            lambda o: schedules.CosineAnnealingWarmRestarts(o, 2).step(-1),
            ValueError,
            "non-negative",
        ),
        (lambda o: schedules.ReduceLROnPlateau(o, factor=1.0), ValueError, "Factor should be"),
        (lambda o: schedules.ReduceLROnPlateau(o, min_lr=[1]), ValueError, "expected 2 min_lrs"),
        (lambda o: schedules.ReduceLROnPlateau(o, "x"), ValueError, "mode x is unknown"),
        (
            lambda o: schedules.ReduceLROnPlateau(o, threshold_mode="x"),
            ValueError,
            "threshold mode x is unknown",
        ),
        (lambda o: schedules.SequentialLR(o, [], []), ValueError, "at least one scheduler"),
        (lambda o: schedules.ChainedScheduler([]), ValueError, "at least one scheduler"),
        (
            lambda o: schedules.SequentialLR(o, [schedules.StepLR(o, 2)], [1]),
            ValueError,
            "one more than the number of milestone",
        ),
        (
            lambda o: schedules.SequentialLR(o, [schedules.StepLR(made(), 2)], []),
            ValueError,
            "belong to the same optimizer",
        ),
        (
            lambda o: schedules.ChainedScheduler([schedules.ReduceLROnPlateau(o)]),
            ValueError,
            "does not support `ReduceLROnPlateau`",
        ),
        (lambda o: schedules.SequentialLR(o, [3], []), TypeError, "should have `optimizer`"),
    ],
)
def test_wrong_calls(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(made())


def test_momentum_that_is_not_there() -> None:
    class Plain(optim.Optimizer):
        def __init__(self) -> None:
            super().__init__([portfire.zeros(1, requires_grad=True)], {"lr": 0.1})

    for make in (
        lambda o: schedules.CyclicLR(o, 0.1, 0.2),
        lambda o: schedules.OneCycleLR(o, 1.0, 5),
    ):
        with pytest.raises(ValueError, match="must support momentum or beta1"):
            make(Plain())
