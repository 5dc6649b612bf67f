"""The methods of `Tensor` that are functions too: each is defined once, in `_functions`."""

from __future__ import annotations

from portfire._functions import (
    arithmetic,
    comparison,
    conversion,
    creation,
    elementary,
    indexing,
    joining,
    linalg,
    random,
    reduction,
    shape,
)
from portfire._functions._inplace import inplace
from portfire._functions._operands import operator, reflected
from portfire.ops import _elementwise as e

__all__ = ["Methods"]


class Methods:
    """The table of methods: Tensor inherits it."""

    to = conversion.to
    type = conversion.type_
    cpu = conversion.cpu
    float, double, half = conversion.float_, conversion.double, conversion.half
    int, long, short, char = conversion.int_, conversion.long, conversion.short, conversion.char
    byte, bool = conversion.byte, conversion.bool_
    type_as = conversion.type_as
    new_zeros, new_ones = creation.new_zeros, creation.new_ones
    new_empty, new_full, new_tensor = creation.new_empty, creation.new_full, creation.new_tensor
    copy_, fill_, zero_, set_ = (
        conversion.copy_,
        conversion.fill_,
        conversion.zero_,
        conversion.set_,
    )

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

    sum, mean, prod = reduction.sum, reduction.mean, reduction.prod
    max, min, amax, amin = reduction.max, reduction.min, reduction.amax, reduction.amin
    argmax, argmin, all, any = reduction.argmax, reduction.argmin, reduction.all, reduction.any
    std, var, norm = reduction.std, reduction.var, reduction.norm
    logsumexp, cumsum = reduction.logsumexp, reduction.cumsum
    softmax, log_softmax = reduction.softmax, reduction.log_softmax
    count_nonzero = reduction.count_nonzero

    view, reshape, view_as, reshape_as = (
        shape.view, shape.reshape, shape.view_as, shape.reshape_as,
    )  # fmt: skip
    flatten, unflatten, ravel = shape.flatten, shape.unflatten, shape.ravel
    squeeze, unsqueeze = shape.squeeze, shape.unsqueeze
    expand, expand_as, broadcast_to = shape.expand, shape.expand_as, shape.broadcast_to
    transpose, swapaxes, swapdims, t = (
        shape.transpose, shape.transpose, shape.transpose, shape.t,
    )  # fmt: skip
    permute, movedim, moveaxis, flip = shape.permute, shape.movedim, shape.movedim, joining.flip
    narrow, select, unbind = shape.narrow, shape.select, shape.unbind
    split, chunk, repeat, tile, roll = (
        shape.split, shape.chunk, joining.repeat, joining.tile, joining.roll,
    )  # fmt: skip
    tril, triu, unfold, diagonal = joining.tril, joining.triu, joining.unfold, joining.diagonal

    index_select, masked_select = indexing.index_select, indexing.masked_select
    gather, scatter, scatter_add = indexing.gather, indexing.scatter, indexing.scatter_add
    nonzero, where, take_along_dim = (
        indexing.nonzero,
        indexing.where_method,
        indexing.take_along_dim,
    )
    __getitem__, __setitem__ = indexing.getitem, indexing.setitem

    matmul, mm, mv, bmm, dot = linalg.matmul, linalg.mm, linalg.mv, linalg.bmm, linalg.dot
    outer, addmm = linalg.outer, linalg.addmm

    uniform_, normal_ = random.uniform_, random.normal_
    bernoulli_, random_, bernoulli = random.bernoulli_, random.random_, random.bernoulli

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
    __matmul__ = operator(linalg.matmul)
    __rmatmul__ = reflected(linalg.matmul)
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
    scatter_, scatter_add_ = inplace(indexing.scatter), inplace(indexing.scatter_add)
    cumsum_ = inplace(reduction.cumsum)
    tril_, triu_ = inplace(joining.tril), inplace(joining.triu)
    unsqueeze_ = shape.in_place_view(shape.unsqueeze)
    squeeze_ = shape.in_place_view(shape.squeeze)
    transpose_, t_ = shape.in_place_view(shape.transpose), shape.in_place_view(shape.t)
