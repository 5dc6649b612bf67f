"""Layers inside blocks of automatic precision: types, gradients, results near the exact ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire import nn
from portfire.nn import functional as F


def network(device: str) -> Any:
    portfire.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(64, 8),
        nn.LayerNorm(8),
        nn.Linear(8, 3),
    ).to(device)


@pytest.mark.parametrize("dtype", [portfire.bfloat16, portfire.float16], ids=str)
def test_a_network(dtype: Any, device: str) -> None:
    net = network(device)
    x, t = portfire.rand(6, 1, 4, 4, device=device), portfire.tensor([0, 2, 1] * 2, device=device)
    exact = F.cross_entropy(net(x), t)
    exact.backward()
    expected = [p.grad.tolist() for p in net.parameters()]
    net.zero_grad()
    with portfire.autocast(device, dtype=dtype):
        seen = [x]
        for layer in net:
            seen.append(layer(seen[-1]))
        loss = F.cross_entropy(seen[-1], t)
    narrow = [tensor.dtype is dtype for tensor in seen[1:]]
    assert narrow == [True, True, True, True, True, False, True]
    assert loss.dtype is portfire.float32
    assert loss.item() == pytest.approx(exact.item(), rel=2e-2)
    loss.backward()
    for param, wanted in zip(net.parameters(), expected, strict=True):
        assert param.grad.dtype is portfire.float32
        np.testing.assert_allclose(param.grad.tolist(), wanted, atol=3e-2)
    assert {b.dtype for b in net.buffers()} == {portfire.float32, portfire.int64}


def test_attention_and_recurrence(device: str) -> None:
    x = portfire.rand(5, 2, 4, device=device)
    with portfire.autocast(device, dtype=portfire.bfloat16):
        narrow = nn.Linear(4, 4).to(device)(x)
        attention = nn.MultiheadAttention(4, 2).to(device)
        assert attention(narrow, x, x)[0].dtype is portfire.bfloat16
        assert F.scaled_dot_product_attention(x, x, x).dtype is portfire.bfloat16
        assert nn.LSTM(4, 3).to(device)(narrow)[0].dtype is portfire.float32
    with pytest.raises(ValueError, match="does not match weight dtype"):
        nn.LSTM(4, 3).to(device)(narrow)


def test_losses_are_computed_in_float32() -> None:
    x = portfire.rand(4, 3).bfloat16()
    with portfire.autocast("cpu"):
        assert F.mse_loss(x, x * 2).dtype is portfire.float32
        assert F.nll_loss(x, portfire.tensor([0, 1, 2, 0])).dtype is portfire.float32
        assert F.group_norm(x, 3).dtype is portfire.float32
    assert F.mse_loss(x, x * 2).dtype is portfire.bfloat16
