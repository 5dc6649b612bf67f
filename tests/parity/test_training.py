"""Training is torch's: 200 steps of four networks from the same weights, batches and rules.

Rounding makes 5e-7 of difference (measured, see tests/examples/test_equivalence.py for the band).
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import portfire
import portfire.nn
import portfire.optim
from tests.examples.curves import NETWORKS, curve

BAND = 1e-4


@pytest.mark.parametrize("name", NETWORKS)
def test_the_curve_of_the_loss_is_the_one_of_torch(name: str) -> None:
    theirs, ours = curve(torch, name, "cpu"), curve(portfire, name, "cpu")
    assert theirs[-10:].mean() < 0.25 * theirs[0]
    assert np.abs(ours - theirs).max() < BAND
