"""Losses of classifiers."""

from __future__ import annotations

import portfire
from portfire import Tensor
from portfire._dispatch import apply, full
from portfire.nn._composites._losses import NLL_LOSS
from portfire.nn._names import not_implemented
from portfire.nn.functional._reduction import check_reduction, reduction_from_flags

__all__ = ["cross_entropy", "nll_loss"]


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""Measure how improbable the target classes are by the scores: the mean of
    :math:`-\log \mathrm{softmax}(x)_t`.

    Args:
        input: the scores (logits).
        target: the classes, or their probabilities.
        weight: a factor for each class.
        size_average: old form of ``reduction``.
        ignore_index: a target class that counts nothing.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``; the mean is weighed by the factors.
        label_smoothing: the share of the target's probability that is spread over all classes.

    Shape:
        - input: ``(N, C)``, ``(C,)`` or ``(N, C, d_1, ..., d_K)``.
        - target: class indices ``(N,)``, ``()`` or ``(N, d_1, ..., d_K)``; or probabilities of the
          input's shape.
        - output: a number; that of the class indices without reduction.

    Returns:
        The loss.

    Raises:
        ValueError: for batch sizes that differ, or an unknown reduction.
        RuntimeError: for shapes or dtypes that do not fit.
        IndexError: for a target that is no class, when the loss is computed.

    Example:
        >>> import portfire
        >>> scores = portfire.tensor([[2.0, 0.0], [0.0, 2.0]])
        >>> portfire.nn.functional.cross_entropy(scores, portfire.tensor([0, 1]))
        tensor(0.1269)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing:g}")
    axis = 1 if input.ndim > 1 else 0
    if input.shape == target.shape:
        _check_probabilities(input, target, weight, ignore_index)
        logs = input.log_softmax(axis)
        return _soft_cross_entropy(logs, target, weight, reduction, label_smoothing)
    _check_classes(input, target, weight)
    logs = input.log_softmax(axis)
    if label_smoothing:
        return _smoothed(logs, target, weight, ignore_index, reduction, label_smoothing)
    return _nll(logs, target, weight, ignore_index, reduction)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    r"""Measure how improbable the target classes are by log-probabilities: the mean of
    :math:`-x_t`.

    Args:
        input: the log-probabilities.
        target: the classes.
        weight: a factor for each class.
        size_average: old form of ``reduction``.
        ignore_index: a target class that counts nothing.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``; the mean is weighed by the factors.

    Shape:
        - input: ``(N, C)``, ``(C,)`` or ``(N, C, d_1, ..., d_K)``.
        - target: ``(N,)``, ``()`` or ``(N, d_1, ..., d_K)``.
        - output: a number; that of the target without reduction.

    Returns:
        The loss.

    Raises:
        ValueError: for batch sizes that differ, or an unknown reduction.
        RuntimeError: for shapes or dtypes that do not fit.
        IndexError: for a target that is no class, when the loss is computed.

    Example:
        >>> import portfire
        >>> logs = portfire.log(portfire.tensor([[0.5, 0.5]]))
        >>> portfire.nn.functional.nll_loss(logs, portfire.tensor([1]))
        tensor(0.6931)
    """
    reduction = reduction_from_flags(size_average, reduce, reduction)
    check_reduction(reduction)
    _check_classes(input, target, weight)
    if not input.is_floating_point():
        raise not_implemented("nll_loss", input.dtype)
    return _nll(input, target, weight, ignore_index, reduction)


def _nll(
    logs: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int, reduction: str
) -> Tensor:
    if logs.ndim == 1:
        loss = _nll(logs.unsqueeze(0), target.reshape(1), weight, ignore_index, reduction)
        return loss.reshape(()) if reduction == "none" else loss
    if weight is None:
        weight = full((logs.shape[1],), 1.0, logs)
    classes = target if target.dtype is portfire.int64 else target.to(portfire.int64)
    return apply(NLL_LOSS, (logs, classes, weight), (ignore_index, reduction))


