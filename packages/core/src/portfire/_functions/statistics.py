"""Spread, norms, distance and correlation."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._dtype import BOOL, DType, promote_types
from portfire._functions import arithmetic, bounds, comparison, representation
from portfire._functions._inplace import into
from portfire._functions._operands import _need_tensor, _need_two
from portfire._functions.reduction import _extreme, _reduce, axes_of, mean
from portfire._promotion import to_float
from portfire.ops import _reduction as r

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["corrcoef", "cov", "dist", "norm", "std", "std_mean", "var", "var_mean"]

Dims = Any  # None, an int, or a tuple of ints


def _root(total: Tensor) -> Tensor:
    """The square root, with the gradient 0 at 0."""
    nothing = comparison.eq(total, 0)
    return dispatch.where(nothing, 0.0, arithmetic.sqrt(dispatch.where(nothing, 1.0, total)))


def _moments(
    names: str,
    x: Any,
    dim: Any,
    unbiased: bool | None,
    keepdim: bool,
    correction: float | None,
) -> tuple[Tensor, Tensor, tuple[int, ...]]:
    """The variance, the mean with its dimensions kept, and the axes."""
    _need_tensor(names.partition(" ")[0], x)
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise TypeError(f"{names}: expected one of 'unbiased' and 'correction', but got both")
    if correction is None:
        correction = 0.0 if unbiased is False else 1.0
    if not x._dtype.is_floating_point:
        raise RuntimeError(f"{names} only support floating point and complex dtypes")
    axes = axes_of(dim, x.ndim)
    count = math.prod(x._shape[a] for a in axes)
    middle = mean(x, axes if x.ndim else None, True)
    total = _reduce(r.SUM, arithmetic.square(x - middle), axes, keepdim)
    divisor = float(count) - correction
    return total / (divisor if divisor > 0 else 0.0), middle, axes


def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the variance: the sum of squared deviations over ``count - correction``.

    Args:
        input: a float tensor.
        dim: a dimension or a tuple of them; all by default.
        unbiased: the older form of ``correction``: True for 1, False for 0.
        keepdim: keep the reduced dimensions with size 1.
        correction: 1 by default.
        out: where to write the result.

    Raises:
        RuntimeError: for integer and bool tensors.

    Example:
        >>> import portfire
        >>> portfire.var(portfire.tensor([1.0, 2.0, 3.0]))
        tensor(1.)
    """
    return into(out, _moments("std and var", input, dim, unbiased, keepdim, correction)[0])


def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the standard deviation, the square root of `var`.

    Example:
        >>> import portfire
        >>> portfire.std(portfire.tensor([1.0, 2.0, 3.0]))
        tensor(1.)
    """
    found = _moments("std and var", input, dim, unbiased, keepdim, correction)[0]
    return into(out, _root(found))


def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the variance and the mean; see `var`.

    Example:
        >>> import portfire
        >>> portfire.var_mean(portfire.tensor([1.0, 2.0, 3.0]))
        (tensor(1.), tensor(2.))
    """
    found, middle, _ = _moments("var_mean", input, dim, unbiased, keepdim, correction)
    return found, middle.reshape(found._shape)


