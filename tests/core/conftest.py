"""Core's tests compare with the host; where no backend brings it, the reference device plays it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from portfire import plugins
from portfire.backend import BackendSpec
from portfire.testing import ReferenceRuntime, fake_devices
from tests.conftest import available_devices

available_devices()  # asked before the stand-in is there: the argument ``device`` is never it
_host = contextlib.ExitStack()
if "cpu" not in plugins.backend_specs():
    spec = BackendSpec("cpu", lambda: 1, lambda index: ReferenceRuntime("reference"))
    _host.enter_context(fake_devices(spec))


@pytest.fixture(autouse=True, scope="session")
def _close_the_host() -> Iterator[None]:
    yield
    _host.close()
