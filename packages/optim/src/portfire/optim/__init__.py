"""Optimizers: they change parameters along their gradients.

Example:
    >>> import portfire
    >>> w = portfire.tensor([1.0], requires_grad=True)
    >>> optimizer = portfire.optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8000], requires_grad=True)
"""

from portfire.optim import lr_scheduler
from portfire.optim._optimizer import Optimizer
from portfire.optim.adam import Adam
from portfire.optim.adamw import AdamW
from portfire.optim.sgd import SGD

__version__ = "0.1.0"

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]
