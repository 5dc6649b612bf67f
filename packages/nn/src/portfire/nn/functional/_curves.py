"""Activation functions that are smooth but for a corner: exponentials and their kin."""

from __future__ import annotations

from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._activations import ACTIVATIONS

__all__ = [
    "celu",
    "celu_",
    "elu",
    "elu_",
    "gelu",
    "logsigmoid",
    "mish",
    "selu",
    "selu_",
    "silu",
    "softplus",
    "softsign",
    "tanhshrink",
]

# The fixed point of Klambauer and others: mean 0 and variance 1 are kept.
SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    r"""Apply the Gaussian error linear unit: :math:`x \Phi(x)`.

    Args:
        input: the tensor.
        approximate: ``"none"``, or ``"tanh"`` for the formula with tanh.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: for another word.
        NotImplementedError: for a tensor of integers.

    Note:
        Hendrycks and Gimpel, Gaussian Error Linear Units, 2016.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.0])
        >>> portfire.nn.functional.gelu(x)
        tensor([-0.1587,  0.0000,  0.8413])
    """
    if approximate not in ("none", "tanh"):
        raise RuntimeError("approximate argument must be either none or tanh.")
    return apply(ACTIVATIONS["gelu"], (input,), (approximate,))


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Apply the sigmoid linear unit: :math:`x \sigma(x)`.

    Args:
        input: the tensor.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.0])
        >>> portfire.nn.functional.silu(x)
        tensor([-0.2689,  0.0000,  0.7311])
    """
    result = apply(ACTIVATIONS["silu"], (input,), ())
    return input.copy_(result) if inplace else result


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Apply :math:`x \tanh(\log(1 + e^x))`.

    Args:
        input: the tensor.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Note:
        Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.0])
        >>> portfire.nn.functional.mish(x)
        tensor([-0.3034,  0.0000,  0.8651])
    """
    result = apply(ACTIVATIONS["mish"], (input,), ())
    return input.copy_(result) if inplace else result


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    r"""Apply :math:`\log(1 + e^{\beta x}) / \beta`, and :math:`x` where :math:`\beta x` is large.

    Args:
        input: the tensor.
        beta: the sharpness.
        threshold: what is large.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 30.0])
        >>> portfire.nn.functional.softplus(x)
        tensor([ 0.3133,  0.6931, 30.0000])
    """
    return apply(ACTIVATIONS["softplus"], (input,), (float(beta), float(threshold)))


def logsigmoid(input: Tensor) -> Tensor:
    r"""Apply the logarithm of the logistic function: :math:`-\log(1 + e^{-x})`.

    Args:
        input: the tensor.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.0])
        >>> portfire.nn.functional.logsigmoid(x)
        tensor([-1.3133, -0.6931, -0.3133])
    """
    return apply(ACTIVATIONS["log_sigmoid"], (input,), ())


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""Apply :math:`\alpha (e^x - 1)` below zero, :math:`x` above.

    Args:
        input: the tensor.
        alpha: the factor.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Note:
        Clevert, Unterthiner and Hochreiter, Exponential Linear Units, 2015.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.0])
        >>> portfire.nn.functional.elu(x)
        tensor([-0.6321,  0.0000,  1.0000])
    """
    result = apply(ACTIVATIONS["elu"], (input,), (float(alpha), 1.0, 1.0))
    return input.copy_(result) if inplace else result


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    r"""Apply :math:`\alpha (e^{x / \alpha} - 1)` below zero, :math:`x` above.

    Args:
        input: the tensor.
        alpha: the factor.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: when ``alpha`` is zero.
        NotImplementedError: for a tensor of integers.

    Note:
        Barron, Continuously Differentiable Exponential Linear Units, 2017.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.0])
        >>> portfire.nn.functional.celu(x)
        tensor([-0.6321,  0.0000,  1.0000])
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    result = apply(ACTIVATIONS["elu"], (input,), (float(alpha), 1.0, 1.0 / alpha))
    return input.copy_(result) if inplace else result


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Apply the exponential linear unit that keeps mean 0 and variance 1.

    Args:
        input: the tensor.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Note:
        Klambauer and others, Self-Normalizing Neural Networks, 2017.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.0])
        >>> portfire.nn.functional.selu(x)
        tensor([-1.1113,  0.0000,  1.0507])
    """
    result = apply(ACTIVATIONS["elu"], (input,), (SELU_ALPHA, SELU_SCALE, 1.0))
    return input.copy_(result) if inplace else result


def softsign(input: Tensor) -> Tensor:
    r"""Apply :math:`x / (1 + |x|)`.

    Args:
        input: the tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 3.0])
        >>> portfire.nn.functional.softsign(x)
        tensor([-0.5000,  0.0000,  0.7500])
    """
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    r"""Apply :math:`x - \tanh x`.

    Args:
        input: the tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.0])
        >>> portfire.nn.functional.tanhshrink(x)
        tensor([-0.2384,  0.0000,  0.2384])
    """
    return input - input.tanh()


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    r"""Apply `elu` in place.

    Args:
        input: the tensor.
        alpha: the factor.

    Returns:
        The tensor itself.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0])
        >>> portfire.nn.functional.elu_(x)
        tensor([-0.6321,  0.0000])
    """
    return elu(input, alpha, True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    r"""Apply `celu` in place.

    Args:
        input: the tensor.
        alpha: the factor.

    Returns:
        The tensor itself.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0])
        >>> portfire.nn.functional.celu_(x)
        tensor([-0.6321,  0.0000])
    """
    return celu(input, alpha, True)


def selu_(input: Tensor) -> Tensor:
    r"""Apply `selu` in place.

    Args:
        input: the tensor.

    Returns:
        The tensor itself.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0])
        >>> portfire.nn.functional.selu_(x)
        tensor([-1.1113,  0.0000])
    """
    return selu(input, True)
