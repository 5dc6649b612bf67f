"""Matrix product kernels for processors: register tiles.

A work-item is a work-group of its own; hot loops contain only loads, products and sums. What is
left over at the edges is computed with the rest (from zeros in panels, from repeated rows in place)
and not stored, so each kernel has one hot loop. Long k is walked in blocks: with a copied panel of
B the blocks are outside and the sums of all row tiles wait in memory, otherwise they are inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from portfire_opencl.codegen._contraction_api import DotKernels, DotLaunch, DotSpec, Scratch
from portfire_opencl.codegen._contraction_pack import pack_kernel, pack_step, panel
from portfire_opencl.codegen._contraction_plan import Tiling
from portfire_opencl.codegen._contraction_store import finish
from portfire_opencl.codegen._contraction_text import (
    ALONE,
    INT_LIMIT,
    Element,
    block,
    kernel,
    lines,
    origin,
    shared_by_batches,
)

__all__ = ["tile", "zero"]

_LONG_K = 1024  # longer sums are made of blocks
_K_BLOCK = 512
_CACHE_LINE = 64


def zero(spec: DotSpec, _tiling: Tiling) -> DotKernels:
    """A product over no elements: zeros through the epilogue."""
    element = Element.of(spec.accumulate, 1)
    text = kernel(
        spec.epilogue_params,
        (),
        ALONE,
        "const int batch = (int)get_global_id(2);",
        "const int row = (int)get_global_id(0);",
        f"const {element.name} value = 0;",
        block(
            f"for (int col = 0; col < {spec.n}; col++)",
            spec.epilogue("batch", "row", "col", "value", 1),
        ),
    )
    bindings = tuple(param.binding for param in spec.epilogue_params)
    return DotKernels((text,), (DotLaunch(0, bindings, (spec.m, 1, spec.batch), ALONE),))


def tile(spec: DotSpec, tiling: Tiling) -> DotKernels:
    """Register tiles; before them a kernel that packs A, after them one that adds parts of k."""
    return _Tile(spec, tiling).kernels()


@dataclass(frozen=True)
class _Tile:
    """The kernels of one product; properties are sizes, methods are pieces of text."""

    spec: DotSpec
    tiling: Tiling

    @property
    def element(self) -> Element:
        return Element(Element.of(self.spec.accumulate, 1).name, self.tiling.lanes)

    @property
    def tiles(self) -> int:
        return -(-self.spec.m // self.tiling.rows)

    @property
    def panels(self) -> int:
        return -(-self.spec.n // self.tiling.columns)

    @property
    def parts(self) -> int:
        return -(-self.tiles // self.tiling.tiles_per_item)

    @property
    def split_k(self) -> int:
        """K of one split, a multiple of the vector so that loaders may count on it."""
        lanes = self.tiling.lanes
        return -(-self.spec.k // (self.tiling.splits * lanes)) * lanes

    @property
    def blocked(self) -> bool:
        return self.split_k > _LONG_K

    @property
    def a_batches(self) -> int:
        """How many matrices A really is: 1 if all batches share it."""
        return 1 if shared_by_batches(self.spec.a) else self.spec.batch

    @property
    def tile_size(self) -> int:
        return self.tiling.rows * self.tiling.columns

    @property
    def item_size(self) -> int:
        """Elements of an item's own memory: a panel of B, and the sums between blocks."""
        depth = _K_BLOCK if self.blocked else self.split_k
        sums = self.tiling.tiles_per_item * self.tile_size if self.blocked else 0
        size = depth * self.tiling.columns + sums
        return -(-size // _CACHE_LINE) * _CACHE_LINE

    def kernels(self) -> DotKernels:
        spec, tiling, name = self.spec, self.tiling, self.element.name
        texts: list[str] = []
        launches: list[DotLaunch] = []
        scratch: list[int] = []
        params = [*spec.b.params]
        extra: list[tuple[str, Scratch]] = []

        def memory(declaration: str, elements: int) -> None:
            extra.append((declaration, Scratch(len(scratch))))
            scratch.append(elements * spec.accumulate.itemsize)

        if tiling.pack_a:
            memory(
                f"__global const {name}* panels_a",
                self.a_batches * self.tiles * spec.k * tiling.rows,
            )
            texts.append(pack_kernel(spec, spec.a, self.element, spec.m, tiling.rows, True))
            bindings = (*(param.binding for param in spec.a.params), extra[-1][1])
            size = (-(-spec.k // pack_step(spec.k)), self.tiles, self.a_batches)
            launches.append(DotLaunch(0, bindings, size, ALONE, "pack"))
        else:
            params[:0] = spec.a.params
        if tiling.pack_b:
            memory(f"__global {name}* own", tiling.items * self.item_size)
        if tiling.splits > 1:
            count = tiling.splits * spec.batch * self.tiles * self.panels
            memory(f"__global {name}* partial", count * self.tile_size)
        else:
            params += spec.epilogue_params
        texts.append(kernel(params, [text for text, _ in extra], ALONE, self._main()))
        bindings = (*(param.binding for param in params), *(place for _, place in extra))
        if tiling.pack_b:
            size = (tiling.items, 1, 1)
        else:
            size = (self.parts, self.panels, spec.batch * tiling.splits)
        launches.append(DotLaunch(len(texts) - 1, bindings, size, ALONE))
        if tiling.splits > 1:
            texts.append(
                kernel(
                    spec.epilogue_params, [f"__global const {name}* partial"], ALONE, self._add()
                )
            )
            bindings = (*(param.binding for param in spec.epilogue_params), extra[-1][1])
            size = (self.tiles, self.panels, spec.batch)
            launches.append(DotLaunch(len(texts) - 1, bindings, size, ALONE, "add"))
        return DotKernels(tuple(texts), tuple(launches), tuple(scratch))

    def _main(self) -> str:
        spec, tiling = self.spec, self.tiling
        begin, end = "0", str(spec.k)
        bounds = []
        if tiling.splits > 1:
            begin, end = "begin", "end"
            reach = f"begin + {self.split_k}"
            bounds = [
                f"const int begin = split * {self.split_k};",
                f"const int end = {reach} < {spec.k} ? {reach} : {spec.k};",
            ]
        body = [
            f"const int col = panel * {tiling.columns};",
            *bounds,
            f"const int first_tile = part * {tiling.tiles_per_item};",
            f"const int last_tile = first_tile + {tiling.tiles_per_item} < {self.tiles} "
            f"? first_tile + {tiling.tiles_per_item} : {self.tiles};",
            *([] if tiling.pack_b else self._place_b()),
        ]
        if tiling.pack_b and self.blocked:
            body.append(self._blocks_outside(begin, end))
        else:
            if tiling.pack_b:
                body.append(self._copy(begin, begin, end))
            body.append(self._each_tile(self._blocks_inside(begin, end)))
        if not tiling.pack_b:
            where = [
                "const int part = (int)get_global_id(0);",
                "const int panel = (int)get_global_id(1);",
                f"const int batch = (int)get_global_id(2) / {tiling.splits};",
                f"const int split = (int)get_global_id(2) % {tiling.splits};",
            ]
            return lines(where[: 3 if tiling.splits == 1 else 4], body)
        return self._in_turn(body)

    def _in_turn(self, body: Sequence[str]) -> str:
        """Let each item take every so-manieth panel, with memory of its own."""
        tiling = self.tiling
        jobs = self.parts * self.panels * tiling.splits * self.spec.batch
        inner = self.parts * self.panels
        name = self.element.name
        return lines(
            "const int item = (int)get_global_id(0);",
            f"__global {name}* const panel_b = own + (size_t)item * {self.item_size};",
            block(
                f"for (int job = item; job < {jobs}; job += {tiling.items})",
                f"const int part = job % {self.parts};",
                f"const int panel = job / {self.parts} % {self.panels};",
                f"const int split = job / {inner} % {tiling.splits};" if tiling.splits > 1 else "",
                f"const int batch = job / {inner * tiling.splits};",
                body,
            ),
        )

    def _copy(self, base: str, start: str, end: str) -> str:
        spec, tiling = self.spec, self.tiling
        name = self.element.name
        return block(
            "",
            f"__global {name}* const target = panel_b;",
            panel(spec.b, self.element, spec.n, tiling.columns, False, "col", (base, start, end)),
        )

    def _each_tile(self, body: Sequence[str]) -> str:
        return block(
            "for (int tile = first_tile; tile < last_tile; tile++)",
            f"const int row = tile * {self.tiling.rows};",
            self._place_a(),
            body,
        )

    def _names(self) -> list[tuple[str, int]]:
        """Name the accumulators, each with its place in a tile."""
        rows, columns, lanes = self.tiling.rows, self.tiling.columns, self.tiling.lanes
        return [
            (f"sum{r}_{v}", r * columns + v * lanes)
            for r in range(rows)
            for v in range(columns // lanes)
        ]

    def _zeros(self) -> list[str]:
        kind = self.element.vector()
        return [f"{kind} {name} = ({kind})(0);" for name, _ in self._names()]

    def _blocks_outside(self, begin: str, end: str) -> str:
        """Copy a block of the panel, use it for all row tiles, go on with the next."""
        kind, name = self.element.vector(), self.element.name
        waiting = f"waiting + (tile - first_tile) * {self.tile_size}"
        fetch = [f"{one} += LD({kind}, wait + {at});" for one, at in self._names()]
        leave = [f"ST({kind}, wait + {at}, {one});" for one, at in self._names()]
        return block(
            f"for (int from = {begin}; from < {end}; from += {_K_BLOCK})",
            f"const int to = from + {_K_BLOCK} < {end} ? from + {_K_BLOCK} : {end};",
            f"__global {name}* const waiting = panel_b + {_K_BLOCK * self.tiling.columns};",
            self._copy("from", "from", "to"),
            self._each_tile(
                [
                    f"__global {name}* const wait = {waiting};",
                    *self._zeros(),
                    self._hot("from", "to", "from"),
                    block(f"if (from > {begin})", fetch),
                    block(f"if (to < {end})", leave),
                    block("else", self._finish()),
                ]
            ),
        )

    def _blocks_inside(self, begin: str, end: str) -> list[str]:
        """Walk along k with one row tile; a long k is a sum of sums, which loses less."""
        if not self.blocked:
            return [*self._zeros(), self._hot(begin, end, begin), self._finish()]
        kind = self.element.vector()
        return [
            f"{self.element.name} total[{self.tile_size}] __attribute__((aligned(64)));",
            f"for (int at = 0; at < {self.tile_size}; at++) total[at] = 0;",
            block(
                f"for (int from = {begin}; from < {end}; from += {_K_BLOCK})",
                f"const int to = from + {_K_BLOCK} < {end} ? from + {_K_BLOCK} : {end};",
                self._zeros(),
                self._hot("from", "to", begin),
                (f"*({kind}*)(total + {at}) += {name};" for name, at in self._names()),
            ),
            *(f"const {kind} {name} = *({kind}*)(total + {at});" for name, at in self._names()),
            self._finish(),
        ]

    def _hot(self, start: str, end: str, base: str) -> str:
        """The loop along k; ``base`` is the k at which a copied panel begins."""
        spec, tiling = self.spec, self.tiling
        kind, columns = self.element.vector(), tiling.columns
        vectors = columns // tiling.lanes
        if tiling.pack_b:
            depth = "k" if base == "0" else f"(k - {base})"
            right = [
                f"panel_b + ({depth} * {columns} + {v * tiling.lanes})" for v in range(vectors)
            ]
        else:
            stride = 0 if spec.b.strides is None else spec.b.strides.row
            right = [f"first_b + (k * {stride} + at{v})" for v in range(vectors)]
        products = [
            block(
                "",
                f"const {kind} left = ({kind})({value});",
                (f"sum{r}_{v} = left * right{v} + sum{r}_{v};" for v in range(vectors)),
            )
            for r, value in enumerate(self._left())
        ]
        index = "int" if spec.k * max(columns, tiling.rows) < INT_LIMIT else "long"
        return block(
            f"for ({index} k = {start}; k < {end}; k++)",
            (f"const {kind} right{v} = LD({kind}, {right[v]});" for v in range(vectors)),
            products,
        )

    def _place_b(self) -> list[str]:
        """Where the vectors of B lie in place; beyond the edge they are moved to the left."""
        spec, tiling = self.spec, self.tiling
        first = origin(spec.b.strides, "batch")
        text = [f"__global const {self.element.name}* const first_b = {first};"]
        for v in range(tiling.columns // tiling.lanes):
            place = f"col + {v * tiling.lanes}"
            if spec.n % tiling.columns:
                last = spec.n - tiling.lanes
                place = f"{place} < {last} ? {place} : {last}"
            text.append(f"const int at{v} = {place};")
        return text

    def _place_a(self) -> list[str]:
        """Where the rows of A begin; beyond the edge the last row is repeated."""
        spec, tiling = self.spec, self.tiling
        pointer = f"__global const {self.element.name}* const first_a"
        if tiling.pack_a:
            start = "" if self.a_batches == 1 else f"(size_t)batch * {self.tiles} + "
            place = f"({start}(size_t)tile) * {spec.k * tiling.rows}"
            return [f"{pointer} = panels_a + {place};"]
        stride = 0 if spec.a.strides is None else spec.a.strides.row
        text = [f"{pointer} = {origin(spec.a.strides, 'batch')} + (long)row * {stride};"]
        if spec.m % tiling.rows:
            text += [
                f"const int down{r} = (row + {r} < {spec.m} ? {r} : {spec.m - 1} - row) * {stride};"
                for r in range(tiling.rows)
            ]
        return text

    def _left(self) -> list[str]:
        """The elements of a column of A."""
        spec, rows = self.spec, self.tiling.rows
        if self.tiling.pack_a:
            return [f"first_a[k * {rows} + {r}]" for r in range(rows)]
        row, step = (
            (0, 0) if spec.a.strides is None else (spec.a.strides.row, spec.a.strides.column)
        )
        if spec.m % rows:
            return [f"first_a[k * {step} + down{r}]" for r in range(rows)]
        return [f"first_a[k * {step} + {r * row}]" for r in range(rows)]

    def _finish(self) -> str:
        if self.tiling.splits == 1:
            return finish(self.spec, self.tiling, self.element)
        kind, batch = self.element.vector(), self.spec.batch
        place = f"(((size_t)split * {batch} + batch) * {self.tiles} + tile) * {self.panels} + panel"
        return lines(
            f"__global {self.element.name}* const keep = partial + ({place}) * {self.tile_size};",
            (f"ST({kind}, keep + {at}, {name});" for name, at in self._names()),
        )

    def _add(self) -> str:
        """Add the splits of a tile in order, and finish it."""
        kind, spec = self.element.vector(), self.spec
        place = f"((size_t)batch * {self.tiles} + tile) * {self.panels} + panel"
        step = spec.batch * self.tiles * self.panels * self.tile_size
        return lines(
            "const int tile = (int)get_global_id(0);",
            "const int panel = (int)get_global_id(1);",
            "const int batch = (int)get_global_id(2);",
            f"const int row = tile * {self.tiling.rows}, col = panel * {self.tiling.columns};",
            f"__global const {self.element.name}* from = partial + ({place}) * {self.tile_size};",
            self._zeros(),
            block(
                f"for (int split = 0; split < {self.tiling.splits}; split++)",
                (f"{name} += LD({kind}, from + {at});" for name, at in self._names()),
                f"from += {step};",
            ),
            finish(spec, self.tiling, self.element),
        )
