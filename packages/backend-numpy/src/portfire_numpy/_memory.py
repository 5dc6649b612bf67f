"""Memory that is used again: blocks from which arrays are made, and the scratch of each thread.

Fresh memory is slow: the operating system clears each page when it is first touched, which takes
longer than most operators. So large arrays are views of blocks, and a block whose arrays are all
gone (nobody refers to it any more, which Python counts) serves the next array of its size.
"""

from __future__ import annotations

import math
import sys
import threading
from typing import Any

import numpy as np

__all__ = ["Pool", "scratch"]

Array = Any

SMALL = 1 << 16  # bytes; below that the allocator of the C library is good at it
MAX_IDLE = 128 << 20  # bytes of blocks that nobody uses

_local = threading.local()


def scratch(nbytes: int) -> Array:
    """Return bytes of memory that belong to this thread, until it asks again."""
    block = getattr(_local, "block", None)
    if block is None or block.nbytes < nbytes:
        block = _local.block = np.empty(nbytes, np.uint8)
    return block


def _references(blocks: list[Array]) -> list[int]:
    """Count the references to each block, those of the counting included."""
    return [sys.getrefcount(block) for block in blocks]


_OWN_REFERENCES = _references([np.empty(1, np.uint8)])[0]


def _unused(blocks: list[Array]) -> list[int]:
    """Return the positions of the blocks that only the pool refers to."""
    counts = _references(blocks)
    return [i for i, count in enumerate(counts) if count <= _OWN_REFERENCES]


class Pool:
    """Blocks by size.

    Attributes:
        held: bytes of all blocks.
        built: how many blocks were made so far.
    """

    def __init__(self) -> None:
        self._blocks: dict[int, list[Array]] = {}
        self._lock = threading.Lock()
        self.held = 0
        self.built = 0

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Return an array with any contents."""
        nbytes = math.prod(shape) * dtype.itemsize
        if nbytes < SMALL:
            return np.empty(shape, dtype)
        return np.ndarray(shape, dtype, self.block(nbytes))

    def block(self, nbytes: int) -> Array:
        """Return a block of at least that many bytes."""
        size = -(-nbytes // 4096) * 4096
        with self._lock:
            blocks = self._blocks.setdefault(size, [])
            for position in _unused(blocks):
                return blocks[position]
            self._trim()
            block = np.empty(size, np.uint8)
            blocks.append(block)
            self.held += size
            self.built += 1
            return block

    def idle(self) -> int:
        """Count the bytes of the blocks that nobody uses."""
        with self._lock:
            return sum(len(_unused(blocks)) * size for size, blocks in self._blocks.items())

    def _trim(self) -> None:
        """Give unused blocks back, if they are many: the sizes asked for longest ago first."""
        unused = {size: _unused(blocks) for size, blocks in self._blocks.items()}
        excess = sum(size * len(found) for size, found in unused.items()) - MAX_IDLE
        for size, found in unused.items():
            for position in reversed(found):
                if excess <= 0:
                    return
                del self._blocks[size][position]
                self.held -= size
                excess -= size
