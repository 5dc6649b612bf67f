"""How close is close: one table for every test, and the comparison that reads it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from portfire import _dtype as d
from portfire import _tensor
from portfire._dtype import DType

__all__ = ["GRADIENT", "TOLERANCES", "Tolerance", "assert_close"]


class Tolerance(NamedTuple):
    """``|actual - expected| <= absolute + relative * |expected|``."""

    relative: float
    absolute: float


EXACT = Tolerance(0.0, 0.0)

# A result in a dtype against the NumPy reference in the same dtype. Integers and bools are exact.
TOLERANCES: dict[DType, Tolerance] = {
    d.float16: Tolerance(4e-3, 2e-3),
    d.float32: Tolerance(2e-5, 4e-6),
    d.float64: Tolerance(1e-10, 1e-11),
}

# A gradient computed in a dtype against central differences of the float64 reference.
GRADIENT: dict[DType, Tolerance] = {
    d.float16: Tolerance(2e-2, 2e-2),
    d.float32: Tolerance(2e-4, 2e-4),
    d.float64: Tolerance(1e-6, 1e-7),
}


def assert_close(
    actual: Any,
    expected: Any,
    tolerance: Tolerance | None = None,
    message: str = "",
) -> None:
    """Raise AssertionError unless two arrays or tensors agree in dtype, shape and elements.

    NaN equals NaN, and infinities have to be equal.

    Args:
        actual: a tensor or array.
        expected: a tensor, array or number; a number has no dtype to agree with.
        tolerance: by default that of the actual dtype in `TOLERANCES`.
        message: what was compared; the error starts with it.

    Example:
        >>> import portfire
        >>> from portfire.testing import assert_close
        >>> assert_close(portfire.ones(2) / 3, portfire.tensor([0.333333, 0.333333]))
    """
    got, wanted = _array(actual), _array(expected)
    start = f"{message}: " if message else ""
    if isinstance(expected, np.ndarray | np.generic | _tensor.Tensor) and got.dtype != wanted.dtype:
        raise AssertionError(f"{start}expected dtype {wanted.dtype}, got {got.dtype}")
    if got.shape != wanted.shape:
        raise AssertionError(f"{start}expected shape {wanted.shape}, got {got.shape}")
    if tolerance is None:
        tolerance = TOLERANCES.get(d.dtype_of_array(got), EXACT)
    good = _agree(got, wanted, tolerance)
    if not good.all():
        at = tuple(int(i) for i in np.argwhere(~good)[0])
        raise AssertionError(
            f"{start}{int((~good).sum())} of {good.size} elements differ, the first at {list(at)}: "
            f"expected {wanted[at]}, got {got[at]} (tolerance {tolerance.relative:g} relative, "
            f"{tolerance.absolute:g} absolute)"
        )


def _agree(got: Any, wanted: Any, tolerance: Tolerance) -> Any:
    """Where the elements agree."""
    if got.dtype.kind != "f":
        return np.asarray(got == wanted)
    with np.errstate(all="ignore"):
        x, y = got.astype(np.float64), wanted.astype(np.float64)
        near = np.abs(x - y) <= tolerance.absolute + tolerance.relative * np.abs(y)
        near &= np.isfinite(x) & np.isfinite(y)
        return np.asarray(near | (x == y) | (np.isnan(x) & np.isnan(y)))


def _array(value: Any) -> np.ndarray[Any, Any]:
    if isinstance(value, _tensor.Tensor):
        return value.detach()._host()
    return np.asarray(value)
