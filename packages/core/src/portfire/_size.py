"""`Size`, the type of a tensor's shape."""

from __future__ import annotations

import math
from typing import Any

__all__ = ["Size"]


class Size(tuple[int, ...]):
    """A tuple of dimension sizes.

    Example:
        >>> import portfire
        >>> portfire.ones(2, 3).shape
        portfire.Size([2, 3])
        >>> portfire.Size([2, 3]).numel()
        6
    """

    __slots__ = ()

    def numel(self) -> int:
        """Return the number of elements of a tensor of this size."""
        return math.prod(self)

    def __repr__(self) -> str:
        return f"portfire.Size({list(self)})"

    def __add__(self, other: Any) -> Size:
        return Size(tuple(self) + tuple(other))

    def __getitem__(self, item: Any) -> Any:
        found = tuple.__getitem__(self, item)
        return Size(found) if isinstance(item, slice) else found
