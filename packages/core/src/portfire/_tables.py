"""Plain-text tables and quantities with units, for what is printed about plans and profiles."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["bytes_text", "render", "shorten", "time_text"]

_STEP = 1000.0
_NS = (("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9))


def bytes_text(count: float) -> str:
    """Return bytes with a decimal unit.

    Example:
        >>> bytes_text(4_000_000)
        '4.00 MB'
    """
    if count < _STEP:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= _STEP
        if count < _STEP:
            return f"{count:.2f} {unit}"
    return f"{count / _STEP:.2f} TB"


def time_text(nanoseconds: float) -> str:
    """Return a time with a unit, as torch's profiler prints it.

    Example:
        >>> time_text(1_234_500)
        '1.234ms'
    """
    unit, scale = next(
        ((u, s) for u, s in reversed(_NS) if nanoseconds >= s), ("ns", 1.0)
    )  # the largest unit of which there is one
    return f"{nanoseconds / scale:.3f}{unit}"


def shorten(text: str, width: int) -> str:
    """Return a text with its end replaced by three dots where it is too long."""
    return text if len(text) <= width else text[: width - 3] + "..."


def render(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """Return rows under headings in columns; the first ``left`` columns start at the left.

    Example:
        >>> print(render(["name", "count"], [["add", "2"]], left=1))
        name  count
        ----  -----
        add       2
    """
    widths = [max(len(row[c]) for row in (head, *rows)) for c in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if c < left else cell.rjust(width)
            for c, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
