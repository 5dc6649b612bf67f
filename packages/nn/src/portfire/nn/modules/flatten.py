"""Layers that only change the shape."""

from __future__ import annotations

from collections.abc import Sequence

from portfire import Tensor
from portfire.nn._names import typename
from portfire.nn.modules.module import Module

__all__ = ["Flatten", "Unflatten"]


class Flatten(Module):
    """Merge a range of dimensions into one.

    Args:
        start_dim: the first dimension to merge.
        end_dim: the last one.

    Shape:
        - input: ``(*, S_start, ..., S_end, *)``.
        - output: ``(*, S_start * ... * S_end, *)``.

    Raises:
        IndexError: at the call, for a dimension that the input has not.

    Example:
        >>> import portfire
        >>> portfire.nn.Flatten()(portfire.ones(32, 1, 5, 5)).shape
        portfire.Size([32, 25])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        """Merge the dimensions."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """Return the range, as printed."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Split one dimension into several.

    Args:
        dim: the dimension.
        unflattened_size: the sizes of the new dimensions; one may be -1.

    Shape:
        - input: ``(*, S, *)``.
        - output: ``(*, U_1, ..., U_n, *)`` with ``U_1 * ... * U_n = S``.

    Raises:
        TypeError: when the sizes are not integers.
        RuntimeError: at the call, when they do not multiply up.

    Example:
        >>> import portfire
        >>> portfire.nn.Unflatten(1, (2, 5))(portfire.ones(4, 10)).shape
        portfire.Size([4, 2, 5])
    """

    def __init__(self, dim: int, unflattened_size: Sequence[int]) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            raise TypeError(
                "unflattened_size must be a tuple of ints, "
                f"but found type {typename(unflattened_size)}"
            )
        for i, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                raise TypeError(
                    "unflattened_size must be tuple of ints, "
                    f"but found element of type {typename(size)} at pos {i}"
                )
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """Split the dimension."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """Return the dimension and the sizes, as printed."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
