"""Where the elements of a value lie: views as strides, known before a program runs.

Movements that NumPy answers with a view are never run as such: whoever reads the value reads the
array that it comes from, with other strides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from portfire.backend._contract import Instruction
from portfire.ops._record import Attrs, Shape

__all__ = ["Layout", "contiguous", "dense", "moved", "reshaped"]

Array = Any


class Layout(NamedTuple):
    """A view of a dense array: the step that stores the array, and strides in elements."""

    root: int
    offset: int
    shape: Shape
    strides: Shape

    @property
    def size(self) -> int:
        """How many elements it shows."""
        return math.prod(self.shape)

    @property
    def is_scalar(self) -> bool:
        """Whether it shows one element only, however often."""
        return all(n == 1 or s == 0 for n, s in zip(self.shape, self.strides, strict=True))

    def is_all_of(self, size: int) -> bool:
        """Whether it shows an array of that size from its start to its end, in order."""
        return (
            self.offset == 0
            and self.size == size
            and (size == 0 or _in_order(self.shape, self.strides))
        )

    def of(self, array: Array) -> Array:
        """Return the view of the array that was stored."""
        if array.shape == self.shape and self.is_all_of(array.size):
            return array
        item = array.itemsize
        strides = tuple([s * item for s in self.strides])
        return np.ndarray(self.shape, array.dtype, array, self.offset * item, strides)


def contiguous(shape: Shape) -> Shape:
    """Return the strides of a dense array."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def dense(root: int, shape: Shape) -> Layout:
    """Return the layout of a whole array."""
    return Layout(root, 0, shape, contiguous(shape))


def reshaped(layout: Layout, shape: Shape) -> Layout | None:
    """Return the layout under another shape, or None where that takes a copy."""
    if layout.shape == shape:
        return layout
    if layout.size == 0 or math.prod(shape) == 0:
        return dense(layout.root, shape)
    strides = _split(*_runs(layout), shape)
    return None if strides is None else Layout(layout.root, layout.offset, shape, strides)


def _runs(layout: Layout) -> tuple[list[int], list[int]]:
    """Join axes that lie together: sizes and strides of what is left, last axis first."""
    sizes: list[int] = []
    strides: list[int] = []
    for n, stride in zip(reversed(layout.shape), reversed(layout.strides), strict=True):
        if n == 1:
            continue
        if sizes and stride == strides[-1] * sizes[-1]:
            sizes[-1] *= n
        else:
            sizes.append(n)
            strides.append(stride)
    return sizes, strides


def _split(sizes: list[int], strides: list[int], shape: Shape) -> Shape | None:
    """Cut runs into the axes of a shape, or return None where an axis needs two of them."""
    found: list[int] = []
    run, done = 0, 1  # elements of the run that are used up
    for n in reversed(shape):
        if n == 1:
            found.append(0)
            continue
        if run < len(sizes) and done == sizes[run]:
            run, done = run + 1, 1
        if run == len(sizes) or sizes[run] % (done * n):
            return None
        found.append(strides[run] * done)
        done *= n
    return tuple(reversed(found))


def moved(step: Instruction, source: Layout) -> Layout | None:
    """Return the layout of a movement's result, or None where the movement takes a copy."""
    rule = _MOVES.get(step.op.name)
    if rule is None:
        return None
    found = rule(source, step.attrs, step.shape)
    if found is not None and 0 in step.shape:
        return dense(source.root, step.shape)  # of no elements: any place will do
    return found


def _in_order(shape: Shape, strides: Shape) -> bool:
    step = 1
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        if n != 1 and stride != step:
            return False
        step *= n
    return True


def _reshape(x: Layout, attrs: Attrs, shape: Shape) -> Layout | None:
    return reshaped(x, shape)


def _expand(x: Layout, attrs: Attrs, shape: Shape) -> Layout:
    new = len(shape) - len(x.shape)
    kept = [s if n == m else 0 for n, m, s in zip(x.shape, shape[new:], x.strides, strict=True)]
    return x._replace(shape=shape, strides=(0,) * new + tuple(kept))


def _permute(x: Layout, attrs: Attrs, shape: Shape) -> Layout:
    return x._replace(shape=shape, strides=tuple([x.strides[a] for a in attrs[0]]))


def _slice(x: Layout, attrs: Attrs, shape: Shape) -> Layout:
    starts, _, steps = attrs
    offset = sum(i * s for i, s in zip(starts, x.strides, strict=True))
    strides = tuple([n * s for n, s in zip(steps, x.strides, strict=True)])
    return Layout(x.root, x.offset + offset, shape, strides)


def _flip(x: Layout, attrs: Attrs, shape: Shape) -> Layout:
    strides, offset = list(x.strides), x.offset
    for axis in attrs[0]:
        offset += (shape[axis] - 1) * strides[axis]
        strides[axis] = -strides[axis]
    return Layout(x.root, offset, shape, tuple(strides))


def _windows(x: Layout, attrs: Attrs, shape: Shape) -> Layout:
    axes, _, strides, dilations = attrs
    outer = list(x.strides)
    inner = [outer[axis] * d for axis, d in zip(axes, dilations, strict=True)]
    for axis, stride in zip(axes, strides, strict=True):
        outer[axis] *= stride
    return Layout(x.root, x.offset, shape, (*outer, *inner))


_MOVES: dict[str, Callable[[Layout, Attrs, Shape], Layout | None]] = {
    "reshape": _reshape,
    "expand": _expand,
    "permute": _permute,
    "slice": _slice,
    "flip": _flip,
    "windows": _windows,
}
