"""What a flush would run now, found without touching the recorder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portfire.backend._contract import Program
from portfire.engine._recorder import lost
from portfire.engine._scratch import ScratchRecorder
from portfire.engine._value import Value
from portfire.ops._record import Attrs, Operator

__all__ = ["pending_program"]


def pending_program(value: Value, path: Sequence[tuple[Operator, Attrs, Any]]) -> Program:
    """Return the program of all that is pending on the device of a value.

    Args:
        value: a value of that device.
        path: movements from the value to a view of it, which reading the view would append.

    Returns:
        What the next flush gives to its backend, after simplification and decomposition. Values
        that are computed already appear as inputs, so that it may have no steps to run.

    Raises:
        RuntimeError: if the value has none, because its computation failed.
    """
    recorder = value.recorder
    with recorder.lock:
        pending = value.epoch == recorder.epoch
        if value.buffer is None and not pending:
            raise lost(value)
        # A copy of the tape takes the movements; the recorder and its values stay as they are.
        scratch = ScratchRecorder(recorder.device, recorder.runtime)
        scratch._steps = list(recorder._steps)
        scratch._refs = list(recorder._refs)
        scratch._buffers = list(recorder._buffers)
        wanted = [i for i, ref in enumerate(scratch._refs) if ref is not None and ref() is not None]
        if path or not wanted:
            if pending:
                seen = Value(scratch, value.shape, value.dtype, value.index, scratch.epoch)
            else:
                seen = scratch.leaf(value.shape, value.dtype)
            for op, attrs, _ in path:
                seen = scratch.record(op, (seen,), attrs)
            wanted.append(seen.index)
        dead = [i for i, leaf in enumerate(recorder._leaves) if leaf is not None and leaf() is None]
    program = Program(tuple(scratch._steps), tuple(wanted), frozenset(dead))
    return recorder.prepare(program)
