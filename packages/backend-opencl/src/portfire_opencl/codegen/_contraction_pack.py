"""Copying a factor of a matrix product into panels: for each k, the neighbors of a tile together.

Three ways, by where neighbors lie in memory: along the panel's width (vectors as they are), along
k (blocks transposed in registers), nowhere (one by one). Beyond the edge panels hold zeros. The
factor is read through its loader, so whatever was fused into it happens here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from portfire_opencl.codegen._contraction_api import DotSpec, Operand
from portfire_opencl.codegen._contraction_split import SplitPanel
from portfire_opencl.codegen._contraction_text import (
    ALONE,
    WHERE,
    Element,
    block,
    kernel,
    lines,
    scalar_loop,
    transposed,
)

__all__ = ["pack_kernel", "pack_step", "panel"]

_PACK_ITEMS = 16  # work-items that share the packing of one panel at most
_PACK_STEP = 64  # values of k per packing item at least


def pack_step(k: int) -> int:
    """Return how many values of k one packing item copies."""
    return max(_PACK_STEP, -(-k // (_PACK_ITEMS * _PACK_STEP)) * _PACK_STEP)


def pack_kernel(
    spec: DotSpec, operand: Operand, element: Element, extent: int, width: int, is_a: bool
) -> str:
    """Return the kernel that copies all of an operand into panels of ``width``."""
    step = pack_step(spec.k)
    count = -(-extent // width)
    return kernel(
        operand.params,
        (f"__global {element.name}* panels",),
        ALONE,
        WHERE,
        f"const int first = panel * {width};",
        f"const int start = part * {step};",
        f"const int end = start + {step} < {spec.k} ? start + {step} : {spec.k};",
        f"__global {element.name}* const target = "
        f"panels + ((size_t)batch * {count} + panel) * {spec.k * width};",
        panel(operand, element, extent, width, is_a, "first", ("0", "start", "end")),
    )


def split_panel(
    operand: Operand, element: Element, extent: int, width: int, is_a: bool, depth: str
) -> SplitPanel:
    """Return the panel of an operand whose offset is split."""
    if operand.split is None:
        raise ValueError("the operand's offset is not split")
    lanes = math.gcd(width, element.lanes)
    return SplitPanel(operand.split, Element(element.name, lanes), extent, width, is_a, depth)


def panel(
    operand: Operand,
    element: Element,
    extent: int,
    width: int,
    is_a: bool,
    first: str,
    bounds: tuple[str, str, str],
) -> str:
    """Return a block that copies part of a panel to the pointer ``target``.

    ``first`` names the panel's first row or column; ``bounds`` are the k that lies at ``target``,
    the k to start with, and the k to end before.
    """
    base, start, end = bounds
    depth = "k" if base == "0" else f"(k - {base})"
    lanes = math.gcd(width, element.lanes)
    if SplitPanel.fits(operand, lanes):
        split = split_panel(operand, element, extent, width, is_a, depth)
        return block("", f"int k = {start};", split.copy(first, end))
    one = _Panel(operand, element, extent, width, is_a, first, end, depth, lanes)
    across, along = ("r", "c") if is_a else ("c", "r")
    if lanes > 1 and operand.contiguous == across and lanes <= extent:
        copy = one.straight()
    elif lanes > 1 and operand.contiguous == along:
        copy = one.turned()
    else:
        copy = one.single()
    return block("", f"int k = {start};", copy)


@dataclass(frozen=True)
class _Panel:
    """One panel's description; each method is one way to copy it, from k to ``end``."""

    operand: Operand
    element: Element
    extent: int
    width: int
    is_a: bool
    first: str
    end: str
    depth: str
    lanes: int

    def order(self, beside: str) -> tuple[str, str]:
        """Return (row, column) of an element: A's panels run down its rows, B's along columns."""
        return (beside, "k") if self.is_a else ("k", beside)

    def single(self) -> str:
        """Element by element."""
        copy = self.some("0", self.width)
        return block(f"for (; k < {self.end}; k++)", copy)

    def some(self, start: str, count: int) -> str:
        """One k, ``count`` neighbors from ``start``, each on its own."""
        row, column = self.order(f"{self.first} + {start} + lane")
        inside = f"{self.first} + {start} + lane < {self.extent}"
        target = f"target + {self.depth} * {self.width} + {start}"
        return scalar_loop(
            self.operand, self.element, target, str(count), inside, ("batch", row, column)
        )

    def straight(self) -> str:
        """Neighbors lie side by side: vectors as they are. A vector starts at a multiple of its
        lanes, which loaders may use.
        """
        kind = self.element.vector(self.lanes)
        row, column = self.order("at")
        loaded = self.operand.load("batch", row, column, self.lanes, "r" if self.is_a else "c")
        target = f"target + ({self.depth} * {self.width} + v)"
        body = block("", loaded.statements, f"ST({kind}, {target}, {loaded.value});")
        if self.extent % self.width:
            rest = block("else", self.some("v", self.lanes))
            body = f"if (at + {self.lanes} <= {self.extent}){body}\n{rest}"
        return block(
            f"for (; k < {self.end}; k++)",
            block(
                f"for (int v = 0; v < {self.width}; v += {self.lanes})",
                f"const int at = {self.first} + v;",
                body,
            ),
        )

    def turned(self) -> str:
        """Successive k lie side by side: square blocks, transposed in registers.

        Beyond the edge the last row or column is repeated: what is computed from it is not stored.
        """
        lanes, kind = self.lanes, self.element.vector(self.lanes)
        loads: list[str] = []
        for lane in range(lanes):
            place = f"at + {lane}"
            if self.extent % self.width:
                place = f"at + {lane} < {self.extent} ? at + {lane} : {self.extent - 1}"
            loads.append(f"const int at{lane} = {place};")
            row, column = self.order(f"at{lane}")
            loaded = self.operand.load("batch", row, column, lanes, "c" if self.is_a else "r")
            loads.append(f"{kind} line{lane};")
            loads.append(block("", loaded.statements, f"line{lane} = {loaded.value};"))
        turns, names = transposed([f"line{lane}" for lane in range(lanes)], self.element, "turn")
        stores = [
            f"ST({kind}, target + (({self.depth} + {lane}) * {self.width} + v), {name});"
            for lane, name in enumerate(names)
        ]
        blocks = block(
            f"for (; k + {lanes} <= {self.end}; k += {lanes})",
            block(
                f"for (int v = 0; v < {self.width}; v += {lanes})",
                f"const int at = {self.first} + v;",
                loads,
                turns,
                stores,
            ),
        )
        return lines(blocks, self.single())
