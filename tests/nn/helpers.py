"""What the tests of nn share: tensors from NumPy, and gradients by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import portfire
from portfire import Tensor
from tests.conftest import available_devices

Array = np.ndarray[Any, Any]


def draw(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> Array:
    """Numbers that are never equal, so that maxima and orders are unique."""
    rng = np.random.default_rng(seed + 7 * len(shape) + sum(shape))
    return rng.uniform(low, high, shape)


def host(tensor: Tensor) -> Array:
    """The values of a tensor, wherever it is."""
    return tensor.detach().cpu().numpy()


def differences(
    function: Callable[..., Any], arrays: list[Array], eps: float = 1e-5
) -> list[Array]:
    """The gradients of a number-valued function of arrays, by central differences."""
    grads = []
    for position, array in enumerate(arrays):
        grad = np.zeros_like(array)
        for index in np.ndindex(array.shape):
            ends = []
            for sign in (1.0, -1.0):
                moved = [a.copy() for a in arrays]
                moved[position][index] += sign * eps
                ends.append(float(function(*moved)))
            grad[index] = (ends[0] - ends[1]) / (2 * eps)
        grads.append(grad)
    return grads


def quick_device(device: str) -> str:
    """Where the many runs of finite differences take least time."""
    return "cpu" if "cpu" in available_devices() else device


def leaves(arrays: Sequence[Array], device: str) -> list[Tensor]:
    """Tensors that require a gradient."""
    return [portfire.tensor(array, device=device).requires_grad_() for array in arrays]


def check_gradients(
    function: Callable[..., Tensor], *arrays: Array, device: str, second: bool = True
) -> None:
    """Compare backward (and backward of backward) with finite differences, in float64.

    The function gets tensors on the device that it is called for, and takes other operands there.
    """

    def mixed(*inputs: Tensor) -> Tensor:
        out = function(*inputs)
        return (out * portfire.tensor(draw(*out.shape, seed=3), device=out.device)).sum()

    def mixed_gradients(*inputs: Tensor) -> Tensor:
        grads = portfire.autograd.grad(mixed(*inputs), inputs, create_graph=True)
        total = inputs[0].sum() * 0.0
        for grad in grads:
            weights = portfire.tensor(draw(*grad.shape, seed=5), device=grad.device)
            total = total + (grad * weights).sum()
        return total

    quick = quick_device(device)
    for scalar, eps, rtol in ((mixed, 1e-5, 1e-5), (mixed_gradients, 1e-4, 1e-4))[: 1 + second]:
        inputs = leaves(arrays, device)
        grads = portfire.autograd.grad(scalar(*inputs), inputs, allow_unused=True)
        wanted = differences(lambda *a, s=scalar: s(*leaves(a, quick)).item(), list(arrays), eps)
        for grad, expected in zip(grads, wanted, strict=True):
            found = np.zeros_like(expected) if grad is None else host(grad)
            np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol / 100)
