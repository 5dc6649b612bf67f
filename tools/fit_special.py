"""Derive the Chebyshev series of `portfire.ops._special`.

Each function is made smooth (divided by its zeros, freed of what it does far out), and interpolated
at Chebyshev nodes with 40 digits. Terms below the rounding error of a double are left out. It needs
mpmath, which portfire does not:

    python tools/fit_special.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath

NODES = 60
LEAST = 2.0**-55  # of the first coefficient
Number = Any  # mpmath's
Function = Callable[[Number], Number]


def fit(function: Function, low: Number, high: Number) -> list[float]:
    """Return the coefficients of a function's series between two bounds."""
    half = mpmath.mpf(1) / 2
    angles = [mpmath.pi * (k + half) / NODES for k in range(NODES)]
    middle, reach = (low + high) * half, (high - low) * half
    values = [function(middle + reach * mpmath.cos(a)) for a in angles]
    found = []
    for j in range(NODES):
        terms = [v * mpmath.cos(j * a) for v, a in zip(values, angles, strict=True)]
        found.append(2 * mpmath.fsum(terms) / NODES)
    found[0] /= 2
    count = max(j for j, c in enumerate(found) if abs(c) > LEAST * abs(found[0])) + 1
    return [float(c) for c in found[:count]]


def scaled_erfc(t: Number) -> Number:
    """Return erfc(x) exp(x**2) / t as a function of t = 1 / (1 + x / 2)."""
    x = (1 / t - 1) * 2
    return mpmath.exp(x * x) * mpmath.erfc(x) / t


def stirling(w: Number) -> Number:
    """Return x (lgamma(x) - Stirling's formula) as a function of x**-2."""
    x = 1 / mpmath.sqrt(w)
    formula = (x - mpmath.mpf(1) / 2) * (mpmath.log(x) - 1) + (mpmath.log(2 * mpmath.pi) - 1) / 2
    return (mpmath.loggamma(x) - formula) * x


def digamma_tail(w: Number) -> Number:
    """Return x**2 (digamma(x) - log(x) + 1 / (2 x)) as a function of x**-2."""
    x = 1 / mpmath.sqrt(w)
    return (mpmath.digamma(x) - mpmath.log(x) + 1 / (2 * x)) * x * x


def erfinv_over_x(z: Number) -> Number:
    """Return erfinv(x) / x as a function of x**2."""
    return mpmath.erfinv(mpmath.sqrt(z)) / mpmath.sqrt(z)


def erfinv_far(s: Number) -> Number:
    """Return erfinv(x) / s as a function of s = sqrt(-log(1 - x)), by Halley's iteration."""
    rest = mpmath.exp(-s * s)
    w = mpmath.sqrt(s * s - mpmath.log(s + 1))
    for _ in range(60):
        step = (mpmath.erfc(w) - rest) * mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(w * w)
        w += step / (1 - w * step)
    return w / s


def main() -> None:
    """Print every series."""
    mpmath.mp.dps = 40
    number = mpmath.mpf
    zero = mpmath.findroot(mpmath.digamma, 1.4616)
    fits: dict[str, tuple[Function, Number, Number]] = {
        "ERFC": (scaled_erfc, number(0), number("0.8")),
        "LGAMMA": (lambda x: mpmath.loggamma(x) / ((x - 1) * (x - 2)), number(1), number(3)),
        "STIRLING": (stirling, number(0), number(1) / 9),
        "DIGAMMA": (lambda x: mpmath.digamma(x) / (x - zero), number(1), number(2)),
        "DIGAMMA_TAIL": (digamma_tail, number(0), number(1) / 4),
        "ERFINV": (erfinv_over_x, number(0), number("0.5625")),
        "ERFINV_TAIL": (erfinv_far, number("1.17"), number("6.1")),
    }
    print("zero of digamma:", mpmath.nstr(zero, 30))
    for name, (function, low, high) in fits.items():
        print(f"{name}:", ", ".join(repr(c) for c in fit(function, low, high)))


if __name__ == "__main__":
    main()
