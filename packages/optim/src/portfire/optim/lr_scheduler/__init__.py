"""Schedules of learning rates.

Example:
    >>> import portfire
    >>> optimizer = portfire.optim.SGD([portfire.zeros(1, requires_grad=True)], lr=1.0)
    >>> scheduler = portfire.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for epoch in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    ...     print(scheduler.get_last_lr())
    [1.0]
    [0.5]
    [0.5]
"""

from portfire.optim.lr_scheduler._base import LRScheduler
from portfire.optim.lr_scheduler._compositions import ChainedScheduler, SequentialLR
from portfire.optim.lr_scheduler._cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from portfire.optim.lr_scheduler._cycles import CyclicLR, OneCycleLR
from portfire.optim.lr_scheduler._factors import (
    ConstantLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from portfire.optim.lr_scheduler._plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
