"""Cosine annealing (Loshchilov and Hutter, "SGDR", 2017)."""

from __future__ import annotations

import math
from typing import Any

from portfire.optim._optimizer import Optimizer
from portfire.optim.lr_scheduler._base import LRScheduler

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"]


class CosineAnnealingLR(LRScheduler):
    r"""The rate goes down and up again along a cosine.

    .. math:: \eta = \eta_{min} + (\eta_0 - \eta_{min}) (1 + \cos(\pi t / T_{max})) / 2

    Args:
        optimizer: whose rates are adjusted.
        T_max: how many epochs the way down takes.
        eta_min: the smallest rate.
        last_epoch: the epoch to go on from; -1 begins anew.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates of the epoch, each from the one before."""
        self._warn_outside_step()
        rates, epoch, low = self._current(), self.last_epoch, self.eta_min
        if epoch == 0:
            return rates
        if self._step_count == 1 and epoch > 0:
            return self._get_closed_form_lr()
        if (epoch - 1 - self.T_max) % (2 * self.T_max) == 0:
            lift = (1 - math.cos(math.pi / self.T_max)) / 2
            pairs = zip(rates, self.base_lrs, strict=True)
            return [rate + (base - low) * lift for rate, base in pairs]
        factor = (1 + math.cos(math.pi * epoch / self.T_max)) / (
            1 + math.cos(math.pi * (epoch - 1) / self.T_max)
        )
        return [factor * (rate - low) + low for rate in rates]

    def _get_closed_form_lr(self) -> list[Any]:
        share = (1 + math.cos(math.pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """The rate goes down along a cosine, jumps up again, and takes longer each time.

    Args:
        optimizer: whose rates are adjusted.
        T_0: how many epochs the first way down takes.
        T_mult: by how much longer each one takes than that before.
        eta_min: the smallest rate.
        last_epoch: the epoch to go on from; -1 begins anew.

    Raises:
        ValueError: for a ``T_0`` or ``T_mult`` below 1, or an ``eta_min`` that is no number.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
        >>> for _ in range(2):
        ...     optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.5]
        [1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, float | int):
            raise ValueError(
                f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}"
            )
        self.T_0, self.T_i, self.T_mult = T_0, T_0, T_mult
        self.eta_min, self.T_cur = eta_min, float(last_epoch)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Return the rates at the place in the present way down."""
        self._warn_outside_step()
        share = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [self.eta_min + (base - self.eta_min) * share for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to any place between epochs; set the rates.

        Raises:
            ValueError: for a negative epoch.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch)
        self._inside_step = True
        try:
            self.last_epoch = math.floor(epoch)
            values = self.get_lr()
        finally:
            self._inside_step = False
        self._step_count += 1
        self._write(values)

    def _update_lr(self, epoch: float | None = None) -> None:
        self.step(epoch)

    def _go_to(self, epoch: float) -> None:
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        self.T_i, self.T_cur = self.T_0, epoch
        if epoch < self.T_0:
            return
        if self.T_mult == 1:
            self.T_cur = epoch % self.T_0
            return
        ways = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
        self.T_cur = epoch - self.T_0 * (self.T_mult**ways - 1) / (self.T_mult - 1)
        self.T_i = self.T_0 * self.T_mult**ways
