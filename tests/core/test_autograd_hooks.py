"""Hooks on tensors, on nodes, on leaves, and on what is saved; anomaly detection; modes."""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Generator
from typing import Any

import pytest

import portfire
from portfire.autograd import Function, grad, graph

FREED = "Trying to backward through the graph a second time"


def leaf(*values: float, device: str = "cpu") -> portfire.Tensor:
    return portfire.tensor([float(v) for v in values], device=device, requires_grad=True)


def grad_of(x: portfire.Tensor) -> Any:
    assert x.grad is not None
    return x.grad.tolist()


def noting(log: list[Any], what: Any) -> Any:
    """A function that returns its argument, and notes that it was called."""

    def function(argument: Any) -> Any:
        log.append(what)
        return argument

    return function


def node_of(x: portfire.Tensor) -> Any:
    assert x.grad_fn is not None
    return x.grad_fn


# Hooks on tensors


def test_a_hook_has_to_keep_the_kind_of_the_gradient() -> None:
    x = leaf(1, 2)
    cases: list[tuple[Any, type[Exception], str]] = [
        (lambda g: 3, TypeError, "expected Variable, but hook returned 'int'"),
        (lambda g: portfire.ones(3, device="cpu"), RuntimeError, "has changed the size of value"),
        (lambda g: g.double(), RuntimeError, r"has changed the type of value \(was .*FloatTensor"),
    ]
    for hook, kind, message in cases:
        with x.register_hook(hook), pytest.raises(kind, match=message):
            x.sum().backward()
    assert x.grad is None
    x.sum().backward()
    assert grad_of(x) == [1, 1]


def test_a_retained_gradient_is_that_after_the_hooks() -> None:
    x = leaf(1, 2)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert grad_of(y) == [10, 10]
    assert grad_of(x) == [20, 20]
    assert (y.retains_grad, x.retains_grad) == (True, False)


def test_retaining_follows_changes_in_place(device: str) -> None:
    x = leaf(1, 2, device=device)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    assert y.retains_grad
    assert grad_of(y) == [1, 1]
    assert grad_of(x) == [6, 6]


def test_hooks_stay_with_the_value_that_they_were_set_on() -> None:
    x = leaf(1, 2)
    seen = []
    y = x * 2
    y.register_hook(lambda g: seen.append(("before", g.tolist())))
    y.mul_(3)
    y.register_hook(lambda g: seen.append(("after", g.tolist())))
    y.sum().backward()
    assert seen == [("after", [1, 1]), ("before", [3, 3])]


def test_hooks_after_accumulation(device: str) -> None:
    x = leaf(1, 2, device=device)
    seen = []
    handle = x.register_post_accumulate_grad_hook(lambda p: seen.append((p is x, grad_of(p))))
    (x * 2).sum().backward()
    (x * 2).sum().backward(inputs=[x])
    grad((x * 2).sum(), x)
    handle.remove()
    (x * 2).sum().backward()
    assert seen == [(True, [2, 2]), (True, [4, 4])]


def test_a_step_per_parameter_in_the_backward_pass() -> None:
    x = leaf(1, 2)

    def step(p: Any) -> None:
        with portfire.no_grad():
            p.sub_(p.grad, alpha=0.5)
        p.grad = None

    x.register_post_accumulate_grad_hook(step)
    for _ in range(2):
        (x * x).sum().backward()
    assert x.tolist() == [0, 0]
    assert x.grad is None


def test_hooks_after_accumulation_are_for_leaves() -> None:
    x = leaf(1)
    with pytest.raises(RuntimeError, match="cannot be registered on non-leaf tensors"):
        (x * 1).register_post_accumulate_grad_hook(print)
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't"):
        portfire.ones(1, device="cpu").register_post_accumulate_grad_hook(print)
    returns: Any = lambda p: 3  # noqa: E731
    x.register_post_accumulate_grad_hook(returns)
    with pytest.raises(TypeError, match="expected Variable, but hook returned 'int'"):
        x.sum().backward()


# Hooks on nodes


def test_hooks_before_and_after_a_node() -> None:
    x = leaf(1, 2)
    y = x * 3
    order = []
    node = node_of(y)

    def before(grads: Any) -> Any:
        order.append(("pre", grads[0].tolist()))
        return (grads[0] * 10,)

    node.register_prehook(before)
    y.register_hook(lambda g: order.append(("tensor", g.tolist())))
    node.register_hook(lambda inputs, outputs: order.append(("post", inputs[0].tolist())))
    y.sum().backward()
    assert order == [("tensor", [1, 1]), ("pre", [1, 1]), ("post", [30, 30])]
    assert grad_of(x) == [30, 30]


