"""Devices that exist only in tests: a second one, one without doubles, one with little memory."""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from portfire import _device, _dtype, ops
from portfire._dtype import DType
from portfire.backend._contract import (
    CONTRACT_VERSION,
    BackendSpec,
    Executable,
    MemoryReport,
    OutOfMemoryError,
    Program,
)
from portfire.backend._interpreter import PerOperatorRuntime
from portfire.ops._record import Shape
from portfire.plugins import PluginHost, hookimpl, install_host
from portfire.plugins._loading import disabled_names, installed_entry_points

__all__ = ["ReferenceRuntime", "fake_devices", "fakes"]

Array = np.ndarray[Any, Any]

TINY_LIMIT = 64 << 10

_installed: list[Sequence[BackendSpec]] = []  # by the contexts that are open, outermost first


class ReferenceRuntime(PerOperatorRuntime):
    """A device that runs the references of the records with NumPy, and counts its memory.

    Args:
        name: what the device is called.
        without: dtypes that it does not have.
        limit: bytes that it has; one more raises `portfire.backend.OutOfMemoryError`.

    Example:
        >>> import numpy
        >>> from portfire.testing import ReferenceRuntime
        >>> runtime = ReferenceRuntime("small", limit=100)
        >>> buffer = runtime.upload(numpy.zeros(10))
        >>> runtime.memory().allocated
        80
    """

    def __init__(self, name: str, without: Sequence[DType] = (), limit: int | None = None) -> None:
        self.name = name
        self.dtypes = frozenset(_dtype.ALL) - frozenset(without)
        self.table = {op.name: op.reference for op in ops.registry()}
        self.limit = limit
        self._held = 0
        self._peak = 0

    def compile(self, program: Program) -> Executable:
        """Interpret the program, silent about overflow and NaN."""
        execute = super().compile(program)

        def quiet(buffers: Sequence[Any], scalars: Sequence[Any]) -> Sequence[Any]:
            with np.errstate(all="ignore"):
                return execute(buffers, scalars)

        return quiet

    def scalar(self, number: Any, dtype: DType) -> Any:
        """Make a 0-d array of a Python number; it takes no memory of the device."""
        return np.array(number).astype(dtype.numpy)

    def finish(self, array: Any) -> Array:
        """Give a result memory of its own."""
        return self.upload(np.asarray(array))

    def upload(self, array: Array) -> Array:
        """Copy an array, if there is room for it."""
        nbytes = int(array.nbytes)
        if self.limit is not None and self._held + nbytes > self.limit:
            raise OutOfMemoryError(
                f"out of memory on {self.name}: tried to allocate {nbytes} bytes; in use are "
                f"{self._held} bytes, the device has {self.limit} bytes"
            )
        copy = np.array(array, order="C")
        self._held += nbytes
        self._peak = max(self._peak, self._held)
        weakref.finalize(copy, self._free, nbytes)
        return copy

    def _free(self, nbytes: int) -> None:
        self._held -= nbytes

    def download(self, buffer: Array, shape: Shape, dtype: DType) -> Array:
        """Copy a buffer to the host."""
        return np.array(buffer.reshape(shape))

    def private(self, results: Sequence[Array], inputs: Sequence[Array]) -> list[Array]:
        """Return the results: `finish` gave each memory of its own."""
        return list(results)

    def memory(self) -> MemoryReport:
        """Report the bytes of live buffers."""
        return MemoryReport(self._held, self._held, self._peak, self.limit or 0)


def fakes() -> tuple[BackendSpec, ...]:
    """Return the announcements of three device types.

    ``fake`` has two complete devices, ``single`` no float64 and no float16, and ``tiny`` 64 KiB.
    """
    return (
        BackendSpec("fake", lambda: 2, lambda index: ReferenceRuntime(f"fake device {index}")),
        BackendSpec(
            "single",
            lambda: 1,
            lambda index: ReferenceRuntime("single", (_dtype.float64, _dtype.float16)),
        ),
        BackendSpec("tiny", lambda: 1, lambda index: ReferenceRuntime("tiny", limit=TINY_LIMIT)),
    )


@contextlib.contextmanager
def fake_devices(*specs: BackendSpec) -> Iterator[None]:
    """Install device types beside those of the installed plugins; by default those of `fakes`.

    Example:
        >>> import portfire
        >>> from portfire.testing import fake_devices
        >>> with fake_devices():
        ...     portfire.ones(2, device="fake:1")
        tensor([1., 1.], device='fake:1')
    """
    wanted = specs or fakes()
    _installed.append(wanted)
    own = [_entry_point(number, group) for number, group in enumerate(_installed)]
    old = install_host(PluginHost([*installed_entry_points(), *own], disabled_names()))
    try:
        yield
    finally:
        _installed.remove(wanted)
        install_host(old)
        for spec in wanted:
            _device.forget(spec.device_type)


def _entry_point(number: int, specs: Sequence[BackendSpec]) -> Any:
    """What the loader sees of a plugin: it looks like `importlib.metadata.EntryPoint`."""

    @hookimpl
    def portfire_backends() -> Sequence[BackendSpec]:
        return specs

    plugin = SimpleNamespace(portfire_backends=portfire_backends)
    return SimpleNamespace(
        name=f"fakes{number}@{CONTRACT_VERSION}",
        value="portfire.testing.fakes",
        dist=SimpleNamespace(name="portfire-testing", version="0"),
        load=lambda: plugin,
    )
