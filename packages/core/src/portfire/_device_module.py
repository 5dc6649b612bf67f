"""``portfire.opencl`` and its kin: what one can ask of a device type."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from portfire import _device, plugins
from portfire._functions.conversion import LEGACY_NAMES, typed_constructor
from portfire._random import Generator, manual_seed

__all__ = ["make"]

NAMES = (
    "current_device",
    "device_count",
    "empty_cache",
    "get_device_name",
    "is_available",
    "manual_seed",
    "manual_seed_all",
    "max_memory_allocated",
    "memory_allocated",
    "memory_reserved",
    "set_device",
    "synchronize",
)


class _Questions:
    """The functions of one device type's module."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _index(self, device: Any) -> int:
        if device is None:
            return self.current_device()
        if isinstance(device, int):
            return device
        wanted = _device.device(device)
        if wanted.type != self._name:
            raise ValueError(f"Expected a {self._name} device, but got: {wanted}")
        return self.current_device() if wanted.index is None else wanted.index

    def _runtime(self, device: Any) -> Any:
        return _device.recorder_for(self._name, self._index(device)).runtime

    def is_available(self) -> bool:
        """Return whether there is such a device; False without the backend, never an error."""
        return self.device_count() > 0

    def device_count(self) -> int:
        """Return how many devices there are."""
        spec = plugins.backend_specs().get(self._name)
        return 0 if spec is None else spec.count()

    def current_device(self) -> int:
        """Return the index that the device type alone means."""
        return _device.current_index(self._name)

    def set_device(self, device: Any) -> None:
        """Set the index that the device type alone means, in this thread."""
        _device.set_current_index(self._name, self._index(device))

    def get_device_name(self, device: Any = None) -> str:
        """Return the name of a device."""
        name: str = self._runtime(device).name
        return name

    def synchronize(self, device: Any = None) -> None:
        """Compute all that is pending on a device and wait for it."""
        recorder = _device.recorder_for(self._name, self._index(device))
        recorder.flush()
        recorder.runtime.synchronize()

    def memory_allocated(self, device: Any = None) -> int:
        """Return the bytes that live arrays use."""
        allocated: int = self._runtime(device).memory().allocated
        return allocated

    def max_memory_allocated(self, device: Any = None) -> int:
        """Return the largest number of bytes that live arrays used."""
        peak: int = self._runtime(device).memory().peak
        return peak

    def memory_reserved(self, device: Any = None) -> int:
        """Return the bytes that the device's pool holds, free ones included."""
        reserved: int = self._runtime(device).memory().reserved
        return reserved

    def empty_cache(self) -> None:
        """Give free memory of all opened devices of this type back, where the backend pools it."""
        for recorder in _device.opened():
            if recorder.device.type == self._name:
                release = getattr(recorder.runtime, "empty_cache", None)
                if release is not None:
                    release()

    def manual_seed(self, seed: int) -> Generator:
        """Seed the default generator, which all devices share."""
        return manual_seed(seed)

    def manual_seed_all(self, seed: int) -> Generator:
        """Seed the default generator, which all devices share."""
        return manual_seed(seed)


def make(name: str) -> ModuleType:
    """Return the module of a device type."""
    module = ModuleType(f"portfire.{name}", f"Questions about devices of the type {name!r}.")
    questions = _Questions(name)
    for function in NAMES:
        setattr(module, function, getattr(questions, function))
    for dtype, legacy in LEGACY_NAMES.items():
        setattr(module, legacy, typed_constructor(dtype, name))
    module.__all__ = [*NAMES, *LEGACY_NAMES.values()]  # type: ignore[attr-defined]  # modules carry any attribute
    return module
