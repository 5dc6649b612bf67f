"""Gathering and scattering along a dimension."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._dtype import int32, int64
from portfire._functions import creation, shape
from portfire._functions._inplace import into
from portfire._functions._operands import number_of
from portfire.ops import _along
from portfire.ops._reduction import highest, lowest

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["gather", "index_reduce", "scatter", "scatter_add", "scatter_reduce", "take_along_dim"]


def _check_gather(name: str, x: Tensor, axis: int, index: Tensor) -> None:
    if index._dtype is not int64:
        raise RuntimeError(f"{name}(): Expected dtype int64 for index")
    if max(index.ndim, 1) != max(x.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for i, (n, size) in enumerate(zip(index._shape, x._shape, strict=False)):
        if i != axis and n > size:
            raise RuntimeError(
                f"Size does not match at dimension {i} expected index {list(index._shape)} to be "
                f"no larger than self {list(x._shape)} apart from dimension {axis}"
            )


def _lined(x: Tensor) -> Tensor:
    """A 0-d tensor as one element of a line; others as they are."""
    return x if x.ndim else x.reshape(1)


def gather(
    input: Tensor,
    dim: int,
    index: Tensor,
    *,
    sparse_grad: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``input[i][index[i][j]]`` for ``dim=1``, and so on.

    Args:
        input: a tensor.
        dim: the dimension that the index addresses.
        index: an int64 tensor with as many dimensions, no larger than the input elsewhere.
        sparse_grad: accepted as torch does; gradients are dense.
        out: a tensor that receives the result.

    Returns:
        A tensor of the index's shape.

    Raises:
        RuntimeError: if the shapes do not fit or the dtype is wrong.
        IndexError: when the values are read, if an index is out of range.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1, 2], [3, 4]])
        >>> portfire.gather(x, 1, portfire.tensor([[0], [1]]))
        tensor([[1],
                [4]])
    """
    axis = shape.wrap_dim(dim, input.ndim)
    if index.numel() == 0 and index._dtype is int64 and index.ndim != input.ndim:
        return into(out, input.new_empty(index._shape))
    _check_gather("gather", input, axis, index)
    taken = dispatch.apply(_along.TAKE_ALONG, (_lined(input), _lined(index)), (axis,))
    return into(out, taken if taken._shape == index._shape else taken.reshape(index._shape))


def take_along_dim(
    input: Tensor, indices: Tensor, dim: int | None = None, *, out: Tensor | None = None
) -> Tensor:
    """Return `gather` with broadcasting; of the flat tensor without a dim.

    Args:
        input: a tensor.
        indices: an int64 tensor.
        dim: the dimension that the indices address.
        out: a tensor that receives the result.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1, 2], [3, 4]])
        >>> portfire.take_along_dim(x, portfire.tensor([[1]]), 1)
        tensor([[2],
                [4]])
    """
    if indices._dtype is not int64:
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got "
            f"{indices._dtype.scalar_name}"
        )
    if dim is None:
        return gather(input.reshape(-1), 0, indices.reshape(-1), out=out)
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    axis = shape.wrap_dim(dim, input.ndim)
    sizes = list(
        dispatch.broadcast_shapes(
            tuple(1 if i == axis else n for i, n in enumerate(input._shape)),
            tuple(1 if i == axis else n for i, n in enumerate(indices._shape)),
        )
    )
    if not input.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    own, wanted = list(sizes), list(sizes)
    own[axis], wanted[axis] = input._shape[axis], indices._shape[axis]
    return gather(input.expand(own), axis, indices.expand(wanted), out=out)


