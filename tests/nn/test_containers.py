"""`Sequential`, `ModuleList`, `ModuleDict`."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

import pytest

import portfire
from portfire import nn


def chain() -> nn.Sequential:
    return nn.Sequential(nn.Linear(1, 2), nn.ReLU())


def names(container: Any) -> list[str]:
    return [type(module).__name__ for module in container]


def test_sequential_runs_in_order(device: str) -> None:
    layer = nn.Linear(3, 3).to(device)
    x = portfire.ones(2, 3, device=device)
    net = nn.Sequential(layer, nn.Tanh())
    assert net(x).tolist() == portfire.tanh(layer(x)).tolist()
    assert nn.Sequential()(x) is x


def test_sequential_of_names() -> None:
    net = nn.Sequential(OrderedDict(a=nn.ReLU(), b=nn.Tanh()))
    assert net.a is net[0]
    assert repr(net[:1]) == "Sequential(\n  (a): ReLU()\n)"
    net[0] = nn.Sigmoid()
    assert repr(net.a) == "Sigmoid()"
    del net[0]
    assert list(net._modules) == ["b"]


def test_sequential_as_a_list() -> None:
    net = chain()
    assert len(net) == 2
    assert names(net) == ["Linear", "ReLU"]
    assert net[-1] is net[1]
    assert names(net[::-1]) == ["ReLU", "Linear"]
    assert net.append(nn.Tanh()) is net
    assert names(net.insert(0, nn.Sigmoid())) == ["Sigmoid", "Linear", "ReLU", "Tanh"]
    assert names(net.extend([nn.ReLU()])) == ["Sigmoid", "Linear", "ReLU", "Tanh", "ReLU"]
    assert repr(net.pop(0)) == "Sigmoid()"
    del net[1:3]
    assert list(net._modules) == ["0", "1"]
    assert names(net) == ["Linear", "ReLU"]
    assert names(net + nn.Sequential(nn.Tanh())) == ["Linear", "ReLU", "Tanh"]
    net += nn.Sequential(nn.Tanh())
    assert names(net) == ["Linear", "ReLU", "Tanh"]
    assert names(nn.Sequential(nn.ReLU()) * 2) == ["ReLU", "ReLU"]
    assert names(2 * nn.Sequential(nn.ReLU())) == ["ReLU", "ReLU"]
    net *= 2
    assert len(net) == 6
    net.add_module("tanh", nn.Tanh())
    assert repr(net[6]) == "Tanh()"


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda net: net[5], IndexError, "index 5 is out of range"),
        (lambda net: net[-3], IndexError, "index -3 is out of range"),
        (lambda net: net["0"], TypeError, "cannot be interpreted as an integer"),
        (lambda net: net.pop("0"), TypeError, "cannot be interpreted as an integer"),
        (lambda net: net + 3, ValueError, "supports only objects of Sequential class, but <class"),
        (lambda net: net.__iadd__(3), ValueError, "supports only objects of Sequential class"),
        (lambda net: net * "a", TypeError, "unsupported operand type(s) for *: <class"),
        (lambda net: net * 0, ValueError, "Non-positive multiplication factor 0 for <class"),
        (lambda net: net.insert(9, nn.ReLU()), IndexError, "Index out of range: 9"),
        (lambda net: net.insert(0, 3), TypeError, "int is not a Module subclass"),
        (lambda net: net.append(3), TypeError, "int is not a Module subclass"),
        (lambda net: nn.Sequential(3), TypeError, "int is not a Module subclass"),
    ],
)
def test_sequential_errors(action: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        action(chain())


def test_module_list() -> None:
    layers = nn.ModuleList([nn.Linear(1, 2)])
    assert layers.append(nn.ReLU()) is layers
    layers.insert(1, nn.Tanh())
    layers.insert(99, nn.Sigmoid())
    assert names(layers) == ["Linear", "Tanh", "ReLU", "Sigmoid"]
    assert isinstance(layers[1:], nn.ModuleList)
    assert names(layers[1:]) == ["Tanh", "ReLU", "Sigmoid"]
    added = layers + nn.ModuleList([nn.ReLU()])
    assert names(added) == ["Linear", "Tanh", "ReLU", "Sigmoid", "ReLU"]
    layers += [nn.ReLU()]
    assert repr(layers.pop(-1)) == "ReLU()"
    del layers[0]
    assert list(layers._modules) == ["0", "1", "2"]
    layers[-1] = nn.ReLU()
    assert names(layers) == ["Tanh", "ReLU", "ReLU"]
    assert [name for name, _ in nn.ModuleList([nn.Linear(1, 1)]).named_parameters()] == [
        "0.weight",
        "0.bias",
    ]


def test_module_list_prints_equal_neighbors_once() -> None:
    layers = nn.ModuleList(
        [nn.Linear(1, 2), nn.Linear(1, 2), nn.ReLU(), nn.Sequential(nn.ReLU(), nn.ReLU())]
    )
    assert repr(layers) == (
        "ModuleList(\n"
        "  (0-1): 2 x Linear(in_features=1, out_features=2, bias=True)\n"
        "  (2): ReLU()\n"
        "  (3): Sequential(\n"
        "    (0): ReLU()\n"
        "    (1): ReLU()\n"
        "  )\n"
        ")"
    )
    assert repr(nn.ModuleList()) == "ModuleList()"


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda: nn.ModuleList()[0], IndexError, "index 0 is out of range"),
        (
            lambda: nn.ModuleList(3),
            TypeError,
            "ModuleList.extend should be called with an iterable, but got int",
        ),
        (lambda: nn.ModuleList([3]), TypeError, "int is not a Module subclass"),
        (
            lambda: nn.ModuleList([nn.ReLU()])(1),
            NotImplementedError,
            'Module [ModuleList] is missing the required "forward" function',
        ),
    ],
)
def test_module_list_errors(action: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        action()


def test_module_dict() -> None:
    layers = nn.ModuleDict({"linear": nn.Linear(2, 3), "act": nn.ReLU()})
    layers["output"] = nn.Linear(3, 1)
    assert layers.output is layers["output"]
    assert list(layers) == ["linear", "act", "output"]
    assert list(layers.keys()) == list(layers)
    assert [type(m).__name__ for m in layers.values()] == ["Linear", "ReLU", "Linear"]
    assert dict(layers.items())["act"] is layers.act
    assert "act" in layers
    assert len(layers) == 3
    del layers["act"]
    assert repr(layers.pop("linear")) == "Linear(in_features=2, out_features=3, bias=True)"
    layers.update({"a": nn.Tanh()})
    layers.update(nn.ModuleDict({"b": nn.Tanh()}))
    layers.update([("c", nn.ReLU())])
    assert list(layers) == ["output", "a", "b", "c"]
    layers.clear()
    assert repr(layers) == "ModuleDict()"
    assert repr(nn.ModuleDict([("a", nn.ReLU())])) == "ModuleDict(\n  (a): ReLU()\n)"


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (lambda d: d["zz"], KeyError, "zz"),
        (lambda d: d.pop("zz"), KeyError, "zz"),
        (lambda d: d.update(3), TypeError, "with an iterable of key/value pairs, but got int"),
        (lambda d: d.update([3]), TypeError, "update sequence element #0 should be Iterable; is"),
        (lambda d: d.update([(1, 2, 3)]), ValueError, "element #0 has length 3; 2 is required"),
        (lambda d: d.update({"a": 3}), TypeError, "int is not a Module subclass"),
        (lambda d: d.update({1: nn.ReLU()}), TypeError, "module name should be a string. Got int"),
        (lambda d: d.update({"keys": nn.ReLU()}), KeyError, "attribute 'keys' already exists"),
        (lambda d: d(1), NotImplementedError, "Module [ModuleDict] is missing the required"),
    ],
)
def test_module_dict_errors(action: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        action(nn.ModuleDict({"act": nn.ReLU()}))
