"""Maxima over windows of signals and volumes, by way of those of images; and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn.functional._average_pooling import Size, Sizes
from portfire.nn.functional._pooling import max_pool2d, max_pool2d_with_indices

__all__ = [
    "max_pool1d",
    "max_pool1d_with_indices",
    "max_pool3d",
    "max_pool3d_with_indices",
    "max_unpool1d",
    "max_unpool2d",
    "max_unpool3d",
]


def max_pool1d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Take the maximum over windows of signals.

    The gradient goes to the first maximum of each window.

    Args:
        input: the signals.
        kernel_size: size of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: how far windows may begin before the signal (that part never wins).
        dilation: distance between neighboring elements of a window.
        ceil_mode: whether windows may begin inside and end outside the signal.
        return_indices: whether to return also where each maximum was.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')`` with
          ``L' = floor((L + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Returns:
        The maxima; with ``return_indices``, a pair of them and their positions.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.max_pool1d(portfire.tensor([[1.0, 3.0, 2.0, 0.0]]), 2)
        tensor([[3., 2.]])
    """
    settings = _checked_signal(input, kernel_size, stride, padding, dilation)
    image = input.unsqueeze(-2)
    if not return_indices:
        return max_pool2d(image, *settings, ceil_mode).squeeze(-2)
    maxima, where = max_pool2d_with_indices(image, *settings, ceil_mode)
    return maxima.squeeze(-2), where.squeeze(-2)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """Take the maximum over windows of signals, and say where it was.

    Args:
        input: the signals.
        kernel_size: size of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: how far windows may begin before the signal (that part never wins).
        dilation: distance between neighboring elements of a window.
        ceil_mode: whether windows may begin inside and end outside the signal.
        return_indices: ignored; the positions are always returned.

    Returns:
        The maxima, and their positions.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.max_pool1d_with_indices(portfire.tensor([[1.0, 3.0]]), 2)
        (tensor([[3.]]), tensor([[1]]))
    """
    pair: tuple[Tensor, Tensor] = max_pool1d(
        input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True
    )
    return pair


def max_pool3d(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """Take the maximum over windows of volumes.

    The gradient goes to the first maximum of each window.

    Args:
        input: the volumes.
        kernel_size: sizes of the window; one number means a cube.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: how far windows may begin before the volume (that part never wins).
        dilation: distance between neighboring elements of a window.
        ceil_mode: whether windows may begin inside and end outside the volume.
        return_indices: whether to return also where in the volume each maximum was.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')`` with
          ``D' = floor((D + 2 * padding - dilation * (kernel_size - 1) - 1) / stride + 1)``.

    Returns:
        The maxima; with ``return_indices``, a pair of them and their positions in the flattened
        volume.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.max_pool3d(portfire.arange(8.0).reshape(1, 2, 2, 2), 2)
        tensor([[[[7.]]]])
    """
    if input.ndim not in (4, 5):
        raise RuntimeError("non-empty 4D or 5D (batch mode) tensor expected for input")
    kernel = _three(kernel_size, "kernel_size")
    strides = kernel if stride is None or stride == () else _three(stride, "stride")
    paddings, dilations = _three(padding, "padding"), _three(dilation, "dilation")
    depth, *sides = input.shape[-3:]
    outer = tuple(input.shape[:-3])
    # First over the pixels of each slice, then over the slices: the maximum of all is among them.
    plane = (kernel[1:], strides[1:], paddings[1:], dilations[1:], ceil_mode)
    slices = input.reshape(-1, depth, *sides)
    along = ((kernel[0], 1), (strides[0], 1), (paddings[0], 0), (dilations[0], 1), ceil_mode)
    if not return_indices:
        flat = max_pool2d(slices, *plane)
        rows, columns = flat.shape[-2:]
        top = max_pool2d(flat.flatten(2).unsqueeze(1), *along)
        return top.reshape(*outer, top.shape[-2], rows, columns)
    flat, pixel = max_pool2d_with_indices(slices, *plane)
    rows, columns = flat.shape[-2:]
    top, place = max_pool2d_with_indices(flat.flatten(2).unsqueeze(1), *along)
    chosen = place // (rows * columns)
    pixel = pixel.flatten(2).unsqueeze(1).gather(2, chosen)
    where = chosen * (sides[0] * sides[1]) + pixel
    shape = (*outer, top.shape[-2], rows, columns)
    return top.reshape(shape), where.reshape(shape)


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    dilation: Size = 1,
    ceil_mode: bool = False,
    return_indices: bool = True,
) -> tuple[Tensor, Tensor]:
    """Take the maximum over windows of volumes, and say where it was.

    Args:
        input: the volumes.
        kernel_size: sizes of the window; one number means a cube.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: how far windows may begin before the volume (that part never wins).
        dilation: distance between neighboring elements of a window.
        ceil_mode: whether windows may begin inside and end outside the volume.
        return_indices: ignored; the positions are always returned.

    Returns:
        The maxima, and their positions in the flattened volume.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(8.0).reshape(1, 2, 2, 2)
        >>> portfire.nn.functional.max_pool3d_with_indices(x, 2)
        (tensor([[[[7.]]]]), tensor([[[[7]]]]))
    """
    pair: tuple[Tensor, Tensor] = max_pool3d(
        input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True
    )
    return pair


