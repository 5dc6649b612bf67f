"""Random tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _dtype as d
from portfire import _random, _tensor
from portfire._dtype import DType
from portfire._functions._inplace import into
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
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make uniform random floats in [0, 1).

    Args:
        *args: the sizes, as arguments or as one tuple.
        size: the same by name.
        generator: where the bits come from.
        out: a tensor that receives the result.
        dtype: a float type, by default the default dtype.
        device: where to make them; the bits do not depend on it.
        requires_grad: record operations on it for autograd.

    Example:
        >>> import portfire
        >>> portfire.rand(2, 3).shape
        portfire.Size([2, 3])
    """
    made = _random.unit_interval(
        shape_of("rand", args, size), _floating("uniform", dtype), device, generator
    )
    return into(out, made.requires_grad_(True) if requires_grad else made)


def randn(
    *args: Any,
    size: Any = None,
    generator: Generator | None = None,
    out: Tensor | None = None,
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
    shape = shape_of("randn", args, size)
    made = _random.standard_normal(shape, _floating("normal", dtype), device, generator)
    return into(out, made.requires_grad_(True) if requires_grad else made)


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
    if not dtype.is_floating_point:
        held = np.iinfo(dtype.numpy) if dtype is not d.bool_ else None
        limits = (0, 1) if held is None else (int(held.min), int(held.max))
        for what, bound in (("from", low), ("to - 1", high - 1)):
            if not limits[0] <= bound <= limits[1]:
                raise RuntimeError(f"{what} is out of bounds for {dtype.c_name}")
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
    out: Tensor | None = None,
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
        out: a tensor that receives the result.
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
    return into(out, made.requires_grad_(True) if requires_grad else made)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
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
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    if dtype is d.bool_:
        raise NotImplementedError("\"randperm\" not implemented for 'Bool'")
    if dtype is not None and not dtype.is_floating_point and n - 1 > np.iinfo(dtype.numpy).max:
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    high, low = (_random.host_bits(n, generator).astype(np.uint64) for _ in range(2))
    order = np.argsort((high << np.uint64(32)) | low, kind="stable")
    from portfire._functions.creation import tensor

    return into(out, tensor(order.astype(np.int64), dtype=dtype, device=device))


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
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
    if isinstance(std, _tensor.Tensor) and bool((std < 0).any()):
        raise RuntimeError("normal expects all elements of std >= 0.0")
    if size is None:
        if not tensors:
            raise TypeError("normal(): needs a size where mean and std are numbers")
        shape = (mean + std if len(tensors) == 2 else tensors[0])._shape
        dtype, device = tensors[0]._dtype, tensors[0].device
    else:
        shape = shape_of("normal", (tuple(size),))
    drawn = _random.standard_normal(shape, _floating("normal", dtype), device, generator)
    return into(out, drawn * std + mean)


def bernoulli(
    input: Tensor,
    p: float | None = None,
    *,
    generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Draw 1 with the probability in each element (or ``p``), else 0.

    Example:
        >>> import portfire
        >>> portfire.bernoulli(portfire.ones(2))
        tensor([1., 1.])
    """
    if not input._dtype.is_floating_point:
        raise NotImplementedError(
            f"\"bernoulli_tensor_cpu_p_\" not implemented for '{input._dtype.scalar_name}'"
        )
    chance = input.detach() if p is None else p
    _check_chance(chance)
    drawn = _random.unit_interval(input._shape, input._dtype, input.device, generator)
    return into(out, (drawn < chance).to(input._dtype))


def _check_chance(p: Any) -> None:
    """Raise for numbers that are no probabilities; a tensor of them is waited for."""
    if isinstance(p, _tensor.Tensor):
        if not bool(((p >= 0) & (p <= 1)).all()):
            raise RuntimeError("bernoulli expects all probabilities to be in [0, 1]")
    elif not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p}")


# In place


def uniform_(
    self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None
) -> Tensor:
    """Replace the elements by uniform random floats in [from, to).

    Raises:
        RuntimeError: if ``from`` is above ``to``.

    Example:
        >>> import portfire
        >>> x = portfire.empty(100).uniform_(2, 3)
        >>> bool(((x >= 2) & (x <= 3)).all())
        True
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

    Example:
        >>> import portfire
        >>> abs(portfire.empty(10000).normal_(5, 1).mean().item() - 5) < 0.1
        True
    """
    if std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
    dtype = _floating("normal", self._dtype)
    drawn = _random.standard_normal(self._shape, dtype, self.device, generator)
    return self._assign(drawn * std + mean)


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Replace the elements by 1 with probability ``p``, else 0."""
    _check_chance(p)
    dtype = self._dtype if self._dtype.is_floating_point else get_default_dtype()
    drawn = _random.unit_interval(self._shape, dtype, self.device, generator)
    return self._assign((drawn < p).to(self._dtype))


def random_(self: Tensor, *bounds: Any, generator: Generator | None = None, **named: Any) -> Tensor:
    """Replace the elements by random integers.

    ``random_(to)`` draws from [0, to), ``random_(from, to)`` from [from, to), and ``random_()``
    from all that the dtype holds exactly.

    Example:
        >>> import portfire
        >>> x = portfire.empty(100).random_(3, 6)
        >>> sorted(x.unique().tolist())
        [3.0, 4.0, 5.0]
    """
    if "from" in named or "to" in named:
        bounds = tuple(named.pop(name) for name in ("from", "to") if name in named)
    if named or len(bounds) > 2:
        raise TypeError(f"random_(): expected from and to, got {bounds} and {sorted(named)}")
    low, high = {0: (0, None), 1: (0, *bounds)}.get(len(bounds), bounds)
    if high is None:
        high = _exact_bound(self._dtype)
    return self._assign(_integers(self._shape, low, high, self._dtype, self.device, generator))


def _exact_bound(dtype: DType) -> int:
    """One more than the largest integer up to which a dtype holds all of them."""
    if dtype is d.bool_:
        return 2
    if dtype.is_floating_point:
        return int(2 / dtype.limits.eps)
    return int(np.iinfo(dtype.numpy).max)
