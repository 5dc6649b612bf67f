"""Shared by the tests of the OpenCL backend: one opened device, and its cache in a fresh folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portfire_opencl import devices
from portfire_opencl._disk import DiskCache
from portfire_opencl.runtime import OpenCLRuntime


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> DiskCache:
    """A disk cache of this test run, so that self-test and probes run once."""
    return DiskCache(tmp_path_factory.mktemp("opencl-cache"), 64 << 20)


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    """An empty disk cache."""
    return DiskCache(tmp_path / "cache", 1 << 20)


@pytest.fixture(scope="session")
def found() -> devices.Found:
    """The first OpenCL device."""
    return devices.get(0)


@pytest.fixture
def runtime(found: devices.Found, shared_cache: DiskCache) -> Iterator[OpenCLRuntime]:
    """The device, freshly opened."""
    opened = OpenCLRuntime(found, shared_cache)
    yield opened
    opened.synchronize()
