"""Tensors resized: each dimension for itself, by a table of sources and weights.

Element i of the result is a weighted sum of elements of the input: one for the nearest, two for a
line, four for a cubic, more where antialiasing widens the filter. The tables are made on the host.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

import portfire
from portfire import Tensor
from portfire.nn._names import not_implemented
from portfire.nn.functional._adaptive_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
)

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

Table = tuple[Any, Any]

_MODES = "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact"
# The numbers of dimensions that each mode does.
_RANKS = {
    "nearest": (1, 2, 3),
    "nearest-exact": (1, 2, 3),
    "area": (1, 2, 3),
    "linear": (1,),
    "bilinear": (2,),
    "bicubic": (2,),
    "trilinear": (3,),
}
_SMOOTH = ("linear", "bilinear", "bicubic", "trilinear")


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Resize signals, images or volumes.

    Args:
        input: the tensor.
        size: the new size, one number for all dimensions or one for each.
        scale_factor: the new size as a multiple of the old one, likewise.
        mode: ``"nearest"``, ``"nearest-exact"``, ``"linear"`` (signals), ``"bilinear"`` or
            ``"bicubic"`` (images), ``"trilinear"`` (volumes), or ``"area"`` (means).
        align_corners: whether the centers of the corner elements stay where they are, and not the
            outer edges; for the modes with a line or a cubic.
        recompute_scale_factor: whether the scale is that of the rounded sizes and not the given
            one.
        antialias: whether to widen the filter where the result is smaller, for images.

    Shape:
        - input: ``(N, C, L)``, ``(N, C, H, W)`` or ``(N, C, D, H, W)``.
        - output: the same with other sizes in place of the last one, two or three.

    Returns:
        The resized tensor.

    Raises:
        ValueError: for arguments that contradict each other.
        NotImplementedError: for a mode that does not do so many dimensions.
        RuntimeError: for sizes below 1.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[[1.0, 3.0]]])
        >>> portfire.nn.functional.interpolate(x, scale_factor=2)
        tensor([[[1., 1., 3., 3.]]])
        >>> portfire.nn.functional.interpolate(x, size=3, mode="linear", align_corners=True)
        tensor([[[1., 2., 3.]]])
    """
    rank = input.ndim - 2
    _check_options(input, mode, align_corners, antialias)
    sizes, scales = _targets(input, rank, size, scale_factor, recompute_scale_factor)
    _check_mode(input, rank, mode)
    if min(sizes) < 1 or 0 in input.shape[-rank:]:
        sides = ("D", "H", "W")[-rank:] if rank > 1 else ("W",)
        old, new = (
            ", ".join(f"{side}: {n}" for side, n in zip(sides, values, strict=True))
            for values in (input.shape[-rank:], sizes)
        )
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input ({old}) output ({new})"
        )
    if mode == "area":
        pools = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)
        return pools[rank - 1](input, sizes)
    result = input
    for axis, m, scale in zip(range(2, input.ndim), sizes, scales, strict=True):
        result = _resized(result, axis, m, scale, mode, bool(align_corners), antialias)
    return result if result is not input else input.clone()


