"""The nodes of the backward graph: what ``grad_fn`` is."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from portfire import _tensor
from portfire._dtype import DType
from portfire._layout import Path
from portfire.engine._value import Value
from portfire.ops._record import Attrs, Operator, Shape

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "AccumulateGrad",
    "Context",
    "Edge",
    "GradientEdge",
    "Node",
    "OperatorNode",
    "PackedNode",
    "RemovableHandle",
    "accumulate",
    "edge_of",
    "next_sequence",
    "watch",
]

Edge = tuple["Node", int]  # a node, and which of its outputs
_sequence = itertools.count(1)
_handles = itertools.count(1)
_metadata: weakref.WeakKeyDictionary[Node, dict[Any, Any]] = weakref.WeakKeyDictionary()
NUMBERS = (bool, int, float)
EVERY_OUTPUT = -1  # of the hooks before a node: it sees the gradients of all outputs
NUMBER: tuple[Shape, DType | None] = ((), None)  # the source of a Python number

FREED = (
    "Trying to backward through the graph a second time (or directly access saved tensors after "
    "they have already been freed). Saved intermediate values of the graph are freed when you call "
    ".backward() or autograd.grad(). Specify retain_graph=True if you need to backward through the "
    "graph a second time or if you need to access saved tensors after calling backward."
)


class _Watch:
    """How many want to see each node that is made, see `_watch`."""

    count = 0


watch = _Watch()


def next_sequence() -> int:
    """Return a number between those of the nodes that are there and of those that will be."""
    return next(_sequence)


class RemovableHandle:
    """What registering a hook returns; `remove` takes the hook away again.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, requires_grad=True)
        >>> with x.register_hook(lambda grad: 10 * grad):
        ...     x.sum().backward()
        >>> x.grad.tolist()
        [10.0, 10.0]
    """

    def __init__(self, hooks: dict[int, Any]) -> None:
        self.id = next(_handles)
        self._hooks = hooks

    def remove(self) -> None:
        """Take the hook away; nothing happens the second time."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


