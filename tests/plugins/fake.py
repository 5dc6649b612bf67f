"""Entry points and plugins that exist only in memory."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from portfire.backend._contract import BackendSpec
from portfire.plugins import PluginHost, hookimpl


class FakeEntryPoint:
    """Looks like `importlib.metadata.EntryPoint` to the loader."""

    def __init__(self, dist: str, name: str, load: Callable[[], Any], version: str = "1.0") -> None:
        self.name = name
        self.value = f"{dist.replace('-', '_')}.plugin"
        self.dist = SimpleNamespace(name=dist, version=version)
        self._load = load
        self.loads = 0

    def load(self) -> Any:
        self.loads += 1
        return self._load()


def spec(device_type: str, count: int = 1, priority: int = 0, why: str = "") -> BackendSpec:
    """Return an announcement whose devices can not be opened."""

    def never(index: int) -> Any:
        raise AssertionError(f"{device_type}:{index} was opened")

    explain = (lambda: why) if why else None
    return BackendSpec(device_type, lambda: count, never, priority, explain)


def backends(*specs: BackendSpec) -> SimpleNamespace:
    """Return a plugin object that announces these device types."""

    @hookimpl
    def portfire_backends() -> list[BackendSpec]:
        return list(specs)

    return SimpleNamespace(portfire_backends=portfire_backends)


def good(dist: str, device_type: str, **options: Any) -> FakeEntryPoint:
    """Return an entry point with one device type, named after it."""
    plugin = backends(spec(device_type, **options))
    return FakeEntryPoint(dist, f"{device_type}@1", lambda: plugin)


def make_host(*entry_points: FakeEntryPoint, disabled: str = "") -> PluginHost:
    """Load these entry points; ``disabled`` is a comma-separated list as in the environment."""
    return PluginHost(entry_points, frozenset(filter(None, disabled.split(","))))
