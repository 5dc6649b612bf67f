"""What becomes of a finished register tile: the epilogue, on whole vectors or at the edges."""

from __future__ import annotations

from portfire_opencl.codegen._contraction_api import DotSpec
from portfire_opencl.codegen._contraction_plan import Tiling
from portfire_opencl.codegen._contraction_text import Element, block, lines

__all__ = ["finish"]

_DIRECT_STATEMENTS = 160  # longer epilogues are written once, in a loop


def finish(spec: DotSpec, tiling: Tiling, element: Element) -> str:
    """Return the statements that run the epilogue on the accumulators ``sum<row>_<vector>``.

    They use ``batch``, ``row`` and ``col``. A short epilogue is written once per accumulator; a
    long one, and tiles at the edges, go through memory and a loop.
    """
    rows, columns, lanes = tiling.rows, tiling.columns, tiling.lanes
    vectors = columns // lanes
    if spec.epilogue_cost * rows * vectors > _DIRECT_STATEMENTS:
        return _through_memory(spec, tiling, element)
    stores = [
        block(
            "",
            f"const int i = row + {r}, j = col + {v * lanes};",
            spec.epilogue("batch", "i", "j", f"sum{r}_{v}", lanes),
        )
        for r in range(rows)
        for v in range(vectors)
    ]
    edges = [
        f"{first} + {width} <= {extent}"
        for first, width, extent in (("row", rows, spec.m), ("col", columns, spec.n))
        if extent % width
    ]
    if not edges:
        return lines(stores)
    otherwise = block("else", _through_memory(spec, tiling, element))
    return lines(block(f"if ({' && '.join(edges)})", stores), otherwise)


def _through_memory(spec: DotSpec, tiling: Tiling, element: Element) -> str:
    rows, columns, lanes = tiling.rows, tiling.columns, tiling.lanes
    kind = element.vector()
    keep = [
        f"*({kind}*)(out + {r * columns + v * lanes}) = sum{r}_{v};"
        for r in range(rows)
        for v in range(columns // lanes)
    ]
    whole = block(
        "",
        f"const {kind} value = *({kind}*)(out + r * {columns} + v * {lanes});",
        spec.epilogue("batch", "i", "j", "value", lanes),
    )
    edge = f" && row + r < {spec.m}" if spec.m % rows else ""
    return lines(
        f"{element.name} out[{rows * columns}] __attribute__((aligned(64)));",
        keep,
        block(
            f"for (int r = 0; r < {rows}{edge}; r++)",
            "const int i = row + r;",
            block(
                f"for (int v = 0; v < {columns // lanes}; v++)",
                f"const int j = col + v * {lanes};",
                f"if (j + {lanes} <= {spec.n}){whole}" if spec.n % columns else whole,
                _lane_by_lane(spec, tiling, element),
            ),
        ),
    )


def _lane_by_lane(spec: DotSpec, tiling: Tiling, element: Element) -> str:
    """What is left of a row at the right edge."""
    columns, lanes = tiling.columns, tiling.lanes
    if spec.n % columns == 0 or lanes == 1:
        return ""
    # A copied panel holds zeros beyond the edge; vectors read in place were moved to the left.
    moved = "0" if tiling.pack_b else f"j - {spec.n - lanes}"
    return block(
        f"else for (int lane = {moved}; lane < {lanes}; lane++)",
        f"const int jj = j + lane - ({moved});",
        f"if (jj >= {spec.n}) break;",
        f"const {element.name} value = out[r * {columns} + v * {lanes} + lane];",
        spec.epilogue("batch", "i", "jj", "value", 1),
    )
