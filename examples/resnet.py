"""A small ResNet on handwritten digits of 32 by 32 pixels: blocks that add to what they get.

After He, Zhang, Ren and Sun, "Deep residual learning for image recognition" (2015): a convolution,
three stages of one block with 16, 32 and 64 channels, the mean over all places, a linear layer.
"""

from __future__ import annotations

import sys

from examples.shared import classify
from examples.shared.command import Settings
from portfire import Tensor, nn

SETTINGS = Settings(steps=132, batch_size=64, lr=3e-3)
WANTED_ACCURACY = 0.97


class Block(nn.Module):
    """Two convolutions with batch normalization, added to the input or to a projection of it."""

    def __init__(self, channels: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.relu = nn.ReLU()
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or channels != out:
            projection = nn.Conv2d(channels, out, 1, stride=stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, channels, H, W) to (N, out, H / stride, W / stride)."""
        change = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out: Tensor = self.relu(change + self.shortcut(x))
        return out


class ResNet(nn.Module):
    """The stem, one block per stage, and a linear layer over the mean of the places."""

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64)) -> None:
        super().__init__()
        first, last = widths[0], widths[-1]
        self.stem = nn.Sequential(
            nn.Conv2d(1, first, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
        )
        before = (first, *widths)
        self.stages = nn.Sequential(
            *(
                Block(b, w, 1 if i == 0 else 2)
                for i, (b, w) in enumerate(zip(before, widths, strict=False))
            )
        )
        self.classifier = nn.Linear(last, 10)

    def forward(self, images: Tensor) -> Tensor:
        """Return a score per class for images of shape (N, 1, H, W)."""
        scores: Tensor = self.classifier(self.stages(self.stem(images)).mean((2, 3)))
        return scores


def main(argv: list[str] | None = None) -> int:
    """Train, draw, and return the exit status."""
    return classify.main("resnet", __doc__, ResNet, SETTINGS, WANTED_ACCURACY, argv, pixels=32)


if __name__ == "__main__":
    sys.exit(main())
