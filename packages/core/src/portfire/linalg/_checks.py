"""What all functions of this namespace ask of their arguments, and the parts of packed results."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire._functions._operands import _need_tensor
from portfire.ops._linalg import sizes

if TYPE_CHECKING:
    from portfire._tensor import Tensor
    from portfire.ops._record import Attrs

__all__ = ["LinAlgError", "need_float", "need_matrix", "need_square", "refuse_half", "unpack"]


class LinAlgError(RuntimeError, np.linalg.LinAlgError):
    """A matrix has no inverse, or not the property that a decomposition needs."""


def need_matrix(name: str, x: Any, what: str = "A") -> None:
    """At least two dimensions."""
    _need_tensor(name.replace(".", "_"), x)
    if x.ndim < 2:
        raise RuntimeError(f"{name}: The input tensor {what} must have at least 2 dimensions.")


def need_square(name: str, x: Any) -> None:
    """Square matrices."""
    need_matrix(name, x)
    if x._shape[-1] != x._shape[-2]:
        raise RuntimeError(
            f"{name}: A must be batches of square matrices, but they are {x._shape[-2]} by "
            f"{x._shape[-1]} matrices"
        )


def need_float(name: str, x: Any) -> None:
    """Floats."""
    if not x._dtype.is_floating_point:
        raise RuntimeError(
            f"{name}: Expected a floating point or complex tensor as input. Got "
            f"{x._dtype.scalar_name}"
        )


def refuse_half(x: Tensor, kernel: str = "", name: str = "") -> None:
    """LAPACK has no half precision."""
    if x._dtype.itemsize >= 4:
        return
    if name:
        raise RuntimeError(
            f"{name}: Low precision dtypes not supported. Got {x._dtype.scalar_name}"
        )
    raise NotImplementedError(f"\"{kernel}\" not implemented for '{x._dtype.scalar_name}'")


def unpack(name: str, packed: Tensor, matrix: Tensor, attrs: Attrs = ()) -> list[Tensor]:
    """The parts of a decomposition."""
    batch = matrix._shape[:-2]
    parts, start = [], 0
    for shape in sizes(name, matrix._shape, attrs):
        count = math.prod(shape)
        parts.append(packed.narrow(-1, start, count).reshape((*batch, *shape)))
        start += count
    return parts
