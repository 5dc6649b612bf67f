"""Moving tensors between dtypes, devices and NumPy; copying, filling, pickling."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _device, _dtype, _tensor
from portfire import _dispatch as dispatch
from portfire._dtype import DType
from portfire._functions.creation import full, legacy_tensor, tensor, zeros
from portfire._layout import layout
from portfire._promotion import can_cast
from portfire.autograd._mode import state as grad_state
from portfire.ops._elementwise import CAST

if TYPE_CHECKING:
    from portfire._tensor import Tensor


Device = Any  # a portfire.device, its name, or None for the default


def to_numpy(self: Tensor, force: bool) -> np.ndarray[Any, Any]:
    """See `Tensor.numpy`."""
    if force:
        return self.detach().cpu().numpy()
    if self._requires_grad:
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
        )
    if self.device.type != "cpu":
        raise TypeError(
            f"can't convert {self.device} device type tensor to numpy. Use Tensor.cpu() to copy "
            "the tensor to host memory first."
        )
    if self._dtype is _dtype.bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    storage = self._storage
    value = storage.value
    if not value.exported:
        # Whatever reads the old buffer must have run before somebody writes to it, and values that
        # share it (a clone does, until then) keep theirs.
        base = value.recorder.download(value)
        value.recorder.flush()
        array = np.array(base, order="C")
        storage.value = value = value.recorder.adopt(array, value.shape, value.dtype)
        value.exported = True
    strides, offset = layout(value.shape, self._path)
    flat = value.buffer.reshape(-1)
    steps = tuple(s * flat.itemsize for s in strides)
    shared: np.ndarray[Any, Any] = np.lib.stride_tricks.as_strided(
        flat[offset:], self._shape, steps
    )
    return shared


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Return the tensor in another dtype or on another device; itself if nothing changes.

    Args:
        *args: a dtype, a device, both, or another tensor to take both from.
        **kwargs: ``dtype``, ``device``, ``copy`` (make a copy in any case), ``non_blocking``
            (accepted; copies never return half done).

    Example:
        >>> import portfire
        >>> portfire.ones(2).to(portfire.int64)
        tensor([1, 1])
    """
    dtype, device, copy = (
        kwargs.pop("dtype", None),
        kwargs.pop("device", None),
        kwargs.pop("copy", False),
    )
    kwargs.pop("non_blocking", None)
    kwargs.pop("memory_format", None)
    if kwargs:
        raise TypeError(f"to() received an invalid combination of arguments: {sorted(kwargs)}")
    for argument in args:
        if isinstance(argument, DType):
            dtype = argument
        elif isinstance(argument, _tensor.Tensor):
            dtype, device = argument._dtype, argument.device
        elif isinstance(argument, bool):
            continue  # non_blocking by position
        elif argument is not None:
            device = argument
    result = self
    if dtype is not None and dtype is not self._dtype:
        if not isinstance(dtype, DType):
            raise TypeError(f"to(): argument 'dtype' must be a portfire dtype, not {dtype!r}")
        result = dispatch.apply(CAST, (result,), (dtype,))
    if device is not None:
        result = _move(result, device)
    if copy and result is self:
        result = self.clone()
    return result


def _move(tensor: Tensor, device: Device) -> Tensor:
    target = _device.resolve(device)
    value = tensor._read()
    if target is value.recorder:
        return tensor
    array = np.asarray(value.recorder.download(value), order="C")
    moved = _tensor.Tensor._wrap(target.upload(array, tensor._dtype))
    if tensor._requires_grad:
        from portfire.autograd._mode import state
        from portfire.autograd._transfer import TransferNode

        if state.enabled:
            TransferNode.connect(moved, tensor)
    return moved


def cpu(self: Tensor) -> Tensor:
    """Return the tensor on the host."""
    return self.to(device="cpu")


def type_(self: Tensor, dtype: Any = None) -> Any:
    """Return the type's name, ``"portfire.FloatTensor"``, or the tensor in another dtype.

    Example:
        >>> import portfire
        >>> portfire.ones(1).type(portfire.int32).tolist()
        [1]
    """
    if dtype is None:
        where = "" if self.device.type == "cpu" else f"{self.device.type}."
        return f"portfire.{where}{LEGACY_NAMES[self._dtype]}"
    if isinstance(dtype, str):
        name = dtype.rsplit(".", 1)[-1]
        found = [d for d, legacy in LEGACY_NAMES.items() if legacy == name]
        if not found:
            raise ValueError(f"invalid type: '{dtype}'")
        dtype = found[0]
    return self.to(dtype)


LEGACY_NAMES = {dtype: f"{dtype.scalar_name}Tensor" for dtype in _dtype.EVERY}


Method = Callable[["Tensor"], "Tensor"]

# Of the functions that are made here for each dtype.
EXAMPLE = """

Example:
    >>> import portfire
    >>> portfire.{}.dtype
    portfire.{}
"""


