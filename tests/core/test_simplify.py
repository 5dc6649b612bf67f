"""What is left of a graph before a backend sees it: asked on the null device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import portfire
from portfire import engine
from portfire.backend import Instruction, Program
from portfire.engine._simplify import simplify
from portfire.engine._verify import verify
from portfire.ops import lookup
from portfire.testing import NullRuntime, null_device

SHAPE = (4, 6)


@pytest.fixture
def null() -> Iterator[NullRuntime]:
    old = engine.set_verifying(True)
    with null_device() as runtime:
        yield runtime
    engine.set_verifying(old)


def steps(null: NullRuntime, build: Callable[[portfire.Tensor], portfire.Tensor]) -> list[str]:
    """The operators that are left of what is built on an array of SHAPE."""
    x = portfire.tensor([[0.0] * SHAPE[1]] * SHAPE[0], device="null")
    build(x).tolist()
    return null.operators() if null.launches else []


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda x: x.t().t() + 1, ["add"]),
        (lambda x: x.reshape(24).reshape(6, 4).reshape(4, 6) + 1, ["add"]),
        (lambda x: x.permute(1, 0).permute(1, 0) * 2, ["mul"]),
        (lambda x: x[1:3][:, 2:4][1:] * 2, ["slice", "mul"]),
        (lambda x: x[::2][1:] * 2, ["slice", "mul"]),
        (lambda x: x[0:4] * 2, ["mul"]),
        (lambda x: x.flip(0).flip(0) * 2, ["mul"]),
        (lambda x: x.flip(0).flip(1) * 2, ["flip", "flip", "mul"]),
        (lambda x: x[None].expand(3, 4, 6).expand(2, 3, 4, 6) + 1, ["reshape", "expand", "add"]),
        (lambda x: x.to(portfire.float32) + 1, ["add"]),
        (lambda x: (x * 2) + (x * 2), ["mul", "mul", "add"]),
        (lambda x: x.exp() + x.exp(), ["exp", "add"]),
        (lambda x: x.t().exp() * x.t().exp(), ["permute", "exp", "mul"]),
        (lambda x: portfire.zeros(3, device="null") + portfire.ones(3, device="null"), ["full"]),
        (lambda x: portfire.ones(2, 2, device="null").t().reshape(4)[1:] + 0, ["full", "add"]),
        (lambda x: portfire.ones(3, device="null").exp(), ["full"]),
        (lambda x: x * portfire.ones(4, 6, device="null"), []),
        (lambda x: x / portfire.ones(4, 6, device="null"), []),
        (lambda x: x.tril().triu(), None),
    ],
)
def test_what_is_left(null: NullRuntime, build: Any, expected: list[str] | None) -> None:
    found = steps(null, build)
    if expected is not None:
        assert sorted(found) == sorted(expected)


def test_common_steps_are_done_once_across_the_graph(null: NullRuntime) -> None:
    x = portfire.tensor([1.0, 2.0], device="null")
    a, b = x.exp() + 1, x.exp() * 2
    portfire.flush()
    assert null.operators().count("exp") == 1
    assert len(null.launches[-1].program.outputs) == 2
    assert a.tolist() == b.tolist() == [0, 0]


def test_dead_steps_are_left_out(null: NullRuntime) -> None:
    x = portfire.tensor([1.0, 2.0], device="null")
    x.log().sin().cos()
    (x + 1).tolist()
    assert null.operators() == ["add"]


def test_numbers_are_never_folded(null: NullRuntime) -> None:
    x = portfire.tensor([1.0, 2.0], device="null")
    (x * 1.0).tolist()
    assert null.operators() == ["mul"]
    assert null.launches[-1].scalars == (1.0,)


def test_random_draws_are_not_merged(null: NullRuntime) -> None:
    (portfire.rand(3, device="null") + portfire.rand(3, device="null")).tolist()
    assert null.operators().count("random_bits") == 2


def test_minus_zero_is_not_zero(null: NullRuntime) -> None:
    a = portfire.full((2,), 0.0, device="null")
    zero, minus = portfire.zeros(2, device="null"), -portfire.zeros(2, device="null")
    _ = (a, zero.tolist(), minus.tolist())
    kept = [portfire.zeros(2, device="null"), -portfire.zeros(2, device="null")]
    portfire.flush()
    values = [s.attrs[1] for s in null.programs[-1].instructions if s.op.name == "full"]
    assert sorted(map(str, values)) == ["-0.0", "0.0"]
    assert len(kept) == 2


def test_constants_of_different_types_are_different(null: NullRuntime) -> None:
    kept = [
        portfire.ones(2, device="null"),
        portfire.ones(2, dtype=portfire.int64, device="null"),
        portfire.ones(2, dtype=portfire.bool, device="null"),
    ]
    portfire.flush()
    program = null.programs[-1]
    dtypes = {program.instructions[i].dtype for i in program.outputs}
    assert dtypes == {k.dtype for k in kept}


def test_composites_are_lowered_unless_claimed() -> None:
    with null_device() as null:
        portfire.softmax(portfire.rand(2, 3, device="null"), 1).tolist()
        assert "softmax" not in null.operators()
        assert {"max", "sum", "exp", "div"} <= set(null.operators())
    with null_device(claims=["softmax"]) as null:
        portfire.softmax(portfire.rand(2, 3, device="null"), 1).tolist()
        assert "softmax" in null.operators()


def test_a_view_is_read_without_a_copy(null: NullRuntime) -> None:
    x = portfire.tensor([[1.0, 2.0], [3.0, 4.0]], device="null")
    (x.t()[0] + 1).tolist()
    assert "clone" not in null.operators()


# The verifier, and programs that break the rules


def _program(*steps: Any, outputs: tuple[int, ...]) -> Program:
    return Program(tuple(Instruction(lookup(name), *rest) for name, *rest in steps), outputs)


F = portfire.float32
X = ("input", (), (0, (2,), F), (2,), F)


@pytest.mark.parametrize(
    ("program", "pattern"),
    [
        (_program(X, ("exp", (1,), (), (2,), F), outputs=(1,)), "reads a later step"),
        (_program(X, ("exp", (0,), (), (3,), F), outputs=(1,)), r"step 1 \(exp\) is"),
        (_program(X, ("exp", (0,), (), (2,), portfire.int64), outputs=(1,)), r"step 1 \(exp\) is"),
        (_program(X, outputs=(3,)), "are not steps of the program"),
    ],
)
def test_the_verifier_refuses(program: Program, pattern: str) -> None:
    with pytest.raises(ValueError, match=pattern):
        verify(program)


def test_simplify_keeps_outputs_that_repeat_and_leaves() -> None:
    program = _program(X, ("neg", (0,), (), (2,), F), outputs=(1, 0, 1))
    result = simplify(program)
    verify(result)
    assert len(result.outputs) == 3
    assert result.outputs[0] == result.outputs[2]
    assert result.instructions[result.outputs[1]].op.name == "input"
