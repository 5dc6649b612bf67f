"""Whole training steps: networks that people know, a loss, backward, an optimizer."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from benchmarks.workloads.row import Step, normal

POOL = 16  # batches


def batches(t: Any, device: str, *shape: int) -> Iterator[tuple[Any, Any]]:
    """Return endless examples of ten classes, from a pool that is on the device."""
    source = np.random.default_rng(1)
    labels = [source.integers(0, 10, shape[0]) for _ in range(POOL)]
    pool = [
        (normal(t, device, *shape, seed=seed), t.tensor(label, device=device))
        for seed, label in enumerate(labels)
    ]
    return itertools.cycle(pool)


def weights_of(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray[Any, Any]]:
    """Return weights that depend on names and shapes only: norms begin at one, biases at zero."""
    found = {}
    for name, shape in shapes.items():
        if len(shape) > 1:
            source = np.random.default_rng(zlib.crc32(name.encode()))
            found[name] = source.standard_normal(shape, dtype=np.float32) / np.sqrt(
                np.prod(shape[1:]), dtype=np.float32
            )
        elif name.endswith(("weight", "running_var")):
            found[name] = np.ones(shape, np.float32)
        else:
            found[name] = np.zeros(shape, np.float32)
    return found


def same_weights(t: Any, net: Any, device: str) -> Any:
    """Give a network weights that do not depend on the library's random numbers."""
    state = net.state_dict()
    weights = weights_of({name: tuple(value.shape) for name, value in state.items()})
    net.load_state_dict({name: t.from_numpy(weight) for name, weight in weights.items()})
    return net.to(device)


def classifier(
    t: Any,
    net: Any,
    examples: Iterator[tuple[Any, Any]],
    optimizer: Any = None,
    compiled: bool = False,
) -> Step:
    """Return the training step of a classifier, by default with Adam.

    A pool of batches and a small rate keep the network from learning all by heart: gradients that
    vanish become denormal numbers, which are slow and not what is to be measured.
    """
    optimizer = optimizer or t.optim.Adam(net.parameters(), lr=1e-4)

    def train(images: Any, labels: Any) -> Any:
        scores = net(images)
        loss = t.nn.functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    # PyTorch takes part with its eager mode in all rows.
    chosen = t.compile(train) if compiled and t.__name__ != "torch" else train
    return lambda: chosen(*next(examples))


def mlp(t: Any, device: str, *, batch: int, compiled: bool = False) -> Step:
    """784-256-256-10, ReLU, cross entropy, Adam."""
    nn = t.nn
    net = nn.Sequential(
        nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10)
    )
    net = same_weights(t, net, device)
    return classifier(t, net, batches(t, device, batch, 784), compiled=compiled)


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


def resnet(t: Any, device: str, *, batch: int) -> Step:
    """Three residual blocks of 16, 32 and 64 channels, each with BatchNorm, SGD with momentum."""
    nn, relu = t.nn, t.nn.functional.relu

    class Block(nn.Module):  # type: ignore[misc]  # the library is a parameter
        def __init__(self, inner: int, outer: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outer)
            self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outer)
            self.short = nn.Sequential()
            if inner != outer:
                self.short = nn.Sequential(
                    nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer)
                )

        def forward(self, x: Any) -> Any:
            y = self.bn2(self.conv2(relu(self.bn1(self.conv1(x)))))
            return relu(y + self.short(x))

    class Net(nn.Module):  # type: ignore[misc]  # the library is a parameter
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16))
            self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
            self.head = nn.Linear(64, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.blocks(relu(self.stem(x))).mean((2, 3)))

    net = same_weights(t, Net(), device)
    optimizer = t.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
    return classifier(t, net, batches(t, device, batch, 3, 32, 32), optimizer)