def _cast_method(dtype: DType) -> Method:
    def method(self: Tensor) -> Tensor:
        return self.to(dtype)

    method.__name__ = dtype.name
    call = f"ones(2).{dtype.scalar_name.lower()}()"
    method.__doc__ = f"Return the tensor as {dtype.name}.{EXAMPLE.format(call, dtype.name)}"
    return method


float_: Method = _cast_method(_dtype.float32)
double: Method = _cast_method(_dtype.float64)
half: Method = _cast_method(_dtype.float16)
bfloat16: Method = _cast_method(_dtype.bfloat16)
int_: Method = _cast_method(_dtype.int32)
long: Method = _cast_method(_dtype.int64)
short: Method = _cast_method(_dtype.int16)
char: Method = _cast_method(_dtype.int8)
byte: Method = _cast_method(_dtype.uint8)
bool_: Method = _cast_method(_dtype.bool_)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """Return the tensor in the dtype of another.

    Example:
        >>> import portfire
        >>> portfire.ones(1).type_as(portfire.tensor([True])).tolist()
        [True]
    """
    return self.to(other._dtype)


def cast_for_inplace(result: Tensor, dtype: DType) -> Tensor:
    """Cast an in-place result to its destination; RuntimeError where torch forbids it."""
    if not can_cast(result._dtype, dtype):
        raise RuntimeError(
            f"result type {result._dtype.scalar_name} can't be cast to the desired output type "
            f"{dtype.scalar_name}"
        )
    return dispatch.apply(CAST, (result,), (dtype,))


def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Replace the elements by those of another tensor, cast, moved and broadcast to fit.

    Example:
        >>> import portfire
        >>> portfire.zeros(2, 2).copy_(portfire.tensor([1, 2])).tolist()
        [[1.0, 2.0], [1.0, 2.0]]
    """
    if not grad_state.enabled and src._dtype is self._dtype and src._shape == self._shape:
        value = src._read()  # the way of an optimizer's update, without the questions of autograd
        if value.recorder is self._storage.value.recorder and not value.exported:
            self._write(value)
            return self
    source = src.to(device=self.device, dtype=self._dtype)
    if source._shape != self._shape:
        source = source.expand(self._shape)
    return self._assign(source)


def fill_(self: Tensor, value: Any) -> Tensor:
    """Replace all elements by a number or a 0-d tensor.

    Example:
        >>> import portfire
        >>> portfire.zeros(2).fill_(7).tolist()
        [7.0, 7.0]
    """
    if isinstance(value, _tensor.Tensor):
        if value.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value.ndim} dimensions."
            )
        return copy_(self, value)
    return self._assign(full(self._shape, value, dtype=self._dtype, device=self.device))


def zero_(self: Tensor) -> Tensor:
    """Replace all elements by zero.

    Example:
        >>> import portfire
        >>> portfire.ones(2).zero_().tolist()
        [0.0, 0.0]
    """
    return self._assign(zeros(self._shape, dtype=self._dtype, device=self.device))


def set_(self: Tensor, source: Tensor) -> Tensor:
    """Share the cell of another tensor from now on.

    Example:
        >>> import portfire
        >>> x, y = portfire.zeros(2), portfire.ones(3)
        >>> x.set_(y).is_set_to(y)
        True
    """
    self.data = source
    return self


def deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    """See `copy.deepcopy`; the copy is a leaf with a cell of its own."""
    if id(self) in memo:
        found: Tensor = memo[id(self)]
        return found
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment."
        )
    made = self.detach().clone()
    made.__class__ = type(self)
    made._requires_grad = self._requires_grad
    memo[id(self)] = made
    if self._grad is not None:
        made._grad = deepcopy(self._grad.detach(), memo)
    return made


def reduce(self: Tensor) -> Any:
    """See `pickle`: the elements, the device's name and requires_grad."""
    array = self.detach()._host()
    narrow = self._dtype.name if self._dtype is _dtype.bfloat16 else None
    return rebuild, (type(self), np.array(array), str(self.device), self._requires_grad, narrow)


def rebuild(
    cls: type,
    array: np.ndarray[Any, Any],
    device: str,
    requires_grad: bool,
    narrow: str | None = None,
) -> Tensor:
    """Make the tensor that `reduce` took apart; ``narrow`` names a dtype that NumPy has not."""
    made = tensor(array, device=device, dtype=None if narrow is None else _dtype.NAMES[narrow])
    made.__class__ = cls
    return made.requires_grad_(requires_grad) if requires_grad else made


def typed_constructor(dtype: DType, device: Device = None) -> Any:
    """``FloatTensor`` and its kin: sizes or data, of one dtype, on one device."""

    def construct(*args: Any) -> Tensor:
        return legacy_tensor(args, dtype, device)

    construct.__name__ = construct.__qualname__ = LEGACY_NAMES[dtype]
    construct.__doc__ = (
        f"Make a {dtype.name} tensor of given sizes, or of the elements of a list."
        f"{EXAMPLE.format(f'{construct.__name__}([1, 0])', dtype.name)}"
    )
    return construct
