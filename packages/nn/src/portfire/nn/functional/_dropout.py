"""Dropout."""

from __future__ import annotations

import portfire
from portfire import Tensor

__all__ = ["dropout"]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set elements to zero with probability ``p``, and multiply the others by ``1 / (1 - p)``.

    Args:
        input: the tensor.
        p: the probability.
        training: whether to do anything at all.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: when ``p`` is no probability.
        RuntimeError: in training, for a tensor of integers.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.dropout(portfire.ones(2), training=False)
        tensor([1., 1.])
        >>> portfire.nn.functional.dropout(portfire.ones(2), p=1.0)
        tensor([0., 0.])
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0:
        return input
    if not input.is_floating_point():
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {input.dtype.scalar_name}"
        )
    if p == 1:
        # Not a tensor of zeros: what is not a number stays so.
        return input.mul_(0.0) if inplace else input * 0.0
    kept = portfire.rand(input.shape, device=input.device) >= p
    noise = kept.to(input.dtype) * (1.0 / (1.0 - p))
    return input.mul_(noise) if inplace else input * noise
