"""Views: other shapes, other orders, parts."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._layout import layout, view_strides
from portfire._size import Size
from portfire._spec import Spec
from portfire.ops import _movement as m

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "adjoint",
    "broadcast_shapes",
    "broadcast_tensors",
    "broadcast_to",
    "flatten",
    "moveaxis",
    "movedim",
    "permute",
    "ravel",
    "reshape",
    "squeeze",
    "swapaxes",
    "swapdims",
    "t",
    "transpose",
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


def distinct_dims(dims: Sequence[int], ndim: int) -> list[int]:
    """Non-negative dimensions; RuntimeError if one is named twice."""
    axes = [wrap_dim(d, ndim) for d in dims]
    for axis in axes:
        if axes.count(axis) > 1:
            raise RuntimeError(f"dim {axis} appears multiple times in the list of dims")
    return axes


def _ints(name: str, args: Sequence[Any]) -> Shape:
    """The integers in ``f(2, 3)`` or ``f((2, 3))``."""
    if len(args) == 1 and isinstance(args[0], list | tuple):
        args = args[0]
    elif not args:
        raise TypeError(f"{name}() missing 1 required positional arguments: a tuple of ints")
    for position, n in enumerate(args):
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise TypeError(
                f"{name}(): argument must be tuple of ints, but found element of type "
                f"{type(n).__name__} at pos {position}"
            )
    return tuple(int(n) for n in args)


def _infer_size(shape: Shape, numel: int) -> Shape:
    """Replace the one -1 of a target shape."""
    for i, n in enumerate(shape):
        if n < -1:
            raise RuntimeError(f"invalid shape dimension {n} at index {i} of shape {list(shape)}")
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


def reshaped(input: Tensor, new: Shape) -> Tensor:
    """A result in another shape: no view of anything, as what comes out of a reduction is none."""
    return input if input._shape == new else dispatch.apply(m.RESHAPE, (input,), (new,))


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
    """Return a view in the shape of another tensor.

    Example:
        >>> import portfire
        >>> portfire.tensor([1, 2, 3, 4]).view_as(portfire.zeros(2, 2)).tolist()
        [[1, 2], [3, 4]]
    """
    return view(input, other._shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """Return the elements in the shape of another tensor.

    Example:
        >>> import portfire
        >>> portfire.tensor([1, 2, 3, 4]).reshape_as(portfire.zeros(2, 2)).tolist()
        [[1, 2], [3, 4]]
    """
    return reshape(input, other._shape)


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Return the tensor with a range of dimensions made one.

    Example:
        >>> import portfire
        >>> portfire.flatten(portfire.ones(2, 3, 4), 1).shape
        portfire.Size([2, 12])
    """
    start, end = wrap_dim(start_dim, input.ndim), wrap_dim(end_dim, input.ndim)
    if not input.ndim:
        return reshape(input, 1)
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
    s = input._shape or (1,)
    inner = _ints("unflatten", (sizes,))
    if not input.ndim:
        raise RuntimeError("unflatten: a tensor without dimensions has none to split")
    if not inner:
        raise RuntimeError("unflatten: sizes must be non-empty")
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
        axes = set(distinct_dims(dims, input.ndim)) if input.ndim else {*map(_of_a_number, dims)}
    new = tuple(n for i, n in enumerate(input._shape) if n != 1 or i not in axes)
    return input._view(m.RESHAPE, (new,), new)


def _of_a_number(dim: int) -> int:
    """Check a dimension of a 0-d tensor, which has none to take away."""
    return wrap_dim(dim, 0)


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
    """Return a view expanded to the shape of another tensor.

    Example:
        >>> import portfire
        >>> portfire.tensor([1, 2]).expand_as(portfire.zeros(2, 2)).tolist()
        [[1, 2], [1, 2]]
    """
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


def broadcast_shapes(*shapes: Any) -> Size:
    """Return the shape that tensors of these shapes broadcast to.

    Args:
        *shapes: tuples of sizes, or single sizes.

    Raises:
        RuntimeError: if they do not broadcast.

    Example:
        >>> import portfire
        >>> portfire.broadcast_shapes((2, 1), (3,))
        portfire.Size([2, 3])
    """
    given = [_ints("broadcast_shapes", (shape,)) for shape in shapes]
    if any(n < 0 for shape in given for n in shape):
        raise ValueError("Attempting to broadcast a dimension with negative length!")
    return Size(dispatch.broadcast_shapes(*given))


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


swapaxes = swapdims = transpose


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


def reversed_dims(input: Tensor) -> Tensor:
    """Return a view with the dimensions in reverse order; see `Tensor.T`."""
    return permute(input, tuple(reversed(range(input.ndim))))


def matrix_transpose(input: Tensor) -> Tensor:
    """Return a view with the last two dimensions exchanged; see `Tensor.mT`."""
    return _last_two_exchanged(input, "mT")


def matrix_adjoint(input: Tensor) -> Tensor:
    """Return a view with the last two dimensions exchanged; see `Tensor.mH`."""
    return _last_two_exchanged(input, "mH")


def _last_two_exchanged(input: Tensor, name: str) -> Tensor:
    if input.ndim < 2:
        raise RuntimeError(
            f"tensor.{name} is only supported on matrices or batches of matrices. "
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
    sources, targets = _ints("movedim", (source,)), _ints("movedim", (destination,))
    if len(sources) != len(targets):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(sources)} dims) should "
            f"contain the same number of dims as destination ({list(targets)} dims)"
        )
    src = [wrap_dim(d, input.ndim) for d in sources]
    dst = [wrap_dim(d, input.ndim) for d in targets]
    for name, dims, given in (("source", src, sources), ("destination", dst, targets)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    if not input.ndim:
        return input._view(m.RESHAPE, ((),), ())
    order = [i for i in range(input.ndim) if i not in src]
    for place, axis in sorted(zip(dst, src, strict=True)):
        order.insert(place, axis)
    return permute(input, tuple(order))


moveaxis = movedim


def adjoint(input: Tensor) -> Tensor:
    """Return a view with the last two dimensions exchanged; there are no complex numbers.

    Raises:
        RuntimeError: if there is one dimension.

    Example:
        >>> import portfire
        >>> portfire.adjoint(portfire.ones(2, 3)).shape
        portfire.Size([3, 2])
    """
    return input if not input.ndim else _last_two_exchanged(input, "adjoint()")


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
