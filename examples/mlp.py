"""A multilayer perceptron on handwritten digits: two hidden layers with ReLU and dropout."""

from __future__ import annotations

import sys

from examples.shared import classify
from examples.shared.command import Settings
from portfire import nn

SETTINGS = Settings(steps=264, batch_size=64, lr=3e-3)
WANTED_ACCURACY = 0.96


def build() -> nn.Module:
    """Return the network for images of 8 by 8 pixels."""
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(8 * 8, 128),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def main(argv: list[str] | None = None) -> int:
    """Train, draw, and return the exit status."""
    return classify.main("mlp", __doc__, build, SETTINGS, WANTED_ACCURACY, argv)


if __name__ == "__main__":
    sys.exit(main())
