"""Affine layers."""

from __future__ import annotations

import math
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn import init
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = ["Bilinear", "Identity", "Linear"]


class Identity(Module):
    """Return the input; a placeholder that takes any arguments.

    Args:
        *args: ignored.
        **kwargs: ignored.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Identity(54, unused=0.1)(portfire.ones(2))
        tensor([1., 1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Return the input."""
        return input


class Linear(Module):
    r"""Apply an affine map to the last dimension: :math:`y = x A^T + b`.

    Args:
        in_features: size of each input vector.
        out_features: size of each output vector.
        bias: whether there is a vector ``b``.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(*, in_features)``.
        - output: ``(*, out_features)``.

    Attributes:
        weight: ``(out_features, in_features)``, drawn from ``U(-k, k)`` with
            ``k = 1 / sqrt(in_features)``.
        bias: ``(out_features,)``, drawn likewise; None without bias.

    Raises:
        RuntimeError: for a negative number of features.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Linear(20, 30)
        >>> layer(portfire.ones(128, 20)).shape
        portfire.Size([128, 30])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        self.in_features = in_features
        self.out_features = out_features
        self.weight = Parameter(
            portfire.empty((out_features, in_features), device=device, dtype=dtype)
        )
        offset = portfire.empty((out_features,), device=device, dtype=dtype)
        self.register_parameter("bias", Parameter(offset) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values for weight and bias."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0.0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """Apply the map; see `portfire.nn.functional.linear`."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    r"""Apply a map that is linear in each of two vectors: :math:`y_o = x_1^T A_o x_2 + b_o`.

    Args:
        in1_features: size of the first vectors.
        in2_features: size of the second vectors.
        out_features: size of each output vector.
        bias: whether there is a vector ``b``.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input1: ``(*, in1_features)``.
        - input2: ``(*, in2_features)``.
        - output: ``(*, out_features)``.

    Attributes:
        weight: ``(out_features, in1_features, in2_features)``, drawn from ``U(-k, k)`` with
            ``k = 1 / sqrt(in1_features)``.
        bias: ``(out_features,)``, drawn likewise; None without bias.

    Raises:
        ValueError: when the first vectors have no elements.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Bilinear(20, 30, 40)
        >>> layer(portfire.ones(128, 20), portfire.ones(128, 30)).shape
        portfire.Size([128, 40])
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        if in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={in1_features})")
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        shape = (out_features, in1_features, in2_features)
        self.weight = Parameter(portfire.empty(shape, device=device, dtype=dtype))
        offset = portfire.empty((out_features,), device=device, dtype=dtype)
        self.register_parameter("bias", Parameter(offset) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values for weight and bias."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """Apply the map; see `portfire.nn.functional.bilinear`."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Return the sizes, as printed."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
