"""Arguments that are one number for all dimensions, or one for each."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Size2", "pair"]

Size2 = int | tuple[int, int]


def pair(value: int | Iterable[int]) -> tuple[int, ...]:
    """Return ``(n, n)`` for a number, and a tuple of the elements otherwise."""
    return tuple(value) if isinstance(value, Iterable) else (value, value)
