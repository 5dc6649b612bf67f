"""Two bases for backends: a table of functions, and an array-API namespace.

Both interpret a program step by step. An author who has nothing but an array library starts from
`ArrayAPIRuntime`; one who has a function per operator starts from `PerOperatorRuntime`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter_ns
from typing import Any

import numpy as np

from portfire import _dtype
from portfire._dtype import DType
from portfire.backend._contract import (
    Executable,
    Instruction,
    MemoryReport,
    Program,
    UnsupportedError,
)
from portfire.backend._insight import Measurement, Note, flops_of, nbytes_of
from portfire.ops._indexing import of_shapes
from portfire.ops._record import Shape
from portfire.ops._source import INPUT, SCALAR

__all__ = ["PerOperatorRuntime"]

Function = Callable[..., Any]
_Step = tuple[Function | None, Instruction, tuple[int, ...]]  # and what is dead after it


class Interpreted:
    """A program as a callable ``(buffers, scalars) -> outputs``: a function per step."""

    def __init__(
        self, runtime: PerOperatorRuntime, program: Program, steps: Sequence[_Step]
    ) -> None:
        self._runtime = runtime
        self._program = program
        self._steps = steps

    def __call__(self, buffers: Sequence[Any], scalars: Sequence[Any]) -> Sequence[Any]:
        """Run the steps."""
        return self._run(self._steps, self._runtime.finish, buffers, scalars)

    def profile(self, buffers: Sequence[Any], scalars: Sequence[Any], note: Note) -> Sequence[Any]:
        """Run the steps, and tell ``note`` how long each took."""
        steps = [
            (None if function is None else self._timed(function, step, note), step, dead)
            for function, step, dead in self._steps
        ]
        return self._run(steps, self._timed_finish(note), buffers, scalars)

    def _run(
        self,
        steps: Sequence[_Step],
        finish: Function,
        buffers: Sequence[Any],
        scalars: Sequence[Any],
    ) -> Sequence[Any]:
        runtime, program = self._runtime, self._program
        values: list[Any] = []
        with runtime.guard():
            for function, step, dead in steps:
                if function is not None:
                    arrays = [values[i] for i in step.inputs]
                    try:
                        values.append(function(*arrays, *step.attrs))
                    except IndexError as error:
                        shapes = [program.instructions[i].shape for i in step.inputs]
                        raise IndexError(f"{error} {of_shapes(step.op.name, shapes)}") from error
                elif step.op is INPUT:
                    values.append(buffers[step.attrs[0]])
                else:
                    values.append(runtime.scalar(scalars[step.attrs[0]], step.dtype))
                for i in dead:
                    values[i] = None
            return [finish(values[i]) for i in program.outputs]

    def _timed(self, function: Function, step: Instruction, note: Note) -> Function:
        program, wait = self._program, self._runtime.synchronize
        read = sum(nbytes_of(program.instructions[i]) for i in step.inputs)
        work = (read, nbytes_of(step), flops_of(program, step))
        detail = (("result", f"{list(step.shape)} {step.dtype.name}"),)

        def timed(*arguments: Any) -> Any:
            start = perf_counter_ns()
            result = function(*arguments)
            wait()
            duration = perf_counter_ns() - start
            note(Measurement(step.op.name, start, duration, *work, detail))
            return result

        return timed

    def _timed_finish(self, note: Note) -> Function:
        finish, wait = self._runtime.finish, self._runtime.synchronize

        def timed(array: Any) -> Any:
            start = perf_counter_ns()
            result = finish(array)
            wait()
            if result is not array:  # a view that was made dense
                nbytes = int(getattr(result, "nbytes", 0))
                note(Measurement("copy", start, perf_counter_ns() - start, nbytes, nbytes))
            return result

        return timed


class PerOperatorRuntime:
    """A runtime from a table: operator name to ``(*arrays, *attributes) -> array``.

    Subclasses set the class attributes and give `upload` and `download`.

    Attributes:
        name: what the device is called.
        table: the functions, by operator name.
        dtypes: the dtypes that the device has.
        claims: composites in the table that are to be passed whole.
    """

    name = "device"
    table: Mapping[str, Function] = {}
    dtypes: frozenset[DType] = frozenset(_dtype.ALL)
    claims: frozenset[str] = frozenset()

    def compile(self, program: Program) -> Executable:
        """Bind each step to its function, and note after which step each value is dead."""
        steps: list[_Step] = []
        last = {i: n for n, step in enumerate(program.instructions) for i in step.inputs}
        last.update(dict.fromkeys(program.outputs, len(program.instructions)))
        for n, step in enumerate(program.instructions):
            if step.op is INPUT or step.op is SCALAR:
                function: Function | None = None
            else:
                function = self.table.get(step.op.name)
                if function is None:
                    raise UnsupportedError(
                        f"the backend {self.name} cannot do {step.op.name} for {step.dtype.name}; "
                        f"use another device, or ask its author for the operator"
                    )
            dead = tuple(i for i in step.inputs if last[i] == n)
            steps.append((function, step, dead))
        return Interpreted(self, program, steps)

    def guard(self) -> AbstractContextManager[object]:
        """Return what each run happens in: a context manager, which by default does nothing."""
        return nullcontext()

    def scalar(self, number: Any, dtype: DType) -> Any:
        """Make a 0-d array of a Python number."""
        return self.upload(np.array(number).astype(dtype.numpy))

    def finish(self, array: Any) -> Any:
        """Turn a result into a buffer that the device keeps."""
        return array

    def upload(self, array: np.ndarray[Any, Any]) -> Any:
        """Copy a host array to the device."""
        raise NotImplementedError

    def download(self, buffer: Any, shape: Shape, dtype: DType) -> np.ndarray[Any, Any]:
        """Copy a buffer to the host."""
        raise NotImplementedError

    def synchronize(self) -> None:
        """Do nothing: an interpreter has no work in flight."""

    def memory(self) -> MemoryReport:
        """Report nothing: an array library keeps its own accounts."""
        return MemoryReport(0, 0, 0, 0)