def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool | None = None,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the standard deviation and the mean; see `var`.

    Example:
        >>> import portfire
        >>> portfire.std_mean(portfire.tensor([1.0, 2.0, 3.0]))
        (tensor(1.), tensor(2.))
    """
    found, middle, _ = _moments("std_mean", input, dim, unbiased, keepdim, correction)
    return _root(found), middle.reshape(found._shape)


def vector_norm(x: Tensor, order: float, axes: tuple[int, ...], keepdim: bool) -> Tensor:
    """The norm of that order along axes; where it is 0 its gradient is 0 too."""
    if order == 2.0:
        return _root(_reduce(r.SUM, arithmetic.square(x), axes, keepdim))
    size = arithmetic.abs(x)
    if math.isinf(order):
        return _extreme("norm", r.MAX if order > 0 else r.MIN, size, axes, keepdim)
    if order == 1.0:
        return _reduce(r.SUM, size, axes, keepdim)
    if order == 0.0:
        # By the sign, which carries a gradient (of 0); NaN is an element that is not zero.
        there = dispatch.where(comparison.isnan(x), 1.0, arithmetic.abs(representation.sign(x)))
        return _reduce(r.SUM, there, axes, keepdim)
    absent = comparison.eq(x, 0)
    powers = arithmetic.pow(dispatch.where(absent, 1.0, size), order)
    total = _reduce(
        r.SUM, dispatch.where(absent, 0.0 if order > 0 else math.inf, powers), axes, keepdim
    )
    nothing = comparison.eq(total, 0)
    root = arithmetic.pow(dispatch.where(nothing, 1.0, total), 1.0 / order)
    return dispatch.where(nothing, 0.0 if order > 0 else math.inf, root)


def checked_norm(x: Any, order: float, dim: Dims, keepdim: bool, dtype: DType | None) -> Tensor:
    """A vector norm with torch's questions about dtypes and about nothing."""
    _need_tensor("linalg_vector_norm", x)
    who = "linalg.vector_norm"
    if not x._dtype.is_floating_point:
        raise RuntimeError(
            f"{who}: Expected a floating point or complex tensor as input. Got "
            f"{x._dtype.scalar_name}"
        )
    if dtype is not None:
        if not dtype.is_floating_point:
            raise RuntimeError(
                f"{who}: dtype should be floating point or complex, but got {dtype.scalar_name}"
            )
        if promote_types(x._dtype, dtype) is not dtype:
            raise RuntimeError(
                f"{who}: the dtype of the input ({x._dtype.scalar_name}) should be convertible "
                f"without narrowing to the specified dtype ({dtype.scalar_name})"
            )
        x = x.to(dtype)
    axes = axes_of(dim, x.ndim)
    if order < 0 or math.isinf(order):
        empty = [a for a in axes if x._shape[a] == 0]
        if empty:
            whole = len(axes) == x.ndim
            place = "an empty tensor" if whole else f"the dimension {empty[0]}"
            reason = "" if whole else "this dimension is empty and "
            raise RuntimeError(
                f"{who} cannot compute the {order:g} norm on {place} because {reason}the operation "
                "does not have an identity"
            )
    return vector_norm(x, order, axes, keepdim)


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Dims = None,
    keepdim: bool = False,
    out: Tensor | None = None,
    dtype: DType | None = None,
) -> Tensor:
    """Return the vector norm of order p of all elements, or along dimensions.

    Args:
        input: a float tensor.
        p: the order; ``"fro"`` and None mean 2; infinities and 0 are allowed, and ``"nuc"`` is the
            sum of the singular values of a matrix.
        dim: a dimension or a tuple of them; all by default.
        keepdim: keep the reduced dimensions with size 1.
        out: where to write the result.
        dtype: convert to this type first.

    Raises:
        RuntimeError: for integer and bool tensors.

    Example:
        >>> import portfire
        >>> portfire.norm(portfire.tensor([-3.0, 4.0]))
        tensor(5.)
    """
    _need_tensor("norm", input)
    if isinstance(p, str) and p != "fro":
        from portfire import linalg

        axes = (-2, -1) if dim is None else dim
        return linalg.matrix_norm(input, p, axes, keepdim, dtype=dtype, out=out)
    order = 2.0 if p in ("fro", None) else float(p or 0)
    return into(out, checked_norm(input, order, dim, keepdim, dtype))


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """Return the norm of the difference of two tensors.

    Example:
        >>> import portfire
        >>> portfire.dist(portfire.tensor([1.0, 1.0]), portfire.tensor([4.0, 5.0]))
        tensor(5.)
    """
    _need_two("dist", input, other)
    difference = input - other
    if not difference._dtype.is_floating_point:
        raise RuntimeError(
            "norm(): input dtype should be either floating point or complex. Got "
            f"{difference._dtype.scalar_name} instead."
        )
    axes = axes_of(None, difference.ndim)
    if math.isinf(p) and not difference.numel():
        return dispatch.full((), 0.0, difference)
    return vector_norm(difference, float(p), axes, False)


def _weights(x: Tensor, fweights: Any, aweights: Any) -> Any:
    """The product of the two kinds of weights of observations, or None."""
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is None:
            continue
        if weights.ndim > 1:
            raise RuntimeError(f"cov(): expected {name} to have one or fewer dimensions")
        if weights.numel() != x._shape[1]:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the "
                f"input but got {weights.numel()} != {x._shape[1]}"
            )
        whole = name == "fweights"
        if whole and (weights._dtype.is_floating_point or weights._dtype.category == BOOL):
            raise RuntimeError("cov(): expected fweights to have integral dtype")
        if not whole and not weights._dtype.is_floating_point:
            raise RuntimeError("cov(): expected aweights to have floating point dtype")
        if bool((weights < 0).any()):
            raise RuntimeError(f"cov(): {name} cannot be negative")
    if fweights is None or aweights is None:
        return aweights if fweights is None else fweights
    return fweights * aweights


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """Return the covariances of the rows: each row is a variable, each column an observation.

    Args:
        input: a matrix, or a vector of one variable.
        correction: what is taken from the count of observations.
        fweights: how often each observation counts, integers.
        aweights: the weight of each observation, floats.

    Raises:
        RuntimeError: if the shapes or dtypes do not fit.

    Example:
        >>> import portfire
        >>> portfire.cov(portfire.tensor([[0.0, 2.0], [2.0, 0.0]]))
        tensor([[ 2., -2.],
                [-2.,  2.]])
    """
    _need_tensor("cov", input)
    if input.ndim > 2:
        raise RuntimeError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    if input._dtype.category == BOOL:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input.to(to_float(input._dtype))
    x = x if x.ndim == 2 else x.reshape(1, -1)
    weights = _weights(x, fweights, aweights)
    divisor: Any
    if weights is None:
        divisor = float(x._shape[1] - correction)
        middle = mean(x, 1, True)
        weighted = x - middle
    else:
        total = weights.sum()
        if float(total) == 0:
            raise RuntimeError("cov(): weights sum to zero, can't be normalized")
        middle = (x * weights).sum(1, True) / total
        weighted = (x - middle) * weights
        lost: Any = correction
        if aweights is not None:
            lost = (weights * aweights).sum() / total * correction
        divisor = float(total - lost)
    if divisor <= 0:
        warnings.warn("cov(): degrees of freedom is <= 0", UserWarning, stacklevel=2)
        divisor = 0.0
    found: Tensor = weighted.to(x._dtype) @ (x - middle).to(x._dtype).t() / divisor
    return found.squeeze()


def corrcoef(input: Tensor) -> Tensor:
    """Return the correlations of the rows: their covariances over their standard deviations.

    Example:
        >>> import portfire
        >>> portfire.corrcoef(portfire.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
        tensor([[ 1., -1.],
                [-1.,  1.]])
    """
    _need_tensor("corrcoef", input)
    if input.ndim > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    found = cov(input)
    if not found.ndim:
        return found / found
    spread = arithmetic.sqrt(found.diagonal())
    return bounds.clamp(found / spread.unsqueeze(1) / spread.unsqueeze(0), -1, 1)
