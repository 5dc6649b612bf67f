"""Special functions as composites: error and gamma functions, by Chebyshev series of smooth parts.

One series serves all dtypes: it is cut where its terms fall below the rounding error of the dtype.
The coefficients come from ``tools/fit_special.py``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire._dtype import float16, float32, float64
from portfire.ops._record import Attrs, Kind, Operator, Sample, Spec, WrongCall, register

# erfc(x) exp(x**2) / t over t = 1 / (1 + x/2) from 0 to 0.8.
_ERFC = (
    0.4869974896593381, 0.24101444861760662, 0.03917158019801934, 0.0028202013162589696,
    -0.0003190025880142985, -7.762458294633769e-05, 3.904758903066749e-06, 2.10650100538356e-06,
    -1.1719156145292982e-07, -6.458612977687303e-08, 6.547928118976531e-09, 2.0176470623078224e-09,
    -3.982401175873017e-10, -4.9761436210290495e-11, 2.213944839159887e-11, -1.7358623528113927e-13,
    -1.026209787629388e-12, 1.4448991184132368e-13, 3.158980053643002e-14, -1.2428959971894012e-14,
    3.0295830930074995e-16, 6.422214347909852e-16, -1.3294242674635553e-16,
)  # fmt: skip
# lgamma(x) / ((x - 1) (x - 2)) from 1 to 3.
_LGAMMA = (
    0.44148902545501423, -0.11119580321752523, 0.01951044826068884, -0.003922461463025264,
    0.0008478989895953857, -0.00019153855341365593, 4.454470184975607e-05, -1.05728743735943e-05,
    2.5474336873408417e-06, -6.208535880776316e-07, 1.5268677399071546e-07, -3.782637660291326e-08,
    9.428100823624284e-09, -2.361999702184645e-09, 5.943541905817546e-10, -1.501312977072867e-10,
    3.8050196458110534e-11, -9.672485299656325e-12, 2.465348198355661e-12, -6.298868140791711e-13,
    1.6128460030283787e-13, -4.137949206814042e-14, 1.0635701227757898e-14, -2.7382420786652826e-15,
    7.060670507214892e-16, -1.8232177141662118e-16, 4.714169006756272e-17,
)  # fmt: skip
# x (lgamma(x) - Stirling's formula) over x**-2 from 0 to 1/9.
_STIRLING = (
    0.08318246048291986, -0.00014975860440694073, 1.0941071496987224e-06, -1.9507293568156072e-08,
    6.024267555925602e-10, -2.7341646731691315e-11, 1.6562559082898348e-12, -1.257678484712384e-13,
    1.1461167272220638e-14, -1.2144076211274291e-15, 1.4610300637638518e-16,
    -1.9595510791505942e-17,
)  # fmt: skip
# digamma(x) / (x - its zero) from 1 to 2.
_DIGAMMA = (
    0.983570260441567, -0.2270640863346444, 0.03336889902393011, -0.005320077271596548,
    0.0008788656937820505, -0.00014773492650606044, 2.5060543468359146e-05, -4.2721034029993324e-06,
    7.302769272465923e-07, -1.2502886813559594e-07, 2.1425009322359472e-08, -3.673295918565179e-09,
    6.299717236108931e-10, -1.080593028883266e-10, 1.853735192053638e-11, -3.18023536582553e-12,
    5.456147570322795e-13, -9.360993131036438e-14, 1.606064636295075e-14, -2.7555431377438815e-15,
    4.727736178601912e-16, -8.11148420346509e-17,
)  # fmt: skip
# x**2 (digamma(x) - log(x) + 1/(2 x)) over x**-2 from 0 to 1/4.
_DIGAMMA_TAIL = (
    -0.08236957319963464, 0.0009399106567215423, -2.2709369947851174e-05, 1.0580437942864211e-06,
    -7.420015411231147e-08, 6.930284937127705e-09, -8.020789846701205e-10, 1.0976781664808303e-10,
    -1.719814936412182e-11, 3.0136147372559676e-12, -5.803602013725503e-13, 1.2118974653359568e-13,
    -2.7151165987959125e-14, 6.4709487941813014e-15, -1.6292399981337527e-15, 4.308624832554467e-16,
    -1.1910522067729785e-16, 3.427535980252597e-17, -1.023218494944218e-17,
)  # fmt: skip
# erfinv(x) / x over x**2 from 0 to 0.75**2.
_ERFINV = (
    0.9744859196197088, 0.09767121365429762, 0.0106798426748877, 0.00145839261934236,
    0.00022139561793534646, 3.5754642695386944e-05, 6.013052435846527e-06, 1.0405605281919531e-06,
    1.8393099988652242e-07, 3.3048595802566894e-08, 6.015922964924221e-09, 1.1067505460742694e-09,
    2.0540500062873634e-10, 3.8404854958353785e-11, 7.226135143013051e-12, 1.3670906380006421e-12,
    2.598708098538055e-13, 4.960649711523937e-14, 9.504612363589054e-15, 1.8271407438754928e-15,
    3.5229350975383005e-16, 6.810937482440025e-17,
)  # fmt: skip
# erfinv(x) / s over s = sqrt(-log(1 - x)) between these bounds.
_ERFINV_BOUNDS = (1.17, 6.1)
_ERFINV_TAIL = (
    0.884789774018043, 0.1186100680176713, -0.04931127717357124, 0.01851089652807631,
    -0.0064783483160256675, 0.002134815682389423, -0.0006617639701543065, 0.00019087521698911024,
    -4.983159937470457e-05, 1.0954530599292827e-05, -1.518822389780043e-06, -2.442517516746197e-07,
    3.2854438507133465e-07, -1.8506975098283072e-07, 8.265416870310001e-08, -3.252440106716827e-08,
    1.1654569870685686e-08, -3.832138259209784e-09, 1.1446311472839125e-09, -2.9922310933131027e-10,
    6.073683667219245e-11, -4.118231817062902e-12, -4.6888180382903205e-12, 3.660303995286355e-12,
    -1.885987151269604e-12, 8.184476413005789e-13, -3.1835498819236063e-13, 1.1327168902152835e-13,
    -3.690234558569786e-14, 1.0818735497453469e-14, -2.7045045557303882e-15, 4.739918988067629e-16,
    1.954346027307356e-17, -7.352737843921752e-17, 4.774539010559751e-17,
)  # fmt: skip
# The zero of digamma in two parts; the first one is a float32.
_ZERO = (1.4616321325302124, 1.2438149938918909e-08)
# B(2j) / (2j)!, of the Euler-Maclaurin formula.
_EULER = (
    8.333333333333333e-02, -1.388888888888889e-03, 3.306878306878307e-05, -8.267195767195768e-07,
    2.08767569878681e-08, -5.284190138687493e-10, 1.3382536530684679e-11, -3.389680296322583e-13,
)  # fmt: skip


def _chebyshev(series: tuple[float, ...], y: Any) -> Any:
    """Sum a series at points from -1 to 1, by Clenshaw's recurrence."""
    least = abs(series[0]) * (2.0**-56 if y._dtype is float64 else 2.0**-26)
    terms = [c for c in series if abs(c) > least]
    twice = y + y
    above: Any = 0.0
    total: Any = dispatch.full(y._shape, terms[-1], y)
    for c in terms[-2:0:-1]:
        above, total = total, twice * total - above + c
    return y * total - above + terms[0]


