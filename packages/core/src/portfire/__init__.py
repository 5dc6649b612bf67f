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

from portfire import _autocast, _functions, _limits, autograd, backend, engine, ops, plugins
from portfire._autocast import *
from portfire._compiling import compile
from portfire._device import default_device as get_default_device
from portfire._device import device, set_default_device
from portfire._dtype import (
    DType,
    bfloat16,
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
from portfire._fallback import fallback
from portfire._functions import conversion as _conversion
from portfire._functions.addition import *
from portfire._functions.along import *
from portfire._functions.arithmetic import *
from portfire._functions.bits import *
from portfire._functions.bounds import *
from portfire._functions.comparison import *
from portfire._functions.copies import *
from portfire._functions.counting import *
from portfire._functions.creation import *
from portfire._functions.decompositions import *
from portfire._functions.einsum import *
from portfire._functions.elementary import *
from portfire._functions.grids import *
from portfire._functions.indexing import *
from portfire._functions.inspection import *
from portfire._functions.joining import *
from portfire._functions.linalg import *
from portfire._functions.products import *
from portfire._functions.quantiles import *
from portfire._functions.random import *
from portfire._functions.ranges import *
from portfire._functions.rearranging import *
from portfire._functions.reduction import *
from portfire._functions.representation import *
from portfire._functions.rounding import *
from portfire._functions.sampling import *
from portfire._functions.scans import *
from portfire._functions.scattering import *
from portfire._functions.shape import *
from portfire._functions.sharing import *
from portfire._functions.sorting import *
from portfire._functions.special import *
from portfire._functions.splitting import *
from portfire._functions.statistics import *
from portfire._functions.strided import *
from portfire._functions.trigonometry import *
from portfire._functions.windows import *
from portfire._limits import *
from portfire._precision import get_float32_matmul_precision, set_float32_matmul_precision
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
from portfire._threads import get_num_threads, set_num_threads
from portfire._version import __version__
from portfire.autograd import (
    enable_grad,
    inference_mode,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from portfire.backend import OutOfMemoryError, UnsupportedError
from portfire.engine import flush_all as flush

# The functions of a family stand in the `__all__` of its module, and nowhere else.
__all__ = [
    "OutOfMemoryError",
    "BFloat16Tensor",
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
    "bfloat16",
    "bool",
    "can_cast",
    "compile",
    "default_generator",
    "device",
    "double",
    "dtype",
    "e",
    "enable_grad",
    "engine",
    "explain",
    "fallback",
    "float",
    "float16",
    "float32",
    "float64",
    "flush",
    "get_default_device",
    "get_default_dtype",
    "get_float32_matmul_precision",
    "get_num_threads",
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
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
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
    "set_float32_matmul_precision",
    "set_grad_enabled",
    "set_num_threads",
    "set_printoptions",
    "set_rng_state",
    "short",
    "uint32",
    "uint8",
]
__all__ += _autocast.__all__
__all__ += _limits.__all__
__all__ += _functions.arithmetic.__all__
__all__ += _functions.comparison.__all__
__all__ += _functions.trigonometry.__all__
__all__ += _functions.special.__all__
__all__ += _functions.rounding.__all__
__all__ += _functions.representation.__all__
__all__ += _functions.bounds.__all__
__all__ += _functions.bits.__all__
__all__ += _functions.creation.__all__
__all__ += _functions.elementary.__all__
__all__ += _functions.indexing.__all__
__all__ += _functions.joining.__all__
__all__ += _functions.linalg.__all__
__all__ += _functions.random.__all__
__all__ += _functions.reduction.__all__
__all__ += _functions.statistics.__all__
__all__ += _functions.addition.__all__
__all__ += _functions.decompositions.__all__
__all__ += _functions.einsum.__all__
__all__ += _functions.products.__all__
__all__ += _functions.shape.__all__
__all__ += _functions.rearranging.__all__
__all__ += _functions.scattering.__all__
__all__ += _functions.grids.__all__
__all__ += _functions.inspection.__all__
__all__ += _functions.ranges.__all__
__all__ += _functions.sampling.__all__
__all__ += _functions.sharing.__all__
__all__ += _functions.copies.__all__
__all__ += _functions.windows.__all__
__all__ += _functions.splitting.__all__
__all__ += _functions.strided.__all__
__all__ += _functions.quantiles.__all__
__all__ += _functions.sorting.__all__
__all__ += _functions.scans.__all__
__all__ += _functions.counting.__all__
__all__ += _functions.along.__all__

float = float32
double = float64
half = float16
short = int16
int = int32
long = int64

FloatTensor = _conversion.typed_constructor(float32)
DoubleTensor = _conversion.typed_constructor(float64)
BFloat16Tensor = _conversion.typed_constructor(bfloat16)
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
