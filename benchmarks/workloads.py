"""What is measured: one table, and the code of its rows.

A row has a function `setup(t, device) -> step`. `t` is the library (torch, or portfire, which has
torch's names), so the same text runs everywhere. `step()` does the work once and returns a tensor
by which the results are compared; numbers come from NumPy, so that all libraries get the same. A
new row is a function (or a call of one with other sizes) and a line in `ROWS`; nothing else
changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Step = Callable[[], Any]
Setup = Callable[[Any, str], Step]

MEGA, GIGA = 1e6, 1e9
FLOAT = 4  # bytes
POOL = 16  # batches


@dataclass(frozen=True)
class Row:
    """One workload.

    Attributes:
        name: how the table calls it.
        setup: makes the step.
        tolerance: largest difference between two libraries, relative to 1 + the value.
        flops: of one step, where the row is about arithmetic.
        nbytes: read and written by one step at the least, where it is about memory.
        ceiling: what the row says about the machine itself; only the reference runs it.
    """

    name: str
    setup: Setup
    tolerance: float = 1e-4
    flops: float | None = None
    nbytes: float | None = None
    ceiling: bool = False


def normal(t: Any, device: str, *shape: int, seed: int = 0) -> Any:
    """Return standard normal numbers, the same in all libraries."""
    numbers = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    return t.tensor(numbers, device=device)


def batches(t: Any, device: str, *shape: int) -> Iterator[tuple[Any, Any]]:
    """Return endless examples of ten classes, from a pool that is on the device."""
    source = np.random.default_rng(1)
    labels = [source.integers(0, 10, shape[0]) for _ in range(POOL)]
    pool = [
        (normal(t, device, *shape, seed=seed), t.tensor(label, device=device))
        for seed, label in enumerate(labels)
    ]
    return itertools.cycle(pool)


def same_weights(t: Any, net: Any, device: str) -> Any:
    """Give a network weights that do not depend on the library's random numbers."""
    source = np.random.default_rng(2)
    weights = {}
    for name, value in net.state_dict().items():
        shape = tuple(value.shape)
        spread = 1 / np.sqrt(np.prod(shape[1:])) if len(shape) > 1 else 0.0
        weights[name] = t.from_numpy((source.standard_normal(shape) * spread).astype(np.float32))
    net.load_state_dict(weights)
    return net.to(device)


def classifier(t: Any, net: Any, examples: Iterator[tuple[Any, Any]]) -> Step:
    """Return the training step of a classifier with Adam.

    A pool of batches and a small rate keep the network from learning all by heart: gradients that
    vanish become denormal numbers, which are slow and not what is to be measured.
    """
    optimizer = t.optim.Adam(net.parameters(), lr=1e-4)

    def step() -> Any:
        images, labels = next(examples)
        loss = t.nn.functional.cross_entropy(net(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def mlp(t: Any, device: str, *, batch: int) -> Step:
    """784-256-256-10, ReLU, cross entropy, Adam."""
    nn = t.nn
    net = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)
    )
    net = same_weights(t, net, device)
    return classifier(t, net, batches(t, device, batch, 784))


def cnn(t: Any, device: str, *, batch: int) -> Step:
    """Two convolutions with ReLU and pooling, two linear layers, on 28x28, Adam."""
    nn = t.nn
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 7 * 7, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    net = same_weights(t, net, device)
    return classifier(t, net, batches(t, device, batch, 1, 28, 28))


def chain(t: Any, device: str, *, count: int) -> Step:
    """tanh(x*y+x)*0.5+y on vectors."""
    x, y = normal(t, device, count), normal(t, device, count, seed=1)
    return lambda: t.tanh(x * y + x) * 0.5 + y


def matmul(t: Any, device: str, *, size: int) -> Step:
    """The product of two square matrices."""
    a, b = normal(t, device, size, size), normal(t, device, size, size, seed=1)
    return lambda: a @ b


def copy(t: Any, device: str, *, count: int) -> Step:
    """Copy a vector into another one."""
    x, y = normal(t, device, count), t.zeros(count, device=device)
    return lambda: y.copy_(x)


def mlp_flops(batch: int) -> float:
    """Products of the MLP: forward, weight gradients, and input gradients but for the first."""
    layers = [784 * 256, 256 * 256, 256 * 10]
    return 2.0 * batch * (3 * sum(layers) - layers[0])


def cnn_flops(batch: int) -> float:
    """Products of the CNN, counted likewise."""
    layers = [28 * 28 * 32 * 9, 14 * 14 * 64 * 32 * 9, 64 * 49 * 128, 128 * 10]
    return 2.0 * batch * (3 * sum(layers) - layers[0])


ROWS = (
    Row("copy 64M floats", partial(copy, count=64_000_000), nbytes=8 * 64e6, ceiling=True),
    Row("matmul 2048, alone", partial(matmul, size=2048), 1e-3, flops=2.0 * 2048**3, ceiling=True),
    Row("MLP 784-256-256-10, Adam, batch 32", partial(mlp, batch=32), flops=mlp_flops(32)),
    Row("MLP 784-256-256-10, Adam, batch 256", partial(mlp, batch=256), flops=mlp_flops(256)),
    Row("CNN 32-64-128, 28x28, Adam, batch 64", partial(cnn, batch=64), flops=cnn_flops(64)),
    Row("`tanh(x*y+x)*0.5+y`, 10M", partial(chain, count=10_000_000), nbytes=3 * FLOAT * 10e6),
    Row("matmul 1024", partial(matmul, size=1024), 1e-3, flops=2.0 * 1024**3),
)
