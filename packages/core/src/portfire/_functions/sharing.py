"""Tensors of memory that others made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from portfire import _tensor
from portfire._dtype import DType
from portfire._functions.creation import as_tensor, from_numpy, tensor
from portfire._promotion import get_default_dtype

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["asarray", "from_dlpack", "frombuffer"]

Device = Any


def asarray(
    obj: Any,
    *,
    dtype: DType | None = None,
    device: Device = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make a tensor from a tensor, an array, a buffer, a number or nested sequences.

    Args:
        obj: the data; memory is shared with tensors and host arrays where that is possible.
        dtype: the element type, by default that of the data.
        device: where to put it, by default where it is.
        copy: True copies in any case, False never: it is an error then where a copy is needed.
        requires_grad: record operations on it for autograd; without, the result has no history.

    Raises:
        ValueError: if ``copy`` is False and the memory can not be shared.

    Example:
        >>> import portfire
        >>> portfire.asarray([1, 2])
        tensor([1, 2])
    """
    if isinstance(obj, bytes | bytearray | memoryview):
        obj = np.frombuffer(obj, (dtype or get_default_dtype()).numpy)
    shareable = isinstance(obj, _tensor.Tensor | np.ndarray)
    if copy or not shareable:
        if copy is False:
            raise ValueError("can't alias arbitrary sequence into a tensor.")
        made = tensor(obj, dtype=dtype, device=device)
    else:
        source = obj if isinstance(obj, _tensor.Tensor) else as_tensor(obj)
        made = source.to(device=device, dtype=dtype)
        if copy is False and made._storage is not source._storage:
            what, old, new = "dtype", source._dtype.scalar_name, made._dtype.scalar_name
            if source.device != made.device:
                what, old, new = "device", str(source.device), str(made.device)
            raise ValueError(f"can't alias tensor with {what} '{old}' into {what} '{new}'.")
        if requires_grad or isinstance(obj, _tensor.Tensor):
            made = made if made.requires_grad and requires_grad else made.detach()
    return made.requires_grad_(True) if requires_grad else made


def frombuffer(
    buffer: Any, *, dtype: DType, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """Make a 1-d ``cpu`` tensor of the bytes of a buffer.

    Args:
        buffer: an object with Python's buffer protocol; writable memory is shared.
        dtype: the element type.
        count: how many elements; by default all.
        offset: how many bytes to leave out at the start.
        requires_grad: record operations on it for autograd.

    Raises:
        ValueError: if the buffer does not hold that many elements.

    Example:
        >>> import portfire
        >>> portfire.frombuffer(bytearray([1, 2]), dtype=portfire.uint8)
        tensor([1, 2], dtype=portfire.uint8)
    """
    size = memoryview(buffer).nbytes
    if size == 0 or count == 0:
        raise ValueError(f"both buffer length ({size}) and count ({count}) must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % dtype.itemsize:
        raise ValueError(
            f"buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a "
            f"multiple of element size ({dtype.itemsize})"
        )
    if count > 0 and count * dtype.itemsize > size - offset:
        raise ValueError(
            f"requested buffer length ({count} * {dtype.itemsize} bytes) after offset ({offset} "
            f"bytes) must not be greater than actual buffer length ({size} bytes)"
        )
    array = np.frombuffer(buffer, dtype.numpy, count, offset)
    made = from_numpy(array if array.flags.writeable else array.copy())
    return made.requires_grad_(True) if requires_grad else made


def from_dlpack(ext_tensor: Any) -> Tensor:
    """Make a ``cpu`` tensor that shares memory with another library's array, through DLPack.

    Args:
        ext_tensor: an object with ``__dlpack__`` whose memory is on the host.

    Raises:
        TypeError: if its dtype is not supported.

    Example:
        >>> import numpy, portfire
        >>> portfire.from_dlpack(numpy.arange(3))
        tensor([0, 1, 2])
    """
    if isinstance(ext_tensor, _tensor.Tensor):
        return ext_tensor.detach()
    # NumPy before 2.1 does not export what is read-only, which it makes of what it imports.
    array = ext_tensor if isinstance(ext_tensor, np.ndarray) else np.from_dlpack(ext_tensor)
    return from_numpy(array if array.flags.writeable else array.copy())


def dlpack(
    self: Tensor,
    *,
    stream: Any = None,
    max_version: Any = None,
    dl_device: Any = None,
    copy: bool | None = None,
) -> Any:
    """Hand the elements to another library; see the DLPack protocol.

    Raises:
        BufferError: if the tensor requires grad or is not on the host.
    """
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if self.device.type != "cpu":
        raise BufferError(
            f"a tensor on {self.device} can not be exported; use Tensor.cpu() to copy it first"
        )
    array = self.numpy()
    return (array.copy() if copy else array).__dlpack__()


def dlpack_device(self: Tensor) -> tuple[int, int]:
    """Where the elements are, in the words of the DLPack protocol: on the host."""
    if self.device.type != "cpu":
        raise BufferError(
            f"a tensor on {self.device} can not be exported; use Tensor.cpu() to copy it first"
        )
    return (1, 0)


def array_wrap(
    self: Tensor, array: Any, context: Any = None, return_scalar: bool = False
) -> Tensor:
    """Make the result of a NumPy function of this tensor a tensor again."""
    found = np.asarray(array)
    return from_numpy(found) if found.ndim else tensor(found, device="cpu")
