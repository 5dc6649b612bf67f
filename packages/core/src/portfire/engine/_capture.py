"""Watching what a function records, so that it can be appended again without calling it.

While a function is captured, the recorders of all devices are of the class `CapturingRecorder`: it
costs nothing while nothing is captured. Flushes wait for the end, so that the whole function is one
graph, and each thing that a graph does not say is noted: which values came from where, which cells
were written to, which numbers can be had again. Reading a value on the host ends it.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from portfire._dtype import DType
from portfire.engine._body import Body
from portfire.engine._recorder import Recorder, _recorders
from portfire.engine._value import Number, Value
from portfire.ops._record import Shape

__all__ = ["CapturingRecorder", "Log", "capture", "is_capturing"]

MAX_CONSTANT = 1 << 20  # bytes of host data that a captured function may make a tensor of
_one_at_a_time = threading.RLock()
_current: list[Log] = []


class Log:
    """What a captured function did.

    Attributes:
        reason: why it cannot be appended again; empty if it can.
        recorders: the devices, as they were when it began.
        entered: of each recorder, the values that were computed before, by step.
        live: of each recorder, ``(steps of numbers, how to have them again)``.
        written: cells and what they held before they were written to.
        uploaded: values made of host data, and the data.
        flushed: whether a flush was asked for.
    """

    def __init__(self) -> None:
        self.reason = ""
        self.recorders = [r for r in tuple(_recorders) if type(r) is Recorder]
        self.entered: dict[Recorder, dict[int, Value]] = {r: {} for r in self.recorders}
        self.live: dict[Recorder, list[tuple[range, tuple[Any, ...]]]] = {
            r: [] for r in self.recorders
        }
        self.written: dict[Any, Value] = {}
        self.uploaded: dict[int, tuple[Value, np.ndarray[Any, Any]]] = {}
        self.flushed = False
        self.thread = threading.get_ident()

    def give_up(self, reason: str) -> None:
        """Note why the function cannot be appended again, and go on as if nobody watched."""
        self.reason = self.reason or reason
        self.release()

    def release(self) -> None:
        """Make the recorders what they were."""
        for recorder in self.recorders:
            if type(recorder) is CapturingRecorder:
                recorder.__class__ = Recorder  # type: ignore[assignment]  # as it was before
                recorder._limit = 0 if recorder._exported else recorder._longest()


class CapturingRecorder(Recorder):
    """A recorder of a device while a function is captured.

    What other threads want of it waits for its lock, and so until it is a usual recorder again.
    """

    @property
    def at_risk(self) -> bool:
        """True, so that each write to a cell is announced."""
        return True

    @at_risk.setter
    def at_risk(self, value: bool) -> None:
        self.__dict__["at_risk"] = value

    def keep(self, storage: Any) -> None:
        """Note a cell that is about to be written to."""
        if is_capturing():
            _current[-1].written.setdefault(storage, storage.value)
        if self.__dict__["at_risk"]:
            super().keep(storage)

    def splice(
        self,
        body: Body,
        values: Sequence[Value],
        numbers: Sequence[bool | int | float] = (),
        live: tuple[Any, ...] | None = None,
    ) -> list[Value]:
        """Append a body, and note where its numbers come from."""
        results = super().splice(body, values, numbers, live)
        if live is not None:
            start = len(self._refs) - len(body.blank)
            place = range(start, start + len(body.numbers))
            _current[-1].live[self].append((place, live))
        return results

    def scalars(
        self, numbers: Sequence[bool | int | float], dtype: DType, live: tuple[Any, ...]
    ) -> list[Value]:
        """Append numbers, and note where they come from."""
        start = len(self._refs)
        values = super().scalars(numbers, dtype, live)
        _current[-1].live[self].append((range(start, start + len(values)), live))
        return values

    def _enter(self, value: Value) -> None:
        super()._enter(value)
        if type(value) is not Number:
            _current[-1].entered[self][value.index] = value

    def upload(self, array: np.ndarray[Any, Any], dtype: DType) -> Value:
        """Make a value of host data, which has to be the same at each call."""
        value = super().upload(array, dtype)
        if not is_capturing():
            return value
        if array.nbytes > MAX_CONSTANT:
            _current[-1].give_up("it makes a large tensor of host data")
        else:
            _current[-1].uploaded[id(value)] = (value, array.copy())
        return value

    def flush(self) -> None:
        """Wait with it until the function returns."""
        if is_capturing():
            _current[-1].flushed = True
            return
        with self.lock:
            self.flush()

    def piece(self, value: Value, offset: int, shape: Shape) -> Value | None:
        """Return None: a graph that is appended again has its slices in it."""
        if is_capturing():
            return None
        with self.lock:
            return self.piece(value, offset, shape)

    def force(self, value: Value) -> Any:
        """Give up: what is read on the host can decide what the function does next."""
        if is_capturing():
            _current[-1].give_up("it reads the value of a tensor on the host")
        with self.lock:
            return self.force(value)

    def download(self, value: Value) -> np.ndarray[Any, Any]:
        """Give up, as in `force`."""
        if is_capturing():
            _current[-1].give_up("it reads the value of a tensor on the host")
        with self.lock:
            return self.download(value)


def is_capturing() -> bool:
    """Tell whether this thread is in a captured function."""
    return bool(_current) and _current[-1].thread == threading.get_ident()


@contextlib.contextmanager
def capture() -> Iterator[Log]:
    """Watch what the block records on any device; other threads wait for their devices."""
    with _one_at_a_time, contextlib.ExitStack() as locks:
        log = Log()
        for recorder in log.recorders:
            locks.enter_context(recorder.lock)
            recorder.flush()
            recorder._limit = sys.maxsize
            recorder.__class__ = CapturingRecorder
        _current.append(log)
        try:
            yield log
        finally:
            log.release()
            _current.pop()
