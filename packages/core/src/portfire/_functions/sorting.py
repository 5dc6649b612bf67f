"""Sorting, and searching in what is sorted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import bool_, int32, int64
from portfire._functions import along, creation
from portfire._functions._inplace import into
from portfire._functions._operands import number_of
from portfire._functions._results import KthvalueResult, Pair, SortResult, TopkResult, pair_into
from portfire._functions.shape import wrap_dim
from portfire._promotion import result_dtype
from portfire.ops import _along as a
from portfire.ops import _sorting as s

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "argsort",
    "bucketize",
    "isin",
    "kthvalue",
    "msort",
    "searchsorted",
    "sort",
    "topk",
]

PairOut = Any  # two tensors, or None


def _need(name: str, x: Any) -> None:
    if not isinstance(x, _tensor.Tensor):
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}"
        )


def order_of(x: Tensor, axis: int, descending: bool = False) -> Tensor:
    """The stable order along an axis, of a tensor with dimensions."""
    return dispatch.apply(s.ARGSORT, (x,), (axis, descending))


def at(x: Tensor, order: Tensor, axis: int) -> Tensor:
    """The elements at positions along an axis."""
    return dispatch.apply(a.TAKE_ALONG, (x, order), (axis,))


def no_bool(name: str, x: Tensor) -> None:
    """Raise what functions raise that have no kernel for bools."""
    if x._dtype is bool_:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for 'Bool'")


def not_empty(name: str, x: Tensor, axis: int) -> None:
    """Raise if there is nothing to choose from."""
    if x.ndim and x._shape[axis] == 0:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")


def sort(
    input: Tensor,
    dim: int = -1,
    descending: bool = False,
    stable: bool = False,
    *,
    out: PairOut = None,
) -> Pair:
    """Return the elements in order along a dimension, and where they were.

    Args:
        input: a tensor.
        dim: the dimension; the last one by default.
        descending: the largest first.
        stable: accepted as torch does; the order is always stable.
        out: two tensors that receive the values and the indices.

    Returns:
        ``(values, indices)``; NaN counts as the largest.

    Raises:
        IndexError: if the dimension is out of range.

    Example:
        >>> import portfire
        >>> portfire.sort(portfire.tensor([3, 1, 2])).values
        tensor([1, 2, 3])
    """
    _need("sort", input)
    axis = wrap_dim(dim, input.ndim)
    if not input.ndim:
        result = SortResult(input.clone(), dispatch.full((), 0, input, int64))
    else:
        order = order_of(input, axis, descending)
        result = SortResult(at(input, order, axis), order)
    return pair_into(out, result)  # type: ignore[no-any-return]


def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """Return where the elements of a sorted tensor are; see `sort`.

    Example:
        >>> import portfire
        >>> portfire.argsort(portfire.tensor([3, 1, 2]))
        tensor([1, 2, 0])
    """
    return sort(input, dim, descending, stable).indices  # type: ignore[no-any-return]


def msort(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the elements in order along the first dimension.

    Example:
        >>> import portfire
        >>> portfire.msort(portfire.tensor([[2, 1], [1, 4]]))
        tensor([[1, 1],
                [2, 4]])
    """
    return into(out, sort(input, 0).values)


def topk(
    input: Tensor,
    k: int,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    *,
    out: PairOut = None,
) -> Pair:
    """Return the k largest (or smallest) elements along a dimension, and where they are.

    Args:
        input: a tensor.
        k: how many.
        dim: the dimension; the last one by default.
        largest: false for the smallest.
        sorted: accepted as torch does; the elements are always in order.
        out: two tensors that receive the values and the indices.

    Returns:
        ``(values, indices)``; of equal elements, the first ones.

    Raises:
        RuntimeError: if there are fewer than k elements, or for bools.

    Example:
        >>> import portfire
        >>> portfire.topk(portfire.tensor([3, 1, 4, 1, 5]), 2).values
        tensor([5, 4])
    """
    _need("topk", input)
    axis = wrap_dim(dim, input.ndim)
    if not 0 <= k <= (input._shape[axis] if input.ndim else 1):
        raise RuntimeError("selected index k out of range")
    if input._dtype is bool_:
        raise RuntimeError("topk does not support bool dtypes on CPU")
    if not input.ndim:
        result = TopkResult(input.clone(), dispatch.full((), 0, input, int64))
    else:
        order = dispatch.apply(s.TOPK, (input,), (axis, int(k), bool(largest)))
        result = TopkResult(at(input, order, axis), order)
    return pair_into(out, result)  # type: ignore[no-any-return]


def kthvalue(
    input: Tensor, k: int, dim: int = -1, keepdim: bool = False, *, out: PairOut = None
) -> Pair:
    """Return the k-th smallest element along a dimension, and where it is.

    Args:
        input: a tensor.
        k: the number of the element in order, from 1.
        dim: the dimension; the last one by default.
        keepdim: keep the dimension with size 1.
        out: two tensors that receive the values and the indices.

    Raises:
        RuntimeError: if there is no such element.
        IndexError: if the dimension has no elements.

    Example:
        >>> import portfire
        >>> portfire.kthvalue(portfire.tensor([3, 1, 2]), 2).values
        tensor(2)
    """
    _need("kthvalue", input)
    axis = wrap_dim(dim, input.ndim)
    not_empty("kthvalue", input, axis)
    if not 1 <= k <= (input._shape[axis] if input.ndim else 1):
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    no_bool("kthvalue", input)
    if not input.ndim:
        result = KthvalueResult(input.clone(), dispatch.full((), 0, input, int64))
    else:
        place = order_of(input, axis).narrow(axis, k - 1, 1)
        result = KthvalueResult(*chosen(input, place, axis, keepdim))
    return pair_into(out, result)  # type: ignore[no-any-return]


