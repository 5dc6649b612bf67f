"""Activation functions."""

from __future__ import annotations

import warnings

import portfire
from portfire import Tensor

__all__ = [
    "glu",
    "gumbel_softmax",
    "log_softmax",
    "relu",
    "relu_",
    "sigmoid",
    "softmax",
    "softmin",
    "tanh",
]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Replace negative elements by zero: :math:`\max(0, x)`.

    Args:
        input: the tensor.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: for a tensor of bool.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.relu(portfire.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    if input.dtype is portfire.bool:
        raise RuntimeError("Boolean inputs not supported for relu")
    return input.relu_() if inplace else input.relu()


def relu_(input: Tensor) -> Tensor:
    """Replace negative elements by zero, in place.

    Args:
        input: the tensor.

    Returns:
        The tensor itself.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.relu_(portfire.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """
    return relu(input, inplace=True)


def tanh(input: Tensor) -> Tensor:
    r"""Apply the hyperbolic tangent: :math:`\tanh x`.

    Args:
        input: the tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.tanh(portfire.zeros(2))
        tensor([0., 0.])
    """
    return input.tanh()


def sigmoid(input: Tensor) -> Tensor:
    r"""Apply the logistic function: :math:`1 / (1 + e^{-x})`.

    Args:
        input: the tensor.

    Returns:
        A tensor of the same shape.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.sigmoid(portfire.zeros(2))
        tensor([0.5000, 0.5000])
    """
    return input.sigmoid()


def softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: portfire.dtype | None = None,
) -> Tensor:
    r"""Turn numbers into probabilities along a dimension: :math:`e^{x_i} / \sum_j e^{x_j}`.

    Args:
        input: the tensor.
        dim: the dimension; without it, one is guessed, with a warning.
        dtype: the type to convert to before.

    Returns:
        A tensor of the same shape whose elements add up to 1 along the dimension.

    Raises:
        IndexError: for a dimension that the tensor has not.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.softmax(portfire.zeros(1, 4), dim=1)
        tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """
    if dim is None:
        dim = _guess_dim("softmax", input.ndim, _stacklevel)
    return input.softmax(dim, dtype=dtype)


def log_softmax(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: portfire.dtype | None = None,
) -> Tensor:
    r"""Turn numbers into logarithms of probabilities: :math:`\log(e^{x_i} / \sum_j e^{x_j})`.

    Args:
        input: the tensor.
        dim: the dimension; without it, one is guessed, with a warning.
        dtype: the type to convert to before.

    Returns:
        A tensor of the same shape.

    Raises:
        IndexError: for a dimension that the tensor has not.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.log_softmax(portfire.zeros(2), dim=0)
        tensor([-0.6931, -0.6931])
    """
    if dim is None:
        dim = _guess_dim("log_softmax", input.ndim, _stacklevel)
    return input.log_softmax(dim, dtype=dtype)


def softmin(
    input: Tensor,
    dim: int | None = None,
    _stacklevel: int = 3,
    dtype: portfire.dtype | None = None,
) -> Tensor:
    r"""Turn numbers into probabilities, the smallest into the largest: `softmax` of ``-x``.

    Args:
        input: the tensor.
        dim: the dimension; without it, one is guessed, with a warning.
        dtype: the type to convert to before.

    Returns:
        A tensor of the same shape whose elements add up to 1 along the dimension.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.softmin(portfire.tensor([0.0, 1.0]), dim=0)
        tensor([0.7311, 0.2689])
    """
    if dim is None:
        dim = _guess_dim("softmin", input.ndim, _stacklevel)
    return (-input).softmax(dim, dtype=dtype)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    r"""Multiply one half of a dimension by the logistic function of the other:
    :math:`a \, \sigma(b)`.

    Args:
        input: the tensor; both halves.
        dim: the dimension.

    Returns:
        A tensor whose dimension is half as long.

    Raises:
        RuntimeError: for a dimension of odd length, or none.
        NotImplementedError: for integers and bool.

    Note:
        Dauphin and others, Language Modeling with Gated Convolutional Networks, 2016.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.glu(portfire.tensor([2.0, 4.0, 0.0, 0.0]))
        tensor([1., 2.])
    """
    if input.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(
            f"Halving dimension must be even, but dimension {dim % input.ndim} is size {size}"
        )
    if not input.is_floating_point():
        raise NotImplementedError(f"\"glu_cpu\" not implemented for '{input.dtype.scalar_name}'")
    return input.narrow(dim, 0, size // 2) * input.narrow(dim, size // 2, size // 2).sigmoid()


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    r"""Draw from classes in a way that has a gradient: softmax of the scores plus Gumbel noise.

    Args:
        logits: the scores.
        tau: the temperature; near zero the draws are nearly zeros and ones.
        hard: whether to return zeros and a one, with the gradient of the soft draw.
        eps: not used.
        dim: the dimension of the classes.

    Returns:
        A tensor of the same shape whose elements add up to 1 along the dimension.

    Note:
        Jang, Gu and Poole, Categorical Reparameterization with Gumbel-Softmax, 2016.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.gumbel_softmax(portfire.zeros(3), hard=True).sum()
        tensor(1.)
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    # Away from zero, whose logarithm is not a number to draw.
    even = portfire.rand(logits.shape, device=logits.device, dtype=logits.dtype)
    noise = -(-(even + (1.0 - even) * 1e-20).log()).log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    size = logits.size(dim)
    classes = portfire.arange(size, device=logits.device).reshape(
        *[size if axis == dim % logits.ndim else 1 for axis in range(logits.ndim)]
    )
    chosen = (soft.argmax(dim, keepdim=True) == classes).to(logits.dtype)
    return chosen - soft.detach() + soft


def _guess_dim(name: str, ndim: int, stacklevel: int) -> int:
    """The dimension that old code meant when it named none."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1
