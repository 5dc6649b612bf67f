"""Pixels exchanged with channels."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.module import Module

__all__ = ["PixelShuffle", "PixelUnshuffle"]


class PixelShuffle(Module):
    """Make larger images of several channels each: channels become pixels.

    Args:
        upscale_factor: how much larger.

    Shape:
        - input: ``(*, C * r * r, H, W)``.
        - output: ``(*, C, H * r, W * r)``.

    Note:
        Shi and others, Real-Time Single Image and Video Super-Resolution, 2016.

    Example:
        >>> import portfire
        >>> portfire.nn.PixelShuffle(2)(portfire.arange(4).reshape(4, 1, 1))
        tensor([[[0, 1],
                 [2, 3]]])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Exchange; see `portfire.nn.functional.pixel_shuffle`."""
        return F.pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """Return the factor, as printed."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Make smaller images with more channels: the way back of `PixelShuffle`.

    Args:
        downscale_factor: how much smaller.

    Shape:
        - input: ``(*, C, H * r, W * r)``.
        - output: ``(*, C * r * r, H, W)``.

    Example:
        >>> import portfire
        >>> portfire.nn.PixelUnshuffle(2)(portfire.ones(1, 4, 6)).shape
        portfire.Size([4, 2, 3])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """Exchange; see `portfire.nn.functional.pixel_unshuffle`."""
        return F.pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """Return the factor, as printed."""
        return f"downscale_factor={self.downscale_factor}"
