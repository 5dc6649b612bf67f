"""What almost every rule does first: turn the gradient around, add the weight decay, shrink."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.optim._optimizer import number

__all__ = ["directed", "shrunk", "terms"]


def terms(group: dict[str, Any]) -> dict[str, Any]:
    """Return the hyperparameters that optimizers share; what is zero is left out."""
    lr, decay = number(group["lr"]), number(group.get("weight_decay", 0))
    found: dict[str, Any] = {"lr": lr, "maximize": bool(group.get("maximize"))}
    if decay != 0 and group.get("decoupled_weight_decay"):
        found["shrink"] = 1.0 - lr * decay
    elif decay != 0:
        found["decay"] = decay
    return found


def directed(param: Tensor, grad: Tensor, hyper: dict[str, Any]) -> Tensor:
    """Return the gradient to go along: negated for a maximum, with the weight decay added."""
    if hyper["maximize"]:
        grad = -grad
    return grad + param * hyper["decay"] if "decay" in hyper else grad


def shrunk(param: Tensor, hyper: dict[str, Any]) -> Tensor:
    """Return the parameter after a decoupled weight decay."""
    return param * hyper["shrink"] if "shrink" in hyper else param
