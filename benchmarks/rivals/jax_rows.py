"""The rows in JAX, each step one jitted function."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.rivals import shapes
from benchmarks.workloads.kernels import SQUARE_CONVOLUTION
from benchmarks.workloads.row import Step, numbers
from benchmarks.workloads.training import HEADS, LAYERS, POOL, WIDTH, characters, weights_of

jax: Any = importlib.import_module("jax")  # lives in an environment of its own
jnp: Any = importlib.import_module("jax.numpy")
lax: Any = jax.lax
tree = jax.tree_util.tree_map


def cross_entropy(scores: Any, labels: Any) -> Any:
    """The mean over the examples."""
    chosen = jnp.take_along_axis(jax.nn.log_softmax(scores), labels[:, None], 1)
    return -chosen.mean()


def adam(decay: float = 0.0, rate: float = 1e-4) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Adam, or with a decay AdamW: a state, and its update."""

    def start(weights: Any) -> Any:
        return tree(jnp.zeros_like, weights), tree(jnp.zeros_like, weights), jnp.zeros(())

    def update(weights: Any, slopes: Any, state: Any) -> Any:
        first, second, count = state
        count = count + 1
        first = tree(lambda m, g: 0.9 * m + 0.1 * g, first, slopes)
        second = tree(lambda v, g: 0.999 * v + 0.001 * g * g, second, slopes)
        scale, root = rate / (1 - 0.9**count), jnp.sqrt(1 - 0.999**count)
        weights = tree(
            lambda w, m, v: w * (1 - rate * decay) - scale * m / (jnp.sqrt(v) / root + 1e-8),
            weights,
            first,
            second,
        )
        return weights, (first, second, count)

    return start, update


def momentum(rate: float = 1e-3) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """SGD with momentum 0.9."""

    def update(weights: Any, slopes: Any, state: Any) -> Any:
        state = tree(lambda b, g: 0.9 * b + g, state, slopes)
        return tree(lambda w, b: w - rate * b, weights, state), state

    return lambda weights: tree(jnp.zeros_like, weights), update


def trained(shape: Any, forward: Callable[..., Any], pool: Any, optimizer: Any) -> Step:
    """The jitted step of a classifier."""
    start, update = optimizer
    weights = {name: jnp.asarray(array) for name, array in weights_of(shape).items()}
    state = start(weights)
    examples = itertools.cycle([(jnp.asarray(x), jnp.asarray(y)) for x, y in pool])

    def loss(weights: Any, x: Any, y: Any) -> Any:
        scores = forward(weights, x)
        return cross_entropy(scores.reshape(-1, scores.shape[-1]), y)

    def whole(weights: Any, state: Any, x: Any, y: Any) -> Any:
        value, slopes = jax.value_and_grad(loss)(weights, x, y)
        return (value, *update(weights, slopes, state))

    jitted = jax.jit(whole, donate_argnums=(0, 1))

    def step() -> Any:
        nonlocal weights, state
        value, weights, state = jitted(weights, state, *next(examples))
        return value

    return step


def pool_of(*shape: int) -> list[tuple[Any, Any]]:
    """The batches that `training.batches` makes."""
    source = np.random.default_rng(1)
    labels = [source.integers(0, 10, shape[0]) for _ in range(POOL)]
    return [(numbers(*shape, seed=seed), label) for seed, label in enumerate(labels)]


def layer(p: Any, name: str, x: Any) -> Any:
    """A linear layer."""
    return x @ p[f"{name}.weight"].T + p[f"{name}.bias"]


def convolution(x: Any, w: Any, stride: int = 1, padding: int = 1) -> Any:
    """A convolution in torch's layouts."""
    return lax.conv_general_dilated(x, w, (stride, stride), ((padding, padding),) * 2)


def pooled(x: Any) -> Any:
    """Maxima of 2x2 windows."""
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def mlp(device: str, *, batch: int, compiled: bool = False) -> Step:
    """784-256-256-10."""

    def forward(p: Any, x: Any) -> Any:
        return layer(p, "4", jax.nn.relu(layer(p, "2", jax.nn.relu(layer(p, "0", x)))))

    return trained(shapes.mlp(), forward, pool_of(batch, 784), adam())


def cnn(device: str, *, batch: int) -> Step:
    """Two convolutions, two linear layers."""

    def forward(p: Any, x: Any) -> Any:
        for name in ("0", "3"):
            bias = p[f"{name}.bias"][:, None, None]
            x = pooled(jax.nn.relu(convolution(x, p[f"{name}.weight"]) + bias))
        return layer(p, "9", jax.nn.relu(layer(p, "7", x.reshape(batch, -1))))

    return trained(shapes.cnn(), forward, pool_of(batch, 1, 28, 28), adam())


def batch_norm(p: Any, name: str, x: Any) -> Any:
    """Normalization by the batch; running averages are left out, which flatters this rival."""
    mean, variance = x.mean((0, 2, 3), keepdims=True), x.var((0, 2, 3), keepdims=True)
    weight, bias = (p[f"{name}.{part}"][:, None, None] for part in ("weight", "bias"))
    return (x - mean) * lax.rsqrt(variance + 1e-5) * weight + bias


