"""The backward pass: what arrives where, what is kept, and what is refused."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import pytest

import portfire
from portfire.autograd import backward, grad


def leaf(*values: float, device: str = "cpu") -> portfire.Tensor:
    return portfire.tensor([float(v) for v in values], device=device, requires_grad=True)


def grad_of(x: portfire.Tensor) -> Any:
    assert x.grad is not None
    return x.grad.tolist()


def test_backward_accumulates(device: str) -> None:
    x = leaf(1, 2, device=device)
    for times in (1, 2, 3):
        (x * x).sum().backward()
        assert grad_of(x) == [2 * times, 4 * times]
    x.grad = None
    (x * 3).sum().backward()
    assert grad_of(x) == [3, 3]
    del x.grad
    assert x.grad is None


def test_accumulation_is_seen_by_who_holds_the_gradient() -> None:
    x = leaf(1)
    x.sum().backward()
    held = x.grad
    x.sum().backward()
    assert held is x.grad
    assert held is not None
    assert held.tolist() == [2]


def test_broadcasting_is_undone(device: str) -> None:
    x = portfire.ones(3, 1, device=device, requires_grad=True)
    y = portfire.ones(4, device=device, requires_grad=True)
    s = portfire.ones((), device=device, requires_grad=True)
    (x * y * s).sum().backward()
    assert x.grad is not None
    assert x.grad.shape == (3, 1)
    assert grad_of(x) == [[4], [4], [4]]
    assert grad_of(y) == [3, 3, 3, 3]
    assert grad_of(s) == 12


def test_gradients_have_the_dtype_of_their_tensor() -> None:
    half = portfire.ones(2, dtype=portfire.float16, device="cpu", requires_grad=True)
    double = portfire.ones(2, dtype=portfire.float64, device="cpu", requires_grad=True)
    (half * double).sum().backward()
    assert half.grad is not None
    assert double.grad is not None
    assert half.grad.dtype is portfire.float16
    assert double.grad.dtype is portfire.float64


def test_a_tensor_used_twice_gets_both_gradients() -> None:
    x = leaf(3)
    y = x * 2
    (y * y + y).sum().backward()
    assert grad_of(x) == [2 * 2 * 6 + 2]


def test_several_roots() -> None:
    x = leaf(1, 2)
    backward([x.sum() * 2, x * x], [None, portfire.tensor([1.0, 10.0], device="cpu")])
    assert grad_of(x) == [2 + 2, 2 + 40]


def test_backward_from_a_leaf() -> None:
    x = portfire.tensor(2.0, device="cpu", requires_grad=True)
    x.backward()
    assert grad_of(x) == 1


def test_the_first_gradient_has_to_be_given_for_many_elements() -> None:
    x = leaf(1, 2)
    with pytest.raises(
        RuntimeError, match="grad can be implicitly created only for scalar outputs"
    ):
        (x * 2).backward()
    (x * 2).backward(portfire.tensor([1.0, 3.0], device="cpu"))
    assert grad_of(x) == [2, 6]
    with pytest.raises(RuntimeError, match="Mismatch in shape: grad_output"):
        (x * 2).backward(portfire.ones(3, device="cpu"))


def test_no_history_no_backward() -> None:
    with pytest.raises(RuntimeError, match="does not require grad and does not have a grad_fn"):
        portfire.ones((), device="cpu").backward()


def test_a_freed_graph_can_not_be_used_again() -> None:
    x = leaf(1, 2)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


def test_retain_graph_keeps_it() -> None:
    x = leaf(1, 2)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert grad_of(x) == [4, 8]


def test_only_the_inputs_asked_for_accumulate() -> None:
    x, y = leaf(2), leaf(3)
    (x * y).sum().backward(inputs=[x])
    assert grad_of(x) == [3]
    assert y.grad is None
    with pytest.raises(RuntimeError, match=r"`inputs` argument to `backward\(\)`"):
        (x * y).sum().backward(inputs=[])


def test_grad_returns_and_accumulates_nothing(device: str) -> None:
    x, y = leaf(2, device=device), leaf(3, device=device)
    gx, gy = grad((x * x * y).sum(), (x, y))
    assert (gx.tolist(), gy.tolist()) == ([12], [4])
    assert x.grad is None
    assert y.grad is None


def test_grad_of_an_intermediate() -> None:
    x = leaf(2)
    y = x * 3
    (g,) = grad((y * y).sum(), y)
    assert g.tolist() == [12]


def test_grad_of_what_is_not_used() -> None:
    x, unused = leaf(2), leaf(1)
    with pytest.raises(RuntimeError, match="appears to not have been used in the graph"):
        grad((x * x).sum(), (x, unused))
    assert grad((x * x).sum(), (x, unused), allow_unused=True)[1] is None
    assert grad((x * x).sum(), unused, materialize_grads=True)[0].tolist() == [0]
    with pytest.raises(RuntimeError, match="does not require grad"):
        grad((x * x).sum(), portfire.ones(1, device="cpu"))


def test_grad_with_given_gradients() -> None:
    x = leaf(1, 2)
    (g,) = grad(x * x, x, grad_outputs=portfire.tensor([1.0, -1.0], device="cpu"))
    assert g.tolist() == [2, -4]


def test_higher_order(device: str) -> None:
    x = leaf(2, device=device)
    y = (x**4).sum()
    expected = (32.0, 48.0, 48.0, 24.0)
    for value in expected:
        (y,) = grad(y.sum(), x, create_graph=True)
        assert y.tolist() == pytest.approx([value])


def test_create_graph_makes_grad_differentiable() -> None:
    x = leaf(3)
    (x**3).sum().backward(create_graph=True)
    assert x.grad is not None
    assert x.grad.requires_grad
    (second,) = grad(x.grad.sum(), x)
    assert second.tolist() == [18]


def test_a_gradient_penalty_trains() -> None:
    w = leaf(2)
    x = leaf(3)
    (g,) = grad((w * x * x).sum(), x, create_graph=True)  # 2 w x
    ((g - 1) ** 2).sum().backward()  # d/dw (2wx - 1)**2 = 2 (2wx - 1) 2x
    assert grad_of(w) == [2 * 11 * 6]


# Modes


def test_no_grad_as_context_and_decorator() -> None:
    x = leaf(1)
    with portfire.no_grad():
        assert not portfire.is_grad_enabled()
        assert not (x * 2).requires_grad
        with portfire.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
    assert (x * 2).requires_grad

    @portfire.no_grad()
    def called() -> bool:
        return (x * 2).requires_grad

    @portfire.no_grad
    def bare() -> bool:
        return (x * 2).requires_grad

    assert not called()
    assert not bare()
    assert portfire.is_grad_enabled()


def test_the_mode_comes_back_after_an_error() -> None:
    with pytest.raises(ValueError, match="inside"), portfire.no_grad():
        raise ValueError("inside")
    assert portfire.is_grad_enabled()


def test_set_grad_enabled() -> None:
    x = leaf(1)
    with portfire.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert portfire.is_grad_enabled()
    portfire.set_grad_enabled(False)
    try:
        assert not portfire.is_grad_enabled()
    finally:
        portfire.set_grad_enabled(True)
    with portfire.inference_mode():
        assert not (x * 2).requires_grad
    with portfire.inference_mode(False):
        assert (x * 2).requires_grad


def test_the_mode_is_of_its_thread() -> None:
    seen = []
    with portfire.no_grad():
        thread = threading.Thread(target=lambda: seen.append(portfire.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


# What requires grad


def test_leaves_and_flags() -> None:
    x = leaf(1)
    y = x * 2
    assert x.is_leaf
    assert not y.is_leaf
    assert x.grad_fn is None
    assert y.grad_fn is not None
    assert not y.detach().requires_grad
    assert y.detach().is_leaf
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf"):
        y.requires_grad_(False)
    with pytest.raises(RuntimeError, match="only Tensors of floating point dtype can require grad"):
        portfire.ones(1, dtype=portfire.int64, device="cpu").requires_grad_()
    z = portfire.ones(2, device="cpu")
    z.requires_grad = True
    assert (z * 2).requires_grad
    z.requires_grad = False
    assert not (z * 2).requires_grad


def test_integers_carry_no_history() -> None:
    x = leaf(1.5)
    assert not (x > 1).requires_grad
    assert not x.long().requires_grad
    assert not x.argmax().requires_grad
    assert x.double().requires_grad


def test_the_gradient_has_to_fit() -> None:
    x = leaf(1, 2)
    with pytest.raises(RuntimeError, match="attempting to assign a gradient of size"):
        x.grad = portfire.ones(3, device="cpu")
    with pytest.raises(RuntimeError, match="attempting to assign a gradient with dtype"):
        x.grad = portfire.ones(2, dtype=portfire.float64, device="cpu")
    with pytest.raises(TypeError, match="assigned grad expected to be a Tensor or None"):
        x.grad = 1.0  # type: ignore[assignment]  # what is wrong on purpose
    x.grad = portfire.ones(2, device="cpu")
    x.sum().backward()
    assert grad_of(x) == [2, 2]


# Hooks


def test_a_tensor_hook_sees_and_changes_the_gradient(device: str) -> None:
    x = leaf(1, 2, device=device)
    y = x * 2
    seen = []
    first = y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    (y * 3).sum().backward()
    assert seen == [[3, 3]]
    assert grad_of(x) == [60, 60]
    first.remove()
    (x * 1).sum().backward()
    assert seen == [[3, 3]]


def test_a_hook_of_a_leaf_runs_once_on_the_sum() -> None:
    x = leaf(1)
    seen = []
    handle = x.register_hook(lambda g: seen.append(g.item()))
    (x * 2 + x * 3).sum().backward()
    assert seen == [5]
    handle.remove()
    x.sum().backward()
    assert seen == [5]
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't requi"):
        portfire.ones(1, device="cpu").register_hook(print)


def test_a_node_hook() -> None:
    x = leaf(1)
    y = x * 4
    seen = []
    assert y.grad_fn is not None
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs[0], outputs[0])))
    y.sum().backward()
    assert [[t.item() for t in pair] for pair in seen] == [[4, 1]]


def test_retain_grad_of_an_intermediate() -> None:
    x = leaf(1, 2)
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    assert grad_of(y) == [4, 8]
    assert (x * 2).grad is None
    with pytest.raises(
        RuntimeError, match="can't retain_grad on Tensor that has requires_grad=Fal"
    ):
        portfire.ones(1, device="cpu").retain_grad()


def test_the_graph_can_be_walked() -> None:
    x = leaf(1)
    node = (x * 2).exp().grad_fn
    assert node is not None
    assert node.name() == "ExpBackward0"
    (below, number), *_ = node.next_functions
    assert below is not None
    assert (below.name(), number) == ("MulBackward0", 0)
    accumulate = below.next_functions[0][0]
    assert accumulate is not None
    assert accumulate.name() == "AccumulateGrad"


# Size, memory, threads


def test_a_graph_of_ten_thousand_steps() -> None:
    x = leaf(1)
    y = x
    for _ in range(10_000):
        y = y + 1
    y.backward()
    assert grad_of(x) == [1]
    del y
    gc.collect()


def test_a_graph_of_ten_thousand_steps_dies_without_recursion() -> None:
    x = leaf(1)
    y = x
    for _ in range(10_000):
        y = y * 1.0001
    reference = weakref.ref(y)
    del y
    gc.collect()
    assert reference() is None


def test_backward_from_several_threads() -> None:
    x = leaf(*[1.0] * 8)
    errors = []

    def work() -> None:
        try:
            for _ in range(20):
                y = leaf(2)
                (y * y).sum().backward()
                assert grad_of(y) == [4]
                (gx,) = grad((x * x).sum(), x)
                assert gx.tolist() == [2.0] * 8
        except BaseException as error:  # noqa: BLE001  (reported below)
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_tensors_die_when_the_graph_is_dropped() -> None:
    x = leaf(1)
    y = x * 2
    z = (y * y).sum()
    z.backward()
    references = [weakref.ref(t) for t in (y, z)]
    del y, z
    gc.collect()
    assert [r() for r in references] == [None, None]


def test_gradients_cross_devices(device: str) -> None:
    x = portfire.tensor([1.0, 2.0], device="cpu", requires_grad=True)
    y = (x.to(device) * 3).cpu()
    (y * y).sum().backward()
    assert grad_of(x) == [18, 36]
    assert x.grad is not None
    assert x.grad.device == x.device


# Gradients at the points where definitions differ: torch's choices


@pytest.mark.parametrize(
    ("function", "at", "slope"),
    [
        (lambda x: x.abs(), 0.0, 0.0),
        (lambda x: x.relu(), 0.0, 0.0),
        (lambda x: x.sign(), 0.5, 0.0),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x**2, 0.0, 0.0),
        (lambda x: x.clamp(0, 1), 0.0, 1.0),
        (lambda x: x.clamp(0, 1), 1.0, 1.0),
        (lambda x: x.clamp(0, 1), 1.5, 0.0),
        (lambda x: x.maximum(x.detach()), 3.0, 0.5),
        (lambda x: x.prod(), 0.0, 1.0),
        (lambda x: portfire.where(x > 0, x.sqrt(), x * 2), 4.0, 0.25),
    ],
)
def test_slopes_at_corners(function: Any, at: float, slope: float, device: str) -> None:
    x = portfire.tensor(at, device=device, requires_grad=True)
    function(x).backward()
    assert grad_of(x) == pytest.approx(slope)


def test_ties_of_an_extreme() -> None:
    x = leaf(2, 5, 5)
    x.max().backward()
    assert grad_of(x) == [0, 0.5, 0.5]
    y = portfire.tensor([[2.0, 5.0, 5.0]], device="cpu", requires_grad=True)
    y.max(1).values.sum().backward()
    assert grad_of(y) == [[0, 1, 0]]
    z = leaf(2, 5, 5)
    z.amax().backward()
    assert grad_of(z) == [0, 0.5, 0.5]


def test_the_product_is_exact_with_zeros() -> None:
    x = leaf(0, 2, 3)
    x.prod().backward()
    assert grad_of(x) == [6, 0, 0]
    y = leaf(0, 0, 3)
    y.prod().backward()
    assert grad_of(y) == [0, 0, 0]


def test_a_leaf_that_no_longer_asks_gets_no_gradient(device: str) -> None:
    x = portfire.ones(2, device=device, requires_grad=True)
    y = x * 2
    x.requires_grad_(False)
    y.sum().backward()
    assert x.grad is None
