"""What a tensor is: sizes, kinds, where its elements lie; and the methods that change that."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire import _limits, _tensor
from portfire._dtype import FLOAT, int64
from portfire._functions import conversion, creation, shape, splitting, strided
from portfire._layout import is_dense
from portfire._size import Size

if TYPE_CHECKING:
    from collections.abc import Callable

    from portfire._tensor import Tensor

__all__ = [
    "clone",
    "conj",
    "detach",
    "get_device",
    "is_complex",
    "is_conj",
    "is_floating_point",
    "is_inference",
    "is_neg",
    "is_nonzero",
    "is_same_size",
    "is_signed",
    "narrow_copy",
    "real",
    "resolve_conj",
    "resolve_neg",
    "typename",
]


def is_floating_point(input: Tensor) -> bool:
    """Return whether the dtype is a float type.

    Example:
        >>> import portfire
        >>> portfire.is_floating_point(portfire.ones(1))
        True
    """
    return input._dtype.category == FLOAT


def is_signed(input: Tensor) -> bool:
    """Return whether the dtype holds negative numbers.

    Example:
        >>> import portfire
        >>> portfire.is_signed(portfire.tensor([True]))
        False
    """
    return input._dtype.is_signed


def is_complex(input: Tensor) -> bool:
    """Return whether the dtype is complex; there are no complex dtypes.

    Example:
        >>> import portfire
        >>> portfire.is_complex(portfire.ones(1))
        False
    """
    return False


def is_conj(input: Tensor) -> bool:
    """Return whether the tensor is a conjugate view; there are none.

    Example:
        >>> import portfire
        >>> portfire.is_conj(portfire.ones(1))
        False
    """
    return False


def is_neg(input: Tensor) -> bool:
    """Return whether the tensor is a view with the sign turned; there are none.

    Example:
        >>> import portfire
        >>> portfire.is_neg(portfire.ones(1))
        False
    """
    return False


def is_inference(input: Tensor) -> bool:
    """Return whether the tensor is bound to inference mode; here all tensors stay usable.

    Example:
        >>> import portfire
        >>> portfire.is_inference(portfire.ones(1))
        False
    """
    return False


def is_nonzero(input: Tensor) -> bool:
    """Return whether the only element is not zero.

    Raises:
        RuntimeError: if there is another number of elements.

    Example:
        >>> import portfire
        >>> portfire.is_nonzero(portfire.tensor([2]))
        True
    """
    return bool(input)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Return whether two tensors have the same shape.

    Example:
        >>> import portfire
        >>> portfire.is_same_size(portfire.ones(2), portfire.zeros(2))
        True
    """
    return input._shape == other._shape


def conj(input: Tensor) -> Tensor:
    """Return the complex conjugate: of real numbers, the tensor itself.

    Example:
        >>> import portfire
        >>> portfire.conj(portfire.ones(1))
        tensor([1.])
    """
    return input


def real(input: Tensor) -> Tensor:
    """Return the real part: of real numbers, the tensor itself.

    Example:
        >>> import portfire
        >>> portfire.real(portfire.ones(1))
        tensor([1.])
    """
    return input


def resolve_conj(input: Tensor) -> Tensor:
    """Return the tensor with a pending conjugation done; there are none.

    Example:
        >>> import portfire
        >>> portfire.resolve_conj(portfire.ones(1))
        tensor([1.])
    """
    return input


def resolve_neg(input: Tensor) -> Tensor:
    """Return the tensor with a pending change of sign done; there are none.

    Example:
        >>> import portfire
        >>> portfire.resolve_neg(portfire.ones(1))
        tensor([1.])
    """
    return input


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """Return a copy with a cell of its own; gradients flow through.

    Example:
        >>> import portfire
        >>> portfire.clone(portfire.ones(1))
        tensor([1.])
    """
    return input.clone()


def detach(input: Tensor) -> Tensor:
    """Return a tensor that shares the elements and has no history.

    Example:
        >>> import portfire
        >>> portfire.detach(portfire.ones(1, requires_grad=True)).requires_grad
        False
    """
    return input.detach()


def get_device(input: Tensor) -> int:
    """Return the number of the tensor's device, -1 for ``cpu``.

    Example:
        >>> import portfire
        >>> portfire.get_device(portfire.ones(1, device="cpu"))
        -1
    """
    where = input.device
    return -1 if where.type == "cpu" else where.index or 0


def typename(obj: Any) -> str:
    """Return the name of a tensor's type, or of an object's class.

    Example:
        >>> import portfire
        >>> portfire.typename(portfire.ones(1, device="cpu"))
        'portfire.FloatTensor'
    """
    if isinstance(obj, _tensor.Tensor):
        name: str = conversion.type_(obj)
        return name
    return f"{type(obj).__module__}.{type(obj).__qualname__}"


