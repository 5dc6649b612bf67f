"""Bits and divisors of integers, elementwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._dtype import bool_
from portfire._functions._inplace import into
from portfire._functions._operands import _check, _need_two, _refuse_kinds, _unary, number_of
from portfire._functions.arithmetic import abs
from portfire._promotion import result_dtype
from portfire.ops import _elementwise as e
from portfire.ops import _integer as i
from portfire.ops._record import Operator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "gcd",
    "lcm",
]

Operand = Any  # a Tensor, or a Python or NumPy number


def _integral(op: Operator, name: str, x: Operand, y: Operand, bools: bool = True) -> Tensor:
    x, y = number_of(x), number_of(y)
    _check(name, x, y)
    dtype = result_dtype(x, y)
    if dtype.is_floating_point or (dtype is bool_ and not bools):
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{dtype.scalar_name}'")
    return dispatch.binary(op, x, y)


def bitwise_and(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return the bitwise (for bool: logical) and.

    Example:
        >>> import portfire
        >>> portfire.tensor([6, 3]) & 2
        tensor([2, 2])
    """
    return into(out, _integral(e.BITWISE_AND, "bitwise_and", input, other))


def bitwise_or(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return the bitwise (for bool: logical) or.

    Example:
        >>> import portfire
        >>> portfire.tensor([4, 1]) | 2
        tensor([6, 3])
    """
    return into(out, _integral(e.BITWISE_OR, "bitwise_or", input, other))


def bitwise_xor(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return the bitwise (for bool: logical) exclusive or.

    Example:
        >>> import portfire
        >>> portfire.tensor([6, 3]) ^ 2
        tensor([4, 1])
    """
    return into(out, _integral(e.BITWISE_XOR, "bitwise_xor", input, other))


def bitwise_left_shift(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input << other``.

    Example:
        >>> import portfire
        >>> portfire.tensor([1, 3]) << 2
        tensor([ 4, 12])
    """
    return into(out, _integral(e.SHIFT_LEFT, "lshift", input, other, bools=False))


def bitwise_right_shift(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input >> other``, which keeps the sign.

    Example:
        >>> import portfire
        >>> portfire.tensor([8, -8]) >> 2
        tensor([ 2, -2])
    """
    return into(out, _integral(e.SHIFT_RIGHT, "rshift", input, other, bools=False))


def bitwise_not(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the bitwise (for bool: logical) not.

    Example:
        >>> import portfire
        >>> ~portfire.tensor([True, False])
        tensor([False,  True])
    """
    _refuse_kinds("bitwise_not", input, "f")
    return into(out, _unary(e.INVERT, input))


def invert(input: Tensor) -> Tensor:
    """The operator ``~``."""
    if input._dtype.is_floating_point:
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return bitwise_not(input)


def gcd(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the greatest common divisors of integers; that of zeros is 0.

    Euclid's algorithm with as many steps as the dtype can need.

    Raises:
        NotImplementedError: for floats and bools.

    Example:
        >>> import portfire
        >>> portfire.gcd(portfire.tensor([12, 7]), portfire.tensor([18, 0]))
        tensor([6, 7])
    """
    _need_two("gcd", input, other)
    return into(out, _integral(i.GCD, "gcd", input, other, bools=False))


def lcm(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the least common multiples of integers; 0 where one of them is 0.

    Raises:
        NotImplementedError: for floats and bools.

    Example:
        >>> import portfire
        >>> portfire.lcm(portfire.tensor([4, 7]), portfire.tensor([6, 0]))
        tensor([12,  0])
    """
    _need_two("lcm", input, other)
    divisor = _integral(i.GCD, "lcm", input, other, bools=False)
    # An integer divided by 0 gives 0, which is right for two zeros.
    return into(out, abs(dispatch.binary(e.FLOOR_DIVIDE, input, divisor) * other))
