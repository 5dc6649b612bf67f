"""The bits of an element, seen as another type of the same width."""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire._dtype import DType, float32, float64, int32, int64, uint32
from portfire.ops._record import Attrs, Kind, Operator, Sample, Spec, WrongCall, register

WIDTHS: tuple[tuple[DType, ...], ...] = ((float32, int32, uint32), (float64, int64))


def _infer(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    (dtype,) = attrs
    if not any(specs[0].dtype in group and dtype in group for group in WIDTHS):
        raise RuntimeError(f"bitcast: the bits of {specs[0].dtype} are not those of a {dtype}")
    return Spec(specs[0].shape, dtype)


def _reference(x: Any, dtype: DType) -> Any:
    return np.asarray(x).view(dtype.numpy)


BITCAST = register(
    Operator(
        name="bitcast",
        kind=Kind.ELEMENTWISE,
        infer=_infer,
        reference=_reference,
        attrs=("dtype",),
        samples=tuple(Sample((s,), (float32,)) for s in ((3, 4), (), (0, 3), (2, 3, 17))),
        errors=(WrongCall((Spec((2,), float64),), (int32,), RuntimeError, "the bits of"),),
        dtypes="u",
        doc="The same bits as another type of four or eight bytes.",
    )
)
