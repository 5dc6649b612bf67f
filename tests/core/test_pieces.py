"""Slices that start elsewhere each time: no plan is built for them after the first ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _device


def plans(device: str) -> int:
    built: int = _device.resolve(device).plans_built
    return built


def numbers(*shape: int) -> Any:
    return np.arange(np.prod(shape), dtype=np.float32).reshape(shape)


def test_the_batches_of_an_epoch(device: str) -> None:
    array = numbers(64, 3)
    data, w = portfire.tensor(array, device=device), portfire.ones(3, 2, device=device)
    w.requires_grad_()
    counts = []
    for start in range(0, 64, 4):
        w.grad = None
        (data[start : start + 4] @ w).sum().backward()
        assert w.grad is not None
        expected = np.repeat(array[start : start + 4].sum(0)[:, None], 2, 1)
        np.testing.assert_allclose(w.grad.tolist(), expected)
        counts.append(plans(device))
    assert counts[-1] == counts[1]  # in the first step the data was still on its way


def test_a_position_in_what_is_computed_each_time(device: str) -> None:
    array = numbers(24, 5)
    x = portfire.tensor(array, device=device)
    counts = []
    for t in range(24):
        np.testing.assert_allclose((x * 2 + 1)[t].tolist(), array[t] * 2 + 1)
        counts.append(plans(device))
    assert counts[-1] == counts[8]


def test_what_is_no_small_piece_melts_into_its_reader(device: str) -> None:
    array = numbers(50)
    x = portfire.tensor(array, device=device)
    x.sum().item()
    before = plans(device)
    np.testing.assert_allclose((x[1:] - x[:-1]).tolist(), array[1:] - array[:-1])
    assert plans(device) == before + 1


@pytest.mark.parametrize("dtype", [portfire.float32, portfire.int8, portfire.bool])
def test_pieces_of_all_kinds(dtype: Any, device: str) -> None:
    array = (numbers(8, 6, 4) % 5).astype(dtype.numpy)
    x = portfire.tensor(array, device=device)
    keys: list[Any] = [
        3, -1, (2, 4), (7, slice(2, 4)), slice(2, 4), slice(0, 0), (slice(1, 2), 3),
        (slice(None), 3), (slice(0, 8, 2),), (5, slice(None, None, 2)), (0, 0, 0),
    ]  # fmt: skip
    for key in keys:
        np.testing.assert_array_equal(x[key].numpy(force=True), array[key])
    np.testing.assert_array_equal(x[1].t().numpy(force=True), array[1].T)
    np.testing.assert_array_equal(
        x[1:3].reshape(4, 12).numpy(force=True), array[1:3].reshape(4, 12)
    )


def test_a_piece_is_still_a_view(device: str) -> None:
    x = portfire.tensor(numbers(16, 2), device=device)
    row = x[3]
    assert row.tolist() == [6, 7]
    x[3] = 9
    assert row.tolist() == [9, 9]
    row += 1
    assert x[3].tolist() == [10, 10]
    before = x[4] * 1
    x.zero_()
    assert before.tolist() == [8, 9]
    assert row.tolist() == [0, 0]


def test_a_piece_of_memory_that_an_array_shares() -> None:
    array = numbers(16, 2)
    x = portfire.from_numpy(array)
    doubled = x[3] * 2
    array[3] = 50
    assert x[3].tolist() == [50, 50]
    assert doubled.tolist() in ([12, 14], [100, 100])  # as long as nobody has looked


def test_gradients_and_second_gradients_flow_through(device: str) -> None:
    x = portfire.tensor(numbers(16, 2), device=device, requires_grad=True)
    for start in range(6):
        (slope,) = portfire.autograd.grad((x[start] ** 3).sum(), x, create_graph=True)
        (second,) = portfire.autograd.grad(slope.sum(), x)
        expected = np.zeros((16, 2))
        expected[start] = 6 * numbers(16, 2)[start]
        np.testing.assert_allclose(second.tolist(), expected)


def test_a_compiled_function_has_its_slices_in_it(device: str) -> None:
    x = portfire.tensor(numbers(32, 2), device=device)

    @portfire.compile
    def rows(x: Any, start: int) -> Any:
        return x[start : start + 2] * 2

    for start in (0, 4, 4, 4, 0, 8):
        expected = numbers(32, 2)[start : start + 2] * 2
        np.testing.assert_allclose(rows(x, start).tolist(), expected)


def test_a_piece_of_what_could_not_be_computed_says_so(device: str) -> None:
    x = portfire.arange(16.0, device=device)
    for start in range(8):
        bad = x[portfire.tensor([99], device=device)].expand(32)
        with pytest.raises((IndexError, RuntimeError), match=r"out of (bounds|range)"):
            bad[start : start + 2].tolist()
