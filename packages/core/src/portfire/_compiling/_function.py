"""`compile`: call, capture, compare, and from then on append."""

from __future__ import annotations

import functools
import sys
import threading
import types
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, overload

from portfire._autocast import state as autocast_state
from portfire._compiling._build import Before, UnfollowedError, build
from portfire._compiling._captured import Captured
from portfire._compiling._structure import describe
from portfire._compiling._watch import Watch
from portfire._device import chosen_device
from portfire._promotion import get_default_dtype
from portfire._tensor import Tensor
from portfire.autograd._mode import state as grad_state
from portfire.autograd._node import next_sequence
from portfire.engine._capture import capture, is_capturing
from portfire.engine._recorder import flush_all, is_eager

__all__ = ["compile"]

F = TypeVar("F", bound=Callable[..., Any])

MAX_VARIANTS = 64  # per function: of arguments, modes and surroundings
MAX_SURROUNDINGS = 8  # per kind of arguments: the one that was not met for longest is dropped
MAX_FAILURES = 4  # calls in a row that could not be followed
MAX_DIFFERENCES = 6  # calls in a row that did something else than the one before


class _Variant(NamedTuple):
    watch: Watch
    captured: Captured


class Compiled:
    """A function together with what its calls recorded."""

    def __init__(
        self, function: Callable[..., Any], fullgraph: bool, name: str | None, limit: int
    ) -> None:
        self._function = function
        self._name = name or getattr(function, "__qualname__", type(function).__name__)
        self._limit = limit
        self._fullgraph = fullgraph
        self._variants: dict[Any, list[_Variant]] = {}
        self._candidates: dict[Any, tuple[Captured, int]] = {}
        self._failures = 0
        self._full = False
        self._told = False
        self._given_up = False
        self._lock = threading.RLock()

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call the function, or do again what it did."""
        if self._given_up or is_capturing() or is_eager():
            return self._function(*args, **kwargs)
        tensors: list[Tensor] = []
        others: list[Any] = []
        key = (
            describe(args, tensors, others),
            describe(kwargs, tensors, others) if kwargs else None,
            _aliases(tensors),
            grad_state.enabled,
            tuple(autocast_state.active.items()),
            get_default_dtype(),
            chosen_device(),
        )
        with self._lock:
            variants = self._variants.get(key, [])
            for i, variant in enumerate(variants):
                if variant.watch.same_gradients() and not variant.watch.changed():
                    possible, result = variant.captured.replay(tensors)
                    if possible:
                        if i:
                            variants.insert(0, variants.pop(i))
                        return result
            if self._full:
                return self._beyond_limit(args, kwargs)
            return self._trace(key, tensors, others, args, kwargs)

    def _trace(
        self, key: Any, tensors: list[Tensor], others: list[Any], args: Any, kwargs: Any
    ) -> Any:
        """Call the function and note what it does."""
        watch = Watch([self._function, *others])
        captured: Captured | None = None
        reason = "" if watch.complete else "it reaches too many objects"
        with capture() as log:
            before = Before(watch, tensors)
            first = next_sequence()
            result = self._function(*args, **kwargs)
            flushed, final = log.flushed, bool(log.reason)
            try:
                captured = _followed(log, watch, before, result, first)
            except UnfollowedError as error:
                reason = reason or str(error)
        del log, before  # what they hold could not give its memory to what the flush computes
        if flushed:
            flush_all()
        if captured is None or reason:
            self._failed(reason, final or not watch.complete)
        else:
            self._failures = 0
            self._compare(key, watch, captured)
        return result

    def _compare(self, key: Any, watch: Watch, captured: Captured) -> None:
        """Keep what was captured, if two calls in a row did the same."""
        last, differences = self._candidates.get(key, (None, 0))
        if last is None or last.signature != captured.signature:
            self._candidates[key] = (captured, differences + 1)
            if differences >= MAX_DIFFERENCES:
                self._give_up("each call does something else; a number in it may change")
            return
        del self._candidates[key]
        captured.signature = None
        variants = self._variants.setdefault(key, [])
        variants.insert(0, _Variant(watch, captured))
        del variants[MAX_SURROUNDINGS:]
        self._full = sum(map(len, self._variants.values())) >= self._limit

    def _beyond_limit(self, args: Any, kwargs: Any) -> Any:
        """Call the function, and the first time say why."""
        if not self._told:
            self._told = True
            self._say(f"it was compiled for {self._limit} kinds of calls, and this is another")
        return self._function(*args, **kwargs)

    def _failed(self, reason: str, final: bool) -> None:
        self._failures += 1
        if final or self._failures >= MAX_FAILURES:
            self._give_up(reason)

    def _give_up(self, reason: str) -> None:
        self._given_up = True
        self._variants.clear()
        self._candidates.clear()
        self._say(reason)

    def _say(self, reason: str) -> None:
        message = f"portfire.compile: {self._name} is called as it is from now on: {reason}"
        if self._fullgraph:
            raise RuntimeError(message)
        warnings.warn(message, stacklevel=_outside())


def _outside() -> int:
    """How far up the first caller is that is not in this file, as a level for a warning."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename == __file__:
        level, frame = level + 1, frame.f_back
    return level


