"""Losses as modules."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.functional._reduction import reduction_from_flags
from portfire.nn.modules.module import Module

__all__ = ["BCELoss", "CrossEntropyLoss", "L1Loss", "MSELoss", "NLLLoss"]


class Loss(Module):
    """What all losses share: the reduction, and the flags that meant it in old code."""

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        if size_average is not None or reduce is not None:
            reduction = reduction_from_flags(size_average, reduce)
        self.reduction = reduction


class WeightedLoss(Loss):
    """A loss with a buffer of weights."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class L1Loss(Loss):
    r"""Measure the mean absolute difference: :math:`|x - y|`, averaged.

    Args:
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: any, equal.
        - output: a number; that of the input without reduction.

    Example:
        >>> import portfire
        >>> portfire.nn.L1Loss()(portfire.tensor([1.0, 2.0]), portfire.tensor([2.0, 4.0]))
        tensor(1.5000)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.l1_loss`."""
        return F.l1_loss(input, target, reduction=self.reduction)


class MSELoss(Loss):
    r"""Measure the mean squared difference: :math:`(x - y)^2`, averaged.

    Args:
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: any, equal.
        - output: a number; that of the input without reduction.

    Example:
        >>> import portfire
        >>> portfire.nn.MSELoss()(portfire.tensor([1.0, 2.0]), portfire.tensor([2.0, 4.0]))
        tensor(2.5000)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.mse_loss`."""
        return F.mse_loss(input, target, reduction=self.reduction)


class CrossEntropyLoss(WeightedLoss):
    r"""Measure how improbable the target classes are by the scores: the mean of
    :math:`-\log \mathrm{softmax}(x)_t`.

    Args:
        weight: a factor for each class.
        size_average: old form of ``reduction``.
        ignore_index: a target that counts nothing.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        label_smoothing: the share of the target's probability that is spread over all classes.

    Shape:
        - input: ``(N, C)``, ``(C,)`` or ``(N, C, d_1, ..., d_K)``, scores (logits).
        - target: class indices ``(N,)``, ``()`` or ``(N, d_1, ..., d_K)``; or probabilities of the
          input's shape.
        - output: a number; that of the class indices without reduction.

    Example:
        >>> import portfire
        >>> scores = portfire.tensor([[2.0, 0.0], [0.0, 2.0]])
        >>> portfire.nn.CrossEntropyLoss()(scores, portfire.tensor([0, 1]))
        tensor(0.1269)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.cross_entropy`."""
        return F.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(WeightedLoss):
    r"""Measure how improbable the target classes are by log-probabilities: the mean of
    :math:`-x_t`.

    Args:
        weight: a factor for each class.
        size_average: old form of ``reduction``.
        ignore_index: a target that counts nothing.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input: ``(N, C)``, ``(C,)`` or ``(N, C, d_1, ..., d_K)``, log-probabilities.
        - target: ``(N,)``, ``()`` or ``(N, d_1, ..., d_K)``, class indices.
        - output: a number; that of the target without reduction.

    Example:
        >>> import portfire
        >>> logs = portfire.log(portfire.tensor([[0.5, 0.5]]))
        >>> portfire.nn.NLLLoss()(logs, portfire.tensor([1]))
        tensor(0.6931)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.nll_loss`."""
        return F.nll_loss(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
        )


class BCELoss(WeightedLoss):
    r"""Measure the cross entropy of probabilities of yes-or-no answers: the mean of
    :math:`-(y \log x + (1 - y) \log(1 - x))`.

    Args:
        weight: a factor for each element.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: any, equal; values between 0 and 1.
        - output: a number; that of the input without reduction.

    Example:
        >>> import portfire
        >>> portfire.nn.BCELoss()(portfire.tensor([0.5, 0.5]), portfire.tensor([0.0, 1.0]))
        tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.binary_cross_entropy`."""
        return F.binary_cross_entropy(input, target, weight=self.weight, reduction=self.reduction)
