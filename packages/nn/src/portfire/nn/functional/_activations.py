"""Activation functions."""

from __future__ import annotations

import warnings

import portfire
from portfire import Tensor

__all__ = ["log_softmax", "relu", "relu_", "sigmoid", "softmax", "tanh"]


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


def _guess_dim(name: str, ndim: int, stacklevel: int) -> int:
    """The dimension that old code meant when it named none."""
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. "
        "Change the call to include dim=X as an argument.",
        stacklevel=stacklevel,
    )
    return 0 if ndim in (0, 1, 3) else 1
