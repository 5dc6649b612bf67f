"""Activation layers that are smooth but for a corner."""

from __future__ import annotations

from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.modules.module import Module

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "LogSigmoid",
    "Mish",
    "SELU",
    "SiLU",
    "Softplus",
    "Softsign",
    "Tanhshrink",
]


class GELU(Module):
    r"""Apply the Gaussian error linear unit: :math:`x \Phi(x)`.

    Args:
        approximate: ``"none"``, or ``"tanh"`` for the formula with tanh.

    Shape:
        - input: any.
        - output: that of the input.

    Note:
        Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.

    Example:
        >>> import portfire
        >>> portfire.nn.GELU()(portfire.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.1587,  0.0000,  0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.gelu`."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return f"approximate={self.approximate!r}"


class SiLU(Module):
    r"""Apply the sigmoid linear unit: :math:`x \sigma(x)`.

    Args:
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.SiLU()(portfire.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.2689,  0.0000,  0.7311])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.silu`."""
        return F.silu(input, self.inplace)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return "inplace=True" if self.inplace else ""


class Mish(Module):
    r"""Apply :math:`x \tanh(\log(1 + e^x))`.

    Args:
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Note:
        Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.

    Example:
        >>> import portfire
        >>> portfire.nn.Mish()(portfire.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.3034,  0.0000,  0.8651])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.mish`."""
        return F.mish(input, self.inplace)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return "inplace=True" if self.inplace else ""


class Softplus(Module):
    r"""Apply :math:`\log(1 + e^{\beta x}) / \beta`, and :math:`x` where :math:`\beta x` is large.

    Args:
        beta: the sharpness.
        threshold: what is large.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Softplus()(portfire.tensor([-1.0, 0.0, 30.0]))
        tensor([ 0.3133,  0.6931, 30.0000])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.softplus`."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return f"beta={self.beta}, threshold={self.threshold}"


class LogSigmoid(Module):
    r"""Apply the logarithm of the logistic function: :math:`-\log(1 + e^{-x})`.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.LogSigmoid()(portfire.tensor([-1.0, 0.0, 1.0]))
        tensor([-1.3133, -0.6931, -0.3133])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.logsigmoid`."""
        return F.logsigmoid(input)


class ELU(Module):
    r"""Apply :math:`\alpha (e^x - 1)` below zero, :math:`x` above.

    Args:
        alpha: the factor.
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Note:
        Clevert, Unterthiner and Hochreiter, Exponential Linear Units, 2015.

    Example:
        >>> import portfire
        >>> portfire.nn.ELU()(portfire.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.6321,  0.0000,  1.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.elu`."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class CELU(Module):
    r"""Apply :math:`\alpha (e^{x / \alpha} - 1)` below zero, :math:`x` above.

    Args:
        alpha: the factor.
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Note:
        Barron, Continuously Differentiable Exponential Linear Units, 2017.

    Example:
        >>> import portfire
        >>> portfire.nn.CELU()(portfire.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.6321,  0.0000,  1.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.celu`."""
        return F.celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return f"alpha={self.alpha}" + (", inplace=True" if self.inplace else "")


class SELU(Module):
    r"""Apply the exponential linear unit that keeps mean 0 and variance 1.

    Args:
        inplace: whether to change the input itself.

    Shape:
        - input: any.
        - output: that of the input.

    Note:
        Klambauer and others, Self-Normalizing Neural Networks, 2017.

    Example:
        >>> import portfire
        >>> portfire.nn.SELU()(portfire.tensor([-1.0, 0.0, 1.0]))
        tensor([-1.1113,  0.0000,  1.0507])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.selu`."""
        return F.selu(input, self.inplace)

    def extra_repr(self) -> str:
        """Return the options, as printed."""
        return "inplace=True" if self.inplace else ""


class Softsign(Module):
    r"""Apply :math:`x / (1 + |x|)`.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Softsign()(portfire.tensor([-1.0, 0.0, 3.0]))
        tensor([-0.5000,  0.0000,  0.7500])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.softsign`."""
        return F.softsign(input)


class Tanhshrink(Module):
    r"""Apply :math:`x - \tanh x`.

    Shape:
        - input: any.
        - output: that of the input.

    Example:
        >>> import portfire
        >>> portfire.nn.Tanhshrink()(portfire.tensor([-1.0, 0.0, 1.0]))
        tensor([-0.2384,  0.0000,  0.2384])
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function to each element; see `portfire.nn.functional.tanhshrink`."""
        return F.tanhshrink(input)
