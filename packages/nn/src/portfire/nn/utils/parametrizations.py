"""Parametrizations that are known by name."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor, no_grad
from portfire.nn import functional as F
from portfire.nn.modules.module import Module
from portfire.nn.modules.transposed_convolution import (
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
from portfire.nn.utils.parametrize import register_parametrization

__all__ = ["norm_except", "spectral_norm", "weight_norm"]


def norm_except(weight: Tensor, dim: int) -> Tensor:
    """Return the norms over all dimensions but one, which stay with size 1; -1 means all.

    Args:
        weight: the tensor.
        dim: the dimension that is left.

    Returns:
        The norms.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils.parametrizations import norm_except
        >>> norm_except(portfire.tensor([[3.0, 4.0]]), 0)
        tensor([[5.]])
    """
    if dim == -1:
        return (weight * weight).sum().sqrt()
    axes = [axis for axis in range(weight.ndim) if axis != dim % weight.ndim]
    squares = weight * weight
    return (squares.sum(axes, keepdim=True) if axes else squares).sqrt()


class _WeightNorm(Module):
    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except(weight, self.dim), weight


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    r"""Train the lengths and the directions of a weight apart.

    .. math:: w = g \frac{v}{\lVert v \rVert}

    Args:
        module: whose weight it is.
        name: its name.
        dim: along which each slice has a length of its own; None for one length of all.

    Returns:
        The module that was given; ``parametrizations.weight.original0`` are the lengths,
        ``original1`` the directions.

    Note:
        Salimans and Kingma, Weight Normalization, 2016.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.utils.parametrizations.weight_norm(portfire.nn.Linear(2, 3))
        >>> list(layer.state_dict())[1]
        'parametrizations.weight.original0'
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int, dim: int, eps: float) -> None:
        super().__init__()
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(
                "Dimension out of range (expected to be in range of "
                f"[-{weight.ndim}, {weight.ndim - 1}] but got {dim})"
            )
        self.dim = dim % weight.ndim
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if weight.ndim > 1:
            with no_grad():
                matrix = self._matrix(weight.detach())
                rows, columns = matrix.shape
                like: dict[str, Any] = {"device": matrix.device, "dtype": matrix.dtype}
                u, v = portfire.randn(rows, **like), portfire.randn(columns, **like)
                self.register_buffer("_u", F.normalize(u, dim=0, eps=eps))
                self.register_buffer("_v", F.normalize(v, dim=0, eps=eps))
                self._iterate(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        return weight.movedim(self.dim, 0).flatten(1)

    def _iterate(self, matrix: Tensor, count: int) -> None:
        u, v = self._u, self._v
        for _ in range(count):
            u = F.normalize(matrix.mv(v), dim=0, eps=self.eps)
            v = F.normalize(matrix.T.mv(u), dim=0, eps=self.eps)
        self._u, self._v = u, v

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            with no_grad():
                self._iterate(matrix.detach(), self.n_power_iterations)
        return weight / self._u.dot(matrix.mv(self._v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    r"""Divide a weight by its largest singular value.

    .. math:: w = \frac{w}{\sigma(w)}

    The value is estimated by power iteration, a step for each use in training.

    Args:
        module: whose weight it is.
        name: its name.
        n_power_iterations: steps for each use.
        eps: what keeps lengths from zero.
        dim: the dimension of the outputs; 1 for transposed convolutions, else 0.

    Returns:
        The module that was given.

    Raises:
        ValueError: when there is no such weight, or for no iterations.

    Note:
        Miyato and others, Spectral Normalization for Generative Adversarial Networks, 2018.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.utils.parametrizations.spectral_norm(portfire.nn.Linear(1, 1))
        >>> layer.weight.abs().item()
        1.0
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    transposed = isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d)
    axis = int(transposed) if dim is None else dim
    made = _SpectralNorm(weight, n_power_iterations, axis, eps)
    return register_parametrization(module, name, made)