def _source(name: str, x: Tensor, axis: int, index: Tensor, src: Any) -> Tensor:
    """What to write: a number repeated, or the part of a tensor that the index covers."""
    src = number_of(src)
    if type(src) in dispatch.NUMBERS:
        number = creation.number_in(src, x._dtype)
        return creation.full(index._shape, number, dtype=x._dtype, device=x.device)
    if src._dtype is not x._dtype:
        raise RuntimeError(f"{name}(): Expected self.dtype to be equal to src.dtype")
    if max(src.ndim, 1) != max(index.ndim, 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    if any(n > m for n, m in zip(index._shape, src._shape, strict=False)):
        raise RuntimeError(
            f"Expected index {list(index._shape)} to be no larger than self {list(x._shape)} "
            f"apart from dimension {axis} and to be no larger size than src {list(src._shape)}"
        )
    source: Tensor = src
    for i, n in enumerate(index._shape):
        if n != source._shape[i]:
            source = source.narrow(i, 0, n)
    return source


def _put(x: Tensor, axis: int, index: Tensor, source: Tensor, mode: str) -> Tensor:
    op = _along.PUT_ALONG if mode in ("set", "add") else _along.REDUCE_ALONG
    new = dispatch.apply(op, (_lined(x), _lined(index), _lined(source)), (axis, mode))
    return new if new._shape == x._shape else new.reshape(x._shape)


def _scatter(x: Tensor, dim: int, index: Tensor, src: Any, mode: str, name: str) -> Tensor:
    axis = shape.wrap_dim(dim, x.ndim)
    if index.numel() == 0:
        return x.clone()
    _check_gather(name, x, axis, index)
    return _put(x, axis, index, _source(name, x, axis, index, src), mode)


# What `reduce` may say in `scatter`, and what it does.
_MODES = {None: "set", "add": "add", "multiply": "mul"}


def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Any = None,
    *,
    reduce: str | None = None,
    value: Any = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the tensor with ``src`` written where the index says, the inverse of `gather`.

    Args:
        input: a tensor.
        dim: the dimension that the index addresses.
        index: an int64 tensor with as many dimensions.
        src: a tensor at least as large as the index, or a number.
        reduce: None to replace, ``"add"`` to add, ``"multiply"`` to multiply.
        value: a number, in place of ``src``.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if the shapes or dtypes do not fit.
        IndexError: when the values are read, if an index is out of range.

    Example:
        >>> import portfire
        >>> portfire.zeros(2, 3).scatter(1, portfire.tensor([[1], [2]]), 1.0)
        tensor([[0., 1., 0.],
                [0., 0., 1.]])
    """
    if reduce not in _MODES:
        raise RuntimeError("reduce argument must be either add or multiply.")
    if (src is None) == (value is None):
        raise TypeError("scatter() takes either 'src' or 'value'")
    given = value if src is None else src
    return into(out, _scatter(input, dim, index, given, _MODES[reduce], "scatter"))


def scatter_add(
    input: Tensor, dim: int, index: Tensor, src: Tensor, *, out: Tensor | None = None
) -> Tensor:
    """Return the tensor with ``src`` added where the index says, in a fixed order.

    Args:
        input: a tensor.
        dim: the dimension that the index addresses.
        index: an int64 tensor with as many dimensions.
        src: a tensor at least as large as the index.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if the shapes or dtypes do not fit.

    Example:
        >>> import portfire
        >>> portfire.zeros(2).scatter_add(0, portfire.tensor([0, 0]), portfire.ones(2))
        tensor([2., 0.])
    """
    return into(out, _scatter(input, dim, index, src, "add", "scatter_add"))


_REDUCTIONS = {"sum": "add", "prod": "mul", "mean": "add", "amax": "amax", "amin": "amin"}


def _start(x: Tensor, reduce: str) -> Any:
    """The number that changes nothing."""
    if reduce in ("amax", "amin"):
        kind = x._dtype.numpy
        number = lowest(kind) if reduce == "amax" else highest(kind)
        return float(number) if x._dtype.is_floating_point else int(number)
    return 1 if reduce == "prod" else 0


def _reduced(
    x: Tensor, axis: int, index: Tensor, source: Tensor, reduce: str, include_self: bool
) -> Tensor:
    base = x
    if not include_self:
        blank = dispatch.full(index._shape, _start(x, reduce), x)
        base = _put(x, axis, index, blank, "set")
    result = _put(base, axis, index, source, _REDUCTIONS[reduce])
    if reduce != "mean":
        return result
    count = dispatch.full(x._shape, 1, x)
    if not include_self:
        count = _put(count, axis, index, dispatch.full(index._shape, 0, x), "set")
    count = _put(count, axis, index, dispatch.full(index._shape, 1, x), "add")
    return result / count if x._dtype.is_floating_point else result // count


def scatter_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
    out: Tensor | None = None,
) -> Tensor:
    """Return the tensor with its elements combined with all of ``src`` that the index sends there.

    Args:
        input: a tensor.
        dim: the dimension that the index addresses.
        index: an int64 tensor with as many dimensions.
        src: a tensor at least as large as the index.
        reduce: ``"sum"``, ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the tensor's own elements take part.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: for another ``reduce``, or if the shapes or dtypes do not fit.

    Example:
        >>> import portfire
        >>> index = portfire.tensor([0, 1, 0])
        >>> src = portfire.tensor([1.0, 2.0, 3.0])
        >>> portfire.zeros(2).scatter_reduce(0, index, src, "amax")
        tensor([3., 2.])
    """
    if reduce not in _REDUCTIONS:
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    axis = shape.wrap_dim(dim, input.ndim)
    if index.numel() == 0:
        return into(out, input.clone())
    _check_gather("scatter", input, axis, index)
    source = _source("scatter", input, axis, index, src)
    return into(out, _reduced(input, axis, index, source, reduce, include_self))


def index_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
    out: Tensor | None = None,
) -> Tensor:
    """Return the tensor with its slices combined with all slices of ``source`` sent there.

    Args:
        input: a tensor.
        dim: the dimension of the slices.
        index: an int64 or int32 vector: where each slice of the source goes.
        source: a tensor of the input's shape but for that dimension.
        reduce: ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the tensor's own elements take part.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: for another ``reduce``, or if the dtypes do not fit.
        IndexError: if the index is no vector.

    Example:
        >>> import portfire
        >>> source = portfire.tensor([[3.0, 4.0], [5.0, 6.0]])
        >>> portfire.ones(2, 2).index_reduce(0, portfire.tensor([1, 1]), source, "prod")
        tensor([[ 1.,  1.],
                [15., 24.]])
    """
    if reduce == "sum" or reduce not in _REDUCTIONS:
        raise RuntimeError(
            f"index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got "
            f"{reduce}."
        )
    axis = shape.wrap_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError("index_reduce_(): Index is supposed to be a vector")
    if index._dtype not in (int64, int32):
        raise RuntimeError("index_reduce(): Expected dtype int32/int64 for index")
    if source._dtype is not input._dtype:
        raise RuntimeError("index_reduce(): self and source expected to have the same dtype")
    row = _lined(source)
    spread = tuple(-1 if i == axis else 1 for i in range(row.ndim))
    places = index.reshape(spread).expand(row._shape).to(int64)
    if not places.numel():
        return into(out, input.clone())
    return into(out, _reduced(input, axis, places, row, reduce, include_self))
