"""Rearranging channels."""

from __future__ import annotations

from portfire import Tensor

__all__ = ["channel_shuffle"]


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Deal the channels of some groups out in turn, so that neighbors come from different groups.

    Args:
        input: the tensor.
        groups: into how many groups the channels are parted.

    Shape:
        - input: ``(N, C, *)``, at least one more dimension.
        - output: that of the input.

    Returns:
        The result.

    Raises:
        RuntimeError: for other dimensions, or groups of different sizes.

    Note:
        Zhang and others, ShuffleNet, 2017.

    Example:
        >>> import portfire
        >>> x = portfire.arange(6).reshape(1, 6, 1)
        >>> portfire.nn.functional.channel_shuffle(x, 2).flatten()
        tensor([0, 3, 1, 4, 2, 5])
    """
    if input.ndim < 3:
        raise RuntimeError(
            f"channel_shuffle expects input with > 2 dims, but got input with sizes "
            f"{list(input.shape)}"
        )
    if groups <= 0:
        raise RuntimeError(
            f"Number of groups to divide channels in must be positive. Value of groups:{groups}"
        )
    batch, channels, *rest = input.shape
    if channels % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {channels} channels and "
            f"{groups} groups."
        )
    parted = input.reshape(batch, groups, channels // groups, *rest)
    return parted.transpose(1, 2).reshape(input.shape)
