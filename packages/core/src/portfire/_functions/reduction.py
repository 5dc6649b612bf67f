"""Reductions and softmax."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import DType, bool_, int64, uint8
from portfire._functions import bounds, comparison, elementary
from portfire._functions._inplace import into
from portfire._functions._results import Pair, pair_into
from portfire._functions.shape import reshaped, wrap_dim
from portfire._promotion import to_float
from portfire.ops import _composite as c
from portfire.ops import _reduction as r
from portfire.ops._record import Operator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "all",
    "amax",
    "amin",
    "aminmax",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "log_softmax",
    "logsumexp",
    "max",
    "mean",
    "min",
    "nanmean",
    "nansum",
    "prod",
    "softmax",
    "sum",
]

Dims = Any  # None, an int, or a tuple of ints


class MaxResult(Pair):
    """What `max` along a dimension returns."""


class MinResult(Pair):
    """What `min` along a dimension returns."""


class AminmaxResult(NamedTuple):
    """What `aminmax` returns."""

    min: Any
    max: Any

    def __repr__(self) -> str:
        return f"portfire.return_types.aminmax(\nmin={self.min!r},\nmax={self.max!r})"


def axes_of(dim: Dims, ndim: int) -> tuple[int, ...]:
    """Sorted non-negative axes; all of them for None or an empty tuple."""
    if dim is None:
        return tuple(range(ndim))
    if isinstance(dim, int):
        wrapped = wrap_dim(dim, ndim)
        return (wrapped,) if ndim else ()
    axes = [wrap_dim(d, ndim) for d in dim]
    if len(set(axes)) != len(axes):
        twice = next(a for a in axes if axes.count(a) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    if not axes:
        return tuple(range(ndim))
    return tuple(sorted(axes)) if ndim else ()


def _reduce(op: Operator, x: Tensor, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    result = dispatch.apply(op, (x,), (axes,))
    return reshaped(result, r.keep_axes(x._shape, axes)) if keepdim else result


def _summable(x: Tensor, dtype: DType | None) -> Tensor:
    """Integers and bool add up in int64 unless another dtype is asked for."""
    if dtype is None:
        dtype = x._dtype if x._dtype.is_floating_point else int64
    return x.to(dtype)


def _need(name: str, x: Any) -> None:
    if not isinstance(x, _tensor.Tensor):
        raise TypeError(
            f"{name}(): argument 'input' (position 1) must be Tensor, not {type(x).__name__}"
        )


def sum(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the sum of all elements, or along dimensions.

    Args:
        input: a tensor.
        dim: a dimension or a tuple of them; all by default.
        keepdim: keep the reduced dimensions with size 1.
        dtype: the type to sum in; int64 for integers and bool by default.
        out: where to write the result.

    Raises:
        IndexError: if a dimension is out of range.

    Example:
        >>> import portfire
        >>> portfire.sum(portfire.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1)
        tensor([3., 7.])
    """
    _need("sum", input)
    axes = axes_of(dim, input.ndim)
    return into(out, _reduce(r.SUM, _summable(input, dtype), axes, keepdim))


