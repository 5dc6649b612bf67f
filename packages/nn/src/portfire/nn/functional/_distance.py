"""Lengths of vectors, and how far and how alike they are."""

from __future__ import annotations

import math

import portfire
from portfire import Tensor, promote_types
from portfire._dispatch import where

__all__ = ["cosine_similarity", "normalize", "pairwise_distance", "pdist"]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    r"""Return the cosine of the angle between vectors: :math:`\frac{x_1 x_2}{|x_1| |x_2|}`.

    Args:
        x1: some vectors.
        x2: others, of a shape to broadcast with.
        dim: the dimension along which they lie.
        eps: the least length that is divided by.

    Shape:
        - x1, x2: any.
        - output: the broadcast shape, without the dimension.

    Returns:
        The cosines.

    Raises:
        RuntimeError: for shapes that do not broadcast, or integers only.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1.0, 0.0], [1.0, 1.0]])
        >>> portfire.nn.functional.cosine_similarity(x, portfire.tensor([[2.0, 0.0]]))
        tensor([1.0000, 0.7071])
    """
    dtype = promote_types(x1.dtype, x2.dtype)
    if not dtype.is_floating_point:
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {dtype.scalar_name}"
        )
    x1, x2 = portfire.broadcast_tensors(x1.to(dtype), x2.to(dtype))
    lengths = [_length(x, 2.0, dim, keepdim=True).clamp(min=eps) for x in (x1, x2)]
    return ((x1 / lengths[0]) * (x2 / lengths[1])).sum(dim)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    r"""Return the distance of vectors: :math:`(\sum |x_1 - x_2 + \epsilon|^p)^{1/p}`.

    Args:
        x1: some vectors.
        x2: others, of a shape to broadcast with.
        p: the order of the norm.
        eps: what is added to each difference, so that the distance is never zero.
        keepdim: whether to keep the last dimension with size 1.

    Shape:
        - x1, x2: ``(*, D)``.
        - output: ``(*)``.

    Returns:
        The distances.

    Raises:
        RuntimeError: for shapes that do not broadcast.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1.0, 1.0]])
        >>> portfire.nn.functional.pairwise_distance(x, portfire.tensor([[4.0, 5.0]]))
        tensor([5.0000])
    """
    return _length(x1 - x2 + eps, float(p), -1, keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """Return the distances of all pairs of rows, each pair once.

    Args:
        input: the rows.
        p: the order of the norm.

    Shape:
        - input: ``(N, D)``.
        - output: ``(N * (N - 1) / 2,)``.

    Returns:
        The distances: of rows 0 and 1, 0 and 2, and so on.

    Raises:
        RuntimeError: for another number of dimensions, or a negative order.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.pdist(portfire.tensor([[0.0], [1.0], [3.0]]))
        tensor([1., 3., 2.])
    """
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if not input.is_floating_point():
        raise RuntimeError("pdist only supports floating-point dtypes")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    count = input.shape[0]
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    if not pairs:
        return input.new_zeros((0,))
    first, second = portfire.tensor(pairs, device=input.device).unbind(1)
    return _length(input[first] - input[second], float(p), 1, keepdim=False)


def normalize(
    input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    r"""Divide vectors by their length: :math:`x / \max(|x|_p, \epsilon)`.

    Args:
        input: the tensor.
        p: the order of the norm.
        dim: the dimension along which the vectors lie.
        eps: the least length that is divided by.
        out: a tensor to write the result into.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.normalize(portfire.tensor([[3.0, 4.0]]))
        tensor([[0.6000, 0.8000]])
    """
    result = input / _length(input, float(p), dim, keepdim=True).clamp(min=eps)
    return result if out is None else out.copy_(result)


def _length(x: Tensor, p: float, dim: int, keepdim: bool) -> Tensor:
    """The norm along a dimension, with gradient 0 where it is 0."""
    if p in (0.0, 1.0) or math.isinf(p):
        return portfire.norm(x, p, dim, keepdim)
    total = (x * x if p == 2.0 else x.abs().pow(p)).sum(dim, keepdim=keepdim)
    zero = total == 0
    # The root of zero has no slope, and infinity times zero would be no number.
    safe = where(zero, 1.0, total)
    return where(zero, 0.0, safe.sqrt() if p == 2.0 else safe.pow(1.0 / p))
