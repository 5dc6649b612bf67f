"""Each plugin loads on its own, and what is wrong with one is said and harms no other."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from portfire import plugins
from portfire.plugins import PluginHost, PluginWarning, Status, hookimpl
from portfire.plugins import _loading as loading
from tests.plugins.fake import FakeEntryPoint, backends, good, make_host, spec


def raiser(error: BaseException) -> Any:
    def load() -> Any:
        raise error

    return load


def reason_of(host: PluginHost) -> str:
    assert len(host.problems) == 1
    return str(host.problems[0])


def test_plugins_load_and_announce_their_devices() -> None:
    host = make_host(good("dist-a", "aaa", priority=5), good("dist-b", "bbb", priority=9))
    assert host.problems == []
    assert list(host.backend_specs()) == ["bbb", "aaa"]
    assert [p.status for p in host.plugins] == [Status.LOADED, Status.LOADED]
    assert [p.key for p in host.plugins] == ["dist-a:aaa@1", "dist-b:bbb@1"]


@pytest.mark.parametrize("error", [ImportError("no libmagic"), ValueError("x"), SystemExit(3)])
def test_a_plugin_that_raises_at_import_is_reported_and_is_the_cause(error: BaseException) -> None:
    host = make_host(FakeEntryPoint("broken", "bad@1", raiser(error)), good("dist-a", "aaa"))
    assert list(host.backend_specs()) == ["aaa"]
    text = reason_of(host)
    assert "'bad' of broken" in text
    assert type(error).__name__ in text
    assert "PORTFIRE_DISABLE_PLUGINS=bad" in text
    with pytest.raises(RuntimeError, match="device 'bad' can not be used: importing") as info:
        host.backend_spec("bad")
    assert info.value.__cause__ is error


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("odd", "states no contract version"),
        ("odd@", "states no contract version"),
        ("odd@new", "states no contract version"),
        ("odd@2", "written for version 2 .* accepts version 1"),
        ("odd@0", "written for version 0"),
    ],
)
def test_another_contract_is_refused_before_the_import(name: str, reason: str) -> None:
    entry = FakeEntryPoint("other", name, lambda: backends(spec("odd")))
    host = make_host(entry, good("dist-a", "aaa"))
    assert entry.loads == 0
    assert list(host.backend_specs()) == ["aaa"]
    with pytest.raises(RuntimeError, match=reason):
        host.backend_spec("odd")


def test_a_misspelt_hook_is_reported_and_the_others_work() -> None:
    @hookimpl
    def portfire_bakends() -> list[Any]:
        return []

    wrong = SimpleNamespace(portfire_bakends=portfire_bakends)
    host = make_host(FakeEntryPoint("typo", "typo@1", lambda: wrong), good("zzz", "aaa"))
    assert list(host.backend_specs()) == ["aaa"]
    assert "portfire_bakends" in reason_of(host)
    assert "portfire_backends" in host.problems[0].cure


def test_a_hook_with_an_unknown_argument_is_reported() -> None:
    @hookimpl
    def portfire_backends(surprise: int) -> list[Any]:
        return [surprise]

    wrong = SimpleNamespace(portfire_backends=portfire_backends)
    host = make_host(FakeEntryPoint("args", "args@1", lambda: wrong), good("dist-a", "aaa"))
    assert list(host.backend_specs()) == ["aaa"]
    assert "surprise" in reason_of(host)


def test_a_plugin_without_marked_hooks_is_reported() -> None:
    host = make_host(FakeEntryPoint("empty", "empty@1", lambda: SimpleNamespace(x=1)))
    assert "implements no hook" in reason_of(host)
    assert host.plugins[0].status is Status.REFUSED


def test_a_hook_wrapper_is_reported() -> None:
    @hookimpl(wrapper=True)
    def portfire_backends() -> Iterator[None]:
        yield

    wrong = SimpleNamespace(portfire_backends=portfire_backends)
    host = make_host(FakeEntryPoint("wrap", "wrap@1", lambda: wrong), good("dist-a", "aaa"))
    assert list(host.backend_specs()) == ["aaa"]
    assert "portfire_backends is a hook wrapper" in reason_of(host)


def test_one_module_in_two_entry_points_is_used_once() -> None:
    plugin = backends(spec("one"))
    host = make_host(
        FakeEntryPoint("dist-a", "one@1", lambda: plugin),
        FakeEntryPoint("dist-b", "two@1", lambda: plugin),
    )
    assert list(host.backend_specs()) == ["one"]
    assert "registered already" in reason_of(host)


def test_damaged_metadata_does_no_harm() -> None:
    entry = good("dist-a", "aaa")
    entry.dist = SimpleNamespace(name=None)
    host = make_host(entry, good("dist-b", "bbb"))
    assert set(host.backend_specs()) == {"aaa", "bbb"}
    assert host.plugins[0].distribution == "an unknown distribution"


def test_two_distributions_with_the_same_entry_point_name_both_load() -> None:
    first, second = backends(spec("one")), backends(spec("two"))
    host = make_host(
        FakeEntryPoint("dist-a", "gpu@1", lambda: first),
        FakeEntryPoint("dist-b", "gpu@1", lambda: second),
    )
    assert set(host.backend_specs()) == {"one", "two"}
    assert host.problems == []


def test_of_a_taken_device_type_the_higher_priority_stays() -> None:
    host = make_host(good("aaa-late", "cpu", priority=1), good("numpy", "cpu", priority=100))
    assert host.backend_spec("cpu").priority == 100
    assert "aaa-late" in reason_of(host)
    assert "device type 'cpu' is taken by numpy" in reason_of(host)


def test_of_a_taken_device_type_with_equal_priority_the_alphabetically_first_stays() -> None:
    host = make_host(good("bbb", "gpu", count=2), good("aaa", "gpu", count=1))
    assert host.backend_spec("gpu").count() == 1
    assert host.problems[0].distribution == "bbb"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (None, "raised TypeError"),
        ([1], "expected BackendSpec objects"),
        (spec("lonely"), "raised TypeError"),
        ([spec("has space")], "not an identifier"),
        ([spec("gpu:0")], "not an identifier"),
        ((1 / 0 for _ in range(1)), "raised ZeroDivisionError"),
    ],
)
def test_a_wrong_answer_is_reported(answer: Any, reason: str) -> None:
    @hookimpl
    def portfire_backends() -> Any:
        return answer

    wrong = SimpleNamespace(portfire_backends=portfire_backends)
    host = make_host(FakeEntryPoint("wrong", "bad@1", lambda: wrong), good("zzz", "aaa"))
    assert list(host.backend_specs()) == ["aaa"]
    assert reason in reason_of(host)


def test_a_generator_is_a_good_answer() -> None:
    @hookimpl
    def portfire_backends() -> Any:
        yield spec("one")
        yield spec("two")

    fine = SimpleNamespace(portfire_backends=portfire_backends)
    host = make_host(FakeEntryPoint("gen", "gen@1", lambda: fine))
    assert set(host.backend_specs()) == {"one", "two"}
    assert host.problems == []


@pytest.mark.parametrize("disabled", ["gpu", "my-dist"])
def test_a_disabled_plugin_is_not_imported_and_says_so(disabled: str) -> None:
    entry = FakeEntryPoint("My_Dist", "gpu@1", lambda: backends(spec("gpu")))
    host = make_host(entry, good("other", "aaa"), disabled=disabled)
    assert entry.loads == 0
    assert host.problems == []
    with pytest.raises(RuntimeError, match="PORTFIRE_DISABLE_PLUGINS disables its plugin"):
        host.backend_spec("gpu")


def test_the_environment_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTFIRE_DISABLE_PLUGINS", " GPU, my_dist ,,")
    assert loading.disabled_names() == {"gpu", "my-dist"}


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakeEntryPoint]]:
    """Give this process other entry points, to be loaded at the next question."""
    entries: list[FakeEntryPoint] = []
    monkeypatch.setattr(loading, "installed_entry_points", lambda: entries)
    old = plugins.install_host(None)
    yield entries
    plugins.install_host(old)


def test_problems_are_warned_of_once(fresh: list[FakeEntryPoint]) -> None:
    fresh += [FakeEntryPoint("broken", "bad@1", raiser(ImportError("nope"))), good("d", "aaa")]
    with pytest.warns(PluginWarning, match="'bad' of broken"):
        assert list(plugins.backend_specs()) == ["aaa"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert plugins.default_device_type() == "aaa"
    assert [p.plugin for p in plugins.problems()] == ["bad"]
    assert fresh[0].loads == 1


def test_with_warnings_as_errors_the_plugins_are_loaded_all_the_same(
    fresh: list[FakeEntryPoint],
) -> None:
    fresh += [FakeEntryPoint("broken", "bad@1", raiser(ImportError("nope"))), good("d", "aaa")]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PluginWarning, match="broken"):
            plugins.backend_specs()
        assert list(plugins.backend_specs()) == ["aaa"]


def test_a_plugin_that_uses_a_device_while_loading_is_reported(
    fresh: list[FakeEntryPoint],
) -> None:
    fresh += [FakeEntryPoint("eager", "eager@1", plugins.default_device_type), good("d", "aaa")]
    with pytest.warns(PluginWarning, match="belongs into BackendSpec.open"):
        assert plugins.default_device_type() == "aaa"


def test_the_default_is_the_available_device_of_highest_priority() -> None:
    host = make_host(good("a", "aaa", count=0, priority=9), good("b", "bbb", priority=5))
    assert host.default_device_type() == "bbb"


def test_a_backend_whose_count_raises_is_reported_and_passed_over() -> None:
    def count() -> int:
        raise OSError("driver went away")

    bad = spec("bad", priority=9)
    plugin = backends(type(bad)("bad", count, bad.open, 9))
    host = make_host(FakeEntryPoint("bad", "bad@1", lambda: plugin), good("b", "bbb"))
    with pytest.warns(PluginWarning, match="driver went away"):
        assert host.default_device_type() == "bbb"


def test_no_device_at_all_is_explained_by_the_backends() -> None:
    host = make_host(
        good("a", "gpu", count=0, why="no driver; install one"), good("b", "x", count=0)
    )
    with pytest.raises(
        RuntimeError, match="finds no device; gpu: no driver; install one; x: it has"
    ):
        host.default_device_type()


def test_no_backend_at_all_names_the_packages_to_install() -> None:
    host = make_host()
    for ask in (host.default_device_type, lambda: host.backend_spec("cpu")):
        with pytest.raises(
            RuntimeError,
            match=r"no backend installed; run: pip install portfire-backend-numpy \(device cpu\) "
            r"or pip install 'portfire-backend-opencl\[pocl\]' \(device opencl\)",
        ):
            ask()


def test_no_backend_because_all_are_disabled_says_so() -> None:
    host = make_host(good("a", "gpu"), disabled="gpu")
    with pytest.raises(RuntimeError, match="PORTFIRE_DISABLE_PLUGINS disables a:gpu"):
        host.default_device_type()


def test_an_unknown_device_type_lists_the_known_ones() -> None:
    host = make_host(good("a", "one"), good("b", "two"))
    with pytest.raises(RuntimeError, match=r"no device type 'three'; there is: one, two$"):
        host.backend_spec("three")
    with pytest.raises(RuntimeError, match="pip install 'portfire-backend-opencl"):
        host.backend_spec("opencl")


def namespaces(answer: Any) -> SimpleNamespace:
    @hookimpl
    def portfire_namespaces() -> Any:
        return answer

    return SimpleNamespace(portfire_namespaces=portfire_namespaces)


def test_namespaces_are_imported_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = namespaces({"audio": "portfire_fake_audio"})
    host = make_host(FakeEntryPoint("a", "audio@1", lambda: plugin))
    assert host.namespace("video") is None
    module = ModuleType("portfire_fake_audio")
    monkeypatch.setitem(sys.modules, "portfire_fake_audio", module)
    assert host.namespace("audio") is module


def test_a_taken_namespace_is_reported() -> None:
    first, second = namespaces({"audio": "json"}), namespaces({"audio": "csv"})
    host = make_host(
        FakeEntryPoint("a", "audio@1", lambda: first),
        FakeEntryPoint("b", "sound@1", lambda: second),
    )
    module = host.namespace("audio")
    assert module is not None
    assert module.__name__ == "json"
    assert "namespace 'audio' is taken by a" in reason_of(host)


@pytest.mark.parametrize("answer", [3, {"audio": 3}, ["audio"]])
def test_a_wrong_answer_of_namespaces_is_reported(answer: Any) -> None:
    host = make_host(FakeEntryPoint("a", "audio@1", lambda: namespaces(answer)))
    assert "portfire_namespaces raised" in reason_of(host)
