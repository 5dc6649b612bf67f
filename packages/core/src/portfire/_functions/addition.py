"""Products of matrices added to a tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._dtype import bool_
from portfire._functions._inplace import into
from portfire._functions._operands import _need_tensor
from portfire._functions.linalg import bmm, mm, mv, outer
from portfire.ops import _reduction as r

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["addbmm", "addmm", "addmv", "addr", "baddbmm"]


def _added(name: str, input: Any, product: Tensor, beta: float, alpha: float) -> Tensor:
    """``beta * input + alpha * product``; the input does not matter, NaN or not, if beta is 0."""
    _need_tensor(name, input)
    if input._dtype is not product._dtype:
        names = (input._dtype.scalar_name, product._dtype.scalar_name)
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {names[0]} and {names[1]}"
        )
    if input._shape != product._shape:
        input = input.expand(product._shape)
    return _scaled(input, product, beta, alpha)


def _scaled(input: Tensor, product: Tensor, beta: float, alpha: float) -> Tensor:
    if not product._dtype.is_floating_point:
        beta, alpha = int(beta), int(alpha)
    product = product if alpha == 1 else product * alpha
    if beta == 1:
        return product + input
    if beta != 0:
        return product + input * beta
    if input.requires_grad:  # its gradient is 0 rather than none
        return product + dispatch.where(dispatch.full((), False, input, bool_), input, 0.0)
    return product


def addmm(
    input: Tensor,
    mat1: Tensor,
    mat2: Tensor,
    *,
    beta: float = 1,
    alpha: float = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``beta * input + alpha * (mat1 @ mat2)``.

    Args:
        input: a tensor that can be expanded to the shape of the product.
        mat1: a matrix.
        mat2: a matrix.
        beta: factor of ``input``; 0 leaves it out, NaN or not.
        alpha: factor of the product.
        out: where to write the result.

    Raises:
        RuntimeError: if shapes or dtypes do not fit.

    Example:
        >>> import portfire
        >>> portfire.addmm(portfire.ones(1), portfire.ones(1, 2), portfire.ones(2, 1))
        tensor([[3.]])
    """
    return into(out, _added("addmm", input, mm(mat1, mat2), beta, alpha))


def addmv(
    input: Tensor,
    mat: Tensor,
    vec: Tensor,
    *,
    beta: float = 1,
    alpha: float = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``beta * input + alpha * (mat @ vec)``; see `addmm`.

    Example:
        >>> import portfire
        >>> portfire.addmv(portfire.ones(1), portfire.ones(1, 2), portfire.ones(2))
        tensor([3.])
    """
    product = mv(mat, vec)
    if input.ndim and input._shape not in (product._shape, (1,)):
        raise RuntimeError(
            f"size mismatch, got input ({input._shape[0]}), mat "
            f"({mat._shape[0]}x{mat._shape[1]}), vec ({vec._shape[0]})"
        )
    return into(out, _added("addmv", input, product, beta, alpha))


def addr(
    input: Tensor,
    vec1: Tensor,
    vec2: Tensor,
    *,
    beta: float = 1,
    alpha: float = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``beta * input + alpha * outer(vec1, vec2)``; see `addmm`.

    Example:
        >>> import portfire
        >>> portfire.addr(portfire.ones(1), portfire.ones(1), portfire.ones(2))
        tensor([[2., 2.]])
    """
    _need_tensor("addr", input)
    for name, vector in (("vec1", vec1), ("vec2", vec2)):
        if vector.ndim != 1:
            raise RuntimeError(f"addr: Expected 1-D argument {name}, but got {vector.ndim}-D")
    product = outer(vec1, vec2)
    spread = input if input._shape == product._shape else input.expand(product._shape)
    return into(out, _scaled(spread, product, beta, alpha))


def baddbmm(
    input: Tensor,
    batch1: Tensor,
    batch2: Tensor,
    *,
    beta: float = 1,
    alpha: float = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``beta * input + alpha * bmm(batch1, batch2)``; see `addmm`.

    Example:
        >>> import portfire
        >>> x, y = portfire.ones(2, 1, 3), portfire.ones(2, 3, 1)
        >>> portfire.baddbmm(portfire.ones(1), x, y).flatten()
        tensor([4., 4.])
    """
    return into(out, _added("baddbmm", input, bmm(batch1, batch2), beta, alpha))


def addbmm(
    input: Tensor,
    batch1: Tensor,
    batch2: Tensor,
    *,
    beta: float = 1,
    alpha: float = 1,
    out: Tensor | None = None,
) -> Tensor:
    """Return ``beta * input + alpha * sum(bmm(batch1, batch2), 0)``; see `addmm`.

    Example:
        >>> import portfire
        >>> portfire.addbmm(portfire.ones(1), portfire.ones(2, 1, 3), portfire.ones(2, 3, 1))
        tensor([[7.]])
    """
    product = dispatch.apply(r.SUM, (bmm(batch1, batch2),), ((0,),))
    return into(out, _added("addbmm", input, product, beta, alpha))
