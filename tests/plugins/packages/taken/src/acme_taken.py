"""A plugin whose device type belongs to somebody else."""

from typing import NoReturn

from portfire.backend import BackendSpec
from portfire.plugins import hookimpl


def open_device(index: int) -> NoReturn:
    """Fail loudly, should this device ever win against the real one."""
    raise AssertionError("the device of acme-taken was opened")


@hookimpl
def portfire_backends() -> list[BackendSpec]:
    """Announce a second device type ``cpu``."""
    return [BackendSpec("cpu", lambda: 1, open_device)]
