"""Operators whose addresses come from an array, and joining."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float32, int32, int64
from portfire.ops._record import (
    Attrs,
    Kind,
    Operator,
    Sample,
    Shape,
    Spec,
    WrongCall,
    register,
)


def of_shapes(name: str, shapes: Iterable[Shape]) -> str:
    """Say which operator failed, for the errors that only a run finds."""
    return f"({name} of shapes {', '.join(str(list(shape)) for shape in shapes)})"


def check_index(name: str, index: Spec) -> None:
    """Raise for an index that is not of integers."""
    if index.dtype not in (int64, int32):
        raise RuntimeError(f"{name}(): Expected dtype int32/int64 for index, got {index.dtype}")


def check_bounds(index: Any, size: int, axis: int) -> None:
    """Raise IndexError for positions outside an axis, in NumPy arrays."""
    wrong = (index < 0) | (index >= size)
    if wrong.any():
        value = np.asarray(index)[wrong].flat[0]
        raise IndexError(f"index {value} is out of bounds for dimension {axis} with size {size}")


def _infer_take(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    x, index = specs
    (axis,) = attrs
    check_index("take", index)
    return Spec(x.shape[:axis] + index.shape + x.shape[axis + 1 :], x.dtype)


def _reference_take(x: Any, index: Any, axis: int) -> Any:
    check_bounds(index, x.shape[axis], axis)
    return np.take(x, index, axis=axis)


def _grad_take(ctx: Any, g: Any) -> tuple[Any, ...]:
    index = ctx.inputs[1]
    zeros = dispatch.zeros(ctx.shapes[0], g)
    return dispatch.apply(PUT, (zeros, index, g), (ctx.attrs[0], "add")), None


TAKE = register(
    Operator(
        name="take",
        kind=Kind.INDEXING,
        infer=_infer_take,
        reference=_reference_take,
        attrs=("axis",),
        gradient=_grad_take,
        saves=(1,),
        fallible=True,
        label="IndexBackward0",
        samples=(
            Sample(((5, 6), (3,)), (0,), extent=5),
            Sample(((5, 6), (2, 2)), (1,), extent=6),
            Sample(((5,), ()), (0,), extent=5),
            Sample(((5, 3), (0,)), (0,), extent=5),
        ),
        errors=(
            WrongCall(
                (Spec((2,), float32), Spec((2,), float32)), (0,), RuntimeError, "int32/int64"
            ),
        ),
        dtypes="bif",
        doc="Elements (or slices) at given positions along an axis.",
    )
)


def _infer_put(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    base, index, source = specs
    axis, _ = attrs
    check_index("put", index)
    expected = base.shape[:axis] + index.shape + base.shape[axis + 1 :]
    if source.shape != expected or source.dtype is not base.dtype:
        raise RuntimeError(f"put: expected a source {Spec(expected, base.dtype)}, got {source}")
    return base


def _reference_put(base: Any, index: Any, source: Any, axis: int, mode: str) -> Any:
    check_bounds(index, base.shape[axis], axis)
    out = np.moveaxis(base.copy(), axis, 0)
    rows = np.moveaxis(
        source.reshape((*base.shape[:axis], index.size, *base.shape[axis + 1 :])), axis, 0
    )
    if mode == "add":
        np.add.at(out, index.ravel(), rows)
    else:
        for position, row in zip(index.ravel(), rows, strict=True):
            out[position] = row
    return np.ascontiguousarray(np.moveaxis(out, 0, axis))


def _grad_put(ctx: Any, g: Any) -> tuple[Any, ...]:
    index = ctx.inputs[1]
    axis, mode = ctx.attrs
    source = dispatch.apply(TAKE, (g, index), (axis,)) if ctx.needs[2] else None
    if mode == "add":
        return g, None, source
    zeros = dispatch.zeros(ctx.shapes[2], g)
    base = dispatch.apply(PUT, (g, index, zeros), (axis, "set")) if ctx.needs[0] else None
    if source is not None:
        # Of duplicates only the last was written, so only that one has a gradient.
        order = dispatch.iota((index.numel(),), 0, index).reshape(index.shape)
        n = ctx.shapes[0][axis]
        blank = dispatch.zeros((n,), index) - 1
        last = dispatch.apply(PUT, (blank, index, order), (0, "set"))
        kept = dispatch.apply(TAKE, (last, index), (0,)) == order
        tail = (1,) * (len(ctx.shapes[0]) - axis - 1)
        source = source * kept.reshape(tuple(index.shape) + tail)
    return base, None, source


PUT = register(
    Operator(
        name="put",
        kind=Kind.INDEXING,
        infer=_infer_put,
        reference=_reference_put,
        attrs=("axis", "mode"),
        gradient=_grad_put,
        saves=(1,),
        fallible=True,
        label="IndexPutBackward0",
        samples=(
            Sample(((5, 6), (3,), (3, 6)), (0, "set"), extent=5),
            Sample(((2, 3), (7,), (7, 3)), (0, "set"), extent=2),
            Sample(((5, 6), (3,), (3, 6)), (0, "add"), extent=5),
            Sample(((5, 6), (2, 2), (5, 2, 2)), (1, "add"), extent=6),
            Sample(((5,), (), ()), (0, "set"), extent=5),
            Sample(((5,), (1,), (1,)), (0, "once"), extent=5),
            Sample(((5, 3), (0,), (0, 3)), (0, "add"), extent=5),
        ),
        errors=(
            WrongCall(
                (Spec((2,), float32), Spec((2,), int64), Spec((3,), float32)),
                (0, "add"),
                RuntimeError,
                "expected a source",
            ),
        ),
        dtypes="if",
        doc="The base with values set (perhaps ``once`` per position), or added, along an axis.",
    )
)


def _infer_concat(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    (axis,) = attrs
    first = specs[0]
    total = 0
    for spec in specs:
        rest = spec.shape[:axis] + spec.shape[axis + 1 :]
        if spec.dtype is not first.dtype or rest != first.shape[:axis] + first.shape[axis + 1 :]:
            raise RuntimeError(f"concat: {spec} does not continue {first} along axis {axis}")
        total += spec.shape[axis]
    return Spec((*first.shape[:axis], total, *first.shape[axis + 1 :]), first.dtype)


def _grad_concat(ctx: Any, g: Any) -> tuple[Any, ...]:
    (axis,) = ctx.attrs
    grads, start = [], 0
    for shape, needed in zip(ctx.shapes, ctx.needs, strict=True):
        grads.append(g.narrow(axis, start, shape[axis]) if needed else None)
        start += shape[axis]
    return tuple(grads)


CONCAT = register(
    Operator(
        name="concat",
        kind=Kind.JOIN,
        infer=_infer_concat,
        reference=lambda *args: np.concatenate(args[:-1], axis=args[-1]),
        attrs=("axis",),
        gradient=_grad_concat,
        label="CatBackward0",
        samples=(
            Sample(((2, 3), (2, 4)), (1,)),
            Sample(((2, 3), (0, 3), (1, 3)), (0,)),
            Sample(((4,),), (0,)),
        ),
        errors=(
            WrongCall(
                (Spec((2, 3), float32), Spec((3, 3), float32)),
                (1,),
                RuntimeError,
                "does not continue",
            ),
        ),
        dtypes="bif",
        doc="Arrays one after the other along an axis.",
    )
)
