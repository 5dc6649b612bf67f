"""Cyclical rates (Smith, "Cyclical Learning Rates for Training Neural Networks", 2017) and one
cycle (Smith and Topin, "Super-Convergence", 2018).
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any, NamedTuple

from portfire.optim._optimizer import Optimizer
from portfire.optim.lr_scheduler._base import LRScheduler, checked_optimizer, per_group, set_rate

__all__ = ["CyclicLR", "OneCycleLR"]


def _momentum_key(optimizer: Optimizer) -> str:
    """Which option is the momentum; ValueError if there is none."""
    for name in ("betas", "momentum"):
        if name in optimizer.defaults:
            return name
    raise ValueError(
        "optimizer must support momentum or beta1 with `cycle_momentum` option enabled"
    )


def _set_momentum(group: dict[str, Any], key: str, value: float) -> None:
    group[key] = (value, *group["betas"][1:]) if key == "betas" else value


class CyclicLR(LRScheduler):
    """The rate goes up and down between two bounds, step by step.

    Args:
        optimizer: whose rates are adjusted.
        base_lr: lower bound; or a list, one per group.
        max_lr: upper bound; or a list.
        step_size_up: how many steps the way up takes.
        step_size_down: how many the way down takes; as many by default.
        mode: ``"triangular"``; ``"triangular2"`` halves the height after each cycle;
            ``"exp_range"`` shrinks it by ``gamma`` at each step.
        gamma: see ``mode``.
        scale_fn: a function for the height, instead of a mode.
        scale_mode: whether ``scale_fn`` takes the ``"cycle"`` or the ``"iterations"`` so far.
        cycle_momentum: whether momentum (or the first beta) goes the other way.
        base_momentum: its lower bound; or a list.
        max_momentum: its upper bound; or a list.
        last_epoch: the step to go on from; -1 begins anew.

    Raises:
        ValueError: for an unknown mode without a ``scale_fn``, or momentum that is not there.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], 0.1, 0.9)
        >>> scheduler = portfire.optim.lr_scheduler.CyclicLR(optimizer, 1.0, 3.0, step_size_up=2)
        >>> optimizer.step(); scheduler.step(); scheduler.get_last_lr()
        [2.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer(optimizer)
        lowest = per_group("base_lr", base_lr, optimizer)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, lowest, strict=True):
                set_rate(group, rate)
        self.max_lrs = per_group("max_lr", max_lr, optimizer)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        self.total_size, self.step_ratio = up + down, up / (up + down)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode, self.gamma = mode, gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._key = _momentum_key(optimizer)
            self.base_momentums = per_group("base_momentum", base_momentum, optimizer)
            self.max_momentums = per_group("max_momentum", max_momentum, optimizer)
            bounds = zip(
                optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True
            )
            for group, low, high in bounds:
                _set_momentum(group, self._key, high)
                group["base_momentum"], group["max_momentum"] = low, high
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> float:
        """Return the height of a cycle as a share of the first one's."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return float(1 / 2.0 ** (x - 1))
        return float(self.gamma**x) if self.mode == "exp_range" else 1.0

    def get_lr(self) -> list[Any]:
        """Return the rates of the step, and set the momenta."""
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        place = 1.0 + self.last_epoch / self.total_size - cycle
        ratio = self.step_ratio
        way = place / ratio if place <= ratio else (place - 1) / (ratio - 1)
        height = way * self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.base_momentums, self.max_momentums, strict=True)
            for group, (low, high) in zip(self.optimizer.param_groups, bounds, strict=True):
                _set_momentum(group, self._key, high - (high - low) * height)
        bounds = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * height for low, high in bounds]

    def state_dict(self) -> dict[str, Any]:
        """Return the state; of an own scale function, the attributes of a callable object only."""
        state = super().state_dict()
        function = state.pop("_scale_fn_custom")
        is_plain = function is None or isinstance(function, types.FunctionType)
        state["_scale_fn_custom"] = None if is_plain else dict(function.__dict__)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state; the scale function is the one that this scheduler was made with."""
        state = dict(state_dict)
        kept = state.pop("_scale_fn_custom")
        if kept is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(kept)
        super().load_state_dict(state)


