"""Pooling to a size that is given, and putting maxima back to where they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules._sizes import Size, spread
from portfire.nn.modules.module import Module

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]

Wanted = int | None | tuple[int | None, ...]


class _Adaptive(Module):
    """What the layers share whose number of windows is given."""

    def __init__(self, output_size: Wanted) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """Return the number of windows, as printed."""
        return f"output_size={self.output_size}"


class _AdaptiveMax(_Adaptive):
    """What those of maxima share beside that."""

    rank: int

    def __init__(self, output_size: Wanted, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        """Pool; see `portfire.nn.functional.adaptive_max_pool2d`."""
        calls = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)
        return calls[self.rank - 1](input, self.output_size, self.return_indices)


class AdaptiveAvgPool1d(_Adaptive):
    """Take the mean over as many windows of signals as are wanted.

    Args:
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')``.

    Example:
        >>> import portfire
        >>> portfire.nn.AdaptiveAvgPool1d(2)(portfire.arange(4.0).reshape(1, 4))
        tensor([[0.5000, 2.5000]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Pool; see `portfire.nn.functional.adaptive_avg_pool1d`."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_Adaptive):
    """Take the mean over as many windows of images as are wanted.

    Args:
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.AdaptiveAvgPool2d((1, 2))(portfire.arange(16.0).reshape(1, 4, 4))
        tensor([[[6.5000, 8.5000]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Pool; see `portfire.nn.functional.adaptive_avg_pool2d`."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_Adaptive):
    """Take the mean over as many windows of volumes as are wanted.

    Args:
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.AdaptiveAvgPool3d((1, 1, 2))(portfire.arange(8.0).reshape(1, 2, 2, 2))
        tensor([[[[3., 4.]]]])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Pool; see `portfire.nn.functional.adaptive_avg_pool3d`."""
        return F.adaptive_avg_pool3d(input, self.output_size)


class AdaptiveMaxPool1d(_AdaptiveMax):
    """Take the maximum over as many windows of signals as are wanted.

    Args:
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.
        return_indices: whether to return also where each maximum was.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')``.

    Example:
        >>> import portfire
        >>> portfire.nn.AdaptiveMaxPool1d(2)(portfire.arange(4.0).reshape(1, 4))
        tensor([[1., 3.]])
    """

    rank = 1


class AdaptiveMaxPool2d(_AdaptiveMax):
    """Take the maximum over as many windows of images as are wanted.

    Args:
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.
        return_indices: whether to return also where each maximum was.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.AdaptiveMaxPool2d((1, 2))(portfire.arange(16.0).reshape(1, 4, 4))
        tensor([[[13., 15.]]])
    """

    rank = 2


class AdaptiveMaxPool3d(_AdaptiveMax):
    """Take the maximum over as many windows of volumes as are wanted.

    Args:
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.
        return_indices: whether to return also where each maximum was.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')``.

    Example:
        >>> import portfire
        >>> portfire.nn.AdaptiveMaxPool3d((1, 1, 2))(portfire.arange(8.0).reshape(1, 2, 2, 2))
        tensor([[[[6., 7.]]]])
    """

    rank = 3


class _MaxUnpool(Module):
    """What the ways back share."""

    rank: int

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size = spread(kernel_size, self.rank)
        self.stride = spread(kernel_size if stride is None else stride, self.rank)
        self.padding = spread(padding, self.rank)

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        """Put back; see `portfire.nn.functional.max_unpool2d`."""
        unpool = (F.max_unpool1d, F.max_unpool2d, F.max_unpool3d)[self.rank - 1]
        return unpool(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Put maxima back to where they were in signals; all else is zero.

    Args:
        kernel_size: size of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: what the pooling had.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')`` with
          ``L' = (L - 1) * stride - 2 * padding + kernel_size``.

    Example:
        >>> import portfire
        >>> pool = portfire.nn.MaxPool1d(1, return_indices=True)
        >>> portfire.nn.MaxUnpool1d(1)(*pool(portfire.tensor([[1.0, 3.0]])))
        tensor([[1., 3.]])
    """

    rank = 1


class MaxUnpool2d(_MaxUnpool):
    """Put maxima back to where they were in images; all else is zero.

    Args:
        kernel_size: height and width of the window; one number means a square.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: what the pooling had.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')`` with
          ``H' = (H - 1) * stride - 2 * padding + kernel_size``.

    Example:
        >>> import portfire
        >>> pool = portfire.nn.MaxPool2d(2, return_indices=True)
        >>> portfire.nn.MaxUnpool2d(2)(*pool(portfire.tensor([[[1.0, 2.0], [4.0, 3.0]]])))
        tensor([[[0., 0.],
                 [4., 0.]]])
    """

    rank = 2


class MaxUnpool3d(_MaxUnpool):
    """Put maxima back to where they were in volumes; all else is zero.

    Args:
        kernel_size: sizes of the window; one number means a cube.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: what the pooling had.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')`` with
          ``D' = (D - 1) * stride - 2 * padding + kernel_size``.

    Example:
        >>> import portfire
        >>> pool = portfire.nn.MaxPool3d((1, 2, 2), return_indices=True)
        >>> portfire.nn.MaxUnpool3d((1, 2, 2))(*pool(portfire.tensor([[[[1.0, 2.0], [4.0, 3.0]]]])))
        tensor([[[[0., 0.],
                  [4., 0.]]]])
    """

    rank = 3
