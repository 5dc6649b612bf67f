"""Scans along a dimension, differences, and integrals by trapezoids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import DType, bool_, int64, uint8
from portfire._functions import comparison, joining
from portfire._functions._inplace import into
from portfire._functions._results import CummaxResult, CumminResult, Pair, pair_into
from portfire._functions.shape import wrap_dim
from portfire.ops import _scan
from portfire.ops._record import Operator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "cummax",
    "cummin",
    "cumprod",
    "cumsum",
    "cumulative_trapezoid",
    "diff",
    "logcumsumexp",
    "trapezoid",
    "trapz",
]


def _need(name: str, x: Any) -> None:
    if not isinstance(x, _tensor.Tensor):
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}"
        )


def _running(name: str, op: Operator, x: Tensor, dim: int, dtype: DType | None) -> Tensor:
    """A scan in which integers and bool become int64 unless another dtype is asked for."""
    _need(name, x)
    if dtype is None:
        dtype = x._dtype if x._dtype.is_floating_point else int64
    axis = wrap_dim(dim, x.ndim)
    row = x.to(dtype)
    if not x.ndim or not x.numel():
        return row.clone()
    if dtype is bool_:
        raise NotImplementedError(f"\"{name}_out_cpu\" not implemented for 'Bool'")
    return dispatch.apply(op, (row,), (axis,))


def cumsum(
    input: Tensor, dim: int, *, dtype: DType | None = None, out: Tensor | None = None
) -> Tensor:
    """Return the running sums along a dimension.

    Args:
        input: a tensor.
        dim: the dimension.
        dtype: the type to sum in; int64 for integers and bool by default.
        out: a tensor that receives the result.

    Raises:
        IndexError: if the dimension is out of range.

    Example:
        >>> import portfire
        >>> portfire.cumsum(portfire.tensor([1, 2, 3]), dim=0)
        tensor([1, 3, 6])
    """
    return into(out, _running("cumsum", _scan.CUMSUM, input, dim, dtype))


def cumprod(
    input: Tensor, dim: int, *, dtype: DType | None = None, out: Tensor | None = None
) -> Tensor:
    """Return the running products along a dimension; see `cumsum`.

    Example:
        >>> import portfire
        >>> portfire.cumprod(portfire.tensor([2, 3, 4]), dim=0)
        tensor([ 2,  6, 24])
    """
    return into(out, _running("cumprod", _scan.CUMPROD, input, dim, dtype))


def _extreme(name: str, op: Operator, x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    _need(name, x)
    axis = wrap_dim(dim, x.ndim)
    if not x.ndim:
        return x.clone(), dispatch.full((), 0, x, int64)
    row = x.to(uint8) if x._dtype is bool_ else x
    values = dispatch.apply(op, (row,), (axis,))
    indices = _scan.last_winner(row.detach(), values.detach(), axis)
    return values.to(x._dtype), indices


def cummax(input: Tensor, dim: int, *, out: tuple[Tensor, Tensor] | None = None) -> Pair:
    """Return the running maxima along a dimension, and where the last of equal ones is.

    Args:
        input: a tensor.
        dim: the dimension.
        out: two tensors that receive the values and the indices.

    Returns:
        ``(values, indices)``; NaN counts as the largest.

    Example:
        >>> import portfire
        >>> portfire.cummax(portfire.tensor([1, 3, 2]), dim=0).values
        tensor([1, 3, 3])
    """
    return pair_into(out, CummaxResult(*_extreme("cummax", _scan.CUMMAX, input, dim)))  # type: ignore[no-any-return]


def cummin(input: Tensor, dim: int, *, out: tuple[Tensor, Tensor] | None = None) -> Pair:
    """Return the running minima along a dimension, and where the last of equal ones is.

    Args:
        input: a tensor.
        dim: the dimension.
        out: two tensors that receive the values and the indices.

    Returns:
        ``(values, indices)``; NaN counts as the smallest.

    Example:
        >>> import portfire
        >>> portfire.cummin(portfire.tensor([2, 3, 1]), dim=0).values
        tensor([2, 2, 1])
    """
    return pair_into(out, CumminResult(*_extreme("cummin", _scan.CUMMIN, input, dim)))  # type: ignore[no-any-return]


def logcumsumexp(input: Tensor, dim: int, *, out: Tensor | None = None) -> Tensor:
    """Return the running ``log(sum(exp(input)))`` along a dimension, without overflow.

    Args:
        input: a float tensor.
        dim: the dimension.
        out: a tensor that receives the result.

    Raises:
        NotImplementedError: for integers and bool.

    Example:
        >>> import portfire
        >>> portfire.logcumsumexp(portfire.tensor([0.0, 0.0]), dim=0)
        tensor([0.0000, 0.6931])
    """
    _need("logcumsumexp", input)
    if not input._dtype.is_floating_point:
        raise NotImplementedError(
            f"\"logcumsumexp_out_cpu\" not implemented for '{input._dtype.scalar_name}'"
        )
    axis = wrap_dim(dim, input.ndim)
    if not input.ndim:
        return into(out, input.clone())
    return into(out, dispatch.apply(_scan.LOGCUMSUMEXP, (input,), (axis,)))


def _part(x: Tensor, axis: int, first: int, last: int) -> Tensor:
    """Elements from ``first`` to those that leave ``last`` out at the end."""
    return x.narrow(axis, first, x._shape[axis] - first - last)


def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
    *,
    out: Tensor | None = None,
) -> Tensor:
    """Return the n-th differences of neighbors along a dimension; of bools, where they change.

    Args:
        input: a tensor with at least one dimension.
        n: how often to take differences.
        dim: the dimension.
        prepend: what to put before the input.
        append: what to put after it.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: for a 0-d tensor, a negative ``n``, or ends of other ranks.

    Example:
        >>> import portfire
        >>> portfire.diff(portfire.tensor([1, 3, 2]))
        tensor([ 2, -1])
    """
    _need("diff", input)
    if not input.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    axis = wrap_dim(dim, input.ndim)
    ends = [end for end in (prepend, append) if end is not None]
    if any(end.ndim != input.ndim for end in ends):
        raise RuntimeError("diff expects prepend or append to be the same dimension as input")
    x = input
    if ends:
        pieces = [piece for piece in (prepend, input, append) if piece is not None]
        x = joining.cat(pieces, axis)
    for _ in range(min(n, x._shape[axis])):
        later, earlier = _part(x, axis, 1, 0), _part(x, axis, 0, 1)
        x = comparison.ne(later, earlier) if x._dtype is bool_ else later - earlier
    return into(out, x.clone() if x is input else x)


def _steps(name: str, y: Tensor, x: Tensor | None, dx: Any, dim: int) -> tuple[Tensor, Any, int]:
    """The sums of neighbors, half the distances between them, and the axis."""
    if not y.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    axis = wrap_dim(dim, y.ndim)
    if y._dtype is bool_:
        raise RuntimeError(f"{name}: received a bool input for `y`, but bool is not supported")
    if x is None:
        return _part(y, axis, 1, 0) + _part(y, axis, 0, 1), dx / 2, axis
    if x._dtype is bool_:
        raise RuntimeError(f"{name}: received a bool input for `x`, but bool is not supported")
    if x.ndim == 1:
        if x._shape[0] != y._shape[axis]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x = x.reshape((-1,) + (1,) * (y.ndim - axis - 1))
    if x.ndim < y.ndim:
        x = x.reshape((1,) * (y.ndim - x.ndim) + x._shape)
    along = axis + x.ndim - y.ndim
    pairs = _part(y, axis, 1, 0) + _part(y, axis, 0, 1)
    return pairs, (_part(x, along, 1, 0) - _part(x, along, 0, 1)) / 2.0, axis


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """Return the integral along a dimension by the trapezoidal rule.

    Args:
        y: the samples.
        x: where they were taken: one vector for all, or a tensor that broadcasts with ``y``.
        dx: their distance, 1 by default, where there is no ``x``.
        dim: the dimension.

    Raises:
        RuntimeError: for bools, or if ``x`` has another number of samples.

    Example:
        >>> import portfire
        >>> portfire.trapezoid(portfire.tensor([1.0, 5.0, 2.0]))
        tensor(6.5000)
    """
    if x is not None and dx is not None:
        raise TypeError("trapezoid() received an invalid combination of arguments: both x and dx")
    axis = wrap_dim(dim, y.ndim)
    if y.ndim and not y._shape[axis]:
        left = tuple(n for i, n in enumerate(y._shape) if i != axis)
        return dispatch.full(left, False if y._dtype is bool_ else 0, y)
    pairs, half, axis = _steps("trapezoid", y, x, 1 if dx is None else dx, dim)
    total: Tensor
    if x is None:  # only the ends count half
        ends = y.select(axis, 0) + y.select(axis, -1)
        total = (y.sum(axis) - ends * 0.5) * (2 * half)
    else:
        total = (pairs * half).sum(axis - y.ndim)
    return total


def trapz(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1) -> Tensor:
    """Return `trapezoid`, under its older name.

    Example:
        >>> import portfire
        >>> portfire.trapz(portfire.tensor([1.0, 5.0, 2.0]))
        tensor(6.5000)
    """
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1
) -> Tensor:
    """Return the running integrals along a dimension by the trapezoidal rule; see `trapezoid`.

    Example:
        >>> import portfire
        >>> portfire.cumulative_trapezoid(portfire.tensor([1.0, 5.0, 2.0]))
        tensor([3.0000, 6.5000])
    """
    if x is not None and dx is not None:
        raise TypeError(
            "cumulative_trapezoid() received an invalid combination of arguments: both x and dx"
        )
    if y._dtype is bool_:
        raise RuntimeError(
            "cumulative_trapezoid: received a bool input for `y`, but bool is not supported"
        )
    if y.ndim and not y._shape[wrap_dim(dim, y.ndim)]:
        return y * 0.5
    pairs, half, axis = _steps("cumulative_trapezoid", y, x, 1 if dx is None else dx, dim)
    return cumsum(pairs * half, axis - y.ndim)
