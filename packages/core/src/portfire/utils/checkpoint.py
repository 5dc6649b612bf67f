"""Checkpointing: parts of a model are computed again in the backward pass, instead of being kept.

A part that is called by `checkpoint` saves its inputs only. What its operators would have saved is
replaced, by hooks on saved tensors, with numbered places; the first one that the backward pass
opens has the part run again, which fills all of them. With ``use_reentrant=True`` the part is one
`Function` instead, whose backward runs it again and calls backward on the result.

Example:
    >>> import portfire
    >>> from portfire.utils.checkpoint import checkpoint
    >>> x = portfire.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: (x * x).sum(), x, use_reentrant=False).backward()
    >>> x.grad
    tensor([2., 4.])
"""

from __future__ import annotations

import contextlib
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from portfire import _tensor
from portfire._random import default_generator
from portfire.autograd import _engine
from portfire.autograd._function import Function
from portfire.autograd._mode import enable_grad
from portfire.autograd._mode import state as grad_state
from portfire.autograd._watch import Packed, hooked, pack
from portfire.engine import flush_all

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "checkpoint",
    "checkpoint_sequential",
    "noop_context_fn",
    "set_checkpoint_early_stop",
]

Contexts = Callable[[], tuple[contextlib.AbstractContextManager[Any], Any]]

DEFAULT = "default"  # the check that recomputed tensors have the shape, dtype and device they had


class CheckpointError(RuntimeError):
    """The part of a model that was run again did not do what it did before."""


class _Settings(threading.local):
    early_stop: bool | None = None


