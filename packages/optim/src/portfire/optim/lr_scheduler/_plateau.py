"""Rates that fall when a metric stops improving."""

from __future__ import annotations

import math
import warnings
from typing import Any

from portfire.optim._optimizer import Optimizer
from portfire.optim.lr_scheduler._base import (
    EPOCH_IS_DEPRECATED,
    LRScheduler,
    checked_optimizer,
    set_rate,
)

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(LRScheduler):
    """The rate times ``factor`` once a metric has not improved for ``patience`` epochs.

    Args:
        optimizer: whose rates are adjusted.
        mode: ``"min"`` if smaller is better, ``"max"`` if larger is.
        factor: below 1.
        patience: how many epochs without improvement are tolerated.
        threshold: what counts as an improvement.
        threshold_mode: ``"rel"``, as a share of the best value, or ``"abs"``.
        cooldown: how many epochs after a reduction are not counted.
        min_lr: the smallest rate; or a list, one per group.
        eps: reductions by less are not made.

    Raises:
        ValueError: for a factor of 1 or more, an unknown mode, or a list of another length than
            there are groups.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
        >>> for loss in (3.0, 3.0):
        ...     scheduler.step(loss)
        >>> scheduler.get_last_lr()
        [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        self.optimizer = checked_optimizer(optimizer)
        count = len(optimizer.param_groups)
        if isinstance(min_lr, list | tuple):
            if len(min_lr) != count:
                raise ValueError(f"expected {count} min_lrs, got {len(min_lr)}")
            self.min_lrs = list(min_lr)
            self.default_min_lr = None
        else:
            self.min_lrs = [min_lr] * count
            self.default_min_lr = min_lr
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        self.factor, self.patience, self.cooldown, self.eps = factor, patience, cooldown, eps
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.cooldown_counter = 0
        self.last_epoch = 0
        self._last_lr = self._rates()
        self._reset()

    def _reset(self) -> None:
        """Forget the best value, the bad epochs and the cooldown."""
        self.best = math.inf if self.mode == "min" else -math.inf
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether epochs are not counted after a reduction."""
        return self.cooldown_counter > 0

    def is_better(self, a: float, best: float) -> bool:
        """Return whether a value is better than the best one by the threshold."""
        sign = -1.0 if self.mode == "min" else 1.0
        if self.threshold_mode == "rel":
            return (a - best * (1.0 + sign * self.threshold)) * sign > 0
        return (a - (best + sign * self.threshold)) * sign > 0

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]  # as torch's
        """Take an epoch's metric into account, a number or a tensor of one."""
        current = float(metrics)
        if epoch is None:
            epoch = self.last_epoch + 1
        else:
            warnings.warn(EPOCH_IS_DEPRECATED, UserWarning, stacklevel=2)
        self.last_epoch = epoch
        if self.is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self._rates()

    def _reduce_lr(self) -> None:
        for group, low in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, low)
            if old - new > self.eps:
                set_rate(group, new)
