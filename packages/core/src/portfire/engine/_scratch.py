"""A recorder for decompositions: it records steps, and has no values to give."""

from __future__ import annotations

import sys
from typing import Any, NoReturn

from portfire._dtype import DType
from portfire.backend._contract import Instruction
from portfire.engine._recorder import Recorder
from portfire.engine._value import Value
from portfire.ops._record import Shape
from portfire.ops._source import FULL

__all__ = ["ScratchRecorder"]


class ScratchRecorder(Recorder):
    """Records a decomposition; numbers in it are constants, and reading a value is an error."""

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
        """Append a number, which here is part of the definition and so of the plan."""
        return self.record(FULL, (), ((), number, dtype))

    def flush(self) -> None:
        """Do nothing: there is nothing to run, and `force` explains why there is no value."""

    def force(self, value: Value) -> NoReturn:
        """Raise: a decomposition only describes."""
        raise RuntimeError("a decomposition cannot read the value of a tensor")

    def download(self, value: Value) -> Any:
        """Raise: a decomposition only describes."""
        self.force(value)
