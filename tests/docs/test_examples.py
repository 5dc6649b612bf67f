"""Every public name has a docstring with an example; `test_docstrings.py` runs the examples.

By rule, these need none of their own: a form in place (``add_``), a method of a function that has
one, an error, a method that is shown in ``docs/tensors.md`` (which runs too), and what says in its
first line which public function it is.
"""

from __future__ import annotations

import doctest
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import portfire

SPACES = (
    "portfire",
    "portfire.linalg",
    "portfire.special",
    "portfire.autograd",
    "portfire.autograd.functional",
    "portfire.func",
    "portfire.nn",
    "portfire.nn.functional",
    "portfire.nn.init",
    "portfire.optim",
    "portfire.optim.lr_scheduler",
)


def public() -> Iterator[Any]:
    for space in SPACES:
        try:
            module = importlib.import_module(space)
        except ModuleNotFoundError:
            continue  # a package that is not installed
        for name in module.__all__:
            yield pytest.param(getattr(module, name), name, id=f"{space}.{name}")
    for name, value in inspect.getmembers(portfire.Tensor):
        if not name.startswith("_") and not hasattr(portfire, name):
            yield pytest.param(value, name, id=f"portfire.Tensor.{name}")


def needs_example(value: Any, name: str) -> bool:
    if name.endswith("_") and callable(getattr(portfire.Tensor, name[:-1], None)):
        return False
    if inspect.isclass(value) and issubclass(value, BaseException):
        return False
    return inspect.isfunction(value) or (
        inspect.isclass(value) and value.__module__.startswith("portfire")
    )


def is_shown(name: str) -> bool:
    """Tell whether the page on tensors uses a method."""
    page = Path(__file__).resolve().parents[2] / "docs" / "tensors.md"
    return f".{name}(" in page.read_text(encoding="utf-8")


def other_name(text: str) -> str:
    """The docstring of the public function that a docstring's first line names, if it does."""
    named = re.search(r"``(portfire[.][\w.]+)``", text.partition("\n")[0])
    if named is None:
        return ""
    module, _, name = named.group(1).rpartition(".")
    return inspect.getdoc(getattr(importlib.import_module(module), name)) or ""


@pytest.mark.parametrize(("value", "name"), list(public()))
def test_a_public_name_has_an_example(value: Any, name: str) -> None:
    if not needs_example(value, name):
        return
    text = inspect.getdoc(value) or ""
    assert text, "no docstring"
    if ">>> " not in text and not is_shown(name):
        text = other_name(text)
        assert ">>> " in text, "no example"


@pytest.mark.parametrize(("value", "name"), list(public()))
def test_the_example_of_a_made_function_runs(value: Any, name: str) -> None:
    """`test_docstrings.py` finds functions by their name in their module; these have none."""
    if not inspect.isfunction(value):
        return
    if getattr(sys.modules[value.__module__], value.__name__, None) is not None:
        return
    for test in doctest.DocTestFinder(recurse=False).find(value, name, globs={}):
        report: list[str] = []
        doctest.DocTestRunner(verbose=False).run(test, out=report.append)
        assert not report, "".join(report)
