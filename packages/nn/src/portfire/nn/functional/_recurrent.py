"""One direction of one recurrent layer: the products around the time steps, and their gradients."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor
from portfire._dispatch import apply, full, zeros
from portfire.autograd import Function, enable_grad, grad, is_grad_enabled
from portfire.nn._composites._linear import LINEAR
from portfire.nn._composites._recurrent import (
    CELLS,
    RECURRENCE,
    RECURRENCE_GRAD,
    part_of,
    unroll,
)
from portfire.ops import lookup

__all__ = ["recur"]

_DOT, _PAD, _SLICE = lookup("dot"), lookup("pad"), lookup("slice")


def recur(
    input: Tensor,
    state: tuple[Tensor | None, ...],
    weights: tuple[Tensor | None, ...],
    mode: str,
    reverse: bool = False,
    lengths: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Run a layer over all time steps in one direction.

    Args:
        input: ``(T, B, F)``.
        state: the first h, and c for lstm; None for zeros.
        weights: those of the input and of the hidden state, their biases (or None), and the
            projection of lstm (or None).
        mode: the cell, a key of `CELLS`.
        reverse: whether time runs backwards.
        lengths: ``(B,)``, where sequences end; None if all have T steps.

    Returns:
        h at all steps, the last h, and the last c for lstm.

    Raises:
        RuntimeError: for states of another dtype than the weights.
    """
    h, c = (*state, None)[:2]
    w_ih, w_hh, b_ih, b_hh, w_hr = weights
    for first in (h, c):
        if first is not None and w_hh is not None and first.dtype is not w_hh.dtype:
            names = [t.dtype.scalar_name for t in (first, w_hh)]
            raise RuntimeError(
                f"mat1 and mat2 must have the same dtype, but got {names[0]} and {names[1]}"
            )
    if w_hr is not None:
        return _projected(input, (h, c), weights, reverse, lengths)
    attrs = (mode, reverse)
    hidden, *cells = _Layer.apply(input, h, c, lengths, w_ih, w_hh, b_ih, b_hh, attrs)
    last = part_of(hidden, 0, 0 if reverse else input.shape[0] - 1, 1).reshape(hidden.shape[1:])
    return hidden, last, cells[0] if cells else None


def _contribution(input: Tensor, w: Tensor, b_ih: Any, b_hh: Any, mode: str) -> tuple[Any, Any]:
    """What the input and the biases give to the gates, and the bias that is not among it."""
    units = w.shape[0] // CELLS[mode].gates
    inner = None
    bias = b_ih
    if mode == "gru":
        inner = zeros((units,), w)
        if b_hh is not None:
            inner = part_of(b_hh, 0, 2 * units, units)
            outer = apply(_PAD, (part_of(b_hh, 0, 0, 2 * units),), ((0,), (units,), (1,)))
            bias = b_ih + outer
    elif b_hh is not None:
        bias = b_ih + b_hh
    return apply(LINEAR, (input, w) if bias is None else (input, w, bias)), inner


def _states(input: Tensor, h: Any, c: Any, units: int, inner: Any, mode: str) -> tuple[Any, Any]:
    """The first state, with zeros where none is given; and c or the inner bias."""
    empty = zeros((input.shape[1], units), input)
    h = empty if h is None else h
    if mode == "lstm":
        return h, empty if c is None else c
    return h, inner if CELLS[mode].extra else None


