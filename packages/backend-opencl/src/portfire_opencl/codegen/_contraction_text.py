"""Pieces of OpenCL C that all matrix product kernels share."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from portfire._dtype import DType
from portfire_opencl.codegen._contraction_api import Operand, Param, Strides

__all__ = [
    "ALONE",
    "C_NAMES",
    "HEX",
    "INT_LIMIT",
    "MASKS",
    "WHERE",
    "Element",
    "block",
    "fold",
    "kernel",
    "lines",
    "origin",
    "shared_by_batches",
    "scalar_loop",
    "transposed",
]

C_NAMES = {
    "uint8": "uchar",
    "int8": "char",
    "int16": "short",
    "int32": "int",
    "uint32": "uint",
    "int64": "long",
    "float32": "float",
    "float64": "double",
}
HEX = "0123456789abcdef"
# The signed integer type as wide as an element, for masks.
MASKS = {
    "uchar": "char",
    "char": "char",
    "short": "short",
    "int": "int",
    "uint": "int",
    "long": "long",
    "float": "int",
    "double": "long",
}
INT_LIMIT = 2**31 - 1
ALONE = (1, 1, 1)
WHERE = (
    "const int batch = (int)get_global_id(2);",
    "const int panel = (int)get_global_id(1);",
    "const int part = (int)get_global_id(0);",
)


@dataclass(frozen=True, slots=True)
class Element:
    """The type that a kernel accumulates in, and the lanes of its vectors."""

    name: str
    lanes: int

    @classmethod
    def of(cls, dtype: DType, vector: int) -> Element:
        """Return the element for a dtype on a device with that many float lanes."""
        lanes = vector if dtype.itemsize <= 4 else vector // 2
        return cls(C_NAMES[dtype.name], max(1, lanes))

    def vector(self, lanes: int | None = None) -> str:
        """Return the name of the type with that many lanes (the element's own if not given)."""
        count = self.lanes if lanes is None else lanes
        return self.name if count == 1 else f"{self.name}{count}"


def lines(*parts: str | Iterable[str]) -> str:
    """Join pieces of text, one to a line."""
    flat: list[str] = []
    for part in parts:
        flat.extend([part] if isinstance(part, str) else part)
    return "\n".join(text for text in flat if text)


def block(head: str, *body: str | Iterable[str]) -> str:
    """Return ``head { body }`` with the body indented."""
    return f"{head} {{\n{textwrap.indent(lines(*body), '    ')}\n}}"


def kernel(
    params: Sequence[Param], extra: Sequence[str], group: Sequence[int], *body: str | Iterable[str]
) -> str:
    """Return a kernel's text; ``extra`` are declarations of scratch parameters."""
    declared = ",\n    ".join([param.declaration for param in params] + list(extra))
    size = ", ".join(str(count) for count in group)
    head = f"__kernel __attribute__((reqd_work_group_size({size})))\nvoid @NAME@(\n    {declared})"
    return block(head, *body) + "\n"


def scalar_loop(
    operand: Operand,
    element: Element,
    target: str,
    count: str,
    inside: str,
    indices: tuple[str, str, str],
) -> str:
    """Fill ``target[0..count)`` by single loads where ``inside`` holds, by zeros elsewhere.

    ``indices`` and ``inside`` are text in terms of the loop variable ``lane``.
    """
    batch, row, column = indices
    loaded = operand.load(batch, "load_r", "load_c", 1, "c")
    return block(
        f"for (int lane = 0; lane < {count}; lane++)",
        f"{element.name} single = 0;",
        block(
            f"if ({inside})",
            f"const int load_r = {row}, load_c = {column};",
            loaded.statements,
            f"single = {loaded.value};",
        ),
        f"({target})[lane] = single;",
    )


def _swizzle(first: Sequence[str], kind: str, name: str) -> str:
    return f"const {kind} {name} = ({kind})({', '.join(first)});"


def transposed(names: Sequence[str], element: Element, prefix: str) -> tuple[list[str], list[str]]:
    """Transpose as many vectors as they have lanes; return statements and the new names.

    Each round interleaves vector i with vector i + half: a rotation of the element's address by one
    bit, so as many rounds as a lane number has bits exchange vector and lane.
    """
    lanes = len(names)
    kind = element.vector(lanes)
    statements: list[str] = []
    current = list(names)
    for turn in range(lanes.bit_length() - 1):
        following: list[str] = []
        for i in range(lanes // 2):
            low, high = current[i], current[i + lanes // 2]
            for half in range(2):
                name = f"{prefix}{turn}_{2 * i + half}"
                start = half * lanes // 2
                parts = [
                    f"{vector}.s{HEX[start + lane]}"
                    for lane in range(lanes // 2)
                    for vector in (low, high)
                ]
                statements.append(_swizzle(parts, kind, name))
                following.append(name)
        current = following
    return statements, current


def fold(names: Sequence[str], element: Element, prefix: str) -> tuple[list[str], list[str]]:
    """Sum the lanes of each vector; return statements and names that hold the sums in order.

    Two vectors become one by adding the halves of their runs of lanes, until each run is one lane
    long. With fewer vectors than lanes the last one is halved in itself. The number of vectors and
    of lanes are powers of two.
    """
    lanes = run = element.lanes
    statements: list[str] = []
    current = list(names)
    turn = 0
    while run > 1 and len(current) > 1:
        following = []
        for i in range(0, len(current), 2):
            name = f"{prefix}{turn}_{i // 2}"
            halves = [
                [
                    f"{vector}.s{HEX[start + half * run // 2 + lane]}"
                    for vector in current[i : i + 2]
                    for start in range(0, lanes, run)
                    for lane in range(run // 2)
                ]
                for half in range(2)
            ]
            kind = element.vector()
            low, high = (f"({kind})({', '.join(half)})" for half in halves)
            statements.append(f"const {kind} {name} = {low} + {high};")
            following.append(name)
        current = following
        run //= 2
        turn += 1
    width = lanes
    while run > 1:
        name = f"{prefix}{turn}_0"
        kind = element.vector(width // 2)
        even, odd = (
            ", ".join(
                f"{current[0]}.s{HEX[start + half * run // 2 + lane]}"
                for start in range(0, width, run)
                for lane in range(run // 2)
            )
            for half in range(2)
        )
        statements.append(f"const {kind} {name} = ({kind})({even}) + ({kind})({odd});")
        current = [name]
        width //= 2
        run //= 2
        turn += 1
    return statements, current


def shared_by_batches(operand: Operand) -> bool:
    """Tell whether all batches are known to use the same matrix."""
    if operand.strides is not None:
        return operand.strides.batch == 0
    split = operand.split
    return split is not None and split.batch("first") == split.batch("second")


def origin(strides: Strides | None, batch: str) -> str:
    """Return the address of the first element of a matrix that is read in place."""
    if strides is None or strides.batch is None:
        raise ValueError("an operand that is read in place needs strides")
    text = strides.name
    if strides.offset:
        text += f" + {strides.offset}L"
    if strides.batch:
        text += f" + (long){batch} * {strides.batch}"
    return text
