"""Random numbers: the same bits everywhere, the right distributions, state that can be kept."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest

import portfire
from portfire._random import bits
from portfire.ops._source import threefry

# Random123's known answers for Threefry-2x32 with 20 rounds: counter, key, first output word.
KNOWN = (
    ((0, 0), (0, 0), 0x6B200159),
    ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), 0x1CB996FC),
    ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), 0xC4923A9C),
)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter: Any, key: Any, expected: int) -> None:
    words = [np.array([w], np.uint32) for w in (*key, *counter)]
    with np.errstate(over="ignore"):
        assert int(threefry(*words)[0]) == expected


def test_a_device_gives_the_known_answer(device: str) -> None:
    generator = portfire.Generator().manual_seed(0)
    assert bits((1,), device, generator).tolist() == [0x6B200159]


@pytest.mark.parametrize(
    "draw",
    [
        lambda d: portfire.rand(5, 7, device=d),
        lambda d: portfire.randint(0, 1000, (33,), device=d),
        lambda d: portfire.randperm(20, device=d),
        lambda d: portfire.bernoulli(portfire.full((50,), 0.3, device=d)),
        lambda d: portfire.zeros(9, device=d).uniform_(-1, 1),
        lambda d: portfire.zeros(9, device=d).random_(0, 100),
        lambda d: portfire.rand(5, dtype=portfire.float16, device=d),
    ],
)
def test_one_seed_one_result_on_every_device(draw: Any, device: str) -> None:
    portfire.manual_seed(11)
    expected = draw("cpu").tolist()
    portfire.manual_seed(11)
    assert draw(device).tolist() == expected
    assert draw(device).tolist() != expected


def test_normal_numbers_agree_closely(device: str) -> None:
    portfire.manual_seed(1)
    expected = portfire.randn(1000, device="cpu").tolist()
    portfire.manual_seed(1)
    assert portfire.randn(1000, device=device).tolist() == pytest.approx(expected, abs=2e-5)


def test_a_sequence_does_not_depend_on_where_it_is_cut() -> None:
    portfire.manual_seed(5)
    first, second = portfire.rand(3, device="cpu"), portfire.rand(3, device="cpu")
    assert first.tolist() != second.tolist()
    portfire.manual_seed(5)
    assert portfire.rand(6, device="cpu")[:3].tolist() == first.tolist()


N = 40_000


def test_moments_of_the_uniform_distribution(device: str) -> None:
    portfire.manual_seed(0)
    x = portfire.rand(N, device=device).numpy(force=True).astype(np.float64)
    assert x.min() >= 0
    assert x.max() < 1
    assert x.mean() == pytest.approx(0.5, abs=4 / math.sqrt(12 * N))
    assert x.var() == pytest.approx(1 / 12, abs=0.002)
    counts = np.histogram(x, 20, (0, 1))[0]
    assert ((counts - N / 20) ** 2 / (N / 20)).sum() < 50  # chi squared, 19 degrees of freedom


def test_moments_of_the_normal_distribution(device: str) -> None:
    portfire.manual_seed(0)
    x = portfire.randn(N, device=device).numpy(force=True).astype(np.float64)
    assert np.isfinite(x).all()
    assert x.mean() == pytest.approx(0, abs=4 / math.sqrt(N))
    assert x.var() == pytest.approx(1, abs=0.03)
    assert (x**3).mean() == pytest.approx(0, abs=0.06)
    assert (x**4).mean() == pytest.approx(3, abs=0.2)
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 4 / math.sqrt(N)


def test_ranges(device: str) -> None:
    x = portfire.randint(-3, 4, (2000,), device=device)
    assert x.dtype is portfire.int64
    assert sorted(set(x.tolist())) == list(range(-3, 4))
    assert sorted(portfire.randperm(100, device=device).tolist()) == list(range(100))
    y = portfire.zeros(1000, device=device).uniform_(2, 3)
    assert 2 <= y.min().item() <= y.max().item() <= 3
    z = portfire.normal(10.0, 0.1, (500,), device=device)
    assert z.mean().item() == pytest.approx(10, abs=0.05)
    assert portfire.zeros(500, device=device).normal_(-5, 0.1).mean().item() < -4.9
    assert portfire.zeros(2000, device=device).bernoulli_(0.25).mean().item() == pytest.approx(
        0.25, abs=0.05
    )


def test_empty_and_single_draws(device: str) -> None:
    assert portfire.rand(0, 3, device=device).shape == (0, 3)
    assert 0 <= portfire.rand((), device=device).item() < 1
    assert portfire.randperm(0, device=device).tolist() == []
    assert portfire.randperm(1, device=device).tolist() == [0]


def test_seeds_and_state() -> None:
    portfire.manual_seed(123)
    assert portfire.initial_seed() == 123
    portfire.rand(1)
    state = portfire.get_rng_state()
    assert state.dtype is portfire.uint8
    expected = portfire.rand(4, device="cpu").tolist()
    portfire.set_rng_state(state)
    assert portfire.rand(4, device="cpu").tolist() == expected
    assert portfire.seed() != 123
    assert portfire.initial_seed() != 123
    with pytest.raises(RuntimeError, match="RNG state must be a ByteTensor of 16 elements"):
        portfire.set_rng_state(portfire.zeros(3))
    with pytest.raises(RuntimeError, match="manual_seed expected a long, but got str"):
        portfire.manual_seed("x")  # type: ignore[arg-type]  # what is wrong on purpose
    with pytest.raises(ValueError, match="Overflow when unpacking long"):
        portfire.manual_seed(1 << 65)
    portfire.manual_seed(-1)
    assert portfire.initial_seed() == (1 << 64) - 1


def test_generators_are_independent() -> None:
    portfire.manual_seed(0)
    expected = portfire.rand(2, device="cpu").tolist()
    portfire.manual_seed(0)
    own = portfire.Generator().manual_seed(9)
    first = portfire.rand(3, generator=own, device="cpu").tolist()
    assert portfire.rand(2, device="cpu").tolist() == expected
    again = portfire.Generator()
    again.set_state(portfire.Generator().manual_seed(9).get_state())
    assert portfire.rand(3, generator=again, device="cpu").tolist() == first


def test_draws_are_values_and_not_recipes(device: str) -> None:
    x = portfire.rand(4, device=device)
    y = x + 0
    first = x.tolist()
    assert x.tolist() == first == y.tolist()
    assert copy.deepcopy(x).tolist() == first
