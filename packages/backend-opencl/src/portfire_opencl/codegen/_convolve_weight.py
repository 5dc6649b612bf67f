"""The gradient of a convolution's weight: vectors run along positions, and are summed at last.

An item keeps two canvases, the pixels and the gradients of the results, the latter with the pitch
of the former and zeros where no result is. For each pair of some filters and some elements of a
filter (a channel and a tap each: a distance on the canvas) it walks over all positions of the job,
sums the lanes, and adds the sums to its own copy of the weight's gradient. A second kernel adds the
copies of all items, always in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from portfire_opencl.codegen._contraction_api import DotKernels, DotLaunch, DotSpec, Scratch
from portfire_opencl.codegen._contraction_text import ALONE, Element, block, fold, kernel, lines
from portfire_opencl.codegen._convolve_match import Convolution, Image
from portfire_opencl.codegen._convolve_plan import Canvas, Schedule
from portfire_opencl.codegen._convolve_text import (
    Part,
    fill,
    image_param,
    in_turn,
    zeros,
)

__all__ = ["weight"]


def weight(spec: DotSpec, convolution: Convolution, schedule: Schedule) -> DotKernels:
    """Return the kernels: items do their jobs, then their sums are added."""
    if convolution.grads is None:
        raise ValueError("the gradient of a weight needs the gradients of the results")
    return _Weight(spec, convolution, schedule, convolution.grads).kernels()


@dataclass(frozen=True)
class _Weight:
    spec: DotSpec
    convolution: Convolution
    schedule: Schedule
    grads: Image

    @property
    def element(self) -> Element:
        return Element(Element.of(self.convolution.dtype, 1).name, self.schedule.lanes)

    @property
    def tiles(self) -> int:
        return -(-self.convolution.filters // self.schedule.rows)

    @property
    def chunks(self) -> int:
        return -(-self.convolution.depth // self.schedule.vectors)

    @property
    def block(self) -> int:
        """Sums of a register tile."""
        return self.schedule.rows * self.schedule.vectors

    @property
    def sums(self) -> int:
        """Sums of all filters and groups."""
        return self.convolution.groups * self.tiles * self.chunks * self.block

    def canvas(self) -> Canvas:
        """The canvas of the gradients: one phase, planes of the pixels' size, whole tiles."""
        pixels = self.schedule.canvas
        channels = self.tiles * self.schedule.rows
        return replace(pixels, stride=(1, 1), phases=((0,), (0,)), channels=channels)

    def kernels(self) -> DotKernels:
        convolution, schedule = self.convolution, self.schedule
        element, name = self.element, self.element.name
        pixels, grads = schedule.canvas, self.canvas()
        parts = (
            Part("sums", self.sums),
            Part("canvas", pixels.size),
            Part("grads", grads.size),
        )
        before = lines(
            zeros("sums", self.sums, element),
            zeros("canvas", pixels.size, element),
            zeros("grads", grads.size, element),
            self._places(),
        )
        body = lines(self._copies(), self._tiles())
        text, size = in_turn(convolution, schedule, element, parts, before, body)
        params = (
            image_param(convolution.image, "image", element),
            image_param(self.grads, "results", element),
        )
        main = kernel(params, (f"__global {name}* own",), ALONE, text)
        finish = self.spec.epilogue_params
        add = kernel(finish, (f"__global const {name}* own",), ALONE, self._add(size))
        launches = (
            DotLaunch(
                0,
                (*(p.binding for p in params), Scratch(0)),
                (schedule.items, 1, 1),
                ALONE,
            ),
            DotLaunch(
                1,
                (*(p.binding for p in finish), Scratch(0)),
                (self.tiles, convolution.groups, 1),
                ALONE,
                "add",
            ),
        )
        return DotKernels(
            (main, add), launches, (schedule.items * size * convolution.dtype.itemsize,)
        )

    def _copies(self) -> str:
        """Copy the pixels and the gradients of a job to their canvases."""
        convolution, element = self.convolution, self.element
        pixels = self.schedule.canvas
        # Filters beyond the last one, rows of no result and images beyond the last stay zero.
        grads = replace(self.canvas(), channels=convolution.filters)
        images, step = convolution.images, convolution.stride[0]
        source = (convolution.image, "image", "canvas", pixels, images, element, pixels.rows, step)
        target = (self.grads, "results", "grads", grads, images, element, self.schedule.block, 1)
        return lines(fill(*source), fill(*target, again=False))

    def _places(self) -> str:
        """A table of how far the taps' pixels are from a result's first one."""
        canvas, (down, across) = self.schedule.canvas, self.convolution.dilation
        height, width = self.convolution.taps
        places = [canvas.place(y * down, x * across) for y in range(height) for x in range(width)]
        return f"const int place[{len(places)}] = {{{', '.join(map(str, places))}}};"

    def _tiles(self) -> str:
        schedule, convolution, name = self.schedule, self.convolution, self.element.name
        grads, taps = self.canvas(), prod(convolution.taps)
        steps = []
        for u in range(schedule.vectors):
            number = f"chunk * {schedule.vectors} + {u}"
            if convolution.depth % schedule.vectors:
                last = convolution.depth - 1
                number = f"{number} < {last} ? {number} : {last}"
            steps.append(f"const int d{u} = {number};")
            place = f"d{u} / {taps} * {schedule.canvas.channel} + place[d{u} % {taps}]"
            steps.append(f"__global const {name}* const from{u} = canvas + ({place});")
        at = f"((group * {self.tiles} + tile) * {self.chunks} + chunk) * {self.block}"
        kind = self.element.vector()
        sums = [f"sum{r}_{u}" for r in range(schedule.rows) for u in range(schedule.vectors)]
        return block(
            f"for (int tile = 0; tile < {self.tiles}; tile++)",
            f"__global const {name}* const right = grads + tile * {schedule.rows * grads.channel};",
            block(
                f"for (int chunk = 0; chunk < {self.chunks}; chunk++)",
                steps,
                (f"{kind} {one} = ({kind})(0);" for one in sums),
                self._positions(),
                f"__global {name}* const total = sums + ({at});",
                self._keep(sums),
            ),
        )

    def _positions(self) -> str:
        """The hot loop."""
        schedule, kind = self.schedule, self.element.vector()
        positions, plane = schedule.positions, self.canvas().plane
        body = [
            *(f"const {kind} left{u} = LD({kind}, from{u} + at);" for u in range(schedule.vectors)),
            *(
                block(
                    "",
                    f"const {kind} grad = LD({kind}, right + at + {r * plane});",
                    (f"sum{r}_{u} = grad * left{u} + sum{r}_{u};" for u in range(schedule.vectors)),
                )
                for r in range(schedule.rows)
            ),
        ]
        return block(f"for (int at = 0; at < {positions.span}; at += {schedule.lanes})", body)

    def _keep(self, sums: Sequence[str]) -> list[str]:
        """Sum the lanes and add the results to the item's sums, by powers of two."""
        text: list[str] = []
        at = 0
        lanes = self.schedule.lanes
        while at < len(sums):
            count = lanes
            while count > len(sums) - at:
                count //= 2
            statements, (name,) = fold(sums[at : at + count], self.element, f"fold{at}_")
            text += statements
            if count == 1:
                text.append(f"total[{at}] += {name};")
            else:
                kind = self.element.vector(count)
                text.append(f"ST({kind}, total + {at}, LD({kind}, total + {at}) + {name});")
            at += count
        return text

    def _add(self, size: int) -> str:
        """Add the sums of all items, and finish them one by one."""
        convolution, schedule = self.convolution, self.schedule
        kind, name = self.element.vector(), self.element.name
        padded = -(-self.block // schedule.lanes) * schedule.lanes
        rows, vectors = schedule.rows, schedule.vectors
        return lines(
            "const int tile = (int)get_global_id(0);",
            "const int batch = (int)get_global_id(1);",
            f"{name} total[{padded}] __attribute__((aligned(64)));",
            block(
                f"for (int chunk = 0; chunk < {self.chunks}; chunk++)",
                f"__global const {name}* const first = own + "
                f"(((size_t)batch * {self.tiles} + tile) * {self.chunks} + chunk) * {self.block};",
                block(
                    f"for (int at = 0; at < {self.block}; at += {schedule.lanes})",
                    f"{kind} one = ({kind})(0);",
                    f"for (int item = 0; item < {schedule.items}; item++) "
                    f"one += LD({kind}, first + ((size_t)item * {size} + at));",
                    f"*({kind}*)(total + at) = one;",
                ),
                block(
                    f"for (int r = 0; r < {rows}; r++)",
                    f"const int i = tile * {rows} + r;",
                    f"if (i >= {convolution.filters}) break;" if convolution.filters % rows else "",
                    block(
                        f"for (int u = 0; u < {vectors}; u++)",
                        f"const int j = chunk * {vectors} + u;",
                        f"if (j >= {convolution.depth}) break;"
                        if convolution.depth % vectors
                        else "",
                        f"const {name} value = total[r * {vectors} + u];",
                        self.spec.epilogue("batch", "i", "j", "value", 1),
                    ),
                ),
            ),
        )
