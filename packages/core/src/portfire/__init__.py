"""portfire: tensors, autograd and deep learning on any device.

Example:
    >>> import portfire
    >>> x = portfire.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
"""

from __future__ import annotations

from pkgutil import extend_path
from typing import Any

# portfire-nn and portfire-optim install their folders beside this one, or elsewhere on the path.
__path__ = extend_path(__path__, __name__)

from math import e, inf, nan, pi

from portfire import _functions, autograd, backend, engine, ops, plugins
from portfire._device import default_device as get_default_device
from portfire._device import device, set_default_device
from portfire._dtype import (
    DType,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    uint8,
    uint32,
)
from portfire._dtype import DType as dtype
from portfire._dtype import bool_ as bool
from portfire._explain import explain
from portfire._functions import conversion as _conversion
from portfire._functions.arithmetic import *
from portfire._functions.comparison import *
from portfire._functions.creation import *
from portfire._functions.elementary import *
from portfire._functions.indexing import *
from portfire._functions.joining import *
from portfire._functions.linalg import *
from portfire._functions.random import *
from portfire._functions.reduction import *
from portfire._functions.shape import *
from portfire._printing import set_printoptions
from portfire._promotion import can_cast, get_default_dtype, set_default_dtype
from portfire._promotion import result_dtype as result_type
from portfire._random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from portfire._size import Size
from portfire._tensor import Tensor
from portfire._version import __version__
from portfire.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from portfire.backend import OutOfMemoryError, UnsupportedError
from portfire.engine import flush_all as flush

# The functions of a family stand in the `__all__` of its module, and nowhere else.
__all__ = [
    "OutOfMemoryError",
    "BoolTensor",
    "ByteTensor",
    "CharTensor",
    "DType",
    "DoubleTensor",
    "FloatTensor",
    "Generator",
    "HalfTensor",
    "IntTensor",
    "LongTensor",
    "ShortTensor",
    "Size",
    "Tensor",
    "UnsupportedError",
    "__version__",
    "autograd",
    "backend",
    "bool",
    "can_cast",
    "default_generator",
    "device",
    "double",
    "dtype",
    "e",
    "enable_grad",
    "engine",
    "explain",
    "float",
    "float16",
    "float32",
    "float64",
    "flush",
    "get_default_device",
    "get_default_dtype",
    "get_rng_state",
    "half",
    "inf",
    "inference_mode",
    "initial_seed",
    "int",
    "int16",
    "int32",
    "int64",
    "int8",
    "is_grad_enabled",
    "is_tensor",
    "long",
    "manual_seed",
    "nan",
    "no_grad",
    "numel",
    "ops",
    "pi",
    "plugins",
    "promote_types",
    "result_type",
    "seed",
    "set_default_device",
    "set_default_dtype",
    "set_grad_enabled",
    "set_printoptions",
    "set_rng_state",
    "short",
    "uint32",
    "uint8",
]
__all__ += _functions.arithmetic.__all__
__all__ += _functions.comparison.__all__
__all__ += _functions.creation.__all__
__all__ += _functions.elementary.__all__
__all__ += _functions.indexing.__all__
__all__ += _functions.joining.__all__
__all__ += _functions.linalg.__all__
__all__ += _functions.random.__all__
__all__ += _functions.reduction.__all__
__all__ += _functions.shape.__all__

float = float32
double = float64
half = float16
short = int16
int = int32
long = int64

FloatTensor = _conversion.typed_constructor(float32)
DoubleTensor = _conversion.typed_constructor(float64)
HalfTensor = _conversion.typed_constructor(float16)
IntTensor = _conversion.typed_constructor(int32)
LongTensor = _conversion.typed_constructor(int64)
ShortTensor = _conversion.typed_constructor(int16)
CharTensor = _conversion.typed_constructor(int8)
ByteTensor = _conversion.typed_constructor(uint8)
BoolTensor = _conversion.typed_constructor(bool)


def is_tensor(obj: Any) -> Any:
    """Return whether an object is a tensor.

    Example:
        >>> import portfire
        >>> portfire.is_tensor(portfire.ones(1))
        True
    """
    return isinstance(obj, Tensor)


def numel(input: Tensor) -> Any:
    """Return the number of elements of a tensor.

    Example:
        >>> import portfire
        >>> portfire.numel(portfire.ones(2, 3))
        6
    """
    return input.numel()


def __getattr__(name: str) -> Any:
    """Find what is imported late: the profiler, nn, optim, device modules, plugins' namespaces."""
    from portfire._parts import find

    return find(name)
