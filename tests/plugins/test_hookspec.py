"""The hook specifications are a document: their form is fixed."""

from __future__ import annotations

import inspect

import pytest

from portfire.plugins import hookspec

SECTIONS = ("When called:", "Order:", "Returns:", "If it raises:", "Example:")
HOOKS = [name for name in vars(hookspec) if name.startswith("portfire_")]


def test_there_are_few_hooks() -> None:
    assert 1 <= len(HOOKS) <= 6
    assert set(HOOKS) <= set(hookspec.__all__)


@pytest.mark.parametrize("name", HOOKS)
def test_each_hook_has_the_sections_in_order(name: str) -> None:
    doc = inspect.getdoc(getattr(hookspec, name))
    assert doc is not None
    lines = doc.splitlines()
    assert [line for line in lines if line in SECTIONS] == list(SECTIONS)
    for section in SECTIONS:
        following = lines[lines.index(section) + 1]
        assert following.startswith("    "), f"{section} of {name} is empty"


@pytest.mark.parametrize("name", HOOKS)
def test_the_body_of_each_hook_is_only_its_docstring(name: str) -> None:
    function = getattr(hookspec, name)
    source = inspect.getsource(function).rstrip()
    assert source.endswith('"""')
    assert function() is None
