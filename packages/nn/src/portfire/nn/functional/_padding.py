"""Borders of images that repeat the image."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import portfire
from portfire import Tensor

__all__ = ["pad_image"]


def _reflect(position: int, size: int) -> int:
    return size - 1 - abs(size - 1 - abs(position))


def _replicate(position: int, size: int) -> int:
    return min(max(position, 0), size - 1)


def _circular(position: int, size: int) -> int:
    return position % size


_SOURCES: dict[str, Callable[[int, int], int]] = {
    "reflect": _reflect,
    "replicate": _replicate,
    "circular": _circular,
}
# How much wider than the image a border may be, less one.
_LIMITS = {"reflect": -1, "circular": 0}


def pad_image(image: Tensor, low: Sequence[int], high: Sequence[int], mode: str) -> Tensor:
    """Put a border around the last two dimensions.

    Args:
        image: a tensor of at least two dimensions.
        low: rows above and columns on the left.
        high: rows below and columns on the right.
        mode: ``"reflect"``, ``"replicate"`` or ``"circular"``.

    Returns:
        The larger tensor.

    Raises:
        RuntimeError: for a border that the image is too small for.
    """
    for axis, before, after in zip((-2, -1), low, high, strict=True):
        size = image.shape[axis]
        if mode in _LIMITS and max(before, after) > size + _LIMITS[mode]:
            raise RuntimeError(
                f"Padding size should be less than the corresponding input dimension, but got: "
                f"padding ({before}, {after}) at dimension {image.ndim + axis} of input "
                f"{list(image.shape)}"
            )
        if before or after:
            source = _SOURCES[mode]
            positions = [source(i, size) for i in range(-before, size + after)]
            index = portfire.tensor(positions, dtype=portfire.int64, device=image.device)
            image = image.index_select(axis, index)
    return image
