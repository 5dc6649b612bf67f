"""Convolutions."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._convolution import CONVOLUTION
from portfire.ops import lookup

__all__ = ["conv2d"]

Size2 = int | Iterable[int]

_PAD = lookup("pad")


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Size2 = 1,
    padding: Size2 | str = 0,
    dilation: Size2 = 1,
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
    if input.ndim not in (3, 4):
        raise RuntimeError(
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: "
            f"{list(input.shape)}"
        )
    if weight.ndim != 4:
        raise RuntimeError(
            f"Expected a 4D weight (filters, channels, height, width) for conv2d, but got weight "
            f"of size: {list(weight.shape)}"
        )
    strides = _pair(stride, "stride")
    dilations = _pair(dilation, "dilation")
    _check(strides, dilations, groups)
    images = input if input.ndim == 4 else input.unsqueeze(0)
    images, paddings = _resolve_padding(images, weight, padding, strides, dilations)
    operands = (images, weight) if bias is None else (images, weight, bias)
    result = apply(CONVOLUTION, operands, (strides, paddings, dilations, groups))
    return result if input.ndim == 4 else result.squeeze(0)


def _pair(value: Size2, name: str) -> tuple[int, int]:
    """One number for both dimensions, or two."""
    if isinstance(value, int):
        return value, value
    values = tuple(value)
    if len(values) == 1:
        return values[0], values[0]
    if len(values) != 2:
        raise RuntimeError(
            f"expected {name} to be a single integer value or a list of 2 values to match the "
            f"convolution dimensions, but got {name}={list(values)}"
        )
    return values[0], values[1]


def _check(stride: tuple[int, int], dilation: tuple[int, int], groups: int) -> None:
    if groups <= 0:
        raise RuntimeError("non-positive groups is not supported")
    if min(stride) <= 0:
        raise RuntimeError("non-positive stride is not supported")
    if min(dilation) <= 0:
        raise RuntimeError(f"dilation should be greater than zero, but got {list(dilation)}")


def _resolve_padding(
    images: Tensor,
    weight: Tensor,
    padding: Size2 | str,
    stride: tuple[int, int],
    dilation: tuple[int, int],
) -> tuple[Tensor, tuple[int, int]]:
    """Turn the padding into two numbers; what is on one side only is put there right away."""
    if not isinstance(padding, str):
        sizes = _pair(padding, "padding")
        if min(sizes) < 0:
            raise RuntimeError("negative padding is not supported")
        return images, sizes
    if padding == "valid":
        return images, (0, 0)
    if padding != "same":
        raise RuntimeError(f"Invalid padding string: '{padding}'")
    if stride != (1, 1):
        raise RuntimeError("padding='same' is not supported for strided convolutions")
    total = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    odd = [n % 2 for n in total]
    if any(odd):
        warnings.warn(
            "Using padding='same' with even kernel lengths and odd dilation may require a "
            "zero-padded copy of the input be created",
            stacklevel=3,
        )
        images = apply(_PAD, (images,), ((0,) * 4, (0, 0, *odd), (1,) * 4))
    return images, (total[0] // 2, total[1] // 2)
