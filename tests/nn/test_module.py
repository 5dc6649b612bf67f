"""`Module`: attributes and who may be which, traversal, conversion, modes, printing, copies."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import nn
from tests.nn.helpers import host


class Uninitialized(nn.Module):
    def __init__(self) -> None:
        pass


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(4, 3)
        self.act = nn.ReLU()
        self.output = nn.Linear(3, 1, bias=False)

    def forward(self, x: Any) -> Any:
        return self.output(self.act(self.hidden(x)))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda: nn.Parameter(portfire.ones(2)), "cannot assign parameters before"),
        (lambda: nn.ReLU(), "cannot assign module before"),
        (lambda: nn.Buffer(portfire.ones(2)), "cannot assign buffer before"),
    ],
)
def test_members_need_an_initialized_module(value: Any, message: str) -> None:
    with pytest.raises(AttributeError, match=re.escape(message)):
        Uninitialized().member = value()


def test_registration_needs_an_initialized_module() -> None:
    with pytest.raises(AttributeError, match=r"cannot assign parameter before Module.__init__\(\)"):
        Uninitialized().register_parameter("a", None)
    with pytest.raises(AttributeError, match=r"cannot assign buffer before Module.__init__\(\)"):
        Uninitialized().register_buffer("a", None)
    with pytest.raises(AttributeError, match="has no attribute '_backward_hooks'"):
        Uninitialized()(1)
    module = Uninitialized()
    module.plain = 3
    assert module.plain == 3


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("weight", 2, "cannot assign 'int' as parameter 'weight' (portfire.nn.Parameter or None"),
        ("weight", portfire.ones(2), "cannot assign 'portfire.FloatTensor' as parameter 'weight'"),
        ("weight", nn.ReLU(), "cannot assign 'portfire.nn.modules.activation.ReLU' as parameter"),
        ("child", 3, "cannot assign 'int' as child module 'child' (portfire.nn.Module or None"),
        ("child", portfire.ones(2), "cannot assign 'portfire.FloatTensor' as child module"),
        ("mean", 3, "cannot assign 'int' as buffer 'mean' (portfire.nn.Buffer, portfire.Tensor or"),
    ],
)
def test_assignment_of_the_wrong_kind(name: str, value: Any, message: str) -> None:
    module = nn.Linear(2, 3)
    module.child = nn.ReLU()
    module.register_buffer("mean", portfire.ones(1))
    with pytest.raises(TypeError, match=re.escape(message)):
        setattr(module, name, value)


REGISTER = {
    "parameter": ("register_parameter", "in_features"),
    "buffer": ("register_buffer", "forward"),
    "module": ("add_module", "in_features"),
}


@pytest.mark.parametrize("kind", REGISTER)
def test_names_of_members(kind: str) -> None:
    method, taken = REGISTER[kind]
    register = getattr(nn.Linear(2, 3), method)
    with pytest.raises(TypeError, match=f"{kind} name should be a string. Got int"):
        register(3, None)
    with pytest.raises(KeyError, match=f'{kind} name can.{{1,2}}t contain "."'):
        register("a.b", None)
    with pytest.raises(KeyError, match=f'{kind} name can.{{1,2}}t be empty string ""'):
        register("", None)
    with pytest.raises(KeyError, match=f"attribute '{taken}' already exists"):
        register(taken, None)


def test_values_of_members() -> None:
    module = nn.Linear(2, 3)
    with pytest.raises(TypeError, match=re.escape("cannot assign 'int' object to parameter 'a'")):
        module.register_parameter("a", 3)
    with pytest.raises(TypeError, match=re.escape("'portfire.FloatTensor' object to parameter")):
        module.register_parameter("a", portfire.ones(1))
    with pytest.raises(TypeError, match=re.escape("cannot assign 'int' object to buffer 'a'")):
        module.register_buffer("a", 3)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        module.add_module("a", 3)


def test_members_change_their_kind_by_assignment() -> None:
    module = nn.Module()
    module.a = portfire.ones(1)
    module.a = nn.Parameter(portfire.ones(1))
    assert "a" not in module.__dict__
    assert list(module._parameters) == ["a"]
    module.b = nn.ReLU()
    module.b = nn.Parameter(portfire.ones(1))
    assert list(module._modules) == []
    module.register_buffer("c", portfire.ones(1), persistent=False)
    module.c = nn.Tanh()
    assert list(module._buffers) == []
    assert module._non_persistent_buffers_set == set()
    module.a = None
    assert module.a is None
    del module.b
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'b'"):
        _ = module.b
    with pytest.raises(AttributeError, match="'Module' object has no attribute 'zzz'"):
        del module.zzz


def test_buffers_by_assignment() -> None:
    module = nn.Module()
    module.a = nn.Buffer(portfire.ones(2), persistent=False)
    module.b = nn.Buffer(portfire.zeros(2))
    assert list(module.state_dict()) == ["b"]
    assert [name for name, _ in module.named_buffers()] == ["a", "b"]
    module.b = portfire.ones(2)
    assert list(module.buffers())[1] is module.b
    module.b = None
    assert [name for name, _ in module.named_buffers()] == ["a"]
    del module.a
    assert list(module.named_buffers()) == []


def test_traversal() -> None:
    shared = nn.Linear(1, 1)
    net = nn.Sequential(shared, nn.Sequential(shared, nn.ReLU()))
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    twice = [name for name, _ in net.named_parameters(remove_duplicate=False)]
    assert twice == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]
    assert [name for name, _ in net.named_modules()] == ["", "0", "1", "1.1"]
    assert [name for name, _ in net.named_modules(prefix="net")][1] == "net.0"
    assert [name for name, _ in net.named_children()] == ["0", "1"]
    assert len(list(net.children())) == 2
    assert list(net.state_dict()) == ["0.weight", "0.bias", "1.0.weight", "1.0.bias"]
    assert [n for n, _ in net.named_parameters("p", recurse=False)] == []
    assert [n for n, _ in shared.named_parameters("p", recurse=False)] == ["p.weight", "p.bias"]


def test_members_by_dotted_name() -> None:
    net = nn.Sequential(nn.Linear(1, 2), nn.Sequential(nn.ReLU()))
    net.register_buffer("mean", portfire.ones(1))
    assert net.get_submodule("") is net
    assert net.get_submodule("1.0") is net[1][0]
    assert net.get_parameter("0.weight") is net[0].weight
    assert net.get_buffer("mean") is net.mean
    net.set_submodule("1.0", nn.Tanh())
    assert repr(net[1][0]) == "Tanh()"


@pytest.mark.parametrize(
    ("method", "target", "message"),
    [
        ("get_submodule", "3", "Sequential has no attribute `3`"),
        ("get_submodule", "0.weight", "`weight` is not an nn.Module"),
        ("get_parameter", "zz", "Sequential has no attribute `zz`"),
        ("get_parameter", "0.in_features", "`in_features` is not an nn.Parameter"),
        ("get_parameter", "0.weight.x", "`weight` is not an nn.Module"),
        ("get_buffer", "0.weight", "`weight` is not a buffer"),
        ("get_buffer", "zz", "Sequential has no attribute `zz`"),
    ],
)
def test_wrong_dotted_names(method: str, target: str, message: str) -> None:
    with pytest.raises(AttributeError, match=message):
        getattr(nn.Sequential(nn.Linear(1, 2)), method)(target)


def test_set_submodule_errors() -> None:
    net = nn.Sequential(nn.Linear(1, 2))
    with pytest.raises(ValueError, match="Cannot set the submodule without a target name!"):
        net.set_submodule("", nn.ReLU())
    with pytest.raises(ValueError, match=r"`module` is not an nn\.Module, found"):
        net.set_submodule("0", 3)
    with pytest.raises(AttributeError, match=r"`weight` is not an nn\.Module"):
        net.set_submodule("0.weight", nn.ReLU())
    with pytest.raises(AttributeError, match="Sequential has no attribute `7`"):
        net.set_submodule("7", nn.ReLU(), strict=True)


def test_forward_is_missing() -> None:
    with pytest.raises(
        NotImplementedError, match=r'Module \[Module\] is missing the required "forward" function'
    ):
        nn.Module()(1)


def test_modes() -> None:
    net = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Dropout()))
    assert net.eval() is net
    assert not net[1][0].training
    assert net.train()[1][0].training
    with pytest.raises(ValueError, match="training mode is expected to be boolean"):
        net.train(3)


def test_apply_goes_to_children_first() -> None:
    seen: list[str] = []
    net = Net()
    assert net.apply(lambda module: seen.append(type(module).__name__)) is net
    assert seen == ["Linear", "ReLU", "Linear", "Net"]


def test_conversion_keeps_the_parameters_objects(device: str) -> None:
    net = nn.Sequential(nn.Linear(2, 1))
    net.register_buffer("count", portfire.tensor([1, 2]))
    weight = net[0].weight
    net[0](portfire.ones(1, 2)).sum().backward()
    net.to(device)
    assert net[0].weight is weight
    assert isinstance(weight, nn.Parameter)
    assert weight.requires_grad
    assert weight.is_leaf
    assert weight.device.type == device
    assert weight.grad is not None
    assert weight.grad.device.type == device
    assert net.double()[0].bias.dtype is portfire.float64
    assert net.count.dtype is portfire.int64
    assert net.count.device.type == device
    assert net.to(portfire.zeros(1))[0].bias.dtype is portfire.float32
    assert net.to(device, portfire.float64)[0].bias.dtype is portfire.float64
    assert net.half()[0].bias.dtype is portfire.float16
    assert net.float()[0].bias.dtype is portfire.float32
    net[0](portfire.ones(1, 2, device=device)).sum().backward()
    assert weight.grad is not None
    assert host(weight.grad).tolist() == [[2.0, 2.0]]


def test_conversion_errors() -> None:
    net = nn.Linear(2, 1)
    with pytest.raises(
        TypeError,
        match=re.escape(
            "nn.Module.to only accepts floating point or complex dtypes, "
            "but got desired dtype=portfire.int32"
        ),
    ):
        net.to(portfire.int32)
    with pytest.raises(TypeError, match="unexpected keyword argument 'color'"):
        net.to(color="red")
    assert net.type(portfire.float64).weight.dtype is portfire.float64


def test_operands_on_another_device(device: str) -> None:
    if device == "cpu":
        return
    with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
        nn.Linear(2, 1).to(device)(portfire.ones(1, 2, device="cpu"))


def test_gradients_of_all_parameters(device: str) -> None:
    net = Net().to(device)
    net(portfire.ones(2, 4, device=device)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    for p in net.parameters():
        assert p.grad is not None
        assert not host(p.grad).any()
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert not any(p.requires_grad for p in net.requires_grad_(False).parameters())


def test_printed_form() -> None:
    class Wrapper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(1, 2), nn.ReLU())
            self.none = None
            self.add_module("absent", None)

        def extra_repr(self) -> str:
            return "a=1\nb=2"

    assert repr(Wrapper()) == (
        "Wrapper(\n"
        "  a=1\n"
        "  b=2\n"
        "  (body): Sequential(\n"
        "    (0): Linear(in_features=1, out_features=2, bias=True)\n"
        "    (1): ReLU()\n"
        "  )\n"
        "  (absent): None\n"
        ")"
    )
    assert repr(nn.Module()) == "Module()"
    one = nn.Linear(1, 2)
    one.sub = nn.ReLU()
    assert repr(one) == ("Linear(\n  in_features=1, out_features=2, bias=True\n  (sub): ReLU()\n)")


def test_dir_lists_members() -> None:
    net = Net()
    assert {"hidden", "training", "forward"} <= set(dir(net))
    assert {"weight", "bias"} <= set(dir(net.hidden))


def test_copies_are_independent(device: str) -> None:
    net = Net().to(device)
    x = portfire.ones(1, 4, device=device)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert isinstance(other.hidden.weight, nn.Parameter)
        assert other.hidden.weight.device == net.hidden.weight.device
        np.testing.assert_array_equal(host(other(x)), host(net(x)))
        with portfire.no_grad():
            other.hidden.weight.zero_()
        assert host(net.hidden.weight).any()
        assert [n for n, _ in other.named_parameters()] == [n for n, _ in net.named_parameters()]


def test_copies_keep_sharing() -> None:
    shared = nn.Linear(2, 2)
    net = copy.deepcopy(nn.Sequential(shared, shared))
    assert net[0] is net[1]
    layer = nn.Linear(2, 2)
    layer.tied = layer.weight
    assert copy.deepcopy(layer).tied is not layer.weight
    twin = copy.deepcopy(layer)
    assert twin.tied is twin.weight


def test_parameters(device: str) -> None:
    data = portfire.ones(2, device=device)
    parameter = nn.Parameter(data)
    data[0] = 5
    assert host(parameter).tolist() == [5.0, 1.0]
    assert type(parameter * 2) is portfire.Tensor
    assert type(parameter.data) is portfire.Tensor
    assert nn.Parameter(parameter * 2).is_leaf
    frozen = nn.Parameter(portfire.ones(1), requires_grad=False)
    assert repr(frozen) == "Parameter containing:\ntensor([1.])"
    assert repr(nn.Parameter()) == "Parameter containing:\ntensor([], requires_grad=True)"
    assert not pickle.loads(pickle.dumps(frozen)).requires_grad
    with pytest.raises(RuntimeError, match="floating point"):
        nn.Parameter(portfire.ones(2, dtype=portfire.int64))
    with pytest.raises(AttributeError, match="'list' object has no attribute 'detach'"):
        nn.Parameter([1.0])


def test_spellings() -> None:
    import portfire.nn.functional as F

    assert portfire.nn.parameter.Parameter is nn.Parameter
    assert portfire.nn.modules.Linear is nn.Linear
    assert F is nn.functional
    assert {name for name in nn.__all__ if not hasattr(nn, name)} == set()