class _Phase(NamedTuple):
    """A part of the cycle: its last step, and the options at its two ends."""

    end_step: float
    start_lr: str
    end_lr: str
    start_momentum: str
    end_momentum: str


class OneCycleLR(LRScheduler):
    """The rate rises to a maximum once, and then falls far below where it began.

    Args:
        optimizer: whose rates are adjusted.
        max_lr: the maximum; or a list, one per group.
        total_steps: how many steps there are; or give the next two.
        epochs: how many epochs there are.
        steps_per_epoch: how many steps an epoch has.
        pct_start: the share of the steps in which the rate rises.
        anneal_strategy: the curve, ``"cos"`` or ``"linear"``.
        cycle_momentum: whether momentum (or the first beta) goes the other way.
        base_momentum: its lower bound; or a list.
        max_momentum: its upper bound; or a list.
        div_factor: the first rate is the maximum over this.
        final_div_factor: the last rate is the first one over this.
        three_phase: whether the rate falls to where it began as fast as it rose, and then further.
        last_epoch: the step to go on from; -1 begins anew.

    Raises:
        ValueError: for an option outside its range, for momentum that is not there, and for a step
            after the last one.

    Example:
        >>> import portfire
        >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], 0.1, 0.9)
        >>> scheduler = portfire.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=10)
        >>> [round(rate, 6) for rate in scheduler.get_last_lr()]
        [0.04]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = checked_optimizer(optimizer)
        self.total_steps = _count_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._strategy = anneal_strategy
        self._phases = _phases(pct_start * self.total_steps, self.total_steps, three_phase)
        highest = per_group("max_lr", max_lr, optimizer)
        if last_epoch == -1:
            for group, rate in zip(optimizer.param_groups, highest, strict=True):
                group["initial_lr"] = rate / div_factor
                group["max_lr"] = rate
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._key = _momentum_key(optimizer)
            lows = per_group("base_momentum", base_momentum, optimizer)
            highs = per_group("max_momentum", max_momentum, optimizer)
            if last_epoch == -1:
                for group, low, high in zip(optimizer.param_groups, lows, highs, strict=True):
                    _set_momentum(group, self._key, high)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, way: float) -> float:
        """A value on the way from one to another."""
        if self._strategy == "linear":
            return (end - start) * way + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * way) + 1)

    def get_lr(self) -> list[Any]:
        """Return the rates of the step, and set the momenta."""
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        start = 0.0
        for phase in self._phases[:-1]:
            if step <= phase.end_step:
                break
            start = phase.end_step
        else:
            phase = self._phases[-1]
        way = (step - start) / (phase.end_step - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._between(group[phase.start_lr], group[phase.end_lr], way))
            if self.cycle_momentum:
                ends = group[phase.start_momentum], group[phase.end_momentum]
                _set_momentum(group, self._key, self._between(*ends, way))
        return rates


def _phases(rise: float, total: int, three_phase: bool) -> list[_Phase]:
    first = _Phase(rise - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum")
    if not three_phase:
        return [first, _Phase(total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum")]
    return [
        first,
        _Phase(2 * rise - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
        _Phase(total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
    ]


def _count_steps(total: int | None, epochs: int | None, per_epoch: int | None) -> int:
    given = {"total_steps": total, "epochs": epochs, "steps_per_epoch": per_epoch}
    if total is not None:
        given = {"total_steps": total}
    elif epochs is None or per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    else:
        del given["total_steps"]
    for name, value in given.items():
        if not isinstance(value, int) or value <= 0:
            raise ValueError(f"Expected positive integer {name}, but got {value}")
    return math.prod(value for value in given.values() if value is not None)
