"""Finding the operation whose gradient fails or is not a number.

Example:
    >>> import portfire
    >>> with portfire.autograd.set_detect_anomaly(True):
    ...     portfire.is_anomaly_enabled()
    True
"""

from __future__ import annotations

import warnings
from typing import Any

from portfire.autograd._watch import anomaly, count

__all__ = [
    "detect_anomaly",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "set_detect_anomaly",
]


def _set(mode: bool, check_nan: bool) -> None:
    count(int(mode) - int(anomaly.enabled))
    anomaly.enabled, anomaly.check_nan = mode, check_nan


class set_detect_anomaly:
    """Set anomaly detection on or off, at once and until the end of a block if used as one.

    While it is on, each operation remembers the line that called it. If the gradient of one raises
    an error or (with ``check_nan``) is not a number, a warning shows that line. It holds for all
    threads, and each step of a backward pass is computed by itself: use it to find errors.

    Args:
        mode: whether to detect anomalies.
        check_nan: whether a NaN in a gradient is one.

    Example:
        >>> import portfire
        >>> with portfire.autograd.set_detect_anomaly(True, check_nan=False):
        ...     portfire.is_anomaly_check_nan_enabled()
        False
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        self._before = anomaly.enabled, anomaly.check_nan
        _set(bool(mode), check_nan)

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: Any) -> None:
        _set(*self._before)


class detect_anomaly:
    """Detect anomalies in a ``with`` block, see `set_detect_anomaly`; warns that this is slow.

    Args:
        check_nan: whether a NaN in a gradient is one.

    Example:
        >>> import portfire, warnings
        >>> warnings.simplefilter("ignore")
        >>> x = portfire.tensor(-1.0, requires_grad=True)
        >>> with portfire.autograd.detect_anomaly():
        ...     x.sqrt().backward()
        Traceback (most recent call last):
        RuntimeError: Function 'SqrtBackward0' returned nan values in its 0th output.
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        warnings.warn(
            "Anomaly Detection has been enabled. This mode will increase the runtime and should "
            "only be enabled for debugging.",
            UserWarning,
            stacklevel=2,
        )

    def __enter__(self) -> None:
        self._before = anomaly.enabled, anomaly.check_nan
        _set(True, self.check_nan)

    def __exit__(self, *error: Any) -> None:
        _set(*self._before)


def is_anomaly_enabled() -> bool:
    """Return whether anomaly detection is on.

    Example:
        >>> import portfire
        >>> portfire.is_anomaly_enabled()
        False
    """
    return anomaly.enabled


def is_anomaly_check_nan_enabled() -> bool:
    """Return whether anomaly detection looks for NaN in gradients.

    Example:
        >>> import portfire
        >>> portfire.is_anomaly_check_nan_enabled()
        True
    """
    return anomaly.check_nan
