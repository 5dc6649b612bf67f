"""Special functions under the names of ``torch.special``; most are functions of ``portfire``.

Example:
    >>> import portfire
    >>> portfire.special.expit(portfire.tensor([0.0]))
    tensor([0.5000])
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._functions._inplace import into
from portfire._functions._operands import _float_pair, _floats
from portfire._functions.elementary import (
    exp2,
    expm1,
    log,
    log1p,
    logit,
    sigmoid,
    xlogy,
)
from portfire._functions.reduction import log_softmax, logsumexp, softmax
from portfire._functions.rounding import round
from portfire._functions.special import (
    digamma,
    erf,
    erfc,
    erfinv,
    lgamma,
    mvlgamma,
    polygamma,
)
from portfire._functions.trigonometry import sinc

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "log1p",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
]

Operand = Any  # a Tensor, or a Python or NumPy number

expit, gammaln, psi, multigammaln = sigmoid, lgamma, digamma, mvlgamma


def entr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return ``-input * log(input)``: 0 at 0, minus infinity below.

    Example:
        >>> import portfire
        >>> portfire.special.entr(portfire.tensor([1.0, 0.5, -1.0]))
        tensor([-0.0000,  0.3466,    -inf])
    """
    x = _floats("entr", input)
    found = -x * log(dispatch.where(x > 0, x, 1.0))
    return into(out, dispatch.where(x < 0, -math.inf, found))


def ndtr(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the area under the standard normal density up to each element.

    Example:
        >>> import portfire
        >>> portfire.special.ndtr(portfire.tensor([0.0, 1.0]))
        tensor([0.5000, 0.8413])
    """
    return into(out, erfc(_floats("ndtr", input) * -math.sqrt(0.5)) * 0.5)


def ndtri(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the inverse of `ndtr`.

    Example:
        >>> import portfire
        >>> portfire.special.ndtri(portfire.tensor([0.5, 0.8413447]))
        tensor([0.0000, 1.0000])
    """
    return into(out, erfinv(_floats("ndtri", input) * 2 - 1) * math.sqrt(2))


def xlog1py(input: Operand, other: Operand, *, out: Tensor | None = None) -> Tensor:
    """Return ``input * log1p(other)``, and 0 where input is 0 unless other is NaN.

    Example:
        >>> import portfire
        >>> portfire.special.xlog1py(portfire.tensor([0.0, 2.0]), portfire.tensor([-1.0, 0.0]))
        tensor([0., 0.])
    """
    x, y = _float_pair("xlog1py", input, other)
    nothing = (x == 0) & ((y <= -1) | (y == math.inf))
    return into(out, x * log1p(dispatch.where(nothing, 0.0, y)))
