"""Normalization layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn import init
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = ["GroupNorm", "LayerNorm", "LocalResponseNorm", "RMSNorm"]


class LayerNorm(Module):
    r"""Normalize the last dimensions to mean 0 and variance 1, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    Args:
        normalized_shape: the sizes of these dimensions.
        eps: what keeps the root from zero.
        elementwise_affine: whether there is a weight ``w``.
        bias: whether there is a ``b`` too.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - input: ``(*, *normalized_shape)``.
        - output: that of the input.

    Attributes:
        weight: ``normalized_shape``, ones at first; None without affine.
        bias: ``normalized_shape``, zeros at first; None without bias.

    Example:
        >>> import portfire
        >>> portfire.nn.LayerNorm(2)(portfire.tensor([[1.0, 3.0]]))
        tensor([[-1.0000,  1.0000]], grad_fn=<AddBackward0>)
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape = tuple(shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        for name, wanted in (
            ("weight", elementwise_affine),
            ("bias", elementwise_affine and bias),
        ):
            empty = portfire.empty(self.normalized_shape, device=device, dtype=dtype)
            self.register_parameter(name, Parameter(empty) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Normalize; see `portfire.nn.functional.layer_norm`."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the sizes and options, as printed."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class GroupNorm(Module):
    r"""Normalize groups of channels of each sample to mean 0 and variance 1, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    Args:
        num_groups: into how many groups the channels are parted.
        num_channels: the number of channels.
        eps: what keeps the root from zero.
        affine: whether there is a weight ``w``.
        device: where the parameters live.
        dtype: their type.
        bias: whether there is a ``b`` too.

    Shape:
        - input: ``(N, C, *)``.
        - output: that of the input.

    Attributes:
        weight: ``(num_channels,)``, ones at first; None without affine.
        bias: ``(num_channels,)``, zeros at first; None without bias.

    Raises:
        ValueError: when the groups would have different sizes.

    Note:
        Wu and He, Group Normalization, 2018.

    Example:
        >>> import portfire
        >>> portfire.nn.GroupNorm(2, 4, affine=False)(portfire.tensor([[1.0, 3.0, 5.0, 5.0]]))
        tensor([[-1.0000,  1.0000,  0.0000,  0.0000]])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            empty = portfire.empty(num_channels, device=device, dtype=dtype)
            self.register_parameter(name, Parameter(empty) if wanted else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to ones and the bias to zeros."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def forward(self, input: Tensor) -> Tensor:
        """Normalize; see `portfire.nn.functional.group_norm`."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """Return the sizes and options, as printed."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    r"""Scale the last dimensions to mean square 1, then by a weight.

    .. math:: y = \frac{x}{\sqrt{E[x^2] + \epsilon}} \cdot w

    Args:
        normalized_shape: the sizes of these dimensions.
        eps: what keeps the root from zero; the smallest step from 1 by default.
        elementwise_affine: whether there is a weight ``w``.
        device: where the weight lives.
        dtype: its type.

    Shape:
        - input: ``(*, *normalized_shape)``.
        - output: that of the input.

    Attributes:
        weight: ``normalized_shape``, ones at first; None without affine.

    Note:
        Zhang and Sennrich, Root Mean Square Layer Normalization, 2019.

    Example:
        >>> import portfire
        >>> portfire.nn.RMSNorm(2, elementwise_affine=False)(portfire.tensor([[1.0, 7.0]]))
        tensor([[0.2000, 1.4000]])
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape = tuple(shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        empty = portfire.empty(self.normalized_shape, device=device, dtype=dtype)
        self.register_parameter("weight", Parameter(empty) if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to ones."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, input: Tensor) -> Tensor:
        """Normalize; see `portfire.nn.functional.rms_norm`."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """Return the sizes and options, as printed."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class LocalResponseNorm(Module):
    r"""Divide each element by a power of the mean square of neighboring channels.

    .. math:: y_c = x_c \left(k + \frac{\alpha}{n} \sum_{|j - c| \le n / 2} x_j^2\right)^{-\beta}

    Args:
        size: how many channels are neighbors, ``n``.
        alpha: the factor.
        beta: the exponent.
        k: the summand.

    Shape:
        - input: ``(N, C, *)``.
        - output: that of the input.

    Note:
        Krizhevsky, Sutskever and Hinton, ImageNet Classification, 2012.

    Example:
        >>> import portfire
        >>> portfire.nn.LocalResponseNorm(2, alpha=2.0)(portfire.ones(1, 2, 1))
        tensor([[[0.5946],
                 [0.4387]]])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """Normalize; see `portfire.nn.functional.local_response_norm`."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
