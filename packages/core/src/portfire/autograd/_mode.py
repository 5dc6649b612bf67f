"""Whether operations are recorded for autograd: per thread, as context manager and decorator."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, TypeVar, cast

__all__ = [
    "enable_grad",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])


class _State(threading.local):
    enabled = True
    inference = False
    current: Any = None  # the backward pass that runs in this thread, see `_engine.Pass`


state = _State()


class _Mode:
    """Set the mode inside a ``with`` block or a decorated function."""

    _enabled: bool

    def __init__(self) -> None:
        self._outer: list[bool] = []

    def __enter__(self) -> None:
        self._outer.append(state.enabled)
        state.enabled = self._enabled and not state.inference

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        state.enabled = self._outer.pop()

    def __call__(self, function: F) -> F:
        """Decorate a function; of a generator, the mode holds while its own code runs."""
        if inspect.isgeneratorfunction(function):
            return cast("F", _in_each_step(function, self._copy))

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self._copy():
                return function(*args, **kwargs)

        return cast("F", wrapper)

    def _copy(self) -> _Mode:
        """A mode like this one: calls may nest, and run in several threads."""
        made = object.__new__(type(self))
        made._outer, made._enabled = [], self._enabled
        return made


def _in_each_step(function: Callable[..., Any], mode: Callable[[], _Mode]) -> Callable[..., Any]:
    """A generator function whose code runs inside a mode, and who calls it does not."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with mode():
            inner = function(*args, **kwargs)
        step: Callable[[], Any] = functools.partial(next, inner)
        while True:
            try:
                with mode():
                    item = step()
            except StopIteration as stop:
                return stop.value
            try:
                sent = yield item
            except GeneratorExit:
                with mode():
                    inner.close()
                raise
            except BaseException as error:  # noqa: BLE001  (handed to the generator)
                step = functools.partial(inner.throw, error)
            else:
                step = functools.partial(inner.send, sent)

    return wrapper


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
    """Like `no_grad`, also for `enable_grad` inside it; ``mode=False`` ends it for a block.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, requires_grad=True)
        >>> with portfire.inference_mode():
        ...     y = x * 2
        >>> y.requires_grad
        False
    """

    def __new__(cls, mode: Any = True) -> Any:
        """Serve ``@inference_mode`` without parentheses too."""
        made = super().__new__(cls)
        if not callable(mode):
            return made
        made._outer, made._enabled = [], False
        return made(mode)

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self._enabled = not mode

    def __enter__(self) -> None:
        self._outer.append(state.inference)
        state.inference = not self._enabled
        super().__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        state.inference = self._outer.pop()


class set_grad_enabled(_Mode):
    """Set recording on or off, at once and until the end of a ``with`` block if used as one.

    Raises:
        TypeError: if the mode is not a bool.

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
        if not isinstance(mode, bool):
            raise TypeError(
                "set_grad_enabled(): argument 'enabled' (position 1) must be bool, not "
                f"{type(mode).__name__}"
            )
        self._before = state.enabled
        self._enabled = mode
        state.enabled = mode and not state.inference

    def __enter__(self) -> None:
        self._outer.append(self._before)
        state.enabled = self._enabled and not state.inference

    def __call__(self, function: F) -> F:
        """Decorate a function; the mode outside it is as it was before."""
        state.enabled = self._before
        return super().__call__(function)

    def _copy(self) -> _Mode:
        made = super()._copy()
        made._before = state.enabled  # type: ignore[attr-defined]  # it is of this class
        return made


def is_grad_enabled() -> bool:
    """Return whether operations are recorded for autograd in this thread.

    Example:
        >>> import portfire
        >>> portfire.is_grad_enabled()
        True
    """
    return state.enabled


def is_inference_mode_enabled() -> bool:
    """Return whether `inference_mode` is on in this thread.

    Example:
        >>> import portfire
        >>> portfire.is_inference_mode_enabled()
        False
    """
    return state.inference
