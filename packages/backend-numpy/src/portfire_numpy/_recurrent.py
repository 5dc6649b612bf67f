"""Recurrent layers: few calls per time step, and all else for all steps at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from portfire import ops

__all__ = ["RECURRENT", "lstm", "lstm_grad"]

Array = Any


def _wide(arrays: Sequence[Array]) -> list[Array]:
    """Half precision computes in single precision, as on any device."""
    return [a.astype(np.float32) if a.dtype == np.float16 else a for a in arrays]


def _through(name: str, own: Callable[..., Array]) -> Callable[..., Array]:
    """The function of an operator: lstm has one of its own, other cells go by the reference."""

    def run(*arguments: Any) -> Array:
        *arrays, mode, reverse = arguments
        compute = own if mode == "lstm" else ops.lookup(name).reference
        attrs = (reverse,) if mode == "lstm" else (mode, reverse)
        return compute(*_wide(arrays), *attrs).astype(arrays[0].dtype, copy=False)

    return run


def lstm(x: Array, w: Array, h: Array, c: Array, *rest: Any, out: Array | None = None) -> Array:
    """Compute all time steps: four gates, cell and state of each."""
    *lengths, reverse = rest
    steps, (batch, units) = x.shape[0], h.shape
    if out is None:
        out = np.empty((6, steps, batch, units), x.dtype)
    turned = np.ascontiguousarray(w.T)
    # sigmoid(x) = tanh(x / 2) / 2 + 1 / 2, so that one tanh does all gates; the third is a tanh.
    half = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], x.dtype), units)
    lift = np.repeat(np.array([0.5, 0.5, 0.0, 0.5], x.dtype), units)
    gates, product = np.empty((batch, 4 * units), x.dtype), np.empty((batch, units), x.dtype)
    split = gates.reshape(batch, 4, units).transpose(1, 0, 2)
    for t in range(steps - 1, -1, -1) if reverse else range(steps):
        np.matmul(h, turned, out=gates)
        gates += x[t]
        gates *= half
        np.tanh(gates, out=gates)
        gates *= half
        gates += lift
        i, f, g, o, cell, hidden = out[:, t]
        out[:4, t] = split
        np.multiply(f, c, out=cell)
        np.multiply(i, g, out=product)
        cell += product
        np.tanh(cell, out=product)
        np.multiply(o, product, out=hidden)
        if lengths:
            over = lengths[0] <= t
            cell[over], hidden[over] = c[over], h[over]
        h, c = hidden, cell
    return out


def lstm_grad(
    g: Array,
    gc: Array,
    stored: Array,
    w: Array,
    h: Array,
    c: Array,
    *rest: Any,
    out: Array | None = None,
) -> Array:
    """Compute the gradients of all gates, and behind them those of the initial state and cell."""
    *lengths, reverse = rest
    steps, batch, units = g.shape
    if out is None:
        out = np.empty((steps + 1, batch, 4 * units), g.dtype)
    apart = out.reshape(steps + 1, batch, 4, units)
    dh, dc = np.zeros((batch, units), g.dtype), gc.astype(g.dtype)
    factor, squashed = np.empty_like(dc), np.empty_like(dc)
    # Step by step in small arrays: large ones for all steps at once would be new memory each time.
    for t in range(steps) if reverse else range(steps - 1, -1, -1):
        last = t + 1 if reverse else t - 1
        i, f, n, o, cell, _ = stored[:, t]
        before = stored[4, last] if 0 <= last < steps else c
        over = lengths[0] <= t if lengths else None
        dh += g[t]
        kept = None if over is None else (dh[over], dc[over])
        np.tanh(cell, out=squashed)
        _one_minus_square(squashed, factor)
        factor *= o
        factor *= dh
        dc += factor
        for k, (gate, other, d) in enumerate(
            ((i, n, dc), (f, before, dc), (None, i, dc), (o, squashed, dh))
        ):
            if gate is None:
                _one_minus_square(n, factor)
            else:
                np.subtract(1, gate, out=factor)
                factor *= gate
            factor *= other
            np.multiply(factor, d, out=apart[t, :, k])
        dc *= f
        if over is not None:
            out[t, over] = 0
        np.matmul(out[t], w, out=dh)
        if kept is not None:
            dh[over], dc[over] = kept
    apart[steps, :, 0], apart[steps, :, 1], apart[steps, :, 2:] = dh, dc, 0
    return out


def _one_minus_square(x: Array, out: Array) -> None:
    np.multiply(x, x, out=out)
    np.subtract(1, out, out=out)


RECURRENT: dict[str, Callable[..., Array]] = {
    "recurrence": _through("recurrence", lstm),
    "recurrence_grad": _through("recurrence_grad", lstm_grad),
}
