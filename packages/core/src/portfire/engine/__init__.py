"""The engine: recording, simplification, plans."""

from portfire.engine._body import Body, record_body
from portfire.engine._recorder import Recorder, eager, flush_all, set_eager, set_verifying
from portfire.engine._value import Value

__all__ = [
    "Body",
    "Recorder",
    "Value",
    "eager",
    "flush_all",
    "record_body",
    "set_eager",
    "set_verifying",
]
