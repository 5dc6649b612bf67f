"""Every OpenCL device of this machine, in a stable order, and what portfire knows about each.

Looking for devices never raises: a missing or broken pyopencl, loader, platform or device is a
`Problem` with a sentence and a cure, and the rest is found.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from portfire_opencl import quirks
from portfire_opencl._plan import DeviceFacts
from portfire_opencl.probes import Probed

__all__ = [
    "PLATFORM_VARIABLE",
    "Discovery",
    "Found",
    "NoDeviceError",
    "Problem",
    "discover",
    "explain",
    "facts",
    "forget",
    "get",
    "opencl",
]

PLATFORM_VARIABLE = "PORTFIRE_OPENCL_PLATFORM"
CURE_NO_RUNTIME = 'pip install "portfire-backend-opencl[pocl]"'
_KINDS = ("gpu", "accelerator", "cpu", "other")  # the order in which devices are numbered
# What a processor can do -> float lanes of its vector registers, widest first.
_CPU_LANES = (("avx512f", 16), ("avx", 8), ("sse", 4))
_LEAST_LANES = 4
_GPU_VECTOR = 1


class NoDeviceError(RuntimeError):
    """There is no OpenCL device of that number; the text says why, and the cure."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that hides devices: what it is, and what to do about it."""

    text: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One device.

    Attributes:
        index: its number in ``opencl:N``.
        name: as the driver calls it.
        kind: ``"gpu"``, ``"accelerator"``, ``"cpu"`` or ``"other"``.
        platform: name of its platform.
        platform_version: version text of its platform.
        version: the OpenCL version text of the device.
        driver: version of its driver.
        quirks: names of the known defects of this driver, with what was done.
        device: the pyopencl device.
    """

    index: int
    name: str
    kind: str
    platform: str
    platform_version: str
    version: str
    driver: str
    quirks: tuple[str, ...]
    device: Any

    @property
    def identity(self) -> str:
        """All that decides whether something learned of the driver, or compiled, still holds."""
        parts = (self.platform, self.platform_version, self.name, self.version, self.driver)
        return "|".join((*parts, *self.quirks))


@dataclass(frozen=True, slots=True)
class Discovery:
    """The result of looking for devices."""

    devices: tuple[Found, ...]
    problems: tuple[Problem, ...]


def opencl() -> Any:
    """Return the module pyopencl.

    Raises:
        NoDeviceError: if it can't be imported; the import's own exception is the cause.
    """
    try:
        import pyopencl
    except Exception as error:  # a damaged wheel raises OSError, AttributeError and others
        raise NoDeviceError(
            f"pyopencl can't be imported ({type(error).__name__}: {error}); "
            f"reinstall it: {CURE_NO_RUNTIME}"
        ) from error
    return pyopencl


def discover() -> Discovery:
    """Look for devices; the answer is kept for the life of the process."""
    if _known:
        return _known[0]
    result = _look()
    _known.append(result)
    return result


def forget() -> None:
    """Look again at the next question (for tests, and after a driver was installed)."""
    _known.clear()


def get(index: int) -> Found:
    """Return device number ``index``.

    Raises:
        NoDeviceError: if there is none.
    """
    devices = discover().devices
    if not devices:
        raise NoDeviceError(explain())
    if not 0 <= index < len(devices):
        count = "1 OpenCL device" if len(devices) == 1 else f"{len(devices)} OpenCL devices"
        raise NoDeviceError(
            f"there is no device opencl:{index}: this machine has {count}, "
            f"opencl:0 to opencl:{len(devices) - 1}"
        )
    return devices[index]


def explain() -> str:
    """Return a sentence that says why there are no devices, and the cure."""
    found = discover()
    if found.devices:
        return f"there are {len(found.devices)} OpenCL devices"
    problems = found.problems or (Problem("no OpenCL platform was found", CURE_NO_RUNTIME),)
    texts = "; ".join(problem.text for problem in problems)
    cures = list(dict.fromkeys(problem.cure for problem in problems if problem.cure))
    cure = f"; to use the processor, run: {cures[0]}" if cures == [CURE_NO_RUNTIME] else ""
    if not cure and cures:
        cure = "; cure: " + ", or ".join(cures)
    return f"no OpenCL device can be used: {texts}{cure}"


def facts(found: Found, probed: Probed) -> DeviceFacts:
    """Return what the code generator may know of a device."""
    device = found.device
    is_cpu = found.kind == "cpu"
    return DeviceFacts(
        schedule="cpu" if is_cpu else "gpu",
        vector=_cpu_lanes(device) if is_cpu else _GPU_VECTOR,
        compute_units=max(1, int(device.max_compute_units)),
        max_work_group=int(device.max_work_group_size),
        local_memory=int(device.local_mem_size),
        max_allocation=int(device.max_mem_alloc_size),
        fp16=probed.fp16,
        fp64=probed.fp64,
        builtin_math=not is_cpu,
    )


def _cpu_lanes(device: Any) -> int:
    """Return the float lanes of the vector registers: some drivers report one width for all."""
    reported = max(int(device.native_vector_width_float), _LEAST_LANES)
    features = quirks.cpu_features()
    real = next((lanes for name, lanes in _CPU_LANES if name in features), reported)
    return min(reported, real)


_known: list[Discovery] = []


def _look() -> Discovery:
    try:
        cl = opencl()
    except NoDeviceError as error:
        return Discovery((), (Problem(str(error), CURE_NO_RUNTIME),))
    problems: list[Problem] = []
    try:
        platforms = list(cl.get_platforms())
    except Exception as error:  # noqa: BLE001 - loaders raise anything; it becomes a sentence
        # The loader's own error when there is no platform is an exception like any other.
        text = f"no OpenCL platform was found ({_first_line(error)})"
        return Discovery((), (Problem(text, CURE_NO_RUNTIME),))
    found: list[tuple[int, Found]] = []
    wanted = os.environ.get(PLATFORM_VARIABLE, "")
    for platform in platforms:
        _collect(cl, platform, wanted, found, problems)
    if not platforms:
        problems.append(Problem("no OpenCL platform was found", CURE_NO_RUNTIME))
    elif not found and not problems:
        problems.append(
            Problem(f"no platform's name contains {PLATFORM_VARIABLE}={wanted!r}", "unset it")
        )
    ordered = [item for _, item in sorted(found, key=lambda pair: pair[0])]
    numbered = tuple(_renumbered(item, index) for index, item in enumerate(ordered))
    return Discovery(numbered, tuple(problems))


def _collect(
    cl: Any,
    platform: Any,
    wanted: str,
    found: list[tuple[int, Found]],
    problems: list[Problem],
) -> None:
    name = "an unnamed platform"
    try:
        name = platform.name.strip()
        if wanted.lower() not in name.lower():
            return
        devices = list(platform.get_devices())
    except Exception as error:  # noqa: BLE001 - one broken driver must not hide the others
        if "DEVICE_NOT_FOUND" in str(error):
            devices = []
        else:
            problems.append(Problem(f"the platform {name!r} failed: {_first_line(error)}"))
            return
    if not devices:
        cure = next((row.workaround for row in quirks.matching(name, "", "")), "")
        problems.append(Problem(f"the platform {name!r} has no devices", cure))
    for device in devices:
        try:
            item = _describe(cl, platform, device)
        except Exception as error:  # noqa: BLE001 - the same for one broken device
            problems.append(Problem(f"a device of {name!r} failed: {_first_line(error)}"))
        else:
            found.append((_KINDS.index(item.kind), item))


def _describe(cl: Any, platform: Any, device: Any) -> Found:
    if not device.available or not device.compiler_available:
        raise NoDeviceError(f"{device.name!r} is not available, or has no compiler")
    return Found(
        index=-1,
        name=device.name.strip(),
        kind=_kind(cl, device),
        platform=platform.name.strip(),
        platform_version=platform.version.strip(),
        version=device.version.strip(),
        driver=device.driver_version.strip(),
        quirks=quirks.repair(device),
        device=device,
    )


def _kind(cl: Any, device: Any) -> str:
    bits = device.type
    for kind, bit in (
        ("gpu", cl.device_type.GPU),
        ("accelerator", cl.device_type.ACCELERATOR),
        ("cpu", cl.device_type.CPU),
    ):
        if bits & bit:
            return kind
    return "other"


def _renumbered(item: Found, index: int) -> Found:
    return Found(
        index,
        item.name,
        item.kind,
        item.platform,
        item.platform_version,
        item.version,
        item.driver,
        item.quirks,
        item.device,
    )


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
