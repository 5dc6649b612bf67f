"""A short training: many operators together, the same losses as the reference device."""

from __future__ import annotations

import portfire
from portfire.testing import fake_devices

STEPS = 40


def _train(device: str) -> list[float]:
    """Fit a small network to a wave by gradient descent, with dropout."""
    portfire.manual_seed(3)
    x = portfire.linspace(-2, 2, 32, device=device).reshape(-1, 1)
    y = (x * 2).sin()
    weights = [
        portfire.randn(1, 16, device=device, requires_grad=True),
        portfire.zeros(16, device=device, requires_grad=True),
        portfire.randn(16, 1, device=device, requires_grad=True),
    ]
    losses = []
    for _ in range(STEPS):
        hidden = portfire.tanh(x @ weights[0] + weights[1])
        kept = (portfire.rand(32, 16, device=device) < 0.9).to(portfire.float32)
        loss = ((hidden * kept @ weights[2] - y) ** 2).mean()
        loss.backward()
        with portfire.no_grad():
            for weight in weights:
                assert weight.grad is not None
                weight -= weight.grad * 0.05
                weight.grad = None
        losses.append(float(loss))
    return losses


def test_the_losses_are_those_of_the_reference(device: str) -> None:
    losses = _train(device)
    with fake_devices():
        expected = _train("fake")
    assert losses[-1] < losses[0] / 2
    for got, wanted in zip(losses, expected, strict=True):
        assert abs(got - wanted) <= 1e-4 * (1 + abs(wanted))
