"""What looks on while the graph is built: hooks on saved tensors, and anomaly detection.

Both are rare. Nodes ask one global count whether there is anything to do.
"""

from __future__ import annotations

import contextlib
import os
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portfire import _tensor
from portfire.autograd._mode import no_grad
from portfire.autograd._node import Node, OperatorNode, PackedNode, watch
from portfire.engine._value import Value

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["Anomaly", "Packed", "anomaly", "disabled", "hooked", "notice", "pack", "watched"]

Hooks = tuple[Callable[[Any], Any], Callable[[Any], Any]]

HERE = str(Path(__file__).resolve().parents[1]) + os.sep  # this package
TRACE = "traceback_"  # where a node's metadata has the call that made it


class _Hooks(threading.local):
    def __init__(self) -> None:
        self.stack: list[Hooks] = []
        self.refusal: str | None = None


class Anomaly:
    """Whether anomaly detection is on, in all threads."""

    enabled = False
    check_nan = True


_hooks = _Hooks()
anomaly = Anomaly()
_lock = threading.Lock()


class Packed:
    """What a pack hook returned for a saved tensor, and the hook that undoes it."""

    __slots__ = ("held", "is_output", "unpack")

    def __init__(self, held: Any, unpack: Callable[[Any], Any], is_output: bool = False) -> None:
        self.held = held
        self.unpack = unpack
        self.is_output = is_output

    def unpacked(self) -> Tensor:
        """Call the hook; TypeError if it returns no tensor."""
        tensor = self.unpack(self.held)
        if not isinstance(tensor, _tensor.Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of "
                f"type {type(tensor).__name__}"
            )
        return tensor

    def restored(self) -> Any:
        """The item that was packed, as nodes save it."""
        tensor = self.unpacked()
        return tensor._read() if self.is_output else (tensor._snapshot(), tensor._dtype)


def pack(tensor: Tensor, is_output: bool = False) -> Packed | None:
    """Give a tensor that is saved to this thread's innermost hook; None if there is none."""
    if not watch.count or not _hooks.stack:
        return None
    do, undo = _hooks.stack[-1]
    shown = tensor.detach()
    before = shown._storage.version
    with no_grad():
        held = do(shown)
    if shown._storage.version != before:
        raise RuntimeError(
            "A saved tensor pack hook is modifying its input in place. Tensors provided as input "
            "to pack hook can not be modified by in-place operations as this can lead to "
            "unexpected side-effects."
        )
    return Packed(held, undo, is_output)


def notice(node: Node) -> None:
    """Look at a new node: pack what an operator's node saved, remember where it was made."""
    if not watch.count:
        return
    if anomaly.enabled:
        node.metadata[TRACE] = _where()
    if isinstance(node, OperatorNode) and node.saved and _hooks.stack:
        node.saved = [_packed(item) for item in node.saved]
        node.__class__ = PackedNode


def _where() -> list[str]:
    """The lines of the caller's traceback, without those of this package at its end."""
    frames = traceback.extract_stack()
    while len(frames) > 1 and frames[-1].filename.startswith(HERE):
        frames.pop()
    return traceback.format_list(frames)


def _packed(item: Any) -> Any:
    """A saved item after the hooks saw it; numbers stay as they are."""
    if isinstance(item, Value):
        return pack(_tensor.Tensor._wrap(item), is_output=True)
    if not isinstance(item, tuple):
        return item
    snapshot, dtype = item
    tensor = _tensor.Tensor._restore(snapshot, None)
    return pack(tensor if tensor._dtype is dtype else tensor.to(dtype))


@contextlib.contextmanager
def hooked(do: Callable[[Any], Any], undo: Callable[[Any], Any]) -> Iterator[None]:
    """Have the tensors that are saved in a block packed by ``do`` and unpacked by ``undo``."""
    if _hooks.refusal is not None:
        raise RuntimeError(_hooks.refusal)
    _hooks.stack.append((do, undo))
    count(1)
    try:
        yield
    finally:
        count(-1)
        _hooks.stack.pop()


@contextlib.contextmanager
def disabled(message: str) -> Iterator[None]:
    """Raise RuntimeError with a message if hooks are set in a block."""
    if _hooks.stack:
        raise RuntimeError(message)
    before, _hooks.refusal = _hooks.refusal, message
    try:
        yield
    finally:
        _hooks.refusal = before


def count(change: int) -> None:
    """Add to the number of those who look on."""
    with _lock:
        watch.count += change


def watched(node: Node, grads: Any, keep: bool) -> Any:
    """Run a node; under anomaly detection, say where it was made if it fails or makes NaN."""
    if not anomaly.enabled:
        return node.run(grads, keep)
    try:
        results = node.run(grads, keep)
    except Exception:
        _tell(node)
        raise
    if anomaly.check_nan:
        with no_grad():
            for number, grad in enumerate(results):
                if grad is not None and grad.isnan().any():
                    _tell(node)
                    raise RuntimeError(
                        f"Function '{node.name()}' returned nan values in its {number}th output."
                    )
    return results


def _tell(node: Node) -> None:
    lines = node.metadata.get(TRACE)
    if lines is None:
        what = (
            "No forward pass information available. Enable detect anomaly during forward pass for "
            "more information."
        )
    else:
        what = "Traceback of forward call that caused the error:\n" + "".join(lines)
    warnings.warn(f"Error detected in {node.name()}. {what}", UserWarning, stacklevel=2)
