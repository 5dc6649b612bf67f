"""RMSprop."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.optim._checks import check_lr, check_not_negative
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for
from portfire.optim._terms import directed, terms

__all__ = ["RMSprop"]


class RMSprop(Optimizer):
    r"""RMSprop: gradients divided by their recent root mean square.

    .. math::
        v \leftarrow \alpha v + (1 - \alpha) g^2, \quad
        b \leftarrow \mu b + \frac{g}{\sqrt{v} + \epsilon}, \quad
        p \leftarrow p - \eta\, b

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        alpha: decay rate :math:`\alpha` of the average.
        eps: :math:`\epsilon`.
        weight_decay: a share of the parameter that is added to the gradient.
        momentum: :math:`\mu`.
        centered: whether to divide by the deviation from the average gradient instead.
        capturable: accepted and without effect: there is nothing to capture.
        foreach: accepted and without effect: steps are always fused.
        maximize: whether to go up instead of down.
        differentiable: whether the step itself is recorded for gradients.

    Raises:
        ValueError: for an option outside its range.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> optimizer = portfire.optim.RMSprop([w], lr=0.01)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(eps, "epsilon value")
        check_not_negative(momentum, "momentum value")
        check_not_negative(weight_decay, "weight_decay value")
        check_not_negative(alpha, "alpha value")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start the averages that the options ask for at zero."""
        names = ["square_avg"]
        names += ["momentum_buffer"] * (group["momentum"] > 0) + ["grad_avg"] * group["centered"]
        return {"step": 0.0, **{name: zeros_for(param) for name in names}}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step."""
        state["step"] += 1.0
        found = terms(group)
        if group["momentum"] > 0:
            found["momentum"] = number(group["momentum"])
        found |= {"share": 1.0 - number(group["alpha"]), "eps": number(group["eps"])}
        return {**found, "centered": bool(group["centered"])}

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        grad = directed(param, grad, hyper)
        square = state["square_avg"]
        square = square + (grad * grad - square) * hyper["share"]
        changed = {"square_avg": square}
        if hyper["centered"]:
            mean = state["grad_avg"]
            mean = changed["grad_avg"] = mean + (grad - mean) * hyper["share"]
            square = square - mean * mean
        change = grad / (square.sqrt() + hyper["eps"])
        if "momentum" in hyper:
            change = state["momentum_buffer"] * hyper["momentum"] + change
            changed["momentum_buffer"] = change
        return param - change * hyper["lr"], changed
