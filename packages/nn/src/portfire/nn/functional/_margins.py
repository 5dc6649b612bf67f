"""Losses that ask for a margin: of one score over another, or of distances."""

from __future__ import annotations

from collections.abc import Callable

import portfire
from portfire import Tensor
from portfire._dispatch import apply, where
from portfire.nn._composites._activations import ACTIVATIONS
from portfire.nn.functional._distance import pairwise_distance
from portfire.nn.functional._reduction import (
    check_reduction,
    reduce_loss,
    reduction_from_flags,
)

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure distances of pairs that are alike, and what is missing to a margin for the others.

    .. math:: x \text{ where } y = 1, \quad \max(0, \Delta - x) \text{ where } y = -1

    Args:
        input: the distances ``x``.
        target: 1 or -1, ``y``.
        margin: :math:`\Delta`.
        size_average: old form of ``reduction``.
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
        >>> x, y = portfire.tensor([0.5, 0.25]), portfire.tensor([1, -1])
        >>> portfire.nn.functional.hinge_embedding_loss(x, y, reduction="none")
        tensor([0.5000, 0.7500])
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    missing = where(target != 1, (margin - input).clamp(min=0), 0)
    return reduce_loss(missing + where(target != -1, input, 0), reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure what is missing for one score to be above another: the mean of
    :math:`\max(0, -y (x_1 - x_2) + \Delta)`.

    Args:
        input1: the scores :math:`x_1`.
        input2: the scores :math:`x_2`.
        target: 1 where the first should be higher, -1 where the second should.
        margin: by how much, :math:`\Delta`.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input1, input2, target: ``(N,)`` or ``()``.
        - output: a number; that of the input without reduction.

    Returns:
        The loss.

    Raises:
        RuntimeError: for numbers of dimensions that differ.
        ValueError: for an unknown reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([2.0, 1.0])
        >>> portfire.nn.functional.margin_ranking_loss(x, y, portfire.tensor([1, 1]))
        tensor(0.5000)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduce_loss((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure scores of two classes: the mean of :math:`\log(1 + e^{-y x})`.

    Args:
        input: the scores ``x``.
        target: 1 or -1, ``y``.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: any, equal or to broadcast.
        - output: a number; that of the input without reduction.

    Returns:
        The loss; unlike in PyTorch it is finite for scores of any size.

    Raises:
        ValueError: for an unknown reduction.
        RuntimeError: for scores of integers.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.0, 2.0]), portfire.tensor([1, 1])
        >>> portfire.nn.functional.soft_margin_loss(x, y)
        tensor(0.4100)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    if not input.is_floating_point():
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {input.dtype.scalar_name}"
        )
    agreement = target.to(input.dtype) * input
    return reduce_loss(-apply(ACTIVATIONS["log_sigmoid"], (agreement,)), reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure by the cosine whether vectors are as alike as they should be.

    .. math:: 1 - \cos(x_1, x_2) \text{ where } y = 1, \quad
        \max(0, \cos(x_1, x_2) - \Delta) \text{ where } y = -1

    Args:
        input1: the vectors :math:`x_1`.
        input2: the vectors :math:`x_2`.
        target: 1 or -1, ``y``.
        margin: :math:`\Delta`.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input1, input2: ``(N, D)`` or ``(D,)``.
        - target: ``(N,)`` or ``()``.
        - output: a number; that of the target without reduction.

    Returns:
        The loss.

    Raises:
        RuntimeError: for shapes that do not fit.
        ValueError: for an unknown reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([[1.0, 0.0]]), portfire.tensor([[0.0, 1.0]])
        >>> portfire.nn.functional.cosine_embedding_loss(x, y, portfire.tensor([1]))
        tensor(1.)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    if target.ndim not in (0, 1):
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if not input1.ndim == input2.ndim == target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found "
            f"inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
    # torch keeps the lengths from zero here by this summand and not by a least length.
    tiny = 1e-12
    squares = [(x * x).sum(-1) + tiny for x in (input1, input2)]
    cosine = (input1 * input2).sum(-1) / (squares[0] * squares[1]).sqrt()
    zero = portfire.zeros_like(cosine)
    loss = where(target == 1, 1 - cosine, zero) + where(
        target == -1, (cosine - margin).clamp(min=0), zero
    )
    return reduce_loss(loss, reduction)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure what is missing for anchors to be nearer to one than to the other: the mean of
    :math:`\max(0, |a - p| - |a - n| + \Delta)`.

    Args:
        anchor: the vectors ``a``.
        positive: the vectors ``p`` that should be near.
        negative: the vectors ``n`` that should be far.
        margin: by how much, :math:`\Delta`.
        p: the order of the norm.
        eps: what is added to differences, see `pairwise_distance`.
        swap: whether the far one's distance from the near one counts, if that is less.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - anchor, positive, negative: ``(N, D)`` or ``(D,)``.
        - output: a number; ``(N,)`` or ``()`` without reduction.

    Returns:
        The loss.

    Raises:
        RuntimeError: for numbers of dimensions that differ.
        ValueError: for a margin that is not positive, or an unknown reduction.

    Note:
        Balntas and others, Learning shallow convolutional feature descriptors with triplet losses,
        2016.

    Example:
        >>> import portfire
        >>> a, p, n = portfire.tensor([[[0.0]], [[1.0]], [[3.0]]])
        >>> portfire.nn.functional.triplet_margin_loss(a, p, n, margin=3.0)
        tensor(1.)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return triplet_margin_with_distance_loss(
        anchor,
        positive,
        negative,
        distance_function=distance,
        margin=margin,
        swap=swap,
        reduction=reduction,
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure what is missing for anchors to be nearer to one than to the other, by a distance of
    your own.

    Args:
        anchor: the samples ``a``.
        positive: those that should be near.
        negative: those that should be far.
        distance_function: takes two batches; `pairwise_distance` by default.
        margin: by how much.
        swap: whether the far one's distance from the near one counts, if that is less.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - anchor, positive, negative: ``(N, *)``.
        - output: a number; what the distance returns without reduction.

    Returns:
        The loss.

    Raises:
        RuntimeError: for numbers of dimensions that differ.
        ValueError: for a margin that is not positive, or an unknown reduction.

    Example:
        >>> import portfire
        >>> a, p, n = portfire.tensor([[0.0], [1.0], [3.0]])
        >>> portfire.nn.functional.triplet_margin_with_distance_loss(
        ...     a, p, n, distance_function=lambda x, y: (x - y).abs(), margin=3.0
        ... )
        tensor(1.)
    """
    check_reduction(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative "
            f"{negative.ndim}D inputs"
        )
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = portfire.minimum(far, distance(positive, negative))
    return reduce_loss((near - far + margin).clamp(min=0), reduction)
