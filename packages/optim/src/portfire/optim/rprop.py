"""Rprop."""

from __future__ import annotations

from typing import Any

import numpy as np

import portfire
from portfire import Tensor
from portfire.optim._checks import check_lr
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for
from portfire.optim._terms import directed, terms

__all__ = ["Rprop"]


class Rprop(Optimizer):
    r"""Resilient backpropagation: only the sign of the gradient counts.

    Each element has a step size of its own. It grows by :math:`\eta^+` while the gradient keeps its
    sign. When the sign changes it shrinks by :math:`\eta^-`, and the element rests for one step.

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: what the step sizes are at first.
        etas: :math:`\eta^-` and :math:`\eta^+`.
        step_sizes: the smallest and the largest step size.
        capturable: accepted and without effect: there is nothing to capture.
        foreach: accepted and without effect: steps are always fused.
        maximize: whether to go up instead of down.
        differentiable: whether the step itself is recorded for gradients.

    Raises:
        ValueError: for an option outside its range.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> optimizer = portfire.optim.Rprop([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start with no gradient, and with steps of the size of the rate."""
        sizes = np.full(tuple(param.shape), number(group["lr"]))
        return {"step": 0.0, "prev": zeros_for(param), "step_size": param.new_tensor(sizes)}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step; the rate has served when the state was made."""
        state["step"] += 1.0
        found = terms(group)
        del found["lr"]
        names = ("shrink", "grow", "smallest", "largest")
        values = (*group["etas"], *group["step_sizes"])
        return {**found, **{k: number(v) for k, v in zip(names, values, strict=True)}}

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        grad = directed(param, grad, hyper)
        agree, size = grad * state["prev"], state["step_size"]
        size = portfire.where(agree > 0, size * hyper["grow"], size)
        size = portfire.where(agree < 0, size * hyper["shrink"], size)
        size = size.clamp(hyper["smallest"], hyper["largest"])
        grad = portfire.where(agree < 0, 0.0, grad)
        return param - grad.sign() * size, {"prev": grad, "step_size": size}
