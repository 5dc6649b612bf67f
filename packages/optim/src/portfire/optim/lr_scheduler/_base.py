"""`LRScheduler`, the base: counts epochs and writes the rates of an optimizer's groups."""

from __future__ import annotations

import warnings
from typing import Any

from portfire import Tensor
from portfire.optim._optimizer import Optimizer

__all__ = ["LRScheduler", "checked_optimizer", "per_group", "set_rate"]

EPOCH_IS_DEPRECATED = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where "
    "possible. Please use `scheduler.step()` to step the scheduler. During the deprecation, if "
    "epoch is different from None, the closed form is used instead of the new chainable form, "
    "where available."
)


def checked_optimizer(optimizer: Any) -> Optimizer:
    """Return an optimizer; TypeError for anything else."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def per_group(name: str, given: Any, optimizer: Optimizer) -> list[Any]:
    """Return one value per group; ValueError for a list of another length."""
    count = len(optimizer.param_groups)
    if not isinstance(given, list | tuple):
        return [given] * count
    if len(given) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(given)} "
            f"values, param_groups has {count}."
        )
    return list(given)


def set_rate(group: dict[str, Any], rate: float) -> None:
    """Write a group's learning rate; a tensor is filled, so that its other holders see it."""
    if isinstance(group["lr"], Tensor):
        group["lr"].fill_(float(rate))
    else:
        group["lr"] = rate


class LRScheduler:
    """The base class of schedulers: adjusts an optimizer's learning rates, epoch by epoch.

    A subclass defines `get_lr`, the rates of the epoch ``self.last_epoch`` from those before, and
    may define ``_get_closed_form_lr``, the same from the first ones.

    Args:
        optimizer: whose rates are adjusted.
        last_epoch: the epoch to go on from; -1 begins anew.

    Attributes:
        base_lrs: the rates at the beginning, by group.
        last_epoch: the epoch that the rates are for.

    Raises:
        TypeError: if ``optimizer`` is none.
        KeyError: if ``last_epoch`` is given and a group does not say its ``initial_lr``.

    Example:
        >>> import portfire
        >>> class Halving(portfire.optim.lr_scheduler.LRScheduler):
        ...     def get_lr(self):
        ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
        >>> w = portfire.zeros(1, requires_grad=True)
        >>> optimizer = portfire.optim.SGD([w], lr=1.0)
        >>> scheduler = Halving(optimizer)
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.5]
    """

    _inside_step = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = checked_optimizer(optimizer)
        for number, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                rate = group["lr"]
                group.setdefault("initial_lr", rate.clone() if isinstance(rate, Tensor) else rate)
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{number}] when resuming "
                    "scheduler with last_epoch >= 0."
                )
        self.base_lrs: list[Any] = [float(group["initial_lr"]) for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._watch_steps()
        self._initial_step()

    def _watch_steps(self) -> None:
        """Learn whether the optimizer has stepped, to warn of the wrong order."""
        stepped = self._stepped = [False]

        def note(optimizer: Optimizer, args: Any, kwargs: Any) -> None:
            stepped[0] = True

        self.optimizer.register_step_post_hook(note)

    def _initial_step(self) -> None:
        self._step_count = 0
        self.step()

    def state_dict(self) -> dict[str, Any]:
        """Return what `load_state_dict` needs; without the optimizer."""
        hidden = ("optimizer", "_stepped", "_inside_step")
        return {key: value for key, value in self.__dict__.items() if key not in hidden}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state that `state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """Return the rates that the last step set, by group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """Return the rates of the epoch ``last_epoch``; subclasses define it."""
        raise NotImplementedError

    def _warn_outside_step(self) -> None:
        if not self._inside_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch, or to a given one, and set its rates."""
        if self._step_count == 1 and not self._stepped[0]:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. You should call "
                "them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`. "
                "Failure to do this will result in the first value of the learning rate schedule "
                "being skipped.",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_IS_DEPRECATED, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._inside_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                values = self.get_lr()
            else:
                self.last_epoch = epoch
                closed = getattr(self, "_get_closed_form_lr", self.get_lr)
                values = closed()
        finally:
            self._inside_step = False
        self._write(values)

    def _write(self, values: list[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, values, strict=True):
            set_rate(group, rate)
        self._last_lr = self._rates()

    def _rates(self) -> list[Any]:
        """The rates now, of which tensors are copied."""
        rates = (group["lr"] for group in self.optimizer.param_groups)
        return [rate.clone() if isinstance(rate, Tensor) else rate for rate in rates]

    def _current(self) -> list[Any]:
        """The rates now, as numbers."""
        return [float(group["lr"]) for group in self.optimizer.param_groups]
