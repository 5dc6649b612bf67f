"""Schedulers made of schedulers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from portfire.optim._optimizer import Optimizer
from portfire.optim.lr_scheduler._base import LRScheduler, checked_optimizer, set_rate
from portfire.optim.lr_scheduler._plateau import ReduceLROnPlateau

__all__ = ["ChainedScheduler", "SequentialLR"]


def _check_members(name: str, optimizer: Any, schedulers: Sequence[Any]) -> None:
    if len(schedulers) < 1:
        raise ValueError(
            f"{name} expects at least one scheduler to be chained, but got no scheduler."
        )
    for number, scheduler in enumerate(schedulers):
        if not hasattr(scheduler, "optimizer"):
            raise TypeError(f"{name} at index {number} should have `optimizer` as its attribute.")
        if isinstance(scheduler, ReduceLROnPlateau):
            raise ValueError(
                f"{name} does not support `ReduceLROnPlateau` scheduler as it requires additional "
                "kwargs to be specified when calling `step`, but got one at index "
                f"{number} in the given schedulers sequence."
            )
        if scheduler.optimizer is not optimizer:
            raise ValueError(
                f"{name} expects all schedulers to belong to the same optimizer, but got scheduler "
                f"{type(scheduler).__name__} at index {number} has {scheduler.optimizer}, which is "
                f"different from {type(optimizer).__name__}."
            )


class _Composition(LRScheduler):
    """What both have in common: a state that holds those of the members."""

    _schedulers: list[Any]

    def state_dict(self) -> dict[str, Any]:
        """Return the state, and those of the schedulers in it."""
        state = super().state_dict()
        state["_schedulers"] = [scheduler.state_dict() for scheduler in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` returned."""
        state = dict(state_dict)
        members = state.pop("_schedulers")
        self.__dict__.update(state)
        for scheduler, kept in zip(self._schedulers, members, strict=True):
            scheduler.load_state_dict(kept)


class SequentialLR(_Composition):
    """One scheduler after the other, each from its milestone on.

    Args:
        optimizer: whose rates are adjusted.
        schedulers: the schedulers, in order.
        milestones: at which epochs the second, third, ... begin.
        last_epoch: the epoch to go on from; -1 begins anew.

    Raises:
        ValueError: for schedulers of other optimizers, none at all, or milestones that do not fit
            their number.

    Example:
        >>> import portfire
        >>> schedules = portfire.optim.lr_scheduler
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> warm = schedules.ConstantLR(optimizer, factor=0.5, total_iters=1)
        >>> rest = schedules.ExponentialLR(optimizer, gamma=0.9)
        >>> scheduler = schedules.SequentialLR(optimizer, [warm, rest], milestones=[1])
        >>> for _ in range(2):
        ...     optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [1.0]
        [0.9]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        _check_members(type(self).__name__, checked_optimizer(optimizer), schedulers)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "Sequential Schedulers expects number of schedulers provided to be one more than "
                f"the number of milestone points, but got number of schedulers {len(schedulers)} "
                f"and the number of milestones to be equal to {len(milestones)}"
            )
        self._schedulers, self._milestones = list(schedulers), list(milestones)
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Each scheduler has set its own first rates; only those of the first one count.
        for group in optimizer.param_groups:
            set_rate(group, float(group["initial_lr"]))
        for scheduler in self._schedulers:
            scheduler.last_epoch -= 1
        self._schedulers[0]._initial_step()
        self._last_lr = self._schedulers[0].get_last_lr()

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch and set its rates."""
        self.last_epoch += 1
        number = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[number]
        if number > 0 and self._milestones[number - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()


class ChainedScheduler(_Composition):
    """Several schedulers at once: each adjusts what the one before left.

    Args:
        schedulers: schedulers of one optimizer, of the kind that go from rate to rate.
        optimizer: that optimizer; the first scheduler's by default.

    Raises:
        ValueError: for schedulers of other optimizers, or none at all.

    Example:
        >>> import portfire
        >>> schedules = portfire.optim.lr_scheduler
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> parts = [schedules.ConstantLR(optimizer, 0.5), schedules.ExponentialLR(optimizer, 0.9)]
        >>> scheduler = schedules.ChainedScheduler(parts)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.45]
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        if not schedulers:
            _check_members(type(self).__name__, optimizer, schedulers)
        chosen = optimizer or schedulers[0].optimizer
        _check_members(type(self).__name__, chosen, schedulers)
        self._schedulers = list(schedulers)
        self.optimizer = chosen
        self._last_lr = self._rates()

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch of each scheduler."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._rates()
