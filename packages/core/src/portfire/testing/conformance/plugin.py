"""The options, parameters and table of the conformance suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portfire import _device, engine, ops
from portfire._dtype import ALL, DType
from portfire.testing.checks import differentiable
from portfire.testing.samples import dtypes_of

__all__ = ["add_options"]

LEAVES = ("input", "scalar")
GOOD, BAD, ABSENT = "yes", "NO", "-"

_results: dict[tuple[str, str], bool] = {}


def add_options(parser: Any) -> None:
    """Add the options of the suite."""
    group = parser.getgroup("portfire", "portfire backend conformance")
    group.addoption("--device", help="the device to test, such as opencl or cpu:0")
    group.addoption(
        "--expected-failures",
        metavar="FILE",
        help="tests that are known to fail, one 'file.py::test[case]  # reason' a line",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Open the device before anything is collected, so that a wrong name is one clear line."""
    name = config.getoption("--device")
    if not name:
        raise pytest.UsageError("the conformance suite needs --device NAME")
    try:
        recorder = _device.resolve(name)
    except RuntimeError as error:
        raise pytest.UsageError(f"--device {name}: {error}") from error
    config.stash[_DEVICE] = str(recorder.device)
    engine.set_verifying(True)
    _results.clear()


_DEVICE = pytest.StashKey[str]()


@pytest.fixture
def device(request: pytest.FixtureRequest) -> str:
    """The device under test."""
    return request.config.stash[_DEVICE]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test of an operator its cases."""
    names = set(metafunc.fixturenames)
    has = sorted(
        _device.resolve(metafunc.config.stash[_DEVICE]).runtime.dtypes, key=lambda d: d.rank
    )
    if {"op", "dtype"} <= names:
        metafunc.parametrize(("op", "dtype"), list(_op_dtypes(has)))
    elif {"op", "sample"} <= names:
        metafunc.parametrize(("op", "sample"), list(_op_samples()))
    elif "op" in names:
        metafunc.parametrize("op", [pytest.param(op, id=op.name) for op in _operators()])
    elif "dtype" in names:
        metafunc.parametrize("dtype", [pytest.param(dtype, id=dtype.name) for dtype in has])


def _operators() -> list[ops.Operator]:
    return [op for op in ops.registry() if op.name not in LEAVES and op.samples]


def _op_dtypes(has: list[DType]) -> Iterator[Any]:
    for op in _operators():
        for dtype in dtypes_of(op):
            if dtype in has:
                yield pytest.param(op, dtype, id=f"{op.name}-{dtype.name}")


def _op_samples() -> Iterator[Any]:
    for op in _operators():
        for number, sample in enumerate(op.samples):
            if differentiable(op, sample):
                yield pytest.param(op, sample, id=f"{op.name}-{number}")


# Expected failures


def _read(path: Path) -> dict[str, str]:
    """Return the reason per test; UsageError for a line that is not of the form."""
    reasons = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        test, mark, reason = line.partition("  # ")
        if not mark or not reason.strip() or "::" not in test:
            raise pytest.UsageError(
                f"{path}:{number}: expected 'file.py::test[case]  # reason', got {line!r}"
            )
        reasons[test.strip()] = reason.strip()
    return reasons


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the expected failures, strictly."""
    given = config.getoption("--expected-failures")
    if not given:
        return
    reasons = _read(Path(given))
    by_name = {f"{item.path.name}::{item.name}": item for item in items}
    files = {item.path.name for item in items}
    for test, reason in reasons.items():
        if test in by_name:
            by_name[test].add_marker(pytest.mark.xfail(reason=reason, strict=True))
        elif test.partition("::")[0] in files:
            raise pytest.UsageError(f"{given}: there is no test {test}")


# The table


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Note whether an operator works in a dtype."""
    report = yield
    callspec = getattr(item, "callspec", None)
    if report.when == "call" and callspec is not None and not report.skipped:
        parameters = callspec.params
        if "op" in parameters and "dtype" in parameters:
            key = parameters["op"].name, parameters["dtype"].name
            _results[key] = _results.get(key, True) and report.passed
    elif report.when == "call" and hasattr(report, "wasxfail") and callspec is not None:
        parameters = callspec.params
        if "op" in parameters and "dtype" in parameters:
            _results[parameters["op"].name, parameters["dtype"].name] = False
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print which operator works in which dtype."""
    if not _results:
        return
    name = config.stash[_DEVICE]
    runtime = _device.resolve(name).runtime
    terminalreporter.section(f"{name} ({runtime.name})")
    columns = [d.name for d in ALL if any(dtype == d.name for _, dtype in _results)]
    rows = list(dict.fromkeys(op for op, _ in _results))
    width = max(len(op) for op in rows)
    terminalreporter.write_line(" " * width + "".join(f"{c:>9}" for c in columns))
    for op in rows:
        cells = [_cell(_results.get((op, column))) for column in columns]
        terminalreporter.write_line(f"{op:{width}}" + "".join(f"{c:>9}" for c in cells))
    good = sum(_results.values())
    terminalreporter.write_line(f"{good} of {len(_results)} operator and dtype pairs work")


def _cell(result: bool | None) -> str:
    if result is None:
        return ABSENT
    return GOOD if result else BAD
