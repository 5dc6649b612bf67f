"""What all tests share: the devices they run on, and the refusal to pass without them.

A test that takes the argument ``device`` runs once on each device type that is installed here and
finds a device. PORTFIRE_REQUIRE_DEVICES=cpu,opencl makes it an error if one of those is missing.
"""

from __future__ import annotations

import functools
import os
from collections import Counter

import pytest

REQUIRE = "PORTFIRE_REQUIRE_DEVICES"
# Tests of one backend run on its device without taking the argument.
DEVICE_OF_FOLDER = {"backend_numpy": "cpu", "backend_opencl": "opencl"}
_ran: Counter[object] = Counter()


@functools.cache
def available_devices() -> tuple[str, ...]:
    """Return the device types that have a device, alphabetically."""
    from portfire import plugins  # here: tests of installs run where there is no portfire

    return tuple(sorted(name for name, spec in plugins.backend_specs().items() if spec.count() > 0))


def missing_device(name: str) -> str:
    """Return why a required device type is not there."""
    from portfire import plugins

    try:
        spec = plugins.backend_spec(name)
    except RuntimeError as error:
        return str(error)
    return spec.explain() if spec.explain is not None else "its count is zero"


def pytest_sessionstart() -> None:
    required = [name.strip() for name in os.environ.get(REQUIRE, "").split(",") if name.strip()]
    for name in required:
        if name not in available_devices():
            raise pytest.UsageError(f"{REQUIRE} names {name!r}: {missing_device(name)}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "device" in metafunc.fixturenames and not _parametrized(metafunc, "device"):
        metafunc.parametrize("device", available_devices())


def _parametrized(metafunc: pytest.Metafunc, name: str) -> bool:
    """Tell whether a test's own ``parametrize`` mark gives this argument."""
    return any(
        name in (m.args[0].split(",") if isinstance(m.args[0], str) else m.args[0])
        for m in metafunc.definition.iter_markers("parametrize")
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    callspec = getattr(item, "callspec", None)
    device = callspec.params.get("device") if callspec is not None else None
    name = str(device).partition(":")[0] if device else DEVICE_OF_FOLDER.get(item.path.parent.name)
    item.user_properties.append(("device", name or "none"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what ran, also where the tests run in other processes (pytest-xdist)."""
    if report.when == "call":
        _ran.update(value for name, value in report.user_properties if name == "device")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _ran:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(_ran.items(), key=str))
        terminalreporter.write_line(f"tests run per device: {counts}")
