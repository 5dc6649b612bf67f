"""`state_dict` and `load_state_dict`."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

import pytest

import portfire
from portfire import nn
from tests.nn.helpers import host


def net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))


def test_names_and_metadata() -> None:
    state = net().state_dict()
    assert isinstance(state, OrderedDict)
    assert list(state) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert list(state._metadata) == ["", "0", "1", "2"]
    assert next(iter(net().state_dict(prefix="net."))) == "net.0.weight"
    into: dict[str, Any] = {}
    assert net().state_dict(destination=into) is into
    with pytest.warns(FutureWarning, match="Positional args are being deprecated"):
        kept = nn.Linear(1, 1).state_dict({}, "a.", True)
    assert list(kept) == ["a.weight", "a.bias"]
    assert kept["a.weight"].requires_grad


def test_values_are_shared_and_detached(device: str) -> None:
    layer = nn.Linear(2, 1).to(device)
    state = layer.state_dict()
    assert not state["weight"].requires_grad
    with portfire.no_grad():
        layer.weight.fill_(3.0)
    assert host(state["weight"]).tolist() == [[3.0, 3.0]]
    assert layer.state_dict(keep_vars=True)["weight"] is layer.weight


def test_round_trip_across_devices_and_dtypes(device: str) -> None:
    source, target = net().double(), net().to(device)
    result = target.load_state_dict(source.state_dict())
    assert str(result) == "<All keys matched successfully>"
    assert result.missing_keys == []
    assert target[0].weight.dtype is portfire.float32
    assert target[0].weight.device.type == device
    assert target[0].weight.requires_grad
    expected = host(source[2].weight.float())
    assert host(target[2].weight).tolist() == expected.tolist()
    with portfire.no_grad():
        source[2].weight.zero_()
    assert host(target[2].weight).any()


def test_all_that_is_wrong_is_listed_at_once() -> None:
    model, state = net(), net().state_dict()
    del state["0.weight"]
    state["foo"] = portfire.ones(1)
    state["2.weight.extra"] = portfire.ones(1)
    state["2.bias"] = portfire.ones(5)
    state["2.weight"] = "x"
    message = (
        "Error(s) in loading state_dict for Sequential:\n"
        '\tMissing key(s) in state_dict: "0.weight". \n'
        '\tUnexpected key(s) in state_dict: "foo", "2.weight.extra". \n'
        '\tWhile copying the parameter named "2.weight", expected portfire.Tensor or Tensor-like '
        "object from checkpoint but received <class 'str'>\n"
        "\tsize mismatch for 2.bias: copying a param with shape portfire.Size([5]) from "
        "checkpoint, the shape in current model is portfire.Size([1])."
    )
    with pytest.raises(RuntimeError, match=re.escape(message)):
        model.load_state_dict(state)
    with pytest.raises(RuntimeError, match=r"size mismatch for 2\.bias") as raised:
        model.load_state_dict(state, strict=False)
    assert "Missing" not in str(raised.value)


def test_not_strict_reports_names() -> None:
    state = net().state_dict()
    del state["0.weight"]
    state["foo"] = portfire.ones(1)
    result = net().load_state_dict(state, strict=False)
    assert repr(result) == ("_IncompatibleKeys(missing_keys=['0.weight'], unexpected_keys=['foo'])")
    assert result == (["0.weight"], ["foo"])


def test_a_number_does_not_fit_a_vector() -> None:
    layer = nn.Linear(2, 1)
    state = layer.state_dict()
    state["bias"] = portfire.tensor(1.0)
    with pytest.raises(RuntimeError, match=re.escape("with shape portfire.Size([]) from")):
        layer.load_state_dict(state)
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class"):
        layer.load_state_dict(3)


def test_assign_puts_tensors_in_place() -> None:
    layer = nn.Linear(2, 1)
    layer.register_buffer("mean", portfire.zeros(1))
    state = {k: v.double() for k, v in layer.state_dict().items()}
    layer.weight.requires_grad_(False)
    layer.load_state_dict(state, assign=True)
    assert layer.weight.dtype is portfire.float64
    assert isinstance(layer.weight, nn.Parameter)
    assert not layer.weight.requires_grad
    assert layer.bias.requires_grad
    assert layer.mean is state["mean"]


def test_buffers_and_extra_state() -> None:
    class Counter(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.count = 0
            self.register_buffer("kept", portfire.zeros(1))
            self.register_buffer("lost", portfire.zeros(1), persistent=False)
            self.register_buffer("none", None)

        def get_extra_state(self) -> int:
            return self.count

        def set_extra_state(self, state: int) -> None:
            self.count = state

    one, other = nn.Sequential(Counter()), nn.Sequential(Counter())
    one[0].count = 7
    one[0].kept += 1
    state = one.state_dict()
    assert list(state) == ["0.kept", "0._extra_state"]
    other.load_state_dict(state)
    assert other[0].count == 7
    assert other[0].kept.item() == 1.0
    del state["0._extra_state"]
    with pytest.raises(RuntimeError, match=re.escape('Missing key(s) in state_dict: "0._extra')):
        other.load_state_dict(state)
    plain = nn.Linear(1, 1)
    with pytest.raises(RuntimeError, match="should never be called"):
        plain.get_extra_state()
    with pytest.raises(RuntimeError, match="should never be called"):
        plain.set_extra_state(1)


def test_hooks_around_saving_and_loading() -> None:
    layer, seen = nn.Linear(2, 1), []
    layer.register_state_dict_pre_hook(lambda m, p, k: seen.append(("before", p, k)))
    layer.register_state_dict_post_hook(
        lambda m, state, p, meta: seen.append(("after", list(state), p, meta))
    )
    layer.register_load_state_dict_pre_hook(
        lambda m, state, p, *rest: seen.append(("load", list(state), p))
    )
    layer.register_load_state_dict_post_hook(lambda m, keys: seen.append(("loaded", str(keys))))
    model = nn.Sequential(layer)
    model.load_state_dict(model.state_dict())
    names = ["0.weight", "0.bias"]
    assert seen == [
        ("before", "0.", False),
        ("after", names, "0.", {"version": 1}),
        ("load", names, "0."),
        ("loaded", "<All keys matched successfully>"),
    ]


def test_a_load_hook_may_clear_the_lists_but_not_answer() -> None:
    layer = nn.Linear(2, 1)
    handle = layer.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    layer.load_state_dict({})
    handle.remove()
    layer.register_load_state_dict_post_hook(lambda m, keys: 3)
    with pytest.raises(RuntimeError, match="are not expected to return new values"):
        layer.load_state_dict(layer.state_dict())


def test_versions_reach_a_modules_loader() -> None:
    seen: list[Any] = []

    class Old(nn.Module):
        _version = 2

        def _load_from_state_dict(
            self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
        ) -> None:
            seen.append(local_metadata.get("version"))

    Old().load_state_dict(Old().state_dict())
    Old().load_state_dict({})
    assert seen == [2, None]
