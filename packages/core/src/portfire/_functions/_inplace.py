"""In-place forms and ``out=``: a function's result written into an existing tensor."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["inplace", "into"]


def inplace(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Return the method that replaces a tensor's elements by the function's result."""

    @functools.wraps(function)
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return self._assign(function(self, *args, **kwargs))

    method.__name__ = f"{function.__name__}_"
    method.__doc__ = f"In-place form of `{function.__name__}`; returns the tensor itself."
    return method


def into(out: Tensor | None, result: Tensor) -> Tensor:
    """Write a result into ``out`` if one was given, resizing it as torch does."""
    if out is None:
        return result
    if result.requires_grad or out.requires_grad:
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of "
            "the arguments requires grad."
        )
    if out._shape != result._shape:
        out.data = result.new_empty(result._shape).to(out._dtype)
    return out._assign(result)