def _in_single(function: Callable[..., Any]) -> Callable[..., Any]:
    """Half precision computes in single."""

    def wide(x: Any, *attrs: Any) -> Any:
        if x._dtype is float16:
            return function(x.to(float32), *attrs).to(float16)
        return function(x, *attrs)

    return wide


# The error function's relatives


def _erfc(x: Any) -> Any:
    size = x.abs().clamp(max=28.0)  # beyond it even a double underflows
    # The square of the first part is exact, so that the exponential loses nothing.
    first = (size * 64).floor() / 64
    power = (-first * first).exp() * ((first - size) * (first + size)).exp()
    t = 1 / (1 + size / 2)
    tail = power * t * _chebyshev(_ERFC, t * 2.5 - 1)
    return dispatch.where(size < 0.5, 1 - x.erf(), dispatch.where(x < 0, 2 - tail, tail))


def _erfinv(x: Any) -> Any:
    size = x.abs()
    near = x * _chebyshev(_ERFINV, x * x * (2 / 0.5625) - 1)
    s = (-(1 - size).log()).sqrt()
    low, high = _ERFINV_BOUNDS
    far = s * _chebyshev(_ERFINV_TAIL, (s - low) * (2 / (high - low)) - 1)
    far = dispatch.where(size == 1, math.inf, far)
    return dispatch.where(size < 0.75, near, dispatch.where(x < 0, -far, far))


# The gamma function's relatives


def _to_integer(x: Any) -> Any:
    """How far the nearest integer is; exact."""
    return x - x.round()


def _lgamma_positive(x: Any, log: Any) -> Any:
    """Zero is among the arguments; ``log`` is that of x."""
    below = x < 1
    at = dispatch.where(below, x, x - 1)  # lgamma(x) = lgamma(x + 1) - log(x) below 1
    # Both factors are exact, so that the result is right near the zeros 1 and 2.
    factors = dispatch.where(below, x * (x - 1), (x - 1) * (x - 2))
    middle = factors * _chebyshev(_LGAMMA, at - 1)
    middle = dispatch.where(below, middle - log, middle)
    inverse = 1 / x
    rest = inverse * _chebyshev(_STIRLING, inverse * inverse * 18 - 1)
    large = (x - 0.5) * (log - 1) + (math.log(2 * math.pi) / 2 - 0.5) + rest
    return dispatch.where(x < 3, middle, large)


