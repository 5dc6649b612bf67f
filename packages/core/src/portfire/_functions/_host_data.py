"""Host arrays from what users pass as data: numbers, nested sequences, arrays, tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from portfire import _dispatch as dispatch
from portfire import _tensor
from portfire._dtype import INTEGER, DType, dtype_of_array
from portfire._promotion import get_default_dtype, number_dtype

__all__ = ["host_array"]


def host_array(data: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    """A C-contiguous host array of the data in a portfire dtype; never shares memory."""
    if isinstance(data, np.ndarray | np.generic):
        array = np.array(data, order="C")
        if array.dtype.byteorder not in "=|":
            array = array.astype(array.dtype.newbyteorder("="))
        dtype_of_array(array)
    else:
        array = _nested(data, dtype)
    if dtype is None or array.dtype == dtype.numpy:
        return array
    if not isinstance(data, np.ndarray) and dtype.category == INTEGER:
        _check_range(array, dtype)
    with np.errstate(over="ignore"):  # what is too large for a float type is infinite
        return array.astype(dtype.numpy)


def _check_range(array: np.ndarray[Any, Any], dtype: DType) -> None:
    """Raise for Python numbers that an integer type does not hold."""
    limits = np.iinfo(dtype.numpy)
    with np.errstate(invalid="ignore"):
        held = (array >= limits.min) & (array <= limits.max)
    if not held.all():
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")


def _nested(data: Any, dtype: DType | None) -> np.ndarray[Any, Any]:
    """Numbers in nested sequences, with torch's rules for their dtype."""
    # Python floats go to a float dtype in one rounding, not by way of the default dtype.
    wide = dtype is not None and dtype.is_floating_point
    if type(data) in dispatch.NUMBERS:
        if type(data) is int and not -(1 << 63) <= data < 1 << 63:
            raise ValueError(f"Overflow when unpacking long long: {data}")
        with np.errstate(over="ignore"):
            return np.array(data) if wide else np.array(data, number_dtype(type(data)).numpy)
    if isinstance(data, complex) or type(data).__name__ == "set":
        raise _not_a_number(data)
    data = _plain(data)
    try:
        array = np.array(data)
    except ValueError:
        raise _ragged(data) from None
    if array.dtype == np.uint64 or (array.dtype == object and _has_large(data)):
        raise ValueError("Overflow when unpacking long long: an integer needs over 64 bits")
    if array.dtype == object or array.dtype.kind in "USO":
        raise _not_a_number(data)
    if array.size == 0:
        return array.astype(get_default_dtype().numpy)
    if array.dtype.kind == "f" and not _holds_arrays(data):
        return array if wide else array.astype(get_default_dtype().numpy)
    if array.dtype.kind in "iu" and not _holds_arrays(data):
        return array.astype(np.int64)
    dtype_of_array(array)
    return array


def _plain(data: Any) -> Any:
    """Replace tensors inside sequences by their arrays."""
    if isinstance(data, list | tuple):
        return [_plain(item) for item in data]
    if isinstance(data, _tensor.Tensor):
        if data.numel() != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return data.item() if data.ndim == 0 else [_plain(item) for item in data.tolist()]
    if isinstance(data, range):
        return list(data)
    return data


def _has_large(data: Any) -> bool:
    """Whether an integer in nested lists does not fit 64 bits."""
    if isinstance(data, list):
        return any(_has_large(item) for item in data)
    return isinstance(data, int) and not -(1 << 63) <= data < 1 << 63


def _holds_arrays(data: Any) -> bool:
    while isinstance(data, list) and data:
        data = data[0]
    return isinstance(data, np.ndarray | np.generic)


def _ragged(data: Any) -> Exception:
    """Torch's error for sequences of different lengths: where, expected, found."""
    depth, level = 0, [data]
    while level and all(isinstance(item, list) for item in level):
        lengths = [len(item) for item in level]
        for length in lengths:
            if length != lengths[0]:
                return ValueError(
                    f"expected sequence of length {lengths[0]} at dim {depth} (got {length})"
                )
        level = [x for item in level for x in item]
        depth += 1
    return TypeError(f"not a sequence: a number stands beside sequences at dim {depth}")


def _not_a_number(data: Any) -> Exception:
    """Torch's error for the first element that is not a number."""
    stack = [data]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(reversed(item))
        elif item is None:
            return RuntimeError("Could not infer dtype of NoneType")
        elif isinstance(item, str):
            return TypeError("new(): invalid data type 'str'")
        elif not isinstance(item, bool | int | float | np.generic | np.ndarray):
            return RuntimeError(f"Could not infer dtype of {type(item).__name__}")
    return RuntimeError("Could not infer dtype of the data")
