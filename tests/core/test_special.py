"""Error and gamma functions: known values on both sides of zero, and what is at their ends."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _device, ops
from portfire import _dispatch as dispatch

# Computed with forty digits.
KNOWN: dict[str, tuple[list[float], list[float]]] = {
    "lgamma": (
        [-0.3, -2.5, -7.25, 1e-10, 0.5, 1.001, 1.999, 2.75, 30.0, 1e10],
        [
            1.4648400508576025, -0.056243716497674054, -7.54188344347575, 23.025850929882736,
            0.5723649429247001, -0.0005763935982833062, -0.0004224618006921073,
            0.47521466691493713, 71.25703896716801, 220258509288.81058,
        ],
    ),
    "digamma": (
        [-0.3, -2.5, -7.25, 1e-10, 0.5, 1.46, 1.999, 2.75, 30.0, 1e10],
        [
            2.113309779635399, 1.103156640645243, 5.189977214956288, -10000000000.577215,
            -1.9635100260214235, -0.0015805619870834522, 0.4221391988923556, 0.8189010249754326,
            3.384438132685525, 23.025850929890456,
        ],
    ),
    "erfc": (
        [-3.0, -0.3, 0.3, 0.6, 2.0, 5.0, 9.0, 26.0],
        [
            1.9999779095030015, 1.3286267594591274, 0.6713732405408726, 0.3961439091520741,
            0.004677734981047266, 1.537459794428035e-12, 4.13703174651381e-37,
            5.663192408856143e-296,
        ],
    ),
    "erfinv": (
        [-0.999, -0.5, 1e-10, 0.3, 0.74, 0.76, 0.999999],
        [
            -2.3267537655135246, -0.4769362762044699, 8.862269254527581e-11, 0.2724627147267543,
            0.7964788056117074, 0.8308411284745602, 3.458910737275499,
        ],
    ),
}  # fmt: skip
POLYGAMMA = {
    1: [19.433868949488463, 9.886209670902357, 12.245364546107732, 0.49035775610023485,
        0.02531510384129103],
    2: [-124.11765305971518, 21.287168462856535, -75.27253658872604, -0.2362040516417274,
        -0.0006408202718352986],
    5: [492231.2077521004, 31876.50690776846, 164634.84609922304, 0.5785691785671835,
        2.4938943509996704e-07],
}  # fmt: skip
INF, NAN = math.inf, math.nan
ENDS: dict[str, list[tuple[float, float]]] = {
    "lgamma": [
        (0, INF),
        (-0.0, INF),
        (-1, INF),
        (-4, INF),
        (1, 0),
        (2, 0),
        (INF, INF),
        (-INF, INF),
    ],
    "digamma": [(0, -INF), (-0.0, INF), (-1, NAN), (INF, INF), (-INF, NAN)],
    "erfc": [(0, 1), (INF, 0), (-INF, 2), (100, 0)],
    "erfinv": [(0, 0), (-0.0, -0.0), (1, INF), (-1, -INF), (1.5, NAN), (-INF, NAN)],
}


def of(name: str, values: list[float], dtype: Any, device: str, *attrs: Any) -> Any:
    if dtype not in _device.resolve(device).runtime.dtypes:
        pytest.skip(f"{device} has no {dtype.name}")
    x = portfire.tensor(values, dtype=dtype, device=device)
    return dispatch.apply(ops.lookup(name), (x,), attrs).cpu().numpy()


@pytest.mark.parametrize("name", KNOWN)
def test_known_values(name: str, device: str) -> None:
    x, want = KNOWN[name]
    np.testing.assert_allclose(of(name, x, portfire.float64, device), want, rtol=4e-14)


@pytest.mark.parametrize("name", KNOWN)
def test_known_values_in_single_precision(name: str, device: str) -> None:
    """The arguments that are exact there, so that only the function's own error is seen."""
    pairs = [(x, y) for x, y in zip(*KNOWN[name], strict=True) if x == float(np.float32(x))]
    x, want = (list(column) for column in zip(*pairs, strict=True))
    got = of(name, x, portfire.float32, device)
    np.testing.assert_allclose(got, np.asarray(want, np.float32), rtol=1.5e-6, atol=1e-44)


@pytest.mark.parametrize("n", POLYGAMMA)
def test_polygamma(n: int, device: str) -> None:
    got = of("polygamma", [-2.75, -0.4, 0.3, 2.5, 40.0], portfire.float64, device, n)
    np.testing.assert_allclose(got, POLYGAMMA[n], rtol=1e-12)
    poles = of("polygamma", [0.0, -3.0, INF], portfire.float64, device, n)
    np.testing.assert_array_equal(poles, [INF, INF, 0] if n % 2 else [-INF, -INF, 0])


@pytest.mark.parametrize("dtype", [portfire.float16, portfire.float32, portfire.float64], ids=str)
@pytest.mark.parametrize("name", ENDS)
def test_ends(name: str, dtype: Any, device: str) -> None:
    x, values = (list(column) for column in zip(*ENDS[name], (NAN, NAN), strict=True))
    got, want = of(name, x, dtype, device), np.array(values)
    np.testing.assert_array_equal(got, want)
    zero = want == 0
    if name == "erfinv":
        np.testing.assert_array_equal(np.signbit(got[zero]), np.signbit(want[zero]))


def test_the_next_number(device: str) -> None:
    """It depends on the dtype, so half precision does not compute it in single."""
    x = portfire.tensor([1.0, 0.0, 65504.0, 1.0], dtype=portfire.float16, device=device)
    y = portfire.tensor([2.0, -1.0, INF, 1.0], dtype=portfire.float16, device=device)
    got = dispatch.apply(ops.lookup("nextafter"), (x, y)).cpu().numpy()
    want = np.array([1.0009765625, -5.960464477539063e-08, INF, 1.0], np.float16)
    np.testing.assert_array_equal(got, want)
