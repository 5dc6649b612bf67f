"""The backend contract, and two bases to start a backend from."""

from importlib import import_module
from typing import TYPE_CHECKING

from portfire.backend._contract import (
    CONTRACT_VERSION,
    BackendSpec,
    Buffer,
    Executable,
    Instruction,
    MemoryReport,
    OutOfMemoryError,
    Program,
    Runtime,
    UnsupportedError,
)

if TYPE_CHECKING:
    from portfire.backend._array_api import ArrayAPIRuntime
    from portfire.backend._insight import KernelInfo, Measurement, PlanInfo
    from portfire.backend._interpreter import PerOperatorRuntime

__all__ = [
    "ArrayAPIRuntime",
    "PerOperatorRuntime",
    "CONTRACT_VERSION",
    "BackendSpec",
    "Buffer",
    "Executable",
    "Instruction",
    "KernelInfo",
    "Measurement",
    "MemoryReport",
    "OutOfMemoryError",
    "PlanInfo",
    "Program",
    "Runtime",
    "UnsupportedError",
]


_LATER = {
    "ArrayAPIRuntime": "_array_api",
    "KernelInfo": "_insight",
    "Measurement": "_insight",
    "PerOperatorRuntime": "_interpreter",
    "PlanInfo": "_insight",
}


def __getattr__(name: str) -> object:
    """Load what imports the operators when it is asked for: they import this module."""
    if name in _LATER:
        return getattr(import_module(f"portfire.backend.{_LATER[name]}"), name)
    raise AttributeError(f"module 'portfire.backend' has no attribute {name!r}")
