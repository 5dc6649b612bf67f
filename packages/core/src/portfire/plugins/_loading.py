"""From the metadata of installed distributions to registered plugins, one at a time.

pluggy's own loader stops at the first plugin that raises and drops the second of two entry points
that share a name, so portfire walks them itself and gives pluggy only what has loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

from portfire.backend._contract import CONTRACT_VERSION
from portfire.plugins import hookspec
from portfire.plugins._records import Plugin, Problem, Status

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = [
    "ACCEPTED_CONTRACTS",
    "DISABLE_VARIABLE",
    "GROUP",
    "disabled_names",
    "installed_entry_points",
    "load_all",
    "new_manager",
]

GROUP = "portfire"
DISABLE_VARIABLE = "PORTFIRE_DISABLE_PLUGINS"
OLDEST_CONTRACT = 1
ACCEPTED_CONTRACTS = range(OLDEST_CONTRACT, CONTRACT_VERSION + 1)


class AnyEntryPoint(Protocol):
    """The part of `importlib.metadata.EntryPoint` that is used here."""

    @property
    def name(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def dist(self) -> Any: ...
    def load(self) -> Any: ...


class Refusal(Exception):  # noqa: N818 - not an error of the program, a finding about a plugin
    """A plugin can not be registered; the arguments are the reason and the cure."""


def installed_entry_points() -> Iterable[EntryPoint]:
    """Return the entry points of all installed distributions in the group ``portfire``."""
    from importlib.metadata import (
        entry_points,
    )  # here: it takes longer to import than all of pluggy

    return entry_points(group=GROUP)


def disabled_names() -> frozenset[str]:
    """Return the plugin or distribution names in the environment variable, in lower case."""
    return frozenset(
        _normal(part) for part in os.environ.get(DISABLE_VARIABLE, "").split(",") if part.strip()
    )


def _normal(name: str) -> str:
    return name.strip().lower().replace("_", "-").replace(".", "-")


def new_manager() -> pluggy.PluginManager:
    """Return a plugin manager that knows the hook specifications and no plugin."""
    manager = pluggy.PluginManager(hookspec.PROJECT)
    manager.add_hookspecs(hookspec)
    return manager


def load_all(
    manager: pluggy.PluginManager,
    candidates: Iterable[AnyEntryPoint],
    disabled: frozenset[str],
) -> Iterator[tuple[Plugin, Problem | None]]:
    """Register every candidate that can be, and yield what became of each.

    pluggy calls what was registered last first, so the order here is the reverse of the alphabet.
    """
    described = sorted(
        ((_describe(candidate), candidate) for candidate in candidates),
        key=lambda pair: (_normal(pair[0].distribution), pair[0].name),
        reverse=True,
    )
    for plugin, candidate in described:
        if disabled & {_normal(plugin.name), _normal(plugin.distribution)}:
            yield plugin, None
            continue
        problem = _load_one(manager, plugin, candidate)
        status = Status.REFUSED if problem else Status.LOADED
        yield replace(plugin, status=status), problem


def _describe(candidate: AnyEntryPoint) -> Plugin:
    """Return what the metadata says; damaged metadata may lack the name or the version."""
    name, _, contract = candidate.name.partition("@")
    return Plugin(
        name=name,
        contract=contract,
        target=candidate.value,
        distribution=getattr(candidate.dist, "name", None) or "an unknown distribution",
        version=getattr(candidate.dist, "version", None) or "of unknown version",
        status=Status.DISABLED,
    )


def _load_one(
    manager: pluggy.PluginManager, plugin: Plugin, candidate: AnyEntryPoint
) -> Problem | None:
    """Check, import and register one plugin; what it raises becomes a problem, not a crash."""
    try:
        _check_contract(plugin)
        module = candidate.load()
        _register(manager, plugin, module)
    except Refusal as refusal:
        reason, cure = refusal.args
        return Problem(plugin.name, plugin.distribution, reason, cure)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - recorded, reported, a cause later
        return Problem(
            plugin.name,
            plugin.distribution,
            f"importing {plugin.target} raised {type(error).__name__}: {error}.",
            _cure(plugin, "Repair or uninstall"),
            error,
        )
    return None


def _cure(plugin: Plugin, verb: str) -> str:
    return (
        f"{verb} {plugin.distribution} {plugin.version}, or set "
        f"{DISABLE_VARIABLE}={plugin.name} to leave it out."
    )


def _check_contract(plugin: Plugin) -> None:
    accepted = _spell(ACCEPTED_CONTRACTS)
    if not plugin.contract.isdecimal():
        raise Refusal(
            f"its entry point {plugin.name!r} states no contract version.",
            f"Its author has to name the entry point '{plugin.name}@{CONTRACT_VERSION}'.",
        )
    if int(plugin.contract) not in ACCEPTED_CONTRACTS:
        raise Refusal(
            f"it was written for version {plugin.contract} of the backend contract, and this "
            f"portfire-core accepts {accepted}.",
            _cure(plugin, "Install a matching version of portfire-core, or upgrade"),
        )


def _spell(versions: range) -> str:
    if len(versions) == 1:
        return f"version {versions[0]}"
    return f"versions {versions[0]} to {versions[-1]}"


def _register(manager: pluggy.PluginManager, plugin: Plugin, module: object) -> None:
    """Register with pluggy, and take it back where the plugin has no or unknown hooks."""
    if manager.is_registered(module):
        raise Refusal(
            f"{plugin.target} is registered already, as {manager.get_name(module)}.",
            _cure(plugin, "Uninstall"),
        )
    try:
        manager.register(module, name=plugin.key)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        manager.unregister(name=plugin.key)
        known = ", ".join(sorted(n for n in hookspec.__all__ if n.startswith("portfire_")))
        raise Refusal(
            f"it has a hook that portfire can not use ({' '.join(str(error).split())}).",
            f"The hooks are: {known}.",
        ) from error
    callers = manager.get_hookcallers(module) or []
    if not callers:
        manager.unregister(name=plugin.key)
        raise Refusal(
            f"{plugin.target} implements no hook.",
            "Its author has to mark the functions with @portfire.plugins.hookimpl.",
        )
    wrappers = [
        impl.function.__name__
        for caller in callers
        for impl in caller.get_hookimpls()
        if impl.plugin is module and (impl.wrapper or impl.hookwrapper)
    ]
    if wrappers:
        manager.unregister(name=plugin.key)
        raise Refusal(
            f"{', '.join(wrappers)} is a hook wrapper.",
            "Plugins of portfire are asked one by one, so that there is nothing to wrap.",
        )
