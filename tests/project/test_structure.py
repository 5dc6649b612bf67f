"""The tree keeps its shape: packages, tests, tox factors, sizes, and who may know whom."""

from __future__ import annotations

import ast
import configparser
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import portfire

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = sorted(p.parent.name for p in ROOT.glob("packages/*/pyproject.toml"))
LONGEST_FILE = 600
# The meta-distribution has no code; its tests are the partial installs.
TEST_FOLDER_OF = {"portfire": "install"}
# Folders of tests that belong to no single package.
SHARED_TESTS = {"docs", "examples", "parity", "plugins", "project"}
# Whom the sources of a package may import, beside themselves.
ALLOWED_IMPORTS = {
    "core": {"numpy", "pluggy", "typing_extensions", "rich"},
    "nn": {"portfire", "numpy", "typing_extensions"},
    "optim": {"portfire", "numpy", "typing_extensions"},
    "backend-numpy": {"portfire", "numpy"},
    "backend-opencl": {"portfire", "numpy", "pyopencl"},
    "portfire": set(),
}


def sources(package: str) -> Iterator[Path]:
    yield from sorted((ROOT / "packages" / package / "src").rglob("*.py"))


def folder_of_tests(package: str) -> str:
    return TEST_FOLDER_OF.get(package, package.replace("-", "_"))


def tox_factors() -> set[str]:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "tox.ini", encoding="utf-8")
    text = parser["tox"]["env_list"]
    environments = {name.partition(":")[2] for name in parser.sections() if ":" in name}
    for line in filter(None, text.split("\n")):
        environments |= set(re.split(r"[-{},]+", line.strip()))
    return environments


def test_the_packages_are_the_six_of_the_architecture() -> None:
    assert set(PACKAGES) == set(ALLOWED_IMPORTS)


def test_packages_and_test_folders_and_tox_factors_agree() -> None:
    expected = {folder_of_tests(package) for package in PACKAGES} | SHARED_TESTS
    folders = {p.parent.name for p in ROOT.glob("tests/*/test_*.py")}
    assert folders == expected
    not_tests = {"lint", "types", "wheels", "numpy", "pocl", "smoke", ""}
    pythons = {"py", "310", "311", "312", "313"}
    assert tox_factors() - not_tests - pythons == expected


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_has_the_same_skeleton(package: str) -> None:
    folder = ROOT / "packages" / package
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"):
        assert (folder / name).is_file(), name
    assert (folder / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(rf'^name = "(portfire-)?{package}"$', text, re.MULTILINE)
    assert re.search(r'^version = "0\.1\.0"$|^dynamic = \["version"\]$', text, re.MULTILINE)
    assert re.search(r'^license = "BSD-3-Clause"$', text, re.MULTILINE)
    assert 'requires-python = ">=3.10"' in text
    if package != "portfire":
        assert list((folder / "src").rglob("py.typed")), "py.typed is missing"
        assert 'dev-mode-dirs = ["src"]' in text


def test_only_core_owns_the_init_of_portfire() -> None:
    owners = [p for p in PACKAGES if (ROOT / "packages" / p / "src/portfire/__init__.py").exists()]
    assert owners == ["core"]


@pytest.mark.parametrize(
    "path",
    sorted(p for top in ("packages", "tests", "tools") for p in (ROOT / top).rglob("*.py")),
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the dotted names that a module imports, wherever in the file it does so."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_only_whom_they_may(package: str) -> None:
    own = {p.name for p in (ROOT / "packages" / package / "src").glob("*")}
    allowed = ALLOWED_IMPORTS[package] | own | set(sys.stdlib_module_names)
    forbidden = {
        "core": ("portfire.nn", "portfire.optim"),
        "nn": ("portfire.optim",),
        "optim": ("portfire.nn",),
        "backend-numpy": ("portfire.nn", "portfire.optim"),
        "backend-opencl": ("portfire.nn", "portfire.optim"),
        "portfire": (),
    }[package]
    wrong = []
    for path in sources(package):
        extra = {"pytest"} if "testing" in path.parts else set()  # the kit for other people's tests
        for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
            if name.split(".")[0] not in allowed | extra or name in forbidden:
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert wrong == []


def strings_compared(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the string constants that take part in comparisons, and in match patterns."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            for side in (node.left, *node.comparators):
                yield from (
                    part
                    for part in ast.walk(side)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )
        elif isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant):
            yield node.value


@pytest.mark.parametrize("package", ["core", "nn", "optim"])
def test_nothing_above_the_contract_branches_on_a_backend(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{constant.lineno}"
        for path in sources(package)
        for constant in strings_compared(ast.parse(path.read_text(encoding="utf-8")))
        if str(constant.value).partition(":")[0] == "opencl"
    ]
    assert wrong == []


@pytest.mark.skipif(
    os.environ.get("PORTFIRE_TEST_INSTALLED") != "1", reason="asks what tox has installed"
)
def test_the_wheels_are_tested_and_not_the_source_tree() -> None:
    assert portfire.__file__ is not None
    assert ROOT / "packages" not in Path(portfire.__file__).resolve().parents
