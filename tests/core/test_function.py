"""Operations with a backward of the user's own."""

from __future__ import annotations

import gc
import weakref
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


def function(forward: Any, backward: Any) -> Any:
    """A subclass of two functions."""
    methods = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Made", (Function,), methods)


@pytest.mark.parametrize(
    ("returned", "kind", "message"),
    [
        (portfire.ones(3, device="cpu"), RuntimeError, r"at index 0 - got \[3\] but expected sha"),
        (portfire.ones(1, device="cpu"), RuntimeError, r"at index 0 - got \[1\] but expected sha"),
        (1.0, RuntimeError, r"expected Variable or None \(got float\)"),
        ((None, portfire.ones(2, device="cpu")), RuntimeError, "different than None at position 2"),
        ((None, None, portfire.ones(2, device="cpu")), RuntimeError, r"expected 2, got 3"),
    ],
)
def test_gradients_that_do_not_fit(returned: Any, kind: type[Exception], message: str) -> None:
    full = returned if isinstance(returned, tuple) else (returned, None)
    y = function(lambda ctx, x, k: x * k, lambda ctx, g: full).apply(leaf(1, 2), 3)
    with pytest.raises(kind, match=message):
        y.sum().backward()


def test_gradients_are_fitted(device: str) -> None:
    x = leaf(1, 2, device=device)
    wide = portfire.ones(3, 2, device=device, dtype=portfire.int64)
    function(lambda ctx, x: x * 1, lambda ctx, g: wide).apply(x).sum().backward()
    assert grad_of(x) == [3, 3]
    assert x.grad is not None
    assert x.grad.dtype is portfire.float32
    extra = function(lambda ctx, x, y: x * 1, lambda ctx, g: (g, g, None))
    extra.apply(x, portfire.ones(2, device=device)).sum().backward()
    assert grad_of(x) == [4, 4]


def test_outputs_that_are_no_tensors() -> None:
    seen: list[Any] = []

    def backward(ctx: Any, *grads: Any) -> Any:
        seen.append(grads[1:])
        return grads[0]

    x = leaf(1, 2)
    y, five, nothing = function(lambda ctx, x: (x * 1, 5, None), backward).apply(x)
    y.sum().backward()
    assert (five, nothing, seen) == (5, None, [(None, None)])
    first, second = function(lambda ctx, x: [x * 1, x * 2], backward).apply(x)
    assert not first.requires_grad
    assert second.tolist() == [2, 4]
    assert function(lambda ctx, x: 3, backward).apply(x) == 3


def test_integer_outputs_get_zeros() -> None:
    seen = []

    def backward(ctx: Any, g: Any, order: Any) -> Any:
        seen.append(order.tolist())
        return g

    y, order = function(lambda ctx, x: (x * 1, x.argsort()), backward).apply(leaf(2, 1))
    y.sum().backward()
    assert seen == [[0, 0]]
    assert not order.requires_grad


def test_what_is_dirty() -> None:
    def double(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(2)

    def lost(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(2) * 1

    x = leaf(3)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad has been used in a"):
        function(double, lambda ctx, g: g * 2).apply(x)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being"):
        function(double, lambda ctx, g: g * 2).apply(leaf(1, 2)[:1])
    with pytest.raises(RuntimeError, match="marked as dirty during the forward method were not re"):
        function(lost, lambda ctx, g: g * 2).apply(x * 1)


def test_a_dirty_view_changes_its_base(device: str) -> None:
    def triple(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(3)

    x = leaf(1, 2, 3, device=device)
    base = x * 1
    view = base[:2]
    assert function(triple, lambda ctx, g: g * 3).apply(view) is view
    base.sum().backward()
    assert base.tolist() == [3, 6, 3]
    assert grad_of(x) == [3, 3, 1]


def test_a_plain_tensor_that_is_dirty_gets_a_history() -> None:
    def scale(ctx: Any, x: Any, y: Any) -> Any:
        ctx.mark_dirty(x)
        ctx.save_for_backward(y)
        return x.mul_(y)

    y = leaf(1, 2)
    x = portfire.ones(2, device="cpu")
    assert function(scale, lambda ctx, g: (None, g * 5)).apply(x, y) is x
    assert x.requires_grad
    x.sum().backward()
    assert grad_of(y) == [5, 5]


def test_views_of_inputs_become_tensors_of_their_own() -> None:
    x = leaf(1, 2, 3)
    y = x * 1
    part = function(lambda ctx, x: x[:2], lambda ctx, g: portfire.ones(3, device="cpu")).apply(y)
    part.mul_(2)
    assert part.tolist() == [2, 4]
    assert y.tolist() == [1, 2, 3]
    part.sum().backward()
    assert grad_of(x) == [1, 1, 1]


def test_the_node_shows_its_context() -> None:
    def forward(ctx: Any, x: Any, k: float) -> Any:
        ctx.k = k
        ctx.save_for_backward(x)
        return x * k

    x = leaf(1)
    node = function(forward, lambda ctx, g: (g * ctx.k, None)).apply(x, 5.0).grad_fn
    assert (node.k, node.needs_input_grad) == (5.0, (True, False))
    assert node.saved_tensors[0].requires_grad
    assert [n.name() for n, _ in node.next_functions] == ["AccumulateGrad"]
    with pytest.raises(AttributeError, match="nothing_there"):
        node.nothing_there  # noqa: B018  (it raises)


def test_saving_what_is_no_tensor() -> None:
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x, 3)
        return x * 1

    with pytest.raises(TypeError, match="can only save variables, but argument 1 is of type int"):
        function(forward, lambda ctx, g: g).apply(leaf(1))


def test_saved_tensors_are_those_at_the_end_of_forward() -> None:
    def forward(ctx: Any, x: Any) -> Any:
        y = x * 1
        ctx.save_for_backward(y)
        return y.add_(1)

    def backward(ctx: Any, g: Any) -> Any:
        return g * ctx.saved_tensors[0]

    x = leaf(1, 2)
    function(forward, backward).apply(x).sum().backward()
    assert grad_of(x) == [2, 3]


def test_backward_by_its_other_name() -> None:
    class Quadruple(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 4

        @staticmethod
        def vjp(ctx: Any, *grads: Any) -> Any:
            return grads[0] * 4

    class Both(Quadruple):
        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return grads[0]

    x = leaf(1)
    Quadruple.apply(x).sum().backward()
    assert grad_of(x) == [4]
    with pytest.raises(RuntimeError, match="Implementing both 'backward' and 'vjp'"):
        Both.apply(x)
    with pytest.raises(RuntimeError, match="Legacy autograd function with non-static forward"):
        Quadruple()(x)


def test_keywords_and_defaults_reach_forward() -> None:
    made = function(lambda ctx, x, k=2: x * k, lambda ctx, g: g * 2)
    x = leaf(1)
    assert made.apply(x, k=3).tolist() == [3]
    made.apply(x).sum().backward()
    assert grad_of(x) == [2]


def test_contexts_die_without_the_garbage_collector() -> None:
    class Exp(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * ctx.saved_tensors[0]

    gc.disable()
    try:
        y = Exp.apply(leaf(1))
        gone = weakref.ref(y.grad_fn)
        del y
        assert gone() is None
    finally:
        gc.enable()
