"""Wheels, and fresh environments to install them into."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.build_wheels import ROOT, build_all, build_wheel

STRANGERS = ROOT / "tests" / "plugins" / "packages"


class Environment:
    """A virtual environment with some distributions, and nothing of the checkout."""

    def __init__(self, folder: Path, constraints: Path) -> None:
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.elsewhere = folder.parent
        self.constraints = constraints
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)

    def pip(self, *arguments: str) -> None:
        """Run this process's pip on the environment."""
        command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*command, "--python", str(self.python), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def install(self, *what: str) -> None:
        """Install distributions; ours come from the wheels that were built here."""
        self.pip("install", "--constraint", str(self.constraints), *what)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the environment's Python, away from the checkout and its settings."""
        settings = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PORTFIRE_", "PYTHON"))
        }
        return subprocess.run(
            [str(self.python), *arguments],
            cwd=self.elsewhere,
            env={**settings, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def code(self, source: str, **variables: str) -> str:
        """Run a piece of code that has to succeed, and return what it printed."""
        done = self.run("-c", source, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def error(self, source: str) -> str:
        """Run a piece of code that has to raise, and return the last line of its traceback."""
        done = self.run("-c", source)
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr.strip().splitlines()[-1]


@pytest.fixture(scope="session")
def constraints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return pip constraints that point at the wheels: those of tox, or ones built for this run."""
    built = ROOT / "dist" / "constraints.txt"
    if os.environ.get("PORTFIRE_TEST_INSTALLED") == "1":
        assert built.exists(), "run the tox environment `wheels` first"
        return built
    return build_all(tmp_path_factory.mktemp("wheels") / "dist")


@pytest.fixture(scope="session")
def fresh(
    tmp_path_factory: pytest.TempPathFactory, constraints: Path
) -> Callable[..., Environment]:
    """Return a function that makes an environment with some distributions."""

    def make(*what: str) -> Environment:
        environment = Environment(tmp_path_factory.mktemp("env") / "venv", constraints)
        environment.install(*what)
        return environment

    return make


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Return a function from the folder of a third party's plugin to its wheel."""
    target = tmp_path_factory.mktemp("strangers")
    built: dict[str, str] = {}

    def wheel(name: str) -> str:
        if name not in built:
            built[name] = str(build_wheel(STRANGERS / name, target))
        return built[name]

    return wheel
