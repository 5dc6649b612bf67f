"""Products over chosen dimensions, powers and chains of matrices, distances."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._dtype import BOOL
from portfire._functions._inplace import into
from portfire._functions._operands import _need_tensor, _need_two
from portfire._functions.linalg import matmul
from portfire._functions.reduction import sum
from portfire._functions.shape import wrap_dim
from portfire._functions.statistics import vector_norm

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["cdist", "chain_matmul", "cross", "kron", "matrix_power", "tensordot", "trace"]


def tensordot(a: Tensor, b: Tensor, dims: Any = 2, out: Tensor | None = None) -> Tensor:
    """Return the sums of products over pairs of dimensions.

    Args:
        a: a tensor.
        b: another one.
        dims: how many of the last dimensions of ``a`` meet the first of ``b``, or two lists of
            dimensions that meet.
        out: where to write the result.

    Raises:
        RuntimeError: if the dimensions do not fit.

    Example:
        >>> import portfire
        >>> portfire.tensordot(portfire.ones(2, 3), portfire.ones(3, 4), 1).shape
        portfire.Size([2, 4])
    """
    _need_two("tensordot", a, b)
    first, second = _met(a, b, dims)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    first, second = [wrap_dim(d, a.ndim) for d in first], [wrap_dim(d, b.ndim) for d in second]
    for i, j in zip(first, second, strict=True):
        m, n = a._shape[i], b._shape[j]
        if m == n:
            continue
        if 1 not in (m, n):
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {m} in dim {i} and "
                f"second has size {n} in dim {j}"
            )
        # A dimension of 1 meets each of the other's, so that those add up.
        a, b = (a, _total(b, j)) if m == 1 else (_total(a, i), b)
    left = [i for i in range(a.ndim) if i not in first]
    right = [j for j in range(b.ndim) if j not in second]
    inner = math.prod(a._shape[i] for i in first)
    shape = (*(a._shape[i] for i in left), *(b._shape[j] for j in right))
    rows = a.permute(*left, *first).reshape((math.prod(a._shape[i] for i in left), inner))
    columns = b.permute(*second, *right).reshape((inner, math.prod(b._shape[j] for j in right)))
    return into(out, matmul(rows, columns).reshape(shape))


def _total(x: Tensor, axis: int) -> Tensor:
    """The sum along one dimension, which stays, in the dtype of the tensor."""
    return x.sum(axis, True, dtype=x._dtype)


def _met(a: Tensor, b: Tensor, dims: Any) -> tuple[list[int], list[int]]:
    if hasattr(dims, "tolist"):
        dims = dims.tolist()
    if not isinstance(dims, int):
        pair = [[d] if isinstance(d, int) else list(d) for d in dims]
        return pair[0], pair[1]
    if dims < 0:
        raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
    if dims > min(a.ndim, b.ndim):
        raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
    return list(range(a.ndim - dims, a.ndim)), list(range(dims))


def kron(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the Kronecker product: ``other`` in the place of each element, times it.

    Example:
        >>> import portfire
        >>> portfire.kron(portfire.tensor([1, 2]), portfire.tensor([1, 1]))
        tensor([1, 1, 2, 2])
    """
    _need_two("kron", input, other)
    rank = max(input.ndim, other.ndim)
    x, y = ((1,) * (rank - t.ndim) + t._shape for t in (input, other))
    wide = input.reshape(tuple(n for size in x for n in (size, 1)))
    fine = other.reshape(tuple(n for size in y for n in (1, size)))
    return into(out, (wide * fine).reshape(tuple(m * n for m, n in zip(x, y, strict=True))))


def crossed(input: Tensor, other: Tensor, dim: int) -> Tensor:
    """The cross product along a dimension."""
    if input.ndim != other.ndim:
        raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
    axis = wrap_dim(dim, input.ndim)
    if input._shape[axis] != 3 or other._shape[axis] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input._shape[axis]} "
            f"and {other._shape[axis]}"
        )
    if input._dtype is not other._dtype:
        raise RuntimeError(
            f"expected scalar type {input._dtype.scalar_name} but found {other._dtype.scalar_name}"
        )
    if input._dtype.category == BOOL:
        raise NotImplementedError("\"cross\" not implemented for 'Bool'")
    turned = [(t.roll(-1, axis), t.roll(-2, axis)) for t in (input, other)]
    return turned[0][0] * turned[1][1] - turned[0][1] * turned[1][0]


def cross(
    input: Tensor, other: Tensor, dim: int | None = None, *, out: Tensor | None = None
) -> Tensor:
    """Return the cross product along a dimension of size 3, by default the first such.

    Raises:
        RuntimeError: if there is no such dimension, or the ranks or dtypes differ.

    Example:
        >>> import portfire
        >>> portfire.cross(portfire.tensor([1, 0, 0]), portfire.tensor([0, 1, 0]))
        tensor([0, 0, 1])
    """
    _need_two("cross", input, other)
    if dim is None:
        if input.ndim != other.ndim:
            raise RuntimeError("linalg.cross: inputs must have the same number of dimensions.")
        if 3 not in input._shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = input._shape.index(3)
    return into(out, crossed(input, other, dim))


