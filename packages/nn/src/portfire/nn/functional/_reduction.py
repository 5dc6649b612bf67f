"""What losses do with their elements."""

from __future__ import annotations

import warnings

from portfire import Tensor

__all__ = ["check_reduction", "reduce_loss", "reduction_from_flags"]

_REDUCTIONS = ("none", "mean", "sum")


def reduction_from_flags(
    size_average: bool | None, reduce: bool | None, reduction: str = "mean"
) -> str:
    """Return the reduction that two flags of old code mean, with a warning."""
    if size_average is None and reduce is None:
        return reduction
    if reduce is False:
        meant = "none"
    else:
        meant = "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.",
        stacklevel=4,
    )
    return meant


def check_reduction(reduction: str) -> None:
    """Raise ValueError for a word that names no reduction."""
    if reduction not in _REDUCTIONS:
        raise ValueError(f"{reduction} is not a valid value for reduction")


def reduce_loss(loss: Tensor, reduction: str) -> Tensor:
    """Return the losses as they are, their sum or their mean."""
    check_reduction(reduction)
    if reduction == "none":
        return loss
    return loss.sum() if reduction == "sum" else loss.mean()
