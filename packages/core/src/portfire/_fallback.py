"""`fallback`: let another device compute what a device cannot."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from portfire import _dispatch as dispatch
from portfire.engine._recorder import unsupported_operator
from portfire.ops._record import Attrs, Operator

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["fallback", "on_host"]

VARIABLE = "PORTFIRE_FALLBACK"
_TARGETS = ("cpu",)
_counts: Counter[tuple[str, str]] = Counter()  # by operator and the device that lacks it
_lock = threading.Lock()


class _Depth(threading.local):
    value = 0


_depth = _Depth()


class fallback:
    """Let the cpu compute the operators that a device lacks, inside a ``with`` block.

    The operands are copied to the cpu and the results back, which takes time: it happens only where
    it is asked for, by this or by the environment variable ``PORTFIRE_FALLBACK=cpu``, and each time
    is counted, see `counts` and the last line of a profile's table.

    Args:
        device: where to compute instead: ``"cpu"``.

    Raises:
        ValueError: for another device.

    Example:
        >>> import portfire
        >>> x = portfire.eye(2)
        >>> with portfire.fallback("cpu"):
        ...     portfire.linalg.det(x)
        tensor(1.)
    """

    def __init__(self, device: str) -> None:
        self.device = _target(device, "fallback()")

    def __enter__(self) -> fallback:
        _depth.value += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _depth.value -= 1

    @staticmethod
    def counts() -> dict[tuple[str, str], int]:
        """Return how often each operator was computed elsewhere, by operator and device.

        Example:
            >>> import portfire
            >>> sorted(portfire.fallback.counts()) == sorted(portfire.fallback.counts())
            True
        """
        with _lock:
            return dict(_counts)


def _target(device: str, who: str) -> str:
    if device not in _TARGETS:
        raise ValueError(f"{who}: the device must be one of {list(_TARGETS)}, not {device!r}")
    return device


def _chosen() -> str | None:
    """Where operators that a device lacks go now."""
    if _depth.value:
        return _TARGETS[0]
    setting = os.environ.get(VARIABLE, "")
    return _target(setting, VARIABLE) if setting else None


def on_host(op: Operator, tensors: Sequence[Tensor], attrs: Attrs = ()) -> Tensor:
    """Record an operator of the kind that a device may lack, or compute it elsewhere.

    Raises:
        portfire.UnsupportedError: if the device lacks it and no `fallback` is asked for.
    """
    recorder = tensors[0]._read().recorder
    if recorder.computes(op):
        return dispatch.apply(op, tensors, attrs)
    device, target = recorder.device, _chosen()
    if target is None or device.type == target:
        raise unsupported_operator(recorder, op, tensors[0]._dtype)
    with _lock:
        _counts[op.name, str(device)] += 1
    result = dispatch.apply(op, [tensor.to(target) for tensor in tensors], attrs)
    return result.to(device)
