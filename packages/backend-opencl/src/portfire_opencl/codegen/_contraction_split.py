"""Offsets that are a sum of one part per index, and copying panels through them.

The offset of a convolution's window element is a part that depends on its position plus a part
that depends on its channel and tap. So a panel computes the parts of its neighbors once, finds out
at run time how they lie (one run of memory, two runs, anything), and copies whole vectors where it
can.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from portfire_opencl.codegen._contraction_api import Operand, Split
from portfire_opencl.codegen._contraction_text import MASKS, Element, block, lines, transposed
from portfire_opencl.codegen.indexing import Expr, Term, constant, substitute, text, variables

__all__ = ["SplitPanel", "split_offset"]

_SAMPLE = 256  # values of an index that are looked at for the length of its runs
_WIDEST = 2**31 - 1


def split_offset(
    name: str, offset: Expr, probes: Sequence[str], sizes: Sequence[int]
) -> Split | None:
    """Return an offset in variables ``probes`` (batch, row, column) as a sum of parts, or None.

    Args:
        name: the parameter that the offset is into.
        offset: the offset, in elements.
        probes: the names of the three variables.
        sizes: their extents.
    """
    if offset.hi > _WIDEST:
        return None
    terms: dict[str, list[Term]] = {probe: [] for probe in probes}
    for atom, factor in offset.terms:
        used = variables(Expr(0, ((atom, 1),)))
        if len(used) != 1 or not used <= set(probes):
            return None
        terms[used.pop()].append((atom, factor))
    parts = [Expr(0, tuple(terms[probe])) for probe in probes]
    parts[0] = Expr(offset.const, parts[0].terms)

    def shown(part: Expr, probe: str) -> Callable[[str], str]:
        return lambda index: text(part, {probe: index})

    batch, row, column = (shown(part, probe) for part, probe in zip(parts, probes, strict=True))
    runs = [
        _mean_run(part, probe, size)
        for part, probe, size in zip(parts[1:], probes[1:], sizes[1:], strict=True)
    ]
    return Split(name, batch, row, column, runs[0], runs[1])


def _mean_run(part: Expr, probe: str, size: int) -> float:
    """Return how many successive values of a variable lie side by side, on average."""
    count = min(size, _SAMPLE)
    offsets = [substitute(part, {probe: constant(value)}).const for value in range(count)]
    breaks = sum(offsets[i + 1] - offsets[i] != 1 for i in range(count - 1))
    return count / (breaks + 1)


@dataclass(frozen=True)
class SplitPanel:
    """Copies a panel of an operand whose offset is split; see `_contraction_pack`.

    Attributes:
        split: the parts.
        element: type and lanes.
        extent: neighbors that exist.
        width: neighbors of a panel.
        is_a: whether neighbors are rows (of A) rather than columns (of B).
        depth: text of k's position in the panel.
    """

    split: Split
    element: Element
    extent: int
    width: int
    is_a: bool
    depth: str

    @classmethod
    def fits(cls, operand: Operand, lanes: int) -> bool:
        """Tell whether an operand's panels can be copied this way."""
        return operand.split is not None and operand.strides is None and lanes > 1

    def beside(self, index: str) -> str:
        """Offset of a neighbor."""
        return self.split.row(index) if self.is_a else self.split.column(index)

    def deep(self, index: str) -> str:
        """Offset of a k."""
        return self.split.column(index) if self.is_a else self.split.row(index)

    def copy(self, first: str, end: str) -> str:
        """The panel from k on; ``k`` and ``target`` are declared."""
        one, name = self.element.name, self.split.name
        runs = (self.split.row_run, self.split.column_run)
        across, along = runs if self.is_a else (runs[1], runs[0])
        last = self.extent - 1
        at = f"{first} + l < {last} ? {first} + l : {last}"
        return lines(
            f"__global const {one}* const source = {name} + ({self.split.batch('batch')});",
            f"int place[{self.width}];",
            block(
                f"for (int l = 0; l < {self.width}; l++)",
                f"const int at = {at};",
                f"place[l] = {self.beside('at')};",
            ),
            self._along(end) if along > across and along >= self.element.lanes / 2 else "",
            self._across(end),
        )

    def _runs(self, name: str, table: str) -> list[str]:
        """Find out how the offsets in ``table`` lie: name_kind 0 (a run), 1 (two), 2 (anything)."""
        lanes = self.element.lanes
        mask = f"{MASKS[self.element.name]}{lanes}"
        return [
            f"const int {name}_low = {table}[0], {name}_high = {table}[{lanes - 1}] - {lanes - 1};",
            f"int {name}_one = 1, {name}_two = {name}_high >= {name}_low;",
            block(
                f"for (int l = 0; l < {lanes}; l++)",
                f"const int low = {table}[l] == {name}_low + l;",
                f"{name}_one &= low;",
                f"{name}_two &= low | ({table}[l] == {name}_high + l);",
            ),
            f"const int {name}_kind = {name}_one ? 0 : {name}_two ? 1 : 2;",
            f"const {mask} {name}_first = ({mask})("
            + ", ".join(f"-({table}[{lane}] == {name}_low + {lane})" for lane in range(lanes))
            + ");",
        ]

    def _across(self, end: str) -> str:
        """For each k, vectors of neighbors."""
        lanes, kind = self.element.lanes, self.element.vector()
        vectors = range(self.width // lanes)
        copies = []
        for v in vectors:
            run = f"LD({kind}, from_k + beside{v}_low)"
            second = f"LD({kind}, from_k + beside{v}_high)"
            to = f"to_k + {v * lanes}"
            copies += [
                f"if (beside{v}_kind == 0) ST({kind}, {to}, {run});",
                f"else if (beside{v}_kind == 1) "
                f"ST({kind}, {to}, beside{v}_first ? {run} : {second});",
                f"else for (int l = 0; l < {lanes}; l++) "
                f"({to})[l] = from_k[place[{v * lanes} + l]];",
            ]
        deep = self.deep("k")
        return lines(
            [line for v in vectors for line in self._runs(f"beside{v}", f"(place + {v * lanes})")],
            block(
                f"for (; k < {end}; k++)",
                f"__global const {self.element.name}* const from_k = source + ({deep});",
                f"__global {self.element.name}* const to_k = target + {self.depth} * {self.width};",
                copies,
            ),
        )

    def _along(self, end: str) -> str:
        """For each neighbor, vectors along k, turned in registers."""
        lanes, kind = self.element.lanes, self.element.vector()
        lines_ = [f"line{lane}" for lane in range(lanes)]
        pointer = "source + place[v + {}]"
        turns, names = transposed(lines_, self.element, "turn")

        def reads(load: str) -> list[str]:
            return [
                f"{line} = {load.replace('@', pointer.format(lane))};"
                for lane, line in enumerate(lines_)
            ]

        run = f"LD({kind}, @ + along_low)"
        two = f"along_first ? {run} : LD({kind}, @ + along_high)"
        parts = ", ".join(f"(@)[step[{lane}]]" for lane in range(lanes))
        any_ = f"({kind})({parts})"
        return block(
            f"for (; k + {lanes} <= {end}; k += {lanes})",
            f"int step[{lanes}];",
            block(
                f"for (int l = 0; l < {lanes}; l++)",
                "const int kl = k + l;",
                f"step[l] = {self.deep('kl')};",
            ),
            self._runs("along", "step"),
            block(
                f"for (int v = 0; v < {self.width}; v += {lanes})",
                f"{kind} {', '.join(lines_)};",
                block("if (along_kind == 0)", reads(run)),
                block("else if (along_kind == 1)", reads(two)),
                block("else", reads(any_)),
                turns,
                (
                    f"ST({kind}, target + (({self.depth} + {lane}) * {self.width} + v), {name});"
                    for lane, name in enumerate(names)
                ),
            ),
        )
