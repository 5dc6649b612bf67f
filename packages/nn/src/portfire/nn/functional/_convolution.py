"""Convolutions over one, two and three dimensions."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._convolution import CONVOLUTION
from portfire.ops import lookup

__all__ = ["conv1d", "conv2d", "conv3d"]

Size = int | Iterable[int]
Sizes = tuple[int, ...]

_PAD = lookup("pad")


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    r"""Slide filters over signals (cross-correlation).

    .. math:: y_{n,k} = b_k + \sum_c w_{k,c} \star x_{n,c}

    Args:
        input: the signals.
        weight: the filters.
        bias: one number per filter.
        stride: distance between neighboring positions; one number.
        padding: zeros at each side; or ``"valid"`` (none), or ``"same"`` (output as large as the
            input, for stride 1).
        dilation: distance between neighboring elements of a filter.
        groups: number of blocks of channels that do not see each other.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - weight: ``(K, C / groups, kL)``.
        - bias: ``(K,)``.
        - output: ``(N, K, L')`` or ``(K, L')`` with
          ``L' = floor((L + 2 * padding - dilation * (kL - 1) - 1) / stride + 1)``.

    Returns:
        The result.

    Raises:
        RuntimeError: for sizes, channels or dtypes that do not fit.

    Example:
        >>> import portfire
        >>> x, w = portfire.arange(4.0).reshape(1, 1, 4), portfire.ones(1, 1, 2)
        >>> portfire.nn.functional.conv1d(x, w)
        tensor([[[1., 3., 5.]]])
    """
    return _convolve(1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    r"""Slide filters over images (cross-correlation).

    .. math:: y_{n,k} = b_k + \sum_c w_{k,c} \star x_{n,c}

    Args:
        input: the images.
        weight: the filters.
        bias: one number per filter.
        stride: distance between neighboring positions; one number, or two for height and width.
        padding: zeros at each side; or ``"valid"`` (none), or ``"same"`` (output as large as the
            input, for stride 1).
        dilation: distance between neighboring elements of a filter.
        groups: number of blocks of channels that do not see each other.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - weight: ``(K, C / groups, kH, kW)``.
        - bias: ``(K,)``.
        - output: ``(N, K, H', W')`` or ``(K, H', W')`` with
          ``H' = floor((H + 2 * padding - dilation * (kH - 1) - 1) / stride + 1)``.

    Returns:
        The result.

    Raises:
        RuntimeError: for sizes, channels or dtypes that do not fit.

    Example:
        >>> import portfire
        >>> x, w = portfire.ones(1, 1, 3, 3), portfire.ones(1, 1, 2, 2)
        >>> portfire.nn.functional.conv2d(x, w)
        tensor([[[[4., 4.],
                  [4., 4.]]]])
    """
    return _convolve(2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size = 1,
    padding: Size | str = 0,
    dilation: Size = 1,
    groups: int = 1,
) -> Tensor:
    r"""Slide filters over volumes (cross-correlation).

    .. math:: y_{n,k} = b_k + \sum_c w_{k,c} \star x_{n,c}

    Args:
        input: the volumes.
        weight: the filters.
        bias: one number per filter.
        stride: distance between neighboring positions; one number, or one per dimension.
        padding: zeros at each side; or ``"valid"`` (none), or ``"same"`` (output as large as the
            input, for stride 1).
        dilation: distance between neighboring elements of a filter.
        groups: number of blocks of channels that do not see each other.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - weight: ``(K, C / groups, kD, kH, kW)``.
        - bias: ``(K,)``.
        - output: ``(N, K, D', H', W')`` or ``(K, D', H', W')`` with
          ``D' = floor((D + 2 * padding - dilation * (kD - 1) - 1) / stride + 1)``.

    Returns:
        The result.

    Raises:
        RuntimeError: for sizes, channels or dtypes that do not fit.

    Example:
        >>> import portfire
        >>> x, w = portfire.ones(1, 1, 2, 2, 3), portfire.ones(1, 1, 2, 2, 2)
        >>> portfire.nn.functional.conv3d(x, w)
        tensor([[[[[8., 8.]]]]])
    """
    return _convolve(3, input, weight, bias, stride, padding, dilation, groups)


def _convolve(
    rank: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Size,
    padding: Size | str,
    dilation: Size,
    groups: int,
) -> Tensor:
    """Check the arguments, convolve a batch, and drop its dimension where there was none."""
    images = batched(f"conv{rank}d", rank, input, weight)
    strides = sizes_of(stride, "stride", rank)
    dilations = sizes_of(dilation, "dilation", rank)
    check_settings(strides, dilations, groups)
    images, paddings = _resolve_padding(images, weight, padding, strides, dilations)
    operands = (images, weight) if bias is None else (images, weight, bias)
    result = apply(CONVOLUTION, operands, (strides, paddings, dilations, groups))
    return result if input.ndim == rank + 2 else result.squeeze(0)


def batched(name: str, rank: int, input: Tensor, weight: Tensor) -> Tensor:
    """Check the numbers of dimensions; return the input as a batch."""
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input to {name}, "
            f"but got input of size: {list(input.shape)}"
        )
    if weight.ndim != rank + 2:
        raise RuntimeError(
            f"Expected a {rank + 2}D weight (filters, channels and one size per dimension) for "
            f"{name}, but got weight of size: {list(weight.shape)}"
        )
    return input if input.ndim == rank + 2 else input.unsqueeze(0)


def sizes_of(value: Size, name: str, rank: int) -> Sizes:
    """One number for all dimensions, or one for each."""
    if isinstance(value, int):
        return (value,) * rank
    values = tuple(value)
    if len(values) == 1:
        return values * rank
    if len(values) != rank:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of {rank} values to match the "
            f"convolution dimensions, but got {name}={list(values)}"
        )
    return values


def check_settings(stride: Sizes, dilation: Sizes, groups: int) -> None:
    """Raise for settings that no convolution has."""
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")


def _resolve_padding(
    images: Tensor, weight: Tensor, padding: Size | str, stride: Sizes, dilation: Sizes
) -> tuple[Tensor, Sizes]:
    """Turn the padding into numbers; what is on one side only is put there right away."""
    rank = len(stride)
    if not isinstance(padding, str):
        sizes = sizes_of(padding, "padding", rank)
        if min(sizes) < 0:
            raise RuntimeError("negative padding is not supported")
        return images, sizes
    if padding == "valid":
        return images, (0,) * rank
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if any(step != 1 for step in stride):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    odd = [n % 2 for n in total]
    if any(odd):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a "
            "zero-padded copy of the input be created",
            stacklevel=4,
        )
        none = (0,) * (2 + rank)
        images = apply(_PAD, (images,), (none, (0, 0, *odd), (1,) * (2 + rank)))
    return images, tuple(n // 2 for n in total)
