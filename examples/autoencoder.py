"""An autoencoder squeezes handwritten digits into eight numbers and draws them again from those.

Principal components, the best that a linear map can do with eight numbers, are the yardstick.
"""

from __future__ import annotations

import sys

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import portfire
from examples.digits import data
from examples.digits.plot import GREY
from examples.shared import command
from examples.shared.command import Settings
from portfire import Tensor, nn, optim

SETTINGS = Settings(steps=1500, batch_size=64, lr=4e-3)
CODE = 8  # numbers per image
WANTED_SHARE = 0.80  # of the variance of the pixels of images that it has not seen
SHOWN = 14


class Autoencoder(nn.Module):
    """Down from 64 pixels to the code, and up again."""

    def __init__(self, code: int = CODE) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64), nn.GELU()
        )
        self.code = nn.Linear(64, code)
        self.decoder = nn.Sequential(
            nn.Linear(code, 64), nn.GELU(), nn.Linear(64, 128), nn.GELU(), nn.Linear(128, 64)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return what is left of images (N, 1, 8, 8) after the code, in the same shape."""
        pixels = self.decoder(self.code(self.encoder(images))).sigmoid()
        out: Tensor = pixels.reshape(images.shape)
        return out


def share_kept(images: NDArray[np.float32], again: NDArray[np.float32]) -> float:
    """Return the share of the variance that is in the reconstruction: 1 is all, 0 is the mean."""
    lost = float(((images - again) ** 2).mean())
    return 1 - lost / float(images.var(axis=0).mean())


def principal(
    train: NDArray[np.float32], test: NDArray[np.float32], count: int = CODE
) -> NDArray[np.float32]:
    """Return the test images from as many principal components of the training images."""
    mean = train.mean(axis=0).ravel()
    _, _, axes = np.linalg.svd(train.reshape(len(train), -1) - mean, full_matrices=False)
    found: NDArray[np.float32] = (test.reshape(len(test), -1) - mean) @ axes[:count].T @ axes[
        :count
    ] + mean
    return found.reshape(test.shape).astype(np.float32)


def draw(losses: NDArray[np.float64], rows: dict[str, NDArray[np.float32]], kept: float) -> Figure:
    """Return the curve above one row of images per kind."""
    figure = command.figure(12, 7)
    grid = figure.add_gridspec(2, 1, height_ratios=(1, 1.1))
    top, bottom = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    axes = top.subplots()
    command.draw_losses(axes, losses, "Loss (mean squared error of a pixel)")
    axes.set_yscale("log")
    bottom.suptitle(
        f"Test images from {CODE} numbers each; {kept:.1%} of the variance is kept",
        fontsize=11,
        color=GREY,
    )
    cells = bottom.subplots(len(rows), SHOWN)
    for line, (name, images) in zip(cells, rows.items(), strict=True):
        for cell, image in zip(line, images[:, 0], strict=False):
            cell.imshow(image, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
            cell.set_xticks([])
            cell.set_yticks([])
        line[0].set_ylabel(name, color=GREY, fontsize=9)
    return figure


def main(argv: list[str] | None = None) -> int:
    """Train, draw, and return the exit status."""
    options = command.settings("autoencoder", __doc__, SETTINGS, argv)
    digits = data.load(options.device)
    portfire.manual_seed(options.seed)
    net = Autoencoder().to(options.device)
    optimizer = optim.Adam(net.parameters(), lr=options.lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    order = np.random.default_rng(options.seed)

    def step() -> Tensor:
        chosen = order.integers(0, len(digits.train_labels), options.batch_size)
        images = digits.train_images[portfire.tensor(chosen, device=options.device)]
        loss = nn.functional.mse_loss(net(images), images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        return loss.detach()

    losses = command.train(step, options.steps)
    with portfire.no_grad():
        again = net(digits.test_images).cpu().numpy()
    train, test = digits.train_images.cpu().numpy(), digits.test_images.cpu().numpy()
    linear = principal(train, test)
    kept, yardstick = share_kept(test, again), share_kept(test, linear)
    picture = options.output / "autoencoder.png"
    rows = {"image": test, "again": again, "linear": linear}
    draw(losses, rows, kept).savefig(picture, dpi=110)
    print(f"Result: {kept:.1%} of the variance from {CODE} numbers; linearly {yardstick:.1%}")
    print(f"File:   {picture}")
    if kept < WANTED_SHARE:
        print(f"That is less than the wanted {WANTED_SHARE:.0%}; try more steps (--steps).")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
