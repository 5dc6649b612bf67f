"""Pooling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, overload

import portfire
from portfire import Tensor
from portfire._dispatch import apply, iota
from portfire.nn._composites._pooling import MAX_POOL2D, MAX_POOL2D_INDEX, MAX_POOL2D_PICK
from portfire.nn._names import not_implemented, typename

__all__ = ["max_pool2d", "max_pool2d_with_indices"]

Size2 = int | Iterable[int]


@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Size2,
    stride: Size2 | None = None,
    padding: Size2 = 0,
    dilation: Size2 = 1,
    ceil_mode: bool = False,
    return_indices: Literal[False] = False,
) -> Tensor: ...


@overload
def max_pool2d(
    input: Tensor,
    kernel_size: Size2,
    stride: Size2 | None = None,
    padding: Size2 = 0,
    dilation: Size2 = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]: ...


def max_pool2d(
    input: Tensor,
    kernel_size: Size2,
    stride: Size2 | None = None,
    padding: Size2 = 0,
    dilation: Size2 = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Take the maximum over windows of images.

    The gradient goes to the first maximum of each window.

    Args:
        input: the images.
        kernel_size: height and width of the window; one number means a square.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: how far windows may begin before the image (that part never wins).
        dilation: distance between neighboring elements of a window.
        ceil_mode: whether windows may begin inside and end outside the image.
        return_indices: whether to return also where in the image each maximum was.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')`` with
          ``H' = floor((H + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Returns:
        The maxima; with ``return_indices``, a pair of them and their positions in the flattened
        image.

    Raises:
        RuntimeError: for sizes that do not fit.
        NotImplementedError: for images of bool.

    Example:
        >>> import portfire
        >>> x = portfire.arange(16.0).reshape(1, 4, 4)
        >>> portfire.nn.functional.max_pool2d(x, 2)
        tensor([[[ 5.,  7.],
                 [13., 15.]]])
    """
    if return_indices:
        return max_pool2d_with_indices(input, kernel_size, stride, padding, dilation, ceil_mode)
    images, settings = _prepare(input, kernel_size, stride, padding, dilation, ceil_mode)
    result = apply(MAX_POOL2D, (images,), settings)
    return result if input.ndim == 4 else result.squeeze(0)


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Size2,
    stride: Size2 | None = None,
    padding: Size2 = 0,
    dilation: Size2 = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """Take the maximum over windows of images, and say where it was.

    Args:
        input: the images.
        kernel_size: height and width of the window; one number means a square.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: how far windows may begin before the image (that part never wins).
        dilation: distance between neighboring elements of a window.
        ceil_mode: whether windows may begin inside and end outside the image.
        return_indices: ignored; the positions are always returned.

    Returns:
        The maxima, and their positions in the flattened image.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(4.0).reshape(1, 2, 2)
        >>> portfire.nn.functional.max_pool2d_with_indices(x, 2)
        (tensor([[[3.]]]), tensor([[[3]]]))
    """
    images, settings = _prepare(input, kernel_size, stride, padding, dilation, ceil_mode)
    kernel, strides, paddings, dilations, _ = settings
    tap = apply(MAX_POOL2D_INDEX, (images,), settings)
    maxima = apply(MAX_POOL2D_PICK, (images, tap), settings)
    tap = tap.to(portfire.int64)
    shape = tuple(tap.shape)
    row = iota(shape, 2, tap) * strides[0] - paddings[0] + tap // kernel[1] * dilations[0]
    column = iota(shape, 3, tap) * strides[1] - paddings[1] + tap % kernel[1] * dilations[1]
    where = row * images.shape[3] + column
    return (maxima, where) if input.ndim == 4 else (maxima.squeeze(0), where.squeeze(0))


def _prepare(
    input: Tensor,
    kernel_size: Size2,
    stride: Size2 | None,
    padding: Size2,
    dilation: Size2,
    ceil_mode: bool,
) -> tuple[Tensor, tuple[Any, ...]]:
    """Check the arguments; return a batch of images and the attributes of the operators."""
    kernel = _pair(kernel_size, "kernel_size", 2)
    strides = kernel if stride is None or stride == () else _pair(stride, "stride", 3)
    paddings = _pair(padding, "padding", 4)
    dilations = _pair(dilation, "dilation", 5)
    if min(strides) == 0:
        raise RuntimeError("stride should not be zero")
    if min(kernel) <= 0:
        raise RuntimeError(
            f"kernel size should be greater than zero, but got kH: {kernel[0]} kW: {kernel[1]}"
        )
    if min(strides) < 0:
        raise RuntimeError(
            f"stride should be greater than zero, but got dH: {strides[0]} dW: {strides[1]}"
        )
    if min(dilations) <= 0:
        raise RuntimeError(
            "dilation should be greater than zero, but got "
            f"dilationH: {dilations[0]} dilationW: {dilations[1]}"
        )
    for size, pad, step in zip(kernel, paddings, dilations, strict=True):
        if pad < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {pad}")
        if pad > (step * (size - 1) + 1) // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={pad}, kernel_size={size} and dilation={step}"
            )
    _check_input(input)
    images = input if input.ndim == 4 else input.unsqueeze(0)
    return images, (kernel, strides, paddings, dilations, bool(ceil_mode))


def _check_input(input: Tensor) -> None:
    if input.ndim not in (3, 4):
        raise RuntimeError("non-empty 3D or 4D (batch mode) tensor expected for input")
    if 0 in input.shape[-3:]:
        raise RuntimeError(
            "Expected 3D or 4D (batch mode) tensor with optional 0 dim batch size for input, "
            f"but got:{list(input.shape)}"
        )
    if input.dtype is portfire.bool:
        raise not_implemented("max_pool2d", input.dtype)


def _pair(value: Size2, name: str, position: int) -> tuple[int, int]:
    values = (value,) if isinstance(value, int) else value
    if not isinstance(values, Iterable) or not all(isinstance(n, int) for n in values):
        raise TypeError(
            f"max_pool2d(): argument '{name}' (position {position}) must be tuple of ints, "
            f"not {typename(value)}"
        )
    numbers = tuple(values)
    if len(numbers) not in (1, 2):
        raise RuntimeError(
            f"max_pool2d: {name} must either be a single int, or a tuple of two ints"
        )
    return numbers[0], numbers[-1]
