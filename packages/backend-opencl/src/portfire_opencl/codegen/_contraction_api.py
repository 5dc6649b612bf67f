"""The interface between the scheduler and the matrix product kernels, as plain data.

The scheduler describes one product
``out[b, i, j] = epilogue(sum over k of A[b, i, k] * B[b, k, j])`` by a `DotSpec`;
`contraction.lower` answers with kernel texts, launches and scratch sizes.

Names in kernel text. A kernel text contains the placeholder ``@NAME@`` where its own name stands
(once); the scheduler names kernels after comparing texts, so equal texts are compiled once. The
parameters of operand A are called ``a0, a1, ...``, of B ``b0, ...``, of the epilogue ``e0, ...``
(the scheduler chose these names); scratch buffers are yours to name, say ``s0, ...``. Identifiers
that the scheduler makes inside statements start with ``_`` or with ``pf_``; yours must not.

The source starts with the scheduler's prelude: typedefs of under-aligned vectors (``float16u`` and
so on for every element type and width) and ``LD(type, pointer)`` / ``ST(type, pointer, value)``:
``LD(float16, a0 + 4)`` reads sixteen floats from any address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from portfire._dtype import DType

__all__ = [
    "DotKernels",
    "DotLaunch",
    "DotSpec",
    "Loaded",
    "Operand",
    "Param",
    "Scratch",
    "Split",
    "Strides",
]


class Param(NamedTuple):
    """A kernel parameter: its declaration, and what the scheduler binds to it (opaque)."""

    declaration: str  # "__global const float* a0"; the last word is the name
    binding: Any


@dataclass(frozen=True, slots=True)
class Scratch:
    """The binding of a scratch buffer: its position in `DotKernels.scratch`."""

    index: int


class Loaded(NamedTuple):
    """An operand's element (or vector): statements to emit first, then the expression."""

    statements: tuple[str, ...]
    value: str


class Strides(NamedTuple):
    """A plain layout: element (b, r, c) is at ``offset + b*batch + r*row + c*column``.

    ``batch`` is None where the batch dims of the operand don't collapse to one stride; then use
    the loader.
    """

    name: str  # the parameter that holds the elements
    offset: int
    batch: int | None
    row: int
    column: int


class Split(NamedTuple):
    """A layout whose offset is a sum: element (b, r, c) is at ``batch(b) + row(r) + column(c)``.

    The functions take the name of an int variable and return C text; the runs are how many
    successive rows (columns) lie side by side, on average.
    """

    name: str  # the parameter that holds the elements
    batch: Callable[[str], str]
    row: Callable[[str], str]
    column: Callable[[str], str]
    row_run: float
    column_run: float


@dataclass(frozen=True)
class Operand:
    """One factor: A is indexed (b, i, k) and B is indexed (b, k, j); call these (b, r, c).

    Attributes:
        params: the parameters that reading needs.
        storage: the element type in memory where ``strides`` is given (float16 is read with
            vload_half); the loader always returns values of the spec's accumulation type.
        strides: where the operand is a strided view of one buffer.
        load: ``load(b, r, c, lanes, along)``: the element at these indices, given as names of int
            variables (or decimal literals); with lanes > 1, a vector of the elements at successive
            r or c (``along`` is "r" or "c"), all of which must exist.
        contiguous: "r", "c" or "" : along which of its dims vector loads are cheap.
        split: where the operand is one buffer of the accumulation type, read at a sum of offsets.
    """

    params: tuple[Param, ...]
    storage: DType
    strides: Strides | None
    load: Callable[[str, str, str, int, str], Loaded]
    contiguous: str
    split: Split | None = None


@dataclass(frozen=True)
class DotSpec:
    """One batched product with its epilogue.

    Attributes:
        batch: number of matrices (batch dims collapsed; 1 if there are none).
        m, n, k: sizes; none of batch, m and n is 0, k may be.
        dtype: element type of the product.
        accumulate: type of the accumulators and of the loaded values (float32 for float16).
        a, b: the factors.
        epilogue: ``epilogue(b, i, j, value, lanes)``: the statements that finish and store the
            results at row i and columns j to j+lanes-1, all of which exist; b, i and j are names of
            int variables, value a name (or a primary expression) of the accumulation type.
        epilogue_params: the parameters that the epilogue needs.
        epilogue_cost: number of its statements, to weigh unrolling.
    """

    batch: int
    m: int
    n: int
    k: int
    dtype: DType
    accumulate: DType
    a: Operand
    b: Operand
    epilogue: Callable[[str, str, str, str, int], Sequence[str]]
    epilogue_params: tuple[Param, ...]
    epilogue_cost: int = 1


class DotLaunch(NamedTuple):
    """One call of kernel number ``kernel``; bindings come from params, or are `Scratch`."""

    kernel: int
    bindings: tuple[Any, ...]
    global_size: tuple[int, ...]
    local_size: tuple[int, ...] | None
    label: str = "dot"


@dataclass(frozen=True)
class DotKernels:
    """The answer: kernel texts with ``@NAME@``, launches in order, bytes of each scratch buffer."""

    kernels: tuple[str, ...]
    launches: tuple[DotLaunch, ...]
    scratch: tuple[int, ...] = ()


# contraction.py provides:  def lower(spec: DotSpec, facts: DeviceFacts) -> DotKernels
# Helper functions that loaders and epilogues call are put before all kernels by the scheduler.
