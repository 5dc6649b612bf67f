"""Checks of options that several optimizers share."""

from __future__ import annotations

from typing import Any

from portfire import Tensor

__all__ = [
    "check_at_least",
    "check_betas",
    "check_lr",
    "check_not_negative",
    "check_one",
    "check_twins",
]


def check_one(lr: Any) -> None:
    """Raise ValueError for a learning rate that is a tensor of several numbers."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")


def check_lr(lr: Any) -> None:
    """Raise ValueError for a learning rate that is negative or not one number."""
    check_one(lr)
    if lr < 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_not_negative(value: Any, name: str) -> None:
    """Raise ValueError for a negative value: ``Invalid {name}: {value}``."""
    if not value >= 0.0:
        raise ValueError(f"Invalid {name}: {value}")


def check_at_least(least: float, value: Any, name: str) -> None:
    """Raise ValueError for a value below the least: ``{name} should be >= 0 but is: {value}``."""
    if not value >= least:
        raise ValueError(f"{name} should be >= {least:g} but is: {value}")


def check_betas(betas: tuple[Any, Any]) -> None:
    """Raise ValueError for decay rates outside ``[0, 1)``."""
    tensors = [isinstance(beta, Tensor) for beta in betas]
    if any(tensors) and not all(tensors):
        raise ValueError("betas must be either both floats or both Tensors")
    for i, beta in enumerate(betas):
        if isinstance(beta, Tensor) and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{i}] must be 1-element")
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def check_twins(foreach: bool | None, fused: bool | None, differentiable: bool = False) -> None:
    """Raise RuntimeError for options that exclude each other, though two change nothing here."""
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if foreach and fused:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
