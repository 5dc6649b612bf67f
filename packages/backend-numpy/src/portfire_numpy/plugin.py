"""The plugin: announces the device ``cpu``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portfire.backend import BackendSpec
from portfire.plugins import hookimpl

if TYPE_CHECKING:
    from portfire.backend import Runtime

__all__ = ["portfire_backends"]


def _open(index: int) -> Runtime:
    from portfire_numpy.runtime import NumpyRuntime

    return NumpyRuntime()


@hookimpl
def portfire_backends() -> Sequence[BackendSpec]:
    """Announce the host."""
    return [BackendSpec("cpu", count=lambda: 1, open=_open, priority=100)]
