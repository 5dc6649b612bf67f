"""Programs as they stand in tutorials, with portfire in place of torch."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import portfire
import portfire.nn.functional as F
from portfire import nn
from portfire.nn import init
from tests.nn.helpers import host


def test_access_to_parameters(device: str) -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)).to(device)
    assert list(net[2].state_dict()) == ["weight", "bias"]
    assert net[2].weight.grad is None
    assert type(net.named_parameters()).__name__ == "generator"
    assert [(name, repr(p.size())) for name, p in net.named_parameters()] == [
        ("0.weight", "portfire.Size([8, 4])"),
        ("0.bias", "portfire.Size([8])"),
        ("2.weight", "portfire.Size([1, 8])"),
        ("2.bias", "portfire.Size([1])"),
    ]
    assert type(net[2].weight).__module__ == "portfire.nn.parameter"

    def init_normal(m: nn.Module) -> None:
        if type(m) == nn.Linear:  # noqa: E721  (as the tutorial writes it)
            nn.init.normal_(m.weight, mean=0, std=0.01)
            nn.init.zeros_(m.bias)

    net.apply(init_normal)
    assert np.abs(host(net[0].weight.data[0])).max() < 0.1
    assert host(net[0].bias.data[0]) == 0


def test_an_initialization_of_ones_own(device: str) -> None:
    def init_weight_(tensor: Any) -> None:
        with portfire.no_grad():
            tensor.uniform_(-10, 10)
            tensor *= (tensor.abs() >= 5).float()

    layer = nn.Linear(30, 40).to(device)
    for name, param in layer.named_parameters():
        if "weight" in name:
            init_weight_(param)
    values = np.abs(host(layer.weight))
    assert ((values == 0) | (values >= 5)).all()
    before = host(layer.bias.data).copy()
    for name, param in layer.named_parameters():
        if "bias" in name:
            param.data += 1
    np.testing.assert_allclose(host(layer.bias), before + 1, rtol=1e-6)
    assert layer.bias.requires_grad


def test_layers_that_share_their_parameters(device: str) -> None:
    shared = nn.Linear(8, 8)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), shared, nn.ReLU(), shared, nn.Linear(8, 1))
    net.to(device)
    net(portfire.ones(2, 4, device=device))
    net[2].weight.data[0, 0] = 100
    assert host(net[2].weight.data[0] == net[4].weight.data[0]).all()
    assert net[4].weight[0, 0].item() == 100.0


def test_gradients_of_shared_parameters_add_up(device: str) -> None:
    linear = nn.Linear(1, 1, bias=False).to(device)
    net = nn.Sequential(linear, linear)
    for _, param in net.named_parameters():
        init.constant_(param, val=3)
    y = net(portfire.ones(1, 1, device=device)).sum()
    assert y.item() == 9.0
    y.backward()
    assert net[0].weight.grad.item() == 6.0


def test_layers_of_ones_own(device: str) -> None:
    class CenteredLayer(nn.Module):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)

        def forward(self, x: Any) -> Any:
            return x - x.mean()

    class MyLinear(nn.Module):
        def __init__(self, in_units: int, units: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(portfire.randn(in_units, units))
            self.bias = nn.Parameter(portfire.randn(units))

        def forward(self, X: Any) -> Any:  # noqa: N803  (as the tutorial writes it)
            return F.relu(portfire.matmul(X, self.weight.data) + self.bias.data)

    layer = CenteredLayer()
    assert layer(portfire.tensor([1.0, 2, 3, 4, 5], device=device)).tolist() == [-2, -1, 0, 1, 2]
    assert MyLinear(5, 3).to(device)(portfire.rand(2, 5, device=device)).shape == (2, 3)
    with pytest.raises(TypeError, match=re.escape("unexpected keyword argument 'color'")):
        CenteredLayer(color=1)


def test_a_list_that_runs(device: str) -> None:
    class MyModule(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linears = nn.ModuleList([nn.Linear(10, 10) for i in range(10)])

        def forward(self, x: Any) -> Any:
            for i, layer in enumerate(self.linears):
                x = self.linears[i // 2](x) + layer(x)
            return x

    net = MyModule().to(device)
    net(portfire.rand(4, 10, device=device)).sum().backward()
    assert len([p for p in net.parameters() if p.grad is not None]) == 20


def test_a_model_saved_by_its_state_dict(device: str, tmp_path: Any) -> None:
    class MLP(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.Linear(20, 256)
            self.output = nn.Linear(256, 10)

        def forward(self, x: Any) -> Any:
            return self.output(F.relu(self.hidden(x)))

    net, clone = MLP().to(device), MLP()
    x = portfire.randn(size=(2, 20), device=device)
    clone.load_state_dict(net.state_dict())
    np.testing.assert_allclose(host(clone.to(device)(x)), host(net(x)), rtol=1e-6)


def test_a_classifier_of_the_old_style(device: str) -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super(Net, self).__init__()  # noqa: UP008  (as the tutorial writes it)
            self.linear = nn.Linear(4, 2)

        def forward(self, input: Any) -> Any:
            return F.softmax(self.linear(input))

    net = Net().to(device)
    features = portfire.autograd.Variable(portfire.randn(3, 4, device=device), requires_grad=True)
    target = portfire.LongTensor([1, 0, 1]).to(device)
    with pytest.warns(UserWarning, match="Implicit dimension choice"):
        out = net(features)
    F.cross_entropy(out, target).backward()
    assert features.grad is not None
    assert net.linear.weight.grad.shape == (2, 4)
