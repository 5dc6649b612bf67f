"""The methods of elementwise functions, the operators of Python among them."""

from __future__ import annotations

from portfire._functions import (
    arithmetic,
    bits,
    bounds,
    comparison,
    elementary,
    representation,
    rounding,
    special,
    trigonometry,
)
from portfire._functions._inplace import inplace
from portfire._functions._operands import operator, reflected
from portfire.ops import _elementwise as e

__all__ = ["ElementwiseMethods"]


class ElementwiseMethods:
    """A table of methods: each is defined once, in `_functions`."""

    add, sub, subtract, mul = arithmetic.add, arithmetic.sub, arithmetic.sub, arithmetic.mul
    multiply, div, divide = arithmetic.mul, arithmetic.div, arithmetic.div
    true_divide, floor_divide = arithmetic.true_divide, arithmetic.floor_divide
    remainder, fmod, pow = arithmetic.remainder, arithmetic.fmod, arithmetic.pow
    float_power, neg, negative = arithmetic.float_power, arithmetic.neg, arithmetic.neg
    positive, abs, absolute = arithmetic.positive, arithmetic.abs, arithmetic.abs
    reciprocal, sqrt, rsqrt = arithmetic.reciprocal, arithmetic.sqrt, arithmetic.rsqrt
    square, lerp, addcmul = arithmetic.square, arithmetic.lerp, arithmetic.addcmul
    addcdiv = arithmetic.addcdiv
    bitwise_and, bitwise_or, bitwise_xor = bits.bitwise_and, bits.bitwise_or, bits.bitwise_xor
    bitwise_not, bitwise_left_shift = bits.bitwise_not, bits.bitwise_left_shift
    bitwise_right_shift, gcd, lcm = bits.bitwise_right_shift, bits.gcd, bits.lcm
    clamp, clip, clamp_min = bounds.clamp, bounds.clamp, bounds.clamp_min
    clamp_max, maximum, minimum = bounds.clamp_max, bounds.maximum, bounds.minimum
    fmax, fmin, nan_to_num = bounds.fmax, bounds.fmin, bounds.nan_to_num
    heaviside = bounds.heaviside
    eq, ne, lt, le, gt = comparison.eq, comparison.ne, comparison.lt, comparison.le, comparison.gt
    ge, greater, greater_equal = comparison.ge, comparison.gt, comparison.ge
    less, less_equal, not_equal = comparison.lt, comparison.le, comparison.ne
    isnan, isinf, isfinite = comparison.isnan, comparison.isinf, comparison.isfinite
    isposinf, isneginf, isreal = comparison.isposinf, comparison.isneginf, comparison.isreal
    isclose, allclose, equal = comparison.isclose, comparison.allclose, comparison.equal
    logical_not, logical_and = comparison.logical_not, comparison.logical_and
    logical_or, logical_xor = comparison.logical_or, comparison.logical_xor
    masked_fill = comparison.masked_fill
    exp, exp2, expm1, log = elementary.exp, elementary.exp2, elementary.expm1, elementary.log
    log2, log10, log1p = elementary.log2, elementary.log10, elementary.log1p
    logaddexp, logaddexp2, xlogy = elementary.logaddexp, elementary.logaddexp2, elementary.xlogy
    sigmoid, logit, relu = elementary.sigmoid, elementary.logit, elementary.relu
    sign, sgn, signbit = representation.sign, representation.sgn, representation.signbit
    copysign, nextafter = representation.copysign, representation.nextafter
    ldexp, frexp = representation.ldexp, representation.frexp
    floor, ceil, trunc, fix = rounding.floor, rounding.ceil, rounding.trunc, rounding.trunc
    round, frac = rounding.round, rounding.frac
    erf, erfc, erfinv, lgamma = special.erf, special.erfc, special.erfinv, special.lgamma
    digamma, mvlgamma = special.digamma, special.mvlgamma
    polygamma = special.polygamma_method
    sin, cos, tan, asin = trigonometry.sin, trigonometry.cos, trigonometry.tan, trigonometry.asin
    acos, atan, sinh = trigonometry.acos, trigonometry.atan, trigonometry.sinh
    cosh, tanh, asinh = trigonometry.cosh, trigonometry.tanh, trigonometry.asinh
    acosh, atanh, atan2 = trigonometry.acosh, trigonometry.atanh, trigonometry.atan2
    hypot, sinc, deg2rad = trigonometry.hypot, trigonometry.sinc, trigonometry.deg2rad
    rad2deg, arcsin, arccos = trigonometry.rad2deg, trigonometry.asin, trigonometry.acos
    arctan, arctan2, arcsinh = trigonometry.atan, trigonometry.atan2, trigonometry.asinh
    arccosh, arctanh = trigonometry.acosh, trigonometry.atanh

    __add__, __radd__ = operator(arithmetic.add, e.ADD), reflected(arithmetic.add)
    __sub__, __rsub__ = operator(arithmetic.sub, e.SUB), reflected(arithmetic.sub)
    __mul__, __rmul__ = operator(arithmetic.mul, e.MUL), reflected(arithmetic.mul)
    __truediv__, __rtruediv__ = operator(arithmetic.div, e.DIV), reflected(arithmetic.div)
    __floordiv__ = operator(arithmetic.floor_divide)
    __rfloordiv__ = reflected(arithmetic.floor_divide)
    __mod__, __rmod__ = operator(arithmetic.remainder), reflected(arithmetic.remainder)
    __pow__, __rpow__ = operator(arithmetic.pow), reflected(arithmetic.pow)
    __and__ = __rand__ = operator(bits.bitwise_and)
    __or__ = __ror__ = operator(bits.bitwise_or)
    __xor__ = __rxor__ = operator(bits.bitwise_xor)
    __lshift__, __rlshift__ = (
        operator(bits.bitwise_left_shift), reflected(bits.bitwise_left_shift),
    )  # fmt: skip
    __rshift__, __rrshift__ = (
        operator(bits.bitwise_right_shift), reflected(bits.bitwise_right_shift),
    )  # fmt: skip
    __pos__, __neg__, __abs__ = arithmetic.positive, arithmetic.neg, arithmetic.abs
    __invert__ = bits.invert
    __lt__, __le__ = operator(comparison.lt, e.LT), operator(comparison.le, e.LE)
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
    subtract_, multiply_ = inplace(arithmetic.sub), inplace(arithmetic.mul)
    divide_, true_divide_ = inplace(arithmetic.div), inplace(arithmetic.true_divide)
    fmod_, float_power_ = inplace(arithmetic.fmod), inplace(arithmetic.float_power)
    neg_, negative_ = inplace(arithmetic.neg), inplace(arithmetic.neg)
    abs_, absolute_ = inplace(arithmetic.abs), inplace(arithmetic.abs)
    reciprocal_, sqrt_ = inplace(arithmetic.reciprocal), inplace(arithmetic.sqrt)
    rsqrt_, square_ = inplace(arithmetic.rsqrt), inplace(arithmetic.square)
    lerp_, addcmul_ = inplace(arithmetic.lerp), inplace(arithmetic.addcmul)
    addcdiv_ = inplace(arithmetic.addcdiv)
    bitwise_and_ = __iand__ = inplace(bits.bitwise_and)
    bitwise_or_ = __ior__ = inplace(bits.bitwise_or)
    bitwise_xor_ = __ixor__ = inplace(bits.bitwise_xor)
    bitwise_left_shift_ = __ilshift__ = inplace(bits.bitwise_left_shift)
    bitwise_right_shift_ = __irshift__ = inplace(bits.bitwise_right_shift)
    bitwise_not_, gcd_, lcm_ = inplace(bits.bitwise_not), inplace(bits.gcd), inplace(bits.lcm)
    clamp_, clip_ = inplace(bounds.clamp), inplace(bounds.clamp)
    clamp_min_, clamp_max_ = inplace(bounds.clamp_min), inplace(bounds.clamp_max)
    nan_to_num_, heaviside_ = inplace(bounds.nan_to_num), inplace(bounds.heaviside)
    eq_, ne_, lt_ = inplace(comparison.eq), inplace(comparison.ne), inplace(comparison.lt)
    le_, gt_, ge_ = inplace(comparison.le), inplace(comparison.gt), inplace(comparison.ge)
    greater_, greater_equal_ = inplace(comparison.gt), inplace(comparison.ge)
    less_, less_equal_ = inplace(comparison.lt), inplace(comparison.le)
    not_equal_, logical_not_ = inplace(comparison.ne), inplace(comparison.logical_not)
    logical_and_, logical_or_ = inplace(comparison.logical_and), inplace(comparison.logical_or)
    logical_xor_, masked_fill_ = inplace(comparison.logical_xor), inplace(comparison.masked_fill)
    exp_, exp2_ = inplace(elementary.exp), inplace(elementary.exp2)
    expm1_, log_ = inplace(elementary.expm1), inplace(elementary.log)
    log2_, log10_ = inplace(elementary.log2), inplace(elementary.log10)
    log1p_, xlogy_ = inplace(elementary.log1p), inplace(elementary.xlogy)
    sigmoid_, logit_ = inplace(elementary.sigmoid), inplace(elementary.logit)
    relu_ = inplace(elementary.relu)
    sign_, sgn_ = inplace(representation.sign), inplace(representation.sgn)
    copysign_, nextafter_ = inplace(representation.copysign), inplace(representation.nextafter)
    ldexp_ = inplace(representation.ldexp)
    floor_, ceil_ = inplace(rounding.floor), inplace(rounding.ceil)
    trunc_, fix_, round_ = inplace(rounding.trunc), inplace(rounding.trunc), inplace(rounding.round)
    frac_ = inplace(rounding.frac)
    erf_, erfc_, erfinv_ = inplace(special.erf), inplace(special.erfc), inplace(special.erfinv)
    lgamma_, digamma_ = inplace(special.lgamma), inplace(special.digamma)
    mvlgamma_ = inplace(special.mvlgamma)
    sin_, cos_ = inplace(trigonometry.sin), inplace(trigonometry.cos)
    tan_, asin_ = inplace(trigonometry.tan), inplace(trigonometry.asin)
    acos_, atan_ = inplace(trigonometry.acos), inplace(trigonometry.atan)
    sinh_, cosh_ = inplace(trigonometry.sinh), inplace(trigonometry.cosh)
    tanh_, asinh_ = inplace(trigonometry.tanh), inplace(trigonometry.asinh)
    acosh_, atanh_ = inplace(trigonometry.acosh), inplace(trigonometry.atanh)
    atan2_, hypot_ = inplace(trigonometry.atan2), inplace(trigonometry.hypot)
    sinc_, deg2rad_ = inplace(trigonometry.sinc), inplace(trigonometry.deg2rad)
    rad2deg_, arcsin_ = inplace(trigonometry.rad2deg), inplace(trigonometry.asin)
    arccos_, arctan_ = inplace(trigonometry.acos), inplace(trigonometry.atan)
    arctan2_, arcsinh_ = inplace(trigonometry.atan2), inplace(trigonometry.asinh)
    arccosh_, arctanh_ = inplace(trigonometry.acosh), inplace(trigonometry.atanh)
    polygamma_ = inplace(special.polygamma_method)
