"""argsort: stable radix sorts of keys that order as the elements do, with their positions.

An element becomes an unsigned key: numbers in order, then NaN; all bits flipped where the order is
descending. The array is seen as (before, n, after) around the sorted axis; a row is one (b, x).
Three forms, by the number and the length of the rows:

* short rows: an item owns some rows, and sorts each by insertion in private memory;
* many rows: an item owns some rows, and sorts each in scratch memory of its own, pass by pass over
  the digits of the keys; a pass in which all digits are equal is left out;
* few long rows: for each digit three launches. Every chunk of a row counts its digits; the counts
  become first places, digit by digit and chunk by chunk; every chunk moves its elements there::

      count    (row, chunk)  -> counts[row][chunk][digit]
      place    (row)         -> the same, as places
      move     (row, chunk)  -> keys and positions, or, with the last digit, the result
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

from portfire import _dtype
from portfire._dtype import DType
from portfire.backend import UnsupportedError

from .context import INDEX_LIMIT, Built, Context, ScratchBinding, finish
from .demand import Entry
from .emit import Emitter
from .indexing import ravel, reindex, text, variable
from .regions import Kernel
from .render import ctype
from .writer import Parameters, Writer

INSERTION = 24  # longest row that is sorted by insertion
NARROW_ROW = 8192  # rows below this are sorted by digits of 8 bits, others of 11
CHUNK = 8192  # elements of a chunk at least
ITEMS_PER_UNIT = 4


@dataclass(frozen=True)
class Keys:
    """What the elements of a dtype become.

    Attributes:
        kind: C type of a key.
        bits: how many of it count.
        binding: the dtype of scratch buffers that hold keys.
    """

    kind: str
    bits: int
    binding: DType


def keys_of(dtype: DType) -> Keys:
    """Return the keys of a dtype; half precision computes in single."""
    if dtype.itemsize == 8:
        return Keys("ulong", 64, _dtype.int64)
    bits = 32 if dtype.is_floating_point else 8 * dtype.itemsize
    return Keys("uint", bits, _dtype.uint32)


_FLOAT_KEY = """\
static {U} {name}({T} v) {{
  {U} k = as_{U}(v + {zero});
  k ^= as_{U}(as_{S}(k) >> {top}) | ({U})({sign});
  k = v == v ? k : ({U})({all});
  return {flip}k;
}}
"""
_INTEGER_KEY = """\
static {U} {name}({T} v) {{
  {U} k = {convert};
  return {flip}(k + ({U})({half})) & ({U})({all});
}}
"""


def key_function(context: Context, dtype: DType, descending: bool, lanes: int = 1) -> str:
    """Return the name of the function from elements to keys; larger keys come later."""
    keys = keys_of(dtype)
    name = f"pf_key_{dtype.name}_{'down' if descending else 'up'}{lanes}"
    if name in context.helpers.texts:
        return name
    n = "" if lanes == 1 else str(lanes)
    kind, unsigned = ctype(dtype, lanes), keys.kind + n
    end = "UL" if keys.bits == 64 else "U"
    bits = 1 if dtype is _dtype.bool_ else keys.bits
    half = 1 << (bits - 1) if dtype.is_signed else 0
    fields = {
        "name": name,
        "T": kind,
        "U": unsigned,
        "S": ("long" if keys.bits == 64 else "int") + n,
        "flip": "~" if descending else "",
        "zero": "0.0" if keys.bits == 64 else "0.0f",
        "top": keys.bits - 1,
        "sign": f"{half}{end}",
        "half": f"{half}{end}",
        "all": f"{(1 << bits) - 1}{end}",
        "convert": f"({unsigned})v" if lanes == 1 else f"CV(v, {unsigned})",
    }
    template = _FLOAT_KEY if dtype.is_floating_point else _INTEGER_KEY
    context.helpers.texts[name] = template.format(**fields)
    return name


class Rows:
    """One launch over the rows of an array that is seen as (before, n, after).

    Its text is about the row ``row``, which is (b, x), and about its element j.
    """

    def __init__(self, context: Context, value: int, axis: int) -> None:
        nodes = context.graph.nodes
        self.context = context
        self.node = nodes[value]
        self.value = value
        self.source = self.node.inputs[0]
        shape = nodes[self.source].shape
        self.dtype = nodes[self.source].dtype
        self.n = shape[axis]
        self.before, self.after = prod(shape[:axis]), prod(shape[axis + 1 :])
        self.rows = self.before * self.after
        if self.n > INDEX_LIMIT:
            raise UnsupportedError(
                f"opencl cannot do {self.node.op} along {self.n} elements for {self.dtype.name}; "
                "use fewer, or another device"
            )
        self.writer, self.params = Writer(), Parameters()
        self.emitter, self.entry = self._emitter(shape)

    def _emitter(self, shape: tuple[int, ...]) -> tuple[Emitter, Entry]:
        walk = self.context.walk()
        view = (self.before, self.n, self.after)
        index = tuple(variable(name, n) for name, n in zip("bjx", view, strict=True))
        entry = walk.need(self.source, reindex(index, view, shape))
        walk.run()
        return self.context.emitter(walk, self.writer, self.params), entry

    @property
    def itype(self) -> str:
        """C type of indices."""
        return self.emitter.itype

    def scratch(self, key: str, dtype: DType, elements: int, kind: str = "") -> str:
        """Return a pointer to scratch memory that the launches of this sort share."""
        binding = ScratchBinding((self.value, key), elements * dtype.itemsize)
        name = self.params.buffer(binding, dtype, write=True)
        return f"((__global {kind}*){name})" if kind else name

    def open_row(self, row: str) -> None:
        """Say which row is meant by the C expression of its number."""
        itype = self.itype
        self.writer.line(f"const {itype} row = {row};")
        self.writer.line(f"const {itype} b = row / {self.after};")
        self.writer.line(f"const {itype} x = row % {self.after};")
        for name in ("row", "b", "x"):
            self.writer.depth_of[name] = self.writer.depth

    def open_blocks(self, items: int) -> None:
        """Open the loop over the rows of an item."""
        block = ceil(self.rows / items)
        self.writer.line(f"const {self.itype} _g = get_global_id(0);")
        last = f"min(_g * {block} + {block}, ({self.itype}){self.rows})"
        self.writer.open(f"for ({self.itype} _r = _g * {block}; _r < {last}; ++_r)", "_r")
        self.open_row("_r")

    def open_elements(self, first: str = "0", last: str = "", step: int = 1) -> None:
        """Open a loop over elements of the row."""
        header = f"for ({self.itype} j = {first}; j < {last or self.n}; j += {step})"
        self.writer.open(header, "j")

    def close_elements(self) -> None:
        """End the loop over elements."""
        self.writer.close()
        self.emitter.forget(self.writer.depth + 1)

    def key(self, descending: bool) -> str:
        """Emit the element at j, and return its key."""
        value = self.emitter.value(self.entry)
        lanes = self.emitter.lanes if value.vec else 1
        name = key_function(self.context, self.dtype, descending, lanes)
        return f"{name}({value.text})"

    def place(self, position: str) -> str:
        """Return the offset in the result of a position in this row."""
        shape = self.node.shape
        n = prod(shape) // self.rows
        offset = ravel(
            (variable("b", self.before), variable("p", n), variable("x", self.after)),
            (self.before, n, self.after),
        )
        return text(offset, {"p": f"(({self.itype})({position}))"})

    def result(self) -> str:
        """Return the pointer to the result."""
        return self.params.buffer(self.value, self.node.dtype, write=True)

    def built(self, items: int, label: str) -> Built:
        """Return the launch."""
        source, bindings = finish(self.params, self.writer.scopes[0])
        return Built(source, bindings, (items,), (1,), label)


def build_argsort(context: Context, kernel: Kernel) -> list[Built]:
    """Return the launches of an argsort."""
    (value,) = kernel.nodes
    axis, descending = context.graph.nodes[value].attrs
    label = context.label(kernel.nodes)
    rows = Rows(context, value, axis)
    units = context.facts.compute_units
    if rows.n <= INSERTION:
        return [_insertion(rows, descending, label)]
    if rows.rows >= 2 * units or rows.n < 2 * CHUNK:
        return [_by_rows(rows, descending, label)]
    return _Chunks(context, value, axis, descending).build(label)


def _items(rows: Rows, work: int) -> int:
    """Return how many items share the rows, given the work of one."""
    units = rows.context.facts.compute_units
    if rows.context.facts.schedule == "gpu":
        return rows.rows
    return max(min(rows.rows, units * ITEMS_PER_UNIT, rows.rows * work // 512), 1)


def _insertion(rows: Rows, descending: bool, label: str) -> Built:
    items = _items(rows, rows.n)
    writer, kind = rows.writer, keys_of(rows.dtype).kind
    rows.open_blocks(items)
    writer.line(f"{kind} k[{rows.n}];")
    writer.line(f"int i[{rows.n}];")
    rows.open_elements()
    writer.line(f"const {kind} _k = {rows.key(descending)};")
    writer.line("int p = j;")
    writer.line("for (; p > 0 && k[p - 1] > _k; --p) { k[p] = k[p - 1]; i[p] = i[p - 1]; }")
    writer.line("k[p] = _k;")
    writer.line("i[p] = j;")
    rows.close_elements()
    writer.line(f"for (int p = 0; p < {rows.n}; ++p) {rows.result()}[{rows.place('p')}] = i[p];")
    writer.close()
    return rows.built(ceil(rows.rows / ceil(rows.rows / items)), label)


def _digit(key: str, shift: str, digit: int) -> str:
    return f"(int)(({key} >> {shift}) & {(1 << digit) - 1})"


def _by_rows(rows: Rows, descending: bool, label: str) -> Built:
    items = _items(rows, 8 * rows.n)
    keys, n = keys_of(rows.dtype), rows.n
    small = n < NARROW_ROW or rows.context.facts.schedule == "gpu"
    digit = 8 if small else 11
    passes, buckets = ceil(keys.bits / digit), 1 << digit
    writer = rows.writer
    all_keys = rows.scratch("keys", keys.binding, 2 * n * items, keys.kind)
    places = rows.scratch("places", _dtype.int32, 2 * n * items)
    rows.open_blocks(items)
    writer.line(f"__global {keys.kind}* k0 = {all_keys} + (size_t)_g * {2 * n};")
    writer.line(f"__global {keys.kind}* k1 = k0 + {n};")
    writer.line(f"__global int* i0 = {places} + (size_t)_g * {2 * n};")
    writer.line(f"__global int* i1 = i0 + {n};")
    writer.line(f"uint h[{passes * buckets}];")
    writer.line(f"for (int d = 0; d < {passes * buckets}; ++d) h[d] = 0;")
    rows.open_elements()
    writer.line(f"const {keys.kind} _k = {rows.key(descending)};")
    writer.line("k0[j] = _k;")
    writer.line("i0[j] = j;")
    for p in range(passes):
        writer.line(f"++h[{p * buckets} + {_digit('_k', str(p * digit), digit)}];")
    rows.close_elements()
    writer.open(f"for (int p = 0; p < {passes}; ++p)")
    writer.line(f"uint* hp = h + p * {buckets};")
    writer.line(f"if (hp[{_digit('k0[0]', f'(p * {digit})', digit)}] == {n}) continue;")
    writer.line("uint sum = 0;")
    writer.line(f"for (int d = 0; d < {buckets}; ++d) {{ uint c = hp[d]; hp[d] = sum; sum += c; }}")
    writer.open(f"for (int j = 0; j < {n}; ++j)")
    writer.line(f"const {keys.kind} _k = k0[j];")
    writer.line(f"const uint t = hp[{_digit('_k', f'(p * {digit})', digit)}]++;")
    writer.line("k1[t] = _k;")
    writer.line("i1[t] = i0[j];")
    writer.close()
    writer.line(f"__global {keys.kind}* k = k0; k0 = k1; k1 = k;")
    writer.line("__global int* i = i0; i0 = i1; i1 = i;")
    writer.close()
    writer.line(f"for (int p = 0; p < {n}; ++p) {rows.result()}[{rows.place('p')}] = i0[p];")
    writer.close()
    return rows.built(ceil(rows.rows / ceil(rows.rows / items)), label)


class _Chunks:
    """The launches for few long rows."""

    def __init__(self, context: Context, value: int, axis: int, descending: bool) -> None:
        self.subject = (context, value, axis)
        self.descending = descending
        rows = self._rows()
        self.n, self.rows = rows.n, rows.rows
        self.keys = keys_of(rows.dtype)
        gpu = context.facts.schedule == "gpu"
        wanted = context.facts.compute_units * (32 if gpu else ITEMS_PER_UNIT)
        chunks = max(min(ceil(wanted / self.rows), self.n // CHUNK), 1)
        self.length = ceil(self.n / chunks)
        self.chunks = ceil(self.n / self.length)
        self.digit = 8 if gpu else 11
        self.passes = ceil(self.keys.bits / self.digit)
        self.buckets = 1 << self.digit

    def build(self, label: str) -> list[Built]:
        """Return all launches."""
        built = []
        for p in range(self.passes):
            built += [
                self._count(p, f"count of {label}"),
                self._place(p, f"place of {label}"),
                self._move(p, label if p == self.passes - 1 else f"move of {label}"),
            ]
        return built

    def _rows(self) -> Rows:
        return Rows(*self.subject)

    def _keys(self, rows: Rows, number: int) -> str:
        kind, size = self.keys.binding, self.rows * self.n
        return rows.scratch(f"keys{number % 2}", kind, size, self.keys.kind)

    def _positions(self, rows: Rows, number: int) -> str:
        return rows.scratch(f"places{number % 2}", _dtype.int32, self.rows * self.n)

    def _counts(self, rows: Rows, p: int) -> str:
        size = self.rows * self.chunks * self.buckets
        return rows.scratch("counts", _dtype.uint32, size)

    def _open_chunk(self, rows: Rows) -> None:
        writer, itype = rows.writer, rows.itype
        writer.line(f"const {itype} _g = get_global_id(0);")
        writer.open("")
        rows.open_row(f"_g / {self.chunks}")
        writer.line(f"const {itype} _c = _g % {self.chunks};")
        writer.line(f"const {itype} _lo = _c * {self.length};")
        writer.line(f"const {itype} _hi = min(_lo + {self.length}, ({itype}){self.n});")
        writer.line(f"uint h[{self.buckets}];")

    def _count(self, p: int, label: str) -> Built:
        rows = self._rows()
        writer = rows.writer
        self._open_chunk(rows)
        keys = self._keys(rows, p)
        writer.line(f"for (int d = 0; d < {self.buckets}; ++d) h[d] = 0;")
        writer.line(f"__global {self.keys.kind}* k = {keys} + (size_t)row * {self.n};")
        rows.open_elements("_lo", "_hi")
        writer.line(
            f"const {self.keys.kind} _k = {rows.key(self.descending) if not p else 'k[j]'};"
        )
        if not p:
            writer.line("k[j] = _k;")
        writer.line(f"++h[{_digit('_k', str(p * self.digit), self.digit)}];")
        rows.close_elements()
        counts = self._counts(rows, p)
        writer.line(f"__global uint* c = {counts} + (size_t)_g * {self.buckets};")
        writer.line(f"for (int d = 0; d < {self.buckets}; ++d) c[d] = h[d];")
        writer.close()
        return rows.built(self.rows * self.chunks, label)

    def _place(self, p: int, label: str) -> Built:
        rows = self._rows()
        writer, size = rows.writer, self.chunks * self.buckets
        counts = self._counts(rows, p)
        writer.line(f"__global uint* c = {counts} + get_global_id(0) * {size};")
        writer.line("uint sum = 0;")
        writer.open(f"for (int d = 0; d < {self.buckets}; ++d)")
        writer.open(f"for (int i = d; i < {size}; i += {self.buckets})")
        writer.line("const uint t = c[i];")
        writer.line("c[i] = sum;")
        writer.line("sum += t;")
        writer.close()
        writer.close()
        return rows.built(self.rows, label)

    def _move(self, p: int, label: str) -> Built:
        rows = self._rows()
        writer, last = rows.writer, p == self.passes - 1
        self._open_chunk(rows)
        counts = self._counts(rows, p)
        writer.line(f"__global const uint* c = {counts} + (size_t)_g * {self.buckets};")
        writer.line(f"for (int d = 0; d < {self.buckets}; ++d) h[d] = c[d];")
        start = f"(size_t)row * {self.n}"
        keys = self._keys(rows, p)
        writer.line(f"__global const {self.keys.kind}* k = {keys} + {start};")
        if p:
            writer.line(f"__global const int* i = {self._positions(rows, p)} + {start};")
        if not last:
            writer.line(f"__global {self.keys.kind}* kn = {self._keys(rows, p + 1)} + {start};")
            writer.line(f"__global int* in = {self._positions(rows, p + 1)} + {start};")
        rows.open_elements("_lo", "_hi")
        writer.line(f"const {self.keys.kind} _k = k[j];")
        writer.line(f"const uint t = h[{_digit('_k', str(p * self.digit), self.digit)}]++;")
        old = "i[j]" if p else "j"
        if last:
            writer.line(f"{rows.result()}[{rows.place('t')}] = {old};")
        else:
            writer.line("kn[t] = _k;")
            writer.line(f"in[t] = {old};")
        rows.close_elements()
        writer.close()
        return rows.built(self.rows * self.chunks, label)
