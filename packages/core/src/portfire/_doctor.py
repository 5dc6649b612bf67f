"""What ``python -m portfire`` finds out: one plain dictionary, ready for JSON.

Nothing here may fail because something is broken; what is broken is what the doctor is for.
"""

from __future__ import annotations

import os
import platform
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import distributions
from typing import Any

import numpy as np

from portfire import plugins
from portfire.backend._contract import CONTRACT_VERSION, BackendSpec

__all__ = ["examine", "is_healthy"]

Facts = dict[str, Any]


def examine() -> Facts:
    """Return everything that helps to understand an installation.

    Returns:
        A dictionary with the keys ``versions``, ``system``, ``environment``, ``plugins``,
        ``devices``, ``default_device``, ``details`` (what plugins tell of themselves) and
        ``problems``; all values are plain data.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", plugins.PluginWarning)  # the problems are listed instead
        records = plugins.plugins()
        devices = [d for spec in plugins.backend_specs().values() for d in _devices(spec)]
        default, no_default = _attempt(plugins.default_device_type)
        details = {p.name: told for p in records if (told := _details(p)) is not None}
    return {
        "versions": _versions(),
        "system": _system(),
        "environment": {k: v for k, v in sorted(os.environ.items()) if k.startswith("PORTFIRE_")},
        "plugins": [_plugin(p) for p in records],
        "devices": devices,
        "default_device": default,
        "no_default_device": no_default,
        "details": details,
        "problems": [_problem(p) for p in plugins.problems()],
    }


def is_healthy(facts: Facts) -> bool:
    """Tell whether there is a device, and nothing is broken."""
    working = [device for device in facts["devices"] if device["error"] is None]
    return bool(working) and len(working) == len(facts["devices"]) and not facts["problems"]


def _attempt(question: Callable[[], Any]) -> tuple[Any, str | None]:
    """Return an answer and no error, or no answer and the error in words."""
    try:
        return question(), None
    except Exception as error:  # noqa: BLE001 - the doctor reports it
        return None, f"{type(error).__name__}: {error}"


def _versions() -> dict[str, str]:
    """Return the versions of portfire's distributions and of those that they stand on."""
    wanted = {"numpy", "pluggy", "pyopencl", "rich"}
    found: dict[str, str] = {}
    for dist in distributions():
        name = str(dist.metadata["Name"] or "").lower()
        if name in wanted or name == "portfire" or name.startswith("portfire-"):
            found.setdefault(name, dist.version)
    return dict(sorted(found.items(), key=lambda item: ("portfire" not in item[0], item)))


def _system() -> Facts:
    return {
        "python": sys.version.split()[0],
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "numpy": np.__version__,
        "contract": CONTRACT_VERSION,
    }


def _plugin(plugin: plugins.Plugin) -> Facts:
    return {**asdict(plugin), "status": plugin.status.value}


def _problem(problem: plugins.Problem) -> Facts:
    error = problem.error
    return {
        "plugin": problem.plugin,
        "distribution": problem.distribution,
        "reason": problem.reason,
        "cure": problem.cure,
        "error": f"{type(error).__name__}: {error}" if error is not None else None,
    }


def _devices(spec: BackendSpec) -> list[Facts]:
    """Open every device of a type; one entry that says why where there is none."""
    count, error = _attempt(spec.count)
    if error is None and count == 0:
        explain = spec.explain
        why, error = _attempt(explain) if explain is not None else ("there is no device", None)
        error = why or error
    if error is not None:
        return [{"device": spec.device_type, "priority": spec.priority, "error": error}]
    return [_device(spec, index, count) for index in range(count)]


def _device(spec: BackendSpec, index: int, count: int) -> Facts:
    label = spec.device_type if count == 1 else f"{spec.device_type}:{index}"
    facts: Facts = {"device": label, "priority": spec.priority, "error": None}
    runtime, facts["error"] = _attempt(lambda: spec.open(index))
    if runtime is None:
        return facts
    told, facts["error"] = _attempt(
        lambda: {
            "name": runtime.name,
            "dtypes": sorted(dtype.name for dtype in runtime.dtypes),
            "claims": sorted(runtime.claims),
            "memory": asdict(runtime.memory()),
        }
    )
    return {**facts, **(told or {})}


def _details(plugin: plugins.Plugin) -> Facts | None:
    """Ask a plugin for its optional function ``info``; None where it has none."""
    module = plugins.manager().get_plugin(plugin.key)
    info = getattr(module, "info", None)
    if info is None:
        return None
    told, error = _attempt(info)
    return told if error is None else {"error": error}
