"""Draws from distributions: as functions of a tensor of parameters, and in place."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire import _random
from portfire._dtype import FLOAT, DType, int64
from portfire._functions import creation, random
from portfire._functions._inplace import into
from portfire._functions.joining import stack
from portfire._promotion import get_default_dtype
from portfire._random import Generator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["binomial", "multinomial", "poisson", "randint_like"]

BAD_CHANCES = "probability tensor contains either `inf`, `nan` or element < 0"


def randint_like(
    input: Tensor, low: int, high: int | None = None, *, dtype: DType | None = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Make `randint` with the shape, dtype and device of a tensor.

    Example:
        >>> import portfire
        >>> portfire.randint_like(portfire.ones(2), 1, 2)
        tensor([1., 1.])
    """
    low, high = (0, low) if high is None else (low, high)
    made = random.randint(
        low,
        high,
        input._shape,
        dtype=dtype or input._dtype,
        device=device if device is not None else input.device,
    )
    return made.requires_grad_(True) if requires_grad else made


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *,
    generator: Generator | None = None, out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Draw positions with the given weights, from each row.

    Args:
        input: a vector or matrix of non-negative weights; they need not add up to 1.
        num_samples: how many positions to draw from each row.
        replacement: whether a position may be drawn several times.
        generator: where the bits come from.
        out: a tensor that receives the result.

    Raises:
        RuntimeError: if the weights are no weights, or there are not enough to draw from.

    Example:
        >>> import portfire
        >>> portfire.multinomial(portfire.tensor([0.0, 1.0]), 3, replacement=True)
        tensor([1, 1, 1])
    """
    if input.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if input._dtype.category != FLOAT:
        raise RuntimeError(
            "multinomial only supports floating-point dtypes for input, got: "
            f"{input._dtype.scalar_name}"
        )
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > input._shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    weights = input.detach()
    sums = weights.sum(-1)
    wrong = ~((weights >= 0) & (weights < math.inf))
    if bool(wrong.any()):
        raise RuntimeError(BAD_CHANCES)
    if bool((sums <= 0).any()):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    draw = _with_replacement if replacement else _without_replacement
    return into(out, draw(weights, num_samples, generator))


def _with_replacement(weights: Tensor, count: int, generator: Generator | None) -> Tensor:
    """The number of partial sums at or below a uniform number is a position."""
    shape = (*weights._shape[:-1], count)
    uniform = _random.unit_interval(shape, weights._dtype, weights.device, generator)
    sums = weights.cumsum(-1)
    goals = uniform * sums[..., -1:]
    found = (sums.unsqueeze(-2) <= goals.unsqueeze(-1)).to(int64).sum(-1)
    # Rounding may carry a goal to the whole sum: then it is the last position that has a weight.
    places = dispatch.iota(weights._shape, weights.ndim - 1, weights, int64)
    last = dispatch.where(weights > 0, places, 0).amax(-1, keepdim=True)
    return found.minimum(last.expand(shape))


def _without_replacement(weights: Tensor, count: int, generator: Generator | None) -> Tensor:
    """The largest of weights divided by exponential numbers, one after the other."""
    uniform = _random.unit_interval(weights._shape, weights._dtype, weights.device, generator)
    tiny = 6e-8  # the least that 1 - uniform can differ from 1
    keys = weights / (-(1.0 - uniform).log()).clamp(min=tiny)
    places = dispatch.iota(weights._shape, weights.ndim - 1, weights, int64)
    drawn = []
    for _ in range(count):
        chosen = keys.argmax(-1)
        drawn.append(chosen)
        keys = dispatch.where(places == chosen.unsqueeze(-1), -1.0, keys)
    return stack(drawn, -1)


def _host_generator(generator: Generator | None) -> np.random.Generator:
    """NumPy's generator for a draw that is made on the host; a draw counts as one."""
    words = _random.words_of(generator)
    return np.random.Generator(np.random.Philox(key=words[0] | words[1] << 32, counter=words[2]))


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Draw Poisson numbers with the rate in each element; they are drawn on the host.

    Args:
        input: a float tensor of rates.
        generator: where the bits come from.

    Raises:
        RuntimeError: if a rate is negative or NaN.

    Example:
        >>> import portfire
        >>> portfire.poisson(portfire.zeros(2))
        tensor([0., 0.])
    """
    if input._dtype.category != FLOAT:
        raise NotImplementedError(
            f"\"poisson_cpu\" not implemented for '{input._dtype.scalar_name}'"
        )
    rates = input.detach()._host().astype(np.float64)
    if not (rates >= 0).all():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    drawn = _host_generator(generator).poisson(rates)
    return creation.tensor(np.asarray(drawn, np.float64), dtype=input._dtype, device=input.device)


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """Draw how many of ``count`` trials succeed with a probability; drawn on the host.

    Args:
        count: a float tensor of numbers of trials.
        prob: a float tensor of probabilities, of a shape that broadcasts with it.
        generator: where the bits come from.

    Raises:
        RuntimeError: if a probability is not between 0 and 1.

    Example:
        >>> import portfire
        >>> portfire.binomial(portfire.tensor([5.0]), portfire.tensor([1.0]))
        tensor([5.])
    """
    if count._dtype.category != FLOAT or count._dtype is not prob._dtype:
        raise ValueError(
            "binomial only supports floating-point dtypes for count and prob, the same for both, "
            f"got: {count._dtype.scalar_name} and {prob._dtype.scalar_name}"
        )
    trials, chances = count.detach()._host(), prob.detach()._host().astype(np.float64)
    if not ((chances >= 0) & (chances <= 1)).all():
        raise RuntimeError("binomial expects probabilities between 0 and 1")
    drawn = _host_generator(generator).binomial(trials.astype(np.int64), chances)
    return creation.tensor(np.asarray(drawn, np.float64), dtype=count._dtype, device=count.device)


# In place


def _uniform(self: Tensor, generator: Generator | None) -> Tensor:
    """Numbers in (0, 1], of which every logarithm is finite."""
    dtype = self._dtype if self._dtype.category == FLOAT else get_default_dtype()
    return 1.0 - _random.unit_interval(self._shape, dtype, self.device, generator)


def _continuous(self: Tensor, name: str) -> None:
    if self._dtype.category != FLOAT:
        raise RuntimeError(
            f"{name} distribution is a continuous probability distribution. dtype must be a "
            f"floating point but you specified {self._dtype.scalar_name}"
        )


def exponential_(self: Tensor, lambd: float = 1, *, generator: Generator | None = None) -> Tensor:
    """Replace the elements by exponential random numbers of a rate.

    Raises:
        RuntimeError: if the rate is not positive, or the tensor is not of floats.

    Example:
        >>> import portfire
        >>> bool((portfire.empty(100).exponential_() >= 0).all())
        True
    """
    if lambd <= 0:
        raise RuntimeError(f"exponential_ expects lambda > 0.0, but found lambda={lambd}")
    _continuous(self, "Exponential")
    return self._assign(_uniform(self, generator).log() * (-1.0 / lambd))


def cauchy_(
    self: Tensor, median: float = 0, sigma: float = 1, *, generator: Generator | None = None
) -> Tensor:
    """Replace the elements by Cauchy random numbers of a median and a width.

    Raises:
        RuntimeError: if the width is not positive, or the tensor is not of floats.

    Example:
        >>> import portfire
        >>> bool(portfire.empty(100).cauchy_().isfinite().all())
        True
    """
    if sigma <= 0:
        raise RuntimeError(f"cauchy_ expects sigma > 0.0, but found sigma={sigma}")
    _continuous(self, "Cauchy")
    angle = (_uniform(self, generator) - 0.5) * math.pi
    return self._assign(angle.tan() * sigma + median)


def log_normal_(
    self: Tensor, mean: float = 1, std: float = 2, *, generator: Generator | None = None
) -> Tensor:
    """Replace the elements by numbers whose logarithms are normal.

    Raises:
        RuntimeError: if the standard deviation is not positive.
        NotImplementedError: if the tensor is not of floats.

    Example:
        >>> import portfire
        >>> bool((portfire.empty(100).log_normal_(0, 1) > 0).all())
        True
    """
    if std <= 0:
        raise RuntimeError(f"log_normal_ expects std > 0.0, but found std={std}")
    if self._dtype.category != FLOAT:
        raise NotImplementedError(
            f"\"log_normal_cpu\" not implemented for '{self._dtype.scalar_name}'"
        )
    drawn = _random.standard_normal(self._shape, self._dtype, self.device, generator)
    return self._assign((drawn * std + mean).exp())


def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """Replace the elements by how many trials of a probability it takes to succeed.

    Raises:
        RuntimeError: if the probability is not between 0 and 1.

    Example:
        >>> import portfire
        >>> bool((portfire.empty(100).geometric_(0.5) >= 1).all())
        True
    """
    if not 0 < p < 1:
        raise RuntimeError(f"geometric_ expects p to be in (0, 1), but got p={p}")
    trials = (_uniform(self, generator).log() * (1.0 / math.log1p(-p))).ceil().clamp(min=1)
    return self._assign(trials.to(self._dtype))