def upsample(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """Resize; the old name of `interpolate`.

    Args:
        input: the tensor.
        size: the new size.
        scale_factor: the new size as a multiple of the old one.
        mode: see `interpolate`.
        align_corners: see `interpolate`.

    Returns:
        The resized tensor.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.interpolate(portfire.ones(1, 1, 2), 3)
        tensor([[[1., 1., 1.]]])
    """
    warnings.warn(
        "`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """Resize by the nearest elements; the old form of `interpolate`.

    Args:
        input: the tensor.
        size: the new size.
        scale_factor: the new size as a multiple of the old one.

    Returns:
        The resized tensor.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.interpolate(portfire.ones(1, 1, 2), 3)
        tensor([[[1., 1., 1.]]])
    """
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor)


def upsample_bilinear(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
) -> Tensor:
    """Resize images by lines between corners that stay; the old form of `interpolate`.

    Args:
        input: the images.
        size: the new size.
        scale_factor: the new size as a multiple of the old one.

    Returns:
        The resized images.

    Example:
        >>> import portfire
        >>> x = portfire.ones(1, 1, 2, 2)
        >>> portfire.nn.functional.interpolate(x, 3, mode="bilinear", align_corners=True).shape
        portfire.Size([1, 1, 3, 3])
    """
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.",
        stacklevel=2,
    )
    return interpolate(input, size, scale_factor, "bilinear", True)


def _check_options(input: Tensor, mode: str, align_corners: bool | None, antialias: bool) -> None:
    if align_corners is not None and mode not in _SMOOTH:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: "
            "linear | bilinear | bicubic | trilinear"
        )
    if antialias and not (mode in ("bilinear", "bicubic") and input.ndim == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires "
            "a 4-D tensor as input"
        )


def _check_mode(input: Tensor, rank: int, mode: str) -> None:
    ranks = _RANKS.get(mode, ())
    if rank not in ranks:
        if len(ranks) == 1 and rank in (1, 2, 3) and not (mode == "bicubic" and rank == 3):
            raise NotImplementedError(
                f"Got {input.ndim}D input, but {mode} mode needs {ranks[0] + 2}D input"
            )
        raise NotImplementedError(
            "Input Error: Only 3D, 4D and 5D input Tensors supported "
            f"(got {input.ndim}D) for the modes: {_MODES} (got {mode})"
        )
    if not input.is_floating_point() and not (
        mode.startswith("nearest") and input.dtype is portfire.uint8
    ):
        raise not_implemented(f"upsample_{mode.replace('-', '_')}{rank}d", input.dtype)


def _targets(
    input: Tensor,
    rank: int,
    size: int | Sequence[int] | None,
    scale_factor: float | Sequence[float] | None,
    recompute: bool | None,
) -> tuple[list[int], list[float | None]]:
    """The new sizes, and for each dimension the factor to reckon with (None: that of the sizes)."""
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    spatial = list(input.shape[2:])
    form = "Please provide input tensor in (N, C, d1, d2, ...,dK) format and"
    if size is not None:
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
        sizes = list(size) if isinstance(size, Iterable) else [size] * rank
        if len(sizes) != rank:
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but got input "
                f"with spatial dimensions of {spatial} and output size of {size}. {form} output "
                "size in (o1, o2, ...,oK) format."
            )
        return sizes, [None] * rank
    given = scale_factor if isinstance(scale_factor, Iterable) else [scale_factor or 0.0] * rank
    factors = [float(factor) for factor in given]
    if len(factors) != rank:
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got input "
            f"with spatial dimensions of {spatial} and scale_factor of shape {scale_factor}. "
            f"{form} scale_factor in (s1, s2, ...,sK) format."
        )
    sizes = [math.floor(n * factor) for n, factor in zip(spatial, factors, strict=True)]
    return sizes, [None if recompute else factor for factor in factors]


def _resized(
    x: Tensor, axis: int, m: int, factor: float | None, mode: str, align: bool, antialias: bool
) -> Tensor:
    """Resize one dimension."""
    n = x.shape[axis]
    before, after = x.shape[:axis], x.shape[axis + 1 :]
    if mode in ("nearest", "nearest-exact"):
        if m % n == 0 and factor in (None, m / n):
            # Each element is repeated: a movement, without a table.
            return (
                x.unsqueeze(axis + 1).expand(*before, n, m // n, *after).reshape(*before, m, *after)
            )
        index = _nearest(n, m, factor, 0.5 if mode == "nearest-exact" else 0.0)
        return x.index_select(axis, portfire.tensor(index, device=x.device))
    # Positions in the precision that the values have, as torch reckons them.
    kind = np.float64 if x.dtype is portfire.float64 else np.float32
    cubic = mode == "bicubic"
    if antialias:
        sources, weights = _filtered(n, m, factor, align, cubic)
    else:
        if m == n and factor in (None, 1.0):
            return x
        sources, weights = (_cubic if cubic else _linear)(_centers(n, m, factor, align, kind), n)
    index = portfire.tensor(sources.reshape(-1), device=x.device)
    picked = x.index_select(axis, index).reshape(*before, *sources.shape, *after)
    shares = portfire.tensor(weights.astype(kind), device=x.device).to(x.dtype)
    columns = shares.reshape(*weights.shape, *(1,) * len(after))
    return (picked * columns).sum(axis + 1)


def _ratio(n: int, m: int, factor: float | None, align: bool) -> float:
    """The distance in the input between neighboring elements of the result."""
    if align:
        return (n - 1) / (m - 1) if m > 1 else 0.0
    return n / m if factor is None else 1.0 / factor


def _nearest(n: int, m: int, factor: float | None, offset: float) -> Any:
    ratio = np.float32(_ratio(n, m, factor, False))
    places = np.floor((np.arange(m, dtype=np.float32) + np.float32(offset)) * ratio)
    return np.minimum(places.astype(np.int64), n - 1)


def _centers(n: int, m: int, factor: float | None, align: bool, kind: Any) -> Any:
    ratio = kind(_ratio(n, m, factor, align))
    steps = np.arange(m, dtype=kind)
    return steps * ratio if align else (steps + kind(0.5)) * ratio - kind(0.5)


def _linear(centers: Any, n: int) -> Table:
    centers = np.maximum(centers, 0.0)
    first = np.minimum(centers.astype(np.int64), n - 1)
    share = centers - first
    sources = np.stack([first, np.minimum(first + 1, n - 1)], 1)
    return sources, np.stack([1 - share, share], 1)


def _cubic(centers: Any, n: int) -> Table:
    first = np.floor(centers).astype(np.int64)
    share = (centers - first)[:, None]
    steps = np.arange(-1, 3)
    sources = np.clip(first[:, None] + steps, 0, n - 1)
    return sources, _cubic_filter(share - steps, -0.75)


def _cubic_filter(x: Any, a: float) -> Any:
    """Keys' cubic, which has the slope ``a`` at 1."""
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((x - 5) * x + 8) * x * a - 4 * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0.0))


def _triangle(x: Any) -> Any:
    return np.maximum(1 - np.abs(x), 0)


def _filtered(n: int, m: int, factor: float | None, align: bool, cubic: bool) -> Table:
    """A filter as wide as the distance between the results, cut off and scaled at the edges."""
    ratio = _ratio(n, m, factor, align)
    wide = max(ratio, 1.0)
    reach = (2.0 if cubic else 1.0) * wide
    shape: Callable[[Any], Any] = (lambda x: _cubic_filter(x, -0.5)) if cubic else _triangle
    centers = ratio * (np.arange(m) + 0.5)
    first = np.maximum((centers - reach + 0.5).astype(np.int64), 0)
    last = np.minimum((centers + reach + 0.5).astype(np.int64), n)
    steps = np.arange((last - first).max())
    sources = first[:, None] + steps
    weights = shape((sources - centers[:, None] + 0.5) / wide)
    weights = np.where(sources < last[:, None], weights, 0.0)
    weights = weights / weights.sum(1, keepdims=True)
    return np.minimum(sources, n - 1), weights
