"""The runtime of the device ``cpu``."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from portfire._dtype import DType
from portfire.backend._interpreter import PerOperatorRuntime
from portfire_numpy.kernels import TABLE

__all__ = ["NumpyRuntime"]

Array = np.ndarray[Any, Any]


class NumpyRuntime(PerOperatorRuntime):
    """Runs programs with NumPy; buffers are C-contiguous arrays."""

    name = f"NumPy {np.__version__} on {platform.machine()}"
    table = TABLE
    claims = frozenset({"softmax", "log_softmax", "sigmoid", "relu"})

    def guard(self) -> AbstractContextManager[object]:
        """Run programs silent about overflow and NaN, as arrays on any device are."""
        return np.errstate(all="ignore")

    def scalar(self, number: Any, dtype: DType) -> Any:
        """Make a 0-d array of a Python number."""
        return np.array(number).astype(dtype.numpy)

    def finish(self, array: Any) -> Array:
        """Make a result dense; a view of a larger array gets memory of its own."""
        return np.asarray(array, order="C")

    def upload(self, array: Array) -> Array:
        """Take an array over; the caller gives it up."""
        return array

    def download(self, buffer: Array, shape: tuple[int, ...], dtype: DType) -> Array:
        """Return the array itself: nobody may write to it."""
        return buffer.reshape(shape)

    def private(self, results: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        """Copy the results that share memory with an input, which somebody outside may write."""
        return [
            np.array(r) if any(np.may_share_memory(r, i) for i in inputs) else r for r in results
        ]
