"""What differs between the libraries beside the rows' code: waiting, and counting launches."""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.workloads import Row, Step

QUIRKS = Path(__file__).parents[1] / "packages/backend-opencl/src/portfire_opencl/quirks.py"


def nothing() -> None:
    """Do nothing."""


class AbsentError(Exception):
    """A library has no text for a row."""


@dataclass(frozen=True)
class Library:
    """A library on a device.

    Attributes:
        t: the module, with torch's names or names of its own.
        settle: starts what is still only recorded; called after each step while its result lives.
        synchronize: waits until the device has done everything.
        launches: kernels and plans started so far; None where nobody counts them.
        about: version and device in words.
        rows: `benchmarks.rivals`' text for each row's function, where torch's does not do.
        wait: waits for a step's result, in a library that has no other way to wait.
    """

    t: Any
    settle: Callable[[], None]
    synchronize: Callable[[], None]
    launches: Callable[[], dict[str, int]] | None
    about: str
    rows: dict[str, Callable[..., Step]] | None = None
    wait: Callable[[Any], Any] | None = None

    def setup(self, row: Row, device: str) -> Step:
        """Return the step of a row; AbsentError if there is no text for it."""
        if self.rows is None:
            return row.setup(self.t, device)
        if row.function not in self.rows:
            raise AbsentError(row.name)
        return self.rows[row.function](device, **row.sizes)


def load_torch(device: str) -> Library:
    """Load PyTorch; on CUDA in full float32, as portfire computes."""
    torch: Any = importlib.import_module("torch")  # lives in an environment of its own
    about = f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
    if device == "cpu":
        return Library(torch, nothing, nothing, None, about)
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    about = f"PyTorch {torch.__version__} on {torch.cuda.get_device_name()}, TF32 off"
    return Library(torch, nothing, torch.cuda.synchronize, None, about)


def load_portfire(device: str) -> Library:
    """Load portfire and count what its runtime starts, if that has launches."""
    import portfire
    from portfire import _device

    where = portfire.empty(0, device=device).device
    module = getattr(portfire, where.type)
    about = f"portfire {portfire.__version__}, {module.get_device_name(where)}"
    runtime = _device.recorder_for(where.type, where.index or 0).runtime
    return Library(portfire, portfire.flush, module.synchronize, count_launches(runtime), about)


def count_launches(runtime: Any) -> Callable[[], dict[str, int]]:
    """Have a runtime count how often its plans run and how many kernels they launch."""
    counts = {"plans": 0, "launches": 0, "compiled": 0}
    compile_plan = runtime.compile

    def compile_counted(program: Any) -> Any:
        execute = compile_plan(program)
        plan = getattr(execute, "plan", None)
        leaves = sum(step.op.name in ("input", "scalar") for step in program.instructions)
        # An interpreter, such as the NumPy backend's, makes one call for each step.
        steps = len(program.instructions) - leaves
        launches = len(plan.launches) if plan is not None else steps
        counts["compiled"] += 1

        def run(buffers: Any, numbers: Any) -> Any:
            counts["plans"] += 1
            counts["launches"] += launches
            return execute(buffers, numbers)

        return run

    runtime.compile = compile_counted
    return lambda: dict(counts)


def load_jax(device: str) -> Library:
    """Load JAX on the CPU; each step is one jitted function."""
    jax: Any = importlib.import_module("jax")
    rows = importlib.import_module("benchmarks.rivals.jax_rows").SETUPS
    about = f"JAX {jax.__version__}, jitted, {jax.devices()[0].device_kind}"
    return Library(jax, nothing, nothing, None, about, rows, jax.block_until_ready)


def load_tinygrad(device: str) -> Library:
    """Load tinygrad on a device of its own, such as CL; each step is one TinyJit."""
    os.environ["DEV"] = device
    if device == "CL" and "OCL_ICD_VENDORS" not in os.environ:
        _find_pocl()
    opened: Any = importlib.import_module("tinygrad").Device[device]
    if device == "CL":
        _name_processor(opened)
    rows = importlib.import_module("benchmarks.rivals.tinygrad_rows").SETUPS
    version = importlib.import_module("importlib.metadata").version("tinygrad")
    about = f"tinygrad {version}, TinyJit, {getattr(opened, 'device_name', device)}"
    return Library(None, nothing, opened.synchronize, None, about, rows)


def _find_pocl() -> None:
    """Show the PoCL that pyopencl brought into this environment, if it did, to OpenCL's loader."""
    spec = importlib.util.find_spec("pyopencl")
    for found in Path(spec.origin).parent.glob(".libs/libpocl*") if spec and spec.origin else ():
        folder = tempfile.mkdtemp(prefix="icd-")
        Path(folder, "pocl.icd").write_text(f"{found}\n", encoding="utf-8")
        os.environ["OCL_ICD_VENDORS"] = folder


def _name_processor(opened: Any) -> None:
    """Let PoCL build for a processor that it does not know, as portfire does for itself."""
    spec = importlib.util.spec_from_file_location("quirks", QUIRKS)
    if spec is None or spec.loader is None:
        raise ImportError(f"{QUIRKS} can not be loaded")
    quirks = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = quirks  # its dataclasses look themselves up there
    spec.loader.exec_module(quirks)
    address = ctypes.cast(opened.cl_dev, ctypes.c_void_p).value
    quirks.name_pocl_cpu(SimpleNamespace(int_ptr=address))


def values(result: Any) -> np.ndarray[Any, Any]:
    """Return a step's result, of whichever library, as a flat array."""
    if hasattr(result, "cpu"):
        result = result.detach().cpu()
    return np.asarray(result.numpy() if hasattr(result, "numpy") else result).reshape(-1)


LIBRARIES: dict[str, Callable[[str], Library]] = {
    "torch": load_torch,
    "portfire": load_portfire,
    "jax": load_jax,
    "tinygrad": load_tinygrad,
}
