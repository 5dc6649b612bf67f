"""Initialization: distributions, gains, what a layer starts with, errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

import portfire
from portfire import nn
from tests.nn.helpers import host


@pytest.mark.parametrize(
    ("fill", "mean", "deviation", "limit"),
    [
        (lambda t: nn.init.uniform_(t, -2, 4), 1.0, 6 / math.sqrt(12), 4.0),
        (lambda t: nn.init.normal_(t, 1.0, 0.5), 1.0, 0.5, math.inf),
        (
            lambda t: nn.init.xavier_uniform_(t, 2.0),
            0.0,
            2 * math.sqrt(2 / 300),
            2 * math.sqrt(0.02),
        ),
        (lambda t: nn.init.xavier_normal_(t), 0.0, math.sqrt(2 / 300), math.inf),
        (lambda t: nn.init.kaiming_uniform_(t, nonlinearity="relu"), 0.0, 0.1, math.sqrt(0.03)),
        (lambda t: nn.init.kaiming_normal_(t, mode="fan_out"), 0.0, math.sqrt(0.02), math.inf),
        (
            lambda t: nn.init.kaiming_normal_(t, a=1, mode="FAN_IN"),
            0.0,
            math.sqrt(1 / 200),
            math.inf,
        ),
    ],
)
def test_distributions(fill: Any, mean: float, deviation: float, limit: float, device: str) -> None:
    portfire.manual_seed(0)
    weight = nn.Parameter(portfire.empty(100, 200, device=device))
    assert fill(weight) is weight
    values = host(weight)
    assert abs(values.mean() - mean) < 0.03 * max(deviation, 0.1)
    assert values.std() == pytest.approx(deviation, rel=0.02)
    assert np.abs(values).max() <= limit
    assert weight.requires_grad
    assert weight.is_leaf


def test_constants(device: str) -> None:
    weight = nn.Parameter(portfire.empty(2, 2, device=device))
    for fill, value in ((nn.init.ones_, 1.0), (nn.init.zeros_, 0.0)):
        assert fill(weight).tolist() == [[value] * 2] * 2
    assert nn.init.constant_(weight, 3).tolist() == [[3.0] * 2] * 2


@pytest.mark.parametrize(
    ("name", "param", "expected"),
    [
        ("linear", None, 1),
        ("conv_transpose3d", None, 1),
        ("sigmoid", None, 1),
        ("tanh", None, 1.6666666666666667),
        ("relu", None, 1.4142135623730951),
        ("selu", None, 0.75),
        ("leaky_relu", None, 1.4141428569978354),
        ("leaky_relu", 0.2, 1.3867504905630728),
        ("leaky_relu", 1, 1.0),
    ],
)
def test_gains(name: str, param: Any, expected: float) -> None:
    assert nn.init.calculate_gain(name, param) == expected


def test_errors() -> None:
    with pytest.raises(ValueError, match="Unsupported nonlinearity foo"):
        nn.init.calculate_gain("foo")
    for slope in ("a", True):
        with pytest.raises(ValueError, match=f"negative_slope {slope} not a valid number"):
            nn.init.calculate_gain("leaky_relu", slope)
    vector, matrix = portfire.ones(2), portfire.ones(2, 2)
    for fill in (nn.init.xavier_uniform_, nn.init.kaiming_normal_):
        with pytest.raises(ValueError, match="Fan in and fan out can not be computed for tensor"):
            fill(vector)
    with pytest.raises(ValueError, match=r"Mode x not supported, please use one of \['fan_in'"):
        nn.init.kaiming_normal_(matrix, mode="x")
    with pytest.raises(RuntimeError, match="found from=3 > to=1"):
        nn.init.uniform_(vector, 3, 1)
    with pytest.raises(RuntimeError, match=r"normal expects std >= 0\.0, but found std -1"):
        nn.init.normal_(vector, std=-1)


def test_nothing_to_fill() -> None:
    empty = portfire.ones(2, 0)
    for fill in (nn.init.kaiming_uniform_, nn.init.kaiming_normal_):
        with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
            assert fill(empty) is empty
    with pytest.warns(UserWarning, match="no-op"):
        assert nn.Linear(0, 3).bias.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("make", "fan_in"),
    [(lambda: nn.Linear(50, 400), 50), (lambda: nn.Conv2d(4, 60, 5, groups=2), 50)],
)
def test_layers_start_within_their_bounds(make: Any, fan_in: int) -> None:
    layer, bound = make(), 1 / math.sqrt(fan_in)
    for parameter in (layer.weight, layer.bias):
        values = host(parameter)
        assert np.abs(values).max() <= bound
        assert np.abs(values).max() > 0.8 * bound


def test_the_same_seed_starts_the_same(device: str) -> None:
    portfire.manual_seed(3)
    here = nn.Linear(5, 4, device=device)
    portfire.manual_seed(3)
    there = nn.Linear(5, 4, device="cpu")
    np.testing.assert_array_equal(host(here.weight), host(there.weight))
    np.testing.assert_array_equal(host(here.bias), host(there.bias))
    assert nn.Linear(2, 1, dtype=portfire.float64).weight.dtype is portfire.float64


def test_between_bounds(device: str) -> None:
    portfire.manual_seed(0)
    values = host(nn.init.trunc_normal_(portfire.empty(200, 100, device=device), 1, 2, 0, 4))
    assert values.min() >= 0
    assert values.max() <= 4
    expected = stats.truncnorm(-0.5, 1.5, loc=1, scale=2)
    assert values.mean() == pytest.approx(expected.mean(), abs=0.02)
    assert values.std() == pytest.approx(expected.std(), abs=0.02)
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        nn.init.trunc_normal_(portfire.empty(3), mean=10)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 2, 3)])
def test_orthogonal(shape: tuple[int, ...], device: str) -> None:
    portfire.manual_seed(0)
    weight = nn.Parameter(portfire.empty(shape, device=device))
    values = host(nn.init.orthogonal_(weight, gain=2)).reshape(shape[0], -1)
    products = values @ values.T if shape[0] < values.shape[1] else values.T @ values
    np.testing.assert_allclose(products, 4 * np.eye(len(products)), atol=1e-5)
    assert weight.is_leaf


def test_patterns(device: str) -> None:
    assert nn.init.eye_(portfire.empty(2, 3, device=device)).tolist() == np.eye(2, 3).tolist()
    found = host(nn.init.dirac_(portfire.empty(4, 2, 3, 2, device=device), groups=2))
    expected = np.zeros((4, 2, 3, 2))
    for output, channel in ((0, 0), (1, 1), (2, 0), (3, 1)):
        expected[output, channel, 1, 1] = 1
    np.testing.assert_array_equal(found, expected)
    zeros = host(nn.init.sparse_(portfire.empty(10, 30, device=device), 0.25, std=2.0)) == 0
    assert zeros.sum(0).tolist() == [3] * 30
    assert len({tuple(column) for column in zeros.T}) > 5
    assert nn.init.orthogonal_(portfire.empty(0, 3, device=device)).shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.init.eye_(portfire.empty(3)), "Only tensors with 2 dimensions are supported"),
        (lambda: nn.init.sparse_(portfire.empty(3), 0.1), "Only tensors with 2 dimensions"),
        (lambda: nn.init.dirac_(portfire.empty(3, 2)), "Only tensors with 3, 4, or 5 dimensions"),
        (lambda: nn.init.dirac_(portfire.empty(3, 2, 2), 2), "dim 0 must be divisible by groups"),
        (lambda: nn.init.orthogonal_(portfire.empty(3)), "Only tensors with 2 or more dimensions"),
    ],
)
def test_errors_of_shapes(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
