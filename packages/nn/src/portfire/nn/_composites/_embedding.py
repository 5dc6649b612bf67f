"""``embedding``: rows of a table, and the gradients of the rows that were taken.

Both are linear in their first input and each is the other's gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import float32, int32, int64
from portfire._dispatch import apply, full, where, zeros
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, lookup, register

__all__ = ["EMBEDDING", "EMBEDDING_GRAD"]

_TAKE, _PUT = lookup("take"), lookup("put")


def _check_index(index: Spec) -> None:
    if index.dtype not in (int64, int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got portfire.{index.dtype.scalar_name}Tensor instead (while checking "
            "arguments for embedding)"
        )


def _infer(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    weight, index = specs
    _check_index(index)
    if len(weight.shape) != 2:
        raise RuntimeError("'weight' must be 2-D")
    return Spec((*index.shape, weight.shape[1]), weight.dtype)


def _infer_grad(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    g, index = specs
    _check_index(index)
    if g.shape[:-1] != index.shape or not g.shape:
        raise RuntimeError(f"embedding_grad: {g} is no gradient of rows at {index}")
    return Spec((attrs[0], g.shape[-1]), g.dtype)


def _factors(index: Any, rows: int, padding: int, by_frequency: bool, like: Any) -> Any:
    """What the gradient of each row that was taken counts; None where it is 1 for all."""
    factor = None
    if by_frequency:
        ones = full(tuple(index.shape), 1.0, like)
        counts = apply(_PUT, (zeros((rows,), like), index, ones), (0, "add"))
        factor = 1.0 / apply(_TAKE, (counts, index), (0,))
    if padding >= 0:
        kept = index != full((), padding, index)
        factor = where(kept, 1.0 if factor is None else factor, 0.0).to(like.dtype)
    return factor


def _decompose(weight: Any, index: Any, padding: int, by_frequency: bool) -> Any:
    return apply(_TAKE, (weight, index), (0,))


def _gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    return apply(EMBEDDING_GRAD, (g, ctx.inputs[1]), (ctx.shapes[0][0], *ctx.attrs)), None


def _decompose_grad(g: Any, index: Any, rows: int, padding: int, by_frequency: bool) -> Any:
    factor = _factors(index, rows, padding, by_frequency, g)
    if factor is not None:
        g = g * factor.unsqueeze(-1)
    return apply(_PUT, (zeros((rows, g.shape[-1]), g), index, g), (0, "add"))


def _gradient_grad(ctx: Any, v: Any) -> tuple[Any, ...]:
    index = ctx.inputs[1]
    rows, padding, by_frequency = ctx.attrs
    taken = apply(_TAKE, (v, index), (0,))
    factor = _factors(index, rows, padding, by_frequency, v)
    return taken if factor is None else taken * factor.unsqueeze(-1), None


def _reference(weight: Any, index: Any, padding: int, by_frequency: bool) -> Any:
    rows = weight.shape[0]
    wrong = (index < 0) | (index >= rows)
    if wrong.any():
        value = np.asarray(index)[wrong].flat[0]
        raise IndexError(f"index {value} is out of bounds for dimension 0 with size {rows}")
    return weight[index]


def _reference_grad(g: Any, index: Any, rows: int, padding: int, by_frequency: bool) -> Any:
    factor = np.ones(index.shape)
    if by_frequency:
        factor = factor / np.bincount(index.ravel(), minlength=rows)[index]
    factor = np.where(index == padding, 0, factor)
    out = np.zeros((rows, g.shape[-1]), g.dtype)
    np.add.at(out, index.ravel(), (g * factor[..., None]).reshape(-1, g.shape[-1]))
    return out


EMBEDDING = register(
    Operator(
        name="embedding",
        kind=Kind.COMPOSITE,
        infer=_infer,
        reference=_reference,
        attrs=("padding_idx", "scale_grad_by_freq"),
        gradient=_gradient,
        saves=(1,),
        decompose=_decompose,
        fallible=True,
        samples=(
            Sample(((5, 3), (2, 4)), (-1, False), extent=5),
            Sample(((5, 3), ()), (-1, False), extent=5),
        ),
        errors=(
            WrongCall(
                (Spec((5, 3), float32), Spec((2,), float32)),
                (-1, False),
                RuntimeError,
                "Expected tensor for argument #1 'indices'",
            ),
        ),
        doc="Rows of a table.",
    )
)

EMBEDDING_GRAD = register(
    Operator(
        name="embedding_grad",
        kind=Kind.COMPOSITE,
        infer=_infer_grad,
        reference=_reference_grad,
        attrs=("rows", "padding_idx", "scale_grad_by_freq"),
        gradient=_gradient_grad,
        saves=(1,),
        decompose=_decompose_grad,
        fallible=True,
        label="EmbeddingBackwardBackward0",
        samples=(
            Sample(((2, 4, 3), (2, 4)), (5, -1, False), extent=5),
            Sample(((9, 3), (9,)), (5, 2, True), extent=5),
        ),
        errors=(
            WrongCall(
                (Spec((5, 3), float32), Spec((2,), int64)),
                (5, -1, False),
                RuntimeError,
                "is no gradient of rows",
            ),
        ),
        doc="The sum of the gradients of the rows that were taken, for each row of the table.",
    )
)
