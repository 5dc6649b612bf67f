"""Initialization of parameters, in place and without a gradient."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

import portfire
from portfire import Tensor, no_grad

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

_GAINS = {
    "linear": 1,
    "conv1d": 1,
    "conv2d": 1,
    "conv3d": 1,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
    "sigmoid": 1,
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
}
_MODES = ["fan_in", "fan_out"]


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""Return how much a nonlinearity shrinks deviations, as a factor for the initial weights.

    1 for linear layers and ``sigmoid``, 5/3 for ``tanh``, :math:`\sqrt 2` for ``relu``,
    :math:`\sqrt{2 / (1 + s^2)}` for ``leaky_relu`` with slope ``s``, 3/4 for ``selu``.

    Args:
        nonlinearity: its name.
        param: the slope of ``leaky_relu``, 0.01 by default.

    Returns:
        The factor.

    Raises:
        ValueError: for an unknown name, or a slope that is no number.

    Example:
        >>> from portfire import nn
        >>> nn.init.calculate_gain("leaky_relu", 1)
        1.0
    """
    if nonlinearity in _GAINS:
        return _GAINS[nonlinearity]
    if nonlinearity != "leaky_relu":
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    if param is None:
        slope: Any = 0.01
    elif isinstance(param, (int, float)) and not isinstance(param, bool):
        slope = param
    else:
        raise ValueError(f"negative_slope {param} not a valid number")
    return math.sqrt(2.0 / (1 + slope**2))


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Fill a tensor with numbers drawn evenly from ``[a, b)``.

    Args:
        tensor: the tensor to fill.
        a: lower bound.
        b: upper bound.
        generator: the source of random numbers; the default one if None.

    Returns:
        The tensor.

    Example:
        >>> import portfire
        >>> w = portfire.nn.init.uniform_(portfire.empty(100), 2.0, 3.0)
        >>> bool(((w >= 2) & (w < 3)).all())
        True
    """
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Fill a tensor with normally distributed numbers.

    Args:
        tensor: the tensor to fill.
        mean: their mean.
        std: their standard deviation.
        generator: the source of random numbers; the default one if None.

    Returns:
        The tensor.

    Example:
        >>> import portfire
        >>> w = portfire.nn.init.normal_(portfire.empty(1000), mean=5.0, std=0.1)
        >>> bool((w - 5).abs().max() < 1)
        True
    """
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill a tensor with one number.

    Args:
        tensor: the tensor to fill.
        val: the number.

    Returns:
        The tensor.

    Example:
        >>> import portfire
        >>> portfire.nn.init.constant_(portfire.empty(2), 0.3)
        tensor([0.3000, 0.3000])
    """
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill a tensor with ones.

    Args:
        tensor: the tensor to fill.

    Returns:
        The tensor.

    Example:
        >>> import portfire
        >>> portfire.nn.init.ones_(portfire.empty(2))
        tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill a tensor with zeros.

    Args:
        tensor: the tensor to fill.

    Returns:
        The tensor.

    Example:
        >>> import portfire
        >>> portfire.nn.init.zeros_(portfire.empty(2))
        tensor([0., 0.])
    """
    return constant_(tensor, 0.0)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Fill a tensor with normally distributed numbers between two bounds.

    Args:
        tensor: the tensor to fill.
        mean: the mean of the whole distribution.
        std: its standard deviation.
        a: lower bound.
        b: upper bound.
        generator: the source of random numbers; the default one if None.

    Returns:
        The tensor.

    Example:
        >>> import portfire
        >>> w = portfire.nn.init.trunc_normal_(portfire.empty(100), a=-1.0, b=1.0)
        >>> bool((w.abs() <= 1).all())
        True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    # The distribution function between the bounds is even; its inverse of even numbers is not.
    low, high = (math.erf((bound - mean) / (std * math.sqrt(2.0))) for bound in (a, b))
    with no_grad():
        even = tensor.uniform_(low, high, generator=generator)
        drawn = portfire.erfinv(even) * (std * math.sqrt(2.0)) + mean
        return tensor.copy_(drawn.clamp(min=a, max=b))


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with ones on the diagonal and zeros elsewhere.

    Args:
        tensor: the matrix.

    Returns:
        The tensor.

    Raises:
        ValueError: for another number of dimensions.

    Example:
        >>> import portfire
        >>> portfire.nn.init.eye_(portfire.empty(2, 3))
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return _fill(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a weight of a convolution so that as many channels as can be pass unchanged.

    Args:
        tensor: the weight, of 3, 4 or 5 dimensions.
        groups: the groups of the convolution.

    Returns:
        The tensor.

    Raises:
        ValueError: for another number of dimensions, or groups of different sizes.

    Example:
        >>> import portfire
        >>> portfire.nn.init.dirac_(portfire.empty(2, 2, 3))
        tensor([[[0., 1., 0.],
                 [0., 0., 0.]],
        <BLANKLINE>
                [[0., 0., 0.],
                 [0., 1., 0.]]])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    outputs, inputs, *window = tensor.shape
    if outputs % groups:
        raise ValueError("dim 0 must be divisible by groups")
    each = outputs // groups
    center = tuple(size // 2 for size in window)
    array = np.zeros(tuple(tensor.shape))
    for group in range(groups):
        for channel in range(min(each, inputs)):
            place = (group * each + channel, channel, *center)
            array[place] = 1
    return _fill(tensor, array)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Fill a weight with rows (or columns, if they are fewer) that are orthogonal unit vectors.

    Args:
        tensor: the weight, of at least two dimensions; all but the first are taken as one.
        gain: a factor.
        generator: the source of random numbers; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: for fewer than two dimensions.

    Note:
        Saxe, McClelland and Ganguli, Exact solutions to the nonlinear dynamics of learning, 2013.

    Example:
        >>> import portfire
        >>> w = portfire.nn.init.orthogonal_(portfire.empty(2, 5))
        >>> portfire.allclose(w @ w.T, portfire.eye(2), atol=1e-6)
        True
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    with no_grad():
        drawn = tensor.new_empty((rows, tensor.numel() // rows)).normal_(generator=generator)
    array = drawn.cpu().numpy().astype(np.float64)
    wide = array.shape[0] < array.shape[1]
    q, r = np.linalg.qr(array.T if wide else array)
    # The signs of the diagonal make it even over all orthogonal matrices.
    q = q * np.sign(np.diagonal(r))
    return _fill(tensor, (q.T if wide else q).reshape(tuple(tensor.shape)) * gain)


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Fill a matrix with normally distributed numbers, of which some in each column are zero.

    Args:
        tensor: the matrix.
        sparsity: the share of zeros in each column.
        std: the standard deviation of the others.
        generator: the source of random numbers; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: for another number of dimensions.

    Note:
        Martens, Deep learning via Hessian-free optimization, 2010.

    Example:
        >>> import portfire
        >>> w = portfire.nn.init.sparse_(portfire.empty(4, 2), 0.5)
        >>> (w == 0).sum(0)
        tensor([2, 2])
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    zeros = math.ceil(sparsity * tensor.shape[0])
    normal_(tensor, 0.0, std, generator)
    with no_grad():
        # A random order of the rows of each column, of which the first ones become zero.
        order = tensor.new_empty(tuple(tensor.shape)).uniform_(generator=generator)
    ranks = order.cpu().numpy().argsort(0, kind="stable").argsort(0, kind="stable")
    with no_grad():
        return tensor.mul_(portfire.tensor(ranks >= zeros, device=tensor.device))


def _fill(tensor: Tensor, array: Any) -> Tensor:
    """Copy an array of the host into the tensor."""
    with no_grad():
        values = portfire.tensor(array.astype(tensor.dtype.numpy), device=tensor.device)
        return tensor.copy_(values)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    r"""Fill a weight by Glorot's rule, evenly: bounds :math:`\pm g \sqrt{6 / (in + out)}`.

    Args:
        tensor: the weight, of at least two dimensions.
        gain: the factor ``g``.
        generator: the source of random numbers; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: for fewer than two dimensions.

    Example:
        >>> import portfire
        >>> w = portfire.nn.init.xavier_uniform_(portfire.empty(3, 3))
        >>> bool(w.abs().max() <= 1)
        True
    """
    fan_in, fan_out = _fans(tensor)
    bound = gain * math.sqrt(6.0 / float(fan_in + fan_out))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    r"""Fill a weight by Glorot's rule, normally: deviation :math:`g \sqrt{2 / (in + out)}`.

    Args:
        tensor: the weight, of at least two dimensions.
        gain: the factor ``g``.
        generator: the source of random numbers; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: for fewer than two dimensions.

    Example:
        >>> import portfire
        >>> portfire.nn.init.xavier_normal_(portfire.empty(3, 3)).shape
        portfire.Size([3, 3])
    """
    fan_in, fan_out = _fans(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(fan_in + fan_out)), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    r"""Fill a weight by He's rule, evenly: bounds :math:`\pm g \sqrt{3 / fan}`.

    Args:
        tensor: the weight, of at least two dimensions.
        a: slope of the ``leaky_relu`` that follows.
        mode: ``"fan_in"`` keeps the deviations of the forward pass, ``"fan_out"`` those of the
            backward pass.
        nonlinearity: what follows, see `calculate_gain`.
        generator: the source of random numbers; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: for fewer than two dimensions, an unknown mode or nonlinearity.

    Example:
        >>> import portfire
        >>> w = portfire.nn.init.kaiming_uniform_(portfire.empty(8, 6), nonlinearity="relu")
        >>> bool(w.abs().max() <= 1)
        True
    """
    deviation = _kaiming_deviation(tensor, a, mode, nonlinearity)
    if deviation is None:
        return tensor
    bound = math.sqrt(3.0) * deviation
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    r"""Fill a weight by He's rule, normally: deviation :math:`g / \sqrt{fan}`.

    Args:
        tensor: the weight, of at least two dimensions.
        a: slope of the ``leaky_relu`` that follows.
        mode: ``"fan_in"`` keeps the deviations of the forward pass, ``"fan_out"`` those of the
            backward pass.
        nonlinearity: what follows, see `calculate_gain`.
        generator: the source of random numbers; the default one if None.

    Returns:
        The tensor.

    Raises:
        ValueError: for fewer than two dimensions, an unknown mode or nonlinearity.

    Example:
        >>> import portfire
        >>> portfire.nn.init.kaiming_normal_(portfire.empty(8, 6), mode="fan_out").shape
        portfire.Size([8, 6])
    """
    deviation = _kaiming_deviation(tensor, a, mode, nonlinearity)
    return tensor if deviation is None else normal_(tensor, 0.0, deviation, generator)


def _kaiming_deviation(tensor: Tensor, slope: float, mode: str, nonlinearity: str) -> float | None:
    """The standard deviation by He's rule; None for a tensor without elements."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return None
    mode = mode.lower()
    if mode not in _MODES:
        raise ValueError(f"Mode {mode} not supported, please use one of {_MODES}")
    fan = _fans(tensor)[_MODES.index(mode)]
    return calculate_gain(nonlinearity, slope) / math.sqrt(fan)


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs reach an output of the layer, and how many outputs an input."""
    if tensor.ndim < 2:
        raise ValueError(
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"
        )
    outputs, inputs, *window = tensor.shape
    area = math.prod(window)
    return inputs * area, outputs * area
