"""Transformations of functions: `grad`, `vjp`, `jacrev` and `hessian` return functions or values.

Example:
    >>> import portfire
    >>> portfire.func.grad(lambda x: (x * x).sum())(portfire.tensor([1.0, 2.0]))
    tensor([2., 4.])
"""

from __future__ import annotations

from portfire.func._transforms import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    vjp,
)

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "vjp",
]
