"""Views of parts of a dimension: one index, a range, all the pieces of a cut."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _tensor
from portfire._dtype import int64
from portfire._functions.shape import _ints, wrap_dim
from portfire.ops import _movement as m

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "chunk",
    "dsplit",
    "hsplit",
    "narrow",
    "select",
    "split",
    "split_with_sizes",
    "tensor_split",
    "unbind",
    "unsafe_chunk",
    "unsafe_split",
    "unsafe_split_with_sizes",
    "vsplit",
]


def slice_view(input: Tensor, axis: int, start: int, size: int, step: int = 1) -> Tensor:
    """A view of ``size`` elements from ``start`` along one axis."""
    starts, sizes, steps = [0] * input.ndim, list(input._shape), [1] * input.ndim
    starts[axis], sizes[axis], steps[axis] = start, size, step
    new = tuple(sizes)
    return input._view(m.SLICE, (tuple(starts), new, tuple(steps)), new)


def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """Return a view of ``length`` elements from ``start`` along a dimension.

    Raises:
        RuntimeError: if the range leaves the dimension.

    Example:
        >>> import portfire
        >>> portfire.arange(5).narrow(0, 1, 2)
        tensor([1, 2])
    """
    if not input.ndim:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    axis = wrap_dim(dim, input.ndim)
    n = input._shape[axis]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not isinstance(start, int):
        start = _start_of(start)
    if not -n <= start <= n:
        raise IndexError(
            f"start out of range (expected to be in range of [{-n}, {n}], but got {start})"
        )
    start = start + n if start < 0 else start
    if start + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return slice_view(input, axis, start, length)


def _start_of(start: Any) -> int:
    """The number in a tensor."""
    if getattr(start, "ndim", None) != 0 or start.dtype.is_floating_point:
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    return int(start.item())


def select(input: Tensor, dim: int, index: int) -> Tensor:
    """Return a view of one index of a dimension, without that dimension.

    Example:
        >>> import portfire
        >>> portfire.arange(6).reshape(2, 3).select(0, 1)
        tensor([3, 4, 5])
    """
    if not input.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = wrap_dim(dim, input.ndim)
    n = input._shape[axis]
    if not -n <= index < n:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._shape)} at "
            f"dimension {axis}"
        )
    part = slice_view(input, axis, index % n, 1)
    new = input._shape[:axis] + input._shape[axis + 1 :]
    return part._view(m.RESHAPE, (new,), new)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of every index of a dimension.

    Example:
        >>> import portfire
        >>> portfire.unbind(portfire.tensor([[1], [2]]))
        (tensor([1]), tensor([2]))
    """
    if not input.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axis = wrap_dim(dim, input.ndim)
    return tuple(select(input, axis, i) for i in range(input._shape[axis]))


