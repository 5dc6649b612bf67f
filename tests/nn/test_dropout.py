"""Dropout: how much is dropped, what is dropped together, what stays the same."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.nn.helpers import host

CHANNELS = {
    "dropout1d": (200, 3, 4),
    "dropout2d": (200, 3, 2, 2),
    "dropout3d": (200, 3, 2, 1, 2),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_whole_channels(name: str, device: str) -> None:
    portfire.manual_seed(0)
    x = portfire.ones(CHANNELS[name], device=device).requires_grad_()
    result = getattr(F, name)(x, 0.25)
    rows = host(result).reshape(600, 4)
    assert (rows == rows[:, :1]).all()
    assert set(np.unique(rows[:, 0]).round(5)) == {0.0, np.float32(1.33333)}
    assert (rows[:, 0] == 0).mean() == pytest.approx(0.25, abs=0.05)
    result.sum().backward()
    np.testing.assert_array_equal(host(x.grad), host(result))


def test_one_sample() -> None:
    portfire.manual_seed(0)
    for call, shape in ((F.dropout1d, (300, 2)), (F.dropout3d, (300, 1, 2, 1))):
        rows = host(call(portfire.ones(shape))).reshape(300, 2)
        assert (rows[:, 0] == rows[:, 1]).all()
        assert 0 < rows.mean() < 2


def test_mean_and_variance_stay(device: str) -> None:
    portfire.manual_seed(0)
    x = portfire.randn(40000, device=device)
    result = host(nn.AlphaDropout(0.3)(x))
    assert result.mean() == pytest.approx(0, abs=0.03)
    assert result.std() == pytest.approx(1, abs=0.02)
    floor = -1.7580993 * 0.7 / np.sqrt((1.7580993**2 * 0.3 + 1) * 0.7)
    assert (abs(result - floor) < 1e-5).mean() == pytest.approx(0.3, abs=0.01)
    together = host(nn.FeatureAlphaDropout(0.5)(portfire.zeros(100, 3, 4, device=device)))
    assert (together == together[:, :, :1]).all()
    assert len(np.unique(together)) == 2


LAYERS = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str, device: str) -> None:
    shape = {"Dropout1d": (2, 3, 2), "Dropout3d": (2, 3, 2, 2, 2)}.get(name, (2, 3, 2, 2))
    x = portfire.ones(shape, device=device)
    layer = getattr(nn, name)(0.4)
    assert repr(layer) == f"{name}(p=0.4, inplace=False)"
    assert layer.eval()(x) is x
    assert getattr(nn, name)(0.0)(x) is x
    assert not host(getattr(nn, name)(1.0)(x)).any()
    inside = getattr(nn, name)(1.0, True)
    assert inside(x) is x
    assert not host(x).any()
    with pytest.raises(ValueError, match="has to be between 0 and 1, but got 2"):
        getattr(nn, name)(2)


def test_in_place(device: str) -> None:
    portfire.manual_seed(0)
    expected = F.alpha_dropout(portfire.ones(50, device=device), 0.5, training=True)
    portfire.manual_seed(0)
    x = portfire.ones(50, device=device)
    assert F.alpha_dropout(x, 0.5, training=True, inplace=True) is x
    np.testing.assert_allclose(host(x), host(expected), rtol=1e-6)


ERRORS: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: F.dropout1d(portfire.ones(2)),
        RuntimeError,
        "dropout1d: Expected 2D or 3D input, but received a 1D input.",
    ),
    (lambda: F.dropout1d(portfire.ones(2, 3), p=-1), ValueError, "between 0 and 1, but got -1"),
    (
        lambda: F.alpha_dropout(portfire.ones(2).long(), training=True),
        RuntimeError,
        "result type Float can't be cast to the desired output type Long",
    ),
    (
        lambda: F.feature_alpha_dropout(portfire.ones(3), training=True),
        RuntimeError,
        "Feature dropout requires at least 2 dimensions in the input",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_warnings_of_dimensions() -> None:
    with pytest.warns(UserWarning, match="dropout2d: Received a 2-D input"):
        F.dropout2d(portfire.ones(2, 3))
    with pytest.warns(UserWarning, match="assuming that channel-wise 1D dropout"):
        F.dropout2d(portfire.ones(2, 3, 4))
    with pytest.warns(UserWarning, match="dropout3d: Received a 2-D input"):
        F.dropout3d(portfire.ones(2, 3))
