"""Gathering and scattering along one axis: every element has a position of its own.

The index has the rank of the array, and may be smaller along the other axes. Element (b, i, x) of
the index addresses the element (b, index[b, i, x], x) of the array.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float32, int64
from portfire.ops._indexing import check_bounds, check_index
from portfire.ops._record import Attrs, Kind, Operator, Sample, Shape, Spec, WrongCall, register


def _check_shapes(name: str, x: Spec, index: Spec, axis: int) -> None:
    check_index(name, index)
    if not 0 <= axis < len(x.shape):
        raise RuntimeError(f"{name}: {axis} is not an axis of shape {x.shape}")
    pairs = list(zip(index.shape, x.shape, strict=False))
    if len(index.shape) != len(x.shape) or any(
        n > size for i, (n, size) in enumerate(pairs) if i != axis
    ):
        raise RuntimeError(f"{name}: an index of shape {index.shape} does not fit into {x.shape}")


def _covered(x: Any, shape: Shape, axis: int) -> Any:
    """The part of an array that an index of that shape can address."""
    return x[tuple(slice(None) if i == axis else slice(n) for i, n in enumerate(shape))]


def _places(index: Any, axis: int) -> tuple[Any, ...]:
    """NumPy's form of an index along an axis."""
    grid = np.ogrid[tuple(slice(n) for n in index.shape)]
    return tuple(index if i == axis else line for i, line in enumerate(grid))


