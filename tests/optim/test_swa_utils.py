"""Averages of weights: the functions, the schedule, and statistics of batch normalizations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire import optim
from portfire.optim import swa_utils

# The rates of torch 2.13 for the first epochs, from 0.1.
RATES: list[tuple[dict[str, Any], list[float]]] = [
    (
        {"swa_lr": 0.05, "anneal_epochs": 5},
        [0.1, 0.09522542485937370, 0.0827254248593737, 0.06727457514062630, 0.05477457514062632]
        + [0.05] * 3,
    ),
    (
        {"swa_lr": 0.05, "anneal_epochs": 3, "anneal_strategy": "linear"},
        [0.1, 0.08333333333333334, 0.06666666666666668, 0.05, 0.05],
    ),
    ({"swa_lr": 0.5, "anneal_epochs": 0}, [0.5, 0.5, 0.5]),
    ({"swa_lr": [0.1], "anneal_epochs": 2}, [0.1, 0.1, 0.1]),
]


def sgd() -> Any:
    return optim.SGD([portfire.zeros(1).requires_grad_()], lr=0.1)


@pytest.mark.parametrize(("options", "expected"), RATES)
def test_rates(options: dict[str, Any], expected: list[float]) -> None:
    optimizer = sgd()
    scheduler = swa_utils.SWALR(optimizer, **options)
    found = [optimizer.param_groups[0]["lr"]]
    for _ in expected[1:]:
        optimizer.step()
        scheduler.step()
        found.append(optimizer.param_groups[0]["lr"])
    assert found == pytest.approx(expected, rel=1e-12)
    assert scheduler.get_last_lr() == [found[-1]]


def test_a_schedule_goes_on_from_its_state() -> None:
    optimizer = sgd()
    scheduler = swa_utils.SWALR(optimizer, swa_lr=0.05, anneal_epochs=4)
    optimizer.step()
    scheduler.step()
    state = scheduler.state_dict()
    assert state["_anneal_strategy"] == "cos"
    rate = optimizer.param_groups[0]["lr"]
    other = sgd()
    again = swa_utils.SWALR(other, swa_lr=0.05, anneal_epochs=4)
    again.load_state_dict(state)
    other.param_groups[0]["lr"] = rate
    for pair in ((optimizer, scheduler), (other, again)):
        pair[0].step()
        pair[1].step()
    assert other.param_groups[0]["lr"] == optimizer.param_groups[0]["lr"] == pytest.approx(0.075)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"anneal_strategy": "x"}, "anneal_strategy must be one of 'cos' or 'linear', instead got x"),
    ({"anneal_epochs": -1}, "anneal_epochs must be equal or greater than 0, got -1"),
    ({"anneal_epochs": 1.5}, "anneal_epochs must be equal or greater than 0, got 1.5"),
    ({"swa_lr": [0.1, 0.2]}, "swa_lr must have the same length as optimizer.param_groups"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        swa_utils.SWALR(sgd(), **{"swa_lr": 0.05, **options})


@pytest.mark.parametrize("make", [swa_utils.get_ema_avg_fn, swa_utils.get_ema_multi_avg_fn])
def test_shares_out_of_range(make: Any) -> None:
    with pytest.raises(ValueError, match=r"Invalid decay value 2.0 provided"):
        make(2.0)


def test_averages_of_many(device: str) -> None:
    rng = np.random.default_rng(0)
    arrays = rng.normal(size=(5, 3, 4))
    olds = [portfire.tensor(arrays[0], device=device) for _ in range(2)]
    ema, swa = swa_utils.get_ema_multi_avg_fn(0.8), swa_utils.get_swa_multi_avg_fn()
    expected = arrays[0]
    for count, array in enumerate(arrays[1:], 1):
        new = portfire.tensor(array, device=device)
        ema(olds[:1], [new], count)
        swa(olds[1:], [new], count)
        expected = 0.8 * expected + 0.2 * array
    np.testing.assert_allclose(olds[0].tolist(), expected, rtol=1e-12)
    np.testing.assert_allclose(olds[1].tolist(), arrays.mean(0), rtol=1e-12)


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        swa_utils.nothing  # noqa: B018  # reading it is the test


def test_statistics_anew(device: str) -> None:
    nn = pytest.importorskip("portfire.nn", reason="batch normalizations come with portfire-nn")
    model = nn.Sequential(nn.BatchNorm1d(2, momentum=0.3), nn.Dropout(0.5)).to(device).eval()
    batches = np.random.default_rng(1).normal(size=(3, 8, 2)).astype(np.float32)
    loader = [
        portfire.tensor(batches[0]),
        (portfire.tensor(batches[1]), 0),
        [portfire.tensor(batches[2]), 1],
    ]
    swa_utils.update_bn(loader, model, device=device)
    np.testing.assert_allclose(model[0].running_mean.tolist(), batches.mean((0, 1)), rtol=1e-4)
    variance = batches.var(1, ddof=1).mean(0)
    np.testing.assert_allclose(model[0].running_var.tolist(), variance, rtol=1e-4)
    assert model[0].momentum == 0.3
    assert not model.training
    swa_utils.update_bn(loader, nn.Linear(5, 5))  # without such layers there is nothing to do
    average = swa_utils.AveragedModel(model)
    average.update_parameters(model)
    assert average.n_averaged.item() == 1
