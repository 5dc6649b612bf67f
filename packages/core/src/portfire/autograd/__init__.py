"""Automatic differentiation.

Example:
    >>> import portfire
    >>> x = portfire.tensor(2.0, requires_grad=True)
    >>> portfire.autograd.grad(x ** 3, x)
    (tensor(12.),)
"""

from __future__ import annotations

from typing import Any

from portfire import _tensor
from portfire.autograd import anomaly_mode, function, functional, grad_mode, graph
from portfire.autograd._engine import backward, grad
from portfire.autograd._function import Function
from portfire.autograd._gradcheck import GradcheckError, gradcheck, gradgradcheck
from portfire.autograd._mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from portfire.autograd._node import Node, RemovableHandle
from portfire.autograd.anomaly_mode import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)
from portfire.autograd.grad_mode import set_multithreading_enabled

__all__ = [
    "Function",
    "GradcheckError",
    "Node",
    "RemovableHandle",
    "Variable",
    "anomaly_mode",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
]


class _Tensors(type):
    """All tensors are instances of a class of this class."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _tensor.Tensor)


class Variable(metaclass=_Tensors):
    """The older name of a tensor: makes one of the same elements that may require grad.

    Example:
        >>> import portfire
        >>> x = portfire.autograd.Variable(portfire.ones(1), requires_grad=True)
        >>> x, isinstance(x, portfire.autograd.Variable)
        (tensor([1.], requires_grad=True), True)
    """

    def __new__(cls, data: Any, requires_grad: bool = False) -> Any:
        """Make a leaf that shares the memory of a tensor."""
        made = data.detach()
        return made.requires_grad_(True) if requires_grad else made
