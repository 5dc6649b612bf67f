"""Layers of bfloat16: nothing but their dtype is special, so one network stands for all."""

from __future__ import annotations

import portfire
from portfire import nn


def test_a_network_learns_in_bfloat16(device: str) -> None:
    portfire.manual_seed(0)
    layers = (
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(36, 5),
    )  # fmt: skip
    net = nn.Sequential(*layers).to(device=device, dtype=portfire.bfloat16)
    x = portfire.randn(6, 1, 8, 8, dtype=portfire.bfloat16, device=device)
    target = portfire.arange(6, device=device) % 5
    losses = []
    for _ in range(8):
        loss = nn.functional.cross_entropy(net(x), target)
        net.zero_grad()
        loss.backward()
        with portfire.no_grad():
            for p in net.parameters():
                assert p.grad is not None
                assert p.grad.dtype is portfire.bfloat16
                p.sub_(p.grad * 0.1)
        losses.append(loss.item())
    assert loss.dtype is portfire.bfloat16
    assert losses[-1] < 0.6 * losses[0]
    assert {v.dtype for v in net.state_dict().values()} == {portfire.bfloat16, portfire.int64}