def _lgamma(x: Any) -> Any:
    size = x.abs()
    log = size.log()
    mirrored = _lgamma_positive(size, log)
    away = _to_integer(x)
    sine = (away * math.pi).sin().abs()
    negative = (math.pi / (sine * size)).log() - mirrored
    negative = dispatch.where(size < 1e-17, -log, negative)
    negative = dispatch.where(away.abs() > 0, negative, math.inf)  # poles, and -inf
    return dispatch.where(x < 0, negative, mirrored)


def _digamma(x: Any) -> Any:
    # Three pieces: 1 - x below 0, x + 1 up to 1, x.
    at = dispatch.where(x < 1, dispatch.where(x < 0, 1 - x, x + 1), x)
    middle = ((at - _ZERO[0]) - _ZERO[1]) * _chebyshev(_DIGAMMA, at * 2 - 3)
    inverse = 1 / at
    square = inverse * inverse
    large = at.log() - inverse / 2 + square * _chebyshev(_DIGAMMA_TAIL, square * 8 - 1)
    shifted = dispatch.where(at < 2, middle, large)
    away = _to_integer(x)
    turned = away * math.pi
    mirrored = shifted - math.pi * turned.cos() / turned.sin()
    mirrored = dispatch.where(away == 0, math.nan, mirrored)
    return dispatch.where(x < 0, mirrored, dispatch.where(x < 1, shifted - 1 / x, shifted))


def _power(x: Any, n: int) -> Any:
    """X to a positive integer, by squaring."""
    result = None
    while n:
        if n & 1:
            result = x if result is None else result * x
        x, n = x * x, n >> 1
    return result


def _euler_terms(s: int) -> list[float]:
    """Factors of y**(1 - s - 2 j) in the remainder of the sum of (y + k)**-s."""
    factors, rising = [], float(s)
    for j, c in enumerate(_EULER):
        factors.append(c * rising)
        rising *= (s + 2 * j + 1) * (s + 2 * j + 2)
    return factors


def _zeta(s: int, x: Any) -> Any:
    """The sum of (x + k)**-s over all k from 0, for x above 0: some terms, then a formula."""
    steps = 8 + s
    total = _power(1 / x, s)
    for k in range(1, steps):
        total = total + _power(1 / (x + k), s)
    inverse = 1 / (x + steps)
    square = inverse * inverse
    rest: Any = 0.0
    for factor in reversed(_euler_terms(s)):
        rest = rest * square + factor
    first = _power(inverse, s - 1)
    return total + first * (1 / (s - 1) + inverse * (0.5 + inverse * rest))


def _cotangent(n: int) -> list[int]:
    """Coefficients, lowest first, of the n-th derivative of cot as a polynomial in cot."""
    poly = [0, 1]
    for _ in range(n):
        slope = [k * c for k, c in enumerate(poly)][1:]
        poly = [-a - b for a, b in zip([*slope, 0, 0], [0, 0, *slope], strict=True)]
    return poly


def _polygamma(x: Any, n: int) -> Any:
    if n == 0:
        return _digamma(x)
    sign = 1.0 if n % 2 else -1.0
    sums = _zeta(n + 1, dispatch.where(x > 0, x, 1 - x)) * (sign * math.factorial(n))
    away = _to_integer(x)
    turned = away * math.pi
    cot = turned.cos() / turned.sin()
    slope: Any = 0.0
    for c in reversed(_cotangent(n)):
        slope = slope * cot + float(c)
    mirrored = -sign * sums - slope * math.pi ** (n + 1)
    mirrored = dispatch.where(away == 0, sign * math.inf, mirrored)
    return dispatch.where(x > 0, sums, mirrored)


# References, one number at a time; other formulas than the decompositions


def _by_number(function: Callable[..., float]) -> Callable[..., Any]:
    def reference(x: Any, *attrs: Any) -> Any:
        flat = [function(float(v), *attrs) for v in np.asarray(x).reshape(-1)]
        return np.array(flat, np.float64).reshape(np.shape(x)).astype(x.dtype)

    return reference


def _number_lgamma(x: float) -> float:
    if abs(x) > 2.5e305 or (x <= 0 and x == math.floor(x)):
        return math.inf
    return math.lgamma(x)