def lstm(t: Any, device: str, *, batch: int, length: int) -> Step:
    """Two layers of LSTM, 64 to 128, and a classifier on the last output, Adam."""
    nn = t.nn

    class Net(nn.Module):  # type: ignore[misc]  # the library is a parameter
        def __init__(self) -> None:
            super().__init__()
            self.cells = nn.LSTM(64, 128, 2, batch_first=True)
            self.head = nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            return self.head(self.cells(x)[0][:, -1])

    net = same_weights(t, Net(), device)
    return classifier(t, net, batches(t, device, batch, length, 64))


VOCABULARY, WIDTH, HEADS, LAYERS = 65, 128, 4, 2


def characters(batch: int, length: int) -> list[tuple[Any, Any]]:
    """Return a pool of batches of texts, and of the characters that follow."""
    source = np.random.default_rng(1)
    texts = [source.integers(0, VOCABULARY, (batch, length + 1)) for _ in range(POOL)]
    return [(np.ascontiguousarray(x[:, :-1]), x[:, 1:].reshape(-1)) for x in texts]


def gpt(t: Any, device: str, *, batch: int, length: int) -> Step:
    """Two transformer blocks with causal attention over characters, AdamW."""
    nn, functional = t.nn, t.nn.functional

    class Block(nn.Module):  # type: ignore[misc]  # the library is a parameter
        def __init__(self) -> None:
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
            self.out = nn.Linear(WIDTH, WIDTH)
            self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

        def forward(self, x: Any) -> Any:
            n, s, _ = x.shape
            q, k, v = (
                part.reshape(n, s, HEADS, WIDTH // HEADS).transpose(1, 2)
                for part in self.qkv(self.ln1(x)).chunk(3, -1)
            )
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(n, s, WIDTH))
            return x + self.down(functional.gelu(self.up(self.ln2(x))))

    class Net(nn.Module):  # type: ignore[misc]  # the library is a parameter
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(VOCABULARY, WIDTH)
            self.position = nn.Embedding(length, WIDTH)
            self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
            self.ln = nn.LayerNorm(WIDTH)
            self.head = nn.Linear(WIDTH, VOCABULARY)

        def forward(self, x: Any) -> Any:
            return self.head(self.ln(self.blocks(self.token(x) + self.position.weight)))

    net = same_weights(t, Net(), device)
    pool = [
        (t.tensor(x, device=device), t.tensor(y, device=device))
        for x, y in characters(batch, length)
    ]
    optimizer = t.optim.AdamW(net.parameters(), lr=1e-4)
    return classifier(t, net, itertools.cycle(pool), optimizer)


def mlp_flops(batch: int) -> float:
    """Products of the MLP: forward, weight gradients, and input gradients but for the first."""
    layers = [784 * 256, 256 * 256, 256 * 10]
    return 2.0 * batch * (3 * sum(layers) - layers[0])


def cnn_flops(batch: int) -> float:
    """Products of the CNN, counted likewise."""
    layers = [28 * 28 * 32 * 9, 14 * 14 * 64 * 32 * 9, 64 * 49 * 128, 128 * 10]
    return 2.0 * batch * (3 * sum(layers) - layers[0])


def resnet_flops(batch: int) -> float:
    """Products of the ResNet, counted likewise."""
    stem = 32 * 32 * 3 * 16 * 9
    blocks = [32 * 32 * 2 * 16 * 16 * 9]
    blocks += [16 * 16 * (16 * 32 * 10 + 32 * 32 * 9), 8 * 8 * (32 * 64 * 10 + 64 * 64 * 9)]
    return 2.0 * batch * (3 * (stem + sum(blocks) + 640) - stem)


def lstm_flops(batch: int, length: int) -> float:
    """Products of the LSTM, counted likewise."""
    first = 64 * 512
    return 2.0 * batch * length * (3 * (first + 3 * 128 * 512) - first)


def gpt_flops(batch: int, length: int) -> float:
    """Products of the transformer, with whole attention scores."""
    block = 12 * WIDTH * WIDTH + 2 * length * WIDTH
    return 6.0 * batch * length * (LAYERS * block + WIDTH * VOCABULARY)
