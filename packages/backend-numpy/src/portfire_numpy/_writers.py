"""Operators that write their result into memory that is given to them.

Each rule gets a program and the position of a step, and returns a function that does the step on a
run's values. The place of the result is among them already.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from portfire.backend._contract import Program
from portfire.ops._record import Shape
from portfire_numpy._blas import multiply
from portfire_numpy._layout import Layout
from portfire_numpy._recurrent import lstm, lstm_grad
from portfire_numpy._threads import share

__all__ = ["RULES", "Writer"]

Array = Any
Values = list[Any]
Writer = Callable[[Values], None]
Rule = Callable[[Program, int, Sequence[Layout]], Writer | None]

ROWS = 1 << 14  # elements that a row-wise operator works on at once


def _copy(program: Program, n: int, where: Sequence[Layout]) -> Writer:
    """A movement that no strides describe: a copy in the order of its source."""
    source = where[program.instructions[n].inputs[0]]

    def run(values: Values) -> None:
        np.copyto(values[n].reshape(source.shape), source.of(values[source.root]))

    return run


def _inside(starts: Shape, sizes: Shape, steps: Shape) -> tuple[slice, ...]:
    return tuple(slice(a, a + n * s, s) for a, n, s in zip(starts, sizes, steps, strict=True))


def _pad(program: Program, n: int, where: Sequence[Layout]) -> Writer:
    step = program.instructions[n]
    source = where[step.inputs[0]]
    low, _, steps = step.attrs
    inside = _inside(low, source.shape, steps)
    # Where only borders are new, they are cleared alone.
    borders = [
        (slice(None),) * axis + (part,)
        for axis, (start, count, total) in enumerate(
            zip(low, source.shape, step.shape, strict=True)
        )
        for part in (slice(0, start), slice(start + count, total))
        if part.start < part.stop
    ]
    spread = any(s > 1 for s in steps)

    def run(values: Values) -> None:
        out = values[n]
        if spread:
            out[...] = 0
        else:
            for border in borders:
                out[border] = 0
        out[inside] = source.of(values[source.root])

    return run


def _slice_update(program: Program, n: int, where: Sequence[Layout]) -> Writer:
    step = program.instructions[n]
    base, source = (where[i] for i in step.inputs)
    starts, sizes, steps = step.attrs
    inside = _inside(starts, sizes, steps)

    def run(values: Values) -> None:
        out = values[n]
        np.copyto(out, base.of(values[base.root]))
        out[inside] = source.of(values[source.root])

    return run


def _concat(program: Program, n: int, where: Sequence[Layout]) -> Writer:
    step = program.instructions[n]
    sources = [where[i] for i in step.inputs]
    (axis,) = step.attrs

    def run(values: Values) -> None:
        arrays = [source.of(values[source.root]) for source in sources]
        np.concatenate(arrays, axis=axis, out=values[n])

    return run


def _dot(program: Program, n: int, where: Sequence[Layout]) -> Writer | None:
    step = program.instructions[n]
    if step.dtype.numpy.itemsize < 4 and step.dtype.is_floating_point:
        return None  # it is computed in another type, so that there is a copy anyway
    x, y = (where[i] for i in step.inputs)

    def run(values: Values) -> None:
        multiply(x.of(values[x.root]), y.of(values[y.root]), values[n])

    return run


def _softmax(x: Array, out: Array, axis: int) -> None:
    np.subtract(x, np.max(x, axis=axis, keepdims=True), out=out)
    np.exp(out, out=out)
    np.divide(out, np.sum(out, axis=axis, keepdims=True), out=out)


def _log_softmax(x: Array, out: Array, axis: int) -> None:
    np.subtract(x, np.max(x, axis=axis, keepdims=True), out=out)
    np.subtract(out, np.log(np.sum(np.exp(out), axis=axis, keepdims=True)), out=out)


def _rows(function: Callable[[Array, Array, int], None]) -> Rule:
    """Make a rule of a function along one axis: all that it needs at once stays in the cache."""

    def rule(program: Program, n: int, where: Sequence[Layout]) -> Writer | None:
        step = program.instructions[n]
        if 0 in step.shape:
            return None
        source = where[step.inputs[0]]
        (axis,) = step.attrs
        shape = (math.prod(step.shape[:axis]), step.shape[axis], math.prod(step.shape[axis + 1 :]))
        least = max(1, ROWS // (shape[1] * shape[2]))

        def run(values: Values) -> None:
            x, out = source.of(values[source.root]).reshape(shape), values[n].reshape(shape)

            def work(first: int, last: int) -> None:
                for start in range(first, last, least):
                    part = slice(start, min(start + least, last))
                    function(x[part], out[part], 1)

            share(work, shape[0], least)

        return run

    return rule


def _recurrence(function: Callable[..., Array]) -> Rule:
    """Make a rule of the LSTM's own loop over time; other cells make their arrays themselves."""

    def rule(program: Program, n: int, where: Sequence[Layout]) -> Writer | None:
        step = program.instructions[n]
        mode, reverse = step.attrs
        if mode != "lstm" or step.dtype.itemsize < 4:
            return None
        sources = [where[i] for i in step.inputs]

        def run(values: Values) -> None:
            arrays = [source.of(values[source.root]) for source in sources]
            function(*arrays, reverse, out=values[n])

        return run

    return rule


RULES: dict[str, Rule] = {
    "concat": _concat,
    "dot": _dot,
    "log_softmax": _rows(_log_softmax),
    "pad": _pad,
    "recurrence": _recurrence(lstm),
    "recurrence_grad": _recurrence(lstm_grad),
    "reshape": _copy,
    "slice_update": _slice_update,
    "softmax": _rows(_softmax),
}
