"""Products of matrices and vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from portfire import _dispatch as dispatch
from portfire._autocast import casts
from portfire._dtype import BOOL
from portfire._functions._inplace import into
from portfire._functions._operands import _need_tensor, _need_two
from portfire.ops._contraction import DOT

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "bmm",
    "dot",
    "ger",
    "inner",
    "matmul",
    "mm",
    "mv",
    "outer",
    "vdot",
]


# The names of C++ that torch's sentence has.
_TYPE_WORDS = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16",
    "int64": "long int", "int32": "int", "int16": "short int", "int8": "signed char",
    "uint8": "unsigned char", "bool": "bool",
}  # fmt: skip

# What torch calls the kernel that it lacks for bool.
_KERNELS = {"dot": "dot", "vdot": "dot", "bmm": "bmm"}


def _pair(name: str, x: Any, y: Any) -> None:
    _need_two(name, x, y)
    if x._dtype is not y._dtype and not casts(x, y):
        names = [_TYPE_WORDS.get(t._dtype.name, t._dtype.scalar_name) for t in (x, y)]
        raise RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {names[0]} != {names[1]}"
        )
    if x._dtype.category == BOOL:
        kernel = _KERNELS.get(name, "addmm_impl_cpu_")
        raise NotImplementedError(f"\"{kernel}\" not implemented for 'Bool'")


def matmul(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the matrix product, with vectors and batches as NumPy's ``@`` treats them.

    Args:
        input: a tensor of one or more dimensions.
        other: likewise; the last dimension of ``input`` must match its second last.
        out: where to write the result.

    Raises:
        RuntimeError: if the sizes do not match, the dtypes differ, or an operand is 0-d.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x @ portfire.tensor([1.0, 1.0])
        tensor([3., 7.])
    """
    if out is not None:
        return into(out, matmul(input, other))
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
    if other.ndim == 1:
        rows = dispatch.numel(x._shape[:-1])
        raise RuntimeError(
            f"size mismatch, got input ({rows}), mat ({rows}x{x._shape[-1]}), vec "
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


def mm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the product of two matrices.

    Raises:
        RuntimeError: if an operand is not a matrix or the sizes do not match.

    Example:
        >>> import portfire
        >>> portfire.mm(portfire.ones(2, 3), portfire.ones(3, 1))
        tensor([[3.],
                [3.]])
    """
    _need_tensor("mm", input)
    wrong = "mat2" if input.ndim == 2 else "self"
    _need_dims("mm", input, mat2, (2, 2), f"{wrong} must be a matrix")
    return matmul(input, mat2, out=out)


def mv(input: Tensor, vec: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the product of a matrix and a vector.

    Example:
        >>> import portfire
        >>> portfire.mv(portfire.ones(2, 3), portfire.ones(3))
        tensor([3., 3.])
    """
    _need_two("mv", input, vec, "vec")
    words = f"vector + matrix @ vector expected, got 1, {input.ndim}, {vec.ndim}"
    _need_dims("mv", input, vec, (2, 1), words)
    return matmul(input, vec, out=out)


def bmm(input: Tensor, mat2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the products of two batches of matrices.

    Example:
        >>> import portfire
        >>> portfire.bmm(portfire.ones(2, 1, 3), portfire.ones(2, 3, 1)).shape
        portfire.Size([2, 1, 1])
    """
    _need_tensor("bmm", input)
    wrong = "batch2" if input.ndim == 3 else "batch1"
    _need_dims("bmm", input, mat2, (3, 3), f"{wrong} must be a 3D tensor")
    if (input._shape[0], input._shape[2]) != mat2._shape[:2]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{input._shape[0]}, "
            f"{input._shape[2]}] but got: [{mat2._shape[0]}, {mat2._shape[1]}]."
        )
    return matmul(input, mat2, out=out)


def dot(input: Tensor, tensor: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the sum of the products of two vectors.

    Example:
        >>> import portfire
        >>> portfire.dot(portfire.tensor([1.0, 2.0]), portfire.tensor([3.0, 4.0]))
        tensor(11.)
    """
    return into(out, _dot("dot", input, tensor))


def vdot(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the sum of the products of two vectors; for real numbers the same as `dot`.

    Example:
        >>> import portfire
        >>> portfire.vdot(portfire.tensor([1, 2]), portfire.tensor([3, 4]))
        tensor(11)
    """
    return into(out, _dot("vdot", input, other))


def _dot(name: str, x: Any, y: Any) -> Tensor:
    _need_two(name, x, y)
    if (x.ndim, y.ndim) != (1, 1):
        raise RuntimeError(f"1D tensors expected, but got {x.ndim}D and {y.ndim}D tensors")
    if x._dtype is not y._dtype and not casts(x, y):
        raise RuntimeError(
            f"dot : expected both vectors to have same dtype, but found {x._dtype.scalar_name} "
            f"and {y._dtype.scalar_name}"
        )
    _pair(name, x, y)
    if x._shape != y._shape:
        raise RuntimeError(
            f"inconsistent tensor size, expected tensor [{x._shape[0]}] and src [{y._shape[0]}] "
            f"to have the same number of elements, but got {x._shape[0]} and {y._shape[0]} "
            "elements respectively"
        )
    return dispatch.apply(DOT, (x.unsqueeze(0), y.unsqueeze(1))).reshape(())


def inner(input: Tensor, other: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the sums of products over the last dimensions; of a 0-d tensor, the product.

    Raises:
        RuntimeError: if the last dimensions differ.

    Example:
        >>> import portfire
        >>> portfire.inner(portfire.tensor([[1, 2], [3, 4]]), portfire.tensor([1, 1]))
        tensor([3, 7])
    """
    _need_two("inner", input, other)
    if not input.ndim or not other.ndim:
        return into(out, input * other)
    if input._dtype is not other._dtype and not casts(input, other):
        raise RuntimeError("both inputs should have same dtype")
    if input._shape[-1] != other._shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input._shape)} and {list(other._shape)}"
        )
    n = input._shape[-1]
    rows = [t.reshape((dispatch.numel(t._shape[:-1]), n)) for t in (input, other)]
    product = matmul(rows[0], rows[1].t())
    return into(out, product.reshape((*input._shape[:-1], *other._shape[:-1])))


def outer(input: Tensor, vec2: Tensor, *, out: Tensor | None = None) -> Tensor:
    """Return the products of each element of one vector with each of another.

    Example:
        >>> import portfire
        >>> portfire.outer(portfire.tensor([1, 2]), portfire.tensor([3, 4]))
        tensor([[3, 4],
                [6, 8]])
    """
    _need_two("outer", input, vec2, "vec2")
    for name, vector in (("self", input), ("vec2", vec2)):
        if vector.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {vector.ndim}-D")
    return into(out, input.unsqueeze(1) * vec2)


ger = outer
