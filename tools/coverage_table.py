"""Write docs/api-coverage.md: what is there, what was tested where, and what only PyTorch has.

The measured part comes from running the cases of ``tests/core/functions`` on every device that is
found; the names of PyTorch come from ``tools/torch_names.txt``:

    python tools/coverage_table.py            # runs the cases (minutes), and writes the page
    python tools/coverage_table.py --names    # keeps the measured part, and renews the names
"""

from __future__ import annotations

import argparse
import importlib
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import portfire

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "api-coverage.md"
NAMES = ROOT / "tools" / "torch_names.txt"
START, END = "<!-- measured -->\n", "<!-- end of measured -->\n"
KINDS = {"f": "float", "i": "integer", "b": "bool"}
INTRODUCTION = """# What of PyTorch's API is there

This page is written by `python tools/coverage_table.py`, from the declared test cases and their
results, and from the documented names of PyTorch 2.13. What behaves differently on purpose is in
[differences](differences.md).

"""
MEASURED = """## Tested functions

One line per function with cases in `tests/core/functions`. A kind of dtype stands under a device
where all cases of that kind passed there, compared with NumPy; *gradient* says that first
derivatives were compared with differences of the reference, *2nd* that second ones were. Functions
without a line are tested in files of their own.

"""


class Results:
    """What pytest reports of `test_cases.py`: per test and case, how it ended."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.counts: dict[str, int] = defaultdict(int)
        self._items: dict[str, tuple[str, Any, str]] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the case and the device of each test."""
        for item in items:
            params = getattr(item, "callspec", None)
            if params is not None and "case" in params.params:
                name = getattr(item, "originalname", item.name)
                self._items[item.nodeid] = (
                    name, params.params["case"], params.params.get("device", "cpu"),
                )  # fmt: skip

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a passed or failed test of a case."""
        if report.nodeid not in self._items:
            return
        test, case, device = self._items[report.nodeid]
        row = self.rows[case.name]
        if report.failed:
            row[f"failed {device}"].update(case.dtypes)
        elif report.when == "call" and report.passed:
            self.counts[case.name] += test == "test_values" and device == "cpu"
            row[f"{test} {device}"].update(case.dtypes)
            row["method"].update("x" if case.method else "")
            row["in place"].update("x" if case.inplace else "")


def measured() -> str:
    """Run the cases and return the table."""
    results = Results()
    folder = str(ROOT / "tests" / "core" / "functions")
    pytest.main([folder, "-q", "-p", "no:cacheprovider"], plugins=[results])
    devices = sorted({k.split()[1] for row in results.rows.values() for k in row if "_" in k})
    header = ["function", "cases", "method", "in place"]
    header += [x for device in devices for x in (device, f"gradient, {device}")] + ["2nd"]
    lines = [f"| {' | '.join(header)} |", "|" + "---|" * len(header)]
    for name in sorted(results.rows):
        row = results.rows[name]
        cells = [f"`{name}`", str(results.counts[name])]
        cells += ["yes" if row[key] else "" for key in ("method", "in place")]
        for device in devices:
            good = row[f"test_values {device}"] - row[f"failed {device}"]
            cells.append(", ".join(word for kind, word in KINDS.items() if kind in good))
            cells.append("yes" if row[f"test_gradients {device}"] else "")
        cells.append("yes" if row["test_second_gradients cpu"] else "")
        lines.append(f"| {' | '.join(cells)} |")
    return MEASURED + "\n".join(lines) + "\n"


def torch_names() -> Iterator[tuple[str, list[str]]]:
    """The namespaces of PyTorch with their names."""
    found: dict[str, list[str]] = {}
    for line in NAMES.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = here = []
        elif line and not line.startswith("#"):
            here.extend(line.split())
    yield from found.items()


def names() -> str:
    """What each namespace has and has not, from what can be imported now."""
    lines = ["## Names", "", "| namespace | there | of |", "|---|---|---|"]
    missing: list[str] = []
    for space, expected in torch_names():
        ours = space.replace("torch", "portfire", 1)
        absent = [name for name in expected if not hasattr(namespace(ours), name)]
        lines.append(f"| `{ours}` | {len(expected) - len(absent)} | {len(expected)} |")
        if absent:
            missing += ["", f"### Not in `{ours}`", ""]
            missing += textwrap.wrap(" ".join(f"`{n}`" for n in absent), 118)
    return "\n".join([*lines, *missing]) + "\n"


def namespace(dotted: str) -> Any:
    """The module or class of a name with dots; None where it is not there."""
    try:
        return importlib.import_module(dotted)
    except ModuleNotFoundError:
        module, _, last = dotted.rpartition(".")
        return getattr(importlib.import_module(module), last, None)


def kept() -> str:
    """The measured part of the page as it is."""
    text = PAGE.read_text(encoding="utf-8")
    return text[text.index(START) + len(START) : text.index(END)]


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--names", action="store_true", help="keep the measured part")
    middle = kept() if parser.parse_args().names else measured()
    PAGE.write_text(INTRODUCTION + START + middle + END + "\n" + names(), encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} written with portfire {portfire.__version__}")


if __name__ == "__main__":
    main()
