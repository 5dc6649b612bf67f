"""``linear``: x times the transposed weight, plus a bias."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from portfire import float32
from portfire._dispatch import apply
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, lookup, register

__all__ = ["LINEAR"]

_DOT = lookup("dot")


def _infer(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, weight, *bias = specs
    if len(weight.shape) != 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {len(weight.shape)}D"
        )
    outputs, inputs = weight.shape
    if x.shape[-1] != inputs:
        rows = math.prod(x.shape[:-1])
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x.shape[-1]} and "
            f"{inputs}x{outputs})"
        )
    if x.dtype is not weight.dtype:
        raise RuntimeError(
            "expected m1 and m2 to have the same dtype, but got: "
            f"{x.dtype.c_name} != {weight.dtype.c_name}"
        )
    for spec in bias:
        if spec.dtype is not x.dtype:
            raise RuntimeError(
                "self and mat2 must have the same dtype, but got "
                f"{spec.dtype.scalar_name} and {x.dtype.scalar_name}"
            )
        if spec.shape not in ((outputs,), (1,), ()):
            rows = math.prod(x.shape[:-1])
            raise RuntimeError(
                f"The expanded size of the tensor ({outputs}) must match the existing size "
                f"({spec.shape[-1]}) at non-singleton dimension 1.  "
                f"Target sizes: {[rows, outputs]}.  Tensor sizes: {list(spec.shape)}"
            )
    return Spec((*x.shape[:-1], outputs), x.dtype)


def _reference(x: Any, weight: Any, bias: Any = 0) -> Any:
    wide = np.float32 if x.dtype == np.float16 else x.dtype
    return (np.matmul(x.astype(wide), weight.astype(wide).T) + bias).astype(x.dtype)


def _rows(x: Any) -> Any:
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _decompose(x: Any, weight: Any, *bias: Any) -> Any:
    product = apply(_DOT, (_rows(x), weight.permute(1, 0)))
    for term in bias:
        product = product + term
    return product if x.ndim == 2 else product.reshape((*x.shape[:-1], weight.shape[0]))


def _gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, weight = ctx.inputs[:2]
    rows = _rows(g)
    grads: list[Any] = [None, None]
    if ctx.needs[0]:
        grads[0] = apply(_DOT, (rows, weight))
        if g.ndim != 2:
            grads[0] = grads[0].reshape(ctx.shapes[0])
    if ctx.needs[1]:
        grads[1] = apply(_DOT, (rows.permute(1, 0), _rows(x)))
    if len(ctx.shapes) == 3:
        grads.append(rows.sum(0) if ctx.needs[2] else None)
    return tuple(grads)


LINEAR = register(
    Operator(
        name="linear",
        kind=Kind.COMPOSITE,
        autocast="lower",
        infer=_infer,
        reference=_reference,
        gradient=_gradient,
        saves=(0, 1),
        decompose=_decompose,
        label="AddmmBackward0",
        samples=(
            Sample(((3, 4), (5, 4))),
            Sample(((3, 4), (5, 4), (5,))),
            Sample(((4,), (5, 4), (5,))),
            Sample(((2, 3, 4), (5, 4), (5,))),
            Sample(((0, 4), (5, 4), (5,))),
            Sample(((3, 0), (5, 0), (5,))),
        ),
        errors=(
            WrongCall(
                (Spec((2, 3), float32), Spec((4, 5), float32)),
                (),
                RuntimeError,
                r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 5x4\)",
            ),
        ),
        doc="The product of the last dimension with the transposed weight, plus a bias.",
    )
)
