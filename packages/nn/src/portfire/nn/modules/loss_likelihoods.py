"""Losses of numbers, of distributions and of sequences, as modules."""

from __future__ import annotations

from collections.abc import Sequence

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.loss import Loss, WeightedLoss

__all__ = [
    "BCEWithLogitsLoss",
    "CTCLoss",
    "GaussianNLLLoss",
    "HuberLoss",
    "KLDivLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
]


class SmoothL1Loss(Loss):
    r"""Measure differences, squared where they are small.

    .. math:: \frac{(x - y)^2}{2 \beta} \text{ where } |x - y| < \beta, \quad
        |x - y| - \beta / 2 \text{ elsewhere}

    Args:
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        beta: what is small; 0 makes it `L1Loss`.

    Shape:
        - input, target: any, equal.
        - output: a number; that of the input without reduction.

    Note:
        Girshick, Fast R-CNN, 2015.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([1.5, 4.0])
        >>> portfire.nn.SmoothL1Loss(reduction="none")(x, y)
        tensor([0.1250, 1.5000])
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.smooth_l1_loss`."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    r"""Measure squared differences, linear where they are large.

    .. math:: \frac12 (x - y)^2 \text{ where } |x - y| < \delta, \quad
        \delta (|x - y| - \delta / 2) \text{ elsewhere}

    Args:
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        delta: what is large.

    Shape:
        - input, target: any, equal.
        - output: a number; that of the input without reduction.

    Note:
        Huber, Robust Estimation of a Location Parameter, 1964.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([1.5, 4.0])
        >>> portfire.nn.HuberLoss(reduction="none")(x, y)
        tensor([0.1250, 1.5000])
    """

    def __init__(
        self,
        reduction: str = "mean",
        delta: float = 1.0,
    ) -> None:
        super().__init__(None, None, reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.huber_loss`."""
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class BCEWithLogitsLoss(WeightedLoss):
    r"""Measure the cross entropy of scores of yes-or-no answers: the mean of
    :math:`-(y \log \sigma(x) + (1 - y) \log(1 - \sigma(x)))`.

    Args:
        weight: a factor for each element.
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        pos_weight: a factor for the answers yes.

    Shape:
        - input, target: any, equal.
        - output: a number; that of the input without reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.0, 2.0]), portfire.tensor([0.0, 1.0])
        >>> portfire.nn.BCEWithLogitsLoss()(x, y)
        tensor(0.4100)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.binary_cross_entropy_with_logits`."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class KLDivLoss(Loss):
    r"""Measure how far one distribution is from another: the mean of
    :math:`y (\log y - x)`, where ``x`` are log-probabilities.

    Args:
        size_average: old form of ``reduction``.
        reduce: old form of ``reduction``.
        reduction: ``"batchmean"``, ``"mean"``, ``"sum"`` or ``"none"``.
        log_target: whether the target is logarithms of probabilities.

    Shape:
        - input, target: ``(N, *)``, equal.
        - output: a number; that of the input without reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([[0.5, 0.5]]), portfire.tensor([[1.0, 0.0]])
        >>> portfire.nn.KLDivLoss(reduction="batchmean")(x.log(), y)
        tensor(0.6931)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.kl_div`."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(Loss):
    r"""Measure how improbable counts are by their expectations: the mean of
    :math:`e^x - y x`, or :math:`x - y \log x`.

    Args:
        log_input: whether the input is logarithms.
        full: whether to add Stirling's formula for :math:`\log y!`.
        size_average: old form of ``reduction``.
        eps: what keeps the logarithm from zero.
        reduce: old form of ``reduction``.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: any, equal.
        - output: a number; that of the input without reduction.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.0, 1.0]), portfire.tensor([1.0, 2.0])
        >>> portfire.nn.PoissonNLLLoss()(x, y)
        tensor(0.8591)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.poisson_nll_loss`."""
        return F.poisson_nll_loss(
            input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class GaussianNLLLoss(Loss):
    r"""Measure how improbable numbers are by their expectations and variances: the mean of
    :math:`\frac12 (\log v + \frac{(x - y)^2}{v})`.

    Args:
        full: whether to add the constant :math:`\frac12 \log 2 \pi`.
        eps: the least variance.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Shape:
        - input, target: any, equal.
        - var: that of the input, without the last dimension or with size 1 there.
        - output: a number; that of the input without reduction.

    Note:
        Nix and Weigend, Estimating the mean and variance of the target distribution, 1994.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([0.0, 1.0]), portfire.tensor([1.0, 1.0])
        >>> portfire.nn.GaussianNLLLoss()(x, y, portfire.ones(2))
        tensor(0.2500)
    """

    def __init__(
        self,
        *,
        full: bool = False,
        eps: float = 1e-6,
        reduction: str = "mean",
    ) -> None:
        super().__init__(None, None, reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.gaussian_nll_loss`."""
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class CTCLoss(Loss):
    r"""Measure how improbable sequences of labels are, over all alignments with the input.

    Args:
        blank: the label that stands for none.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.
        zero_infinity: whether impossible alignments count nothing, and not infinity.

    Shape:
        - log_probs: ``(T, N, C)`` or ``(T, C)``.
        - targets: ``(N, S)`` or ``(sum of the lengths,)``.
        - input_lengths, target_lengths: ``(N,)`` or ``()``.
        - output: a number; ``(N,)`` or ``()`` without reduction.

    Note:
        Graves and others, Connectionist Temporal Classification, 2006.

    Example:
        >>> import portfire
        >>> logs = portfire.full((2, 1, 2), 0.5).log()
        >>> portfire.nn.CTCLoss()(logs, portfire.tensor([[1]]), [2], [1]).exp()
        tensor(1.3333)
    """

    def __init__(
        self,
        blank: int = 0,
        reduction: str = "mean",
        zero_infinity: bool = False,
    ) -> None:
        super().__init__(None, None, reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self,
        log_probs: Tensor,
        targets: Tensor,
        input_lengths: Tensor | Sequence[int],
        target_lengths: Tensor | Sequence[int],
    ) -> Tensor:
        """Compute the loss; see `portfire.nn.functional.ctc_loss`."""
        return F.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
