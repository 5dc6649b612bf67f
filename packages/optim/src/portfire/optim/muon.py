"""Muon."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from portfire import Tensor
from portfire.optim._checks import check_at_least, check_one
from portfire.optim._optimizer import Optimizer, Params, number
from portfire.optim._state import zeros_for

__all__ = ["Muon"]

MOST_ITERATIONS = 100

# What the rate is multiplied by, for a matrix of so many rows and columns.
ADJUSTMENTS: dict[str, Callable[[int, int], float]] = {
    "original": lambda rows, columns: math.sqrt(max(1, rows / columns)),
    "match_rms_adamw": lambda rows, columns: 0.2 * math.sqrt(max(rows, columns)),
}


class Muon(Optimizer):
    r"""Muon: momentum made orthogonal, for the matrices of a network.

    .. math::
        B \leftarrow \mu B + (1 - \mu) G, \quad
        p \leftarrow (1 - \eta \lambda) p - \gamma \eta\, O((1 - \mu) G + \mu B)

    where :math:`O` takes a matrix towards :math:`U V^T` of its singular value decomposition
    :math:`U \Sigma V^T`, by iterations :math:`X \leftarrow a X + (b A + c A^2) X` with
    :math:`A = X X^T`. Without Nesterov's rule it is :math:`O(B)`.

    Args:
        params: the parameters, all of two dimensions, or dictionaries that describe groups of them.
        lr: learning rate :math:`\eta`.
        weight_decay: :math:`\lambda`.
        momentum: :math:`\mu`.
        nesterov: whether to look one step ahead.
        ns_coefficients: :math:`a`, :math:`b` and :math:`c`.
        eps: the smallest norm that a matrix is divided by.
        ns_steps: how many iterations to do.
        adjust_lr_fn: what :math:`\gamma` is for a matrix of ``A`` rows and ``B`` columns:
            ``"original"`` (or None) for ``sqrt(max(1, A / B))``, or ``"match_rms_adamw"`` for
            ``0.2 * sqrt(max(A, B))``.

    Raises:
        ValueError: for an option outside its range, or a parameter that is no matrix.

    Note:
        PyTorch iterates in bfloat16, portfire in the dtype of the parameter.

    Example:
        >>> import portfire
        >>> w = portfire.ones(2, 2, requires_grad=True)
        >>> optimizer = portfire.optim.Muon([w], lr=0.1)
        >>> (w * w).sum().backward()
        >>> optimizer.step()
        >>> w.shape
        portfire.Size([2, 2])
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_one(lr)
        check_at_least(0.0, lr, "Learning rate")
        check_at_least(0.0, momentum, "momentum")
        check_at_least(0.0, weight_decay, "weight decay")
        if adjust_lr_fn is not None and adjust_lr_fn not in ADJUSTMENTS:
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add matrices with options of their own.

        Args:
            param_group: the parameters under ``"params"``, and options by name.

        Raises:
            ValueError: for a parameter that is no matrix, and as in `Optimizer`.

        Example:
            >>> import portfire
            >>> w = portfire.zeros(2, 2, requires_grad=True)
            >>> optimizer = portfire.optim.Muon([w])
            >>> other = portfire.zeros(2, 2, requires_grad=True)
            >>> optimizer.add_param_group({"params": [other], "lr": 0.2})
            >>> [group["lr"] for group in optimizer.param_groups]
            [0.001, 0.2]
        """
        super().add_param_group(param_group)
        for param in param_group["params"]:
            if param.dim() != 2:
                self.param_groups.pop()
                raise ValueError(
                    "Muon only supports 2D parameters whereas we found a parameter with size: "
                    f"{param.size()}"
                )

    def init(self, param: Tensor, group: dict[str, Any]) -> dict[str, Any]:
        """Start the momentum at zero."""
        return {"momentum_buffer": zeros_for(param)}

    def hyper(self, state: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Return the numbers; how many iterations there are is part of the rule."""
        steps, coefficients = int(group["ns_steps"]), tuple(group["ns_coefficients"])
        if steps >= MOST_ITERATIONS:
            raise ValueError(
                f"Number of steps must be less than {MOST_ITERATIONS} for computational efficiency"
            )
        if len(coefficients) != 3:
            raise ValueError("Coefficients must be a tuple of exactly 3 values")
        lr = number(group["lr"])
        a, b, c = (number(item) for item in coefficients)
        return {
            "lr": lr,
            "shrink": 1.0 - lr * number(group["weight_decay"]),
            "momentum": number(group["momentum"]),
            "nesterov": bool(group["nesterov"]),
            "a": a,
            "b": b,
            "c": c,
            "eps": number(group["eps"]),
            "steps": steps,
            "adjust": group["adjust_lr_fn"] or "original",
        }

    @staticmethod
    def update(
        param: Tensor, grad: Tensor, state: dict[str, Tensor], hyper: dict[str, Any]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Apply the rule to one parameter."""
        buffer = state["momentum_buffer"]
        buffer = grad + (buffer - grad) * hyper["momentum"]
        matrix = grad + (buffer - grad) * hyper["momentum"] if hyper["nesterov"] else buffer
        rows, columns = param.shape
        matrix = (
            _orthogonal(matrix.t(), hyper).t() if rows > columns else _orthogonal(matrix, hyper)
        )
        factor = ADJUSTMENTS[hyper["adjust"]](rows, columns)
        new = param * hyper["shrink"] - matrix * (hyper["lr"] * factor)
        return new, {"momentum_buffer": buffer}


def _orthogonal(matrix: Tensor, hyper: dict[str, Any]) -> Tensor:
    """Take the singular values of a wide matrix to about one."""
    matrix = matrix / matrix.square().sum().sqrt().clamp(min=hyper["eps"])
    for _ in range(hyper["steps"]):
        gram = matrix @ matrix.t()
        change = gram * hyper["b"] + (gram @ gram) * hyper["c"]
        matrix = matrix * hyper["a"] + change @ matrix
    return matrix
