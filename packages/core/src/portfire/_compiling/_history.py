"""The backward graph of a captured function as one node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portfire._tensor import Tensor
from portfire.autograd._node import FREED, AccumulateGrad, Edge, Node, OperatorNode, edge_of
from portfire.engine._body import Body
from portfire.engine._recorder import Recorder
from portfire.engine._value import Value

__all__ = ["Backward", "CompiledBackward", "FreedBackward", "boundary", "is_freed", "region"]


class Backward:
    """The gradients of a captured function, as something to do again.

    Attributes:
        recorder: for whose device they are.
        body: takes the gradients of the outputs, then what the function saved.
        numbers: of the body.
        saved: which results of the function the body reads.
        specs: shapes and dtypes of the outputs.
        owners: the tensors that get gradients: an argument's position, or the tensor.
    """

    def __init__(
        self,
        recorder: Recorder,
        body: Body,
        numbers: list[bool | int | float],
        saved: list[int],
        specs: list[Any],
        owners: list[int | Tensor],
    ) -> None:
        self.recorder = recorder
        self.body = body
        self.numbers = numbers
        self.saved = saved
        self.specs = specs
        self.owners = owners

    def node(self, arguments: Sequence[Tensor], results: Sequence[Value]) -> CompiledBackward:
        """Make the node of one call."""
        owners = [arguments[one] if isinstance(one, int) else one for one in self.owners]
        edges = [edge_of(owner) for owner in owners]
        return CompiledBackward(self, edges, [results[i] for i in self.saved])


class CompiledBackward(Node):
    """The backward step of a compiled function."""

    __slots__ = ("_backward", "_saved")

    def __init__(
        self, backward: Backward, edges: list[Edge | None], saved: list[Value] | None
    ) -> None:
        super().__init__(edges, backward.specs)
        self._backward = backward
        self._saved = saved

    def run(self, grads: Sequence[Tensor | None], keep: bool) -> Sequence[Tensor | None]:
        """Append the recorded gradients to the graph."""
        from portfire._dispatch import full

        if self._saved is None:
            raise RuntimeError(FREED)
        if keep:
            raise RuntimeError(
                "the backward pass of a compiled function cannot be recorded: "
                "create_graph=True needs the function as it was before portfire.compile"
            )
        like = next(grad for grad in grads if grad is not None)
        given = [
            full(shape, 0.0, like, dtype) if grad is None else grad
            for grad, (shape, dtype) in zip(grads, self.output_specs, strict=True)
        ]
        values = [*[grad._read() for grad in given], *self._saved]
        backward = self._backward
        found = backward.recorder.splice(backward.body, values, backward.numbers)
        return [Tensor._wrap(value) for value in found]

    def release(self) -> None:
        """Drop what was saved."""
        self._saved = None


class FreedBackward(Node):
    """The history of a result whose backward pass was part of the compiled function."""

    __slots__ = ("_name",)

    def __init__(self, name: str, tensor: Any) -> None:
        super().__init__((), (tensor,))
        self._name = name

    def name(self) -> str:
        """Return the name of the node that it stands for."""
        return self._name

    def run(self, grads: Sequence[Tensor | None], keep: bool) -> Sequence[Tensor | None]:
        """Raise: there is nothing left to run."""
        raise RuntimeError(FREED)


def region(roots: Sequence[Node], first: int) -> list[Node]:
    """Return the nodes of a backward graph that are not older than the first."""
    seen: set[Node] = set()
    stack = [root for root in roots if root.sequence >= first]
    while stack:
        node = stack.pop()
        if node in seen or isinstance(node, AccumulateGrad):
            continue
        seen.add(node)
        stack += [e[0] for e in node.edges if e is not None and e[0].sequence >= first]
    return list(seen)


def is_freed(nodes: Sequence[Node]) -> bool:
    """Tell whether a backward pass went through some of these nodes."""
    return any(isinstance(node, OperatorNode) and node.saved is None for node in nodes)


def boundary(nodes: Sequence[Node]) -> set[Edge]:
    """The edges that leave a part of a backward graph."""
    inside = set(nodes)
    return {e for node in nodes for e in node.edges if e is not None and e[0] not in inside}
