"""Cases of the elementwise functions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from portfire.testing import Tolerance
from tests.core.functions.case import Case, T, Wrong

SHAPE = (2, 5)


def pair(low: float, high: float) -> tuple[T, T]:
    return T(SHAPE, low, high), T((5,), low, high)


def kept(function: Any) -> Any:
    """Integers stay integers."""
    return lambda x, *rest, **options: function(x, *rest, **options).astype(x.dtype)


def in_floats(function: Any) -> Any:
    """Integers and bools become floats."""
    return lambda *xs: function(
        *(x.astype(np.float32) if np.asarray(x).dtype.kind in "biu" else x for x in xs)
    )


# name, NumPy's function, lowest and highest argument
FLOAT_UNARY = (
    ("reciprocal", np.reciprocal, 0.5, 4),
    ("sqrt", np.sqrt, 0.5, 9),
    ("rsqrt", lambda x: 1 / np.sqrt(x), 0.5, 9),
    ("exp", np.exp, -3, 3),
    ("exp2", np.exp2, -3, 3),
    ("expm1", np.expm1, -3, 3),
    ("log", np.log, 0.5, 9),
    ("log2", np.log2, 0.5, 9),
    ("log10", np.log10, 0.5, 9),
    ("log1p", np.log1p, 0, 9),
    ("sin", np.sin, -6, 6),
    ("cos", np.cos, -6, 6),
    ("tan", np.tan, -1, 1.2),
    ("asin", np.arcsin, -0.9, 0.9),
    ("acos", np.arccos, -0.9, 0.9),
    ("atan", np.arctan, -4, 4),
    ("sinh", np.sinh, -3, 3),
    ("cosh", np.cosh, -3, 3),
    ("tanh", np.tanh, -3, 3),
    ("asinh", np.arcsinh, -4, 4),
    ("acosh", np.arccosh, 1.2, 5),
    ("atanh", np.arctanh, -0.9, 0.9),
    ("deg2rad", np.deg2rad, -360, 360),
    ("rad2deg", np.rad2deg, -7, 7),
    ("erf", special.erf, -3, 3),
    ("erfc", special.erfc, -3, 3),
    ("erfinv", special.erfinv, -0.9, 0.9),
    ("lgamma", special.gammaln, 0.6, 9),
    ("digamma", special.digamma, 0.6, 9),
    ("sigmoid", special.expit, -4, 4),
    ("sinc", np.sinc, 0.2, 3),
)

CASES = [
    *(
        Case(name, (T(SHAPE, low, high),), in_floats(function), inplace=True, out=True, dtypes="fi")
        for name, function, low, high in FLOAT_UNARY
    ),
    *(
        Case(name, (T(SHAPE),), kept(function), dtypes="fi", inplace=True, out=True)
        for name, function in (
            ("neg", np.negative),
            ("abs", np.abs),
            ("sign", np.sign),
            ("sgn", np.sign),
            ("square", np.square),
            ("floor", np.floor),
            ("ceil", np.ceil),
            ("trunc", np.trunc),
            ("fix", np.trunc),
            ("round", np.rint),
            ("positive", np.positive),
            ("relu", lambda x: np.maximum(x, 0)),
            ("nan_to_num", np.nan_to_num),
        )
        if name not in ("positive", "relu")
    ),
    Case("positive", (T(SHAPE),), np.positive, dtypes="fi"),
    Case("relu", (T(SHAPE),), lambda x: np.maximum(x, 0), dtypes="fi", inplace=True),
    Case("frac", (T(SHAPE),), lambda x: x - np.trunc(x), dtypes="f", inplace=True, out=True),
    Case("round", (T(SHAPE),), lambda x, decimals: np.round(x, decimals), {"decimals": 1}, "f"),
    Case("round", (T(SHAPE, -99, 99),), lambda x, decimals: np.round(x, decimals),
         {"decimals": -1}, "f", host=True),
    Case("logit", (T(SHAPE, 0.1, 0.9),), special.logit, dtypes="f", out=True),
    Case("logit", (T(SHAPE, -0.5, 1.5), 0.1), lambda x, e: special.logit(np.clip(x, e, 1 - e)),
         dtypes="f", host=True),
    Case("mvlgamma", (T(SHAPE, 3, 9), 3), lambda x, p: special.multigammaln(3.0, p) * 0 + (
        p * (p - 1) / 4 * np.log(np.pi) + sum(special.gammaln(x - j / 2) for j in range(p))),
        dtypes="f", host=True),
    Case("polygamma", (1, T(SHAPE, 0.6, 5)), special.polygamma, dtypes="f", method=False,
         tolerance=Tolerance(1e-6, 1e-7)),
    *(
        Case(name, (T(SHAPE, values=[[1, -2, 0, np.inf, np.nan], [-np.inf, -0.0, 3, 0.5, 7]]),),
             function, dtypes="f", grad=False)
        for name, function in (
            ("isnan", np.isnan), ("isinf", np.isinf), ("isfinite", np.isfinite),
            ("isposinf", np.isposinf), ("isneginf", np.isneginf), ("isreal", np.isreal),
            ("nan_to_num", np.nan_to_num), ("logical_not", np.logical_not),
        )
    ),
    Case("signbit", (T((4,), values=[1, -2, 0.0, -0.0]),), np.signbit, dtypes="f", grad=False),
    Case("signbit", (T(SHAPE),), lambda x: x < 0, dtypes="ib", grad=False, host=True),
    Case("nan_to_num", (T((3,), values=[np.nan, np.inf, -np.inf]), 1.0, 2.0, 3.0),
         lambda x, a, b, c: np.nan_to_num(x, nan=a, posinf=b, neginf=c), dtypes="f", grad=False,
         host=True),
    # two operands
    *(
        Case(name, pair(low, high), function, dtypes=kinds, inplace=inplace, out=True)
        for name, function, (low, high), kinds, inplace in (
            ("add", np.add, (-3, 4), "fib", True),
            ("sub", np.subtract, (-3, 4), "fi", True),
            ("mul", np.multiply, (-3, 4), "fib", True),
            ("div", in_floats(np.divide), (1, 5), "fi", True),
            ("true_divide", in_floats(np.divide), (1, 5), "f", True),
            ("pow", np.power, (1, 4), "fi", True),
            ("maximum", np.maximum, (-3, 4), "fib", False),
            ("minimum", np.minimum, (-3, 4), "fib", False),
            ("fmax", np.fmax, (-3, 4), "fi", False),
            ("fmin", np.fmin, (-3, 4), "fi", False),
            ("atan2", in_floats(np.arctan2), (0.5, 3), "fi", True),
            ("hypot", np.hypot, (-3, 4), "f", True),
            ("logaddexp", np.logaddexp, (-3, 4), "f", False),
            ("logaddexp2", np.logaddexp2, (-3, 4), "f", False),
            ("xlogy", in_floats(special.xlogy), (0.5, 4), "fi", True),
            ("copysign", in_floats(np.copysign), (-3, 4), "fi", True),
        )
    ),
    *(
        Case(name, (T(SHAPE, -9, 9), T(SHAPE, values=[[3, -2, 4, -5, 7], [-1, 2, -3, 6, -8]])),
             function, dtypes="fi", grad=name != "remainder", inplace=True, out=True)
        for name, function in (
            ("floor_divide", np.floor_divide), ("remainder", np.remainder), ("fmod", np.fmod),
        )
    ),
    *(
        Case("div", (T(SHAPE, -9, 9), T((5,), values=[3, -2, 4, -5, 7])), function,
             {"rounding_mode": mode}, "fi", grad=False)
        for mode, function in (
            ("floor", lambda x, y, rounding_mode: np.floor_divide(x, y)),
            ("trunc", lambda x, y, rounding_mode: np.trunc(x / y).astype(x.dtype)),
        )
    ),
    Case("add", pair(-3, 4), lambda x, y, alpha: x + alpha * y, {"alpha": 2}, "fi"),
    Case("sub", pair(-3, 4), lambda x, y, alpha: x - alpha * y, {"alpha": 2}, "fi", host=True),
    Case("rsub", (T(SHAPE), 3), lambda x, y: (y - x).astype(x.dtype), dtypes="fi", method=False,
         host=True),
    Case("pow", (T(SHAPE, 0.5, 3), 2.5), lambda x, p: x**p, dtypes="f"),
    Case("pow", (2.0, T(SHAPE)), lambda b, x: np.power(b, x), dtypes="f", method=False),
    Case("pow", (T(SHAPE, -3, 4), 3), lambda x, p: (x**p).astype(x.dtype), dtypes="fi", host=True),
    Case("heaviside", (T((3,), values=[-1, 0, 2]), T((3,), values=[5, 6, 7])), np.heaviside,
         dtypes="f", grad=False, inplace=True, out=True),
    Case("nextafter", pair(-3, 4), np.nextafter, dtypes="f", grad=False, out=True),
    Case("ldexp", (T(SHAPE), T((5,), -4, 5, "i")), lambda x, n: np.ldexp(x, n), dtypes="f"),
    Case("frexp", (T((5,), values=[8, -3, 0, 0.1, 1e-40]),),
         lambda x: (np.frexp(x)[0], np.frexp(x)[1].astype(np.int32)), dtypes="f", grad=False),
    *(
        Case(name, (T(SHAPE, -9, 9), T((5,), 0, 5)), function, dtypes="ib", inplace=True, out=True)
        for name, function in (
            ("bitwise_and", np.bitwise_and), ("bitwise_or", np.bitwise_or),
            ("bitwise_xor", np.bitwise_xor),
        )
    ),
    *(
        Case(name, (T(SHAPE, -9, 9), T((5,), 0, 5)), function, dtypes="i", inplace=True, out=True)
        for name, function in (
            ("bitwise_left_shift", np.left_shift), ("bitwise_right_shift", np.right_shift),
        )
    ),
    Case("bitwise_not", (T(SHAPE),), np.invert, dtypes="ib", inplace=True, out=True),
    Case("gcd", (T(SHAPE, -60, 60), T((5,), -60, 60)), np.gcd, dtypes="i", inplace=True, out=True),
    Case("lcm", (T(SHAPE, -9, 9), T((5,), -9, 9)), np.lcm, dtypes="i", inplace=True, out=True),
    *(
        Case(name, (T(SHAPE, -2, 2), T((5,), -2, 2)), function, dtypes="fib", inplace=True,
             out=True, grad=False)
        for name, function in (
            ("logical_and", np.logical_and), ("logical_or", np.logical_or),
            ("logical_xor", np.logical_xor), ("eq", np.equal), ("ne", np.not_equal),
            ("lt", np.less), ("le", np.less_equal), ("gt", np.greater), ("ge", np.greater_equal),
        )
    ),
    Case("isclose", (T((3,), values=[1, 2, np.nan]), T((3,), values=[1.000001, 3, np.nan])),
         np.isclose, {"equal_nan": True}, "f", grad=False),
    # bounds
    Case("clamp", (T(SHAPE), 1, 2), np.clip, dtypes="fi", inplace=True, out=True),
    Case("clamp", (T(SHAPE), None, 2), np.clip, dtypes="fi", host=True),
    Case("clamp", (T(SHAPE), T((5,), -2, 0), T((5,), 0, 3)), np.clip, dtypes="fi"),
    Case("clip", (T(SHAPE),), lambda x, **k: np.maximum(x, k["min"]), {"min": 0}, "fi", host=True),
    Case("clamp_min", (T(SHAPE), 0), np.maximum, dtypes="fi", inplace=True, out=True),
    Case("clamp_max", (T(SHAPE), 1), np.minimum, dtypes="fi", inplace=True, out=True),
    # three operands
    Case("lerp", (T(SHAPE), T((5,)), 0.3), lambda x, y, w: x + w * (y - x), dtypes="f",
         inplace=True, out=True),
    Case("lerp", (T(SHAPE), T((5,)), T(SHAPE)), lambda x, y, w: x + w * (y - x), dtypes="f"),
    Case("addcmul", (T(SHAPE), T((5,)), T(SHAPE)), lambda x, y, z, value: x + value * y * z,
         {"value": 2}, "fi", inplace=True, out=True),
    Case("addcdiv", (T(SHAPE), T((5,)), T(SHAPE, 1, 4)), lambda x, y, z, value: x + value * y / z,
         {"value": 2}, "f", inplace=True, out=True),
]  # fmt: skip


def _integers(t: Any) -> Any:
    return t(2, dtype="int64")


WRONG = [
    Wrong("sub bools", lambda m, t: t(2, dtype="bool") - t(2), RuntimeError, "bool tensor"),
    Wrong("neg bool", lambda m, t: -t(2, dtype="bool"), RuntimeError, "bool tensor"),
    Wrong("positive bool", lambda m, t: +t(2, dtype="bool"), RuntimeError, "bool tensor"),
    Wrong("abs bool", lambda m, t: m.abs(t(2, dtype="bool")), NotImplementedError, "abs"),
    Wrong("invert float", lambda m, t: ~t(2), TypeError, "integer and Boolean"),
    Wrong("bitwise float", lambda m, t: t(2) & t(2), NotImplementedError, "not implemented for"),
    Wrong("gcd float", lambda m, t: m.gcd(t(2), t(2)), NotImplementedError, "gcd"),
    Wrong("shift bool", lambda m, t: t(2, dtype="bool") << t(2, dtype="bool"),
          NotImplementedError, "lshift_cpu"),
    Wrong("pow negative", lambda m, t: _integers(t) ** -1, RuntimeError, "negative integer powers"),
    Wrong("divide by 0", lambda m, t: _integers(t) // 0, RuntimeError, "ZeroDivisionError"),
    Wrong("modulo 0", lambda m, t: _integers(t) % 0, RuntimeError, "ZeroDivisionError"),
    Wrong("clamp nothing", lambda m, t: m.clamp(t(2)), RuntimeError, "At least one of"),
    Wrong("clamp mixed", lambda m, t: m.clamp(t(2), t(2), 2), TypeError, "clamp"),
    Wrong("maximum number", lambda m, t: m.maximum(t(2), 1), TypeError, "must be Tensor"),
    Wrong("atan2 number", lambda m, t: m.atan2(t(2), 1), TypeError, "must be Tensor"),
    Wrong("sin number", lambda m, t: m.sin(1.0), TypeError, "must be Tensor"),
    Wrong("eq number first", lambda m, t: m.eq(1, t(2)), TypeError, "eq"),
    Wrong("lerp dtype", lambda m, t: m.lerp(t(2), t(2, dtype="float16"), 0.5), RuntimeError,
          "expected dtype float for `end`"),
    Wrong("lerp integers", lambda m, t: m.lerp(_integers(t), _integers(t), 0.5),
          NotImplementedError, "lerp"),
    Wrong("addcdiv integers", lambda m, t: m.addcdiv(*[_integers(t)] * 3), RuntimeError,
          "Integer division with addcdiv"),
    Wrong("addcmul number", lambda m, t: m.addcmul(t(2), t(2), 1), TypeError, "tensor2"),
    Wrong("heaviside dtypes", lambda m, t: m.heaviside(t(2), _integers(t)), RuntimeError,
          "different dtypes"),
    Wrong("hypot integers", lambda m, t: m.hypot(_integers(t), _integers(t)),
          NotImplementedError, "hypot"),
    Wrong("frexp integers", lambda m, t: m.frexp(_integers(t)), RuntimeError, "floating-point"),
    Wrong("rounding mode", lambda m, t: m.div(t(2), t(2), rounding_mode="x"), RuntimeError,
          "rounding_mode"),
    Wrong("alpha", lambda m, t: m.add(_integers(t), _integers(t), alpha=0.5), RuntimeError,
          "alpha must not be"),
    Wrong("shapes", lambda m, t: t(2, 3) + t(2, 2), RuntimeError, "must match the size"),
    Wrong("isclose dtypes", lambda m, t: m.isclose(t(2), _integers(t)), RuntimeError,
          "did not match"),
    Wrong("isclose rtol", lambda m, t: m.isclose(t(2), t(2), rtol=-1.0), RuntimeError, "rtol"),
    Wrong("polygamma", lambda m, t: m.polygamma(-1, t(2)), RuntimeError, "negative n"),
    Wrong("mvlgamma", lambda m, t: m.mvlgamma(t(2), 0), RuntimeError, "p has to be greater"),
    Wrong("in place cast", lambda m, t: _integers(t).exp_(), RuntimeError, "can't be cast"),
]  # fmt: skip
