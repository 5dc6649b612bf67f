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

from portfire.optim import lr_scheduler, swa_utils
from portfire.optim._optimizer import Optimizer
from portfire.optim.adadelta import Adadelta
from portfire.optim.adafactor import Adafactor
from portfire.optim.adagrad import Adagrad
from portfire.optim.adam import Adam
from portfire.optim.adamax import Adamax
from portfire.optim.adamw import AdamW
from portfire.optim.asgd import ASGD
from portfire.optim.lbfgs import LBFGS
from portfire.optim.muon import Muon
from portfire.optim.nadam import NAdam
from portfire.optim.radam import RAdam
from portfire.optim.rmsprop import RMSprop
from portfire.optim.rprop import Rprop
from portfire.optim.sgd import SGD

__version__ = "0.1.0"

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]