class _Layer(Function):
    """Saves what came in and what the steps stored; its gradient is one pass back through time."""

    @staticmethod
    def forward(ctx: Any, input: Any, h: Any, c: Any, lengths: Any, *rest: Any) -> Any:
        w_ih, w_hh, b_ih, b_hh, (mode, reverse) = rest
        x, inner = _contribution(input, w_ih, b_ih, b_hh, mode)
        first, extra = _states(input, h, c, w_hh.shape[1], inner, mode)
        operands = [t for t in (x, w_hh, first, extra, lengths) if t is not None]
        stored = apply(RECURRENCE, operands, (mode, reverse))
        ctx.save_for_backward(input, h, c, lengths, w_ih, w_hh, b_ih, b_hh, stored)
        ctx.set_materialize_grads(False)
        ctx.attrs = (mode, reverse)
        parts = CELLS[mode].parts
        hidden = part_of(stored, 0, parts - 1, 1).reshape(stored.shape[1:])
        if mode != "lstm":
            return (hidden,)
        last = 0 if reverse else x.shape[0] - 1
        place, size = (parts - 2, last, 0, 0), (1, 1, *first.shape)
        return hidden, apply(_SLICE, (stored,), (place, size, (1, 1, 1, 1))).reshape(first.shape)

    @staticmethod
    def backward(ctx: Any, g: Any, gc: Any = None) -> Any:
        *inputs, stored = ctx.saved_tensors
        input, h, c, lengths, w_ih, w_hh, *_ = inputs
        mode, reverse = ctx.attrs
        needs = ctx.needs_input_grad
        if g is None:
            g = zeros(stored.shape[1:], stored)
        if is_grad_enabled():
            return _differentiable(inputs, (g, gc), needs, mode, reverse)
        cell, units = CELLS[mode], w_hh.shape[1]
        first, extra = _states(input, h, c, units, zeros((units,), g), mode)
        gc = zeros(first.shape, first) if gc is None else gc
        operands = [t for t in (g, gc, stored, w_hh, first, extra, lengths) if t is not None]
        found = apply(RECURRENCE_GRAD, operands, (mode, reverse))
        steps, batch = g.shape[:2]
        dx = part_of(found, 0, 0, steps)
        rows = dx.reshape(steps * batch, dx.shape[2])
        through = dx
        if mode == "gru":
            r = part_of(stored, 0, 0, 1).reshape(g.shape)
            inside = part_of(dx, 2, 2 * units, units) * r
            through = portfire.cat([part_of(dx, 2, 0, 2 * units), inside], 2)
        start = part_of(found, 0, steps, 1).reshape(batch, dx.shape[2])
        columns = rows.transpose(0, 1)
        bias = rows.sum(0) if needs[6] or needs[7] else None
        inner = bias
        if mode == "gru" and needs[7]:
            inner = through.reshape(rows.shape).sum(0)
        hidden = part_of(stored, 0, cell.parts - 1, 1).reshape(g.shape)
        flat = input.reshape(steps * batch, input.shape[2])
        grads = (
            apply(_DOT, (rows, w_ih)).reshape(input.shape) if needs[0] else None,
            part_of(start, 1, 0, units) if needs[1] else None,
            part_of(start, 1, units, units) if needs[2] else None,
            None,
            apply(_DOT, (columns, flat)) if needs[4] else None,
            _recurrent_weight(through, hidden, h, reverse) if needs[5] else None,
            bias if needs[6] else None,
            inner if needs[7] else None,
            None,
        )
        return grads


def _recurrent_weight(dx: Tensor, hidden: Tensor, h: Tensor | None, reverse: bool) -> Any:
    """Sum the products of gate gradients and states before them, over all time steps at once."""
    steps, batch, wide = dx.shape
    units = hidden.shape[2]
    rows = (steps - 1) * batch
    total = None
    if rows:
        later = part_of(dx, 0, 0 if reverse else 1, steps - 1).reshape(rows, wide)
        before = part_of(hidden, 0, 1 if reverse else 0, steps - 1).reshape(rows, units)
        total = apply(_DOT, (later.transpose(0, 1), before))
    if h is not None:
        first = part_of(dx, 0, steps - 1 if reverse else 0, 1).reshape(batch, wide)
        product = apply(_DOT, (first.transpose(0, 1), h))
        total = product if total is None else total + product
    return full((wide, units), 0, dx) if total is None else total


def _steps(inputs: Any, mode: str, reverse: bool) -> tuple[Any, Any]:
    """The layer in operations that autograd knows: h at all steps, and the last c."""
    input, h, c, lengths, w_ih, w_hh, b_ih, b_hh, *projection = inputs
    x, inner = _contribution(input, w_ih, b_ih, b_hh, mode)
    first, extra = _states(input, h, c, w_ih.shape[0] // CELLS[mode].gates, inner, mode)
    if projection and h is None:
        first = zeros((input.shape[1], w_hh.shape[1]), input)
    found = unroll(x, w_hh, first, extra, lengths, mode, reverse, *projection)
    hidden = portfire.stack([parts[-1] for parts in found])
    return hidden, found[0 if reverse else -1][-2] if mode == "lstm" else hidden[0]


def _projected(
    input: Tensor,
    state: tuple[Tensor | None, Tensor | None],
    weights: tuple[Tensor | None, ...],
    reverse: bool,
    lengths: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor | None]:
    inputs = (input, *state, lengths, *weights)
    hidden, cells = _steps(inputs, "lstm", reverse)
    return hidden, hidden[0 if reverse else -1], cells


def _differentiable(inputs: Any, grads: Any, needs: Any, mode: str, reverse: bool) -> Any:
    """The gradients by autograd, for those who differentiate them again."""
    with enable_grad():
        # New tensors, so that what one input contributes to another is not counted twice.
        fresh = [t * 1 if needed else t for t, needed in zip(inputs, needs, strict=False)]
        hidden, cells = _steps(fresh, mode, reverse)
        outputs = [(hidden, grads[0])]
        if mode == "lstm" and grads[1] is not None:
            outputs.append((cells, grads[1]))
        targets = [t for t, needed in zip(fresh, needs, strict=False) if needed]
        found = iter(
            grad(
                [o for o, _ in outputs],
                targets,
                [g for _, g in outputs],
                create_graph=True,
                materialize_grads=True,
            )
        )
    return (*(next(found) if needed else None for needed in needs[:8]), None)
