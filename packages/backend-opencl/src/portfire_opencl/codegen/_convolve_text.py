"""Pieces of OpenCL C that all convolution kernels share: jobs, canvases, and finished results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from portfire_opencl.codegen._contraction_api import DotSpec, Param
from portfire_opencl.codegen._contraction_text import HEX, Element, block, lines
from portfire_opencl.codegen._convolve_match import Convolution, Image, Spread
from portfire_opencl.codegen._convolve_plan import Canvas, Schedule

__all__ = [
    "Part",
    "aligned",
    "fill",
    "image_param",
    "in_turn",
    "spread_part",
    "store_rows",
    "zeros",
]

_LINE = 64  # elements; every part of an item's memory starts at a multiple of it


def aligned(elements: int) -> int:
    """Round up to whole cache lines, with one line that vectors may reach into."""
    return -(-elements // _LINE) * _LINE + _LINE


@dataclass(frozen=True)
class Part:
    """A part of an item's own memory."""

    name: str
    elements: int


def image_param(image: Image, name: str, element: Element) -> Param:
    """Return the parameter that images are read from."""
    return Param(f"__global const {element.name}* {name}", image.value)


def in_turn(
    convolution: Convolution,
    schedule: Schedule,
    element: Element,
    parts: Iterable[Part],
    before: str,
    body: str,
    after: str = "",
) -> tuple[str, int]:
    """Return the text of an item that does jobs in turn, and the elements of its memory."""
    groups, blocks = convolution.groups, schedule.parts(convolution)
    own: list[str] = []
    size = 0
    for part in parts:
        own.append(f"__global {element.name}* const {part.name} = own + (item * size + {size});")
        size += aligned(part.elements)
    inside = [f"const int group = job % {groups};", f"const int rest = job / {groups};"]
    if blocks > 1:
        inside.append(f"const int first_row = rest % {blocks} * {schedule.block};")
    else:
        inside.append("const int first_row = 0;")
    inside.append(f"const int first_image = rest / {blocks} * {schedule.images};")
    text = lines(
        "const size_t item = get_global_id(0);",
        f"const size_t size = {size};",
        own,
        before,
        block(
            f"for (int job = (int)item; job < {schedule.jobs(convolution)}; "
            f"job += {schedule.items})",
            inside,
            body,
        ),
        after,
    )
    return text, size


def zeros(name: str, elements: int, element: Element) -> str:
    """Fill a part of memory; it may be longer than asked by one vector."""
    kind = element.vector()
    return block(
        f"for (int at = 0; at < {elements}; at += {element.lanes})",
        f"ST({kind}, {name} + at, ({kind})(0));",
    )


def fill(
    image: Image,
    name: str,
    target: str,
    canvas: Canvas,
    images: int,
    element: Element,
    rows: int,
    step: int,
    again: bool = True,
) -> str:
    """Copy the pixels of a job to a canvas; what no pixel is for is zero there from the start.

    ``rows`` of each plane are copied; ``step`` pixels are between rows of results. Beyond the last
    image the canvas holds the last one again, or zeros if not ``again``.
    """
    phases_y, phases_x = canvas.phases
    n, g, c, y, _ = image.steps
    body: list[str] = []
    for number, phase in enumerate(phases_y):
        low, high = image.rows
        inside = f"row >= {low} && row < {high}"
        if not again:
            inside += f" && first_image + im < {images}"
        body.append(
            block(
                "",
                f"const int row = first_row * {step} + i * {canvas.stride[0]} + {phase};",
                f"const int inside = {inside};",
                f"__global const {element.name}* const from = plane + (long)row * {y};",
                [
                    _line(
                        image,
                        canvas,
                        across,
                        f"to + {(number * len(phases_x) + position) * canvas.plane}",
                        element,
                    )
                    for position, across in enumerate(phases_x)
                ],
            )
        )
    last = images - 1
    which = f"first_image + im < {last} ? first_image + im : {last}"
    if canvas.images == 1 and again:
        which = "first_image"
    return block(
        f"for (int c = 0; c < {canvas.channels}; c++)",
        block(
            f"for (int im = 0; im < {canvas.images}; im++)",
            f"const int n = {which};",
            f"__global const {element.name}* const plane = {name} + "
            f"({image.offset}L + (long)n * {n} + (long)group * {g} + (long)c * {c});",
            block(
                f"for (int i = 0; i < {rows}; i++)",
                f"__global {element.name}* const to = {target} + "
                f"(c * {canvas.channel} + im * {canvas.rows * canvas.pitch} + i * {canvas.pitch});",
                body,
            ),
        ),
    )


