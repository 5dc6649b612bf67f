"""Device memory: blocks by size class, kept for reuse when Python drops them, counted exactly.

A block returns to the pool when its `Memory` dies. On an in-order queue a returned block can be
given out at once: whoever gets it writes after the kernels that still read it. `Memory.__del__` may
run at any moment in any thread (the garbage collector), so it only appends to a deque; the pool
takes from there when it next works, under the runtime's lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from portfire.backend._contract import OutOfMemoryError

__all__ = ["Memory", "Pool", "PoolStats", "size_class"]

_SMALLEST = 256
_STEPS_PER_DOUBLING = 8  # a block is at most 1/8 larger than what was asked
_FILL_LIMIT = 0.9  # of the device: beyond it free blocks go back before new ones are made


class Memory:
    """A block of device memory that a tensor, or a run, owns.

    Attributes:
        raw: the pyopencl buffer, None where nbytes is 0 (OpenCL has no empty buffers).
        nbytes: the bytes that were asked for; the block may be larger.
    """

    __slots__ = ("_block", "_returned", "nbytes", "raw")

    def __init__(
        self, block: tuple[int, Any], nbytes: int, returned: deque[tuple[int, Any]]
    ) -> None:
        self.raw = block[1]
        self.nbytes = nbytes
        self._block = block
        self._returned = returned

    def __del__(self) -> None:
        if self.raw is not None:
            self._returned.append(self._block)


@dataclass(slots=True)
class PoolStats:
    """Bytes in use, bytes held (in use and free), the peak of use; allocations made and reused."""

    allocated: int = 0
    reserved: int = 0
    peak: int = 0
    made: int = 0
    reused: int = 0
    emptied: int = 0


def size_class(nbytes: int) -> int:
    """Return the size of the block that holds ``nbytes``: 8 steps to each power of two."""
    if nbytes <= _SMALLEST:
        return _SMALLEST
    step = max(_SMALLEST, 1 << ((nbytes - 1).bit_length() - 1)) // _STEPS_PER_DOUBLING
    return -(-nbytes // step) * step


class Pool:
    """Blocks of one device.

    Args:
        make: makes a raw buffer of that many bytes; raises ``failures`` if the device is full.
        settle: waits until the device has finished all work, so that freed memory is free.
        total: bytes of the device.
        largest: bytes of the largest single block.
        device: the device's name, for messages.
        failures: exceptions that mean "no room".
    """

    def __init__(
        self,
        make: Callable[[int], Any],
        settle: Callable[[], None],
        total: int,
        largest: int,
        device: str,
        failures: tuple[type[BaseException], ...] = (MemoryError,),
    ) -> None:
        self.total = total
        self.largest = largest
        self.stats = PoolStats()
        self._make = make
        self._settle = settle
        self._device = device
        self._failures = failures
        self._free: dict[int, list[tuple[int, Any]]] = {}
        self._returned: deque[tuple[int, Any]] = deque()

    def take(self, nbytes: int) -> Memory:
        """Return a block of at least ``nbytes``, with any content.

        Raises:
            OutOfMemoryError: if the device has no room for it, even with an empty pool.
        """
        if nbytes == 0:
            return Memory((0, None), 0, self._returned)
        stats = self.stats
        size = size_class(nbytes)
        if self._returned:
            self._collect()
        free = self._free.get(size)
        if free:
            block = free.pop()
            stats.reused += 1
        else:
            size = min(size, max(self.largest, nbytes))
            block = size, self._fresh(nbytes, size)
        stats.allocated += size
        if stats.allocated > stats.peak:
            stats.peak = stats.allocated
        return Memory(block, nbytes, self._returned)

    def empty(self) -> None:
        """Give the free blocks back to the device."""
        self._collect()
        if not self._free:
            return
        for size, blocks in self._free.items():
            self.stats.reserved -= size * len(blocks)
            for _, raw in blocks:
                raw.release()
        self._free.clear()
        self.stats.emptied += 1

    def collect(self) -> None:
        """Count the blocks that Python has dropped since the last call as free."""
        self._collect()

    def reset_peak(self) -> None:
        """Let the peak start at what is in use now."""
        self._collect()
        self.stats.peak = self.stats.allocated

    def _collect(self) -> None:
        returned, free, stats = self._returned, self._free, self.stats
        while returned:
            block = returned.popleft()
            size = block[0]
            stats.allocated -= size
            blocks = free.get(size)
            if blocks is None:
                free[size] = [block]
            else:
                blocks.append(block)

    def _fresh(self, nbytes: int, size: int) -> Any:
        if nbytes > self.largest:
            raise OutOfMemoryError(
                self._message(nbytes, f"the largest single allocation is {_bytes(self.largest)}")
            )
        if self.stats.reserved + size > self.total * _FILL_LIMIT:
            self._settle()
            self.empty()
        try:
            raw = self._make(size)
        except self._failures:
            self._settle()
            self.empty()
            try:
                raw = self._make(size)
            except self._failures as error:
                raise OutOfMemoryError(
                    self._message(nbytes, f"the device said: {_first_line(error)}")
                ) from error
        self.stats.reserved += size
        self.stats.made += 1
        return raw

    def _message(self, nbytes: int, reason: str) -> str:
        stats = self.stats
        return (
            f"out of memory on {self._device}: tried to allocate {_bytes(nbytes)}; in use are "
            f"{_bytes(stats.allocated)}, held by the pool {_bytes(stats.reserved)}, the device has "
            f"{_bytes(self.total)}; {reason}"
        )


def _bytes(count: int) -> str:
    value = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if value < 1024:
            return f"{count} bytes" if unit == "bytes" else f"{value:.2f} {unit}"
        value /= 1024
    return f"{value:.2f} GiB"


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
