"""Every sensible selection of packages works, and what is missing is named with its cure."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.install.conftest import Environment

pytestmark = pytest.mark.install

Fresh = Callable[..., Environment]
NO_BACKEND = (
    "RuntimeError: portfire has no backend installed; run: pip install portfire-backend-numpy "
    "(device cpu) or pip install 'portfire-backend-opencl[pocl]' (device opencl)"
)


@pytest.fixture(scope="module")
def core_alone(fresh: Fresh) -> Environment:
    return fresh("portfire-core")


@pytest.fixture(scope="module")
def core_and_numpy(fresh: Fresh) -> Environment:
    return fresh("portfire-core", "portfire-backend-numpy")


@pytest.fixture(scope="module")
def core_and_opencl(fresh: Fresh) -> Environment:
    return fresh("portfire-core", "portfire-backend-opencl[pocl]")


@pytest.fixture(scope="module")
def everything(fresh: Fresh) -> Environment:
    return fresh("portfire[pocl]")


def test_core_alone_can_be_imported(core_alone: Environment) -> None:
    done = core_alone.run("-W", "error", "-c", "import portfire; print(portfire.float32)")
    assert (done.stdout, done.stderr) == ("portfire.float32\n", "")


def test_core_alone_names_the_backends_to_install(core_alone: Environment) -> None:
    assert core_alone.error("import portfire; portfire.ones(2)") == NO_BACKEND


def test_core_alone_has_a_doctor(core_alone: Environment) -> None:
    done = core_alone.run("-m", "portfire")
    assert done.returncode == 1
    assert done.stderr == ""
    assert "portfire-core  0.1.0" in done.stdout
    assert "pip install portfire-backend-numpy" in done.stdout
    facts = json.loads(core_alone.run("-m", "portfire", "--json").stdout)
    assert facts["plugins"] == facts["devices"] == facts["problems"] == []


@pytest.mark.parametrize("name", ["nn", "optim"])
def test_a_missing_part_is_named_with_its_cure(core_and_numpy: Environment, name: str) -> None:
    expected = f"portfire.{name} is not installed; run: pip install portfire-{name}"
    error = core_and_numpy.error(f"import portfire; portfire.{name}")
    assert error.startswith(f"AttributeError: {expected}")  # Python may add a suggestion
    assert core_and_numpy.code(f"import portfire; print(hasattr(portfire, '{name}'))") == "False"


def test_core_and_numpy_compute_on_the_cpu(core_and_numpy: Environment) -> None:
    code = "import portfire as p; x = p.ones(2) + 1; print(x.device, x.tolist())"
    assert core_and_numpy.code(code) == "cpu [2.0, 2.0]"
    error = core_and_numpy.error("import portfire; portfire.ones(2, device='opencl')")
    assert "there is: cpu; run: pip install 'portfire-backend-opencl[pocl]'" in error


def test_core_and_opencl_need_no_numpy_backend(core_and_opencl: Environment) -> None:
    code = "import portfire as p; x = p.ones(2) + 1; print(x.device, x.tolist())"
    assert core_and_opencl.code(code) == "opencl:0 [2.0, 2.0]"
    error = core_and_opencl.error("import portfire; portfire.ones(2, device='cpu')")
    assert "there is: opencl; run: pip install portfire-backend-numpy" in error


def test_opencl_without_any_platform_is_explained(core_and_opencl: Environment) -> None:
    source = "import portfire; portfire.ones(2)"
    hidden = {"OCL_ICD_VENDORS": str(core_and_opencl.elsewhere), "PORTFIRE_OPENCL_PLATFORM": "none"}
    done = core_and_opencl.run("-c", source, **hidden)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("RuntimeError: ")
    assert "opencl" in last


def test_the_meta_distribution_brings_everything(everything: Environment) -> None:
    code = (
        "import portfire as p; from portfire import nn, optim; net = nn.Linear(3, 1); "
        "opt = optim.SGD(net.parameters(), lr=0.1); net(p.ones(2, 3)).sum().backward(); "
        "opt.step(); print(net.weight.device, tuple(net.weight.shape))"
    )
    assert everything.code(code) == "cpu (1, 3)"
    facts = json.loads(everything.run("-m", "portfire", "--json").stdout)
    assert facts["problems"] == []
    assert facts["default_device"] == "cpu"
    assert {plugin["name"] for plugin in facts["plugins"]} >= {"cpu", "opencl"}
    assert [d for d in facts["devices"] if d["error"] is not None] == []


def test_a_disabled_backend_leaves_the_other(everything: Environment) -> None:
    code = "import portfire as p; print(p.ones(2).device)"
    assert everything.code(code, PORTFIRE_DISABLE_PLUGINS="cpu") == "opencl:0"
    assert everything.code(code, PORTFIRE_DISABLE_PLUGINS="portfire-backend-opencl") == "cpu"