def test_hooks_of_the_node_that_accumulates() -> None:
    x = leaf(1, 2)
    accumulate = node_of(x * 3).next_functions[0][0]
    assert accumulate.variable is x
    seen = []
    accumulate.register_prehook(lambda grads: (grads[0] * 4,))
    accumulate.register_hook(lambda inputs, outputs: seen.append((inputs, outputs[0].tolist())))
    (x * 2).sum().backward()
    assert grad_of(x) == [8, 8]
    assert seen == [((), [8, 8])]


def test_hooks_of_a_node_replace_gradients() -> None:
    x = leaf(1, 2)
    y = x * 3
    node_of(y).register_hook(lambda i, o: tuple(g if g is None else g * 2 for g in i))
    y.sum().backward()
    assert grad_of(x) == [6, 6]
    z = x * 3
    node_of(z).register_hook(lambda i, o: (i[0],) * 3)
    with pytest.raises(RuntimeError, match=r"incorrect number of values \(got 3, but expected 2"):
        z.sum().backward()


def test_notes_on_a_node_live_as_long_as_it() -> None:
    y = leaf(1) * 2
    node_of(y).metadata["note"] = 1
    assert node_of(y).metadata == {"note": 1}
    gone = weakref.ref(node_of(y))
    del y
    gc.collect()
    assert gone() is None


def test_one_hook_for_several_gradients() -> None:
    x, y = leaf(1), leaf(2)
    seen: list[Any] = []

    def note(grads: Any) -> None:
        seen.append([None if g is None else g.item() for g in grads])

    with graph.register_multi_grad_hook((x, y), note):
        (x * y).sum().backward()
        (x * 2).sum().backward()
        grad((x * y).sum(), y)
    (x * y).sum().backward()
    assert seen == [[2, 1], [2, None], [None, 1]]
    first: list[Any] = []
    graph.register_multi_grad_hook((x, y), lambda g: first.append(g.item()), mode="any")
    (x * y).sum().backward()
    assert len(first) == 1
    with pytest.raises(ValueError, match="Expects mode to be one of"):
        graph.register_multi_grad_hook((x,), print, mode="some")


def test_edges_stand_for_tensors() -> None:
    x = leaf(2)
    y = x * 3
    edge = graph.get_gradient_edge(y)
    assert (edge.node, edge.output_nr) == (y.grad_fn, 0)
    z = (y * y).sum()
    del y
    assert grad(z, edge, retain_graph=True)[0].tolist() == [12]
    assert grad(z, [edge, x])[1].tolist() == [36]
    with pytest.raises(RuntimeError, match="not possible to get the gradient edge"):
        graph.get_gradient_edge(x.detach())
    with pytest.raises(RuntimeError, match="materialize_grads cannot be used when the given input"):
        grad(x.sum(), edge, materialize_grads=True)


# Hooks on what is saved


def test_saved_tensors_are_packed_and_unpacked(device: str) -> None:
    log: list[tuple[str, Any]] = []
    x = leaf(1, 2, device=device)

    def pack(t: Any) -> Any:
        log.append(("pack", t.tolist()))
        return t.numpy(force=True)

    def unpack(kept: Any) -> Any:
        log.append(("unpack", kept.tolist()))
        return portfire.tensor(kept, device=device)

    with graph.saved_tensors_hooks(pack, unpack):
        y = x * x
        z = (y + 1).sin()  # the sum saves nothing
    z.sum().backward()
    assert log == [
        ("pack", [1, 2]), ("pack", [1, 2]), ("pack", [2, 5]),
        ("unpack", [2, 5]), ("unpack", [1, 2]), ("unpack", [1, 2]),
    ]  # fmt: skip
    assert grad_of(x) == pytest.approx([2 * -0.4161468, 4 * 0.2836622], rel=1e-5)
    with pytest.raises(RuntimeError, match=FREED):
        z.sum().backward()


def test_packed_outputs_are_differentiable_again() -> None:
    x = leaf(0.5)
    with graph.saved_tensors_hooks(lambda t: t * 1, lambda t: t):
        y = x.exp()
        for _ in range(3):
            (y,) = grad(y.sum(), x, create_graph=True)
            assert y.tolist() == pytest.approx([1.6487212], rel=1e-6)


