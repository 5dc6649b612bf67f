"""Train a network on the digits: the loop, and what is measured on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

import portfire
from examples.digits import data, model
from portfire import Tensor, nn, optim


@dataclass(frozen=True)
class Settings:
    """The knobs of a training run."""

    device: str = "opencl"
    epochs: int = 12
    batch_size: int = 64
    lr: float = 3e-3
    seed: int = 0


@dataclass
class History:
    """What was measured on the way: a loss per step, and the rest once per epoch."""

    step_losses: list[float] = field(default_factory=list)
    train_accuracies: list[float] = field(default_factory=list)
    test_losses: list[float] = field(default_factory=list)
    test_accuracies: list[float] = field(default_factory=list)


def train(
    digits: data.Digits,
    settings: Settings,
    after_step: Callable[[float, float], None] = lambda loss, share: None,
) -> tuple[model.DigitNet, History]:
    """Train a new network; `after_step` gets each step's loss and share of right answers."""
    portfire.manual_seed(settings.seed)
    net = model.DigitNet().to(settings.device)
    optimizer = optim.Adam(net.parameters(), lr=settings.lr)
    return net, fit(net, optimizer, digits, settings, after_step)


def fit(
    net: nn.Module,
    optimizer: optim.Optimizer,
    digits: data.Digits,
    settings: Settings,
    after_step: Callable[[float, float], None] = lambda loss, share: None,
) -> History:
    """Train any network that gives ten scores per image, and return what was measured."""
    order = np.random.default_rng(settings.seed)
    history = History()
    for epoch in range(settings.epochs):
        # Half a cosine, from the full rate towards zero; a new number compiles nothing anew.
        set_rate(optimizer, settings.lr * (1 + math.cos(math.pi * epoch / settings.epochs)) / 2)
        shares = []
        for loss, share in train_epoch(net, optimizer, digits, settings.batch_size, order):
            history.step_losses.append(loss)
            shares.append(share)
            after_step(loss, share)
        test_loss, classes = evaluate(net, digits.test_images, digits.test_labels)
        history.train_accuracies.append(sum(shares) / len(shares))
        history.test_losses.append(test_loss)
        history.test_accuracies.append(share_right(classes, digits.test_labels).item())
    return history


def train_epoch(
    net: nn.Module,
    optimizer: optim.Optimizer,
    digits: data.Digits,
    batch_size: int,
    order: np.random.Generator,
) -> Iterator[tuple[float, float]]:
    """Train with all images once; yield each step's loss and share of right answers."""
    before: Tensor | None = None
    for images, labels in data.batches(digits, batch_size, order):
        scores = net(images)
        loss = nn.functional.cross_entropy(scores, labels)
        optimizer.zero_grad()
        loss.backward()
        # So far this step is only recorded, and the device works on the one before. Reading that
        # one's numbers here waits for it but not for this one: recording costs no time.
        if before is not None:
            yield read(before)
        share = share_right(scores.detach().argmax(1), labels)
        before = portfire.stack([loss.detach(), share])
        optimizer.step()
    if before is not None:
        yield read(before)


def set_rate(optimizer: optim.Optimizer, lr: float) -> None:
    """Change the learning rate of all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = lr


def read(pair: Tensor) -> tuple[float, float]:
    """Read two numbers from the device at once."""
    first, second = pair.tolist()
    return first, second


def share_right(classes: Tensor, labels: Tensor) -> Tensor:
    """Return the share of the classes that are right."""
    share: Tensor = (classes == labels).float().mean()
    return share


def evaluate(net: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, Tensor]:
    """Return the mean loss on some images, and the class that the network gives to each."""
    net.eval()
    with portfire.no_grad():
        scores = net(images)
        classes = scores.argmax(1)
        loss: float = nn.functional.cross_entropy(scores, labels).item()
    net.train()
    return loss, classes
