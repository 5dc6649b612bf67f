"""Convolution with 3x3 taps by Winograd's F(2x2, 3x3): 16 products for 2x2 results instead of 36.

With d the 4x4 pixels under a tile of 2x2 results, w the taps, and all of it summed over channels::

    results = At [(G w Gt) * (Bt d B)] A

    Bt = 1  0 -1  0     G =  1    0    0      At = 1  1  1  0
         0  1  1  0         1/2  1/2  1/2          0  1 -1 -1
         0 -1  1  0         1/2 -1/2  1/2
         0  1  0 -1          0    0    1

The taps are transformed by a kernel of their own. An item takes some vectors of tiles after
another: transforms their pixels for all channels (``seen``), multiplies these with the filters, one
small matrix product per element of the 4x4 (``mixed``), and transforms the products back to
results. The numbers in Bt and At are 0, 1 and -1, so little is lost: errors stay near those of
plain sums. A pixel that is not finite spoils all results of the tiles that see it.
"""

from __future__ import annotations

from dataclasses import dataclass

from portfire_opencl.codegen._contraction_api import DotKernels, DotLaunch, DotSpec, Scratch
from portfire_opencl.codegen._contraction_text import ALONE, HEX, Element, block, kernel, lines
from portfire_opencl.codegen._convolve_match import Convolution
from portfire_opencl.codegen._convolve_plan import Schedule
from portfire_opencl.codegen._convolve_text import (
    Part,
    aligned,
    fill,
    image_param,
    in_turn,
    spread_part,
    store_rows,
    zeros,
)

__all__ = ["winograd"]

_SIDE = 4
_PRODUCTS = _SIDE * _SIDE
_TAPS = 3
_LINE = 32  # elements; keeps the 16 planes of a transform out of the same cache sets
_CHANNELS_PER_ITEM = 16  # of the transform of the taps

# Each row of Bt, At and G as (factor, index) pairs.
_PIXELS = (((1, 0), (-1, 2)), ((1, 1), (1, 2)), ((1, 2), (-1, 1)), ((1, 1), (-1, 3)))
_RESULTS = (((1, 0), (1, 1), (1, 2)), ((1, 1), (-1, 2), (-1, 3)))


def winograd(spec: DotSpec, convolution: Convolution, schedule: Schedule) -> DotKernels:
    """Return the kernels: the filters are transformed, then items do their jobs."""
    return _Winograd(spec, convolution, schedule).kernels()


def _combined(row: tuple[tuple[int, int], ...], names: list[str]) -> str:
    """A sum of some names with signs."""
    text = ""
    for factor, index in row:
        sign = "-" if factor < 0 else "+"
        text += f" {sign} {names[index]}" if text else names[index]
    return text


