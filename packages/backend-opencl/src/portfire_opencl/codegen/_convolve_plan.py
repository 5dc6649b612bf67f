"""How a convolution is computed on a processor: a pure function of its sizes and the device.

A work-item takes jobs in turn. A job is a block of output rows of one image, or several whole
images where they are small, of one group. Its pixels are first copied to a *canvas* of the item's
own, with the padding around them, which stays in cache::

    [channel][row phase][column phase][image][row][column]

With a stride of 2, even and odd rows and columns are "phases", planes of their own. So whatever the
stride is, neighboring results read neighboring pixels, also from one row to the next (``flat``: the
last results of a row, beyond its end, are computed and not stored). Where both sides are padded,
the zeros after a row are those before the next.

* ``direct``: registers hold ``rows`` filters x ``vectors`` vectors of results.
* ``winograd``: 3x3 taps; 2x2 results are made from 16 products instead of 36. The canvas has phases
  as for a stride of 2, so that the tiles of a row lie side by side.
* ``weight``: the gradient of the weight; vectors run along positions, registers hold ``rows``
  filters x ``vectors`` elements of a filter, whose lanes are summed at the end of a job.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from portfire_opencl._plan import DeviceFacts
from portfire_opencl.codegen._contraction_text import Element
from portfire_opencl.codegen._convolve_match import Convolution

__all__ = ["Canvas", "Positions", "Schedule", "choose"]

Pair = tuple[int, int]

_SUMS = {16: 16, 8: 12, 4: 12}  # accumulators of a tile
_WEIGHT_SUMS = {16: 24, 8: 8, 4: 8}
_ROWS = {16: 8, 8: 6, 4: 6}  # filters of a tile at most
_CANVAS = 96 << 10  # elements of a canvas, and of the results of a job, at most
_LARGEST = 1 << 20  # elements of a canvas that is still better than none; rows are not cut
_JOBS_PER_UNIT = 4  # at least, where there is enough work
_ITEMS_PER_UNIT = 4
_WINOGRAD_CHANNELS = 8  # fewer channels or filters do not repay the transforms
_SHALLOW = 16  # filters smaller than this are read by the general product as fast
_LANES = 16  # of the longest vector
_LOOP = {"direct": 64, "winograd": 128, "weight": 128}  # vectors of results that repay a job
_WEIGHTS = 1 << 20  # elements of a weight whose gradient each item can keep a copy of


@dataclass(frozen=True)
class Canvas:
    """The layout of an item's pixels.

    Attributes:
        stride: rows and columns whose positions have the same remainder are a phase.
        phases: the remainders that are read, of rows and of columns.
        channels, images: how many.
        rows, pitch: of one image in one plane.
        slack: zeros behind a plane.
    """

    stride: Pair
    phases: tuple[tuple[int, ...], tuple[int, ...]]
    channels: int
    images: int
    rows: int
    pitch: int
    slack: int = 0

    @property
    def plane(self) -> int:
        """Elements of one plane, whole vectors."""
        size = self.images * self.rows * self.pitch + self.slack
        return -(-size // _LANES) * _LANES

    @property
    def channel(self) -> int:
        """Elements of one channel."""
        return len(self.phases[0]) * len(self.phases[1]) * self.plane

    @property
    def size(self) -> int:
        return self.channels * self.channel

    def place(self, row: int, column: int) -> int:
        """Where the pixel that is so far from a result's first one is, in its channel."""
        y, x = (
            self.phases[0].index(row % self.stride[0]),
            self.phases[1].index(column % self.stride[1]),
        )
        plane = (y * len(self.phases[1]) + x) * self.plane
        return plane + row // self.stride[0] * self.pitch + column // self.stride[1]


