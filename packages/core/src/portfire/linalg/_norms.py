"""Norms of vectors and matrices, and products under the names of this namespace."""

# ruff: noqa: N803  (the arguments have the names that torch gives them)

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._dtype import BOOL
from portfire._functions import products
from portfire._functions._inplace import into
from portfire._functions._operands import _need_tensor, _need_two
from portfire._functions.shape import wrap_dim
from portfire._functions.statistics import checked_norm
from portfire.linalg._checks import need_float, need_matrix
from portfire.linalg._decompositions import svdvals
from portfire.linalg._solving import inv_ex
from portfire.ops._indexing import CONCAT

if TYPE_CHECKING:
    from portfire._dtype import DType
    from portfire._tensor import Tensor

__all__ = ["cond", "cross", "diagonal", "matrix_norm", "multi_dot", "norm", "vander", "vecdot",
           "vector_norm"]  # fmt: skip

Dims = Any  # None, an int, or a tuple of ints
_ORDERS = (1.0, 2.0, math.inf)  # of matrix norms, with either sign
_WORDS = ("fro", "nuc")


def vector_norm(
    x: Tensor,
    ord: float = 2,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the norm of all elements, or along dimensions.

    Args:
        x: a float tensor.
        ord: the order, any number; infinities and 0 are allowed.
        dim: a dimension or a tuple of them; all by default.
        keepdim: keep the reduced dimensions with size 1.
        dtype: convert to this type first.
        out: where to write the result.

    Raises:
        RuntimeError: if x is not of floats, or the norm of nothing is asked for.

    Example:
        >>> import portfire
        >>> portfire.linalg.vector_norm(portfire.tensor([-3.0, 4.0]))
        tensor(5.)
    """
    if isinstance(ord, str):
        raise TypeError("linalg_vector_norm(): argument 'ord' (position 2) must be Number, not str")
    return into(out, checked_norm(x, float(ord), dim, keepdim, dtype))


def _axes(name: str, x: Tensor, dim: Any) -> tuple[int, int]:
    given = [dim] if isinstance(dim, int) else list(dim)
    if len(given) != 2:
        words = f"{given[0]}" if len(given) == 1 else f"{len(given)}"
        raise RuntimeError(f"{name}: dim must be a 2-tuple. Got {words}")
    first, second = (wrap_dim(d, x.ndim) for d in given)
    if first == second:
        raise RuntimeError(f"{name}: dims must be different. Got ({given[0]}, {given[1]})")
    return first, second


def matrix_norm(
    A: Tensor,
    ord: float | str = "fro",
    dim: Sequence[int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return the norms of matrices.

    Args:
        A: matrices of floats.
        ord: ``"fro"``, ``"nuc"``, or 1, 2 or infinity with either sign.
        dim: the two dimensions of a matrix.
        keepdim: keep these dimensions with size 1.
        dtype: convert to this type first.
        out: where to write the result.

    Raises:
        RuntimeError: for another order, or dimensions that are not two.

    Example:
        >>> import portfire
        >>> portfire.linalg.matrix_norm(portfire.tensor([[3.0, 0.0], [0.0, 4.0]]), "nuc")
        tensor(7.)
    """
    name = "linalg.matrix_norm"
    need_matrix(name, A)
    need_float(name, A)
    known = ord in _WORDS if isinstance(ord, str) else abs(ord) in _ORDERS
    if not known:
        raise RuntimeError(f"{name}: Order {ord} not supported.")
    rows, columns = _axes(name, A, dim)
    if ord == "fro":
        return into(out, checked_norm(A, 2.0, (rows, columns), keepdim, dtype))
    x = A if dtype is None else A.to(dtype)
    shape = tuple(1 if i in (rows, columns) else n for i, n in enumerate(x._shape))
    rest = [i for i in range(x.ndim) if i not in (rows, columns)]
    found = _of_last(x.permute(*rest, rows, columns), ord)
    return into(out, found.reshape(shape) if keepdim else found)


def _of_last(x: Tensor, order: float | str) -> Tensor:
    if not math.prod(x._shape[-2:]):
        return x.new_zeros(x._shape[:-2])
    if order == "nuc" or abs(float(order)) == 2:
        values = svdvals(x)
        if order == "nuc":
            return values.sum(-1)
    else:
        values = x.abs().sum(-2 if abs(float(order)) == 1 else -1)
    return values.amax(-1) if float(order) > 0 else values.amin(-1)


def norm(
    A: Tensor,
    ord: float | str | None = None,
    dim: Dims = None,
    keepdim: bool = False,
    *,
    dtype: DType | None = None,
    out: Tensor | None = None,
) -> Tensor:
    """Return a vector norm or a matrix norm.

    Args:
        A: a tensor of floats.
        ord: the order; None for the square root of the sum of squares of everything.
        dim: one dimension for `vector_norm`, two for `matrix_norm`; by default those of A.
        keepdim: keep the reduced dimensions with size 1.
        dtype: convert to this type first.
        out: where to write the result.

    Raises:
        RuntimeError: if the order does not go with the dimensions.

    Example:
        >>> import portfire
        >>> portfire.linalg.norm(portfire.tensor([[3.0, 0.0], [0.0, 4.0]]), 2)
        tensor(4.)
    """
    _need_tensor("linalg_norm", A)
    axes = None if dim is None else (dim,) if isinstance(dim, int) else tuple(dim)
    if axes is not None and len(axes) not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {list(axes)}"
        )
    if ord is None:
        return into(out, checked_norm(A, 2.0, axes, keepdim, dtype))
    if axes is None and A.ndim not in (1, 2):
        raise RuntimeError(
            "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got "
            f"{A.ndim}D."
        )
    count = A.ndim if axes is None else len(axes)
    if count == 2 or isinstance(ord, str):
        two = (-2, -1) if axes is None else axes
        return matrix_norm(A, ord, two, keepdim, dtype=dtype, out=out)
    return into(out, checked_norm(A, float(ord), axes, keepdim, dtype))


