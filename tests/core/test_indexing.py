"""Indexing, reading and writing, against NumPy; and torch's sentences for what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import portfire

SHAPE = (4, 3, 5)


def array(shape: tuple[int, ...] = SHAPE) -> Any:
    return np.arange(int(np.prod(shape)), dtype=np.float32).reshape(shape)


# Keys that NumPy and torch understand alike: negative steps are refused by torch.


def slices(n: int) -> st.SearchStrategy[slice]:
    ends = st.none() | st.integers(-n - 2, n + 2)
    return st.builds(slice, ends, ends, st.none() | st.integers(1, 3))


def basic(n: int) -> st.SearchStrategy[Any]:
    return slices(n) | st.integers(-n, n - 1)


def advanced(n: int) -> st.SearchStrategy[Any]:
    return st.lists(st.integers(-n, n - 1), min_size=2, max_size=2)


@st.composite
def keys(draw: Any, items: Any) -> tuple[Any, ...]:
    """Up to one item per dimension, perhaps with an ellipsis and new dimensions."""
    count = draw(st.integers(0, len(SHAPE)))
    found = [draw(items(SHAPE[i])) for i in range(count)]
    if draw(st.booleans()) and not any(isinstance(item, list) for item in found):
        found.append(Ellipsis)
    for _ in range(draw(st.integers(0, 1))):
        found.insert(draw(st.integers(0, len(found))), None)
    return tuple(found)


def mixed(n: int) -> st.SearchStrategy[Any]:
    return slices(n) | advanced(n)


def with_tensors(key: tuple[Any, ...], device: str) -> tuple[Any, ...]:
    """The lists of a key as int64 tensors."""
    return tuple(
        portfire.tensor(item, device=device) if isinstance(item, list) else item for item in key
    )


@settings(max_examples=150, deadline=None)
@given(key=keys(basic))
def test_reading_by_numbers_and_slices(key: Any) -> None:
    host = array()
    assert portfire.tensor(host, device="cpu")[key].tolist() == host[key].tolist()


@settings(max_examples=150, deadline=None)
@given(key=keys(mixed))
def test_reading_by_lists(key: Any) -> None:
    host = array()
    x = portfire.tensor(host, device="cpu")
    assert x[key].tolist() == host[key].tolist()
    assert x[with_tensors(key, "cpu")].tolist() == host[key].tolist()


@settings(max_examples=100, deadline=None)
@given(key=keys(basic))
def test_writing_by_numbers_and_slices(key: Any) -> None:
    host = array()
    x = portfire.tensor(host, device="cpu")
    host[key] = -1
    x[key] = -1
    assert x.tolist() == host.tolist()


@settings(max_examples=100, deadline=None)
@given(key=keys(mixed))
def test_writing_by_lists(key: Any) -> None:
    host = array()
    x = portfire.tensor(host, device="cpu")
    value = np.arange(host[key].size, dtype=np.float32).reshape(host[key].shape) + 1000
    host[key] = value
    x[with_tensors(key, "cpu")] = portfire.tensor(value, device="cpu")
    assert x.tolist() == host.tolist()


@settings(max_examples=60, deadline=None)
@given(first=keys(basic), second=slices(4))
def test_a_view_of_a_view(first: Any, second: slice) -> None:
    host = array()
    x = portfire.tensor(host, device="cpu")
    if not host[first].ndim:
        return
    assert x[first][second].tolist() == host[first][second].tolist()
    x[first][second] += 500
    host[first][second] += 500
    assert x.tolist() == host.tolist()


KEYS: dict[str, Any] = {
    "int": 1,
    "negative": -1,
    "two ints": (1, -2),
    "three ints": (1, 2, 3),
    "slice": slice(1, 3),
    "steps": (slice(None, None, 2), slice(1, None), slice(0, 5, 3)),
    "ellipsis": (Ellipsis, 2),
    "none": (None, slice(None), None, 1),
    "list": [2, 0, 0],
    "list second": (slice(None), [2, 0]),
    "list last": (Ellipsis, [4, 0, 1]),
    "two lists": ([1, 2], [0, 2]),
    "lists apart": ([1, 2], slice(None), [0, 4]),
    "lists broadcast": ([[1], [2]], [0, 2]),
    "int and list": (1, [0, 2]),
    "list and int apart": ([0, 2], slice(None), 1),
    "empty list": (np.array([], np.int64),),
    "empty slice": slice(3, 1),
    "array": np.array([[3, 0], [1, 1]]),
    "bool list": [True, False, True, False],
    "bool array": np.array([False, True, False, True]),
    "mask of a column": (slice(None), np.array([True, False, True])),
    "mask of two dimensions": np.array([[True, False, True]] * 4),
    "mask and list": (np.array([True, False, True, False]), [0, 2]),
    "negative list": [-1, -4],
}


@pytest.mark.parametrize("name", KEYS)
def test_reading(name: str, device: str) -> None:
    host, key = array(), KEYS[name]
    x = portfire.tensor(host, device=device)
    found = x[key]
    assert tuple(found.shape) == host[key].shape
    assert found.tolist() == host[key].tolist()


@pytest.mark.parametrize("name", KEYS)
def test_writing_a_number_and_an_array(name: str, device: str) -> None:
    key = KEYS[name]
    host = array()
    x = portfire.tensor(host, device=device)
    host[key] = 7
    x[key] = 7
    assert x.tolist() == host.tolist()
    if name == "list":
        return  # with duplicates, which value stays is a question of its own
    value = -np.arange(host[key].size, dtype=np.float32).reshape(host[key].shape)
    if name != "array":
        host[key] = value
        x[key] = portfire.tensor(value, device=device)
        assert x.tolist() == host.tolist()


def test_masks(device: str) -> None:
    x = portfire.tensor(array(), device=device)
    mask = x > 30
    assert x[mask].tolist() == array()[array() > 30].tolist()
    x[mask] = 0
    x[x == 3] = portfire.tensor([-3.0], device=device)
    host = array()
    host[host > 30] = 0
    host[host == 3] = -3
    assert x.tolist() == host.tolist()
    x[x < 0] *= 2
    assert x.min().item() == -6
    assert x[x > 1000].shape == (0,)
    x[mask] = portfire.arange(int(mask.sum()), device=device).float()
    assert x[mask].tolist() == list(range(29))


def test_the_last_of_duplicates_wins(device: str) -> None:
    x = portfire.zeros(3, device=device)
    x[[1, 1, 1]] = portfire.tensor([1.0, 2.0, 3.0], device=device)
    assert x.tolist() == [0, 3, 0]


def test_adding_to_an_index_takes_each_place_once(device: str) -> None:
    x = portfire.zeros(3, device=device)
    x[[0, 0, 2]] += 1
    assert x.tolist() == [1, 0, 1]


def test_a_tensor_without_dims(device: str) -> None:
    x = portfire.tensor(5.0, device=device)
    assert x[()].item() == 5
    assert x[...].item() == 5
    assert x[None].tolist() == [5]
    x[...] = 6
    assert x.item() == 6
    with pytest.raises(IndexError, match=r"invalid index of a 0-dim tensor|too many indices"):
        x[0]


def test_an_index_tensor_without_dims(device: str) -> None:
    x = portfire.tensor(array(), device=device)
    i = portfire.tensor(2, device=device)
    assert x[i].tolist() == array()[2].tolist()
    assert x[i, i].tolist() == array()[2, 2].tolist()


def test_bools_add_a_dimension(device: str) -> None:
    x = portfire.tensor(array(), device=device)
    assert x[True].shape == (1, 4, 3, 5)
    assert x[False].shape == (0, 4, 3, 5)


def test_an_index_from_another_device(device: str) -> None:
    x = portfire.tensor(array(), device=device)
    assert x[portfire.tensor([1], device="cpu")].tolist() == array()[[1]].tolist()


@pytest.mark.parametrize(
    ("key", "error", "pattern"),
    [
        (4, IndexError, "index 4 is out of bounds for dimension 0 with size 4"),
        (-5, IndexError, "index -5 is out of bounds for dimension 0 with size 4"),
        ((0, 3), IndexError, "index 3 is out of bounds for dimension [01] with size 3"),
        ((0, 0, 0, 0), IndexError, "too many indices for tensor of dimension 3"),
        (1.5, IndexError, "only integers, slices"),
        ("a", TypeError, "invalid data type 'str'"),
        (slice(None, None, -1), ValueError, "step must be greater than zero"),
        (slice(None, None, 0), ValueError, "step must be greater than zero"),
        (slice(0.5, 2), TypeError, "slice indices must be integers or None or have an __index__"),
        ([1.5], IndexError, "tensors used as indices must be long, int, byte or bool tensors"),
        (np.array([True, False]), IndexError, r"The shape of the mask \[2\] at index 0 does not"),
        (([0, 1], [0, 1, 2]), (IndexError, RuntimeError), "shape mismatch|must match the size"),
        ((Ellipsis, Ellipsis), IndexError, "an index can only have a single ellipsis"),
    ],
)
def test_wrong_keys(key: Any, error: Any, pattern: str) -> None:
    x = portfire.tensor(array(), device="cpu")
    with pytest.raises(error, match=pattern):
        x[key]
    with pytest.raises(error, match=pattern):
        x[key] = 0


def test_values_that_do_not_fit(device: str) -> None:
    x = portfire.zeros(2, 3, device=device)
    with pytest.raises(RuntimeError, match=r"shape mismatch|must match the existing size"):
        x[0] = portfire.zeros(2, device=device)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        x[[0, 1]] = portfire.zeros(2, device=device)


@pytest.mark.parametrize("index", [5, -6, 1 << 40])
def test_a_wrong_index_in_a_tensor_is_found_by_the_run(index: int, device: str) -> None:
    x = portfire.zeros(5, 2, device=device)
    found = x[portfire.tensor([0, index], device=device)]
    with pytest.raises(IndexError, match=r"out of bounds for dimension 0 with size"):
        found.tolist()


# Functions


def test_gather_and_its_errors(device: str) -> None:
    host = array((3, 4))
    x = portfire.tensor(host, device=device)
    index = np.array([[3, 0], [1, 1], [2, 3]])
    expected = np.take_along_axis(host, index, 1)
    assert (
        portfire.gather(x, 1, portfire.tensor(index, device=device)).tolist() == expected.tolist()
    )
    assert x.gather(0, portfire.tensor([[2, 1]], device=device)).tolist() == [[8, 5]]
    with pytest.raises(RuntimeError, match="Expected dtype int64 for index"):
        x.gather(0, portfire.ones(1, 1, device=device))
    with pytest.raises(RuntimeError, match="must have the same number of dimensions as input"):
        x.gather(0, portfire.ones(1, dtype=portfire.int64, device=device))
    with pytest.raises(RuntimeError, match="Size does not match at dimension 1"):
        x.gather(0, portfire.ones(1, 5, dtype=portfire.int64, device=device))
    with pytest.raises(IndexError, match="out of bounds for dimension"):
        x.gather(0, portfire.tensor([[3]], device=device)).tolist()


def test_scatter_and_its_errors(device: str) -> None:
    x = portfire.zeros(2, 3, device=device)
    index = portfire.tensor([[2, 0]], device=device)
    source = portfire.tensor([[5.0, 6.0]], device=device)
    assert x.scatter(1, index, source).tolist() == [[6, 0, 5], [0, 0, 0]]
    assert x.scatter(1, index, 9.0).tolist() == [[9, 0, 9], [0, 0, 0]]
    assert x.scatter_(1, index, source) is x
    x.scatter_add_(1, portfire.tensor([[0, 0]], device=device), source)
    assert x.tolist() == [[17, 0, 5], [0, 0, 0]]
    added = x.scatter(0, portfire.tensor([[1, 1, 1]], device=device), x[:1], reduce="add")
    assert added.tolist() == [[17, 0, 5], [17, 0, 5]]
    with pytest.raises(RuntimeError, match=r"Expected self\.dtype to be equal to src\.dtype"):
        x.scatter(1, index, source.double())
    with pytest.raises(RuntimeError, match="Expected index"):
        x.scatter(1, portfire.zeros(1, 3, dtype=portfire.int64, device=device), source)
    with pytest.raises(IndexError, match="out of bounds for dimension"):
        x.scatter(1, portfire.tensor([[3]], device=device), 1.0).tolist()


def test_index_select_masked_select_and_nonzero(device: str) -> None:
    host = array((3, 4))
    x = portfire.tensor(host, device=device)
    index = portfire.tensor([2, 0], device=device)
    assert x.index_select(0, index).tolist() == host[[2, 0]].tolist()
    assert x.index_select(-1, index).tolist() == host[:, [2, 0]].tolist()
    assert x.masked_select(x > 9).tolist() == [10, 11]
    row = portfire.tensor([True, False, False, True], device=device)
    assert x.masked_select(row).tolist() == host[:, [0, 3]].reshape(-1).tolist()
    assert x.nonzero().tolist() == np.argwhere(host).tolist()
    columns = portfire.nonzero(x > 8, as_tuple=True)
    assert [c.tolist() for c in columns] == [c.tolist() for c in np.nonzero(host > 8)]
    assert portfire.zeros(3, device=device).nonzero().shape == (0, 1)
    assert [c.tolist() for c in portfire.where(x > 9)] == [[2, 2], [2, 3]]
    assert x.take_along_dim(x.argmax(1, keepdim=True), 1).tolist() == [[3], [7], [11]]
    with pytest.raises(RuntimeError, match="masked_select: expected BoolTensor for mask"):
        x.masked_select(x)
    with pytest.raises(IndexError, match="Index is supposed to be a vector"):
        x.index_select(0, portfire.zeros(1, 1, dtype=portfire.int64, device=device))