def test_the_innermost_hooks_count() -> None:
    log: list[Any] = []
    x = leaf(1)
    outer = graph.saved_tensors_hooks(noting(log, "outer"), lambda t: t)
    inner = graph.saved_tensors_hooks(noting(log, "inner"), lambda t: t)
    with outer:
        with inner:
            x.exp()
        x.exp()
    x.exp()
    assert log == ["inner", "outer"]


def test_what_a_function_saves_is_packed_too() -> None:
    class Square(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            (x,) = ctx.saved_tensors
            return g * 2 * x

    x = leaf(3)
    log: list[Any] = []
    with graph.saved_tensors_hooks(noting(log, "pack"), noting(log, "unpack")):
        y = Square.apply(x)
    (first,) = grad(y.sum(), x, create_graph=True)
    assert grad(first.sum(), x)[0].tolist() == [2]
    assert log == ["pack", "unpack"]


def test_saving_on_the_host(device: str) -> None:
    x = leaf(1, 2, device=device)
    with graph.save_on_cpu(pin_memory=True):
        y = (x * x * x).sum()
    y.backward()
    assert grad_of(x) == [3, 12]
    assert x.grad is not None
    assert x.grad.device == x.device


def test_bad_hooks_on_saved_tensors() -> None:
    x = leaf(1, 2)
    with graph.saved_tensors_hooks(lambda t: 3, lambda kept: kept):
        y = (x * x).sum()
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor but got result of ty"):
        y.backward()
    with (
        graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t),
        pytest.raises(RuntimeError, match="pack hook is modifying its input in place"),
    ):
        (x * 1).exp()
    with (
        graph.disable_saved_tensors_hooks("none of them here"),
        pytest.raises(RuntimeError, match="none of them here"),
        graph.saved_tensors_hooks(lambda t: t, lambda t: t),
    ):
        pass
    (x * x).sum().backward()  # nothing of this is left
    assert grad_of(x) == [2, 4]


# Versions


def test_versions_count_writes() -> None:
    x = portfire.ones(2, device="cpu")
    view = x[:1]
    assert x._version == 0
    x.add_(1)
    view.mul_(2)
    x[0] = 3
    assert (x._version, view._version, x.detach()._version) == (3, 3, 3)
    graph.increment_version([x])
    assert x._version == 4
    assert (x * 1)._version == 0


def test_a_view_of_no_grad_mode_can_not_be_changed_outside() -> None:
    x = leaf(1, 2) * 1
    with portfire.no_grad():
        view = x[:1]
        view.mul_(2)
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode and is being modif"):
        view.mul_(2)
    assert x.tolist() == [2, 2]


# Anomalies


def test_an_anomaly_is_found_where_it_was_made() -> None:
    with portfire.autograd.set_detect_anomaly(True):
        x = leaf(-1)
        y = x.sqrt()  # this line is in the warning
        with (
            pytest.warns(UserWarning, match=r"(?s)SqrtBackward0.*this line is in the warning"),
            pytest.raises(RuntimeError, match="'SqrtBackward0' returned nan values in its 0th ou"),
        ):
            y.sum().backward()
    assert not portfire.is_anomaly_enabled()
    y = x.sqrt()
    with (
        portfire.autograd.set_detect_anomaly(True),
        pytest.warns(UserWarning, match="No forward pass information available"),
        pytest.raises(RuntimeError, match="returned nan values"),
    ):
        y.sum().backward()


