"""Automatic differentiation.

Example:
    >>> import portfire
    >>> x = portfire.tensor(2.0, requires_grad=True)
    >>> portfire.autograd.grad(x ** 3, x)
    (tensor(12.),)
"""

from __future__ import annotations

from typing import Any

from portfire.autograd import function, functional
from portfire.autograd._engine import backward, grad
from portfire.autograd._function import Function
from portfire.autograd._gradcheck import GradcheckError, gradcheck, gradgradcheck
from portfire.autograd._mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from portfire.autograd._node import RemovableHandle

__all__ = [
    "Function",
    "GradcheckError",
    "RemovableHandle",
    "Variable",
    "backward",
    "enable_grad",
    "function",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_grad_enabled",
]


def Variable(data: Any, requires_grad: bool = False) -> Any:
    """Return the tensor itself; the older spelling of ``requires_grad_``.

    Example:
        >>> import portfire
        >>> portfire.autograd.Variable(portfire.ones(1), requires_grad=True)
        tensor([1.], requires_grad=True)
    """
    made = data.detach()
    return made.requires_grad_(True) if requires_grad else made
