"""Losses of numbers against numbers."""

from __future__ import annotations

import warnings

from portfire import Tensor, promote_types
from portfire._dispatch import apply, broadcast_shapes, where
from portfire.nn._composites._losses import BINARY_CROSS_ENTROPY, MSE_LOSS
from portfire.nn._names import not_implemented
from portfire.nn.functional._reduction import check_reduction, reduce_loss, reduction_from_flags

__all__ = ["binary_cross_entropy", "huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Measure the mean squared difference: :math:`(x - y)^2`, averaged.

    Args:
        input: the tensor ``x``.
        target: the tensor ``y``.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: a factor for each element.

    Shape:
        - input, target: any, equal (or broadcast, with a warning).
        - output: a number; that of the input without reduction.

    Returns:
        The loss.

    Raises:
        RuntimeError: for shapes that do not fit.
        ValueError: for an unknown reduction, or a weight of another size.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([2.0, 4.0])
        >>> portfire.nn.functional.mse_loss(x, y)
        tensor(2.5000)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    x, y = _matched(input, target)
    if weight is None:
        return apply(MSE_LOSS, (x, y), (reduction,))
    return _weighted(apply(MSE_LOSS, (x, y), ("none",)), input, weight, reduction)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Measure the mean absolute difference: :math:`|x - y|`, averaged.

    Args:
        input: the tensor ``x``.
        target: the tensor ``y``.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        weight: a factor for each element.

    Shape:
        - input, target: any, equal (or broadcast, with a warning).
        - output: a number; that of the input without reduction.

    Returns:
        The loss.

    Raises:
        RuntimeError: for shapes that do not fit.
        ValueError: for an unknown reduction, or a weight of another size.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([2.0, 4.0])
        >>> portfire.nn.functional.l1_loss(x, y)
        tensor(1.5000)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    x, y = _matched(input, target)
    loss = (x - y).abs()
    if weight is None:
        return reduce_loss(loss, reduction)
    return _weighted(loss, input, weight, reduction)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    r"""Measure differences, squared where they are small: the mean of
    :math:`\frac{(x - y)^2}{2 \beta}` below :math:`\beta`, of :math:`|x - y| - \beta / 2` above.

    Args:
        input: the tensor ``x``.
        target: the tensor ``y``.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        beta: what is small; 0 makes it `l1_loss`.

    Shape:
        - input, target: any, equal (or broadcast, with a warning).
        - output: a number; that of the input without reduction.

    Returns:
        The loss.

    Raises:
        RuntimeError: for shapes that do not fit, or a negative ``beta``.
        ValueError: for an unknown reduction.
        NotImplementedError: for tensors of integers.

    Note:
        Girshick, Fast R-CNN, 2015.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([1.5, 4.0])
        >>> portfire.nn.functional.smooth_l1_loss(x, y, reduction="none")
        tensor([0.1250, 1.5000])
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    x, y = _matched(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    distance = _distance("smooth_l1_cpu", x, y)
    if beta == 0:
        return reduce_loss(distance, reduction)
    small = distance * distance * (0.5 / beta)
    return reduce_loss(where(distance < beta, small, distance - 0.5 * beta), reduction)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    r"""Measure squared differences, linear where they are large: the mean of
    :math:`\frac12 (x - y)^2` below :math:`\delta`, of :math:`\delta (|x - y| - \delta / 2)` above.

    Args:
        input: the tensor ``x``.
        target: the tensor ``y``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        delta: what is large.
        weight: a factor for each element.

    Shape:
        - input, target: any, equal (or broadcast, with a warning).
        - output: a number; that of the input without reduction.

    Returns:
        The loss.

    Raises:
        RuntimeError: for shapes that do not fit, or a ``delta`` that is not positive.
        ValueError: for an unknown reduction, or a weight of another size.
        NotImplementedError: for tensors of integers.

    Note:
        Huber, Robust Estimation of a Location Parameter, 1964.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([1.5, 4.0])
        >>> portfire.nn.functional.huber_loss(x, y, reduction="none")
        tensor([0.1250, 1.5000])
    """
    check_reduction(reduction)
    x, y = _matched(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    distance = _distance("huber_cpu", x, y)
    large = (distance - 0.5 * delta) * delta
    loss = where(distance <= delta, distance * distance * 0.5, large)
    if weight is None:
        return reduce_loss(loss, reduction)
    # Unlike that of the squared error, its mean is over the elements and not over the weights.
    return reduce_loss(_times(loss, input, weight), reduction)


def _distance(name: str, x: Tensor, y: Tensor) -> Tensor:
    if not x.is_floating_point():
        raise not_implemented(name, x.dtype)
    return (x - y).abs()


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure the cross entropy of probabilities of yes-or-no answers: the mean of
    :math:`-(y \log x + (1 - y) \log(1 - x))`.

    Args:
        input: the probabilities ``x``.
        target: the answers ``y``, between 0 and 1.
        weight: a factor for each element.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        The loss; logarithms below -100 count as -100.

    Raises:
        ValueError: for shapes that differ.
        RuntimeError: for dtypes that differ, or values that are not between 0 and 1.

    Note:
        The check of the values waits for them to be computed.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.5, 0.5]), portfire.tensor([0.0, 1.0])
        >>> portfire.nn.functional.binary_cross_entropy(x, y)
        tensor(0.6931)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    if target.shape != input.shape:
        raise ValueError(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}) is deprecated. Please ensure they have the same size."
        )
    if target.dtype is not input.dtype:
        raise RuntimeError(
            f"Found dtype {target.dtype.scalar_name} but expected {input.dtype.scalar_name}"
        )
    for name, tensor in (("input", input), ("target", target)):
        if not bool(((tensor >= 0) & (tensor <= 1)).all()):
            raise RuntimeError(f"all elements of {name} should be between 0 and 1")
    loss = apply(BINARY_CROSS_ENTROPY, (input, target))
    if weight is not None:
        loss = loss * weight.expand(input.shape)
    return reduce_loss(loss, reduction)


def _matched(input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Bring both to one shape and dtype; a difference in shape is worth a warning."""
    if input.shape == target.shape and input.dtype is target.dtype:
        return input, target
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )
    shape = broadcast_shapes(tuple(input.shape), tuple(target.shape))
    dtype = promote_types(input.dtype, target.dtype)
    return input.to(dtype).expand(shape), target.to(dtype).expand(shape)


def _times(loss: Tensor, input: Tensor, weight: Tensor) -> Tensor:
    if weight.shape != input.shape:
        raise ValueError("Weights and input must have the same size.")
    return loss * weight


def _weighted(loss: Tensor, input: Tensor, weight: Tensor, reduction: str) -> Tensor:
    check_reduction(reduction)
    weighed = _times(loss, input, weight)
    if reduction == "mean":
        return weighed.sum() / weight.sum()
    return reduce_loss(weighed, reduction)
