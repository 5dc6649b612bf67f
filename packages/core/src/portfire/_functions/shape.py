"""Views: other shapes, other orders, parts."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._spec import Spec
from portfire._storage import layout, view_strides
from portfire.ops import _movement as m

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "broadcast_tensors",
    "broadcast_to",
    "chunk",
    "flatten",
    "movedim",
    "narrow",
    "permute",
    "ravel",
    "reshape",
    "select",
    "split",
    "squeeze",
    "t",
    "transpose",
    "unbind",
    "unflatten",
    "unsqueeze",
]


Shape = tuple[int, ...]


def wrap_dim(dim: int, ndim: int) -> int:
    """A non-negative dimension; IndexError if there is none such. A 0-d tensor counts as 1-d."""
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(f"dim must be an int, not {type(dim).__name__}")
    dim = int(dim)
    bound = max(ndim, 1)
    if not -bound <= dim < bound:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-bound}, {bound - 1}], but got "
            f"{dim})"
        )
    return dim % bound


def _ints(name: str, args: Sequence[Any]) -> Shape:
    """The integers in ``f(2, 3)`` or ``f((2, 3))``."""
    if len(args) == 1 and isinstance(args[0], list | tuple):
        args = args[0]
    for position, n in enumerate(args):
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise TypeError(
                f"{name}(): argument must be tuple of ints, but found element of type "
                f"{type(n).__name__} at pos {position}"
            )
    return tuple(int(n) for n in args)


def _infer_size(shape: Shape, numel: int) -> Shape:
    """Replace the one -1 of a target shape."""
    if any(n < -1 for n in shape):
        raise RuntimeError(f"invalid shape dimension {min(shape)}")
    if shape.count(-1) > 1:
        raise RuntimeError("only one dimension can be inferred")
    if -1 not in shape:
        if math.prod(shape) != numel:
            raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")
        return shape
    rest = math.prod(n for n in shape if n != -1)
    if rest == 0:
        if numel == 0:
            raise RuntimeError(
                f"cannot reshape tensor of 0 elements into shape {list(shape)} because the "
                "unspecified dimension size -1 can be any value and is ambiguous"
            )
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")
    if numel % rest:
        raise RuntimeError(f"shape '{list(shape)}' is invalid for input of size {numel}")
    return tuple(numel // rest if n == -1 else n for n in shape)


def _is_viewable(x: Tensor, new: Shape) -> bool:
    if not x._path:
        return True
    strides, _ = layout(x._storage.value.shape, x._path)
    return view_strides(x._shape, strides, new) is not None


def reshape(input: Tensor, *shape: Any) -> Tensor:
    """Return the elements in row-major order in another shape; a view if that is possible.

    Args:
        input: a tensor.
        *shape: the new sizes; one may be -1 and is inferred.

    Raises:
        RuntimeError: if the numbers of elements differ.

    Example:
        >>> import portfire
        >>> portfire.arange(6).reshape(2, -1)
        tensor([[0, 1, 2],
                [3, 4, 5]])
    """
    new = _infer_size(_ints("reshape", shape), input.numel())
    if new == input._shape:
        return input._view(m.RESHAPE, (new,), new)
    if _is_viewable(input, new):
        return input._view(m.RESHAPE, (new,), new)
    return dispatch.apply(m.RESHAPE, (input,), (new,))


def view(input: Tensor, *shape: Any) -> Tensor:
    """Return a view of the elements in another shape, which shares the cell.

    Args:
        input: a tensor.
        *shape: the new sizes, one of which may be -1; or a dtype, as `Tensor.to` for its width.

    Raises:
        RuntimeError: if the layout does not allow it.

    Example:
        >>> import portfire
        >>> portfire.arange(4).view(2, 2)
        tensor([[0, 1],
                [2, 3]])
    """
    new = _infer_size(_ints("view", shape), input.numel())
    if not _is_viewable(input, new):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return input._view(m.RESHAPE, (new,), new)


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """Return a view in the shape of another tensor."""
    return view(input, other._shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """Return the elements in the shape of another tensor."""
    return reshape(input, other._shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Return the tensor with a range of dimensions made one.

    Example:
        >>> import portfire
        >>> portfire.flatten(portfire.ones(2, 3, 4), 1).shape
        portfire.Size([2, 12])
    """
    if not input.ndim:
        return reshape(input, 1)
    start, end = wrap_dim(start_dim, input.ndim), wrap_dim(end_dim, input.ndim)
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end:
        return input
    s = input._shape
    return reshape(input, (*s[:start], math.prod(s[start : end + 1]), *s[end + 1 :]))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Return the tensor with one dimension split into several.

    Example:
        >>> import portfire
        >>> portfire.ones(6).unflatten(0, (2, 3)).shape
        portfire.Size([2, 3])
    """
    axis = wrap_dim(dim, input.ndim)
    s = input._shape
    inner = tuple(sizes)
    if math.prod(inner) != s[axis] and -1 not in inner:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(inner)} don't multiply up to the size of dim {axis} "
            f"({s[axis]}) in the input tensor"
        )
    inner = _infer_size(inner, s[axis])
    return reshape(input, (*s[:axis], *inner, *s[axis + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """Return the elements as one dimension.

    Example:
        >>> import portfire
        >>> portfire.ravel(portfire.ones(2, 2))
        tensor([1., 1., 1., 1.])
    """
    return reshape(input, -1)


def squeeze(input: Tensor, dim: Any = None) -> Tensor:
    """Return the tensor without dimensions of size 1: all, or those named.

    Example:
        >>> import portfire
        >>> portfire.ones(1, 2, 1).squeeze().shape
        portfire.Size([2])
    """
    if dim is None:
        axes = {i for i, n in enumerate(input._shape) if n == 1}
    else:
        dims = dim if isinstance(dim, list | tuple) else (dim,)
        axes = {a for a in (wrap_dim(d, input.ndim) for d in dims) if input.ndim}
    new = tuple(n for i, n in enumerate(input._shape) if n != 1 or i not in axes)
    return input._view(m.RESHAPE, (new,), new)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """Return the tensor with a new dimension of size 1.

    Example:
        >>> import portfire
        >>> portfire.ones(2).unsqueeze(1).shape
        portfire.Size([2, 1])
    """
    axis = wrap_dim(dim, input.ndim + 1)
    new = (*input._shape[:axis], 1, *input._shape[axis:])
    return input._view(m.RESHAPE, (new,), new)


def expand(input: Tensor, *sizes: Any) -> Tensor:
    """Return a view with dimensions of size 1 repeated; -1 keeps a size.

    Raises:
        RuntimeError: if another size than 1 would change.

    Example:
        >>> import portfire
        >>> portfire.tensor([[1], [2]]).expand(2, 3)
        tensor([[1, 1, 1],
                [2, 2, 2]])
    """
    wanted = _ints("expand", sizes)
    extra = len(wanted) - input.ndim
    new = []
    for i, n in enumerate(wanted):
        if n == -1:
            if i < extra:
                raise RuntimeError(
                    f"The expanded size of the tensor ({n}) isn't allowed in a leading, "
                    f"non-existing dimension {i}"
                )
            n = input._shape[i - extra]
        new.append(n)
    target = tuple(new)
    m.EXPAND.infer((Spec(input._shape, input._dtype),), (target,))
    return input._view(m.EXPAND, (target,), target)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Return a view expanded to the shape of another tensor."""
    return expand(input, other._shape)


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Return a view broadcast to a shape.

    Example:
        >>> import portfire
        >>> portfire.broadcast_to(portfire.tensor([1, 2]), (2, 2))
        tensor([[1, 2],
                [1, 2]])
    """
    return expand(input, tuple(size))


def broadcast_tensors(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Return views of all tensors in their common broadcast shape.

    Example:
        >>> import portfire
        >>> a, b = portfire.broadcast_tensors(portfire.ones(2, 1), portfire.ones(3))
        >>> a.shape
        portfire.Size([2, 3])
    """
    common = dispatch.broadcast_shapes(*(t._shape for t in tensors))
    return tuple(expand(t, common) for t in tensors)


