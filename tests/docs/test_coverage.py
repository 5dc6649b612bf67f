"""The page on what is there of PyTorch's API says what can be imported now."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> Any:
    path = ROOT / "tools" / "coverage_table.py"
    spec = importlib.util.spec_from_file_location("coverage_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["coverage_table"] = module
    spec.loader.exec_module(module)
    return module


def test_the_names_on_the_page_are_current(tool: Any) -> None:
    pytest.importorskip("portfire.nn")
    pytest.importorskip("portfire.optim")
    page = tool.PAGE.read_text(encoding="utf-8")
    assert page.endswith(tool.END + "\n" + tool.names()), (
        "run: python tools/coverage_table.py --names"
    )


def test_every_measured_function_is_there(tool: Any) -> None:
    """A line of the measured table names a function; the run that wrote it may be older."""
    rows = [line for line in tool.kept().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    for row in rows:
        module, _, name = f"portfire.{row.split('`')[1]}".rpartition(".")
        assert hasattr(tool.namespace(module), name), row
