"""``python -m portfire`` says what is there and what is wrong, whatever is broken."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from portfire import __main__ as doctor
from portfire import _doctor, _doctor_text, plugins
from portfire._dtype import float32
from portfire.backend._contract import BackendSpec, MemoryReport
from portfire.plugins import PluginHost
from tests.plugins.fake import FakeEntryPoint, backends, good, make_host


def working_runtime() -> SimpleNamespace:
    return SimpleNamespace(
        name="a pretend device",
        dtypes=frozenset({float32}),
        claims=frozenset({"softmax"}),
        memory=lambda: MemoryReport(allocated=10, reserved=2048, peak=3 << 20, total=5 << 30),
    )


def working(device_type: str, count: int = 1) -> FakeEntryPoint:
    spec = BackendSpec(device_type, lambda: count, lambda index: working_runtime())
    plugin = backends(spec)
    plugin.info = lambda: {"driver": "1.0", "limits": [{"fp64": True}], "empty": []}
    return FakeEntryPoint(f"dist-{device_type}", f"{device_type}@1", lambda: plugin)


def broken() -> FakeEntryPoint:
    def load() -> Any:
        raise ImportError("libbroken.so is missing")

    return FakeEntryPoint("dist-broken", "broken@1", load)


@pytest.fixture
def use() -> Iterator[Any]:
    """Put a host with these entry points in the place of this process's."""
    old: list[PluginHost | None] = []

    def install(*entry_points: FakeEntryPoint, disabled: str = "") -> None:
        old.append(plugins.install_host(make_host(*entry_points, disabled=disabled)))

    yield install
    if old:
        plugins.install_host(old[0])


def test_a_healthy_installation(use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    use(working("aaa", count=2), working("bbb"))
    assert doctor.main([]) == 0
    text = capsys.readouterr().out
    for part in (
        "portfire-core",
        "aaa: dist-aaa 1.0, contract 1, dist_aaa.plugin, loaded",
        "aaa:1: a pretend device",
        "bbb: a pretend device",
        "native composites: softmax",
        "memory: 5 GiB in all, 10 B in use, 2 KiB held",
        "default: aaa",
        "details of bbb",
        "fp64: True",
        "empty: none",
    ):
        assert part in text
    assert text.rstrip().endswith("none")


def test_the_json_form_is_one_object(use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    use(working("aaa"), broken())
    assert doctor.main(["--json"]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["default_device"] == "aaa"
    assert facts["devices"][0]["dtypes"] == ["float32"]
    assert {p["name"]: p["status"] for p in facts["plugins"]} == {
        "aaa": "loaded",
        "broken": "refused",
    }
    assert facts["problems"][0]["error"] == "ImportError: libbroken.so is missing"
    assert facts["details"]["aaa"]["driver"] == "1.0"


def test_a_broken_plugin_is_named_with_its_cure(
    use: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    use(broken())
    assert doctor.main([]) == 1
    text = capsys.readouterr().out
    assert "broken (dist-broken): importing dist_broken.plugin raised ImportError" in text
    assert "PORTFIRE_DISABLE_PLUGINS=broken" in text
    assert "no default device: RuntimeError: portfire has no backend installed" in text


def test_nothing_installed_is_told_with_the_cure(
    use: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    use()
    assert doctor.main([]) == 1
    assert "pip install portfire-backend-numpy" in capsys.readouterr().out


def test_devices_that_can_not_be_counted_or_opened_are_reported(use: Any) -> None:
    def explode(*_: Any) -> Any:
        raise OSError("the driver is gone")

    uncountable = backends(BackendSpec("xxx", explode, explode))
    unopenable = backends(BackendSpec("yyy", lambda: 1, explode))
    unopenable.info = explode
    use(
        FakeEntryPoint("dist-x", "xxx@1", lambda: uncountable),
        FakeEntryPoint("dist-y", "yyy@1", lambda: unopenable),
        good("dist-z", "zzz", count=0, why="no driver; install one"),
        good("dist-q", "qqq", count=0),
    )
    facts = _doctor.examine()
    errors = {d["device"]: d["error"] for d in facts["devices"]}
    assert errors["xxx"] == errors["yyy"] == "OSError: the driver is gone"
    assert errors["zzz"] == "no driver; install one"
    assert errors["qqq"] == "there is no device"
    assert facts["details"]["yyy"] == {"error": "OSError: the driver is gone"}
    assert not _doctor.is_healthy(facts)


def test_a_disabled_plugin_is_shown(use: Any, capsys: pytest.CaptureFixture[str]) -> None:
    use(working("aaa"), broken(), disabled="broken")
    assert doctor.main([]) == 0
    assert "dist_broken.plugin, disabled" in capsys.readouterr().out


def test_the_environment_is_shown(
    use: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTFIRE_EAGER", "1")
    use(working("aaa"))
    doctor.main([])
    assert "PORTFIRE_EAGER" in capsys.readouterr().out


@pytest.mark.parametrize("with_rich", [True, False])
def test_a_terminal_gets_color_where_rich_is_installed(
    use: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    with_rich: bool,
) -> None:
    if with_rich:
        pytest.importorskip("rich")
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm-256color")
        monkeypatch.delenv("NO_COLOR", raising=False)
    else:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    use(working("aaa"))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _doctor_text.show(_doctor.examine())
    text = capsys.readouterr().out
    assert ("\x1b[" in text) is with_rich
    assert "a pretend device" in text
