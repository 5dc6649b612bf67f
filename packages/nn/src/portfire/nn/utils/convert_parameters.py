"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

import portfire
from portfire import Tensor
from portfire.nn._names import typename

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all elements of some parameters as one vector.

    Args:
        parameters: the parameters, all on one device.

    Returns:
        The vector.

    Raises:
        TypeError: for parameters on several devices.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Linear(2, 3)
        >>> portfire.nn.utils.parameters_to_vector(layer.parameters()).shape
        portfire.Size([9])
    """
    parts = list(parameters)
    _check_devices(parts)
    return portfire.cat([part.reshape(-1) for part in parts])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Give parameters the elements of one vector, in order.

    Args:
        vec: the vector.
        parameters: the parameters.

    Raises:
        TypeError: for what is no tensor, or parameters on several devices.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.Linear(1, 1)
        >>> portfire.nn.utils.vector_to_parameters(portfire.tensor([2.0, 3.0]), layer.parameters())
        >>> layer.bias.item()
        3.0
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected portfire.Tensor, but got: {typename(vec)}")
    parts = list(parameters)
    _check_devices(parts)
    start = 0
    for part in parts:
        count = part.numel()
        part.data = vec[start : start + count].reshape(part.shape).detach().clone()
        start += count


def _check_devices(parts: list[Tensor]) -> None:
    if len({str(part.device) for part in parts}) > 1:
        raise TypeError(
            "Found two parameters on different devices, this is currently not supported."
        )
