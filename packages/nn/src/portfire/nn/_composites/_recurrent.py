"""Recurrent layers as one operator for all time steps, and its gradient as another.

The products with the input are done before, for all steps at once; what is left per step is the
product with the hidden state and a few elementwise operations:

    x  (T, B, G H)   what the input contributes to G gates of H units, biases included
    w  (G H, H)      weights of the hidden state; b (H), for gru: bias of its last gate, inside r
    h, c  (B, H)     first states; c only for lstm
    lengths  (B)     optional: a sequence keeps its state from its end on (backwards: up to there)

    recurrence        -> (S, T, B, H)      what each step stores: S parts, h the last of them
    recurrence_grad   -> (T + 1, B, G H)   gradients of x; then those of h and c, side by side

A backend may take both whole: sequences of a batch are independent, so that an item (or a group)
can go through all steps of some of them while the weights stay in its cache. The decomposition is
the loop over time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from portfire import float32
from portfire._dispatch import apply, full, where, zeros
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, lookup, register

__all__ = ["CELLS", "RECURRENCE", "RECURRENCE_GRAD", "Cell", "part_of", "unroll"]

_DOT, _SLICE, _CONCAT = lookup("dot"), lookup("slice"), lookup("concat")
Tensors = Sequence[Any]


@dataclass(frozen=True)
class Cell:
    """One step of a recurrent layer.

    Attributes:
        gates: how many gates of H units x has.
        parts: how many parts of H units each step stores.
        extra: whether there is an input beside h: c for lstm, b for gru.
        forward: ``(x, a, h, extra) -> parts`` where a is the product of h and w.
        backward: ``(dh, dc, parts, h before, c before) -> (dx gates, da gates, dh kept, dc)``;
            "kept" is what reaches the state before by other ways than a.
    """

    gates: int
    parts: int
    extra: bool
    forward: Callable[..., Tensors]
    backward: Callable[..., tuple[Tensors, Tensors, Any, Any]]


def part_of(x: Any, axis: int, start: int, size: int) -> Any:
    """Return a run of positions along an axis."""
    if size == x.shape[axis]:
        return x
    starts, sizes = [0] * x.ndim, list(x.shape)
    starts[axis], sizes[axis] = start, size
    return apply(_SLICE, (x,), (tuple(starts), tuple(sizes), (1,) * x.ndim))


def _gates(x: Any, count: int) -> list[Any]:
    units = x.shape[-1] // count
    return [part_of(x, x.ndim - 1, k * units, units) for k in range(count)]


def _at(x: Any, t: int) -> Any:
    return part_of(x, 0, t, 1).reshape(x.shape[1:])


def _lstm(x: Any, a: Any, h: Any, c: Any) -> Tensors:
    i, f, g, o = _gates(x + a, 4)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    c = f * c + i * g
    return i, f, g, o, c, o * c.tanh()


def _lstm_backward(dh: Any, dc: Any, parts: Tensors, h: Any, before: Any) -> Any:
    i, f, g, o, c, _ = parts
    squashed = c.tanh()
    dc = dc + dh * o * (1.0 - squashed * squashed)
    gates = (
        dc * g * i * (1.0 - i),
        dc * before * f * (1.0 - f),
        dc * i * (1.0 - g * g),
        dh * squashed * o * (1.0 - o),
    )
    return gates, gates, None, dc * f


def _gru(x: Any, a: Any, h: Any, b: Any) -> Tensors:
    (xr, xz, xn), (ar, az, an) = _gates(x, 3), _gates(a, 3)
    r, z = (xr + ar).sigmoid(), (xz + az).sigmoid()
    m = an + b
    n = (xn + r * m).tanh()
    return r, z, n, m, (h - n) * z + n


def _gru_backward(dh: Any, dc: Any, parts: Tensors, h: Any, before: Any) -> Any:
    r, z, n, m, _ = parts
    dn = dh * (1.0 - z) * (1.0 - n * n)
    dr = dn * m * r * (1.0 - r)
    dz = dh * (h - n) * z * (1.0 - z)
    return (dr, dz, dn), (dr, dz, dn * r), dh * z, None


def _tanh(x: Any, a: Any, h: Any, extra: Any) -> Tensors:
    return ((x + a).tanh(),)


def _tanh_backward(dh: Any, dc: Any, parts: Tensors, h: Any, before: Any) -> Any:
    (y,) = parts
    gates = (dh * (1.0 - y * y),)
    return gates, gates, None, None


def _relu(x: Any, a: Any, h: Any, extra: Any) -> Tensors:
    return ((x + a).relu(),)


def _relu_backward(dh: Any, dc: Any, parts: Tensors, h: Any, before: Any) -> Any:
    (y,) = parts
    gates = (where(y <= 0.0, full(dh.shape, 0, dh), dh),)
    return gates, gates, None, None


CELLS = {
    "lstm": Cell(4, 6, True, _lstm, _lstm_backward),
    "gru": Cell(3, 5, True, _gru, _gru_backward),
    "tanh": Cell(1, 1, False, _tanh, _tanh_backward),
    "relu": Cell(1, 1, False, _relu, _relu_backward),
}


def _operands(mode: str, rest: Tensors) -> tuple[Any, Any]:
    """The extra input and the lengths, or None for what is not there."""
    left = list(rest)
    extra = left.pop(0) if CELLS[mode].extra else None
    return extra, left[0] if left else None


def _order(steps: int, reverse: bool) -> Iterable[int]:
    return range(steps - 1, -1, -1) if reverse else range(steps)


# The steps, in ordinary operations


def unroll(
    x: Any,
    w: Any,
    h: Any,
    extra: Any,
    lengths: Any,
    mode: str,
    reverse: bool,
    projection: Any = None,
) -> list[Tensors]:
    """Return the parts of each time step; ``projection`` (P, H) shrinks what lstm calls h."""
    cell = CELLS[mode]
    turned = w.transpose(0, 1)
    found: dict[int, Tensors] = {}
    for t in _order(x.shape[0], reverse):
        parts = list(cell.forward(_at(x, t), apply(_DOT, (h, turned)), h, extra))
        if projection is not None:
            parts[-1] = apply(_DOT, (parts[-1], projection.transpose(0, 1)))
        if lengths is not None:
            there = (lengths > t).unsqueeze(1)
            parts[-1] = where(there, parts[-1], h)
            if mode == "lstm":
                parts[-2] = where(there, parts[-2], extra)
        h = parts[-1]
        extra = parts[-2] if mode == "lstm" else extra
        found[t] = parts
    return [found[t] for t in range(x.shape[0])]


def _joined(pieces: Sequence[Any]) -> Any:
    """Tensors of one shape, one behind the other along a new first axis."""
    rows = [piece.reshape((1, *piece.shape)) for piece in pieces]
    return apply(_CONCAT, rows, (0,)) if len(rows) > 1 else rows[0]


def _decompose(x: Any, w: Any, h: Any, *rest: Any) -> Any:
    *operands, mode, reverse = rest
    steps = unroll(x, w, h, *_operands(mode, operands), mode, reverse)
    parts = CELLS[mode].parts
    pieces = [step[s] for s in range(parts) for step in steps]
    return _joined(pieces).reshape((parts, x.shape[0], *h.shape))


def _decompose_grad(g: Any, gc: Any, stored: Any, w: Any, h0: Any, *rest: Any) -> Any:
    *operands, mode, reverse = rest
    cell = CELLS[mode]
    extra, lengths = _operands(mode, operands)
    steps = g.shape[0]
    dh, dc = zeros(h0.shape, h0), gc
    found: dict[int, Any] = {}
    for t in _order(steps, not reverse):
        parts = [_at(_at(stored, s), t) for s in range(cell.parts)]
        last = t - 1 if not reverse else t + 1
        inside = 0 <= last < steps
        h = _at(_at(stored, cell.parts - 1), last) if inside else h0
        c = extra
        if mode == "lstm" and inside:
            c = _at(_at(stored, cell.parts - 2), last)
        total = dh + _at(g, t)
        dx, da, kept, dc_new = cell.backward(total, dc, parts, h, c)
        through, product = (apply(_CONCAT, d, (1,)) if len(d) > 1 else d[0] for d in (dx, da))
        there = None if lengths is None else (lengths > t).unsqueeze(1)
        if there is not None:
            product = where(there, product, zeros(product.shape, product))
            through = where(there, through, zeros(through.shape, through))
            kept = where(there, zeros(total.shape, total) if kept is None else kept, total)
            dc_new = None if dc_new is None else where(there, dc_new, dc)
        dh = apply(_DOT, (product, w))
        dh = dh if kept is None else dh + kept
        dc = dc if dc_new is None else dc_new
        found[t] = through
    first = [dh, dc] if mode == "lstm" else [dh]
    missing = cell.gates - len(first)
    first += [zeros(dh.shape, dh)] * missing
    pieces = [found[t] for t in range(steps)]
    return _joined([*pieces, apply(_CONCAT, first, (1,)) if len(first) > 1 else first[0]])


# Shape rules and references


def _infer(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    x, w, h, *_ = specs
    mode, _ = attrs
    cell = CELLS[mode]
    batch, units = h.shape
    wide = cell.gates * units
    if x.shape[1:] != (batch, wide) or w.shape != (wide, units) or not x.shape[0]:
        raise RuntimeError(f"recurrence: {x}, {w} and {h} do not fit together for {mode}")
    return Spec((cell.parts, x.shape[0], batch, units), x.dtype)


def _infer_grad(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
    g, gc, stored, _, h, *_ = specs
    cell = CELLS[attrs[0]]
    if stored.shape != (cell.parts, *g.shape) or gc.shape != h.shape or g.shape[1:] != h.shape:
        raise RuntimeError(f"recurrence_grad: {g}, {gc}, {stored} and {h} do not fit together")
    return Spec((g.shape[0] + 1, g.shape[1], cell.gates * g.shape[2]), g.dtype)


def _sigmoid(x: Any) -> Any:
    return 0.5 * np.tanh(0.5 * x) + 0.5


def _reference_step(mode: str, x: Any, a: Any, h: Any, extra: Any) -> list[Any]:
    if mode == "lstm":
        i, f, g, o = np.split(x + a, 4, axis=1)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        c = f * extra + i * g
        return [i, f, g, o, c, o * np.tanh(c)]
    if mode == "gru":
        (xr, xz, xn), (ar, az, an) = np.split(x, 3, axis=1), np.split(a, 3, axis=1)
        r, z = _sigmoid(xr + ar), _sigmoid(xz + az)
        n = np.tanh(xn + r * (an + extra))
        return [r, z, n, an + extra, (1 - z) * n + z * h]
    y = x + a
    return [np.tanh(y) if mode == "tanh" else np.maximum(y, 0)]


def _reference(x: Any, w: Any, h: Any, *rest: Any) -> Any:
    *operands, mode, reverse = rest
    extra, lengths = _operands(mode, operands)
    out = np.zeros((CELLS[mode].parts, x.shape[0], *h.shape), x.dtype)
    for t in _order(x.shape[0], reverse):
        parts = _reference_step(mode, x[t], h @ w.T, h, extra)
        if lengths is not None:
            there = (lengths > t)[:, None]
            parts[-1] = np.where(there, parts[-1], h)
            if mode == "lstm":
                parts[-2] = np.where(there, parts[-2], extra)
        h = parts[-1]
        extra = parts[-2] if mode == "lstm" else extra
        out[:, t] = parts
    return out


def _reference_grad(g: Any, gc: Any, stored: Any, w: Any, h0: Any, *rest: Any) -> Any:
    *operands, mode, reverse = rest
    extra, lengths = _operands(mode, operands)
    steps, batch, units = g.shape
    out = np.zeros((steps + 1, batch, w.shape[0]), g.dtype)
    dh, dc = np.zeros_like(h0), gc
    for t in _order(steps, not reverse):
        last = t + 1 if reverse else t - 1
        inside = 0 <= last < steps
        h = stored[-1, last] if inside else h0
        total, before = dh + g[t], dc
        kept: Any = 0
        if mode == "lstm":
            i, f, gate, o, c, _ = stored[:, t]
            s = np.tanh(c)
            dc = dc + total * o * (1 - s**2)
            c = stored[4, last] if inside else extra
            dx = [dc * gate * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - gate**2)]
            dx.append(total * s * o * (1 - o))
            da, dc = dx, dc * f
        elif mode == "gru":
            r, z, n, m, _ = stored[:, t]
            dn = total * (1 - z) * (1 - n**2)
            dx = [dn * m * r * (1 - r), total * (h - n) * z * (1 - z), dn]
            da, kept = [*dx[:2], dn * r], total * z
        else:
            y = stored[0, t]
            dx = da = [total * ((1 - y**2) if mode == "tanh" else (y > 0))]
        there = np.ones((batch, 1), bool) if lengths is None else (lengths > t)[:, None]
        out[t] = np.where(there, np.concatenate(dx, 1), 0)
        dh = np.where(there, np.concatenate(da, 1), 0) @ w + np.where(there, kept, total)
        dc = np.where(there, dc, before)
    out[steps, :, :units] = dh
    if mode == "lstm":
        out[steps, :, units : 2 * units] = dc
    return out


def _samples(grad: bool) -> tuple[Sample, ...]:
    """Each mode in both directions; 4 steps, 3 sequences, 5 units."""
    found = []
    for mode, cell in CELLS.items():
        wide = cell.gates * 5
        start: list[tuple[int, ...]] = [(4, 3, 5), (3, 5), (cell.parts, 4, 3, 5)]
        shapes = [*(start if grad else [(4, 3, wide)]), (wide, 5), (3, 5)]
        shapes += [(3, 5) if mode == "lstm" else (5,)] * cell.extra
        found += [Sample(tuple(shapes), (mode, reverse), -0.9, 0.9) for reverse in (False, True)]
    return tuple(found)


RECURRENCE = register(
    Operator(
        name="recurrence",
        kind=Kind.COMPOSITE,
        autocast="float32",
        infer=_infer,
        reference=_reference,
        attrs=("mode", "reverse"),
        decompose=_decompose,
        samples=_samples(grad=False),
        errors=(
            WrongCall(
                (Spec((4, 3, 5), float32), Spec((5, 6), float32), Spec((3, 5), float32)),
                ("tanh", False),
                RuntimeError,
                "do not fit together",
            ),
        ),
        doc="Go through all time steps of a recurrent layer, and store what its gradient needs.",
    )
)

RECURRENCE_GRAD = register(
    Operator(
        name="recurrence_grad",
        kind=Kind.COMPOSITE,
        infer=_infer_grad,
        reference=_reference_grad,
        attrs=("mode", "reverse"),
        decompose=_decompose_grad,
        samples=_samples(grad=True),
        errors=(
            WrongCall(
                (
                    Spec((4, 3, 5), float32),
                    Spec((3, 5), float32),
                    Spec((2, 4, 3, 5), float32),
                    Spec((5, 5), float32),
                    Spec((3, 5), float32),
                ),
                ("tanh", False),
                RuntimeError,
                "do not fit together",
            ),
        ),
        doc="The gradients of a recurrent layer's gates at all time steps, and of its first state.",
    )
)
