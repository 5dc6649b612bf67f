"""What a tensor says about itself, and the methods that change what it is."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import portfire


def test_kinds(device: str) -> None:
    x = portfire.ones(2, 3, device=device)
    assert (x.is_floating_point(), x.is_complex(), x.is_signed()) == (True, False, True)
    assert not portfire.ones(1, dtype=portfire.uint8).is_signed()
    assert x.is_cpu == (x.device.type == "cpu")
    assert x.get_device() == (-1 if x.is_cpu else 0)
    assert (x.itemsize, x.nbytes, x.element_size()) == (4, 24, 4)
    assert repr(x.layout) == "portfire.strided"
    answers = (x.is_sparse, x.is_quantized, x.is_meta, x.is_pinned(), x.is_conj())
    assert not any(answers)
    assert x.pin_memory() is x.share_memory_() is x.resolve_conj() is x.conj() is x.real is x
    assert x.ndimension() == x.dim() == 2
    assert x.is_same_size(x + 1)
    assert portfire.is_nonzero(x[0, 0])
    assert (x.dim_order(), x.t().dim_order()) == ((0, 1), (1, 0))
    assert x.is_set_to(x.detach())
    assert not x.is_set_to(x.clone())


def test_graph_attributes(device: str) -> None:
    x = portfire.ones(2, device=device, requires_grad=True)
    y = x * 2
    assert (y.retains_grad, y.output_nr) == (False, 0)
    y.retain_grad()
    assert y.retains_grad
    assert not portfire.detach(y).requires_grad
    assert portfire.clone(y).requires_grad


def test_memory_formats() -> None:
    x = portfire.ones(2, 3, 4, 5)
    last = portfire.channels_last
    assert x.is_contiguous(memory_format=portfire.contiguous_format)
    assert not x.is_contiguous(memory_format=last)
    assert x.permute(0, 3, 1, 2).is_contiguous(memory_format=last)
    assert not portfire.ones(2).is_contiguous(memory_format=last)
    assert pickle.loads(pickle.dumps(last)) is last
    assert repr(portfire.preserve_format) == "portfire.preserve_format"


def test_typename_and_type() -> None:
    x = portfire.ones(2, device="cpu")
    assert portfire.typename(x) == "portfire.FloatTensor"
    assert portfire.typename([]) == "builtins.list"
    assert x.type("portfire.LongTensor").dtype is portfire.int64
    assert x.new(2, 3).shape == (2, 3)
    assert x.new([1, 2]).tolist() == [1, 2]
    assert x.new_empty_strided((2, 3), (1, 2)).stride() == (1, 2)


@pytest.mark.parametrize(
    ("dtype", "kind"), [("float16", np.float16), ("float32", np.float32), ("float64", np.float64)]
)
def test_limits_of_floats(dtype: str, kind: Any) -> None:
    found, expected = portfire.finfo(getattr(portfire, dtype)), np.finfo(kind)
    for name in ("bits", "eps", "max", "min", "tiny", "smallest_normal"):
        assert getattr(found, name) == float(getattr(expected, name)), name
    assert found.dtype == dtype
    assert portfire.finfo().dtype == "float32"
    assert repr(portfire.finfo(portfire.bfloat16)) == (
        "finfo(resolution=0.01, min=-3.38953e+38, max=3.38953e+38, eps=0.0078125, "
        "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=bfloat16)"
    )


def test_limits_of_integers() -> None:
    for name in ("uint8", "int8", "int16", "int32", "int64"):
        found, expected = portfire.iinfo(getattr(portfire, name)), np.iinfo(name)
        assert (found.bits, found.min, found.max) == (expected.bits, expected.min, expected.max)


def test_resizing(device: str) -> None:
    x = portfire.arange(6.0, device=device).reshape(2, 3)
    alias = x.detach()
    assert x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    x[0, 0] = 9
    assert alias[0, 0].item() == 9
    grown = portfire.arange(2.0, device=device).resize_(5)
    assert (grown.shape, grown[:2].tolist()) == ((5,), [0, 1])
    assert grown.resize_as_(x).shape == (2, 2)


def test_filling_diagonals(device: str) -> None:
    def filled(*shape: int, wrap: bool = False) -> Any:
        return portfire.zeros(*shape, device=device).fill_diagonal_(1, wrap)

    assert filled(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert filled(5, 2).sum().item() == 2
    assert filled(5, 2, wrap=True).tolist() == [[1, 0], [0, 1], [0, 0], [1, 0], [0, 1]]
    assert filled(2, 2, 2).reshape(-1).tolist() == [1, 0, 0, 0, 0, 0, 0, 1]
    with pytest.raises(RuntimeError, match="of equal length"):
        filled(2, 3, 2)


def test_python_functions_of_each_element() -> None:
    x = portfire.arange(3.0, device="cpu")
    assert x.apply_(lambda v: v * v + 1).tolist() == [1, 2, 5]
    assert x.map_(portfire.tensor(10.0), lambda a, b: a - b).tolist() == [-9, -8, -5]
    with pytest.raises(RuntimeError, match="requires grad"):
        portfire.ones(1, requires_grad=True, device="cpu").apply_(abs)


def test_python_protocols() -> None:
    x = portfire.arange(4)
    assert [int(v) for v in reversed(x)] == [3, 2, 1, 0]
    assert complex(portfire.tensor(2.5)) == 2.5
    assert 3 in x
    assert 4 not in x
    assert f"{portfire.tensor(2.5):.2f}" == "2.50"
    with pytest.raises(TypeError, match="does not support deleting items"):
        del x[0]


def test_subclasses() -> None:
    class Named(portfire.Tensor):
        """A tensor with another class."""

    x = portfire.ones(2, requires_grad=True)
    y = (x * 2).as_subclass(Named)
    assert isinstance(y, Named)
    portfire.Tensor.sum(y).backward()
    assert x.grad is not None


def test_sharing_memory() -> None:
    data = bytearray(range(8))
    x = portfire.frombuffer(data, dtype=portfire.uint8, count=3, offset=2)
    data[2] = 100
    assert x.tolist() == [100, 3, 4]
    assert portfire.frombuffer(bytes(4), dtype=portfire.float32, requires_grad=True).requires_grad
    array = np.zeros(3)
    shared = portfire.asarray(array, device="cpu")
    array[0] = 5
    assert shared.tolist() == [5, 0, 0]
    assert portfire.asarray(array, copy=True).tolist() == [5, 0, 0]
    tensor = portfire.ones(2, requires_grad=True)
    assert not portfire.asarray(tensor).requires_grad
    assert portfire.asarray(tensor).data_ptr() == tensor.data_ptr()
    assert portfire.asarray(b"\x00\x00\x80?").tolist() == [1]


def test_layouts_made_on_purpose(device: str) -> None:
    x = portfire.empty_strided((2, 3), (1, 2), device=device)
    assert (x.shape, x.stride()) == ((2, 3), (1, 2))
    y = portfire.empty_permuted((2, 3, 4), (0, 2, 1), device=device)
    assert (y.shape, y.stride()) == ((2, 3, 4), (12, 1, 3))
    with pytest.raises(RuntimeError, match="Duplicate or missing dims"):
        portfire.empty_permuted((2, 3), (0, 0))


def test_sums_to_a_size_have_gradients(device: str) -> None:
    x = portfire.ones(2, 3, device=device, requires_grad=True)
    (x.sum_to_size(3) * portfire.arange(3.0, device=device)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_numpy_functions_give_tensors() -> None:
    x = portfire.ones(2, device="cpu")
    for result in (np.negative(x), np.add(x, 1), np.exp(x)):
        assert isinstance(result, portfire.Tensor)
        assert result.dtype is portfire.float32


def test_dlpack() -> None:
    x = portfire.arange(3.0, device="cpu")
    array = np.from_dlpack(x)
    x[0] = 7
    assert array.tolist() == [7, 1, 2]
    back = portfire.from_dlpack(array)
    assert back.tolist() == [7, 1, 2]
    assert portfire.from_dlpack(x).data_ptr() == x.data_ptr()
    assert x.__dlpack_device__() == (1, 0)
    with pytest.raises(BufferError, match="require gradient"):
        np.from_dlpack(x.clone().requires_grad_())


def test_other_devices_export_by_an_explicit_copy(device: str) -> None:
    x = portfire.ones(2, device=device)
    if x.is_cpu:
        assert np.from_dlpack(x).tolist() == [1, 1]
    else:
        with pytest.raises(BufferError, match=r"use Tensor\.cpu"):
            x.__dlpack__()
        with pytest.raises(BufferError, match=r"use Tensor\.cpu"):
            x.__dlpack_device__()


WINDOWS = {"hann": "hanning", "hamming": "hamming", "blackman": "blackman", "bartlett": "bartlett"}


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_windows(name: str, length: int) -> None:
    make = getattr(portfire, f"{name}_window")
    expected = getattr(np, WINDOWS[name])
    whole = make(length, periodic=False, dtype=portfire.float64)
    assert whole.tolist() == pytest.approx(expected(length).tolist(), abs=1e-12)
    wanted = expected(length + 1)[:length] if length > 1 else np.ones(length)
    assert make(length).tolist() == pytest.approx(wanted.tolist(), abs=1e-6)


def test_the_kaiser_window() -> None:
    found = portfire.kaiser_window(6, periodic=False, beta=5.0)
    assert found.tolist() == pytest.approx(np.kaiser(6, 5.0).tolist(), abs=1e-6)
    with pytest.raises(RuntimeError, match="non-negative window_length"):
        portfire.kaiser_window(-1)
    with pytest.raises(RuntimeError, match="expects floating point dtypes"):
        portfire.hann_window(3, dtype=portfire.int64)


def test_copies_of_views_do_not_share(device: str) -> None:
    x = portfire.arange(6.0, device=device).reshape(2, 3)
    copies = [
        portfire.permute_copy(x, (1, 0)),
        portfire.view_copy(x, (6,)),
        portfire.unbind_copy(x)[0],
        portfire.split_copy(x, 1)[0],
        portfire.as_strided_copy(x, (2,), (2,)),
        portfire.expand_copy(x, (2, 2, 3)),
        portfire.alias_copy(x),
        portfire.fill(x, 3),
    ]
    before = [c.tolist() for c in copies]
    x.zero_()
    assert [c.tolist() for c in copies] == before
    assert portfire.permute_copy.__name__ == "permute_copy"
