"""How many threads the host may use for one computation."""

from __future__ import annotations

import os

__all__ = ["get_num_threads", "set_num_threads"]


def _available() -> int:
    """Return how many processors this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


_count = _available()


def get_num_threads() -> int:
    """Return how many threads devices that compute on the host use for one operation.

    Note:
        The device ``cpu`` asks for it. NumPy's matrix products and OpenCL runtimes have settings
        of their own, such as the environment variable ``OPENBLAS_NUM_THREADS``.

    Example:
        >>> import portfire
        >>> portfire.get_num_threads() >= 1
        True
    """
    return _count


def set_num_threads(num: int) -> None:
    """Set how many threads devices that compute on the host use for one operation.

    Args:
        num: the number of threads, 1 or more.

    Raises:
        RuntimeError: if it is not a positive integer.

    Example:
        >>> import portfire
        >>> before = portfire.get_num_threads()
        >>> portfire.set_num_threads(1)
        >>> portfire.get_num_threads()
        1
        >>> portfire.set_num_threads(before)
    """
    global _count
    if type(num) is not int:
        raise RuntimeError(f"set_num_threads expects an int, but got {type(num).__name__}")
    if num < 1:
        raise RuntimeError("set_num_threads expects a positive integer")
    _count = num
