"""Weights computed before each call of a module: the forms that came before parametrizations."""

from __future__ import annotations

import warnings
from typing import Any

import portfire
from portfire import Tensor, no_grad
from portfire.nn import functional as F
from portfire.nn.modules.transposed_convolution import (
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
from portfire.nn.parameter import Parameter
from portfire.nn.utils.parametrizations import norm_except

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]


class _WeightHook:
    """Computes the weight from length and direction before each call."""

    kind = "weight_norm"

    def __init__(self, name: str, dim: int) -> None:
        self.name = name
        self.dim = dim

    def compute(self, module: Any) -> Tensor:
        lengths, directions = (getattr(module, self.name + end) for end in ("_g", "_v"))
        made: Tensor = directions * (lengths / norm_except(directions, self.dim))
        return made

    def __call__(self, module: Any, args: Any) -> None:
        setattr(module, self.name, self.compute(module))


class _SpectralHook:
    """Divides the weight by its largest singular value before each call."""

    kind = "spectral_norm"

    def __init__(self, name: str, steps: int, dim: int, eps: float) -> None:
        self.name = name
        self.steps = steps
        self.dim = dim
        self.eps = eps

    def compute(self, module: Any, steps: int) -> Tensor:
        weight = getattr(module, self.name + "_orig")
        matrix = weight.movedim(self.dim, 0).flatten(1)
        u, v = (getattr(module, self.name + end) for end in ("_u", "_v"))
        with no_grad():
            fixed = matrix.detach()
            for _ in range(steps):
                v = F.normalize(fixed.T.mv(u), dim=0, eps=self.eps)
                u = F.normalize(fixed.mv(v), dim=0, eps=self.eps)
            setattr(module, self.name + "_u", u)
            setattr(module, self.name + "_v", v)
        made: Tensor = weight / u.dot(matrix.mv(v))
        return made

    def __call__(self, module: Any, args: Any) -> None:
        setattr(module, self.name, self.compute(module, self.steps if module.training else 0))


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    r"""Train the lengths and the directions of a weight apart (old form).

    New code should call `portfire.nn.utils.parametrizations.weight_norm`.

    Args:
        module: whose weight it is.
        name: its name.
        dim: along which each slice has a length of its own; None for one length of all.

    Returns:
        The module that was given; its parameters are ``weight_g`` and ``weight_v``.

    Raises:
        RuntimeError: when that weight has one already.

    Example:
        >>> import warnings
        >>> import portfire
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     layer = portfire.nn.utils.weight_norm(portfire.nn.Linear(2, 3))
        >>> list(layer.state_dict())
        ['bias', 'weight_g', 'weight_v']
    """
    warnings.warn(
        "`portfire.nn.utils.weight_norm` is deprecated in favor of "
        "`portfire.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    _refuse_second(module, _WeightHook, name)
    hook = _WeightHook(name, -1 if dim is None else dim)
    weight = getattr(module, name)
    del module._parameters[name]
    module.register_parameter(name + "_g", Parameter(norm_except(weight.detach(), hook.dim)))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Take `weight_norm` away; the weight keeps its value.

    Args:
        module: whose weight it is.
        name: its name.

    Returns:
        The module that was given.

    Raises:
        ValueError: when there is none.

    Example:
        >>> import warnings
        >>> import portfire
        >>> from portfire.nn.utils import remove_weight_norm, weight_norm
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     layer = weight_norm(portfire.nn.Linear(2, 3))
        >>> list(remove_weight_norm(layer).state_dict())
        ['bias', 'weight']
    """
    hook = _take_hook(module, _WeightHook, name)
    weight = hook.compute(module).detach()
    delattr(module, name)
    del module._parameters[name + "_g"], module._parameters[name + "_v"]
    setattr(module, name, Parameter(weight))
    return module


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    r"""Divide a weight by its largest singular value before each call (old form).

    New code should call `portfire.nn.utils.parametrizations.spectral_norm`.

    Args:
        module: whose weight it is.
        name: its name.
        n_power_iterations: steps of power iteration for each call in training.
        eps: what keeps lengths from zero.
        dim: the dimension of the outputs; 1 for transposed convolutions, else 0.

    Returns:
        The module that was given; its parameter is ``weight_orig``.

    Raises:
        RuntimeError: when that weight has one already.
        ValueError: for no iterations.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.utils.spectral_norm(portfire.nn.Linear(2, 3))
        >>> list(layer.state_dict())
        ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    _refuse_second(module, _SpectralHook, name)
    if n_power_iterations <= 0:
        raise ValueError(
            "Expected n_power_iterations to be positive, but got "
            f"n_power_iterations={n_power_iterations}"
        )
    transposed = isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d)
    hook = _SpectralHook(name, n_power_iterations, int(transposed) if dim is None else dim, eps)
    weight = getattr(module, name)
    rows, columns = weight.detach().movedim(hook.dim, 0).flatten(1).shape
    like: dict[str, Any] = {"device": weight.device, "dtype": weight.dtype}
    u, v = portfire.randn(rows, **like), portfire.randn(columns, **like)
    del module._parameters[name]
    module.register_parameter(name + "_orig", weight)
    # Until the first call the weight is what it was; it is no parameter any more.
    setattr(module, name, weight.detach())
    module.register_buffer(name + "_u", F.normalize(u, dim=0, eps=eps))
    module.register_buffer(name + "_v", F.normalize(v, dim=0, eps=eps))
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Take `spectral_norm` away; the weight keeps its value.

    Args:
        module: whose weight it is.
        name: its name.

    Returns:
        The module that was given.

    Raises:
        ValueError: when there is none.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils import remove_spectral_norm, spectral_norm
        >>> list(remove_spectral_norm(spectral_norm(portfire.nn.Linear(2, 3))).state_dict())
        ['bias', 'weight']
    """
    hook = _take_hook(module, _SpectralHook, name)
    with no_grad():
        weight = hook.compute(module, 0)
    delattr(module, name)
    del module._parameters[name + "_orig"]
    delattr(module, name + "_u")
    delattr(module, name + "_v")
    module.register_parameter(name, Parameter(weight.detach()))
    return module


def _refuse_second(module: Any, cls: Any, name: str) -> None:
    for entry in module._forward_pre_hooks.values():
        if isinstance(entry.function, cls) and entry.function.name == name:
            raise RuntimeError(f"Cannot register two {cls.kind} hooks on the same parameter {name}")


def _take_hook(module: Any, cls: Any, name: str) -> Any:
    for key, entry in module._forward_pre_hooks.items():
        if isinstance(entry.function, cls) and entry.function.name == name:
            del module._forward_pre_hooks[key]
            return entry.function
    raise ValueError(f"{cls.kind} of '{name}' not found in {module}")
