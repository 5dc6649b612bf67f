"""Train a small convolutional network on handwritten digits, on any device of portfire.

Writes the curves and a sheet of predictions (digits.png) and the weights (digits.safetensors). Ends
with status 1 if the network knows less than 97 % of the images that it was not trained on.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from tqdm import tqdm  # type: ignore[import-untyped]  # it has no stubs

import portfire
from examples.digits import data, model, plot
from examples.digits.train import Settings, evaluate, share_right, train

WANTED_ACCURACY = 0.97
OUTPUT = Path(__file__).parent / "output"


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="digits",
        description=__doc__,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    known = Settings()
    parser.add_argument("--device", default=known.device, help="for example cpu or opencl:1")
    parser.add_argument("--epochs", type=positive, default=known.epochs, help="passes over all")
    parser.add_argument("--batch-size", type=positive, default=known.batch_size, help="images")
    parser.add_argument("--lr", type=float, default=known.lr, help="learning rate at the start")
    parser.add_argument("--seed", type=int, default=known.seed, help="of weights, order, dropout")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of the results")
    return parser


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1; got {text}")
    return number


def main(argv: list[str] | None = None) -> int:
    """Train, store and show the results, and return the exit status."""
    parser = arguments()
    options = parser.parse_args(argv)
    output: Path = options.output
    settings = Settings(
        options.device, options.epochs, options.batch_size, options.lr, options.seed
    )
    try:
        digits = data.load(settings.device)
    except RuntimeError as error:
        parser.error(f"--device {settings.device}: {error}")
    images, labels = digits.test_images, digits.test_labels
    if settings.batch_size > len(digits.train_labels):
        parser.error(f"--batch-size can be at most {len(digits.train_labels)}, all images")
    output.mkdir(parents=True, exist_ok=True)
    device = images.device
    print(f"Device: {device} ({getattr(portfire, device.type).get_device_name(device)})")
    print(f"Images: {len(digits.train_labels)} to learn from, {len(labels)} held out", flush=True)

    started = time.perf_counter()
    steps = settings.epochs * (len(digits.train_labels) // settings.batch_size)
    with tqdm(total=steps, desc="Training", unit=" steps", dynamic_ncols=True) as bar:

        def show(loss: float, share: float) -> None:
            bar.set_postfix(loss=f"{loss:.4f}", accuracy=f"{share:.0%}", refresh=False)
            bar.update()

        net, history = train(digits, settings, show)
    seconds = time.perf_counter() - started

    weights, picture = output / "digits.safetensors", output / "digits.png"
    model.save(net, weights)
    _, classes = evaluate(net, images, labels)
    _, again = evaluate(model.restore(weights, settings.device), images, labels)
    plot.draw(history, images, labels, classes, picture)

    share = share_right(classes, labels).item()
    print(f"Result: {share:.2%} of the held-out images right, {steps} steps in {seconds:.1f} s")
    print(f"Files:  {picture}\n        {weights}")
    if not portfire.equal(classes, again):
        print("The weights that were read back from the file give other predictions.")
        return 1
    if share < WANTED_ACCURACY:
        print(f"That is less than the wanted {WANTED_ACCURACY:.0%}; try more epochs (--epochs).")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
