"""Normalization against NumPy: values, gradients, running statistics, errors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.conftest import available_devices
from tests.nn.helpers import check_gradients, draw, host


def tensor(array: Any, device: str) -> portfire.Tensor:
    return portfire.tensor(np.asarray(array), device=device)


def along(vector: Any, ndim: int) -> Any:
    return vector.reshape(1, -1, *[1] * (ndim - 2))


def normalized(x: Any, axes: Any, eps: float) -> Any:
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def all_but_channels(x: Any) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))


SHAPES = {"BatchNorm1d": (5, 3), "BatchNorm2d": (4, 3, 2, 5), "BatchNorm3d": (2, 3, 2, 2, 3)}


@pytest.mark.parametrize("name", SHAPES)
def test_batch_norm_in_training_and_evaluation(name: str, device: str) -> None:
    x = draw(*SHAPES[name]) * 3 + 5
    layer = getattr(nn, name)(3, eps=1e-3, momentum=0.3, device=device, dtype=portfire.float64)
    weight, bias = draw(3, seed=1), draw(3, seed=2)
    state = {"weight": tensor(weight, device), "bias": tensor(bias, device)}
    layer.load_state_dict({**layer.state_dict(), **state})
    axes = all_but_channels(x)
    expected = normalized(x, axes, 1e-3) * along(weight, x.ndim) + along(bias, x.ndim)
    np.testing.assert_allclose(host(layer(tensor(x, device))), expected, rtol=1e-9, atol=1e-9)
    mean, var = x.mean(axes) * 0.3, x.var(axes, ddof=1) * 0.3 + 0.7
    np.testing.assert_allclose(host(layer.running_mean), mean, rtol=1e-12)
    np.testing.assert_allclose(host(layer.running_var), var, rtol=1e-12)
    assert layer.num_batches_tracked.item() == 1
    scale = along(weight / np.sqrt(var + 1e-3), x.ndim)
    expected = (x - along(mean, x.ndim)) * scale + along(bias, x.ndim)
    layer.eval()
    np.testing.assert_allclose(host(layer(tensor(x, device))), expected, rtol=1e-9, atol=1e-9)
    assert layer.num_batches_tracked.item() == 1


def test_gradients_of_batch_norm(device: str) -> None:
    def call(x: Any, w: Any, b: Any) -> Any:
        return F.batch_norm(x, None, None, w, b, training=True, eps=0.1)

    check_gradients(call, draw(3, 2, 2), draw(2), draw(2, seed=3), device=device)
    mean, var = np.array([0.5, 1.0]), np.array([2.0, 0.5])

    def evaluate(x: Any, w: Any, b: Any) -> Any:
        statistics = (portfire.tensor(a, device=x.device) for a in (mean, var))
        return F.batch_norm(x, *statistics, w, b)

    check_gradients(evaluate, draw(2, 2), draw(2), draw(2, seed=3), device=device, second=False)


def test_the_average_of_all_batches(device: str) -> None:
    layer = nn.BatchNorm1d(2, momentum=None, device=device)
    batches = [draw(4, 2, seed=i).astype(np.float32) for i in range(3)]
    for batch in batches:
        layer(tensor(batch, device))
    assert layer.num_batches_tracked.item() == 3
    mean = np.mean([b.mean(0) for b in batches], 0)
    np.testing.assert_allclose(host(layer.running_mean), mean, rtol=1e-5, atol=1e-6)
    layer.reset_running_stats()
    assert layer.num_batches_tracked.item() == 0
    assert layer.running_var.tolist() == [1.0, 1.0]


def test_batch_norm_without_statistics_or_affine() -> None:
    x = tensor(draw(4, 2), "cpu")
    layer = nn.BatchNorm1d(2, affine=False, track_running_stats=False).eval()
    assert list(layer.state_dict()) == []
    expected = normalized(draw(4, 2), 0, 1e-5)
    np.testing.assert_allclose(host(layer(x)), expected, rtol=1e-9)
    assert nn.BatchNorm1d(2, bias=False).bias is None
    assert nn.BatchNorm2d(3)(portfire.ones(0, 3, 2, 2)).shape == (0, 3, 2, 2)


def test_the_variance_of_large_numbers(device: str) -> None:
    """The mean is taken away before squaring: nothing is left of 1e4 + 1 in a mean of squares."""
    x = (draw(64, 2) + 1e4).astype(np.float32)
    layer = nn.BatchNorm1d(2, momentum=1.0, device=device)
    layer(tensor(x, device))
    np.testing.assert_allclose(host(layer.running_var), x.astype(float).var(0, ddof=1), rtol=2e-3)


def test_batch_norm_of_halves(device: str) -> None:
    x = (draw(64, 2) * 300).astype(np.float16)
    result = nn.BatchNorm1d(2, device=device)(tensor(x, device))
    assert result.dtype is portfire.float16
    expected = normalized(x.astype(float), 0, 1e-5)
    np.testing.assert_allclose(host(result), expected, rtol=4e-3, atol=4e-3)


def test_an_old_state_without_a_count() -> None:
    layer = nn.BatchNorm1d(2)
    saved = layer.state_dict().items()
    state = {n: t.clone() for n, t in saved if n != "num_batches_tracked"}
    layer(portfire.rand(3, 2))
    layer.load_state_dict(state)
    assert layer.num_batches_tracked.item() == 1
    assert layer.running_mean.tolist() == [0.0, 0.0]


def test_batch_norm_learns_on_the_device(device: str) -> None:
    """The running statistics move once per step, also where the loss is read later."""
    layer = nn.BatchNorm2d(3, device=device)
    x = tensor(draw(4, 3, 5, 5).astype(np.float32), device)
    for _ in range(3):
        layer(x).square().sum().backward()
    expected = draw(4, 3, 5, 5).mean((0, 2, 3)) * (1 - 0.9**3)
    np.testing.assert_allclose(host(layer.running_mean), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 4, 3, 2)])
def test_group_norm(shape: Any, device: str) -> None:
    x, w, b = draw(*shape), draw(4, seed=1), draw(4, seed=2)
    parted = x.reshape(shape[0], 2, -1)
    expected = normalized(parted, 2, 1e-5).reshape(shape) * along(w, x.ndim) + along(b, x.ndim)
    layer = nn.GroupNorm(2, 4, device=device, dtype=portfire.float64)
    layer.load_state_dict({"weight": tensor(w, device), "bias": tensor(b, device)})
    np.testing.assert_allclose(host(layer(tensor(x, device))), expected, rtol=1e-9, atol=1e-9)


def test_gradients_of_the_others(device: str) -> None:
    x, w, b = draw(2, 4, 2), draw(4, seed=1), draw(4, seed=2)
    quick = {"device": device, "second": False}
    check_gradients(lambda *t: F.group_norm(t[0], 2, *t[1:], eps=0.1), x, w, b, **quick)
    check_gradients(
        lambda *t: F.instance_norm(t[0], weight=t[1], bias=t[2], eps=0.1), x, w, b, **quick
    )
    check_gradients(lambda t: F.local_response_norm(t, 3, alpha=0.5), x, **quick)
    check_gradients(lambda t, v: F.rms_norm(t, (4, 2), v), x, draw(4, 2, seed=3), **quick)


def test_instance_norm(device: str) -> None:
    x = draw(3, 2, 4, 5)
    layer = nn.InstanceNorm2d(2, track_running_stats=True, device=device, dtype=portfire.float64)
    expected = normalized(x, (2, 3), 1e-5)
    np.testing.assert_allclose(host(layer(tensor(x, device))), expected, rtol=1e-9, atol=1e-9)
    one = layer(tensor(x[0], device))
    np.testing.assert_allclose(host(one), expected[0], rtol=1e-9, atol=1e-9)
    first = nn.InstanceNorm2d(2, track_running_stats=True, dtype=portfire.float64)
    first(tensor(x, "cpu"))
    np.testing.assert_allclose(host(first.running_mean), x.mean((0, 2, 3)) * 0.1, rtol=1e-9)
    var = x.var((2, 3), ddof=1).mean(0) * 0.1 + 0.9
    np.testing.assert_allclose(host(first.running_var), var, rtol=1e-9)
    first.eval()
    expected = x - along(x.mean((0, 2, 3)) * 0.1, 4)
    expected = expected / np.sqrt(along(var, 4) + 1e-5)
    np.testing.assert_allclose(host(first(tensor(x, "cpu"))), expected, rtol=1e-9)


def test_rms_norm(device: str) -> None:
    x, w = draw(3, 2, 4), draw(2, 4, seed=1)
    root = np.sqrt((x * x).mean((1, 2), keepdims=True) + np.finfo(np.float64).eps)
    layer = nn.RMSNorm((2, 4), device=device, dtype=portfire.float64)
    layer.load_state_dict({"weight": tensor(w, device)})
    np.testing.assert_allclose(host(layer(tensor(x, device))), x / root * w, rtol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_local_response_norm(size: int, device: str) -> None:
    x = draw(2, 4, 3)
    expected = np.empty_like(x)
    for channel in range(4):
        first = max(0, channel - size // 2)
        last = channel + (size - 1) // 2
        mean = (x[:, first : last + 1] ** 2).sum(1) / size
        expected[:, channel] = x[:, channel] / (2 + 0.5 * mean) ** 0.75
    layer = nn.LocalResponseNorm(size, alpha=0.5, k=2.0)
    np.testing.assert_allclose(host(layer(tensor(x, device))), expected, rtol=1e-9)


def ones(*shape: int) -> portfire.Tensor:
    return portfire.ones(*shape)


ERRORS: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: nn.BatchNorm1d(4)(ones(1, 4)),
        ValueError,
        "Expected more than 1 value per channel when training, got input size "
        "portfire.Size([1, 4])",
    ),
    (lambda: nn.BatchNorm1d(4)(ones(2, 4, 3, 3)), ValueError, "expected 2D or 3D input (got 4D"),
    (lambda: nn.BatchNorm2d(4)(ones(2, 4)), ValueError, "expected 4D input (got 2D input)"),
    (lambda: nn.BatchNorm3d(4)(ones(2, 4)), ValueError, "expected 5D input (got 2D input)"),
    (
        lambda: nn.BatchNorm2d(4)(ones(2, 3, 2, 2)),
        RuntimeError,
        "running_mean should contain 3 elements not 4",
    ),
    (
        lambda: nn.BatchNorm2d(4, track_running_stats=False)(ones(2, 3, 2, 2)),
        RuntimeError,
        "weight should contain 3 elements not 4",
    ),
    (
        lambda: nn.BatchNorm1d(4)(ones(2, 4).long()),
        NotImplementedError,
        "\"batch_norm\" not implemented for 'Long'",
    ),
    (lambda: nn.BatchNorm1d(4)(ones(2, 4).double()), RuntimeError, "mixed dtype (CPU)"),
    (
        lambda: F.batch_norm(ones(2, 3), None, None),
        RuntimeError,
        "running_mean must be defined in evaluation mode",
    ),
    (
        lambda: F.batch_norm(ones(2, 3), ones(3), None),
        RuntimeError,
        "running_var must be defined in evaluation mode",
    ),
    (
        lambda: F.batch_norm(ones(2, 3), None, None, bias=ones(4), training=True),
        RuntimeError,
        "bias should contain 3 elements not 4",
    ),
    (lambda: nn.GroupNorm(3, 4), ValueError, "num_channels (4) must be divisible by num_groups (3"),
    (
        lambda: F.group_norm(ones(2, 4, 3), 3),
        RuntimeError,
        "but got input of shape [2, 4, 3] and num_groups=3",
    ),
    (lambda: F.group_norm(ones(4), 2), RuntimeError, "Expected at least 2 dimensions for input"),
    (lambda: F.group_norm(ones(2, 4), 0), RuntimeError, "greater than 0, got 0"),
    (
        lambda: F.group_norm(ones(2, 4), 2, weight=ones(3)),
        RuntimeError,
        "but got weight of shape [3] and input of shape [2, 4]",
    ),
    (
        lambda: F.group_norm(ones(2, 4).long(), 2),
        NotImplementedError,
        "\"GroupNormKernelImpl\" not implemented for 'Long'",
    ),
    (lambda: nn.GroupNorm(2, 2)(ones(1, 2)), ValueError, "when training, got input size [1, 2]"),
    (
        lambda: nn.InstanceNorm1d(3)(ones(2, 3, 1)),
        ValueError,
        "Expected more than 1 spatial element when training",
    ),
    (lambda: nn.InstanceNorm2d(3)(ones(2, 3)), ValueError, "expected 3D or 4D input (got 2D"),
    (
        lambda: nn.InstanceNorm2d(3, affine=True)(ones(2, 4, 2, 2)),
        ValueError,
        "expected input's size at dim=1 to match num_features (3), but got: 4.",
    ),
    (
        lambda: F.instance_norm(ones(2, 4, 2), use_input_stats=False),
        RuntimeError,
        "Expected running_mean and running_var to be defined when use_input_stats is false",
    ),
    (
        lambda: F.instance_norm(ones(2, 4, 2).long()),
        NotImplementedError,
        "not implemented for 'Long'",
    ),
    (lambda: F.rms_norm(ones(2, 4), ()), RuntimeError, "at least 1-dimensional"),
    (lambda: F.rms_norm(ones(2, 4), (3,)), RuntimeError, "expected input with shape [*3]"),
    (
        lambda: F.rms_norm(ones(2, 4), (4,), weight=ones(3)),
        RuntimeError,
        "Expected weight to be of same shape as normalized_shape",
    ),
    (
        lambda: F.rms_norm(ones(2, 4).long(), (4,)),
        NotImplementedError,
        "\"rms_norm\" not implemented for 'Long'",
    ),
    (
        lambda: F.local_response_norm(ones(2, 4), 2),
        ValueError,
        "Expected 3D or higher dimensionality input (got 2 dimensions)",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[m for _, _, m in ERRORS])
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_a_warning_of_other_channels() -> None:
    with pytest.warns(UserWarning, match="does not match num_features"):
        nn.InstanceNorm2d(3)(ones(2, 4, 2, 2))


def kernels_of(result: portfire.Tensor) -> int:
    found = re.search(r"operators in (\d+) kernel", str(portfire.explain(result)))
    assert found is not None
    return int(found[1])


@pytest.mark.skipif("opencl" not in available_devices(), reason="counts kernels")
def test_few_kernels() -> None:
    """The statistics are computed once for the result and for what follows them."""
    x = portfire.rand(8, 16, 12, 12, device="opencl")
    x.sum().item()
    x.requires_grad_()
    layer = nn.BatchNorm2d(16, device="opencl")
    portfire.flush()
    activated = F.gelu(layer(x))
    # Two sums, each in one or two kernels, the rest of the layer in one, and the count.
    assert kernels_of(activated) <= 6
    activated.sum().backward()
    assert kernels_of(x.grad) <= 9
    small = portfire.rand(4, 10, device="opencl")
    small.sum().item()
    assert kernels_of(F.rms_norm(small, (10,), small[0])) == 1
    assert kernels_of(nn.GELU("tanh")(small)) == 1
