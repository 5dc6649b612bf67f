"""The functions that view, with copies as results: ``permute_copy`` is `permute` as a copy."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from portfire._functions import conversion, shape, splitting, strided

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "alias_copy",
    "as_strided_copy",
    "detach_copy",
    "diagonal_copy",
    "expand_copy",
    "fill",
    "permute_copy",
    "select_copy",
    "split_copy",
    "split_with_sizes_copy",
    "squeeze_copy",
    "t_copy",
    "transpose_copy",
    "unbind_copy",
    "unfold_copy",
    "unsqueeze_copy",
    "view_copy",
]


def _copy_of(view: Callable[..., Any], name: str, example: str) -> Callable[..., Any]:
    """The function that clones what a view shows; of several views, each."""

    @functools.wraps(view)
    def function(input: Tensor, *args: Any, **kwargs: Any) -> Any:
        found = view(input, *args, **kwargs)
        if isinstance(found, tuple):
            return tuple(part.clone() for part in found)
        return found.clone()

    function.__module__ = __name__
    function.__name__ = function.__qualname__ = f"{name}_copy"
    function.__doc__ = (
        f"Return `{name}` as a copy.\n\nExample:\n    >>> import portfire\n"
        f"    >>> x = portfire.tensor([[1, 2], [3, 4]])\n    >>> portfire.{name}_copy({example}\n"
    )
    return function


alias_copy = _copy_of(lambda x: x, "alias", "x).shape\n    portfire.Size([2, 2])")
detach_copy = _copy_of(lambda x: x.detach(), "detach", "x).requires_grad\n    False")
as_strided_copy = _copy_of(strided.as_strided, "as_strided", "x, (2,), (3,))\n    tensor([1, 4])")
diagonal_copy = _copy_of(strided.diagonal, "diagonal", "x)\n    tensor([1, 4])")
expand_copy = _copy_of(shape.expand, "expand", "x, (3, 2, 2)).shape\n    portfire.Size([3, 2, 2])")
permute_copy = _copy_of(shape.permute, "permute", "x, (1, 0))[0]\n    tensor([1, 3])")
select_copy = _copy_of(splitting.select, "select", "x, 0, 1)\n    tensor([3, 4])")
split_copy = _copy_of(splitting.split, "split", "x, 1)[0]\n    tensor([[1, 2]])")
split_with_sizes_copy = _copy_of(
    splitting.split_with_sizes, "split_with_sizes", "x, [1, 1])[0]\n    tensor([[1, 2]])"
)
squeeze_copy = _copy_of(shape.squeeze, "squeeze", "x[:1])\n    tensor([1, 2])")
t_copy = _copy_of(shape.t, "t", "x)[0]\n    tensor([1, 3])")
transpose_copy = _copy_of(shape.transpose, "transpose", "x, 0, 1)[0]\n    tensor([1, 3])")
unbind_copy = _copy_of(splitting.unbind, "unbind", "x)\n    (tensor([1, 2]), tensor([3, 4]))")
unfold_copy = _copy_of(strided.unfold, "unfold", "x[0], 0, 2, 1)\n    tensor([[1, 2]])")
unsqueeze_copy = _copy_of(shape.unsqueeze, "unsqueeze", "x[0], 0)\n    tensor([[1, 2]])")
view_copy = _copy_of(shape.view, "view", "x, (4,))\n    tensor([1, 2, 3, 4])")


def fill(input: Tensor, value: Any) -> Tensor:
    """Return a tensor of the same shape, dtype and device, filled with a number.

    Args:
        input: a tensor.
        value: a number or a 0-d tensor.

    Example:
        >>> import portfire
        >>> portfire.fill(portfire.zeros(2), 5)
        tensor([5., 5.])
    """
    return conversion.fill_(input.clone(), value)
