"""Making tensors: from sizes, from data, from NumPy; and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import portfire


@pytest.mark.parametrize(
    ("make", "expected", "dtype"),
    [
        (lambda **k: portfire.zeros(2, 3, **k), np.zeros((2, 3)), "float32"),
        (lambda **k: portfire.zeros((2, 3), **k), np.zeros((2, 3)), "float32"),
        (lambda **k: portfire.ones([2], **k), np.ones(2), "float32"),
        (lambda **k: portfire.ones((), **k), np.ones(()), "float32"),
        (lambda **k: portfire.ones(2, dtype=portfire.int64, **k), np.ones(2), "int64"),
        (lambda **k: portfire.zeros(2, dtype=portfire.bool, **k), np.zeros(2), "bool"),
        (lambda **k: portfire.full((2,), 3, **k), np.full(2, 3), "int64"),
        (lambda **k: portfire.full((2,), 3.5, **k), np.full(2, 3.5), "float32"),
        (lambda **k: portfire.full((), True, **k), np.full((), 1), "bool"),
        (lambda **k: portfire.arange(5, **k), np.arange(5), "int64"),
        (lambda **k: portfire.arange(1, 7, 2, **k), np.arange(1, 7, 2), "int64"),
        (lambda **k: portfire.arange(5, 0, -2, **k), np.arange(5, 0, -2), "int64"),
        (lambda **k: portfire.arange(0, 1, 0.25, **k), np.arange(0, 1, 0.25), "float32"),
        (lambda **k: portfire.arange(0, **k), np.arange(0), "int64"),
        (lambda **k: portfire.arange(3.0, **k), np.arange(3.0), "float32"),
        (lambda **k: portfire.linspace(0, 1, 5, **k), np.linspace(0, 1, 5), "float32"),
        (lambda **k: portfire.linspace(3, -3, 7, **k), np.linspace(3, -3, 7), "float32"),
        (lambda **k: portfire.linspace(2, 9, 1, **k), np.array([2.0]), "float32"),
        (lambda **k: portfire.linspace(2, 9, 0, **k), np.zeros(0), "float32"),
        (lambda **k: portfire.logspace(0, 3, 4, **k), np.array([1, 10, 100, 1000]), "float32"),
        (lambda **k: portfire.eye(3, **k), np.eye(3), "float32"),
        (lambda **k: portfire.eye(2, 3, **k), np.eye(2, 3), "float32"),
        (lambda **k: portfire.tensor([[1, 2], [3, 4]], **k), np.array([[1, 2], [3, 4]]), "int64"),
        (lambda **k: portfire.tensor([1, 2.5], **k), np.array([1, 2.5]), "float32"),
        (lambda **k: portfire.tensor([True, False], **k), np.array([True, False]), "bool"),
        (lambda **k: portfire.tensor(range(3), **k), np.arange(3), "int64"),
        (lambda **k: portfire.tensor((1, (2))), np.array([1, 2]), "int64"),
        (lambda **k: portfire.tensor([], **k), np.zeros(0), "float32"),
        (lambda **k: portfire.tensor([[], []], **k), np.zeros((2, 0)), "float32"),
        (lambda **k: portfire.tensor(np.float64(2), **k), np.array(2.0), "float64"),
        (lambda **k: portfire.tensor(np.arange(2, dtype=np.int16), **k), np.arange(2), "int16"),
        (lambda **k: portfire.tensor([1, 2], dtype=portfire.float32, **k), [1, 2], "float32"),
        (lambda **k: portfire.tensor(1.5, dtype=portfire.int32, **k), np.array(1), "int32"),
    ],
)
def test_values_and_dtypes(make: Any, expected: Any, dtype: str, device: str) -> None:
    x = make(device=device)
    assert x.dtype.name == dtype
    assert tuple(x.shape) == np.shape(expected)
    assert np.allclose(x.numpy(force=True), expected, rtol=1e-6)


def test_like_and_new(device: str) -> None:
    x = portfire.ones(2, 3, dtype=portfire.int32, device=device)
    for made, value in (
        (portfire.zeros_like(x), 0),
        (portfire.ones_like(x), 1),
        (portfire.full_like(x, 7), 7),
        (x.new_zeros(2, 3), 0),
        (x.new_ones((2, 3)), 1),
        (x.new_full((2, 3), 7), 7),
    ):
        assert made.tolist() == [[value] * 3] * 2
        assert made.dtype is portfire.int32
        assert made.device == x.device
    assert portfire.empty_like(x).shape == x.shape
    assert x.new_empty(4).dtype is portfire.int32
    assert x.new_tensor([1.9]).tolist() == [1]
    assert portfire.zeros_like(x, dtype=portfire.float32).dtype is portfire.float32
    assert portfire.rand_like(x.float()).shape == x.shape


def test_requires_grad_at_birth(device: str) -> None:
    for made in (
        portfire.zeros(1, device=device, requires_grad=True),
        portfire.tensor([1.0], device=device, requires_grad=True),
        portfire.arange(2.0, device=device, requires_grad=True),
        portfire.full((1,), 1.0, device=device, requires_grad=True),
        portfire.rand(1, device=device, requires_grad=True),
    ):
        assert made.requires_grad
        assert made.is_leaf


def test_tensor_copies(device: str) -> None:
    host = np.zeros(2, np.float32)
    x = portfire.tensor(host, device=device)
    host[0] = 5
    assert x.tolist() == [0, 0]
    y = portfire.tensor(x)
    x.fill_(3)
    assert y.tolist() == [0, 0]
    assert portfire.tensor([portfire.tensor(1), portfire.tensor(2)]).tolist() == [1, 2]


def test_the_constructors_of_old() -> None:
    with portfire.device("cpu"):
        assert portfire.Tensor(2, 3).shape == (2, 3)
        assert portfire.Tensor([2, 3]).tolist() == [2.0, 3.0]
        assert portfire.FloatTensor([1, 2]).dtype is portfire.float32
        assert portfire.DoubleTensor(2).dtype is portfire.float64
        assert portfire.IntTensor([1.7]).tolist() == [1]
        assert portfire.LongTensor([[1, 2]]).shape == (1, 2)
        assert portfire.ByteTensor([1]).dtype is portfire.uint8
        assert portfire.BoolTensor([0, 2]).tolist() == [False, True]
        assert portfire.Tensor().shape == (0,)
        assert portfire.Tensor(portfire.Size([2])).shape == (2,)
        with pytest.raises(TypeError, match=r"new\(\): data must be a sequence"):
            portfire.Tensor(1.5)


@pytest.mark.parametrize(
    ("make", "error", "pattern"),
    [
        (lambda: portfire.zeros(-1), RuntimeError, "negative dimension -1"),
        (lambda: portfire.zeros(2, 1.5), TypeError, "must be tuple of ints, but found element of"),
        (lambda: portfire.zeros("a"), TypeError, "must be tuple of ints"),
        (
            lambda: portfire.tensor([[1, 2], [3]]),
            ValueError,
            r"expected sequence of length 2 at dim 1",
        ),
        (lambda: portfire.tensor([1, [2]]), TypeError, "not a sequence"),
        (lambda: portfire.tensor("abc"), TypeError, "new"),
        (lambda: portfire.tensor(["a"]), TypeError, "invalid data type 'str'"),
        (lambda: portfire.tensor(None), RuntimeError, "Could not infer dtype of NoneType"),
        (lambda: portfire.tensor([object()]), RuntimeError, "Could not infer dtype of object"),
        (lambda: portfire.arange(0, 5, 0), RuntimeError, "step must be nonzero"),
        (
            lambda: portfire.arange(5, 0),
            RuntimeError,
            "bound inconsistent with step sign|inconsist",
        ),
        (lambda: portfire.linspace(0, 1, -1), RuntimeError, "number of steps must be non-negative"),
        (lambda: portfire.eye(-1), RuntimeError, "n must be greater or equal to 0"),
        (lambda: portfire.from_numpy([1]), TypeError, r"expected np.ndarray \(got list\)"),
        (
            lambda: portfire.from_numpy(np.array(["a"])),
            TypeError,
            "can't convert np.ndarray of type",
        ),
        (lambda: portfire.tensor(np.zeros(1, np.complex64)), TypeError, "can't convert np.ndarray"),
        (lambda: portfire.zeros(2, device="gpu"), RuntimeError, "has no device type 'gpu'"),
        (lambda: portfire.zeros(2, device="cpu:7"), RuntimeError, "invalid device ordinal cpu:7"),
        (lambda: portfire.zeros(2, device="cp u"), RuntimeError, "Invalid device string: 'cp u'"),
        (lambda: portfire.zeros(2, device="cpu:x"), RuntimeError, "Invalid device string: 'cpu:x'"),
        (lambda: portfire.device(1.5), TypeError, "expected a string such as 'cpu'"),
        (
            lambda: portfire.ones(1, dtype=portfire.int64, requires_grad=True),
            RuntimeError,
            "only Tensors of floating point dtype can require gradients",
        ),
    ],
)
def test_what_is_refused(make: Any, error: Any, pattern: str) -> None:
    with pytest.raises(error, match=pattern):
        make()


def test_special_numbers(device: str) -> None:
    x = portfire.tensor([portfire.inf, -portfire.inf, portfire.nan], device=device)
    assert x.isinf().tolist() == [True, True, False]
    assert x.isnan().tolist() == [False, False, True]
    assert x.isfinite().tolist() == [False, False, False]
    assert portfire.full((1,), math.pi, device=device).item() == pytest.approx(
        portfire.pi, rel=1e-6
    )


def test_large_integers_keep_their_digits(device: str) -> None:
    big = (1 << 62) + 1
    assert portfire.tensor([big], device=device).tolist() == [big]
    assert (portfire.tensor([big], device=device) + 1).tolist() == [big + 1]
    assert portfire.full((1,), big, device=device).tolist() == [big]


def test_the_default_device() -> None:
    old = portfire.get_default_device()
    with portfire.device("cpu"):
        assert portfire.get_default_device() == portfire.device("cpu")
        assert portfire.ones(1).device == portfire.device("cpu")
    assert portfire.get_default_device() == old
    portfire.set_default_device("cpu")
    try:
        assert portfire.ones(1).device.type == "cpu"
    finally:
        portfire.set_default_device(None)
    with pytest.raises(RuntimeError, match="has no device type 'nowhere'"):
        portfire.set_default_device("nowhere")


def test_conversions(device: str) -> None:
    x = portfire.tensor([1.7, -1.7, 0.0], device=device)
    assert x.int().tolist() == [1, -1, 0]
    assert x.bool().tolist() == [True, True, False]
    assert x.to(portfire.int64).dtype is portfire.int64
    assert x.to("cpu", portfire.int32).device.type == "cpu"
    assert x.long().to(x).dtype is x.dtype
    assert x.type_as(x.int()).dtype is portfire.int32
    assert x.to(dtype=portfire.float32) is x
    assert x.half().float().tolist() == pytest.approx([1.7, -1.7, 0], rel=1e-3)
    with pytest.raises(TypeError, match="invalid combination of arguments"):
        x.to(speed=3)


def test_sizes() -> None:
    size = portfire.ones(2, 3).shape
    assert size == (2, 3)
    assert isinstance(size, tuple)
    assert size.numel() == 6
    assert isinstance(size[:1], portfire.Size)
    assert isinstance(size + size, portfire.Size)
    x = portfire.ones(2, 3)
    assert (x.size(0), x.size(-1), x.dim(), x.ndim, x.numel(), len(x)) == (2, 3, 2, 2, 6, 2)
    assert (x.element_size(), x.nbytes, x.itemsize) == (4, 24, 4)
    assert portfire.is_tensor(x)
    assert not portfire.is_tensor([1])


def test_fill_values_beyond_the_dtype(device: str) -> None:
    assert portfire.full((2,), -1, dtype=portfire.uint8, device=device).tolist() == [255, 255]
    x = portfire.zeros(2, dtype=portfire.uint8, device=device)
    x[0] = -2
    assert x.tolist() == [254, 0]
    for number in (256, -256, float("nan"), float("inf")):
        with pytest.raises(RuntimeError, match="cannot be converted to type uint8"):
            portfire.full((2,), number, dtype=portfire.uint8, device=device)