_settings = _Settings()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Set whether parts that are run again stop when the last tensor that is needed is there.

    It holds for `checkpoint` calls of a ``with`` block, whatever their ``early_stop`` is.

    Example:
        >>> from portfire.utils.checkpoint import set_checkpoint_early_stop
        >>> with set_checkpoint_early_stop(False):
        ...     pass
    """
    before, _settings.early_stop = _settings.early_stop, enable
    try:
        yield
    finally:
        _settings.early_stop = before


def noop_context_fn() -> tuple[Any, Any]:
    """Return two contexts that do nothing: the default of ``context_fn``.

    Example:
        >>> from portfire.utils.checkpoint import noop_context_fn
        >>> len(noop_context_fn())
        2
    """
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Contexts = noop_context_fn,
    determinism_check: str = DEFAULT,
    debug: bool = False,
    early_stop: bool = True,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Call a function, and call it again in the backward pass instead of keeping what it computed.

    Args:
        function: the part of a model; with the same arguments it has to compute the same.
        args: its arguments.
        use_reentrant: True for the older form, which takes no keywords, and whose gradients come
            from ``backward()`` only; False is recommended. To be given explicitly.
        context_fn: returns two contexts, for the first call and for the call in the backward pass.
        determinism_check: "default" to compare the shape, dtype and device of what is computed
            again with what they were, "none" not to.
        debug: name the shapes of all tensors when something differs.
        early_stop: end the second call when all that is needed is there.
        preserve_rng_state: draw the same random numbers in the second call.
        kwargs: keyword arguments of the function.

    Returns:
        What the function returns.

    Raises:
        ValueError: if an argument is only for the other form.
        CheckpointError: in the backward pass, if the second call does something else.

    Note:
        In the backward pass, work that is pending is sent to the device before the function is
        called again, so that both calls are never in one plan and memory is free in between.

    Example:
        >>> import portfire
        >>> from portfire.utils.checkpoint import checkpoint
        >>> x = portfire.tensor([1.0, 2.0], requires_grad=True)
        >>> y = checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False)
        >>> y.sum().backward()
    """
    if use_reentrant is None:
        warnings.warn(
            "portfire.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
            "use_reentrant=False is recommended.",
            UserWarning,
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        return CheckpointFunction.apply(function, preserve_rng_state, *args)
    if determinism_check not in (DEFAULT, "none"):
        raise ValueError(
            f"determinism_check should be one of ('default', 'none'), got {determinism_check}"
        )
    forward_context, again_context = context_fn()
    if not grad_state.enabled:
        with forward_context:
            return function(*args, **kwargs)
    stop = early_stop if _settings.early_stop is None else _settings.early_stop
    frame = _Frame(function, args, kwargs, preserve_rng_state)
    frame.context, frame.early_stop, frame.debug = again_context, stop, debug
    frame.checks = determinism_check == DEFAULT
    with hooked(frame.pack, frame.unpack), forward_context:
        return function(*args, **kwargs)


class _Place:
    """Where a tensor that an operator wanted to save will be."""

    __slots__ = ("__weakref__", "frame", "number")

    def __init__(self, frame: _Frame, number: int) -> None:
        self.frame = frame
        self.number = number


class _Complete(BaseException):
    """All that a frame needs was computed again. No error: nobody but the frame catches it."""


class _Frame:
    """One call of `checkpoint`."""

    def __init__(
        self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any], keep_random: bool
    ) -> None:
        self.function = function
        self.args = [_Argument(a) for a in args]
        self.kwargs = {name: _Argument(a) for name, a in kwargs.items()}
        self.random = _random_state() if keep_random else None
        self.context: contextlib.AbstractContextManager[Any] = contextlib.nullcontext()
        self.early_stop = self.checks = True
        self.debug = False
        self.places: list[weakref.ref[_Place]] = []
        self.facts: list[dict[str, Any]] = []
        self.values: dict[int, Any] = {}

    def pack(self, tensor: Any) -> _Place:
        """Keep a place instead of a tensor."""
        place = _Place(self, len(self.places))
        self.places.append(weakref.ref(place))
        self.facts.append(_facts(tensor))
        return place

    def unpack(self, place: _Place) -> Any:
        """The tensor that belongs to a place."""
        if place.number not in self.values:
            self.run_again()
        return self.values.pop(place.number)

    def run_again(self) -> None:
        """Call the function once more and put what it saves into the places."""
        again: list[dict[str, Any]] = []

        def put(tensor: Any) -> Any:
            number = len(again)
            again.append(_facts(tensor))
            if number < len(self.places) and self.places[number]() is not None:
                self.values[number] = tensor
            if self.early_stop and len(again) == len(self.places):
                raise _Complete(self)
            return tensor

        flush_all()  # the first call, and what came after it, is no part of the plan of this one
        args = [a.get() for a in self.args]
        kwargs = {name: a.get() for name, a in self.kwargs.items()}
        with enable_grad(), _with_random_state(self.random), self.context:
            try:
                with hooked(put, lambda kept: kept):
                    self.function(*args, **kwargs)
            except _Complete as end:
                if end.args[0] is not self:
                    raise
        self._compare(again)

    def _compare(self, again: list[dict[str, Any]]) -> None:
        details = f"\nsaved: {self.facts}\nrecomputed: {again}" if self.debug else ""
        if len(again) != len(self.facts):
            raise CheckpointError(
                "portfire.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\nNumber of tensors saved during forward: "
                f"{len(self.facts)}\nNumber of tensors saved during recomputation: {len(again)}."
                + details
            )
        wrong = [i for i, (a, b) in enumerate(zip(self.facts, again, strict=True)) if a != b]
        if wrong and self.checks:
            lines = "\n".join(
                f"tensor at position {i}:\nsaved metadata: {self.facts[i]}\nrecomputed metadata: "
                f"{again[i]}"
                for i in wrong
            )
            raise CheckpointError(
                "portfire.utils.checkpoint: Recomputed values for the following tensors have "
                f"different metadata than during the forward pass.\n{lines}" + details
            )


