"""Adamax."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.optim._checks import check_betas, check_lr, check_not_negative
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for
from portfire.optim._terms import directed, terms

__all__ = ["Adamax"]


class Adamax(Optimizer):
    r"""Adam with the largest gradient so far, which fades, in place of the second moment.

    .. math::
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        u \leftarrow \max(\beta_2 u, |g| + \epsilon), \quad
        p \leftarrow p - \frac{\eta}{1 - \beta_1^t} \frac{m}{u}

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        betas: decay rates of the moment and of the largest gradient.
        eps: :math:`\epsilon`.
        weight_decay: a share of the parameter that is added to the gradient.
        foreach: accepted and without effect: steps are always fused.
        maximize: whether to go up instead of down.
        differentiable: whether the step itself is recorded for gradients.
        capturable: accepted and without effect: there is nothing to capture.

    Raises:
        ValueError: for an option outside its range.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> optimizer = portfire.optim.Adamax([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
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
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start the moment and the largest gradient at zero."""
        return {"step": 0.0, "exp_avg": zeros_for(param), "exp_inf": zeros_for(param)}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step; the bias correction is part of the rate."""
        step = state["step"] = state["step"] + 1.0
        found = terms(group)
        first, second = (number(beta) for beta in group["betas"])
        found["lr"] /= 1.0 - first**step
        return {**found, "first": 1.0 - first, "second": second, "eps": number(group["eps"])}

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        grad = directed(param, grad, hyper)
        mean, largest = state["exp_avg"], state["exp_inf"]
        mean = mean + (grad - mean) * hyper["first"]
        largest = (largest * hyper["second"]).maximum(grad.abs() + hyper["eps"])
        return param - mean / largest * hyper["lr"], {"exp_avg": mean, "exp_inf": largest}
