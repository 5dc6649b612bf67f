"""Matrix product kernel for processors where both factors run along k in memory: dot tiles.

Vectors run along k; each accumulator sums one element of the result in its lanes, which are added
at the end. Nothing is packed, so this is the fastest way where few rows would use what was packed.
"""

from __future__ import annotations

from portfire_opencl.codegen._contraction_api import DotKernels, DotLaunch, DotSpec
from portfire_opencl.codegen._contraction_plan import Tiling
from portfire_opencl.codegen._contraction_text import (
    ALONE,
    HEX,
    MASKS,
    WHERE,
    Element,
    block,
    fold,
    kernel,
    lines,
    origin,
)

__all__ = ["dots"]


def dots(spec: DotSpec, tiling: Tiling) -> DotKernels:
    """Sums along k in vectors, for factors that both run along k in memory."""
    element = Element(Element.of(spec.accumulate, 1).name, tiling.lanes)
    params = [*spec.a.params, *spec.b.params, *spec.epilogue_params]
    text = kernel(params, (), ALONE, _dots_body(spec, tiling, element))
    tiles = -(-spec.m // tiling.rows)
    size = (-(-tiles // tiling.tiles_per_item), -(-spec.n // tiling.columns), spec.batch)
    bindings = tuple(param.binding for param in params)
    return DotKernels((text,), (DotLaunch(0, bindings, size, ALONE),))


def _dots_body(spec: DotSpec, tiling: Tiling, element: Element) -> str:
    rows, columns = tiling.rows, tiling.columns
    kind, name = element.vector(), element.name
    a, b = spec.a.strides, spec.b.strides
    if a is None or b is None:
        raise ValueError("dot tiles need factors with strides")
    left = [
        _pointer("left", r, "row", spec.m, rows, a.row, origin(a, "batch"), name)
        for r in range(rows)
    ]
    right = [
        _pointer("right", c, "col", spec.n, columns, b.column, origin(b, "batch"), name)
        for c in range(columns)
    ]
    sums = [f"sum{i}" for i in range(rows * columns)]
    statements, totals = fold(sums, element, "fold")
    return lines(
        WHERE,
        f"const int col = panel * {columns};",
        right,
        f"const int last = part * {tiling.tiles_per_item} + {tiling.tiles_per_item};",
        block(
            f"for (int tile = part * {tiling.tiles_per_item}; "
            f"tile < last && tile < {-(-spec.m // rows)}; tile++)",
            f"const int row = tile * {rows};",
            left,
            (f"{kind} {name_} = ({kind})(0);" for name_ in sums),
            _dots_loop(spec.k, rows, columns, element),
            statements,
            _store_dots(spec, tiling, element, totals),
        ),
    )


def _pointer(
    what: str, number: int, first: str, extent: int, width: int, stride: int, origin: str, name: str
) -> str:
    """Declare a pointer to a row of A or a column of B; beyond the edge to the last one."""
    at = f"{first} + {number}"
    if extent % width:
        at = f"({at} < {extent} ? {at} : {extent - 1})"
    return f"__global const {name}* const {what}{number} = {origin} + (long)({at}) * {stride};"


def _dots_loop(k: int, rows: int, columns: int, element: Element) -> str:
    lanes, kind = element.lanes, element.vector()
    loads = [
        *(f"const {kind} x{r} = LD({kind}, left{r} + k);" for r in range(rows)),
        *(f"const {kind} y{c} = LD({kind}, right{c} + k);" for c in range(columns)),
    ]
    products = [
        f"sum{r * columns + c} = x{r} * y{c} + sum{r * columns + c};"
        for r in range(rows)
        for c in range(columns)
    ]
    loop = block(f"for (int k = 0; k < {k - k % lanes}; k += {lanes})", loads, products)
    if k % lanes == 0:
        return loop
    # The last vector overlaps what is summed already: those lanes are made zero on both sides.
    flags = ", ".join("-1" if lane >= lanes - k % lanes else "0" for lane in range(lanes))
    mask = MASKS[element.name]
    loads = [
        *(
            f"const {kind} x{r} = fresh ? LD({kind}, left{r} + {k - lanes}) : ({kind})(0);"
            for r in range(rows)
        ),
        *(
            f"const {kind} y{c} = fresh ? LD({kind}, right{c} + {k - lanes}) : ({kind})(0);"
            for c in range(columns)
        ),
    ]
    rest = block("", f"const {mask}{lanes} fresh = ({mask}{lanes})({flags});", loads, products)
    return lines(loop, rest)


def _keep_totals(totals: list[str], width: int, element: Element) -> list[str]:
    if width == 1:
        return [f"out[{i}] = {name};" for i, name in enumerate(totals)]
    kind = element.vector(width)
    return [f"*({kind}*)(out + {i * width}) = {name};" for i, name in enumerate(totals)]


def _store_dots(spec: DotSpec, tiling: Tiling, element: Element, totals: list[str]) -> str:
    """Run the epilogue on whole rows of a tile from registers; at the edges one by one."""
    rows, columns = tiling.rows, tiling.columns
    width = min(element.lanes, rows * columns // len(totals))
    direct = []
    for r in range(rows):
        first = r * columns % width
        digits = "".join(HEX[first + c] for c in range(columns))
        value = totals[r * columns // width] + (f".s{digits}" if width > 1 else "")
        statements = spec.epilogue("batch", "i", "col", value, columns)
        direct.append(block("", f"const int i = row + {r};", statements))
    edges = [
        f"{first} + {width} <= {extent}"
        for first, width, extent in (("row", rows, spec.m), ("col", columns, spec.n))
        if extent % width
    ]
    if not edges:
        return lines(direct)
    single = block(
        f"for (int r = 0; r < {rows} && row + r < {spec.m}; r++)",
        "const int i = row + r;",
        block(
            f"for (int c = 0; c < {columns} && col + c < {spec.n}; c++)",
            "const int j = col + c;",
            f"const {element.name} value = out[r * {columns} + c];",
            spec.epilogue("batch", "i", "j", "value", 1),
        ),
    )
    return lines(
        block(f"if ({' && '.join(edges)})", direct),
        block(
            "else",
            f"{element.name} out[{rows * columns}] __attribute__((aligned(64)));",
            _keep_totals(totals, width, element),
            single,
        ),
    )
