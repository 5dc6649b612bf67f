"""Automatic precision: which types come out, inside and outside of blocks, with what gradients."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import portfire

LOW = [portfire.bfloat16, portfire.float16]


@pytest.mark.parametrize("dtype", LOW, ids=str)
def test_products_run_lower_and_softmax_does_not(dtype: Any, device: str) -> None:
    x = portfire.rand(3, 4, device=device)
    w = portfire.rand(4, 5, device=device, requires_grad=True)
    with portfire.autocast(device, dtype=dtype):
        y = x @ w
        assert y.dtype is dtype
        assert (y + 1).dtype is dtype
        assert (y.t() @ x).dtype is dtype  # operands of two types
        soft = y.softmax(-1)
        assert soft.dtype is portfire.float32
        assert y.log_softmax(-1).dtype is portfire.float32
        (soft[:, 0].sum() + y.sum()).backward()
    assert w.grad is not None
    assert w.grad.dtype is portfire.float32
    exact = w.detach().clone().requires_grad_()
    z = x @ exact
    (z.softmax(-1)[:, 0].sum() + z.sum()).backward()
    assert exact.grad is not None
    np.testing.assert_allclose(y.float().tolist(), z.tolist(), rtol=2e-2)
    np.testing.assert_allclose(w.grad.tolist(), exact.grad.tolist(), rtol=3e-2, atol=1e-2)


def test_vectors_and_batches(device: str) -> None:
    x = portfire.ones(2, 3, 4, device=device)
    half = portfire.ones(4, device=device, dtype=portfire.float16)
    with portfire.autocast(device, dtype=portfire.bfloat16):
        assert (x @ half).dtype is portfire.bfloat16
        assert half.dot(x[0, 0]).dtype is portfire.bfloat16
        assert half.inner(x[0, 0]).item() == 4.0
    with pytest.raises(RuntimeError, match="to have the same dtype"):
        x @ half


def test_doubles_and_integers_are_left_alone() -> None:
    double, number = portfire.ones(2, 2, dtype=portfire.float64), portfire.ones(2, 2).long()
    with portfire.autocast("cpu"):
        assert (double @ double).dtype is portfire.float64
        assert (number @ number).dtype is portfire.int64
        with pytest.raises(RuntimeError, match="to have the same dtype"):
            double @ portfire.ones(2, 2)


def test_blocks_nest_and_end() -> None:
    x = portfire.ones(2, 2)
    with portfire.autocast("cpu"):
        assert (x @ x).dtype is portfire.bfloat16
        with portfire.autocast("cpu", enabled=False):
            assert (x @ x).dtype is portfire.float32
            assert not portfire.is_autocast_enabled("cpu")
        with portfire.autocast("cpu", dtype=portfire.float16):
            assert (x @ x).dtype is portfire.float16
            assert portfire.get_autocast_dtype("cpu") is portfire.float16
        assert portfire.is_autocast_enabled()
        with pytest.raises(KeyError, match="inside"), portfire.autocast("cpu", portfire.float16):
            raise KeyError("inside")
        assert (x @ x).dtype is portfire.bfloat16
    assert not portfire.is_autocast_enabled()
    assert (x @ x).dtype is portfire.float32


def test_decorated_functions_and_other_threads() -> None:
    x = portfire.ones(2, 2)
    found: list[Any] = []

    @portfire.autocast("cpu", dtype=portfire.float16)
    def product() -> Any:
        thread = threading.Thread(target=lambda: found.append((x @ x).dtype))
        thread.start()
        thread.join()
        return x @ x

    assert product().dtype is portfire.float16
    assert found == [portfire.float32]


def test_decompositions_keep_their_precision(device: str) -> None:
    # What was recorded before a block is computed inside it, as it was recorded.
    x = portfire.rand(4, 4, device=device)
    product = x @ x
    soft = product.softmax(-1)
    with portfire.autocast(device, dtype=portfire.bfloat16):
        values = soft.tolist()
    np.testing.assert_allclose(np.sum(values, -1), 1.0, rtol=1e-6)


def test_a_compiled_function_notices_the_block() -> None:
    x = portfire.ones(2, 2)
    function = portfire.compile(lambda t: t @ t)
    for _ in range(4):
        assert function(x).dtype is portfire.float32
    with portfire.autocast("cpu"):
        for _ in range(4):
            assert function(x).dtype is portfire.bfloat16
    assert function(x).dtype is portfire.float32


def test_settings_without_a_block() -> None:
    x = portfire.ones(2, 2)
    portfire.set_autocast_dtype("cpu", portfire.float16)
    portfire.set_autocast_enabled("cpu", True)
    try:
        assert (x @ x).dtype is portfire.float16
        portfire.set_autocast_dtype("cpu", portfire.bfloat16)
        assert (x @ x).dtype is portfire.bfloat16
    finally:
        portfire.set_autocast_enabled("cpu", False)
    assert (x @ x).dtype is portfire.float32
    assert portfire.get_autocast_dtype("cpu") is portfire.bfloat16


def test_errors() -> None:
    with pytest.raises(RuntimeError, match="an unsupported autocast device_type 'nix'"):
        portfire.autocast("nix")
    wrong: Any = 3
    with pytest.raises(ValueError, match="Expected `device_type` of type `str`, got: `<class 'i"):
        portfire.autocast(wrong)
    with pytest.warns(UserWarning, match="the target dtype is not supported. Disabling autocast"):
        block = portfire.autocast("cpu", dtype=portfire.float64)
    with block:
        assert not portfire.is_autocast_enabled()
    assert portfire.amp.is_autocast_available("cpu")
    assert not portfire.amp.is_autocast_available("nix")
