"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.optim._checks import check_lr, check_not_negative
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for
from portfire.optim._terms import directed, terms

__all__ = ["ASGD"]


class ASGD(Optimizer):
    r"""Averaged stochastic gradient descent; the averages are in the state, under ``"ax"``.

    .. math::
        p &\leftarrow (1 - \lambda \eta_t) p - \eta_t g, \quad
        \eta_{t+1} = \frac{\eta}{(1 + \lambda \eta t)^\alpha} \\
        a &\leftarrow a + \mu_t (p - a), \quad
        \mu_{t+1} = \frac{1}{\max(1, t - t_0)}

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        lambd: :math:`\lambda`.
        alpha: :math:`\alpha`.
        t0: the step :math:`t_0` after which averages are taken.
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
        >>> optimizer = portfire.optim.ASGD([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8000], requires_grad=True)
    """

    numbers = ("step", "eta", "mu")

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(weight_decay, "weight_decay value")
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start with the whole rate; the average is the parameter itself for now."""
        return {"step": 0.0, "eta": number(group["lr"]), "mu": 1.0, "ax": zeros_for(param)}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step: it takes the rate that the one before it left."""
        step = state["step"] = state["step"] + 1.0
        eta, share = state["eta"], state["mu"]
        found = terms(group)
        lr, lambd = found["lr"], number(group["lambd"])
        state["eta"] = lr / (1.0 + lambd * lr * step) ** number(group["alpha"])
        state["mu"] = 1.0 / max(1.0, step - number(group["t0"]))
        shares = {"share": share, "rest": 1.0 - share}
        return {**found, **shares, "lr": eta, "keep": 1.0 - lambd * eta}

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        new = param * hyper["keep"] - directed(param, grad, hyper) * hyper["lr"]
        return new, {"ax": state["ax"] * hyper["rest"] + new * hyper["share"]}
