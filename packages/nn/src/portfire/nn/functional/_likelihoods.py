"""Losses that are negative log-likelihoods of numbers."""

from __future__ import annotations

import math
import warnings

import portfire
from portfire import Tensor
from portfire._dispatch import apply, where
from portfire.nn._composites._activations import ACTIVATIONS
from portfire.nn._names import not_implemented
from portfire.nn.functional._reduction import (
    check_reduction,
    reduce_loss,
    reduction_from_flags,
)

__all__ = [
    "binary_cross_entropy_with_logits",
    "gaussian_nll_loss",
    "kl_div",
    "poisson_nll_loss",
]


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    r"""Measure the cross entropy of scores of yes-or-no answers: the mean of
    :math:`-(y \log \sigma(x) + (1 - y) \log(1 - \sigma(x)))`.

    Args:
        input: the scores (logits) ``x``.
        target: the answers ``y``, between 0 and 1.
        weight: a factor for each element, of a shape to broadcast.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        pos_weight: a factor for the answers yes, of a shape to broadcast.

    Shape:
        - input, target: any, equal.
        - output: a number; that of the input without reduction.

    Returns:
        The loss.

    Raises:
        ValueError: for shapes that differ, or an unknown reduction.
        RuntimeError: for answers of integers.
        NotImplementedError: for scores of integers.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.0, 2.0]), portfire.tensor([0.0, 1.0])
        >>> portfire.nn.functional.binary_cross_entropy_with_logits(x, y)
        tensor(0.4100)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    if target.shape != input.shape:
        raise ValueError(
            f"Target size ({target.shape}) must be the same as input size ({input.shape})"
        )
    if not input.is_floating_point():
        raise not_implemented("log_sigmoid_cpu", input.dtype)
    if not target.is_floating_point():
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {target.dtype.scalar_name}"
        )
    logs = apply(ACTIVATIONS["log_sigmoid"], (input,))
    if pos_weight is not None:
        logs = logs * ((pos_weight - 1) * target + 1)
    loss = (1 - target) * input - logs
    return reduce_loss(loss if weight is None else loss * weight, reduction)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    r"""Measure how far one distribution is from another: the mean of
    :math:`y (\log y - x)`, where ``x`` are log-probabilities.

    Args:
        input: the log-probabilities ``x``.
        target: the probabilities ``y``, or their logarithms.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"batchmean"`` (the sum over the batch size), ``"mean"``, ``"sum"`` or
            ``"none"``.
        log_target: whether the target is logarithms.

    Shape:
        - input, target: ``(N, *)``, equal or to broadcast.
        - output: a number; that of the input without reduction.

    Returns:
        The loss.

    Raises:
        ValueError: for an unknown reduction.
        RuntimeError: for shapes that do not broadcast, or integers.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([[0.5, 0.5]]).log(), portfire.tensor([[1.0, 0.0]])
        >>> portfire.nn.functional.kl_div(x, y, reduction="batchmean")
        tensor(0.6931)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next major "
            "release.",
            stacklevel=2,
        )
    whole = "sum" if reduction == "batchmean" else reduction
    check_reduction(whole)
    if not (input.is_floating_point() and target.is_floating_point()):
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if log_target:
        loss = target.exp() * (target - input)
    else:
        loss = _times_log(target) - target * input
    total = reduce_loss(loss, whole)
    return total / input.shape[0] if reduction == "batchmean" and input.ndim else total


def _times_log(x: Tensor) -> Tensor:
    """X log x, which is 0 at 0, with a gradient there."""
    return x * where(x == 0, 1.0, x).log()


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how improbable counts are by their expectations: the mean of
    :math:`e^x - y x`, or :math:`x - y \log x`.

    Args:
        input: the expectations ``x``, or their logarithms.
        target: the counts ``y``.
        log_input: whether the input is logarithms.
        full: whether to add Stirling's formula for :math:`\log y!` where ``y`` is above 1.
        size_average: old form of ``reduction``.
        eps: what keeps the logarithm from zero.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: any, equal or to broadcast.
        - output: a number; that of the input without reduction.

    Returns:
        The loss.

    Raises:
        ValueError: for an unknown reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.0, 1.0]), portfire.tensor([1.0, 2.0])
        >>> portfire.nn.functional.poisson_nll_loss(x, y)
        tensor(0.8591)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    if log_input:
        loss = input.exp() - target * input
    else:
        loss = input - target * (input + eps).log()
    if full:
        large = where(target > 1, target, 1.0)
        formula = large * large.log() - large + 0.5 * (2 * math.pi * large).log()
        loss = loss + where(target > 1, formula, 0.0)
    return reduce_loss(loss, reduction)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how improbable numbers are by their expectations and variances: the mean of
    :math:`\frac12 (\log v + \frac{(x - y)^2}{v})`.

    Args:
        input: the expectations ``x``.
        target: the numbers ``y``.
        var: the variances ``v``: of each element, or one for the last dimension, or a number.
        full: whether to add the constant :math:`\frac12 \log 2 \pi`.
        eps: the least variance.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input: any.
        - target: that of the input.
        - var: that of the input, without the last dimension or with size 1 there.
        - output: a number; that of the input without reduction.

    Returns:
        The loss.

    Raises:
        ValueError: for variances of another shape, or negative ones, or an unknown reduction.

    Note:
        The check of the values waits for them to be computed. Nix and Weigend, Estimating the mean
        and variance of the target probability distribution, 1994.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.0, 1.0]), portfire.tensor([1.0, 1.0])
        >>> portfire.nn.functional.gaussian_nll_loss(x, y, 1.0)
        tensor(0.2500)
    """
    if isinstance(var, (int, float)):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = portfire.full_like(input, float(var))
    elif var.shape != input.shape:
        if input.ndim and input.shape[:-1] == var.shape:
            var = var.unsqueeze(-1)
        elif not (var.ndim and input.shape[:-1] == var.shape[:-1] and var.shape[-1] == 1):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    if bool((var < 0).any()):
        raise ValueError("var has negative entry/entries")
    # The least variance takes no part in the gradient: that of small ones is of what was given.
    variance = var + (var.detach().clamp(min=eps) - var.detach())
    loss = 0.5 * (variance.log() + (input - target).square() / variance)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return reduce_loss(loss, reduction)
