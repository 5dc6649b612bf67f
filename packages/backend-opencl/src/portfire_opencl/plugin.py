"""The entry point: announces the device type ``opencl`` without importing pyopencl."""

from __future__ import annotations

from typing import Any

from portfire.backend._contract import BackendSpec, Runtime
from portfire.plugins.hookspec import hookimpl

__all__ = ["info", "portfire_backends"]

_PRIORITY = 50  # below the processor's 100: a device is chosen by name, or where there is no other


def _count() -> int:
    from portfire_opencl.devices import discover

    return len(discover().devices)


def _open(index: int) -> Runtime:
    from portfire_opencl.runtime import open_device

    return open_device(index)


def _explain() -> str:
    from portfire_opencl.devices import explain

    return explain()


@hookimpl
def portfire_backends() -> list[BackendSpec]:
    """Announce the devices ``opencl:0``, ``opencl:1`` and so on."""
    return [BackendSpec("opencl", _count, _open, priority=_PRIORITY, explain=_explain)]


def info() -> dict[str, Any]:
    """Return what the doctor prints about OpenCL."""
    from portfire_opencl.info import report

    return report()
