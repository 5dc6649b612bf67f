"""Making tensors: from data, of a given size, like another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _device, _dtype, _tensor
from portfire import _dispatch as dispatch
from portfire._dtype import DType, bfloat16, dtype_of_array
from portfire._functions._host_data import host_array
from portfire._promotion import get_default_dtype, number_dtype
from portfire._size import Size
from portfire.ops import _source
from portfire.ops._movement import EXPAND

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "as_tensor",
    "empty",
    "empty_like",
    "empty_permuted",
    "empty_strided",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "scalar_tensor",
    "tensor",
    "zeros",
    "zeros_like",
]


Device = Any  # a portfire.device, its name, or None for the default
Shape = tuple[int, ...]


def tensor(
    data: Any,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor from numbers, nested sequences, arrays or tensors; always a copy.

    Args:
        data: a number, nested lists or tuples of numbers, a NumPy array, or a tensor.
        dtype: the element type; by default that of the data: int64 for Python ints, the default
            dtype for floats, bool for bools.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Returns:
        A leaf tensor with the shape of the data.

    Raises:
        ValueError: if nested sequences have different lengths.
        TypeError: if an element is not a number.

    Example:
        >>> import portfire
        >>> portfire.tensor([[1, 2], [3, 4]])
        tensor([[1, 2],
                [3, 4]])
    """
    check_dtype("tensor", dtype)
    if isinstance(data, _tensor.Tensor):
        made = data.detach().to(device=device or data.device, dtype=dtype, copy=True)
    elif dtype is bfloat16:
        made = _from_host(host_array(data, _dtype.float32), device).to(dtype)
    else:
        made = _from_host(host_array(data, dtype), device)
    return made.requires_grad_(True) if requires_grad else made


def _from_host(array: np.ndarray[Any, Any], device: Device) -> Tensor:
    recorder = _device.resolve(device)
    array = np.asarray(array, order="C")
    value = recorder.upload(array, dtype_of_array(array))
    return _tensor.Tensor._wrap(value)


