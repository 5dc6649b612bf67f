"""How exact float32 products have to be: a wish that backends may use for speed."""

from __future__ import annotations

import warnings

__all__ = ["get_float32_matmul_precision", "set_float32_matmul_precision"]

_CHOICES = ("highest", "high", "medium")

_precision = _CHOICES[0]


def get_float32_matmul_precision() -> str:
    """Return how exact products of float32 tensors have to be; ``"highest"`` unless it was set.

    Example:
        >>> import portfire
        >>> portfire.get_float32_matmul_precision()
        'highest'
    """
    return _precision


def set_float32_matmul_precision(precision: str) -> None:
    """Say how exact products of float32 tensors (and convolutions) have to be.

    ``"highest"`` computes them in float32. ``"high"`` and ``"medium"`` allow a backend to take
    faster kernels that lose some digits; the backends that come with portfire have none, and
    compute in float32 whatever is set.

    Args:
        precision: ``"highest"``, ``"high"`` or ``"medium"``; another text warns and changes
            nothing.

    Raises:
        RuntimeError: if ``precision`` is not a text.

    Example:
        >>> import portfire
        >>> portfire.set_float32_matmul_precision("high")
        >>> portfire.get_float32_matmul_precision()
        'high'
        >>> portfire.set_float32_matmul_precision("highest")
    """
    global _precision
    if not isinstance(precision, str):
        raise RuntimeError(
            f"set_float32_matmul_precision expects a str, but got {type(precision).__name__}"
        )
    if precision not in _CHOICES:
        warnings.warn(
            f"{precision} is not one of 'highest', 'high', or 'medium'; "
            "set_float32_matmul_precision has no effect",
            stacklevel=2,
        )
        return
    _precision = precision
