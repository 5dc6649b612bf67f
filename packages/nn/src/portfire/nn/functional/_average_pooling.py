"""Averages and power averages over windows."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

import portfire
from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._windows import window_count
from portfire.nn._names import not_implemented
from portfire.ops import lookup

__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d"]

Size = int | Iterable[int]
Sizes = tuple[int, ...]

_PAD, _SLICE, _WINDOWS = lookup("pad"), lookup("slice"), lookup("windows")


def avg_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """Take the mean over windows of signals.

    Args:
        input: the signals.
        kernel_size: size of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: zeros at each side.
        ceil_mode: whether windows may begin inside and end outside the signal.
        count_include_pad: whether the zeros count in the mean.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')`` with
          ``L' = floor((L + 2 * padding - kernel_size) / stride + 1)``.

    Returns:
        The means.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.avg_pool1d(portfire.arange(6.0).reshape(1, 6), 2)
        tensor([[0.5000, 2.5000, 4.5000]])
    """
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument #1 "
            "'self' (while checking arguments for avg_pool1d)"
        )
    return _average(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Take the mean over windows of images.

    Args:
        input: the images.
        kernel_size: height and width of the window; one number means a square.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: zeros at each side.
        ceil_mode: whether windows may begin inside and end outside the image.
        count_include_pad: whether the zeros count in the mean.
        divisor_override: by what the sum is divided, in place of the number of elements.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')`` with
          ``H' = floor((H + 2 * padding - kernel_size) / stride + 1)``.

    Returns:
        The means.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.avg_pool2d(portfire.arange(16.0).reshape(1, 4, 4), 2)
        tensor([[[ 2.5000,  4.5000],
                 [10.5000, 12.5000]]])
    """
    return _average(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """Take the mean over windows of volumes.

    Args:
        input: the volumes.
        kernel_size: sizes of the window; one number means a cube.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: zeros at each side.
        ceil_mode: whether windows may begin inside and end outside the volume.
        count_include_pad: whether the zeros count in the mean.
        divisor_override: by what the sum is divided, in place of the number of elements.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')`` with
          ``D' = floor((D + 2 * padding - kernel_size) / stride + 1)``.

    Returns:
        The means.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.avg_pool3d(portfire.arange(8.0).reshape(1, 2, 2, 2), 2)
        tensor([[[[3.5000]]]])
    """
    return _average(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def lp_pool1d(
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    r"""Take the root of the sum of powers over windows of signals.

    .. math:: y = \sqrt[p]{\sum_{x \in X} x^p}

    Args:
        input: the signals.
        norm_type: the power ``p``.
        kernel_size: size of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        ceil_mode: whether windows may begin inside and end outside the signal.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')`` with
          ``L' = floor((L - kernel_size) / stride + 1)``.

    Returns:
        The roots.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.lp_pool1d(portfire.tensor([[3.0, 4.0]]), 2, 2)
        tensor([[5.]])
    """
    return _power(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    r"""Take the root of the sum of powers over windows of images.

    .. math:: y = \sqrt[p]{\sum_{x \in X} x^p}

    Args:
        input: the images.
        norm_type: the power ``p``.
        kernel_size: height and width of the window; one number means a square.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        ceil_mode: whether windows may begin inside and end outside the image.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')`` with
          ``H' = floor((H - kernel_size) / stride + 1)``.

    Returns:
        The roots.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.lp_pool2d(portfire.full((1, 2, 2), 3.0), 2, 2)
        tensor([[[6.]]])
    """
    return _power(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None = None,
    ceil_mode: bool = False,
) -> Tensor:
    r"""Take the root of the sum of powers over windows of volumes.

    .. math:: y = \sqrt[p]{\sum_{x \in X} x^p}

    Args:
        input: the volumes.
        norm_type: the power ``p``.
        kernel_size: sizes of the window; one number means a cube.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        ceil_mode: whether windows may begin inside and end outside the volume.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')`` with
          ``D' = floor((D - kernel_size) / stride + 1)``.

    Returns:
        The roots.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.lp_pool3d(portfire.ones(1, 2, 2, 2), 3, 2)
        tensor([[[[2.]]]])
    """
    return _power(3, input, norm_type, kernel_size, stride, ceil_mode)


def _power(
    rank: int,
    input: Tensor,
    norm_type: float,
    kernel_size: Size,
    stride: Size | None,
    ceil_mode: bool,
) -> Tensor:
    means = _average(rank, input**norm_type, kernel_size, stride, 0, ceil_mode, True, None)
    area = math.prod(_sizes(rank, kernel_size, "kernel_size"))
    return (means.sign() * means.abs().relu() * area) ** (1.0 / norm_type)


def _sizes(rank: int, value: Size, name: str) -> Sizes:
    values = (value,) if isinstance(value, int) else tuple(value)
    if rank == 1 and len(values) != 1:
        raise RuntimeError(
            f"avg_pool1d() argument '{name}' should contain one int (got {len(values)})"
        )
    if len(values) not in (1, rank):
        raise RuntimeError(
            f"avg_pool{rank}d: {name} must either be a single int, or a tuple of {rank} ints"
        )
    return values * rank if len(values) == 1 else values


def _average(
    rank: int,
    input: Tensor,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Tensor:
    """Check the arguments; sum over windows and divide."""
    kernel = _sizes(rank, kernel_size, "kernel_size")
    strides = kernel if stride is None or stride == () else _sizes(rank, stride, "stride")
    paddings = _sizes(rank, padding, "padding")
    _check(rank, input, kernel, strides, paddings)
    if divisor == 0:
        raise RuntimeError("divisor must be not zero")
    sizes = tuple(input.shape[-rank:])
    counts = tuple(
        _count(*setting, ceil_mode)
        for setting in zip(sizes, kernel, strides, paddings, strict=True)
    )
    if min(counts) < 1:
        outer = input.shape[-rank - 1]
        raise RuntimeError(
            f"Given input size: {_by((outer, *_shown(sizes)))}. Calculated output size: "
            f"{_by((outer, *_shown(max(n, 0) for n in counts)))}. Output size is too small"
        )
    total = _window_sums(input, counts, kernel, strides, paddings)
    if divisor is None:
        shares = [
            _shares(*setting, count_include_pad)
            for setting in zip(sizes, counts, kernel, strides, paddings, strict=True)
        ]
        if any((numbers != numbers[0]).any() for numbers in shares):
            area = shares[0]
            for numbers in shares[1:]:
                area = area[..., None] * numbers
            by = portfire.tensor(area, dtype=input.dtype, device=input.device)
            return _divided(total, by)
        divisor = math.prod(int(numbers[0]) for numbers in shares)
    return _divided(total, divisor)


def _divided(total: Tensor, by: Tensor | int) -> Tensor:
    if total.is_floating_point():
        return total / by
    return portfire.div(total, by, rounding_mode="trunc")


def _check(rank: int, input: Tensor, kernel: Sizes, stride: Sizes, padding: Sizes) -> None:
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"non-empty {rank + 1}D or {rank + 2}D (batch mode) tensor expected for input"
        )
    if not input.is_floating_point() and input.dtype is not portfire.int64:
        raise not_implemented(f"avg_pool{max(rank, 2)}d", input.dtype)
    if min(stride) == 0:
        raise RuntimeError("stride should not be zero")
    if min(kernel) <= 0:
        raise RuntimeError(f"kernel size should be greater than zero, but got {list(kernel)}")
    if min(stride) < 0:
        raise RuntimeError(f"stride should be greater than zero, but got {list(stride)}")
    for size, pad in zip(kernel, padding, strict=True):
        if pad < 0:
            raise RuntimeError(f"pad must be non-negative, but got pad: {pad}")
        if pad > size // 2:
            raise RuntimeError(
                "pad should be at most half of effective kernel size, but got "
                f"pad={pad}, kernel_size={size} and dilation=1"
            )


def _count(n: int, k: int, s: int, p: int, ceil: bool) -> int:
    count = window_count(n + 2 * p, k, s, 1, ceil)
    # No window may begin behind the input and its low padding.
    return count - 1 if ceil and (count - 1) * s >= n + p else count


def _shown(sizes: Iterable[int]) -> tuple[int, ...]:
    """Sizes as messages have them: a signal is an image of one row."""
    values = tuple(sizes)
    return values if len(values) > 1 else (1, *values)


def _by(sizes: Iterable[int]) -> str:
    return f"({'x'.join(map(str, sizes))})"


def _window_sums(x: Tensor, counts: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes) -> Tensor:
    rank, outer = len(kernel), x.ndim - len(kernel)
    needed = [(c - 1) * s + k for c, s, k in zip(counts, stride, kernel, strict=True)]
    high = [w - p - n for w, p, n in zip(needed, padding, x.shape[outer:], strict=True)]
    none, ones = (0,) * outer, (1,) * x.ndim
    if any(padding) or any(n > 0 for n in high):
        after = tuple(max(n, 0) for n in high)
        x = apply(_PAD, (x,), ((*none, *padding), (*none, *after), ones))
    if any(n < 0 for n in high):
        x = apply(_SLICE, (x,), ((0,) * x.ndim, (*x.shape[:outer], *needed), ones))
    if stride == kernel:
        # Windows that tile the input are rows of a reshaped one.
        split = [n for both in zip(counts, kernel, strict=True) for n in both]
        tiles = x.reshape(*x.shape[:outer], *split)
        return tiles.sum([outer + 1 + 2 * i for i in range(rank)])
    axes = tuple(range(outer, x.ndim))
    windows = apply(_WINDOWS, (x,), (axes, kernel, stride, (1,) * rank))
    return windows.sum(list(range(-rank, 0)))


def _shares(n: int, count: int, k: int, s: int, p: int, with_padding: bool) -> np.ndarray:
    """How many elements of each window count, along one dimension."""
    start = np.arange(count) * s - p
    end = np.minimum(start + k, n + p)
    if with_padding:
        return end - start
    return np.minimum(end, n) - np.maximum(start, 0)
