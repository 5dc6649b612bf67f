"""NAdam."""

from __future__ import annotations

import math
from typing import Any

from portfire import Tensor
from portfire.optim._checks import check_betas, check_lr, check_not_negative
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for
from portfire.optim._terms import directed, shrunk, terms

__all__ = ["NAdam"]


class NAdam(Optimizer):
    r"""Adam with Nesterov's look ahead, and a momentum that grows to its full size.

    .. math::
        \mu_t &= \beta_1 (1 - \tfrac{1}{2} 0.96^{t \psi}), \quad
        \pi_t = \prod_{i \le t} \mu_i \\
        p &\leftarrow p - \frac{\eta}{\sqrt{v / (1 - \beta_2^t)} + \epsilon} \left(
        \frac{1 - \mu_t}{1 - \pi_t} g + \frac{\mu_{t+1}}{1 - \pi_{t+1}} m \right)

    with the moments :math:`m` and :math:`v` of `Adam`.

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        betas: decay rates of the moments.
        eps: :math:`\epsilon`.
        weight_decay: a share of the parameter that is added to the gradient.
        momentum_decay: :math:`\psi`.
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
        >>> optimizer = portfire.optim.NAdam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8944], requires_grad=True)
    """

    numbers = ("step", "mu_product")

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check_not_negative(momentum_decay, "momentum_decay value")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start both moments at zero, and the product of the momenta at one."""
        moments = {"exp_avg": zeros_for(param), "exp_avg_sq": zeros_for(param)}
        return {"step": 0.0, "mu_product": 1.0, **moments}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step, and weigh the gradient and the moment."""
        step = state["step"] = state["step"] + 1.0
        found = terms(group)
        lr = found.pop("lr")
        first, second = (number(beta) for beta in group["betas"])
        decay = number(group["momentum_decay"])
        now, then = (first * (1.0 - 0.5 * 0.96 ** (t * decay)) for t in (step, step + 1.0))
        product = state["mu_product"] = state["mu_product"] * now
        root = math.sqrt(1.0 - second**step)
        return {
            **found,
            "first": 1.0 - first,
            "second": 1.0 - second,
            "eps": number(group["eps"]) * root,
            "of_grad": lr * root * (1.0 - now) / (1.0 - product),
            "of_mean": lr * root * then / (1.0 - product * then),
        }

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        grad = directed(param, grad, hyper)
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        mean = mean + (grad - mean) * hyper["first"]
        square = square + (grad * grad - square) * hyper["second"]
        ahead = grad * hyper["of_grad"] + mean * hyper["of_mean"]
        new = shrunk(param, hyper) - ahead / (square.sqrt() + hyper["eps"])
        return new, {"exp_avg": mean, "exp_avg_sq": square}
