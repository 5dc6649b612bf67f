"""Normalization."""

from __future__ import annotations

from collections.abc import Sequence

from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._normalization import LAYER_NORM
from portfire.nn._names import not_implemented, typename

__all__ = ["layer_norm"]


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    r"""Normalize the last dimensions to mean 0 and variance 1, then scale and shift.

    .. math:: y = \frac{x - E[x]}{\sqrt{Var[x] + \epsilon}} \cdot w + b

    Args:
        input: the tensor.
        normalized_shape: the sizes of these dimensions.
        weight: the factors ``w``.
        bias: the summands ``b``.
        eps: what keeps the root from zero.

    Shape:
        - input: ``(*, *normalized_shape)``.
        - weight, bias: ``normalized_shape``.
        - output: that of the input.

    Returns:
        The result.

    Raises:
        RuntimeError: for shapes that do not fit.
        NotImplementedError: for a tensor of integers.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.layer_norm(portfire.tensor([[1.0, 3.0]]), (2,))
        tensor([[-1.0000,  1.0000]])
    """
    if not isinstance(normalized_shape, Sequence):
        raise TypeError(
            "layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, "
            f"not {typename(normalized_shape)}"
        )
    shape = list(normalized_shape)
    if not shape:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
            f"one element, but got normalized_shape = {shape}"
        )
    for name, tensor in (("weight", weight), ("bias", bias)):
        if tensor is not None and list(tensor.shape) != shape:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of "
                f"shape {list(tensor.shape)} and normalized_shape = {shape}"
            )
    if list(input.shape[-len(shape) :]) != shape:
        sizes = "".join(f", {n}" for n in shape)
        raise RuntimeError(
            f"Given normalized_shape={shape}, expected input with shape [*{sizes}], but got "
            f"input of size{list(input.shape)}"
        )
    if not input.is_floating_point():
        raise not_implemented("layer_norm", input.dtype)
    result = apply(LAYER_NORM, (input,), (len(shape), float(eps)))
    if weight is not None:
        result = result * weight
    return result if bias is None else result + bias
