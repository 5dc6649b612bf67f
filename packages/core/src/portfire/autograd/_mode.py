"""Whether operations are recorded for autograd: per thread, as context manager and decorator."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar, cast

__all__ = ["enable_grad", "inference_mode", "is_grad_enabled", "no_grad", "set_grad_enabled"]

F = TypeVar("F", bound=Callable[..., Any])


class _State(threading.local):
    enabled = True


state = _State()


class _Mode:
    """Set the mode inside a ``with`` block or a decorated function."""

    _enabled: bool

    def __init__(self) -> None:
        self._outer: list[bool] = []

    def __enter__(self) -> None:
        self._outer.append(state.enabled)
        state.enabled = self._enabled

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        state.enabled = self._outer.pop()

    def __call__(self, function: F) -> F:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            outer = state.enabled
            state.enabled = self._enabled
            try:
                return function(*args, **kwargs)
            finally:
                state.enabled = outer

        return cast("F", wrapper)


class no_grad(_Mode):
    """Turn recording for autograd off, in a ``with`` block or a decorated function.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, requires_grad=True)
        >>> with portfire.no_grad():
        ...     y = x * 2
        >>> y.requires_grad
        False
    """

    _enabled = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        """Serve ``@no_grad`` without parentheses too."""
        mode = super().__new__(cls)
        if function is None:
            return mode
        mode._outer = []
        return mode(function)


class enable_grad(no_grad):
    """Turn recording for autograd on, inside a `no_grad` block.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, requires_grad=True)
        >>> with portfire.no_grad(), portfire.enable_grad():
        ...     y = x * 2
        >>> y.requires_grad
        True
    """

    _enabled = True


class inference_mode(_Mode):
    """Like `no_grad`; takes ``mode=False`` to do nothing.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, requires_grad=True)
        >>> with portfire.inference_mode():
        ...     y = x * 2
        >>> y.requires_grad
        False
    """

    def __init__(self, mode: bool = True) -> None:
        super().__init__()
        self._enabled = state.enabled and not mode


class set_grad_enabled(_Mode):
    """Set recording on or off, at once and until the end of a ``with`` block if used as one.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, requires_grad=True)
        >>> with portfire.set_grad_enabled(False):
        ...     y = x * 2
        >>> y.requires_grad
        False
    """

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._before = state.enabled
        self._enabled = state.enabled = bool(mode)

    def __enter__(self) -> None:
        self._outer.append(self._before)
        state.enabled = self._enabled

    def __call__(self, function: F) -> F:
        """Decorate a function; the mode outside it is as it was before."""
        state.enabled = self._before
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Return whether operations are recorded for autograd in this thread.

    Example:
        >>> import portfire
        >>> portfire.is_grad_enabled()
        True
    """
    return state.enabled
