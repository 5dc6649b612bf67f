"""The backward step of moving a tensor to another device."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire.autograd._node import Node, edge_of

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["TransferNode"]


class TransferNode(Node):
    """Moves the gradient back to where the tensor came from."""

    __slots__ = ("source",)
    source: Any

    @classmethod
    def connect(cls, moved: Tensor, original: Tensor) -> None:
        """Make ``moved`` a part of the graph."""
        node = cls([edge_of(original)], [(moved._shape, moved._dtype)])
        node.source = original.device
        moved._bind(node, 0)

    def name(self) -> str:
        """Return torch's name for it."""
        return "ToCopyBackward0"

    def run(self, grads: Sequence[Tensor | None], keep: bool) -> Sequence[Tensor | None]:
        """Move the gradient back."""
        (grad,) = grads
        return (None if grad is None else grad.to(device=self.source),)