def cond(A: Tensor, p: float | str | None = None, *, out: Tensor | None = None) -> Tensor:
    """Return the condition numbers of matrices: norm times norm of the inverse.

    Args:
        A: matrices; square ones for any ``p`` but None, 2 and -2.
        p: the order of the norm, see `matrix_norm`; None means 2.
        out: where to write the result.

    Raises:
        RuntimeError: for another order.

    Example:
        >>> import portfire
        >>> portfire.linalg.cond(portfire.tensor([[2.0, 0.0], [0.0, 1.0]]))
        tensor(2.)
    """
    _need_tensor("linalg_cond", A)
    if A.ndim < 2:
        raise RuntimeError("linalg.cond: The input tensor must have at least 2 dimensions.")
    if p is not None and not (p in _WORDS if isinstance(p, str) else abs(p) in _ORDERS):
        raise RuntimeError(f"linalg.cond got an invalid norm type: {p}")
    if not A.numel():
        return into(out, A.new_zeros(A._shape[:-2]))
    if p is None or (not isinstance(p, str) and abs(p) == 2):
        values = svdvals(A)
        first, last = values.select(-1, 0), values.select(-1, -1)
        return into(out, last / first if p == -2 else first / last)
    if A._shape[-1] != A._shape[-2]:
        raise RuntimeError(
            f"linalg.cond(ord={p}): A must be batches of square matrices, but they are "
            f"{A._shape[-2]} by {A._shape[-1]} matrices"
        )
    inverse, info = inv_ex(A)
    inverse = dispatch.where((info != 0).unsqueeze(-1).unsqueeze(-1), math.inf, inverse)
    if p == "nuc":  # it has no singular values to add up where there is no inverse
        inverse = dispatch.where((info != 0).unsqueeze(-1).unsqueeze(-1), 0.0, inverse)
        found = matrix_norm(A, p) * matrix_norm(inverse, p)
        return into(out, dispatch.where(info != 0, math.inf, found))
    return into(out, matrix_norm(A, p) * matrix_norm(inverse, p))


