"""Matrix product kernel for GPUs: tiles of A and B in local memory, a small register tile per item.

A group of ``group x group`` items computes a tile of C; it walks along k in steps of ``group``,
copies a tile of A and one of B into local memory, and every item sums its ``rows x columns``
results from there. An item's results lie ``group`` apart, so that neighbors read and write
neighbors.
"""

from __future__ import annotations

from portfire_opencl.codegen._contraction_api import DotKernels, DotLaunch, DotSpec, Operand
from portfire_opencl.codegen._contraction_plan import Tiling
from portfire_opencl.codegen._contraction_text import Element, block, kernel, lines

__all__ = ["local"]


def local(spec: DotSpec, tiling: Tiling) -> DotKernels:
    """Return the kernel and its launch."""
    element = Element.of(spec.accumulate, 1)
    params = [*spec.a.params, *spec.b.params, *spec.epilogue_params]
    side = tiling.group
    text = kernel(params, (), (side, side, 1), _body(spec, tiling, element))
    size = (
        -(-spec.n // (side * tiling.columns)) * side,
        -(-spec.m // (side * tiling.rows)) * side,
        spec.batch,
    )
    bindings = tuple(param.binding for param in params)
    return DotKernels((text,), (DotLaunch(0, bindings, size, (side, side, 1)),))


def _body(spec: DotSpec, tiling: Tiling, element: Element) -> str:
    side, rows, columns, name = tiling.group, tiling.rows, tiling.columns, element.name
    high, wide = side * rows, side * columns
    steps = -(-spec.k // side)
    sums = [f"{name} sum{r}_{c} = 0;" for r in range(rows) for c in range(columns)]
    products = [
        *(f"const {name} x{r} = tile_a[k][y + {r * side}];" for r in range(rows)),
        *(f"const {name} y{c} = tile_b[k][x + {c * side}];" for c in range(columns)),
        *(f"sum{r}_{c} += x{r} * y{c};" for r in range(rows) for c in range(columns)),
    ]
    stores = [
        block(
            f"if (row + y + {r * side} < {spec.m} && col + x + {c * side} < {spec.n})",
            f"const int i = row + y + {r * side}, j = col + x + {c * side};",
            f"const {name} value = sum{r}_{c};",
            spec.epilogue("batch", "i", "j", "value", 1),
        )
        for r in range(rows)
        for c in range(columns)
    ]
    return lines(
        # One more column keeps items that write down a column in different banks.
        f"__local {name} tile_a[{side}][{high + 1}];",
        f"__local {name} tile_b[{side}][{wide + 1}];",
        "const int batch = (int)get_global_id(2);",
        "const int x = (int)get_local_id(0), y = (int)get_local_id(1);",
        f"const int row = (int)get_group_id(1) * {high}, col = (int)get_group_id(0) * {wide};",
        sums,
        block(
            f"for (int step = 0; step < {steps}; step++)",
            f"const int start = step * {side};",
            _copy(spec.a, element, "tile_a", side, rows, (spec.m, spec.k), True),
            _copy(spec.b, element, "tile_b", side, columns, (spec.n, spec.k), False),
            "barrier(CLK_LOCAL_MEM_FENCE);",
            block(f"for (int k = 0; k < {side}; k++)", products),
            "barrier(CLK_LOCAL_MEM_FENCE);",
        ),
        stores,
    )


def _copy(
    operand: Operand,
    element: Element,
    target: str,
    side: int,
    times: int,
    extents: tuple[int, int],
    is_a: bool,
) -> str:
    """Copy a tile; neighboring items read neighbors in memory, along k or across it."""
    along_k = operand.contiguous == ("c" if is_a else "r")
    k, across = ("x", "y") if along_k else ("y", "x")
    first = "row" if is_a else "col"
    row, column = ("beside", "deep") if is_a else ("deep", "beside")
    loaded = operand.load("batch", row, column, 1, "c")
    return block(
        f"for (int t = 0; t < {side * times}; t += {side})",
        f"const int beside = {first} + {across} + t, deep = start + {k};",
        f"{element.name} single = 0;",
        block(
            f"if (beside < {extents[0]} && deep < {extents[1]})",
            loaded.statements,
            f"single = {loaded.value};",
        ),
        f"{target}[{k}][{across} + t] = single;",
    )
