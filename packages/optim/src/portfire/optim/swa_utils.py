"""Averages of weights along a training: stochastic weight averaging, exponential averages.

`AveragedModel` is a module, so it comes with portfire-nn and is found when it is first asked for.

Example:
    >>> import portfire
    >>> from portfire.optim import swa_utils
    >>> model = portfire.nn.Linear(2, 1)
    >>> average = swa_utils.AveragedModel(model, multi_avg_fn=swa_utils.get_ema_multi_avg_fn(0.9))
    >>> average.update_parameters(model)
    >>> average.n_averaged
    tensor(1)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import portfire
from portfire import Tensor
from portfire.optim.lr_scheduler._averaging import SWALR

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

AverageOne = Callable[[Tensor, Tensor, Any], Tensor]
AverageMany = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]

AveragedModel: Any  # found when it is asked for, see `__getattr__`


def __getattr__(name: str) -> Any:
    if name == "AveragedModel":
        return portfire.nn.utils.averaging.AveragedModel
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get_ema_avg_fn(decay: float = 0.999) -> AverageOne:
    """Return a function for `AveragedModel` that takes exponential moving averages.

    Args:
        decay: what share of the average stays at each update.

    Raises:
        ValueError: for a share outside ``[0, 1]``.

    Example:
        >>> import portfire
        >>> average = portfire.optim.swa_utils.get_ema_avg_fn(0.75)
        >>> average(portfire.tensor([1.0]), portfire.tensor([5.0]), 3)
        tensor([2.])
    """
    _check_decay(decay)

    def average(old: Tensor, new: Tensor, count: Any) -> Tensor:
        result: Tensor = decay * old + (1 - decay) * new
        return result

    return average


def get_swa_avg_fn() -> AverageOne:
    """Return a function for `AveragedModel` that takes equal averages.

    Example:
        >>> import portfire
        >>> average = portfire.optim.swa_utils.get_swa_avg_fn()
        >>> average(portfire.tensor([1.0]), portfire.tensor([5.0]), 3)
        tensor([2.])
    """

    def average(old: Tensor, new: Tensor, count: Any) -> Tensor:
        result: Tensor = old + (new - old) / (count + 1)
        return result

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> AverageMany:
    """Return a function for `AveragedModel` that updates exponential averages of all parameters.

    Args:
        decay: what share of the average stays at each update.

    Raises:
        ValueError: for a share outside ``[0, 1]``.

    Example:
        >>> import portfire
        >>> old = [portfire.tensor([1.0])]
        >>> average = portfire.optim.swa_utils.get_ema_multi_avg_fn(0.75)
        >>> average(old, [portfire.tensor([5.0])], 3)
        >>> old
        [tensor([2.])]
    """
    return _for_all(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> AverageMany:
    """Return a function for `AveragedModel` that updates equal averages of all parameters.

    Example:
        >>> import portfire
        >>> old = [portfire.tensor([1.0])]
        >>> average = portfire.optim.swa_utils.get_swa_multi_avg_fn()
        >>> average(old, [portfire.tensor([5.0])], 3)
        >>> old
        [tensor([2.])]
    """
    return _for_all(get_swa_avg_fn())


def update_bn(loader: Iterable[Any], model: Any, device: Any = None) -> None:
    """Compute the running statistics of a model's batch normalizations anew, over a data set.

    Args:
        loader: gives batches; of a list or tuple the first part is the input.
        model: whose statistics are computed, in train mode; its mode is restored.
        device: where inputs are moved to.

    Example:
        >>> import portfire
        >>> model = portfire.nn.BatchNorm1d(1)
        >>> portfire.optim.swa_utils.update_bn([portfire.tensor([[1.0], [3.0]])], model)
        >>> model.running_mean
        tensor([2.])
    """
    kind = portfire.nn.modules.batchnorm._BatchNorm
    momenta = {}
    for module in model.modules():
        if isinstance(module, kind):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    training = model.training
    model.train()
    for module in momenta:
        module.momentum = None  # equal weights for all batches
    with portfire.no_grad():
        for batch in loader:
            x = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(x if device is None else x.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(training)


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def _for_all(average: AverageOne) -> AverageMany:
    def update(olds: Sequence[Tensor], news: Sequence[Tensor], count: Any) -> None:
        with portfire.no_grad():
            for old, new in zip(olds, news, strict=True):
                old.copy_(average(old, new, count))

    return update
