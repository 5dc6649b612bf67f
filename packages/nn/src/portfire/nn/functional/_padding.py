"""Borders around tensors: a number, or the tensor itself mirrored, stretched or repeated."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import portfire
from portfire import Tensor
from portfire._dispatch import apply
from portfire.ops import lookup

__all__ = ["pad"]

_PAD, _SLICE, _SLICE_UPDATE = lookup("pad"), lookup("slice"), lookup("slice_update")


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """Put a border around the last dimensions, or cut one off.

    Args:
        input: the tensor.
        pad: sizes before and after the last dimension, then of the one before it, and so on;
            negative sizes cut off.
        mode: ``"constant"``; or ``"reflect"`` (mirrored, without the edge twice), ``"replicate"``
            (the edge) or ``"circular"`` (the other end), for the last one, two or three dimensions.
        value: what a constant border is made of; 0 by default.

    Returns:
        The new tensor.

    Raises:
        RuntimeError: for sizes that do not fit.
        NotImplementedError: for an unknown mode, or dimensions that the mode does not do.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1, 2, 3]])
        >>> portfire.nn.functional.pad(x, (1, 2))
        tensor([[0, 1, 2, 3, 0, 0]])
        >>> portfire.nn.functional.pad(x, (1, 2), mode="reflect")
        tensor([[2, 1, 2, 3, 2, 1]])
    """
    sizes = list(pad)
    if len(sizes) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(sizes) > 2 * input.ndim:
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(sizes)} and input of dimension {input.ndim}"
        )
    if mode == "constant":
        return _constant(input, sizes, 0 if value is None else value)
    if value is not None and value != 0:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in _BORDERS:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if len(sizes) > 6 or input.ndim - len(sizes) // 2 not in (1, 2):
        raise NotImplementedError(
            f"Padding size {len(sizes)} is not supported for {input.ndim}D input tensor.\n"
            "Supported combinations for non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
            "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    result = input
    for i in range(0, len(sizes), 2):
        axis = input.ndim - 1 - i // 2
        _check(input, axis, sizes[i], sizes[i + 1], mode)
        if sizes[i] or sizes[i + 1]:
            result = _bordered(result, axis, sizes[i], sizes[i + 1], mode)
    return result


def _constant(input: Tensor, sizes: list[int], value: float) -> Tensor:
    """Cut off first, then put the rest on a canvas of the value."""
    rest = input.ndim - len(sizes) // 2
    low, high = [0] * rest + sizes[-2::-2], [0] * rest + sizes[::-2]
    ones = (1,) * input.ndim
    start = tuple(max(-n, 0) for n in low)
    kept = tuple(n - a - max(-b, 0) for n, a, b in zip(input.shape, start, high, strict=True))
    if any(n < 0 for n in kept):
        raise RuntimeError("narrow(): length must be non-negative.")
    cut = kept != tuple(input.shape)
    if cut:
        input = apply(_SLICE, (input,), (start, kept, ones))
    before, after = tuple(max(n, 0) for n in low), tuple(max(n, 0) for n in high)
    if not any(before) and not any(after):
        return input if cut else input.clone()
    if value == 0:
        return apply(_PAD, (input,), (before, after, ones))
    shape = [a + n + b for a, n, b in zip(before, kept, after, strict=True)]
    canvas = portfire.full(shape, value, dtype=input.dtype, device=input.device)
    return apply(_SLICE_UPDATE, (canvas, input), (before, kept, ones))


def _check(input: Tensor, axis: int, before: int, after: int, mode: str) -> None:
    size = input.shape[axis]
    if mode == "reflect" and max(before, after) >= size:
        raise RuntimeError(
            "Argument #4: Padding size should be less than the corresponding input dimension, but "
            f"got: padding ({before}, {after}) at dimension {axis} of input {list(input.shape)}"
        )
    if mode == "circular" and max(before, after) > size:
        raise RuntimeError("Padding value causes wrapping around more than once.")
    if size + before + after < 0:
        shape = list(input.shape)
        shape[axis] = size + before + after
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {shape[axis]}: {shape}"
        )


def _bordered(x: Tensor, axis: int, before: int, after: int, mode: str) -> Tensor:
    """Join the border of one dimension from pieces of the tensor."""
    size = x.shape[axis]
    make = _BORDERS[mode]
    parts = []
    if before > 0:
        parts.append(make(x, axis, before, True))
    first, last = max(-before, 0), size - max(-after, 0)
    parts.append(x.narrow(axis, first, max(last - first, 0)))
    if after > 0:
        parts.append(make(x, axis, after, False))
    return portfire.cat(parts, axis)


def _reflect(x: Tensor, axis: int, count: int, low: bool) -> Tensor:
    start = 1 if low else x.shape[axis] - 1 - count
    return x.narrow(axis, start, count).flip(axis)


def _replicate(x: Tensor, axis: int, count: int, low: bool) -> Tensor:
    edge = x.narrow(axis, 0 if low else x.shape[axis] - 1, 1)
    shape = list(x.shape)
    shape[axis] = count
    return edge.expand(shape)


def _circular(x: Tensor, axis: int, count: int, low: bool) -> Tensor:
    return x.narrow(axis, x.shape[axis] - count if low else 0, count)


_BORDERS: dict[str, Callable[[Tensor, int, int, bool], Tensor]] = {
    "reflect": _reflect,
    "replicate": _replicate,
    "circular": _circular,
}
