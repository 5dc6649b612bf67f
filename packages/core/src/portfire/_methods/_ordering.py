"""The methods of scans, sorting, quantiles and counting."""

from __future__ import annotations

from portfire._functions import counting, quantiles, scans, sorting
from portfire._functions._inplace import inplace

__all__ = ["OrderingMethods"]


class OrderingMethods:
    """A table of methods: each is defined once, in `_functions`."""

    cumsum, cumprod, logcumsumexp = scans.cumsum, scans.cumprod, scans.logcumsumexp
    cummax, cummin, diff = scans.cummax, scans.cummin, scans.diff
    cumsum_, cumprod_ = inplace(scans.cumsum), inplace(scans.cumprod)
    sort, argsort, msort, topk = sorting.sort, sorting.argsort, sorting.msort, sorting.topk
    kthvalue = sorting.kthvalue
    median, nanmedian, mode = quantiles.median, quantiles.nanmedian, quantiles.mode
    quantile, nanquantile = quantiles.quantile, quantiles.nanquantile
    histc, bincount = counting.histc, counting.bincount
    unique, unique_consecutive = counting.unique, counting.unique_consecutive
