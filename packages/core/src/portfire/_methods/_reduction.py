"""The methods of reductions, scans and sorting."""

from __future__ import annotations

from portfire._functions import reduction
from portfire._functions._inplace import inplace

__all__ = ["ReductionMethods"]


class ReductionMethods:
    """A table of methods: each is defined once, in `_functions`."""

    sum, mean, prod = reduction.sum, reduction.mean, reduction.prod
    max, min, amax, amin = reduction.max, reduction.min, reduction.amax, reduction.amin
    argmax, argmin, all, any = reduction.argmax, reduction.argmin, reduction.all, reduction.any
    std, var, norm = reduction.std, reduction.var, reduction.norm
    logsumexp, cumsum = reduction.logsumexp, reduction.cumsum
    softmax, log_softmax = reduction.softmax, reduction.log_softmax
    count_nonzero = reduction.count_nonzero
    cumsum_ = inplace(reduction.cumsum)
