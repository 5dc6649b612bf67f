"""The plugins of this process: loaded once, at the first need, and asked once.

Loading never raises for a plugin's sake. What goes wrong becomes a `Problem`: a warning once, a
row in the doctor's table, and the cause of the error when the missing device is asked for.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, TypeVar

import pluggy

from portfire.backend._contract import BackendSpec
from portfire.plugins import _loading
from portfire.plugins._records import Plugin, PluginWarning, Problem, Status

__all__ = ["KNOWN_BACKENDS", "PluginHost", "host", "install_host"]

T = TypeVar("T")

NO_BACKEND = (
    "portfire has no backend installed; run: pip install portfire-backend-numpy (device cpu) "
    "or pip install 'portfire-backend-opencl[pocl]' (device opencl)"
)
# Device types of portfire's own distributions, so that a missing one can be named with its cure.
KNOWN_BACKENDS = {
    "cpu": "portfire-backend-numpy",
    "opencl": "'portfire-backend-opencl[pocl]'",
}


class PluginHost:
    """The plugins found among some entry points, and what they announced.

    Attributes:
        manager: the pluggy manager, with every plugin that could be registered.
        plugins: one record per entry point, alphabetically.
        problems: what can not be used and why, in the order in which it was found.
    """

    def __init__(
        self,
        entry_points: Iterable[_loading.AnyEntryPoint],
        disabled: frozenset[str] = frozenset(),
    ) -> None:
        self.manager: pluggy.PluginManager = _loading.new_manager()
        self.plugins: list[Plugin] = []
        self.problems: list[Problem] = []
        for plugin, problem in _loading.load_all(self.manager, entry_points, disabled):
            self.plugins.insert(0, plugin)
            if problem is not None:
                self.problems.insert(0, problem)
        self._owners = {plugin.key: plugin for plugin in self.plugins}
        self._default: str | None = None
        self._specs = self._collect_specs()
        self._namespaces = self._collect_namespaces()

    # Asking the plugins, each on its own.

    def _ask(self, hook: str, convert: Callable[[Any], T]) -> list[tuple[Plugin, T]]:
        """Call one hook of every plugin in pluggy's order; an exception becomes a problem.

        The answer is converted under the same protection: it may be a generator that raises.
        """
        answers = []
        for impl in reversed(getattr(self.manager.hook, hook).get_hookimpls()):
            plugin = self._owners[impl.plugin_name]
            try:
                answers.append((plugin, convert(impl.function())))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - recorded and reported
                self._report(
                    plugin, f"its hook {hook} raised {type(error).__name__}: {error}.", error
                )
        return answers

    def _report(self, plugin: Plugin, reason: str, error: BaseException | None = None) -> None:
        cure = (
            f"Repair or uninstall {plugin.distribution} {plugin.version}, or set "
            f"{_loading.DISABLE_VARIABLE}={plugin.name} to leave it out."
        )
        self.problems.append(Problem(plugin.name, plugin.distribution, reason, cure, error))

    def _collect_specs(self) -> dict[str, tuple[BackendSpec, Plugin]]:
        found: list[tuple[BackendSpec, Plugin]] = []
        for plugin, answer in self._ask("portfire_backends", _checked_specs):
            found += [(spec, plugin) for spec in answer]
        found.sort(key=lambda pair: -pair[0].priority)  # stable: pluggy's order among equals
        specs: dict[str, tuple[BackendSpec, Plugin]] = {}
        for spec, plugin in found:
            holder = specs.setdefault(spec.device_type, (spec, plugin))
            if holder[0] is not spec:
                self._report(
                    plugin,
                    f"its device type {spec.device_type!r} is taken by {holder[1].distribution}.",
                )
        return specs

    def _collect_namespaces(self) -> dict[str, str]:
        namespaces: dict[str, tuple[str, Plugin]] = {}
        for plugin, answer in self._ask("portfire_namespaces", _checked_namespaces):
            for name, path in answer.items():
                holder = namespaces.setdefault(name, (path, plugin))
                if holder[1] is not plugin:
                    self._report(
                        plugin, f"its namespace {name!r} is taken by {holder[1].distribution}."
                    )
        return {name: path for name, (path, _) in namespaces.items()}

    # What core asks for.

    def backend_specs(self) -> dict[str, BackendSpec]:
        """Return the announced device types, highest priority first."""
        return {device_type: spec for device_type, (spec, _) in self._specs.items()}

    def backend_spec(self, device_type: str) -> BackendSpec:
        """Return the announcement of one device type, or raise what explains its absence."""
        entry = self._specs.get(device_type)
        if entry is not None:
            return entry[0]
        failed = next((p for p in self.problems if p.plugin == device_type), None)
        if failed is not None:
            raise RuntimeError(
                f"the device {device_type!r} can not be used: {failed.reason} {failed.cure}"
            ) from failed.error
        disabled = [p for p in self.plugins if p.status is Status.DISABLED]
        if any(p.name == device_type for p in disabled):
            raise RuntimeError(
                f"the device {device_type!r} can not be used: the environment variable "
                f"{_loading.DISABLE_VARIABLE} disables its plugin"
            )
        if not self._specs:
            raise RuntimeError(self._nothing())
        known = ", ".join(sorted(self._specs))
        cure = KNOWN_BACKENDS.get(device_type)
        hint = f"; run: pip install {cure}" if cure else ""
        raise RuntimeError(f"portfire has no device type {device_type!r}; there is: {known}{hint}")

    def default_device_type(self) -> str:
        """Return the device type of highest priority that has a device; remembered."""
        if self._default is None:
            self._default = self._choose_default()
        return self._default

    def _choose_default(self) -> str:
        reasons = []
        for device_type, (spec, plugin) in self._specs.items():
            try:
                if spec.count() > 0:
                    return device_type
                why = spec.explain() if spec.explain is not None else "it has no device"
            except Exception as error:  # noqa: BLE001 - reported; the next backend may work
                why = f"looking for its devices raised {type(error).__name__}: {error}."
                self._report(plugin, why, error)
                _warn(self.problems[-1:])
            reasons.append(f"{device_type}: {why}")
        if reasons:
            raise RuntimeError("portfire finds no device; " + "; ".join(reasons))
        raise RuntimeError(self._nothing())

    def _nothing(self) -> str:
        """Say that there is no backend, and which plugins could have brought one."""
        broken = [str(p) for p in self.problems]
        off = [p.key for p in self.plugins if p.status is Status.DISABLED]
        if off:
            broken.append(f"{_loading.DISABLE_VARIABLE} disables {', '.join(off)}")
        return "; ".join([NO_BACKEND, *broken])

    def namespace(self, name: str) -> ModuleType | None:
        """Return the module that a plugin wants to be ``portfire.<name>``, or None."""
        path = self._namespaces.get(name)
        return None if path is None else import_module(path)


def _checked_specs(answer: Iterable[BackendSpec]) -> list[BackendSpec]:
    """Return what ``portfire_backends`` answered as a list of well-formed announcements."""
    specs = list(answer)
    for spec in specs:
        if not isinstance(spec, BackendSpec):
            raise TypeError(f"expected BackendSpec objects in an iterable; got {spec!r}")
        if not spec.device_type.isidentifier():
            raise ValueError(f"the device type {spec.device_type!r} is not an identifier")
    return specs


def _checked_namespaces(answer: Mapping[str, str]) -> dict[str, str]:
    """Return what ``portfire_namespaces`` answered as a dictionary from names to import paths."""
    namespaces = dict(answer)
    for name, path in namespaces.items():
        if not (isinstance(name, str) and isinstance(path, str)):
            raise TypeError(f"expected names and import paths; got {name!r}: {path!r}")
    return namespaces


def _warn(problems: Iterable[Problem]) -> None:
    for problem in problems:
        warnings.warn(str(problem), PluginWarning, stacklevel=2)


_host: PluginHost | None = None
_loading_now = False
_lock = threading.RLock()


def host() -> PluginHost:
    """Return the plugins of this process; the first call loads them and warns of the broken ones.

    Raises:
        RuntimeError: if a plugin needs a device while the plugins are still being loaded.
    """
    if _host is not None:
        return _host
    with _lock:
        if _host is not None:
            return _host
        if _loading_now:
            raise RuntimeError(
                "a plugin used a device while the plugins of portfire were being loaded; "
                "that belongs into BackendSpec.open"
            )
        return _load()


def _load() -> PluginHost:
    global _loading_now
    _loading_now = True
    try:
        loaded = PluginHost(_loading.installed_entry_points(), _loading.disabled_names())
    finally:
        _loading_now = False
    install_host(loaded)
    _warn(loaded.problems)  # last: with warnings as errors the plugins are still loaded
    return loaded


def install_host(new: PluginHost | None) -> PluginHost | None:
    """Put a host in place of this process's, for tests; None loads anew. Returns the old one."""
    global _host
    with _lock:
        old, _host = _host, new
    return old
