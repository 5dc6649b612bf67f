"""What differs between the libraries beside the rows' code: waiting, and counting launches."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Library:
    """A library on a device.

    Attributes:
        t: the module with torch's names.
        settle: starts what is still only recorded; called after each step while its result lives.
        synchronize: waits until the device has done everything.
        launches: kernels and plans started so far; None where nobody counts them.
        about: version and device in words.
    """

    t: Any
    settle: Callable[[], None]
    synchronize: Callable[[], None]
    launches: Callable[[], dict[str, int]] | None
    about: str


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


LIBRARIES: dict[str, Callable[[str], Library]] = {"torch": load_torch, "portfire": load_portfire}
