"""Adadelta."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.optim._checks import check_lr, check_not_negative
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for
from portfire.optim._terms import directed, terms

__all__ = ["Adadelta"]


class Adadelta(Optimizer):
    r"""Adadelta: steps in proportion to those of the recent past, so that units agree.

    .. math::
        v &\leftarrow \rho v + (1 - \rho) g^2, \quad
        d = \sqrt{\frac{u + \epsilon}{v + \epsilon}}\, g \\
        u &\leftarrow \rho u + (1 - \rho) d^2, \quad
        p \leftarrow p - \eta\, d

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: factor :math:`\eta` of the step.
        rho: decay rate :math:`\rho` of both averages.
        eps: :math:`\epsilon`.
        weight_decay: a share of the parameter that is added to the gradient.
        foreach: accepted and without effect: steps are always fused.
        capturable: accepted and without effect: there is nothing to capture.
        maximize: whether to go up instead of down.
        differentiable: whether the step itself is recorded for gradients.

    Raises:
        ValueError: for an option outside its range.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> optimizer = portfire.optim.Adadelta([w])
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9968], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(eps, "epsilon value")
        check_not_negative(weight_decay, "weight_decay value")
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start both averages at zero."""
        return {"step": 0.0, "square_avg": zeros_for(param), "acc_delta": zeros_for(param)}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step."""
        state["step"] += 1.0
        return {
            **terms(group),
            "share": 1.0 - number(group["rho"]),
            "eps": number(group["eps"]),
        }

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        grad = directed(param, grad, hyper)
        square, moved = state["square_avg"], state["acc_delta"]
        square = square + (grad * grad - square) * hyper["share"]
        delta = (moved + hyper["eps"]).sqrt() / (square + hyper["eps"]).sqrt() * grad
        moved = moved + (delta * delta - moved) * hyper["share"]
        return param - delta * hyper["lr"], {"square_avg": square, "acc_delta": moved}
