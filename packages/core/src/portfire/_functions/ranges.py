"""Numbers at equal distances, and their powers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from portfire import _device, _dtype, _tensor
from portfire import _dispatch as dispatch
from portfire._dtype import BOOL, DType
from portfire._functions._inplace import into
from portfire._functions.creation import full
from portfire._promotion import get_default_dtype
from portfire.ops import _source
from portfire.ops._elementwise import POW

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["arange", "linspace", "logspace", "range"]

Device = Any
_MISSING: Any = object()


def _number(name: str, argument: str, value: Any) -> Any:
    """A Python number; a 0-d tensor is one too."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()
    if not isinstance(value, int | float):
        raise TypeError(
            f"{name}(): argument '{argument}' must be Number, not {type(value).__name__}"
        )
    return int(value) if isinstance(value, bool) else value


def _no_bools(name: str, dtype: DType) -> None:
    if dtype.category == BOOL:
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{dtype.scalar_name}'")


def arange(
    start: Any = _MISSING,
    end: Any = _MISSING,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make the numbers from start up to, but without, end.

    Args:
        start: the first number; with one argument, the end, and the start is 0.
        end: the bound.
        step: the distance.
        out: a tensor that receives the result.
        dtype: the element type: int64 if all arguments are ints, else the default dtype.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Raises:
        RuntimeError: if the step is zero or leads away from the end, or a bound is not finite.

    Example:
        >>> import portfire
        >>> portfire.arange(1, 7, 2)
        tensor([1, 3, 5])
    """
    if end is _MISSING:
        start, end = 0, start
    if end is _MISSING:
        raise TypeError("arange() received an invalid combination of arguments - it needs an end")
    start = _number("arange", "start", 0 if start is _MISSING else start)
    end, step = _number("arange", "end", end), _number("arange", "step", step)
    if dtype is None and out is not None:
        dtype = out._dtype
    if dtype is None:
        whole = all(isinstance(x, int) for x in (start, end, step))
        dtype = _dtype.int64 if whole else get_default_dtype()
    _no_bools("arange", dtype)
    count = _count(start, end, step, dtype)
    if not dtype.is_floating_point:
        start, step = int(start), int(step)
    positions = _positions(count, dtype, device)
    made = _line(positions, start, step, dtype)
    return into(out, made.requires_grad_(True) if requires_grad else made)


def _count(start: Any, end: Any, step: Any, dtype: DType) -> int:
    """How many numbers there are before the end."""
    if not (math.isfinite(start) and math.isfinite(end)):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is _dtype.int64:
        start, end, step = int(start), int(end), int(step)
        if step == 0:
            raise ValueError("step must be nonzero")
        return max(int(-((start - end) // step)), 0)
    count: int = math.ceil((end - start) / step)
    return count


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


def range(
    start: Any = 0,
    end: Any = _MISSING,
    step: Any = 1,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make the numbers from start to end, the end included; `arange` is the usual way.

    Example:
        >>> import portfire
        >>> portfire.range(0, 2)
        tensor([0., 1., 2.])
    """
    if end is _MISSING:
        start, end = 0, start
    first, last, by = (
        _number("range", name, value)
        for name, value in (("start", start), ("end", end), ("step", step))
    )
    dtype = dtype or get_default_dtype()
    if by == 0:
        raise RuntimeError("step must be nonzero")
    if (last - first) * by < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    positions = _positions(math.floor((last - first) / by) + 1, dtype, device)
    made = _line(positions, first, by, dtype)
    return into(out, made.requires_grad_(True) if requires_grad else made)


def _ends(name: str, start: Any, end: Any, steps: Any) -> tuple[Any, Any]:
    """The two numbers that a line connects; the errors that `linspace` and `logspace` share."""
    if isinstance(steps, bool) or not hasattr(steps, "__index__"):
        raise TypeError(f"{name}(): argument 'steps' must be int, not {type(steps).__name__}")
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    for argument, value in (("start", start), ("end", end)):
        if getattr(value, "ndim", 0):
            raise RuntimeError(
                f"{name} only supports 0-dimensional start and end tensors, but got {argument} "
                f"with {value.ndim} dimension(s)."
            )
    return _number(name, "start", start), _number(name, "end", end)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make ``steps`` numbers from start to end, both included, at equal distances.

    Args:
        start: the first number, or a 0-d tensor.
        end: the last one.
        steps: how many.
        out: a tensor that receives the result.
        dtype: the element type, by default the default dtype; integers are truncated.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Raises:
        RuntimeError: if ``steps`` is negative.

    Example:
        >>> import portfire
        >>> portfire.linspace(0, 1, 5)
        tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    first, last = _ends("linspace", start, end, steps)
    dtype = dtype or get_default_dtype()
    _no_bools("linspace", dtype)
    if not dtype.is_floating_point:
        first, last = int(first), int(last)
    made = _between(first, last, steps, dtype, device).to(dtype)
    return into(out, made.requires_grad_(True) if requires_grad else made)


def _between(first: Any, last: Any, steps: int, dtype: DType, device: Device) -> Tensor:
    wide = dtype if dtype.is_floating_point else get_default_dtype()
    if steps < 2:
        return full((steps,), first, dtype=wide, device=device)
    positions = _positions(steps, wide, device)
    step = (last - first) / (steps - 1)
    # The second half is drawn from the end, so that both ends are exact.
    head, tail = positions * step + first, (positions - (steps - 1)) * step + last
    return dispatch.where(positions < steps // 2, head, tail)


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    out: Tensor | None = None,
    dtype: DType | None = None,
    device: Device = None,
    requires_grad: bool = False,
) -> Tensor:
    """Make ``base`` to the powers of `linspace`.

    Args:
        start: the first power, or a 0-d tensor.
        end: the last one.
        steps: how many.
        base: what is raised to the powers.
        out: a tensor that receives the result.
        dtype: the element type, by default the default dtype; integers are truncated.
        device: where to put it.
        requires_grad: record operations on it for autograd.

    Raises:
        RuntimeError: if ``steps`` is negative.

    Example:
        >>> import portfire
        >>> portfire.logspace(0, 2, 3)
        tensor([  1.,  10., 100.])
    """
    first, last = _ends("logspace", start, end, steps)
    dtype = dtype or get_default_dtype()
    _no_bools("logspace", dtype)
    wide = _positions(0, get_default_dtype(), device)._dtype
    exponents = _between(first, last, steps, wide, device)
    made = dispatch.binary(POW, float(base), exponents).to(dtype)
    return into(out, made.requires_grad_(True) if requires_grad else made)