class Node:
    """A step of the backward graph.

    Its sequence number grows with each node, so a node always has a larger number than those that
    it passes gradients to: descending order is an order of evaluation.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, requires_grad=True)
        >>> x.exp().grad_fn.name()
        'ExpBackward0'
    """

    __slots__ = (
        "__weakref__", "captured", "edges", "hooks", "output_specs", "pre_hooks", "sequence",
    )  # fmt: skip

    def __init__(self, edges: Sequence[Edge | None], specs: Sequence[tuple[Shape, DType]]) -> None:
        self.sequence = next(_sequence)
        self.edges = edges
        self.output_specs = specs
        self.hooks: dict[int, Any] | None = None
        self.pre_hooks: dict[int, tuple[int, Any]] | None = None  # (output number, tensor hook)
        self.captured: dict[int, weakref.ref[Tensor]] | None = None  # tensors that retain grads

    def name(self) -> str:
        """Return the name of the node, as printed in ``grad_fn``."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that the gradients of this one's inputs go to."""
        return tuple(edge if edge is not None else (None, 0) for edge in self.edges)

    @property
    def metadata(self) -> dict[Any, Any]:
        """What users note down about this node."""
        return _metadata.setdefault(self, {})

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_outputs)`` before this node runs; it may return new ones."""
        return self.hook_output(EVERY_OUTPUT, hook)

    def hook_output(self, number: int, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad)`` with the gradient of one output, before this node runs."""
        if self.pre_hooks is None:
            self.pre_hooks = {}
        handle = RemovableHandle(self.pre_hooks)
        self.pre_hooks[handle.id] = (number, hook)
        return handle

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` after this node ran; it may return new ones."""
        if self.hooks is None:
            self.hooks = {}
        handle = RemovableHandle(self.hooks)
        self.hooks[handle.id] = hook
        return handle

    def run(self, grads: Sequence[Tensor | None], keep: bool) -> Sequence[Tensor | None]:
        """Return the gradients of the inputs, given those of the outputs."""
        raise NotImplementedError

    def release(self) -> None:
        """Drop what was saved."""

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class GradientEdge(NamedTuple):
    """Where the gradient of a tensor goes, without the tensor."""

    node: Node
    output_nr: int


class Context:
    """What a gradient rule reads.

    Attributes:
        inputs: the saved inputs: tensors or Python numbers; None where the record saves nothing.
        output: the saved output, or None.
        shapes: the shapes of the inputs, () for numbers.
        dtypes: their dtypes, None for numbers.
        attrs: the operator's attributes.
        needs: which inputs need a gradient.
    """

    __slots__ = ("attrs", "dtypes", "inputs", "needs", "output", "shapes")

    def __init__(
        self,
        inputs: list[Any],
        output: Any,
        shapes: list[Shape],
        dtypes: list[DType | None],
        attrs: Attrs,
        needs: list[bool],
    ) -> None:
        self.inputs = inputs
        self.output = output
        self.shapes = shapes
        self.dtypes = dtypes
        self.attrs = attrs
        self.needs = needs


def edge_of(tensor: Tensor) -> Edge | None:
    """Where the gradient of a tensor goes, or None."""
    if not tensor._requires_grad:
        return None
    node = tensor._grad_fn if tensor._base is None else tensor._node()
    if node is not None:
        return node, tensor._output
    accumulator = tensor._accumulator() if tensor._accumulator is not None else None
    if accumulator is None:
        accumulator = AccumulateGrad(tensor)
        tensor._accumulator = weakref.ref(accumulator)
    return accumulator, 0


def _kept(operand: Tensor, value: Value) -> tuple[Value, Path]:
    """What is saved of an operand: the piece that was copied out for it, or its cell's value."""
    is_piece = operand._path and value.buffer is not None and value.dtype is operand._dtype
    return (value, ()) if is_piece and value.shape == operand._shape else operand._snapshot()


class AccumulateGrad(Node):
    """Adds what arrives to the ``grad`` of a leaf tensor."""

    __slots__ = ("variable",)

    def __init__(self, variable: Tensor) -> None:
        super().__init__((), ((variable._shape, variable._dtype),))
        self.variable = variable

    def run(self, grads: Sequence[Tensor | None], keep: bool) -> Sequence[Tensor | None]:
        """Add the gradient to the leaf's; the first one is taken over."""
        (grad,) = grads
        if grad is not None and self.variable._requires_grad:  # it may have been detached since
            accumulate(self.variable, grad, keep)
        return ()


def accumulate(leaf: Tensor, grad: Tensor, keep: bool) -> None:
    """Add a gradient to that of a tensor, and call what waits for it."""
    old = leaf._grad
    if old is None:
        # A cell of its own: a rule may have sent one tensor to several leaves.
        leaf._grad = grad._fork(keep)
    elif keep:
        leaf._grad = old + grad
    else:
        # In place, so that whoever holds the old gradient sees the sum.
        old._write((old.detach() + grad.detach())._read())
    for hook in list((leaf._leaf_hooks or {}).values()):
        returned = hook(leaf)
        if returned is not None:
            raise TypeError(f"expected Variable, but hook returned '{type(returned).__name__}'")


class OperatorNode(Node):
    """The backward step of one operator; its rule is in the operator's record."""

    __slots__ = ("attrs", "op", "saved", "sources")

    def __init__(
        self,
        edges: Sequence[Edge | None],
        specs: Sequence[tuple[Shape, DType]],
        op: Operator,
        attrs: Attrs,
        sources: Sequence[tuple[Shape, DType | None]],
        saved: Sequence[Any],
    ) -> None:
        # As in Node.__init__, without its call: this runs for every operation that is recorded.
        self.sequence = next(_sequence)
        self.edges = edges
        self.output_specs = specs
        self.hooks = self.pre_hooks = self.captured = None
        self.op = op
        self.attrs = attrs
        self.sources = sources
        self.saved: Sequence[Any] | None = saved

    @classmethod
    def attach(
        cls,
        result: Tensor,
        op: Operator,
        attrs: Attrs,
        operands: Sequence[Any],
        values: Sequence[Value],
    ) -> None:
        """Make the result of an operator a part of the backward graph."""
        edges: list[Edge | None] = []
        sources: list[tuple[Shape, DType | None]] = []
        for operand in operands:
            if type(operand) in NUMBERS:
                edges.append(None)
                sources.append(NUMBER)
                continue
            sources.append((operand._shape, operand._dtype))
            if not operand._requires_grad:
                edges.append(None)
            elif operand._base is None and operand._grad_fn is not None:
                edges.append((operand._grad_fn, operand._output))
            else:
                edges.append(edge_of(operand))
        saved: Sequence[Any] = ()
        if op.saves:
            saved = [
                result._storage.value
                if position < 0
                else operands[position]
                if sources[position] is NUMBER
                else (_kept(operands[position], values[position]), values[position].dtype)
                for position in op.saves
            ]
        specs = ((result._shape, result._dtype),)
        result._grad_fn = node = cls(edges, specs, op, attrs, sources, saved)
        result._requires_grad = True
        if watch.count:
            from portfire.autograd._watch import notice

            notice(node)

    def twin(self, edges: list[Edge | None], saved: Sequence[Any]) -> OperatorNode:
        """A node of the same operator with other neighbors and other saved values."""
        return OperatorNode(edges, self.output_specs, self.op, self.attrs, self.sources, saved)

    def name(self) -> str:
        """Return the operator's name in torch's form, ``AddBackward0``."""
        return self.op.grad_name

    def kept(self) -> Sequence[Any]:
        """What was saved; RuntimeError if it was dropped."""
        if self.saved is None:
            raise RuntimeError(FREED)
        return self.saved

    def context(self) -> Context:
        """Make tensors of what was saved."""
        inputs: list[Any] = [None] * len(self.edges)
        output = None
        for position, item in zip(self.op.saves, self.kept(), strict=True):
            if position < 0:
                output = _tensor.Tensor._wrap(item)
                output._grad_fn, output._requires_grad = self, True
            elif isinstance(item, tuple):
                snapshot, dtype = item
                tensor = _tensor.Tensor._restore(snapshot, self.edges[position])
                inputs[position] = tensor if tensor._dtype is dtype else tensor.to(dtype)
            else:
                inputs[position] = item
        return Context(
            inputs,
            output,
            [shape for shape, _ in self.sources],
            [dtype for _, dtype in self.sources],
            self.attrs,
            [edge is not None for edge in self.edges],
        )

    def run(self, grads: Sequence[Tensor | None], keep: bool) -> Sequence[Tensor | None]:
        """Apply the operator's rule; fit each gradient to its input's shape and dtype."""
        from portfire._dispatch import sum_to_shape

        gradient = self.op.gradient
        if gradient is None:
            raise RuntimeError(f"the operator {self.op.name} has no gradient")
        results: list[Tensor | None] = []
        rule = gradient(self.context(), grads[0])
        for grad, edge, (shape, dtype) in zip(rule, self.edges, self.sources, strict=True):
            if grad is None or edge is None:
                results.append(None)
                continue
            if grad._shape != shape:
                grad = sum_to_shape(grad, shape)
            results.append(grad if grad._dtype is dtype else grad.to(dtype))
        return results

    def release(self) -> None:
        """Drop the saved values."""
        if self.op.saves:
            self.saved = None


class PackedNode(OperatorNode):
    """The backward step of an operator whose saved tensors went through hooks."""

    __slots__ = ()

    def kept(self) -> Sequence[Any]:
        """What was saved, after the hooks that unpack."""
        from portfire.autograd._watch import Packed

        return [i.restored() if isinstance(i, Packed) else i for i in super().kept()]
