"""RAdam."""

from __future__ import annotations

import math
from typing import Any

from portfire import Tensor
from portfire.optim._checks import check_betas, check_lr, check_not_negative
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for
from portfire.optim._terms import directed, shrunk, terms

__all__ = ["RAdam"]


class RAdam(Optimizer):
    r"""Adam that divides by the second moment only when enough steps have made it trustworthy.

    .. math::
        \rho_\infty = \frac{2}{1 - \beta_2} - 1, \quad
        \rho_t = \rho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t}, \quad
        r_t = \sqrt{\frac{(\rho_t - 4)(\rho_t - 2) \rho_\infty}
        {(\rho_\infty - 4)(\rho_\infty - 2) \rho_t}}

    The step is that of `Adam` times :math:`r_t` where :math:`\rho_t > 5`, and
    :math:`\eta\, m / (1 - \beta_1^t)` before that.

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        betas: decay rates of the moments.
        eps: what keeps the divisor from zero.
        weight_decay: a share of the parameter that is added to the gradient.
        decoupled_weight_decay: whether the decay shrinks the parameter instead.
        foreach: accepted and without effect: steps are always fused.
        maximize: whether to go up instead of down.
        capturable: accepted and without effect: there is nothing to capture.
        differentiable: whether the step itself is recorded for gradients.

    Raises:
        ValueError: for an option outside its range.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> optimizer = portfire.optim.RAdam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(eps, "epsilon value")
        check_betas(betas)
        check_not_negative(weight_decay, "weight_decay value")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start both moments at zero."""
        return {"step": 0.0, "exp_avg": zeros_for(param), "exp_avg_sq": zeros_for(param)}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step, and decide whether the second moment can be trusted."""
        step = state["step"] = state["step"] + 1.0
        found = terms(group)
        first, second = (number(beta) for beta in group["betas"])
        found["lr"] /= 1.0 - first**step
        correction = 1.0 - second**step
        limit = 2.0 / (1.0 - second) - 1.0
        length = limit - 2.0 * step * second**step / correction
        found |= {"first": 1.0 - first, "second": 1.0 - second}
        if length > 5.0:
            above = (length - 4.0) * (length - 2.0) * limit
            below = (limit - 4.0) * (limit - 2.0) * length
            found["lr"] *= math.sqrt(above / below * correction)
            found["eps"] = number(group["eps"])
        return found

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        grad = directed(param, grad, hyper)
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        mean = mean + (grad - mean) * hyper["first"]
        square = square + (grad * grad - square) * hyper["second"]
        change = mean / (square.sqrt() + hyper["eps"]) if "eps" in hyper else mean
        new = shrunk(param, hyper) - change * hyper["lr"]
        return new, {"exp_avg": mean, "exp_avg_sq": square}
