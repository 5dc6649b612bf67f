"""topk: each item goes once through a row (or a piece of one) and keeps the best in order.

Elements become unsigned keys as for sorting. A vector of keys is compared with the worst key that
is kept, and looked at one by one only if some lane beats it; so a long row costs one comparison per
vector. Few long rows are cut into pieces; a second launch chooses among the best of all pieces.
"""

from __future__ import annotations

from math import ceil

from portfire import _dtype

from .context import Built, Context
from .loops import lanes_for
from .regions import Kernel
from .sort import Rows, keys_of

MOST = 64  # largest k; beyond it a sort is faster
PIECE = 4096  # elements of a piece at least
ITEMS_PER_UNIT = 4


def suits(k: int, n: int) -> bool:
    """Tell if choosing is better than sorting."""
    return k <= MOST and 4 * k <= n


def build_topk(context: Context, kernel: Kernel) -> list[Built]:
    """Return the launches of a topk."""
    (value,) = kernel.nodes
    axis, k, largest = context.graph.nodes[value].attrs
    label = context.label(kernel.nodes)
    rows = Rows(context, value, axis)
    wanted = context.facts.compute_units * ITEMS_PER_UNIT
    pieces = max(min(ceil(wanted / rows.rows), rows.n // max(PIECE, 8 * k)), 1)
    if pieces == 1:
        return [_choose(rows, k, largest, label)]
    length = ceil(rows.n / pieces)
    pieces = ceil(rows.n / length)
    first = _pieces(rows, k, largest, length, pieces, f"pieces of {label}")
    return [first, _merge(Rows(context, value, axis), k, pieces, label)]


def _declare(rows: Rows, k: int) -> None:
    kind = keys_of(rows.dtype).kind
    rows.writer.line(f"{kind} best[{k}];")
    rows.writer.line(f"int at[{k}];")
    rows.writer.line("int count = 0;")


def _insert(rows: Rows, key: str, k: int, position: str) -> None:
    """Write the insertion of a key, after all that are as good."""
    rows.writer.open(f"if (count < {k} || {key} > best[{k - 1}])")
    rows.writer.line(f"int p = count < {k} ? count++ : {k - 1};")
    rows.writer.line(
        f"for (; p > 0 && best[p - 1] < {key}; --p) {{ best[p] = best[p - 1]; at[p] = at[p - 1]; }}"
    )
    rows.writer.line(f"best[p] = {key};")
    rows.writer.line(f"at[p] = {position};")
    rows.writer.close()


def _scalar(rows: Rows, k: int, largest: bool, first: str, last: str) -> None:
    kind = keys_of(rows.dtype).kind
    rows.open_elements(first, last)
    rows.writer.line(f"const {kind} _k = {rows.key(not largest)};")
    _insert(rows, "_k", k, "(int)j")
    rows.close_elements()


def _pass(rows: Rows, k: int, largest: bool, first: str, last: str, size: int) -> None:
    """Write the pass over elements [first, last) of the row, ``size`` of them at most."""
    writer, itype, facts = rows.writer, rows.itype, rows.context.facts
    lanes = lanes_for(size, facts.vector if facts.schedule == "cpu" else 1)
    if lanes == 1 or rows.after > 1:
        _scalar(rows, k, largest, first, last)
        return
    start, end = f"min({first} + {ceil(k / lanes) * lanes}, ({itype}){last})", "_end"
    writer.line(f"const {itype} _start = {start};")
    _scalar(rows, k, largest, first, "_start")
    writer.line(f"const {itype} {end} = {last} - ({last} - _start) % {lanes};")
    rows.emitter.lanes, rows.emitter.lane, rows.emitter.aligned = lanes, "j", False
    rows.open_elements("_start", end, lanes)
    kind = keys_of(rows.dtype).kind
    writer.line(f"const {kind}{lanes} _k = {rows.key(not largest)};")
    signed = "long" if kind == "ulong" else "int"
    writer.line(f"const {signed}{lanes} _m{lanes} = _k > best[{k - 1}];")
    n = lanes
    while n > 2:
        n //= 2
        writer.line(f"const {signed}{n} _m{n} = _m{2 * n}.lo | _m{2 * n}.hi;")
    writer.open("if (_m2.s0 | _m2.s1)")
    writer.line(f"{kind} _e[{lanes}];")
    for lane in range(lanes):
        writer.line(f"_e[{lane}] = _k.s{lane:x};")
    writer.open(f"for (int _l = 0; _l < {lanes}; ++_l)")
    _insert(rows, "_e[_l]", k, "(int)j + _l")
    writer.close()
    writer.close()
    rows.close_elements()
    rows.emitter.lanes, rows.emitter.lane = 1, ""
    _scalar(rows, k, largest, end, last)


def _choose(rows: Rows, k: int, largest: bool, label: str) -> Built:
    facts = rows.context.facts
    items = min(rows.rows, facts.compute_units * ITEMS_PER_UNIT)
    items = rows.rows if facts.schedule == "gpu" else max(min(items, rows.rows * rows.n // 512), 1)
    rows.open_blocks(items)
    _declare(rows, k)
    _pass(rows, k, largest, "0", str(rows.n), rows.n)
    rows.writer.line(f"for (int p = 0; p < {k}; ++p) {rows.result()}[{rows.place('p')}] = at[p];")
    rows.writer.close()
    return rows.built(ceil(rows.rows / ceil(rows.rows / items)), label)


def _kept(rows: Rows, k: int, pieces: int) -> tuple[str, str]:
    keys, size = keys_of(rows.dtype), rows.rows * pieces * k
    best = rows.scratch("best", keys.binding, size, keys.kind)
    return best, rows.scratch("at", _dtype.int32, size)


def _pieces(rows: Rows, k: int, largest: bool, length: int, pieces: int, label: str) -> Built:
    writer, itype = rows.writer, rows.itype
    best, at = _kept(rows, k, pieces)
    writer.line(f"const {itype} _g = get_global_id(0);")
    writer.open("")
    rows.open_row(f"_g / {pieces}")
    writer.line(f"const {itype} _lo = _g % {pieces} * {length};")
    writer.line(f"const {itype} _hi = min(_lo + {length}, ({itype}){rows.n});")
    _declare(rows, k)
    _pass(rows, k, largest, "_lo", "_hi", length)
    writer.open(f"for (int p = 0; p < {k}; ++p)")
    # A short last piece may have fewer: what is missing is marked by a position of -1.
    writer.line(f"{best}[_g * {k} + p] = p < count ? best[p] : 0;")
    writer.line(f"{at}[_g * {k} + p] = p < count ? at[p] : -1;")
    writer.close()
    writer.close()
    return rows.built(rows.rows * pieces, label)


def _merge(rows: Rows, k: int, pieces: int, label: str) -> Built:
    writer = rows.writer
    best, at = _kept(rows, k, pieces)
    writer.line(f"const {rows.itype} _g = get_global_id(0);")
    writer.open("")
    rows.open_row("_g")
    _declare(rows, k)
    writer.open(f"for (int i = 0; i < {pieces * k}; ++i)")
    writer.line(f"const {keys_of(rows.dtype).kind} _k = {best}[_g * {pieces * k} + i];")
    writer.line(f"const int _i = {at}[_g * {pieces * k} + i];")
    writer.line("if (_i < 0) continue;")
    _insert(rows, "_k", k, "_i")
    writer.close()
    writer.line(f"for (int p = 0; p < {k}; ++p) {rows.result()}[{rows.place('p')}] = at[p];")
    writer.close()
    return rows.built(rows.rows, label)
