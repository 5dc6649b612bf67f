"""Training is the same on every device: 200 steps of four networks stay within a band.

The band: what differs is the order of sums. Measured on PoCL against NumPy, from weights, batches
and rules that are equal: at most 5e-7 between losses that fall from 2.5 to 4 to less than 0.4. A
learning rate that is off by a hundredth moves the curve of `mlp` by 1e-2; so 1e-4 tells them apart.
"""

from __future__ import annotations

import functools

import numpy as np
import pytest
from numpy.typing import NDArray

import portfire
import portfire.nn
import portfire.optim
from tests.conftest import available_devices
from tests.examples.curves import NETWORKS, STEPS, curve

BAND = 1e-4


@functools.cache
def losses(name: str, device: str) -> NDArray[np.float64]:
    return curve(portfire, name, device)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_loss_falls_and_is_finite(name: str, device: str) -> None:
    found = losses(name, device)
    assert found.shape == (STEPS,)
    assert np.isfinite(found).all()
    assert found[0] > 2
    assert found[-10:].mean() < 0.25 * found[0]


@pytest.mark.parametrize("name", NETWORKS)
def test_all_devices_have_one_curve(name: str) -> None:
    first, *others = available_devices()
    if not others:
        pytest.skip("needs two kinds of devices")
    for device in others:
        assert np.abs(losses(name, device) - losses(name, first)).max() < BAND, device
