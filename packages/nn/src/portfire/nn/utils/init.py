"""Modules made without drawing first values."""

from __future__ import annotations

import inspect
from typing import Any

from portfire.nn.modules.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a module whose parameters have no particular values yet.

    Args:
        module_cls: the class; it takes a ``device``.
        *args: its arguments.
        **kwargs: likewise.

    Returns:
        The module.

    Raises:
        RuntimeError: for what is no module class, or takes no device.

    Note:
        The first values are drawn and dropped: nothing is computed that nobody reads.

    Example:
        >>> import portfire
        >>> portfire.nn.utils.skip_init(portfire.nn.Linear, 2, 3)
        Linear(in_features=2, out_features=3, bias=True)
    """
    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    device = kwargs.get("device", "cpu")
    return module_cls(*args, **kwargs).to_empty(device=device)
