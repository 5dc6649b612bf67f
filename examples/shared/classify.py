"""Train any network on scikit-learn's digits, enlarged where it wants more pixels."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from tqdm import tqdm  # type: ignore[import-untyped]  # it has no stubs

import portfire
from examples.digits import data, plot
from examples.digits.train import Settings, evaluate, fit, share_right
from examples.shared import command
from portfire import Tensor, nn, optim


def enlarge(images: Tensor, pixels: int) -> Tensor:
    """Scale square images (N, C, H, H) to `pixels` on a side, linearly between pixels.

    Each axis is a product with a matrix whose rows are the weights of the old pixels.
    """
    size = images.shape[-1]
    places = np.linspace(0, size - 1, pixels)
    columns = [np.interp(places, np.arange(size), row) for row in np.eye(size)]
    weights = portfire.tensor(np.stack(columns, 1).astype(np.float32), device=images.device)
    larger: Tensor = weights @ images @ weights.T
    return larger


def load(device: str, pixels: int) -> data.Digits:
    """Read the digits as `examples.digits` splits them, with a number of pixels on a side."""
    digits = data.load(device)
    if pixels == digits.train_images.shape[-1]:
        return digits
    return digits._replace(
        train_images=enlarge(digits.train_images, pixels),
        test_images=enlarge(digits.test_images, pixels),
    )


def main(
    name: str,
    text: str | None,
    build: Callable[[], nn.Module],
    known: command.Settings,
    wanted: float,
    argv: list[str] | None,
    pixels: int = 8,
) -> int:
    """Train what `build` returns, draw the result, and return the exit status."""
    options = command.settings(name, text, known, argv)
    digits = load(options.device, pixels)
    per_epoch = len(digits.train_labels) // known.batch_size
    epochs = max(1, round(options.steps / per_epoch))
    portfire.manual_seed(options.seed)
    net = build().to(options.device)
    optimizer = optim.Adam(net.parameters(), lr=options.lr)
    plan = Settings(options.device, epochs, known.batch_size, options.lr, options.seed)
    count = sum(parameter.numel() for parameter in net.parameters())
    print(f"{name}: {count:,} parameters, images of {pixels} by {pixels} pixels", flush=True)

    started = time.perf_counter()
    with tqdm(total=epochs * per_epoch, desc="Training", unit=" steps", dynamic_ncols=True) as bar:

        def show(loss: float, share: float) -> None:
            bar.set_postfix(loss=f"{loss:.4f}", accuracy=f"{share:.0%}", refresh=False)
            bar.update()

        history = fit(net, optimizer, digits, plan, show)
    seconds = time.perf_counter() - started

    picture = options.output / f"{name}.png"
    images, labels = digits.test_images, digits.test_labels
    _, classes = evaluate(net, images, labels)
    plot.draw(history, images, labels, classes, picture, wanted)
    share = share_right(classes, labels).item()
    print(f"Result: {share:.2%} of the held-out images right after {seconds:.1f} s")
    print(f"File:   {picture}")
    if share < wanted:
        print(f"That is less than the wanted {wanted:.0%}; try more steps (--steps).")
        return 1
    return 0