def as_tensor(data: Any, dtype: DType | None = None, device: Device = None) -> Tensor:
    """Like `tensor`, but without a copy where none is needed.

    Args:
        data: a tensor, a NumPy array, or what `tensor` takes.
        dtype: the element type, by default that of the data.
        device: where to put it, by default where it is.

    Example:
        >>> import portfire
        >>> x = portfire.ones(2)
        >>> portfire.as_tensor(x) is x
        True
    """
    if isinstance(data, _tensor.Tensor):
        return data.to(device=device, dtype=dtype)
    if isinstance(data, np.ndarray) and _device.resolve(device).device.type == "cpu":
        return from_numpy(data).to(dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """Make a ``cpu`` tensor that shares memory with a NumPy array.

    Args:
        ndarray: an array of a supported dtype.

    Raises:
        TypeError: if it is not an array, or its dtype is not supported.

    Example:
        >>> import numpy, portfire
        >>> a = numpy.zeros(2)
        >>> x = portfire.from_numpy(a)
        >>> a[0] = 5
        >>> x
        tensor([5., 0.], dtype=portfire.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtype = dtype_of_array(ndarray)
    recorder = _device.resolve("cpu")
    if not ndarray.flags.c_contiguous:
        return _from_host(np.array(ndarray, order="C"), "cpu")
    value = recorder.adopt(ndarray, ndarray.shape, dtype)
    value.exported = True
    return _tensor.Tensor._wrap(value)


def scalar_tensor(
    s: Any, *, dtype: DType | None = None, device: Device = None, requires_grad: bool = False
) -> Tensor:
    """Make a 0-d tensor of a number, of the default dtype unless one is given.

    Example:
        >>> import portfire
        >>> portfire.scalar_tensor(3)
        tensor(3.)
    """
    return full(
        (), s, dtype=dtype or get_default_dtype(), device=device, requires_grad=requires_grad
    )


def row_major(shape: Shape) -> Shape:
    """The strides of a contiguous tensor."""
    strides, step = [], 1
    for n in reversed(shape):
        strides.append(step)
        step *= max(n, 1)
    return tuple(reversed(strides))


def empty_strided(
    size: Any,
    stride: Any,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of unspecified values with given strides, in elements.

    Example:
        >>> import portfire
        >>> portfire.empty_strided((2, 3), (1, 2)).stride()
        (1, 2)
    """
    sizes, strides = shape_of("empty_strided", (size,)), tuple(stride)
    held = 0 if 0 in sizes else 1 + sum((n - 1) * s for n, s in zip(sizes, strides, strict=True))
    made = empty(held, dtype=dtype, device=device).as_strided(sizes, strides)
    return made.requires_grad_(True) if requires_grad else made


def empty_permuted(
    size: Any,
    physical_layout: Any,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of unspecified values whose dimensions lie in memory in a given order.

    Args:
        size: the sizes.
        physical_layout: the dimensions, from the one of the largest stride to the smallest.
        dtype: the element type, by default the default dtype.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Raises:
        RuntimeError: if the order does not name each dimension once.

    Example:
        >>> import portfire
        >>> portfire.empty_permuted((2, 3), (1, 0)).stride()
        (1, 2)
    """
    sizes, order = shape_of("empty_permuted", (size,)), tuple(physical_layout)
    if sorted(order) != list(range(len(sizes))):
        raise RuntimeError(
            f"Duplicate or missing dims in the layout: sizes {list(sizes)}, layout {list(order)}"
        )
    within = row_major(tuple(sizes[axis] for axis in order))
    strides = tuple(within[order.index(axis)] for axis in range(len(sizes)))
    return empty_strided(sizes, strides, dtype=dtype, device=device, requires_grad=requires_grad)


def legacy_tensor(args: tuple[Any, ...], dtype: DType | None, device: Device) -> Tensor:
    """``Tensor(2, 3)``, ``Tensor([2, 3])``, ``Tensor(array)``, ``Tensor(other)``."""
    dtype = dtype or get_default_dtype()
    if len(args) == 1 and not isinstance(args[0], int):
        (data,) = args
        if isinstance(data, Size):
            return empty(data, dtype=dtype, device=device)
        if isinstance(data, _tensor.Tensor):
            return data.detach()
        if isinstance(data, float | str):
            raise TypeError(f"new(): data must be a sequence (got {type(data).__name__})")
        return tensor(data, dtype=dtype, device=device)
    return (
        empty(*args, dtype=dtype, device=device) if args else empty(0, dtype=dtype, device=device)
    )


def check_dtype(name: str, dtype: Any) -> None:
    """Raise TypeError for what is no dtype; None stands for a default."""
    if dtype is not None and not isinstance(dtype, DType):
        raise TypeError(
            f"{name}(): argument 'dtype' must be portfire.dtype, not {type(dtype).__name__}"
        )


def float_dtype(name: str, dtype: DType | None) -> DType:
    """A dtype, or the default one; TypeError for anything else."""
    check_dtype(name, dtype)
    return dtype or get_default_dtype()


def shape_of(name: str, size: tuple[Any, ...], named: Any = None) -> Shape:
    """The shape in ``f(2, 3)``, ``f((2, 3))`` or ``f(Size)``; TypeError, RuntimeError if wrong."""
    if named is not None:
        size = (*size, tuple(named))
    if not size:
        raise TypeError(f'{name}() missing 1 required positional arguments: "size"')
    if len(size) == 1 and isinstance(size[0], list | tuple):
        size = tuple(size[0])
    shape = []
    for position, n in enumerate(size):
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise TypeError(
                f"{name}(): argument 'size' (position 1) must be tuple of ints, but found element "
                f"of type {type(n).__name__} at pos {position}"
            )
        shape.append(int(n))
    if any(n < 0 for n in shape):
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}"
        )
    return tuple(shape)


def _constant(
    shape: Shape, value: Any, dtype: DType, device: Device, requires_grad: bool
) -> Tensor:
    recorder = _device.resolve(device)
    made = _tensor.Tensor._wrap(recorder.record(_source.FULL, (), (shape, value, dtype)))
    return made.requires_grad_(True) if requires_grad else made


def zeros(
    *args: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of zeros.

    Args:
        *args: the sizes, as arguments or as one tuple.
        size: the same by name.
        out: a tensor that receives the result.
        dtype: the element type, by default the default dtype.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Raises:
        RuntimeError: if a size is negative.
        TypeError: if a size is not an integer.

    Example:
        >>> import portfire
        >>> portfire.zeros(2, 3)
        tensor([[0., 0., 0.],
                [0., 0., 0.]])
    """
    dtype = float_dtype("zeros", dtype)
    zero = number_in(0, dtype)
    made = _constant(shape_of("zeros", args, size), zero, dtype, device, requires_grad)
    return _into(out, made)


def ones(
    *args: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of ones; see `zeros` for the arguments.

    Example:
        >>> import portfire
        >>> portfire.ones(2)
        tensor([1., 1.])
    """
    dtype = float_dtype("ones", dtype)
    one = number_in(1, dtype)
    made = _constant(shape_of("ones", args, size), one, dtype, device, requires_grad)
    return _into(out, made)


def _into(out: Tensor | None, made: Tensor) -> Tensor:
    from portfire._functions._inplace import into

    return into(out, made)


def empty(
    *args: Any,
    size: Any = None,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of unspecified values (zeros, in fact); see `zeros` for the arguments.

    Example:
        >>> import portfire
        >>> portfire.empty(2, 0).shape
        portfire.Size([2, 0])
    """
    return zeros(*args, size=size, out=out, dtype=dtype, device=device, requires_grad=requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor filled with a number.

    Args:
        size: a tuple of sizes.
        fill_value: the number, or a 0-d tensor.
        out: a tensor that receives the result.
        dtype: the element type; by default that of the number.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Example:
        >>> import portfire
        >>> portfire.full((2,), 3.0)
        tensor([3., 3.])
    """
    if not isinstance(size, list | tuple):
        raise TypeError(
            f"full(): argument 'size' (position 1) must be tuple of ints, not {type(size).__name__}"
        )
    shape = shape_of("full", (size,))
    number = _fill_number("full", fill_value)
    check_dtype("full", dtype)
    dtype = dtype or number_dtype(type(number))
    recorder = _device.resolve(device)
    number = number_in(number, dtype)
    if shape or dtype is bfloat16:
        scalar = recorder.scalar(number, dtype)
        made = _tensor.Tensor._wrap(recorder.record(EXPAND, (scalar,), (shape,)))
    else:
        made = _from_host(np.array(number, dtype.numpy), device)
    return _into(out, made.requires_grad_(True) if requires_grad else made)


def _fill_number(name: str, value: Any) -> Any:
    """The number to fill with; a tensor or array of no dimensions is one."""
    if getattr(value, "ndim", None) == 0:
        value = value.item()
    if type(value) not in dispatch.NUMBERS:
        raise TypeError(
            f"{name}(): argument 'fill_value' (position 2) must be Number, not "
            f"{type(value).__name__}"
        )
    return value


def number_in(number: Any, dtype: DType) -> Any:
    """A Python number of the kind that a dtype holds; a negative one wraps where it is unsigned."""
    if dtype.category == _dtype.BOOL:
        return bool(number)
    if dtype.is_floating_point:
        number = float(number)
        if math.isfinite(number) and abs(number) > dtype.limits.max:
            raise RuntimeError(f"value cannot be converted to type {dtype.c_name} without overflow")
        return number
    if not math.isfinite(number):
        raise RuntimeError(f"value cannot be converted to type {dtype.name}_t without overflow")
    limits = np.iinfo(dtype.numpy)
    low = int(limits.min) if dtype.is_signed else -int(limits.max)
    if not low <= number <= limits.max:
        raise RuntimeError(f"value cannot be converted to type {dtype.name}_t without overflow")
    return int(number) if dtype.is_signed else int(number) % (int(limits.max) + 1)


def zeros_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Make zeros with the shape, dtype and device of a tensor.

    Example:
        >>> import portfire
        >>> portfire.zeros_like(portfire.tensor([1, 2]))
        tensor([0, 0])
    """
    dtype = dtype or input._dtype
    where = device if device is not None else input.device
    return zeros(input._shape, dtype=dtype, device=where, requires_grad=requires_grad)


def ones_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Make ones with the shape, dtype and device of a tensor.

    Example:
        >>> import portfire
        >>> portfire.ones_like(portfire.tensor([1, 2]))
        tensor([1, 1])
    """
    dtype = dtype or input._dtype
    where = device if device is not None else input.device
    return ones(input._shape, dtype=dtype, device=where, requires_grad=requires_grad)


def empty_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Make unspecified values with the shape, dtype and device of a tensor.

    Example:
        >>> import portfire
        >>> portfire.empty_like(portfire.ones(2, 3)).shape
        portfire.Size([2, 3])
    """
    return zeros_like(input, dtype=dtype, device=device, requires_grad=requires_grad)


def full_like(
    input: Tensor,
    fill_value: Any,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Make a tensor filled with a number, with the shape, dtype and device of a tensor.

    Example:
        >>> import portfire
        >>> portfire.full_like(portfire.ones(2), 7)
        tensor([7., 7.])
    """
    dtype = dtype or input._dtype
    where = device if device is not None else input.device
    return full(input._shape, fill_value, dtype=dtype, device=where, requires_grad=requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a matrix with ones on the diagonal and zeros elsewhere.

    Example:
        >>> import portfire
        >>> portfire.eye(2)
        tensor([[1., 0.],
                [0., 1.]])
    """
    for name, size in (("n", n), ("m", m)):
        if size is not None and not isinstance(size, int):
            raise TypeError(f"eye(): argument '{name}' must be int, not {type(size).__name__}")
        if size is not None and size < 0:
            raise RuntimeError(f"{name} must be greater or equal to 0, got {size}")
    shape = shape_of("eye", (n, n if m is None else m))
    recorder = _device.resolve(device)
    row, column = (
        _tensor.Tensor._wrap(recorder.record(_source.IOTA, (), (shape, axis, _dtype.int64)))
        for axis in (0, 1)
    )
    made = (row == column).to(float_dtype("eye", dtype))
    return _into(out, made.requires_grad_(True) if requires_grad else made)


def new_zeros(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
    """Return zeros of this dtype on this device."""
    return zeros(*size, **_like(self, kwargs))


def new_ones(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
    """Return ones of this dtype on this device."""
    return ones(*size, **_like(self, kwargs))


def new_empty(self: Tensor, *size: Any, **kwargs: Any) -> Tensor:
    """Return unspecified values of this dtype on this device."""
    return empty(*size, **_like(self, kwargs))


def new_full(self: Tensor, size: Any, fill_value: Any, **kwargs: Any) -> Tensor:
    """Return a tensor of this dtype on this device, filled with a number."""
    return full(size, fill_value, **_like(self, kwargs))


def new_tensor(self: Tensor, data: Any, **kwargs: Any) -> Tensor:
    """Return data as a tensor of this dtype on this device."""
    return tensor(data, **_like(self, kwargs))


def _like(self: Tensor, kwargs: dict[str, Any]) -> dict[str, Any]:
    given = {k: v for k, v in kwargs.items() if v is not None}
    return {"dtype": self._dtype, "device": self.device, **given}
