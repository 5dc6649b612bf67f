"""`Function`: operations with a forward and a backward of the user's own."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from portfire import _tensor
from portfire.autograd._mode import no_grad
from portfire.autograd._mode import state as grad_state
from portfire.autograd._node import FREED, Node, edge_of

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What `Function.forward` leaves for `Function.backward`.

    Any attribute may be set on it. Tensors belong into `save_for_backward`.
    """

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs
        self._saved: list[Any] | None = []
        self._plain: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Save tensors (or None) for the backward pass; at most one call."""
        self._saved = [
            None if t is None else (t._snapshot(), edge_of(t), t._grad_fn is None) for t in tensors
        ]
        self._kept = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` saved, as it was then."""
        if self._saved is None:
            raise RuntimeError(FREED)
        return tuple(
            None if item is None else _tensor.Tensor._restore(item[0], item[1])
            for item in self._saved
        )

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say that these outputs have no gradient."""
        self._plain = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say that forward changed these inputs in place."""
        self._dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Give None to backward, instead of zeros, for outputs that were not used."""
        self._materialize = value


class _FunctionNode(Node):
    __slots__ = ("backward_of", "ctx", "devices", "label")
    backward_of: Callable[..., Any]
    ctx: FunctionCtx
    devices: list[Any]
    label: str

    def run(self, grads: Sequence[Any], keep: bool) -> Sequence[Any]:
        from portfire._functions.creation import zeros

        if self.ctx._saved is None:
            raise RuntimeError(FREED)
        filled = [
            zeros(shape, dtype=dtype, device=device)
            if grad is None and self.ctx._materialize
            else grad
            for grad, (shape, dtype), device in zip(
                grads, self.output_specs, self.devices, strict=True
            )
        ]
        results = self.backward_of(self.ctx, *filled)
        results = results if isinstance(results, tuple) else (results,)
        extra = len(results) - len(self.edges)
        if extra < 0 or any(r is not None for r in results[len(self.edges) :]):
            raise RuntimeError(
                f"function {self.label} returned an incorrect number of gradients (expected "
                f"{len(self.edges)}, got {len(results)})"
            )
        return results[: len(self.edges)]

    def release(self) -> None:
        if self.ctx._saved:
            self.ctx._saved = None

    def name(self) -> str:
        return self.label


class Function:
    """Base of operations with their own backward.

    Subclasses define static methods ``forward(ctx, *args)`` and ``backward(ctx, *grads)``, or
    ``forward(*args)`` with ``setup_context(ctx, inputs, output)``; they are called by ``apply``.

    Example:
        >>> import portfire
        >>> class Double(portfire.autograd.Function):
        ...     @staticmethod
        ...     def forward(ctx, x):
        ...         return x * 2
        ...     @staticmethod
        ...     def backward(ctx, grad):
        ...         return grad * 2
        >>> x = portfire.ones(2, requires_grad=True)
        >>> Double.apply(x).sum().backward()
        >>> x.grad
        tensor([2., 2.])
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the outputs."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what backward needs, where forward does not take ``ctx``."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return one gradient, or None, per argument of forward."""
        raise NotImplementedError(
            "You must implement the backward for your custom autograd.Function to use it with "
            "backward mode AD."
        )

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward and record backward."""
        tracked = [isinstance(a, _tensor.Tensor) and a.requires_grad for a in args]
        ctx = FunctionCtx(tuple(tracked))
        with no_grad():
            if cls.setup_context is Function.setup_context:
                output = cls.forward(ctx, *args)
            else:
                output = cls.forward(*args)
                cls.setup_context(ctx, args, output)
        outputs = output if isinstance(output, tuple) else (output,)
        if grad_state.enabled and any(tracked):
            outputs = cls._attach(ctx, args, outputs)
        return outputs if isinstance(output, tuple) else outputs[0]

    @classmethod
    def _attach(cls, ctx: FunctionCtx, args: tuple[Any, ...], outputs: Any) -> tuple[Any, ...]:
        results = []
        for out in outputs:
            # An input that is returned as it is becomes a new tensor with a history of its own.
            same = any(out is a for a in args) and not any(out is d for d in ctx._dirty)
            results.append(out.detach() if same else out)
        edges = [edge_of(a) if isinstance(a, _tensor.Tensor) else None for a in args]
        node = _FunctionNode(edges, [(t._shape, t._dtype) for t in results])
        node.ctx = ctx
        node.backward_of = cls.backward
        node.label = f"{cls.__name__}Backward"
        node.devices = [t.device for t in results]
        for number, (out, original) in enumerate(zip(results, outputs, strict=True)):
            plain = any(original is p for p in ctx._plain)
            if not plain and out._dtype.is_floating_point:
                out._grad_fn, out._output, out._requires_grad = node, number, True
                _link_saved_output(ctx, original, node, number)
        return tuple(results)


def _link_saved_output(ctx: FunctionCtx, output: Any, node: Node, number: int) -> None:
    """A saved output is differentiable through the node that made it."""
    for position, kept in enumerate(getattr(ctx, "_kept", ())):
        if kept is output and ctx._saved is not None:
            ctx._saved[position] = (ctx._saved[position][0], (node, number), False)


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a `Function.backward` that is not itself differentiable.

    Example:
        >>> import portfire
        >>> @portfire.autograd.function.once_differentiable
        ... def backward(ctx, grad):
        ...     return grad
    """

    @functools.wraps(function)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        with no_grad():
            results = function(ctx, *grads)
        if not grad_state.enabled or not any(g is not None and g.requires_grad for g in grads):
            return results
        single = not isinstance(results, tuple)
        poisoned = tuple(
            None if r is None else _OnceOnly.apply(r.detach().requires_grad_())
            for r in ((results,) if single else results)
        )
        return poisoned[0] if single else poisoned

    return wrapper


class _OnceOnly(Function):
    @staticmethod
    def forward(ctx: Any, grad: Any) -> Any:
        return grad * 1

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError(
            "trying to differentiate twice a function that was marked with @once_differentiable"
        )
