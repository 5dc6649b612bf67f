"""Errors that only a run can find: a word on the device that kernels set, and what it means.

A fallible kernel stores the number of its site and the offending value once. Sites are numbered
across all plans of a device: a plan gets a base, its own sites follow it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire_opencl._plan import ErrorSite

__all__ = ["ErrorWord"]


class ErrorWord:
    """Two longs on the device: the number of the first site that failed plus one, and the value."""

    def __init__(self, cl: Any, context: Any, queue: Any) -> None:
        self._cl = cl
        self._queue = queue
        self._clear = np.zeros(2, dtype=np.int64)
        self._host = np.zeros(2, dtype=np.int64)
        flags = cl.mem_flags.READ_WRITE | cl.mem_flags.COPY_HOST_PTR
        self.raw = cl.Buffer(context, flags, hostbuf=self._clear)
        self.armed = False  # true if a fallible kernel was enqueued since the last check
        self._texts: list[str] = []
        self._bases: dict[tuple[ErrorSite, ...], int] = {}

    def base(self, sites: tuple[ErrorSite, ...]) -> int:
        """Return the number of a plan's first site; equal plans share their numbers."""
        base = self._bases.get(sites)
        if base is None:
            base = self._bases[sites] = len(self._texts)
            self._texts.extend(site.text for site in sites)
        return base

    def request(self) -> Any:
        """Enqueue the reading of the word, if there is something to check; see `check`.

        Returns:
            What `check` needs; whoever waits for later work on the queue has waited for it too.
        """
        if not self.armed:
            return None
        return self._cl.enqueue_copy(self._queue, self._host, self.raw, is_blocking=False)

    def check(self, request: Any) -> None:
        """Raise what the fallible work before a request has found.

        Raises:
            IndexError: with the operator, shapes and the offending value.
        """
        if request is None:
            return
        request.wait()
        self.armed = False
        site, value = (int(number) for number in self._host)
        if site == 0:
            return
        self._cl.enqueue_copy(self._queue, self.raw, self._clear)
        raise IndexError(self._texts[site - 1].replace("{value}", str(value)))
