"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn import init
from portfire.nn.modules._sizes import Size, spread
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = ["Conv1d", "Conv2d", "Conv3d", "Filters"]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Filters(Module):
    """What all convolutions share: the settings, the filters, and how they print."""

    rank: int
    transposed = False
    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        channels: tuple[int, int],
        kernel_size: Size,
        stride: Size,
        padding: Size | str,
        dilation: Size,
        groups: int,
        bias: bool,
        padding_mode: str,
        output_padding: Size = 0,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_channels, self.out_channels = channels
        _check(*channels, groups, padding_mode)
        self.kernel_size = spread(kernel_size, self.rank)
        self.stride = spread(stride, self.rank)
        self.padding = padding if isinstance(padding, str) else spread(padding, self.rank)
        _check_words(self.padding, self.stride)
        self.dilation = spread(dilation, self.rank)
        self.output_padding = spread(output_padding, self.rank)
        self.groups = groups
        self.padding_mode = padding_mode
        weight = portfire.empty(self._filter_shape(), device=device, dtype=dtype)
        self.weight = Parameter(weight)
        offset = portfire.empty((self.out_channels,), device=device, dtype=dtype)
        self.register_parameter("bias", Parameter(offset) if bias else None)
        self.reset_parameters()

    def _filter_shape(self) -> tuple[int, ...]:
        outer, inner = self.out_channels, self.in_channels
        if self.transposed:
            outer, inner = inner, outer
        return (outer, inner // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw new values for weight and bias."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            if fan_in > 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve; see `portfire.nn.functional.conv2d`."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._padding_by_side(), self.padding_mode)
            padding = (0,) * self.rank
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self.rank - 1]
        return convolve(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _padding_by_side(self) -> list[int]:
        """The border as `portfire.nn.functional.pad` takes it: the last dimension comes first."""
        if not isinstance(self.padding, str):
            return [n for n in reversed(self.padding) for _ in range(2)]
        if self.padding == "valid":
            return [0] * (2 * self.rank)
        total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        return [n for both in reversed(total) for n in (both // 2, both - both // 2)]

    def extra_repr(self) -> str:
        """Return the sizes and what differs from the defaults, as printed."""
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        zeros = (0,) * self.rank
        optional = {
            "padding": (self.padding, zeros),
            "dilation": (self.dilation, (1,) * self.rank),
            "output_padding": (self.output_padding, zeros),
            "groups": (self.groups, 1),
            "bias": (self.bias is not None, True),
            "padding_mode": (self.padding_mode, "zeros"),
        }
        for name, (value, default) in optional.items():
            if value != default:
                text += f", {name}={value}"
        return text


def _check(in_channels: int, out_channels: int, groups: int, padding_mode: str) -> None:
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    if in_channels % groups != 0:
        raise ValueError("in_channels must be divisible by groups")
    if out_channels % groups != 0:
        raise ValueError("out_channels must be divisible by groups")
    if padding_mode not in _PADDING_MODES:
        raise ValueError(
            "padding_mode must be one of {'circular', 'reflect', 'replicate', 'zeros'}, "
            f"but got padding_mode={padding_mode!r}"
        )


def _check_words(padding: Any, stride: tuple[int, ...]) -> None:
    if not isinstance(padding, str):
        return
    if padding not in ("same", "valid"):
        raise ValueError(
            f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}"
        )
    if padding == "same" and any(step != 1 for step in stride):
        raise ValueError("padding='same' is not supported for strided convolutions")


class Conv1d(Filters):
    r"""Slide filters over signals (cross-correlation).

    .. math:: y_{n,k} = b_k + \sum_c w_{k,c} \star x_{n,c}

    Args:
        in_channels: channels of the input.
        out_channels: number of filters.
        kernel_size: length of a filter.
        stride: distance between neighboring positions.
        padding: zeros at each side; or ``"valid"`` (none), or ``"same"`` (output as large as the
            input, for stride 1).
        dilation: distance between neighboring elements of a filter.
        groups: number of blocks of channels that do not see each other.
        bias: whether each filter has a number ``b``.
        padding_mode: what stands outside: ``"zeros"``, or the input mirrored at its edge
            (``"reflect"``), its edge (``"replicate"``), or its other end (``"circular"``).
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, L)`` or ``(in_channels, L)``.
        - output: ``(N, out_channels, L')`` or ``(out_channels, L')`` with
          ``L' = floor((L + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Attributes:
        weight: ``(out_channels, in_channels / groups, *kernel_size)``, drawn from ``U(-k, k)``
            with ``k = 1 / sqrt(in_channels / groups * kernel length)``.
        bias: ``(out_channels,)``, drawn likewise; None without bias.

    Raises:
        ValueError: for channels that the groups do not divide, an unknown padding or mode.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Conv1d(1, 8, 3, padding=1)
        >>> layer(portfire.ones(2, 1, 50)).shape
        portfire.Size([2, 8, 50])
    """

    rank = 1

    def __init__(
        self,
        in_channels: int,
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
        super().__init__(
            (in_channels, out_channels),
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device=device,
            dtype=dtype,
        )


class Conv2d(Filters):
    r"""Slide filters over images (cross-correlation).

    .. math:: y_{n,k} = b_k + \sum_c w_{k,c} \star x_{n,c}

    Args:
        in_channels: channels of the input.
        out_channels: number of filters.
        kernel_size: height and width of a filter; one number means a square.
        stride: distance between neighboring positions.
        padding: zeros at each side; or ``"valid"`` (none), or ``"same"`` (output as large as the
            input, for stride 1).
        dilation: distance between neighboring elements of a filter.
        groups: number of blocks of channels that do not see each other.
        bias: whether each filter has a number ``b``.
        padding_mode: what stands outside: ``"zeros"``, or the input mirrored at its edge
            (``"reflect"``), its edge (``"replicate"``), or its other end (``"circular"``).
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, H, W)`` or ``(in_channels, H, W)``.
        - output: ``(N, out_channels, H', W')`` or ``(out_channels, H', W')`` with
          ``H' = floor((H + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Attributes:
        weight: ``(out_channels, in_channels / groups, *kernel_size)``, drawn from ``U(-k, k)``
            with ``k = 1 / sqrt(in_channels / groups * kernel area)``.
        bias: ``(out_channels,)``, drawn likewise; None without bias.

    Raises:
        ValueError: for channels that the groups do not divide, an unknown padding or mode.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Conv2d(1, 8, 3, padding=1)
        >>> layer(portfire.ones(2, 1, 28, 28)).shape
        portfire.Size([2, 8, 28, 28])
    """

    rank = 2

    def __init__(
        self,
        in_channels: int,
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
        super().__init__(
            (in_channels, out_channels),
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device=device,
            dtype=dtype,
        )


class Conv3d(Filters):
    r"""Slide filters over volumes (cross-correlation).

    .. math:: y_{n,k} = b_k + \sum_c w_{k,c} \star x_{n,c}

    Args:
        in_channels: channels of the input.
        out_channels: number of filters.
        kernel_size: sizes of a filter; one number means a cube.
        stride: distance between neighboring positions.
        padding: zeros at each side; or ``"valid"`` (none), or ``"same"`` (output as large as the
            input, for stride 1).
        dilation: distance between neighboring elements of a filter.
        groups: number of blocks of channels that do not see each other.
        bias: whether each filter has a number ``b``.
        padding_mode: what stands outside: ``"zeros"``, or the input mirrored at its edge
            (``"reflect"``), its edge (``"replicate"``), or its other end (``"circular"``).
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(N, in_channels, D, H, W)`` or ``(in_channels, D, H, W)``.
        - output: ``(N, out_channels, D', H', W')`` or ``(out_channels, D', H', W')`` with
          ``D' = floor((D + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Attributes:
        weight: ``(out_channels, in_channels / groups, *kernel_size)``, drawn from ``U(-k, k)``
            with ``k = 1 / sqrt(in_channels / groups * kernel volume)``.
        bias: ``(out_channels,)``, drawn likewise; None without bias.

    Raises:
        ValueError: for channels that the groups do not divide, an unknown padding or mode.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Conv3d(1, 8, 3, padding=1)
        >>> layer(portfire.ones(2, 1, 4, 8, 8)).shape
        portfire.Size([2, 8, 4, 8, 8])
    """

    rank = 3

    def __init__(
        self,
        in_channels: int,
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
        super().__init__(
            (in_channels, out_channels),
            kernel_size,
            stride,
            padding,
            dilation,
            groups,
            bias,
            padding_mode,
            device=device,
            dtype=dtype,
        )
