"""A recorder for decompositions: it records steps, and has no values to give."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from portfire._dtype import DType
from portfire.backend._contract import Instruction, Runtime
from portfire.engine._recorder import Recorder
from portfire.engine._value import Value
from portfire.ops._record import Shape
from portfire.ops._source import FULL

__all__ = ["ScratchRecorder"]


class ScratchRecorder(Recorder):
    """Records a decomposition; numbers in it are constants, and reading a value is an error.

    Args:
        device: for which the decomposition is.
        runtime: of that device.
        keeps_numbers: whether numbers are run-time arguments, as in a graph that is to be run.
    """

    def __init__(self, device: Any, runtime: Runtime, keeps_numbers: bool = False) -> None:
        super().__init__(device, runtime)
        self._keeps_numbers = keeps_numbers

    @property
    def numbers(self) -> list[bool | int | float]:
        """The run-time arguments, by slot."""
        return self._scalars

    @property
    def steps(self) -> list[Instruction]:
        """What was recorded."""
        return self._steps

    def _longest(self) -> int:
        return sys.maxsize

    def leaf(self, shape: Shape, dtype: DType) -> Value:
        """Append an input of the decomposition."""
        value = self.adopt(object(), shape, dtype)
        self._enter(value)
        return value

    def scalar(self, number: bool | int | float, dtype: DType) -> Value:
        """Append a number, which by default is part of the definition and so of the plan."""
        if self._keeps_numbers:
            return super().scalar(number, dtype)
        return self.record(FULL, (), ((), number, dtype))

    def flush(self) -> None:
        """Do nothing: there is nothing to run, and `force` explains why there is no value."""

    def force(self, value: Value) -> NoReturn:
        """Raise: a decomposition only describes."""
        raise RuntimeError("a decomposition cannot read the value of a tensor")

    def download(self, value: Value) -> Any:
        """Raise: a decomposition only describes."""
        self.force(value)
