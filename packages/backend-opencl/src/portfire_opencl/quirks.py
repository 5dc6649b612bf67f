"""Known driver defects and what portfire does about each: one table, data first.

A row names a driver by patterns over what OpenCL reports, the effect, where it was seen, a
reproducer, and the date by which somebody should look whether it is still needed. Rows with a
``repair`` change something in this process before the first build; the others carry a flag that
some module reads.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["QUIRKS", "Quirk", "cpu_features", "matching", "name_pocl_cpu", "repair"]


@dataclass(frozen=True, slots=True)
class Quirk:
    """One defect of one family of drivers.

    Attributes:
        name: short and unique; the doctor prints it.
        platform: pattern searched in the platform's name.
        device: pattern searched in ``"<device name> <device version>"``.
        driver: pattern searched in ``"<driver version> <platform version>"``.
        effect: what goes wrong without the workaround.
        workaround: what portfire does.
        reproducer: the shortest way to see it.
        source: where it was measured or reported.
        review: when to look again, ``YYYY-MM``.
        repair: called once per device with the pyopencl device, before its first build.
    """

    name: str
    platform: str
    device: str
    driver: str
    effect: str
    workaround: str
    reproducer: str
    source: str
    review: str
    repair: Callable[[Any], str | None] | None = None

    def matches(self, platform: str, device: str, driver: str) -> bool:
        """Tell whether the three strings belong to this family of drivers."""
        return all(
            re.search(pattern, text) is not None
            for pattern, text in (
                (self.platform, platform),
                (self.device, device),
                (self.driver, driver),
            )
        )


# Names that LLVM 14 accepts and that are no longer than "generic", best first, each with the
# processor features that it may use.
_CPU_NAMES = (
    ("skx", {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "fma", "bmi2"}),
    ("haswell", {"avx2", "fma", "bmi1", "bmi2", "f16c", "movbe"}),
    ("x86-64", {"sse2"}),
)
_UNKNOWN_CPU = b"generic\0"
_SEARCHED_BYTES = 2048


def cpu_features() -> set[str]:
    """Return what the host's processor can do, by Linux's names; empty where nobody says."""
    if not sys.platform.startswith("linux"):
        return set()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("flags"):
            return set(line.partition(":")[2].split())
    return set()


def name_pocl_cpu(device: Any) -> str | None:
    """Replace the processor name that PoCL's compiler refuses by one that it knows.

    PoCL keeps the name as a C string that its device record points to. Reading goes through
    ``/proc/self/mem``, which answers an unmapped address with an error instead of a crash.
    """
    features = cpu_features()
    name = next((name for name, needs in _CPU_NAMES if needs <= features), None)
    if name is None:
        return None
    with Path("/proc/self/mem").open("rb", buffering=0) as memory:
        for offset in range(0, _SEARCHED_BYTES, 8):
            try:
                memory.seek(device.int_ptr + offset)
                address = int.from_bytes(memory.read(8), sys.byteorder)
                if not 0x1000 <= address < 1 << 47:
                    continue
                memory.seek(address)
                found = memory.read(len(_UNKNOWN_CPU))
            except OSError:
                continue
            if found == _UNKNOWN_CPU:
                ctypes.memmove(address, name.encode() + b"\0", len(name) + 1)
                return name
    return None


QUIRKS = (
    Quirk(
        name="pocl-generic-cpu",
        platform=r"^Portable Computing Language$",
        device=r"-generic$",
        driver=r"LLVM 1[0-4]\.",
        effect="every build fails with: unknown target CPU 'generic'",
        workaround="the processor's name in PoCL's device record is replaced by the best of "
        "skx, haswell, x86-64 that the processor can run",
        reproducer="build any kernel with PoCL 3.0 from PyPI on an AMD Zen 5 processor",
        source="measured, PoCL 3.0-rc2 with LLVM 14.0.6 on an EPYC of family 26",
        review="2027-11",
        repair=name_pocl_cpu,
    ),
    Quirk(
        name="pocl-tanh-infinity",
        platform=r"^Portable Computing Language$",
        device=r"",
        driver=r"",
        effect="tanh(infinity) is 0.99999994",
        workaround="the generator emits its own tanh",
        reproducer="tanh((float)INFINITY) in a kernel",
        source="measured, PoCL 3.0-rc2 and 3.1",
        review="2027-11",
    ),
    Quirk(
        name="pocl-half-alignment",
        platform=r"^Portable Computing Language$",
        device=r"",
        driver=r"^3\.",
        effect="vload_halfN and vstore_halfN crash at addresses not aligned to the vector",
        workaround="the generator moves half vectors as integers and converts them in registers",
        reproducer="vload_half8(0, p + 4) in a kernel, p a buffer's start",
        source="measured, PoCL 3.0-rc2 on AVX-512",
        review="2027-11",
    ),
    Quirk(
        name="rusticl-disabled",
        platform=r"^rusticl$",
        device=r"^$",
        driver=r"",
        effect="the platform shows no devices",
        workaround="the doctor names the cure: set RUSTICL_ENABLE to the driver, such as "
        "radeonsi, iris or llvmpipe",
        reproducer="list the devices of Mesa's platform without the variable",
        source="Mesa's documentation of its environment variables",
        review="2027-11",
    ),
    Quirk(
        name="oclgrind-small-allocations",
        platform=r"^Oclgrind$",
        device=r"",
        driver=r"",
        effect="one allocation is at most 128 MB",
        workaround="none needed: the limit is read from the device",
        reproducer="allocate 129 MB",
        source="measured",
        review="2027-11",
    ),
)


def matching(platform: str, device: str, driver: str) -> tuple[Quirk, ...]:
    """Return the rows for a driver, from the strings described at `Quirk`."""
    return tuple(quirk for quirk in QUIRKS if quirk.matches(platform, device, driver))


_REPAIRED: dict[int, tuple[str, ...]] = {}


def repair(device: Any) -> tuple[str, ...]:
    """Repair a pyopencl device once, before its first build.

    Returns:
        A line per quirk that was found, with what was done.
    """
    known = _REPAIRED.get(device.int_ptr)
    if known is not None:
        return known
    platform = device.platform
    rows = matching(
        platform.name,
        f"{device.name} {device.version}".strip(),
        f"{device.driver_version} {platform.version}",
    )
    lines = []
    for row in rows:
        if row.repair is None:
            lines.append(row.name)
        else:
            done = row.repair(device)
            lines.append(f"{row.name}: {done or 'could not be repaired'}")
    _REPAIRED[device.int_ptr] = tuple(lines)
    return _REPAIRED[device.int_ptr]
