"""Matrix products in the threads of this package instead of the BLAS library's own.

OpenBLAS, which NumPy brings along, lets its threads wait for each other in busy loops. Where other
work wants the processors, one small product takes hundreds of times as long as in one thread. So
while a plan runs, the library is told to use one thread, and large products are cut into pieces
that the threads of `_threads` take one by one. The library is found through NumPy's own module;
where it does not have the two functions for that, it is left alone.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from portfire_numpy._threads import share

__all__ = ["multiply", "one_thread"]

Array = Any

PIECE = 1 << 21  # multiplications of a piece, at the least
NARROWEST = 32  # rows or columns of a piece

_PREFIXES = ("scipy_openblas", "openblas")
_SUFFIXES = ("64_", "")

_lock = threading.Lock()
_users = 0
_before = 1


def _find() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    """Return the functions that tell and set the number of threads, or None."""
    core = "core" if np.__version__.startswith("1.") else "_core"
    module = import_module(f"numpy.{core}._multiarray_umath")
    try:
        library = ctypes.CDLL(module.__file__)
    except OSError:
        return None  # a build of NumPy whose modules are no libraries of their own
    for prefix in _PREFIXES:
        for suffix in _SUFFIXES:
            tell = getattr(library, f"{prefix}_get_num_threads{suffix}", None)
            set_ = getattr(library, f"{prefix}_set_num_threads{suffix}", None)
            if tell is not None and set_ is not None:
                tell.argtypes, tell.restype = [], ctypes.c_int
                set_.argtypes, set_.restype = [ctypes.c_int], None
                return tell, set_
    return None


_control = _find()


@contextmanager
def one_thread() -> Iterator[None]:
    """Have the library use one thread inside a ``with`` block; nests, in any thread."""
    if _control is None:
        yield
        return
    global _users, _before
    tell, set_ = _control
    with _lock:
        if not _users:
            _before = tell()
            set_(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                set_(_before)


def multiply(x: Array, y: Array, out: Array) -> None:
    """Write the product of two stacks of matrices into an array."""
    rows, columns = out.shape[-2:]
    inner = x.shape[-1]
    if _control is None or out.size * inner < 2 * PIECE:
        np.matmul(x, y, out=out)
        return
    stack = len(out) if out.ndim == 3 else 1
    if stack > 1:

        def work(first: int, last: int) -> None:
            np.matmul(x[first:last], y[first:last], out=out[first:last])

        share(work, stack, -(-PIECE // (rows * columns * inner)))
    elif rows >= columns:

        def work(first: int, last: int) -> None:
            np.matmul(x[..., first:last, :], y, out=out[..., first:last, :])

        share(work, rows, max(NARROWEST, PIECE // (columns * inner)))
    else:

        def work(first: int, last: int) -> None:
            np.matmul(x, y[..., first:last], out=out[..., first:last])

        share(work, columns, max(NARROWEST, PIECE // (rows * inner)))
