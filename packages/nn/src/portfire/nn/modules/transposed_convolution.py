"""Transposed convolution layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules._sizes import Size
from portfire.nn.modules.convolution import Filters

__all__ = ["ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]


class _TransposedFilters(Filters):
    """What the transposed convolutions share."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
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
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        super().__init__(
            (in_channels, out_channels),
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            output_padding,
            device,
            dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """Convolve; see `portfire.nn.functional.conv_transpose2d`."""
        extra = self.output_padding
        if output_size is not None:
            extra = self._extra_for(input, list(output_size))
        calls = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)
        return calls[self.rank - 1](
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,  # type: ignore[arg-type]  # words are for the plain convolutions
            extra,
            self.groups,
            self.dilation,
        )

    def _extra_for(self, input: Tensor, wanted: list[int]) -> tuple[int, ...]:
        """How much to put on at the high sides, so that the output has the wanted size."""
        rank = self.rank
        outer = input.ndim - rank
        if len(wanted) == outer + rank:
            wanted = wanted[outer:]
        if len(wanted) != rank:
            raise ValueError(
                f"ConvTranspose{rank}D: for {input.ndim}D input, output_size must have {rank} or "
                f"{outer + rank} elements (got {len(wanted)})"
            )
        padding: Any = self.padding
        settings = zip(
            input.shape[outer:],
            self.stride,
            padding,
            self.dilation,
            self.kernel_size,
            strict=True,
        )
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in settings]
        most = [n + s - 1 for n, s in zip(least, self.stride, strict=True)]
        if any(not a <= n <= b for a, n, b in zip(least, wanted, most, strict=True)):
            raise ValueError(
                f"requested an output size of {wanted}, but valid sizes range from {least} to "
                f"{most} (for an input of {input.shape[outer:]})"
            )
        return tuple(n - a for n, a in zip(wanted, least, strict=True))


class ConvTranspose1d(_TransposedFilters):
    r"""Spread each element of signals out by filters: what `Conv1d` does to gradients.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: sizes of a filter; one number is for all dimensions.
        stride: distance at which neighboring elements are put down.
        padding: how much of the result is cut off at each side.
        output_padding: how much is put on at the high sides.
        groups: number of blocks of channels that do not see each other.
        bias: whether each channel of the output has a number.
        dilation: distance between neighboring elements of a filter.
        padding_mode: ``"zeros"``.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, L)`` or ``(in_channels, L)``.
        - output: ``(N, out_channels, L')`` or ``(out_channels, L')`` with ``L' = (L - 1) *
          stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1``; the call
          takes an ``output_size`` in place of ``output_padding``.

    Attributes:
        weight: ``(in_channels, out_channels / groups, *kernel_size)``, drawn from ``U(-k, k)``
            with ``k = 1 / sqrt(out_channels / groups * kernel length)``.
        bias: ``(out_channels,)``, drawn likewise; None without bias.

    Raises:
        ValueError: for channels that the groups do not divide, another padding mode, or an
            ``output_size`` that the stride does not reach.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.ConvTranspose1d(4, 8, 4, stride=2, padding=1)
        >>> layer(portfire.ones(2, 4, 5)).shape
        portfire.Size([2, 8, 10])
    """

    rank = 1


class ConvTranspose2d(_TransposedFilters):
    r"""Spread each element of images out by filters: what `Conv2d` does to gradients.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: sizes of a filter; one number is for all dimensions.
        stride: distance at which neighboring elements are put down.
        padding: how much of the result is cut off at each side.
        output_padding: how much is put on at the high sides.
        groups: number of blocks of channels that do not see each other.
        bias: whether each channel of the output has a number.
        dilation: distance between neighboring elements of a filter.
        padding_mode: ``"zeros"``.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, H, W)`` or ``(in_channels, H, W)``.
        - output: ``(N, out_channels, H', W')`` or ``(out_channels, H', W')`` with ``H' = (H - 1) *
          stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1``; the call
          takes an ``output_size`` in place of ``output_padding``.

    Attributes:
        weight: ``(in_channels, out_channels / groups, *kernel_size)``, drawn from ``U(-k, k)``
            with ``k = 1 / sqrt(out_channels / groups * kernel area)``.
        bias: ``(out_channels,)``, drawn likewise; None without bias.

    Raises:
        ValueError: for channels that the groups do not divide, another padding mode, or an
            ``output_size`` that the stride does not reach.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.ConvTranspose2d(4, 8, 4, stride=2, padding=1)
        >>> layer(portfire.ones(2, 4, 5, 5)).shape
        portfire.Size([2, 8, 10, 10])
    """

    rank = 2


class ConvTranspose3d(_TransposedFilters):
    r"""Spread each element of volumes out by filters: what `Conv3d` does to gradients.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: sizes of a filter; one number is for all dimensions.
        stride: distance at which neighboring elements are put down.
        padding: how much of the result is cut off at each side.
        output_padding: how much is put on at the high sides.
        groups: number of blocks of channels that do not see each other.
        bias: whether each channel of the output has a number.
        dilation: distance between neighboring elements of a filter.
        padding_mode: ``"zeros"``.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, D, H, W)`` or ``(in_channels, D, H, W)``.
        - output: ``(N, out_channels, D', H', W')`` or ``(out_channels, D', H', W')`` with
          ``D' = (D - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding +
          1``; the call takes an ``output_size`` in place of ``output_padding``.

    Attributes:
        weight: ``(in_channels, out_channels / groups, *kernel_size)``, drawn from ``U(-k, k)``
            with ``k = 1 / sqrt(out_channels / groups * kernel volume)``.
        bias: ``(out_channels,)``, drawn likewise; None without bias.

    Raises:
        ValueError: for channels that the groups do not divide, another padding mode, or an
            ``output_size`` that the stride does not reach.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.ConvTranspose3d(4, 8, 4, stride=2, padding=1)
        >>> layer(portfire.ones(2, 4, 3, 5, 5)).shape
        portfire.Size([2, 8, 6, 10, 10])
    """

    rank = 3
