"""`AveragedModel`: a module whose parameters are averages of another's."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn.modules.module import Module

__all__ = ["AveragedModel"]


class AveragedModel(Module):
    """A copy of a model that keeps averages of its parameters; ``optim.swa_utils`` offers it too.

    Args:
        model: the model, which is copied.
        device: where the copy is kept.
        avg_fn: computes a new average from the old one, the parameter, and how many it averages;
            the default takes equal averages.
        multi_avg_fn: updates a list of averages in place instead, from the same three.
        use_buffers: whether buffers are averaged too; otherwise they are copied.

    Attributes:
        module: the copy.
        n_averaged: how often it was updated.

    Raises:
        AssertionError: for both functions.

    Example:
        >>> import portfire
        >>> model = portfire.nn.Linear(1, 1)
        >>> average = portfire.nn.utils.averaging.AveragedModel(model)
        >>> for value in (1.0, 2.0, 6.0):
        ...     _ = portfire.nn.init.constant_(model.weight, value)
        ...     average.update_parameters(model)
        >>> average.module.weight.item()
        3.0
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[[Tensor, Tensor, Any], Tensor] | None = None,
        multi_avg_fn: Callable[[Sequence[Tensor], Sequence[Tensor], Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        count = portfire.tensor(0, dtype=portfire.long, device=device)
        self.register_buffer("n_averaged", count)
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the copy."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters of a model into the averages.

        Args:
            model: of the same structure as the one that was copied.

        Example:
            >>> import portfire
            >>> model = portfire.nn.Linear(1, 1)
            >>> average = portfire.nn.utils.averaging.AveragedModel(model)
            >>> average.update_parameters(model)
            >>> average.n_averaged
            tensor(1)
        """
        olds, sources = self._averaged(self.module), self._averaged(model)
        with portfire.no_grad():
            news = [new.to(old.device) for old, new in zip(olds, sources, strict=True)]
            count = int(self.n_averaged.item())
            if count and self.multi_avg_fn is not None:
                self.multi_avg_fn(olds, news, count)
            else:
                for old, new in zip(olds, news, strict=True):
                    old.copy_(self._mean(old, new, count) if count else new)
            if not self.use_buffers:
                for old, new in zip(self.module.buffers(), model.buffers(), strict=True):
                    old.copy_(new)
            self.n_averaged += 1

    def _averaged(self, model: Module) -> list[Tensor]:
        buffers = model.buffers() if self.use_buffers else ()
        return [tensor.detach() for tensor in itertools.chain(model.parameters(), buffers)]

    def _mean(self, old: Tensor, new: Tensor, count: int) -> Tensor:
        if self.avg_fn is not None:
            return self.avg_fn(old, new, count)
        mean: Tensor = old + (new - old) / (count + 1)
        return mean
