"""Images cut into patches, and put together again."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules._sizes import Size
from portfire.nn.modules.module import Module

__all__ = ["Fold", "Unfold"]


class Unfold(Module):
    """Return the windows of images as columns.

    Args:
        kernel_size: height and width of the window; one number means a square.
        dilation: distance between neighboring elements of a window.
        padding: zeros at each side.
        stride: distance between neighboring windows.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C * kH * kW, L)`` or ``(C * kH * kW, L)`` with ``L`` windows.

    Example:
        >>> import portfire
        >>> portfire.nn.Unfold(2)(portfire.ones(1, 3, 4, 4)).shape
        portfire.Size([1, 12, 9])
    """

    def __init__(
        self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """Cut; see `portfire.nn.functional.unfold`."""
        return F.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Fold(Module):
    """Add up columns of windows to images, the way back of `Unfold`.

    Args:
        output_size: height and width of the images.
        kernel_size: height and width of the window; one number means a square.
        dilation: distance between neighboring elements of a window.
        padding: zeros at each side, which are cut off.
        stride: distance between neighboring windows.

    Shape:
        - input: ``(N, C * kH * kW, L)`` or ``(C * kH * kW, L)``.
        - output: ``(N, C, H, W)`` or ``(C, H, W)``.

    Example:
        >>> import portfire
        >>> portfire.nn.Fold((3, 3), 2)(portfire.ones(4, 4))
        tensor([[[1., 2., 1.],
                 [2., 4., 2.],
                 [1., 2., 1.]]])
    """

    def __init__(
        self,
        output_size: Size,
        kernel_size: Size,
        dilation: Size = 1,
        padding: Size = 0,
        stride: Size = 1,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """Add up; see `portfire.nn.functional.fold`."""
        return F.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )
