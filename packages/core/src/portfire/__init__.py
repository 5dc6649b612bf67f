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

from portfire import autograd, backend, engine, ops, plugins
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
from portfire._functions.arithmetic import (
    abs,
    add,
    addcdiv,
    addcmul,
    clamp,
    div,
    floor_divide,
    lerp,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    reciprocal,
    remainder,
    rsqrt,
    sign,
    sqrt,
    square,
    sub,
    true_divide,
)
from portfire._functions.comparison import (
    allclose,
    bitwise_and,
    bitwise_left_shift,
    bitwise_not,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    eq,
    equal,
    ge,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    masked_fill,
    ne,
)
from portfire._functions.creation import (
    arange,
    as_tensor,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    logspace,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from portfire._functions.elementary import (
    atan2,
    ceil,
    cos,
    erf,
    exp,
    expm1,
    floor,
    frac,
    log,
    log1p,
    log2,
    log10,
    relu,
    round,
    sigmoid,
    sin,
    tan,
    tanh,
    trunc,
)
from portfire._functions.indexing import (
    gather,
    index_select,
    masked_select,
    nonzero,
    scatter,
    scatter_add,
    take_along_dim,
    where,
)
from portfire._functions.joining import (
    cat,
    diagonal,
    flip,
    hstack,
    roll,
    stack,
    tile,
    tril,
    triu,
    vstack,
)
from portfire._functions.linalg import addmm, bmm, dot, matmul, mm, mv, outer
from portfire._functions.random import (
    bernoulli,
    normal,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
)
from portfire._functions.reduction import (
    all,
    amax,
    amin,
    any,
    argmax,
    argmin,
    count_nonzero,
    cumsum,
    log_softmax,
    logsumexp,
    max,
    mean,
    min,
    norm,
    prod,
    softmax,
    std,
    sum,
    var,
)
from portfire._functions.shape import (
    broadcast_tensors,
    broadcast_to,
    chunk,
    flatten,
    movedim,
    narrow,
    permute,
    ravel,
    reshape,
    select,
    split,
    squeeze,
    t,
    transpose,
    unbind,
    unflatten,
    unsqueeze,
)
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
    "abs",
    "add",
    "addcdiv",
    "addcmul",
    "addmm",
    "all",
    "allclose",
    "amax",
    "amin",
    "any",
    "arange",
    "argmax",
    "argmin",
    "as_tensor",
    "atan2",
    "autograd",
    "backend",
    "bernoulli",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "bmm",
    "bool",
    "broadcast_tensors",
    "broadcast_to",
    "can_cast",
    "cat",
    "ceil",
    "chunk",
    "clamp",
    "cos",
    "count_nonzero",
    "cumsum",
    "default_generator",
    "device",
    "diagonal",
    "div",
    "dot",
    "double",
    "dtype",
    "e",
    "empty",
    "empty_like",
    "enable_grad",
    "engine",
    "eq",
    "equal",
    "erf",
    "exp",
    "explain",
    "expm1",
    "eye",
    "flatten",
    "flip",
    "float",
    "float16",
    "float32",
    "float64",
    "floor",
    "floor_divide",
    "flush",
    "frac",
    "from_numpy",
    "full",
    "full_like",
    "gather",
    "ge",
    "get_default_device",
    "get_default_dtype",
    "get_rng_state",
    "gt",
    "half",
    "hstack",
    "index_select",
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
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "le",
    "lerp",
    "linspace",
    "log",
    "log10",
    "log1p",
    "log2",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logspace",
    "logsumexp",
    "long",
    "lt",
    "manual_seed",
    "masked_fill",
    "masked_select",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mm",
    "movedim",
    "mul",
    "mv",
    "nan",
    "narrow",
    "ne",
    "neg",
    "no_grad",
    "nonzero",
    "norm",
    "normal",
    "numel",
    "ones",
    "ones_like",
    "ops",
    "outer",
    "permute",
    "pi",
    "plugins",
    "pow",
    "prod",
    "promote_types",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "ravel",
    "reciprocal",
    "relu",
    "remainder",
    "reshape",
    "result_type",
    "roll",
    "round",
    "rsqrt",
    "scatter",
    "scatter_add",
    "seed",
    "select",
    "set_default_device",
    "set_default_dtype",
    "set_grad_enabled",
    "set_printoptions",
    "set_rng_state",
    "short",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "sub",
    "sum",
    "t",
    "take_along_dim",
    "tan",
    "tanh",
    "tensor",
    "tile",
    "transpose",
    "tril",
    "triu",
    "true_divide",
    "trunc",
    "uint32",
    "uint8",
    "unbind",
    "unflatten",
    "unsqueeze",
    "var",
    "vstack",
    "where",
    "zeros",
    "zeros_like",
]

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
