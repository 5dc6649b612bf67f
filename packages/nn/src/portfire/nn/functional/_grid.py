"""Sampling of images and volumes at given places, and grids of such places."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from typing import Any

import portfire
from portfire import Tensor

__all__ = ["affine_grid", "grid_sample"]

_ALIGN = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. "
    "Please specify align_corners=True if the old behavior is desired. See the documentation of "
    "grid_sample for details."
)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """Read images or volumes at places between their elements.

    Args:
        input: the images or volumes.
        grid: for each element of the result a place: x, y (and z), each from -1 (the left, upper or
            front end) to 1.
        mode: ``"bilinear"`` (with volumes: trilinear), ``"nearest"``, or ``"bicubic"`` (images).
        padding_mode: what is outside: ``"zeros"``, the edge (``"border"``), or the mirrored input
            (``"reflection"``).
        align_corners: whether -1 and 1 are the centers of the corner elements, and not the outer
            edges; False by default.

    Shape:
        - input: ``(N, C, H, W)`` or ``(N, C, D, H, W)``.
        - grid: ``(N, H', W', 2)`` or ``(N, D', H', W', 3)``.
        - output: ``(N, C, H', W')`` or ``(N, C, D', H', W')``.

    Returns:
        What was read.

    Raises:
        ValueError: for an unknown mode.
        RuntimeError: for shapes or dtypes that do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.arange(4.0).reshape(1, 1, 2, 2)
        >>> grid = portfire.zeros(1, 1, 1, 2)
        >>> portfire.nn.functional.grid_sample(x, grid, align_corners=False)
        tensor([[[[1.5000]]]])
    """
    if mode not in ("bilinear", "nearest", "bicubic"):
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    if align_corners is None:
        warnings.warn(_ALIGN, stacklevel=2)
        align_corners = False
    _check(input, grid, mode)
    sizes = tuple(input.shape[2:])
    # The grid names the last dimension first.
    places = [
        _place(grid.select(-1, len(sizes) - 1 - axis), n, align_corners)
        for axis, n in enumerate(sizes)
    ]
    if mode == "bicubic":
        return _cubic(input, places, padding_mode, align_corners)
    places = [
        _inside(place, n, padding_mode, align_corners)
        for place, n in zip(places, sizes, strict=True)
    ]
    if mode == "nearest":
        return _read(input, [place.detach().round() for place in places])
    return _linear(input, places)


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Make a grid for `grid_sample` from affine maps of the result's places to the input's.

    Args:
        theta: the maps.
        size: the size of the result of `grid_sample`.
        align_corners: as in `grid_sample`.

    Shape:
        - theta: ``(N, 2, 3)`` for images, ``(N, 3, 4)`` for volumes.
        - output: ``(N, H, W, 2)`` or ``(N, D, H, W, 3)``.

    Returns:
        The grid.

    Raises:
        ValueError: for maps or sizes that do not fit.
        NotImplementedError: for sizes of other dimensions.

    Example:
        >>> import portfire
        >>> theta = portfire.tensor([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]])
        >>> portfire.nn.functional.affine_grid(theta, (1, 1, 2, 2), align_corners=True)
        tensor([[[[-0.5000, -1.0000],
                  [ 1.5000, -1.0000]],
        <BLANKLINE>
                 [[-0.5000,  1.0000],
                  [ 1.5000,  1.0000]]]])
    """
    if not theta.is_floating_point():
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    rank = len(size) - 2
    if rank not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {size}."
        )
    if theta.ndim != 3 or tuple(theta.shape[1:]) != (rank, rank + 1):
        raise ValueError(
            f"Expected a batch of {rank}D affine matrices of shape Nx{rank}x{rank + 1} for size "
            f"{size}. Got {theta.shape}."
        )
    if align_corners is None:
        warnings.warn(_ALIGN, stacklevel=2)
        align_corners = False
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {size}")
    sizes = tuple(size[2:])
    if align_corners and min(sizes) == 1:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when "
            "align_corners=True. This is not an intended use case of affine_grid. See the "
            "documentation of affine_grid for details.",
            stacklevel=2,
        )
    result = theta[:, :, rank].reshape(-1, *(1,) * rank, rank)
    for axis, n in enumerate(sizes):
        ends = portfire.linspace(-1, 1, n, dtype=theta.dtype, device=theta.device)
        if n == 1:
            ends = ends * 0
        elif not align_corners:
            ends = ends * ((n - 1) / n)
        along = ends.reshape(*(1,) * (axis + 1), n, *(1,) * (rank - axis))
        column = theta[:, :, rank - 1 - axis].reshape(-1, *(1,) * rank, rank)
        result = result + along * column
    return result.expand(theta.shape[0], *sizes, rank).contiguous()


