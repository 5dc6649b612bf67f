"""The conformance suite as third parties run it: from the command line, on their device."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

SUITE = "portfire.testing.conformance"
# A stranger's device, announced without being installed; on request it is wrong in one operator.
STRANGER = """
    import os

    import numpy as np

    from portfire.backend import BackendSpec
    from portfire.testing import ReferenceRuntime, fake_devices

    class Stranger(ReferenceRuntime):
        def __init__(self):
            super().__init__("stranger")
            if os.environ.get("WRONG"):
                wrong = lambda x: (np.exp(x) * 1.1).astype(x.dtype)
                self.table = {**self.table, "exp": wrong}

    installed = fake_devices(BackendSpec("stranger", lambda: 1, lambda index: Stranger()))
    installed.__enter__()
"""


def run(folder: Path, *arguments: str, wrong: bool = False) -> subprocess.CompletedProcess[str]:
    (folder / "stranger.py").write_text(textwrap.dedent(STRANGER), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    environment.pop("WRONG", None)
    if wrong:
        environment["WRONG"] = "1"
    command = [sys.executable, "-m", "pytest", "-p", "stranger"]
    command += ["-p", "no:cacheprovider", "-q", "--color=no", "-c", os.devnull]
    command += ["--rootdir", str(folder), "--pyargs", SUITE, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


FEW = ("-k", "test_contract or test_training or exp or take")


def test_a_good_device_passes_and_has_its_table(tmp_path: Path) -> None:
    done = run(tmp_path, "--device", "stranger")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "stranger:0 (stranger)" in done.stdout
    assert "float16  float32  float64" in done.stdout
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if "yes" in line}
    assert len(rows) > 60
    assert rows["exp"][-3:] == ["yes", "yes", "yes"]
    assert "NO" not in done.stdout


def test_a_wrong_operator_fails_by_name(tmp_path: Path) -> None:
    done = run(tmp_path, "--device", "stranger", *FEW, wrong=True)
    assert done.returncode == 1
    assert "test_operators.py::test_value[exp-float32]" in done.stdout
    rows = {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines() if "NO" in line}
    assert rows["exp"][-3:] == ["NO", "NO", "NO"]


def test_expected_failures_are_strict(tmp_path: Path) -> None:
    known = tmp_path / "known.txt"
    cases = ["exp-float16", "exp-float32", "exp-float64"]
    lines = [f"test_operators.py::test_value[{c}]  # exp is off by a tenth" for c in cases]
    known.write_text("# what we know\n\n" + "\n".join(lines), encoding="utf-8")
    options = ("--device", "stranger", "--expected-failures", str(known))
    options += ("-k", "test_value and exp and not logcumsumexp")
    done = run(tmp_path, *options, wrong=True)
    assert done.returncode == 0, done.stdout
    assert "3 xfailed" in done.stdout
    done = run(tmp_path, *options)
    assert done.returncode == 1
    assert "[XPASS(strict)] exp is off by a tenth" in done.stdout


@pytest.mark.parametrize(
    ("line", "pattern"),
    [
        ("test_operators.py::test_value[exp-float32]", "expected 'file.py::test"),
        ("test_operators.py::test_value[nonsense]  # why", "there is no test test_operators.py"),
        ("exp  # why", "expected 'file.py::test"),
    ],
)
def test_a_wrong_line_in_the_list(tmp_path: Path, line: str, pattern: str) -> None:
    known = tmp_path / "known.txt"
    known.write_text(line, encoding="utf-8")
    done = run(tmp_path, "--device", "stranger", "--expected-failures", str(known))
    assert done.returncode == 4
    assert pattern in done.stdout + done.stderr


def test_the_device_has_to_be_named_and_to_exist(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 4
    assert "the conformance suite needs --device NAME" in done.stderr
    done = run(tmp_path, "--device", "nowhere")
    assert done.returncode == 4
    assert "--device nowhere: portfire has no device type 'nowhere'" in done.stderr


def test_other_peoples_tests_are_left_alone(tmp_path: Path) -> None:
    """The plugin must not import portfire, nor claim the option, where the suite is not run."""
    (tmp_path / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--device')\n", encoding="utf-8"
    )
    (tmp_path / "test_theirs.py").write_text(
        "import sys\n\ndef test(request):\n    assert 'portfire' not in sys.modules\n"
        "    assert request.config.getoption('--device') == 'theirs'\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--device", "theirs"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
