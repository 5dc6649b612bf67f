"""The device ``cpu`` of portfire, on NumPy."""

from portfire_numpy.runtime import NumpyRuntime

__all__ = ["NumpyRuntime"]
