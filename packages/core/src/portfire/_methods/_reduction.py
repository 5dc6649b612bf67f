"""The methods of reductions."""

from __future__ import annotations

from portfire._functions import reduction, statistics

__all__ = ["ReductionMethods"]


class ReductionMethods:
    """A table of methods: each is defined once, in `_functions`."""

    sum, mean, prod = reduction.sum, reduction.mean, reduction.prod
    max, min, amax, amin = reduction.max, reduction.min, reduction.amax, reduction.amin
    argmax, argmin, all, any = reduction.argmax, reduction.argmin, reduction.all, reduction.any
    std, var, norm, dist = statistics.std, statistics.var, statistics.norm, statistics.dist
    cov, corrcoef = statistics.cov, statistics.corrcoef
    nansum, nanmean, aminmax = reduction.nansum, reduction.nanmean, reduction.aminmax
    logsumexp = reduction.logsumexp
    softmax, log_softmax = reduction.softmax, reduction.log_softmax
    count_nonzero = reduction.count_nonzero
