"""Products of matrices and vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import BOOL
from portfire._functions._operands import _check
from portfire.ops._contraction import DOT

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "addmm",
    "bmm",
    "dot",
    "matmul",
    "mm",
    "mv",
    "outer",
]


def _pair(name: str, x: Any, y: Any) -> None:
    _check(name, x, y)
    for operand in (x, y):
        if not isinstance(operand, _tensor.Tensor):
            raise TypeError(
                f"{name}(): argument 'other' (position 2) must be Tensor, not "
                f"{type(operand).__name__}"
            )
    if x._dtype is not y._dtype:
        names = [t._dtype.scalar_name.lower() for t in (x, y)]
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}"
        )
    if x._dtype.category == BOOL:
        raise NotImplementedError(f"\"{name}_impl\" not implemented for 'Bool'")


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """Return the matrix product, with vectors and batches as NumPy's ``@`` treats them.

    Args:
        input: a tensor of one or more dimensions.
        other: likewise; the last dimension of ``input`` must match its second last.

    Raises:
        RuntimeError: if the sizes do not match, the dtypes differ, or an operand is 0-d.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x @ portfire.tensor([1.0, 1.0])
        tensor([3., 7.])
    """
    _pair("matmul", input, other)
    if input.ndim == other.ndim == 2 and input._shape[1] == other._shape[0]:
        return dispatch.apply(DOT, (input, other))
    if not input.ndim or not other.ndim:
        raise RuntimeError(
            "both arguments to matmul need to be at least 1D, but they are "
            f"{input.ndim}D and {other.ndim}D"
        )
    if input.ndim == 1 and other.ndim == 1:
        return dot(input, other)
    x = input.unsqueeze(0) if input.ndim == 1 else input
    y = other.unsqueeze(1) if other.ndim == 1 else other
    _check_inner(input, other, x, y)
    if y.ndim == 2 and x.ndim > 2:
        # One large product instead of a batch of small ones.
        rows = x.reshape((-1, x._shape[-1])) if 0 not in x._shape else None
        if rows is not None:
            result = dispatch.apply(DOT, (rows, y)).reshape((*x._shape[:-1], y._shape[-1]))
            return result.squeeze(-1) if other.ndim == 1 else result
    batch = dispatch.broadcast_shapes(x._shape[:-2], y._shape[:-2])
    x = x if x._shape[:-2] == batch else x.expand((*batch, *x._shape[-2:]))
    y = y if y._shape[:-2] == batch else y.expand((*batch, *y._shape[-2:]))
    result = dispatch.apply(DOT, (x, y))
    if input.ndim == 1:
        return result.squeeze(-2)
    return result.squeeze(-1) if other.ndim == 1 else result


def _check_inner(input: Tensor, other: Tensor, x: Tensor, y: Tensor) -> None:
    if x._shape[-1] == y._shape[-2]:
        return
    if input.ndim <= 2 and other.ndim == 1:
        raise RuntimeError(
            f"size mismatch, got input ({x._shape[0]}), mat ({x._shape[0]}x{x._shape[1]}), vec "
            f"({other._shape[0]})"
        )
    if y.ndim == 2:
        rows = dispatch.numel(x._shape[:-1])
        raise RuntimeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{x._shape[-1]} and "
            f"{y._shape[0]}x{y._shape[1]})"
        )
    batch = dispatch.numel(dispatch.broadcast_shapes(x._shape[:-2], y._shape[:-2]))
    raise RuntimeError(
        f"Expected size for first two dimensions of batch2 tensor to be: [{batch}, "
        f"{x._shape[-1]}] but got: [{batch}, {y._shape[-2]}]."
    )


def _need_dims(name: str, x: Tensor, y: Tensor, dims: tuple[int, int], words: str) -> None:
    _pair(name, x, y)
    if (x.ndim, y.ndim) != dims:
        raise RuntimeError(words)


def mm(input: Tensor, mat2: Tensor) -> Tensor:
    """Return the product of two matrices.

    Raises:
        RuntimeError: if an operand is not a matrix or the sizes do not match.

    Example:
        >>> import portfire
        >>> portfire.mm(portfire.ones(2, 3), portfire.ones(3, 1))
        tensor([[3.],
                [3.]])
    """
    wrong = "mat2" if input.ndim == 2 else "self"
    _need_dims("mm", input, mat2, (2, 2), f"{wrong} must be a matrix")
    return matmul(input, mat2)


def mv(input: Tensor, vec: Tensor) -> Tensor:
    """Return the product of a matrix and a vector.

    Example:
        >>> import portfire
        >>> portfire.mv(portfire.ones(2, 3), portfire.ones(3))
        tensor([3., 3.])
    """
    _need_dims(
        "mv", input, vec, (2, 1),
        f"vector + matrix @ vector expected, got 1, {input.ndim}, {vec.ndim}",
    )  # fmt: skip
    return matmul(input, vec)


def bmm(input: Tensor, mat2: Tensor) -> Tensor:
    """Return the products of two batches of matrices.

    Example:
        >>> import portfire
        >>> portfire.bmm(portfire.ones(2, 1, 3), portfire.ones(2, 3, 1)).shape
        portfire.Size([2, 1, 1])
    """
    _need_dims("bmm", input, mat2, (3, 3), "batch1 must be a 3D tensor")
    if input._shape[0] != mat2._shape[0]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{input._shape[0]}, "
            f"{input._shape[2]}] but got: [{mat2._shape[0]}, {mat2._shape[1]}]."
        )
    return matmul(input, mat2)


def dot(input: Tensor, tensor: Tensor) -> Tensor:
    """Return the sum of the products of two vectors.

    Example:
        >>> import portfire
        >>> portfire.dot(portfire.tensor([1.0, 2.0]), portfire.tensor([3.0, 4.0]))
        tensor(11.)
    """
    _need_dims(
        "dot", input, tensor, (1, 1),
        f"1D tensors expected, but got {input.ndim}D and {tensor.ndim}D tensors",
    )  # fmt: skip
    if input._shape != tensor._shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{input._shape[0]}] and src "
            f"[{tensor._shape[0]}] to have the same number of elements, but got "
            f"{input._shape[0]} and {tensor._shape[0]} elements respectively"
        )
    result = dispatch.apply(DOT, (input.unsqueeze(0), tensor.unsqueeze(1)))
    return result.reshape(())


def outer(input: Tensor, vec2: Tensor) -> Tensor:
    """Return the products of each element of one vector with each of another.

    Example:
        >>> import portfire
        >>> portfire.outer(portfire.tensor([1, 2]), portfire.tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
    """
    if input.ndim != 1 or vec2.ndim != 1:
        raise RuntimeError(f"outer: Expected 1-D argument self, but got {input.ndim}-D")
    return input.unsqueeze(1) * vec2


def addmm(
    input: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1
) -> Tensor:
    """Return ``beta * input + alpha * (mat1 @ mat2)``.

    Example:
        >>> import portfire
        >>> portfire.addmm(portfire.ones(1), portfire.ones(1, 2), portfire.ones(2, 1))
        tensor([[3.]])
    """
    product = mm(mat1, mat2)
    product = product if alpha == 1 else product * alpha
    return product + (input if beta == 1 else input * beta)