def chosen(x: Tensor, place: Tensor, axis: int, keepdim: bool) -> tuple[Tensor, Tensor]:
    """One element per row and where it is, with or without the axis."""
    values = at(x, place, axis)
    return (values, place) if keepdim else (values.squeeze(axis), place.squeeze(axis))


def _right(name: str, right: bool, side: str | None) -> bool:
    if side is None:
        return bool(right)
    if side not in ("left", "right"):
        raise RuntimeError(f"torch.{name}(): side can only be 'left' or 'right' but got {side}")
    if right and side == "left":
        raise RuntimeError(
            f"torch.{name}(): side and right can't be set to opposites, got side of left while "
            "right was True"
        )
    return side == "right"


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return where values would have to be inserted to keep a sequence sorted.

    Args:
        sorted_sequence: the sequences, along the last dimension; or one for all values.
        input: the values, a tensor or a number.
        out_int32: return int32 instead of int64.
        right: after equal elements instead of before them.
        side: the same in words: ``"left"`` or ``"right"``.
        sorter: the order of the sequence, if it is not sorted.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if shapes do not fit, or for contradicting sides.

    Example:
        >>> import portfire
        >>> portfire.searchsorted(portfire.tensor([1, 3, 5]), portfire.tensor([3, 6]))
        tensor([1, 3])
    """
    name = "torch.searchsorted()"
    after = _right("searchsorted", right, side)
    value = number_of(input)
    if type(value) in dispatch.NUMBERS:
        value = creation.tensor(value, device=sorted_sequence.device)
    sequence = sorted_sequence
    if not sequence.ndim:
        raise RuntimeError(
            f"{name}: boundaries tensor should have positive dimension, but got 0 dimension"
        )
    if not value.ndim and sequence.ndim != 1:
        raise RuntimeError(
            f"{name}: input value can be a scalar only when boundaries tensor dimension is 1, but "
            f"we got boundaries tensor dim({sequence.ndim}) and input value's dim(0) numel(1)"
        )
    if sequence.ndim != 1 and sequence._shape[:-1] != value._shape[:-1]:
        raise RuntimeError(
            f"{name}: boundaries tensor should be 1 dimension or the first N-1 dimensions of "
            "boundaries tensor and input value tensor must match, but we got boundaries tensor "
            f"{list(sequence._shape)} and input value tensor {list(value._shape)}"
        )
    if sorter is not None:
        sequence = _in_order(name, sequence, sorter)
    dtype = result_dtype(sequence, value)
    found = dispatch.apply(
        s.SEARCHSORTED, (sequence.detach().to(dtype), value.detach().to(dtype)), (after,)
    )
    return into(out, found.to(int32) if out_int32 else found)


def _in_order(name: str, sequence: Tensor, sorter: Tensor) -> Tensor:
    if sorter._shape != sequence._shape:
        raise RuntimeError(
            f"{name}: boundary and sorter must have the same size, but got boundary tensor "
            f"{list(sequence._shape)}and got sorter tensor {list(sorter._shape)}"
        )
    if sorter._dtype is not int64:
        raise RuntimeError(
            f"{name}: sorter must be a tensor of long dtype but got dtype "
            f"{sorter._dtype.scalar_name}"
        )
    return along.gather(sequence, -1, sorter)


def bucketize(
    input: Any,
    boundaries: Tensor,
    *,
    out_int32: bool = False,
    right: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Return the number of the interval between boundaries that each value falls into.

    Args:
        input: the values, a tensor or a number.
        boundaries: a sorted vector.
        out_int32: return int32 instead of int64.
        right: intervals are open at their right end instead of their left.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if the boundaries are no vector.

    Example:
        >>> import portfire
        >>> portfire.bucketize(portfire.tensor([1, 4]), portfire.tensor([0, 2, 6]))
        tensor([1, 2])
    """
    if boundaries.ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({boundaries.ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right, out=out)


def isin(
    elements: Any,
    test_elements: Any,
    *,
    assume_unique: bool = False,
    invert: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """Return for each element whether it is one of the test elements.

    Args:
        elements: a tensor or a number.
        test_elements: a tensor or a number.
        assume_unique: accepted as torch does; it changes nothing.
        invert: return whether it is none of them.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: for bools.

    Example:
        >>> import portfire
        >>> portfire.isin(portfire.tensor([1, 2, 3]), portfire.tensor([2, 5]))
        tensor([False,  True, False])
    """
    given = [number_of(x) for x in (elements, test_elements)]
    tensors = [x for x in given if isinstance(x, _tensor.Tensor)]
    if not tensors:
        raise TypeError("isin() received an invalid combination of arguments: no tensor")
    dtype = result_dtype(*given)
    x, tests = (
        g.detach()
        if isinstance(g, _tensor.Tensor)
        else creation.tensor(g, device=tensors[0].device)
        for g in given
    )
    for tensor in (x, tests):
        if tensor._dtype is bool_:
            raise RuntimeError("Unsupported input type encountered for isin(): Bool")
    if not tests.numel():
        return into(out, dispatch.full(x._shape, invert, x, bool_))
    line = sort(tests.to(dtype).reshape(-1)).values
    x = x.to(dtype)
    place = dispatch.apply(s.SEARCHSORTED, (line, x), (False,)).clamp(max=line._shape[0] - 1)
    found = line[place] == x
    return into(out, ~found if invert else found)
