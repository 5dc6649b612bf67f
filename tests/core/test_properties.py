"""Properties that hold for all shapes and indices, tried on many drawn ones, beside NumPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import portfire
from portfire import _dtype
from tests.conftest import available_devices

# Each example may be a new kernel, so devices that compile get fewer of them.
EXAMPLES = {"cpu": 150}
FEW = 15
DEVICES = pytest.mark.parametrize("device", available_devices())

shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
solid = arrays.array_shapes(min_dims=1, max_dims=4, min_side=1, max_side=4)


def tried(device: str) -> Any:
    """The settings for a device; the same examples on every run."""
    return settings(
        max_examples=EXAMPLES.get(device, FEW),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def numbered(shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    return np.arange(math.prod(shape), dtype=np.float32).reshape(shape)


@st.composite
def basic_keys(draw: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """Integers, slices with positive steps, None and an ellipsis."""
    key: list[Any] = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        whole = st.slices(n).filter(lambda s: s.step is None or s.step > 0)
        key.append(draw(st.one_of(whole, st.integers(-n, n - 1)) if n else whole))
    for extra in draw(st.lists(st.sampled_from([None, Ellipsis]), max_size=2)):
        if extra is None or Ellipsis not in [k for k in key if k is Ellipsis]:
            key.insert(draw(st.integers(0, len(key))) if extra is None else len(key), extra)
    return tuple(key)


@st.composite
def keys(draw: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The same, with lists of positions and masks, which broadcast together."""
    count = draw(st.integers(1, 3))
    key: list[Any] = []
    for n in shape[: draw(st.integers(1, len(shape)))]:
        places = st.lists(st.integers(-n, n - 1), min_size=count, max_size=count)
        slices = st.slices(n).filter(lambda s: s.step is None or s.step > 0)
        key.append(draw(st.one_of(places, slices, st.integers(-n, n - 1))))
    return tuple(key)


def for_tensors(key: tuple[Any, ...], device: str) -> tuple[Any, ...]:
    return tuple(portfire.tensor(k, device=device) if isinstance(k, list) else k for k in key)


