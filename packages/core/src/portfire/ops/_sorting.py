"""Order: stable positions, the k best, and positions in a sorted sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float32, int64
from portfire.ops._along import TAKE_ALONG
from portfire.ops._indexing import TAKE
from portfire.ops._record import Attrs, Kind, Operator, Sample, Spec, WrongCall, register


def _check_axis(name: str, spec: Spec, axis: int) -> None:
    if not 0 <= axis < len(spec.shape):
        raise RuntimeError(f"{name}: {axis} is not an axis of shape {spec.shape}")


def _infer_argsort(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    _check_axis("argsort", specs[0], attrs[0])
    return Spec(specs[0].shape, int64)


def reference_argsort(x: Any, axis: int, descending: bool) -> Any:
    """Stable in both directions; NaN is the largest, and equal to itself."""
    if not descending:
        return np.argsort(x, axis=axis, kind="stable").astype(np.int64, copy=False)
    turned = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    return x.shape[axis] - 1 - np.flip(turned, axis).astype(np.int64, copy=False)


ARGSORT = register(
    Operator(
        name="argsort",
        kind=Kind.INDEXING,
        infer=_infer_argsort,
        reference=reference_argsort,
        attrs=("axis", "descending"),
        samples=(
            Sample(((3, 5),), (1, False)),
            Sample(((3, 5),), (0, True)),
            Sample(((2, 33, 4),), (1, True)),
            Sample(((700,),), (0, False)),
            Sample(((0, 3),), (1, False)),
        ),
        errors=(WrongCall((Spec((2, 3), float32),), (2, False), RuntimeError, "is not an axis"),),
        dtypes="bif",
        doc="Positions of the elements in order along an axis; equal ones keep theirs.",
    )
)


def _infer_topk(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    axis, k, _ = attrs
    _check_axis("topk", specs[0], axis)
    shape = specs[0].shape
    if not 0 <= k <= shape[axis]:
        raise RuntimeError("selected index k out of range")
    return Spec((*shape[:axis], k, *shape[axis + 1 :]), int64)


def _topk(x: Any, axis: int, k: int, largest: bool) -> Any:
    return dispatch.apply(ARGSORT, (x,), (axis, largest)).narrow(axis, 0, k)


def _reference_topk(x: Any, axis: int, k: int, largest: bool) -> Any:
    return np.take(reference_argsort(x, axis, largest), np.arange(k), axis=axis)


TOPK = register(
    Operator(
        name="topk",
        kind=Kind.COMPOSITE,
        infer=_infer_topk,
        reference=_reference_topk,
        attrs=("axis", "k", "largest"),
        decompose=_topk,
        samples=(
            Sample(((3, 5),), (1, 2, True)),
            Sample(((3, 5),), (0, 3, False)),
            Sample(((2, 133),), (1, 10, True)),
            Sample(((2, 40, 4),), (1, 3, False)),
            Sample(((4, 3),), (1, 0, True)),
        ),
        errors=(
            WrongCall((Spec((2, 3), float32),), (1, 4, True), RuntimeError, "k out of range"),
            WrongCall((Spec((2, 3), float32),), (2, 1, True), RuntimeError, "is not an axis"),
        ),
        dtypes="bif",
        doc="Positions of the k largest (or smallest) elements along an axis, in order.",
    )
)


def _infer_search(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    sequence, values = specs
    if sequence.dtype is not values.dtype:
        raise RuntimeError(f"searchsorted: expected one dtype, got {sequence} and {values}")
    if len(sequence.shape) != 1 and sequence.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(f"searchsorted: the rows of {sequence} are not those of {values}")
    return Spec(values.shape, int64)


def _search(sequence: Any, values: Any, right: bool) -> Any:
    """Take steps of falling powers of two, each as far as the elements allow."""
    n = sequence._shape[-1]
    place = dispatch.full(values._shape, 0, values, int64)
    if n == 0:
        return place
    step = 1 << (n.bit_length() - 1)
    missing = values != values if values._dtype.is_floating_point else None
    while step:
        probe = place + (step - 1)
        inside = probe < n
        spot = dispatch.where(inside, probe, n - 1)
        if sequence.ndim == 1:
            found = dispatch.apply(TAKE, (sequence, spot), (0,))
        else:
            found = dispatch.apply(TAKE_ALONG, (sequence, spot), (sequence.ndim - 1,))
        beyond = found <= values if right else found < values
        if missing is not None:
            beyond = beyond | missing  # NaN goes to the end
        place = dispatch.where(inside & beyond, place + step, place)
        step //= 2
    return place


def _reference_search(sequence: Any, values: Any, right: bool) -> Any:
    side: Any = "right" if right else "left"
    if sequence.ndim == 1:
        found = np.searchsorted(sequence, values, side).astype(np.int64)
        return np.where(values == values, found, len(sequence))
    rows = sequence.reshape(-1, sequence.shape[-1])
    wanted = values.reshape(len(rows), -1) if len(rows) else values.reshape(0, values.shape[-1])
    found = [np.searchsorted(r, v, side) for r, v in zip(rows, wanted, strict=True)]
    return np.array(found, np.int64).reshape(values.shape)


SEARCHSORTED = register(
    Operator(
        name="searchsorted",
        kind=Kind.COMPOSITE,
        infer=_infer_search,
        reference=_reference_search,
        attrs=("right",),
        decompose=_search,
        samples=(
            Sample(((1,), (3, 4)), (False,)),
            Sample(((1,), (2,)), (True,)),
            Sample(((3, 1), (3, 4)), (True,)),
            Sample(((0,), (2, 2)), (False,)),
            Sample(((1,), ()), (False,)),
        ),
        errors=(
            WrongCall(
                (Spec((2, 3), float32), Spec((3, 3), float32)), (True,), RuntimeError, "the rows of"
            ),
            WrongCall((Spec((3,), float32), Spec((3,), int64)), (True,), RuntimeError, "one dtype"),
        ),
        dtypes="if",
        doc="How many elements of a sorted sequence come before each value.",
    )
)
