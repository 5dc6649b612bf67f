"""Two bases for backends: a table of functions, and an array-API namespace.

Both interpret a program step by step. An author who has nothing but an array library starts from
`ArrayAPIRuntime`; one who has a function per operator starts from `PerOperatorRuntime`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from portfire import _dtype
from portfire._dtype import DType
from portfire.backend._contract import Executable, MemoryReport, Program, UnsupportedError
from portfire.ops._record import Shape
from portfire.ops._indexing import of_shapes
from portfire.ops._source import INPUT, SCALAR

__all__ = ["PerOperatorRuntime"]

Function = Callable[..., Any]


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
        steps = []
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

        def execute(buffers: Sequence[Any], scalars: Sequence[Any]) -> Sequence[Any]:
            values: list[Any] = []
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
                    values.append(self.scalar(scalars[step.attrs[0]], step.dtype))
                for i in dead:
                    values[i] = None
            return [self.finish(values[i]) for i in program.outputs]

        return execute

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
