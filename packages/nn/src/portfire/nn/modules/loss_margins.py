"""Losses that ask for a margin, as modules."""

from __future__ import annotations

from collections.abc import Callable

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.distance import PairwiseDistance
from portfire.nn.modules.loss import Loss, WeightedLoss

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class HingeEmbeddingLoss(Loss):
    r"""Measure distances of pairs that are alike, and what is missing to a margin for the others.

    .. math:: x \text{ where } y = 1, \quad \max(0, \Delta - x) \text{ where } y = -1

    Args:
        margin: the margin :math:`\Delta`.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: any, equal.
        - output: a number; that of the input without reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.5, 0.25]), portfire.tensor([1, -1])
        >>> portfire.nn.HingeEmbeddingLoss()(x, y)
        tensor(0.6250)
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.hinge_embedding_loss`."""
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class MarginRankingLoss(Loss):
    r"""Measure what is missing for one score to be above another: the mean of
    :math:`\max(0, -y (x_1 - x_2) + \Delta)`.

    Args:
        margin: the margin :math:`\Delta`.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input1, input2, target: ``(N,)`` or ``()``.
        - output: a number; that of the input without reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([2.0, 1.0])
        >>> portfire.nn.MarginRankingLoss()(x, y, portfire.tensor([1, 1]))
        tensor(0.5000)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.margin_ranking_loss`."""
        return F.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class CosineEmbeddingLoss(Loss):
    r"""Measure by the cosine whether vectors are as alike as they should be.

    .. math:: 1 - \cos(x_1, x_2) \text{ where } y = 1, \quad
        \max(0, \cos(x_1, x_2) - \Delta) \text{ where } y = -1

    Args:
        margin: the margin :math:`\Delta`.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input1, input2: ``(N, D)`` or ``(D,)``.
        - target: ``(N,)`` or ``()``.
        - output: a number; that of the target without reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([[1.0, 0.0]]), portfire.tensor([[0.0, 1.0]])
        >>> portfire.nn.CosineEmbeddingLoss()(x, y, portfire.tensor([1]))
        tensor(1.)
    """

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.cosine_embedding_loss`."""
        return F.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class TripletMarginLoss(Loss):
    r"""Measure what is missing for anchors to be nearer to one than to the other: the mean of
    :math:`\max(0, |a - p| - |a - n| + \Delta)`.

    Args:
        margin: the margin :math:`\Delta`.
        p: the order of the norm.
        eps: what is added to differences.
        swap: whether the distance of the other two counts, if it is less.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - anchor, positive, negative: ``(N, D)`` or ``(D,)``.
        - output: a number; ``(N,)`` or ``()`` without reduction.

    Raises:
        ValueError: for a margin that is not positive.

    Note:
        Balntas and others, Learning shallow convolutional feature descriptors, 2016.

    Example:
        >>> import portfire
        >>> a, p, n = portfire.tensor([[[0.0]], [[1.0]], [[3.0]]])
        >>> portfire.nn.TripletMarginLoss(margin=3.0)(a, p, n)
        tensor(1.)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        if margin <= 0:
            raise ValueError(
                f"TripletMarginLoss: expected margin to be greater than 0, got {margin} instead"
            )
        super().__init__(size_average, reduce, reduction)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.triplet_margin_loss`."""
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(Loss):
    r"""Measure what is missing for anchors to be nearer to one than to the other, by a distance of
    your own.

    Args:
        distance_function: takes two batches; `PairwiseDistance` by default.
        margin: the margin :math:`\Delta`.
        swap: whether the distance of the other two counts, if it is less.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - anchor, positive, negative: ``(N, *)``.
        - output: a number; what the distance returns without reduction.

    Raises:
        ValueError: for a margin that is not positive.

    Example:
        >>> import portfire
        >>> a, p, n = portfire.tensor([[0.0], [1.0], [3.0]])
        >>> loss = portfire.nn.TripletMarginWithDistanceLoss(
        ...     distance_function=lambda x, y: (x - y).abs(), margin=3.0
        ... )
        >>> loss(a, p, n)
        tensor(1.)
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        if margin <= 0:
            raise ValueError(
                "TripletMarginWithDistanceLoss: expected margin to be greater than 0, got "
                f"{margin} instead"
            )
        super().__init__(None, None, reduction)
        self.distance_function = distance_function or PairwiseDistance()
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.triplet_margin_with_distance_loss`."""
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


class MultiMarginLoss(WeightedLoss):
    r"""Measure what is missing for the right class to be above the others: the mean of
    :math:`\sum_{i \ne y} \max(0, \Delta - x_y + x_i)^p / C`.

    Args:
        p: the exponent, 1 or 2.
        margin: the margin :math:`\Delta`.
        weight: a factor for each class.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input: ``(N, C)`` or ``(C,)``.
        - target: ``(N,)`` or ``()``.
        - output: a number; that of the target without reduction.

    Raises:
        ValueError: for another exponent, or a weight that is no vector.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[0.1, 0.2, 0.4, 0.8]])
        >>> portfire.nn.MultiMarginLoss()(x, portfire.tensor([3]))
        tensor(0.3250)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        if p not in (1, 2):
            raise ValueError("only p == 1 and p == 2 supported")
        if weight is not None and weight.ndim != 1:
            raise ValueError(
                "MultiMarginLoss: expected weight to be None or 1D tensor, got "
                f"{weight.ndim}D instead"
            )
        super().__init__(weight, size_average, reduce, reduction)
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.multi_margin_loss`."""
        return F.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


class MultiLabelMarginLoss(Loss):
    r"""Measure what is missing for each right class to be above each wrong one: the mean of
    :math:`\sum_{j \in y, i \notin y} \max(0, 1 - x_j + x_i) / C`.

    Args:
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input: ``(N, C)`` or ``(C,)``.
        - target: that of the input: the right classes, up to the first -1.
        - output: a number; ``(N,)`` or ``()`` without reduction.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([0.1, 0.2, 0.4, 0.8])
        >>> portfire.nn.MultiLabelMarginLoss()(x, portfire.tensor([3, 0, -1, 1]))
        tensor(0.8500)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.multilabel_margin_loss`."""
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    r"""Measure scores of classes of which several may be right: the mean over the classes of
    :math:`-(y \log \sigma(x) + (1 - y) \log \sigma(-x))`.

    Args:
        weight: a factor for each class.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: ``(*, C)``.
        - output: a number; that of the input without the last dimension without reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([[0.0, 2.0]]), portfire.tensor([[0.0, 1.0]])
        >>> portfire.nn.MultiLabelSoftMarginLoss()(x, y)
        tensor(0.4100)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.multilabel_soft_margin_loss`."""
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class SoftMarginLoss(Loss):
    r"""Measure scores of two classes: the mean of :math:`\log(1 + e^{-y x})`.

    Args:
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: any, equal.
        - output: a number; that of the input without reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.0, 2.0]), portfire.tensor([1, 1])
        >>> portfire.nn.SoftMarginLoss()(x, y)
        tensor(0.4100)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.soft_margin_loss`."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)
