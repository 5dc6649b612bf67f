"""L-BFGS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import portfire
from portfire import Tensor
from portfire.optim import _wolfe
from portfire.optim._checks import check_lr
from portfire.optim._optimizer import Optimizer, Params, number

__all__ = ["LBFGS"]

SMALLEST_CURVATURE = 1e-10  # pairs below it would spoil the approximation


class LBFGS(Optimizer):
    r"""L-BFGS: steps along :math:`-H g`, with the inverse Hessian from the last steps.

    One call of `step` does several iterations, and calls the closure for each.

    Args:
        params: the parameters.
        lr: the step length, or the first that the line search tries.
        max_iter: how many iterations a step may do.
        max_eval: how often it may call the closure; ``max_iter * 5 // 4`` if None.
        tolerance_grad: it is done when no element of the gradient is larger.
        tolerance_change: it is done when neither the parameters nor the loss change more.
        history_size: how many iterations the approximation remembers.
        line_search_fn: ``"strong_wolfe"``, or None to take the length as it is.

    Raises:
        ValueError: for a negative rate, or several groups of parameters.
        RuntimeError: in a step, for a line search that there is not.

    Note:
        The losses are read by the host, so a step waits for the device.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0, 5.0], requires_grad=True)
        >>> optimizer = portfire.optim.LBFGS([w], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = ((w - 3) ** 2).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure)
        tensor(8., grad_fn=<SumBackward0>)
        >>> w
        tensor([3., 3.], requires_grad=True)
    """

    numbers = ()

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Do up to ``max_iter`` iterations.

        Args:
            closure: clears the gradients, computes the loss, calls ``backward`` and returns it.

        Returns:
            The loss before the step.

        Raises:
            TypeError: without a closure.
            RuntimeError: for a line search that there is not.

        Example:
            >>> import portfire
            >>> w = portfire.tensor([1.0], requires_grad=True)
            >>> optimizer = portfire.optim.LBFGS([w], max_iter=2)
            >>> def closure():
            ...     optimizer.zero_grad()
            ...     loss = (w * w).sum()
            ...     loss.backward()
            ...     return loss
            >>> optimizer.step(closure).item()
            1.0
        """
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        group = self.param_groups[0]
        params, search = group["params"], group["line_search_fn"]
        state = self.state[params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        with portfire.no_grad():
            first, loss, grad = _evaluate(closure, params)
            state["func_evals"] += 1
            if _largest(grad) <= group["tolerance_grad"]:
                return first
            calls = 1
            for left in reversed(range(group["max_iter"])):
                direction = _direction(state, grad, group["history_size"])
                lr = number(group["lr"])
                if state["n_iter"] == 1:
                    lr *= min(1.0, 1.0 / grad.abs().sum().item())
                state.update(d=direction, t=lr, prev_flat_grad=grad, prev_loss=loss)
                slope = (grad * direction).sum().item()
                if slope > -group["tolerance_change"]:
                    break
                if search is None:
                    _move(params, direction * lr)
                    more = int(left > 0)  # after the last iteration nobody asks for the loss
                    if more:
                        _, loss, grad = _evaluate(closure, params)
                elif search != "strong_wolfe":
                    raise RuntimeError("only 'strong_wolfe' is supported")
                else:
                    start = _wolfe.Point(0.0, loss, grad, slope)
                    point, more = _along(closure, params, start, state, group)
                    loss, grad, lr = point.loss, point.grad, point.length
                    state["t"] = lr
                calls += more
                state["func_evals"] += more
                if not left or calls >= group["max_eval"]:
                    break
                change = lr * _largest(direction)
                fallen = abs(loss - state["prev_loss"])
                if _largest(grad) <= group["tolerance_grad"]:
                    break
                if min(change, fallen) <= group["tolerance_change"]:
                    break
        return first


def _evaluate(closure: Callable[[], Any], params: list[Tensor]) -> tuple[Any, float, Tensor]:
    """Call the closure; return what it returned, that as a float, and the gradient in a row."""
    with portfire.enable_grad():
        result = closure()
    parts = [portfire.zeros_like(p) if p.grad is None else p.grad for p in params]
    grad = portfire.cat([part.detach().reshape(-1) for part in parts])
    return result, float(result), grad.clone()


def _largest(vector: Tensor) -> float:
    return float(vector.abs().max().item())


def _move(params: list[Tensor], change: Tensor) -> None:
    """Add a long vector to the parameters, piece by piece."""
    pieces = change.split([param.numel() for param in params])
    for param, piece in zip(params, pieces, strict=True):
        param.add_(piece.view_as(param))


def _along(
    closure: Callable[[], Any],
    params: list[Tensor],
    start: _wolfe.Point,
    state: dict[str, Any],
    group: dict[str, Any],
) -> tuple[_wolfe.Point, int]:
    """Search along the direction, and leave the parameters at the point that was found."""
    origin, direction = [param.clone() for param in params], state["d"]

    def go(length: float) -> None:
        for param, value in zip(params, origin, strict=True):
            param.copy_(value)
        _move(params, direction * length)

    def measure(length: float) -> _wolfe.Point:
        go(length)
        _, loss, grad = _evaluate(closure, params)
        return _wolfe.Point(length, loss, grad, (grad * direction).sum().item())

    norm, tolerance = _largest(direction), group["tolerance_change"]
    point, count = _wolfe.search(measure, start, state["t"], norm, tolerance)
    go(point.length)
    return point, count


def _direction(state: dict[str, Any], grad: Tensor, history: int) -> Tensor:
    """Remember the last iteration, and return minus the approximate inverse Hessian times grad."""
    state["n_iter"] += 1
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return -grad
    change, moved = grad - state["prev_flat_grad"], state["d"] * state["t"]
    curvature = (change * moved).sum()
    if curvature.item() > SMALLEST_CURVATURE:
        for name, item in (("old_dirs", change), ("old_stps", moved), ("ro", 1.0 / curvature)):
            state[name] = [*state[name], item][-history:]
        state["H_diag"] = curvature / (change * change).sum()
    pairs = list(zip(state["old_dirs"], state["old_stps"], state["ro"], strict=True))
    direction: Tensor = -grad
    weights = []
    for change, moved, inverse in reversed(pairs):
        weight = (moved * direction).sum() * inverse
        weights.append(weight)
        direction = direction - change * weight
    direction = direction * state["H_diag"]
    for (change, moved, inverse), weight in zip(pairs, reversed(weights), strict=True):
        direction = direction + moved * (weight - (change * direction).sum() * inverse)
    return direction
