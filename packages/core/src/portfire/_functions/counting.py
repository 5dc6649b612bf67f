"""Counting: histograms, and distinct elements. Their sizes depend on values, which are read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._dtype import bool_, float32, float64, int64
from portfire._functions import joining, reduction
from portfire._functions._inplace import into
from portfire._functions.shape import wrap_dim
from portfire._functions.sorting import order_of
from portfire.ops import _indexing as ix
from portfire.ops import _scan

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["bincount", "histc", "unique", "unique_consecutive"]


def _tally(place: Tensor, weights: Tensor, bins: int) -> Tensor:
    """Add weights up in bins, in a fixed order."""
    return dispatch.apply(ix.PUT, (dispatch.zeros((bins,), weights), place, weights), (0, "add"))


def histc(
    input: Tensor, bins: int = 100, min: float = 0, max: float = 0, *, out: Tensor | None = None
) -> Tensor:
    """Return how many elements fall into each of some equal bins between two bounds.

    Args:
        input: a float tensor.
        bins: how many bins.
        min: the lower bound.
        max: the upper bound; if both are equal, the extremes of the input are taken.
        out: a tensor that receives the result.

    Returns:
        The counts, in the input's dtype; elements outside the bounds do not count.

    Raises:
        RuntimeError: for bounds that are not finite or not in order.

    Example:
        >>> import portfire
        >>> portfire.histc(portfire.tensor([1.0, 2.0, 3.0, 3.0]), 3)
        tensor([1., 1., 2.])
    """
    if not input._dtype.is_floating_point:
        raise NotImplementedError(
            f"\"histogram_cpu\" not implemented for '{input._dtype.scalar_name}'"
        )
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    if max < min:
        raise RuntimeError("torch.histc: max must be larger than min")
    x = input.detach().reshape(-1)
    low, high = float(min), float(max)
    if low == high and x.numel():
        ends = joining.stack([reduction.amin(x), reduction.amax(x)]).tolist()
        low, high = ends
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low:g}, {high:g}] is not finite")
    if low == high:
        low, high = low - 1, high + 1
    inside = (x >= low) & (x <= high)
    spot = ((x - low) * (bins / (high - low))).clamp(max=bins - 1)
    # Everything else goes to a spare bin.
    place = dispatch.where(inside, spot, float(bins)).to(int64)
    counts = _tally(place, dispatch.full(x._shape, 1, x), bins + 1)
    return into(out, counts.narrow(0, 0, bins))


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """Return how often each number from 0 occurs; waits for the values.

    Args:
        input: a vector of integers that are not negative.
        weights: what to add for each instead of 1.
        minlength: the least size of the result.

    Raises:
        RuntimeError: for other inputs, or weights of another length.

    Example:
        >>> import portfire
        >>> portfire.bincount(portfire.tensor([1, 2, 2]))
        tensor([0, 1, 2])
    """
    if input._dtype.is_floating_point or input._dtype is bool_:
        raise NotImplementedError(
            f"\"bincount_cpu\" not implemented for '{input._dtype.scalar_name}'"
        )
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    sentence = "bincount only supports 1-d non-negative integral inputs."
    if input.ndim != 1:
        raise RuntimeError(sentence)
    if weights is not None and weights._shape != input._shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    if not input.numel():
        return dispatch.full((minlength,), 0, input, int64)
    x = input.to(int64)
    least, most = joining.stack([reduction.amin(x), reduction.amax(x)]).tolist()
    if least < 0:
        raise RuntimeError(sentence)
    if weights is None:
        added = dispatch.full(x._shape, 1, x)
    else:
        added = weights.detach().to(float32 if weights._dtype is float32 else float64)
    return _tally(x, added, most + 1 if most >= minlength else minlength)


def _runs(starts: Tensor) -> tuple[Tensor, Tensor, int]:
    """The number of the run of each element, where runs start, and how many there are."""
    n = starts._shape[0]
    rank = dispatch.apply(_scan.CUMSUM, (starts.to(int64),), (0,)) - 1
    count = int(rank[-1].item()) + 1
    spots = dispatch.iota((n,), 0, rank)
    # Elements inside runs go to a spare place at the end, which nobody reads.
    place = dispatch.where(starts, rank, count)
    base = dispatch.zeros((count + 1,), rank)
    found = dispatch.apply(ix.PUT, (base, place, spots), (0, "once"))
    return rank, found.narrow(0, 0, count), count


def _lengths(first: Tensor, n: int) -> Tensor:
    """The lengths of runs that start at some positions of n."""
    end = dispatch.full((1,), n, first)
    ends = joining.cat([first.narrow(0, 1, first._shape[0] - 1), end])
    return ends - first


def _answer(values: Tensor, inverse: Tensor | None, counts: Tensor | None) -> Any:
    found = [x for x in (values, inverse, counts) if x is not None]
    return tuple(found) if len(found) > 1 else values


def _distinct(
    x: Tensor, axis: int, ordered: bool, return_inverse: bool, return_counts: bool
) -> Any:
    """Distinct elements of a vector, or distinct slices along an axis."""
    n = x._shape[axis]
    rows = x.movedim(axis, 0).reshape((n, -1)) if x.ndim > 1 else x.reshape((n, 1))
    order = _lexicographic(rows) if ordered else None
    lined = rows if order is None else dispatch.apply(ix.TAKE, (rows, order), (0,))
    changes = reduction.any(lined.narrow(0, 1, n - 1) != lined.narrow(0, 0, n - 1), 1)
    rank, first, _ = _runs(_scan.before_first(changes, 0))
    place = first if order is None else dispatch.apply(ix.TAKE, (order, first), (0,))
    values = dispatch.apply(ix.TAKE, (x, place), (axis,))
    inverse = None
    if order is None:
        inverse = rank if return_inverse else None
    elif return_inverse:
        base = dispatch.zeros((n,), rank)
        inverse = dispatch.apply(ix.PUT, (base, order, rank), (0, "once"))
    return _answer(values, inverse, _lengths(first, n) if return_counts else None)


def _lexicographic(rows: Tensor) -> Tensor:
    """The order of rows: by the last column, then stably by the one before it, and so on."""
    order = order_of(rows.select(1, rows._shape[1] - 1), 0)
    for column in range(rows._shape[1] - 2, -1, -1):
        keys = dispatch.apply(ix.TAKE, (rows.select(1, column), order), (0,))
        order = dispatch.apply(ix.TAKE, (order, order_of(keys, 0)), (0,))
    return order


def _unique(
    x: Tensor, dim: int | None, ordered: bool, return_inverse: bool, return_counts: bool
) -> Any:
    x = x.detach()
    if dim is None:
        flat = x.reshape(-1)
        if not flat._shape[0]:
            blank = dispatch.full((0,), 0, x, int64)
            inverse = blank.reshape(x._shape) if return_inverse else None
            return _answer(flat, inverse, blank if return_counts else None)
        result = _distinct(flat, 0, ordered, return_inverse, return_counts)
        if not return_inverse:
            return result
        return (result[0], result[1].reshape(x._shape), *result[2:])
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = wrap_dim(dim, x.ndim)
    if any(n == 0 for i, n in enumerate(x._shape) if i != axis):
        raise RuntimeError(
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
        )
    if not x._shape[axis]:
        blank = dispatch.full((0,), 0, x, int64)
        return _answer(
            x.clone(), blank if return_inverse else None, blank if return_counts else None
        )
    return _distinct(x, axis, ordered, return_inverse, return_counts)


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the distinct elements (or slices along a dimension) in order; waits for their number.

    Args:
        input: a tensor.
        sorted: accepted as torch does; the result is always in order.
        return_inverse: return also where each element of the input is in the result.
        return_counts: return also how often each occurs.
        dim: the dimension of the slices; by default, single elements.

    Returns:
        A tensor, or a tuple with what else was asked for.

    Raises:
        RuntimeError: if the slices have no elements.

    Example:
        >>> import portfire
        >>> portfire.unique(portfire.tensor([3, 1, 2, 1]))
        tensor([1, 2, 3])
    """
    return _unique(input, dim, True, return_inverse, return_counts)


def unique_consecutive(
    input: Tensor,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """Return the elements (or slices) without those that repeat the one before; see `unique`.

    Example:
        >>> import portfire
        >>> portfire.unique_consecutive(portfire.tensor([1, 1, 2, 1]))
        tensor([1, 2, 1])
    """
    return _unique(input, dim, False, return_inverse, return_counts)