def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """Return `narrow` as a copy.

    Example:
        >>> import portfire
        >>> portfire.narrow_copy(portfire.arange(5), 0, 1, 2)
        tensor([1, 2])
    """
    return splitting.narrow(input, dim, start, length).clone()


# Methods only


def matrix_adjoint(input: Tensor) -> Tensor:
    """The adjoint of one matrix, for ``Tensor.H``."""
    if input.ndim != 2:
        hint = " For batches of matrices, consider using tensor.mH" if input.ndim > 2 else ""
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {input.ndim}-D tensor."
            f"{hint}"
        )
    return shape.transpose(input, 0, 1)


def dim_order(self: Tensor) -> tuple[int, ...]:
    """Return the dimensions from the one of the largest stride to that of the smallest.

    Example:
        >>> import portfire
        >>> portfire.zeros(2, 3, 4).permute(2, 0, 1).dim_order()
        (1, 2, 0)
    """
    strides = self.stride()
    return tuple(sorted(range(self.ndim), key=lambda axis: -strides[axis]))


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Return whether both tensors show the same elements of the same cell.

    Example:
        >>> import portfire
        >>> x = portfire.zeros(4)
        >>> x.is_set_to(x[:]), x.is_set_to(x[1:])
        (True, False)
    """
    same = self._storage is tensor._storage and self._shape == tensor._shape
    return same and (self.stride(), self.storage_offset()) == (
        tensor.stride(),
        tensor.storage_offset(),
    )


def pinned(self: Tensor, device: Any = None) -> Tensor:
    """Return the tensor: its memory can be copied from as it is.

    Example:
        >>> import portfire
        >>> portfire.zeros(2).pin_memory().tolist()
        [0.0, 0.0]
    """
    return self


def shared(self: Tensor) -> Tensor:
    """Return the tensor: threads share it, and other processes get copies.

    Example:
        >>> import portfire
        >>> portfire.zeros(2).share_memory_().tolist()
        [0.0, 0.0]
    """
    return self


def never(self: Tensor, device: Any = None) -> bool:
    """Return False: this kind of memory is not distinguished.

    Example:
        >>> import portfire
        >>> portfire.zeros(2).is_pinned()
        False
    """
    return False


def sum_to_size(self: Tensor, *size: Any) -> Tensor:
    """Return the tensor summed to a shape that broadcasts to its own.

    Raises:
        RuntimeError: if the shape does not broadcast to this tensor's.

    Example:
        >>> import portfire
        >>> portfire.ones(2, 3).sum_to_size(1, 3)
        tensor([[2., 2., 2.]])
    """
    wanted = shape._ints("sum_to_size", size)
    extra = self.ndim - len(wanted)
    fits = extra >= 0 and all(
        n in (1, own) for n, own in zip(wanted, self._shape[extra:], strict=True)
    )
    if not fits:
        raise RuntimeError(
            f"size {{{list(wanted)}}} is not expandable to size {{{list(self._shape)}}}."
        )
    axes = tuple(
        i for i, n in enumerate(self._shape) if i < extra or (wanted[i - extra] == 1 and n != 1)
    )
    return shape.reshape(self.sum(axes), wanted) if axes else self


def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Change the size in place: the first elements of the storage stay, new ones are unspecified.

    Raises:
        RuntimeError: if the tensor requires grad.

    Example:
        >>> import portfire
        >>> portfire.tensor([1, 2, 3, 4, 5]).resize_(2, 2).tolist()
        [[1, 2], [3, 4]]
    """
    wanted = shape._ints("resize_", size)
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    if self._shape == wanted:
        return self
    count, held = math.prod(wanted), math.prod(self._storage.value.shape) - self.storage_offset()
    if count <= held:
        strides = creation.row_major(wanted)
        self.data = strided.as_strided(self, wanted, strides)
        return self
    grown = self.new_zeros(count)
    kept = strided.as_strided(self, (held,), (1,)) if held > 0 else None
    if kept is not None:
        grown[:held] = kept
    self.data = shape.reshape(grown, wanted)
    return self


def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Change the size in place to that of another tensor; see `Tensor.resize_`.

    Example:
        >>> import portfire
        >>> portfire.tensor([1, 2, 3]).resize_as_(portfire.zeros(2)).tolist()
        [1, 2]
    """
    return resize_(self, the_template._shape)


def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Replace each element by a Python function of it; on ``cpu`` only, and slow.

    Raises:
        TypeError: if the tensor is not on the host.
        RuntimeError: if it requires grad.

    Example:
        >>> import portfire
        >>> portfire.tensor([1, 2], device="cpu").apply_(lambda element: element + 10).tolist()
        [11, 12]
    """
    return map_(self, None, callable)


