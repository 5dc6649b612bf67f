"""Lazy layers: shapes from the first input or a state, and what is refused before."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import pytest

import portfire
from portfire import nn
from portfire.nn.parameter import is_lazy


def test_the_first_input_tells_the_shape(device: str) -> None:
    layer = nn.LazyLinear(3, device=device)
    assert repr(layer) == "LazyLinear(in_features=0, out_features=3, bias=True)"
    assert repr(layer.weight) == "<UninitializedParameter>"
    parameters = list(layer.parameters())
    assert layer(portfire.ones(2, 4, device=device)).shape == (2, 3)
    assert type(layer) is nn.Linear
    assert repr(layer) == "Linear(in_features=4, out_features=3, bias=True)"
    assert [type(p) for p in parameters] == [nn.Parameter, nn.Parameter]
    assert parameters[0] is layer.weight
    assert layer.weight.device.type == portfire.device(device).type
    assert 0 < layer.weight.abs().max().item() <= 0.5
    layer(portfire.ones(2, 4, device=device)).sum().backward()
    assert layer.bias.grad.tolist() == [2.0, 2.0, 2.0]


NORMS = {
    f"Lazy{kind}Norm{d}d": (2, 3, *[4] * d) for kind in ("Batch", "Instance") for d in (1, 2, 3)
}


@pytest.mark.parametrize("name", NORMS)
def test_normalization(name: str) -> None:
    layer = getattr(nn, name)()
    assert list(layer.state_dict()) == [
        "weight",
        "bias",
        "running_mean",
        "running_var",
        "num_batches_tracked",
    ]
    assert repr(layer.running_mean) == "<UninitializedBuffer>"
    layer(portfire.rand(NORMS[name]))
    assert type(layer) is getattr(nn, name.removeprefix("Lazy"))
    assert layer.num_features == 3
    assert layer.weight.tolist() == [1.0, 1.0, 1.0]
    assert layer.running_var.shape == (3,)
    bare = getattr(nn, name)(affine=False, track_running_stats=False)
    bare(portfire.rand(NORMS[name]))
    assert list(bare.state_dict()) == []


def test_one_sample_of_a_lazy_instance_norm() -> None:
    layer = nn.LazyInstanceNorm2d()
    layer(portfire.rand(3, 4, 5))
    assert layer.num_features == 3


def test_a_state_tells_the_shape_too() -> None:
    full = nn.Linear(5, 3)
    layer = nn.LazyLinear(3)
    assert str(layer.load_state_dict(full.state_dict())) == "<All keys matched successfully>"
    assert layer.weight.tolist() == full.weight.tolist()
    x = portfire.ones(1, 5)
    assert portfire.allclose(layer(x), full(x))
    assert layer.in_features == 5
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter"):
        nn.Linear(3, 3).load_state_dict(nn.LazyLinear(3).state_dict())


def test_inside_of_a_network() -> None:
    net = nn.Sequential(nn.LazyLinear(4), nn.LazyBatchNorm1d(), nn.ReLU(), nn.LazyLinear(1))
    net.double()
    assert net[0].weight.dtype is portfire.float64
    copied = pickle.loads(pickle.dumps(copy.deepcopy(net)))
    assert copied[0].has_uninitialized_params()
    for one in (net, copied):
        assert one(portfire.rand(3, 2, dtype=portfire.float64)).shape == (3, 1)
        assert not any(map(is_lazy, one.parameters()))
        assert one[3].in_features == 4


def test_changed_before_the_first_input() -> None:
    layer = nn.LazyLinear(2, bias=False).half().float().requires_grad_(False)
    assert layer.bias is None
    assert not layer.weight.requires_grad
    layer(portfire.ones(3))
    assert layer.weight.dtype is portfire.float32
    assert not layer.weight.requires_grad


def test_hooks_see_the_shape() -> None:
    seen: list[Any] = []
    layer = nn.LazyLinear(2)
    layer.register_forward_pre_hook(lambda module, args: seen.append(module.weight.shape))
    layer(portfire.ones(1, 3))
    assert seen == [(2, 3)]


def test_what_is_refused() -> None:
    layer = nn.LazyLinear(3)
    for use in (
        lambda: layer.weight + 1,
        lambda: layer.weight.sum(),
        lambda: layer.weight.numel(),
        lambda: portfire.ones(3) * layer.bias,
        lambda: layer.weight.tolist(),
    ):
        with pytest.raises(ValueError, match="Attempted to use an uninitialized parameter"):
            use()

    class Careless(nn.modules.LazyModuleMixin):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.UninitializedParameter()

        def initialize_parameters(self, input: Any) -> None:
            """Forget to do it."""

    with pytest.raises(RuntimeError, match="module Careless has not been fully initialized"):
        Careless()(portfire.ones(1))
    with pytest.raises(NotImplementedError, match="initialize_parameters is not implemented for"):
        nn.modules.LazyModuleMixin()(portfire.ones(1))
    with pytest.raises(ValueError, match=re.escape("expected 4D input (got 2D input)")):
        nn.LazyBatchNorm2d()(portfire.ones(2, 3))
