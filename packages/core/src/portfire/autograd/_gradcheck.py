"""`gradcheck`: derivatives by backward against central differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from portfire import _tensor
from portfire._dtype import float64
from portfire._functions.creation import ones_like, tensor
from portfire.autograd._engine import grad
from portfire.autograd._mode import enable_grad, no_grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Array = np.ndarray[Any, Any]


class GradcheckError(RuntimeError):
    """What `gradcheck` and `gradgradcheck` raise when derivatives differ."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of a function with central differences.

    Each element of each input that requires grad is moved by ``eps`` to both sides; the rows of
    the Jacobian that this gives are held against those of the backward pass. In single precision
    the differences have few right digits; use float64.

    Args:
        func: takes the inputs, returns a tensor or a tuple of tensors.
        inputs: a tensor or a tuple with tensors, of which at least one requires grad.
        eps: how far an element is moved.
        atol: absolute tolerance.
        rtol: relative tolerance.
        raise_exception: raise where they differ, instead of returning False.
        nondet_tol: by how much two backward passes may differ.
        check_undefined_grad: accepted; missing gradients count as zeros.
        check_grad_dtypes: accepted; a gradient always has its input's dtype.
        check_batched_grad: accepted; there are no batched gradients.
        check_batched_forward_grad: accepted; there is no forward mode.
        check_forward_ad: accepted; there is no forward mode.
        check_backward_ad: False compares nothing.
        fast_mode: compare along one random direction only.
        masked: accepted; there are no sparse tensors.

    Returns:
        True if all agree; False if not and ``raise_exception`` is False.

    Raises:
        GradcheckError: if they differ; the text has both Jacobians.
        ValueError: if no input requires grad.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([0.5, 2.0], dtype=portfire.float64, requires_grad=True)
        >>> portfire.autograd.gradcheck(lambda x: x.exp() * x, (x,))
        True
    """
    given = inputs if isinstance(inputs, tuple | list) else (inputs,)
    try:
        _check_inputs(given)
        if check_backward_ad:
            _compare(func, tuple(given), eps, atol, rtol, nondet_tol, fast_mode)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _needs(item: Any) -> bool:
    return isinstance(item, _tensor.Tensor) and item.requires_grad


def _check_inputs(inputs: Sequence[Any]) -> None:
    if not any(_needs(item) for item in inputs):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the "
            "them have requires_grad=True."
        )
    for number, item in enumerate(inputs):
        if _needs(item) and item.dtype is not float64:
            warnings.warn(
                f"Input #{number} requires gradient and is not a double precision floating point. "
                "This check will likely fail if all the inputs are not of double precision "
                "floating point.",
                stacklevel=4,
            )


def _outputs(func: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Any, ...]:
    """The differentiable outputs of a call."""
    made = func(*inputs)
    made = made if isinstance(made, tuple | list) else (made,)
    return tuple(y for y in made if isinstance(y, _tensor.Tensor) and y.is_floating_point())


def _compare(
    func: Callable[..., Any],
    inputs: tuple[Any, ...],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
    fast_mode: bool,
) -> None:
    with enable_grad():
        outputs = _outputs(func, inputs)
        wanted = [item for item in inputs if _needs(item)]
        exact = [_by_backward(y, wanted) for y in outputs]
        again = [_by_backward(y, wanted) for y in outputs]
    numeric = _by_differences(func, inputs, eps, len(outputs))
    positions = [number for number, item in enumerate(inputs) if _needs(item)]
    for number in range(len(outputs)):
        for place, position in enumerate(positions):
            mine, other = exact[number][place], numeric[number][place]
            if np.any(np.abs(mine - again[number][place]) > nondet_tol):
                raise GradcheckError(
                    "Backward is not reentrant, i.e., running backward with same input and "
                    "grad_output multiple times gives different values, although analytical "
                    f"gradient matches numerical gradient. The tolerance for nondeterminism was "
                    f"{nondet_tol}."
                )
            if fast_mode:
                source = np.random.default_rng(0)
                u, v = source.random(mine.shape[0]), source.random(mine.shape[1])
                mine, other = u @ mine @ v, u @ other @ v
            if not np.allclose(mine, other, rtol, atol, equal_nan=True):
                raise GradcheckError(
                    f"Jacobian mismatch for output {number} with respect to input {position},\n"
                    f"numerical:{tensor(other)}\nanalytical:{tensor(mine)}\n"
                )


def _by_backward(y: Any, inputs: Sequence[Any]) -> list[Array]:
    """The Jacobian of one output, (elements of the input, elements of the output), by input."""
    columns: list[list[Array]] = [[] for _ in inputs]
    if y.requires_grad:
        for element in y.reshape(-1):
            grads = grad(element, inputs, retain_graph=True, allow_unused=True)
            for column, slope, x in zip(columns, grads, inputs, strict=True):
                column.append(np.zeros(x.numel()) if slope is None else _flat(slope))
    return [
        np.stack(column, 1) if column else np.zeros((x.numel(), y.numel()))
        for column, x in zip(columns, inputs, strict=True)
    ]


def _flat(x: Any) -> Array:
    return np.asarray(x.numpy(force=True), np.float64).reshape(-1)


def _by_differences(
    func: Callable[..., Any], inputs: tuple[Any, ...], eps: float, count: int
) -> list[list[Array]]:
    """The same Jacobians by central differences, by output and input."""
    found: list[list[list[Array]]] = [[] for _ in range(count)]

    def values(moved: tuple[Any, ...]) -> list[Array]:
        return [_flat(y) for y in _outputs(func, moved)]

    with no_grad():
        for position, item in enumerate(inputs):
            if not _needs(item):
                continue
            rows: list[list[Array]] = [[] for _ in range(count)]
            middle = item.detach().numpy(force=True)
            for at in np.ndindex(*middle.shape):
                sides = []
                for step in (eps, -eps):
                    host = middle.copy()
                    host[at] += step
                    moved = tensor(host, device=item.device, dtype=item.dtype)
                    sides.append(values((*inputs[:position], moved, *inputs[position + 1 :])))
                for row, above, below in zip(rows, *sides, strict=True):
                    row.append((above - below) / (2 * eps))
            for per_output, row in zip(found, rows, strict=True):
                per_output.append(row)
    outputs = values(inputs) if count else []
    return [
        [np.stack(row) if row else np.zeros((0, y.size)) for row in per_output]
        for per_output, y in zip(found, outputs, strict=True)
    ]


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Compare the second derivatives of a function with central differences of the first.

    The arguments are those of `gradcheck`; ``grad_outputs`` are the gradients at which the first
    derivative is taken, by default ones.

    Returns:
        True if all agree; False if not and ``raise_exception`` is False.

    Raises:
        GradcheckError: if they differ.
        ValueError: if no input requires grad.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([0.5, 2.0], dtype=portfire.float64, requires_grad=True)
        >>> portfire.autograd.gradgradcheck(lambda x: x.sin() * x, (x,))
        True
    """
    given = tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,)
    if grad_outputs is None:
        seeds = tuple(ones_like(y).requires_grad_() for y in _outputs(func, given))
    else:
        seeds = tuple(grad_outputs) if isinstance(grad_outputs, tuple | list) else (grad_outputs,)

    def first(*arguments: Any) -> tuple[Any, ...]:
        xs, gs = arguments[: len(given)], arguments[len(given) :]
        with enable_grad():
            # Elements that are moved come without a history of their own.
            xs = tuple(
                x.detach().requires_grad_() if _needs(old) and not x.requires_grad else x
                for x, old in zip(xs, given, strict=True)
            )
            outputs = _outputs(func, xs)
            wanted = [x for x, old in zip(xs, given, strict=True) if _needs(old)]
            pairs = [(y, g) for y, g in zip(outputs, gs, strict=True) if y.requires_grad]
            found = grad(
                [y for y, _ in pairs],
                wanted,
                [g for _, g in pairs],
                create_graph=True,
                allow_unused=True,
            )
        return tuple(g for g in found if g is not None)

    return gradcheck(
        first,
        (*given, *seeds),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
    )