def _followed(log: Any, watch: Watch, before: Before, result: Any, first: int) -> Captured:
    if log.reason:
        raise UnfollowedError(log.reason)
    changed = watch.changed()
    if changed:
        raise UnfollowedError(f"it changes {changed}")
    if log.uploaded and watch.arrays:
        raise UnfollowedError("it makes tensors of NumPy arrays that may change")
    return build(log, before, result, first)


def _aliases(tensors: list[Tensor]) -> tuple[int, ...]:
    """Which arguments share a cell: for each the first that has its cell."""
    if len(tensors) < 2:
        return ()
    first: dict[Any, int] = {}
    return tuple([first.setdefault(t._storage, i) for i, t in enumerate(tensors)])


@overload
def compile(
    model: F,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = None,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    name: str | None = None,
    disable: bool = False,
    recompile_limit: int | None = None,
    isolate_recompiles: bool = False,
    shapes_spec: Any = None,
) -> F: ...


@overload
def compile(
    model: None = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = None,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    name: str | None = None,
    disable: bool = False,
    recompile_limit: int | None = None,
    isolate_recompiles: bool = False,
    shapes_spec: Any = None,
) -> Callable[[F], F]: ...


def compile(
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = None,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    name: str | None = None,
    disable: bool = False,
    recompile_limit: int | None = None,
    isolate_recompiles: bool = False,
    shapes_spec: Any = None,
) -> Any:
    """Make a function that stops calling another one when it knows what that does.

    The first calls run as usual and are watched. When two of them recorded the same operations,
    later calls append these operations to the graph without running any Python of the function. A
    whole training step can be compiled, with ``zero_grad``, ``backward`` and ``step`` in it.

    Arguments, the variables and attributes that the function reaches, the mode of gradients and the
    training flags of modules are compared at each call; where they differ the function is called
    and watched again. Tensors are read anew at each call; so are learning rates and other options
    of optimizers, and random numbers are drawn anew.

    Args:
        model: a function or a module; without it a decorator is returned.
        fullgraph: whether to raise instead of warn where calls cannot be left out.
        dynamic: accepted and without effect: each shape is compiled for itself.
        backend: accepted and without effect: devices bring their own.
        mode: accepted and without effect.
        options: accepted and without effect.
        name: what warnings call the function, by default its own name.
        disable: whether to return ``model`` as it is.
        recompile_limit: how many kinds of calls are captured, by default 64.
        isolate_recompiles: accepted and without effect: each compiled function counts for itself.
        shapes_spec: accepted and without effect.

    Returns:
        A function like ``model``. Of a module: a module that shares all its attributes.

    Raises:
        RuntimeError: with ``fullgraph``, at the call that shows that the function has to be called
            each time: it reads a value on the host, or changes Python objects.
        TypeError: if ``model`` is not callable.

    Note:
        A function that reads values on the host (``item()``, ``print``, shapes that depend on data)
        or changes Python objects is called as it is, after one warning that says why.

    Example:
        >>> import portfire
        >>> @portfire.compile
        ... def scaled(x, y):
        ...     return (x * y).sum()
        >>> [scaled(portfire.ones(3), portfire.ones(3) * i).item() for i in range(4)]
        [0.0, 3.0, 6.0, 9.0]
    """
    if model is None:
        return functools.partial(
            compile,
            fullgraph=fullgraph,
            dynamic=dynamic,
            backend=backend,
            mode=mode,
            options=options,
            name=name,
            disable=disable,
            recompile_limit=recompile_limit,
            isolate_recompiles=isolate_recompiles,
            shapes_spec=shapes_spec,
        )
    if not callable(model):
        raise TypeError(f"compile() takes a function or a module, not {type(model).__name__}")
    if disable:
        return model
    limit = MAX_VARIANTS if recompile_limit is None else recompile_limit
    compiled = Compiled(model, fullgraph, name, limit)
    if hasattr(type(model), "forward"):
        return _module(model, compiled)

    @functools.wraps(model)
    def function(*args: Any, **kwargs: Any) -> Any:
        return compiled.call(args, kwargs)

    function.compiled_from = model  # type: ignore[attr-defined]  # a function has any attribute
    return function


def _module(model: Any, compiled: Compiled) -> Any:
    """A module of a subclass, with the very attributes of another."""
    kind = type(model)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return compiled.call(args, kwargs)

    space = {
        "__call__": call,
        "__module__": __name__,
        "__doc__": kind.__doc__,
        "__reduce_ex__": lambda self, protocol: (compile, (model,)),
        "_orig_mod": property(lambda self: model),
    }
    made: Any = object.__new__(
        types.new_class(kind.__name__, (kind,), {}, lambda ns: ns.update(space))
    )
    made.__dict__ = model.__dict__
    return made
