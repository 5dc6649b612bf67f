"""The backend contract, and two bases to start a backend from."""

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
    from portfire.backend._interpreter import PerOperatorRuntime

__all__ = [
    "ArrayAPIRuntime",
    "PerOperatorRuntime",
    "CONTRACT_VERSION",
    "BackendSpec",
    "Buffer",
    "Executable",
    "Instruction",
    "MemoryReport",
    "OutOfMemoryError",
    "Program",
    "Runtime",
    "UnsupportedError",
]


def __getattr__(name: str) -> object:
    """Load the bases when they are asked for: they import the operators, which import this."""
    if name == "ArrayAPIRuntime":
        from portfire.backend._array_api import ArrayAPIRuntime

        return ArrayAPIRuntime
    if name == "PerOperatorRuntime":
        from portfire.backend._interpreter import PerOperatorRuntime

        return PerOperatorRuntime
    raise AttributeError(f"module 'portfire.backend' has no attribute {name!r}")
