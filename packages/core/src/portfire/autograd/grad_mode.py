"""Whether operations are recorded for autograd, under torch's name for the module."""

from __future__ import annotations

from typing import Any

from portfire.autograd._mode import (
    enable_grad,
    inference_mode,
    no_grad,
    set_grad_enabled,
)

__all__ = [
    "enable_grad",
    "inference_mode",
    "no_grad",
    "set_grad_enabled",
    "set_multithreading_enabled",
]


class set_multithreading_enabled:
    """Accepted: a backward pass runs in the thread that asks for it.

    Example:
        >>> import portfire
        >>> with portfire.autograd.set_multithreading_enabled(False):
        ...     y = portfire.ones(1)
    """

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        pass
