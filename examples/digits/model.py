"""The network, and how it is stored."""

from __future__ import annotations

from pathlib import Path

from safetensors.numpy import load_file, save_file

import portfire
from portfire import Tensor, nn


class DigitNet(nn.Module):
    """Two convolutions, each with pooling, and two linear layers: 8x8 pixels to 10 scores."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64 * 2 * 2, 128),
            nn.ReLU(),
            nn.Dropout(0.25),
            nn.Linear(128, 10),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return a score per class for images of shape (N, 1, 8, 8)."""
        scores: Tensor = self.classifier(self.features(images))
        return scores


def save(net: nn.Module, path: Path) -> None:
    """Write the weights as a safetensors file."""
    save_file({name: value.cpu().numpy() for name, value in net.state_dict().items()}, path)


def restore(path: Path, device: str) -> DigitNet:
    """Return a network with the weights of a file, ready for use."""
    net = DigitNet().to(device)
    net.load_state_dict({name: portfire.from_numpy(v) for name, v in load_file(path).items()})
    net.eval()
    return net
