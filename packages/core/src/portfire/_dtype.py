"""Data types and the promotion rules, as data."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["DType", "dtype_of_array", "promote_types"]


class DType:
    """An element type of a tensor, such as ``portfire.float32``.

    There is exactly one object per type, so ``is`` and ``==`` agree.

    Attributes:
        name: the NumPy-style name, ``"float32"``.
        scalar_name: the name in messages and in ``FloatTensor``, ``"Float"``.
        c_name: the name of the C type in messages, ``"float"``.
        itemsize: bytes per element.
        is_floating_point: true for the float types.
        is_signed: true for types that hold negative values.
        numpy: the NumPy dtype that carries it on the host.

    Example:
        >>> import portfire
        >>> portfire.float32
        portfire.float32
        >>> portfire.float32.itemsize
        4
    """

    __slots__ = (
        "c_name",
        "category",
        "is_floating_point",
        "is_signed",
        "itemsize",
        "name",
        "numpy",
        "rank",
        "scalar_name",
    )

    def __init__(
        self, name: str, numpy: Any, category: int, rank: int, scalar_name: str, c_name: str
    ) -> None:
        self.name = name
        self.scalar_name = scalar_name
        self.c_name = c_name
        self.numpy = np.dtype(numpy)
        self.itemsize: int = self.numpy.itemsize
        self.category = category
        self.rank = rank
        self.is_floating_point = category == FLOAT
        self.is_signed = category == FLOAT or self.numpy.kind == "i"

    def __repr__(self) -> str:
        return f"portfire.{self.name}"

    @property
    def limits(self) -> Limits:
        """The numbers that `finfo` shows, of a float type."""
        return _LIMITS[self.name]

    @property
    def is_complex(self) -> bool:
        """True for complex types, of which there are none."""
        return False

    def to_real(self) -> DType:
        """Return the type of the real part: the type itself."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


class Limits(NamedTuple):
    """What there is to know of a float type."""

    eps: float
    max: float
    tiny: float
    resolution: float


# The categories of the promotion rules; a higher category wins whatever the widths.
BOOL, INTEGER, FLOAT = 0, 1, 2

bool_ = DType("bool", np.bool_, BOOL, 0, "Bool", "bool")
uint8 = DType("uint8", np.uint8, INTEGER, 1, "Byte", "unsigned char")
int8 = DType("int8", np.int8, INTEGER, 1, "Char", "signed char")
int16 = DType("int16", np.int16, INTEGER, 2, "Short", "short")
int32 = DType("int32", np.int32, INTEGER, 3, "Int", "int")
uint32 = DType(
    "uint32", np.uint32, INTEGER, 4, "UInt32", "unsigned int"
)  # random bits; no promotion with signed types
int64 = DType("int64", np.int64, INTEGER, 5, "Long", "long")
float16 = DType("float16", np.float16, FLOAT, 6, "Half", "half")
float32 = DType("float32", np.float32, FLOAT, 7, "Float", "float")
float64 = DType("float64", np.float64, FLOAT, 8, "Double", "double")

# On devices it is made of int16 and float32 (see `engine._bfloat16`), and so it is on the host.
bfloat16 = DType("bfloat16", np.int16, FLOAT, 6, "BFloat16", "c10::BFloat16")

# What backends have; users have one more.
ALL = (bool_, uint8, int8, int16, int32, uint32, int64, float16, float32, float64)
EVERY = (*ALL, bfloat16)
NAMES = {dtype.name: dtype for dtype in EVERY}
_LIMITS = {
    name: Limits(float(found.eps), float(found.max), float(found.tiny), 10.0**-found.precision)
    for name in ("float16", "float32", "float64")
    for found in (np.finfo(name),)
}
_LIMITS["bfloat16"] = Limits(2.0**-7, (2 - 2.0**-7) * 2.0**127, 2.0**-126, 0.01)
_FROM_NUMPY = {dtype.numpy: dtype for dtype in ALL}


def widened_bits(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The bits of bfloat16 numbers as float32."""
    # NumPy before 2 gives what it likes for a number; the dtype is said for it.
    bits = np.asarray(np.left_shift(array.astype(np.uint32), 16, dtype=np.uint32))
    return bits.view(np.float32)


def _by_name(name: str) -> DType:
    return NAMES[name]


def dtype_of_array(array: np.ndarray[Any, Any]) -> DType:
    """Return the portfire dtype of a NumPy array; TypeError where there is none."""
    dtype = _FROM_NUMPY.get(array.dtype)
    if dtype is None:
        allowed = ", ".join(d.name for d in ALL)
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}. The only supported types are: "
            f"{allowed}."
        )
    return dtype


def promote_types(type1: DType, type2: DType) -> DType:
    """Return the smallest type that both arguments convert to, by torch's table.

    Args:
        type1: a dtype.
        type2: a dtype.

    Returns:
        The promoted dtype: the higher category (bool, integer, float) wins; inside a category the
        wider type; ``uint8`` with a signed type of the same width gives ``int16``.

    Raises:
        RuntimeError: for ``uint32`` with a signed integer, which torch does not define either.

    Example:
        >>> import portfire
        >>> portfire.promote_types(portfire.int64, portfire.float16)
        portfire.float16
    """
    for number, given in enumerate((type1, type2), 1):
        if not isinstance(given, DType):
            raise TypeError(
                f"promote_types(): argument 'type{number}' (position {number}) must be "
                f"portfire.dtype, not {type(given).__name__}"
            )
    if type1 is type2:
        return type1
    low, high = (type1, type2) if type1.rank <= type2.rank else (type2, type1)
    if {low, high} == {uint8, int8}:
        return int16
    if {low, high} == {float16, bfloat16}:
        return float32  # neither holds all numbers of the other
    if uint32 in (low, high) and low.category == high.category and low is not uint8:
        raise RuntimeError(f"Promotion for {type1.name} and {type2.name} is not supported")
    return high
