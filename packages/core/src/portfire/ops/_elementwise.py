"""Elementwise operators: arithmetic, comparison, selection, casts."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import DType, bool_, float32
from portfire.ops._record import Attrs, Kind, Operator, Sample, Spec, WrongCall, register

Rule = Callable[[Any, Any], tuple[Any, ...]]
Row = tuple[str, Any, str, tuple[float, float], tuple[int, ...], Rule | None, str]


# Shape and dtype rules


def _common(name: str, specs: tuple[Spec, ...]) -> Spec:
    """All inputs of one dtype, and of one shape or 0-d."""
    shape: tuple[int, ...] = ()
    for spec in specs:
        if spec.dtype is not specs[0].dtype:
            raise RuntimeError(f"{name}: inputs need one dtype, got {[s.dtype for s in specs]}")
        if spec.shape:
            if shape and spec.shape != shape:
                raise RuntimeError(f"{name}: inputs need one shape, got {[s.shape for s in specs]}")
            shape = spec.shape
    return Spec(shape, specs[0].dtype)


def _same(name: str) -> Callable[[tuple[Spec, ...], Attrs], Spec]:
    return lambda specs, attrs: _common(name, specs)


def _predicate(name: str) -> Callable[[tuple[Spec, ...], Attrs], Spec]:
    return lambda specs, attrs: Spec(_common(name, specs).shape, bool_)


def _infer_where(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    condition, x, y = specs
    if condition.dtype is not bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got {condition.dtype}"
        )
    values = _common("where", (x, y))
    shape = _common("where", (Spec(condition.shape, bool_), Spec(values.shape, bool_))).shape
    return Spec(shape, values.dtype)


def _infer_cast(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    return Spec(specs[0].shape, attrs[0])


# References that NumPy does not have as one function

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _reference_erf(x: Any) -> Any:
    return _erf(x).astype(x.dtype) if x.size else x


def _guarded(function: Any) -> Callable[[Any, Any], Any]:
    """Integer division by zero gives 0; floats follow IEEE 754."""

    def reference(x: Any, y: Any) -> Any:
        if x.dtype.kind == "f":
            return function(x, y)
        y = np.asarray(y)
        return np.where(y == 0, 0, function(x, np.where(y == 0, 1, y))).astype(x.dtype)

    return reference


def _reference_pow(x: Any, y: Any) -> Any:
    """NumPy refuses integers to negative powers: they are 0 but for the bases 1 and -1."""
    if x.dtype.kind == "f":
        return np.power(x, y)
    negative = np.asarray(y) < 0
    even = np.asarray(y) % 2  # of the same parity, and not negative
    unit = (x == 1) | (x == x.dtype.type(0) - x.dtype.type(1))
    power = np.power(x, np.where(negative, even, y).astype(x.dtype))
    return np.where(negative & ~unit, 0, power).astype(x.dtype)


def _reference_cast(x: Any, dtype: DType) -> Any:
    return x.astype(dtype.numpy)


# Gradients: one tensor, or None, per input; written in tensor operations


def _grad_pow(ctx: Any, g: Any) -> tuple[Any, ...]:
    base, exponent = ctx.inputs
    d_base = d_exponent = None
    if ctx.needs[0]:
        slope = exponent * base ** (exponent - 1)
        if isinstance(exponent, bool | int | float):
            d_base = g * slope if exponent else g * 0.0
        else:
            # At exponent 0 the derivative is 0 even where base**-1 is infinite.
            d_base = g * dispatch.where(exponent == 0, 0.0, slope)
    if ctx.needs[1]:
        if isinstance(base, bool | int | float):
            base = dispatch.full((), float(base), exponent)
        # d/dy x**y = x**y * ln x, and 0 at base 0 with a non-negative exponent.
        dead = (base == 0) & (exponent >= 0)
        d_exponent = g * dispatch.where(dead, 0.0, ctx.output * base.log())
    return d_base, d_exponent


def _grad_extreme(ctx: Any, g: Any, wins: Any, loses: Any) -> tuple[Any, ...]:
    """The winner takes the gradient; at a tie each side takes half, as torch does."""
    half = g / 2
    x = g.masked_fill(loses, 0.0)
    y = g.masked_fill(wins, 0.0)
    tie = ~(wins | loses)
    return dispatch.where(tie, half, x), dispatch.where(tie, half, y)


def _grad_maximum(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, y = ctx.inputs
    return _grad_extreme(ctx, g, x > y, x < y)


def _grad_minimum(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, y = ctx.inputs
    return _grad_extreme(ctx, g, x < y, x > y)


def _grad_remainder(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, y = ctx.inputs
    return g, -g * dispatch.apply(FLOOR_DIVIDE, (x, y)) if ctx.needs[1] else None


def _grad_atan2(ctx: Any, g: Any) -> tuple[Any, ...]:
    y, x = ctx.inputs
    scaled = g / (x * x + y * y)
    return scaled * x, -scaled * y


def _grad_where(ctx: Any, g: Any) -> tuple[Any, ...]:
    condition = ctx.inputs[0]
    x = dispatch.where(condition, g, 0.0) if ctx.needs[1] else None
    y = dispatch.where(condition, 0.0, g) if ctx.needs[2] else None
    return None, x, y


def _grad_div(ctx: Any, g: Any) -> tuple[Any, ...]:
    y = ctx.inputs[1]
    x = g / y
    return x, -x * ctx.output if ctx.needs[1] else None


def _grad_mul(ctx: Any, g: Any) -> tuple[Any, ...]:
    x, y = ctx.inputs
    return g * y if ctx.needs[0] else None, g * x if ctx.needs[1] else None


def _grad_nextafter(ctx: Any, g: Any) -> tuple[Any, ...]:
    """The step is a constant; at equal numbers torch takes the result for one too."""
    x, y = ctx.inputs
    return dispatch.where(x == y, 0.0, g), g * 0.0 if ctx.needs[1] else None


def _grad_acos(ctx: Any, g: Any) -> tuple[Any, ...]:
    return (-g / _leg(ctx.inputs[0]),)


def _grad_sinh(ctx: Any, g: Any) -> tuple[Any, ...]:
    return (g * dispatch.apply(COSH, ctx.inputs),)


def _grad_cosh(ctx: Any, g: Any) -> tuple[Any, ...]:
    return (g * dispatch.apply(SINH, ctx.inputs),)


def _leg(x: Any) -> Any:
    """sqrt(1 - x**2), as a product that is right near 1."""
    return ((1 - x) * (1 + x)).sqrt()


def _zero(ctx: Any, g: Any) -> tuple[Any, ...]:
    """The derivative of a step function."""
    return tuple(g * 0.0 for _ in ctx.shapes)


# name, NumPy function, dtypes, (low, high) of the samples, saves, gradient, sentence
_UNARY: tuple[Row, ...] = (
    ("neg", np.negative, "if", (-2, 2), (), lambda c, g: (-g,), "-x."),
    ("abs", np.abs, "if", (-2, 2), (0,), lambda c, g: (g * c.inputs[0].sign(),), "|x|."),
    ("sign", np.sign, "if", (-2, 2), (), _zero, "-1, 0 or 1; NaN stays."),
    ("exp", np.exp, "f", (-3, 3), (-1,), lambda c, g: (g * c.output,), "e**x."),
    ("log", np.log, "f", (0.1, 5), (0,), lambda c, g: (g / c.inputs[0],), "The natural logarithm."),
    ("sqrt", np.sqrt, "f", (0.1, 5), (-1,), lambda c, g: (g / (2 * c.output),), "The square root."),
    ("sin", np.sin, "f", (-6, 6), (0,), lambda c, g: (g * c.inputs[0].cos(),), "The sine."),
    ("cos", np.cos, "f", (-6, 6), (0,), lambda c, g: (-g * c.inputs[0].sin(),), "The cosine."),
    ("tan", np.tan, "f", (-1, 1), (-1,), lambda c, g: (g + g * c.output * c.output,), "Tangent."),
    ("asin", np.arcsin, "f", (-0.9, 0.9), (0,), lambda c, g: (g / _leg(c.inputs[0]),), "Arcsine."),
    ("acos", np.arccos, "f", (-0.9, 0.9), (0,), _grad_acos, "The arccosine."),
    (
        "atan", np.arctan, "f", (-3, 3), (0,),
        lambda c, g: (g / (c.inputs[0] * c.inputs[0] + 1),), "The arctangent.",
    ),
    ("sinh", np.sinh, "f", (-3, 3), (0,), _grad_sinh, "The hyperbolic sine."),
    ("cosh", np.cosh, "f", (-3, 3), (0,), _grad_cosh, "The hyperbolic cosine."),
    (
        "asinh", np.arcsinh, "f", (-3, 3), (0,),
        lambda c, g: (g / (c.inputs[0] * c.inputs[0] + 1).sqrt(),),
        "The inverse of the hyperbolic sine.",
    ),
    (
        "acosh", np.arccosh, "f", (1.2, 5), (0,),
        lambda c, g: (g / ((c.inputs[0] - 1) * (c.inputs[0] + 1)).sqrt(),),
        "The inverse of the hyperbolic cosine.",
    ),
    (
        "atanh", np.arctanh, "f", (-0.9, 0.9), (0,),
        lambda c, g: (g / ((1 - c.inputs[0]) * (1 + c.inputs[0])),),
        "The inverse of the hyperbolic tangent.",
    ),
    (
        "exp2", np.exp2, "f", (-3, 3), (-1,), lambda c, g: (g * c.output * math.log(2),),
        "2**x.",
    ),
    (
        "log2", np.log2, "f", (0.1, 5), (0,), lambda c, g: (g / (c.inputs[0] * math.log(2)),),
        "The logarithm to base 2.",
    ),
    (
        "log10", np.log10, "f", (0.1, 5), (0,), lambda c, g: (g / (c.inputs[0] * math.log(10)),),
        "The logarithm to base 10.",
    ),
    (
        "tanh", np.tanh, "f", (-3, 3), (-1,), lambda c, g: (g * (1 - c.output * c.output),),
        "The hyperbolic tangent.",
    ),
    (
        "erf", _reference_erf, "f", (-3, 3), (0,),
        lambda c, g: (g * (2 / math.sqrt(math.pi)) * (-c.inputs[0] * c.inputs[0]).exp(),),
        "The error function.",
    ),
    ("log1p", np.log1p, "f", (-0.9, 5), (0,), lambda c, g: (g / (c.inputs[0] + 1),), "log(1 + x)."),
    ("expm1", np.expm1, "f", (-3, 3), (-1,), lambda c, g: (g * (c.output + 1),), "exp(x) - 1."),
    ("floor", np.floor, "f", (-4, 4), (), _zero, "The largest integer not above x."),
    ("ceil", np.ceil, "f", (-4, 4), (), _zero, "The smallest integer not below x."),
    ("trunc", np.trunc, "f", (-4, 4), (), _zero, "x without its fraction."),
    ("round", np.rint, "f", (-4, 4), (), _zero, "The nearest integer, halves to even."),
    ("invert", np.invert, "bi", (-9, 9), (), None, "Bitwise not; logical not of bool."),
)  # fmt: skip

_BINARY: tuple[Row, ...] = (
    ("add", np.add, "bif", (-2, 2), (), lambda c, g: (g, g), "x + y; logical or of bool."),
    ("sub", np.subtract, "if", (-2, 2), (), lambda c, g: (g, -g if c.needs[1] else None), "x - y."),
    ("mul", np.multiply, "bif", (-2, 2), (0, 1), _grad_mul, "x * y; logical and of bool."),
    ("div", np.divide, "f", (0.5, 2), (1, -1), _grad_div, "x / y."),
    (
        "floor_divide", _guarded(np.floor_divide), "if", (1, 9), (), _zero,
        "floor(x / y); an integer divided by 0 gives 0.",
    ),
    (
        "remainder", _guarded(np.remainder), "if", (1, 9), (0, 1), _grad_remainder,
        "x - y * floor(x / y), with the sign of y; an integer modulo 0 gives 0.",
    ),
    ("pow", _reference_pow, "if", (0.5, 2), (0, 1, -1), _grad_pow, "x ** y."),
    ("maximum", np.maximum, "bif", (-2, 2), (0, 1), _grad_maximum, "The larger; NaN wins."),
    ("minimum", np.minimum, "bif", (-2, 2), (0, 1), _grad_minimum, "The smaller; NaN wins."),
    ("atan2", np.arctan2, "f", (0.5, 2), (0, 1), _grad_atan2, "The angle of the point (y, x)."),
    (
        "nextafter", np.nextafter, "f", (0.5, 2), (0, 1), _grad_nextafter,
        "The next number of the type after x, towards y.",
    ),
    ("bitwise_and", np.bitwise_and, "bi", (0, 9), (), None, "Bitwise and."),
    ("bitwise_or", np.bitwise_or, "bi", (0, 9), (), None, "Bitwise or."),
    ("bitwise_xor", np.bitwise_xor, "bi", (0, 9), (), None, "Bitwise exclusive or."),
    ("shift_left", np.left_shift, "i", (0, 5), (), None, "x * 2**y, cut to the type."),
    ("shift_right", np.right_shift, "i", (0, 5), (), None, "floor(x / 2**y)."),
)  # fmt: skip

_COMPARE = (
    ("eq", np.equal, "x == y."),
    ("ne", np.not_equal, "x != y."),
    ("lt", np.less, "x < y."),
    ("le", np.less_equal, "x <= y."),
)

_SHAPES: tuple[tuple[int, ...], ...] = ((3, 4), (), (0, 3), (2, 3, 17))


def _unlike(count: int) -> tuple[WrongCall, ...]:
    """Two shapes that differ are the one mistake an elementwise call can make here."""
    if count < 2:
        return ()
    return (WrongCall((Spec((2,), float32), Spec((3,), float32)), (), RuntimeError, "one shape"),)


for _name, _function, _dtypes, (_low, _high), _saves, _gradient, _doc in _UNARY + _BINARY:
    _arity = 1 if any(row[0] == _name for row in _UNARY) else 2
    register(
        Operator(
            name=_name,
            kind=Kind.ELEMENTWISE,
            infer=_same(_name),
            reference=_function,
            gradient=_gradient,
            saves=_saves,
            samples=tuple(Sample((s,) * _arity, (), _low, _high) for s in _SHAPES),
            errors=_unlike(_arity),
            dtypes=_dtypes,
            doc=_doc,
        )
    )

for _name, _function, _doc in _COMPARE:
    register(
        Operator(
            name=_name,
            kind=Kind.ELEMENTWISE,
            infer=_predicate(_name),
            reference=_function,
            samples=tuple(Sample((s, s)) for s in _SHAPES),
            errors=_unlike(2),
            dtypes="bif",
            doc=_doc,
        )
    )

WHERE = register(
    Operator(
        name="where",
        kind=Kind.ELEMENTWISE,
        infer=_infer_where,
        reference=np.where,
        gradient=_grad_where,
        saves=(0,),
        samples=tuple(Sample((s, s, s)) for s in _SHAPES),
        errors=(
            WrongCall(
                (Spec((2,), float32), Spec((2,), float32), Spec((2,), float32)),
                (),
                RuntimeError,
                "to be a boolean tensor",
            ),
        ),
        dtypes="bif",
        doc="x where the condition holds, else y.",
    )
)

CAST = register(
    Operator(
        name="cast",
        kind=Kind.ELEMENTWISE,
        infer=_infer_cast,
        reference=_reference_cast,
        attrs=("dtype",),
        gradient=lambda ctx, g: (g,),  # the engine casts gradients to the input's dtype
        label="ToCopyBackward0",
        samples=tuple(Sample((s,), (bool_,)) for s in _SHAPES),
        dtypes="bif",
        doc="x in another dtype; floats are truncated to integers, bool is x != 0.",
    )
)


def _named(name: str) -> Operator:
    from portfire.ops._record import lookup

    return lookup(name)


(
    NEG, ABS, SIGN, EXP, LOG, SQRT, SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, ASINH, ACOSH,
    ATANH, EXP2, LOG2, LOG10, TANH, ERF, LOG1P, EXPM1, FLOOR, CEIL, TRUNC, ROUND,
    INVERT,
) = (_named(row[0]) for row in _UNARY)  # fmt: skip
(
    ADD, SUB, MUL, DIV, FLOOR_DIVIDE, REMAINDER, POW, MAXIMUM, MINIMUM, ATAN2, NEXTAFTER,
    BITWISE_AND, BITWISE_OR, BITWISE_XOR, SHIFT_LEFT, SHIFT_RIGHT,
) = (_named(row[0]) for row in _BINARY)  # fmt: skip
EQ, NE, LT, LE = (_named(row[0]) for row in _COMPARE)
