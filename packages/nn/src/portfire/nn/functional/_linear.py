"""Affine maps."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._linear import LINEAR
from portfire.nn._names import typename

__all__ = ["linear"]


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    r"""Apply an affine map to the last dimension: :math:`y = x A^T + b`.

    Args:
        input: the tensor ``x``.
        weight: the matrix ``A``, or one vector.
        bias: the vector ``b``.

    Shape:
        - input: ``(*, in_features)``.
        - weight: ``(out_features, in_features)`` or ``(in_features,)``.
        - bias: ``(out_features,)``.
        - output: ``(*, out_features)``, or ``(*)`` for one vector.

    Returns:
        The result.

    Raises:
        RuntimeError: for sizes or dtypes that do not fit.
        TypeError: for an argument that is no tensor.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.linear(portfire.ones(2), portfire.ones(3, 2), portfire.ones(3))
        tensor([3., 3., 3.])
    """
    operands = (input, weight) if bias is None else (input, weight, bias)
    _check_tensors(operands)
    if not input._shape or not weight._shape:
        raise RuntimeError(
            "both arguments to linear need to be at least 1D, but they are "
            f"{input.ndim}D and {weight.ndim}D"
        )
    if weight.ndim == 1:
        return _by_vector(input, weight, bias)
    return apply(LINEAR, operands)


def _by_vector(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    if input.shape[-1] != weight.shape[0]:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor {list(input.shape[-1:])} and src "
            f"{list(weight.shape)} to have the same number of elements, but got "
            f"{input.shape[-1]} and {weight.shape[0]} elements respectively"
        )
    result = apply(LINEAR, (input, weight.reshape(1, -1))).squeeze(-1)
    return result if bias is None else result + bias


def _check_tensors(operands: tuple[Any, ...]) -> None:
    for position, operand in enumerate(operands):
        if not isinstance(operand, Tensor):
            name = ("input", "weight", "bias")[position]
            raise TypeError(
                f"linear(): argument '{name}' (position {position + 1}) must be Tensor, "
                f"not {typename(operand)}"
            )
