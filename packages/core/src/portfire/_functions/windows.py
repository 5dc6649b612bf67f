"""Windows of signal processing: weights that fall off towards both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from portfire._dtype import DType
from portfire._functions.creation import float_dtype, tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from portfire._tensor import Tensor

__all__ = ["bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window"]

Device = Any


def _window(
    name: str, length: int, periodic: bool, dtype: DType | None, device: Device,
    requires_grad: bool, weights: Callable[[Any, int], Any],
) -> Tensor:  # fmt: skip
    """Weights at positions 0 to 1, drawn on the host in double precision."""
    dtype = float_dtype(name, dtype)
    if not dtype.is_floating_point:
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype}")
    if length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={length}"
        )
    if length == 1:
        array = np.ones(1)
    else:
        last = length if periodic else length - 1
        array = weights(np.arange(length) / max(last, 1), length)
    return tensor(np.asarray(array), dtype=dtype, device=device, requires_grad=requires_grad)


def _cosines(*factors: float) -> Callable[[Any, int], Any]:
    """A sum of cosines of 0, 1, 2, ... turns, with alternating signs."""

    def weights(position: Any, length: int) -> Any:
        terms = (
            (-1) ** k * factor * np.cos(2 * np.pi * k * position)
            for k, factor in enumerate(factors)
        )
        return sum(terms, np.zeros(length))

    return weights


def hann_window(
    window_length: int, periodic: bool = True, *, dtype: DType | None = None,
    device: Device = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Make the Hann window, one period of a raised cosine.

    Args:
        window_length: the number of weights.
        periodic: leave out the last weight of a symmetric window, as spectral analysis wants.
        dtype: a float type, by default the default dtype.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Raises:
        RuntimeError: if the length is negative or the dtype is not a float type.

    Example:
        >>> import portfire
        >>> portfire.hann_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(
        "hann_window", window_length, periodic, dtype, device, requires_grad, _cosines(0.5, 0.5)
    )


def hamming_window(
    window_length: int, periodic: bool = True, alpha: float = 0.54, beta: float = 0.46, *,
    dtype: DType | None = None, device: Device = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Make the Hamming window, ``alpha - beta * cos``; see `hann_window` for the other arguments.

    Example:
        >>> import portfire
        >>> portfire.hamming_window(4)
        tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    weights = _cosines(alpha, beta)
    return _window("hamming_window", window_length, periodic, dtype, device, requires_grad, weights)


def blackman_window(
    window_length: int, periodic: bool = True, *, dtype: DType | None = None,
    device: Device = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Make the Blackman window, of three cosines; see `hann_window` for the arguments.

    Example:
        >>> import portfire
        >>> portfire.blackman_window(5, periodic=False)[2]
        tensor(1.)
    """
    weights = _cosines(0.42, 0.5, 0.08)
    return _window(
        "blackman_window", window_length, periodic, dtype, device, requires_grad, weights
    )


def bartlett_window(
    window_length: int, periodic: bool = True, *, dtype: DType | None = None,
    device: Device = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Make the Bartlett window, a triangle; see `hann_window` for the arguments.

    Example:
        >>> import portfire
        >>> portfire.bartlett_window(4)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(
        "bartlett_window", window_length, periodic, dtype, device, requires_grad,
        lambda position, _: 1 - np.abs(2 * position - 1),
    )  # fmt: skip


def kaiser_window(
    window_length: int, periodic: bool = True, beta: float = 12.0, *,
    dtype: DType | None = None, device: Device = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Make the Kaiser window of a shape ``beta``; see `hann_window` for the other arguments.

    Example:
        >>> import portfire
        >>> portfire.kaiser_window(5, periodic=False)[2]
        tensor(1.)
    """
    return _window(
        "kaiser_window", window_length, periodic, dtype, device, requires_grad,
        lambda position, _: np.i0(beta * np.sqrt(1 - (2 * position - 1) ** 2)) / np.i0(beta),
    )  # fmt: skip
