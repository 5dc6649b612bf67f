"""Dropout."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.module import Module

__all__ = ["Dropout"]


class Dropout(Module):
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

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Dropout(0.5)
        >>> sorted(set(layer(portfire.ones(100)).tolist()))
        [0.0, 2.0]
        >>> layer.eval()(portfire.ones(3))
        tensor([1., 1., 1.])
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Drop elements in training mode; see `portfire.nn.functional.dropout`."""
        return F.dropout(input, self.p, self.training, self.inplace)

    def extra_repr(self) -> str:
        """Return the probability, as printed."""
        return f"p={self.p}, inplace={self.inplace}"
