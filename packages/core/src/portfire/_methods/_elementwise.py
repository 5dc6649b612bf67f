"""The methods of elementwise functions, the operators of Python among them."""

from __future__ import annotations

from portfire._functions import arithmetic, comparison, elementary
from portfire._functions._inplace import inplace
from portfire._functions._operands import operator, reflected
from portfire.ops import _elementwise as e

__all__ = ["ElementwiseMethods"]


class ElementwiseMethods:
    """A table of methods: each is defined once, in `_functions`."""

    add, sub, mul, div = arithmetic.add, arithmetic.sub, arithmetic.mul, arithmetic.div
    subtract, multiply, divide = arithmetic.sub, arithmetic.mul, arithmetic.div
    true_divide, floor_divide = arithmetic.true_divide, arithmetic.floor_divide
    remainder, pow = arithmetic.remainder, arithmetic.pow
    neg, negative, abs, absolute = arithmetic.neg, arithmetic.neg, arithmetic.abs, arithmetic.abs
    sign, reciprocal, sqrt, rsqrt = (
        arithmetic.sign, arithmetic.reciprocal, arithmetic.sqrt, arithmetic.rsqrt,
    )  # fmt: skip
    square, exp, log, log2, log10 = (
        arithmetic.square, elementary.exp, elementary.log, elementary.log2, elementary.log10,
    )  # fmt: skip
    log1p, expm1, sin, cos, tan = (
        elementary.log1p, elementary.expm1, elementary.sin, elementary.cos, elementary.tan,
    )  # fmt: skip
    tanh, sigmoid, relu, erf = elementary.tanh, elementary.sigmoid, elementary.relu, elementary.erf
    floor, ceil, trunc, round, frac = (
        elementary.floor, elementary.ceil, elementary.trunc, elementary.round, elementary.frac,
    )  # fmt: skip
    clamp, clip = arithmetic.clamp, arithmetic.clamp
    maximum, minimum, atan2 = arithmetic.maximum, arithmetic.minimum, elementary.atan2
    lerp, addcmul, addcdiv = arithmetic.lerp, arithmetic.addcmul, arithmetic.addcdiv
    eq, ne, lt, le, gt, ge = (
        comparison.eq, comparison.ne, comparison.lt, comparison.le, comparison.gt, comparison.ge,
    )  # fmt: skip
    isnan, isinf, isfinite = comparison.isnan, comparison.isinf, comparison.isfinite
    isclose, allclose, equal = comparison.isclose, comparison.allclose, comparison.equal
    logical_not, logical_and = comparison.logical_not, comparison.logical_and
    logical_or, logical_xor = comparison.logical_or, comparison.logical_xor
    bitwise_not, bitwise_and = comparison.bitwise_not, comparison.bitwise_and
    bitwise_or, bitwise_xor = comparison.bitwise_or, comparison.bitwise_xor
    masked_fill = comparison.masked_fill
    __add__, __radd__ = (
        operator(arithmetic.add, e.ADD),
        reflected(arithmetic.add),
    )
    __sub__, __rsub__ = (
        operator(arithmetic.sub, e.SUB),
        reflected(arithmetic.sub),
    )
    __mul__, __rmul__ = (
        operator(arithmetic.mul, e.MUL),
        reflected(arithmetic.mul),
    )
    __truediv__ = operator(arithmetic.div, e.DIV)
    __rtruediv__ = reflected(arithmetic.div)
    __floordiv__ = operator(arithmetic.floor_divide)
    __rfloordiv__ = reflected(arithmetic.floor_divide)
    __mod__ = operator(arithmetic.remainder)
    __rmod__ = reflected(arithmetic.remainder)
    __pow__, __rpow__ = operator(arithmetic.pow), reflected(arithmetic.pow)
    __and__ = __rand__ = operator(comparison.bitwise_and)
    __or__ = __ror__ = operator(comparison.bitwise_or)
    __xor__ = __rxor__ = operator(comparison.bitwise_xor)
    __lshift__ = operator(comparison.bitwise_left_shift)
    __rshift__ = operator(comparison.bitwise_right_shift)
    __neg__, __abs__, __invert__ = arithmetic.neg, arithmetic.abs, comparison.bitwise_not
    __lt__, __le__ = (
        operator(comparison.lt, e.LT),
        operator(comparison.le, e.LE),
    )
    __gt__, __ge__ = operator(comparison.gt), operator(comparison.ge)
    __eq__ = operator(comparison.eq)  # type: ignore[assignment]  # elementwise, as NumPy's
    __ne__ = operator(comparison.ne)  # type: ignore[assignment]  # elementwise, as NumPy's
    add_ = __iadd__ = inplace(arithmetic.add)
    sub_ = __isub__ = inplace(arithmetic.sub)
    mul_ = __imul__ = inplace(arithmetic.mul)
    div_ = __itruediv__ = inplace(arithmetic.div)
    floor_divide_ = __ifloordiv__ = inplace(arithmetic.floor_divide)
    remainder_ = __imod__ = inplace(arithmetic.remainder)
    pow_ = __ipow__ = inplace(arithmetic.pow)
    bitwise_and_ = __iand__ = inplace(comparison.bitwise_and)
    bitwise_or_ = __ior__ = inplace(comparison.bitwise_or)
    bitwise_xor_ = __ixor__ = inplace(comparison.bitwise_xor)
    __ilshift__ = inplace(comparison.bitwise_left_shift)
    __irshift__ = inplace(comparison.bitwise_right_shift)
    neg_, abs_, sign_ = inplace(arithmetic.neg), inplace(arithmetic.abs), inplace(arithmetic.sign)
    sqrt_, rsqrt_, square_ = (
        inplace(arithmetic.sqrt), inplace(arithmetic.rsqrt), inplace(arithmetic.square),
    )  # fmt: skip
    exp_, log_, tanh_ = inplace(elementary.exp), inplace(elementary.log), inplace(elementary.tanh)
    sin_, cos_, erf_ = inplace(elementary.sin), inplace(elementary.cos), inplace(elementary.erf)
    sigmoid_, relu_ = inplace(elementary.sigmoid), inplace(elementary.relu)
    reciprocal_, expm1_, log1p_ = (
        inplace(arithmetic.reciprocal), inplace(elementary.expm1), inplace(elementary.log1p),
    )  # fmt: skip
    floor_, ceil_, round_ = (
        inplace(elementary.floor), inplace(elementary.ceil), inplace(elementary.round),
    )  # fmt: skip
    trunc_, frac_ = inplace(elementary.trunc), inplace(elementary.frac)
    clamp_ = clip_ = inplace(arithmetic.clamp)
    lerp_, addcmul_, addcdiv_ = (
        inplace(arithmetic.lerp), inplace(arithmetic.addcmul), inplace(arithmetic.addcdiv),
    )  # fmt: skip
    logical_not_ = inplace(comparison.logical_not)
    masked_fill_ = inplace(comparison.masked_fill)
