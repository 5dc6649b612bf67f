"""Convolution layers."""

from __future__ import annotations

import math
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn import init
from portfire.nn.functional._padding import pad_image
from portfire.nn.modules._sizes import Size2, pair
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = ["Conv2d"]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class Conv2d(Module):
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
        padding_mode: what stands outside the image: ``"zeros"``, or the image mirrored at its edge
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

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size2,
        stride: Size2 = 1,
        padding: Size2 | str = 0,
        dilation: Size2 = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        _check(in_channels, out_channels, stride, padding, groups, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair(kernel_size)
        self.stride = pair(stride)
        self.padding = padding if isinstance(padding, str) else pair(padding)
        self.dilation = pair(dilation)
        self.groups = groups
        self.padding_mode = padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(portfire.empty(shape, device=device, dtype=dtype))
        offset = portfire.empty((out_channels,), device=device, dtype=dtype)
        self.register_parameter("bias", Parameter(offset) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values for weight and bias."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = self.in_channels // self.groups * math.prod(self.kernel_size)
            if fan_in > 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Convolve; see `portfire.nn.functional.conv2d`."""
        padding = self.padding
        if self.padding_mode != "zeros":
            low, high = self._padding_by_side()
            input = pad_image(input, low, high, self.padding_mode)
            padding = (0, 0)
        return F.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _padding_by_side(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        if not isinstance(self.padding, str):
            return self.padding, self.padding
        if self.padding == "valid":
            return (0, 0), (0, 0)
        total = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        return tuple(n // 2 for n in total), tuple(n - n // 2 for n in total)

    def extra_repr(self) -> str:
        """Return the sizes and what differs from the defaults, as printed."""
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        if self.padding != (0, 0):
            text += f", padding={self.padding}"
        if self.dilation != (1, 1):
            text += f", dilation={self.dilation}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text


def _check(
    in_channels: int,
    out_channels: int,
    stride: Size2,
    padding: Size2 | str,
    groups: int,
    padding_mode: str,
) -> None:
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    if in_channels % groups != 0:
        raise ValueError("in_channels must be divisible by groups")
    if out_channels % groups != 0:
        raise ValueError("out_channels must be divisible by groups")
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(
                f"Invalid padding string {padding!r}, should be one of {{'valid', 'same'}}"
            )
        if padding == "same" and any(step != 1 for step in pair(stride)):
            raise ValueError("padding='same' is not supported for strided convolutions")
    if padding_mode not in _PADDING_MODES:
        raise ValueError(
            "padding_mode must be one of {'circular', 'reflect', 'replicate', 'zeros'}, "
            f"but got padding_mode={padding_mode!r}"
        )
