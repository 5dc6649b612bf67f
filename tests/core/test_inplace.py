"""In-place operations, with and without autograd, on leaves, views and their bases."""

from __future__ import annotations

from typing import Any

import pytest

import portfire

FORMS: dict[str, tuple[Any, Any]] = {
    "add_": (lambda x: x.add_(2), lambda x: x + 2),
    "add_ with alpha": (lambda x: x.add_(x, alpha=3), lambda x: x + x * 3),
    "sub_": (lambda x: x.sub_(2), lambda x: x - 2),
    "mul_": (lambda x: x.mul_(2), lambda x: x * 2),
    "div_": (lambda x: x.div_(2), lambda x: x / 2),
    "pow_": (lambda x: x.pow_(2), lambda x: x**2),
    "neg_": (lambda x: x.neg_(), lambda x: -x),
    "abs_": (lambda x: x.abs_(), lambda x: x.abs()),
    "exp_": (lambda x: x.exp_(), lambda x: x.exp()),
    "sqrt_": (lambda x: x.sqrt_(), lambda x: x.sqrt()),
    "clamp_": (lambda x: x.clamp_(1, 2), lambda x: x.clamp(1, 2)),
    "clamp_ by keyword": (lambda x: x.clamp_(min=2), lambda x: x.clamp(min=2)),
    "round_": (lambda x: x.round_(), lambda x: x.round()),
    "floor_": (lambda x: x.floor_(), lambda x: x.floor()),
    "relu_": (lambda x: x.relu_(), lambda x: x.relu()),
    "sigmoid_": (lambda x: x.sigmoid_(), lambda x: x.sigmoid()),
    "tanh_": (lambda x: x.tanh_(), lambda x: x.tanh()),
    "fill_": (lambda x: x.fill_(3), lambda x: x * 0 + 3),
    "zero_": (lambda x: x.zero_(), lambda x: x * 0),
    "copy_": (lambda x: x.copy_(x[1] + 1), lambda x: (x[1] + 1).expand(2, 3)),
    "masked_fill_": (lambda x: x.masked_fill_(x > 1, 9), lambda x: x.masked_fill(x > 1, 9)),
    "lerp_": (lambda x: x.lerp_(x * 3, 0.5), lambda x: x * 2),
    "addcmul_": (lambda x: x.addcmul_(x, x, value=2), lambda x: x + x * x * 2),
    "addcdiv_": (lambda x: x.addcdiv_(x, x + 1), lambda x: x + x / (x + 1)),
    "tril_": (lambda x: x.tril_(), lambda x: x.tril()),
    "cumsum_": (lambda x: x.cumsum_(1), lambda x: x.cumsum(1)),
}


def start(device: str) -> portfire.Tensor:
    return portfire.tensor([[0.5, 1.0, 1.5], [2.0, 2.5, 0.25]], device=device)


@pytest.mark.parametrize("name", FORMS)
def test_the_form_changes_the_tensor_and_returns_it(name: str, device: str) -> None:
    change, function = FORMS[name]
    x = start(device)
    alias = x.view(-1)
    expected = function(start(device)).tolist()
    assert change(x) is x
    assert x.tolist() == expected
    assert alias.reshape(2, 3).tolist() == expected


@pytest.mark.parametrize("name", FORMS)
def test_the_gradient_is_that_of_the_function(name: str, device: str) -> None:
    change, function = FORMS[name]
    grads = []
    for form in (lambda x: change(x.clone()), function):
        x = start(device).requires_grad_(True)
        (form(x) * start(device)).sum().backward()
        assert x.grad is not None
        grads.append(x.grad.tolist())
    flat = [[v for row in grad for v in row] for grad in grads]
    assert flat[0] == pytest.approx(flat[1], rel=1e-5, abs=1e-6)


def test_augmented_assignment(device: str) -> None:
    x = portfire.tensor([5, 7], device=device)
    alias = x
    x += 1
    x -= 2
    x *= 3
    x //= 2
    x %= 5
    x **= 2
    x <<= 1
    x >>= 1
    x |= 4
    x &= 7
    x ^= 1
    assert alias is x
    # ((5 + 1 - 2) * 3 // 2 % 5) ** 2 is 1, and ((7 + 1 - 2) * 3 // 2 % 5) ** 2 is 16
    assert x.tolist() == [(1 | 4) & 7 ^ 1, (16 | 4) & 7 ^ 1]


def test_integers_can_not_take_floats(device: str) -> None:
    x = portfire.tensor([1, 2], device=device)
    with pytest.raises(RuntimeError, match="result type Float can't be cast to the desired output"):
        x += 1.5
    with pytest.raises(RuntimeError, match="result type Float can't be cast"):
        x.div_(2)
    x.mul_(True)
    assert x.tolist() == [1, 2]


def test_the_dtype_stays(device: str) -> None:
    x = portfire.tensor([1.0], dtype=portfire.float16, device=device)
    x += portfire.tensor([2.0], device=device)
    assert x.dtype is portfire.float16
    assert x.item() == 3


