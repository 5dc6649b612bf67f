"""L-BFGS: known minima, numbers of PyTorch 2.13, what a step may cost, and its state."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import scipy.optimize

import portfire
from portfire import Tensor, optim

START = (-1.5, 2.0)


def rosenbrock(device: str, options: dict[str, Any]) -> tuple[Any, Tensor, list[Any]]:
    """An optimizer in the curved valley, its two parameters as one, and the losses it saw."""
    w = portfire.tensor(START, dtype=portfire.float64, device=device).requires_grad_()
    optimizer = optim.LBFGS([w], **options)
    seen: list[Any] = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
        loss.backward()
        seen.append(loss.detach())
        return loss

    return lambda: optimizer.step(closure), w, seen


def test_the_minimum_of_a_curved_valley(device: str) -> None:
    step, w, _ = rosenbrock(device, {"line_search_fn": "strong_wolfe", "max_iter": 60})
    first = step()
    assert first.item() == pytest.approx(2.5**2 + 100 * 0.25**2)
    np.testing.assert_allclose(w.tolist(), [1.0, 1.0], rtol=1e-5)


def test_as_good_as_scipy() -> None:
    step, w, seen = rosenbrock("cpu", {"line_search_fn": "strong_wolfe", "max_iter": 100})
    step()
    theirs = scipy.optimize.minimize(
        scipy.optimize.rosen, np.array(START), jac=scipy.optimize.rosen_der, method="L-BFGS-B"
    )
    assert scipy.optimize.rosen(w.detach().numpy()) <= theirs.fun + 1e-8
    assert len(seen) < 2 * theirs.nfev


# The parameters after two steps, and the calls of the closure, computed with PyTorch 2.13.
TORCH: list[tuple[dict[str, Any], list[float], int]] = [
    ({"max_iter": 3, "lr": 0.01}, [-1.4904425429408363, 2.0030973224771293], 6),
    (
        {"max_iter": 3, "line_search_fn": "strong_wolfe"},
        [-1.4201365045001701, 2.023710425144713],
        6,
    ),
    (
        {"max_iter": 5, "lr": 30.0, "history_size": 2, "line_search_fn": "strong_wolfe"},
        [-1.4190589569426966, 2.0209570279632403],
        13,
    ),
]


@pytest.mark.parametrize(("options", "point", "calls"), TORCH)
def test_numbers_of_pytorch(
    options: dict[str, Any], point: list[float], calls: int, device: str
) -> None:
    step, w, seen = rosenbrock(device, options)
    step()
    step()
    np.testing.assert_allclose(w.tolist(), point, rtol=1e-7)
    assert len(seen) == calls


def test_a_quadratic_needs_as_many_iterations_as_dimensions(device: str) -> None:
    scale = portfire.tensor([1.0, 3.0, 9.0], device=device, dtype=portfire.float64)
    parts = [portfire.zeros(n, device=device, dtype=portfire.float64) for n in (1, 2)]
    parts = [part.requires_grad_() for part in parts]
    optimizer = optim.LBFGS(parts, max_iter=40)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = (scale * (portfire.cat(parts) - 2).square()).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose([x for p in parts for x in p.tolist()], [2.0] * 3, rtol=1e-6)
    state = optimizer.state[parts[0]]
    assert state["n_iter"] < 20
    assert state["func_evals"] <= state["n_iter"] + 1  # one before the first iteration


def test_limits_of_a_step() -> None:
    step, _, seen = rosenbrock("cpu", {"lr": 1e-4, "max_iter": 4})
    step()
    assert len(seen) == 4  # the loss after the last iteration is nobody's business
    step, _, seen = rosenbrock("cpu", {"lr": 1e-4, "max_iter": 9, "max_eval": 3})
    step()
    assert len(seen) == 3
    step, w, seen = rosenbrock("cpu", {"tolerance_grad": 1e9})
    step()
    assert len(seen) == 1
    assert w.tolist() == list(START)


def test_history_is_bounded() -> None:
    options: dict[str, Any] = {"line_search_fn": "strong_wolfe", "max_iter": 8, "history_size": 3}
    w = portfire.tensor(START).requires_grad_()
    optimizer = optim.LBFGS([w], **options)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = ((w - 3) ** 4).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    state = optimizer.state_dict()["state"][0]
    assert state["n_iter"] == 8
    assert [len(state[name]) for name in ("old_dirs", "old_stps", "ro")] == [3, 3, 3]
    other = optim.LBFGS([w], **options)
    other.load_state_dict(optimizer.state_dict())
    assert other.state[w]["prev_loss"] == state["prev_loss"]
    assert other.state[w]["old_dirs"][2].tolist() == state["old_dirs"][2].tolist()


def test_parameters_without_gradient_stay() -> None:
    a, b = portfire.ones(2).requires_grad_(), portfire.ones(3).requires_grad_()
    optimizer = optim.LBFGS([a, b])

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = (a * a).sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(a.tolist(), [0.0, 0.0], atol=1e-6)
    assert b.tolist() == [1.0] * 3


def test_errors() -> None:
    w = portfire.ones(2).requires_grad_()
    groups: Any = [{"params": [w]}, {"params": [portfire.ones(1).requires_grad_()]}]
    with pytest.raises(ValueError, match="LBFGS doesn't support per-parameter options"):
        optim.LBFGS(groups)
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'closure'"):
        optim.LBFGS([w]).step()
    step, _, _ = rosenbrock("cpu", {"line_search_fn": "other"})
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        step()
