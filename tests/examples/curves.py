"""Curves of the loss of four small networks, by portfire on any device or by torch.

Each network is written once, for either library: `m` is the library's module. Data, initial weights
and batches are the same arrays everywhere, so curves differ by rounding only.
"""

from __future__ import annotations

import codecs
from typing import Any

import numpy as np
from numpy.typing import NDArray

STEPS = 200
BATCH, CONTEXT = 16, 12
# The Zen of Python, which `import this` would print: its source holds it in ROT13.
ZEN = """Ornhgvshy vf orggre guna htyl. Rkcyvpvg vf orggre guna vzcyvpvg. Fvzcyr vf orggre guna
pbzcyrk. Pbzcyrk vf orggre guna pbzcyvpngrq. Syng vf orggre guna arfgrq. Fcnefr vf orggre guna
qrafr. Ernqnovyvgl pbhagf."""

Arrays = dict[str, NDArray[Any]]


def image_batches() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return noisy versions of ten random images of 8 by 8, in batches, with their numbers."""
    order = np.random.default_rng(5)
    kinds = order.standard_normal((10, 1, 8, 8))
    labels = order.integers(0, 10, (STEPS, BATCH))
    images = kinds[labels] + order.standard_normal((STEPS, BATCH, 1, 8, 8))
    return images.astype(np.float32), labels


def text_batches() -> tuple[NDArray[np.int64], int]:
    """Return windows of a text as numbers of its letters, in batches, and how many there are."""
    text = codecs.decode(ZEN, "rot13")
    letters = sorted(set(text))
    numbers = np.array([letters.index(letter) for letter in text])
    starts = np.random.default_rng(6).integers(0, len(numbers) - CONTEXT, (STEPS, BATCH, 1))
    return numbers[starts + np.arange(CONTEXT + 1)], len(letters)


LETTERS = text_batches()[1]


def mlp(m: Any) -> Any:
    """Return two linear layers with tanh."""
    nn = m.nn
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 10))


def cnn(m: Any) -> Any:
    """Return convolutions with batch normalization, pooling and strides."""
    nn = m.nn
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


def lstm(m: Any) -> Any:
    """Return an embedding, two recurrent layers, and scores."""

    class Reader(m.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = m.nn.Embedding(LETTERS, 16)
            self.recurrent = m.nn.LSTM(16, 24, num_layers=2, batch_first=True)
            self.head = m.nn.Linear(24, LETTERS)

        def forward(self, letters: Any) -> Any:
            return self.head(self.recurrent(self.embedding(letters))[0])

    return Reader()


def gpt(m: Any) -> Any:
    """Return embeddings, a block of causal attention and GELU, and scores."""
    nn, width, heads = m.nn, 16, 2

    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.places = nn.Embedding(LETTERS, width), nn.Embedding(CONTEXT, width)
            self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.wide = nn.Sequential(nn.Linear(width, 64), nn.GELU(), nn.Linear(64, width))
            self.head = nn.Linear(width, LETTERS)

        def attend(self, x: Any) -> Any:
            split = self.qkv(x).view(*x.shape[:2], 3, heads, width // heads)
            parts = split.permute(2, 0, 3, 1, 4).unbind(0)
            seen = nn.functional.scaled_dot_product_attention(*parts, is_causal=True)
            return self.out(seen.transpose(1, 2).reshape(x.shape))

        def forward(self, letters: Any) -> Any:
            x = self.embedding(letters) + self.places.weight
            x = x + self.attend(self.ln1(x))
            return self.head(x + self.wide(self.ln2(x)))

    return Reader()


# name -> (how to build it, optimizer, its options)
NETWORKS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "mlp": (mlp, "SGD", {"lr": 0.1, "momentum": 0.9}),
    "cnn": (cnn, "Adam", {"lr": 3e-3}),
    "lstm": (lstm, "Adam", {"lr": 1e-2}),
    "gpt": (gpt, "AdamW", {"lr": 5e-3}),
}


def initial_weights(name: str) -> Arrays:
    """Return small random weights, the same for every library."""
    import portfire

    order = np.random.default_rng(7)
    weights = {}
    for key, value in NETWORKS[name][0](portfire).state_dict().items():
        array = value.numpy()
        if array.ndim >= 2:
            spread = array[0].size ** -0.5 if "embedding" not in key else 1.0
            array = (spread * order.standard_normal(array.shape)).astype(np.float32)
        elif "bias" in key:
            array = np.zeros_like(array)
        weights[key] = array.copy()
    return weights


def curve(m: Any, name: str, device: str) -> NDArray[np.float64]:
    """Train one of the networks from its initial weights, and return the loss of each step."""
    build, optimizer, options = NETWORKS[name]
    net = build(m)
    net.load_state_dict({k: m.from_numpy(v) for k, v in initial_weights(name).items()})
    net = net.to(device)
    stepper = getattr(m.optim, optimizer)(net.parameters(), **options)
    inputs: NDArray[Any]
    if name in ("mlp", "cnn"):
        inputs, wanted = image_batches()
    else:
        windows = text_batches()[0]
        inputs, wanted = windows[:, :, :-1], windows[:, :, 1:]
    losses = []
    for step in range(STEPS):
        scores = net(m.from_numpy(inputs[step].copy()).to(device))
        truth = m.from_numpy(wanted[step].ravel()).to(device)
        loss = m.nn.functional.cross_entropy(scores.reshape(-1, scores.shape[-1]), truth)
        stepper.zero_grad()
        loss.backward()
        stepper.step()
        losses.append(loss.item())
    return np.array(losses)
