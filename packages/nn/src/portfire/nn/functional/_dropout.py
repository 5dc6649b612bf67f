"""Dropout: of elements, of whole channels, and in the way that self-normalizing networks need."""

from __future__ import annotations

import warnings

import portfire
from portfire import Tensor

__all__ = [
    "alpha_dropout",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]

_SELU_FLOOR = -1.7580993408473766  # what selu tends to, and what dropped elements become


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Set elements to zero with probability ``p``, and multiply the others by ``1 / (1 - p)``.

    Args:
        input: the tensor.
        p: the probability.
        training: whether to do anything at all.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: when ``p`` is no probability.
        RuntimeError: in training, for a tensor of integers.

    Note:
        Hinton and others, Improving neural networks by preventing co-adaptation, 2012.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.dropout(portfire.ones(2), training=False)
        tensor([1., 1.])
        >>> portfire.nn.functional.dropout(portfire.ones(2), p=1.0)
        tensor([0., 0.])
    """
    _check(p)
    return _drop(input, p, training, inplace, tuple(input.shape))


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set whole channels of sequences to zero with probability ``p``, and scale the others up.

    Args:
        input: the tensor.
        p: the probability.
        training: whether to do anything at all.
        inplace: whether to change the tensor itself.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: that of the input.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: when ``p`` is no probability.
        RuntimeError: for other dimensions; in training, for a tensor of integers.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.dropout1d(portfire.ones(2, 3), training=False).sum()
        tensor(6.)
    """
    _check(p)
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input. Note that "
            "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
            "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
        )
    return _drop(input, p, training, inplace, _channels(input, batched=input.ndim == 3))


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set whole channels of images to zero with probability ``p``, and scale the others up.

    Args:
        input: the tensor.
        p: the probability.
        training: whether to do anything at all.
        inplace: whether to change the tensor itself.

    Shape:
        - input: ``(N, C, H, W)``, or, with a warning, ``(N, C, L)``.
        - output: that of the input.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: when ``p`` is no probability.
        RuntimeError: in training, for a tensor of integers, or of fewer than two dimensions.

    Note:
        Tompson and others, Efficient Object Localization Using Convolutional Networks, 2015.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.dropout2d(portfire.ones(1, 2, 3, 1), training=False).sum()
        tensor(6.)
    """
    _check(p)
    if input.ndim not in (3, 4):
        _warn_of_dimensions("dropout2d", input.ndim, 2)
    if input.ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the channel "
            "dim. This behavior will change in a future release to interpret the input as one "
            "without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise "
            "dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _drop(input, p, training, inplace, _channels(input, batched=True))


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Set whole channels of volumes to zero with probability ``p``, and scale the others up.

    Args:
        input: the tensor.
        p: the probability.
        training: whether to do anything at all.
        inplace: whether to change the tensor itself.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: that of the input.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: when ``p`` is no probability.
        RuntimeError: in training, for a tensor of integers, or of fewer than two dimensions.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.dropout3d(portfire.ones(2, 3, 1, 1), training=False).sum()
        tensor(6.)
    """
    _check(p)
    if input.ndim not in (4, 5):
        _warn_of_dimensions("dropout3d", input.ndim, 3)
    return _drop(input, p, training, inplace, _channels(input, batched=input.ndim != 4))


def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Set elements to what selu tends to with probability ``p``, keeping mean and variance.

    Args:
        input: the tensor.
        p: the probability.
        training: whether to do anything at all.
        inplace: whether to change the tensor itself.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: when ``p`` is no probability.
        RuntimeError: in training, for a tensor of integers.

    Note:
        Klambauer and others, Self-Normalizing Neural Networks, 2017.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.alpha_dropout(portfire.ones(2))
        tensor([1., 1.])
    """
    _check(p)
    return _drop_to_floor(input, p, training, inplace, tuple(input.shape))


def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """Set whole channels to what selu tends to with probability ``p``; see `alpha_dropout`.

    Args:
        input: the tensor.
        p: the probability.
        training: whether to do anything at all.
        inplace: whether to change the tensor itself.

    Shape:
        - input: ``(N, C, *)``.
        - output: that of the input.

    Returns:
        A tensor of the same shape.

    Raises:
        ValueError: when ``p`` is no probability.
        RuntimeError: in training, for a tensor of integers, or of fewer than two dimensions.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.feature_alpha_dropout(portfire.ones(1, 2))
        tensor([[1., 1.]])
    """
    _check(p)
    if not training or p == 0:
        return input
    return _drop_to_floor(input, p, training, inplace, _channels(input, batched=True))


def _check(p: float) -> None:
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _channels(input: Tensor, batched: bool) -> tuple[int, ...]:
    """The shape of one number per channel."""
    if input.ndim < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    kept = 2 if batched else 1
    return (*input.shape[:kept], *[1] * (input.ndim - kept))


def _warn_of_dimensions(name: str, ndim: int, spatial: int) -> None:
    warnings.warn(
        f"{name}: Received a {ndim}-D input to {name}, which is deprecated and will result in an "
        "error in a future release. To retain the behavior and silence this warning, please use "
        f"dropout instead. Note that {name} exists to provide channel-wise dropout on inputs with "
        f"{spatial} spatial dimensions, a channel dimension, and an optional batch dimension (i.e. "
        f"{spatial + 1}D or {spatial + 2}D inputs).",
        stacklevel=3,
    )


def _kept(input: Tensor, p: float, shape: tuple[int, ...]) -> Tensor:
    """1 where a random number says so, and 0 elsewhere, in the dtype of the input."""
    if not input.is_floating_point():
        raise RuntimeError(
            f"result type Float can't be cast to the desired output type {input.dtype.scalar_name}"
        )
    return (portfire.rand(shape, device=input.device) >= p).to(input.dtype)


def _drop(input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]) -> Tensor:
    if not training or p == 0:
        return input
    if p == 1 and input.is_floating_point():
        # Not a tensor of zeros: what is not a number stays so.
        return input.mul_(0.0) if inplace else input * 0.0
    noise = _kept(input, p, shape) * (1.0 / (1.0 - p) if p < 1 else 0.0)
    return input.mul_(noise) if inplace else input * noise


def _drop_to_floor(
    input: Tensor, p: float, training: bool, inplace: bool, shape: tuple[int, ...]
) -> Tensor:
    if not training or p == 0:
        return input
    if p == 1 and input.is_floating_point():
        return input.mul_(0.0) if inplace else input * 0.0
    kept = _kept(input, p, shape)
    # Scale and shift so that mean 0 and variance 1 stay what they are.
    scale = ((_SELU_FLOOR * _SELU_FLOOR * p + 1.0) * (1.0 - p)) ** -0.5 if p < 1 else 0.0
    shift = (1.0 - kept) * (_SELU_FLOOR * scale) - _SELU_FLOOR * scale * p
    factor = kept * scale
    return input.mul_(factor).add_(shift) if inplace else input * factor + shift
