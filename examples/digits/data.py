"""The data: scikit-learn's 1,797 handwritten digits, 8 by 8 pixels each, split and on a device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from sklearn.datasets import load_digits  # type: ignore[import-untyped]  # it has no stubs

import portfire
from portfire import Tensor

TEST_SHARE = 0.2
WHITE = 16.0  # the brightest pixel of the data set
SPLIT_SEED = 0  # the same test images whatever the training's seed is, so that runs compare


class Digits(NamedTuple):
    """Images (N, 1, 8, 8) between 0 and 1 with their labels (N), for training and for testing."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def load(device: str) -> Digits:
    """Read the digits, hold a fifth of them out for the test, and move all to a device."""
    source = load_digits()
    order = np.random.default_rng(SPLIT_SEED).permutation(len(source.target))
    images = (source.images[order, None] / WHITE).astype(np.float32)
    labels = source.target[order].astype(np.int64)
    first_test = round(len(order) * (1 - TEST_SHARE))
    parts = (images[:first_test], labels[:first_test], images[first_test:], labels[first_test:])
    return Digits(*(portfire.tensor(part, device=device) for part in parts))


def batches(
    digits: Digits, batch_size: int, order: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the training data once, in random batches of one size; what is left over waits.

    Batches of one size make every step the same program, which is compiled once.
    """
    device = digits.train_images.device
    shuffled = order.permutation(len(digits.train_labels))
    for start in range(0, len(shuffled) - batch_size + 1, batch_size):
        chosen = portfire.tensor(shuffled[start : start + batch_size], device=device)
        yield digits.train_images[chosen], digits.train_labels[chosen]
