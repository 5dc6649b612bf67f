"""Finding devices: order, filters, broken loaders and drivers, probes, quirks, the self-test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from portfire_opencl import devices, info, plugin, probes, quirks, selftest
from portfire_opencl._disk import DiskCache

GPU, CPU, ACCELERATOR = 4, 2, 8


class FakeError(Exception):
    """Stands for pyopencl.Error."""


def fake_device(name: str, kind: int, **more: Any) -> Any:
    facts = {
        "name": name,
        "type": kind,
        "version": "OpenCL 3.0 ",
        "driver_version": "1",
        "available": True,
        "compiler_available": True,
        "int_ptr": id(name),
        "platform": SimpleNamespace(name="Fake", version="OpenCL 3.0"),
    }
    return SimpleNamespace(**{**facts, **more})


def fake_platform(name: str, *members: Any) -> Any:
    def get_devices() -> list[Any]:
        if members and isinstance(members[0], Exception):
            raise members[0]
        return list(members)

    return SimpleNamespace(name=name, version="OpenCL 3.0", get_devices=get_devices)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def put(platforms: Any) -> None:
        def get_platforms() -> Any:
            if isinstance(platforms, Exception):
                raise platforms
            return platforms

        kinds = SimpleNamespace(GPU=GPU, CPU=CPU, ACCELERATOR=ACCELERATOR)
        module = SimpleNamespace(
            get_platforms=get_platforms,
            device_type=kinds,
            Error=FakeError,
            get_cl_header_version=lambda: (3, 0),
            VERSION_TEXT="0",
            _cl=SimpleNamespace(__file__="nowhere"),
        )
        monkeypatch.setitem(sys.modules, "pyopencl", module)
        monkeypatch.delenv(devices.PLATFORM_VARIABLE, raising=False)
        devices.forget()

    yield put
    devices.forget()


def test_order_is_gpus_accelerators_processors(install: Any) -> None:
    install(
        [
            fake_platform("One", fake_device("cpu", CPU), fake_device("gpu a", GPU)),
            fake_platform("Two", fake_device("acc", ACCELERATOR), fake_device("gpu b", GPU)),
        ]
    )
    found = devices.discover().devices
    assert [item.name for item in found] == ["gpu a", "gpu b", "acc", "cpu"]
    assert [item.index for item in found] == [0, 1, 2, 3]
    assert devices.get(3).kind == "cpu"
    with pytest.raises(
        devices.NoDeviceError, match=r"no device opencl:4: this machine has 4 OpenCL"
    ):
        devices.get(4)
    with pytest.raises(devices.NoDeviceError, match="no device opencl:-1"):
        devices.get(-1)


def test_the_platform_variable_filters(install: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    install(
        [fake_platform("One", fake_device("a", GPU)), fake_platform("Two", fake_device("b", CPU))]
    )
    monkeypatch.setenv(devices.PLATFORM_VARIABLE, "two")
    assert [item.name for item in devices.discover().devices] == ["b"]
    monkeypatch.setenv(devices.PLATFORM_VARIABLE, "three")
    devices.forget()
    assert "no platform's name contains PORTFIRE_OPENCL_PLATFORM='three'" in devices.explain()


@pytest.mark.parametrize(
    "platforms", [[], FakeError("clGetPlatformIDs failed: PLATFORM_NOT_FOUND_KHR"), OSError("no")]
)
def test_no_platform_gives_the_cure(install: Any, platforms: Any) -> None:
    install(platforms)
    assert devices.discover().devices == ()
    text = devices.explain()
    assert "no OpenCL platform was found" in text
    assert 'pip install "portfire-backend-opencl[pocl]"' in text
    with pytest.raises(devices.NoDeviceError, match="no OpenCL platform was found"):
        devices.get(0)


def test_one_broken_platform_does_not_hide_another(install: Any) -> None:
    install(
        [
            fake_platform("Broken", FakeError("clGetDeviceIDs failed: OUT_OF_HOST_MEMORY\nmore")),
            fake_platform("Empty", FakeError("clGetDeviceIDs failed: DEVICE_NOT_FOUND")),
            fake_platform("Half", SimpleNamespace(name="x"), fake_device("ok", GPU)),
            fake_platform("Off", fake_device("off", GPU, available=False)),
        ]
    )
    found = devices.discover()
    assert [item.name for item in found.devices] == ["ok"]
    texts = [problem.text for problem in found.problems]
    assert texts[0] == "the platform 'Broken' failed: clGetDeviceIDs failed: OUT_OF_HOST_MEMORY"
    assert texts[1] == "the platform 'Empty' has no devices"
    assert texts[2].startswith("a device of 'Half' failed: ")
    assert "not available" in texts[3]


def test_mesa_without_its_variable_names_the_cure(install: Any) -> None:
    install([fake_platform("rusticl")])
    assert "RUSTICL_ENABLE" in devices.explain()
    (problem,) = devices.discover().problems
    assert "RUSTICL_ENABLE" in problem.cure
    assert info.report()["problems"][0]["cure"] == problem.cure


def test_pyopencl_that_can_not_be_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyopencl", None)
    devices.forget()
    try:
        (spec,) = plugin.portfire_backends()
        assert spec.count() == 0
        assert spec.explain is not None
        assert "pyopencl can't be imported" in spec.explain()
        with pytest.raises(devices.NoDeviceError, match="pip install"):
            spec.open(0)
        report = info.report()
        assert report["devices"] == []
        assert "can't be imported" in report["pyopencl"]["error"]
    finally:
        monkeypatch.undo()
        devices.forget()


def test_the_announcement_opens_a_device() -> None:
    (spec,) = plugin.portfire_backends()
    assert (spec.device_type, spec.priority) == ("opencl", 50)
    assert spec.count() >= 1
    assert spec.open(0).name == devices.get(0).name


def test_discovery_is_stable_and_identity_names_the_driver(found: devices.Found) -> None:
    devices.forget()
    again = devices.get(0)
    assert again.identity == found.identity
    assert found.driver in found.identity
    assert devices.facts(found, probes.Probed(False, True, False)).schedule in ("cpu", "gpu")


def test_probes_answer_by_running_and_are_kept(found: devices.Found, cache: DiskCache) -> None:
    cl = devices.opencl()
    context = cl.Context([found.device])
    queue = cl.CommandQueue(context)
    assert probes.stored("driver", cache) is None
    probed = probes.probe(cl, context, queue, "driver", cache)
    assert probes.stored("driver", cache) == probed
    assert probes.probe(None, None, None, "driver", cache) == probed
    if "cl_khr_fp64" in found.device.extensions:
        assert probed.fp64


def test_quirk_table_is_complete() -> None:
    names = [row.name for row in quirks.QUIRKS]
    assert len(set(names)) == len(names)
    for row in quirks.QUIRKS:
        assert row.effect
        assert row.workaround
        assert row.reproducer
        assert row.source
        year, month = row.review.split("-")
        assert 2025 < int(year) < 2100
        assert 1 <= int(month) <= 12


def test_quirks_match_by_platform_device_and_driver() -> None:
    def names(*texts: str) -> list[str]:
        return [row.name for row in quirks.matching(*texts)]

    pocl = "Portable Computing Language"
    version = "OpenCL 3.0 PoCL HSTR: pthread-x86_64-unknown-linux-gnu-"
    old, new = "3.0-rc2 LLVM 14.0.6", "6.0 LLVM 18.1.8"
    assert "pocl-generic-cpu" in names(pocl, version + "generic", old)
    assert "pocl-generic-cpu" not in names(pocl, version + "znver3", old)
    assert "pocl-generic-cpu" not in names(pocl, version + "generic", new)
    assert names("NVIDIA CUDA", "H100", "555") == []


def test_selftest_passes_and_is_kept(found: devices.Found, cache: DiskCache) -> None:
    cl = devices.opencl()
    context = cl.Context([found.device])
    queue = cl.CommandQueue(context)
    selftest.ensure(cl, context, queue, "driver", "device", cache)
    selftest.ensure(None, None, None, "driver", "device", cache)


def test_a_device_that_computes_wrong_results_is_refused(
    found: devices.Found, cache: DiskCache
) -> None:
    cl = devices.opencl()
    context = cl.Context([found.device])
    queue = cl.CommandQueue(context)
    product = replace(selftest.CHECKS[0], reference=lambda a, b: np.matmul(a, b) + 0.1)
    with pytest.raises(
        selftest.SelfTestError, match=r"'toy' is not used: .* wrong results in product"
    ):
        selftest.ensure(cl, context, queue, "driver", "toy", cache, (product, *selftest.CHECKS[1:]))
    missing = replace(selftest.CHECKS[0], kernel="no_such_kernel")
    with pytest.raises(selftest.SelfTestError, match="could not run a simple kernel"):
        selftest.ensure(cl, context, queue, "driver", "toy", cache, (missing,))
    selftest.ensure(cl, context, queue, "driver", "toy", cache)  # nothing was kept


def test_probes_are_tried_where_the_extension_is_listed_or_hidden() -> None:
    tried: list[str] = []

    class Recorder:
        Error = FakeError
        CompilerWarning = UserWarning

        def Program(self, context: Any, source: str) -> Any:
            tried.append(source)
            raise FakeError("refused")

    def context(platform: str, extensions: str) -> Any:
        device = SimpleNamespace(extensions=extensions, platform=SimpleNamespace(name=platform))
        return SimpleNamespace(devices=[device])

    nothing = probes.Probed(False, False, False)
    assert probes.run_probes(Recorder(), context("Fake", ""), None) == nothing
    assert not tried
    assert probes.run_probes(Recorder(), context("NVIDIA CUDA", "cl_khr_fp64"), None) == nothing
    assert len(tried) == 2


@pytest.mark.parametrize(
    ("features", "reported", "lanes"),
    [
        ({"avx512f", "avx", "sse"}, 16, 16),
        ({"avx", "sse"}, 16, 8),
        ({"avx512f", "avx", "sse"}, 8, 8),
        (set(), 16, 16),
        (set(), 0, 4),
    ],
)
def test_vectors_are_as_wide_as_the_registers(
    monkeypatch: pytest.MonkeyPatch, features: set[str], reported: int, lanes: int
) -> None:
    monkeypatch.setattr(quirks, "cpu_features", lambda: features)
    device = SimpleNamespace(
        native_vector_width_float=reported,
        max_compute_units=2,
        max_work_group_size=64,
        local_mem_size=1000,
        max_mem_alloc_size=1000,
    )
    item = devices.Found(0, "d", "cpu", "p", "1", "1", "1", (), device)
    assert devices.facts(item, probes.Probed(False, False, False)).vector == lanes


def test_the_doctor_asks_the_plugin() -> None:
    assert plugin.info()["devices"][0]["name"] == "opencl:0"