def _check(input: Tensor, grid: Tensor, mode: str) -> None:
    shown = f"but got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
    if input.ndim not in (4, 5) or input.ndim != grid.ndim:
        wanted = input.ndim if input.ndim == 4 else 5
        raise RuntimeError(
            f"grid_sampler(): expected {wanted}D input and grid with same number of dimensions, "
            + shown
        )
    if input.shape[0] != grid.shape[0]:
        raise RuntimeError(
            f"grid_sampler(): expected grid and input to have same batch size, {shown}"
        )
    if grid.shape[-1] != input.ndim - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.ndim - 2} in last dimension, but "
            f"got grid with sizes {list(grid.shape)}"
        )
    for axis in range(2, input.ndim):
        if input.shape[axis] == 0:
            raise RuntimeError(
                "grid_sampler(): expected input to have non-empty spatial dimensions, but input "
                f"has sizes {list(input.shape)} with dimension {axis} being empty"
            )
    if mode == "bicubic" and input.ndim != 4:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    if input.dtype is not grid.dtype:
        raise RuntimeError(
            f"expected scalar type {input.dtype.scalar_name} but found {grid.dtype.scalar_name}"
        )


def _place(coordinate: Tensor, n: int, align: bool) -> Tensor:
    """From -1 to 1 to a place among n elements."""
    if align:
        return (coordinate + 1) * ((n - 1) / 2)
    return ((coordinate + 1) * n - 1) / 2


def _inside(place: Tensor, n: int, padding: str, align: bool) -> Tensor:
    if padding == "zeros":
        return place
    if padding == "reflection":
        low, span = (0.0, float(n - 1)) if align else (-0.5, float(n))
        if span == 0:
            place = place * 0
        else:
            distance = (place - low).abs()
            turns = (distance / span).detach().floor()
            rest = distance - turns * span
            place = portfire.where(turns % 2 == 0, rest + low, span - rest + low)
    return place.clamp(0, n - 1)


def _read(input: Tensor, places: list[Tensor]) -> Tensor:
    """The elements at whole-numbered places; zero outside."""
    sizes = tuple(input.shape[2:])
    inside: Any = True
    flat: Any = 0
    for place, n in zip(places, sizes, strict=True):
        within = (place >= 0) & (place <= n - 1)
        inside = within & inside
        # What is outside (or no number) reads the first element, and is not taken.
        index = portfire.where(within, place, 0).to(portfire.int64)
        flat = index + flat * n
    batch, channels = input.shape[:2]
    shape = (batch, channels, *flat.shape[1:])
    rows = flat.reshape(batch, 1, -1).expand(batch, channels, -1)
    picked = input.flatten(2).gather(2, rows).reshape(shape)
    result: Tensor = portfire.where(inside.unsqueeze(1).expand(shape), picked, 0)
    return result


def _linear(input: Tensor, places: list[Tensor]) -> Tensor:
    lower = [place.detach().floor() for place in places]
    shares = [place - low for place, low in zip(places, lower, strict=True)]
    total: Any = None
    for corner in itertools.product((0, 1), repeat=len(places)):
        weight: Any = None
        for step, share in zip(corner, shares, strict=True):
            part = share if step else 1 - share
            weight = part if weight is None else weight * part
        values = _read(input, [low + step for low, step in zip(lower, corner, strict=True)])
        term = values * weight.unsqueeze(1)
        total = term if total is None else total + term
    result: Tensor = total
    return result


def _cubic(input: Tensor, places: list[Tensor], padding: str, align: bool) -> Tensor:
    lower = [place.detach().floor() for place in places]
    weights = [_cubic_weights(place - low) for place, low in zip(places, lower, strict=True)]
    total: Any = None
    for steps in itertools.product(range(4), repeat=2):
        taps = [
            _inside(low + (step - 1), n, padding, align).round()
            for low, step, n in zip(lower, steps, input.shape[2:], strict=True)
        ]
        weight = weights[0][steps[0]] * weights[1][steps[1]]
        term = _read(input, taps) * weight.unsqueeze(1)
        total = term if total is None else total + term
    result: Tensor = total
    return result


def _cubic_weights(share: Tensor) -> list[Tensor]:
    """The shares of the elements at -1, 0, 1 and 2: Keys' cubic with a slope of -0.75."""
    a = -0.75

    def near(x: Tensor) -> Tensor:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Tensor) -> Tensor:
        return ((x - 5) * x + 8) * x * a - 4 * a

    return [far(share + 1), near(share), near(1 - share), far(2 - share)]
