"""Arguments that are one number for all dimensions, or one for each."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Size", "spread"]

Size = int | tuple[int, ...]


def spread(value: int | Iterable[int], count: int) -> tuple[int, ...]:
    """Return ``count`` times a number, and a tuple of the elements otherwise."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * count
