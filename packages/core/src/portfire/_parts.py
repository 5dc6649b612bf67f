"""Parts of the ``portfire`` namespace that are imported late, or that other packages bring."""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import Any

from portfire import _device, plugins

__all__ = ["find"]

# Subpackages of other distributions, and device modules: what to install for each.
SUBPACKAGES = {"nn": "portfire-nn", "optim": "portfire-optim"}

# Modules of this package that `import portfire` does not pay for.
LATE = {"amp", "func", "linalg", "profiler", "special", "utils"}


def find(name: str) -> Any:
    """Return ``portfire.<name>``; AttributeError with the cure where it is not installed."""
    if name.startswith("_"):
        raise AttributeError(f"module 'portfire' has no attribute '{name}'")
    if name in LATE:
        return importlib.import_module(f"portfire.{name}")
    if name in SUBPACKAGES:
        if importlib.util.find_spec(f"portfire.{name}") is None:
            raise AttributeError(
                f"portfire.{name} is not installed; run: pip install {SUBPACKAGES[name]}"
            )
        return importlib.import_module(f"portfire.{name}")
    module = plugins.namespace(name)
    if module is not None:
        return module
    if _device.is_type(name):
        return device_module(name)
    raise AttributeError(f"module 'portfire' has no attribute '{name}'")


_modules: dict[str, ModuleType] = {}


def device_module(name: str) -> ModuleType:
    """The module of a device type, ``portfire.opencl``: torch.cuda's questions for any backend."""
    from portfire._device_module import make

    if name not in _modules:
        _modules[name] = make(name)
    return _modules[name]
