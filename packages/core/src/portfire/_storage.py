"""Where mutation lives: the cell that aliases share, and writing through views.

A `Storage` holds the current value of a base array. A tensor that is a view reaches its elements by
a path of movement steps from the base. Writing into a view computes the new base functionally: the
new elements go back through the inverse of each step.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import numpy as np

from portfire.engine._value import Value
from portfire.ops._movement import EXPAND, PERMUTE, RESHAPE, SLICE, SLICE_UPDATE
from portfire.ops._record import Attrs, Operator, Shape

__all__ = [
    "Path",
    "Step",
    "Storage",
    "layout",
    "read_path",
    "unshared",
    "view_strides",
    "write_path",
]

Step = tuple[Operator, Attrs, Shape]  # a movement, its attributes, the shape that it gives
Path = tuple[Step, ...]
A = TypeVar("A")

_OWN_REFERENCES = 2  # to a buffer that nobody else holds: its value's, and the question's

OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single "
    "memory location. Please clone() the tensor before performing the operation."
)


class Storage:
    """A mutable cell with an immutable value; ``version`` counts the writes."""

    __slots__ = ("value", "version")

    def __init__(self, value: Value) -> None:
        self.value = value
        self.version = 0

    def write(self, path: Path, value: Value) -> None:
        """Replace the elements that a path reaches."""
        recorder = value.recorder
        if recorder.at_risk:
            recorder.keep(self)
        if path:
            record = recorder.record
            value = write_path(
                self.value,
                path,
                value,
                lambda op, arrays, attrs: record(op, arrays, attrs),
                lambda v: v.shape,
            )
        value = unshared(value)
        old = self.value
        if old.exported and sys.getrefcount(old.buffer) > _OWN_REFERENCES:
            # An array outside shares this memory and has to see the write.
            np.copyto(old.buffer, value.recorder.download(value))
        else:
            self.value = value
        self.version += 1


def unshared(value: Value) -> Value:
    """The value for another cell, which must not follow what an array outside writes."""
    if value.exported:
        return value.recorder.record(EXPAND, (value,), (value.shape,))  # a new value, no work
    return value


def read_path(value: Value, path: Path) -> Value:
    """Record the movements of a path."""
    for op, attrs, _ in path:
        value = value.recorder.record(op, (value,), attrs)
    return value


def write_path(
    base: A,
    path: Path,
    new: A,
    apply: Callable[[Operator, tuple[A, ...], Attrs], A],
    shape_of: Callable[[A], Shape],
) -> A:
    """Return the base with the elements that a path reaches replaced.

    It is generic over what an array is, so that values and (with gradients) tensors share it.
    """
    inner = [base]
    for op, attrs, _ in path[:-1]:
        inner.append(apply(op, (inner[-1],), attrs))
    for (op, attrs, _), outer in zip(reversed(path), reversed(inner), strict=True):
        new = _undo(op, attrs, outer, new, apply, shape_of(outer))
    return new


def _undo(op: Operator, attrs: Attrs, outer: A, new: A, apply: Callable[..., A], shape: Shape) -> A:
    if op is SLICE:
        return apply(SLICE_UPDATE, (outer, new), attrs)
    if op is RESHAPE:
        return apply(RESHAPE, (new,), (tuple(shape),))
    if op is PERMUTE:
        axes = attrs[0]
        return apply(PERMUTE, (new,), (tuple(axes.index(i) for i in range(len(axes))),))
    if op is EXPAND and attrs[0] == tuple(shape):
        return new
    raise RuntimeError(OVERLAP)


# Strides: what `stride()`, `storage_offset()` and `view()` need to know of a path


def contiguous_strides(shape: Shape) -> Shape:
    """Row-major strides, in elements."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def view_strides(old: Shape, strides: Shape, new: Shape) -> Shape | None:
    """Strides of a reshape that needs no copy, or None where it does.

    Runs of old dimensions that are contiguous with each other are filled from the right with new
    dimensions; a new dimension that crosses a gap has no stride.
    """
    if 0 in old:
        return contiguous_strides(new)
    result = [0] * len(new)
    target = len(new) - 1
    run_size, run_stride = 1, strides[-1] if strides else 1
    for axis in range(len(old) - 1, -1, -1):
        run_size *= old[axis]
        if axis and (old[axis - 1] == 1 or strides[axis - 1] == run_size * run_stride):
            continue
        filled = 1
        while target >= 0 and (filled < run_size or new[target] == 1):
            result[target] = filled * run_stride
            filled *= new[target]
            target -= 1
        if filled != run_size:
            return None
        if axis:
            run_size, run_stride = 1, strides[axis - 1]
    for axis in range(target, -1, -1):  # only when `old` is 0-d: all new sizes are 1
        if new[axis] != 1:
            return None
        result[axis] = 1
    return tuple(result)


def layout(shape: Shape, path: Path) -> tuple[Shape, int]:
    """Strides and offset, in elements, of a view of a contiguous base of that shape."""
    strides, offset = contiguous_strides(shape), 0
    for op, attrs, new in path:
        if op is SLICE:
            starts, _, steps = attrs
            offset += sum(s * st for s, st in zip(starts, strides, strict=True))
            strides = tuple(s * st for s, st in zip(strides, steps, strict=True))
        elif op is PERMUTE:
            strides = tuple(strides[a] for a in attrs[0])
        elif op is EXPAND:
            extra = len(new) - len(shape)
            strides = (0,) * extra + tuple(
                0 if n == 1 and m != 1 else s
                for n, m, s in zip(shape, new[extra:], strides, strict=True)
            )
        else:
            found = view_strides(shape, strides, new)
            strides = found if found is not None else contiguous_strides(new)
        shape = new
    return strides, offset


def is_dense(shape: Shape, strides: Shape) -> bool:
    """True if those strides walk the elements in row-major order without gaps."""
    expected = 1
    for n, stride in zip(reversed(shape), reversed(strides), strict=True):
        if n == 0:
            return True
        if n != 1:
            if stride != expected:
                return False
            expected *= n
    return True