def trace(input: Tensor) -> Tensor:
    """Return the sum of the diagonal of a matrix.

    Raises:
        RuntimeError: if it is not a matrix.

    Example:
        >>> import portfire
        >>> portfire.trace(portfire.tensor([[1, 2], [3, 4]]))
        tensor(5)
    """
    _need_tensor("trace", input)
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    if input._dtype.category == BOOL:
        raise NotImplementedError("\"trace\" not implemented for 'Bool'")
    return sum(input.diagonal())


def matrix_power(input: Tensor, n: int, *, out: Tensor | None = None) -> Tensor:
    """Return square matrices multiplied n times by themselves; by their inverses if n is negative.

    Raises:
        RuntimeError: if the matrices are not square, or have no inverse where one is needed.

    Example:
        >>> import portfire
        >>> portfire.matrix_power(portfire.tensor([[1, 1], [0, 1]]), 3)
        tensor([[1, 3],
                [0, 1]])
    """
    from portfire.linalg import inv
    from portfire.linalg._checks import need_square

    _need_tensor("matrix_power", input)
    need_square("linalg.matrix_power", input)
    if n < 0:
        return into(out, matrix_power(inv(input), -n))
    if n == 0:
        one = dispatch.iota(input._shape, input.ndim - 1, input) == dispatch.iota(
            input._shape, input.ndim - 2, input
        )
        return into(out, one.to(input._dtype))
    result, power = None, input
    while n:
        if n & 1:
            result = power if result is None else matmul(result, power)
        n >>= 1
        power = matmul(power, power) if n else power
    return into(out, input.clone() if result is None or result is input else result)


def best_order(sizes: Sequence[int]) -> dict[tuple[int, int], int]:
    """Where to cut each run of a chain of matrices, the i-th of sizes[i] x sizes[i + 1]."""
    cuts: dict[tuple[int, int], int] = {}

    @functools.cache
    def cost(low: int, high: int) -> int:
        if low == high:
            return 0
        costs = {
            cut: cost(low, cut)
            + cost(cut + 1, high)
            + sizes[low] * sizes[cut + 1] * sizes[high + 1]
            for cut in range(low, high)
        }
        cuts[low, high] = min(costs, key=costs.__getitem__)
        return costs[cuts[low, high]]

    cost(0, len(sizes) - 2)
    return cuts


def product_of(matrices: Sequence[Tensor]) -> Tensor:
    """The product of a chain of matrices, in the order that takes the fewest operations."""
    cuts = best_order([matrices[0]._shape[0], *(m._shape[1] for m in matrices)])

    def multiply(low: int, high: int) -> Tensor:
        if low == high:
            return matrices[low]
        cut = cuts[low, high]
        return matmul(multiply(low, cut), multiply(cut + 1, high))

    return multiply(0, len(matrices) - 1)


def chain_matmul(*matrices: Tensor, out: Tensor | None = None) -> Tensor:
    """Return the product of matrices, in the order that takes the fewest operations.

    Raises:
        RuntimeError: if there is none, or they do not fit.

    Example:
        >>> import portfire
        >>> portfire.chain_matmul(portfire.ones(2, 3), portfire.ones(3, 4), portfire.ones(4, 1))
        tensor([[12.],
                [12.]])
    """
    from portfire import linalg

    if len(matrices) == 1 and isinstance(matrices[0], list | tuple):
        matrices = tuple(matrices[0])
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    for matrix in matrices:
        if matrix.ndim != 2:
            raise RuntimeError(
                f"Tensor of dimension {matrix.ndim} is not 2: chain_matmul() takes matrices"
            )
    if len(matrices) == 1:
        return into(out, matrices[0].clone())
    return linalg.multi_dot(matrices, out=out)


def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:
    """Return the distances between the rows of two matrices, or batches of them.

    Args:
        x1: of shape (..., m, k).
        x2: of shape (..., n, k).
        p: the order of the norm, 0 or more.
        compute_mode: taken for torch's sake; distances are always taken from differences.

    Raises:
        RuntimeError: if the shapes or dtypes do not fit.
        ValueError: for a mode that torch does not have.

    Example:
        >>> import portfire
        >>> portfire.cdist(portfire.tensor([[0.0, 0.0]]), portfire.tensor([[3.0, 4.0]]))
        tensor([[5.]])
    """
    _need_two("cdist", x1, x2)
    modes = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist",
             "donot_use_mm_for_euclid_dist")  # fmt: skip
    if compute_mode not in modes:
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    for name, x in (("X1", x1), ("X2", x2)):
        if x.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {x.ndim}D")
    for name, x in (("X1", x1), ("X2", x2)):
        if not x._dtype.is_floating_point:
            raise RuntimeError(
                f"cdist only supports floating-point dtypes, {name} got: {x._dtype.scalar_name}"
            )
    if x1._shape[-1] != x2._shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x1._shape[-1]} X2: "
            f"{x2._shape[-1]}"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    if x1._dtype is not x2._dtype:
        raise RuntimeError(
            f"expected scalar type {x1._dtype.scalar_name} but found {x2._dtype.scalar_name}"
        )
    difference = x1.unsqueeze(-2) - x2.unsqueeze(-3)
    if not difference._shape[-1]:
        return difference.sum(-1)
    return vector_norm(difference, float(p), (difference.ndim - 1,), False)
