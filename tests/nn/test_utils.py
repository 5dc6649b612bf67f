"""nn.utils, lists of parameters, hooks for all modules, and what else a module can do."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import Tensor, nn
from portfire.nn import utils
from portfire.nn.modules import module as hooks
from portfire.nn.utils import parametrizations, parametrize
from tests.nn.helpers import draw, host


def with_gradients(device: str) -> list[Any]:
    made: list[Any] = []
    for array in (draw(2, 3), draw(4), draw(1, 2, 2)):
        tensor = portfire.tensor(array, device=device).requires_grad_()
        tensor.grad = portfire.tensor(array * 3, device=device)
        made.append(tensor)
    return made


@pytest.mark.parametrize("power", [2.0, 1.0, 3.0, float("inf")])
def test_clipping_by_the_norm(power: float, device: str) -> None:
    params = [*with_gradients(device), portfire.zeros(2, device=device)]
    flat = np.concatenate([host(p.grad).ravel() for p in params[:3]])
    expected = np.linalg.norm(flat, power)
    norm = utils.clip_grad_norm_(params, 0.5, power)
    np.testing.assert_allclose(host(norm), expected, rtol=1e-12)
    clipped = np.concatenate([host(p.grad).ravel() for p in params[:3]])
    np.testing.assert_allclose(clipped, flat * 0.5 / (expected + 1e-6), rtol=1e-12)
    utils.clip_grad_norm_(params, 100.0, power)
    again = np.concatenate([host(p.grad).ravel() for p in params[:3]])
    np.testing.assert_allclose(again, clipped, rtol=1e-12)


def test_clipping_by_value(device: str) -> None:
    params = with_gradients(device)
    expected = [np.clip(host(p.grad), -0.5, 0.5) for p in params]
    utils.clip_grad_value_(params, 0.5)
    for param, value in zip(params, expected, strict=True):
        np.testing.assert_array_equal(host(param.grad), value)


def test_norms_that_are_no_numbers() -> None:
    x = portfire.ones(2, requires_grad=True)
    x.grad = portfire.tensor([1.0, float("inf")])
    with pytest.raises(RuntimeError, match=r"The total norm of order 2\.0 for gradients"):
        utils.clip_grad_norm_(x, 1.0, error_if_nonfinite=True)
    assert utils.clip_grad_norm_([], 1.0).item() == 0.0


def test_parameters_as_a_vector(device: str) -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)).to(device)
    vector = utils.parameters_to_vector(net.parameters())
    assert vector.shape == (13,)
    utils.vector_to_parameters(vector * 2, net.parameters())
    np.testing.assert_allclose(host(net[1].weight), host(vector[9:12].reshape(1, 3) * 2), rtol=1e-6)
    assert net[0].weight.requires_grad
    with pytest.raises(TypeError, match=r"expected portfire\.Tensor, but got: list"):
        utils.vector_to_parameters([1.0], net.parameters())  # type: ignore[arg-type]


def randomized(norm: Any) -> Any:
    with portfire.no_grad():
        norm.running_mean.copy_(portfire.tensor(draw(norm.num_features)))
        norm.running_var.copy_(portfire.tensor(draw(norm.num_features, low=0.5, high=2.0)))
        norm.weight.copy_(portfire.tensor(draw(norm.num_features, seed=1)))
        norm.bias.copy_(portfire.tensor(draw(norm.num_features, seed=2)))
    return norm


FUSIONS: dict[str, tuple[Callable[[], Any], Callable[[], Any], tuple[int, ...]]] = {
    "conv": (lambda: nn.Conv2d(2, 3, 2, bias=False), lambda: nn.BatchNorm2d(3), (2, 2, 4, 4)),
    "transposed": (lambda: nn.ConvTranspose1d(2, 3, 2), lambda: nn.BatchNorm1d(3), (2, 2, 4)),
    "linear": (lambda: nn.Linear(2, 3), lambda: nn.BatchNorm1d(3), (4, 2)),
}


@pytest.mark.parametrize("name", FUSIONS)
def test_fusion(name: str) -> None:
    first, second, shape = FUSIONS[name]
    layer, norm = first().double(), randomized(second().double())
    x = portfire.tensor(draw(*shape))
    with pytest.raises(AssertionError, match="Fusion only for eval!"):
        utils.fuse_conv_bn_eval(layer, norm)
    layer.eval()
    norm.eval()
    if name == "linear":
        fused = utils.fuse_linear_bn_eval(layer, norm)
    else:
        fused = utils.fuse_conv_bn_eval(layer, norm, transpose=name == "transposed")
    assert type(fused) is type(layer)
    np.testing.assert_allclose(host(fused(x)), host(norm(layer(x))), rtol=1e-9, atol=1e-12)


def test_functional_call(device: str) -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)).to(device)
    own = {name: host(value).copy() for name, value in net.state_dict().items()}
    x = portfire.ones(3, 2, device=device)
    weight = portfire.full((2, 2), 2.0, device=device, requires_grad=True)
    mean = portfire.zeros(2, device=device)
    out = portfire.func.functional_call(net, {"0.weight": weight, "1.running_mean": mean}, (x,))
    out.sum().backward()
    assert weight.grad is not None
    assert net[0].weight.grad is None
    np.testing.assert_array_equal(host(net[0].weight), own["0.weight"])
    np.testing.assert_array_equal(host(net[1].running_mean), own["1.running_mean"])
    with pytest.raises(RuntimeError, match=re.escape("Unexpected key(s): foo.")):
        utils.stateless.functional_call(net, {"foo": x}, x, strict=True)
    with pytest.raises(AttributeError, match="Linear has no attribute `foo`"):
        utils.stateless.functional_call(net, {"0.foo": x}, x)
    np.testing.assert_array_equal(host(net[0].weight), own["0.weight"])


def test_functional_call_of_shared_parameters() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = nn.Parameter(portfire.ones(1))
            self.b = self.a

        def forward(self, x: Tensor) -> Tensor:
            return x * self.a + self.b

    net = Twice()
    five, x = portfire.tensor([5.0]), portfire.ones(1)
    assert portfire.func.functional_call(net, {"a": five}, x).item() == 10.0
    assert portfire.func.functional_call(net, {"a": five}, x, tie_weights=False).item() == 6.0
    with pytest.raises(ValueError, match="which are tied"):
        portfire.func.functional_call(net, {"a": five, "b": x}, x)


class Doubled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x * 2

    def right_inverse(self, x: Tensor) -> Tensor:
        return x / 2


def test_a_parametrization(device: str) -> None:
    layer: Any = nn.Linear(2, 3).to(device)
    weight = layer.weight
    before = host(weight).copy()
    parametrize.register_parametrization(layer, "weight", Doubled())
    assert parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    assert layer.parametrizations.weight.original is weight
    np.testing.assert_allclose(host(layer.weight), before, rtol=1e-6)
    layer(portfire.ones(1, 2, device=device)).sum().backward()
    assert host(weight.grad).tolist() == [[2.0, 2.0]] * 3
    layer.weight = portfire.ones(3, 2, device=device)
    assert host(weight).tolist() == [[0.5, 0.5]] * 3
    parametrize.register_parametrization(layer, "weight", Doubled())
    assert host(layer.weight).tolist() == [[2.0, 2.0]] * 3
    twin = copy.deepcopy(layer)
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert layer.weight is weight
    assert host(layer.weight).tolist() == [[2.0, 2.0]] * 3
    assert parametrize.type_before_parametrizations(twin) is nn.Linear
    assert host(twin.weight).tolist() == [[2.0, 2.0]] * 3
    with pytest.raises(RuntimeError, match="only supported through state_dict"):
        pickle.dumps(twin)


def test_parametrizations_are_computed_once_in_a_block() -> None:
    layer = parametrizations.weight_norm(nn.Linear(2, 3))
    assert layer.weight is not layer.weight
    with parametrize.cached():
        inside = layer.weight
        with parametrize.cached():
            assert layer.weight is inside
    assert layer.weight is not inside


def test_errors_of_parametrizations() -> None:
    layer = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="does not have a parameter, a buffer, or a parametriz"):
        parametrize.register_parametrization(layer, "foo", Doubled())
    with pytest.raises(ValueError, match="may not change the shape of the tensor"):
        parametrize.register_parametrization(layer, "weight", nn.Linear(2, 3))
    assert not parametrize.is_parametrized(layer)
    with pytest.raises(ValueError, match="does not have a parametrization on weight"):
        parametrize.remove_parametrizations(layer, "weight")
    parametrizations.weight_norm(layer)
    with pytest.raises(ValueError, match="Cannot leave unparametrized"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("old", [False, True], ids=["parametrization", "hook"])
@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(dim: int | None, old: bool, device: str) -> None:
    layer: Any = nn.Linear(3, 2).to(device)
    x = portfire.ones(1, 3, device=device)
    plain = host(layer(x))
    (utils.weight_norm if old else parametrizations.weight_norm)(layer, dim=dim)
    np.testing.assert_allclose(host(layer(x)), plain, rtol=1e-5)
    first = "weight_g" if old else "parametrizations.weight.original0"
    names = [name for name, _ in layer.named_parameters()]
    assert names[:2] == ["bias", first]
    lengths = dict(layer.named_parameters())[first]
    assert lengths.shape == {0: (2, 1), 1: (1, 3), None: ()}[dim]
    with portfire.no_grad():
        lengths.mul_(2)
    np.testing.assert_allclose(host(layer(x) - layer.bias), 2 * (plain - host(layer.bias)), 1e-5)
    layer(x).sum().backward()
    assert lengths.grad is not None
    if old:
        with pytest.raises(RuntimeError, match="Cannot register two weight_norm hooks"):
            utils.weight_norm(layer)
        utils.remove_weight_norm(layer)
    else:
        parametrize.remove_parametrizations(layer, "weight")
    assert [name for name, _ in layer.named_parameters()] == ["bias", "weight"]
    np.testing.assert_allclose(host(layer(x) - layer.bias), 2 * (plain - host(layer.bias)), 1e-5)


@pytest.mark.parametrize("old", [False, True], ids=["parametrization", "hook"])
def test_spectral_norm(old: bool, device: str) -> None:
    layer = nn.Linear(4, 3).to(device)
    largest = np.linalg.svd(host(layer.weight))[1][0]
    expected = host(layer.weight) / largest
    wrap = utils.spectral_norm if old else parametrizations.spectral_norm
    wrap(layer, n_power_iterations=50)
    layer(portfire.ones(1, 4, device=device)).sum().backward()
    np.testing.assert_allclose(host(layer.weight), expected, rtol=1e-3)
    layer.eval()
    layer(portfire.ones(1, 4, device=device))
    np.testing.assert_allclose(host(layer.weight), expected, rtol=1e-3)
    if old:
        utils.remove_spectral_norm(layer)
    else:
        parametrize.remove_parametrizations(layer, "weight")
    assert [name for name, _ in layer.named_parameters()] == ["bias", "weight"]
    np.testing.assert_allclose(host(layer.weight), expected, rtol=1e-3)


def test_weight_norms_that_are_not_there() -> None:
    with pytest.raises(ValueError, match="weight_norm of 'weight' not found in Linear"):
        utils.remove_weight_norm(nn.Linear(2, 2))
    with pytest.raises(ValueError, match="spectral_norm of 'weight' not found in Linear"):
        utils.remove_spectral_norm(nn.Linear(2, 2))


def test_a_list_of_parameters(device: str) -> None:
    net = nn.ParameterList([portfire.ones(2), nn.Parameter(portfire.zeros(3, 1)), 3]).to(device)
    assert repr(net) == (
        "ParameterList(\n"
        f"    (0): Parameter containing: [portfire.float32 of size 2{on(device)}]\n"
        f"    (1): Parameter containing: [portfire.float32 of size 3x1{on(device)}]\n"
        "    (2): Object of type: int\n"
        ")"
    )
    assert list(net.state_dict()) == ["0", "1"]
    assert [type(value).__name__ for value in net[:2]] == ["Parameter"] * 2
    net += [portfire.ones(1)]
    assert len(net) == 4
    assert net[-1].item() == 1.0
    with pytest.raises(IndexError, match="index 4 is out of range"):
        net[4]
    with pytest.raises(TypeError, match="called with an iterable, but got int"):
        net.extend(3)  # type: ignore[arg-type]
    twin = copy.deepcopy(net)
    assert len(twin) == 4
    assert twin[0] is not net[0]


def on(device: str) -> str:
    return "" if device == "cpu" else f" ({portfire.zeros(1, device=device).device})"


def test_a_dictionary_of_parameters() -> None:
    net = nn.ParameterDict({"a": portfire.ones(2), "b": 3})
    assert repr(net) == (
        "ParameterDict(\n"
        "    (a): Parameter containing: [portfire.FloatTensor of size 2]\n"
        "    (b): Object of type: int\n"
        ")"
    )
    net["c"] = portfire.zeros(1)
    assert [name for name, _ in net.named_parameters()] == ["a", "c"]
    assert list(net.keys()) == ["a", "b", "c"]
    assert net.setdefault("b", 9) == 3
    joined = net | {"d": portfire.ones(1)}
    assert joined["a"] is net["a"]
    assert list(reversed(joined)) == ["d", "c", "b", "a"]
    assert "d" not in net
    assert net.pop("b") == 3
    assert net.popitem()[0] == "c"
    assert len(pickle.loads(pickle.dumps(net))) == 1
    with pytest.raises(TypeError, match="cannot be used as a key as it is not a string"):
        net[1]  # type: ignore[index]
    with pytest.raises(AttributeError, match="has no attribute 'z'"):
        net["z"]


def test_hooks_of_all_modules_come_first() -> None:
    seen: list[str] = []
    layer = nn.Linear(2, 2)
    layer.register_forward_pre_hook(lambda m, a: seen.append("pre"))
    layer.register_forward_hook(lambda m, a, o: seen.append("post"))
    layer.register_full_backward_pre_hook(lambda m, g: seen.append("back pre"))
    layer.register_full_backward_hook(lambda m, gi, go: seen.append("back"))
    handles = [
        hooks.register_module_forward_pre_hook(lambda m, a: seen.append("all pre")),
        hooks.register_module_forward_hook(lambda m, a, o: seen.append("all post")),
        hooks.register_module_full_backward_pre_hook(lambda m, g: seen.append("all back pre")),
        hooks.register_module_full_backward_hook(lambda m, gi, go: seen.append("all back")),
    ]
    try:
        layer(portfire.ones(1, 2, requires_grad=True)).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
    own = ["pre", "post", "back pre", "back"]
    assert seen == [text for name in own for text in (f"all {name}", name)]
    seen.clear()
    nn.ReLU()(portfire.ones(1))
    assert seen == []


def test_hooks_see_what_is_registered() -> None:
    seen: list[tuple[str, str]] = []
    with (
        hooks.register_module_parameter_registration_hook(lambda m, n, p: seen.append(("p", n))),
        hooks.register_module_buffer_registration_hook(lambda m, n, b: seen.append(("b", n))),
        hooks.register_module_module_registration_hook(lambda m, n, c: seen.append(("m", n))),
    ):
        nn.Sequential(nn.BatchNorm1d(2), nn.Linear(1, 1, bias=False))
    names = ["pweight", "pbias", "brunning_mean", "brunning_var", "bnum_batches_tracked"]
    assert [kind + name for kind, name in seen] == [*names, "pweight", "m0", "m1"]


def test_a_hook_that_is_always_called_for_all_modules() -> None:
    seen: list[Any] = []

    def note(module: Any, args: Any, kwargs: Any, output: Any) -> None:
        seen.append((kwargs, output))

    with (
        hooks.register_module_forward_hook(note, with_kwargs=True, always_call=True),
        pytest.raises(NotImplementedError, match="missing the required"),
    ):
        nn.Module()(x=1)
    assert seen == [({"x": 1}, None)]


def test_what_else_a_module_does(device: str) -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    assert net.to_empty(device=device)[0].weight.device.type == device
    assert net.to_empty(device=device, recurse=False)[1].running_mean.shape == (3,)
    assert net.bfloat16()[0].weight.dtype is portfire.bfloat16
    assert net.share_memory() is net
    assert utils.skip_init(nn.Linear, 2, 3, device=device).weight.device.type == device
    with pytest.raises(RuntimeError, match="must support a 'device' arg"):
        utils.skip_init(nn.ReLU)


def test_a_module_that_is_compiled_in_place(device: str) -> None:
    layer = nn.Linear(3, 2).to(device)
    x = portfire.tensor(draw(4, 3).astype(np.float32), device=device)
    plain = host(layer(x))
    layer.compile()
    for _ in range(4):
        np.testing.assert_allclose(host(layer(x)), plain, rtol=1e-6)
    assert portfire.equal(copy.deepcopy(layer)(x), layer(x))


def test_a_shared_parameter_is_one(device: str) -> None:
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)).to(device)
    net[1].weight = net[0].weight
    assert len(list(net.parameters())) == 1
    assert list(net.state_dict()) == ["0.weight", "1.weight"]
    twin = copy.deepcopy(net)
    assert twin[0].weight is twin[1].weight
    twin.load_state_dict(net.state_dict())
    loaded = pickle.loads(pickle.dumps(net))
    assert loaded[0].weight is loaded[1].weight
    net.requires_grad_(False)
    assert not net[1].weight.requires_grad
