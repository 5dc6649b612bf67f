"""Skips the folder where there is no torch: the normal run does not need it."""

from __future__ import annotations

import importlib.util

collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["test_*.py"]


def pytest_report_header() -> str:
    if collect_ignore_glob:
        return "parity: skipped, torch is not installed here (see tests/parity/README.md)"
    return "parity: compared with torch"
