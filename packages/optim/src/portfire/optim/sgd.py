"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.optim._checks import check_lr, check_not_negative, check_twins
from portfire.optim._optimizer import Optimizer, Params, number

__all__ = ["SGD"]


class SGD(Optimizer):
    r"""Stochastic gradient descent, with momentum if wanted.

    .. math::
        g &\leftarrow \nabla f + \lambda p \\
        b &\leftarrow \mu b + (1 - \tau) g \quad (b \leftarrow g \text{ in the first step}) \\
        p &\leftarrow p - \eta\, b \quad (p - \eta (g + \mu b) \text{ with Nesterov's rule})

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        momentum: :math:`\mu`.
        dampening: :math:`\tau`.
        weight_decay: :math:`\lambda`.
        nesterov: whether to look one step ahead.
        maximize: whether to go up instead of down.
        foreach: accepted and without effect: steps are always fused.
        differentiable: whether the step itself is recorded for gradients.
        fused: accepted and without effect: steps are always fused.

    Raises:
        ValueError: for a negative rate, momentum or decay, or for Nesterov's rule without momentum.
        RuntimeError: for ``fused`` together with ``foreach`` or ``differentiable``.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> optimizer = portfire.optim.SGD([w], lr=0.1, momentum=0.9)
        >>> for _ in range(2):
        ...     optimizer.zero_grad()
        ...     (w * w).sum().backward()
        ...     optimizer.step()
        >>> w
        tensor([0.4600], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(momentum, "momentum value")
        check_not_negative(weight_decay, "weight_decay value")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_twins(foreach, fused, differentiable)

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Leave out what is zero, so that the rule does without it."""
        found = {
            "lr": number(group["lr"]),
            "maximize": bool(group["maximize"]),
            "nesterov": bool(group["nesterov"]),
        }
        if group["weight_decay"] != 0:
            found["decay"] = number(group["weight_decay"])
        if group["momentum"] != 0:
            found["momentum"] = number(group["momentum"])
            found["share"] = 1.0 - number(group["dampening"])
        return found

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        if hyper["maximize"]:
            grad = -grad
        if "decay" in hyper:
            grad = grad + param * hyper["decay"]
        if "momentum" not in hyper:
            return param - grad * hyper["lr"], {}
        buffer = grad  # what the first step leaves
        if "momentum_buffer" in state:
            buffer = state["momentum_buffer"] * hyper["momentum"] + grad * hyper["share"]
        if hyper["nesterov"]:
            grad = grad + buffer * hyper["momentum"]
        else:
            grad = buffer
        return param - grad * hyper["lr"], {"momentum_buffer": buffer}
