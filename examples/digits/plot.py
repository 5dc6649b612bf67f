"""The picture of a run: loss and accuracy over time above a sheet of test images."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import NDArray

from portfire import Tensor

if TYPE_CHECKING:
    from examples.digits.train import History

ROWS, COLUMNS = 5, 14
TRAIN, TEST, WRONG, GREY = "#3b6ea8", "#d9822b", "#c4302b", "#5b6470"


def draw(
    history: History,
    images: Tensor,
    labels: Tensor,
    classes: Tensor,
    path: Path,
    wanted: float = 0.97,
) -> None:
    """Write the picture to a PNG file."""
    engine = ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.05)
    figure = Figure(figsize=(12, 9), facecolor="white", layout=engine)
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 1, height_ratios=(1, 1.35))
    top, bottom = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
    left, right = top.subplots(1, 2)
    draw_loss(left, history)
    draw_accuracy(right, history, wanted)
    shown, truth, said = images.cpu().numpy()[:, 0], labels.cpu().numpy(), classes.cpu().numpy()
    missed = int((truth != said).sum())
    bottom.suptitle(
        f"{len(truth)} test images, {missed} wrong ({1 - missed / len(truth):.2%} right); "
        "wrong ones in red: what the network says, and what it is",
        fontsize=11,
        color=GREY,
    )
    # Mistakes are what one wants to see, so they come first.
    order = np.argsort(truth == said, kind="stable")
    sheet = bottom.subplots(ROWS, COLUMNS)
    for cell in sheet.flat:
        cell.set_axis_off()
    for cell, i in zip(sheet.flat, order, strict=False):
        draw_image(cell, shown[i], int(truth[i]), int(said[i]))
    figure.savefig(path, dpi=110)


def draw_loss(axes: Axes, history: History) -> None:
    """Draw the loss of each step, smoothed, and of the test images after each epoch."""
    losses = np.array(history.step_losses)
    epochs = len(history.test_losses)
    place = (np.arange(len(losses)) + 1) / len(losses) * epochs
    axes.plot(place, losses, color=TRAIN, alpha=0.25, linewidth=0.8)
    axes.plot(place, smooth(losses), color=TRAIN, linewidth=1.8, label="training")
    axes.plot(range(1, epochs + 1), history.test_losses, "o-", color=TEST, ms=4, label="test")
    axes.set_yscale("log")
    finish(axes, "Loss (cross entropy)")


def draw_accuracy(axes: Axes, history: History, wanted: float) -> None:
    """Draw the share of right answers after each epoch."""
    epochs = range(1, len(history.test_accuracies) + 1)
    axes.plot(epochs, history.train_accuracies, "o-", color=TRAIN, ms=4, label="training")
    axes.plot(epochs, history.test_accuracies, "o-", color=TEST, ms=4, label="test")
    axes.axhline(wanted, color=GREY, linewidth=1, linestyle=":", label=f"wanted: {wanted:.0%}")
    lowest = min(*history.train_accuracies, *history.test_accuracies, 0.9)
    axes.set_ylim(max(0.0, lowest - 0.02), 1.005)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    finish(axes, "Accuracy")


def finish(axes: Axes, title: str) -> None:
    """Give a panel its title, legend and light grid."""
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold")
    axes.set_xlabel("epoch", color=GREY)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color="#e6e8eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=GREY)
    axes.legend(frameon=False)


def draw_image(cell: Axes, image: NDArray[np.float32], truth: int, said: int) -> None:
    """Draw one digit with what the network takes it for."""
    cell.imshow(image, cmap="gray_r", vmin=0, vmax=1, interpolation="nearest")
    right = truth == said
    text = f"{said}" if right else f"{said}, is {truth}"
    cell.set_title(text, fontsize=10, pad=3, color=GREY if right else WRONG)
    cell.set_axis_on()
    cell.set_xticks([])
    cell.set_yticks([])
    for spine in cell.spines.values():
        spine.set(color="#d5d9de" if right else WRONG, linewidth=0.8 if right else 2.2)


def smooth(values: NDArray[np.float64], share: float = 0.8) -> NDArray[np.float64]:
    """Return the exponential moving average, corrected at its start."""
    out, mean, weight = np.empty_like(values), 0.0, 0.0
    for i, value in enumerate(values):
        mean, weight = share * mean + (1 - share) * value, share * weight + 1 - share
        out[i] = mean / weight
    return out
