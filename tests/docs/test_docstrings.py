"""The examples in docstrings run, and print what they say they print."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

PACKAGES = ("portfire", "portfire_numpy", "portfire_opencl")
# The doctor's module runs when it is executed, and the conformance kit is itself a test suite.
SKIPPED = ("portfire.__main__", "portfire.testing.conformance")
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules() -> Iterator[str]:
    for package in PACKAGES:
        yield package
        path = importlib.import_module(package).__path__
        for info in pkgutil.walk_packages(path, f"{package}."):
            if not info.name.startswith(SKIPPED):
                yield info.name


@pytest.mark.parametrize("name", sorted(modules()))
def test_the_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(name)
    finder = doctest.DocTestFinder(exclude_empty=True)
    report: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
    for test in finder.find(module, name):
        runner.run(test, out=report.append)
    if runner.failures:
        pytest.fail("".join(report), pytrace=False)
