"""Normalization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import portfire
from portfire import Tensor
from portfire._dispatch import apply, full
from portfire.nn._composites._normalization import (
    BATCH_NORM,
    LAYER_NORM,
    RMS_NORM,
    along_channels,
    channel_axes,
    moments,
)
from portfire.nn._names import not_implemented, typename
from portfire.ops import lookup

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "rms_norm",
]


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalize the last dimensions to mean 0 and variance 1, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    Args:
        input: the tensor.
        normalized_shape: the sizes of these dimensions.
        weight: the factors ``w``.
        bias: the summands ``b``.
        eps: what keeps the root from zero.

    Shape:
        - input: ``(*, *normalized_shape)``.
        - weight, bias: ``normalized_shape``.
        - output: that of the input.

    Returns:
        The result.

    Raises:
        RuntimeError: for shapes that do not fit.
        NotImplementedError: for a tensor of integers.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.layer_norm(portfire.tensor([[1.0, 3.0]]), (2,))
        tensor([[-1.0000,  1.0000]])
    """
    if not isinstance(normalized_shape, Sequence):
        raise TypeError(
            "layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, "
            f"not {typename(normalized_shape)}"
        )
    shape = list(normalized_shape)
    sizes = "".join(f", {n}" for n in shape)
    _check_last(input, shape, f"[*{sizes}]", (("weight", weight), ("bias", bias)))
    if not input.is_floating_point():
        raise not_implemented("layer_norm", input.dtype)
    result = apply(LAYER_NORM, (input,), (len(shape), float(eps)))
    if weight is not None:
        result = result * weight
    return result if bias is None else result + bias


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    r"""Scale the last dimensions to mean square 1, then by a weight.

    .. math:: y = \frac{x}{\sqrt{E[x^2] + \epsilon}} \cdot w

    Args:
        input: the tensor.
        normalized_shape: the sizes of these dimensions.
        weight: the factors ``w``.
        eps: what keeps the root from zero; the smallest step from 1 by default.

    Shape:
        - input: ``(*, *normalized_shape)``.
        - weight: ``normalized_shape``.
        - output: that of the input.

    Returns:
        The result.

    Raises:
        RuntimeError: for shapes that do not fit.
        NotImplementedError: for a tensor of integers.

    Note:
        Zhang and Sennrich, Root Mean Square Layer Normalization, 2019.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.rms_norm(portfire.tensor([[1.0, 7.0]]), (2,))
        tensor([[0.2000, 1.4000]])
    """
    shape = list(normalized_shape)
    sizes = ", ".join(map(str, shape))
    _check_last(input, shape, f"[*{sizes}]", (("weight", weight),))
    if not input.is_floating_point():
        raise not_implemented("rms_norm", input.dtype)
    if eps is None:
        # Halves are computed in single precision, and its step is theirs here.
        wide = np.float64 if input.dtype is portfire.float64 else np.float32
        eps = float(np.finfo(wide).eps)
    result = apply(RMS_NORM, (input,), (len(shape), float(eps)))
    return result if weight is None else result * weight


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float | Tensor = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalize each channel over the batch to mean 0 and variance 1, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    Args:
        input: the tensor.
        running_mean: the mean of all batches, which training moves towards the batch's.
        running_var: the variance of all batches, likewise.
        weight: the factors ``w``.
        bias: the summands ``b``.
        training: whether to take the statistics of this batch, and not those of all.
        momentum: how far the running statistics move.
        eps: what keeps the root from zero.

    Shape:
        - input: ``(N, C, *)``.
        - all others: ``(C,)``.
        - output: that of the input.

    Returns:
        The result.

    Raises:
        ValueError: in training, for one element per channel.
        RuntimeError: for sizes that do not fit, or without statistics in evaluation.
        NotImplementedError: for a tensor of integers.

    Note:
        Ioffe and Szegedy, Batch Normalization, 2015.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1.0], [3.0]])
        >>> portfire.nn.functional.batch_norm(x, None, None, training=True)
        tensor([[-1.0000],
                [ 1.0000]])
    """
    channels = input.shape[1] if input.ndim > 1 else 0
    if training:
        _check_enough(input)
    _check_vectors(channels, training, running_mean, running_var, weight, bias)
    if not input.is_floating_point():
        raise not_implemented("batch_norm", input.dtype)
    narrow = input.dtype in (portfire.float16, portfire.bfloat16)
    if narrow and weight is not None and weight.dtype is portfire.float32:
        wide = batch_norm(
            input.float(), running_mean, running_var, weight, bias, training, momentum, eps
        )
        return wide.to(input.dtype)
    if not training:
        return _by_statistics(input, running_mean, running_var, weight, bias, eps)
    if running_mean is not None or running_var is not None:
        with portfire.no_grad():
            axes = channel_axes(input.ndim)
            _, mean, variance = moments(input, axes)
            count = input.numel() // max(channels, 1)
            _follow(running_mean, mean.squeeze(axes), momentum)
            _follow(running_var, variance.squeeze(axes) * (count / max(count - 1, 1)), momentum)
    factors = full((channels,), 1.0, input) if weight is None else weight
    offsets = full((channels,), 0.0, input) if bias is None else bias
    return apply(BATCH_NORM, (input, factors, offsets), (float(eps),))


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalize each channel of each sample to mean 0 and variance 1, then scale and shift.

    Args:
        input: the tensor.
        running_mean: the mean of all samples, which moves towards that of these.
        running_var: the variance of all samples, likewise.
        weight: the factors, one per channel.
        bias: the summands, one per channel.
        use_input_stats: whether to take each sample's statistics, and not the running ones.
        momentum: how far the running statistics move.
        eps: what keeps the root from zero.

    Shape:
        - input: ``(N, C, *)``.
        - all others: ``(C,)``.
        - output: that of the input.

    Returns:
        The result.

    Raises:
        ValueError: for one element per channel and sample.
        RuntimeError: for sizes that do not fit, or where the statistics are missing.

    Note:
        Ulyanov, Vedaldi and Lempitsky, Instance Normalization, 2016.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.instance_norm(portfire.tensor([[[1.0, 3.0]]]))
        tensor([[[-1.0000,  1.0000]]])
    """
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "Expected running_mean and running_var to be defined when use_input_stats is false"
            )
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    spatial = tuple(range(2, input.ndim))
    count = math.prod(input.shape[2:])
    if count == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape!r}"
        )
    channels = input.shape[1]
    _check_vectors(channels, True, running_mean, running_var, weight, bias)
    if not input.is_floating_point():
        raise not_implemented("batch_norm", input.dtype)
    if running_mean is not None or running_var is not None:
        with portfire.no_grad():
            _, mean, variance = moments(input, spatial)
            axes = channel_axes(input.ndim)
            _follow(running_mean, mean.mean(axes), momentum)
            _follow(running_var, variance.mean(axes) * (count / max(count - 1, 1)), momentum)
    result = apply(LAYER_NORM, (input,), (len(spatial), float(eps)))
    return _affine(result, weight, bias)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalize groups of channels of each sample to mean 0 and variance 1, then scale and shift.

    Args:
        input: the tensor.
        num_groups: into how many groups the channels are parted.
        weight: the factors, one per channel.
        bias: the summands, one per channel.
        eps: what keeps the root from zero.

    Shape:
        - input: ``(N, C, *)``.
        - weight, bias: ``(C,)``.
        - output: that of the input.

    Returns:
        The result.

    Raises:
        RuntimeError: for sizes that do not fit.
        ValueError: for one element per group.
        NotImplementedError: for a tensor of integers.

    Note:
        Wu and He, Group Normalization, 2018.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.group_norm(portfire.tensor([[1.0, 3.0, 5.0, 5.0]]), 2)
        tensor([[-1.0000,  1.0000,  0.0000,  0.0000]])
    """
    if input.ndim < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.ndim}"
        )
    batch, channels, *rest = input.shape
    _check_groups(input, num_groups)
    for name, vector in (("weight", weight), ("bias", bias)):
        if vector is not None and tuple(vector.shape) != (channels,):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(vector.shape)} and input of shape "
                f"{list(input.shape)}"
            )
    if not input.is_floating_point():
        raise not_implemented("GroupNormKernelImpl", input.dtype)
    size = channels // num_groups * math.prod(rest)
    grouped = input.reshape(batch, num_groups, size)
    result = apply(LAYER_NORM, (grouped,), (1, float(eps))).reshape(input.shape)
    return _affine(result, weight, bias)


def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    r"""Divide each element by a power of the mean square of neighboring channels.

    .. math:: y_c = x_c \left(k + \frac{\alpha}{n} \sum_{|j - c| \le n / 2} x_j^2\right)^{-\beta}

    Args:
        input: the tensor.
        size: how many channels are neighbors, ``n``.
        alpha: the factor.
        beta: the exponent.
        k: the summand.

    Shape:
        - input: ``(N, C, *)``.
        - output: that of the input.

    Returns:
        The result.

    Raises:
        ValueError: for fewer than 3 dimensions.

    Note:
        Krizhevsky, Sutskever and Hinton, ImageNet Classification, 2012.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.local_response_norm(portfire.ones(1, 2, 1), 2, alpha=2.0)
        tensor([[[0.5946],
                 [0.4387]]])
    """
    if input.ndim < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)"
        )
    if input.numel() == 0:
        return input
    rest = [(0, 0)] * (input.ndim - 2)
    low, high = zip((0, 0), (size // 2, (size - 1) // 2), *rest, strict=True)
    padded = apply(lookup("pad"), (input * input,), (low, high, (1,) * input.ndim))
    mean = padded.unfold(1, size, 1).mean(-1)
    return input / (mean * alpha + k).pow(beta)


def _affine(normal: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    """Scale and shift by one number per channel."""
    if weight is not None:
        normal = normal * along_channels(weight, normal.ndim)
    return normal if bias is None else normal + along_channels(bias, normal.ndim)


def _by_statistics(
    input: Tensor, mean: Any, variance: Any, weight: Tensor | None, bias: Tensor | None, eps: float
) -> Tensor:
    """Normalize by statistics that do not depend on the input."""
    factor = (variance + eps).rsqrt()
    if weight is not None:
        factor = factor * weight
    result = (input - along_channels(mean, input.ndim)) * along_channels(factor, input.ndim)
    if bias is not None:
        result = result + along_channels(bias, input.ndim)
    returned: Tensor = result if result.dtype is input.dtype else result.to(input.dtype)
    return returned


def _follow(running: Tensor | None, found: Tensor, momentum: float | Tensor) -> None:
    """Move running statistics towards those of a batch."""
    if running is not None and found.numel():
        share = momentum.to(running.dtype) if isinstance(momentum, Tensor) else momentum
        running.lerp_(found.to(running.dtype), share)


def _check_enough(input: Tensor) -> None:
    """Raise where the statistics of a channel would be those of one element."""
    if input.ndim > 1 and input.shape[0] * math.prod(input.shape[2:]) == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.shape!r}"
        )


def _check_groups(input: Tensor, num_groups: int) -> None:
    if num_groups <= 0:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    batch, channels, *rest = input.shape
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    if batch * (channels // num_groups) * math.prod(rest) == 1:
        raise ValueError(
            "Expected more than 1 value per channel when training, got input size "
            f"{list(input.shape)}"
        )


def _check_vectors(channels: int, training: bool, *vectors: Tensor | None) -> None:
    names = ("running_mean", "running_var", "weight", "bias")
    for name, vector in zip(names, vectors, strict=True):
        if vector is None:
            if not training and name.startswith("running"):
                raise RuntimeError(f"{name} must be defined in evaluation mode")
        elif vector.numel() != channels:
            raise RuntimeError(f"{name} should contain {channels} elements not {vector.numel()}")


def _check_last(
    input: Tensor, shape: list[int], wanted: str, affine: Sequence[tuple[str, Tensor | None]]
) -> None:
    """Raise where the last dimensions, or those of the weights, are not these."""
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
            f"one element, but got normalized_shape = {shape}"
        )
    for name, tensor in affine:
        if tensor is not None and list(tensor.shape) != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of "
                f"shape {list(tensor.shape)} and normalized_shape = {shape}"
            )
    if list(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={shape}, expected input with shape {wanted}, but got "
            f"input of size{list(input.shape)}"
        )
