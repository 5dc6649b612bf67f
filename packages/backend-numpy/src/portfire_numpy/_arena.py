"""Where the temporaries of a plan lie: offsets into one block, reused when a value is dead."""

from __future__ import annotations

__all__ = ["Arena"]

LINE = 64  # bytes; every place begins at a multiple


class Arena:
    """Hands out offsets, smallest gap that fits first.

    Attributes:
        size: bytes that the block has to have.

    Example:
        >>> from portfire_numpy._arena import Arena
        >>> arena = Arena()
        >>> arena.take(0, 100), arena.take(1, 10)
        (0, 128)
        >>> arena.release(0)
        >>> arena.take(2, 64), arena.size
        (0, 192)
    """

    def __init__(self) -> None:
        self.size = 0
        self._taken: dict[int, tuple[int, int]] = {}
        self._gaps: list[tuple[int, int]] = []  # offset and length, by offset; never adjacent

    def take(self, key: int, nbytes: int) -> int:
        """Return an offset for so many bytes, and remember it under a key."""
        length = max(-(-nbytes // LINE), 1) * LINE
        fitting = [gap for gap in self._gaps if gap[1] >= length]
        if fitting:
            gap = min(fitting, key=lambda g: (g[1], g[0]))
            self._gaps.remove(gap)
            if gap[1] > length:
                self._insert(gap[0] + length, gap[1] - length)
            offset = gap[0]
        elif self._gaps and sum(self._gaps[-1]) == self.size:
            offset = self._gaps.pop()[0]  # the last gap, which grows
            self.size = offset + length
        else:
            offset, self.size = self.size, self.size + length
        self._taken[key] = offset, length
        return offset

    def release(self, key: int) -> None:
        """Take the place of a key back, if it has one."""
        place = self._taken.pop(key, None)
        if place is not None:
            self._insert(*place)

    def _insert(self, offset: int, length: int) -> None:
        self._gaps.append((offset, length))
        self._gaps.sort()
        joined: list[tuple[int, int]] = []
        for start, count in self._gaps:
            if joined and sum(joined[-1]) == start:
                joined[-1] = joined[-1][0], joined[-1][1] + count
            else:
                joined.append((start, count))
        self._gaps = joined
