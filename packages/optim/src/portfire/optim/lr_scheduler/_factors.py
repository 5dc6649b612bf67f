"""Schedules that multiply the rates by factors of the epoch."""

from __future__ import annotations

import types
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from portfire.optim._optimizer import Optimizer
from portfire.optim.lr_scheduler._base import LRScheduler, checked_optimizer

__all__ = [
    "ConstantLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "PolynomialLR",
    "StepLR",
]

Factor = Callable[[int], float]


class _ByFunctions(LRScheduler):
    """Schedules with a function of the epoch for each group."""

    lr_lambdas: list[Factor]

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int = -1
    ) -> None:
        self.optimizer = checked_optimizer(optimizer)
        count = len(optimizer.param_groups)
        if isinstance(lr_lambda, list | tuple):
            if len(lr_lambda) != count:
                raise ValueError(f"Expected {count} lr_lambdas, but got {len(lr_lambda)}")
            self.lr_lambdas = list(lr_lambda)
        else:
            self.lr_lambdas = [lr_lambda] * count
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """Return the state; of the functions, the attributes of callable objects only."""
        state = {key: value for key, value in super().state_dict().items() if key != "lr_lambdas"}
        state["lr_lambdas"] = [
            None if isinstance(function, types.FunctionType) else dict(function.__dict__)
            for function in self.lr_lambdas
        ]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state; the functions are those that this scheduler was made with."""
        state = dict(state_dict)
        for function, kept in zip(self.lr_lambdas, state.pop("lr_lambdas"), strict=True):
            if kept is not None:
                function.__dict__.update(kept)
        self.__dict__.update(state)


class LambdaLR(_ByFunctions):
    """The initial rate times a function of the epoch.

    Args:
        optimizer: whose rates are adjusted.
        lr_lambda: takes the epoch and returns a factor; or a list of them, one per group.
        last_epoch: the epoch to go on from; -1 begins anew.

    Raises:
        ValueError: for a list of another length than there are groups.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.5**epoch)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.5]
    """

    def get_lr(self) -> list[Any]:
        """Return the rates of the epoch."""
        self._warn_outside_step()
        pairs = zip(self.lr_lambdas, self.base_lrs, strict=True)
        return [base * function(self.last_epoch) for function, base in pairs]


class MultiplicativeLR(_ByFunctions):
    """The rate before times a function of the epoch; the arguments are those of `LambdaLR`.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.9)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.9]
    """

    def get_lr(self) -> list[Any]:
        """Return the rates of the epoch."""
        self._warn_outside_step()
        rates = self._current()
        if self.last_epoch <= 0:
            return rates
        pairs = zip(self.lr_lambdas, rates, strict=True)
        return [rate * function(self.last_epoch) for function, rate in pairs]


class _ByFactor(LRScheduler):
    """Schedules whose rate is the one before times a factor that is the same for all groups."""

    def _factor(self) -> float:
        """The factor of the epoch ``last_epoch``."""
        raise NotImplementedError

    def _share(self) -> float:
        """The factor of the epoch by which the initial rate is multiplied."""
        raise NotImplementedError

    def get_lr(self) -> list[Any]:
        """Return the rates of the epoch."""
        self._warn_outside_step()
        factor = self._factor()
        return [rate * factor for rate in self._current()]

    def _get_closed_form_lr(self) -> list[Any]:
        share = self._share()
        return [base * share for base in self.base_lrs]


class StepLR(_ByFactor):
    """The rate times ``gamma`` every ``step_size`` epochs.

    Args:
        optimizer: whose rates are adjusted.
        step_size: how many epochs a rate lasts.
        gamma: the factor.
        last_epoch: the epoch to go on from; -1 begins anew.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        turns = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return self.gamma if turns else 1.0

    def _share(self) -> float:
        return float(self.gamma ** (self.last_epoch // self.step_size))


class MultiStepLR(_ByFactor):
    """The rate times ``gamma`` at each milestone.

    Args:
        optimizer: whose rates are adjusted.
        milestones: epochs, in ascending order.
        gamma: the factor.
        last_epoch: the epoch to go on from; -1 begins anew.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.MultiStepLR(optimizer, [1, 3], gamma=0.5)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        return float(self.gamma ** self.milestones[self.last_epoch])

    def _share(self) -> float:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return float(self.gamma**passed)


class ConstantLR(_ByFactor):
    """The rate times ``factor`` until ``total_iters`` epochs have passed.

    Args:
        optimizer: whose rates are adjusted.
        factor: from 0 to 1.
        total_iters: how many epochs the factor lasts.
        last_epoch: the epoch to go on from; -1 begins anew.

    Raises:
        ValueError: for a factor outside its range.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.ConstantLR(optimizer, factor=0.5)
        >>> scheduler.get_last_lr()
        [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 <= factor <= 1:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        if self.last_epoch == 0:
            return self.factor
        return 1.0 / self.factor if self.last_epoch == self.total_iters else 1.0

    def _share(self) -> float:
        return 1.0 if self.last_epoch >= self.total_iters else self.factor


class LinearLR(_ByFactor):
    """The rate times a factor that goes in a line from one number to another.

    Args:
        optimizer: whose rates are adjusted.
        start_factor: the factor at the beginning, above 0 and up to 1.
        end_factor: the factor in the end, from 0 to 1.
        total_iters: after how many epochs it is reached.
        last_epoch: the epoch to go on from; -1 begins anew.

    Raises:
        ValueError: for a factor outside its range.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.LinearLR(optimizer, 0.5, total_iters=2)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1:
            raise ValueError(
                "Starting multiplicative factor expected to be greater than 0 and less or equal "
                "to 1."
            )
        if not 0 <= end_factor <= 1:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        if self.last_epoch == 0:
            return self.start_factor
        if self.last_epoch > self.total_iters:
            return 1.0
        rise = self.end_factor - self.start_factor
        return 1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)

    def _share(self) -> float:
        way = min(self.total_iters, self.last_epoch) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * way


class ExponentialLR(_ByFactor):
    """The rate times ``gamma`` at each epoch.

    Args:
        optimizer: whose rates are adjusted.
        gamma: the factor.
        last_epoch: the epoch to go on from; -1 begins anew.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.5)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        return 1.0 if self.last_epoch == 0 else self.gamma

    def _share(self) -> float:
        return float(self.gamma**self.last_epoch)


class PolynomialLR(_ByFactor):
    """The rate times a power of what is left of ``total_iters`` epochs.

    Args:
        optimizer: whose rates are adjusted.
        total_iters: after how many epochs the rate is 0.
        power: the exponent.
        last_epoch: the epoch to go on from; -1 begins anew.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
        >>> scheduler = portfire.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=4)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def _factor(self) -> float:
        epoch, total = self.last_epoch, self.total_iters
        if epoch == 0 or epoch > total:
            return 1.0
        return float(((1.0 - epoch / total) / (1.0 - (epoch - 1) / total)) ** self.power)

    def _share(self) -> float:
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return float(left**self.power)