def max_unpool1d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put maxima back to where they were in signals; all else is zero.

    Args:
        input: the maxima.
        indices: their positions, from `max_pool1d`.
        kernel_size: size of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: what the pooling had.
        output_size: the size of the signals, where the other sizes do not tell.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')`` with
          ``L' = (L - 1) * stride - 2 * padding + kernel_size``.

    Returns:
        The signals.

    Raises:
        RuntimeError: for sizes or positions that do not fit.
        ValueError: for an output size that the pooling does not bring here.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.max_unpool1d(
        ...     portfire.tensor([[3.0]]), portfire.tensor([[1]]), 2)
        tensor([[0., 3.]])
    """
    return _unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put maxima back to where they were in images; all else is zero.

    Args:
        input: the maxima.
        indices: their positions in the flattened images, from `max_pool2d`.
        kernel_size: height and width of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: what the pooling had.
        output_size: the size of the images, where the other sizes do not tell.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')`` with
          ``H' = (H - 1) * stride - 2 * padding + kernel_size``.

    Returns:
        The images.

    Raises:
        RuntimeError: for sizes or positions that do not fit.
        ValueError: for an output size that the pooling does not bring here.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.max_unpool2d(
        ...     portfire.tensor([[[3.0]]]), portfire.tensor([[[2]]]), 2)
        tensor([[[0., 0.],
                 [3., 0.]]])
    """
    return _unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None = None,
    padding: Size = 0,
    output_size: Sequence[int] | None = None,
) -> Tensor:
    """Put maxima back to where they were in volumes; all else is zero.

    Args:
        input: the maxima.
        indices: their positions in the flattened volumes, from `max_pool3d`.
        kernel_size: sizes of the window.
        stride: distance between neighboring windows; ``kernel_size`` by default.
        padding: what the pooling had.
        output_size: the size of the volumes, where the other sizes do not tell.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')`` with
          ``D' = (D - 1) * stride - 2 * padding + kernel_size``.

    Returns:
        The volumes.

    Raises:
        RuntimeError: for sizes or positions that do not fit.
        ValueError: for an output size that the pooling does not bring here.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.max_unpool3d(
        ...     portfire.tensor([[[[3.0]]]]), portfire.tensor([[[[2]]]]), (1, 2, 2))
        tensor([[[[0., 0.],
                  [3., 0.]]]])
    """
    return _unpool(3, input, indices, kernel_size, stride, padding, output_size)


