"""Automatic precision: operators that say so run in a lower one, or in float32, inside a block.

The declaration of an operator tells which (`Operator.autocast`): products, convolutions and
attention in the type of the block, softmax, normalizations and losses in float32. What says nothing
runs in the types of its operands. The casts are recorded like any others, so gradients come back in
the type of each operand.
"""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from portfire._dtype import DType, bfloat16, float16, float32

if TYPE_CHECKING:
    from portfire._tensor import Tensor
    from portfire.ops._record import Operator

__all__ = [
    "autocast",
    "get_autocast_dtype",
    "is_autocast_enabled",
    "set_autocast_dtype",
    "set_autocast_enabled",
]

F = TypeVar("F", bound=Callable[..., Any])

LOWER_TYPES = (bfloat16, float16)
CASTABLE = (float32, bfloat16, float16)  # float64 is somebody's wish and stays


class _State(threading.local):
    active: dict[str, DType] = {}  # noqa: RUF012  # replaced, never changed
    chosen: dict[str, DType] = {}  # noqa: RUF012  # replaced, never changed


state = _State()


def _target(recorder: Any) -> DType | None:
    """The lower type that is in force for a device; None in the decomposition of an operator."""
    from portfire.engine._scratch import ScratchRecorder

    if isinstance(recorder, ScratchRecorder):
        return None
    return state.active.get(recorder.device.type)


def casts(*tensors: Tensor) -> bool:
    """Tell whether a product of these tensors will bring them to one type."""
    if not state.active or any(tensor._dtype not in CASTABLE for tensor in tensors):
        return False
    return _target(tensors[0]._storage.value.recorder) is not None


def cast_operands(op: Operator, tensors: Sequence[Tensor]) -> Sequence[Tensor]:
    """Return the operands of an operator in the types that it wants inside a block."""
    target = _target(tensors[0]._storage.value.recorder)
    if target is None:
        return tensors
    if op.autocast == "float32":
        target = float32
    return [t.to(target) if t._dtype in CASTABLE else t for t in tensors]


def _device_type(name: Any) -> str:
    from portfire import _device

    if not isinstance(name, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(name)}`")
    kind = name.partition(":")[0]
    if not _device.is_type(kind):
        raise RuntimeError(f"User specified an unsupported autocast device_type '{name}'")
    return kind


def get_autocast_dtype(device_type: str) -> DType:
    """Return the type that blocks for a device use where they do not say one.

    Args:
        device_type: such as ``"cpu"``.

    Example:
        >>> import portfire
        >>> portfire.get_autocast_dtype("cpu")
        portfire.bfloat16
    """
    kind = _device_type(device_type)
    found = state.active.get(kind) or state.chosen.get(kind)
    return found or (bfloat16 if kind == "cpu" else float16)


def set_autocast_dtype(device_type: str, dtype: DType) -> None:
    """Say which type blocks for a device use where they do not say one.

    Args:
        device_type: such as ``"cpu"``.
        dtype: bfloat16 or float16.

    Example:
        >>> import portfire
        >>> portfire.set_autocast_dtype("cpu", portfire.bfloat16)
    """
    kind = _device_type(device_type)
    state.chosen = {**state.chosen, kind: dtype}
    if kind in state.active:
        state.active = {**state.active, kind: dtype}


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Return whether a block is in force here, for a device or for any.

    Args:
        device_type: such as ``"cpu"``.

    Example:
        >>> import portfire
        >>> with portfire.autocast("cpu"):
        ...     portfire.is_autocast_enabled("cpu")
        True
    """
    return bool(state.active) if device_type is None else _device_type(device_type) in state.active


def set_autocast_enabled(device_type: str, enabled: bool) -> None:
    """Begin or end automatic precision on a device without a block.

    Args:
        device_type: such as ``"cpu"``.
        enabled: whether it is in force from now on.

    Example:
        >>> import portfire
        >>> portfire.set_autocast_enabled("cpu", False)
    """
    kind = _device_type(device_type)
    active = {key: value for key, value in state.active.items() if key != kind}
    state.active = {**active, kind: get_autocast_dtype(kind)} if enabled else active


class autocast:
    """Compute in a lower precision where that is safe, in a ``with`` block or a decorated function.

    Products, convolutions and attention run in the lower type, softmax, normalizations and losses
    in float32; everything else in the types of its operands. Parameters and gradients keep theirs,
    and float64 is left alone.

    Args:
        device_type: for tensors of which device, such as ``"cpu"``.
        dtype: bfloat16 or float16; by default bfloat16 on the cpu and float16 elsewhere.
        enabled: False to turn an outer block off.
        cache_enabled: accepted and without effect: a cast is part of the kernel that needs it.

    Raises:
        ValueError: if ``device_type`` is no string.
        RuntimeError: if there is no such device.

    Example:
        >>> import portfire
        >>> x, w = portfire.ones(2, 3), portfire.ones(3, 1, requires_grad=True)
        >>> with portfire.autocast("cpu", dtype=portfire.bfloat16):
        ...     y = x @ w
        >>> y.dtype
        portfire.bfloat16
        >>> y.sum().backward()
        >>> w.grad.dtype
        portfire.float32
    """

    def __init__(
        self,
        device_type: str,
        dtype: DType | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        self.device = _device_type(device_type)
        self.fast_dtype = dtype or get_autocast_dtype(self.device)
        if enabled and self.fast_dtype not in LOWER_TYPES:
            warnings.warn(
                f"In {self.device} autocast, but the target dtype is not supported. Disabling "
                "autocast.\nautocast only supports dtypes of portfire.bfloat16, portfire.float16 "
                "currently.",
                UserWarning,
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled
        self._outer: list[dict[str, DType]] = []

    def __enter__(self) -> autocast:
        self._outer.append(state.active)
        inner = {key: value for key, value in state.active.items() if key != self.device}
        state.active = {**inner, self.device: self.fast_dtype} if self._enabled else inner
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        state.active = self._outer.pop()

    def __call__(self, function: F) -> F:
        """Decorate a function."""

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return cast("F", wrapper)
