"""Adagrad."""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import Tensor
from portfire.optim._checks import check_lr, check_not_negative, check_twins
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._terms import directed, terms

__all__ = ["Adagrad"]


class Adagrad(Optimizer):
    r"""Adagrad: steps that become shorter where the gradients have been large.

    .. math::
        s \leftarrow s + g^2, \quad
        p \leftarrow p - \frac{\eta}{1 + (t - 1) \gamma} \frac{g}{\sqrt{s} + \epsilon}

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        lr_decay: :math:`\gamma`.
        weight_decay: a share of the parameter that is added to the gradient.
        initial_accumulator_value: what :math:`s` is at first.
        eps: :math:`\epsilon`.
        foreach: accepted and without effect: steps are always fused.
        maximize: whether to go up instead of down.
        differentiable: whether the step itself is recorded for gradients.
        fused: accepted and without effect: steps are always fused.

    Raises:
        ValueError: for an option outside its range.
        RuntimeError: for ``fused`` together with ``foreach`` or ``differentiable``.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> optimizer = portfire.optim.Adagrad([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(lr_decay, "lr_decay value")
        check_not_negative(weight_decay, "weight_decay value")
        check_not_negative(initial_accumulator_value, "initial_accumulator_value value")
        check_not_negative(eps, "epsilon value")
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_twins(foreach, fused, differentiable)
        # The sums are there before the first step, as they are in a state dict of PyTorch.
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param] = self.init(param, group)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start the sum of squares at its initial value."""
        value = number(group["initial_accumulator_value"])
        return {"step": 0.0, "sum": param.new_tensor(np.full(tuple(param.shape), value))}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step, and let the rate decay."""
        step = state["step"] = state["step"] + 1.0
        found = terms(group)
        found["lr"] /= 1.0 + (step - 1.0) * number(group["lr_decay"])
        return {**found, "eps": number(group["eps"])}

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        grad = directed(param, grad, hyper)
        total = state["sum"] + grad * grad
        return param - grad / (total.sqrt() + hyper["eps"]) * hyper["lr"], {"sum": total}