def test_an_error_in_a_backward_is_found_too() -> None:
    class Broken(Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 1

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            raise ValueError("oops")

    with portfire.autograd.set_detect_anomaly(True):
        y = Broken.apply(leaf(1))  # made here
        with (
            pytest.warns(UserWarning, match=r"(?s)BrokenBackward.*made here"),
            pytest.raises(ValueError, match="oops"),
        ):
            y.sum().backward()


def test_detection_without_nan_and_its_switches() -> None:
    assert not portfire.is_anomaly_enabled()
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        detection = portfire.autograd.detect_anomaly(check_nan=False)
    with detection:
        assert portfire.is_anomaly_enabled()
        assert not portfire.is_anomaly_check_nan_enabled()
        x = leaf(-1)
        x.sqrt().sum().backward()
    assert x.grad is not None
    assert x.grad.isnan().all()
    assert not portfire.is_anomaly_enabled()
    assert portfire.is_anomaly_check_nan_enabled()


# Modes


def test_a_mode_around_a_generator_holds_inside_it() -> None:
    def steps() -> Generator[Any, Any, int]:
        given = yield portfire.is_grad_enabled()
        try:
            yield given, portfire.is_grad_enabled()
        except ValueError:
            yield "caught", portfire.is_grad_enabled()
        return 9

    quiet: Any = portfire.no_grad()(steps)
    it = quiet()
    assert (next(it), portfire.is_grad_enabled()) == (False, True)
    assert it.send(4) == (4, False)
    assert it.throw(ValueError("into it")) == ("caught", False)
    assert portfire.is_grad_enabled()

    def outer() -> Generator[Any, Any, int]:
        found: int = yield from quiet()
        return found

    assert [*outer()] == [False, (None, False)]


def test_a_generator_is_closed_in_its_mode() -> None:
    log = []

    def steps() -> Generator[int, None, None]:
        try:
            yield 1
        finally:
            log.append(portfire.is_grad_enabled())

    quiet: Any = portfire.no_grad()(steps)
    it = quiet()
    next(it)
    it.close()
    assert log == [False]


def test_inference_mode_in_all_its_forms() -> None:
    x = leaf(1)

    def tracked() -> bool:
        return (x * 2).requires_grad

    mode: Any = portfire.inference_mode
    assert (mode(tracked)(), mode()(tracked)(), mode(False)(tracked)()) == (False, False, True)
    with portfire.inference_mode():
        assert portfire.is_inference_mode_enabled()
        with portfire.enable_grad():
            assert not (x * 2).requires_grad
        with portfire.inference_mode(False):
            assert (x * 2).requires_grad
        assert not portfire.is_grad_enabled()
    assert not portfire.is_inference_mode_enabled()
    assert portfire.is_grad_enabled()


def test_set_grad_enabled_decorates_and_wants_a_bool() -> None:
    @portfire.set_grad_enabled(False)
    def called() -> bool:
        return portfire.is_grad_enabled()

    assert not called()
    assert portfire.is_grad_enabled()
    number: Any = 3
    with pytest.raises(TypeError, match="must be bool, not int"):
        portfire.set_grad_enabled(number)
    assert portfire.is_grad_enabled()


def test_a_mode_can_be_entered_again() -> None:
    mode = portfire.no_grad()
    with mode:
        with mode:
            assert not portfire.is_grad_enabled()
        assert not portfire.is_grad_enabled()
    assert portfire.is_grad_enabled()


# What backward and grad are given


def test_batches_of_gradients(device: str) -> None:
    x = leaf(1, 2, device=device)
    (rows,) = grad(x * x, x, portfire.eye(2, device=device), is_grads_batched=True)
    assert rows.tolist() == [[2, 0], [0, 4]]


def test_wrong_arguments_of_backward_and_grad() -> None:
    x, y = leaf(1), portfire.ones(1, device="cpu")
    with pytest.raises(RuntimeError, match="element 1 of tensors does not require grad"):
        portfire.autograd.backward([x, y])
    with pytest.raises(RuntimeError, match=r"`inputs` argument to `grad\(\)` cannot be empty"):
        grad(x, [])
    with pytest.raises(RuntimeError, match="The differentiated Tensor at index 1 appears to not"):
        grad(x * 1, [x, leaf(2)])
    with pytest.raises(ValueError, match="Expected allow_unused to be True or not passed when mat"):
        grad(x * 1, leaf(2), allow_unused=False, materialize_grads=True)
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=Fa"):
        (x * 1).backward(inputs=[y])
    with pytest.raises(RuntimeError, match="can't assign Variable as its own grad"):
        x.grad = x
    wrong: Any = 3
    with pytest.raises(RuntimeError, match="requires_grad must be a bool"):
        x.requires_grad = wrong


def test_the_older_arguments_warn() -> None:
    x = leaf(1)
    ones = portfire.ones(1, device="cpu")
    with pytest.warns(FutureWarning, match="`grad_variables` is deprecated"):
        portfire.autograd.backward(x * 2, grad_variables=ones)
    assert grad_of(x) == [2]
    with (
        pytest.warns(FutureWarning, match="`grad_variables` is deprecated"),
        pytest.raises(RuntimeError, match="arguments both passed to"),
    ):
        portfire.autograd.backward(x * 2, ones, grad_variables=ones)
    with pytest.warns(FutureWarning, match="only_inputs argument is deprecated"):
        grad(x * 2, x, only_inputs=False)


def test_inputs_that_are_no_leaves_accumulate() -> None:
    x = leaf(1)
    y = x * 2
    (y * 3).backward(inputs=[y, y])
    assert grad_of(y) == [3]
    assert x.grad is None


def test_no_warning_comes_from_an_ordinary_pass() -> None:
    x = leaf(1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (x * x).sum().backward()
    assert grad_of(x) == [2]
