"""A view of a contiguous array by sizes, strides and an offset, as one operator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float32, int64
from portfire.ops._indexing import PUT, TAKE
from portfire.ops._record import Attrs, Kind, Operator, Sample, Shape, Spec, WrongCall, register


def reach(sizes: Shape, strides: Shape, offset: int) -> int:
    """How many elements of the storage a view needs; none if it is empty."""
    if 0 in sizes:
        return 0
    return 1 + offset + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))


def _infer(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    sizes, strides, offset = attrs
    if reach(sizes, strides, offset) > math.prod(specs[0].shape):
        raise RuntimeError(
            f"as_strided: sizes {sizes}, strides {strides} and offset {offset} leave the storage "
            f"of shape {specs[0].shape}"
        )
    return Spec(sizes, specs[0].dtype)


def _reference(x: Any, sizes: Shape, strides: Shape, offset: int) -> Any:
    flat = np.ascontiguousarray(x).reshape(-1)
    if 0 in sizes:
        return np.zeros(sizes, x.dtype)
    steps = tuple(s * flat.itemsize for s in strides)
    return np.lib.stride_tricks.as_strided(flat[offset:], sizes, steps, writeable=False)


def positions(sizes: Shape, strides: Shape, offset: int, like: Any) -> Any:
    """Where each element of the view lies in the flat storage."""
    total = dispatch.full(sizes, offset, like, int64)
    for axis, stride in enumerate(strides):
        if stride and sizes[axis] > 1:
            total = total + dispatch.iota(sizes, axis, like, int64) * stride
    return total


def _decompose(x: Any, sizes: Shape, strides: Shape, offset: int) -> Any:
    if 0 in sizes:
        return dispatch.zeros(sizes, x)
    return dispatch.apply(TAKE, (x.reshape(-1), positions(sizes, strides, offset, x)), (0,))


def _gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    """Each element of the storage gets the gradients of all places that show it."""
    shape = ctx.shapes[0]
    zeros = dispatch.zeros((math.prod(shape),), g)
    if 0 in g.shape:
        return (zeros.reshape(shape),)
    sizes, strides, offset = ctx.attrs
    at = positions(sizes, strides, offset, g)
    summed = dispatch.apply(PUT, (zeros, at.reshape(-1), g.reshape(-1)), (0, "add"))
    return (summed.reshape(shape),)


AS_STRIDED = register(
    Operator(
        name="as_strided",
        kind=Kind.COMPOSITE,
        infer=_infer,
        reference=_reference,
        attrs=("sizes", "strides", "offset"),
        gradient=_gradient,
        decompose=_decompose,
        samples=(
            Sample(((3, 4),), ((2, 3), (4, 1), 1)),
            Sample(((12,),), ((4, 3), (2, 1), 0)),
            Sample(((5,),), ((0, 2), (1, 1), 0)),
            Sample(((5,),), ((), (), 3)),
        ),
        errors=(
            WrongCall((Spec((4,), float32),), ((3,), (2,), 0), RuntimeError, "leave the storage"),
        ),
        dtypes="bif",
        doc="The elements of a storage that sizes, strides and an offset reach.",
    )
)
