"""Arithmetic of sliding windows."""

from __future__ import annotations

__all__ = ["Pair", "Sizes", "window_count"]

Pair = tuple[int, int]
Sizes = tuple[int, ...]


def window_count(n: int, size: int, stride: int, dilation: int, ceil: bool = False) -> int:
    """How many windows of that size fit into n elements; may be below 1.

    With ``ceil``, the last one may end outside.
    """
    room = n - dilation * (size - 1) - 1
    return (room + (stride - 1 if ceil else 0)) // stride + 1
