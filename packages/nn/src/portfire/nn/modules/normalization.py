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

__all__ = ["LayerNorm"]


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
