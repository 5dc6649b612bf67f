"""Derivatives of functions: autograd.functional, func, and gradcheck, against analysis by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire.autograd import functional

X = np.array([0.5, -1.0, 2.0])
W = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def tensors(device: str) -> tuple[Any, Any]:
    return (
        portfire.tensor(X, dtype=portfire.float32, device=device),
        portfire.tensor(W, dtype=portfire.float32, device=device),
    )


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found.tolist(), expected, rtol=1e-5, atol=1e-5)


def outputs(x: Any, w: Any) -> tuple[Any, Any]:
    return w @ x.exp(), (x * x).sum()


def test_jacobian_of_two_outputs_by_two_inputs(device: str) -> None:
    found = functional.jacobian(outputs, tensors(device))
    close(found[0][0], W * np.exp(X))
    by_weight = np.zeros((2, 2, 3))
    by_weight[0, 0] = by_weight[1, 1] = np.exp(X)
    close(found[0][1], by_weight)
    close(found[1][0], 2 * X)
    close(found[1][1], np.zeros((2, 3)))


def test_products_with_vectors_from_both_sides(device: str) -> None:
    x, w = tensors(device)
    v, u = portfire.tensor([1.0, -2.0], device=device), portfire.tensor(3.0, device=device)
    (y, s), (by_x, by_w) = functional.vjp(outputs, (x, w), (v, u))
    close(y, W @ np.exp(X))
    close(s, (X * X).sum())
    close(by_x, np.array([1.0, -2.0]) @ (W * np.exp(X)) + 6 * X)
    close(by_w, np.outer([1.0, -2.0], np.exp(X)))
    _, (dy, ds) = functional.jvp(outputs, (x, w), (x, w))
    close(dy, (W * np.exp(X)) @ X + W @ np.exp(X))
    close(ds, 2 * (X * X).sum())


def test_hessian_and_its_products(device: str) -> None:
    x, _ = tensors(device)
    expected = np.diag(6 * X)
    close(functional.hessian(lambda x: (x**3).sum(), x), expected)
    v = portfire.tensor([1.0, 2.0, 3.0], device=device)
    for product in (functional.hvp, functional.vhp):
        value, found = product(lambda x: (x**3).sum(), x, v)
        close(value, (X**3).sum())
        close(found, expected @ [1.0, 2.0, 3.0])


def test_the_result_is_differentiable_if_wanted() -> None:
    x = portfire.tensor([1.0, 2.0], requires_grad=True)
    found = functional.jacobian(lambda x: x**3, x, create_graph=True)
    found.sum().backward()
    close(x.grad, [6.0, 12.0])
    assert not functional.jacobian(lambda x: x**3, x).requires_grad


def test_an_empty_input_has_an_empty_jacobian() -> None:
    x = portfire.zeros(0)
    assert functional.jacobian(lambda x: x * 2, x).shape == (0, 0)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda x: functional.vjp(lambda x: x, x), RuntimeError, "v can only be None"),
        (lambda x: functional.jvp(lambda x: x, x), RuntimeError, "v can only be None"),
        (lambda x: functional.jvp(lambda x: x, x, x[:1]), RuntimeError, "invalid size at index 0"),
        (lambda x: functional.vjp(lambda x: x, x, (x, x)), RuntimeError, "tuple of 1 tensors"),
        (lambda x: functional.jacobian(lambda x: 1, x), TypeError, "has type <class 'int'>"),
        (lambda x: functional.jacobian(lambda x: x, [x, 1]), TypeError, "value at index 1"),
        (lambda x: functional.hessian(lambda x: x, x), RuntimeError, "single element"),
        (lambda x: functional.hessian(lambda x: 1, x), TypeError, "has type <class 'int'>"),
        (
            lambda x: functional.jacobian(lambda x: portfire.ones(2), x, strict=True),
            RuntimeError,
            "independent of input 0",
        ),
        (
            lambda x: functional.jacobian(lambda x: 2 * x, x, create_graph=True, strict=True),
            RuntimeError,
            "independent of it",
        ),
        (lambda x: functional.jacobian(lambda x: x, x, strategy="x"), ValueError, "strategy"),
        (lambda x: portfire.func.grad(lambda x: x)(x), RuntimeError, "got tensor with 1 dims"),
        (lambda x: portfire.func.grad(lambda x: 1)(x), RuntimeError, "got output of type"),
        (
            lambda x: portfire.func.vjp(lambda x: x, x)[1](x[:1]),
            RuntimeError,
            "Expected cotangents",
        ),
    ],
)
def test_wrong_calls(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(portfire.tensor([1.0, 2.0]))


# portfire.func


def test_gradients_of_structures() -> None:
    def loss(weights: dict[str, Any], scale: float) -> tuple[Any, str]:
        return (weights["a"] * weights["b"][0]).sum() * scale, "aux"

    given = {"a": portfire.tensor([1.0, 2.0]), "b": [portfire.tensor([3.0, 4.0])]}
    slopes, (value, aux) = portfire.func.grad_and_value(loss, has_aux=True)(given, 2.0)
    close(slopes["a"], [6.0, 8.0])
    close(slopes["b"][0], [2.0, 4.0])
    assert (value.item(), aux) == (22.0, "aux")
    assert not slopes["a"].requires_grad
    assert given["a"].grad is None


def test_transformations_nest() -> None:
    third = portfire.func.grad(portfire.func.grad(portfire.func.grad(lambda x: x**4)))
    assert third(portfire.tensor(2.0)).item() == 48.0
    found = portfire.func.jacrev(portfire.func.jacrev(lambda x: x**3))(portfire.tensor([1.0, 2.0]))
    close(found, [[[6.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 12.0]]])


def test_arguments_to_differentiate_by_are_chosen() -> None:
    x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([3.0, 4.0])
    by_x, by_y = portfire.func.grad(lambda a, b: (a * b * b).sum(), argnums=(0, 1))(x, y)
    close(by_x, [9.0, 16.0])
    close(by_y, [6.0, 16.0])
    close(portfire.func.jacrev(lambda a, b: a * b.sum(), argnums=1)(x, y), [[1, 1], [2, 2]])
    close(portfire.func.hessian(lambda a, b: (a * b).prod(), argnums=1)(x, y), [[0, 2], [2, 0]])


def test_pulling_back_several_times() -> None:
    x, y = portfire.tensor([1.0, 2.0]), portfire.tensor([3.0, 4.0])
    outputs, pull = portfire.func.vjp(lambda a, b: (a * b, a.sum()), x, y)
    close(outputs[0], [3.0, 8.0])
    for scale in (1.0, 2.0):
        by_x, by_y = pull((portfire.ones(2) * scale, portfire.tensor(scale)))
        close(by_x, np.array([4.0, 5.0]) * scale)
        close(by_y, np.array([1.0, 2.0]) * scale)


def test_a_result_stays_in_an_outer_graph() -> None:
    x = portfire.tensor([1.0, 2.0], requires_grad=True)
    portfire.func.grad(lambda a: (a**3).sum())(x).sum().backward()
    close(x.grad, [6.0, 12.0])


# gradcheck


class Wrong(portfire.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:  # type: ignore[override]  # one output
        return grad * 3


def double(*numbers: float) -> Any:
    return portfire.tensor(numbers, dtype=portfire.float64, requires_grad=True)


@pytest.mark.parametrize("fast", [False, True])
def test_right_derivatives_pass(fast: bool) -> None:
    x, y = double(0.5, 2.0), double(1.5)

    def function(x: Any, y: Any, n: int) -> tuple[Any, Any]:
        return x.exp() * y * n, x.sum()

    assert portfire.autograd.gradcheck(function, (x, y, 3), fast_mode=fast)
    assert portfire.autograd.gradgradcheck(lambda x, y: x.exp() * y**3, (x, y), fast_mode=fast)


@pytest.mark.parametrize("fast", [False, True])
def test_wrong_derivatives_do_not(fast: bool) -> None:
    x = double(0.5, 2.0)
    with pytest.raises(
        portfire.autograd.GradcheckError, match="for output 0 with respect to input 0"
    ):
        portfire.autograd.gradcheck(Wrong.apply, (x,), fast_mode=fast)
    assert not portfire.autograd.gradcheck(Wrong.apply, (x,), raise_exception=False)
    # Wrong everywhere by a factor, so the second derivatives differ as the first do.
    with pytest.raises(portfire.autograd.GradcheckError, match="Jacobian mismatch"):
        portfire.autograd.gradgradcheck(lambda x: Wrong.apply(x) ** 2, (x,))


def test_what_can_not_be_checked() -> None:
    with pytest.raises(ValueError, match="at least one input tensor to require gradient"):
        portfire.autograd.gradcheck(lambda x: x, portfire.ones(1))
    x = portfire.ones(1, requires_grad=True)
    with pytest.warns(UserWarning, match="Input #0 requires gradient and is not a double"):
        portfire.autograd.gradcheck(lambda x: x * 2, (x,), eps=1e-2, atol=1e-2)
