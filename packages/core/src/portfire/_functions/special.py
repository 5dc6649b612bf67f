"""Error and gamma functions, elementwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from portfire import _dispatch as dispatch
from portfire._functions._inplace import into
from portfire._functions._operands import _float_unary, _floats
from portfire.ops import _elementwise as e
from portfire.ops import _special as s

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "digamma",
    "erf",
    "erfc",
    "erfinv",
    "lgamma",
    "mvlgamma",
    "polygamma",
]


def erf(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the error function of each element.

    Example:
        >>> import portfire
        >>> portfire.erf(portfire.tensor([0.0, 1.0]))
        tensor([0.0000, 0.8427])
    """
    return into(out, _float_unary(e.ERF, input))


def erfc(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``1 - erf(input)``, exact far out.

    Example:
        >>> import portfire
        >>> portfire.erfc(portfire.tensor([0.0, 1.0]))
        tensor([1.0000, 0.1573])
    """
    return into(out, dispatch.apply(s.ERFC, (_floats("erfc", input),)))


def erfinv(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the inverse of `erf`; infinite at -1 and 1, NaN beyond.

    Example:
        >>> import portfire
        >>> portfire.erfinv(portfire.tensor([0.0, 0.5]))
        tensor([0.0000, 0.4769])
    """
    return into(out, dispatch.apply(s.ERFINV, (_floats("erfinv", input),)))


def lgamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the logarithms of the absolute values of the gamma function.

    Example:
        >>> import portfire
        >>> portfire.lgamma(portfire.tensor([3.0, 4.0]))
        tensor([0.6931, 1.7918])
    """
    return into(out, dispatch.apply(s.LGAMMA, (_floats("lgamma", input),)))


def digamma(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the derivatives of `lgamma`.

    Example:
        >>> import portfire
        >>> portfire.digamma(portfire.tensor([1.0, 4.0]))
        tensor([-0.5772,  1.2561])
    """
    return into(out, dispatch.apply(s.DIGAMMA, (_floats("digamma", input),)))


def polygamma(n: int, input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the n-th derivatives of `digamma`.

    Raises:
        RuntimeError: for a negative n.

    Example:
        >>> import portfire
        >>> portfire.polygamma(1, portfire.tensor([1.0, 4.0]))
        tensor([1.6449, 0.2838])
    """
    x = _floats("polygamma", input)
    if n == 0:
        return into(out, digamma(x))
    return into(out, dispatch.apply(s.POLYGAMMA, (x,), (int(n),)))


def polygamma_method(input: Tensor, n: int) -> Tensor:
    """`polygamma` with its tensor first, for the method."""
    return polygamma(n, input)


def mvlgamma(input: Tensor, p: int, *, out: Tensor | None = None) -> Tensor:
    """Return the logarithms of the multivariate gamma function of dimension p.

    Raises:
        RuntimeError: if p is below 1.

    Example:
        >>> import portfire
        >>> portfire.mvlgamma(portfire.tensor([3.0]), 2)
        tensor([1.5502])
    """
    x = _floats("mvlgamma", input)
    if p < 1:
        raise RuntimeError(f"p has to be greater than or equal to 1, got {p}")
    total = lgamma(x)
    for j in range(1, p):
        total = total + lgamma(x - j / 2)
    return into(out, total + p * (p - 1) / 4 * math.log(math.pi))
