"""NumPy shares memory with host tensors, both ways; copies, pickles and Python numbers."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

import portfire
from portfire import _device

pytestmark = pytest.mark.skipif(
    _device.resolve("cpu").runtime.name == "reference",
    reason="sharing memory with NumPy is an ability of portfire-backend-numpy",
)


def host(*values: float) -> portfire.Tensor:
    return portfire.tensor([float(v) for v in values], device="cpu")


def test_a_tensor_sees_what_is_written_to_its_array() -> None:
    array = np.zeros(3, np.float32)
    x = portfire.from_numpy(array)
    array[1] = 5
    assert x.tolist() == [0, 5, 0]
    assert (x * 2).tolist() == [0, 10, 0]


def test_an_array_sees_what_is_written_to_its_tensor() -> None:
    array = np.zeros(3, np.float32)
    x = portfire.from_numpy(array)
    x.add_(1)
    assert array.tolist() == [1, 1, 1]
    x[0] = 9
    x[1:].mul_(5)
    assert array.tolist() == [9, 5, 5]
    x.copy_(x.flip(0))
    assert x.tolist() == array.tolist() == [5, 5, 9]


def test_what_numpy_gave_sees_what_is_written_later() -> None:
    x = portfire.zeros(2, 2, device="cpu")
    array, row = x.numpy(), x[1].numpy()
    x.t()[0] += 3
    assert array.tolist() == [[3, 0], [3, 0]]
    assert row.tolist() == [3, 0]


def test_a_tensor_is_as_lazy_as_before_when_its_arrays_are_gone() -> None:
    x = portfire.ones(3, device="cpu")
    array = x.numpy()
    x.add_(1)
    assert x._read().exported
    assert array.tolist() == [2, 2, 2]
    del array
    x.add_(1)
    assert not x._read().exported
    assert x.tolist() == [3, 3, 3]


def test_numpy_gives_shared_memory() -> None:
    x = host(1, 2, 3)
    array = x.numpy()
    array[0] = 7
    assert x.tolist() == [7, 2, 3]
    assert x.numpy() is not None
    second = x.numpy()
    second[1] = 8
    assert array.tolist() == [7, 8, 3]


def test_numpy_of_a_view_shares_with_the_base() -> None:
    x = portfire.zeros(2, 3, device="cpu")
    column = x[:, 1].numpy()
    column[:] = 4
    assert x.tolist() == [[0, 4, 0], [0, 4, 0]]
    transposed = x.t().numpy()
    transposed[0, 1] = -1
    assert x[1, 0].item() == -1


def test_a_read_recorded_before_a_write_sees_the_old_value() -> None:
    array = np.ones(3, np.float32)
    x = portfire.from_numpy(array)
    before = x + 10
    array[:] = 100
    after = x + 10
    assert before.tolist() == [11, 11, 11]
    assert after.tolist() == [110, 110, 110]


def test_a_read_recorded_before_numpy_was_asked_for_is_safe_too() -> None:
    x = host(1, 2)
    before = x * 3
    copied = x.clone()
    array = x.numpy()
    array[:] = 50
    assert before.tolist() == [3, 6]
    assert copied.tolist() == [1, 2]
    assert x.tolist() == [50, 50]


def test_views_recorded_before_a_write_do_not_share_results() -> None:
    array = np.arange(4, dtype=np.float32)
    x = portfire.from_numpy(array)
    y = x.reshape(2, 2).clone()
    z = x[1:3] * 1
    array[:] = 0
    assert y.tolist() == [[0, 1], [2, 3]]
    assert z.tolist() == [1, 2]


def test_a_strided_array_is_copied() -> None:
    array = np.arange(6, dtype=np.float64)[::2]
    x = portfire.from_numpy(array)
    assert x.tolist() == [0, 2, 4]
    assert x.dtype is portfire.float64


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
)
def test_every_dtype_goes_both_ways(dtype: str) -> None:
    array = np.array([[0, 1], [1, 0]], dtype)
    x = portfire.from_numpy(array)
    assert x.dtype.name == dtype
    back = x.numpy()
    assert back.dtype == array.dtype
    assert back.tolist() == array.tolist()


def test_numpy_is_refused_with_torchs_sentences(device: str) -> None:
    x = portfire.ones(2, device=device, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"Can't call numpy\(\) on Tensor that requires grad"):
        x.numpy()
    assert x.numpy(force=True).tolist() == [1, 1]
    if device != "cpu":
        with pytest.raises(TypeError, match=r"device type tensor to numpy\. Use Tensor\.cpu"):
            x.detach().numpy()


def test_arrays_of_tensors() -> None:
    x = host(1, 2)
    assert np.asarray(x).tolist() == [1, 2]
    assert np.array(x, dtype=np.int32).tolist() == [1, 2]
    assert np.add(x.numpy(), 1).tolist() == [2, 3]
    assert float(np.float32(2) * x[0]) == 2
    assert isinstance(np.float64(2) * x, portfire.Tensor)


def test_as_tensor_shares_where_it_can(device: str) -> None:
    array = np.zeros(2, np.float32)
    x = portfire.as_tensor(array, device="cpu")
    array[0] = 3
    assert x.tolist() == [3, 0]
    assert portfire.as_tensor([1, 2], device=device).dtype is portfire.int64
    y = portfire.as_tensor(array, dtype=portfire.float64, device="cpu")
    array[1] = 9
    assert y.tolist() == [3, 0]


def test_python_numbers(device: str) -> None:
    x = portfire.tensor(3, device=device)
    assert int(x) == 3
    assert float(x) == 3.0
    assert bool(x)
    assert [10, 20, 30, 40][x] == 40
    assert isinstance(portfire.tensor(2.5, device=device).item(), float)
    assert isinstance(portfire.tensor(True, device=device).item(), bool)
    assert portfire.tensor([[1, 2], [3, 4]], device=device).tolist() == [[1, 2], [3, 4]]
    assert 3 in portfire.tensor([1, 3], device=device)
    assert 4 not in portfire.tensor([1, 3], device=device)
    assert {x: 1}[x] == 1


# Copies and pickles


def test_deepcopy(device: str) -> None:
    x = portfire.ones(2, 3, device=device, requires_grad=True)
    (x * 2).sum().backward()
    y = copy.deepcopy(x)
    assert y.requires_grad
    assert y.is_leaf
    assert y.grad is not None
    assert x.grad is not None
    assert y.grad is not x.grad
    assert y.grad.tolist() == x.grad.tolist()
    with portfire.no_grad():
        y.fill_(0)
    assert x.sum().item() == 6
    both = copy.deepcopy([x, x])
    assert both[0] is both[1]
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(x * 2)


def test_shallow_copies_and_pickles(device: str) -> None:
    for dtype in (portfire.float32, portfire.int64, portfire.bool):
        x = portfire.ones(2, 2, dtype=dtype, device=device)
        y = pickle.loads(pickle.dumps(x))
        assert y.tolist() == x.tolist()
        assert (y.dtype, y.device, y.requires_grad) == (x.dtype, x.device, False)
    weight = portfire.ones(2, device=device, requires_grad=True)
    assert pickle.loads(pickle.dumps(weight)).requires_grad


def test_pickles_of_views_hold_what_they_show(device: str) -> None:
    x = portfire.arange(1000.0, device=device)
    text = pickle.dumps(x[2:4])
    assert pickle.loads(text).tolist() == [2, 3]
    assert len(text) < 1000


def test_the_small_objects_can_be_pickled() -> None:
    for thing in (portfire.float32, portfire.device("cpu"), portfire.Size([2, 3])):
        again = pickle.loads(pickle.dumps(thing))
        assert again == thing
        assert type(again) is type(thing)
    assert pickle.loads(pickle.dumps(portfire.float32)) is portfire.float32
    buffer = io.BytesIO()
    pickle.Pickler(buffer).dump({"x": portfire.ones(1, device="cpu")})
    assert pickle.loads(buffer.getvalue())["x"].tolist() == [1]


def test_a_pickle_of_a_device_that_is_not_here_says_so() -> None:
    from portfire.testing import fake_devices

    with fake_devices():
        text = pickle.dumps(portfire.ones(1, device="fake:1"))
    with pytest.raises(RuntimeError, match="has no device type 'fake'"):
        pickle.loads(text)


def test_a_copy_does_not_follow_an_array_outside() -> None:
    array = np.array([1.0, 2.0], np.float32)
    shared = portfire.from_numpy(array)
    whole, all_of_it = portfire.zeros(2, device="cpu"), portfire.zeros(2, device="cpu")
    whole[...] = shared
    all_of_it.copy_(shared)
    leaf = portfire.zeros(2, device="cpu", requires_grad=True)
    leaf.backward(shared)
    array[:] = 7
    assert shared.tolist() == [7, 7]
    assert whole.tolist() == [1, 2]
    assert all_of_it.tolist() == [1, 2]
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [1, 2]
    leaf.grad.zero_()
    assert array.tolist() == [7, 7]
