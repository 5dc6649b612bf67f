"""Logistic regression on handwritten digits: one linear layer, ten classes, 650 parameters."""

from __future__ import annotations

import sys

from examples.shared import classify
from examples.shared.command import Settings
from portfire import nn

SETTINGS = Settings(steps=264, batch_size=64, lr=0.03)
WANTED_ACCURACY = 0.94


def build() -> nn.Module:
    """Return a linear map of the pixels to ten scores; the loss makes probabilities of them."""
    return nn.Sequential(nn.Flatten(), nn.Linear(8 * 8, 10))


def main(argv: list[str] | None = None) -> int:
    """Train, draw, and return the exit status."""
    name = "logistic_regression"
    return classify.main(name, __doc__, build, SETTINGS, WANTED_ACCURACY, argv)


if __name__ == "__main__":
    sys.exit(main())
