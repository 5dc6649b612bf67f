"""Attention by blocks of query rows, its gradient, and the softmax that masks need.

For a query block Q of some rows, with all keys K and values V,

    S = Q K^T * scale, masked    P = softmax(S)    O = P V

and with the gradient G of O

    dV = P^T G    dP = G V^T    dS = P * (dP - sum(dP * P)) * scale    dQ = dS K    dK = dS^T Q

Only one block's S exists at a time, and the gradient computes it again, so that memory grows with
the length of a sequence and not with its square.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from portfire import bool as bool_
from portfire import float32, int32
from portfire._dispatch import apply, full, iota, where
from portfire.autograd._mode import state as grad_state
from portfire.nn._names import not_implemented
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, lookup, register

__all__ = ["ATTENTION", "ATTENTION_GRAD", "SAFE_SOFTMAX", "masked_scores"]

_DOT, _SLICE, _CONCAT = lookup("dot"), lookup("slice"), lookup("concat")
_MAX = lookup("max")
_NEVER = -math.inf
_CAUSAL_SIZES = 4  # numbers of keys that causal blocks may have


# Softmax along the last dimension, where rows without any finite element become zeros


def _infer_softmax(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    (x,) = specs
    if not x.dtype.is_floating_point:
        raise not_implemented("softmax", x.dtype)
    return x


def _softmax(x: Any) -> Any:
    if not x.shape[-1]:
        return x
    row = (*x.shape[:-1], 1)
    top = apply(_MAX, (x,), ((x.ndim - 1,),)).reshape(row)
    top = where(top == _NEVER, full(row, 0, top), top)
    powers = (x - top).exp()
    total = powers.sum(-1, keepdim=True)
    return powers / where(total == 0.0, full(row, 1, total), total)


def _reference_softmax(x: Any) -> Any:
    if not x.shape[-1]:
        return x
    top = x.max(-1, keepdims=True)
    powers = np.exp(x - np.where(np.isneginf(top), 0, top))
    total = powers.sum(-1, keepdims=True)
    return (powers / np.where(total == 0, 1, total)).astype(x.dtype)


def _softmax_gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    return (_through_softmax(ctx.output, g),)


def _through_softmax(weights: Any, g: Any) -> Any:
    weighted = g * weights
    return weighted - weights * weighted.sum(-1, keepdim=True)


SAFE_SOFTMAX = register(
    Operator(
        name="safe_softmax",
        kind=Kind.COMPOSITE,
        autocast="float32",
        infer=_infer_softmax,
        reference=_reference_softmax,
        gradient=_softmax_gradient,
        saves=(-1,),
        decompose=_softmax,
        label="SafeSoftmaxBackward0",
        samples=(Sample(((3, 5),)), Sample(((2, 3, 33),)), Sample(((2, 0),))),
        doc="Softmax along the last dimension; rows that are minus infinity throughout become 0.",
    )
)


# Attention


def masked_scores(q: Any, k: Any, mask: Any, causal: bool, scale: float, first: int = 0) -> Any:
    """Return ``q k^T * scale``, masked; ``first`` is the position of the first query."""
    scores = apply(_DOT, (q, k.transpose(-2, -1))) * scale
    if causal:
        rows, columns = scores.shape[-2:]
        row, column = iota((rows, 1), 0, scores, int32), iota((1, columns), 1, scores, int32)
        scores = where(column <= row + first, scores, full((), _NEVER, scores))
    if mask is None:
        return scores
    if mask.dtype is bool_:
        return where(mask, scores, full((), _NEVER, scores))
    return scores + mask


def _infer(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    q, k, v, _ = specs
    fits = q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
    if not fits or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise RuntimeError(f"attention: {q}, {k} and {v} do not fit together")
    if not q.dtype is k.dtype is v.dtype:
        raise RuntimeError(f"attention: {q}, {k} and {v} differ in dtype")
    return Spec((*q.shape[:-1], v.shape[-1]), q.dtype)


def _reference_weights(q: Any, k: Any, mask: Any, causal: bool, scale: float) -> Any:
    scores = np.matmul(q, np.swapaxes(k, -1, -2)) * scale
    if causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=np.bool_), scores, -np.inf)
    scores = np.where(mask, scores, -np.inf) if mask.dtype == bool else scores + mask
    return _reference_softmax(scores)


def _reference(q: Any, k: Any, v: Any, mask: Any, causal: bool, scale: float, rows: int) -> Any:
    weights = _reference_weights(q, k, mask, causal, scale)
    return np.matmul(weights, v).astype(q.dtype)


def _part(x: Any, axis: int, start: int, stop: int) -> Any:
    """Some rows or columns; a dimension of size 1 stands for all."""
    size = x.shape[axis]
    if size == 1 or (start, stop) == (0, size):
        return x
    starts, sizes = [0] * x.ndim, list(x.shape)
    starts[axis], sizes[axis] = start, stop - start
    return apply(_SLICE, (x,), (tuple(starts), tuple(sizes), (1,) * x.ndim))


def _blocks(q: Any, k: Any, mask: Any, causal: bool, rows: int) -> Iterator[tuple[Any, ...]]:
    """Each block's first and last row, its last key, and its part of the mask."""
    length, keys = q.shape[-2], k.shape[-2]
    # A few sizes only, so that blocks have kernels in common.
    step = -(-keys // _CAUSAL_SIZES)
    for start in range(0, length, rows):
        stop = min(start + rows, length)
        seen = min(-(-stop // step) * step, keys) if causal else keys
        part = mask if mask.ndim < 2 else _part(mask, mask.ndim - 2, start, stop)
        if part.ndim:
            part = _part(part, part.ndim - 1, 0, seen)
        yield start, stop, seen, part


def _weights(q: Any, k: Any, mask: Any, causal: bool, scale: float, first: int) -> Any:
    return apply(SAFE_SOFTMAX, (masked_scores(q, k, mask, causal, scale, first),))


def _decompose(q: Any, k: Any, v: Any, mask: Any, causal: bool, scale: float, rows: int) -> Any:
    axis = q.ndim - 2
    results = []
    for start, stop, seen, part in _blocks(q, k, mask, causal, rows):
        block, keys = _part(q, axis, start, stop), _part(k, axis, 0, seen)
        weights = _weights(block, keys, part, causal, scale, start)
        results.append(apply(_DOT, (weights, _part(v, axis, 0, seen))))
    return apply(_CONCAT, results, (axis,)) if len(results) > 1 else results[0]


def _backward(
    g: Any, q: Any, k: Any, v: Any, mask: Any, causal: bool, scale: float, rows: int
) -> tuple[Any, Any, Any]:
    axis = q.ndim - 2
    dq, dk, dv = [], None, None
    for start, stop, seen, part in _blocks(q, k, mask, causal, rows):
        block, keys = _part(q, axis, start, stop), _part(k, axis, 0, seen)
        weights = _weights(block, keys, part, causal, scale, start)
        grad = _part(g, axis, start, stop)
        values = _part(v, axis, 0, seen)
        through = apply(_DOT, (grad, values.transpose(-2, -1)))
        scores = _through_softmax(weights, through) * scale
        dq.append(apply(_DOT, (scores, keys)))
        dk = _added(dk, apply(_DOT, (scores.transpose(-2, -1), block)), axis, k.shape)
        dv = _added(dv, apply(_DOT, (weights.transpose(-2, -1), grad)), axis, v.shape)
    return apply(_CONCAT, dq, (axis,)) if len(dq) > 1 else dq[0], dk, dv


def _added(total: Any, part: Any, axis: int, shape: Any) -> Any:
    """Add the gradient of the first keys to that of all."""
    missing = shape[axis] - part.shape[axis]
    if missing:
        high = tuple(missing if a == axis else 0 for a in range(len(shape)))
        none = (0,) * len(shape)
        part = apply(lookup("pad"), (part,), (none, high, (1,) * len(shape)))
    return part if total is None else total + part


def _gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
    operands = (g, *ctx.inputs)
    if grad_state.enabled:
        # The gradient shall be differentiated itself: leave all its steps to autograd.
        found = _backward(*operands, *ctx.attrs)
    else:
        packed = apply(ATTENTION_GRAD, operands, ctx.attrs)
        sizes = [math.prod(shape) for shape in ctx.shapes[:3]]
        ends = np.cumsum([0, *sizes]).tolist()
        found = tuple(
            _part(packed, 0, start, stop).reshape(shape)
            for start, stop, shape in zip(ends, ends[1:], ctx.shapes[:3], strict=False)
        )
    return (*found, None)


def _infer_grad(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    g, *operands = specs
    if _infer(tuple(operands), attrs) != g:
        raise RuntimeError(f"attention_grad: {g} is not the result of {operands}")
    return Spec((sum(math.prod(s.shape) for s in operands[:3]),), g.dtype)


def _decompose_grad(*operands: Any) -> Any:
    found = _backward(*operands)
    return apply(_CONCAT, [grad.reshape(grad.numel()) for grad in found], (0,))


def _reference_grad(
    g: Any, q: Any, k: Any, v: Any, mask: Any, causal: bool, scale: float, rows: int
) -> Any:
    weights = _reference_weights(q, k, mask, causal, scale)
    through = np.matmul(g, np.swapaxes(v, -1, -2))
    scores = weights * (through - (through * weights).sum(-1, keepdims=True)) * scale
    found = (
        np.matmul(scores, k),
        np.matmul(np.swapaxes(scores, -1, -2), q),
        np.matmul(np.swapaxes(weights, -1, -2), g),
    )
    return np.concatenate([grad.reshape(-1) for grad in found]).astype(g.dtype)


_WRONG = tuple(Spec(shape, float32) for shape in ((2, 3), (2, 4), (2, 3), ()))

ATTENTION = register(
    Operator(
        name="attention",
        kind=Kind.COMPOSITE,
        autocast="lower",
        infer=_infer,
        reference=_reference,
        attrs=("causal", "scale", "rows"),
        gradient=_gradient,
        saves=(0, 1, 2, 3),
        constants=(3,),
        decompose=_decompose,
        label="ScaledDotProductAttentionBackward0",
        samples=(
            Sample(((5, 3), (4, 3), (4, 2), (4,)), (False, 0.5, 2)),
            Sample(((2, 5, 3), (2, 4, 3), (2, 4, 2), (5, 1)), (True, 0.7, 3)),
            Sample(((2, 5, 3), (2, 5, 3), (2, 5, 3), (2, 1, 5)), (True, 0.5, 8)),
        ),
        errors=(WrongCall(_WRONG, (False, 1.0, 1), RuntimeError, "do not fit together"),),
        doc="Mix values by the softmax of products of queries and keys, block by block.",
    )
)

ATTENTION_GRAD = register(
    Operator(
        name="attention_grad",
        kind=Kind.COMPOSITE,
        infer=_infer_grad,
        reference=_reference_grad,
        attrs=("causal", "scale", "rows"),
        decompose=_decompose_grad,
        samples=(
            Sample(((5, 2), (5, 3), (4, 3), (4, 2), (4,)), (False, 0.5, 2)),
            Sample(((2, 5, 2), (2, 5, 3), (2, 4, 3), (2, 4, 2), (5, 1)), (True, 0.7, 3)),
        ),
        errors=(
            WrongCall(
                (Spec((2, 2), float32), *[Spec((2, 3), float32)] * 3, Spec((), float32)),
                (False, 1.0, 1),
                RuntimeError,
                "is not the result of",
            ),
        ),
        doc="The gradients of queries, keys and values, flat and joined.",
    )
)
