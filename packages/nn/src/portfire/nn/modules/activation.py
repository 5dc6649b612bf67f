"""Activation layers."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.module import Module

__all__ = ["GLU", "LogSoftmax", "ReLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin", "Tanh"]


class ReLU(Module):
    r"""Replace negative elements by zero: :math:`\max(0, x)`.

    Args:
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.ReLU()(portfire.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element."""
        return F.relu(input, inplace=self.inplace)

    def extra_repr(self) -> str:
        """Return what differs from the default, as printed."""
        return "inplace=True" if self.inplace else ""


class Tanh(Module):
    r"""Apply the hyperbolic tangent: :math:`\tanh x`.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Tanh()(portfire.zeros(2))
        tensor([0., 0.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element."""
        return F.tanh(input)


class Sigmoid(Module):
    r"""Apply the logistic function: :math:`1 / (1 + e^{-x})`.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Sigmoid()(portfire.zeros(2))
        tensor([0.5000, 0.5000])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element."""
        return F.sigmoid(input)


class Softmax(Module):
    r"""Turn numbers into probabilities along a dimension: :math:`e^{x_i} / \sum_j e^{x_j}`.

    Args:
        dim: the dimension; without it, one is guessed, with a warning.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Softmax(dim=1)(portfire.zeros(1, 4))
        tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function along the dimension."""
        return F.softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Return the dimension, as printed."""
        return f"dim={self.dim}"


class LogSoftmax(Module):
    r"""Turn numbers into logarithms of probabilities: :math:`\log(e^{x_i} / \sum_j e^{x_j})`.

    Args:
        dim: the dimension; without it, one is guessed, with a warning.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.LogSoftmax(dim=0)(portfire.zeros(2))
        tensor([-0.6931, -0.6931])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function along the dimension."""
        return F.log_softmax(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Return the dimension, as printed."""
        return f"dim={self.dim}"


class Softmin(Module):
    r"""Turn numbers into probabilities, the smallest into the largest: `Softmax` of ``-x``.

    Args:
        dim: the dimension; without it, one is guessed, with a warning.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Softmin(dim=0)(portfire.tensor([0.0, 1.0]))
        tensor([0.7311, 0.2689])
    """

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function along the dimension."""
        return F.softmin(input, self.dim, _stacklevel=5)

    def extra_repr(self) -> str:
        """Return the dimension, as printed."""
        return f"dim={self.dim}"


class Softmax2d(Module):
    r"""Turn the channels of each pixel into probabilities.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: that of the input.

    Raises:
        ValueError: for another number of dimensions.

    Example:
        >>> import portfire
        >>> portfire.nn.Softmax2d()(portfire.zeros(4, 1, 1)).flatten()
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function along the channels."""
        if input.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead")
        return F.softmax(input, -3, _stacklevel=5)


class GLU(Module):
    r"""Multiply one half of a dimension by the logistic function of the other:
    :math:`a \, \sigma(b)`.

    Args:
        dim: the dimension.

    Shape:
        - input: any; both halves.
        - output: that of the input, the dimension half as long.

    Note:
        Dauphin and others, Language Modeling with Gated Convolutional Networks, 2016.

    Example:
        >>> import portfire
        >>> portfire.nn.GLU()(portfire.tensor([2.0, 4.0, 0.0, 0.0]))
        tensor([1., 2.])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function along the dimension; see `portfire.nn.functional.glu`."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """Return the dimension, as printed."""
        return f"dim={self.dim}"
