"""Where mutation lives: the cell that aliases share, and writing through views.

A `Storage` holds the current value of a base array. A tensor that is a view reaches its elements by
a path of movement steps from the base. Writing into a view computes the new base functionally: the
new elements go back through the inverse of each step.
"""

from __future__ import annotations

import functools
import math
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from portfire._dtype import int64
from portfire._layout import Path, Step, is_dense, layout, overlaps
from portfire.engine._value import Value
from portfire.ops._indexing import PUT
from portfire.ops._movement import EXPAND, PERMUTE, RESHAPE, SLICE, SLICE_UPDATE
from portfire.ops._record import Attrs, Operator, Shape
from portfire.ops._source import IOTA

__all__ = [
    "Storage",
    "read_path",
    "unshared",
    "write_path",
]

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
                lambda n: record(IOTA, (), ((n,), 0, int64)),
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
    """Record the movements of a path, or copy out the piece that it leads to."""
    if path[0][0] is SLICE:
        place = _dense_piece(value.shape, path)
        if place is not None:
            found = value.recorder.piece(value, *place)
            if found is not None:
                return found
    for op, attrs, _ in path:
        value = value.recorder.record(op, (value,), attrs)
    return value


@functools.lru_cache(maxsize=4096)
def _dense_piece(base: Shape, path: Path) -> tuple[int, Shape] | None:
    """The offset and shape of a view whose elements lie together; None for others, and for all."""
    shape = path[-1][2]
    if any(op not in (SLICE, RESHAPE) for op, _, _ in path) or 0 in shape:
        return None
    strides, offset = layout(base, path)
    whole = math.prod(shape) == math.prod(base)
    return None if whole or not is_dense(shape, strides) else (offset, shape)


def write_path(
    base: A,
    path: Path,
    new: A,
    apply: Callable[[Operator, tuple[A, ...], Attrs], A],
    shape_of: Callable[[A], Shape],
    count: Callable[[int], A],
) -> A:
    """Return the base with the elements that a path reaches replaced.

    It is generic over what an array is, so that values and (with gradients) tensors share it.
    ``count(n)`` makes the int64 numbers below n.
    """
    if not all(_has_inverse(step, shape) for step, shape in _with_sources(base, path, shape_of)):
        return _put_back(base, path, new, apply, shape_of(base), count)
    inner = [base]
    for op, attrs, _ in path[:-1]:
        inner.append(apply(op, (inner[-1],), attrs))
    for (op, attrs, _), outer in zip(reversed(path), reversed(inner), strict=True):
        new = _undo(op, attrs, outer, new, apply, shape_of(outer))
    return new


def _with_sources(base: A, path: Path, shape_of: Callable[[A], Shape]) -> Iterator[Any]:
    """Each step with the shape that it starts from."""
    shape = shape_of(base)
    for step in path:
        yield step, shape
        shape = step[2]


def _has_inverse(step: Step, source: Shape) -> bool:
    op, attrs, _ = step
    return op in (SLICE, RESHAPE, PERMUTE) or (op is EXPAND and attrs[0] == tuple(source))


def _undo(op: Operator, attrs: Attrs, outer: A, new: A, apply: Callable[..., A], shape: Shape) -> A:
    if op is SLICE:
        return apply(SLICE_UPDATE, (outer, new), attrs)
    if op is RESHAPE:
        return apply(RESHAPE, (new,), (tuple(shape),))
    if op is PERMUTE:
        axes = attrs[0]
        return apply(PERMUTE, (new,), (tuple(axes.index(i) for i in range(len(axes))),))
    return new  # an expansion to the same shape


def _put_back(
    base: A,
    path: Path,
    new: A,
    apply: Callable[..., A],
    shape: Shape,
    count: Callable[[int], A],
) -> A:
    """Write where a path without inverse reads: the same path, of the numbers of the elements."""
    strides, _ = layout(shape, path)
    if overlaps(path[-1][2], strides):
        raise RuntimeError(OVERLAP)
    total = math.prod(shape)
    size = math.prod(path[-1][2])
    places = apply(RESHAPE, (count(total),), (tuple(shape),))
    for op, attrs, _ in path:
        places = apply(op, (places,), attrs)
    flat = apply(RESHAPE, (base,), ((total,),))
    places, source = (apply(RESHAPE, (a,), ((size,),)) for a in (places, new))
    return apply(RESHAPE, (apply(PUT, (flat, places, source), (0, "set")),), (tuple(shape),))
