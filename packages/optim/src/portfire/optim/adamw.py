"""AdamW."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.optim._optimizer import Params
from portfire.optim.adam import Adam

__all__ = ["AdamW"]


class AdamW(Adam):
    r"""`Adam` with a weight decay that shrinks the parameter, and leaves the moments alone.

    .. math:: p \leftarrow p - \eta \lambda p \quad \text{before Adam's step}

    Args:
        params: the parameters, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        betas: decay rates of the moments.
        eps: what keeps the divisor from zero.
        weight_decay: :math:`\lambda`.
        amsgrad: whether to divide by the largest second moment so far.
        maximize: whether to go up instead of down.
        foreach: accepted and without effect: steps are always fused.
        capturable: accepted and without effect: there is nothing to capture.
        differentiable: whether the step itself is recorded for gradients.
        fused: accepted and without effect: steps are always fused.

    Raises:
        ValueError: for an option outside its range.
        RuntimeError: for ``fused`` together with ``foreach`` or ``differentiable``.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([1.0], requires_grad=True)
        >>> optimizer = portfire.optim.AdamW([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w
        tensor([0.8990], requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        for group in self.param_groups:
            # A dictionary of an older version, or of plain Adam, does not say so.
            group["decoupled_weight_decay"] = True