def prod(
    input: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the product of all elements, or along a dimension; see `sum`.

    Example:
        >>> import portfire
        >>> portfire.prod(portfire.tensor([1.0, 2.0, 3.0]))
        tensor(6.)
    """
    _need("prod", input)
    if isinstance(dim, tuple | list):
        raise TypeError(f"prod(): argument 'dim' must be int, not {type(dim).__name__}")
    axes = axes_of(dim, input.ndim)
    return into(out, _reduce(r.PROD, _summable(input, dtype), axes, keepdim))


def mean(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the mean of all elements, or along dimensions; NaN of nothing.

    Raises:
        RuntimeError: for integer tensors without ``dtype``.

    Example:
        >>> import portfire
        >>> portfire.mean(portfire.tensor([1.0, 2.0, 3.0]))
        tensor(2.)
    """
    _need("mean", input)
    x = input if dtype is None else input.to(dtype)
    if not x._dtype.is_floating_point:
        whose = "Input" if dtype is None else "Optional"
        raise RuntimeError(
            f"mean(): could not infer output dtype. {whose} dtype must be either a floating point "
            f"or complex dtype. Got: {x._dtype.scalar_name}"
        )
    axes = axes_of(dim, x.ndim)
    count = math.prod(x._shape[a] for a in axes)
    if count == 0:
        return into(out, _reduce(r.SUM, x, axes, keepdim) * math.nan)
    return into(out, _reduce(c.MEAN, x, axes, keepdim))


def nansum(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the sum with NaN counted as 0; see `sum`.

    Example:
        >>> import portfire
        >>> portfire.nansum(portfire.tensor([1.0, float("nan"), 2.0]))
        tensor(3.)
    """
    _need("nansum", input)
    known = input
    if input._dtype.is_floating_point:
        known = dispatch.where(comparison.isnan(input), 0.0, input)
    return sum(known, dim, keepdim, dtype=dtype, out=out)


def nanmean(
    input: Tensor,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the mean of what is not NaN; NaN where there is nothing else.

    Raises:
        RuntimeError: if the tensor, or ``dtype``, is not of floats.

    Example:
        >>> import portfire
        >>> portfire.nanmean(portfire.tensor([1.0, float("nan"), 3.0]))
        tensor(2.)
    """
    _need("nanmean", input)
    if not input._dtype.is_floating_point:
        raise RuntimeError(
            "nanmean(): expected input to have floating point or complex dtype but got "
            f"{input._dtype.scalar_name}"
        )
    if dtype is not None and not dtype.is_floating_point:
        raise RuntimeError(
            "nanmean(): could not infer output dtype. Optional dtype must be either a floating "
            f"point or complex dtype. Got: {dtype.scalar_name}"
        )
    count = sum(comparison.logical_not(comparison.isnan(input)), dim, keepdim)
    return into(out, nansum(input, dim, keepdim, dtype=dtype) / count)


def _extreme(name: str, op: Operator, x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    axes = axes_of(dim, x.ndim)
    if math.prod(x._shape[a] for a in axes) == 0:
        if dim is None or dim == ():
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        empty = next(a for a in axes if x._shape[a] == 0)
        raise IndexError(f"{name}(): Expected reduction dim {empty} to have non-zero size.")
    return _reduce(op, x, axes, keepdim)


def amax(
    input: Tensor, dim: Dims = (), keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Return the largest elements along dimensions; equal ones share the gradient.

    Example:
        >>> import portfire
        >>> portfire.amax(portfire.tensor([[1, 5], [7, 3]]), dim=0)
        tensor([7, 5])
    """
    _need("amax", input)
    return into(out, _extreme("amax", r.MAX, input, dim, keepdim))


def amin(
    input: Tensor, dim: Dims = (), keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Return the smallest elements along dimensions; equal ones share the gradient.

    Example:
        >>> import portfire
        >>> portfire.amin(portfire.tensor([[1, 5], [7, 3]]), dim=0)
        tensor([1, 3])
    """
    _need("amin", input)
    return into(out, _extreme("amin", r.MIN, input, dim, keepdim))


def max(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Tensor | None = None,
    out: Any = None,
) -> Any:
    """Return the largest element; with a dim, values and indices; with a tensor, `maximum`.

    Args:
        input: a tensor.
        dim: a dimension, or another tensor to compare with.
        keepdim: keep the reduced dimension with size 1.
        other: the other tensor by name.
        out: where to write the result; two tensors with a dim.

    Returns:
        A 0-d tensor, or ``(values, indices)``, or the elementwise maximum.

    Raises:
        RuntimeError: for an empty tensor without ``dim``.

    Example:
        >>> import portfire
        >>> portfire.max(portfire.tensor([1.0, 3.0, 2.0]))
        tensor(3.)
    """
    _need("max", input)
    other = dim if isinstance(dim, _tensor.Tensor) else other
    if other is not None:
        return into(out, bounds.maximum(input, other))
    if dim is None:
        return into(out, _extreme("max", r.MAX, input, None, False))
    return pair_into(out, MaxResult(*_with_index("max", argmax, input, dim, keepdim)))


def min(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    other: Tensor | None = None,
    out: Any = None,
) -> Any:
    """Return the smallest element; with a dim, values and indices; with a tensor, `minimum`.

    Example:
        >>> import portfire
        >>> portfire.min(portfire.tensor([1.0, 3.0, 2.0]))
        tensor(1.)
    """
    _need("min", input)
    other = dim if isinstance(dim, _tensor.Tensor) else other
    if other is not None:
        return into(out, bounds.minimum(input, other))
    if dim is None:
        return into(out, _extreme("min", r.MIN, input, None, False))
    return pair_into(out, MinResult(*_with_index("min", argmin, input, dim, keepdim)))


def _with_index(name: str, find: Any, x: Tensor, dim: int, keepdim: bool) -> tuple[Tensor, Tensor]:
    """Values by their index, so that the gradient goes to that one element."""
    if isinstance(dim, bool) or not isinstance(dim, int):
        raise TypeError(f"{name}(): argument 'dim' must be int, not {type(dim).__name__}")
    axis = wrap_dim(dim, x.ndim)
    if not x.ndim:
        return x.clone(), dispatch.full((), 0, x, int64)
    if x._shape[axis] == 0:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
    indices = find(x.to(uint8) if x._dtype is bool_ else x, axis, keepdim=True)
    values = x.gather(axis, indices)
    return (values, indices) if keepdim else (values.squeeze(axis), indices.squeeze(axis))


def _arg(name: str, op: Operator, x: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    _need(name, x)
    if x._dtype is bool_:
        raise RuntimeError(f"{name}(): does not support bool input")
    if dim is None:
        if x.numel() == 0:
            raise IndexError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
            )
        result = dispatch.apply(op, (x.reshape(-1),), (0,))
        return reshaped(result, (1,) * x.ndim) if keepdim else result
    axis = wrap_dim(dim, x.ndim)
    if not x.ndim:
        return dispatch.full((), 0, x, int64)
    if x._shape[axis] == 0:
        raise IndexError(f"{name}(): Expected reduction dim {axis} to have non-zero size.")
    result = dispatch.apply(op, (x,), (axis,))
    return result.unsqueeze(axis) if keepdim else result


def aminmax(
    input: Tensor, *, dim: int | None = None, keepdim: bool = False, out: Any = None
) -> Any:
    """Return the smallest and the largest element, of all or along a dimension.

    Raises:
        RuntimeError: for an empty tensor without ``dim``.
        IndexError: for an empty dimension.

    Example:
        >>> import portfire
        >>> portfire.aminmax(portfire.tensor([3, 1, 2])).max
        tensor(3)
    """
    _need("aminmax", input)
    axes = axes_of(dim, input.ndim)
    if math.prod(input._shape[a] for a in axes) == 0:
        if dim is None:
            raise RuntimeError(
                "aminmax(): cannot compute aminmax over an empty dimension as the operation has no "
                "identity."
            )
        raise IndexError(f"aminmax: Expected reduction dim {axes[0]} to have non-zero size.")
    found = AminmaxResult(*(_reduce(op, input, axes, keepdim) for op in (r.MIN, r.MAX)))
    if out is None:
        return found
    low, high = out
    return AminmaxResult(into(low, found.min), into(high, found.max))


def argmax(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Return the index of the first largest element, of the flat tensor or along a dimension.

    Example:
        >>> import portfire
        >>> portfire.argmax(portfire.tensor([[1, 9], [7, 3]]), dim=1)
        tensor([1, 0])
    """
    return into(out, _arg("argmax", r.ARGMAX, input, dim, keepdim))


def argmin(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Return the index of the first smallest element, of the flat tensor or along a dimension.

    Example:
        >>> import portfire
        >>> portfire.argmin(portfire.tensor([[1, 9], [7, 3]]), dim=1)
        tensor([0, 1])
    """
    return into(out, _arg("argmin", r.ARGMIN, input, dim, keepdim))


def all(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Return whether all elements are non-zero; True of nothing.

    Example:
        >>> import portfire
        >>> portfire.all(portfire.tensor([True, False]))
        tensor(False)
    """
    _need("all", input)
    return into(out, _truth(r.MIN, input, dim, keepdim))


def any(
    input: Tensor, dim: Dims = None, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Return whether some element is non-zero; False of nothing.

    Example:
        >>> import portfire
        >>> portfire.any(portfire.tensor([True, False]))
        tensor(True)
    """
    _need("any", input)
    return into(out, _truth(r.MAX, input, dim, keepdim))


def _truth(op: Operator, x: Tensor, dim: Dims, keepdim: bool) -> Tensor:
    known = x.to(bool_)
    none = isinstance(dim, tuple | list) and not dim  # here, and only here, no dims are none
    result = known if none else _reduce(op, known, axes_of(dim, x.ndim), keepdim)
    return result.to(uint8) if x._dtype is uint8 else result  # uint8 was the first bool


def count_nonzero(input: Tensor, dim: Dims = None) -> Tensor:
    """Return how many elements are non-zero.

    Example:
        >>> import portfire
        >>> portfire.count_nonzero(portfire.tensor([0, 1, 2]))
        tensor(2)
    """
    _need("count_nonzero", input)
    return sum(input.to(bool_), dim)


def logsumexp(
    input: Tensor, dim: Dims, keepdim: bool = False, *, out: Tensor | None = None
) -> Tensor:
    """Return ``log(sum(exp(input)))`` along dimensions, without overflow.

    Example:
        >>> import portfire
        >>> portfire.logsumexp(portfire.tensor([1000.0, 1000.0]), 0)
        tensor(1000.6932)
    """
    _need("logsumexp", input)
    x = input.to(to_float(input._dtype))
    axes = axes_of(dim, x.ndim)
    if math.prod(x._shape[a] for a in axes) == 0:
        return into(out, elementary.log(_reduce(r.SUM, elementary.exp(x), axes, keepdim)))
    top = _reduce(r.MAX, x.detach(), axes, True)
    top = dispatch.where(comparison.isfinite(top), top, 0.0)
    total = _reduce(r.SUM, elementary.exp(x - top), axes, True)
    result = elementary.log(total) + top
    kept = tuple(n for i, n in enumerate(x._shape) if i not in axes)
    return into(out, result if keepdim else reshaped(result, kept))


def softmax(
    input: Tensor, dim: int, dtype: DType | None = None, *, out: Tensor | None = None
) -> Tensor:
    """Return ``exp(input)`` over its sum along a dimension.

    Args:
        input: a float tensor.
        dim: the dimension along which the results add up to 1.
        dtype: convert to this type first.
        out: where to write the result.

    Raises:
        IndexError: if the dimension is out of range.

    Example:
        >>> import portfire
        >>> portfire.softmax(portfire.tensor([1.0, 1.0]), dim=0)
        tensor([0.5000, 0.5000])
    """
    return into(out, _soft("softmax", c.SOFTMAX, input, dim, dtype))


def log_softmax(
    input: Tensor, dim: int, dtype: DType | None = None, *, out: Tensor | None = None
) -> Tensor:
    """Return the logarithm of `softmax`, without overflow.

    Example:
        >>> import portfire
        >>> portfire.log_softmax(portfire.tensor([1.0, 1.0]), dim=0)
        tensor([-0.6931, -0.6931])
    """
    return into(out, _soft("log_softmax", c.LOG_SOFTMAX, input, dim, dtype))


def _soft(name: str, op: Operator, x: Tensor, dim: int, dtype: DType | None) -> Tensor:
    _need(name, x)
    x = x if dtype is None else x.to(dtype)
    if not x._dtype.is_floating_point:
        raise NotImplementedError(
            f"\"{name}_kernel_impl\" not implemented for '{x._dtype.scalar_name}'"
        )
    axis = wrap_dim(dim, x.ndim)
    if not x.ndim:
        return elementary.exp(x - x) if op is c.SOFTMAX else x - x
    if x._shape[axis] == 0:
        return x.clone()
    return dispatch.apply(op, (x,), (axis,))
