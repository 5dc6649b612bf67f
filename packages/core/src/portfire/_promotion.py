"""Which dtype an operation computes in: torch's categories, as one function and a memo."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from portfire import _dtype
from portfire._dtype import BOOL, FLOAT, INTEGER, DType, promote_types

__all__ = [
    "can_cast",
    "get_default_dtype",
    "number_dtype",
    "result_dtype",
    "set_default_dtype",
    "to_float",
]

_default = _dtype.float32


def get_default_dtype() -> DType:
    """Return the dtype of new float tensors, ``float32`` unless it was set.

    Example:
        >>> import portfire
        >>> portfire.get_default_dtype()
        portfire.float32
    """
    return _default


def set_default_dtype(d: DType) -> None:
    """Set the dtype of new float tensors.

    Args:
        d: a floating-point dtype.

    Raises:
        TypeError: if ``d`` is not a floating-point dtype.

    Example:
        >>> import portfire
        >>> portfire.set_default_dtype(portfire.float32)
    """
    global _default
    if not isinstance(d, DType) or not d.is_floating_point:
        raise TypeError(
            f"only floating-point types are supported as the default type, got {d!r}; "
            "choose float16, float32 or float64"
        )
    _default = d
    _promote.cache_clear()


def number_dtype(kind: type) -> DType:
    """The dtype that a Python number has as a tensor of its own."""
    if kind is bool:
        return _dtype.bool_
    return _dtype.int64 if kind is int else _default


def to_float(dtype: DType) -> DType:
    """The dtype of functions that need floats: integers compute in the default dtype."""
    return dtype if dtype.is_floating_point else _default


@lru_cache(maxsize=4096)
def _promote(operands: tuple[tuple[DType, int], ...]) -> DType:
    """Promote (dtype, strength) pairs; strength 2 has dims, 1 is 0-d, 0 is a Python number.

    Weaker operands count only if they are of a higher category than all stronger ones, and a weak
    float among stronger integers gives the default dtype.
    """
    best: DType | None = None
    for level in (2, 1, 0):
        here: DType | None = None
        for dtype, strength in operands:
            if strength == level:
                here = dtype if here is None else promote_types(here, dtype)
        if here is None:
            continue
        if best is None:
            best = here
        elif here.category > best.category:
            best = _default if here.category == FLOAT and level == 0 else here
    if best is None:
        raise RuntimeError("an operation needs at least one operand")
    return best


def result_dtype(*operands: Any) -> DType:
    """The dtype of an operation on these tensors and Python numbers.

    Example:
        >>> import portfire
        >>> portfire.result_type(portfire.tensor([1, 2]), 1.0)
        portfire.float32
    """
    pairs = []
    for operand in operands:
        kind = type(operand)
        if kind in (bool, int, float):
            pairs.append((number_dtype(kind), 0))
        else:
            pairs.append((operand.dtype, 2 if operand.ndim else 1))
    return _promote(tuple(pairs))


def can_cast(from_: DType, to: DType) -> bool:
    """Return whether torch's rules let a result of one dtype be stored in another.

    Args:
        from_: the dtype of the result.
        to: the dtype of the destination.

    Returns:
        False from float to integer or bool, and from integer to bool; else True.

    Example:
        >>> import portfire
        >>> portfire.can_cast(portfire.float32, portfire.int64)
        False
    """
    if from_.category == FLOAT:
        return to.category == FLOAT
    if from_.category == INTEGER:
        return to.category != BOOL
    return True