def _infer_take(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    x, index = specs
    _check_shapes("take_along", x, index, attrs[0])
    return Spec(index.shape, x.dtype)


def _reference_take(x: Any, index: Any, axis: int) -> Any:
    check_bounds(index, x.shape[axis], axis)
    return np.take_along_axis(_covered(x, index.shape, axis), index, axis)


def _grad_take(ctx: Any, g: Any) -> tuple[Any, ...]:
    zeros = dispatch.zeros(ctx.shapes[0], g)
    return dispatch.apply(PUT_ALONG, (zeros, ctx.inputs[1], g), (ctx.attrs[0], "add")), None


TAKE_ALONG = register(
    Operator(
        name="take_along",
        kind=Kind.INDEXING,
        infer=_infer_take,
        reference=_reference_take,
        attrs=("axis",),
        gradient=_grad_take,
        saves=(1,),
        fallible=True,
        label="GatherBackward0",
        samples=(
            Sample(((5, 6), (3, 6)), (0,), extent=5),
            Sample(((5, 6), (4, 20)), (1,), extent=6),
            Sample(((2, 5, 20), (2, 3, 17)), (1,), extent=5),
            Sample(((5,), (0,)), (0,), extent=5),
        ),
        errors=(
            WrongCall(
                (Spec((2, 3), float32), Spec((3, 3), int64)), (1,), RuntimeError, "does not fit"
            ),
            WrongCall(
                (Spec((2,), float32), Spec((2,), float32)), (0,), RuntimeError, "int32/int64"
            ),
        ),
        dtypes="bif",
        doc="The elements at given positions along an axis, one position each.",
    )
)


def _infer_put(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    base, index, source = specs
    _check_shapes("put_along", base, index, attrs[0])
    if source.shape != index.shape or source.dtype is not base.dtype:
        expected = Spec(index.shape, base.dtype)
        raise RuntimeError(f"put_along: expected a source {expected}, got {source}")
    return base


COMBINE = {"add": np.add, "mul": np.multiply, "amax": np.maximum, "amin": np.minimum}


def reference_put(base: Any, index: Any, source: Any, axis: int, mode: str) -> Any:
    """In row-major order of the index: of duplicates that set, the last one wins."""
    check_bounds(index, base.shape[axis], axis)
    # NumPy walks backwards through an array that lies backwards, and the order decides here.
    index, source = np.ascontiguousarray(index), np.ascontiguousarray(source)
    out = base.copy()
    part = _covered(out, index.shape, axis)
    if mode == "set":
        np.put_along_axis(part, index, source, axis)
    else:
        COMBINE[mode].at(part, _places(index, axis), source)
    return out


def _grad_put(ctx: Any, g: Any) -> tuple[Any, ...]:
    index = ctx.inputs[1]
    axis, mode = ctx.attrs
    source = dispatch.apply(TAKE_ALONG, (g, index), (axis,)) if ctx.needs[2] else None
    if mode == "add":
        return g, None, source
    zeros = dispatch.zeros(index._shape, g)
    base = dispatch.apply(PUT_ALONG, (g, index, zeros), (axis, "set")) if ctx.needs[0] else None
    if source is not None:
        # Of duplicates only the last was written, so only that one has a gradient.
        order = dispatch.iota(index._shape, axis, index)
        blank = dispatch.full(ctx.shapes[0], -1, index)
        last = dispatch.apply(PUT_ALONG, (blank, index, order), (axis, "set"))
        source = source * (dispatch.apply(TAKE_ALONG, (last, index), (axis,)) == order)
    return base, None, source


_PUT_ERRORS = (
    WrongCall(
        (Spec((2, 3), float32), Spec((2, 3), int64), Spec((2, 2), float32)),
        (1, "add"),
        RuntimeError,
        "expected a source",
    ),
)

PUT_ALONG = register(
    Operator(
        name="put_along",
        kind=Kind.INDEXING,
        infer=_infer_put,
        reference=reference_put,
        attrs=("axis", "mode"),
        gradient=_grad_put,
        saves=(1,),
        fallible=True,
        label="ScatterBackward0",
        samples=(
            Sample(((5, 6), (3, 6), (3, 6)), (0, "set"), extent=5),
            Sample(((2, 3), (2, 9), (2, 9)), (1, "set"), extent=3),
            Sample(((5, 20), (9, 17), (9, 17)), (0, "add"), extent=5),
            Sample(((2, 5, 3), (2, 7, 2), (2, 7, 2)), (1, "add"), extent=5),
            Sample(((5,), (40,), (40,)), (0, "add"), extent=5),
            Sample(((5, 3), (0, 3), (0, 3)), (0, "add"), extent=5),
        ),
        errors=_PUT_ERRORS,
        dtypes="if",
        doc="The base with values set, or added, at given positions along an axis.",
    )
)


def _grad_product(ctx: Any, g: Any) -> tuple[Any, ...]:
    """The product of all others that met in one element: without the zeros, and their number."""
    base, index, source = ctx.inputs
    axis, _ = ctx.attrs

    def there(x: Any) -> Any:
        return dispatch.apply(TAKE_ALONG, (x, index), (axis,))

    def filled(x: Any) -> Any:
        return dispatch.where(x == 0, 1.0, x)

    def counted(x: Any) -> Any:
        return (x == 0).to(g.dtype)

    rest = dispatch.apply(REDUCE_ALONG, (filled(base), index, filled(source)), (axis, "mul"))
    zeros = dispatch.apply(
        PUT_ALONG, (counted(base), index, counted(source)), (axis, "add")
    ).detach()

    def others(x: Any, product: Any, count: Any) -> Any:
        one = dispatch.where(x == 0, product, 0.0)
        return dispatch.where(count == 0, product / filled(x), dispatch.where(count == 1, one, 0.0))

    first = g * others(base, rest, zeros) if ctx.needs[0] else None
    if not ctx.needs[2]:
        return first, None, None
    return first, None, there(g) * others(source, there(rest), there(zeros))


def _grad_reduce(ctx: Any, g: Any) -> tuple[Any, ...]:
    """Equal winners share the gradient, the base's element among them."""
    axis, mode = ctx.attrs
    if mode == "mul":
        return _grad_product(ctx, g)
    base, index, source = ctx.inputs
    stays = (base == ctx.output).to(g.dtype)
    there = dispatch.apply(TAKE_ALONG, (ctx.output.detach(), index), (axis,))
    wins = (source == there).to(g.dtype)
    count = dispatch.apply(PUT_ALONG, (stays, index, wins), (axis, "add"))
    share = g / dispatch.where(count == 0, 1.0, count)  # 0 where NaN won
    spread = dispatch.apply(TAKE_ALONG, (share, index), (axis,)) * wins if ctx.needs[2] else None
    return share * stays, None, spread


REDUCE_ALONG = register(
    Operator(
        name="reduce_along",
        kind=Kind.INDEXING,
        infer=_infer_put,
        reference=reference_put,
        attrs=("axis", "mode"),
        gradient=_grad_reduce,
        saves=(0, 1, 2, -1),
        fallible=True,
        label="ScatterReduceBackward0",
        samples=(
            Sample(((5, 6), (3, 6), (3, 6)), (0, "mul"), extent=5),
            Sample(((2, 3), (2, 9), (2, 9)), (1, "amax"), extent=3),
            Sample(((5, 20), (9, 17), (9, 17)), (0, "amin"), extent=5),
            Sample(((5,), (40,), (40,)), (0, "mul"), extent=5),
            Sample(((5, 3), (0, 3), (0, 3)), (0, "amin"), extent=5),
        ),
        errors=_PUT_ERRORS,
        dtypes="if",
        doc="The base multiplied by, or compared with, values at given positions along an axis.",
    )
)
