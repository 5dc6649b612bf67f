"""LeNet-5 on handwritten digits of 28 by 28 pixels: the network that read checks in the nineties.

After LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition"
(1998), with ReLU and the largest of four pixels where they had tanh and a trained average.
"""

from __future__ import annotations

import sys

from examples.shared import classify
from examples.shared.command import Settings
from portfire import nn

SETTINGS = Settings(steps=264, batch_size=64, lr=3e-3)
WANTED_ACCURACY = 0.97


def build() -> nn.Module:
    """Return the network: two convolutions with pooling, then three linear layers."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )


def main(argv: list[str] | None = None) -> int:
    """Train, draw, and return the exit status."""
    return classify.main("lenet", __doc__, build, SETTINGS, WANTED_ACCURACY, argv, pixels=28)


if __name__ == "__main__":
    sys.exit(main())