def permute(input: Tensor, *dims: Any) -> Tensor:
    """Return a view with the dimensions in another order.

    Raises:
        RuntimeError: if the dims are not each named once.

    Example:
        >>> import portfire
        >>> portfire.ones(2, 3, 4).permute(2, 0, 1).shape
        portfire.Size([4, 2, 3])
    """
    wanted = _ints("permute", dims)
    if len(wanted) != input.ndim:
        raise RuntimeError(
            f"permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {input.ndim} is not "
            f"equal to len(dims) = {len(wanted)}"
        )
    axes = tuple(wrap_dim(d, input.ndim) for d in wanted)
    if len(set(axes)) != len(axes):
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return input._view(m.PERMUTE, (axes,), tuple(input._shape[a] for a in axes))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Return a view with two dimensions exchanged.

    Example:
        >>> import portfire
        >>> portfire.ones(2, 3).transpose(0, 1).shape
        portfire.Size([3, 2])
    """
    a, b = wrap_dim(dim0, input.ndim), wrap_dim(dim1, input.ndim)
    axes = list(range(input.ndim))
    if axes:
        axes[a], axes[b] = axes[b], axes[a]
    return input._view(m.PERMUTE, (tuple(axes),), tuple(input._shape[i] for i in axes))


def t(input: Tensor) -> Tensor:
    """Return the transpose of a matrix; vectors and numbers as they are.

    Example:
        >>> import portfire
        >>> portfire.t(portfire.ones(2, 3)).shape
        portfire.Size([3, 2])
    """
    if input.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {input.ndim}D")
    return (
        transpose(input, 0, 1)
        if input.ndim == 2
        else input._view(m.RESHAPE, (input._shape,), input._shape)
    )


def matrix_transpose(input: Tensor) -> Tensor:
    """Return a view with the last two dimensions exchanged; see `Tensor.mT`."""
    if input.ndim < 2:
        raise RuntimeError(
            "tensor.mT is only supported on matrices or batches of matrices. "
            f"Got {input.ndim}-D tensor."
        )
    return transpose(input, -2, -1)


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """Return a view with some dimensions moved to other places.

    Example:
        >>> import portfire
        >>> portfire.ones(2, 3, 4).movedim(0, -1).shape
        portfire.Size([3, 4, 2])
    """
    src = [
        wrap_dim(d, input.ndim) for d in (source if isinstance(source, list | tuple) else [source])
    ]
    dst = [
        wrap_dim(d, input.ndim)
        for d in (destination if isinstance(destination, list | tuple) else [destination])
    ]
    if len(src) != len(dst) or len(set(src)) != len(src) or len(set(dst)) != len(dst):
        raise RuntimeError(
            f"movedim: invalid source or destination dims: {source} to {destination}"
        )
    order = [i for i in range(input.ndim) if i not in src]
    for place, axis in sorted(zip(dst, src, strict=True)):
        order.insert(place, axis)
    return permute(input, tuple(order))


def slice_view(input: Tensor, axis: int, start: int, size: int, step: int = 1) -> Tensor:
    """A view of ``size`` elements from ``start`` along one axis."""
    starts, sizes, steps = [0] * input.ndim, list(input._shape), [1] * input.ndim
    starts[axis], sizes[axis], steps[axis] = start, size, step
    new = tuple(sizes)
    return input._view(m.SLICE, (tuple(starts), new, tuple(steps)), new)


def narrow(input: Tensor, dim: int, start: int, length: int) -> Tensor:
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
    if not -n <= start <= n:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-n}, {n}], but got {start})"
        )
    start = start + n if start < 0 else start
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if start + length > n:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({n}).")
    return slice_view(input, axis, start, length)


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
        raise RuntimeError("Dimension specified as 0 but tensor has no dimensions")
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
        if size < 0 or (size == 0 and n):
            raise RuntimeError(
                f"split expects split_size be non-negative, but got split_size={size}"
            )
        sections = [min(size, n - i) for i in range(0, n, size)] if size and n else [n]
    else:
        sections = list(split_size_or_sections)
        if sum(sections) != n or min(sections, default=0) < 0:
            raise RuntimeError(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size "
                f"at dimension {axis}), but got split_sizes={sections}"
            )
    parts, start = [], 0
    for size in sections:
        parts.append(slice_view(input, axis, start, size))
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
    return split(input, max(1, -(-input._shape[axis] // chunks)), axis)


def in_place_view(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The in-place form of a view: the tensor itself becomes the view."""

    @functools.wraps(function)
    def method(self: Tensor, *args: Any) -> Tensor:
        view = function(self, *args)
        self._path, self._shape = view._path, view._shape
        if view._requires_grad and view._grad_fn is not None:
            self._grad_fn, self._output = view._grad_fn, view._output
        return self

    method.__name__ = f"{function.__name__}_"
    method.__doc__ = f"In-place form of `{function.__name__}`; returns the tensor itself."
    return method
