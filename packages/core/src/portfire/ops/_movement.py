"""Movement operators: each output element is one input element, or zero."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float32
from portfire.ops._record import Attrs, Kind, Operator, Sample, Shape, Spec, WrongCall, register


def _infer_reshape(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    (shape,) = attrs
    if math.prod(shape) != math.prod(specs[0].shape):
        raise RuntimeError(
            f"shape '{list(shape)}' is invalid for input of size {math.prod(specs[0].shape)}"
        )
    return Spec(shape, specs[0].dtype)


RESHAPE = register(
    Operator(
        name="reshape",
        kind=Kind.MOVEMENT,
        infer=_infer_reshape,
        reference=np.reshape,
        attrs=("shape",),
        gradient=lambda ctx, g: (g.reshape(ctx.shapes[0]),),
        label="ViewBackward0",
        samples=(
            Sample(((2, 6),), ((3, 4),)),
            Sample(((1, 1),), ((),)),
            Sample(((0, 3),), ((3, 0, 2),)),
            Sample(((4, 3),), ((2, 2, 3),)),
        ),
        errors=(WrongCall((Spec((4,), float32),), ((3,),), RuntimeError, "is invalid for input"),),
        dtypes="bif",
        doc="The same elements in row-major order under another shape.",
    )
)


def _infer_expand(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    (shape,) = attrs
    old = specs[0].shape
    offset = len(shape) - len(old)
    if offset < 0:
        raise RuntimeError(
            f"expand: the number of sizes provided ({len(shape)}) must be greater or equal to the "
            f"number of dimensions in the tensor ({len(old)})"
        )
    for i, size in enumerate(old):
        if size not in (1, shape[offset + i]):
            raise RuntimeError(
                f"The expanded size of the tensor ({shape[offset + i]}) must match the existing "
                f"size ({size}) at non-singleton dimension {offset + i}.  "
                f"Target sizes: {list(shape)}.  Tensor sizes: {list(old)}"
            )
    return Spec(shape, specs[0].dtype)


EXPAND = register(
    Operator(
        name="expand",
        kind=Kind.MOVEMENT,
        infer=_infer_expand,
        reference=np.broadcast_to,
        attrs=("shape",),
        gradient=lambda ctx, g: (dispatch.sum_to_shape(g, ctx.shapes[0]),),
        samples=(
            Sample(((3, 1),), ((2, 3, 4),)),
            Sample(((),), ((2, 2),)),
            Sample(((1, 3),), ((0, 3),)),
            Sample(((0, 1),), ((2, 0, 3),)),
        ),
        errors=(
            WrongCall((Spec((2,), float32),), ((3,),), RuntimeError, "must match the existing"),
        ),
        dtypes="bif",
        doc="Repeat along dimensions of size 1 and new leading ones.",
    )
)


def _infer_permute(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    (axes,) = attrs
    if sorted(axes) != list(range(len(specs[0].shape))):
        raise RuntimeError(f"permute: axes {axes} do not order the dims of {specs[0].shape}")
    return Spec(tuple(specs[0].shape[a] for a in axes), specs[0].dtype)


def _grad_permute(ctx: Any, g: Any) -> tuple[Any, ...]:
    (axes,) = ctx.attrs
    return (g.permute(tuple(axes.index(i) for i in range(len(axes)))),)


PERMUTE = register(
    Operator(
        name="permute",
        kind=Kind.MOVEMENT,
        infer=_infer_permute,
        reference=np.transpose,
        attrs=("axes",),
        gradient=_grad_permute,
        samples=(
            Sample(((2, 3, 4),), ((2, 0, 1),)),
            Sample(((),), ((),)),
            Sample(((0, 3),), ((1, 0),)),
            Sample(((17, 33),), ((1, 0),)),
        ),
        errors=(WrongCall((Spec((2, 3), float32),), ((0, 0),), RuntimeError, "do not order"),),
        dtypes="bif",
        doc="The dimensions in another order.",
    )
)


def _infer_pad(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    low, high, step = attrs
    shape = specs[0].shape
    if not len(low) == len(high) == len(step) == len(shape) or min((*low, *high, 0)) < 0:
        raise RuntimeError(f"pad: low {low}, high {high}, step {step} do not fit shape {shape}")
    return Spec(
        tuple(
            lo + ((n - 1) * st + 1 if n else 0) + hi
            for n, lo, hi, st in zip(shape, low, high, step, strict=True)
        ),
        specs[0].dtype,
    )


def _inside(shape: Shape, low: Shape, step: Shape) -> tuple[slice, ...]:
    return tuple(slice(lo, lo + n * st, st) for n, lo, st in zip(shape, low, step, strict=True))


def _reference_pad(x: Any, low: Shape, high: Shape, step: Shape) -> Any:
    shape = _infer_pad((Spec(x.shape, float32),), (low, high, step)).shape
    out = np.zeros(shape, x.dtype)
    out[_inside(x.shape, low, step)] = x
    return out


def _grad_pad(ctx: Any, g: Any) -> tuple[Any, ...]:
    low, _, step = ctx.attrs
    return (dispatch.apply(SLICE, (g,), (low, ctx.shapes[0], step)),)


PAD = register(
    Operator(
        name="pad",
        kind=Kind.MOVEMENT,
        infer=_infer_pad,
        reference=_reference_pad,
        attrs=("low", "high", "step"),
        gradient=_grad_pad,
        label="ConstantPadNdBackward0",
        samples=(
            Sample(((2, 3),), ((1, 0), (0, 2), (1, 1))),
            Sample(((2, 3),), ((0, 1), (2, 1), (2, 3))),
            Sample(((0,),), ((1,), (2,), (2,))),
            Sample(((),), ((), (), ())),
        ),
        errors=(
            WrongCall(
                (Spec((2,), float32),), ((-1,), (0,), (1,)), RuntimeError, "do not fit shape"
            ),
        ),
        dtypes="bif",
        doc="Zeros around the array, and between its elements where step is above 1.",
    )
)


def _infer_slice(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    starts, sizes, steps = attrs
    shape = specs[0].shape
    fits = len(starts) == len(sizes) == len(steps) == len(shape) and all(
        start >= 0 and step >= 1 and size >= 0 and (size == 0 or start + (size - 1) * step < n)
        for start, size, step, n in zip(starts, sizes, steps, shape, strict=True)
    )
    if not fits:
        raise RuntimeError(f"slice: starts {starts}, sizes {sizes}, steps {steps} leave {shape}")
    return Spec(sizes, specs[0].dtype)


def _reference_slice(x: Any, starts: Shape, sizes: Shape, steps: Shape) -> Any:
    return x[_inside(sizes, starts, steps)]


def _grad_slice(ctx: Any, g: Any) -> tuple[Any, ...]:
    starts, sizes, steps = ctx.attrs
    shape = ctx.shapes[0]
    if 0 in sizes:
        return (dispatch.zeros(shape, g),)
    high = tuple(
        n - start - (size - 1) * step - 1
        for n, start, size, step in zip(shape, starts, sizes, steps, strict=True)
    )
    return (dispatch.apply(PAD, (g,), (starts, high, steps)),)


SLICE = register(
    Operator(
        name="slice",
        kind=Kind.MOVEMENT,
        infer=_infer_slice,
        reference=_reference_slice,
        attrs=("starts", "sizes", "steps"),
        gradient=_grad_slice,
        samples=(
            Sample(((5, 6),), ((1, 0), (2, 3), (2, 2))),
            Sample(((5, 6),), ((0, 5), (5, 1), (1, 1))),
            Sample(((5,),), ((3,), (0,), (1,))),
            Sample(((0, 4),), ((0, 1), (0, 2), (1, 2))),
            Sample(((),), ((), (), ())),
        ),
        errors=(WrongCall((Spec((2,), float32),), ((1,), (2,), (1,)), RuntimeError, "leave"),),
        dtypes="bif",
        doc="Every step-th element from a start, along each axis.",
    )
)


def _infer_flip(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    (axes,) = attrs
    if len(set(axes)) != len(axes) or any(not 0 <= a < len(specs[0].shape) for a in axes):
        raise RuntimeError(f"flip: axes {axes} are not different axes of {specs[0].shape}")
    return specs[0]


FLIP = register(
    Operator(
        name="flip",
        kind=Kind.MOVEMENT,
        infer=_infer_flip,
        reference=np.flip,
        attrs=("axes",),
        gradient=lambda ctx, g: (g.flip(ctx.attrs[0]),),
        samples=(
            Sample(((2, 5),), ((1,),)),
            Sample(((2, 5),), ((0, 1),)),
            Sample(((0, 2),), ((0,),)),
        ),
        errors=(
            WrongCall((Spec((2, 3), float32),), ((2,),), RuntimeError, "are not different axes"),
        ),
        dtypes="bif",
        doc="The order of some axes reversed.",
    )
)


def _infer_slice_update(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    base, source = specs
    expected = _infer_slice((base,), attrs)
    if source != expected:
        raise RuntimeError(f"slice_update: expected a source {expected}, got {source}")
    return base


def _reference_slice_update(base: Any, x: Any, starts: Shape, sizes: Shape, steps: Shape) -> Any:
    out = base.copy()
    out[_inside(sizes, starts, steps)] = x
    return out


def _grad_slice_update(ctx: Any, g: Any) -> tuple[Any, ...]:
    base = source = None
    if ctx.needs[0]:
        base = dispatch.apply(SLICE_UPDATE, (g, dispatch.zeros(ctx.shapes[1], g)), ctx.attrs)
    if ctx.needs[1]:
        source = dispatch.apply(SLICE, (g,), ctx.attrs)
    return base, source


SLICE_UPDATE = register(
    Operator(
        name="slice_update",
        kind=Kind.MOVEMENT,
        infer=_infer_slice_update,
        reference=_reference_slice_update,
        attrs=("starts", "sizes", "steps"),
        gradient=_grad_slice_update,
        label="CopySlices",
        samples=(
            Sample(((5, 6), (2, 3)), ((1, 0), (2, 3), (2, 2))),
            Sample(((5,), (0,)), ((3,), (0,), (1,))),
            Sample(((), ()), ((), (), ())),
        ),
        errors=(
            WrongCall(
                (Spec((5,), float32), Spec((3,), float32)),
                ((1,), (2,), (1,)),
                RuntimeError,
                "expected a source",
            ),
        ),
        dtypes="bif",
        doc="The base with a slice of it replaced.",
    )
)


def window_count(n: int, size: int, stride: int, dilation: int) -> int:
    """How many windows of that size fit into n elements; may be below 1."""
    return (n - dilation * (size - 1) - 1) // stride + 1


def _infer_windows(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    axes, sizes, strides, dilations = attrs
    shape = list(specs[0].shape)
    for axis, size, stride, dilation in zip(axes, sizes, strides, dilations, strict=True):
        count = window_count(shape[axis], size, stride, dilation)
        if count < 1:
            raise RuntimeError(
                f"windows: size {size} with dilation {dilation} exceeds {shape[axis]}"
            )
        shape[axis] = count
    return Spec((*shape, *sizes), specs[0].dtype)


def _reference_windows(x: Any, axes: Shape, sizes: Shape, strides: Shape, dilations: Shape) -> Any:
    shape = _infer_windows((Spec(x.shape, float32),), (axes, sizes, strides, dilations)).shape
    outer = list(x.strides)
    for axis, stride in zip(axes, strides, strict=True):
        outer[axis] *= stride
    inner = [x.strides[a] * d for a, d in zip(axes, dilations, strict=True)]
    return np.lib.stride_tricks.as_strided(x, shape, (*outer, *inner), writeable=False)


def _grad_windows(ctx: Any, g: Any) -> tuple[Any, ...]:
    """Each window position adds its gradient where it read: a sum of shifted, spread-out copies."""
    axes, sizes, strides, dilations = ctx.attrs
    shape = ctx.shapes[0]
    rank = len(shape)
    total = None
    for tap in np.ndindex(*sizes):
        part = dispatch.apply(
            SLICE,
            (g,),
            ((0,) * rank + tap, g.shape[:rank] + (1,) * len(tap), (1,) * (rank + len(tap))),
        ).reshape(g.shape[:rank])
        low, high, step = [0] * rank, [0] * rank, [1] * rank
        for axis, offset, stride, dilation in zip(axes, tap, strides, dilations, strict=True):
            low[axis] = offset * dilation
            step[axis] = stride
            high[axis] = shape[axis] - low[axis] - (part.shape[axis] - 1) * stride - 1
        part = dispatch.apply(PAD, (part,), (tuple(low), tuple(high), tuple(step)))
        total = part if total is None else total + part
    return (total,)


WINDOWS = register(
    Operator(
        name="windows",
        kind=Kind.MOVEMENT,
        infer=_infer_windows,
        reference=_reference_windows,
        attrs=("axes", "sizes", "strides", "dilations"),
        gradient=_grad_windows,
        label="UnfoldBackward0",
        samples=(
            Sample(((2, 6),), ((1,), (3,), (1,), (1,))),
            Sample(((1, 7, 6),), ((1, 2), (3, 2), (2, 2), (1, 1))),
            Sample(((9,),), ((0,), (3,), (2,), (2,))),
            Sample(((0, 6),), ((1,), (3,), (1,), (1,))),
        ),
        errors=(
            WrongCall((Spec((2,), float32),), ((0,), (3,), (1,), (1,)), RuntimeError, "exceeds"),
        ),
        dtypes="bif",
        doc="All windows along some axes, with the positions in a window as new last dimensions.",
    )
)
