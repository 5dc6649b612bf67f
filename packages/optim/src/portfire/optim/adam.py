"""Adam."""

from __future__ import annotations

import math
from typing import Any

from portfire import Tensor
from portfire.optim._checks import check_betas, check_lr, check_not_negative, check_twins
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for

__all__ = ["Adam"]


class Adam(Optimizer):
    r"""Adam: steps of a size of their own for each element, from running moments of the gradient.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        p &\leftarrow p - \eta \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        betas: decay rates of the moments.
        eps: :math:`\epsilon`.
        weight_decay: a share of the parameter that is added to the gradient.
        amsgrad: whether to divide by the largest :math:`v` so far.
        foreach: accepted and without effect: steps are always fused.
        maximize: whether to go up instead of down.
        capturable: accepted and without effect: there is nothing to capture.
        differentiable: whether the step itself is recorded for gradients.
        fused: accepted and without effect: steps are always fused.
        decoupled_weight_decay: whether the decay shrinks the parameter instead, as in `AdamW`.

    Raises:
        ValueError: for an option outside its range.
        RuntimeError: for ``fused`` together with ``foreach`` or ``differentiable``.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> optimizer = portfire.optim.Adam([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        if isinstance(lr, Tensor) and foreach and not capturable:
            raise ValueError(
                "lr as a Tensor is not supported for capturable=False and foreach=True"
            )
        check_lr(lr)
        check_not_negative(eps, "epsilon value")
        check_betas((betas[0], betas[1]))
        check_not_negative(weight_decay, "weight_decay value")
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_twins(foreach, fused, differentiable)

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start both moments at zero."""
        names = ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * bool(group["amsgrad"])
        return {"step": 0.0, **{name: zeros_for(param) for name in names}}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Count the step; the bias corrections are factors of numbers, not of tensors."""
        step = state["step"] = state["step"] + 1.0
        first, second = (number(beta) for beta in group["betas"])
        lr, decay = number(group["lr"]), number(group["weight_decay"])
        root = math.sqrt(1.0 - second**step)
        found = {
            "maximize": bool(group["maximize"]),
            "first": 1.0 - first,
            "second": 1.0 - second,
            "eps": number(group["eps"]) * root,
            "size": lr * root / (1.0 - first**step),
        }
        if decay != 0 and group["decoupled_weight_decay"]:
            found["shrink"] = 1.0 - lr * decay
        elif decay != 0:
            found["decay"] = decay
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
        mean, square = state["exp_avg"], state["exp_avg_sq"]
        mean = mean + (grad - mean) * hyper["first"]
        square = square + (grad * grad - square) * hyper["second"]
        changed = {"exp_avg": mean, "exp_avg_sq": square}
        if "max_exp_avg_sq" in state:
            square = changed["max_exp_avg_sq"] = state["max_exp_avg_sq"].maximum(square)
        start = param * hyper["shrink"] if "shrink" in hyper else param
        return start - mean / (square.sqrt() + hyper["eps"]) * hyper["size"], changed
