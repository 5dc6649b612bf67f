"""How far and how alike vectors are."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance"]


class CosineSimilarity(Module):
    r"""Return the cosine of the angle between vectors: :math:`\frac{x_1 x_2}{|x_1| |x_2|}`.

    Args:
        dim: the dimension along which they lie.
        eps: the least length that is divided by.

    Shape:
        - x1, x2: any, equal or to broadcast.
        - output: the same without the dimension.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> portfire.nn.CosineSimilarity()(x, portfire.tensor([[2.0, 0.0]]))
        tensor([1.0000, 0.7071])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Compute the cosines; see `portfire.nn.functional.cosine_similarity`."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    r"""Return the distance of vectors: :math:`(\sum |x_1 - x_2 + \epsilon|^p)^{1/p}`.

    Args:
        p: the order of the norm.
        eps: what is added to each difference, so that the distance is never zero.
        keepdim: whether to keep the last dimension with size 1.

    Shape:
        - x1, x2: ``(N, D)`` or ``(D,)``.
        - output: ``(N,)`` or ``()``.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1.0, 1.0]])
        >>> portfire.nn.PairwiseDistance()(x, portfire.tensor([[4.0, 5.0]]))
        tensor([5.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Compute the distances; see `portfire.nn.functional.pairwise_distance`."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