def resnet(device: str, *, batch: int) -> Step:
    """Three residual blocks."""

    def forward(p: Any, x: Any) -> Any:
        x = jax.nn.relu(batch_norm(p, "stem.1", convolution(x, p["stem.0.weight"])))
        for i, (inner, outer, stride) in enumerate(shapes.BLOCKS):
            name = f"blocks.{i}"
            y = convolution(x, p[f"{name}.conv1.weight"], stride)
            y = convolution(jax.nn.relu(batch_norm(p, f"{name}.bn1", y)), p[f"{name}.conv2.weight"])
            if inner != outer:
                x = convolution(x, p[f"{name}.short.0.weight"], stride, 0)
                x = batch_norm(p, f"{name}.short.1", x)
            x = jax.nn.relu(batch_norm(p, f"{name}.bn2", y) + x)
        return layer(p, "head", x.mean((2, 3)))

    return trained(shapes.resnet(), forward, pool_of(batch, 3, 32, 32), momentum())


def lstm(device: str, *, batch: int, length: int) -> Step:
    """Two recurrent layers by scans over time."""

    def recurrent(p: Any, number: int, x: Any) -> Any:
        w_ih, w_hh = p[f"cells.weight_ih_l{number}"], p[f"cells.weight_hh_l{number}"]
        bias = p[f"cells.bias_ih_l{number}"] + p[f"cells.bias_hh_l{number}"]

        def cell(carried: Any, gates: Any) -> Any:
            h, c = carried
            i, f, g, o = jnp.split(gates + h @ w_hh.T, 4, 1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), h

        zeros = jnp.zeros((batch, 128))
        return lax.scan(cell, (zeros, zeros), x @ w_ih.T + bias)[1]

    def forward(p: Any, x: Any) -> Any:
        return layer(p, "head", recurrent(p, 1, recurrent(p, 0, x.transpose(1, 0, 2)))[-1])

    return trained(shapes.lstm(), forward, pool_of(batch, length, 64), adam())


def normalized(p: Any, name: str, x: Any) -> Any:
    """Layer normalization."""
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]


def gpt(device: str, *, batch: int, length: int) -> Step:
    """Two transformer blocks."""
    mask = jnp.tril(jnp.ones((length, length), bool))

    def forward(p: Any, x: Any) -> Any:
        x = p["token.weight"][x] + p["position.weight"]
        for i in range(LAYERS):
            name = f"blocks.{i}"
            parts = jnp.split(layer(p, f"{name}.qkv", normalized(p, f"{name}.ln1", x)), 3, -1)
            q, k, v = (
                part.reshape(batch, length, HEADS, WIDTH // HEADS).transpose(0, 2, 1, 3)
                for part in parts
            )
            scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(WIDTH // HEADS).astype(np.float32)
            y = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf)) @ v
            y = y.transpose(0, 2, 1, 3).reshape(batch, length, WIDTH)
            x = x + layer(p, f"{name}.out", y)
            y = jax.nn.gelu(layer(p, f"{name}.up", normalized(p, f"{name}.ln2", x)), False)
            x = x + layer(p, f"{name}.down", y)
        return layer(p, "head", normalized(p, "ln", x))

    return trained(shapes.gpt(length), forward, characters(batch, length), adam(0.01))


def jitted(function: Callable[..., Any], *arrays: Any) -> Step:
    """The step that calls one jitted function."""
    arguments, compiled = [jnp.asarray(array) for array in arrays], jax.jit(function)
    return lambda: compiled(*arguments)


def conv(device: str, *, part: str, kind: Any = SQUARE_CONVOLUTION) -> Step:
    """A convolution, or one of its gradients."""
    shape, weights, stride, padding, groups = kind
    x, w = numbers(*shape), numbers(*weights, seed=1)

    def forward(x: Any, w: Any) -> Any:
        pads = ((padding, padding),) * 2
        return lax.conv_general_dilated(x, w, (stride,) * 2, pads, feature_group_count=groups)

    if part == "forward":
        return jitted(forward, x, w)
    g = numbers(*jax.eval_shape(forward, x, w).shape, seed=9)
    which = 0 if part == "input gradient" else 1
    return jitted(lambda x, w, g: jax.vjp(forward, x, w)[1](g)[which], x, w, g)


SETUPS: dict[str, Callable[..., Step]] = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet": resnet,
    "lstm": lstm,
    "gpt": gpt,
    "conv": conv,
    "chain": lambda device, count: jitted(
        lambda x, y: jnp.tanh(x * y + x) * 0.5 + y, numbers(count), numbers(count, seed=1)
    ),
    "matmul": lambda device, size: jitted(
        lambda x, y: x @ y, numbers(size, size), numbers(size, size, seed=1)
    ),
    "cumsum": lambda device: jitted(lambda x: jnp.cumsum(x, 1), numbers(4096, 1024)),
    "sort": lambda device, count: jitted(
        lambda x: lax.sort((x, lax.iota(np.int32, count)), num_keys=1)[0], numbers(count)
    ),
    "max_pool": lambda device: jitted(pooled, numbers(32, 64, 32, 32)),
}
