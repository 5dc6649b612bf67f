"""The rows in tinygrad, each step one TinyJit."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from typing import Any

from benchmarks.rivals import shapes
from benchmarks.workloads.kernels import SQUARE_CONVOLUTION
from benchmarks.workloads.row import Step, numbers
from benchmarks.workloads.training import HEADS, LAYERS, WIDTH, batches, characters, weights_of

tinygrad: Any = importlib.import_module("tinygrad")  # lives in an environment of its own
optim: Any = importlib.import_module("tinygrad.nn.optim")
Tensor = tinygrad.Tensor


class Names:
    """The one name of torch's that `training.batches` asks for."""

    @staticmethod
    def tensor(array: Any, device: str) -> Any:
        """A tensor of an array."""
        return Tensor(array.astype("int32") if array.dtype.kind == "i" else array).realize()


def trained(shape: Any, forward: Callable[..., Any], examples: Any, optimizer: Any) -> Step:
    """The jitted step of a classifier."""
    p = {name: Tensor(array).realize() for name, array in weights_of(shape).items()}
    for weight in p.values():
        weight.requires_grad = True
    chosen = optimizer(list(p.values()))

    def whole(x: Any, y: Any) -> Any:
        scores = forward(p, x)
        loss = scores.reshape(-1, scores.shape[-1]).sparse_categorical_crossentropy(y)
        chosen.zero_grad()
        loss.backward()
        return loss.realize(*chosen.schedule_step())

    jitted = tinygrad.TinyJit(whole)

    def step() -> Any:
        with tinygrad.Context(TRAINING=1):
            return jitted(*next(examples))

    return step


def adam(weights: Any) -> Any:
    """Adam as torch's default but for the rate."""
    return optim.Adam(weights, lr=1e-4)


def layer(p: Any, name: str, x: Any) -> Any:
    """A linear layer."""
    return x.linear(p[f"{name}.weight"].T, p[f"{name}.bias"])


def mlp(device: str, *, batch: int, compiled: bool = False) -> Step:
    """784-256-256-10."""

    def forward(p: Any, x: Any) -> Any:
        return layer(p, "4", layer(p, "2", layer(p, "0", x).relu()).relu())

    return trained(shapes.mlp(), forward, batches(Names, device, batch, 784), adam)


def cnn(device: str, *, batch: int) -> Step:
    """Two convolutions, two linear layers."""

    def forward(p: Any, x: Any) -> Any:
        for name in ("0", "3"):
            x = x.conv2d(p[f"{name}.weight"], p[f"{name}.bias"], padding=1).relu().max_pool2d(2)
        return layer(p, "9", layer(p, "7", x.flatten(1)).relu())

    return trained(shapes.cnn(), forward, batches(Names, device, batch, 1, 28, 28), adam)


def batch_norm(p: Any, name: str, x: Any) -> Any:
    """Normalization by the batch; running averages are left out, which flatters this rival."""
    mean = x.mean((0, 2, 3))
    inverse = ((x - mean.reshape(1, -1, 1, 1)).square().mean((0, 2, 3)) + 1e-5).rsqrt()
    return x.batchnorm(p[f"{name}.weight"], p[f"{name}.bias"], mean, inverse)


def resnet(device: str, *, batch: int) -> Step:
    """Three residual blocks."""

    def forward(p: Any, x: Any) -> Any:
        x = batch_norm(p, "stem.1", x.conv2d(p["stem.0.weight"], padding=1)).relu()
        for i, (inner, outer, stride) in enumerate(shapes.BLOCKS):
            name = f"blocks.{i}"
            y = x.conv2d(p[f"{name}.conv1.weight"], stride=stride, padding=1)
            y = batch_norm(p, f"{name}.bn1", y).relu()
            y = batch_norm(p, f"{name}.bn2", y.conv2d(p[f"{name}.conv2.weight"], padding=1))
            if inner != outer:
                x = x.conv2d(p[f"{name}.short.0.weight"], stride=stride)
                x = batch_norm(p, f"{name}.short.1", x)
            x = (y + x).relu()
        return layer(p, "head", x.mean((2, 3)))

    examples = batches(Names, device, batch, 3, 32, 32)
    sgd = lambda weights: optim.SGD(weights, lr=1e-3, momentum=0.9)  # noqa: E731 - one line
    return trained(shapes.resnet(), forward, examples, sgd)


