"""Rearranging channels."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.module import Module

__all__ = ["ChannelShuffle"]


class ChannelShuffle(Module):
    """Deal the channels of some groups out in turn, so that neighbors come from different groups.

    Args:
        groups: into how many groups the channels are parted.

    Shape:
        - input: ``(N, C, *)``, at least one more dimension.
        - output: that of the input.

    Note:
        Zhang and others, ShuffleNet, 2017.

    Example:
        >>> import portfire
        >>> x = portfire.arange(6).reshape(1, 6, 1)
        >>> portfire.nn.ChannelShuffle(2)(x).flatten()
        tensor([0, 3, 1, 4, 2, 5])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """Deal the channels out; see `portfire.nn.functional.channel_shuffle`."""
        return F.channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """Return the number of groups, as printed."""
        return f"groups={self.groups}"