def map_(self: Tensor, tensor: Tensor | None, callable: Callable[..., Any]) -> Tensor:
    """Replace each element by a Python function of it and of another tensor's element.

    Raises:
        TypeError: if the tensor is not on the host.
        RuntimeError: if it requires grad.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([1, 2], device="cpu")
        >>> x.map_(x, lambda own, other: own * other).tolist()
        [1, 4]
    """
    if self.device.type != "cpu":
        raise TypeError("a Python function of each element is only implemented on CPU tensors")
    if self.requires_grad:
        raise RuntimeError("Can't apply a Python function to a Variable that requires grad.")
    columns = [self._host().reshape(-1).tolist()]
    if tensor is not None:
        columns.append(shape.expand(tensor, self._shape)._host().reshape(-1).tolist())
    made = [callable(*values) for values in zip(*columns, strict=True)]
    array = np.array(made, self._dtype.numpy).reshape(self._shape)
    return self._assign(creation.tensor(array, device="cpu"))


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Replace the elements of the main diagonal, of equal index in each dimension, by a number.

    Args:
        fill_value: the number.
        wrap: for tall matrices, begin a new diagonal each time one has ended.

    Raises:
        RuntimeError: if there is one dimension, or of more than two not all have the same size.

    Example:
        >>> import portfire
        >>> portfire.zeros(2, 2).fill_diagonal_(5)
        tensor([[5., 0.],
                [0., 5.]])
    """
    if self.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if self.ndim > 2 and len(set(self._shape)) != 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    rows, columns = self._shape[:2]
    grids = [dispatch.iota(self._shape, axis, self, int64) for axis in range(self.ndim)]
    row = grids[0] % (columns + 1) if wrap and self.ndim == 2 and rows > columns else grids[0]
    chosen = grids[1] == row
    for other in grids[2:]:
        chosen = chosen & (other == row)
    return self._assign(dispatch.where(chosen, creation.number_in(fill_value, self._dtype), self))


def new_empty_strided(self: Tensor, size: Any, stride: Any, **kwargs: Any) -> Tensor:
    """Return unspecified values with given strides, of this dtype on this device.

    Example:
        >>> import portfire
        >>> portfire.zeros(1).new_empty_strided((2, 2), (1, 2)).stride()
        (1, 2)
    """
    return creation.empty_strided(size, stride, **creation._like(self, kwargs))


def new(self: Tensor, *args: Any) -> Tensor:
    """Return a tensor of sizes or data, of this dtype on this device.

    Example:
        >>> import portfire
        >>> portfire.tensor([1]).new([2, 3]).tolist()
        [2, 3]
    """
    return creation.legacy_tensor(args, self._dtype, self.device)


def as_subclass(self: Tensor, cls: type) -> Tensor:
    """Return the tensor as an instance of a subclass; it shares the elements and the history.

    Example:
        >>> import portfire
        >>> class Mine(portfire.Tensor):
        ...     pass
        >>> type(portfire.zeros(2).as_subclass(Mine)).__name__
        'Mine'
    """
    made = shape.view(self, self._shape)
    made.__class__ = cls
    return made


def reversed_(self: Tensor) -> Tensor:
    """Reverse all dimensions, for Python's ``reversed``."""
    return self.flip(tuple(range(self.ndim))) if self.ndim else self


def complex_(self: Tensor) -> complex:
    """The only element as a complex number, for Python's ``complex``."""
    return complex(self._only_element())


def delete(self: Tensor, key: Any) -> None:
    """Refuse ``del x[key]``.

    Raises:
        TypeError: always.
    """
    raise TypeError("Tensor does not support deleting items")


def is_contiguous(self: Tensor, *, memory_format: Any = _limits.contiguous_format) -> bool:
    """Return whether the elements lie in row-major order without gaps (or in a given order).

    Example:
        >>> import portfire
        >>> x = portfire.zeros(2, 3)
        >>> x.is_contiguous(), x.t().is_contiguous()
        (True, False)
    """
    order = {"channels_last": (0, 2, 3, 1), "channels_last_3d": (0, 2, 3, 4, 1)}.get(
        memory_format.name
    )
    if order is None:
        return is_dense(self._shape, self.stride())
    if self.ndim != len(order):
        return False
    strides = self.stride()
    return is_dense(
        Size(self._shape[axis] for axis in order), tuple(strides[axis] for axis in order)
    )
