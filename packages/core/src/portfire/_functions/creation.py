"""Making tensors: from data, of a given size, like another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _device, _dtype, _tensor
from portfire import _dispatch as dispatch
from portfire._dtype import DType, dtype_of_array
from portfire._functions._host_data import host_array
from portfire._promotion import get_default_dtype, number_dtype
from portfire._size import Size
from portfire.ops import _source
from portfire.ops._movement import EXPAND

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = [
    "arange",
    "as_tensor",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "linspace",
    "logspace",
    "ones",
    "ones_like",
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
    if isinstance(data, _tensor.Tensor):
        made = data.detach().to(device=device or data.device, dtype=dtype, copy=True)
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


def shape_of(name: str, size: tuple[Any, ...]) -> Shape:
    """The shape in ``f(2, 3)``, ``f((2, 3))`` or ``f(Size)``; TypeError, RuntimeError if wrong."""
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
    *size: Any,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor of zeros.

    Args:
        *size: the sizes, as arguments or as one tuple.
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
    dtype = dtype or get_default_dtype()
    zero = number_in(0, dtype)
    made = _constant(shape_of("zeros", size), zero, dtype, device, requires_grad)
    return _into(out, made)


def ones(
    *size: Any,
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
    dtype = dtype or get_default_dtype()
    one = number_in(1, dtype)
    made = _constant(shape_of("ones", size), one, dtype, device, requires_grad)
    return _into(out, made)


def _into(out: Tensor | None, made: Tensor) -> Tensor:
    from portfire._functions._inplace import into

    return into(out, made)


def empty(
    *size: Any, dtype: DType | None = None, device: Device = None, requires_grad: bool = False
) -> Tensor:
    """Make a tensor of unspecified values (zeros, in fact); see `zeros` for the arguments.

    Example:
        >>> import portfire
        >>> portfire.empty(2, 0).shape
        portfire.Size([2, 0])
    """
    return zeros(*size, dtype=dtype, device=device, requires_grad=requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor filled with a number.

    Args:
        size: a tuple of sizes.
        fill_value: the number.
        dtype: the element type; by default that of the number.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Example:
        >>> import portfire
        >>> portfire.full((2,), 3.0)
        tensor([3., 3.])
    """
    shape = shape_of("full", (size,) if isinstance(size, list | tuple) else ((size,),))
    number = fill_value.item() if hasattr(fill_value, "item") else fill_value
    dtype = dtype or number_dtype(type(number))
    recorder = _device.resolve(device)
    number = number_in(number, dtype)
    if shape:
        scalar = recorder.scalar(number, dtype)
        made = _tensor.Tensor._wrap(recorder.record(EXPAND, (scalar,), (shape,)))
    else:
        made = _from_host(np.array(number, dtype.numpy), device)
    return made.requires_grad_(True) if requires_grad else made


def number_in(number: Any, dtype: DType) -> Any:
    """A Python number of the kind that a dtype holds; a negative one wraps where it is unsigned."""
    if dtype.category == _dtype.BOOL:
        return bool(number)
    if dtype.is_floating_point:
        return float(number)
    limits = np.iinfo(dtype.numpy)
    low = int(limits.min) if dtype.is_signed else -int(limits.max)
    if not low <= number <= limits.max:
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    return int(number) if dtype.is_signed else int(number) % (int(limits.max) + 1)


def zeros_like(
    input: Tensor,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
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


def arange(
    start: Any,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make the numbers from start up to, but without, end.

    Args:
        start: the first number; with one argument, the end, and the start is 0.
        end: the bound.
        step: the distance.
        dtype: the element type: int64 if all arguments are ints, else the default dtype.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Raises:
        RuntimeError: if the step is zero or leads away from the end.

    Example:
        >>> import portfire
        >>> portfire.arange(1, 7, 2)
        tensor([1, 3, 5])
    """
    if end is None:
        start, end = 0, start
    start, end, step = (x.item() if hasattr(x, "item") else x for x in (start, end, step))
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    whole = all(isinstance(x, int) for x in (start, end, step))
    dtype = dtype or (_dtype.int64 if whole else get_default_dtype())
    count = math.ceil((end - start) / step)
    positions = _positions(count, dtype, device)
    made = _line(positions, start, step, dtype)
    return made.requires_grad_(True) if requires_grad else made


def _positions(count: int, dtype: DType, device: Device) -> Tensor:
    recorder = _device.resolve(device)
    # Float lines are drawn in double precision where there is one, as torch does.
    wide = dtype
    if dtype.is_floating_point and _dtype.float64 in recorder.runtime.dtypes:
        wide = _dtype.float64
    attrs = ((count,), 0, wide)
    return _tensor.Tensor._wrap(recorder.record(_source.IOTA, (), attrs))


def _line(positions: Tensor, start: Any, step: Any, dtype: DType) -> Tensor:
    line = positions
    if step != 1:
        line = line * (step if positions._dtype.is_floating_point else int(step))
    if start != 0:
        line = line + (start if positions._dtype.is_floating_point else int(start))
    return line.to(dtype)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make ``steps`` numbers from start to end, both included, at equal distances.

    Raises:
        RuntimeError: if ``steps`` is negative.

    Example:
        >>> import portfire
        >>> portfire.linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    dtype = dtype or get_default_dtype()
    start, end = (x.item() if hasattr(x, "item") else x for x in (start, end))
    if steps < 2:
        made = full((steps,), start, dtype=dtype, device=device)
    else:
        wide = dtype if dtype.is_floating_point else get_default_dtype()
        positions = _positions(steps, wide, device)
        step = (end - start) / (steps - 1)
        # The second half is drawn from the end, so that both ends are exact.
        head, tail = positions * step + start, (positions - (steps - 1)) * step + end
        made = dispatch.where(positions < steps / 2, head, tail).to(dtype)
    return made.requires_grad_(True) if requires_grad else made


def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make ``base`` to the powers of `linspace`.

    Example:
        >>> import portfire
        >>> portfire.logspace(0, 2, 3)
        tensor([  1.,  10., 100.])
    """
    wide = _positions(0, get_default_dtype(), device)._dtype
    exponents = linspace(start, end, steps, dtype=wide, device=device)
    made = dispatch.binary(_pow(), float(base), exponents).to(dtype or get_default_dtype())
    return made.requires_grad_(True) if requires_grad else made


def _pow() -> Any:
    from portfire.ops._elementwise import POW

    return POW


def eye(
    n: int,
    m: int | None = None,
    *,
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
    shape = shape_of("eye", (n, n if m is None else m))
    recorder = _device.resolve(device)
    row, column = (
        _tensor.Tensor._wrap(recorder.record(_source.IOTA, (), (shape, axis, _dtype.int64)))
        for axis in (0, 1)
    )
    made = (row == column).to(dtype or get_default_dtype())
    return made.requires_grad_(True) if requires_grad else made


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
