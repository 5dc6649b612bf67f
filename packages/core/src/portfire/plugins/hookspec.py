"""Everything a plugin can tell portfire: the hook specifications, and nothing else.

A plugin is a module (or object) that a distribution names in its metadata, under the entry-point
group ``portfire``::

    [project.entry-points.portfire]
    "mydevice@1" = "my_package.plugin"

The part before ``@`` is the plugin's name, the part after it the version of the backend contract
that it was written for (`portfire.backend.CONTRACT_VERSION`). The version is read from the
metadata, before the module is imported. The module should be cheap to import: what is expensive
belongs behind `BackendSpec.count` and `BackendSpec.open`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from portfire.backend._contract import BackendSpec

__all__ = ["PROJECT", "hookimpl", "hookspec", "portfire_backends", "portfire_namespaces"]

PROJECT = "portfire"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def portfire_backends() -> Iterable[BackendSpec]:
    """Announce the device types that this plugin brings.

    When called:
        Once in a process, when a device is first named, listed, or chosen by default; never by
        ``import portfire`` alone. No device is opened for it.

    Order:
        Every plugin is asked on its own, alphabetically by distribution and then by entry point
        (``tryfirst`` and ``trylast`` are respected). Of two announcements of one device type the
        one with the higher priority stays, of equal priorities the earlier; the other is reported.

    Returns:
        One `BackendSpec` per device type, in any iterable; an empty one where there is nothing.

    If it raises:
        The plugin is reported once as a `PluginWarning`, its other hooks are still used, and
        asking for a device of the plugin's name raises with this exception as the cause.

    Example:
        A plugin module for the device ``mydevice``::

            from portfire.backend import BackendSpec
            from portfire.plugins import hookimpl

            def open_device(index):
                from my_package.runtime import MyRuntime
                return MyRuntime(index)

            @hookimpl
            def portfire_backends():
                return [BackendSpec("mydevice", count=lambda: 1, open=open_device)]
    """


@hookspec
def portfire_namespaces() -> Mapping[str, str]:
    """Add attributes to the module ``portfire`` that are modules of this plugin.

    When called:
        Once in a process, together with `portfire_backends`. The module itself is imported when
        an attribute of its name is asked for, which neither core nor an installed ``portfire.*``
        package has.

    Order:
        As for `portfire_backends`; of two plugins that name one attribute the earlier stays and the
        other is reported.

    Returns:
        A mapping from the attribute's name to the dotted import path of the module.

    If it raises:
        The plugin is reported once as a `PluginWarning`; its other hooks are still used.

    Example:
        Make ``portfire.audio`` mean the module ``portfire_audio``::

            from portfire.plugins import hookimpl

            @hookimpl
            def portfire_namespaces():
                return {"audio": "portfire_audio"}
    """
