"""The recorder of a device: the pending graph, its key, and the flush that runs it.

A graph is recorded as a flat list of steps. Its key is built while it is recorded: each step is a
transition ``(state, operator, attributes, input positions) -> (state', step)`` in a table, so that
equal programs end in equal states, whatever their length, and a flush looks up its plan with the
final state and the set of values that are still wanted. The transition also remembers the inferred
shape and dtype, so a program that was seen before is not inferred again.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from portfire._dtype import INTEGER, DType, bfloat16
from portfire.backend._contract import Executable, Instruction, Program, Runtime, UnsupportedError
from portfire.engine._bfloat16 import NEEDED, without_bfloat16
from portfire.engine._body import Body, Placed, place
from portfire.engine._lower import lower
from portfire.engine._simplify import simplify
from portfire.engine._value import Number, Value
from portfire.engine._verify import verify
from portfire.ops._record import Attrs, Kind, Operator, Shape
from portfire.ops._source import INPUT, SCALAR

if TYPE_CHECKING:
    from portfire._storage import Storage

__all__ = [
    "Recorder",
    "eager",
    "flush_all",
    "is_eager",
    "lost",
    "observed",
    "set_eager",
    "set_observer",
    "set_verifying",
    "unsupported_dtype",
    "unsupported_operator",
]

MAX_PENDING = 4096  # steps; bounds the time to compile a graph seen for the first time
MAX_PENDING_BYTES = 2 << 30  # of all pending results; bounds what a flush may have to hold
MAX_SNAPSHOT = 1 << 20  # bytes of shared host memory that are copied rather than flushed for
MAX_PLANS = 512  # per device, least recently used dropped
SMALL_PIECE = 4  # a piece of an array is small if the array has so many of them
MANY_STARTS = 4  # a slice that has started in more places is copied out
MAX_STARTS = 4096  # slices that are remembered
MAX_TRANSITIONS = 400_000  # per device; all are dropped beyond it
MAX_BODIES = 4096  # per device
MAX_PLACED = 20_000  # bodies at places of graphs, per device; all are dropped beyond it

_ref = weakref.ref
_epochs = itertools.count(1)  # unique over all recorders, so that a value's epoch names its graph
_states = itertools.count(1)
_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()
_eager = os.environ.get("PORTFIRE_EAGER", "0") not in ("", "0")
_verifying = os.environ.get("PORTFIRE_VERIFY", "0") not in ("", "0")
# The profiler, while it runs: ``(recorder, executable, steps, buffers, scalars) -> outputs``.
_observer: Callable[..., Sequence[Any]] | None = None


class _Plan(NamedTuple):
    execute: Executable
    aliases: tuple[tuple[int, int], ...]  # (output position, slot of the input that it is)


class _Transition(NamedTuple):
    state: int
    instruction: Instruction
    shape: Shape
    dtype: DType
    nbytes: int


class Recorder:
    """The pending graph of one device, and the cache of its plans.

    Attributes:
        device: the `portfire.device` that it records for.
        runtime: the backend's opened device.
        dtypes: the dtypes that tensors on it can have.
        plans_built: how many plans were compiled so far.
        bodies: what was recorded once for this device, by whom and what it is for.
        at_risk: true while a failing flush could take written cells with it, see `keep`.
        flushes: how many graphs were run so far.
    """

    def __init__(self, device: Any, runtime: Runtime) -> None:
        self.device = device
        self.runtime = runtime
        self.dtypes = runtime.dtypes | ({bfloat16} if runtime.dtypes >= NEEDED else set())
        self.lock = threading.RLock()
        self.plans_built = 0
        self.flushes = 0
        # A device that finds errors later has run what follows them by then: nothing to restore.
        self._raises_at_flush = not getattr(runtime, "defers_errors", False)
        self._transitions: dict[tuple[Any, ...], _Transition] = {}
        self._starts: dict[tuple[Any, ...], set[int]] = {}
        self._placed: dict[tuple[Any, ...], Placed] = {}
        self.bodies: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._plans: OrderedDict[tuple[Any, ...], _Plan] = OrderedDict()
        self._reset()
        _recorders.add(self)

    def _reset(self) -> None:
        self.epoch = next(_epochs)
        self._state = 0
        self._steps: list[Instruction] = []
        self._refs: list[weakref.ref[Value] | None] = []  # by step; None for leaves
        self._leaves: list[weakref.ref[Value] | None] = []  # by input slot; None: never donate
        self._buffers: list[Any] = []
        self._scalars: list[bool | int | float] = []
        self._bytes = 0
        self._exported = False
        self.at_risk = False  # an operator that can fail is pending, and a flush would raise it
        self._kept: dict[Storage, Value] = {}  # cells written to since then, as they were
        self._limit = self._longest()

    def _longest(self) -> int:
        """How many steps may wait for a flush."""
        return 0 if _eager else MAX_PENDING

    # Recording

    def record(self, op: Operator, values: Sequence[Value], attrs: Attrs = ()) -> Value:
        """Append one operator to the graph and return its pending value."""
        with self.lock:
            epoch = self.epoch
            for value in values:
                if value.epoch != epoch:
                    self._enter(value)
            key: tuple[Any, ...]
            if len(values) == 2:  # most of what is recorded, and quicker to write out
                key = (self._state, op, attrs, values[0].index, values[1].index)
            else:
                key = (self._state, op, attrs, *[value.index for value in values])
            step = self._transitions.get(key) or self._extend(key)
            self._state, instruction, shape, dtype, nbytes = step
            index = len(self._refs)
            result = Value(self, shape, dtype, index, epoch)
            self._steps.append(instruction)
            self._refs.append(_ref(result))
            self._bytes += nbytes
            if op.fallible:
                self.at_risk = self._raises_at_flush
            if index >= self._limit or self._bytes >= MAX_PENDING_BYTES:
                self.flush()
            return result

    def splice(
        self,
        body: Body,
        values: Sequence[Value],
        numbers: Sequence[bool | int | float] = (),
        live: tuple[Any, ...] | None = None,
    ) -> list[Value]:
        """Append the steps of a body to the graph and return its pending outputs.

        ``live`` says how to find the numbers again, for a graph that is captured.
        """
        with self.lock:
            epoch = self.epoch
            for value in values:
                if value.epoch != epoch:
                    self._enter(value)
            key = (self._state, body, *[value.index for value in values])
            placed = self._placed.get(key) or self._place(key)
            start = len(self._refs)
            self._state = placed.state
            self._steps += placed.steps
            self._scalars += numbers
            refs = self._refs
            refs += body.blank
            self._bytes += body.nbytes
            if body.fallible:
                self.at_risk = self._raises_at_flush
            results = []
            shift = start - body.inputs
            for position, (shape, dtype) in zip(body.outputs, body.specs, strict=True):
                if position < body.inputs:
                    results.append(values[position])
                    continue
                result = Value(self, shape, dtype, position + shift, epoch)
                refs[result.index] = _ref(result)
                results.append(result)
            if len(refs) > self._limit or self._bytes >= MAX_PENDING_BYTES:
                self.flush()
            return results if body.order is None else [results[i] for i in body.order]

    def remember(self, key: tuple[Any, ...], recorded: Any) -> None:
        """Keep what was recorded once; the oldest is dropped beyond a limit."""
        self.bodies[key] = recorded
        if len(self.bodies) > MAX_BODIES:
            self.bodies.popitem(last=False)

    def _place(self, key: tuple[Any, ...]) -> Placed:
        """Write out a body that was not appended after these steps before."""
        _, body, *inputs = key
        if len(self._placed) >= MAX_PLACED:
            self._placed.clear()
        placed = place(body, next(_states), inputs, len(self._refs), len(self._scalars))
        self._placed[key] = placed
        return placed

    def scalar(self, number: bool | int | float, dtype: DType) -> Value:
        """Append a Python number: a run-time argument, never part of a plan."""
        if type(number) is int:
            number = _fitted(number, dtype)
        with self.lock:
            slot = len(self._scalars)
            step = self._leaf((self._state, SCALAR, (slot, dtype)))
            self._scalars.append(number)
            value = Number(self, (), dtype, len(self._refs) - 1, step)
            value.number = number
            return value

    def scalars(
        self, numbers: Sequence[bool | int | float], dtype: DType, live: tuple[Any, ...]
    ) -> list[Value]:
        """Append several numbers; for ``live`` see `splice`."""
        return [self.scalar(number, dtype) for number in numbers]

    def _enter(self, value: Value) -> None:
        """Make a computed value a leaf of the graph."""
        if value.recorder is not self:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, "
                f"{self.device} and {value.recorder.device}!"
            )
        if type(value) is Number:
            # A flush came between the number and the operator that it is for.
            again = self.scalar(value.number, value.dtype)
            value.index, value.epoch = again.index, again.epoch
            return
        if value.buffer is None:
            raise lost(value)
        self._leaf((self._state, INPUT, (len(self._buffers), value.shape, value.dtype)))
        buffer = value.buffer
        if value.exported:
            # Somebody may write to this memory at any time: what reads it gets a copy of its own
            # if that is cheap, or else runs at once.
            if value.dtype.itemsize * math.prod(value.shape) <= MAX_SNAPSHOT:
                (buffer,) = self.runtime.private([buffer], [buffer])  # type: ignore[attr-defined]  # see flush
            else:
                self._exported, self._limit = True, 0
        self._buffers.append(buffer)
        self._leaves.append(None if value.shared else _ref(value))
        value.index = len(self._refs) - 1
        if buffer is value.buffer:  # a copy is good for one reading only
            value.epoch = self.epoch

    def _leaf(self, key: tuple[Any, ...]) -> int:
        step = self._transitions.get(key) or self._extend(key)
        self._state = step.state
        self._steps.append(step.instruction)
        self._refs.append(None)
        return self.epoch

    def _extend(self, key: tuple[Any, ...]) -> _Transition:
        """Infer a step that was not seen after these steps before."""
        _, op, attrs, *inputs = key
        specs = tuple(self._steps[i].spec for i in inputs)
        spec = op.infer(specs, attrs)
        if spec.dtype not in self.dtypes:
            raise unsupported_dtype(self, spec.dtype)
        if op.kind is Kind.HOST and not self.computes(op):
            raise unsupported_operator(self, op, spec.dtype)
        if len(self._transitions) >= MAX_TRANSITIONS:
            self._transitions.clear()
        nbytes = spec.dtype.itemsize * math.prod(spec.shape)
        instruction = Instruction(op, tuple(inputs), attrs, spec.shape, spec.dtype)
        step = _Transition(next(_states), instruction, spec.shape, spec.dtype, nbytes)
        self._transitions[key] = step
        return step

    def computes(self, op: Operator) -> bool:
        """Tell whether the device has an operator of the kind that it may lack."""
        return op.kind is not Kind.HOST or op.name in getattr(self.runtime, "host_operators", ())

    # Running

    def flush(self) -> None:
        """Compute every pending value that somebody still holds; does not wait for the device."""
        with self.lock:
            wanted = [
                (i, value)
                for i, ref in enumerate(self._refs)
                if ref is not None and (value := ref()) is not None
            ]
            steps, buffers, scalars = self._steps, self._buffers, self._scalars
            leaves, state, exported = self._leaves, self._state, self._exported
            kept = self._kept
            self._reset()
            if not wanted:
                return
            outputs = tuple([i for i, _ in wanted])
            dead = tuple(
                [i for i, leaf in enumerate(leaves) if leaf is not None and leaf() is None]
            )
            try:
                plan = self._plan((state, outputs, dead), steps)
                if _observer is None:
                    results = plan.execute(buffers, scalars)
                else:
                    results = _observer(self, plan.execute, steps, buffers, scalars)
            except Exception as error:
                if getattr(error, "inputs_lost", False):
                    for _, value in wanted:
                        value.error = error
                else:
                    self._salvage(wanted, steps, buffers, scalars)
                for storage, before in kept.items():
                    if storage.value.error is not None:
                        storage.value = before
                raise error
            if exported:
                results = self.runtime.private(results, buffers)  # type: ignore[attr-defined]  # only runtimes that share memory with the host export
            for (_, value), result in zip(wanted, results, strict=True):
                value.buffer = result
            for position, slot in plan.aliases:
                wanted[position][1].shared = True
                leaf = leaves[slot] if slot >= 0 else None
                source = None if leaf is None else leaf()
                if source is not None:
                    source.shared = True
            self.flushes += 1
            if _eager:
                self.runtime.synchronize()  # so that the line at fault raises on every device

    def _plan(self, key: tuple[Any, ...], steps: list[Instruction]) -> _Plan:
        plan = self._plans.get(key)
        if plan is not None:
            self._plans.move_to_end(key)
            return plan
        _, outputs, dead = key
        plan = self.build(Program(tuple(steps), outputs, frozenset(dead)))
        self._plans[key] = plan
        if len(self._plans) > MAX_PLANS:
            self._plans.popitem(last=False)
        return plan

    def build(self, program: Program) -> _Plan:
        """Simplify a program and have the backend compile it."""
        program = self.prepare(program)
        if _verifying:
            verify(program)
        self.plans_built += 1
        return _Plan(self.runtime.compile(program), _aliases(program))

    def prepare(self, program: Program) -> Program:
        """Return the program as the backend gets it."""
        return simplify(lower(simplify(without_bfloat16(program)), self))

    def _salvage(
        self,
        wanted: list[tuple[int, Value]],
        steps: list[Instruction],
        buffers: list[Any],
        scalars: list[Any],
    ) -> None:
        """After a failed run, compute each wanted value by itself and mark those that fail."""
        for index, value in wanted:
            try:
                plan = self.build(Program(tuple(steps), (index,)))
                (value.buffer,) = plan.execute(buffers, scalars)
                value.shared = bool(plan.aliases)
            except Exception as error:  # noqa: BLE001  (whatever it is, reading the value raises it)
                value.error = error

    def keep(self, storage: Storage) -> None:
        """Remember what a cell holds before it is written to, in case the flush fails."""
        self._kept.setdefault(storage, storage.value)

    # Host access

    def upload(self, array: np.ndarray[Any, Any], dtype: DType) -> Value:
        """Make a computed value of a C-contiguous host array."""
        if dtype not in self.dtypes:
            raise unsupported_dtype(self, dtype)
        return self.adopt(self.runtime.upload(array), array.shape, dtype)

    def adopt(self, buffer: Any, shape: Shape, dtype: DType) -> Value:
        """Make a computed value of a buffer of this device."""
        value = Value(self, shape, dtype, -1, 0)
        value.buffer = buffer
        return value

    def piece(self, value: Value, offset: int, shape: Shape) -> Value | None:
        """Return a dense piece of a value as a computed value, or None where a plan may read it.

        Where a slice starts is part of a plan, so a program that starts elsewhere each time (the
        batches of an epoch, the position of a text) would compile each time. Small pieces of
        computed arrays are copied out, and so is what has started in many places before.
        """
        region = getattr(self.runtime, "region", None)
        if region is None:
            return None
        with self.lock:
            pending = value.epoch == self.epoch and value.buffer is None
            small = math.prod(shape) * SMALL_PIECE <= math.prod(value.shape)
            if pending or not small:
                where = (self._state, value.index) if pending else (value.shape, value.dtype)
                seen = self._starts.setdefault((*where, shape), set())
                seen.add(offset)
                if len(self._starts) > MAX_STARTS:
                    self._starts.clear()
                if len(seen) <= MANY_STARTS:
                    return None
            if pending:
                self.flush()
            if value.buffer is None:
                return None  # its computation failed: reading it says so
            return self.adopt(region(value.buffer, offset, shape, value.dtype), shape, value.dtype)

    def force(self, value: Value) -> Any:
        """Return the buffer of a value, computing it first if it is pending."""
        if value.buffer is None:
            self.flush()
            if value.buffer is None:
                raise lost(value)
        return value.buffer

    def download(self, value: Value) -> np.ndarray[Any, Any]:
        """Return the value as a host array."""
        buffer = self.force(value)
        return self.runtime.download(buffer, value.shape, value.dtype)


def _fitted(number: int, dtype: DType) -> int:
    """An integer in the range of its dtype, wrapped around as arithmetic is."""
    if not -(1 << 63) <= number < 1 << 63:
        raise OverflowError("int too big to convert")
    if dtype.category != INTEGER:
        return number
    bits = 8 * dtype.itemsize
    number %= 1 << bits
    return number - (1 << bits) if dtype.is_signed and number >> (bits - 1) else number


def _aliases(program: Program) -> tuple[tuple[int, int], ...]:
    """Which outputs may have the buffer of an input, or (slot -1) of another output.

    An output that is an input, or a movement of one, may be the same memory on some backend; so may
    two outputs that are one instruction.
    """
    found = []
    for position, index in enumerate(program.outputs):
        step = program.instructions[index]
        while step.op.kind is Kind.MOVEMENT:
            step = program.instructions[step.inputs[0]]
        if step.op is INPUT:
            found.append((position, step.attrs[0]))
        elif program.outputs.count(index) > 1:
            found.append((position, -1))
    return tuple(found)


def lost(value: Value) -> RuntimeError:
    """The error for reading a value whose computation failed."""
    error = RuntimeError(
        f"this tensor of shape {list(value.shape)} has no value, because the operation that "
        f"computes it failed: {value.error}"
    )
    error.__cause__ = value.error
    return error


def unsupported_dtype(recorder: Recorder, dtype: DType) -> UnsupportedError:
    """The error for a dtype that a device does not have."""
    allowed = ", ".join(d.name for d in sorted(recorder.dtypes, key=lambda d: d.rank))
    return UnsupportedError(
        f"the device {recorder.device} ({recorder.runtime.name}) does not support {dtype.name}; "
        f"use one of {allowed}, or another device"
    )


def unsupported_operator(recorder: Recorder, op: Operator, dtype: DType) -> UnsupportedError:
    """The error for a decomposition that a device does not have."""
    return UnsupportedError(
        f"the device {recorder.device} ({recorder.runtime.name}) cannot do {op.name} for "
        f"{dtype.name}; move the operands to the cpu, or let the cpu compute it: use "
        '`with portfire.fallback("cpu"):`, or set PORTFIRE_FALLBACK=cpu'
    )


def flush_all() -> None:
    """Enqueue all pending work of every device, without waiting for it.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2) + 1
        >>> portfire.flush()
        >>> x.tolist()
        [2.0, 2.0]
    """
    for recorder in tuple(_recorders):
        if recorder._refs:
            recorder.flush()


def is_eager() -> bool:
    """Tell whether each operation is run at once."""
    return _eager


def set_eager(mode: bool) -> bool:
    """Flush after each operation (to find the line of a run-time error); return the old mode."""
    global _eager
    old, _eager = _eager, mode
    for recorder in tuple(_recorders):
        recorder.flush()
        recorder._limit = recorder._longest()
    return old


@contextlib.contextmanager
def eager() -> Iterator[None]:
    """Flush after each operation inside a ``with`` block, to find the line of a run-time error.

    Example:
        >>> import portfire
        >>> with portfire.engine.eager():
        ...     y = portfire.ones(2) + 1
    """
    old = set_eager(True)
    try:
        yield
    finally:
        set_eager(old)


def set_verifying(mode: bool) -> bool:
    """Check each program before it is compiled; return the old mode."""
    global _verifying
    old, _verifying = _verifying, mode
    return old


def set_observer(observer: Callable[..., Sequence[Any]] | None) -> None:
    """Have each flush run its plan through a function; None for not."""
    global _observer
    _observer = observer


def observed() -> bool:
    """Tell whether flushes run through a function."""
    return _observer is not None
