"""Other people's plugins: a good one works, a bad one harms nobody and the doctor names it."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.install.conftest import STRANGERS, Environment

pytestmark = pytest.mark.install

LONGEST_GOOD_PLUGIN = 20
WORKS = (
    "import portfire as p; x = p.tensor([1.0, 2.0], device='{device}', requires_grad=True); "
    "(x * x).sum().backward(); print(x.device, x.grad.tolist())"
)
# The folder of each hostile plugin, and what the doctor says about it.
HOSTILE = {
    "raises": "raised ImportError: libacme.so.7: cannot open shared object file",
    "taken": "its device type 'cpu' is taken by portfire-backend-numpy",
    "contract": "written for version 99 of the backend contract",
    "typo": "portfire_bakends",
}


@pytest.fixture(scope="module")
def environment(fresh: Callable[..., Environment], stranger: Callable[[str], str]) -> Environment:
    return fresh("portfire-core", "portfire-backend-numpy", stranger("good"))


@pytest.fixture(params=sorted(HOSTILE))
def hostile(
    request: pytest.FixtureRequest, environment: Environment, stranger: Callable[[str], str]
) -> Iterator[str]:
    name = str(request.param)
    environment.pip("install", "--no-deps", stranger(name))
    yield name
    environment.pip("uninstall", "--yes", f"acme-{name}")


def lines_of_code(path: Path) -> int:
    """Count the lines that hold code: no comments, docstrings or empty lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    covered: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, (ast.stmt, ast.expr)) and not isinstance(node, ast.Constant):
            covered |= {node.lineno, node.end_lineno or node.lineno}
    return len(covered)


def test_a_backend_on_the_array_api_needs_few_lines() -> None:
    assert lines_of_code(STRANGERS / "good/src/acme_strict.py") <= LONGEST_GOOD_PLUGIN


def test_a_good_plugin_works_beside_the_others(environment: Environment) -> None:
    assert environment.code(WORKS.format(device="strict")) == "strict:0 [2.0, 4.0]"
    assert environment.code(WORKS.format(device="cpu")) == "cpu [2.0, 4.0]"
    facts = json.loads(environment.run("-m", "portfire", "--json").stdout)
    assert facts["problems"] == []
    assert {d["device"] for d in facts["devices"]} == {"cpu", "strict"}


def test_a_good_plugin_passes_the_conformance_suite(environment: Environment) -> None:
    environment.pip("install", "pytest")
    suite = ("--pyargs", "portfire.testing.conformance", "--device", "strict")
    done = environment.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *suite)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "operator and dtype pairs work" in done.stdout


def test_a_hostile_plugin_harms_nobody(environment: Environment, hostile: str) -> None:
    done = environment.run("-W", "error", "-c", "import portfire")
    assert (done.returncode, done.stderr) == (0, "")
    for device, shown in (("cpu", "cpu"), ("strict", "strict:0")):
        done = environment.run("-c", WORKS.format(device=device))
        assert done.stdout.strip() == f"{shown} [2.0, 4.0]", done.stderr
        assert done.stderr.count("PluginWarning") == 1
        assert f"acme-{hostile}" in done.stderr


def test_the_doctor_names_a_hostile_plugin(environment: Environment, hostile: str) -> None:
    done = environment.run("-m", "portfire")
    assert done.returncode == 1
    assert "Warning" not in done.stderr
    assert HOSTILE[hostile] in done.stdout
    facts = json.loads(environment.run("-m", "portfire", "--json").stdout)
    (problem,) = facts["problems"]
    assert problem["distribution"] == f"acme-{hostile}"
    assert HOSTILE[hostile] in problem["reason"]


def test_asking_for_the_device_of_a_broken_plugin_shows_its_own_error(
    environment: Environment, stranger: Callable[[str], str]
) -> None:
    environment.pip("install", "--no-deps", stranger("raises"))
    try:
        done = environment.run("-c", "import portfire; portfire.ones(2, device='raises')")
    finally:
        environment.pip("uninstall", "--yes", "acme-raises")
    assert "ImportError: libacme.so.7: cannot open shared object file" in done.stderr
    assert "direct cause" in done.stderr
    assert "RuntimeError: the device 'raises' can not be used" in done.stderr.splitlines()[-1]


def test_a_disabled_hostile_plugin_is_quiet(
    environment: Environment, stranger: Callable[[str], str]
) -> None:
    environment.pip("install", "--no-deps", stranger("raises"))
    try:
        done = environment.run(
            "-W", "error", "-c", WORKS.format(device="cpu"), PORTFIRE_DISABLE_PLUGINS="raises"
        )
    finally:
        environment.pip("uninstall", "--yes", "acme-raises")
    assert (done.stdout.strip(), done.stderr) == ("cpu [2.0, 4.0]", "")
