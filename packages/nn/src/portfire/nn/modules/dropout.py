"""Dropout layers."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.module import Module

__all__ = [
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
]


class _Dropout(Module):
    """What all share: the probability, and whether to work in place."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return the probability, as printed."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Set elements to zero with probability ``p`` in training, and scale the others up.

    In evaluation mode it is the identity.

    Args:
        p: probability of an element to become zero; the others are multiplied by ``1 / (1 - p)``.
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Raises:
        ValueError: when ``p`` is no probability.

    Note:
        Hinton and others, Improving neural networks by preventing co-adaptation, 2012.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Dropout(0.5)
        >>> sorted(set(layer(portfire.ones(100)).tolist()))
        [0.0, 2.0]
        >>> layer.eval()(portfire.ones(3))
        tensor([1., 1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; see `portfire.nn.functional.dropout`."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Set whole channels of sequences to zero with probability ``p`` in training.

    In evaluation mode it is the identity.

    Args:
        p: probability of a channel to become zero; the others are multiplied by ``1 / (1 - p)``.
        inplace: whether to change the input itself.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: that of the input.

    Raises:
        ValueError: when ``p`` is no probability.

    Example:
        >>> import portfire
        >>> x = portfire.nn.Dropout1d()(portfire.ones(50, 2, 3))
        >>> sorted(set(x.sum(2).flatten().tolist()))
        [0.0, 6.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; see `portfire.nn.functional.dropout1d`."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Set whole channels of images to zero with probability ``p`` in training.

    In evaluation mode it is the identity.

    Args:
        p: probability of a channel to become zero; the others are multiplied by ``1 / (1 - p)``.
        inplace: whether to change the input itself.

    Shape:
        - input: ``(N, C, H, W)``, or, with a warning, ``(N, C, L)``.
        - output: that of the input.

    Raises:
        ValueError: when ``p`` is no probability.

    Note:
        Tompson and others, Efficient Object Localization Using Convolutional Networks, 2015.

    Example:
        >>> import portfire
        >>> x = portfire.nn.Dropout2d()(portfire.ones(50, 2, 3, 1))
        >>> sorted(set(x.sum(2).flatten().tolist()))
        [0.0, 6.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; see `portfire.nn.functional.dropout2d`."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Set whole channels of volumes to zero with probability ``p`` in training.

    In evaluation mode it is the identity.

    Args:
        p: probability of a channel to become zero; the others are multiplied by ``1 / (1 - p)``.
        inplace: whether to change the input itself.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: that of the input.

    Raises:
        ValueError: when ``p`` is no probability.

    Example:
        >>> import portfire
        >>> x = portfire.nn.Dropout3d()(portfire.ones(50, 2, 3, 1, 1))
        >>> sorted(set(x.sum(2).flatten().tolist()))
        [0.0, 6.0]
    """

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; see `portfire.nn.functional.dropout3d`."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Set elements to what selu tends to in training, keeping mean and variance.

    In evaluation mode it is the identity.

    Args:
        p: the probability.
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Raises:
        ValueError: when ``p`` is no probability.

    Note:
        Klambauer and others, Self-Normalizing Neural Networks, 2017.

    Example:
        >>> import portfire
        >>> x = portfire.nn.AlphaDropout()(portfire.zeros(100))
        >>> len(set(x.flatten().tolist()))
        2
    """

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; see `portfire.nn.functional.alpha_dropout`."""
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_Dropout):
    """Set whole channels to what selu tends to in training, keeping mean and variance.

    In evaluation mode it is the identity.

    Args:
        p: the probability.
        inplace: whether to change the input itself.

    Shape:
        - input: ``(N, C, *)``.
        - output: that of the input.

    Raises:
        ValueError: when ``p`` is no probability.

    Note:
        Klambauer and others, Self-Normalizing Neural Networks, 2017.

    Example:
        >>> import portfire
        >>> x = portfire.nn.FeatureAlphaDropout()(portfire.zeros(50, 2))
        >>> len(set(x.flatten().tolist()))
        2
    """

    def forward(self, input: Tensor) -> Tensor:
        """Drop in training mode; see `portfire.nn.functional.feature_alpha_dropout`."""
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
