"""Plugins: how backends and other packages make themselves known to portfire.

Importing this module loads no plugin; the first question about one does. See
`portfire.plugins.hookspec` for what a plugin can say.
"""

from __future__ import annotations

from types import ModuleType

import pluggy

from portfire.backend._contract import BackendSpec
from portfire.plugins._host import KNOWN_BACKENDS, PluginHost, host, install_host
from portfire.plugins._records import Plugin, PluginWarning, Problem, Status
from portfire.plugins.hookspec import hookimpl

__all__ = [
    "KNOWN_BACKENDS",
    "Plugin",
    "PluginHost",
    "PluginWarning",
    "Problem",
    "Status",
    "backend_spec",
    "backend_specs",
    "default_device_type",
    "hookimpl",
    "host",
    "install_host",
    "manager",
    "namespace",
    "plugins",
    "problems",
]


def manager() -> pluggy.PluginManager:
    """Return the pluggy manager with all plugins that could be loaded."""
    return host().manager


def plugins() -> tuple[Plugin, ...]:
    """Return a record of every installed plugin, loaded or not."""
    return tuple(host().plugins)


def problems() -> tuple[Problem, ...]:
    """Return what is wrong with the installed plugins; empty when all is well."""
    return tuple(host().problems)


def backend_specs() -> dict[str, BackendSpec]:
    """Return the device types that the plugins announce, highest priority first."""
    return host().backend_specs()


def backend_spec(device_type: str) -> BackendSpec:
    """Return the announcement of a device type.

    Raises:
        RuntimeError: if there is none; the text says what to install, and the exception of a
            plugin of that name which failed is the cause.
    """
    return host().backend_spec(device_type)


def default_device_type() -> str:
    """Return the device type of the highest priority that has a device.

    Raises:
        RuntimeError: if no backend is installed or none finds a device; the text says the cure.
    """
    return host().default_device_type()


def namespace(name: str) -> ModuleType | None:
    """Return the module that a plugin adds as ``portfire.<name>``, or None if none does."""
    return host().namespace(name)