def for_arrays(key: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(np.array(k, np.int64) if isinstance(k, list) else k for k in key)


@DEVICES
def test_views_by_index(device: str) -> None:
    @tried(device)
    @given(st.data(), shapes)
    def check(data: Any, shape: tuple[int, ...]) -> None:
        array = numbered(shape)
        key = data.draw(basic_keys(shape))
        tensor = portfire.tensor(array, device=device)
        view, expected = tensor[key], array[key]
        assert view.shape == expected.shape
        assert view.tolist() == expected.tolist()
        view.mul_(-1)  # a view, so the whole tensor sees it
        array[key] = -array[key]
        assert tensor.tolist() == array.tolist()

    check()


@DEVICES
def test_copies_by_index_and_assignment(device: str) -> None:
    @tried(device)
    @given(st.data(), solid)
    def check(data: Any, shape: tuple[int, ...]) -> None:
        array = numbered(shape)
        key = data.draw(keys(shape))
        tensor = portfire.tensor(array, device=device)
        found, expected = tensor[for_tensors(key, device)], array[for_arrays(key)]
        assert found.shape == expected.shape
        assert found.tolist() == expected.tolist()
        tensor[for_tensors(key, device)] = -7.0
        array[for_arrays(key)] = -7.0
        assert tensor.tolist() == array.tolist()

    check()


@DEVICES
def test_masks(device: str) -> None:
    @tried(device)
    @given(st.data(), solid)
    def check(data: Any, shape: tuple[int, ...]) -> None:
        array = numbered(shape)
        rank = data.draw(st.integers(1, len(shape)))
        mask = data.draw(arrays.arrays(bool, shape[:rank]))
        tensor = portfire.tensor(array, device=device)
        chosen = portfire.tensor(mask, device=device)
        assert tensor[chosen].tolist() == array[mask].tolist()
        assert portfire.argwhere(chosen).tolist() == np.argwhere(mask).tolist()
        tensor[chosen] += 100
        array[mask] += 100
        assert tensor.tolist() == array.tolist()

    check()


@DEVICES
def test_movements(device: str) -> None:
    """Any order of movements: values, strides and the choice between view and copy."""

    @tried(device)
    @given(st.data(), solid)
    def check(data: Any, shape: tuple[int, ...]) -> None:
        array = numbered(shape)
        tensor = portfire.tensor(array, device=device)
        for _ in range(data.draw(st.integers(1, 4))):
            kind = data.draw(st.sampled_from(["permute", "slice", "reshape", "diagonal", "flat"]))
            if kind == "permute":
                axes = data.draw(st.permutations(range(array.ndim)))
                array, tensor = array.transpose(axes), tensor.permute(tuple(axes))
            elif kind == "slice":
                key = data.draw(basic_keys(array.shape))
                array, tensor = array[key], tensor[key]
            elif kind == "diagonal" and array.ndim > 1:
                offset = data.draw(st.integers(-3, 3))
                array, tensor = np.diagonal(array, offset), tensor.diagonal(offset)
            else:
                new = (-1, 1) if kind == "flat" and array.size else (*array.shape, 1)
                array, tensor = array.reshape(new), tensor.reshape(new)
        assert tensor.shape == array.shape
        assert tensor.tolist() == array.tolist()
        if array.size > 1 and all(n > 1 for n in array.shape):
            steps = tuple(step // array.itemsize for step in array.strides)
            assert tensor.stride() == steps

    check()


@DEVICES
def test_broadcasting(device: str) -> None:
    @tried(device)
    @given(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4))
    def check(drawn: Any) -> None:
        x, y = (numbered(shape) + 1 for shape in drawn.input_shapes)
        a, b = (portfire.tensor(v, device=device, requires_grad=True) for v in (x, y))
        total = a + b
        assert total.shape == portfire.broadcast_shapes(*drawn.input_shapes) == drawn.result_shape
        assert total.tolist() == (x + y).tolist()
        total.sum().backward()
        for leaf, other in ((a, x), (b, y)):
            assert leaf.grad is not None
            times = math.prod(drawn.result_shape) / other.size if other.size else 0
            assert leaf.grad.shape == other.shape
            assert set(leaf.grad.reshape(-1).tolist()) <= {times}

    check()


@DEVICES
def test_assigned_values_broadcast(device: str) -> None:
    """What is assigned has some of the target's last dimensions, or 1 for them."""

    @tried(device)
    @given(st.data(), solid)
    def check(data: Any, shape: tuple[int, ...]) -> None:
        array = numbered(shape)
        tensor = portfire.tensor(array, device=device)
        key = data.draw(st.one_of(basic_keys(shape), keys(shape)))
        target = array[for_arrays(key)].shape
        kept = target[data.draw(st.integers(0, len(target))) :]
        values = -numbered(tuple(data.draw(st.sampled_from([1, n])) for n in kept)) - 1
        last = np.full(shape, -1)
        last[for_arrays(key)] = np.arange(math.prod(target)).reshape(target)
        assume((last >= 0).sum() == math.prod(target))  # no place is named twice
        tensor[for_tensors(key, device)] = portfire.tensor(values, device=device)
        array[for_arrays(key)] = values
        assert tensor.tolist() == array.tolist()

    check()


@DEVICES
def test_writing_through_views_of_views(device: str) -> None:
    """All movements that are views in NumPy are views here, in any order."""

    @tried(device)
    @given(st.data(), solid)
    def check(data: Any, shape: tuple[int, ...]) -> None:
        array = numbered(shape)
        tensor = portfire.tensor(array, device=device)
        part, view = array, tensor
        for _ in range(data.draw(st.integers(1, 4))):
            kind = data.draw(st.sampled_from(["permute", "slice", "unsqueeze", "view"]))
            if kind == "permute":
                axes = data.draw(st.permutations(range(part.ndim)))
                part, view = part.transpose(axes), view.permute(tuple(axes))
            elif kind == "slice":
                key = data.draw(basic_keys(part.shape))
                part, view = part[(*key, ...)] if ... not in key else part[key], view[key]
            elif kind == "unsqueeze" or not part.flags.c_contiguous:
                axis = data.draw(st.integers(0, part.ndim))
                part, view = np.expand_dims(part, axis), view.unsqueeze(axis)
            else:
                part, view = part.reshape(part.size), view.view(part.size)
        view += 100
        part += 100
        assert tensor.tolist() == array.tolist()

    check()


PROMOTED = [d for d in _dtype.EVERY if d.name != "uint32"]


@given(st.sampled_from(PROMOTED), st.sampled_from(PROMOTED), st.sampled_from(PROMOTED))
@settings(derandomize=True, database=None, deadline=None, max_examples=300)
def test_promotion_is_a_lattice(a: Any, b: Any, c: Any) -> None:
    join = portfire.promote_types
    assert join(a, a) is a
    assert join(a, b) is join(b, a)
    assert join(join(a, b), b) is join(a, b)
    assert portfire.can_cast(a, join(a, b))
    if {a.name, b.name, c.name}.isdisjoint({"uint8", "int8", "float16", "bfloat16"}):
        assert join(join(a, b), c) is join(a, join(b, c))


@given(st.sampled_from(PROMOTED), st.sampled_from(PROMOTED))
@settings(derandomize=True, database=None, deadline=None, max_examples=200)
def test_promotion_within_a_kind_is_that_of_numpy(a: Any, b: Any) -> None:
    """Between kinds they differ: int64 and float32 are float32 here, and float64 in NumPy."""
    assume("bfloat16" not in (a.name, b.name))
    kinds = {a.numpy.kind.replace("u", "i"), b.numpy.kind.replace("u", "i")} - {"b"}
    assume(len(kinds) <= 1)
    expected = np.promote_types(a.numpy, b.numpy)
    assert portfire.promote_types(a, b).numpy == expected
    x, y = (portfire.ones(2, dtype=d, device="cpu") for d in (a, b))
    assert (x * y).dtype.numpy == expected
