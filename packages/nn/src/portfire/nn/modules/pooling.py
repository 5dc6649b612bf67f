"""Pooling layers."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules._sizes import Size2
from portfire.nn.modules.module import Module

__all__ = ["MaxPool2d"]


class MaxPool2d(Module):
    """Take the maximum over windows of images.

    Args:
        kernel_size: height and width of the window; one number means a square.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: how far windows may begin before the image (that part never wins).
        dilation: distance between neighboring elements of a window.
        return_indices: whether to return also where in the image each maximum was.
        ceil_mode: whether windows may begin inside and end outside the image.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')`` with
          ``H' = floor((H + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Example:
        >>> import portfire
        >>> portfire.nn.MaxPool2d(2)(portfire.arange(16.0).reshape(1, 4, 4))
        tensor([[[ 5.,  7.],
                 [13., 15.]]])
    """

    def __init__(
        self,
        kernel_size: Size2,
        stride: Size2 | None = None,
        padding: Size2 = 0,
        dilation: Size2 = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Pool; see `portfire.nn.functional.max_pool2d`."""
        return F.max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )
