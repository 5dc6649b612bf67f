"""Automatic mixed precision: `autocast` chooses types, `GradScaler` keeps gradients in range.

Example:
    >>> import portfire
    >>> w = portfire.ones(3, 1, requires_grad=True)
    >>> optimizer = portfire.optim.SGD([w], lr=0.1)
    >>> scaler = portfire.amp.GradScaler("cpu", init_scale=1024.0)
    >>> with portfire.amp.autocast("cpu", dtype=portfire.float16):
    ...     loss = (portfire.ones(2, 3) @ w).float().square().mean()
    >>> scaler.scale(loss).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w.flatten()
    tensor([0.4000, 0.4000, 0.4000], grad_fn=<ViewBackward0>)
"""

from portfire._autocast import autocast
from portfire.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "is_autocast_available"]


def is_autocast_available(device_type: str) -> bool:
    """Return whether `autocast` serves a device: it does wherever there is one.

    Args:
        device_type: such as ``"cpu"``.

    Example:
        >>> import portfire
        >>> portfire.amp.is_autocast_available("cpu")
        True
    """
    from portfire import _device

    return _device.is_type(device_type)
