"""Run programs without the runtime: schedule, build, enqueue, read back; and a program builder."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from portfire import _dtype
from portfire._dtype import DType, dtype_of_array
from portfire.backend._contract import Instruction, Program
from portfire.ops._record import Spec, lookup
from portfire_opencl import devices
from portfire_opencl._plan import ERROR_WORD, BufferArg, DeviceFacts, IntArg, Plan, ScalarArg
from portfire_opencl.codegen import schedule

Array = np.ndarray[Any, Any]

CPU = DeviceFacts("cpu", 16, 2, 4096, 1 << 20, 1 << 31, False, True)
GPU = DeviceFacts("gpu", 1, 2, 256, 1 << 15, 1 << 31, False, True, builtin_math=True)
FACTS = {"cpu": CPU, "gpu": GPU}


class Sketch:
    """Builds a program step by step, and knows its inputs."""

    def __init__(self) -> None:
        self.steps: list[Instruction] = []
        self.buffers: list[Array] = []
        self.numbers: list[Any] = []

    def input(self, array: Array) -> int:
        """Add an input buffer."""
        array = np.ascontiguousarray(array) if array.ndim else np.asarray(array)
        self.buffers.append(array)
        dtype = dtype_of_array(array)
        return self._add("input", (), (len(self.buffers) - 1, array.shape, dtype))

    def scalar(self, value: Any, dtype: DType = _dtype.float32) -> int:
        """Add a run-time number."""
        self.numbers.append(value)
        return self._add("scalar", (), (len(self.numbers) - 1, dtype))

    def __call__(self, name: str, *inputs: int, attrs: tuple[Any, ...] = ()) -> int:
        """Add an operator."""
        return self._add(name, inputs, attrs)

    def _add(self, name: str, inputs: tuple[int, ...], attrs: tuple[Any, ...]) -> int:
        op = lookup(name)
        if name == "input":
            spec = Spec(attrs[1], attrs[2])
        elif name == "scalar":
            spec = Spec((), attrs[1])
        else:
            spec = op.infer(tuple(self.steps[i].spec for i in inputs), attrs)
        self.steps.append(Instruction(op, inputs, attrs, spec.shape, spec.dtype))
        return len(self.steps) - 1

    def shape(self, v: int) -> tuple[int, ...]:
        """Return the shape of a step."""
        return self.steps[v].shape

    def program(self, *outputs: int, donated: Sequence[int] = ()) -> Program:
        """Return the program."""
        return Program(tuple(self.steps), outputs, frozenset(donated))

    def reference(self, *outputs: int) -> list[Array]:
        """Return what the operators' NumPy references give."""
        values: list[Any] = []
        for step in self.steps:
            if step.op.name == "input":
                values.append(self.buffers[step.attrs[0]])
            elif step.op.name == "scalar":
                values.append(step.dtype.numpy.type(self.numbers[step.attrs[0]]))
            else:
                with np.errstate(all="ignore"):
                    result = step.op.reference(*(values[i] for i in step.inputs), *step.attrs)
                values.append(np.asarray(result).astype(step.dtype.numpy).reshape(step.shape))
        return [np.asarray(values[v]) for v in outputs]


@lru_cache(maxsize=1)
def device() -> tuple[Any, Any]:
    """Return a context and a queue on the first device."""
    import pyopencl as cl

    context = cl.Context([devices.get(0).device])
    return context, cl.CommandQueue(context)


def execute(
    plan: Plan, buffers: Sequence[Array], numbers: Sequence[Any], results: Sequence[Spec]
) -> tuple[list[Array], tuple[int, int]]:
    """Run a plan; return its outputs and the error word."""
    import pyopencl as cl

    context, queue = device()
    flags = cl.mem_flags
    held: list[Any] = []
    for array in buffers:
        held.append(cl.Buffer(context, flags.READ_WRITE, max(array.nbytes, 1)))
        if array.nbytes:
            cl.enqueue_copy(queue, held[-1], np.ascontiguousarray(array))
    held += [None] * (plan.inputs - len(held))
    arena = cl.Buffer(context, flags.READ_WRITE, max(plan.arena, 1))
    for number, nbytes in enumerate(plan.allocations):
        start = plan.temporaries.get(plan.inputs + number)
        if start is None:
            held.append(cl.Buffer(context, flags.READ_WRITE, max(nbytes, 1)))
        else:
            held.append(arena[start : start + nbytes])
    error = cl.Buffer(context, flags.READ_WRITE, 16)
    cl.enqueue_copy(queue, error, np.zeros(2, np.int64))
    program: Any = cl.Program(context, plan.source).build() if plan.source else None
    for launch in plan.launches:
        args: list[Any] = []
        for arg in launch.args:
            if isinstance(arg, BufferArg):
                args.append(error if arg.index == ERROR_WORD else held[arg.index])
            elif isinstance(arg, ScalarArg):
                args.append(arg.dtype.numpy.type(numbers[arg.slot]))
            elif isinstance(arg, IntArg):
                args.append(np.int32(arg.value))
            else:
                args.append(np.int32(1))
        kernel = cl.Kernel(program, launch.kernel)
        kernel(queue, launch.global_size, launch.local_size, *args)
    queue.finish()
    outputs = []
    for index, spec in zip(plan.outputs, results, strict=True):
        array = np.empty(spec.shape, spec.dtype.numpy)
        if array.nbytes:
            cl.enqueue_copy(queue, array, held[index])
        outputs.append(array)
    word = np.zeros(2, np.int64)
    cl.enqueue_copy(queue, word, error)
    return outputs, (int(word[0]), int(word[1]))


def run(
    sketch: Sketch, *outputs: int, schedule_name: str = "cpu", donated: Sequence[int] = ()
) -> tuple[list[Array], Plan]:
    """Schedule and run a sketch; fail if a kernel reported an error."""
    plan = schedule(sketch.program(*outputs, donated=donated), FACTS[schedule_name])
    results = [sketch.steps[v].spec for v in outputs]
    values, word = execute(plan, sketch.buffers, sketch.numbers, results)
    assert word == (0, 0), f"error word {word}: {plan.sites}"
    return values, plan


TOLERANCE = {"float16": (4e-3, 4e-3), "float32": (2e-5, 2e-5), "float64": (1e-12, 1e-12)}


def check(
    sketch: Sketch,
    *outputs: int,
    schedule_name: str = "cpu",
    scale: float = 1.0,
    donated: Sequence[int] = (),
) -> Plan:
    """Compare a sketch's outputs with the references; return the plan."""
    values, plan = run(sketch, *outputs, schedule_name=schedule_name, donated=donated)
    for got, want in zip(values, sketch.reference(*outputs), strict=True):
        rtol, atol = TOLERANCE.get(got.dtype.name, (0, 0))
        np.testing.assert_allclose(got, want, rtol=rtol * scale, atol=atol * scale)
    return plan