def _number_digamma(x: float) -> float:
    if x == 0:
        return math.copysign(math.inf, -x)
    if x < 0:
        if x == math.floor(x) or math.isinf(x):
            return math.nan
        return _number_digamma(1 - x) - math.pi / math.tan(math.pi * math.fmod(x, 1.0))
    total = 0.0
    while x < 12:
        total, x = total - 1 / x, x + 1
    w = 1 / (x * x)
    series = w * (1 / 12 - w * (1 / 120 - w * (1 / 252 - w * (1 / 240 - w * (1 / 132)))))
    return total + math.log(x) - 0.5 / x - series


def _number_polygamma(x: float, n: int) -> float:
    """The defining sum, also left of 0; behind its terms, integral, half term and slope."""
    if n == 0:
        return _number_digamma(x)
    sign = 1.0 if n % 2 else -1.0
    if math.isnan(x) or x == -math.inf:
        return math.nan
    if x <= 0 and x == math.floor(x):
        return sign * math.inf
    total, s = 0.0, n + 1
    while x < 200:
        total, x = total + x**-s, x + 1
    total += x ** (1 - s) / (s - 1) + x**-s / 2 + s * x ** (-s - 1) / 12
    return sign * math.factorial(n) * (total - s * (s + 1) * (s + 2) * x ** (-s - 3) / 720)


def _number_erfinv(x: float) -> float:
    """Halley's iteration on erf, and on erfc where erf is almost 1."""
    size = abs(x)
    if not 0 < size < 1:
        return x if size == 0 else math.copysign(math.inf, x) if size == 1 else math.nan
    w = size if size < 0.5 else math.sqrt(-math.log(1 - size) / 2)
    for _ in range(60):
        wrong = math.erfc(w) - (1 - size) if size > 0.5 else size - math.erf(w)
        step = wrong * math.exp(w * w) * math.sqrt(math.pi) / 2
        w += step / (1 - w * step)
    return math.copysign(w, x)


# The records

_HALF_PI = math.sqrt(math.pi) / 2


def _infer(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    return specs[0]


def _infer_polygamma(specs: tuple[Spec, ...], attrs: Attrs) -> Spec:
    if attrs[0] < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return specs[0]


def _samples(low: float, high: float, *attrs: Attrs) -> tuple[Sample, ...]:
    shapes = ((3, 4), (), (0, 3), (2, 33))
    return tuple(Sample((s,), a, low, high) for a in attrs or ((),) for s in shapes)


def _grad_erfc(ctx: Any, g: Any) -> tuple[Any, ...]:
    x = ctx.inputs[0]
    return (g * (-x * x).exp() * (-1 / _HALF_PI),)


def _grad_erfinv(ctx: Any, g: Any) -> tuple[Any, ...]:
    return (g * (ctx.output * ctx.output).exp() * _HALF_PI,)


def _grad_lgamma(ctx: Any, g: Any) -> tuple[Any, ...]:
    return (g * dispatch.apply(DIGAMMA, (ctx.inputs[0],)),)


def _grad_digamma(ctx: Any, g: Any) -> tuple[Any, ...]:
    return (g * dispatch.apply(POLYGAMMA, (ctx.inputs[0],), (1,)),)


def _grad_polygamma(ctx: Any, g: Any) -> tuple[Any, ...]:
    return (g * dispatch.apply(POLYGAMMA, (ctx.inputs[0],), (ctx.attrs[0] + 1,)),)


ERFC, ERFINV, LGAMMA, DIGAMMA = (
    register(
        Operator(
            name=name,
            kind=Kind.COMPOSITE,
            infer=_infer,
            reference=_by_number(number),
            gradient=gradient,
            saves=saves,
            decompose=_in_single(decompose),
            samples=_samples(low, high),
            doc=doc,
        )
    )
    for name, decompose, number, gradient, saves, (low, high), doc in (
        ("erfc", _erfc, math.erfc, _grad_erfc, (0,), (-3, 3), "1 - erf(x), exact far out."),
        ("erfinv", _erfinv, _number_erfinv, _grad_erfinv, (-1,), (-0.9, 0.9), "erf's inverse."),
        (
            "lgamma", _lgamma, _number_lgamma, _grad_lgamma, (0,), (0.3, 8),
            "The logarithm of the absolute value of the gamma function.",
        ),
        (
            "digamma", _digamma, _number_digamma, _grad_digamma, (0,), (0.3, 8),
            "The derivative of lgamma.",
        ),
    )
)  # fmt: skip

POLYGAMMA = register(
    Operator(
        name="polygamma",
        kind=Kind.COMPOSITE,
        infer=_infer_polygamma,
        reference=_by_number(_number_polygamma),
        attrs=("n",),
        gradient=_grad_polygamma,
        saves=(0,),
        decompose=_in_single(_polygamma),
        samples=_samples(0.6, 8, (1,), (2,)),
        errors=(
            WrongCall((Spec((2,), float32),), (-1,), RuntimeError, "does not support negative n"),
        ),
        doc="The n-th derivative of digamma.",
    )
)
