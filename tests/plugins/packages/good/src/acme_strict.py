"""A third party's backend: the device ``strict``, on array_api_strict."""

from portfire.backend import BackendSpec, Runtime
from portfire.plugins import hookimpl


def open_device(index: int) -> Runtime:
    """Open the device."""
    import array_api_strict

    from portfire.backend import ArrayAPIRuntime

    return ArrayAPIRuntime(array_api_strict, "array_api_strict")


@hookimpl
def portfire_backends() -> list[BackendSpec]:
    """Announce one device."""
    return [BackendSpec("strict", lambda: 1, open_device)]