def split(input: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of consecutive parts along a dimension.

    Args:
        input: a tensor.
        split_size_or_sections: the size of each part (the last may be smaller), or a list of sizes.
        dim: the dimension.

    Raises:
        RuntimeError: if a list of sizes does not add up.

    Example:
        >>> import portfire
        >>> portfire.split(portfire.arange(5), 2)
        (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    if not input.ndim:
        raise RuntimeError("split expects at least a 1-dimensional tensor")
    axis = wrap_dim(dim, input.ndim)
    n = input._shape[axis]
    if isinstance(split_size_or_sections, int):
        size = split_size_or_sections
        if size < 0:
            raise RuntimeError(
                f"split expects split_size be non-negative, but got split_size={size}"
            )
        if size == 0 and n:
            raise RuntimeError(
                f"split_size can only be 0 if dimension size is 0, but got dimension size of {n}"
            )
        sections = [min(size, n - i) for i in range(0, n, size)] if size and n else [n]
    elif not isinstance(split_size_or_sections, list | tuple):
        raise TypeError(
            "split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints, not "
            f"{type(split_size_or_sections).__name__}"
        )
    else:
        sections = list(_ints("split", (split_size_or_sections,)))
        if min(sections, default=0) < 0:
            raise RuntimeError(
                "split_with_sizes expects split_sizes have only non-negative entries, but got "
                f"split_sizes={sections}"
            )
        if sum(sections) != n:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size "
                f"at dimension {axis}), but got split_sizes={sections}"
            )
    parts, start = [], 0
    for size in sections:
        parts.append(slice_view(input, axis, start if size else 0, size))
        start += size
    return tuple(parts)


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of at most ``chunks`` parts of equal size (the last may be smaller).

    Example:
        >>> import portfire
        >>> portfire.chunk(portfire.arange(5), 2)
        (tensor([0, 1, 2]), tensor([3, 4]))
    """
    if chunks <= 0:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    if not input.ndim:
        raise RuntimeError("chunk expects at least a 1-dimensional tensor")
    axis = wrap_dim(dim, input.ndim)
    if not input._shape[axis]:
        return tuple(slice_view(input, axis, 0, 0) for _ in range(chunks))
    return split(input, -(-input._shape[axis] // chunks), axis)


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of consecutive parts of given sizes along a dimension.

    Raises:
        RuntimeError: if the sizes do not add up, or one is negative.

    Example:
        >>> import portfire
        >>> portfire.split_with_sizes(portfire.arange(4), [1, 3])
        (tensor([0]), tensor([1, 2, 3]))
    """
    if not isinstance(split_sizes, list | tuple):
        raise TypeError(
            "split_with_sizes(): argument 'split_sizes' (position 2) must be tuple of ints, not "
            f"{type(split_sizes).__name__}"
        )
    return split(input, list(split_sizes), dim)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Return views of the parts between some positions, or of a number of nearly equal parts.

    Args:
        input: a tensor of at least one dimension.
        indices_or_sections: the number of parts, of which the first ones are one larger where the
            size does not divide; or the positions at which to cut, as a list or 1-d tensor.
        dim: the dimension.

    Raises:
        RuntimeError: if there are to be no parts, or the tensor has no dimensions.

    Example:
        >>> import portfire
        >>> portfire.tensor_split(portfire.arange(5), 2)
        (tensor([0, 1, 2]), tensor([3, 4]))
        >>> portfire.tensor_split(portfire.arange(5), (1, 3))
        (tensor([0]), tensor([1, 2]), tensor([3, 4]))
    """
    if not input.ndim:
        raise RuntimeError(
            "tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims"
        )
    axis = wrap_dim(dim, input.ndim)
    n = input._shape[axis]
    cuts = _host_integers(indices_or_sections)
    if isinstance(cuts, int):
        if cuts <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {cuts}")
        size, larger = divmod(n, cuts)
        cuts = [i * size + min(i, larger) for i in range(1, cuts)]
    parts, start = [], 0
    for cut in [*cuts, n]:
        first, end, _ = slice(start, cut).indices(n)
        parts.append(slice_view(input, axis, first if end > first else 0, max(end - first, 0)))
        start = cut
    return tuple(parts)


def _host_integers(given: Any) -> int | list[int]:
    """The number of sections, or the positions, as Python integers."""
    if not isinstance(given, _tensor.Tensor):
        return [operator.index(i) for i in given] if isinstance(given, list | tuple) else int(given)
    if given.ndim > 1:
        raise RuntimeError(
            "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or "
            f"one-dimensional tensor, but got a tensor with {given.ndim} dims"
        )
    if given._dtype is not int64:
        raise RuntimeError(
            "tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
            f"{given._dtype.scalar_name}"
        )
    found: int | list[int] = given.tolist()
    return found


def _numpy_split(name: str, least: int, input: Tensor, given: Any, dim: int) -> tuple[Tensor, ...]:
    """A split along a fixed dimension, into equal parts if a number is given."""
    if input.ndim < least:
        raise RuntimeError(
            f"{name} requires a tensor with at least {least} dimension, but got a tensor with "
            f"{input.ndim} dimensions!"
        )
    n = input._shape[dim]
    if isinstance(given, int) and (given <= 0 or n % given):
        raise RuntimeError(
            f"{name} attempted to split along dimension {dim}, but the size of the dimension {n} "
            f"is not divisible by the split_size {given}!"
        )
    return tensor_split(input, given, dim)


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Return views of the parts side by side: along dim 1, or dim 0 if 1-d.

    Raises:
        RuntimeError: if a number of parts does not divide the size.

    Example:
        >>> import portfire
        >>> portfire.hsplit(portfire.arange(4), 2)
        (tensor([0, 1]), tensor([2, 3]))
    """
    return _numpy_split("hsplit", 1, input, indices_or_sections, 1 if input.ndim > 1 else 0)


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Return views of the parts on top of each other: along dim 0 of at least two dimensions.

    Raises:
        RuntimeError: if a number of parts does not divide the size.

    Example:
        >>> import portfire
        >>> portfire.vsplit(portfire.eye(2), 2)
        (tensor([[1., 0.]]), tensor([[0., 1.]]))
    """
    return _numpy_split("vsplit", 2, input, indices_or_sections, 0)


def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Return views of the parts along dim 2 of at least three dimensions.

    Raises:
        RuntimeError: if a number of parts does not divide the size.

    Example:
        >>> import portfire
        >>> [part.shape for part in portfire.dsplit(portfire.ones(1, 2, 4), [1])]
        [portfire.Size([1, 2, 1]), portfire.Size([1, 2, 3])]
    """
    return _numpy_split("dsplit", 3, input, indices_or_sections, 2)


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return `chunk`, as tensors with cells of their own.

    Example:
        >>> import portfire
        >>> portfire.unsafe_chunk(portfire.arange(2), 2)
        (tensor([0]), tensor([1]))
    """
    return tuple(part.clone() for part in chunk(input, chunks, dim))


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Return `split`, as tensors with cells of their own.

    Example:
        >>> import portfire
        >>> portfire.unsafe_split(portfire.arange(2), 1)
        (tensor([0]), tensor([1]))
    """
    return tuple(part.clone() for part in split(input, split_size, dim))


def unsafe_split_with_sizes(
    input: Tensor, split_sizes: Sequence[int], dim: int = 0
) -> tuple[Tensor, ...]:
    """Return `split_with_sizes`, as tensors with cells of their own.

    Example:
        >>> import portfire
        >>> portfire.unsafe_split_with_sizes(portfire.arange(2), [2])
        (tensor([0, 1]),)
    """
    return tuple(part.clone() for part in split_with_sizes(input, split_sizes, dim))
