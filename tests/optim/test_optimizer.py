"""The base: groups, state dicts, hooks, closures, copies, printing, errors."""

from __future__ import annotations

import copy
import pickle
import re
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import Tensor, optim


def leaf(*values: float, device: str = "cpu") -> Tensor:
    return portfire.tensor(list(values), device=device).requires_grad_()


def step_by_one(optimizer: Any, *params: Tensor) -> None:
    for param in params:
        param.grad = portfire.ones_like(param)
    optimizer.step()


def test_printed_form() -> None:
    optimizer = optim.SGD([{"params": [leaf(1.0)]}, {"params": [leaf(2.0)], "lr": 1}], lr=0.1)
    assert repr(optimizer) == (
        "SGD (\n"
        "Parameter Group 0\n"
        "    dampening: 0\n"
        "    differentiable: False\n"
        "    foreach: None\n"
        "    fused: None\n"
        "    lr: 0.1\n"
        "    maximize: False\n"
        "    momentum: 0\n"
        "    nesterov: False\n"
        "    weight_decay: 0\n"
        "\n"
        "Parameter Group 1\n"
        "    dampening: 0\n"
        "    differentiable: False\n"
        "    foreach: None\n"
        "    fused: None\n"
        "    lr: 1\n"
        "    maximize: False\n"
        "    momentum: 0\n"
        "    nesterov: False\n"
        "    weight_decay: 0\n"
        ")"
    )
    named = optim.AdamW([("a", leaf(1.0)), ("b", leaf(1.0))])
    assert repr(named) == (
        "AdamW (\n"
        "Parameter Group 0\n"
        "    amsgrad: False\n"
        "    betas: (0.9, 0.999)\n"
        "    capturable: False\n"
        "    decoupled_weight_decay: True\n"
        "    differentiable: False\n"
        "    eps: 1e-08\n"
        "    foreach: None\n"
        "    fused: None\n"
        "    lr: 0.001\n"
        "    maximize: False\n"
        "    param_names: ['a', 'b']\n"
        "    weight_decay: 0.01\n"
        ")"
    )
    assert repr(optim.Optimizer([leaf(1.0)], {})) == "Optimizer (\nParameter Group 0\n)"


