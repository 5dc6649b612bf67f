"""A few threads that share the parts of a task; NumPy works without the interpreter's lock.

Parts are taken one by one, so that a thread whose processor is busy with something else holds
nobody up: the others do its parts, and whoever has not begun when all is taken is not waited for.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

import numpy as np

from portfire._threads import get_num_threads

__all__ = ["share"]

Work = Callable[[int, int], None]

PARTS = 4  # per thread

_queue: SimpleQueue[_Task] = SimpleQueue()
_helpers: list[threading.Thread] = []
_lock = threading.Lock()


def _forget() -> None:
    """Start anew in a child process, which has none of the threads."""
    global _queue, _lock
    _queue, _lock = SimpleQueue(), threading.Lock()
    _helpers.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _help(queue: SimpleQueue[_Task]) -> None:
    """Take part in one task after another."""
    while True:
        queue.get().help()


def _want(count: int) -> None:
    """Have at least that many helpers."""
    with _lock:
        while len(_helpers) < count:
            name = f"portfire-cpu-{len(_helpers)}"
            helper = threading.Thread(target=_help, args=(_queue,), name=name, daemon=True)
            helper.start()
            _helpers.append(helper)


def _nothing(first: int, last: int) -> None:
    """Do no part of a task that is over."""


def share(work: Work, count: int, least: int = 1) -> None:
    """Call ``work(first, last)`` on parts of ``range(count)`` in several threads, and wait.

    Args:
        work: does the numbers from the first up to, but not with, the last. It runs with NumPy's
            floating-point warnings off.
        count: how many numbers there are.
        least: how many numbers a part should have.
    """
    threads = get_num_threads()
    parts = min(threads * PARTS, count // least)
    if threads < 2 or parts < 2:
        work(0, count)
        return
    helpers = min(threads, parts) - 1
    _want(helpers)
    task = _Task(work, count, parts)
    for _ in range(helpers):
        _queue.put(task)
    try:
        task.take()
    finally:
        task.close()
    if task.error is not None:
        raise task.error


class _Task:
    """The parts of a range, and who is at work on them.

    Attributes:
        error: what a helper raised, if anything.
    """

    def __init__(self, work: Work, count: int, parts: int) -> None:
        self.error: BaseException | None = None
        self._work = work
        self._count = count
        self._parts = parts
        self._ticket = itertools.count()
        self._lock = threading.Lock()
        self._helping = 0
        self._closed = False
        self._finished = threading.Lock()  # released when the last helper has gone
        self._finished.acquire()

    def take(self) -> None:
        """Do parts until all are taken."""
        work, count, parts = self._work, self._count, self._parts
        with np.errstate(all="ignore"):
            while (part := next(self._ticket)) < parts:
                work(count * part // parts, count * (part + 1) // parts)

    def help(self) -> None:
        """Take part, unless it is too late."""
        with self._lock:
            if self._closed:
                return
            self._helping += 1
        try:
            self.take()
        except BaseException as error:  # noqa: BLE001  (whatever it is, `share` raises it)
            self.error = error
        with self._lock:
            self._helping -= 1
            if self._closed and not self._helping:
                self._finished.release()

    def close(self) -> None:
        """Let nobody begin any more, and wait for those who have begun."""
        with self._lock:
            self._closed = True
            waiting = self._helping > 0
        if waiting:
            self._finished.acquire()
        # A helper that is late still has this task in the queue, but must not keep its arrays.
        self._work = _nothing
