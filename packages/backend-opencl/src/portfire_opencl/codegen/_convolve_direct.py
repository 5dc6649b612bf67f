"""Convolution as it is defined: register tiles of filters times vectors of results."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from portfire_opencl.codegen._contraction_api import DotKernels, DotLaunch, DotSpec, Scratch
from portfire_opencl.codegen._contraction_pack import pack_kernel, pack_step
from portfire_opencl.codegen._contraction_text import ALONE, Element, block, kernel, lines
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

__all__ = ["direct"]

_UNROLLED = 200  # products in the text of the hot loop


def direct(spec: DotSpec, convolution: Convolution, schedule: Schedule) -> DotKernels:
    """Return the kernels: the filters are packed by tiles, then items do their jobs."""
    return _Direct(spec, convolution, schedule).kernels()


@dataclass(frozen=True)
class _Direct:
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
    def results(self) -> int:
        """Elements of the results of one filter."""
        return aligned(self.schedule.positions.reach)

    def kernels(self) -> DotKernels:
        spec, convolution, schedule = self.spec, self.convolution, self.schedule
        element, name = self.element, self.element.name
        rows, depth = schedule.rows, convolution.depth
        pack = pack_kernel(spec, spec.a, element, convolution.filters, rows, True)
        panels = convolution.groups * self.tiles * depth * rows
        canvas = schedule.canvas
        parts = (
            Part("canvas", canvas.size),
            Part("results", rows * self.results),
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
                convolution.stride[0],
            ),
            self._tiles(),
        )
        before = zeros("canvas", canvas.size, element)
        text, size = in_turn(convolution, schedule, element, parts, before, body)
        params = (image_param(convolution.image, "image", element), *spec.epilogue_params)
        extra = (f"__global const {name}* panels", f"__global {name}* own")
        main = kernel(params, extra, ALONE, text)
        items = convolution.dtype.itemsize
        first = (*(p.binding for p in spec.a.params), Scratch(0))
        second = (*(p.binding for p in params), Scratch(0), Scratch(1))
        steps = -(-depth // pack_step(depth))
        launches = (
            DotLaunch(0, first, (steps, self.tiles, convolution.groups), ALONE, "pack"),
            DotLaunch(1, second, (schedule.items, 1, 1), ALONE),
        )
        scratch = (panels * items, schedule.items * size * items)
        return DotKernels((pack, main), launches, scratch)

    def _tiles(self) -> str:
        schedule, convolution = self.schedule, self.convolution
        panel = convolution.depth * schedule.rows
        positions = schedule.positions

        def line(r: str, y: str) -> str:
            place = f"{r} * {self.results} + im * {positions.plane} + {y} * {positions.pitch}"
            return f"results + ({place})"

        return block(
            f"for (int tile = 0; tile < {self.tiles}; tile++)",
            f"__global const {self.element.name}* const panel = "
            f"panels + ((size_t)group * {self.tiles} + tile) * {panel};",
            self._vectors(),
            store_rows(self.spec, convolution, schedule, self.element, line),
        )

    def _vectors(self) -> str:
        schedule, kind = self.schedule, self.element.vector()
        count, vectors = schedule.positions.count, schedule.vectors
        places = []
        for v in range(vectors):
            number = f"q + {v}" if v else "q"
            if v and count % vectors:
                number = f"q + {v} < {count} ? q + {v} : {count - 1}"
            places.append(f"const int number{v} = {number};")
            places.append(f"const int at{v} = {schedule.positions.place(f'number{v}')};")
        sums = [(r, v, f"sum{r}_{v}") for r in range(schedule.rows) for v in range(vectors)]
        return block(
            f"for (int q = 0; q < {count}; q += {vectors})",
            places,
            (f"{kind} {name} = ({kind})(0);" for _, _, name in sums),
            self._channels(),
            (f"ST({kind}, results + ({r * self.results} + at{v}), {name});" for r, v, name in sums),
        )

    def _channels(self) -> str:
        schedule, convolution = self.schedule, self.convolution
        height, width = convolution.taps
        rows = schedule.rows
        at_once = rows * schedule.vectors * prod(convolution.taps) <= _UNROLLED
        name = self.element.name
        down, across = convolution.dilation
        canvas = schedule.canvas
        if at_once:
            taps = [
                self._tap("from", "filter", canvas.place(y * down, x * across), y * width + x)
                for y in range(height)
                for x in range(width)
            ]
        else:
            taps = [
                block(
                    f"for (int y = 0; y < {height}; y++)",
                    f"__global const {name}* const from_y = from + ({self._row('y')});",
                    f"__global const {name}* const filter_y = filter + y * {width * rows};",
                    [
                        self._tap("from_y", "filter_y", canvas.place(0, x * across), x)
                        for x in range(width)
                    ],
                )
            ]
        return block(
            f"for (int c = 0; c < {convolution.channels}; c++)",
            f"__global const {name}* const from = canvas + c * {canvas.channel};",
            f"__global const {name}* const filter = panel + c * {height * width * rows};",
            taps,
        )

    def _row(self, y: str) -> str:
        """Text of where the pixels of a tap's row begin."""
        canvas, (down, _) = self.schedule.canvas, self.convolution.dilation
        stride = canvas.stride[0]
        if stride == 1:
            return f"{y} * {down * canvas.pitch}"
        plane = len(canvas.phases[1]) * canvas.plane
        # Phases are numbered by those that occur, which are all or have a common step.
        phases = canvas.phases[0]
        number = " + ".join(f"({y} * {down} % {stride} > {phase})" for phase in phases[:-1]) or "0"
        return f"({number}) * {plane} + {y} * {down} / {stride} * {canvas.pitch}"

    def _tap(self, source: str, weights: str, offset: int, number: int) -> str:
        """Multiply the pixels of one tap with its weights, for all sums."""
        schedule, kind = self.schedule, self.element.vector()
        rows, vectors = schedule.rows, schedule.vectors
        return block(
            "",
            (
                f"const {kind} right{v} = LD({kind}, {source} + at{v} + {offset});"
                for v in range(vectors)
            ),
            [
                block(
                    "",
                    f"const {kind} left = ({kind})({weights}[{number * rows + r}]);",
                    (f"sum{r}_{v} = left * right{v} + sum{r}_{v};" for v in range(vectors)),
                )
                for r in range(rows)
            ],
        )
