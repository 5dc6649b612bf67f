"""Layers and functions against NumPy: values, printed forms, errors at the call."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.nn.helpers import draw, host


def tensor(array: Any, device: str) -> portfire.Tensor:
    return portfire.tensor(np.asarray(array, np.float32), device=device)


def ones(*shape: int, dtype: Any = None, device: str = "cpu") -> portfire.Tensor:
    return portfire.ones(shape, dtype=dtype, device=device)


REPRS = {
    "Linear(2, 3)": "Linear(in_features=2, out_features=3, bias=True)",
    "Linear(2, 3, bias=False)": "Linear(in_features=2, out_features=3, bias=False)",
    "Conv2d(1, 2, 3)": "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))",
    "Conv2d(2, 4, (3, 5), stride=(2, 1), padding=(1, 2), dilation=2, groups=2, bias=False)": (
        "Conv2d(2, 4, kernel_size=(3, 5), stride=(2, 1), padding=(1, 2), dilation=(2, 2), "
        "groups=2, bias=False)"
    ),
    "Conv2d(1, 2, 3, padding='same')": (
        "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=same)"
    ),
    "Conv2d(1, 2, 3, padding=1, padding_mode='reflect')": (
        "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), padding_mode=reflect)"
    ),
    "MaxPool2d(2)": "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)",
    "MaxPool2d((2, 3), stride=1, padding=1, dilation=2, ceil_mode=True)": (
        "MaxPool2d(kernel_size=(2, 3), stride=1, padding=1, dilation=2, ceil_mode=True)"
    ),
    "Flatten()": "Flatten(start_dim=1, end_dim=-1)",
    "Unflatten(1, (2, 3))": "Unflatten(dim=1, unflattened_size=(2, 3))",
    "Dropout(0.2, True)": "Dropout(p=0.2, inplace=True)",
    "Dropout()": "Dropout(p=0.5, inplace=False)",
    "ReLU()": "ReLU()",
    "ReLU(True)": "ReLU(inplace=True)",
    "Tanh()": "Tanh()",
    "Sigmoid()": "Sigmoid()",
    "Softmax()": "Softmax(dim=None)",
    "Softmax(1)": "Softmax(dim=1)",
    "LogSoftmax(dim=-1)": "LogSoftmax(dim=-1)",
    "Identity(3, a=2)": "Identity()",
    "LayerNorm(3)": "LayerNorm((3,), eps=1e-05, elementwise_affine=True, bias=True)",
    "LayerNorm((2, 3), elementwise_affine=False)": (
        "LayerNorm((2, 3), eps=1e-05, elementwise_affine=False, bias=False)"
    ),
    "MSELoss()": "MSELoss()",
    "CrossEntropyLoss()": "CrossEntropyLoss()",
}


@pytest.mark.parametrize("source", REPRS)
def test_printed_forms(source: str) -> None:
    assert repr(eval(source, vars(nn))) == REPRS[source]


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4), (0, 4)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape: tuple[int, ...], bias: bool, device: str) -> None:
    x, w, b = draw(*shape), draw(5, 4), draw(5)
    result = F.linear(tensor(x, device), tensor(w, device), tensor(b, device) if bias else None)
    np.testing.assert_allclose(host(result), x @ w.T + (b if bias else 0), rtol=1e-5, atol=1e-6)


def test_linear_by_a_vector() -> None:
    assert F.linear(ones(3), ones(3)).item() == 3.0
    assert F.linear(ones(2, 3), ones(3), portfire.tensor(1.0)).tolist() == [4.0, 4.0]
    assert F.linear(ones(2, 3).long(), ones(4, 3).long()).dtype is portfire.int64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((2, 3), (4, 5)), "mat1 and mat2 shapes cannot be multiplied (2x3 and 5x4)"),
        (((2, 2, 3), (4, 5)), "mat1 and mat2 shapes cannot be multiplied (4x3 and 5x4)"),
        (((3,), (4, 5)), "mat1 and mat2 shapes cannot be multiplied (1x3 and 5x4)"),
        (((3,), (5,)), "inconsistent tensor size, expected tensor [3] and src [5] to have the"),
        (((), (4, 3)), "both arguments to linear need to be at least 1D, but they are 0D and 2D"),
        (((2, 3), (1, 4, 3)), "t() expects a tensor with <= 2 dimensions, but self is 3D"),
        (((2, 3), (4, 3), (7,)), "The expanded size of the tensor (4) must match the existing"),
    ],
)
def test_linear_errors(arguments: Any, message: str) -> None:
    with pytest.raises(RuntimeError, match=re.escape(message)):
        F.linear(*(ones(*shape) for shape in arguments))


def test_linear_types() -> None:
    with pytest.raises(RuntimeError, match="same dtype, but got: float != double"):
        F.linear(ones(2, 3), ones(4, 3).double())
    with pytest.raises(RuntimeError, match="same dtype, but got Double and Float"):
        F.linear(ones(2, 3), ones(4, 3), ones(4).double())
    with pytest.raises(TypeError, match=re.escape("argument 'input' (position 1) must be Tensor")):
        F.linear(3, ones(4, 3))


def correlate(x: Any, w: Any, stride: int, dilation: int, groups: int) -> Any:
    """Convolution by its definition: one sum per output."""
    n, _, height, width = x.shape
    k, channels, kh, kw = w.shape
    out_h = (height - dilation * (kh - 1) - 1) // stride + 1
    out_w = (width - dilation * (kw - 1) - 1) // stride + 1
    out = np.zeros((n, k, out_h, out_w))
    for image, filter_, row, column in np.ndindex(out.shape):
        first = filter_ // (k // groups) * channels
        rows = slice(row * stride, row * stride + dilation * (kh - 1) + 1, dilation)
        columns = slice(column * stride, column * stride + dilation * (kw - 1) + 1, dilation)
        seen = x[image, first : first + channels, rows, columns]
        out[image, filter_, row, column] = (seen * w[filter_]).sum()
    return out


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups"),
    [(1, 0, 1, 1), (2, 1, 1, 1), (1, 2, 2, 1), (3, 1, 1, 2), (1, 1, 1, 4)],
)
def test_conv2d(stride: int, padding: int, dilation: int, groups: int, device: str) -> None:
    x, w, b = draw(2, 4, 9, 8), draw(4, 4 // groups, 3, 3), draw(4)
    layer = nn.Conv2d(4, 4, 3, stride, padding, dilation, groups, device=device)
    layer.load_state_dict({"weight": tensor(w, device), "bias": tensor(b, device)})
    wide = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    expected = correlate(wide, w, stride, dilation, groups) + b[:, None, None]
    found = layer(tensor(x, device))
    np.testing.assert_allclose(host(found), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(host(layer(tensor(x[0], device))), expected[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", [1, (2, 1), "same", "valid"])
def test_conv2d_borders(mode: str, padding: Any, device: str) -> None:
    layer = nn.Conv2d(1, 1, (3, 2), padding=padding, padding_mode=mode, bias=False, device=device)
    x = draw(1, 1, 5, 6)
    sides: Any = {
        "valid": ((0, 0), (0, 0)),
        "same": ((1, 1), (0, 1)),
        1: ((1, 1), (1, 1)),
        (2, 1): ((2, 2), (1, 1)),
    }[padding]
    numpy_mode = {"zeros": "constant", "replicate": "edge", "circular": "wrap"}.get(mode, mode)
    wide = np.pad(x, ((0, 0), (0, 0), *sides), mode=numpy_mode)
    expected = correlate(wide, host(layer.weight), 1, 1, 1)
    if mode == "zeros" and padding == "same":
        with pytest.warns(UserWarning, match="even kernel lengths"):
            found = layer(tensor(x, device))
    else:
        found = layer(tensor(x, device))
    np.testing.assert_allclose(host(found), expected, rtol=1e-4, atol=1e-5)


def test_border_wider_than_the_image() -> None:
    layer = nn.Conv2d(1, 1, 3, padding=3, padding_mode="reflect")
    with pytest.raises(RuntimeError, match=re.escape("padding (3, 3) at dimension 3 of input")):
        layer(ones(1, 1, 3, 3))


CONV = {
    "channels": (((1, 3, 5, 5), (4, 2, 3, 3)), {}, "expected input[1, 3, 5, 5] to have 2 channels"),
    "rank": (((5, 5), (4, 2, 3, 3)), {}, "input to conv2d, but got input of size: [5, 5]"),
    "weight": (((1, 2, 5, 5), (4, 2, 3)), {}, "Expected a 4D weight"),
    "small": (
        ((1, 2, 2, 5), (4, 2, 3, 3)),
        {},
        "Calculated padded input size per channel: (2 x 5). Kernel size: (3 x 3). Kernel size",
    ),
    "groups": (
        ((1, 2, 5, 5), (4, 2, 3, 3)),
        {"groups": 3},
        "Given groups=3, expected weight to be divisible by 3 at dimension 0, but got weight of "
        "size [[4, 2, 3, 3]] instead",
    ),
    "group0": (((1, 2, 5, 5), (4, 2, 3, 3)), {"groups": 0}, "non-positive groups is not supported"),
    "stride": (((1, 2, 5, 5), (4, 2, 3, 3)), {"stride": 0}, "non-positive stride is not supported"),
    "strides": (
        ((1, 2, 5, 5), (4, 2, 3, 3)),
        {"stride": (1, 2, 3)},
        "expected stride to be a single integer value or a list of 2 values",
    ),
    "padding": (((1, 2, 5, 5), (4, 2, 3, 3)), {"padding": -1}, "negative padding is not supported"),
    "dilation": (((1, 2, 5, 5), (4, 2, 3, 3)), {"dilation": 0}, "but got [0, 0]"),
    "word": (((1, 2, 5, 5), (4, 2, 3, 3)), {"padding": "foo"}, "Invalid padding string: 'foo'"),
    "same": (
        ((1, 2, 5, 5), (4, 2, 3, 3)),
        {"padding": "same", "stride": 2},
        "padding='same' is not supported for strided convolutions",
    ),
    "bias": (
        ((1, 2, 5, 5), (4, 2, 3, 3), (3,)),
        {},
        "expected bias to be 1-dimensional with 4 elements, but got bias of size [3] instead",
    ),
}


@pytest.mark.parametrize("case", CONV)
def test_conv2d_errors(case: str) -> None:
    shapes, options, message = CONV[case]
    with pytest.raises(RuntimeError, match=re.escape(message)):
        F.conv2d(*(ones(*shape) for shape in shapes), **options)


def test_conv2d_types() -> None:
    x, w = ones(1, 2, 5, 5), ones(4, 2, 3, 3)
    with pytest.raises(RuntimeError, match="expected scalar type Float but found Double"):
        F.conv2d(x, w.double())
    message = re.escape("Input type (float) and bias type (double) should be the same")
    with pytest.raises(RuntimeError, match=message):
        F.conv2d(x, w, ones(4).double())
    assert F.conv2d(x.long(), w.long())[0, 0, 0, 0].item() == 18


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"in_channels": 3, "groups": 2}, "in_channels must be divisible by groups"),
        ({"out_channels": 3, "groups": 2}, "out_channels must be divisible by groups"),
        ({"groups": 0}, "groups must be a positive integer"),
        ({"padding_mode": "x"}, "padding_mode must be one of {'circular', 'reflect', 'replicate'"),
        ({"padding": "x"}, "Invalid padding string 'x', should be one of {'valid', 'same'}"),
        ({"padding": "same", "stride": 2}, "padding='same' is not supported for strided"),
    ],
)
def test_conv2d_layer_errors(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        nn.Conv2d(**{"in_channels": 4, "out_channels": 4, "kernel_size": 3, **options})


def test_max_pool2d(device: str) -> None:
    x = draw(2, 3, 7, 6)
    result, where = F.max_pool2d(tensor(x, device), 2, return_indices=True)
    tiles = x[:, :, :6, :].reshape(2, 3, 3, 2, 3, 2)
    np.testing.assert_allclose(host(result), tiles.max((3, 5)), rtol=1e-6)
    assert where.dtype is portfire.int64
    flat = x.reshape(2, 3, -1).astype(np.float32)
    found = np.take_along_axis(flat, host(where).reshape(2, 3, -1), 2)
    np.testing.assert_array_equal(found.reshape(result.shape), host(result))
    layer = nn.MaxPool2d(2, return_indices=True)
    assert host(layer(tensor(x[0], device))[1]).tolist() == host(where)[0].tolist()


def test_max_pool2d_sizes() -> None:
    # n, kernel, stride, padding -> size with ceil_mode
    sizes = {(3, 2, 3, 0): 1, (3, 2, 3, 1): 2, (5, 3, 2, 1): 3, (5, 2, 2, 0): 3, (8, 3, 3, 1): 3}
    for (n, kernel, stride, padding), expected in sizes.items():
        x = portfire.arange(float(n * n)).reshape(1, n, n)
        result = F.max_pool2d(x, kernel, stride, padding, ceil_mode=True)
        assert result.shape[-1] == expected


def test_max_pool2d_gradient_goes_to_the_first_maximum(device: str) -> None:
    x = portfire.ones(1, 4, 4, device=device).requires_grad_()
    F.max_pool2d(x, 2).sum().backward()
    assert host(x.grad)[0].tolist() == [[1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    y = portfire.ones(1, 3, 3, device=device).requires_grad_()
    F.max_pool2d(y, 2, 1).sum().backward()
    assert host(y.grad)[0].tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 0]]


def test_max_pool2d_where_all_is_infinitely_low(device: str) -> None:
    x = portfire.full((1, 3, 3), -math.inf, device=device).requires_grad_()
    y, where = F.max_pool2d(x, 3, 1, 1, return_indices=True)
    assert where.tolist() == [[[0, 0, 1], [0, 0, 1], [3, 3, 4]]]
    y.sum().backward()
    assert host(x.grad)[0].tolist() == [[4, 2, 0], [2, 1, 0], [0, 0, 0]]
    _, large = F.max_pool2d(x.detach(), 5, 1, 2, return_indices=True)
    assert large[0, 0].tolist() == [0, 0, 0]


def test_max_pool2d_of_nan_and_integers(device: str) -> None:
    x = tensor([[[1.0, math.nan], [3.0, 2.0]]], device)
    assert math.isnan(F.max_pool2d(x, 2).item())
    counts = portfire.tensor([[[-3, -7], [-5, -4]]], device=device)
    assert F.max_pool2d(counts, 2, padding=1).tolist() == [[[-3, -7], [-5, -4]]]


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((1, 1, 4, 4), (5,), "Given input size: (1x4x4). Calculated output size: (1x0x0). Output"),
        ((1, 1, 4, 4), (2, None, 2), "pad should be at most half of effective kernel size, but"),
        ((4, 4), (2,), "non-empty 3D or 4D (batch mode) tensor expected for input"),
        ((1, 0, 4, 4), (2,), "with optional 0 dim batch size for input, but got:[1, 0, 4, 4]"),
        ((1, 4, 4), (0,), "stride should not be zero"),
        ((1, 4, 4), (0, 1), "kernel size should be greater than zero, but got kH: 0 kW: 0"),
        ((1, 4, 4), (2, -1), "stride should be greater than zero, but got dH: -1 dW: -1"),
        ((1, 4, 4), ((1, 2, 3),), "max_pool2d: kernel_size must either be a single int, or a"),
        ((1, 4, 4), (2, None, 0, 0), "but got dilationH: 0 dilationW: 0"),
        ((1, 4, 4), (2, None, -1), "pad must be non-negative, but got pad: -1"),
    ],
)
def test_max_pool2d_errors(shape: Any, arguments: Any, message: str) -> None:
    with pytest.raises(RuntimeError, match=re.escape(message)):
        F.max_pool2d(ones(*shape), *arguments)


def test_max_pool2d_types() -> None:
    with pytest.raises(TypeError, match=re.escape("argument 'kernel_size' (position 2) must be")):
        F.max_pool2d(ones(1, 4, 4), 2.5)
    with pytest.raises(NotImplementedError, match="\"max_pool2d\" not implemented for 'Bool'"):
        F.max_pool2d(ones(1, 4, 4).bool(), 2)
    assert F.max_pool2d(ones(0, 1, 4, 4), 2).shape == (0, 1, 2, 2)


def test_flatten_and_unflatten(device: str) -> None:
    x = portfire.arange(24.0, device=device).reshape(2, 3, 4)
    assert nn.Flatten()(x).shape == (2, 12)
    assert nn.Unflatten(1, (4, -1))(nn.Flatten()(x)).shape == (2, 4, 3)
    with pytest.raises(IndexError, match=re.escape("Dimension out of range (expected to be in")):
        nn.Flatten()(ones(3))
    with pytest.raises(RuntimeError, match="start_dim cannot come after end_dim"):
        nn.Flatten(2, 1)(x)
    with pytest.raises(TypeError, match="must be a tuple of ints, but found type int"):
        nn.Unflatten(1, 3)
    with pytest.raises(TypeError, match="found element of type str at pos 1"):
        nn.Unflatten(1, (2, "a"))


def test_dropout(device: str) -> None:
    layer = nn.Dropout(0.25)
    x = ones(100, 100, device=device).requires_grad_()
    y = layer(x)
    values, counts = np.unique(host(y), return_counts=True)
    np.testing.assert_allclose(values, [0.0, 1 / 0.75], rtol=1e-6)
    assert abs(counts[0] / 10000 - 0.25) < 0.03
    y.sum().backward()
    np.testing.assert_array_equal(host(x.grad), host(y))
    assert layer.eval()(x) is x
    assert host(layer.train()(x)).tolist() != host(layer(x)).tolist()


def test_dropout_is_the_same_on_every_device(device: str) -> None:
    portfire.manual_seed(5)
    here = host(F.dropout(ones(50, device=device)))
    portfire.manual_seed(5)
    np.testing.assert_array_equal(here, host(F.dropout(ones(50, device="cpu"))))


def test_dropout_limits() -> None:
    x = ones(4)
    assert F.dropout(x, 1.0).tolist() == [0.0] * 4
    assert F.dropout(x, 0.0).tolist() == [1.0] * 4
    assert math.isnan(F.dropout(portfire.tensor([math.inf]), 1.0).item())
    same = F.dropout(x, 0.5, inplace=True)
    assert same is x
    assert set(x.tolist()) <= {0.0, 2.0}
    with pytest.raises(ValueError, match=r"has to be between 0 and 1, but got 1\.5"):
        F.dropout(x, 1.5)
    with pytest.raises(ValueError, match="has to be between 0 and 1, but got -1"):
        nn.Dropout(-1)
    with pytest.raises(RuntimeError, match="Float can't be cast to the desired output type Long"):
        F.dropout(x.long())
    assert F.dropout(x.long(), training=False).dtype is portfire.int64


def test_activations(device: str) -> None:
    x = draw(3, 4, low=-3, high=3)
    t = tensor(x, device)
    powers = np.exp(x)
    expected = {
        nn.ReLU(): np.maximum(x, 0),
        nn.Tanh(): np.tanh(x),
        nn.Sigmoid(): 1 / (1 + np.exp(-x)),
        nn.Softmax(1): powers / powers.sum(1, keepdims=True),
        nn.Softmax(dim=0): powers / powers.sum(0, keepdims=True),
        nn.LogSoftmax(-1): np.log(powers / powers.sum(1, keepdims=True)),
    }
    for layer, values in expected.items():
        np.testing.assert_allclose(host(layer(t)), values, rtol=1e-5, atol=1e-6)
    assert F.softmax(t.long(), 1, dtype=portfire.float64).dtype is portfire.float64


def test_activations_in_place() -> None:
    x = portfire.tensor([-1.0, 2.0])
    assert F.relu_(x) is x
    assert x.tolist() == [0.0, 2.0]
    y = portfire.tensor([-1.0, 2.0])
    assert nn.ReLU(inplace=True)(y) is y
    with pytest.raises(RuntimeError, match="Boolean inputs not supported for relu"):
        F.relu(portfire.tensor([True]))


@pytest.mark.parametrize(
    ("shape", "dim"), [((3,), 0), ((2, 3), 1), ((1, 2, 3), 0), ((1, 1, 1, 2), 1)]
)
def test_softmax_guesses_its_dimension(shape: tuple[int, ...], dim: int) -> None:
    x = portfire.tensor(draw(*shape))
    for name in ("softmax", "log_softmax"):
        with pytest.warns(UserWarning, match=f"Implicit dimension choice for {name} has been"):
            guessed = getattr(F, name)(x)
        assert guessed.tolist() == getattr(F, name)(x, dim).tolist()
    with pytest.warns(UserWarning, match="Implicit dimension"):
        nn.Softmax()(x)
    with pytest.raises(IndexError, match="Dimension out of range"):
        F.softmax(x, 9)


def test_layer_norm(device: str) -> None:
    x = draw(4, 2, 3)
    layer = nn.LayerNorm((2, 3), device=device)
    with portfire.no_grad():
        layer.weight.copy_(tensor(draw(2, 3), device))
        layer.bias.copy_(tensor(draw(2, 3, seed=1), device))
    centered = x - x.mean((1, 2), keepdims=True)
    normal = centered / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    expected = normal * host(layer.weight) + host(layer.bias)
    np.testing.assert_allclose(host(layer(tensor(x, device))), expected, rtol=1e-4, atol=1e-5)
    assert [n for n, _ in nn.LayerNorm(3, bias=False).named_parameters()] == ["weight"]


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        (
            (4,),
            {},
            "Given normalized_shape=[4], expected input with shape [*, 4], but got input",
        ),
        ((3,), {"weight": ones(4)}, "Expected weight to be of same shape as normalized_shape, but"),
        ((3,), {"bias": ones(4)}, "but got bias of shape [4] and normalized_shape = [3]"),
        ((), {}, "Expected normalized_shape to be at least 1-dimensional"),
    ],
)
def test_layer_norm_errors(shape: Any, options: Any, message: str) -> None:
    with pytest.raises(RuntimeError, match=re.escape(message)):
        F.layer_norm(ones(2, 3), shape, **options)


def test_layer_norm_types() -> None:
    with pytest.raises(TypeError, match="must be tuple of ints, not int"):
        F.layer_norm(ones(2, 3), 3)
    with pytest.raises(NotImplementedError, match="\"layer_norm\" not implemented for 'Long'"):
        F.layer_norm(ones(2, 3).long(), (3,))
