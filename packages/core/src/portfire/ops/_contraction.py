"""The batched matrix product: the one contraction that backends implement."""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float32
from portfire.ops._record import Attrs, Kind, Operator, Sample, Spec, WrongCall, register


def _infer(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    x, y = specs
    fits = (
        len(x.shape) >= 2
        and len(x.shape) == len(y.shape)
        and x.shape[:-2] == y.shape[:-2]
        and x.shape[-1] == y.shape[-2]
        and x.dtype is y.dtype
    )
    if not fits:
        raise RuntimeError(f"dot: cannot multiply {x} by {y}")
    return Spec((*x.shape[:-1], y.shape[-1]), x.dtype)


def _reference(x: Any, y: Any) -> Any:
    wide = np.float32 if x.dtype == np.float16 else x.dtype
    return np.matmul(x.astype(wide), y.astype(wide)).astype(x.dtype)


def _gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, y = ctx.inputs
    return (
        dispatch.apply(DOT, (g, y.transpose(-2, -1))) if ctx.needs[0] else None,
        dispatch.apply(DOT, (x.transpose(-2, -1), g)) if ctx.needs[1] else None,
    )


DOT = register(
    Operator(
        name="dot",
        kind=Kind.CONTRACTION,
        infer=_infer,
        reference=_reference,
        gradient=_gradient,
        saves=(0, 1),
        label="MmBackward0",
        autocast="lower",
        samples=(
            Sample(((3, 4), (4, 5))),
            Sample(((2, 3, 4), (2, 4, 5))),
            Sample(((17, 33), (33, 19))),
            Sample(((3, 0), (0, 5))),
            Sample(((0, 3), (3, 2))),
            Sample(((1, 7), (7, 1))),
        ),
        errors=(
            WrongCall(
                (Spec((2, 3), float32), Spec((4, 5), float32)), (), RuntimeError, "cannot multiply"
            ),
        ),
        dtypes="if",
        doc="The matrix product over the last two dimensions, for each leading index.",
    )
)
