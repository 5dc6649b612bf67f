"""The script behind the README's commands, and that continuous integration runs just those."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEVICES = {"numpy", "pocl"}
BY_HAND = {"parity"}  # needs torch, which is larger than all the rest
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def dev(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script as a module, without leaving a cache folder beside it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    loader = SourceFileLoader("portfire_dev_script", str(ROOT / "dev"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_every_test_folder_is_run(dev: ModuleType) -> None:
    folders = {path.parent.name for path in ROOT.glob("tests/*/test_*.py")}
    assert folders - BY_HAND == set(dev.WHOLE.split("-")) - DEVICES | {"docs", "install"}
    assert set(dev.CHECKS) >= {"docs", "install"}


def test_the_readme_and_the_script_know_the_same_commands(dev: ModuleType) -> None:
    for command in ("./dev digits", "./dev test"):
        assert command in README
        assert command in (dev.__doc__ or "")


def test_continuous_integration_runs_the_command_of_the_readme() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith(("#", "set"))]
    assert commands == ['cd "$(dirname "$0")/.."', "./dev test </dev/null"]


def test_the_running_python_is_found(dev: ModuleType) -> None:
    version = "{}.{}".format(*sys.version_info)
    assert version in dev.interpreters()
    assert dev.factor("3.11") == "py311"


def test_every_package_is_installed_by_setup(dev: ModuleType) -> None:
    named = {package.partition("[")[0] for package in dev.PACKAGES}
    assert named == {path.parent.name for path in ROOT.glob("packages/*/pyproject.toml")}


@pytest.mark.parametrize("arguments", [[], ["unknown"]])
def test_a_wrong_command_prints_the_help(
    dev: ModuleType, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(arguments) == 2
    assert "./dev test" in capsys.readouterr().out


def test_an_option_of_a_command_without_options_is_refused(
    dev: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main(["clean", "--all"]) == 2
    assert "takes no options; got --all" in capsys.readouterr().out


def test_what_failed_is_named_last_and_the_whole_suite_runs_all_the_same(
    dev: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def run(*command: str | Path, quiet: bool = False) -> int:
        name = str(command[command.index("-e") + 1])
        ran.append(name)
        return 1 if name == "types" else 0

    monkeypatch.setattr(dev, "environment", lambda: Path("python"))
    monkeypatch.setattr(dev, "install", lambda *_: None)
    monkeypatch.setattr(dev, "interpreters", lambda: {"3.11": Path("a"), "3.12": Path("b")})
    monkeypatch.setattr(dev, "run", run)
    assert dev.test([]) == 1
    others = [f"py312-{part}" for part in dev.PARTS]
    assert ran == [*dev.CHECKS, *others, f"py311-{dev.WHOLE}"]
    assert capsys.readouterr().out.splitlines()[-1] == "FAILED: types"
