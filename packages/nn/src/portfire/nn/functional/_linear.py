"""Affine maps."""

from __future__ import annotations

from typing import Any

from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._linear import LINEAR
from portfire.nn._names import typename

__all__ = ["bilinear", "linear"]


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


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    r"""Apply a map that is linear in each of two vectors: :math:`y_o = x_1^T A_o x_2 + b_o`.

    Args:
        input1: the tensor :math:`x_1`.
        input2: the tensor :math:`x_2`.
        weight: the matrices ``A``.
        bias: the vector ``b``.

    Shape:
        - input1: ``(*, in1_features)``.
        - input2: ``(*, in2_features)``.
        - weight: ``(out_features, in1_features, in2_features)``.
        - bias: ``(out_features,)``.
        - output: ``(*, out_features)``.

    Returns:
        The result.

    Raises:
        RuntimeError: for sizes that do not fit.

    Example:
        >>> import portfire
        >>> x, y, w = portfire.ones(2), portfire.ones(3), portfire.ones(4, 2, 3)
        >>> portfire.nn.functional.bilinear(x, y, w)
        tensor([6., 6., 6., 6.])
    """
    _check_bilinear(input1, input2, weight, bias)
    outputs, first, second = weight.shape
    # One product for all outputs, then as many short ones as there are rows.
    products = input1 @ weight.permute(1, 0, 2).reshape(first, outputs * second)
    parts = products.reshape(*input1.shape[:-1], outputs, second)
    result = (parts * input2.unsqueeze(-2)).sum(-1)
    return result if bias is None else result + bias


def _check_bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    if input1.ndim != input2.ndim:
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {input1.ndim} and {input2.ndim}"
        )
    for axis in range(input1.ndim - 1):
        if input1.shape[axis] != input2.shape[axis]:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {axis}: got "
                f"{input1.shape[axis]} and {input2.shape[axis]}"
            )
    for number, tensor in ((1, input1), (2, input2)):
        if tensor.shape[-1] != weight.shape[number]:
            raise RuntimeError(
                f"bilinear(): input{number} size does not match weight size: got "
                f"{tensor.shape[-1]} but expected {weight.shape[number]}"
            )
    if bias is not None and bias.shape[0] != weight.shape[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected "
            f"{weight.shape[0]}"
        )


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