def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """Return the product of matrices, in the order that takes the fewest operations.

    Args:
        tensors: two or more matrices; the first and the last may be vectors.
        out: where to write the result.

    Raises:
        RuntimeError: if there are too few, or they do not fit.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2, 2)
        >>> portfire.linalg.multi_dot([x, x, portfire.ones(2)])
        tensor([4., 4.])
    """
    count = len(tensors)
    if count < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {count}")
    for place, which in ((0, "first"), (-1, "last")):
        if tensors[place].ndim not in (1, 2):
            raise RuntimeError(
                f"multi_dot(): the {which} tensor must be 1D or 2D but got {tensors[place].ndim}D"
            )
    for number, tensor in enumerate(tensors[1:-1], 1):
        if tensor.ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {number} must be 2D but got {tensor.ndim}D")
    chain = list(tensors)
    row, column = chain[0].ndim == 1, chain[-1].ndim == 1
    if row:
        chain[0] = chain[0].unsqueeze(0)
    if column:
        chain[-1] = chain[-1].unsqueeze(1)
    for number, (x, y) in enumerate(pairwise(chain)):
        if x._dtype is not y._dtype:
            raise RuntimeError(
                "multi_dot(): all tensors must have be the same dtype but tensor 0 is "
                f"{x._dtype.scalar_name} and tensor {number + 1} {y._dtype.scalar_name}"
            )
        if x._shape[1] != y._shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {number} and {number + 1} with shapes {list(x._shape)} and "
                f"{list(y._shape)} cannot be multiplied"
            )
    found = products.product_of(chain)
    found = found.squeeze(0) if row else found
    return into(out, found.squeeze(-1) if column else found)


def cross(input: Tensor, other: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """Return the cross product along a dimension of size 3, by default the last.

    Example:
        >>> import portfire
        >>> portfire.linalg.cross(portfire.tensor([1, 0, 0]), portfire.tensor([0, 1, 0]))
        tensor([0, 0, 1])
    """
    _need_two("linalg_cross", input, other)
    return into(out, products.crossed(input, other, dim))


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Return the diagonals of matrices, a view.

    Example:
        >>> import portfire
        >>> portfire.linalg.diagonal(portfire.eye(2))
        tensor([1., 1.])
    """
    _need_tensor("linalg_diagonal", A)
    return A.diagonal(offset, dim1, dim2)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1, out: Tensor | None = None) -> Tensor:
    """Return the sums of products along a dimension.

    Example:
        >>> import portfire
        >>> portfire.linalg.vecdot(portfire.ones(2, 3), portfire.ones(3))
        tensor([3., 3.])
    """
    _need_two("linalg_vecdot", x, y, "y")
    need_float("linalg.vecdot", x)
    return into(out, (x * y).sum(dim))


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """Return the powers of numbers, from 0 to N - 1, along a new last dimension.

    Example:
        >>> import portfire
        >>> portfire.linalg.vander(portfire.tensor([1, 2, 3]))
        tensor([[1, 1, 1],
                [1, 2, 4],
                [1, 3, 9]])
    """
    _need_tensor("linalg_vander", x)
    if x._dtype.category == BOOL:
        raise RuntimeError(
            "linalg.vander supports floating point, complex, and integer tensors, but got Bool"
        )
    if not x.ndim:
        raise RuntimeError("Expected dim >= 1, but got dim = 0.")
    count = x._shape[-1] if N is None else N
    if count <= 1 and N is not None:
        raise RuntimeError("N must be greater than 1.")
    column = (x if x._dtype.is_floating_point else x.long()).unsqueeze(-1)
    ones = column.new_ones(column._shape)
    repeated = column.expand((*x._shape, count - 1))
    return dispatch.apply(CONCAT, (ones, repeated.cumprod(-1)), (x.ndim,))