def test_the_result_can_not_be_larger(device: str) -> None:
    x = portfire.zeros(1, 2, device=device)
    with pytest.raises(
        RuntimeError, match=r"output with shape \[1, 2\] doesn't match the broadcas"
    ):
        x += portfire.ones(2, 2, device=device)


def test_a_leaf_that_requires_grad_is_protected(device: str) -> None:
    x = portfire.ones(2, device=device, requires_grad=True)
    for change in (lambda: x.add_(1), lambda: x.zero_(), lambda: x.__setitem__(0, 1.0)):
        with pytest.raises(RuntimeError, match=r"a (view of a )?leaf Variable that requires grad"):
            change()
    with portfire.no_grad():
        x.add_(1)
    assert x.tolist() == [2, 2]
    assert x.is_leaf
    assert x.requires_grad


def test_a_view_of_a_leaf_is_protected_too(device: str) -> None:
    x = portfire.ones(2, device=device, requires_grad=True)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being"):
        x[0].add_(1)


def test_gradients_flow_through_a_write_into_a_view(device: str) -> None:
    x = portfire.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
    y = x * 2
    y[1].mul_(5)
    assert y.tolist() == [2, 20, 6]
    (y * y).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [8, 2 * 20 * 10, 24]


def test_gradients_flow_to_what_was_written(device: str) -> None:
    source = portfire.tensor([3.0, 4.0], device=device, requires_grad=True)
    y = portfire.zeros(4, device=device)
    y[1:3] = source * 2
    assert y.requires_grad
    (y * portfire.arange(4.0, device=device)).sum().backward()
    assert source.grad is not None
    assert source.grad.tolist() == [2, 4]


def test_a_view_made_before_the_write_has_the_new_history(device: str) -> None:
    x = portfire.tensor([1.0, 2.0], device=device, requires_grad=True)
    y = x * 1
    view = y[0]
    y.mul_(3)
    view.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 0]


def test_a_base_sees_the_history_of_its_view(device: str) -> None:
    x = portfire.tensor([1.0, 2.0], device=device, requires_grad=True)
    y = x.clone()
    first, second = y[:1], y[1:]
    first.mul_(10)
    second.mul_(first)
    y.sum().backward()
    # y = (10 a, 10 a b)
    assert x.grad is not None
    assert x.grad.tolist() == [10 + 20, 10]


def test_what_was_saved_is_a_value_and_not_a_cell(device: str) -> None:
    """PyTorch has to raise here; here the gradient is right."""
    x = portfire.tensor([2.0], device=device, requires_grad=True)
    y = x * 1
    z = y * y
    y.add_(100)
    z.backward()
    assert x.grad is not None
    assert x.grad.tolist() == [4]


def test_index_assignment_has_gradients(device: str) -> None:
    x = portfire.ones(2, 3, device=device, requires_grad=True)
    value = portfire.tensor(5.0, device=device, requires_grad=True)
    y = x * 2
    y[portfire.tensor([[True, False, True], [False, False, True]], device=device)] = value
    y[0, [1]] = value * 2
    y.sum().backward()
    assert x.grad is not None
    assert value.grad is not None
    assert x.grad.tolist() == [[0, 0, 0], [2, 2, 0]]
    assert value.grad.item() == 3 + 2


def test_out_arguments(device: str) -> None:
    x = portfire.tensor([1.0, 2.0], device=device)
    out = portfire.empty(2, device=device)
    assert portfire.add(x, 1, out=out) is out
    assert out.tolist() == [2, 3]
    portfire.mul(x, x, out=out[:])
    assert out.tolist() == [1, 4]
    with pytest.raises(RuntimeError, match="don't support automatic differentiation"):
        portfire.add(x.clone().requires_grad_(True), 1, out=out)


def test_detach_in_place(device: str) -> None:
    x = portfire.ones(2, device=device, requires_grad=True)
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf
    assert not y.requires_grad
    with pytest.raises(RuntimeError, match="Can't detach views in-place"):
        (x * 2)[0].detach_()


def test_views_keep_their_history_when_their_base_is_detached(device: str) -> None:
    x = portfire.ones(2, device=device, requires_grad=True)
    y = x * 2
    view = y[:1]
    y.detach_()
    view.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2, 0]


def test_a_view_from_before_requires_grad_reaches_the_leaf(device: str) -> None:
    x = portfire.ones(2, 2, device=device)
    view = x.flatten()
    x.requires_grad_()
    with portfire.no_grad():
        x.mul_(3)
    (view * view).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[6, 6], [6, 6]]


def test_a_whole_view_overwritten_stays_in_the_graph(device: str) -> None:
    x = portfire.ones(2, device=device, requires_grad=True)
    y = x * 2
    turned, other = y.T, y[:]
    turned.fill_(7)
    assert other.requires_grad
    (other * y).sum().backward()
    assert y.tolist() == [7, 7]
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0]


def test_alpha_keeps_the_dtype(device: str) -> None:
    mask = portfire.tensor([True, False], device=device)
    mask.add_(~mask, alpha=2)
    assert mask.tolist() == [True, True]
    assert mask.add(True, alpha=2).dtype is portfire.bool
    with pytest.raises(RuntimeError, match="alpha must not be a floating point number"):
        portfire.tensor([1], device=device).add(1, alpha=0.5)
