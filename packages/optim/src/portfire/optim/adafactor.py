"""Adafactor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import portfire
from portfire import Tensor
from portfire.optim._checks import check_at_least, check_one
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for
from portfire.optim._terms import directed

__all__ = ["Adafactor"]


class Adafactor(Optimizer):
    r"""Adafactor: the second moment of a matrix from its rows and columns alone.

    .. math::
        R &\leftarrow \hat\beta R + (1 - \hat\beta) \overline{G^2}_\text{rows}, \quad
        C \leftarrow \hat\beta C + (1 - \hat\beta) \overline{G^2}_\text{columns}, \quad
        V = \frac{R C}{\max(\overline{R}, \epsilon_1)} \\
        U &= \frac{G}{\max(\sqrt{V}, \epsilon_1)}, \quad
        p \leftarrow p - \max(\epsilon_2, \text{rms}(p)) \min(\eta, t^{-1/2})
        \frac{U}{\max(1, \text{rms}(U) / d)}

    with :math:`1 - \hat\beta = t^\tau`. A vector keeps its second moment whole.

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: the largest relative size :math:`\eta` of a step.
        beta2_decay: :math:`\tau`.
        eps: :math:`\epsilon_1`, which is the precision of the dtype if None, and
            :math:`\epsilon_2`.
        d: the threshold :math:`d` at which updates are clipped.
        weight_decay: how much the parameter shrinks, times the rate.
        foreach: accepted and without effect.
        maximize: whether to go up instead of down.

    Raises:
        ValueError: for an option outside its range.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([[1.0, 2.0]], requires_grad=True)
        >>> optimizer = portfire.optim.Adafactor([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([[0.8419, 1.8419]], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_one(lr)
        check_at_least(0.0, lr, "Learning rate")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None:
            check_at_least(0.0, eps[0], "epsilon1")
        check_at_least(0.0, eps[1], "epsilon2")
        check_at_least(1.0, d, "Clipping threshold d")
        check_at_least(0.0, weight_decay, "weight_decay")
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start the moments at zero: one of rows and one of columns where there are both."""
        if param.dim() < 2:
            return {"step": 0.0, "variance": zeros_for(param)}
        *batch, rows, columns = param.shape
        shapes = {"row_var": (*batch, rows, 1), "col_var": (*batch, 1, columns)}
        zeros = {k: param.new_tensor(np.zeros(v, np.float32)) for k, v in shapes.items()}
        return {"step": 0.0, **zeros}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step, and let the rate and the decay follow it."""
        step = state["step"] = state["step"] + 1.0
        lr, (first, second) = number(group["lr"]), group["eps"]
        found = {
            "maximize": bool(group["maximize"]),
            "share": step ** number(group["beta2_decay"]),
            "rate": min(lr, 1.0 / math.sqrt(step)),
            "smallest": number(second),
            "threshold": number(group["d"]),
            "eps": None if first is None else number(first),
        }
        if group["weight_decay"] != 0:
            found["shrink"] = 1.0 - lr * number(group["weight_decay"])
        return found

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        grad, share, eps = directed(param, grad, hyper), hyper["share"], hyper["eps"]
        if eps is None:
            eps = portfire.finfo(param.dtype).eps
        square = grad * grad
        if "variance" in state:
            estimate = state["variance"] + (square - state["variance"]) * share
            changed = {"variance": estimate}
        else:
            rows, columns = state["row_var"], state["col_var"]
            rows = rows + (square.mean(-1, keepdim=True) - rows) * share
            columns = columns + (square.mean(-2, keepdim=True) - columns) * share
            changed = {"row_var": rows, "col_var": columns}
            estimate = rows * columns / rows.mean(-2, keepdim=True).clamp(min=eps)
        change = grad / estimate.clamp(min=eps * eps).sqrt()
        clipped = (change.square().mean().sqrt() / hyper["threshold"]).clamp(min=1.0)
        size = param.square().mean().sqrt().clamp(min=hyper["smallest"]) * hyper["rate"]
        start = param * hyper["shrink"] if "shrink" in hyper else param
        return start - change * (size / clipped), changed
