"""A plan bound to a device: kernels made once, arguments set only where they change.

The tables that a run walks are made when the plan is bound. A run takes its outputs from the pool,
sets the buffers that differ from the last run's, and enqueues the launches; nothing else happens.
OpenCL keeps no reference to a buffer that is set as an argument, so `_bound` keeps one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np

from portfire._dtype import bool_, float16
from portfire.backend._insight import Note
from portfire_opencl._plan import (
    ERROR_WORD,
    BufferArg,
    IntArg,
    Launch,
    Plan,
    ScalarArg,
    SiteBaseArg,
)
from portfire_opencl.arena import Arena
from portfire_opencl.errors import ErrorWord
from portfire_opencl.insight import TimedQueue, measured, traffic
from portfire_opencl.pool import Memory, Pool

__all__ = ["BoundPlan", "Services", "bind"]

Number = bool | int | float
_UNSET = object()
_FLOAT32_MAX = float(np.finfo(np.float32).max)
# bool is a byte in kernels; a half argument needs an extension, so kernels take it as float.
_PASSED_AS = {bool_: np.dtype(np.uint8), float16: np.dtype(np.float32)}


@dataclass(frozen=True, slots=True)
class Services:
    """What binding and running need of a device; one lock guards all of it.

    Attributes:
        full: the exception by which the driver says that the device has no room for a launch.
        relieve: waits for the device and frees what the pool does not need, but not the arena.
        timed: the queue for runs under the profiler.
    """

    cl: Any
    queue: Any
    lock: AbstractContextManager[Any]
    pool: Pool
    arena: Arena
    errors: ErrorWord
    full: type[Exception]
    relieve: Callable[[], None]
    timed: TimedQueue


class _Call:
    """One launch: its kernel object and, if it takes numbers, its arguments in order."""

    __slots__ = ("arguments", "global_size", "kernel", "local_size", "numbers")

    def __init__(self, kernel: Any, launch: Launch) -> None:
        self.kernel = kernel
        self.global_size = launch.global_size
        self.local_size = launch.local_size
        # For a launch with numbers pyopencl sets all arguments at once, typed: the current values,
        # and (position, slot, conversion) of the program's numbers among them.
        self.arguments: list[Any] = []
        self.numbers: list[tuple[int, int, Callable[[Number], Number] | None]] = []


class BoundPlan:
    """A callable ``(buffers, numbers) -> outputs`` that enqueues a plan."""

    def __init__(self, plan: Plan, make_kernel: Callable[[str], Any], services: Services) -> None:
        _check(plan)
        self.plan = plan
        self._services = services
        self._made = [
            (index, nbytes)
            for index, nbytes in enumerate(plan.allocations, start=plan.inputs)
            if index not in plan.temporaries
        ]
        self._calls = [_Call(make_kernel(one.kernel), one) for one in plan.launches]
        # Index of a buffer -> where it is set: in kernels, or in the argument lists of calls.
        self._kernels: dict[int, list[tuple[Any, int]]] = {}
        self._lists: dict[int, list[tuple[_Call, int]]] = {}
        base = services.errors.base(plan.sites)
        self._typed = [
            call
            for call, launch in zip(self._calls, plan.launches, strict=True)
            if self._prepare(call, launch, base)
        ]
        self._numbered = bool(any(call.numbers for call in self._typed))
        self._per_run = [
            (index, self._kernels.get(index, []), self._lists.get(index, []))
            for index in sorted({*self._kernels, *self._lists})
            if index >= 0 and index not in plan.temporaries
        ]
        self._bound: list[Any] = [_UNSET] * (plan.inputs + len(plan.allocations))
        self._stale = True  # whether argument lists changed since they were set
        self._in_arena = not plan.temporaries
        self._launches = [(call.kernel, call.global_size, call.local_size) for call in self._calls]
        self._set(ERROR_WORD, services.errors.raw)

    def __call__(self, buffers: Sequence[Memory], numbers: Sequence[Number]) -> list[Memory]:
        """Enqueue the plan on these inputs and numbers; the outputs are pending on the queue."""
        plan, services = self.plan, self._services
        if len(buffers) < plan.inputs:  # more are fine: inputs that nothing reads are not planned
            raise ValueError(f"the plan takes {plan.inputs} buffers; got {len(buffers)}")
        with services.lock:
            space: list[Any] = [*buffers[: plan.inputs], *(None for _ in plan.allocations)]
            take = services.pool.take
            for index, nbytes in self._made:
                space[index] = take(nbytes)
            if not self._in_arena:
                self._enter_arena()
            self._rebind(space)
            if self._numbered or self._stale:
                self._set_typed(numbers)
            enqueue, queue, full = (
                services.cl.enqueue_nd_range_kernel,
                services.queue,
                services.full,
            )
            for number, (kernel, global_size, local_size) in enumerate(self._launches):
                try:
                    enqueue(queue, kernel, global_size, local_size)
                except full:
                    services.relieve()
                    self._retry(number, queue)
            queue.flush()
            if plan.sites:
                services.errors.armed = True
            return [space[index] for index in plan.outputs]

    def profile(
        self, buffers: Sequence[Memory], numbers: Sequence[Number], note: Note
    ) -> list[Memory]:
        """Run like a call, wait, and tell ``note`` how long each launch took."""
        plan, services = self.plan, self._services
        with services.lock:
            # A run without launches takes memory and sets all arguments, as any run.
            launches, self._launches = self._launches, []
            try:
                outputs = self(buffers, numbers)
            finally:
                self._launches = launches
            sizes = [one.nbytes for one in buffers[: plan.inputs]] + list(plan.allocations)
            times = services.timed.run([self._enqueuer(*one) for one in launches], services.queue)
        moves = traffic(plan, sizes)
        for launch, moved, (start, duration) in zip(plan.launches, moves, times, strict=True):
            note(measured(launch, moved, start, duration))
        return outputs

    def _enqueuer(self, kernel: Any, global_size: Any, local_size: Any) -> Callable[[Any], Any]:
        services = self._services

        def enqueue(queue: Any) -> Any:
            try:
                return services.cl.enqueue_nd_range_kernel(queue, kernel, global_size, local_size)
            except services.full:
                queue.finish()
                services.relieve()
                return services.cl.enqueue_nd_range_kernel(queue, kernel, global_size, local_size)

        return enqueue

    def _retry(self, number: int, queue: Any) -> None:
        """Enqueue a launch again, which the device had no room for; say what a failure costs."""
        kernel, global_size, local_size = self._launches[number]
        try:
            self._services.cl.enqueue_nd_range_kernel(queue, kernel, global_size, local_size)
        except self._services.full as error:
            # Launches before this one may have written into memory that an output took over.
            error.inputs_lost = bool(number and self.plan.donated)  # type: ignore[attr-defined]  # see the contract
            raise

    def leave_arena(self) -> None:
        """Drop the sub-buffers of the arena; the next run asks for new ones."""
        for index in self.plan.temporaries:
            self._bound[index] = _UNSET
            for call, position in self._lists.get(index, ()):
                call.arguments[position] = None
        self._in_arena = not self.plan.temporaries

    def _rebind(self, space: Sequence[Any]) -> None:
        bound = self._bound
        for index, kernels, lists in self._per_run:
            raw = space[index].raw
            if raw is not bound[index]:
                bound[index] = raw
                for kernel, position in kernels:
                    kernel.set_arg(position, raw)
                for call, position in lists:
                    call.arguments[position] = raw
                    self._stale = True

    def _set_typed(self, numbers: Sequence[Number]) -> None:
        for call in self._typed:
            for position, slot, convert in call.numbers:
                number = numbers[slot]
                call.arguments[position] = number if convert is None else convert(number)
            if call.numbers or self._stale:
                call.kernel.set_args(*call.arguments)
        self._stale = False

    def _prepare(self, call: _Call, launch: Launch, base: int) -> bool:
        """Note where a launch's arguments go; true if it has numbers among them."""
        types: list[Any] = []
        for position, argument in enumerate(launch.args):
            call.arguments.append(None)
            types.append(None)
            if isinstance(argument, ScalarArg):
                types[-1] = _PASSED_AS.get(argument.dtype, argument.dtype.numpy)
                convert = _narrow if types[-1] == np.float32 else None
                call.numbers.append((position, argument.slot, convert))
            elif isinstance(argument, SiteBaseArg):
                types[-1] = np.dtype(np.int32)
                call.arguments[-1] = base + 1
            elif isinstance(argument, IntArg):
                types[-1] = np.dtype(np.int32)
                call.arguments[-1] = argument.value
        typed = any(kind is not None for kind in types)
        if typed:
            call.kernel.set_scalar_arg_dtypes(types)
        for position, argument in enumerate(launch.args):
            if isinstance(argument, BufferArg):
                if typed:
                    self._lists.setdefault(argument.index, []).append((call, position))
                else:
                    self._kernels.setdefault(argument.index, []).append((call.kernel, position))
        return typed

    def _enter_arena(self) -> None:
        plan, arena = self.plan, self._services.arena
        arena.enter(self, plan.arena)
        for index, offset in plan.temporaries.items():
            raw = arena.region(offset, plan.allocations[index - plan.inputs])
            self._bound[index] = raw
            self._set(index, raw)
        self._in_arena = True

    def _set(self, index: int, raw: Any) -> None:
        for kernel, position in self._kernels.get(index, ()):
            kernel.set_arg(position, raw)
        for call, position in self._lists.get(index, ()):
            call.arguments[position] = raw
            self._stale = True


def bind(plan: Plan, make_kernel: Callable[[str], Any], services: Services) -> BoundPlan:
    """Make a plan into a callable; ``make_kernel`` makes a new kernel object by its name."""
    return BoundPlan(plan, make_kernel, services)


def _check(plan: Plan) -> None:
    for index in plan.outputs:
        if index in plan.temporaries:
            raise ValueError(f"the plan returns buffer {index}, which is a temporary")
    for index, offset in plan.temporaries.items():
        end = offset + plan.allocations[index - plan.inputs]
        if end > plan.arena:
            raise ValueError(f"temporary {index} ends at {end}, beyond the arena of {plan.arena}")


def _narrow(number: Number) -> Number:
    """Round a number beyond float32's range to infinity, which packing it would refuse to do."""
    if -_FLOAT32_MAX <= number <= _FLOAT32_MAX or number != number:
        return number
    with np.errstate(over="ignore"):
        return float(np.float32(number))
