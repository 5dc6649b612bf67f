"""Build the wheels of all packages into a folder, with a pip constraints file beside them.

    python tools/build_wheels.py dist

The constraints pin each distribution to its file, so that ``pip install -c dist/constraints.txt
portfire`` can only take what was built here, whatever an index offers under these names.
Needs the distributions ``build`` and ``hatchling``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def build_wheel(source: Path, target: Path) -> Path:
    """Build the wheel of one source folder into a target folder and return its path."""
    before = set(target.glob("*.whl"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]
    done = subprocess.run(
        [*command, str(target), str(source)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"building {source} failed:\n{done.stdout}{done.stderr}")
    (wheel,) = set(target.glob("*.whl")) - before
    return wheel


def build_all(target: Path) -> Path:
    """Build all packages into an emptied folder and return the path of the constraints."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    lines = []
    for project in sorted(ROOT.glob("packages/*/pyproject.toml")):
        wheel = build_wheel(project.parent, target)
        name = wheel.name.split("-")[0].replace("_", "-")
        lines.append(f"{name} @ {wheel.resolve().as_uri()}\n")
        print(wheel.name, flush=True)
    constraints = target / "constraints.txt"
    constraints.write_text("".join(lines), encoding="utf-8")
    return constraints


if __name__ == "__main__":
    build_all(Path(sys.argv[1]))
