"""The memory pool, on fake buffers."""

from __future__ import annotations

import gc
import random

import pytest

from portfire.backend import OutOfMemoryError
from portfire_opencl.pool import Pool, size_class


class FakeDevice:
    """Hands out numbered buffers and fails beyond its size."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.used = 0
        self.settled = 0

    def make(self, nbytes: int) -> FakeBuffer:
        if self.used + nbytes > self.total:
            raise MemoryError("MEM_OBJECT_ALLOCATION_FAILURE")
        self.used += nbytes
        return FakeBuffer(self, nbytes)

    def settle(self) -> None:
        self.settled += 1


class FakeBuffer:
    def __init__(self, device: FakeDevice, nbytes: int) -> None:
        self.device = device
        self.nbytes = nbytes

    def release(self) -> None:
        self.device.used -= self.nbytes


def pool_of(
    total: int, largest: int | None = None, reported: int | None = None
) -> tuple[FakeDevice, Pool]:
    device = FakeDevice(total)
    return device, Pool(
        device.make, device.settle, reported or total, largest or total, "opencl:7 (fake)"
    )


def test_size_classes_waste_at_most_an_eighth() -> None:
    for nbytes in [1, 255, 256, 257, 1000, 4095, 4096, 4097, 10**6, 2**31 + 1, 3 * 2**33 + 5]:
        size = size_class(nbytes)
        assert nbytes <= size <= max(256, nbytes * 9 // 8)
        assert size_class(size) == size


def test_dropped_memory_is_reused() -> None:
    device, pool = pool_of(10_000)
    first = pool.take(1000)
    raw = first.raw
    del first
    gc.collect()
    assert pool.take(1000).raw is raw
    assert (pool.stats.made, pool.stats.reused) == (1, 1)
    assert device.used == size_class(1000)


def test_accounting_is_exact() -> None:
    device, pool = pool_of(1 << 30)
    rng = random.Random(3)
    held = []
    for _ in range(2000):
        if held and rng.random() < 0.5:
            held.pop(rng.randrange(len(held)))
        else:
            held.append(pool.take(rng.choice([0, 1, 300, 4096, 70_000])))
    pool.collect()
    in_use = sum(size_class(memory.nbytes) for memory in held if memory.nbytes)
    assert pool.stats.allocated == in_use
    assert pool.stats.reserved == device.used
    assert pool.stats.allocated <= pool.stats.peak <= pool.stats.reserved
    pool.empty()
    assert pool.stats.reserved == device.used == in_use
    held.clear()
    pool.empty()
    assert (pool.stats.allocated, pool.stats.reserved, device.used) == (0, 0, 0)
    pool.reset_peak()
    assert pool.stats.peak == 0


def test_empty_buffers_never_reach_the_device() -> None:
    device, pool = pool_of(0)
    assert pool.take(0).raw is None
    assert device.used == 0


def test_a_full_device_gets_the_free_blocks_back_and_is_asked_again() -> None:
    device, pool = pool_of(4096, reported=1 << 20)
    kept = pool.take(2048)
    dropped = pool.take(2048)
    del dropped
    block = pool.take(1024)
    assert block.raw is not None
    assert device.settled == 1
    assert device.used == kept.nbytes + block.nbytes


def test_nearly_full_device_is_relieved_before_it_fails() -> None:
    device, pool = pool_of(10 * 1024)
    dropped = pool.take(8 * 1024)
    del dropped
    pool.take(2 * 1024)
    assert device.used == 2 * 1024
    assert pool.stats.emptied == 1


def test_out_of_memory_states_request_use_and_limits() -> None:
    _, pool = pool_of(4096)
    held = pool.take(3 * 1024)
    with pytest.raises(
        OutOfMemoryError,
        match=r"out of memory on opencl:7 \(fake\): tried to allocate 2\.00 KiB; in use are "
        r"3\.00 KiB, held by the pool 3\.00 KiB, the device has 4\.00 KiB; the device said: MEM_",
    ):
        pool.take(2048)
    assert held.nbytes == 3 * 1024
    assert pool.stats.allocated == 3 * 1024


def test_beyond_the_largest_allocation() -> None:
    _, pool = pool_of(1 << 40, largest=1000)
    assert pool.take(999).raw.nbytes == 1000
    with pytest.raises(OutOfMemoryError, match="the largest single allocation is 1000 bytes"):
        pool.take(1001)
    with pytest.raises(OutOfMemoryError, match=r"tried to allocate 3\.00 GiB"):
        pool.take(3 << 30)


def test_memory_may_outlive_the_pool() -> None:
    _, pool = pool_of(4096)
    memory = pool.take(10)
    del pool
    gc.collect()
    assert memory.nbytes == 10
