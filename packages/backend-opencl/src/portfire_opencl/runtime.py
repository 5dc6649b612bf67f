"""One opened OpenCL device: the implementation of portfire's backend contract."""

from __future__ import annotations

import math
import threading
from collections import deque
from typing import Any

import numpy as np

from portfire import _dtype
from portfire._dtype import DType
from portfire.backend._contract import MemoryReport, Program
from portfire.backend._insight import PlanInfo
from portfire.ops._record import Shape
from portfire_opencl import devices, probes, selftest
from portfire_opencl._disk import DiskCache, cache_folder
from portfire_opencl._plan import Plan
from portfire_opencl.arena import Arena
from portfire_opencl.errors import ErrorWord
from portfire_opencl.execute import BoundPlan, Services, bind
from portfire_opencl.insight import TimedQueue, describe
from portfire_opencl.pool import Memory, Pool
from portfire_opencl.programs import Programs

__all__ = ["CACHE_LIMIT", "OpenCLRuntime", "open_device"]

CACHE_LIMIT = 512 << 20  # bytes of binaries on disk
_MAP_FROM = 256 << 10  # bytes: larger reads map the buffer, smaller ones are copied by the driver
_STAGE_UP_TO = 1 << 20  # bytes: smaller uploads are copied once more and not waited for
_STAGED_UPLOADS = 64
_BITS = 8


