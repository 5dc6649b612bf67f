"""Random tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _dtype as d
from portfire import _random, _tensor
from portfire._dtype import DType
from portfire._functions.creation import shape_of
from portfire._promotion import get_default_dtype
from portfire._random import Generator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "bernoulli",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
]

Device = Any


def _floating(name: str, dtype: DType | None) -> DType:
    dtype = dtype or get_default_dtype()
    if not dtype.is_floating_point:
        raise NotImplementedError(f"\"{name}\" not implemented for '{dtype.scalar_name}'")
    return dtype


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make uniform random floats in [0, 1).

    Args:
        *size: the sizes, as arguments or as one tuple (also as ``size=``).
        generator: where the bits come from.
        dtype: a float type, by default the default dtype.
        device: where to make them; the bits do not depend on it.
        requires_grad: record operations on it for autograd.

    Example:
        >>> import portfire
        >>> portfire.rand(2, 3).shape
        portfire.Size([2, 3])
    """
    made = _random.unit_interval(
        shape_of("rand", size), _floating("uniform", dtype), device, generator
    )
    return made.requires_grad_(True) if requires_grad else made


def randn(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make random floats of the standard normal distribution; see `rand` for the arguments.

    Example:
        >>> import portfire
        >>> portfire.randn(2, 3).shape
        portfire.Size([2, 3])
    """
    shape = shape_of("randn", args if size is None else (size,))
    made = _random.standard_normal(shape, _floating("normal", dtype), device, generator)
    return made.requires_grad_(True) if requires_grad else made


def rand_like(
    input: Tensor, *, dtype: DType | None = None, device: Device = None, requires_grad: bool = False
) -> Tensor:
    """Make `rand` with the shape, dtype and device of a tensor.

    Example:
        >>> import portfire
        >>> portfire.rand_like(portfire.ones(2)).shape
        portfire.Size([2])
    """
    where = device if device is not None else input.device
    return rand(
        input._shape, dtype=dtype or input._dtype, device=where, requires_grad=requires_grad
    )


def randn_like(
    input: Tensor, *, dtype: DType | None = None, device: Device = None, requires_grad: bool = False
) -> Tensor:
    """Make `randn` with the shape, dtype and device of a tensor.

    Example:
        >>> import portfire
        >>> portfire.randn_like(portfire.ones(2)).shape
        portfire.Size([2])
    """
    where = device if device is not None else input.device
    return randn(
        input._shape, dtype=dtype or input._dtype, device=where, requires_grad=requires_grad
    )


def _integers(
    shape: tuple[int, ...], low: int, high: int, dtype: DType, device: Device, generator: Any
) -> Tensor:
    """Integers in [low, high), from one word, or two where the range needs more bits."""
    span = high - low
    if span <= 0:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    words = _random.bits(shape, device, generator).to(d.int64)
    if span > 1 << 24:
        # A remainder of 64 bits keeps the bias below 2**-31 for ranges up to 2**32.
        high_words = _random.bits(shape, device, generator).to(d.int64)
        words = (words >> 1 << 32) + high_words
    return (words % span + low).to(dtype)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make uniform random integers in [low, high).

    Args:
        low: the smallest; with two arguments the bound, and the smallest is 0.
        high: the bound.
        size: a tuple of sizes.
        generator: where the bits come from.
        dtype: the element type, int64 by default.
        device: where to make them.
        requires_grad: record operations on it for autograd (float types only).

    Raises:
        RuntimeError: if the range is empty.

    Example:
        >>> import portfire
        >>> portfire.randint(0, 10, (2, 3)).shape
        portfire.Size([2, 3])
    """
    if size is None:
        low, high, size = 0, low, high
    shape = shape_of("randint", (tuple(size),))
    made = _integers(shape, low, high, dtype or d.int64, device, generator)
    return made.requires_grad_(True) if requires_grad else made


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Device = None,
) -> Tensor:
    """Make a random order of the integers from 0 to n - 1; it is drawn on the host.

    Raises:
        RuntimeError: if n is negative.

    Example:
        >>> import portfire
        >>> sorted(portfire.randperm(4).tolist())
        [0, 1, 2, 3]
    """
    if n < 0:
        raise RuntimeError(f"n must be non-negative, got {n}")
    high, low = (_random.host_bits(n, generator).astype(np.uint64) for _ in range(2))
    order = np.argsort((high << np.uint64(32)) | low, kind="stable")
    from portfire._functions.creation import tensor

    return tensor(order.astype(np.int64), dtype=dtype, device=device)


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DType | None = None,
    device: Device = None,
) -> Tensor:
    """Make normal random floats of a mean and standard deviation, numbers or tensors.

    Raises:
        RuntimeError: if the standard deviation is negative.

    Example:
        >>> import portfire
        >>> portfire.normal(0.0, 1.0, (2,)).shape
        portfire.Size([2])
    """
    if type(std) in (int, float) and std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    tensors = [t for t in (mean, std) if isinstance(t, _tensor.Tensor)]
    if size is None:
        if not tensors:
            raise TypeError("normal(): needs a size where mean and std are numbers")
        shape = (mean + std if len(tensors) == 2 else tensors[0])._shape
        dtype, device = tensors[0]._dtype, tensors[0].device
    else:
        shape = shape_of("normal", (tuple(size),))
    drawn = _random.standard_normal(shape, _floating("normal", dtype), device, generator)
    result: Tensor = drawn * std + mean
    return result


def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Draw 1 with the probability in each element (or ``p``), else 0.

    Example:
        >>> import portfire
        >>> portfire.bernoulli(portfire.ones(2))
        tensor([1., 1.])
    """
    chance = input if p is None else p
    dtype = input._dtype if input._dtype.is_floating_point else get_default_dtype()
    drawn = _random.unit_interval(input._shape, dtype, input.device, generator)
    return (drawn < chance).to(input._dtype)


# In place


def uniform_(
    self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Replace the elements by uniform random floats in [from, to).

    Raises:
        RuntimeError: if ``from`` is above ``to``.
    """
    if from_ > to:
        raise RuntimeError(
            f"uniform_ expects to return a [from, to) range, but found from={from_} > to={to}"
        )
    dtype = _floating("uniform", self._dtype)
    drawn = _random.unit_interval(self._shape, dtype, self.device, generator)
    return self._assign(drawn * (to - from_) + from_)


def normal_(
    self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Replace the elements by normal random floats.

    Raises:
        RuntimeError: if the standard deviation is negative.
    """
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    dtype = _floating("normal", self._dtype)
    drawn = _random.standard_normal(self._shape, dtype, self.device, generator)
    return self._assign(drawn * std + mean)


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Replace the elements by 1 with probability ``p``, else 0."""
    dtype = self._dtype if self._dtype.is_floating_point else get_default_dtype()
    drawn = _random.unit_interval(self._shape, dtype, self.device, generator)
    return self._assign((drawn < p).to(self._dtype))


def random_(
    self: Tensor, from_: int = 0, to: int | None = None, *, generator: Generator | None = None
) -> Tensor:
    """Replace the elements by random integers in [from, to), or what the dtype holds exactly."""
    if to is None:
        bounds = {d.float32: 1 << 24, d.float64: 1 << 53, d.float16: 1 << 11, d.bool_: 2}
        to = bounds.get(self._dtype) or int(np.iinfo(self._dtype.numpy).max)
    return self._assign(_integers(self._shape, from_, to, self._dtype, self.device, generator))
