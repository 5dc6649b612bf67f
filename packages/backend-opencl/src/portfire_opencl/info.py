"""What the doctor prints about OpenCL: plain dicts and lists, gathered without opening a device."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from portfire_opencl._disk import DiskCache, cache_folder
from portfire_opencl.devices import PLATFORM_VARIABLE, Found, NoDeviceError, discover, opencl
from portfire_opencl.probes import stored
from portfire_opencl.quirks import QUIRKS
from portfire_opencl.runtime import CACHE_LIMIT, OpenCLRuntime

__all__ = ["report", "runtime_report"]

_VARIABLES = (
    "OCL_ICD_VENDORS",
    "OCL_ICD_FILENAMES",
    "RUSTICL_ENABLE",
    "POCL_CACHE_DIR",
    "POCL_DEVICES",
    "PORTFIRE_CACHE_DIR",
    PLATFORM_VARIABLE,
)


def report() -> dict[str, Any]:
    """Return everything about OpenCL on this machine that belongs into a bug report.

    Returns:
        A dict with ``pyopencl`` (version and loader), ``environment`` (the variables that are set),
        ``devices``, ``problems`` (each with ``text`` and ``cure``), ``cache`` and ``quirks``. The
        values are JSON types.
    """
    found = discover()
    cache = DiskCache(cache_folder(), CACHE_LIMIT)
    entries, used = cache.usage()
    return {
        "pyopencl": _pyopencl(),
        "environment": {name: os.environ[name] for name in _VARIABLES if name in os.environ},
        "devices": [_device(item, cache) for item in found.devices],
        "problems": [asdict(problem) for problem in found.problems],
        "cache": {
            "folder": str(cache.folder),
            "entries": entries,
            "bytes": used,
            "limit": cache.limit,
            "writable": _writable(cache),
        },
        "quirks": [
            {"name": row.name, "effect": row.effect, "workaround": row.workaround}
            for row in QUIRKS
            if any(row.name in line for item in found.devices for line in item.quirks)
        ],
    }


def runtime_report(runtime: OpenCLRuntime) -> dict[str, Any]:
    """Return the counters of an opened device: memory, pool, programs, disk cache."""
    memory = runtime.memory()
    return {
        "memory": asdict(memory),
        "pool": asdict(runtime.pool.stats),
        "arena": runtime.arena.nbytes,
        "programs": asdict(runtime.programs.counters),
        "disk": asdict(runtime.cache.counters),
    }


def _pyopencl() -> dict[str, str]:
    try:
        cl = opencl()
    except NoDeviceError as error:
        return {"error": str(error)}
    header = ".".join(str(part) for part in cl.get_cl_header_version())
    return {"version": cl.VERSION_TEXT, "headers": header, "extension": str(cl._cl.__file__)}


def _device(item: Found, cache: DiskCache) -> dict[str, Any]:
    device = item.device
    probed = stored(item.identity, cache)
    return {
        "name": f"opencl:{item.index}",
        "device": item.name,
        "kind": item.kind,
        "platform": item.platform,
        "platform_version": item.platform_version,
        "version": item.version,
        "driver": item.driver,
        "compute_units": int(device.max_compute_units),
        "work_group": int(device.max_work_group_size),
        "global_memory": int(device.global_mem_size),
        "local_memory": int(device.local_mem_size),
        "largest_allocation": int(device.max_mem_alloc_size),
        "probed": None if probed is None else asdict(probed),
        "quirks": list(item.quirks),
    }


def _writable(cache: DiskCache) -> bool:
    folder = cache.folder
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)
