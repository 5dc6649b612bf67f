"""`SWALR`: the rates of a phase in which weights are averaged."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from portfire.optim._optimizer import Optimizer
from portfire.optim.lr_scheduler._base import LRScheduler, per_group

__all__ = ["SWALR"]

# What share of the way is done after a share of the epochs.
ANNEALINGS: dict[str, Callable[[float], float]] = {
    "cos": lambda share: (1 - math.cos(math.pi * share)) / 2,
    "linear": lambda share: share,
}


class SWALR(LRScheduler):
    """Go from the present rates to constant ones, at which weights are averaged.

    Args:
        optimizer: whose rates are adjusted.
        swa_lr: the rate at the end, or one for each group.
        anneal_epochs: how many epochs the way takes.
        anneal_strategy: its form, ``"cos"`` or ``"linear"``.
        last_epoch: the epoch to go on from; -1 begins anew.

    Raises:
        ValueError: for another form, a negative or broken number of epochs, or a wrong number of
            rates.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.swa_utils.SWALR(
        ...     optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear"
        ... )
        >>> for epoch in range(3):
        ...     optimizer.step()
        ...     scheduler.step()
        ...     print(scheduler.get_last_lr())
        [0.75]
        [0.5]
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("swa_lr", swa_lr, optimizer)
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ANNEALINGS:
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of this epoch, from those that the groups have now."""
        self._warn_outside_step()
        before, now = self._share(self.last_epoch - 1), self._share(self.last_epoch)
        rates = []
        for group, rate in zip(self.optimizer.param_groups, self._current(), strict=True):
            # The rate where the way began, of which the present one keeps a share.
            start = rate if before == 1 else (rate - group["swa_lr"] * before) / (1 - before)
            rates.append(group["swa_lr"] * now + start * (1 - now))
        return rates

    def _share(self, epoch: int) -> float:
        if self.anneal_epochs == 0:
            return 1.0 if epoch >= 0 else 0.0
        return ANNEALINGS[self._anneal_strategy](max(0.0, min(1.0, epoch / self.anneal_epochs)))
