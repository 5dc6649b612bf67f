"""The command line of an example, its loop over the steps, and the curve of its loss."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from tqdm import tqdm  # type: ignore[import-untyped]  # it has no stubs

import portfire
from examples.digits.__main__ import positive
from examples.digits.plot import TEST, TRAIN, finish, smooth
from portfire import Tensor

OUTPUT = Path(__file__).parent.parent / "output"
EVERY = 10  # steps between two looks at the losses, because a look waits for the device


@dataclass(frozen=True)
class Settings:
    """The knobs of a run, and the folder of its results."""

    steps: int
    batch_size: int
    lr: float
    device: str = "opencl"
    seed: int = 0
    output: Path = OUTPUT


def settings(name: str, text: str | None, known: Settings, argv: list[str] | None) -> Settings:
    """Read the command line; what it does not say is as in `known`. Make the folder."""
    parser = argparse.ArgumentParser(
        prog=name, description=text, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--device", default=known.device, help="for example cpu or opencl:1")
    parser.add_argument("--steps", type=positive, default=known.steps, help="of the optimizer")
    parser.add_argument("--lr", type=float, default=known.lr, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=known.seed, help="of weights and batches")
    parser.add_argument("--output", type=Path, default=known.output, help="folder of the results")
    said = parser.parse_args(argv)
    try:
        portfire.ones(1, device=said.device)
    except RuntimeError as error:
        parser.error(f"--device {said.device}: {error}")
    said.output.mkdir(parents=True, exist_ok=True)
    return Settings(said.steps, known.batch_size, said.lr, said.device, said.seed, said.output)


def train(
    step: Callable[[], Tensor], steps: int, names: Sequence[str] = ("loss",)
) -> NDArray[np.float64]:
    """Take the steps under a bar of progress.

    `step` records one whole step and returns its losses, one number per name, detached.
    """
    losses: list[list[float]] = []
    unread: list[Tensor] = []
    with tqdm(total=steps, desc="Training", unit=" steps", dynamic_ncols=True) as bar:
        for done in range(1, steps + 1):
            unread.append(step().reshape(len(names)))
            if done % EVERY == 0 or done == steps:
                losses += portfire.stack(unread).tolist()
                shown = {name: f"{v:.4f}" for name, v in zip(names, losses[-1], strict=True)}
                bar.set_postfix(shown, refresh=False)
                bar.update(len(unread))
                unread.clear()
    return np.array(losses)


def figure(width: float, height: float) -> Figure:
    """Return an empty white picture that needs no screen."""
    new = Figure(figsize=(width, height), facecolor="white", layout="constrained")
    FigureCanvasAgg(new)
    return new


def draw_losses(
    axes: Axes, losses: NDArray[np.float64], title: str, names: Sequence[str] = ("training",)
) -> None:
    """Draw each column of losses over the steps, with a smoothed line."""
    places = np.arange(1, len(losses) + 1)
    for column, name, color in zip(losses.T, names, (TRAIN, TEST), strict=False):
        axes.plot(places, column, color=color, alpha=0.25, linewidth=0.8)
        axes.plot(places, smooth(column, 0.95), color=color, linewidth=1.8, label=name)
    finish(axes, title)
    axes.set_xlabel("step")