def _checked_signal(
    input: Tensor, kernel_size: Size, stride: Size | None, padding: Size, dilation: Size
) -> tuple[Sizes, Sizes, Sizes, Sizes]:
    """Check the arguments of `max_pool1d`; return those of `max_pool2d` on one row."""
    if input.ndim not in (2, 3):
        raise RuntimeError(
            "max_pool1d: Expected 2D or 3D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got:{list(input.shape)}"
        )
    k = _one(kernel_size, "kernel_size")
    s = k if stride is None or stride == () else _one(stride, "stride")
    p, d = _one(padding, "padding"), _one(dilation, "dilation")
    for name, value in (("kernel_size", k), ("stride", s), ("dilation", d)):
        if value <= 0:
            raise RuntimeError(f"max_pool1d() {name} must be greater than zero, but got {value}")
    if p < 0 or p > k // 2:
        raise RuntimeError(
            "max_pool1d() padding should be at most half of kernel size, but got "
            f"padding={p} and kernel_size={k}"
            if p > 0
            else f"max_pool1d() padding must be non-negative, but got {p}"
        )
    if input.shape[-1] + 2 * p < d * (k - 1) + 1:
        room = input.shape[-1] + 2 * p - d * (k - 1) - 1
        raise RuntimeError(f"max_pool1d() Invalid computed output size: {room // s + 1}")
    return (1, k), (1, s), (0, p), (1, d)


def _one(value: Size, name: str) -> int:
    values = (value,) if isinstance(value, int) else tuple(value)
    if len(values) != 1:
        raise RuntimeError(
            f"max_pool1d() argument '{name}' should contain one int (got {len(values)})"
        )
    return values[0]


def _three(value: Size, name: str) -> Sizes:
    values = (value,) if isinstance(value, int) else tuple(value)
    if len(values) not in (1, 3):
        raise RuntimeError(
            f"max_pool3d: {name} must either be a single int, or a tuple of three ints"
        )
    return values * 3 if len(values) == 1 else values


def _spread(value: Size, rank: int) -> Sizes:
    return (value,) * rank if isinstance(value, int) else tuple(value)


def _unpool(
    rank: int,
    input: Tensor,
    indices: Tensor,
    kernel_size: Size,
    stride: Size | None,
    padding: Size,
    output_size: Sequence[int] | None,
) -> Tensor:
    kernel = _spread(kernel_size, rank)
    strides = kernel if stride is None else _spread(stride, rank)
    paddings = _spread(padding, rank)
    if input.ndim not in (rank + 1, rank + 2):
        raise RuntimeError(
            f"Input to max_unpooling{rank}d should be a {rank + 1}d or {rank + 2}d Tensor, but got "
            f"a tensor with {input.ndim} dimensions."
        )
    if indices.dtype is not portfire.int64:
        raise RuntimeError(
            f"elements in indices should be type int64 but got: {indices.dtype.scalar_name}"
        )
    if indices.shape != input.shape:
        raise RuntimeError(
            "Expected shape of indices to be same as that of the input tensor "
            f"({list(input.shape)}) but got indices tensor with shape: {list(indices.shape)}"
        )
    default = [
        (n - 1) * s + k - 2 * p
        for n, s, k, p in zip(input.shape[-rank:], strides, kernel, paddings, strict=True)
    ]
    sizes = default if output_size is None else _wanted(rank, output_size, default, strides)
    outer = tuple(input.shape[:-rank])
    room = 1
    for n in sizes:
        room *= n
    blank = portfire.zeros(*outer, room, dtype=input.dtype, device=input.device)
    spread = blank.scatter(-1, indices.flatten(-rank), input.flatten(-rank))
    return spread.reshape(*outer, *sizes)


def _wanted(rank: int, output_size: Iterable[int], default: list[int], stride: Sizes) -> list[int]:
    sizes = list(output_size)
    if len(sizes) == rank + 2:
        sizes = sizes[2:]
    if len(sizes) != rank:
        raise ValueError(
            f"output_size should be a sequence containing {rank} or {rank + 2} elements, but it "
            f"has a length of '{len(sizes)}'"
        )
    for axis, (size, plain, step) in enumerate(zip(sizes, default, stride, strict=True)):
        if not plain - step < size < plain + step:
            raise ValueError(
                f'invalid output_size "{tuple(sizes)}" (dim {axis} must be between '
                f"{plain - step} and {plain + step})"
            )
    return sizes
