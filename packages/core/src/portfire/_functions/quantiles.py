"""Medians, quantiles, and the most frequent element."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import float32, float64, int64
from portfire._functions import creation, reduction
from portfire._functions._inplace import into
from portfire._functions._operands import number_of
from portfire._functions._results import MedianResult, ModeResult, NanmedianResult, pair_into
from portfire._functions.shape import wrap_dim
from portfire._functions.sorting import at, chosen, no_bool, not_empty, order_of, sort
from portfire.ops import _scan
from portfire.ops._reduction import lowest

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["median", "mode", "nanmedian", "nanquantile", "quantile"]

PairOut = Any  # two tensors, or None


def _need(name: str, x: Any) -> None:
    if not isinstance(x, _tensor.Tensor):
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}"
        )


def _missing(x: Tensor, axis: int) -> Tensor:
    """How many elements along an axis are NaN, the axis kept."""
    return (x != x).sum(axis, keepdim=True)


def _middle(x: Tensor, axis: int, skip: bool) -> Tensor:
    """Where the lower median is, the axis kept; NaN wins, or is skipped."""
    n = x._shape[axis]
    order = order_of(x.detach(), axis)
    if not x._dtype.is_floating_point:
        return order.narrow(axis, (n - 1) // 2, 1)
    missing = _missing(x.detach(), axis)
    if skip:
        place = ((n - 1 - missing) // 2).clamp(min=0)
    else:  # the first NaN stands right after the numbers
        place = dispatch.where(missing > 0, n - missing, (n - 1) // 2)
    return at(order, place, axis)


def _whole(x: Tensor, skip: bool) -> Tensor:
    """The median of all elements; equal ones share the gradient."""
    no_bool("median", x)
    flat = x.reshape(-1)
    if not flat._shape[0]:
        kind = x._dtype.numpy
        return dispatch.full((), math.nan if kind.kind == "f" else int(lowest(kind)), x)
    value = at(flat, _middle(flat, 0, skip), 0)
    if not x._requires_grad or not x._dtype.is_floating_point:
        return value.reshape(())
    same = flat == value.detach()
    if not skip:
        same = same | (flat != flat)
    return reduction.amax(dispatch.where(same, flat, -math.inf))


def _along(name: str, kind: Any, x: Tensor, dim: int, keepdim: bool, out: PairOut) -> Any:
    axis = wrap_dim(dim, x.ndim)
    not_empty(name, x, axis)
    no_bool("median", x)
    if not x.ndim:
        return pair_into(out, kind(x.clone(), dispatch.full((), 0, x, int64)))
    if not x.numel():
        shape = list(x._shape)
        shape[axis] = 1
        place = dispatch.full(tuple(shape), 0, x, int64)
    else:
        place = _middle(x, axis, name == "nanmedian")
    return pair_into(out, kind(*chosen(x, place, axis, keepdim)))


def median(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: PairOut = None
) -> Any:
    """Return the median, the lower one of two; with a dim, values and indices.

    Args:
        input: a tensor.
        dim: a dimension; without it, the median of all elements is returned.
        keepdim: keep the dimension with size 1.
        out: two tensors that receive the values and the indices.

    Returns:
        A 0-d tensor, or ``(values, indices)``; NaN where there is a NaN.

    Raises:
        IndexError: if the dimension has no elements.

    Example:
        >>> import portfire
        >>> portfire.median(portfire.tensor([4.0, 1.0, 3.0, 2.0]))
        tensor(2.)
    """
    _need("median", input)
    if dim is None:
        return _whole(input, False)
    return _along("median", MedianResult, input, dim, keepdim, out)


def nanmedian(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: PairOut = None
) -> Any:
    """Return the median of what is not NaN; see `median`.

    Example:
        >>> import portfire
        >>> portfire.nanmedian(portfire.tensor([4.0, float("nan"), 3.0, 2.0]))
        tensor(3.)
    """
    _need("nanmedian", input)
    if dim is None:
        return _whole(input, True)
    return _along("nanmedian", NanmedianResult, input, dim, keepdim, out)


def mode(input: Tensor, dim: int = -1, keepdim: bool = False, *, out: PairOut = None) -> Any:
    """Return the most frequent element along a dimension, and where the last one of it is.

    Args:
        input: a tensor.
        dim: the dimension; the last one by default.
        keepdim: keep the dimension with size 1.
        out: two tensors that receive the values and the indices.

    Returns:
        ``(values, indices)``; of equally frequent elements, the smallest.

    Raises:
        IndexError: if the dimension has no elements.

    Example:
        >>> import portfire
        >>> portfire.mode(portfire.tensor([1, 2, 2, 3])).values
        tensor(2)
    """
    _need("mode", input)
    axis = wrap_dim(dim, input.ndim)
    not_empty("mode", input, axis)
    if not input.ndim:
        return pair_into(out, ModeResult(input.clone(), dispatch.full((), 0, input, int64)))
    ordered, order = sort(input.detach(), axis)
    n = input._shape[axis]
    spot = dispatch.iota(input._shape, axis, input, int64)
    changes = ordered.narrow(axis, 1, n - 1) != ordered.narrow(axis, 0, n - 1)
    # Runs of equal elements: the longest prefix of one ends where its last element stands.
    first = dispatch.where(_scan.before_first(changes, axis), spot, 0)
    length = spot - dispatch.apply(_scan.CUMMAX, (first,), (axis,))
    best = (
        reduction.argmax(length, axis, keepdim=True) if input.numel() else spot.narrow(axis, 0, 1)
    )
    place = at(order, best, axis)
    return pair_into(out, ModeResult(*chosen(input, place, axis, keepdim)))


_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


def _check_quantile(name: str, x: Tensor, q: Any, interpolation: str) -> Any:
    """The wanted quantiles as a number or a tensor."""
    _need(name, x)
    if x.numel() == 0:
        raise RuntimeError(f"{name}() input tensor must be non-empty")
    if x._dtype not in (float32, float64):
        raise RuntimeError(f"{name}() input tensor must be either float or double dtype")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}() interpolation must be one of linear, lower, higher, midpoint or nearest, "
            f"but got {interpolation}"
        )
    q = number_of(q)
    if isinstance(q, _tensor.Tensor):
        if q.ndim > 1:
            raise RuntimeError(f"{name}() q must be a scalar or 1D tensor")
        if q._dtype is not x._dtype:
            raise RuntimeError(f"{name}() q tensor must be same dtype as the input tensor")
        if q.numel() and not bool(((q >= 0) & (q <= 1)).all()):
            raise RuntimeError(f"{name}() q values must be in the range [0, 1]")
        return q
    if type(q) not in dispatch.NUMBERS:
        raise TypeError(f"{name}(): argument 'q' must be Tensor or float, not {type(q).__name__}")
    if not 0 <= q <= 1:
        raise RuntimeError(f"{name}() q must be in the range [0, 1] but got {q:g}")
    return creation.full((), float(q), dtype=x._dtype, device=x.device)


def _quantile(
    name: str, x: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str
) -> Tensor:
    q = _check_quantile(name, x, q, interpolation)
    axis = 0 if dim is None else wrap_dim(dim, x.ndim)
    kept = [1] * x.ndim if dim is None else [1 if i == axis else n for i, n in enumerate(x._shape)]
    row = x.reshape(-1) if dim is None or not x.ndim else x.movedim(axis, -1)
    rest = row._shape[:-1]
    values = sort(row).values
    last = row.ndim - 1
    missing = _missing(row.detach(), last)
    n = row._shape[-1]
    if name == "nanquantile":
        rank = q.reshape(-1) * (n - 1 - missing).clamp(min=0).to(x._dtype)
    else:
        rank = q.reshape(-1).expand((*rest, q.numel())) * float(n - 1)
        rank = dispatch.where(missing > 0, float(n - 1), rank)
    result = _interpolated(values, rank, last, interpolation)
    result = result.movedim(-1, 0)
    if keepdim:
        shape: Sequence[int] = kept
    else:
        shape = [] if dim is None else [n for i, n in enumerate(x._shape) if i != axis]
    return result.reshape(([q.numel()] if q.ndim else []) + list(shape))


def _interpolated(values: Tensor, rank: Tensor, axis: int, interpolation: str) -> Tensor:
    if interpolation == "nearest":
        rank = rank.round()
    elif interpolation == "higher":
        rank = rank.ceil()
    below = rank.detach().floor()
    lower = at(values, below.to(int64), axis)
    if interpolation not in ("linear", "midpoint"):
        return lower
    upper = at(values, rank.detach().ceil().to(int64), axis)
    if interpolation == "midpoint":
        return lower.lerp(upper, 0.5)
    return lower.lerp(upper, rank - below)


def quantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:
    """Return quantiles of all elements, or along a dimension.

    Args:
        input: a float32 or float64 tensor.
        q: a number between 0 and 1, or a vector of them, which becomes the first dimension.
        dim: the dimension; by default the tensor is taken as one line.
        keepdim: keep the dimension with size 1.
        interpolation: between two elements: ``"linear"``, ``"lower"``, ``"higher"``,
            ``"midpoint"`` or ``"nearest"``.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: for other dtypes, an empty tensor, or a ``q`` outside [0, 1].

    Example:
        >>> import portfire
        >>> portfire.quantile(portfire.tensor([1.0, 2.0, 3.0]), 0.4)
        tensor(1.8000)
    """
    return into(out, _quantile("quantile", input, q, dim, keepdim, interpolation))


def nanquantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
    out: Tensor | None = None,
) -> Tensor:
    """Return quantiles of what is not NaN; see `quantile`.

    Example:
        >>> import portfire
        >>> portfire.nanquantile(portfire.tensor([1.0, float("nan"), 3.0]), 0.5)
        tensor(2.)
    """
    return into(out, _quantile("nanquantile", input, q, dim, keepdim, interpolation))
