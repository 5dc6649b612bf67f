"""Kernels that differ only in offsets become one kernel with the offsets as arguments.

A loop over the rows of an array, or over blocks of it, gives as many kernels as it has turns, equal
but for where they read and write. Each would be compiled by itself, which takes far longer than
running it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from .context import Built
from .writer import IntBinding

__all__ = ["share"]

FROM = 4  # different texts, from which on they share; few kernels are left as fast as they can be
_OFFSET = re.compile(r"(?<=\+ )(\d+)(L?)(?![\w.])")
_LARGEST = 2**31 - 1


def share(launches: Sequence[Built]) -> list[Built]:
    """Return the launches with texts that more of them have in common."""
    groups: dict[str, list[int]] = {}
    for number, one in enumerate(launches):
        groups.setdefault(_OFFSET.sub(r"#\2", one.text), []).append(number)
    shared = list(launches)
    for numbers in groups.values():
        if len({launches[n].text for n in numbers}) >= FROM:
            for n, one in zip(numbers, _unified([launches[n] for n in numbers]), strict=True):
                shared[n] = one
    return shared


def _unified(launches: Sequence[Built]) -> list[Built]:
    """Make arguments of the offsets in which some texts differ."""
    offsets = [[int(match[1]) for match in _OFFSET.finditer(one.text)] for one in launches]
    names: dict[tuple[int, ...], str] = {}  # what an offset is in each text -> the parameter
    places: list[str] = []
    for column in zip(*offsets, strict=True):
        differs = len(set(column)) > 1 and max(column) <= _LARGEST
        places.append(names.setdefault(column, f"o{len(names)}") if differs else "")
    declared = "".join(f", const int {name}" for name in names.values())
    return [
        replace(
            one,
            text=_replaced(one.text, places).replace(") {", f"{declared}) {{", 1),
            bindings=(*one.bindings, *(IntBinding(column[n]) for column in names)),
        )
        for n, one in enumerate(launches)
    ]


def _replaced(text: str, places: Sequence[str]) -> str:
    names = iter(places)

    def named(match: re.Match[str]) -> str:
        name = next(names)
        if not name:
            return match[0]
        return f"(long){name}" if match[2] else name

    return _OFFSET.sub(named, text)
