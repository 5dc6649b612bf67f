"""`finfo` and `iinfo`: the numbers that a dtype holds; layouts and memory formats by name."""

from __future__ import annotations

import numpy as np

from portfire._dtype import BOOL, FLOAT, INTEGER, DType
from portfire._promotion import get_default_dtype

__all__ = [
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "finfo",
    "iinfo",
    "layout",
    "memory_format",
    "preserve_format",
    "strided",
]


class finfo:
    """The limits of a float dtype.

    Attributes:
        bits: the width.
        eps: the distance from 1 to the next number.
        max: the largest number.
        min: its negative.
        tiny: the smallest positive number of full precision, also ``smallest_normal``.
        resolution: the decimal precision.
        dtype: the dtype's name.

    Example:
        >>> import portfire
        >>> portfire.finfo(portfire.float32).eps
        1.1920928955078125e-07
    """

    __slots__ = ("bits", "dtype", "eps", "max", "min", "resolution", "smallest_normal", "tiny")

    def __init__(self, type: DType | None = None) -> None:
        type = type or get_default_dtype()
        if not isinstance(type, DType) or type.category != FLOAT:
            raise TypeError(
                "finfo() requires a floating point input type. Use iinfo to handle integers; got "
                f"{type!r}"
            )
        self.bits = type.itemsize * 8
        self.dtype = type.name
        limits = type.limits
        self.eps, self.max, self.min = limits.eps, limits.max, -limits.max
        self.tiny = self.smallest_normal = limits.tiny
        self.resolution = limits.resolution

    def __repr__(self) -> str:
        numbers = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        texts = [f"{name}={getattr(self, name):g}" for name in numbers]
        return f"finfo({', '.join(texts)}, dtype={self.dtype})"


class iinfo:
    """The limits of an integer dtype.

    Attributes:
        bits: the width.
        max: the largest number.
        min: the smallest one.
        dtype: the dtype's name.

    Example:
        >>> import portfire
        >>> portfire.iinfo(portfire.int8)
        iinfo(min=-128, max=127, dtype=int8)
    """

    __slots__ = ("bits", "dtype", "max", "min")

    def __init__(self, type: DType) -> None:
        if isinstance(type, DType) and type.category == BOOL:
            raise TypeError("portfire.bool is not supported by iinfo")
        if not isinstance(type, DType) or type.category != INTEGER:
            raise TypeError(
                f"iinfo() requires an integer input type. Use finfo to handle floats; got {type!r}"
            )
        found = np.iinfo(type.numpy)
        self.bits, self.dtype = type.itemsize * 8, type.name
        self.min, self.max = int(found.min), int(found.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"


class layout:
    """How elements lie in memory: ``portfire.strided``, the only one.

    Example:
        >>> import portfire
        >>> portfire.ones(1).layout
        portfire.strided
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"portfire.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class memory_format(layout):
    """An order of dimensions in memory; tensors of portfire are row-major.

    Example:
        >>> import portfire
        >>> portfire.ones(1).is_contiguous(memory_format=portfire.contiguous_format)
        True
    """


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
