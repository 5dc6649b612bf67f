"""The cells of recurrent layers as statements: forward and backward for one vector of units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["CELLS", "Cell", "Found", "Words"]

Declare = Callable[[str, str], str]  # name a vector: (name, expression) -> name


class Words(NamedTuple):
    """Constants and functions in the type of a kernel."""

    zero: str
    one: str
    exp: Callable[[str], str]
    tanh: Callable[[str], str]

    def sigmoid(self, x: str) -> str:
        """Return the text of a sigmoid."""
        return f"{self.one} / ({self.one} + {self.exp(f'-({x})')})"


class Found(NamedTuple):
    """Gradients: of what x and the product with h give to each gate, and of the state before.

    ``kept`` is what reaches h by other ways than the product; empty for nothing.
    """

    outer: Sequence[str]
    inner: Sequence[str]
    kept: str = ""
    dc: str = ""


@dataclass(frozen=True)
class Cell:
    """One kind of cell.

    Attributes:
        gates: gates of x.
        parts: what a step stores, h last.
        extra: whether there is one more input.
        forward: ``(declare, words, x, sums, h, extra) -> names of the parts``.
        backward: ``(declare, words, dh, dc, parts, states before) -> Found``.
    """

    gates: int
    parts: int
    extra: bool
    forward: Callable[[Declare, Words, Sequence[str], Sequence[str], str, str], list[str]]
    backward: Callable[[Declare, Words, str, str, Sequence[str], dict[str, str]], Found]


def _lstm(
    declare: Declare, w: Words, x: Sequence[str], a: Sequence[str], h: str, c: str
) -> list[str]:
    i, f, g, o = (f"{p} + {q}" for p, q in zip(x, a, strict=True))
    names = [
        declare("gi", w.sigmoid(i)),
        declare("gf", w.sigmoid(f)),
        declare("gg", w.tanh(g)),
        declare("go", w.sigmoid(o)),
    ]
    cell = declare("cell", f"gf * {c} + gi * gg")
    return [*names, cell, declare("hidden", f"go * {w.tanh(cell)}")]


def _lstm_backward(
    declare: Declare, w: Words, dh: str, dc: str, parts: Sequence[str], before: dict[str, str]
) -> Found:
    i, f, g, o, c, _ = parts
    s = declare("squashed", w.tanh(c))
    d = declare("dcell", f"{dc} + {dh} * {o} * ({w.one} - {s} * {s})")
    gates = [
        declare("di", f"{d} * {g} * {i} * ({w.one} - {i})"),
        declare("df", f"{d} * {before['c']} * {f} * ({w.one} - {f})"),
        declare("dg", f"{d} * {i} * ({w.one} - {g} * {g})"),
        declare("do_", f"{dh} * {s} * {o} * ({w.one} - {o})"),
    ]
    return Found(gates, gates, dc=declare("dbefore", f"{d} * {f}"))


def _gru(
    declare: Declare, w: Words, x: Sequence[str], a: Sequence[str], h: str, b: str
) -> list[str]:
    r = declare("gr", w.sigmoid(f"{x[0]} + {a[0]}"))
    z = declare("gz", w.sigmoid(f"{x[1]} + {a[1]}"))
    m = declare("gm", f"{a[2]} + {b}")
    n = declare("gn", w.tanh(f"{x[2]} + {r} * {m}"))
    return [r, z, n, m, declare("hidden", f"({h} - {n}) * {z} + {n}")]


def _gru_backward(
    declare: Declare, w: Words, dh: str, dc: str, parts: Sequence[str], before: dict[str, str]
) -> Found:
    r, z, n, m, _ = parts
    dn = declare("dn", f"{dh} * ({w.one} - {z}) * ({w.one} - {n} * {n})")
    dr = declare("dr", f"{dn} * {m} * {r} * ({w.one} - {r})")
    dz = declare("dz", f"{dh} * ({before['h']} - {n}) * {z} * ({w.one} - {z})")
    inner = declare("dm", f"{dn} * {r}")
    return Found([dr, dz, dn], [dr, dz, inner], declare("kept", f"{dh} * {z}"))


def _tanh(
    declare: Declare, w: Words, x: Sequence[str], a: Sequence[str], h: str, extra: str
) -> list[str]:
    return [declare("hidden", w.tanh(f"{x[0]} + {a[0]}"))]


def _tanh_backward(
    declare: Declare, w: Words, dh: str, dc: str, parts: Sequence[str], before: dict[str, str]
) -> Found:
    gates = [declare("dy", f"{dh} * ({w.one} - {parts[0]} * {parts[0]})")]
    return Found(gates, gates)


def _relu(
    declare: Declare, w: Words, x: Sequence[str], a: Sequence[str], h: str, extra: str
) -> list[str]:
    y = declare("y", f"{x[0]} + {a[0]}")
    return [declare("hidden", f"{y} < {w.zero} ? {w.zero} : {y}")]


def _relu_backward(
    declare: Declare, w: Words, dh: str, dc: str, parts: Sequence[str], before: dict[str, str]
) -> Found:
    gates = [declare("dy", f"{parts[0]} <= {w.zero} ? {w.zero} : {dh}")]
    return Found(gates, gates)


CELLS = {
    "lstm": Cell(4, 6, True, _lstm, _lstm_backward),
    "gru": Cell(3, 5, True, _gru, _gru_backward),
    "tanh": Cell(1, 1, False, _tanh, _tanh_backward),
    "relu": Cell(1, 1, False, _relu, _relu_backward),
}