def _line(image: Image, canvas: Canvas, phase: int, to: str, element: Element) -> str:
    """Copy one row of one phase, or clear it where ``inside`` does not hold."""
    stride = canvas.stride[1]
    low, high = image.columns
    first = max(0, -((phase - low) // stride))
    last = min(canvas.pitch, -((phase - high) // stride))
    if last <= first:
        return ""
    count, column = last - first, first * stride + phase
    step = image.steps[4] * stride
    to = f"{to} + {first}"
    source = f"from + {column * image.steps[4]}"
    copy: list[str]
    if step == 1:
        copy = _run(count, element, lambda at, kind: f"LD({kind}, {source} + {at})", to)
    elif step == 2 and image.steps[4] == 1:
        copy = _halves(count, column, (low, high), element, source, to)
    else:
        copy = [f"for (int at = 0; at < {count}; at++) ({to})[at] = ({source})[at * {step}];"]
    clear = _run(count, element, lambda _, kind: f"({kind})(0)", to)
    return lines(block("if (inside)", copy), block("else", clear))


def _run(count: int, element: Element, value: Callable[[str, str], str], to: str) -> list[str]:
    """Statements that store ``count`` elements by vectors, the last of which overlap."""
    lanes = element.lanes
    while lanes > count:
        lanes //= 2
    kind = element.vector(lanes)
    text = []
    whole = count - count % lanes
    if whole > lanes:
        text.append(
            f"for (int at = 0; at < {whole}; at += {lanes}) "
            + _store(f"{to} + at", kind, value("at", kind))
        )
    else:
        text.append(_store(to, kind, value("0", kind)))
    if count % lanes:
        at = str(count - lanes)
        text.append(_store(f"{to} + {at}", kind, value(at, kind)))
    return text


def _store(to: str, kind: str, value: str) -> str:
    if kind[-1].isdigit():
        return f"ST({kind}, {to}, {value});"
    return f"*({to}) = {value.replace('LD(' + kind + ', ', '*(')};"


def _halves(
    count: int, column: int, exist: tuple[int, int], element: Element, source: str, to: str
) -> list[str]:
    """Copy every other element: of two vectors the even lanes, or the odd ones of one before."""
    lanes = element.lanes
    while lanes > max(count, 2):
        lanes //= 2
    # Vectors must not reach beyond the row, where memory may end; odd lanes end with the last one.
    low, high = exist
    back = int(column > low)
    starts = list(range(0, count - lanes + 1, lanes))
    if starts and starts[-1] + lanes < count:
        starts.append(count - lanes)
    whole = [at for at in starts if column + 2 * (at + lanes) - back <= high]
    done = whole[-1] + lanes if whole else 0
    kind = element.vector(lanes)
    halves = ", ".join(f"half{h}.s{HEX[k + back]}" for h in (0, 1) for k in range(0, lanes, 2))
    text = [
        block(
            "",
            f"const {kind} half0 = LD({kind}, {source} + ({2 * at - back}));",
            f"const {kind} half1 = LD({kind}, {source} + ({2 * at - back + lanes}));",
            f"ST({kind}, {to} + {at}, (({kind})({halves})));",
        )
        for at in whole
    ]
    if done < count:
        text.append(f"for (int at = {done}; at < {count}; at++) ({to})[at] = ({source})[at * 2];")
    return text


def store_rows(
    spec: DotSpec,
    convolution: Convolution,
    schedule: Schedule,
    element: Element,
    line: Callable[[str, str], str],
) -> str:
    """Run the epilogue on the results of a tile of filters.

    ``line(r, y)`` is text for where the results of a filter and row of image ``im`` lie.
    """
    if convolution.spread is not None:
        return _store_spread(spec, convolution, convolution.spread, schedule, element, line)
    height, width = convolution.counts
    rows = block(
        f"for (int y = 0; y < {schedule.block}; y++)",
        f"if (first_row + y >= {height}) break;" if height % schedule.block else "",
        f"__global const {element.name}* const line = {line('r', 'y')};",
        f"const int start = (first_row + y) * {width};",
        _store_row(spec, width, element),
    )
    return _each_filter(convolution, schedule, schedule.rows, convolution.filters, rows)


def _each_filter(
    convolution: Convolution, schedule: Schedule, count: int, filters: int, body: str
) -> str:
    """Loops over the filters of a tile (or channels, if their phases are filters) and images."""
    return block(
        f"for (int r = 0; r < {count}; r++)",
        f"const int i = tile * {count} + r;",
        f"if (i >= {filters}) break;" if filters % count else "",
        block(
            f"for (int im = 0; im < {schedule.images}; im++)",
            "const int n = first_image + im;",
            f"if (n >= {convolution.images}) break;"
            if convolution.images % schedule.images
            else "",
            f"const int batch = n * {convolution.groups} + group;",
            body,
        ),
    )


def _store_row(spec: DotSpec, width: int, element: Element) -> str:
    """Run the epilogue on the row at ``line``, from result ``start`` on."""
    lanes = element.lanes
    while lanes > width:
        lanes //= 2
    kind = element.vector(lanes)
    value = f"LD({kind}, line + x)" if lanes > 1 else "line[x]"
    whole = block(
        "",
        "const int j = start + x;",
        f"const {kind} value = {value};",
        spec.epilogue("batch", "i", "j", "value", lanes),
    )
    if width == lanes:
        return lines("const int x = 0;", whole)
    if width % lanes == 0:
        return block(f"for (int x = 0; x < {width}; x += {lanes})", whole)
    # The last vector moves back into the row, and stores a few results again.
    move = f"const int x = over + {lanes} <= {width} ? over : {width - lanes};"
    return block(f"for (int over = 0; over < {width}; over += {lanes})", move, whole)


def spread_part(convolution: Convolution, element: Element) -> tuple[Part, ...]:
    """Return the memory for one row of an image that is put together from phases."""
    if convolution.spread is None:
        return ()
    return (
        Part("joined", convolution.counts[1] * convolution.spread.steps[1] + 2 * element.lanes),
    )


def _store_spread(
    spec: DotSpec,
    convolution: Convolution,
    spread: Spread,
    schedule: Schedule,
    element: Element,
    line: Callable[[str, str], str],
) -> str:
    """Put rows together from the phases of a channel, and run the epilogue on them."""
    height, width = spread.sizes
    down, across = spread.phases
    step, margin = spread.steps[0], spread.margin
    size = convolution.counts[1] * spread.steps[1]
    join = [
        f"__global const {element.name}* const phase{p} = "
        f"{line(f'(r * {down * across} + q * {across} + {p})', 'y')};"
        for p in range(across)
    ]
    joining = block("", join, _join(convolution.counts[1], spread, element))
    if down < step:
        joining = lines(
            block(f"if (q < {down})", joining), block("else", zeros("joined", size, element))
        )
    rows = block(
        f"for (int yy = 0; yy < {schedule.block * step}; yy++)",
        f"const int row = first_row * {step} + yy - {margin[0]};",
        "if (row < 0) continue;" if margin[0] else "",
        f"if (row >= {height}) break;",
        f"const int y = yy / {step}, q = yy % {step};",
        joining,
        f"__global const {element.name}* const line = joined + {margin[1]};",
        f"const int start = row * {width};",
        _store_row(spec, width, element),
    )
    filters = convolution.filters // (down * across)
    return _each_filter(convolution, schedule, schedule.rows // (down * across), filters, rows)


def _join(count: int, spread: Spread, element: Element) -> str:
    """Interleave the phases of a row."""
    step, across = spread.steps[1], spread.phases[1]
    lanes, kind = element.lanes, element.vector()
    if step != 2 or across > 2:
        missing = [f"joined[x * {step} + {p}] = 0;" for p in range(across, step)]
        return block(
            f"for (int x = 0; x < {count}; x++)",
            (f"joined[x * {step} + {p}] = phase{p}[x];" for p in range(across)),
            missing,
        )
    second = f"LD({kind}, phase1 + x)" if across == 2 else f"({kind})(0)"
    stores = []
    for half in range(2):
        mixed = ", ".join(
            f"part{p}.s{HEX[half * lanes // 2 + lane]}"
            for lane in range(lanes // 2)
            for p in range(2)
        )
        stores.append(f"ST({kind}, joined + (2 * x + {half * lanes}), (({kind})({mixed})));")
    return block(
        f"for (int x = 0; x < {count}; x += {lanes})",
        f"const {kind} part0 = LD({kind}, phase0 + x);",
        f"const {kind} part1 = {second};",
        stores,
    )
