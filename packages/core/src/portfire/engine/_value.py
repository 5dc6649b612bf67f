"""The value of an array: computed, or pending on a recorder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire._dtype import DType

if TYPE_CHECKING:
    from portfire.engine._recorder import Recorder

__all__ = ["Number", "Value"]


class Value:
    """An immutable array, known by its shape and dtype and computed when somebody asks.

    While ``epoch`` equals its recorder's, the value is step ``index`` of the pending graph;
    afterwards ``buffer`` holds it, or ``error`` says why it could not be computed. The recorder
    refers to values weakly: one that nobody holds at a flush is not stored.
    """

    __slots__ = (
        "__weakref__", "buffer", "dtype", "epoch", "error", "exported", "index", "recorder",
        "shape", "shared",
    )  # fmt: skip

    def __init__(
        self, recorder: Recorder, shape: tuple[int, ...], dtype: DType, index: int, epoch: int
    ) -> None:
        self.recorder = recorder
        self.shape = shape
        self.dtype = dtype
        self.index = index
        self.epoch = epoch
        self.buffer: Any = None
        self.error: BaseException | None = None
        self.exported = False  # a NumPy array outside shares the buffer's memory
        self.shared = False  # another value has the same buffer, so that it must not be donated

    @property
    def is_pending(self) -> bool:
        """True until a flush has computed it."""
        return self.buffer is None


class Number(Value):
    """A Python number in a graph; the graph after a flush can take it up again."""

    __slots__ = ("number",)

    number: bool | int | float
