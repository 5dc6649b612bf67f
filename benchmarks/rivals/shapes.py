"""Shapes of the networks' weights under torch's names, for libraries without these modules."""

from __future__ import annotations

from benchmarks.workloads.training import LAYERS, VOCABULARY, WIDTH

Shapes = dict[str, tuple[int, ...]]


def linear(name: str, inner: int, outer: int) -> Shapes:
    """A linear layer."""
    return {f"{name}.weight": (outer, inner), f"{name}.bias": (outer,)}


def norm(name: str, size: int) -> Shapes:
    """Scale and shift of a normalization."""
    return {f"{name}.weight": (size,), f"{name}.bias": (size,)}


def mlp() -> Shapes:
    """784-256-256-10."""
    return {**linear("0", 784, 256), **linear("2", 256, 256), **linear("4", 256, 10)}


def cnn() -> Shapes:
    """Two convolutions, two linear layers."""
    return {
        "0.weight": (32, 1, 3, 3),
        "0.bias": (32,),
        "3.weight": (64, 32, 3, 3),
        "3.bias": (64,),
        **linear("7", 64 * 49, 128),
        **linear("9", 128, 10),
    }


BLOCKS = ((16, 16, 1), (16, 32, 2), (32, 64, 2))


def resnet() -> Shapes:
    """Three residual blocks."""
    found: Shapes = {"stem.0.weight": (16, 3, 3, 3), **norm("stem.1", 16)}
    for i, (inner, outer, _) in enumerate(BLOCKS):
        found[f"blocks.{i}.conv1.weight"] = (outer, inner, 3, 3)
        found.update(norm(f"blocks.{i}.bn1", outer))
        found[f"blocks.{i}.conv2.weight"] = (outer, outer, 3, 3)
        found.update(norm(f"blocks.{i}.bn2", outer))
        if inner != outer:
            found[f"blocks.{i}.short.0.weight"] = (outer, inner, 1, 1)
            found.update(norm(f"blocks.{i}.short.1", outer))
    return {**found, **linear("head", 64, 10)}


def lstm() -> Shapes:
    """Two recurrent layers."""
    found: Shapes = {}
    for layer, inner in enumerate((64, 128)):
        found[f"cells.weight_ih_l{layer}"] = (512, inner)
        found[f"cells.weight_hh_l{layer}"] = (512, 128)
        found[f"cells.bias_ih_l{layer}"] = found[f"cells.bias_hh_l{layer}"] = (512,)
    return {**found, **linear("head", 128, 10)}


def gpt(length: int) -> Shapes:
    """Transformer blocks."""
    found: Shapes = {"token.weight": (VOCABULARY, WIDTH), "position.weight": (length, WIDTH)}
    for i in range(LAYERS):
        name = f"blocks.{i}"
        found.update(norm(f"{name}.ln1", WIDTH))
        found.update(norm(f"{name}.ln2", WIDTH))
        found.update(linear(f"{name}.qkv", WIDTH, 3 * WIDTH))
        found.update(linear(f"{name}.out", WIDTH, WIDTH))
        found.update(linear(f"{name}.up", WIDTH, 4 * WIDTH))
        found.update(linear(f"{name}.down", 4 * WIDTH, WIDTH))
    return {**found, **norm("ln", WIDTH), **linear("head", WIDTH, VOCABULARY)}