W = leaf(1.0, 1.0)
WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: optim.SGD(W), TypeError, "iterable of Tensors or dicts, but got portfire.Fl"),
    (lambda: optim.SGD([]), ValueError, "optimizer got an empty parameter list"),
    (lambda: optim.SGD([3]), TypeError, "can only optimize Tensors, but one of the params is int"),
    (lambda: optim.SGD([W * 2]), ValueError, "can't optimize a non-leaf Tensor"),
    (lambda: optim.SGD(3), TypeError, "'int' object is not iterable"),
    (lambda: optim.SGD([{"params": {W}}]), TypeError, "need to be organized in ordered"),
    (lambda: optim.SGD([{"foo": 1}]), KeyError, "params"),
    (
        lambda: optim.SGD([{"params": [W]}, {"params": [W]}]),
        ValueError,
        "some parameters appear in more than one parameter group",
    ),
    (lambda: optim.SGD([("a", W), W]), ValueError, "Some param names are missing"),
    (
        lambda: optim.SGD([W]).add_param_group(3),
        TypeError,
        "param_group must be a dict, but got <class 'int'>",
    ),
    (lambda: optim.SGD([W], lr=-1), ValueError, "Invalid learning rate: -1"),
    (lambda: optim.SGD([W], lr=portfire.ones(2)), ValueError, "Tensor lr must be 1-element"),
    (lambda: optim.SGD([W], lr="a"), TypeError, "not supported between instances of 'str'"),
    (lambda: optim.SGD([W], momentum=-1), ValueError, "Invalid momentum value: -1"),
    (lambda: optim.SGD([W], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
    (lambda: optim.SGD([W], nesterov=True), ValueError, "Nesterov momentum requires a momentum"),
    (lambda: optim.SGD([W], foreach=True, fused=True), RuntimeError, "`fused` and `foreach` can"),
    (lambda: optim.Adam([W], lr=-1), ValueError, "Invalid learning rate: -1"),
    (lambda: optim.Adam([W], eps=-1), ValueError, "Invalid epsilon value: -1"),
    (lambda: optim.Adam([W], betas=(1.0, 0.9)), ValueError, "beta parameter at index 0: 1.0"),
    (lambda: optim.Adam([W], betas=(0.9, 1.9)), ValueError, "beta parameter at index 1: 1.9"),
    (
        lambda: optim.Adam([W], betas=(portfire.tensor(0.9), 0.9)),
        ValueError,
        "betas must be either both floats or both Tensors",
    ),
    (
        lambda: optim.Adam([W], betas=(portfire.ones(2), portfire.ones(2))),
        ValueError,
        "Tensor betas[0] must be 1-element",
    ),
    (lambda: optim.Adam([W], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
    (
        lambda: optim.Adam([W], lr=portfire.tensor(0.1), foreach=True),
        ValueError,
        "lr as a Tensor is not supported for capturable=False and foreach=True",
    ),
    (lambda: optim.AdamW([W], eps=-1), ValueError, "Invalid epsilon value: -1"),
    (lambda: optim.AdamW([W], foreach=True, fused=True), RuntimeError, "cannot be `True` together"),
    (lambda: optim.Optimizer([W], {}).step(), NotImplementedError, "does not define update()"),
]


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_errors(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        make()


def test_update_is_for_subclasses() -> None:
    with pytest.raises(NotImplementedError, match=r"an optimizer has to define update\(\)"):
        optim.Optimizer([W], {}).update(W, W, {}, {})


def test_a_parameter_twice_in_a_group() -> None:
    with pytest.warns(UserWarning, match="a parameter group with duplicate parameters"):
        optim.SGD([W, W])


def test_groups_have_options_of_their_own(device: str) -> None:
    a, b, c = (leaf(1.0, device=device) for _ in range(3))
    optimizer = optim.SGD([{"params": a}, {"params": [b], "lr": 0.5}], lr=0.1)
    optimizer.add_param_group({"params": (c,), "lr": 0.25})
    step_by_one(optimizer, a, b, c)
    assert [p.item() for p in (a, b, c)] == pytest.approx([0.9, 0.5, 0.75])
    optimizer.param_groups[0]["lr"] = 0.0
    step_by_one(optimizer, a)
    assert a.item() == pytest.approx(0.9)


def test_zero_grad() -> None:
    a = leaf(1.0)
    optimizer = optim.SGD([a, leaf(1.0)])
    a.sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert a.grad is not None
    assert a.grad.tolist() == [0.0]
    optimizer.zero_grad()
    assert a.grad is None


def test_closures(device: str) -> None:
    w = leaf(2.0, device=device)
    optimizer = optim.SGD([w], lr=0.25)

    def closure() -> Tensor:
        assert portfire.is_grad_enabled()
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with portfire.no_grad():
        assert optimizer.step(closure).item() == 4.0
    assert w.item() == 1.0


def test_layout_of_the_state_dict() -> None:
    a, b = leaf(1.0), leaf(1.0)
    optimizer = optim.Adam([a, b])
    assert optimizer.state_dict() == {
        "state": {},
        "param_groups": [
            {
                "lr": 0.001,
                "betas": (0.9, 0.999),
                "eps": 1e-08,
                "weight_decay": 0,
                "amsgrad": False,
                "maximize": False,
                "foreach": None,
                "capturable": False,
                "differentiable": False,
                "fused": None,
                "decoupled_weight_decay": False,
                "params": [0, 1],
            }
        ],
    }
    step_by_one(optimizer, b)
    state = optimizer.state_dict()["state"]
    assert list(state) == [1]
    assert list(state[1]) == ["step", "exp_avg", "exp_avg_sq"]
    assert repr(state[1]["step"]) == "tensor(1.)"
    assert repr(state[1]["exp_avg"]) == "tensor([0.1000])"
    plain = optim.SGD([("x", a)])
    step_by_one(plain, a)
    assert plain.state_dict()["state"] == {}
    assert plain.state_dict()["param_groups"][0]["param_names"] == ["x"]
    momentum = optim.SGD([a], momentum=0.9)
    step_by_one(momentum, a)
    assert list(momentum.state_dict()["state"][0]) == ["momentum_buffer"]


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (optim.SGD, {"momentum": 0.9}),
        (optim.Adam, {"amsgrad": True}),
        (optim.AdamW, {}),
    ],
)
def test_training_goes_on_from_a_state_dict(make: Any, options: Any, device: str) -> None:
    def run(pause: bool) -> list[float]:
        w = leaf(1.0, 2.0, device=device)
        optimizer = make([w], lr=0.1, **options)
        for step in range(6):
            if pause and step == 3:
                saved = pickle.loads(pickle.dumps(optimizer.state_dict()))
                w = w.detach().clone().requires_grad_()
                optimizer = make([w], lr=77.0, **options)
                optimizer.load_state_dict(saved)
            optimizer.zero_grad()
            (w * w * w).sum().backward()
            optimizer.step()
        return [float(x) for x in w.tolist()]

    assert run(pause=True) == run(pause=False)


def test_a_state_dict_of_pytorch_loads(device: str) -> None:
    w = leaf(1.0, 2.0, device=device)
    optimizer = optim.Adam([w])
    group = optimizer.state_dict()["param_groups"][0]
    state = {
        "step": portfire.tensor(3.0),
        "exp_avg": portfire.tensor([1.0, 2.0], dtype=portfire.float64),
        "exp_avg_sq": portfire.tensor([1.0, 4.0]),
    }
    optimizer.load_state_dict({"state": {0: state}, "param_groups": [{**group, "lr": 0.5}]})
    own = optimizer.state[w]
    assert own["step"] == 3.0
    assert own["exp_avg"].dtype is portfire.float32
    assert own["exp_avg"].device == w.device
    assert own["exp_avg_sq"] is not state["exp_avg_sq"]
    assert optimizer.param_groups[0]["lr"] == 0.5
    assert optimizer.param_groups[0]["params"][0] is w


def test_loading_errors() -> None:
    one = optim.SGD([leaf(1.0)])
    two = optim.SGD([leaf(1.0), leaf(2.0)])
    groups = optim.SGD([{"params": [leaf(1.0)]}, {"params": [leaf(2.0)]}])
    with pytest.raises(ValueError, match="a parameter group that doesn't match the size of"):
        two.load_state_dict(one.state_dict())
    with pytest.raises(ValueError, match="has a different number of parameter groups"):
        groups.load_state_dict(one.state_dict())
    with pytest.raises(KeyError, match="param_groups"):
        one.load_state_dict({})


def test_options_of_newer_versions_get_their_defaults() -> None:
    optimizer = optim.AdamW([leaf(1.0)])
    packed = optimizer.state_dict()
    del packed["param_groups"][0]["maximize"]
    packed["param_groups"][0]["decoupled_weight_decay"] = False
    optimizer.load_state_dict(packed)
    assert optimizer.param_groups[0]["maximize"] is False
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True


def test_step_hooks() -> None:
    w, seen = leaf(1.0), []
    optimizer = optim.SGD([w], lr=0.5)
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("pre", args)))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(("post", o)))
    step_by_one(optimizer, w)
    assert seen == [("pre", ()), ("post", optimizer)]
    before.remove()
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 5,), kwargs))
    assert optimizer.step() == 5
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple of \(new_args, new_kw"):
        optimizer.step()


def test_hooks_of_an_optimizer_with_its_own_step() -> None:
    seen: list[str] = []

    class Mine(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            seen.append("mine")
            return super().step(closure)

    w = leaf(1.0)
    optimizer = Mine([w], lr=0.5)
    optimizer.register_step_pre_hook(lambda *_: seen.append("pre"))
    optimizer.register_step_post_hook(lambda *_: seen.append("post"))
    step_by_one(optimizer, w)
    assert seen == ["pre", "mine", "post"]
    assert w.item() == 0.5


def test_state_dict_hooks() -> None:
    optimizer, seen = optim.SGD([leaf(1.0)]), []
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(lambda o, state: seen.append(state["extra"]))
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    optimizer.load_state_dict(optimizer.state_dict())
    assert seen == ["first", "second", 1, "loaded"]
    optimizer.register_load_state_dict_pre_hook(lambda o, state: {})
    with pytest.raises(KeyError, match="param_groups"):
        optimizer.load_state_dict(optimizer.state_dict())


def test_copies() -> None:
    w = leaf(1.0)
    optimizer = optim.Adam([w], lr=0.5)
    optimizer.register_step_pre_hook(print)
    optimizer._reset_hooks()
    step_by_one(optimizer, w)
    for other in (copy.deepcopy(optimizer), pickle.loads(pickle.dumps(optimizer))):
        assert repr(other) == repr(optimizer)
        (param,) = other.param_groups[0]["params"]
        assert param is not w
        assert other.state[param]["step"] == 1.0
        step_by_one(other, param)
        assert param.item() != w.item()


def test_a_differentiable_step() -> None:
    w, factor = leaf(1.0), leaf(3.0)
    p = w * 1
    optimizer = optim.SGD([p], lr=0.5, differentiable=True)
    p.grad = factor * 1
    optimizer.step()
    p.sum().backward()
    assert factor.grad is not None
    assert factor.grad.item() == -0.5


def test_a_linear_fit(device: str) -> None:
    x = portfire.linspace(-1, 1, 32, device=device).reshape(32, 1)
    y = 3 * x - 1
    weight, bias = leaf(0.0, device=device), leaf(0.0, device=device)
    optimizer = optim.Adam([weight, bias], lr=0.1)
    for _ in range(200):
        optimizer.zero_grad()
        (x * weight + bias - y).square().mean().backward()
        optimizer.step()
    np.testing.assert_allclose([weight.item(), bias.item()], [3.0, -1.0], atol=0.02)


# Rules of one's own

OUTSIDE = portfire.ones(2)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda p, g, s, h: (p.sum(), {}), r"gave a parameter of shape \[\].*it is of shape \[2\]"),
        (lambda p, g, s, h: (p * g.sum().item(), {}), "cannot read the value of a tensor"),
        (lambda p, g, s, h: (OUTSIDE, {}), "has to compute from its arguments"),
    ],
)
def test_rules_that_cannot_be_recorded(rule: Any, message: str) -> None:
    made = type("Made", (optim.Optimizer,), {"update": staticmethod(rule)})
    w = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=message):
        step_by_one(made([w], {"lr": 0.1}), w)
    assert w.tolist() == [1.0, 2.0]


class Turning(optim.Optimizer):
    """Changes its rule with an option, and keeps a number beside a tensor."""

    runs: int = 0

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        return {"turns": 0.0, "sum": portfire.zeros_like(param.detach())}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        state["turns"] += 1.0
        return {"turns": state["turns"], "power": group["power"]}

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        Turning.runs += 1
        total = state["sum"] + grad * hyper["turns"]
        return param - total ** hyper["power"], {"sum": total}


def test_a_rule_runs_once_for_each_variant(device: str) -> None:
    one, two = leaf(10.0, 20.0, device=device), leaf(30.0, 40.0, device=device)
    optimizer = Turning([one, two], {"power": 1})
    Turning.runs = 0
    for _ in range(3):
        step_by_one(optimizer, one, two)
    assert Turning.runs == 1
    assert one.tolist() == [0.0, 10.0]  # less 1, 3 and 6
    optimizer.param_groups[0]["power"] = 2
    step_by_one(optimizer, one, two)
    assert Turning.runs == 2
    assert two.tolist() == [-80.0, -70.0]  # less 10 squared
    assert optimizer.state[two]["turns"] == 4.0
    assert optimizer.state[two]["sum"].tolist() == [10.0, 10.0]
