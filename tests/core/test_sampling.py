"""Draws: do the numbers have the distribution that was asked for, and the same on every device."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import portfire

COUNT = 20_000

# name: (draw into a tensor, mean, standard deviation or None, lowest)
INPLACE: dict[str, tuple[Callable[[Any], Any], float, float | None, float]] = {
    "exponential_": (lambda x: x.exponential_(2.0), 0.5, 0.5, 0.0),
    "log_normal_": (lambda x: x.log_normal_(0.0, 0.5), float(np.exp(0.125)), 0.6039, 0.0),
    "geometric_": (lambda x: x.geometric_(0.25), 4.0, float(np.sqrt(0.75) / 0.25), 1.0),
    "random_": (lambda x: x.random_(2, 6), 3.5, float(np.sqrt(15 / 12)), 2.0),
    "random_ to": (lambda x: x.random_(to=4), 1.5, float(np.sqrt(15 / 12)), 0.0),
}


@pytest.mark.parametrize("name", INPLACE)
def test_moments(name: str, device: str) -> None:
    draw, mean, deviation, lowest = INPLACE[name]
    portfire.manual_seed(11)
    x = portfire.empty(COUNT, device=device)
    assert draw(x) is x
    array = x.cpu().numpy().astype(np.float64)
    assert np.isfinite(array).all()
    assert array.min() >= lowest
    assert array.mean() == pytest.approx(mean, rel=0.05)
    assert array.std() == pytest.approx(deviation, rel=0.06)


def test_the_quartiles_of_cauchy_numbers(device: str) -> None:
    portfire.manual_seed(5)
    x = portfire.empty(COUNT, device=device).cauchy_(1.0, 2.0).cpu().numpy()
    assert np.quantile(x, [0.25, 0.5, 0.75]) == pytest.approx([-1, 1, 3], abs=0.15)


@pytest.mark.parametrize("replacement", [False, True])
def test_weights(replacement: bool, device: str) -> None:
    portfire.manual_seed(3)
    weights = portfire.tensor([[1.0, 0.0, 3.0], [2.0, 2.0, 0.0]], device=device)
    rows = weights[:1].expand(4000, 3)
    first = rows.multinomial(2, replacement)[:, 0]
    counts = [(first == i).sum().item() / 4000 for i in range(3)]
    assert counts[1] == 0
    assert counts[2] == pytest.approx(0.75, abs=0.03)
    drawn = portfire.multinomial(weights, 2, replacement)
    assert (drawn.shape, drawn.dtype) == ((2, 2), portfire.int64)
    if not replacement:
        assert sorted(drawn[0].tolist()) == [0, 2]
        assert sorted(drawn[1].tolist()) == [0, 1]


def test_a_draw_does_not_depend_on_the_device(device: str) -> None:
    def drawn(where: str) -> list[Any]:
        portfire.manual_seed(99)
        x = portfire.empty(50, device=where)
        rates = portfire.full((50,), 3.0, device=where)
        chances = portfire.full((50,), 0.5, device=where)
        return [
            x.geometric_(0.3).tolist(),
            x.random_(0, 1000).tolist(),
            portfire.poisson(rates).tolist(),
            portfire.binomial(rates, chances).tolist(),
            portfire.multinomial(rates, 20).tolist(),
        ]

    assert drawn(device) == drawn("cpu")


def test_poisson_and_binomial_numbers() -> None:
    g = portfire.Generator().manual_seed(1)
    x = portfire.poisson(portfire.full((COUNT,), 4.0), generator=g)
    assert (x.mean().item(), x.var().item()) == pytest.approx((4, 4), rel=0.05)
    count = portfire.full((COUNT,), 10.0)
    y = portfire.binomial(count, portfire.tensor(0.3), generator=g)
    assert (y.mean().item(), y.var().item()) == pytest.approx((3, 2.1), rel=0.05)
    assert (x.dtype, y.dtype) == (portfire.float32, portfire.float32)
    again = portfire.Generator().manual_seed(1)
    assert portfire.equal(portfire.poisson(portfire.full((COUNT,), 4.0), generator=again), x)
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        portfire.binomial(count, portfire.tensor(1.5))
    with pytest.raises(ValueError, match="the same for both"):
        portfire.binomial(count, portfire.tensor(1))


def test_what_random_draws_by_default() -> None:
    portfire.manual_seed(0)
    limits = {
        portfire.uint8: 255,
        portfire.int16: 32767,
        portfire.float16: 2048,
        portfire.float32: 1 << 24,
        portfire.bool: 1,
    }
    for dtype, largest in limits.items():
        drawn = portfire.empty(2000, dtype=dtype, device="cpu").random_()
        top = float(drawn.double().max().item())
        assert 0.9 * largest < top <= largest, dtype


def test_integers_like_a_tensor() -> None:
    x = portfire.randint_like(portfire.ones(300, dtype=portfire.int32), -2, 2)
    assert (x.dtype, x.shape) == (portfire.int32, (300,))
    assert set(x.tolist()) == {-2, -1, 0, 1}
    assert portfire.randint_like(x, 1, dtype=portfire.float32, requires_grad=True).requires_grad


def test_draws_into_a_tensor(device: str) -> None:
    def out(dtype: Any = portfire.float32) -> Any:
        return portfire.empty(0, dtype=dtype, device=device)

    half = portfire.full((3,), 0.5, device=device)
    calls: list[tuple[Callable[..., Any], Any]] = [
        (lambda **k: portfire.rand(3, device=device, **k), portfire.float32),
        (lambda **k: portfire.randn(3, device=device, **k), portfire.float32),
        (lambda **k: portfire.randint(9, (3,), device=device, **k), portfire.int64),
        (lambda **k: portfire.randperm(3, device=device, **k), portfire.int64),
        (lambda **k: portfire.normal(half, half, **k), portfire.float32),
        (lambda **k: portfire.bernoulli(half, **k), portfire.float32),
        (lambda **k: portfire.multinomial(half, 3, **k), portfire.int64),
    ]
    for call, dtype in calls:
        portfire.manual_seed(4)
        expected = call()
        portfire.manual_seed(4)
        receiver = out(dtype)
        assert call(out=receiver) is receiver
        assert receiver.tolist() == expected.tolist()


def test_a_generator_can_be_copied() -> None:
    g = portfire.Generator().manual_seed(3)
    portfire.rand(1, generator=g)
    other = g.clone_state()
    assert portfire.equal(portfire.rand(4, generator=g), portfire.rand(4, generator=other))
    assert str(portfire.default_generator.device) == "cpu"
