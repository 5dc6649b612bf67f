"""Activation functions as one step each, with their derivatives.

Each row of the table below is a function of one number: its definition in tensor operations, in
NumPy, and its derivative. At the corners the derivatives are torch's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from portfire import bool as boolean
from portfire import int64
from portfire._dispatch import full, where
from portfire.nn._names import not_implemented
from portfire.ops import Kind, Operator, Sample, Spec, WrongCall, lookup, register

__all__ = ["ACTIVATIONS"]

_np_erf = lookup("erf").reference
_ROOT_HALF = math.sqrt(0.5)
_DENSITY = 1 / math.sqrt(2 * math.pi)
_TANH_FACTOR, _TANH_CUBE = math.sqrt(2 / math.pi), 0.044715


def _number(value: float, like: Any) -> Any:
    return full((), value, like)


def _either(condition: Any, yes: float, no: float, like: Any) -> Any:
    """One of two numbers, in the dtype of another tensor and not the default one."""
    return where(condition, _number(yes, like), _number(no, like))


def _between(x: Any, low: float, high: float) -> Any:
    return x.maximum(_number(low, x)).minimum(_number(high, x))


def _np_between(x: Any, low: float, high: float) -> Any:
    return np.minimum(np.maximum(x, x.dtype.type(low)), x.dtype.type(high))


# gelu


def _gelu_tanh(x: Any) -> Any:
    return ((x + x * x * x * _TANH_CUBE) * _TANH_FACTOR).tanh()


def _gelu(x: Any, approximate: str) -> Any:
    if approximate == "tanh":
        return x * 0.5 * (_gelu_tanh(x) + 1.0)
    return x * 0.5 * ((x * _ROOT_HALF).erf() + 1.0)


def _np_gelu(x: Any, approximate: str) -> Any:
    if approximate == "tanh":
        bent = np.tanh(_TANH_FACTOR * (x + _TANH_CUBE * x * x * x))
    else:
        bent = _np_erf(np.asarray(x * x.dtype.type(_ROOT_HALF)))
    return x * 0.5 * (1 + bent)


def _slope_gelu(x: Any, approximate: str) -> Any:
    if approximate == "tanh":
        bent = _gelu_tanh(x)
        inner = (x * x * (3 * _TANH_CUBE) + 1.0) * _TANH_FACTOR
        return (bent + 1.0) * 0.5 + x * 0.5 * (1.0 - bent * bent) * inner
    return ((x * _ROOT_HALF).erf() + 1.0) * 0.5 + x * (x * x * -0.5).exp() * _DENSITY


# silu, mish, softplus, log_sigmoid


def _soft(x: Any) -> Any:
    """log(1 + exp(x)), without overflow."""
    return x.maximum(_number(0.0, x)) + (-x.abs()).exp().log1p()


def _np_soft(x: Any) -> Any:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def _slope_silu(x: Any) -> Any:
    s = x.sigmoid()
    return s * (x * (1.0 - s) + 1.0)


def _slope_mish(x: Any) -> Any:
    bent = _soft(x).tanh()
    return bent + x * (1.0 - bent * bent) * x.sigmoid()


def _softplus(x: Any, beta: float, threshold: float) -> Any:
    z = x * beta
    return where(z > threshold, x, _soft(z) / beta)


def _np_softplus(x: Any, beta: float, threshold: float) -> Any:
    return np.where(x * beta > threshold, x, _np_soft(x * beta) / beta)


def _slope_softplus(x: Any, beta: float, threshold: float) -> Any:
    z = x * beta
    return where(z > threshold, 1.0, z.sigmoid())


# elu, celu, selu, leaky_relu, and those made of straight lines


def _elu(x: Any, alpha: float, scale: float, inner: float) -> Any:
    return where(x <= 0.0, (x * inner).expm1() * (alpha * scale), x * scale)


def _np_elu(x: Any, alpha: float, scale: float, inner: float) -> Any:
    return np.where(x <= 0, np.expm1(x * inner) * (alpha * scale), x * scale)


def _slope_elu(x: Any, alpha: float, scale: float, inner: float) -> Any:
    return where(x <= 0.0, (x * inner).exp() * (alpha * scale * inner), scale)


def _outside(x: Any, low: float, high: float) -> Any:
    """1 where x is outside an interval, and also where it is NaN; 0 inside."""
    return _either((x >= low) & (x <= high), 0.0, 1.0, x)


def _hardswish(x: Any) -> Any:
    return x * _between(x + 3.0, 0.0, 6.0) / 6.0


def _slope_hardswish(x: Any) -> Any:
    return where(x <= -3.0, 0.0, where(x < 3.0, x / 3.0 + 0.5, 1.0))


class _Row(NamedTuple):
    """One activation function."""

    name: str
    attrs: tuple[str, ...]
    options: tuple[tuple[Any, ...], ...]  # values of the attributes, for the tests
    function: Callable[..., Any]
    reference: Callable[..., Any]
    slope: Callable[..., Any]
    doc: str
    error_name: str = ""  # how torch calls it in errors; empty where it takes integers too


_SELU = (1.6732632423543772, 1.0507009873554805, 1.0)

_ROWS = (
    _Row(
        "gelu",
        ("approximate",),
        (("none",), ("tanh",)),
        _gelu,
        _np_gelu,
        _slope_gelu,
        "x times the normal distribution function of x.",
        "GeluKernelImpl",
    ),
    _Row(
        "silu",
        (),
        ((),),
        lambda x: x * x.sigmoid(),
        lambda x: x / (1 + np.exp(-x)),
        _slope_silu,
        "x times the logistic function of x.",
        "silu_cpu",
    ),
    _Row(
        "mish",
        (),
        ((),),
        lambda x: x * _soft(x).tanh(),
        lambda x: x * np.tanh(_np_soft(x)),
        _slope_mish,
        "x times the tanh of softplus of x.",
        "mish_cpu",
    ),
    _Row(
        "softplus",
        ("beta", "threshold"),
        ((1.0, 20.0), (2.0, 1.0)),
        _softplus,
        _np_softplus,
        _slope_softplus,
        "log(1 + exp(beta x)) / beta, and x where beta x is above the threshold.",
        "softplus_cpu",
    ),
    _Row(
        "log_sigmoid",
        (),
        ((),),
        lambda x: x.minimum(_number(0.0, x)) - (-x.abs()).exp().log1p(),
        lambda x: -_np_soft(-x),
        lambda x: (-x).sigmoid(),
        "The logarithm of the logistic function.",
        "log_sigmoid_cpu",
    ),
    _Row(
        "elu",
        ("alpha", "scale", "input_scale"),
        ((1.0, 1.0, 1.0), _SELU, (1.5, 1.0, 1 / 1.5)),
        _elu,
        _np_elu,
        _slope_elu,
        "scale x above zero, alpha scale (exp(input_scale x) - 1) below.",
        "elu_cpu",
    ),
    _Row(
        "leaky_relu",
        ("negative_slope",),
        ((0.01,), (0.5,)),
        lambda x, slope: where(x > 0.0, x, x * slope),
        lambda x, slope: np.where(x > 0, x, x * slope),
        lambda x, slope: _either(x > 0.0, 1.0, slope, x),
        "x above zero, a part of x below.",
        "leaky_relu_cpu",
    ),
    _Row(
        "hardtanh",
        ("min_val", "max_val"),
        ((-1.0, 1.0), (0.0, 6.0)),
        _between,
        _np_between,
        lambda x, low, high: _either((x <= low) | (x >= high), 0.0, 1.0, x),
        "x between two bounds, and the nearer bound outside.",
    ),
    _Row(
        "hardsigmoid",
        (),
        ((),),
        lambda x: _between(x + 3.0, 0.0, 6.0) / 6.0,
        lambda x: _np_between(x + 3, 0, 6) / 6,
        lambda x: _either((x > -3.0) & (x < 3.0), 1.0 / 6.0, 0.0, x),
        "x / 6 + 1 / 2 between 0 and 1.",
        "hardsigmoid_cpu",
    ),
    _Row(
        "hardswish",
        (),
        ((),),
        _hardswish,
        lambda x: x * _np_between(x + 3, 0, 6) / 6,
        _slope_hardswish,
        "x times hardsigmoid of x.",
        "hardswish_cpu",
    ),
    _Row(
        "softshrink",
        ("lambd",),
        ((0.5,),),
        lambda x, lambd: x - _between(x, -lambd, lambd),
        lambda x, lambd: x - _np_between(x, -lambd, lambd),
        lambda x, lambd: _outside(x, -lambd, lambd),
        "x nearer to zero by lambda, and zero where it is nearer already.",
        "softshrink_check",
    ),
    _Row(
        "hardshrink",
        ("lambd",),
        ((0.5,),),
        lambda x, lambd: where((x >= -lambd) & (x <= lambd), 0.0, x),
        lambda x, lambd: np.where(np.abs(x) <= lambd, 0, x),
        lambda x, lambd: _outside(x, -lambd, lambd),
        "x, and zero where it is nearer to zero than lambda.",
        "hardshrink_cpu",
    ),
    _Row(
        "threshold",
        ("threshold", "value"),
        ((0.1, 20.0),),
        lambda x, threshold, value: where(x <= threshold, _number(value, x), x),
        lambda x, threshold, value: np.where(x <= threshold, value, x),
        lambda x, threshold, value: _either(x <= threshold, 0.0, 1.0, x),
        "x above a threshold, and a number up to it.",
    ),
)


def _register(row: _Row) -> Operator:
    def infer(specs: tuple[Spec, ...], attrs: tuple[Any, ...]) -> Spec:
        (x,) = specs
        if row.error_name and not x.dtype.is_floating_point:
            raise not_implemented(row.error_name, x.dtype)
        if x.dtype is boolean:
            raise RuntimeError(f"Bool inputs not supported for {row.name}")
        return x

    def reference(x: Any, *attrs: Any) -> Any:
        return np.asarray(row.reference(x, *attrs)).astype(x.dtype)

    def gradient(ctx: Any, g: Any) -> tuple[Any, ...]:
        return (g * row.slope(ctx.inputs[0], *ctx.attrs),)

    wrong = (
        (Spec((2,), int64), NotImplementedError, "not implemented for 'Long'")
        if row.error_name
        else (Spec((2,), boolean), RuntimeError, "Bool inputs not supported")
    )
    first = row.options[0]
    return register(
        Operator(
            name=row.name,
            kind=Kind.COMPOSITE,
            infer=infer,
            reference=reference,
            attrs=row.attrs,
            gradient=gradient,
            saves=(0,),
            decompose=row.function,
            samples=tuple(Sample(((3, 7),), attrs, -4.0, 4.0) for attrs in row.options),
            errors=(WrongCall((wrong[0],), first, *wrong[1:]),) if row.attrs else (),
            doc=row.doc,
        )
    )


ACTIVATIONS = {row.name: _register(row) for row in _ROWS}
