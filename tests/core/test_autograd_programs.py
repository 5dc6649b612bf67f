"""Random programs of views, writes in place and operators, against differences of the result.

Some of them PyTorch refuses, because a value that it saved was written to; the gradient is that of
what was computed all the same.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

import portfire
from portfire.autograd import grad, gradcheck

VIEWS: list[Any] = [
    lambda t: t.t(),
    lambda t: t[0],
    lambda t: t[1:],
    lambda t: t[..., ::2],
    lambda t: t.reshape(-1),
    lambda t: t.unsqueeze(0),
    lambda t: t.expand(2, *t.shape)[1],
    lambda t: t.diagonal(),
]
UNARY: list[Any] = [portfire.exp, portfire.sin, portfire.tanh, portfire.square, portfire.clone]
WRITES: list[Any] = [
    lambda t, y: t.mul_(y),
    lambda t, y: t.add_(y),
    lambda t, y: t.sin_(),
    lambda t, y: t.zero_(),
    lambda t, y: t.copy_(y),
    lambda t, y: t.__setitem__(..., y * 0.5),
    lambda t, y: t[..., :1].mul_(y),
    lambda t, y: t[..., -1:].fill_(0.25),
]
BINARY: list[Any] = [lambda a, b: a * b, lambda a, b: a - b, lambda a, b: a / (b * b + 1)]


def program(seed: int) -> Any:
    """A function of two matrices, always the same one for a seed."""

    def run(x: Any, y: Any) -> Any:
        choice = random.Random(seed)
        pool = [x * 1, y * 1]
        for _ in range(12):
            one, other = choice.choice(pool), choice.choice(pool)
            kind = choice.choice(["view", "view", "unary", "binary", "write", "write", "write"])
            if kind == "view":
                views = VIEWS if one.ndim == 2 else VIEWS[1:5] if one.ndim == 1 else VIEWS[3:5]
                pool.append(choice.choice(views)(one))
            elif kind == "unary":
                pool.append(choice.choice(UNARY)(one))
            elif kind == "binary":
                pool.append(choice.choice(BINARY)(one, other.mean()))
            else:
                choice.choice(WRITES)(one, other.mean())
        return sum((t * t).mean() for t in pool)

    return run


def leaves(seed: int, device: str) -> list[Any]:
    portfire.manual_seed(seed)
    made = [portfire.rand(3, 4, dtype=portfire.float64, device="cpu") + 0.5 for _ in range(2)]
    return [t.to(device).requires_grad_() for t in made]


@pytest.mark.parametrize("seed", range(24))
def test_gradients_of_random_programs(seed: int) -> None:
    assert gradcheck(program(seed), tuple(leaves(seed, "cpu")), atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("seed", [100, 101])
def test_gradients_of_random_programs_on_every_device(seed: int, device: str) -> None:
    there, here = leaves(seed, device), leaves(seed, "cpu")
    found = grad(program(seed)(*there), there, allow_unused=True)
    expected = grad(program(seed)(*here), here, allow_unused=True)
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        assert a is None or portfire.allclose(a.cpu(), b)


def test_writing_through_overlapping_views() -> None:
    x = portfire.tensor([1.0, 2.0, 3.0, 4.0], device="cpu", requires_grad=True)
    y = x * 1
    a, b = y[:2], y[1:3]
    a.mul_(2)
    b.add_(a)
    (y * y).sum().backward()
    assert y.tolist() == [2, 6, 7, 4]
    assert x.grad is not None
    assert x.grad.tolist() == [32, 52, 14, 8]


def test_a_view_may_be_made_before_its_base_has_a_history(device: str) -> None:
    x = portfire.ones(4, device=device, requires_grad=True)
    base = portfire.zeros(3, 4, device=device)
    view = base[:, ::2]
    base[0] = x
    view.mul_(3)
    base.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 1, 3, 1]


def test_the_older_name_of_a_tensor() -> None:
    data = portfire.ones(2, device="cpu")
    older: Any = portfire.autograd.Variable
    x = older(data, requires_grad=True)
    assert isinstance(x, older)
    assert not isinstance(3, older)
    data.zero_()
    assert x.tolist() == [0, 0]
    assert x.requires_grad
