"""Named pairs of values and indices, as several functions return them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from portfire._functions._inplace import into

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "CummaxResult",
    "CumminResult",
    "FrexpResult",
    "KthvalueResult",
    "MedianResult",
    "ModeResult",
    "NanmedianResult",
    "Pair",
    "SortResult",
    "TopkResult",
    "pair_into",
]


class Pair(NamedTuple):
    """Values, and where they are."""

    values: Any
    indices: Any

    def __repr__(self) -> str:
        name = type(self).__name__.removesuffix("Result").lower()
        return f"portfire.return_types.{name}(\nvalues={self.values!r},\nindices={self.indices!r})"


class SortResult(Pair):
    """What `sort` returns."""


class TopkResult(Pair):
    """What `topk` returns."""


class KthvalueResult(Pair):
    """What `kthvalue` returns."""


class MedianResult(Pair):
    """What `median` along a dimension returns."""


class NanmedianResult(Pair):
    """What `nanmedian` along a dimension returns."""


class ModeResult(Pair):
    """What `mode` returns."""


class CummaxResult(Pair):
    """What `cummax` returns."""


class CumminResult(Pair):
    """What `cummin` returns."""


class FrexpResult(NamedTuple):
    """What `frexp` returns."""

    mantissa: Any
    exponent: Any

    def __repr__(self) -> str:
        return (
            f"portfire.return_types.frexp(\nmantissa={self.mantissa!r},\n"
            f"exponent={self.exponent!r})"
        )


def pair_into(out: tuple[Tensor, Tensor] | None, result: Any) -> Any:
    """Write a pair into the two tensors of ``out`` if they were given."""
    if out is None:
        return result
    values, indices = out
    return type(result)(into(values, result.values), into(indices, result.indices))
