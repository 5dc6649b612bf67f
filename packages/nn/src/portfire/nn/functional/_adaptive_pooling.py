"""Pooling to a size that is given: the windows follow from it.

Window i of m over n elements goes from ``floor(i n / m)`` to ``ceil((i + 1) n / m)``. Where m
divides n they tile the input; where not, each window is looked up, the shorter ones with a repeated
last element, which a maximum does not see and a mean leaves out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

import portfire
from portfire import Tensor
from portfire.nn._names import not_implemented

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices",
    "adaptive_max_pool2d",
    "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d",
    "adaptive_max_pool3d_with_indices",
]

Wanted = int | Iterable[int | None] | None


def adaptive_avg_pool1d(input: Tensor, output_size: Wanted) -> Tensor:
    """Take the mean over as many windows of signals as are wanted.

    Args:
        input: the signals.
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')``.

    Returns:
        The means.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(6.0).reshape(1, 6)
        >>> portfire.nn.functional.adaptive_avg_pool1d(x, 2)
        tensor([[1., 4.]])
    """
    return _averages(1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Wanted) -> Tensor:
    """Take the mean over as many windows of images as are wanted.

    Args:
        input: the images.
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')``.

    Returns:
        The means.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(16.0).reshape(1, 4, 4)
        >>> portfire.nn.functional.adaptive_avg_pool2d(x, (1, 2))
        tensor([[[6.5000, 8.5000]]])
    """
    return _averages(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Wanted) -> Tensor:
    """Take the mean over as many windows of volumes as are wanted.

    Args:
        input: the volumes.
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')``.

    Returns:
        The means.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(8.0).reshape(1, 2, 2, 2)
        >>> portfire.nn.functional.adaptive_avg_pool3d(x, (1, 1, 2))
        tensor([[[[3., 4.]]]])
    """
    return _averages(3, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Wanted, return_indices: bool = False) -> Any:
    """Take the maximum over as many windows of signals as are wanted.

    Args:
        input: the signals.
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.
        return_indices: whether to return also where each maximum was.

    Shape:
        - input: ``(N, C, L)`` or ``(C, L)``.
        - output: ``(N, C, L')`` or ``(C, L')``.

    Returns:
        The maxima; with ``return_indices``, a pair of them and their positions in the flattened
        last dimensions.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(6.0).reshape(1, 6)
        >>> portfire.nn.functional.adaptive_max_pool1d(x, 2)
        tensor([[2., 5.]])
    """
    maxima, where = _maxima(1, input, output_size)
    return (maxima, where) if return_indices else maxima


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Wanted, return_indices: bool = True
) -> tuple[Tensor, Tensor]:
    """Take the maximum over as many windows of signals as are wanted, and say where it was.

    Args:
        input: the signals.
        output_size: the number of windows, see `adaptive_max_pool1d`.
        return_indices: ignored; the positions are always returned.

    Returns:
        The maxima, and their positions in the flattened last dimensions.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(6.0).reshape(1, 6)
        >>> portfire.nn.functional.adaptive_max_pool1d_with_indices(x, 2)[1]
        tensor([[2, 5]])
    """
    return _maxima(1, input, output_size)


def adaptive_max_pool2d(input: Tensor, output_size: Wanted, return_indices: bool = False) -> Any:
    """Take the maximum over as many windows of images as are wanted.

    Args:
        input: the images.
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.
        return_indices: whether to return also where each maximum was.

    Shape:
        - input: ``(N, C, H, W)`` or ``(C, H, W)``.
        - output: ``(N, C, H', W')`` or ``(C, H', W')``.

    Returns:
        The maxima; with ``return_indices``, a pair of them and their positions in the flattened
        last dimensions.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(16.0).reshape(1, 4, 4)
        >>> portfire.nn.functional.adaptive_max_pool2d(x, (1, 2))
        tensor([[[13., 15.]]])
    """
    maxima, where = _maxima(2, input, output_size)
    return (maxima, where) if return_indices else maxima


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Wanted, return_indices: bool = True
) -> tuple[Tensor, Tensor]:
    """Take the maximum over as many windows of images as are wanted, and say where it was.

    Args:
        input: the images.
        output_size: the number of windows, see `adaptive_max_pool2d`.
        return_indices: ignored; the positions are always returned.

    Returns:
        The maxima, and their positions in the flattened last dimensions.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(16.0).reshape(1, 4, 4)
        >>> portfire.nn.functional.adaptive_max_pool2d_with_indices(x, (1, 2))[1]
        tensor([[[13, 15]]])
    """
    return _maxima(2, input, output_size)


def adaptive_max_pool3d(input: Tensor, output_size: Wanted, return_indices: bool = False) -> Any:
    """Take the maximum over as many windows of volumes as are wanted.

    Args:
        input: the volumes.
        output_size: the number of windows; one for all dimensions or one for each, None for as
            many as the input has elements there.
        return_indices: whether to return also where each maximum was.

    Shape:
        - input: ``(N, C, D, H, W)`` or ``(C, D, H, W)``.
        - output: ``(N, C, D', H', W')`` or ``(C, D', H', W')``.

    Returns:
        The maxima; with ``return_indices``, a pair of them and their positions in the flattened
        last dimensions.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(8.0).reshape(1, 2, 2, 2)
        >>> portfire.nn.functional.adaptive_max_pool3d(x, (1, 1, 2))
        tensor([[[[6., 7.]]]])
    """
    maxima, where = _maxima(3, input, output_size)
    return (maxima, where) if return_indices else maxima


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Wanted, return_indices: bool = True
) -> tuple[Tensor, Tensor]:
    """Take the maximum over as many windows of volumes as are wanted, and say where it was.

    Args:
        input: the volumes.
        output_size: the number of windows, see `adaptive_max_pool3d`.
        return_indices: ignored; the positions are always returned.

    Returns:
        The maxima, and their positions in the flattened last dimensions.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(8.0).reshape(1, 2, 2, 2)
        >>> portfire.nn.functional.adaptive_max_pool3d_with_indices(x, (1, 1, 2))[1]
        tensor([[[[6, 7]]]])
    """
    return _maxima(3, input, output_size)


def _averages(rank: int, input: Tensor, output_size: Wanted) -> Tensor:
    sizes = _checked("avg", rank, input, output_size)
    if not input.is_floating_point():
        raise not_implemented(f"adaptive_avg_pool{max(rank, 2)}d", input.dtype)
    result = input
    for axis, (n, m) in enumerate(zip(input.shape[-rank:], sizes, strict=True), input.ndim - rank):
        before, after = result.shape[:axis], result.shape[axis + 1 :]
        if m == n:
            continue
        if m and n % m == 0:
            result = result.reshape(*before, m, n // m, *after).mean(axis + 1)
            continue
        table, counts = _windows(n, m)
        index = portfire.tensor(table.reshape(-1), device=input.device)
        picked = result.index_select(axis, index).reshape(*before, *table.shape, *after)
        ones = (1,) * len(after)
        inside = np.arange(table.shape[1]) < counts[:, None]
        mask = portfire.tensor(inside, device=input.device).reshape(*table.shape, *ones)
        total = picked.masked_fill(~mask, 0).sum(axis + 1)
        by = portfire.tensor(counts, dtype=input.dtype, device=input.device)
        result = total / by.reshape(m, *ones)
    return result if result is not input else input.clone()


def _maxima(rank: int, input: Tensor, output_size: Wanted) -> tuple[Tensor, Tensor]:
    sizes = _checked("max", rank, input, output_size)
    extents = tuple(input.shape[-rank:])
    # The table (windows, elements of a window) of positions in the flattened dimensions.
    table = np.zeros((1, 1), np.int64)
    for n, m in zip(extents, sizes, strict=True):
        own, _ = _windows(n, m)
        table = table[:, None, :, None] * n + own[None, :, None, :]
        table = table.reshape(table.shape[0] * m, -1)
    positions = portfire.tensor(table, device=input.device)
    outer = tuple(input.shape[:-rank])
    flat = input.flatten(-rank)
    if table.size != flat.shape[-1] or len(table) != 1:
        flat = flat.index_select(-1, positions.reshape(-1))
    rows = flat.reshape(*outer, *table.shape)
    best = rows.argmax(-1, keepdim=True)
    maxima = rows.gather(-1, best)
    where = positions.expand(*rows.shape).gather(-1, best)
    shape = (*outer, *sizes)
    return maxima.reshape(shape), where.reshape(shape)


def _windows(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    """The elements (window, element) of m windows over n, and how many each really has."""
    start = np.arange(m) * n // max(m, 1)
    end = -(-(np.arange(1, m + 1) * n) // max(m, 1))
    counts = end - start
    steps = np.arange(counts.max(initial=1))
    return np.minimum(start[:, None] + steps, end[:, None] - 1), counts


def _checked(kind: str, rank: int, input: Tensor, output_size: Wanted) -> tuple[int, ...]:
    """Check the arguments; return how many windows each dimension gets."""
    name = f"adaptive_{kind}_pool{rank}d"
    if isinstance(output_size, Iterable):
        wanted = tuple(output_size)
    else:
        wanted = (output_size,) * rank
    if rank == 1 and input.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument #1 "
            f"'self' (while checking arguments for {name})"
        )
    if input.ndim not in (rank + 1, rank + 2):
        colon = ":" if kind == "max" else ""
        raise RuntimeError(
            f"{name}(): Expected {rank + 1}D or {rank + 2}D tensor, but got{colon} "
            f"{list(input.shape)}"
        )
    if rank == 1 and len(wanted) != 1:
        raise RuntimeError(
            f"{name}() argument 'output_size' should contain one int (got {len(wanted)})"
        )
    if len(wanted) != rank:
        raise RuntimeError(f"{name}(): internal error: output_size.size() must be {rank}")
    for axis in range(1 if input.ndim == rank + 2 else 0, input.ndim):
        if input.shape[axis] == 0 and axis >= input.ndim - rank:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but "
                f"input has sizes {list(input.shape)} with dimension {axis} being empty"
            )
    sizes = tuple(n if m is None else m for n, m in zip(input.shape[-rank:], wanted, strict=True))
    if min(sizes) < 0:
        shown = ", ".join(map(str, sizes))
        raise RuntimeError(
            f"{name}: elements of output_size must be greater than or equal to 0 but received "
            f"{{{shown}}}"
        )
    return sizes
