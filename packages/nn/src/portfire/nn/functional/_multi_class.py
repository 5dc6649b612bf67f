"""Margins between the scores of many classes, of which one or several are right."""

from __future__ import annotations

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

__all__ = ["multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss"]


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure what is missing for the right class to be above the others: the mean of
    :math:`\sum_{i \ne y} \max(0, \Delta - x_y + x_i)^p / C`.

    Args:
        input: the scores ``x``.
        target: the classes ``y``.
        p: the exponent, 1 or 2.
        margin: by how much, :math:`\Delta`.
        weight: a factor for each class.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input: ``(N, C)`` or ``(C,)``.
        - target: ``(N,)`` or ``()``.
        - output: a number; that of the target without reduction.

    Returns:
        The loss.

    Raises:
        ValueError: for another exponent, or an unknown reduction.
        RuntimeError: for shapes or dtypes that do not fit, or a target that is no class.

    Note:
        The check of the targets waits for them to be computed.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[0.1, 0.2, 0.4, 0.8]])
        >>> portfire.nn.functional.multi_margin_loss(x, portfire.tensor([3]))
        tensor(0.3250)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    _check_scores(input)
    rows = input.reshape(-1, input.shape[-1]) if input.ndim < 2 else input
    if target.ndim > 1 or target.numel() != rows.shape[0]:
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{rows.shape[0]}], but got "
            f"{list(target.shape)}. Input has shape {list(input.shape)}."
        )
    classes = rows.shape[1]
    if weight is not None and weight.numel() != classes:
        raise RuntimeError(
            f"inconsistent weight size, expected {classes} but got {list(weight.shape)}"
        )
    _check_long(target)
    if bool(((target < 0) | (target >= classes)).any()):
        raise RuntimeError("target out of range")
    label = target.reshape(-1, 1)
    right = label == portfire.arange(classes, device=input.device)
    own = where(right, rows, 0.0).sum(1, keepdim=True)
    missing = (margin - own + rows).clamp(min=0)
    if p == 2:
        missing = missing * missing
    if weight is not None:
        missing = missing * weight.reshape(-1)[label]
    loss = where(right, 0.0, missing).sum(1) / classes
    return reduce_loss(loss.reshape(target.shape if input.ndim > 1 else ()), reduction)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure what is missing for each right class to be above each wrong one: the mean of
    :math:`\sum_{j \in y, i \notin y} \max(0, 1 - x_j + x_i) / C`.

    Args:
        input: the scores ``x``.
        target: the right classes ``y`` of each sample, up to the first -1.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: ``(N, C)`` or ``(C,)``.
        - output: a number; ``(N,)`` or ``()`` without reduction.

    Returns:
        The loss.

    Raises:
        ValueError: for an unknown reduction.
        RuntimeError: for shapes or dtypes that do not fit, or a target that is no class.

    Note:
        The check of the targets waits for them to be computed.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([0.1, 0.2, 0.4, 0.8])
        >>> portfire.nn.functional.multilabel_margin_loss(x, portfire.tensor([3, 0, -1, 1]))
        tensor(0.8500)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    _check_scores(input)
    if target.shape != input.shape:
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    _check_long(target)
    classes = input.shape[-1] if input.ndim else 1
    if bool(((target < -1) | (target >= classes)).any()):
        raise RuntimeError("argument #2 'target' is out of range")
    rows, labels = input.reshape(-1, classes), target.reshape(-1, classes)
    valid = (labels < 0).cumsum(1) == 0
    known = where(valid, labels, 0)
    # Axes: sample, position of the label, class.
    hits = (known.unsqueeze(2) == portfire.arange(classes, device=input.device)) & valid.unsqueeze(
        2
    )
    own = portfire.gather(rows, 1, known).unsqueeze(2)
    counts = valid.unsqueeze(2) & ~hits.any(1, keepdim=True)
    missing = where(counts, (1.0 - own + rows.unsqueeze(1)).clamp(min=0), 0.0)
    loss = missing.sum((1, 2)) / classes
    return reduce_loss(loss if input.ndim > 1 else loss.reshape(()), reduction)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure scores of classes of which several may be right: the mean over the classes of
    :math:`-(y \log \sigma(x) + (1 - y) \log \sigma(-x))`.

    Args:
        input: the scores ``x``.
        target: 1 for a right class, 0 for a wrong one, ``y``.
        weight: a factor for each class.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``, over the samples.

    Shape:
        - input, target: ``(*, C)``.
        - output: a number; that of the input without the last dimension without reduction.

    Returns:
        The loss.

    Raises:
        ValueError: for an unknown reduction.
        NotImplementedError: for scores of integers.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([[0.0, 2.0]]), portfire.tensor([[0.0, 1.0]])
        >>> portfire.nn.functional.multilabel_soft_margin_loss(x, y)
        tensor(0.4100)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    if not input.is_floating_point():
        raise not_implemented("log_sigmoid_cpu", input.dtype)
    yes = apply(ACTIVATIONS["log_sigmoid"], (input,))
    no = apply(ACTIVATIONS["log_sigmoid"], (-input,))
    loss = -(target * yes + (1 - target) * no)
    if weight is not None:
        loss = loss * weight
    loss = loss.sum(-1) / input.shape[-1] if input.shape[-1] else loss.sum(-1)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not valid")
    return reduce_loss(loss, reduction)


def _check_scores(input: Tensor) -> None:
    if input.ndim > 2 or 0 in input.shape[-1:]:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )


def _check_long(target: Tensor) -> None:
    if target.dtype is not portfire.int64:
        raise RuntimeError(f"expected scalar type Long but found {target.dtype.scalar_name}")
