"""`Function`: operations with a forward and a backward of the user's own."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from portfire import _tensor
from portfire._dtype import float32
from portfire.autograd._mode import no_grad
from portfire.autograd._mode import state as grad_state
from portfire.autograd._node import FREED, Edge, Node, edge_of
from portfire.autograd._watch import Packed, notice, pack
from portfire.ops._record import Shape

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What `Function.forward` leaves for `Function.backward`.

    Any attribute may be set on it. Tensors belong into `save_for_backward`.
    """

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs
        self._to_save: tuple[Any, ...] = ()
        self._saved: list[Any] | None = []
        self._plain: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._materialize = True
        self._node: weakref.ref[Node] | None = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Save tensors (or None) for the backward pass, as they are when forward is done."""
        self._to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` saved."""
        if self._saved is None:
            raise RuntimeError(FREED)
        node = None if self._node is None else self._node()
        return tuple(
            None if item is None else _restored(item[0], item[1], node) for item in self._saved
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


def _restored(kept: Any, origin: Edge | int | None, node: Node | None) -> Any:
    """A saved tensor; its origin is an edge, or the number of an output of the node itself."""
    snapshot = kept.unpacked()._snapshot() if isinstance(kept, Packed) else kept
    if isinstance(origin, int):
        return _tensor.Tensor._restore(snapshot, None if node is None else (node, origin))
    return _tensor.Tensor._restore(snapshot, origin)


class _FunctionNode(Node):
    __slots__ = ("backward_of", "ctx", "devices", "label", "takes_tensor")
    backward_of: Callable[..., Any]
    ctx: FunctionCtx
    devices: list[Any]  # None for outputs that are not tensors
    label: str
    takes_tensor: list[bool]

    def run(self, grads: Sequence[Any], keep: bool) -> Sequence[Any]:
        from portfire._functions.creation import zeros

        if self.ctx._saved is None:
            raise RuntimeError(FREED)
        filled = [
            zeros(shape, dtype=dtype, device=device)
            if grad is None and device is not None and self.ctx._materialize
            else grad
            for grad, (shape, dtype), device in zip(
                grads, self.output_specs, self.devices, strict=True
            )
        ]
        results = self.backward_of(self.ctx, *filled)
        results = results if isinstance(results, tuple) else (results,)
        expected = len(self.edges)
        if len(results) < expected or any(r is not None for r in results[expected:]):
            raise RuntimeError(
                f"function {self.label} returned an incorrect number of gradients (expected "
                f"{expected}, got {len(results)})"
            )
        return [self._fitted(i, result) for i, result in enumerate(results[:expected])]

    def _fitted(self, position: int, grad: Any) -> Any:
        """A gradient that backward returned, of its argument's shape and dtype."""
        if grad is None:
            return None
        if not isinstance(grad, _tensor.Tensor):
            raise RuntimeError(f"expected Variable or None (got {type(grad).__name__})")
        if not self.takes_tensor[position]:
            raise RuntimeError(
                f"function {self.label} returned a gradient different than None at position "
                f"{position + 1}, but the corresponding forward input was not a Variable"
            )
        edge = self.edges[position]
        if edge is None:
            return None
        shape, dtype = edge[0].output_specs[edge[1]]
        if grad._shape != shape:
            if not _expands(shape, grad._shape):
                raise RuntimeError(
                    f"Function {self.label} returned an invalid gradient at index {position} - "
                    f"got {list(grad._shape)} but expected shape compatible with {list(shape)}"
                )
            grad = grad.sum_to_size(shape)
        return grad if grad._dtype is dtype else grad.to(dtype)

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        return tuple(
            edge if edge is not None else (None, 0)
            for edge, tensor in zip(self.edges, self.takes_tensor, strict=True)
            if tensor
        )

    def release(self) -> None:
        if self.ctx._saved:
            self.ctx._saved = None

    def name(self) -> str:
        return self.label

    def __getattr__(self, name: str) -> Any:
        """What forward and backward set on their context can be read from the node."""
        if name.startswith("__") or name == "ctx":
            raise AttributeError(name)
        return getattr(self.ctx, name)


def _expands(shape: Shape, wanted: Shape) -> bool:
    """Whether a tensor of the first shape can be broadcast to the second."""
    extra = len(wanted) - len(shape)
    return extra >= 0 and all(n in (1, m) for n, m in zip(shape, wanted[extra:], strict=True))


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

    @staticmethod
    def vjp(ctx: Any, *grad_outputs: Any) -> Any:
        """Another name for `backward`; a function defines one of them."""
        raise NotImplementedError("vjp is not implemented.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse calls of instances: functions are called by ``apply`` on the class."""
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            "new-style autograd function with static forward method."
        )

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run forward and record backward."""
        tracked = [isinstance(a, _tensor.Tensor) and a.requires_grad for a in args]
        ctx = FunctionCtx(tuple(tracked))
        edges = [edge_of(a) if isinstance(a, _tensor.Tensor) else None for a in args]
        with no_grad():
            if cls.setup_context is Function.setup_context:
                output = cls.forward(ctx, *args, **kwargs)
            else:
                output = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, output)
        outputs = output if isinstance(output, tuple) else (output,)
        if grad_state.enabled and any(tracked):
            outputs = _recorded(cls, ctx, args, edges, outputs)
        return outputs if isinstance(output, tuple) else outputs[0]


def _recorded(
    function: type[Function],
    ctx: FunctionCtx,
    args: tuple[Any, ...],
    edges: list[Edge | None],
    outputs: tuple[Any, ...],
) -> tuple[Any, ...]:
    """The outputs as parts of the graph."""
    inputs = [a for a in args if isinstance(a, _tensor.Tensor)]
    _check_dirty(ctx, outputs)
    results = [_own(out, inputs, ctx) for out in outputs]
    specs = [
        (r._shape, r._dtype) if isinstance(r, _tensor.Tensor) else ((), float32) for r in results
    ]
    node = _FunctionNode(edges, specs)
    node.ctx = ctx
    node.backward_of = _backward_of(function)
    node.label = f"{function.__name__}Backward"
    node.devices = [r.device if isinstance(r, _tensor.Tensor) else None for r in results]
    node.takes_tensor = [isinstance(a, _tensor.Tensor) for a in args]
    ctx._node = weakref.ref(node)
    numbers: dict[int, int] = {}
    for number, (out, original) in enumerate(zip(results, outputs, strict=True)):
        if not isinstance(out, _tensor.Tensor) or not out._dtype.is_floating_point:
            continue
        if not _among(original, ctx._plain):
            _become(out, node, number, _among(original, ctx._dirty))
            numbers[id(original)] = number
    ctx._saved = [_kept(i, t, numbers) for i, t in enumerate(ctx._to_save)]
    ctx._to_save = ctx._plain = ctx._dirty = ()
    notice(node)
    return tuple(results)


def _backward_of(function: type[Function]) -> Callable[..., Any]:
    if function.vjp is Function.vjp:
        return function.backward
    if function.backward is not Function.backward:
        raise RuntimeError(
            "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You "
            "should only implement one of them."
        )
    return function.vjp


def _among(tensor: Any, tensors: Sequence[Any]) -> bool:
    return any(tensor is other for other in tensors)


def _check_dirty(ctx: FunctionCtx, outputs: tuple[Any, ...]) -> None:
    """What forward changed in place can not be a leaf, and has to be returned."""
    for tensor in ctx._dirty:
        if tensor.requires_grad and tensor.is_leaf:
            raise RuntimeError(
                "a leaf Variable that requires grad has been used in an in-place operation."
            )
        base = tensor._base
        if base is not None and base.requires_grad and base.is_leaf:
            raise RuntimeError(
                "a view of a leaf Variable that requires grad is being used in an in-place "
                "operation."
            )
        if not _among(tensor, outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as "
                "output. The inputs that are modified inplace must all be outputs of the Function."
            )


def _own(out: Any, inputs: list[Any], ctx: FunctionCtx) -> Any:
    """An output that can have a history of its own: it is no input, and no view of one."""
    if not isinstance(out, _tensor.Tensor) or _among(out, ctx._dirty):
        return out
    if any(out._storage is tensor._storage for tensor in inputs):
        return out._fork(keep=False)
    return out if out._base is None else out.detach()


def _become(out: Any, node: Node, number: int, dirty: bool) -> None:
    """Make a tensor an output of a node."""
    if dirty and out._base is not None:
        written = out._fork(keep=False)
        written._bind(node, number)
        out._edit_base(out._base, written)
        return
    out._bind(node, number)
    if dirty:
        out._edits += 1


def _kept(position: int, tensor: Any, numbers: dict[int, int]) -> Any:
    """What `FunctionCtx.saved_tensors` restores a tensor from."""
    if tensor is None:
        return None
    if not isinstance(tensor, _tensor.Tensor):
        raise TypeError(
            f"save_for_backward can only save variables, but argument {position} is of type "
            f"{type(tensor).__name__}"
        )
    origin = numbers.get(id(tensor))
    kept = pack(tensor)
    return (
        tensor._snapshot() if kept is None else kept,
        edge_of(tensor) if origin is None else origin,
    )


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
