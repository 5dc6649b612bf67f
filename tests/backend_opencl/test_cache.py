"""The disk cache, and programs through it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from portfire_opencl import _disk, devices
from portfire_opencl._disk import DiskCache
from portfire_opencl.programs import Programs, split_kernels

SOURCE = "__kernel void k(__global float* x) { x[get_global_id(0)] += 1.0f; }"


def test_roundtrip_and_counters(cache: DiskCache) -> None:
    assert cache.get("a") is None
    assert cache.put("a", b"content")
    assert cache.put("empty", b"")
    assert cache.get("a") == b"content"
    assert cache.get("empty") == b""
    counters = cache.counters
    assert (counters.hits, counters.misses, counters.writes, counters.damaged) == (2, 1, 2, 0)
    cache.remove("a")
    assert cache.get("a") is None
    assert cache.usage()[0] == 1


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:20],
        lambda data: data + b"x",
        lambda data: b"\x7fELF something else altogether, and long enough to have a header" * 3,
        lambda data: data[:-3] + bytes([data[-3] ^ 1]) + data[-2:],
    ],
)
def test_damaged_entries_are_misses_and_are_rewritten(cache: DiskCache, damage: Any) -> None:
    cache.put("key", b"some content")
    path = cache.path("key")
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("key") is None
    assert cache.counters.damaged == 1
    cache.put("key", b"some content")
    assert cache.get("key") == b"some content"


def test_an_entry_under_a_foreign_name_is_a_miss(cache: DiskCache) -> None:
    cache.put("mine", b"content")
    cache.path("mine").rename(cache.path("yours"))
    assert cache.get("yours") is None


def test_old_entries_and_abandoned_files_are_removed(cache: DiskCache) -> None:
    cache.limit = 10_000
    for number in range(20):
        cache.put(f"key {number}", bytes(1000))
        age = time.time() - 1000 + number
        os.utime(cache.path(f"key {number}"), (age, age))
    assert cache.get("key 0") is not None  # used again: now the youngest
    left = cache.folder / "left.tmp"
    left.write_bytes(b"x")
    os.utime(left, (1, 1))
    cache.trim()
    assert not left.exists()
    assert cache.usage()[1] <= cache.limit
    assert cache.get("key 0") is not None
    assert cache.get("key 1") is None
    assert cache.get("key 19") is not None


def test_a_folder_that_can_not_be_written_is_reported(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    cache = DiskCache(in_the_way / "cache", 1000)
    assert not cache.put("key", b"content")
    assert cache.get("key") is None
    assert "can't be" in cache.counters.failure
    assert cache.usage() == (0, 0)


def test_folder_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTFIRE_CACHE_DIR", "/somewhere")
    assert _disk.cache_folder() == Path("/somewhere/opencl")
    monkeypatch.delenv("PORTFIRE_CACHE_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert _disk.cache_folder() == Path("/x/portfire/opencl")


def test_many_processes_write_one_key(cache: DiskCache) -> None:
    code = (
        "import sys, pathlib; from portfire_opencl._disk import DiskCache\n"
        "cache = DiskCache(pathlib.Path(sys.argv[1]), 1 << 20)\n"
        "for i in range(60):\n"
        "    cache.put('key', bytes([int(sys.argv[2])]) * 20000)\n"
        "    content = cache.get('key')\n"
        "    if content is None or len(set(content)) != 1 or len(content) != 20000: sys.exit(1)\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(cache.folder), str(n)], env=environment)
        for n in range(3)
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert cache.get("key") is not None
    assert not list(cache.folder.glob("*.tmp"))


@pytest.fixture(scope="module")
def opened() -> tuple[Any, devices.Found, Any]:
    cl, found = devices.opencl(), devices.get(0)
    return cl, found, cl.Context([found.device])


def programs(opened: Any, cache: DiskCache, platform: str = "any") -> Programs:
    cl, found, context = opened
    return Programs(cl, context, found.device, platform, found.identity, cache)


def test_binaries_are_used_by_the_next_process(opened: Any, cache: DiskCache) -> None:
    first, second = programs(opened, cache), programs(opened, cache)
    first.build(SOURCE)
    program = second.build(SOURCE)
    assert (first.counters.from_source, first.counters.from_disk) == (1, 0)
    assert (second.counters.from_source, second.counters.from_disk) == (0, 1)
    assert "k" in program.kernel_names
    second.build(SOURCE, ["-DX=1"])
    assert second.counters.from_source == 1


def test_a_compiler_with_a_cache_of_its_own_is_left_to_it(opened: Any, cache: DiskCache) -> None:
    platform = "Portable Computing Language"
    runs = [programs(opened, cache, platform) for _ in range(2)]
    for run in runs:
        run.build(SOURCE)
    assert [run.counters.from_source for run in runs] == [1, 1]
    assert cache.usage() == (0, 0)


def test_a_foreign_binary_is_rebuilt(opened: Any, cache: DiskCache) -> None:
    first = programs(opened, cache)
    first.build(SOURCE)
    (entry,) = cache.folder.glob("*.bin")
    key = next(
        f"program 1|{first._identity}||{text}"
        for text in [__import__("hashlib").sha256(SOURCE.encode()).hexdigest()]
    )
    assert cache.path(key) == entry
    cache.put(key, b"whole and well-formed, but of some other driver")
    second = programs(opened, cache)
    second.build(SOURCE)
    assert (second.counters.refused, second.counters.from_source) == (1, 1)
    third = programs(opened, cache)
    third.build(SOURCE)
    assert third.counters.from_disk == 1


def test_kernels_of_earlier_programs_are_reused(opened: Any, cache: DiskCache) -> None:
    head = "static float twice(float x) { return 2.0f * x; }\n"
    one = (
        "__kernel __attribute__((reqd_work_group_size(1, 1, 1)))\n"
        "void {}(__global float* x) {{ x[0] = twice(x[0]); }}\n"
    )
    two = "__kernel void {}(__global float* x) {{ x[0] = -x[0]; }}\n"
    builder = programs(opened, cache)
    first = builder.kernels(head + one.format("k0") + two.format("k1"))
    assert first("k1").function_name == "k1"
    second = builder.kernels(head + two.format("k0"))
    assert second("k0").function_name == "k1"
    assert builder.counters.from_source == 1
    third = builder.kernels(head + two.format("a") + one.format("b") + SOURCE)
    assert [third(name).function_name for name in ("a", "b", "k")] == ["k1", "k0", "k"]
    assert (builder.counters.from_source, builder.counters.reused) == (2, 3)
    assert third("a") is not third("a")


def test_splitting_a_source() -> None:
    assert split_kernels("no kernels") == ("no kernels", {})
    head, texts = split_kernels("h __kernel\n__kernel void a() {}\n__kernel\nvoid b() {}\n")
    assert head == "h __kernel\n"
    assert texts == {"a": "__kernel void a() {}\n", "b": "__kernel\nvoid b() {}\n"}
    with pytest.raises(ValueError, match="a kernel without a name"):
        split_kernels("__kernel nonsense")


def test_programs_are_built_without_a_folder(opened: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = DiskCache(tmp_path / "file" / "no", 1000)
    assert "k" in programs(opened, cache).build(SOURCE).kernel_names
    assert cache.counters.failure
