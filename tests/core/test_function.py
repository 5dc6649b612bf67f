"""Operations with a backward of the user's own."""

from __future__ import annotations

from typing import Any

import pytest

import portfire
from portfire.autograd import Function, grad
from portfire.autograd.function import once_differentiable


class Cube(Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


class Scale(Function):
    """The newer form: forward without a context."""

    @staticmethod
    def forward(x: Any, factor: float) -> Any:
        return x * factor

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, ctx.factor = inputs

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.factor, None


def leaf(*values: float, device: str = "cpu") -> portfire.Tensor:
    return portfire.tensor([float(v) for v in values], device=device, requires_grad=True)


def grad_of(x: portfire.Tensor) -> Any:
    assert x.grad is not None
    return x.grad.tolist()


def test_forward_and_backward(device: str) -> None:
    x = leaf(2, 3, device=device)
    y = Cube.apply(x)
    assert y.grad_fn.name() == "CubeBackward"
    y.sum().backward()
    assert grad_of(x) == [12, 27]


def test_the_backward_is_differentiable() -> None:
    x = leaf(2)
    (first,) = grad(Cube.apply(x).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert second.tolist() == [12]


def test_setup_context_and_plain_arguments() -> None:
    x = leaf(2)
    Scale.apply(x, 5.0).sum().backward()
    assert grad_of(x) == [5]


def test_needs_input_grad_tells_what_is_asked() -> None:
    seen = []

    class Product(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            seen.append(ctx.needs_input_grad)
            x, y = ctx.saved_tensors
            return g * y, g * x

    x = leaf(2)
    Product.apply(x, portfire.ones(1, device="cpu")).sum().backward()
    assert seen == [(True, False)]


def test_several_outputs_and_missing_gradients() -> None:
    class Split(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2, x * 3

        @staticmethod
        def backward(ctx: Any, first: Any, second: Any) -> Any:
            return first * 2 + second * 3

    x = leaf(1, 1)
    a, b = Split.apply(x)
    a.sum().backward(retain_graph=True)  # the gradient of b arrives as zeros
    assert grad_of(x) == [2, 2]
    (a + b).sum().backward()
    assert grad_of(x) == [2 + 5, 2 + 5]


def test_missing_gradients_can_stay_none() -> None:
    seen = []

    class Pair(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx: Any, first: Any, second: Any) -> Any:
            seen.append((first is None, second is None))
            return second * 2

    x = leaf(1)
    Pair.apply(x)[1].sum().backward()
    assert seen == [(True, False)]
    assert grad_of(x) == [2]


def test_outputs_without_gradient() -> None:
    class Order(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            rounded = x.round()
            ctx.mark_non_differentiable(rounded)
            return x * 1, rounded

        @staticmethod
        def backward(ctx: Any, g: Any, _: Any) -> Any:
            return g

    x = leaf(1.5)
    y, rounded = Order.apply(x)
    assert y.requires_grad
    assert not rounded.requires_grad


def test_in_place_forward() -> None:
    class Double(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            x.mul_(2)
            ctx.mark_dirty(x)
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    x = leaf(3)
    y = x * 1
    z = Double.apply(y)
    assert z is y
    z.sum().backward()
    assert y.tolist() == [6]
    assert grad_of(x) == [2]


def test_a_saved_output_has_the_history_of_the_function() -> None:
    class Exp(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (y,) = ctx.saved_tensors
            return g * y

    x = leaf(0.5)
    y = Exp.apply(x).sum()
    for _ in range(3):
        (y,) = grad(y.sum(), x, create_graph=True)
        assert y.tolist() == pytest.approx([1.6487212], rel=1e-6)


def test_once_differentiable() -> None:
    class Square(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * 2 * x

    x = leaf(3)
    Square.apply(x).sum().backward()
    assert grad_of(x) == [6]
    (first,) = grad((Square.apply(x) * x).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="marked with @once_differentiable"):
        first.sum().backward()


def test_a_wrong_number_of_gradients() -> None:
    class Wrong(Function):
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            return x + y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    x = leaf(1)
    with pytest.raises(
        RuntimeError, match=r"returned an incorrect number of gradients \(expected 2"
    ):
        Wrong.apply(x, x * 2).sum().backward()


def test_saved_tensors_are_freed() -> None:
    x = leaf(2)
    y = Cube.apply(x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


def test_a_function_without_its_methods() -> None:
    class Empty(Function):
        pass

    class NoBackward(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

    x = leaf(1)
    with pytest.raises(NotImplementedError, match="You must implement the forward function"):
        Empty.apply(x)
    with pytest.raises(NotImplementedError, match="You must implement the backward"):
        NoBackward.apply(x).sum().backward()


def test_forward_is_not_recorded() -> None:
    inside = []

    class Look(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            inside.append((portfire.is_grad_enabled(), (x * 2).requires_grad))
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g

    Look.apply(leaf(1))
    assert inside == [(False, False)]


def test_an_input_returned_as_it_is() -> None:
    class Same(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 7

    x = leaf(1)
    y = Same.apply(x)
    assert y is not x
    y.sum().backward()
    assert grad_of(x) == [7]
