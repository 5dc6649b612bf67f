"""Joining, repeating and rearranging: copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import bool_, int64
from portfire._functions._inplace import into
from portfire.ops import _indexing as ix
from portfire.ops import _movement as m

if TYPE_CHECKING:
    from portfire._tensor import Tensor

from portfire._functions.shape import (
    _ints,
    distinct_dims,
    reshape,
    unsqueeze,
    wrap_dim,
)
from portfire._functions.splitting import narrow

__all__ = [
    "cat",
    "concat",
    "concatenate",
    "flip",
    "hstack",
    "roll",
    "row_stack",
    "stack",
    "tile",
    "tril",
    "triu",
    "vstack",
]


def flip(input: Tensor, *dims: Any) -> Tensor:
    """Return a copy with the order of some dimensions reversed.

    Example:
        >>> import portfire
        >>> portfire.flip(portfire.tensor([1, 2, 3]), (0,))
        tensor([3, 2, 1])
    """
    axes = tuple(sorted(distinct_dims(_ints("flip", dims), input.ndim)))
    return dispatch.apply(m.FLIP, (input,), (axes,)) if input.ndim else input.clone()


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Return a copy with elements moved along dimensions, around the end.

    Example:
        >>> import portfire
        >>> portfire.roll(portfire.tensor([1, 2, 3]), 1)
        tensor([3, 1, 2])
    """
    amounts = _ints("roll", (shifts,))
    axes = () if dims is None else _ints("roll", (dims,))
    if not axes and len(amounts) == 1:
        return roll(input.reshape(-1), shifts, 0).reshape(input._shape)
    if len(axes) != len(amounts):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(amounts)}, dims:{len(axes)}"
        )
    result = input
    for shift, dim in zip(amounts, axes, strict=True):
        axis = wrap_dim(dim, input.ndim)
        n = input._shape[axis]
        cut = (n - shift) % n if n else 0
        result = cat((narrow(result, axis, cut, n - cut), narrow(result, axis, 0, cut)), axis)
    return result


def _tensor_list(name: str, tensors: Any) -> list[Tensor]:
    if isinstance(tensors, _tensor.Tensor) or not isinstance(tensors, list | tuple):
        raise TypeError(
            f"{name}(): argument 'tensors' (position 1) must be tuple of Tensors, not "
            f"{type(tensors).__name__}"
        )
    for position, item in enumerate(tensors):
        if not isinstance(item, _tensor.Tensor):
            raise TypeError(
                f"expected Tensor as element {position} in argument 0, but got "
                f"{type(item).__name__}"
            )
    if not tensors and name == "cat":
        raise ValueError("cat(): expected a non-empty list of Tensors")
    if not tensors:
        raise RuntimeError(f"{name} expects a non-empty TensorList")
    return list(tensors)


def cat(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Return the tensors one after the other along a dimension.

    Args:
        tensors: tensors of equal sizes in the other dimensions; 1-d empty ones are passed over.
        dim: the dimension.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if other sizes differ.
        ValueError: if there is no tensor.

    Example:
        >>> import portfire
        >>> portfire.cat([portfire.tensor([1]), portfire.tensor([2, 3])])
        tensor([1, 2, 3])
    """
    items = _tensor_list("cat", tensors)
    for position, item in enumerate(items):
        if not item.ndim:
            raise RuntimeError(
                f"zero-dimensional tensor (at position {position}) cannot be concatenated"
            )
    from portfire._promotion import result_dtype

    dtype = result_dtype(*items)
    kept = [x for x in items if x._shape != (0,)] or items[:1]
    first = kept[0]
    axis = wrap_dim(dim, first.ndim)
    for position, item in enumerate(kept):
        if item.ndim != first.ndim:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {first.ndim} and {item.ndim}"
            )
        for i, (a, b) in enumerate(zip(first._shape, item._shape, strict=True)):
            if i != axis and a != b:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {a} "
                    f"but got size {b} for tensor number {position} in the list."
                )
    joined = dispatch.apply(ix.CONCAT, [x.to(dtype) for x in kept], (axis,))
    return into(out, joined)


concat = concatenate = cat


def stack(tensors: Sequence[Tensor], dim: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Return the tensors along a new dimension.

    Raises:
        RuntimeError: if their shapes differ.

    Example:
        >>> import portfire
        >>> portfire.stack([portfire.tensor([1, 2]), portfire.tensor([3, 4])])
        tensor([[1, 2],
                [3, 4]])
    """
    items = _tensor_list("stack", tensors)
    for position, item in enumerate(items):
        if item._shape != items[0]._shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(items[0]._shape)} at "
                f"entry 0 and {list(item._shape)} at entry {position}"
            )
    axis = wrap_dim(dim, items[0].ndim + 1)
    return cat([unsqueeze(x, axis) for x in items], axis, out=out)


def hstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Return the tensors side by side: along dim 1, or dim 0 if 1-d.

    Example:
        >>> import portfire
        >>> portfire.hstack([portfire.tensor([1]), portfire.tensor([2])])
        tensor([1, 2])
    """
    items = [x if x.ndim else reshape(x, 1) for x in _tensor_list("hstack", tensors)]
    return cat(items, 0 if items[0].ndim == 1 else 1, out=out)


def vstack(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Return the tensors on top of each other, 1-d ones as rows.

    Example:
        >>> import portfire
        >>> portfire.vstack([portfire.tensor([1]), portfire.tensor([2])])
        tensor([[1],
                [2]])
    """
    items = _tensor_list("vstack", tensors)
    rows = [x if x.ndim > 1 else reshape(x, (1, x.numel())) for x in items]
    return cat(rows, 0, out=out)


row_stack = vstack


def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """Return a copy repeated along each dimension.

    Example:
        >>> import portfire
        >>> portfire.tensor([1, 2]).repeat(2, 2)
        tensor([[1, 2, 1, 2],
                [1, 2, 1, 2]])
    """
    times = _ints("repeat", repeats)
    if len(times) < input.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    old = (1,) * (len(times) - input.ndim) + input._shape
    if any(n < 0 for n in times):
        sizes = [a * b for a, b in zip(times, old, strict=True)]
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(sizes)}: {sizes}")
    spread = tuple(x for n in old for x in (1, n))
    target = tuple(x for pair in zip(times, old, strict=True) for x in pair)
    tiled = dispatch.apply(m.EXPAND, (reshape(input, spread),), (target,))
    return reshape(tiled, tuple(a * b for a, b in zip(times, old, strict=True)))


def tile(input: Tensor, *dims: Any) -> Tensor:
    """Return a copy repeated along the last dimensions.

    Example:
        >>> import portfire
        >>> portfire.tile(portfire.tensor([1, 2]), (2,))
        tensor([1, 2, 1, 2])
    """
    times = _ints("tile", dims)
    return repeat(input, (1,) * (input.ndim - len(times)) + times)


def _triangle(input: Tensor, diagonal: int, lower: bool) -> Tensor:
    name = "tril" if lower else "triu"
    if isinstance(diagonal, bool) or not hasattr(diagonal, "__index__"):
        raise TypeError(
            f"{name}(): argument 'diagonal' (position 2) must be int, not {type(diagonal).__name__}"
        )
    if input.ndim < 2:
        raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")
    rows, columns = (dispatch.iota(input._shape[-2:], axis, input, int64) for axis in (0, 1))
    inside = (columns - rows <= diagonal) if lower else (columns - rows >= diagonal)
    zero = False if input._dtype is bool_ else 0
    return dispatch.where(inside, input, zero)


def tril(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Return the lower triangle of each matrix, zeros elsewhere.

    Example:
        >>> import portfire
        >>> portfire.tril(portfire.ones(2, 2))
        tensor([[1., 0.],
                [1., 1.]])
    """
    return into(out, _triangle(input, diagonal, lower=True))


def triu(input: Tensor, diagonal: int = 0, *, out: Tensor | None = None) -> Tensor:
    """Return the upper triangle of each matrix, zeros elsewhere.

    Example:
        >>> import portfire
        >>> portfire.triu(portfire.ones(2, 2))
        tensor([[1., 1.],
                [0., 1.]])
    """
    return into(out, _triangle(input, diagonal, lower=False))
