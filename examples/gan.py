"""Two networks play against each other until one of them makes points like those of a ring.

The data are eight clouds around a circle. The generator makes points from noise; the critic tells
them from real ones, and both learn. After Goodfellow and others, "Generative adversarial nets"
(2014), with the loss that the paper recommends for the generator.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

import portfire
from examples.digits.plot import GREY, TEST, TRAIN
from examples.shared import command
from examples.shared.command import Settings
from portfire import Tensor, nn, optim

SETTINGS = Settings(steps=3000, batch_size=128, lr=2e-3)
CLOUDS, RADIUS, SPREAD = 8, 3.0, 0.24
NOISE = 8  # numbers from which a point is made
SAMPLES = 2000
NEAR = 3 * SPREAD  # a point belongs to a cloud within this distance of its center
WANTED_SHARE = 0.85


def centers() -> NDArray[np.float64]:
    """Return the middles of the clouds, on a circle."""
    angles = 2 * np.pi * np.arange(CLOUDS) / CLOUDS
    return RADIUS * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def real_points(count: int, device: str) -> Tensor:
    """Draw points of the data."""
    cloud = portfire.randint(CLOUDS, (count,), device=device)
    middles = portfire.tensor(centers().astype(np.float32), device=device)
    points: Tensor = middles[cloud] + SPREAD * portfire.randn(count, 2, device=device)
    return points


def build_generator() -> nn.Module:
    """Return the network that makes points from noise."""
    return nn.Sequential(
        nn.Linear(NOISE, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2)
    )


def build_critic() -> nn.Module:
    """Return the network that gives a point a score: high where it takes it for real."""
    return nn.Sequential(
        nn.Linear(2, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 1),
    )


def game(generator: nn.Module, critic: nn.Module, options: Settings) -> Callable[[], Tensor]:
    """Return a function that records one step of each network and returns both losses."""
    guess = nn.functional.binary_cross_entropy_with_logits
    makers, critics = (
        optim.Adam(net.parameters(), lr=options.lr, betas=(0.5, 0.999))
        for net in (generator, critic)
    )
    # The rates fall to nothing, so that the game ends in a draw instead of going round and round.
    falls = [
        optim.lr_scheduler.LinearLR(optimizer, 1.0, 1e-3, options.steps)
        for optimizer in (makers, critics)
    ]
    count, device = options.batch_size, options.device
    true, false = portfire.ones(count, 1, device=device), portfire.zeros(count, 1, device=device)

    def step() -> Tensor:
        made = generator(portfire.randn(count, NOISE, device=device))
        real, fake = critic(real_points(count, device)), critic(made.detach())
        loss_of_critic = guess(real, true) + guess(fake, false)
        critics.zero_grad()
        loss_of_critic.backward()
        critics.step()
        loss_of_generator = guess(critic(made), true)
        makers.zero_grad()
        loss_of_generator.backward()
        makers.step()
        for fall in falls:
            fall.step()
        losses: Tensor = portfire.stack([loss_of_generator.detach(), loss_of_critic.detach()])
        return losses

    return step


def quality(points: NDArray[np.float32]) -> tuple[float, NDArray[np.int64]]:
    """Return the share of the points near a cloud, and how many are near each."""
    distances = np.linalg.norm(points[:, None] - centers(), axis=2)
    near = distances.min(axis=1) < NEAR
    found = np.bincount(distances.argmin(axis=1)[near], minlength=CLOUDS)
    return float(near.mean()), found


def draw(
    losses: NDArray[np.float64], real: NDArray[np.float32], made: NDArray[np.float32], share: float
) -> Figure:
    """Return the curves beside the real and the made points."""
    figure = command.figure(13, 4.6)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.3, 1, 1))
    command.draw_losses(left, losses, "Losses", ("generator", "critic"))
    kinds = ((middle, real, "Data", TRAIN), (right, made, f"Made, {share:.0%} in a cloud", TEST))
    for axes, points, title, color in kinds:
        axes.scatter(points[:, 0], points[:, 1], s=5, alpha=0.4, color=color, linewidths=0)
        axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
        axes.set(xlim=(-4.5, 4.5), ylim=(-4.5, 4.5), aspect="equal")
        axes.tick_params(colors=GREY)
    return figure


def main(argv: list[str] | None = None) -> int:
    """Train, draw, and return the exit status."""
    options = command.settings("gan", __doc__, SETTINGS, argv)
    portfire.manual_seed(options.seed)
    generator, critic = (b().to(options.device) for b in (build_generator, build_critic))
    losses = command.train(game(generator, critic, options), options.steps, ("generator", "critic"))
    with portfire.no_grad():
        made = generator(portfire.randn(SAMPLES, NOISE, device=options.device)).cpu().numpy()
    real = real_points(SAMPLES, options.device).cpu().numpy()
    share, found = quality(made)
    picture = options.output / "gan.png"
    draw(losses, real, made, share).savefig(picture, dpi=110)
    reached = int((found > SAMPLES / CLOUDS / 4).sum())
    print(f"Result: {share:.1%} of the points in a cloud, {reached} of {CLOUDS} clouds reached")
    print(f"File:   {picture}")
    if share < WANTED_SHARE or reached < CLOUDS:
        print(f"Wanted: {WANTED_SHARE:.0%} in all {CLOUDS} clouds; try more steps (--steps).")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