@dataclass(frozen=True)
class Positions:
    """The vectors that cover the results of a job.

    Attributes:
        images, rows, columns: of results.
        plane, pitch: elements from image to image and from row to row.
        lanes: of a vector.
        flat: vectors go on from row to row; else each row has its own.
    """

    images: int
    rows: int
    columns: int
    plane: int
    pitch: int
    lanes: int
    flat: bool

    @classmethod
    def best(
        cls,
        images: int,
        rows: int,
        columns: int,
        plane: int,
        pitch: int,
        lanes: int,
    ) -> Positions:
        """Choose what needs fewer vectors."""
        ways = [cls(images, rows, columns, plane, pitch, lanes, flat) for flat in (False, True)]
        return min(ways, key=lambda way: way.count)

    @property
    def span(self) -> int:
        """Elements from the first result to the last."""
        return (self.images - 1) * self.plane + (self.rows - 1) * self.pitch + self.columns

    @property
    def per_row(self) -> int:
        return -(-self.columns // self.lanes)

    @property
    def count(self) -> int:
        """Number of vectors."""
        if self.flat:
            return -(-self.span // self.lanes)
        return self.images * self.rows * self.per_row

    @property
    def reach(self) -> int:
        """Elements that the vectors may touch."""
        return self.span + self.lanes

    def place(self, number: str) -> str:
        """Where vector ``number`` starts, as text."""
        if self.flat:
            return f"({number}) * {self.lanes}"
        row = f"({number}) / {self.per_row}"
        column = f"({number}) % {self.per_row} * {self.lanes}" if self.per_row > 1 else "0"
        if self.images == 1:
            return f"{row} * {self.pitch} + {column}"
        image = f"({number}) / {self.per_row * self.rows} * {self.plane}"
        return f"{image} + {row} % {self.rows} * {self.pitch} + {column}"


@dataclass(frozen=True)
class Schedule:
    """The choice.

    Attributes:
        family: ``"direct"``, ``"winograd"`` or ``"weight"``.
        rows: filters of a register tile.
        vectors: vectors of positions (``weight``: elements of a filter) of a register tile.
        lanes: of a vector.
        images, block: images and rows of results of a job.
        canvas: the item's pixels.
        positions: of the job's results (``winograd``: of its 2x2 tiles).
        items: work-items.
    """

    family: str
    rows: int
    vectors: int
    lanes: int
    images: int
    block: int
    canvas: Canvas
    positions: Positions
    items: int

    def parts(self, convolution: Convolution) -> int:
        """Jobs that an image is cut into."""
        return -(-convolution.counts[0] // self.block)

    def jobs(self, convolution: Convolution) -> int:
        """Number of jobs."""
        images = -(-convolution.images // self.images)
        return images * self.parts(convolution) * convolution.groups


def choose(
    convolution: Convolution, facts: DeviceFacts, family: str | None = None
) -> Schedule | None:
    """Choose how to compute a convolution.

    Args:
        convolution: the sizes.
        facts: what is known of the device.
        family: take this one; chosen if None.

    Returns:
        The choice; None where the general matrix product does as well.
    """
    lanes = Element.of(convolution.dtype, facts.vector).lanes
    if facts.schedule != "cpu" or lanes == 1:
        return None
    chosen = family or _family(convolution)
    if chosen is None:
        return None
    job = _job(convolution, facts, chosen)
    canvas = _canvas(convolution, chosen, *job)
    counts = (job[1], convolution.counts[1])
    if chosen == "winograd":
        counts = (-(-counts[0] // 2), -(-counts[1] // 2))
    place = (job[0], *counts, canvas.rows * canvas.pitch, canvas.pitch, lanes)
    # Sums over positions need long loops more than few vectors.
    positions = Positions(*place, True) if chosen == "weight" else Positions.best(*place)
    rows, vectors = _tile(convolution, facts, chosen, positions)
    found = Schedule(chosen, rows, vectors, lanes, *job, canvas, positions, 0)
    jobs = found.jobs(convolution)
    if family is None and (canvas.size > _LARGEST or jobs < facts.compute_units):
        return None
    items = min(jobs, facts.compute_units * _ITEMS_PER_UNIT)
    return Schedule(chosen, rows, vectors, lanes, *job, canvas, positions, items)


def _family(convolution: Convolution) -> str | None:
    if convolution.grads is not None:
        weights = convolution.groups * convolution.filters * convolution.depth
        return "weight" if weights <= _WEIGHTS else None
    plain = convolution.stride == convolution.dilation == (1, 1)
    least = min(convolution.channels, convolution.filters)
    if plain and convolution.taps == (3, 3) and least >= _WINOGRAD_CHANNELS:
        return "winograd"
    if plain and convolution.taps == (1, 1):
        return None  # a plain matrix product
    if convolution.depth < _SHALLOW and convolution.filters > 2:
        return None
    return "direct"


def _job(convolution: Convolution, facts: DeviceFacts, family: str) -> Pair:
    """Return images and rows of a job: enough for its loops, not too many for cache and sharing."""
    height = convolution.counts[0]
    wanted = facts.compute_units * _JOBS_PER_UNIT

    def size(images: int, block: int) -> int:
        canvas = _canvas(convolution, family, images, block)
        others = convolution.filters if family in ("winograd", "weight") else 8
        phases = 4 if family == "winograd" else 1
        return max(canvas.channels, others) * canvas.plane * phases

    jobs = convolution.images * convolution.groups
    most = max(1, min(convolution.images, jobs // wanted))
    enough = _LOOP.get(family, _LOOP["direct"]) * Element.of(convolution.dtype, facts.vector).lanes
    images = 1
    while images < most and images * prod(convolution.counts) < enough:
        images += 1
    while images > 1 and size(images, height) > _CANVAS:
        images -= 1
    if images > 1:
        images = -(-convolution.images // -(-convolution.images // images))
        return images, height
    parts = 1
    while parts < height and (size(1, -(-height // parts)) > _CANVAS or jobs * parts < wanted):
        parts += 1
    block = -(-height // parts)
    if family == "winograd":
        block += block % 2
    return 1, block


def _canvas(convolution: Convolution, family: str, images: int, block: int) -> Canvas:
    sizes = [block, convolution.counts[1]]
    if family == "winograd":
        halves = (-(-sizes[0] // 2) + 1, -(-sizes[1] // 2) + 1)
        return Canvas((2, 2), ((0, 1), (0, 1)), convolution.channels, images, *halves)
    phases: list[tuple[int, ...]] = []
    exist = (convolution.image.rows, convolution.image.columns)
    shared = []
    for axis, (k, s, d) in enumerate(
        zip(convolution.taps, convolution.stride, convolution.dilation, strict=True)
    ):
        phases.append(tuple(sorted({tap * d % s for tap in range(k)})))
        sizes[axis] += (k - 1) * d // s
        low, high = exist[axis]
        shared.append(max(0, min(low, sizes[axis] - high)) if s == 1 else 0)
    if images == 1:
        shared[0] = 0
    rows, pitch = sizes[0] - shared[0], sizes[1] - shared[1]
    slack = shared[0] * pitch + shared[1] + (_LANES if family == "weight" else 0)
    return Canvas(
        convolution.stride, (phases[0], phases[1]), convolution.channels, images, rows, pitch, slack
    )


def _tile(convolution: Convolution, facts: DeviceFacts, family: str, positions: Positions) -> Pair:
    most = _ROWS.get(facts.vector, _ROWS[4])
    unit = 1 if convolution.spread is None else prod(convolution.spread.phases)
    rows = min(
        range(max(min(convolution.filters, most) // unit, 1) * unit, 0, -unit),
        key=lambda rows: -(-convolution.filters // rows) * (rows + 2),
    )
    if family == "weight":
        sums = _WEIGHT_SUMS.get(facts.vector, _WEIGHT_SUMS[4]) // rows
        parts = -(-convolution.depth // max(1, sums))
        return rows, -(-convolution.depth // parts)
    vectors = _SUMS.get(facts.vector, _SUMS[4]) // rows
    if family == "winograd":
        vectors = 2
    return rows, max(1, min(vectors, 8, positions.count))
