"""Activations against NumPy and SciPy: values, slopes at the corners, options, in place, errors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy import special

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.nn.helpers import check_gradients, draw, host

NUMBERS = np.array([-30.0, -4.0, -2.9, -1.1, -0.4, -0.01, 0.02, 0.35, 1.2, 2.8, 5.0, 7.0, 25.0])
SELU = (1.6732632423543772, 1.0507009873554805)


def softplus(x: Any) -> Any:
    return np.logaddexp(0, x)


def elu(x: Any, alpha: float, scale: float = 1.0, inner: float = 1.0) -> Any:
    return scale * np.where(x > 0, x, alpha * np.expm1(x * inner))


def gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


REFERENCES: dict[str, Any] = {
    "ReLU()": lambda x: np.maximum(x, 0),
    "ReLU6()": lambda x: np.clip(x, 0, 6),
    "LeakyReLU(0.2)": lambda x: np.where(x > 0, x, 0.2 * x),
    "PReLU()": lambda x: np.where(x > 0, x, 0.25 * x),
    "RReLU(0.1, 0.5).eval()": lambda x: np.where(x > 0, x, 0.3 * x),
    "ELU(0.7)": lambda x: elu(x, 0.7),
    "CELU(0.7)": lambda x: elu(x, 0.7, inner=1 / 0.7),
    "SELU()": lambda x: elu(x, *SELU),
    "GELU()": lambda x: x * special.ndtr(x),
    "GELU('tanh')": gelu_tanh,
    "SiLU()": lambda x: x * special.expit(x),
    "Mish()": lambda x: x * np.tanh(softplus(x)),
    "Softplus()": softplus,
    "Softplus(2, 3)": lambda x: np.where(2 * x > 3, x, softplus(2 * x) / 2),
    "Softsign()": lambda x: x / (1 + np.abs(x)),
    "Softshrink(0.3)": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.3, 0),
    "Hardshrink()": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "Tanhshrink()": lambda x: x - np.tanh(x),
    "Hardtanh(-0.5, 2)": lambda x: np.clip(x, -0.5, 2),
    "Hardsigmoid()": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "Hardswish()": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "Threshold(0.1, 9)": lambda x: np.where(x > 0.1, x, 9),
    "Sigmoid()": special.expit,
    "LogSigmoid()": special.log_expit,
    "Tanh()": np.tanh,
}


def tensor(array: Any, device: str = "cpu") -> portfire.Tensor:
    return portfire.tensor(np.asarray(array), device=device)


def test_values(device: str) -> None:
    """In one graph: a device gets all of them as one program."""
    x = tensor(NUMBERS, device)
    found = {
        source: eval(source, vars(nn)).to(device, portfire.float64)(x) for source in REFERENCES
    }
    for source, result in found.items():
        np.testing.assert_allclose(
            host(result), REFERENCES[source](NUMBERS), rtol=1e-10, atol=1e-12, err_msg=source
        )


@pytest.mark.parametrize("source", REFERENCES)
def test_gradients(source: str) -> None:
    layer = eval(source, vars(nn)).double()
    check_gradients(layer, NUMBERS[1:-1], device="cpu")


# Slopes where a function has a corner, as in PyTorch 2.13.
CORNERS = {
    "ReLU6()": {0.0: 0.0, 6.0: 0.0},
    "LeakyReLU(0.2)": {0.0: 0.2},
    "PReLU()": {0.0: 0.25},
    "ELU()": {0.0: 1.0},
    "SELU()": {0.0: 1.7580993408473766},
    "Hardtanh()": {-1.0: 0.0, 1.0: 0.0},
    "Hardsigmoid()": {-3.0: 0.0, 3.0: 0.0},
    "Hardswish()": {-3.0: 0.0, 3.0: 1.0},
    "Softshrink()": {-0.5: 0.0, 0.5: 0.0},
    "Hardshrink()": {-0.5: 0.0, 0.5: 0.0},
    "Threshold(0.5, 1)": {0.5: 0.0},
}


def test_slopes_at_corners(device: str) -> None:
    for source, slopes in CORNERS.items():
        x = tensor(list(slopes), device).requires_grad_()
        layer = eval(source, vars(nn)).to(device, portfire.float64)
        layer(x).sum().backward()
        assert x.grad.tolist() == pytest.approx(list(slopes.values())), source


# Results and slopes at minus infinity, infinity and NaN, as in PyTorch 2.13.
nan, inf = float("nan"), float("inf")
EXTREMES = {
    "SiLU()": ([nan, inf, nan], [nan, nan, nan]),
    "ELU()": ([-1.0, inf, nan], [0.0, 1.0, 1.0]),
    "LeakyReLU(0.5)": ([-inf, inf, nan], [0.5, 1.0, 0.5]),
    "Hardtanh()": ([-1.0, 1.0, nan], [0.0, 0.0, 1.0]),
    "Hardsigmoid()": ([0.0, 1.0, nan], [0.0, 0.0, 0.0]),
    "Hardswish()": ([nan, inf, nan], [0.0, 1.0, 1.0]),
    "Softshrink()": ([-inf, inf, nan], [1.0, 1.0, 1.0]),
    "Hardshrink()": ([-inf, inf, nan], [1.0, 1.0, 1.0]),
    "LogSigmoid()": ([-inf, 0.0, nan], [1.0, 0.0, nan]),
    "Softplus()": ([0.0, inf, nan], [0.0, 1.0, nan]),
}


@pytest.mark.parametrize("source", EXTREMES)
def test_extremes(source: str) -> None:
    x = tensor(np.array([-inf, inf, nan])).requires_grad_()
    result = eval(source, vars(nn))(x)
    result.sum().backward()
    values, slopes = EXTREMES[source]
    np.testing.assert_array_equal(host(result), values)
    np.testing.assert_array_equal(host(x.grad), slopes)


NAMES = {
    "gelu": "GeluBackward0",
    "silu": "SiluBackward0",
    "mish": "MishBackward0",
    "elu": "EluBackward0",
    "selu": "EluBackward0",
    "leaky_relu": "LeakyReluBackward0",
    "softplus": "SoftplusBackward0",
    "hardtanh": "HardtanhBackward0",
    "relu6": "HardtanhBackward0",
    "hardsigmoid": "HardsigmoidBackward0",
    "hardswish": "HardswishBackward0",
    "softshrink": "SoftshrinkBackward0",
    "hardshrink": "HardshrinkBackward0",
    "logsigmoid": "LogSigmoidBackward0",
    "tanhshrink": "SubBackward0",
}


def test_names_of_the_backward_steps() -> None:
    x = portfire.ones(2).requires_grad_()
    for name, expected in NAMES.items():
        assert getattr(F, name)(x).grad_fn.name() == expected


PRINTED = {
    "ReLU6()": "ReLU6()",
    "ReLU6(True)": "ReLU6(inplace=True)",
    "LeakyReLU()": "LeakyReLU(negative_slope=0.01)",
    "LeakyReLU(0.2, True)": "LeakyReLU(negative_slope=0.2, inplace=True)",
    "PReLU(3, 0.1)": "PReLU(num_parameters=3)",
    "RReLU()": "RReLU(lower=0.125, upper=0.3333333333333333)",
    "RReLU(0.1, 0.2, True)": "RReLU(lower=0.1, upper=0.2, inplace=True)",
    "ELU(2.0, True)": "ELU(alpha=2.0, inplace=True)",
    "CELU()": "CELU(alpha=1.0)",
    "SELU(True)": "SELU(inplace=True)",
    "GELU('tanh')": "GELU(approximate='tanh')",
    "SiLU()": "SiLU()",
    "Mish(True)": "Mish(inplace=True)",
    "Softplus()": "Softplus(beta=1.0, threshold=20.0)",
    "Softsign()": "Softsign()",
    "Softshrink(0.1)": "Softshrink(0.1)",
    "Hardshrink()": "Hardshrink(0.5)",
    "Hardtanh(-2, 2, True)": "Hardtanh(min_val=-2, max_val=2, inplace=True)",
    "Hardsigmoid(True)": "Hardsigmoid()",
    "Hardswish()": "Hardswish()",
    "Threshold(0.1, 20, True)": "Threshold(threshold=0.1, value=20, inplace=True)",
    "Softmax2d()": "Softmax2d()",
    "Softmin(1)": "Softmin(dim=1)",
    "GLU()": "GLU(dim=-1)",
}


@pytest.mark.parametrize("source", PRINTED)
def test_printed_forms(source: str) -> None:
    assert repr(eval(source, vars(nn))) == PRINTED[source]


def test_in_place(device: str) -> None:
    calls = {
        "elu_": (),
        "celu_": (0.5,),
        "selu_": (),
        "leaky_relu_": (0.3,),
        "hardtanh_": (-0.5, 0.5),
        "threshold_": (0.5, 3.0),
        "rrelu_": (),
    }
    for name, options in calls.items():
        x = tensor([-1.0, 2.0], device)
        expected = getattr(F, name[:-1])(x.clone(), *options).tolist()
        assert getattr(F, name)(x, *options) is x
        assert x.tolist() == expected, name
    for layer in (nn.SiLU(True), nn.Mish(True), nn.Hardswish(True), nn.Hardsigmoid(True)):
        x = tensor([-1.0, 2.0], device)
        expected = type(layer)()(x).tolist()
        assert layer(x) is x
        assert x.tolist() == expected
    x = tensor([-1.0, 2.0], device).requires_grad_()
    nn.ELU(inplace=True)(x * 1).sum().backward()
    np.testing.assert_allclose(host(x.grad), [np.exp(-1), 1.0], rtol=1e-6)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        nn.SELU(True)(x)


def test_prelu_learns_a_slope_per_channel(device: str) -> None:
    x, w = draw(2, 3, 2), draw(3, seed=1)
    check_gradients(F.prelu, x, w, device=device, second=False)
    found = F.prelu(tensor(x, device), tensor(w, device))
    np.testing.assert_allclose(host(found), np.where(x > 0, x, x * w[:, None]))
    assert F.prelu(portfire.tensor(-2.0), portfire.tensor([0.5])).item() == -1.0


def test_rrelu_draws_slopes(device: str) -> None:
    portfire.manual_seed(0)
    x = portfire.full((400,), -1.0, device=device)
    slopes = -host(nn.RReLU(0.2, 0.6)(x))
    assert slopes.min() >= 0.2
    assert slopes.max() <= 0.6
    assert slopes.mean() == pytest.approx(0.4, abs=0.02)
    assert F.rrelu(-x, training=True).tolist() == [1.0] * 400


def test_along_a_dimension(device: str) -> None:
    x = draw(2, 4, 3, 2)
    t = tensor(x, device)
    halves = x[:, :2] * special.expit(x[:, 2:])
    np.testing.assert_allclose(host(nn.GLU(1)(t)), halves, rtol=1e-10)
    np.testing.assert_allclose(host(nn.Softmax2d()(t)), special.softmax(x, 1), rtol=1e-10)
    np.testing.assert_allclose(host(nn.Softmin(2)(t)), special.softmax(-x, 2), rtol=1e-10)
    check_gradients(lambda a: F.glu(a, -1), draw(2, 4), device=device, second=False)
    with pytest.warns(UserWarning, match="Implicit dimension choice for softmin"):
        assert F.softmin(portfire.zeros(1, 2)).tolist() == [[0.5, 0.5]]


def test_gumbel_softmax(device: str) -> None:
    portfire.manual_seed(0)
    scores = portfire.tensor([0.0, 1.0, 2.0], device=device).expand(3000, 3)
    soft, hard = F.gumbel_softmax(scores, 0.7), F.gumbel_softmax(scores, hard=True)
    np.testing.assert_allclose(host(soft.sum(1)), 1.0, rtol=1e-5)
    share = host(hard).mean(0)
    np.testing.assert_allclose(share, special.softmax([0.0, 1.0, 2.0]), atol=0.03)
    assert set(np.unique(host(hard).round(5))) == {0.0, 1.0}
    leaf = portfire.zeros(2, 3, device=device).requires_grad_()
    F.gumbel_softmax(leaf, hard=True)[:, 0].sum().backward()
    assert host(leaf.grad).any()
    with pytest.warns(UserWarning, match="`eps` parameter is deprecated"):
        F.gumbel_softmax(leaf, eps=1e-3)


def test_integers_where_they_have_a_meaning() -> None:
    x = portfire.tensor([-4, -1, 0, 1, 4, 8])
    assert F.hardtanh(x).tolist() == [-1, -1, 0, 1, 1, 1]
    assert F.relu6(x).tolist() == [0, 0, 0, 1, 4, 6]
    assert F.threshold(x, 0, 9).tolist() == [9, 9, 9, 1, 4, 8]
    assert F.softsign(x[:2]).tolist() == pytest.approx([-0.8, -0.5])


ONES = portfire.ones
ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda: F.gelu(ONES(2), "foo"), RuntimeError, "approximate argument must be either none or"),
    (lambda: F.celu(ONES(2), 0.0), RuntimeError, "ZeroDivisionError: alpha cannot be 0 for CELU"),
    (lambda: F.glu(ONES(3)), RuntimeError, "must be even, but dimension 0 is size 3"),
    (lambda: F.glu(portfire.tensor(1.0)), RuntimeError, "glu does not support scalars"),
    (
        lambda: F.softshrink(ONES(2), -1.0),
        RuntimeError,
        "lambda must be in range [0, 3.40282e+38] for input dtype Float, but found -1",
    ),
    (lambda: F.hardtanh(ONES(2), 3, 1), ValueError, "min_val cannot be greater than max_val"),
    (lambda: nn.Hardtanh(3, 1), AssertionError, "max_val (1) must be greater than min_val (3)"),
    (lambda: F.hardtanh(ONES(2) > 0), RuntimeError, "Bool inputs not supported for hardtanh"),
    (
        lambda: F.prelu(ONES(2, 3), ONES(2)),
        RuntimeError,
        "Found parameter numbers = 2 and channel size = 3.",
    ),
    (lambda: F.prelu(ONES(2), ONES(1).double()), RuntimeError, "Got Float and Double"),
    (lambda: F.rrelu(ONES(2), 0.2, 0.1), RuntimeError, "Lower bound should be less than or equal"),
    (
        lambda: F.rrelu(ONES(2).long(), training=True),
        NotImplementedError,
        "not implemented for 'Long'",
    ),
    (
        lambda: nn.Softmax2d()(ONES(2, 2)),
        ValueError,
        "Softmax2d: expected input to be 3D or 4D, got 2D instead",
    ),
]
FLOATS_ONLY = {
    "gelu": "GeluKernelImpl",
    "silu": "silu_cpu",
    "mish": "mish_cpu",
    "elu": "elu_cpu",
    "leaky_relu": "leaky_relu_cpu",
    "softplus": "softplus_cpu",
    "hardsigmoid": "hardsigmoid_cpu",
    "hardswish": "hardswish_cpu",
    "softshrink": "softshrink_check",
    "hardshrink": "hardshrink_cpu",
    "logsigmoid": "log_sigmoid_cpu",
}


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[m for _, _, m in ERRORS])
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


@pytest.mark.parametrize("name", FLOATS_ONLY)
def test_integers_where_they_have_none(name: str) -> None:
    message = f"\"{FLOATS_ONLY[name]}\" not implemented for 'Long'"
    with pytest.raises(NotImplementedError, match=message):
        getattr(F, name)(portfire.tensor([1]))


def test_old_names_of_the_bounds() -> None:
    with pytest.warns(FutureWarning, match="renamed to `min_val`"):
        assert nn.Hardtanh(min_value=0).min_val == 0
    with pytest.warns(FutureWarning, match="renamed to `max_val`"):
        assert nn.Hardtanh(max_value=3).max_val == 3
