"""Devices: their names, the recorder behind each, and which one is the default."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

from portfire import plugins
from portfire.engine._recorder import Recorder

__all__ = [
    "chosen_device",
    "default_device",
    "device",
    "recorder_for",
    "resolve",
    "set_default_device",
]


class _Context(threading.local):
    def __init__(self) -> None:
        self.stack: list[device] = []
        self.current: dict[str, int] = {}


_context = _Context()
_default: device | None = None
_recorders: dict[tuple[str, int], Recorder] = {}
_opening = threading.RLock()


class device:
    """A device: its type, such as ``"cpu"`` or ``"opencl"``, and its index.

    As a context manager it is the default device of tensors made inside.

    Args:
        type: ``"opencl"``, ``"opencl:1"``, or another device.
        index: the index, where the type does not contain it.

    Raises:
        RuntimeError: if the string is not of the form ``type`` or ``type:index``.

    Example:
        >>> import portfire
        >>> portfire.device("opencl:1")
        device(type='opencl', index=1)
        >>> with portfire.device("cpu"):
        ...     x = portfire.zeros(2)
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: str | int | device, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index if index is None else index
            return
        if isinstance(type, bool) or not isinstance(type, str | int):
            raise TypeError(
                f"device(): expected a string such as 'cpu' or 'opencl:0', got {type!r}"
            )
        if isinstance(type, int):
            self.type, self.index = _accelerator_type(), type
            return
        name, colon, number = type.partition(":")
        well_formed = name.isidentifier() and (not colon or number.isdecimal())
        if not well_formed or (colon and index is not None):
            raise RuntimeError(f"Invalid device string: '{type}'")
        self.type = name
        self.index = int(number) if colon else index

    def __repr__(self) -> str:
        where = "" if self.index is None else f", index={self.index}"
        return f"device(type='{self.type}'{where})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, device):
            return NotImplemented
        return self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> Any:
        return device, (self.type, self.index)

    def __enter__(self) -> device:
        _context.stack.append(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,  # type: ignore[valid-type]  # the attribute hides the builtin
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _context.stack.pop()


def _accelerator_type() -> str:
    """The device type that a bare index means: the first that is not the host."""
    for name in plugins.backend_specs():
        if name != "cpu":
            return name
    return "cpu"


def default_device() -> device:
    """Return the device of tensors made without ``device=``.

    Example:
        >>> import portfire
        >>> portfire.get_default_device()
        device(type='cpu')
    """
    if _context.stack:
        return _context.stack[-1]
    return _default if _default is not None else device(plugins.default_device_type())


def chosen_device() -> device | None:
    """Return the default device if somebody chose one, without looking for what there is."""
    return _context.stack[-1] if _context.stack else _default


def set_default_device(device_: Any) -> None:
    """Set the device of tensors made without ``device=``; None for the built-in choice.

    Args:
        device_: a device, its name, or None.

    Raises:
        RuntimeError: if there is no such device.

    Example:
        >>> import portfire
        >>> portfire.set_default_device("cpu")
    """
    global _default
    if device_ is None:
        _default = None
        return
    resolve(device_)
    _default = device(device_)


def resolve(where: Any) -> Recorder:
    """Return the recorder of a device, opening the device at its first use."""
    if where is None:
        where = default_device()
    elif not isinstance(where, device):
        where = device(where)
    index = where.index
    if index is None:
        index = _context.current.get(where.type, 0)
    return _recorders.get((where.type, index)) or recorder_for(where.type, index)


def recorder_for(name: str, index: int) -> Recorder:
    """Open a device and return its recorder; RuntimeError if there is no such device."""
    with _opening:
        found = _recorders.get((name, index))
        if found is not None:
            return found
        spec = plugins.backend_spec(name)
        count = spec.count()
        if not 0 <= index < count:
            why = ""
            if count == 0 and spec.explain is not None:
                why = f": {spec.explain()}"
            elif count:
                why = f": {name} has {count} device{'s' if count > 1 else ''}, from {name}:0"
            raise RuntimeError(f"invalid device ordinal {name}:{index}{why}")
        # The host has one device and is written without an index, as in torch.
        own = device(name) if name == "cpu" else device(name, index)
        recorder = _recorders[name, index] = Recorder(own, spec.open(index))
        return recorder


def is_type(name: str) -> bool:
    """Whether a word is a device type that is installed, or that portfire has a package for."""
    return name in plugins.KNOWN_BACKENDS or name in plugins.backend_specs()


def opened() -> tuple[Recorder, ...]:
    """The recorders of all devices in use."""
    return tuple(_recorders.values())


def current_index(name: str) -> int:
    """The index that a device type without one means in this thread."""
    return _context.current.get(name, 0)


def set_current_index(name: str, index: int) -> None:
    """Set the index that a device type without one means in this thread."""
    recorder_for(name, index)
    _context.current[name] = index


def forget(name: str) -> None:
    """Close the devices of a type, so that tests can open others under its name."""
    for key in [k for k in _recorders if k[0] == name]:
        del _recorders[key]
