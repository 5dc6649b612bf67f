"""Norms of gradients, and gradients kept below a bound."""

from __future__ import annotations

from collections.abc import Iterable

import portfire
from portfire import Tensor
from portfire.autograd import no_grad

__all__ = [
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]

Tensors = Tensor | Iterable[Tensor]


def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Return the norm of all elements of some tensors.

    Args:
        tensors: a tensor, or several.
        norm_type: the power; infinity for the largest magnitude.
        error_if_nonfinite: whether a norm that is no finite number is an error.
        foreach: accepted, without effect: the norms are fused in any case.

    Returns:
        The norm, without dimensions.

    Raises:
        RuntimeError: for such a norm.

    Example:
        >>> import portfire
        >>> portfire.nn.utils.get_total_norm([portfire.tensor([3.0]), portfire.tensor([4.0])])
        tensor(5.)
    """
    parts = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not parts:
        return portfire.tensor(0.0)
    power = float(norm_type)
    device = parts[0].device
    norms = [_norm(part, power).to(device) for part in parts]
    total = _norm(portfire.stack(norms), power)
    if error_if_nonfinite and not total.isfinite().item():
        raise RuntimeError(
            f"The total norm of order {power} for gradients from `parameters` is non-finite, so it "
            "cannot be clipped. To disable this error and scale the gradients by the non-finite "
            "norm anyway, set `error_if_nonfinite=False`"
        )
    return total


def _norm(x: Tensor, power: float) -> Tensor:
    size = x.abs().flatten()
    if power == float("inf"):
        return size.amax()
    if power == -float("inf"):
        return size.amin()
    if power == 0:
        return (size != 0).sum().to(x.dtype)
    if power == 2:
        return (x * x).sum().sqrt()
    if power == 1:
        return size.sum()
    return (size**power).sum() ** (1.0 / power)


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale gradients in place by ``max_norm / total_norm``, where that is below 1.

    Args:
        parameters: a parameter, or several.
        max_norm: the bound.
        total_norm: the norm that the gradients have.
        foreach: accepted, without effect.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([2.0], requires_grad=True)
        >>> w.grad = portfire.tensor([10.0])
        >>> portfire.nn.utils.clip_grads_with_norm_(w, 5.0, portfire.tensor(10.0))
        >>> w.grad
        tensor([5.0000])
    """
    with no_grad():
        share = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        for grad in _gradients(parameters):
            grad.mul_(share.to(grad.device))


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale gradients in place so that the norm of all of them is at most a bound.

    Args:
        parameters: a parameter, or several; those without a gradient are left out.
        max_norm: the bound.
        norm_type: the power; infinity for the largest magnitude.
        error_if_nonfinite: whether a norm that is no finite number is an error.
        foreach: accepted, without effect.

    Returns:
        The norm before.

    Raises:
        RuntimeError: for such a norm.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([2.0, 3.0], requires_grad=True)
        >>> w.grad = portfire.tensor([3.0, 4.0])
        >>> portfire.nn.utils.clip_grad_norm_(w, 1.0)
        tensor(5.)
        >>> w.grad
        tensor([0.6000, 0.8000])
    """
    kept = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    with no_grad():
        total = get_total_norm(_gradients(kept), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(kept, max_norm, total)
    return total


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Keep each element of the gradients between two bounds, in place.

    Args:
        parameters: a parameter, or several; those without a gradient are left out.
        clip_value: the upper bound; the lower one is its negative.
        foreach: accepted, without effect.

    Example:
        >>> import portfire
        >>> w = portfire.tensor([2.0, 3.0], requires_grad=True)
        >>> w.grad = portfire.tensor([3.0, -4.0])
        >>> portfire.nn.utils.clip_grad_value_(w, 1.0)
        >>> w.grad
        tensor([ 1., -1.])
    """
    bound = float(clip_value)
    with no_grad():
        for grad in _gradients(parameters):
            grad.clamp_(-bound, bound)


def _gradients(parameters: Tensors) -> list[Tensor]:
    several = [parameters] if isinstance(parameters, Tensor) else parameters
    return [parameter.grad for parameter in several if parameter.grad is not None]