def lstm(device: str, *, batch: int, length: int) -> Step:
    """Two recurrent layers, unrolled."""

    def recurrent(p: Any, number: int, x: Any) -> Any:
        w_hh = p[f"cells.weight_hh_l{number}"].T
        bias = p[f"cells.bias_ih_l{number}"] + p[f"cells.bias_hh_l{number}"]
        gates = x.linear(p[f"cells.weight_ih_l{number}"].T, bias)
        h = c = Tensor.zeros(batch, 128)
        outputs = []
        for time in range(length):
            i, f, g, o = (gates[:, time] + h @ w_hh).chunk(4, 1)
            c = f.sigmoid() * c + i.sigmoid() * g.tanh()
            h = o.sigmoid() * c.tanh()
            outputs.append(h)
        return outputs[0].stack(*outputs[1:], dim=1)

    def forward(p: Any, x: Any) -> Any:
        return layer(p, "head", recurrent(p, 1, recurrent(p, 0, x))[:, -1])

    return trained(shapes.lstm(), forward, batches(Names, device, batch, length, 64), adam)


def gpt(device: str, *, batch: int, length: int) -> Step:
    """Two transformer blocks."""

    def normalized(p: Any, name: str, x: Any) -> Any:
        return x.layernorm(eps=1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]

    def forward(p: Any, x: Any) -> Any:
        x = p["token.weight"][x] + p["position.weight"]
        for i in range(LAYERS):
            name = f"blocks.{i}"
            q, k, v = (
                part.reshape(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)
                for part in layer(p, f"{name}.qkv", normalized(p, f"{name}.ln1", x)).chunk(3, -1)
            )
            y = q.scaled_dot_product_attention(k, v, is_causal=True)
            x = x + layer(p, f"{name}.out", y.transpose(1, 2).reshape(batch, length, WIDTH))
            y = layer(p, f"{name}.up", normalized(p, f"{name}.ln2", x))
            y = y * 0.5 * (1 + (y * 0.5**0.5).erf())
            x = x + layer(p, f"{name}.down", y)
        return layer(p, "head", normalized(p, "ln", x))

    texts = [
        (Names.tensor(x, device), Names.tensor(y, device)) for x, y in characters(batch, length)
    ]
    adamw = lambda weights: optim.AdamW(weights, lr=1e-4, weight_decay=0.01)  # noqa: E731 - one line
    return trained(shapes.gpt(length), forward, itertools.cycle(texts), adamw)


def jitted(function: Callable[..., Any], *arrays: Any) -> Step:
    """The step that calls one jitted function."""
    arguments = [Tensor(array).realize() for array in arrays]
    compiled = tinygrad.TinyJit(lambda *tensors: function(*tensors).contiguous().realize())
    return lambda: compiled(*arguments)


def conv(device: str, *, part: str, kind: Any = SQUARE_CONVOLUTION) -> Step:
    """A convolution, or one of its gradients."""
    shape, weights, stride, padding, groups = kind
    x, w = numbers(*shape), numbers(*weights, seed=1)

    def forward(x: Any, w: Any) -> Any:
        return x.conv2d(w, groups=groups, stride=stride, padding=padding)

    if part == "forward":
        return jitted(forward, x, w)
    g = numbers(*forward(Tensor(x), Tensor(w)).shape, seed=9)
    which = 0 if part == "input gradient" else 1
    return jitted(lambda x, w, g: forward(x, w).gradient((x, w)[which], gradient=g)[0], x, w, g)


SETUPS: dict[str, Callable[..., Step]] = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet": resnet,
    "lstm": lstm,
    "gpt": gpt,
    "conv": conv,
    "chain": lambda device, count: jitted(
        lambda x, y: (x * y + x).tanh() * 0.5 + y, numbers(count), numbers(count, seed=1)
    ),
    "matmul": lambda device, size: jitted(
        lambda x, y: x @ y, numbers(size, size), numbers(size, size, seed=1)
    ),
    "softmax": lambda device, backward=False: jitted(lambda x: x.softmax(1), numbers(4096, 1024)),
    "cumsum": lambda device: jitted(lambda x: x.cumsum(1), numbers(4096, 1024)),
    "sort": lambda device, count: jitted(lambda x: x.sort()[0], numbers(count)),
    "max_pool": lambda device: jitted(lambda x: x.max_pool2d(2), numbers(32, 64, 32, 32)),
}
