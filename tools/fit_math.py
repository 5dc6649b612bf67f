"""Derive the polynomial coefficients of `portfire_opencl.codegen.elementary`.

Each function is fitted by weighted least squares on Chebyshev nodes, then refined by some rounds of
reweighting towards equal ripples (Lawson's iteration), in double precision. Run it to see the
coefficients and the error of each fit before rounding to float32:

    python tools/fit_math.py
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

NODES = 4000
ROUNDS = 60
Array = np.ndarray[Any, Any]
Function = Callable[[Array], Array]
_erf = np.vectorize(math.erf, otypes=[float])
_erfc = np.vectorize(math.erfc, otypes=[float])


def fit(
    function: Function, weight: Function, low: float, high: float, degree: int
) -> tuple[list[float], float]:
    """Return coefficients, highest power first, and the largest weighted error."""
    angles = np.pi * (np.arange(NODES) + 0.5) / NODES
    x = (low + high) / 2 + (high - low) / 2 * np.cos(angles)
    target, scale = function(x), weight(x)
    columns = np.vander(x, degree + 1)
    importance = np.ones(NODES)
    best: tuple[float, Array] = (math.inf, np.zeros(degree + 1))
    for _ in range(ROUNDS):
        factor = np.sqrt(importance) * scale
        found = np.linalg.lstsq(columns * factor[:, None], target * factor, rcond=None)[0]
        error = np.abs(columns @ found - target) * scale
        if error.max() < best[0]:
            best = (float(error.max()), found)
        importance *= error / error.max() + 1e-3
        importance /= importance.sum()
    return [float(c) for c in best[1]], best[0]


def exp_tail(r: Array) -> Array:
    """(exp(r) - 1 - r) / r**2, by its series."""
    total, term = np.zeros_like(r), np.full_like(r, 0.5)
    for n in range(3, 22):
        total, term = total + term, term * r / n
    return total


def log_tail(f: Array) -> Array:
    """(log(1 + f) - f + f**2 / 2) / f**3, by its series near zero."""
    small = np.abs(f) < 0.02
    safe = np.where(small, 0.5, f)
    direct = (np.log1p(safe) - safe + safe**2 / 2) / safe**3
    series = sum((-1) ** n * f**n / (n + 3) for n in range(12))
    return np.asarray(np.where(small, series, direct))


def erf_over_x(s: Array) -> Array:
    """erf(x) / x as a function of x**2."""
    x = np.sqrt(np.maximum(s, 1e-12))
    return np.asarray(_erf(x) / x)


def erfc_exponent(t: Array) -> Array:
    """log(erfc(t))."""
    return np.asarray(np.log(_erfc(t)))


def _tail(function: Function, series: list[float], power: int) -> Function:
    """(function(x) - x) / x**3 or (function(x) - 1 + x**2 / 2) / x**4, as a function of x**2."""

    def tail(z: Array) -> Array:
        x = np.sqrt(np.maximum(z, 1e-12))
        first = x if power == 3 else 1 - z / 2
        near = sum(c * z**n for n, c in enumerate(series))
        safe = np.where(z < 0.01, 1.0, x)
        far = (function(safe) - np.where(z < 0.01, 0.0, first)) / safe**power
        return np.asarray(np.where(z < 0.01, near, far))

    return tail


def main() -> None:
    """Print every fit."""
    half_log2 = np.log(2) / 2 * 1.0001
    ones = np.ones_like
    fits: dict[str, tuple[Function, Function, float, float, int]] = {
        "EXP": (exp_tail, lambda r: np.maximum(r * r, 1e-9), -half_log2, half_log2, 4),
        "LOG": (
            log_tail,
            lambda f: np.abs(f**3 / np.where(np.abs(f) < 1e-9, 1, np.log1p(f))) + 1e-9,
            np.sqrt(0.5) - 1,
            np.sqrt(2.0) - 1,
            8,
        ),
        "SIN": (
            _tail(np.sin, [-1 / 6, 1 / 120, -1 / 5040, 1 / 362880], 3),
            lambda z: np.maximum(z, 1e-3),
            0.0,
            (np.pi / 4 * 1.001) ** 2,
            2,
        ),
        "COS": (
            _tail(np.cos, [1 / 24, -1 / 720, 1 / 40320, -1 / 3628800], 4),
            lambda z: np.maximum(z * z, 1e-4),
            0.0,
            (np.pi / 4 * 1.001) ** 2,
            2,
        ),
        "ATAN": (
            _tail(np.arctan, [(-1) ** n / (2 * n + 1) for n in range(1, 9)], 3),
            lambda z: np.maximum(z, 1e-3),
            0.0,
            1.0,
            9,
        ),
        "ASIN": (
            _tail(np.arcsin, [1 / 6, 3 / 40, 15 / 336, 105 / 3456, 945 / 42240, 0.01735], 3),
            lambda z: np.maximum(z, 1e-3),
            0.0,
            0.25,
            4,
        ),
        "SINH": (
            _tail(np.sinh, [1 / 6, 1 / 120, 1 / 5040, 1 / 362880], 3),
            lambda z: np.maximum(z, 1e-3),
            0.0,
            1.0,
            3,
        ),
        "ERF": (erf_over_x, ones, 0.0, 0.9216, 5),
        "ERFC": (erfc_exponent, lambda t: _erfc(t), 0.94, 4.0, 7),
    }
    for name, (function, weight, low, high, degree) in fits.items():
        found, error = fit(function, weight, low, high, degree)
        print(f"{name}: largest error {error:.1e}")
        print("    " + ", ".join(f"{c:.9e}" for c in found))


if __name__ == "__main__":
    main()