class OpenCLRuntime:
    """A device with its context, queue, memory pool and program cache.

    One lock guards everything: plans of several threads run one after another.

    Attributes:
        name: the device's name, as its driver gives it.
        label: ``"opencl:0"``.
        dtypes: element types that the device can compute with.
        claims: composites taken whole; most are fused from their parts.
        found: what was found out about the device before it was opened.
        facts: what the code generator knows of it.
    """

    claims: frozenset[str] = frozenset({"topk", "recurrence", "recurrence_grad"})
    defers_errors = True  # kernels set the error word; the next read of the host finds it

    def __init__(self, found: devices.Found, cache: DiskCache | None = None) -> None:
        cl = devices.opencl()
        self.name = found.name
        self.label = f"opencl:{found.index}"
        self.found = found
        self.cache = cache or DiskCache(cache_folder(), CACHE_LIMIT)
        self._cl = cl
        self._lock = threading.RLock()
        self._context = cl.Context([found.device])
        self._queue = cl.CommandQueue(self._context)
        self._staged: deque[tuple[Any, Any]] = deque()
        place = (cl, self._context, self._queue, found.identity)
        selftest.ensure(*place, found.name, self.cache)
        self.probed = probes.probe(*place, self.cache)
        self.facts = devices.facts(found, self.probed)
        self.dtypes = frozenset(
            dtype for dtype in _dtype.ALL if dtype is not _dtype.float64 or self.probed.fp64
        )
        self.pool = Pool(
            self._make_buffer,
            self._queue.finish,
            total=int(found.device.global_mem_size),
            largest=self.facts.max_allocation,
            device=f"{self.label} ({found.name})",
            failures=(cl.MemoryError, MemoryError),
        )
        self.programs = Programs(
            cl, self._context, found.device, found.platform, found.identity, self.cache
        )
        alignment = max(1, int(found.device.mem_base_addr_align) // _BITS)
        self.arena = Arena(self.pool, alignment)
        self._errors = ErrorWord(cl, self._context, self._queue)
        self._services = Services(
            cl,
            self._queue,
            self._lock,
            self.pool,
            self.arena,
            self._errors,
            cl.MemoryError,
            self._release,
            TimedQueue(cl, self._context),
        )

    def __repr__(self) -> str:
        return f"<{self.label}: {self.name}>"

    def compile(self, program: Program) -> BoundPlan:
        """Return a callable ``(buffers, numbers) -> outputs`` for a program."""
        from portfire_opencl.codegen import schedule  # opening and listing devices don't need it

        return self.load(schedule(program, self.facts))

    def describe(self, program: Program) -> PlanInfo:
        """Return the plan of a program as `portfire.explain` shows it, without building it."""
        from portfire_opencl.codegen import schedule

        return describe(schedule(program, self.facts), program)

    def load(self, plan: Plan) -> BoundPlan:
        """Build a plan and bind it to this device."""
        with self._lock:
            return bind(plan, self.programs.kernels(plan.source), self._services)

    def upload(self, array: np.ndarray[Any, Any]) -> Memory:
        """Copy a C-contiguous host array to the device."""
        if not array.flags.c_contiguous:
            raise ValueError("upload takes C-contiguous arrays")
        with self._lock:
            memory = self.pool.take(array.nbytes)
            if array.nbytes == 0:
                return memory
            content = array.reshape(-1).view(np.uint8)
            if array.nbytes > _STAGE_UP_TO:
                self._cl.enqueue_copy(self._queue, memory.raw, content, is_blocking=True)
                return memory
            # The caller may change its array at once, and should not wait for the work before it.
            content = content.copy()
            event = self._cl.enqueue_copy(self._queue, memory.raw, content, is_blocking=False)
            self._staged.append((event, content))
            self._settle_staged()
            return memory

    def download(self, buffer: Memory, shape: Shape, dtype: DType) -> np.ndarray[Any, Any]:
        """Return a host copy of a buffer, after the work that computes it.

        Raises:
            IndexError: if a kernel met an index out of range since the last check.
        """
        host: np.ndarray[Any, Any] = np.empty(shape, dtype=dtype.numpy)
        with self._lock:
            request = self._errors.request()  # one wait for both
            if 0 < host.nbytes < _MAP_FROM:
                self._cl.enqueue_copy(self._queue, host, buffer.raw)
            elif host.nbytes:
                self._copy_mapped(host, buffer.raw)
            self._errors.check(request)
            return host

    def region(self, buffer: Memory, offset: int, shape: Shape, dtype: DType) -> Memory:
        """Copy elements that lie together out of a buffer, without a kernel."""
        nbytes = math.prod(shape) * dtype.itemsize
        with self._lock:
            memory = self.pool.take(nbytes)
            if nbytes:
                self._cl.enqueue_copy(
                    self._queue,
                    memory.raw,
                    buffer.raw,
                    byte_count=nbytes,
                    src_offset=offset * dtype.itemsize,
                )
            return memory

    def synchronize(self) -> None:
        """Wait for all work; raise what only the run could find.

        Raises:
            IndexError: if a kernel met an index out of range since the last check.
        """
        with self._lock:
            request = self._errors.request()
            self._queue.finish()
            self._staged.clear()
            self._errors.check(request)

    def memory(self) -> MemoryReport:
        """Report the device's memory."""
        with self._lock:
            self.pool.collect()
            stats = self.pool.stats
            return MemoryReport(stats.allocated, stats.reserved, stats.peak, self.pool.total)

    def reset_peak(self) -> None:
        """Let the peak of memory in use start again from now."""
        with self._lock:
            self.pool.reset_peak()

    def empty_cache(self) -> None:
        """Give all memory that no tensor uses back to the device."""
        with self._lock:
            self.arena.drop()
            self._release()

    def _copy_mapped(self, host: np.ndarray[Any, Any], raw: Any) -> None:
        flags = self._cl.map_flags.READ
        mapped, _ = self._cl.enqueue_map_buffer(self._queue, raw, flags, 0, host.shape, host.dtype)
        np.copyto(host, mapped)
        mapped.base.release(self._queue)

    def _make_buffer(self, nbytes: int) -> Any:
        cl = self._cl
        raw = cl.Buffer(self._context, cl.mem_flags.READ_WRITE, nbytes)
        if self.found.kind != "cpu":
            # GPU drivers allocate at the first use; use it now, where a failure can be handled.
            cl.enqueue_copy(self._queue, raw, bytes(1), is_blocking=True)
        return raw

    def _release(self) -> None:
        """Wait, and free what nothing uses; a plan that is being enqueued keeps the arena."""
        self._queue.finish()
        self._staged.clear()
        self.pool.empty()

    def _settle_staged(self) -> None:
        done = self._cl.command_execution_status.COMPLETE
        staged = self._staged
        while staged and staged[0][0].command_execution_status == done:
            staged.popleft()
        if len(staged) > _STAGED_UPLOADS:
            staged.popleft()  # its event waits for the copy when it dies


def open_device(index: int) -> OpenCLRuntime:
    """Open device ``opencl:<index>``.

    Raises:
        NoDeviceError: if there is none of that number.
        SelfTestError: if it computes wrong results.
    """
    return OpenCLRuntime(devices.get(index))
