"""Pooling layers: maxima, means and power means over windows."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules._sizes import Size, spread
from portfire.nn.modules.module import Module

__all__ = [
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
]


class _MaxPool(Module):
    """What the layers of maxima share."""

    rank: int

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        dilation: Size = 1,
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

    def forward(self, input: Tensor) -> Any:
        """Pool; see `portfire.nn.functional.max_pool2d`."""
        pool: Any = (F.max_pool1d, F.max_pool2d, F.max_pool3d)[self.rank - 1]
        return pool(
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


class MaxPool1d(_MaxPool):
    """Take the maximum over windows of signals.

    Args:
        kernel_size: size of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: how far windows may begin before the signal (that part never wins).
        dilation: distance between neighboring elements of a window.
        return_indices: whether to return also where in the signal each maximum was.
        ceil_mode: whether windows may begin inside and end outside the signal.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')`` with
          ``L' = floor((L + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Example:
        >>> import portfire
        >>> portfire.nn.MaxPool1d(2)(portfire.arange(4.0).reshape(1, 4))
        tensor([[1., 3.]])
    """

    rank = 1


class MaxPool2d(_MaxPool):
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

    rank = 2


class MaxPool3d(_MaxPool):
    """Take the maximum over windows of volumes.

    Args:
        kernel_size: sizes of the window; one number means a cube.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: how far windows may begin before the volume (that part never wins).
        dilation: distance between neighboring elements of a window.
        return_indices: whether to return also where in the volume each maximum was.
        ceil_mode: whether windows may begin inside and end outside the volume.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')`` with
          ``D' = floor((D + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Example:
        >>> import portfire
        >>> portfire.nn.MaxPool3d(2)(portfire.arange(8.0).reshape(1, 2, 2, 2))
        tensor([[[[7.]]]])
    """

    rank = 3


class AvgPool1d(Module):
    """Take the mean over windows of signals.

    Args:
        kernel_size: size of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: zeros at each side.
        ceil_mode: whether windows may begin inside and end outside the signal.
        count_include_pad: whether the zeros count in the mean.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')`` with
          ``L' = floor((L + 2 * padding - kernel_size) / stride + 1)``.

    Example:
        >>> import portfire
        >>> portfire.nn.AvgPool1d(2)(portfire.arange(4.0).reshape(1, 4))
        tensor([[0.5000, 2.5000]])
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = spread(kernel_size, 1)
        self.stride = spread(kernel_size if stride is None else stride, 1)
        self.padding = spread(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        """Pool; see `portfire.nn.functional.avg_pool1d`."""
        return F.avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(Module):
    """Take the mean over windows of images.

    Args:
        kernel_size: height and width of the window; one number means a square.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: zeros at each side.
        ceil_mode: whether windows may begin inside and end outside the image.
        count_include_pad: whether the zeros count in the mean.
        divisor_override: by what the sum is divided, in place of the number of elements.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')`` with
          ``H' = floor((H + 2 * padding - kernel_size) / stride + 1)``.

    Example:
        >>> import portfire
        >>> portfire.nn.AvgPool2d(2)(portfire.arange(16.0).reshape(1, 4, 4))
        tensor([[[ 2.5000,  4.5000],
                 [10.5000, 12.5000]]])
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """Pool; see `portfire.nn.functional.avg_pool2d`."""
        return F.avg_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool3d(Module):
    """Take the mean over windows of volumes.

    Args:
        kernel_size: sizes of the window; one number means a cube.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: zeros at each side.
        ceil_mode: whether windows may begin inside and end outside the volume.
        count_include_pad: whether the zeros count in the mean.
        divisor_override: by what the sum is divided, in place of the number of elements.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')`` with
          ``D' = floor((D + 2 * padding - kernel_size) / stride + 1)``.

    Example:
        >>> import portfire
        >>> portfire.nn.AvgPool3d(2)(portfire.arange(8.0).reshape(1, 2, 2, 2))
        tensor([[[[3.5000]]]])
    """

    def __init__(
        self,
        kernel_size: Size,
        stride: Size | None = None,
        padding: Size = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        """Pool; see `portfire.nn.functional.avg_pool3d`."""
        return F.avg_pool3d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _LPPool(Module):
    """What the layers of power means share."""

    rank: int

    def __init__(
        self,
        norm_type: float,
        kernel_size: Size,
        stride: Size | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        """Pool; see `portfire.nn.functional.lp_pool2d`."""
        pool = (F.lp_pool1d, F.lp_pool2d, F.lp_pool3d)[self.rank - 1]
        return pool(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self) -> str:
        """Return the power and the sizes, as printed."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    r"""Take the root of the sum of powers over windows of signals.

    .. math:: y = \sqrt[p]{\sum_{x \in X} x^p}

    Args:
        norm_type: the power ``p``.
        kernel_size: size of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        ceil_mode: whether windows may begin inside and end outside the signal.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')`` with
          ``L' = floor((L - kernel_size) / stride + 1)``.

    Example:
        >>> import portfire
        >>> portfire.nn.LPPool1d(2, 2)(portfire.tensor([[3.0, 4.0]]))
        tensor([[5.]])
    """

    rank = 1


class LPPool2d(_LPPool):
    r"""Take the root of the sum of powers over windows of images.

    .. math:: y = \sqrt[p]{\sum_{x \in X} x^p}

    Args:
        norm_type: the power ``p``.
        kernel_size: height and width of the window; one number means a square.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        ceil_mode: whether windows may begin inside and end outside the image.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')`` with
          ``H' = floor((H - kernel_size) / stride + 1)``.

    Example:
        >>> import portfire
        >>> portfire.nn.LPPool2d(2, 2)(portfire.full((1, 2, 2), 3.0))
        tensor([[[6.]]])
    """

    rank = 2


class LPPool3d(_LPPool):
    r"""Take the root of the sum of powers over windows of volumes.

    .. math:: y = \sqrt[p]{\sum_{x \in X} x^p}

    Args:
        norm_type: the power ``p``.
        kernel_size: sizes of the window; one number means a cube.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        ceil_mode: whether windows may begin inside and end outside the volume.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')`` with
          ``D' = floor((D - kernel_size) / stride + 1)``.

    Example:
        >>> import portfire
        >>> portfire.nn.LPPool3d(2, 2)(portfire.ones(1, 2, 2, 2) * 2)
        tensor([[[[5.6569]]]])
    """

    rank = 3
