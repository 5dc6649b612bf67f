"""Comparison, logic and masks, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import BOOL, bool_
from portfire._functions._inplace import into
from portfire._functions._operands import (
    _binary,
    _floats,
    _need_tensor,
    _need_two,
    _unary,
    number_of,
)
from portfire._functions.arithmetic import abs
from portfire.ops import _elementwise as e

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "allclose",
    "eq",
    "equal",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "isreal",
    "le",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "lt",
    "masked_fill",
    "ne",
    "not_equal",
]

Operand = Any  # a Tensor, or a Python or NumPy number


def eq(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where the elements are equal.

    Example:
        >>> import portfire
        >>> portfire.eq(portfire.tensor([1, 2]), 2)
        tensor([False,  True])
    """
    _need_tensor("eq", input)
    return into(out, _binary(e.EQ, "eq", input, other))


def ne(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where the elements differ.

    Example:
        >>> import portfire
        >>> portfire.ne(portfire.tensor([1, 2]), 2)
        tensor([ True, False])
    """
    _need_tensor("ne", input)
    return into(out, _binary(e.NE, "ne", input, other))


def lt(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where ``input < other``.

    Example:
        >>> import portfire
        >>> portfire.lt(portfire.tensor([1, 2]), 2)
        tensor([ True, False])
    """
    _need_tensor("lt", input)
    return into(out, _binary(e.LT, "lt", input, other))


def le(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where ``input <= other``.

    Example:
        >>> import portfire
        >>> portfire.le(portfire.tensor([1, 2]), 1)
        tensor([ True, False])
    """
    _need_tensor("le", input)
    return into(out, _binary(e.LE, "le", input, other))


def gt(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where ``input > other``.

    Example:
        >>> import portfire
        >>> portfire.gt(portfire.tensor([1, 2]), 1)
        tensor([False,  True])
    """
    _need_tensor("gt", input)
    return into(out, _binary(e.LT, "gt", other, input))


def ge(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where ``input >= other``.

    Example:
        >>> import portfire
        >>> portfire.ge(portfire.tensor([1, 2]), 2)
        tensor([False,  True])
    """
    _need_tensor("ge", input)
    return into(out, _binary(e.LE, "ge", other, input))


def isnan(input: Tensor) -> Tensor:
    """Return a bool tensor: where the elements are NaN.

    Example:
        >>> import portfire
        >>> portfire.isnan(portfire.tensor([1.0, float("nan")]))
        tensor([False,  True])
    """
    return ne(input, input)


def isinf(input: Tensor) -> Tensor:
    """Return a bool tensor: where the elements are infinite.

    Example:
        >>> import portfire
        >>> portfire.isinf(portfire.tensor([1.0, float("-inf")]))
        tensor([False,  True])
    """
    if not input._dtype.is_floating_point:
        return dispatch.full(input._shape, False, input, bool_)
    return eq(abs(input), math.inf)


def isfinite(input: Tensor) -> Tensor:
    """Return a bool tensor: where the elements are neither infinite nor NaN.

    Example:
        >>> import portfire
        >>> portfire.isfinite(portfire.tensor([1.0, float("nan")]))
        tensor([ True, False])
    """
    if not input._dtype.is_floating_point:
        return dispatch.full(input._shape, True, input, bool_)
    return lt(abs(input), math.inf)


def isposinf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where the elements are positive infinity.

    Example:
        >>> import portfire
        >>> portfire.isposinf(portfire.tensor([portfire.inf, -portfire.inf, 1.0]))
        tensor([ True, False, False])
    """
    _need_tensor("isposinf", input)
    return into(out, eq(input, math.inf))


def isneginf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where the elements are negative infinity.

    Example:
        >>> import portfire
        >>> portfire.isneginf(portfire.tensor([portfire.inf, -portfire.inf, 1.0]))
        tensor([False,  True, False])
    """
    _need_tensor("isneginf", input)
    return into(out, eq(input, -math.inf))


def isreal(input: Tensor) -> Tensor:
    """Return a bool tensor: where the elements are real, which all dtypes here are.

    Example:
        >>> import portfire
        >>> portfire.isreal(portfire.tensor([1.0, portfire.nan]))
        tensor([True, True])
    """
    _need_tensor("isreal", input)
    return dispatch.full(input._shape, True, input, bool_)


def isclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """Return where ``|input - other| <= atol + rtol * |other|``, or both are equal.

    Example:
        >>> import portfire
        >>> portfire.isclose(portfire.tensor([1.0, 2.0]), portfire.tensor([1.0, 2.1]))
        tensor([ True, False])
    """
    _need_two("isclose", input, other)
    if input._dtype is not other._dtype:
        raise RuntimeError(f"{input._dtype.scalar_name} did not match {other._dtype.scalar_name}")
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if tolerance < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance}")
    close = eq(input, other)
    if equal_nan:
        close = close | (isnan(input) & isnan(other))
    wide = _floats("isclose", input), _floats("isclose", other)
    near = le(abs(wide[0] - wide[1]), atol + rtol * abs(wide[1]))
    return close | (near & isfinite(wide[0]) & isfinite(wide[1]))


def allclose(
    input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Return whether `isclose` holds everywhere.

    Example:
        >>> import portfire
        >>> portfire.allclose(portfire.ones(2), portfire.ones(2))
        True
    """
    return bool(isclose(input, other, rtol, atol, equal_nan).all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same shape and elements.

    Example:
        >>> import portfire
        >>> portfire.equal(portfire.ones(2), portfire.ones(2))
        True
    """
    _need_two("equal", input, other)
    return input._shape == other._shape and bool(eq(input, other).all())


def _truth(x: Operand) -> Operand:
    if not isinstance(x, _tensor.Tensor):
        return bool(x)
    return x if x._dtype is bool_ else x.to(bool_)


def logical_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where the elements are zero.

    Example:
        >>> import portfire
        >>> portfire.logical_not(portfire.tensor([0, 2]))
        tensor([ True, False])
    """
    return into(out, _unary(e.INVERT, _truth(input)))


def logical_and(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where both are non-zero.

    Example:
        >>> import portfire
        >>> portfire.logical_and(portfire.tensor([0, 2]), portfire.tensor([1, 1]))
        tensor([False,  True])
    """
    _need_two("logical_and", input, other)
    return into(out, _binary(e.BITWISE_AND, "logical_and", _truth(input), _truth(other)))


def logical_or(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where one or both are non-zero.

    Example:
        >>> import portfire
        >>> portfire.logical_or(portfire.tensor([0, 2]), portfire.tensor([0, 0]))
        tensor([False,  True])
    """
    _need_two("logical_or", input, other)
    return into(out, _binary(e.BITWISE_OR, "logical_or", _truth(input), _truth(other)))


def logical_xor(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return a bool tensor: where exactly one is non-zero.

    Example:
        >>> import portfire
        >>> portfire.logical_xor(portfire.tensor([0, 2]), portfire.tensor([1, 1]))
        tensor([ True, False])
    """
    _need_two("logical_xor", input, other)
    return into(out, _binary(e.BITWISE_XOR, "logical_xor", _truth(input), _truth(other)))


def masked_fill(input: Tensor, mask: Tensor, value: Operand) -> Tensor:
    """Return the elements with those under a bool mask replaced by a value.

    Args:
        input: a tensor.
        mask: a bool tensor that broadcasts with it.
        value: a number or 0-d tensor.

    Raises:
        RuntimeError: if the mask is not bool.

    Example:
        >>> import portfire
        >>> portfire.zeros(3).masked_fill(portfire.tensor([True, False, True]), 1.0)
        tensor([1., 0., 1.])
    """
    if mask._dtype is not bool_:
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask._dtype}"
        )
    value = number_of(value)
    if type(value) in dispatch.NUMBERS and input._dtype.category != BOOL:
        value = float(value) if input._dtype.is_floating_point else int(value)
    elif type(value) in dispatch.NUMBERS:
        value = bool(value)
    return dispatch.where(mask, value, input)


greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
