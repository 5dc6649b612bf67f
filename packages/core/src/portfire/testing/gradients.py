"""Numeric derivatives by central differences, in double precision."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

__all__ = ["directional_derivative", "numeric_gradients"]

Array = np.ndarray[Any, Any]

STEP = 1e-5


def numeric_gradients(
    function: Callable[..., Any], arrays: Sequence[Array], weights: Any, step: float = STEP
) -> list[Array | None]:
    """Return the derivatives of ``sum(function(*arrays) * weights)``, by central differences.

    Args:
        function: takes and returns NumPy arrays.
        arrays: the point; float arrays are differentiated, in float64, and give None otherwise.
        weights: an array of the result's shape.
        step: the distance to each side.

    Example:
        >>> import numpy
        >>> from portfire.testing import numeric_gradients
        >>> (slope,) = numeric_gradients(numpy.square, [numpy.array([3.0])], numpy.array([1.0]))
        >>> float(slope[0].round(6))
        6.0
    """
    point = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in arrays]

    def value() -> float:
        with np.errstate(all="ignore"):
            return float(np.sum(np.asarray(function(*point), np.float64) * weights))

    results: list[Array | None] = []
    for array in point:
        if array.dtype.kind != "f":
            results.append(None)
            continue
        slope = np.zeros(array.shape)
        for at in np.ndindex(*array.shape):
            middle = array[at]
            array[at] = middle + step
            above = value()
            array[at] = middle - step
            below = value()
            array[at] = middle
            slope[at] = (above - below) / (2 * step)
        results.append(slope)
    return results


def directional_derivative(
    function: Callable[[Sequence[Array]], float],
    arrays: Sequence[Array],
    directions: Sequence[Array],
    step: float = STEP,
) -> float:
    """Return the derivative of a function of some arrays along one direction."""
    above = function([a + step * v for a, v in zip(arrays, directions, strict=True)])
    below = function([a - step * v for a, v in zip(arrays, directions, strict=True)])
    return (above - below) / (2 * step)