def _smoothed(
    logs: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    smoothing: float,
) -> Tensor:
    """Mix the loss of the target with the mean of the losses of all classes."""
    axis = 1 if logs.ndim > 1 else 0
    classes = logs.shape[axis]
    hard = _nll(logs, target, weight, ignore_index, reduction)
    spread = -(logs if weight is None else logs * _along(weight, logs)).sum(axis)
    counts = target.reshape(spread.shape) != ignore_index
    spread = portfire.where(counts, spread, 0.0)
    if reduction == "mean":
        # The loss of log-probabilities -1 is the sum of the targets' weights.
        ones = full(tuple(logs.shape), -1.0, logs)
        spread = spread.sum() / _nll(ones, target, weight, ignore_index, "sum")
    elif reduction == "sum":
        spread = spread.sum()
    mixed: Tensor = hard * (1.0 - smoothing) + spread * (smoothing / classes)
    return mixed


def _soft_cross_entropy(
    logs: Tensor, target: Tensor, weight: Tensor | None, reduction: str, smoothing: float
) -> Tensor:
    axis = 1 if logs.ndim > 1 else 0
    classes = logs.shape[axis]
    if smoothing:
        target = target * (1.0 - smoothing) + smoothing / classes
    loss = logs * target
    if weight is not None:
        loss = loss * _along(weight, logs)
    if reduction == "none":
        return -loss.sum(axis)
    total = -loss.sum()
    if reduction == "sum":
        return total
    return total / (logs.numel() / classes) if classes else total


def _along(weight: Tensor, logs: Tensor) -> Tensor:
    """Give the weight of the classes the dimensions of the log-probabilities."""
    return weight if logs.ndim == 1 else weight.reshape(1, -1, *[1] * (logs.ndim - 2))


def _check_weight(input: Tensor, weight: Tensor | None) -> None:
    if weight is None:
        return
    classes = input.shape[1 if input.ndim > 1 else 0]
    if tuple(weight.shape) != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but "
            f"got weight tensor of shape: {list(weight.shape)}"
        )
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.scalar_name} but found {weight.dtype.scalar_name}"
        )


def _check_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, ignore_index: int
) -> None:
    if not target.is_floating_point():
        raise RuntimeError(
            "Expected floating point type for target with class probabilities, got "
            f"{target.dtype.scalar_name}"
        )
    if ignore_index >= 0:
        raise RuntimeError("ignore_index is not supported for floating point target")
    _check_weight(input, weight)


def _check_classes(input: Tensor, target: Tensor, weight: Tensor | None) -> None:
    """Check the shapes as torch does, which has a sentence for each number of dimensions."""
    if input.ndim == 0:
        raise ValueError("Expected 1 or more dimensions (got 0)")
    if input.ndim == 1:
        if target.ndim == 1 and target.shape[0] != 1:
            raise ValueError(
                f"For 1D input, 1D target must have size 1, but got target size: {target.shape[0]}"
            )
    else:
        batch = target.shape[0] if target.ndim else 0
        if batch != input.shape[0]:
            raise ValueError(
                f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
                f"({batch})."
            )
    if input.ndim <= 2:
        if target.ndim > 1:
            raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    elif input.ndim == 4:
        if target.ndim != 3:
            raise RuntimeError(
                "only batches of spatial targets supported (3D tensors) but got targets of "
                f"dimension: {target.ndim}"
            )
        if target.shape[1:] != input.shape[2:]:
            raise RuntimeError(
                f"size mismatch (got input: {list(input.shape)} , target: {list(target.shape)}"
            )
    else:
        expected = [input.shape[0], *input.shape[2:]]
        if list(target.shape) != expected:
            raise RuntimeError(f"Expected target size {expected}, got {list(target.shape)}")
    if target.dtype not in (portfire.int64, portfire.uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {target.dtype.scalar_name}"
        )
    _check_weight(input, weight)