class _Argument:
    """An argument as it was; a checkpoint around this one keeps tensors in its own way."""

    def __init__(self, value: Any) -> None:
        self.requires_grad: bool | None = None
        if not isinstance(value, _tensor.Tensor):
            self.held: Any = value
            return
        self.requires_grad = value.requires_grad
        self.held = pack(value) or value._snapshot()

    def get(self) -> Any:
        if self.requires_grad is None:
            return self.held
        held = self.held
        snapshot = held.unpacked()._snapshot() if isinstance(held, Packed) else held
        tensor = _tensor.Tensor._restore(snapshot, None)
        return tensor.requires_grad_() if self.requires_grad else tensor


def _facts(tensor: Any) -> dict[str, Any]:
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


def _random_state() -> dict[str, Any]:
    return {name: vars(default_generator)[name] for name in ("_seed", "_draws")}


@contextlib.contextmanager
def _with_random_state(state: dict[str, Any] | None) -> Iterator[None]:
    """Draw random numbers from an earlier state on, and go on after it as if nothing was drawn."""
    if state is None:
        yield
        return
    before = _random_state()
    vars(default_generator).update(state)
    try:
        yield
    finally:
        vars(default_generator).update(before)


class CheckpointFunction(Function):
    """The older form of `checkpoint`: the function is one node of the graph."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], keep_random: bool, *args: Any) -> Any:
        """Call the function, unrecorded."""
        if not any(isinstance(a, _tensor.Tensor) and a.requires_grad for a in args):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None",
                UserWarning,
                stacklevel=4,
            )
        ctx.function = function
        ctx.random = _random_state() if keep_random else None
        ctx.others = [None if isinstance(a, _tensor.Tensor) else a for a in args]
        ctx.save_for_backward(*(a if isinstance(a, _tensor.Tensor) else None for a in args))
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Call the function again, and backward on what it returns."""
        if grad_state.current is not None and grad_state.current.reached is not None:
            raise RuntimeError(
                "When use_reentrant=True, portfire.utils.checkpoint is incompatible with .grad() "
                "or passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        flush_all()
        args = [
            other if saved is None else saved.detach().requires_grad_(saved.requires_grad)
            for saved, other in zip(ctx.saved_tensors, ctx.others, strict=True)
        ]
        with _with_random_state(ctx.random), enable_grad():
            outputs = ctx.function(*args)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (y, g)
            for y, g in zip(outputs, grads, strict=True)
            if isinstance(y, _tensor.Tensor) and y.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        _engine.backward([y for y, _ in pairs], [g for _, g in pairs])
        found = [a.grad if isinstance(a, _tensor.Tensor) else None for a in args]
        return (None, None, *found)


def checkpoint_sequential(
    functions: Any,
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """Call functions one after the other, in segments of which all but the last are checkpointed.

    Args:
        functions: a `Sequential` or a sequence of functions.
        segments: into how many segments to divide them.
        input: what the first one takes.
        use_reentrant: see `checkpoint`.
        preserve_rng_state: see `checkpoint`.

    Raises:
        ValueError: if there are other keyword arguments.

    Example:
        >>> import portfire
        >>> from portfire.utils.checkpoint import checkpoint_sequential
        >>> x = portfire.zeros(2, requires_grad=True)
        >>> steps = [portfire.exp, portfire.sin, portfire.cos, portfire.tanh]
        >>> y = checkpoint_sequential(steps, 2, x, use_reentrant=False)
    """
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    if use_reentrant is None:
        warnings.warn(
            "portfire.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should "
            "be passed explicitly. use_reentrant=False is recommended.",
            UserWarning,
            stacklevel=2,
        )
        use_reentrant = True
    steps: Sequence[Any] = list(
        functions.children() if hasattr(functions, "children") else functions
    )
    size = len(steps) // segments
    last = size * (segments - 1)
    for start in range(0, last, size or 1):
        input = checkpoint(
            _chain(steps[start : start + size]),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserve_rng_state,
        )
    return _chain(steps[last:])(input)


def _chain(steps: Sequence[Any]) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        for step in steps:
            x = step(x)
        return x

    return run
