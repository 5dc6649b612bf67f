"""Convolution layers that learn their channels from their first input."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor
from portfire.nn.modules._sizes import Size
from portfire.nn.modules.convolution import Conv1d, Conv2d, Conv3d
from portfire.nn.modules.lazy import LazyModuleMixin
from portfire.nn.modules.transposed_convolution import (
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
from portfire.nn.parameter import UninitializedParameter, is_lazy

__all__ = [
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]


class _LazyFilters(LazyModuleMixin):
    """What the lazy convolutions share: the channels are those of the first input."""

    weight: Any
    bias: Any
    in_channels: int
    out_channels: int
    groups: int
    rank: int

    def _make_lazy(self, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        self.out_channels = out_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self) -> None:
        """Draw new values for weight and bias, once they have a shape."""
        if self.in_channels and not self.has_uninitialized_params():
            reset: Any = super().reset_parameters  # type: ignore[misc]  # of the other base
            reset()

    def initialize_parameters(self, input: Tensor, *rest: Any) -> None:
        """Take ``in_channels`` from the dimension of the channels."""
        lazy = self.has_uninitialized_params()
        if self.in_channels == 0:
            self.in_channels = self._channels_of(input)
        if lazy:
            filter_shape: Any = self._filter_shape
            for member, shape in (
                (self.weight, filter_shape()),
                (self.bias, (self.out_channels,)),
            ):
                if is_lazy(member):
                    with portfire.no_grad():
                        member.materialize(shape)
            self.reset_parameters()

    def _channels_of(self, input: Tensor) -> int:
        rank = self.rank
        if input.ndim not in (rank + 1, rank + 2):
            raise RuntimeError(
                f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to "
                f"{type(self).__name__}, but got input of size: {input.shape}"
            )
        channels: int = input.shape[-rank - 1]
        if channels % self.groups:
            raise ValueError("in_channels must be divisible by groups")
        return channels


class LazyConv1d(_LazyFilters, Conv1d):
    """A `Conv1d` whose ``in_channels`` is the number of channels of its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: sizes of a filter; one number is for all dimensions.
        stride: distance between neighboring positions.
        padding: zeros at each side.
        dilation: distance between neighboring elements of a filter.
        groups: number of blocks of channels that do not see each other.
        bias: whether each channel of the output has a number.
        padding_mode: what stands outside, see `Conv1d`.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, L)`` or ``(in_channels, L)``.
        - output: ``(N, out_channels, L')`` or ``(out_channels, L')``.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyConv1d(8, 3)
        >>> _ = layer(portfire.ones(2, 1, 50))
        >>> layer
        Conv1d(1, 8, kernel_size=(3,), stride=(1,))
    """

    cls_to_become = Conv1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        Conv1d.__init__(
            self, 0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode
        )
        self._make_lazy(out_channels, bias, device, dtype)


class LazyConv2d(_LazyFilters, Conv2d):
    """A `Conv2d` whose ``in_channels`` is the number of channels of its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: sizes of a filter; one number is for all dimensions.
        stride: distance between neighboring positions.
        padding: zeros at each side.
        dilation: distance between neighboring elements of a filter.
        groups: number of blocks of channels that do not see each other.
        bias: whether each channel of the output has a number.
        padding_mode: what stands outside, see `Conv2d`.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, H, W)`` or ``(in_channels, H, W)``.
        - output: ``(N, out_channels, H', W')`` or ``(out_channels, H', W')``.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyConv2d(8, 3)
        >>> _ = layer(portfire.ones(2, 1, 28, 28))
        >>> layer
        Conv2d(1, 8, kernel_size=(3, 3), stride=(1, 1))
    """

    cls_to_become = Conv2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        Conv2d.__init__(
            self, 0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode
        )
        self._make_lazy(out_channels, bias, device, dtype)


class LazyConv3d(_LazyFilters, Conv3d):
    """A `Conv3d` whose ``in_channels`` is the number of channels of its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: sizes of a filter; one number is for all dimensions.
        stride: distance between neighboring positions.
        padding: zeros at each side.
        dilation: distance between neighboring elements of a filter.
        groups: number of blocks of channels that do not see each other.
        bias: whether each channel of the output has a number.
        padding_mode: what stands outside, see `Conv3d`.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, D, H, W)`` or ``(in_channels, D, H, W)``.
        - output: ``(N, out_channels, D', H', W')`` or ``(out_channels, D', H', W')``.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyConv3d(8, 3)
        >>> _ = layer(portfire.ones(2, 1, 4, 8, 8))
        >>> layer
        Conv3d(1, 8, kernel_size=(3, 3, 3), stride=(1, 1, 1))
    """

    cls_to_become = Conv3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size | str = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        Conv3d.__init__(
            self, 0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode
        )
        self._make_lazy(out_channels, bias, device, dtype)


class LazyConvTranspose1d(_LazyFilters, ConvTranspose1d):
    """A `ConvTranspose1d` whose ``in_channels`` is the number of channels of its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: sizes of a filter; one number is for all dimensions.
        stride: distance between neighboring positions.
        padding: how much of the result is cut off at each side.
        output_padding: how much is put on at the high sides.
        groups: number of blocks of channels that do not see each other.
        bias: whether each channel of the output has a number.
        dilation: distance between neighboring elements of a filter.
        padding_mode: what stands outside, see `ConvTranspose1d`.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, L)`` or ``(in_channels, L)``.
        - output: ``(N, out_channels, L')`` or ``(out_channels, L')``.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyConvTranspose1d(8, 3)
        >>> _ = layer(portfire.ones(2, 1, 50))
        >>> layer
        ConvTranspose1d(1, 8, kernel_size=(3,), stride=(1,))
    """

    cls_to_become = ConvTranspose1d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        ConvTranspose1d.__init__(
            self,
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
        )
        self._make_lazy(out_channels, bias, device, dtype)


class LazyConvTranspose2d(_LazyFilters, ConvTranspose2d):
    """A `ConvTranspose2d` whose ``in_channels`` is the number of channels of its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: sizes of a filter; one number is for all dimensions.
        stride: distance between neighboring positions.
        padding: how much of the result is cut off at each side.
        output_padding: how much is put on at the high sides.
        groups: number of blocks of channels that do not see each other.
        bias: whether each channel of the output has a number.
        dilation: distance between neighboring elements of a filter.
        padding_mode: what stands outside, see `ConvTranspose2d`.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, H, W)`` or ``(in_channels, H, W)``.
        - output: ``(N, out_channels, H', W')`` or ``(out_channels, H', W')``.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyConvTranspose2d(8, 3)
        >>> _ = layer(portfire.ones(2, 1, 28, 28))
        >>> layer
        ConvTranspose2d(1, 8, kernel_size=(3, 3), stride=(1, 1))
    """

    cls_to_become = ConvTranspose2d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        ConvTranspose2d.__init__(
            self,
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
        )
        self._make_lazy(out_channels, bias, device, dtype)


class LazyConvTranspose3d(_LazyFilters, ConvTranspose3d):
    """A `ConvTranspose3d` whose ``in_channels`` is the number of channels of its first input.

    Args:
        out_channels: channels of the output.
        kernel_size: sizes of a filter; one number is for all dimensions.
        stride: distance between neighboring positions.
        padding: how much of the result is cut off at each side.
        output_padding: how much is put on at the high sides.
        groups: number of blocks of channels that do not see each other.
        bias: whether each channel of the output has a number.
        dilation: distance between neighboring elements of a filter.
        padding_mode: what stands outside, see `ConvTranspose3d`.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, D, H, W)`` or ``(in_channels, D, H, W)``.
        - output: ``(N, out_channels, D', H', W')`` or ``(out_channels, D', H', W')``.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.LazyConvTranspose3d(8, 3)
        >>> _ = layer(portfire.ones(2, 1, 4, 8, 8))
        >>> layer
        ConvTranspose3d(1, 8, kernel_size=(3, 3, 3), stride=(1, 1, 1))
    """

    cls_to_become = ConvTranspose3d

    def __init__(
        self,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        ConvTranspose3d.__init__(
            self,
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
        )
        self._make_lazy(out_channels, bias, device, dtype)