@dataclass(frozen=True)
class _Winograd:
    spec: DotSpec
    convolution: Convolution
    schedule: Schedule

    @property
    def element(self) -> Element:
        return Element(Element.of(self.convolution.dtype, 1).name, self.schedule.lanes)

    @property
    def tiles(self) -> int:
        return -(-self.convolution.filters // self.schedule.rows)

    @property
    def width(self) -> int:
        """Tiles of results that are computed together."""
        return self.schedule.vectors * self.schedule.lanes

    @property
    def plane(self) -> int:
        """Elements of the transformed pixels of one of the 16 products."""
        return self.convolution.channels * self.width + _LINE

    @property
    def half(self) -> int:
        """Elements of the upper (or lower) results of all tiles of one filter."""
        return aligned(2 * self.schedule.positions.reach)

    def kernels(self) -> DotKernels:
        convolution, schedule = self.convolution, self.schedule
        element, name, rows = self.element, self.element.name, schedule.rows
        canvas = schedule.canvas
        parts = (
            Part("canvas", canvas.size),
            Part("seen", _PRODUCTS * self.plane),
            Part("mixed", _PRODUCTS * rows * self.width),
            Part("results", self.tiles * rows * 2 * self.half),
            *spread_part(convolution, element),
        )
        body = lines(
            fill(
                convolution.image,
                "image",
                "canvas",
                canvas,
                convolution.images,
                element,
                canvas.rows,
                1,
            ),
            self._groups(),
            self._finish(),
        )
        text, size = in_turn(
            convolution, schedule, element, parts, zeros("canvas", canvas.size, element), body
        )
        params = (image_param(convolution.image, "image", element), *self.spec.epilogue_params)
        extra = (f"__global const {name}* filters", f"__global {name}* own")
        main = kernel(params, extra, ALONE, text)
        first = (*(p.binding for p in self.spec.a.params), Scratch(0))
        second = (*(p.binding for p in params), Scratch(0), Scratch(1))
        parts_of_channels = -(-convolution.channels // _CHANNELS_PER_ITEM)
        launches = (
            DotLaunch(
                0, first, (parts_of_channels, self.tiles, convolution.groups), ALONE, "transform"
            ),
            DotLaunch(1, second, (schedule.items, 1, 1), ALONE),
        )
        filters = convolution.groups * self.tiles * _PRODUCTS * convolution.channels * rows
        scratch = (filters, schedule.items * size)
        nbytes = convolution.dtype.itemsize
        return DotKernels(
            (self._transform(), main), launches, tuple(count * nbytes for count in scratch)
        )

    def _transform(self) -> str:
        """The kernel that transforms the taps."""
        spec, convolution, rows = self.spec, self.convolution, self.schedule.rows
        name = self.element.name
        loads = []
        for tap in range(_TAPS * _TAPS):
            loaded = spec.a.load("batch", "row", f"tap{tap}", 1, "c")
            loads += [
                f"const int tap{tap} = c * {_TAPS * _TAPS} + {tap};",
                f"{name} w{tap};",
                block("", loaded.statements, f"w{tap} = {loaded.value};"),
            ]
        middle = [_halves([f"w{3 * i + j}" for i in range(_TAPS)]) for j in range(_TAPS)]
        products = []
        for i in range(_SIDE):
            names = [f"m{i}{j}" for j in range(_TAPS)]
            products += [f"const {name} {names[j]} = {middle[j][i]};" for j in range(_TAPS)]
            products += [
                f"to[{(i * _SIDE + j) * convolution.channels * rows}] = {value};"
                for j, value in enumerate(_halves(names))
            ]
        size = _PRODUCTS * convolution.channels * rows
        last = convolution.filters - 1
        return kernel(
            spec.a.params,
            (f"__global {name}* filters",),
            ALONE,
            "const int part = (int)get_global_id(0);",
            "const int tile = (int)get_global_id(1);",
            "const int batch = (int)get_global_id(2);",
            f"const int end = part * {_CHANNELS_PER_ITEM} + {_CHANNELS_PER_ITEM};",
            block(
                f"for (int c = part * {_CHANNELS_PER_ITEM}; "
                f"c < end && c < {convolution.channels}; c++)",
                block(
                    f"for (int r = 0; r < {rows}; r++)",
                    f"const int row = tile * {rows} + r < {last} ? tile * {rows} + r : {last};",
                    f"__global {name}* const to = filters + "
                    f"(((size_t)batch * {self.tiles} + tile) * {size} + c * {rows} + r);",
                    loads,
                    products,
                ),
            ),
        )

    def _groups(self) -> str:
        """All vectors of tiles, some at a time."""
        schedule, count = self.schedule, self.schedule.positions.count
        places = []
        for v in range(schedule.vectors):
            number = f"q + {v}"
            if v and count % schedule.vectors:
                number = f"q + {v} < {count} ? q + {v} : {count - 1}"
            places.append(f"const int number{v} = {number};")
            places.append(f"const int at{v} = {schedule.positions.place(f'number{v}')};")
        return block(
            f"for (int q = 0; q < {count}; q += {schedule.vectors})",
            places,
            self._see(),
            block(
                f"for (int tile = 0; tile < {self.tiles}; tile++)",
                self._mix(),
                self._unmix(),
            ),
        )

    def _see(self) -> str:
        """Transform the pixels of some tiles, for all channels."""
        schedule, kind, canvas = self.schedule, self.element.vector(), self.schedule.canvas
        return block(
            f"for (int c = 0; c < {self.convolution.channels}; c++)",
            [
                block(
                    "",
                    f"__global const {self.element.name}* const from = "
                    f"canvas + (c * {canvas.channel} + at{v});",
                    f"__global {self.element.name}* const to = "
                    f"seen + (c * {self.width} + {v * schedule.lanes});",
                    (
                        f"const {kind} d{i}{j} = LD({kind}, from + {canvas.place(i, j)});"
                        for i in range(_SIDE)
                        for j in range(_SIDE)
                    ),
                    (
                        f"const {kind} e{i}{j} = "
                        f"{_combined(row, [f'd{k}{j}' for k in range(_SIDE)])};"
                        for i, row in enumerate(_PIXELS)
                        for j in range(_SIDE)
                    ),
                    (
                        f"ST({kind}, to + {(i * _SIDE + j) * self.plane}, "
                        f"{_combined(row, [f'e{i}{k}' for k in range(_SIDE)])});"
                        for i in range(_SIDE)
                        for j, row in enumerate(_PIXELS)
                    ),
                )
                for v in range(schedule.vectors)
            ],
        )

    def _mix(self) -> str:
        """The 16 matrix products: filters times transformed pixels."""
        schedule, kind, name = self.schedule, self.element.vector(), self.element.name
        channels, rows, lanes = self.convolution.channels, schedule.rows, schedule.lanes
        vectors = range(schedule.vectors)
        sums = [(r, v) for r in range(rows) for v in vectors]
        return block(
            f"for (int e = 0; e < {_PRODUCTS}; e++)",
            f"__global const {name}* const left = filters + "
            f"(((size_t)group * {self.tiles} + tile) * {_PRODUCTS} + e) * {channels * rows};",
            f"__global const {name}* const right = seen + e * {self.plane};",
            (f"{kind} sum{r}_{v} = ({kind})(0);" for r, v in sums),
            block(
                f"for (int c = 0; c < {channels}; c++)",
                (
                    f"const {kind} right{v} = LD({kind}, right + (c * {self.width} + {v * lanes}));"
                    for v in vectors
                ),
                [
                    block(
                        "",
                        f"const {kind} one = ({kind})(left[c * {rows} + {r}]);",
                        (f"sum{r}_{v} = one * right{v} + sum{r}_{v};" for v in vectors),
                    )
                    for r in range(rows)
                ],
            ),
            (
                f"ST({kind}, mixed + (e * {rows * self.width} + {r * self.width + v * lanes}), "
                f"sum{r}_{v});"
                for r, v in sums
            ),
        )

    def _unmix(self) -> str:
        """Transform products back, and put even and odd columns of results together."""
        schedule, kind, name = self.schedule, self.element.vector(), self.element.name
        lanes = schedule.lanes
        side = schedule.rows * self.width
        stores = []
        for v in range(schedule.vectors):
            loads = [
                f"const {kind} m{i}{j} = LD({kind}, from + {(i * _SIDE + j) * side + v * lanes});"
                for i in range(_SIDE)
                for j in range(_SIDE)
            ]
            halves = [
                f"const {kind} t{i}{j} = {_combined(row, [f'm{k}{j}' for k in range(_SIDE)])};"
                for i, row in enumerate(_RESULTS)
                for j in range(_SIDE)
            ]
            results = [
                f"const {kind} y{i}{j} = {_combined(row, [f't{i}{k}' for k in range(_SIDE)])};"
                for i in range(2)
                for j, row in enumerate(_RESULTS)
            ]
            for i in range(2):
                for part in range(2):
                    mixed = ", ".join(
                        f"y{i}{j}.s{HEX[part * lanes // 2 + lane]}"
                        for lane in range(lanes // 2)
                        for j in range(2)
                    )
                    results.append(
                        f"ST({kind}, to + ({i * self.half} + 2 * at{v} + {part * lanes}), "
                        f"(({kind})({mixed})));"
                    )
            stores.append(block("", loads, halves, results))
        return block(
            f"for (int r = 0; r < {schedule.rows}; r++)",
            f"__global const {name}* const from = mixed + r * {self.width};",
            f"__global {name}* const to = "
            f"results + (tile * {schedule.rows} + r) * {2 * self.half};",
            stores,
        )

    def _finish(self) -> str:
        schedule, positions = self.schedule, self.schedule.positions

        def line(r: str, y: str) -> str:
            return (
                f"results + ((tile * {schedule.rows} + {r}) * {2 * self.half} + "
                f"{y} % 2 * {self.half} + im * {2 * positions.plane} + "
                f"{y} / 2 * {2 * positions.pitch})"
            )

        return block(
            f"for (int tile = 0; tile < {self.tiles}; tile++)",
            store_rows(self.spec, self.convolution, schedule, self.element, line),
        )


def _halves(names: list[str]) -> list[str]:
    """G times a column of taps, as text."""
    a, b, c = names
    return [a, f"(({a} + {c}) + {b}) / 2", f"(({a} + {c}) - {b}) / 2", c]
