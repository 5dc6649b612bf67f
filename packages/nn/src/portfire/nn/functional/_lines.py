"""Activation functions made of straight lines."""

from __future__ import annotations

import numpy as np

import portfire
from portfire import Tensor
from portfire._dispatch import apply, where
from portfire.nn._composites._activations import ACTIVATIONS
from portfire.nn._names import not_implemented

__all__ = [
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "leaky_relu",
    "leaky_relu_",
    "prelu",
    "relu6",
    "rrelu",
    "rrelu_",
    "softshrink",
    "threshold",
    "threshold_",
]


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    r"""Multiply negative elements by a slope.

    Args:
        input: the tensor.
        negative_slope: the slope.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 2.0])
        >>> portfire.nn.functional.leaky_relu(x)
        tensor([-0.0100,  2.0000])
    """
    result = apply(ACTIVATIONS["leaky_relu"], (input,), (float(negative_slope),))
    return input.copy_(result) if inplace else result


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Clamp to 0 and 6: :math:`\min(\max(x, 0), 6)`.

    Args:
        input: the tensor.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: for a tensor of bool.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 2.0, 7.0])
        >>> portfire.nn.functional.relu6(x)
        tensor([0., 2., 6.])
    """
    return hardtanh(input, 0, 6, inplace)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    r"""Clamp to two bounds.

    Args:
        input: the tensor.
        min_val: the lower one.
        max_val: the upper one.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: for a lower bound above the upper one.
        RuntimeError: for a tensor of bool, and for bounds that the dtype cannot hold.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-2.0, 0.5, 2.0])
        >>> portfire.nn.functional.hardtanh(x)
        tensor([-1.0000,  0.5000,  1.0000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    if min_val < 0 and not (input.dtype.is_signed or input.dtype is portfire.bool):
        raise RuntimeError("cannot do hardtanh on an unsigned type with negative limits")
    bounds = _in_range(input, min_val), _in_range(input, max_val)
    result = apply(ACTIVATIONS["hardtanh"], (input,), bounds)
    return input.copy_(result) if inplace else result


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Apply :math:`x / 6 + 1 / 2`, clamped to 0 and 1.

    Args:
        input: the tensor.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.5])
        >>> portfire.nn.functional.hardsigmoid(x)
        tensor([0.3333, 0.5000, 0.7500])
    """
    result = apply(ACTIVATIONS["hardsigmoid"], (input,), ())
    return input.copy_(result) if inplace else result


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    r"""Multiply by `hardsigmoid` of the same.

    Args:
        input: the tensor.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Note:
        Howard and others, Searching for MobileNetV3, 2019.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 0.0, 1.5])
        >>> portfire.nn.functional.hardswish(x)
        tensor([-0.3333,  0.0000,  1.1250])
    """
    result = apply(ACTIVATIONS["hardswish"], (input,), ())
    return input.copy_(result) if inplace else result


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    r"""Move elements towards zero by :math:`\lambda`; the nearer ones become zero.

    Args:
        input: the tensor.
        lambd: :math:`\lambda`.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: when it is negative.
        NotImplementedError: for a tensor of integers.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-2.0, 0.1, 2.0])
        >>> portfire.nn.functional.softshrink(x)
        tensor([-1.5000,  0.0000,  1.5000])
    """
    if input.is_floating_point() and not lambd >= 0:
        largest = np.finfo(input.dtype.numpy).max
        raise RuntimeError(
            f"lambda must be in range [0, {largest:g}] for input dtype "
            f"{input.dtype.scalar_name}, but found {lambd:g}"
        )
    return apply(ACTIVATIONS["softshrink"], (input,), (float(lambd),))


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    r"""Set elements nearer to zero than :math:`\lambda` to zero.

    Args:
        input: the tensor.
        lambd: :math:`\lambda`.

    Returns:
        A tensor of the same shape.

    Raises:
        NotImplementedError: for a tensor of integers.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-2.0, 0.1, 2.0])
        >>> portfire.nn.functional.hardshrink(x)
        tensor([-2.,  0.,  2.])
    """
    return apply(ACTIVATIONS["hardshrink"], (input,), (float(lambd),))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    r"""Replace the elements up to a threshold by a number.

    Args:
        input: the tensor.
        threshold: the threshold.
        value: the number.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: for a tensor of bool, and for numbers that the dtype cannot hold.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([0.0, 0.5, 2.0])
        >>> portfire.nn.functional.threshold(x, 0.5, 9.0)
        tensor([9., 9., 2.])
    """
    numbers = _in_range(input, threshold), _in_range(input, value)
    result = apply(ACTIVATIONS["threshold"], (input,), numbers)
    return input.copy_(result) if inplace else result


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    r"""Multiply negative elements by a slope that is learned.

    Args:
        input: the tensor.
        weight: the slope, or one per channel (dimension 1).

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: for another number of channels, or dtypes that differ.

    Note:
        He and others, Delving Deep into Rectifiers, 2015.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 2.0])
        >>> portfire.nn.functional.prelu(x, portfire.tensor([0.5]))
        tensor([-0.5000,  2.0000])
    """
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            "prelu: Type promoting not supported. Got "
            f"{input.dtype.scalar_name} and {weight.dtype.scalar_name}"
        )
    if weight.numel() != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.numel() != channels:
            raise RuntimeError(
                "Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.numel()} and channel size = {channels}."
            )
        weight = weight.reshape(-1, *[1] * (input.ndim - 2))
    else:
        weight = weight.reshape(())
    return where(input > 0, input, input * weight)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    r"""Multiply negative elements by slopes that are drawn at random in training.

    Args:
        input: the tensor.
        lower: the least slope.
        upper: the largest slope.
        training: whether to draw; otherwise the slope is the mean of both.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        RuntimeError: for a least slope above the largest one.

    Note:
        Xu and others, Empirical Evaluation of Rectified Activations, 2015.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 2.0])
        >>> portfire.nn.functional.rrelu(x, 0.1, 0.3)
        tensor([-0.2000,  2.0000])
    """
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    if not input.is_floating_point():
        raise not_implemented("rrelu_with_noise_out_cpu", input.dtype)
    drawn = portfire.rand(input.shape, device=input.device, dtype=input.dtype)
    slope = where(input <= 0, drawn * (upper - lower) + lower, 1.0)
    return input.mul_(slope) if inplace else input * slope


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    r"""Apply `leaky_relu` in place.

    Args:
        input: the tensor.
        negative_slope: the slope.

    Returns:
        The tensor itself.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 2.0])
        >>> portfire.nn.functional.leaky_relu_(x)
        tensor([-0.0100,  2.0000])
    """
    return leaky_relu(input, negative_slope, True)


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    r"""Apply `hardtanh` in place.

    Args:
        input: the tensor.
        min_val: the lower bound.
        max_val: the upper bound.

    Returns:
        The tensor itself.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-2.0, 0.5])
        >>> portfire.nn.functional.hardtanh_(x)
        tensor([-1.0000,  0.5000])
    """
    return hardtanh(input, min_val, max_val, True)


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    r"""Apply `threshold` in place.

    Args:
        input: the tensor.
        threshold: the threshold.
        value: the number.

    Returns:
        The tensor itself.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([0.0, 2.0])
        >>> portfire.nn.functional.threshold_(x, 0.5, 9.0)
        tensor([9., 2.])
    """
    return _threshold(input, threshold, value, True)


def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    r"""Apply `rrelu` in place.

    Args:
        input: the tensor.
        lower: the least slope.
        upper: the largest slope.
        training: whether to draw slopes.

    Returns:
        The tensor itself.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([-1.0, 2.0])
        >>> portfire.nn.functional.rrelu_(x, 0.1, 0.3)
        tensor([-0.2000,  2.0000])
    """
    return rrelu(input, lower, upper, training, True)


def _in_range(input: Tensor, number: float) -> float:
    """A number of the kind that a tensor holds; an error where its dtype cannot hold it."""
    if input.is_floating_point():
        return float(number)
    if input.dtype is not portfire.bool:
        limits = portfire.iinfo(input.dtype)
        if not limits.min <= number <= limits.max:
            raise RuntimeError(
                f"value cannot be converted to type {input.dtype.name}_t without overflow"
            )
    return int(number)


_threshold = threshold  # the arguments of its in-place form hide it
