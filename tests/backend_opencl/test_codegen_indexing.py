"""Index arithmetic: what the simplifier returns has the value that the plain arithmetic has."""

from __future__ import annotations

import itertools
import random

import pytest

from portfire_opencl.codegen.indexing import (
    Expr,
    add,
    bound,
    constant,
    floordiv,
    lane_stride,
    modulo,
    ravel,
    reindex,
    scale,
    shift,
    substitute,
    text,
    two_runs,
    unbound,
    unravel,
    variable,
)

SIZES = {"i": 6, "j": 4, "k": 14}
NAMES = tuple(SIZES)


def value(e: Expr, at: dict[str, int]) -> int:
    """Evaluate an expression by substitution."""
    result = substitute(e, {name: constant(n) for name, n in at.items()})
    assert not result.terms
    return result.const


def drawn(rng: random.Random, depth: int) -> tuple[Expr, str]:
    """Return a random non-negative expression and the same in Python."""
    if depth == 0:
        name = rng.choice(NAMES)
        return variable(name, SIZES[name]), name
    left, left_text = drawn(rng, depth - 1)
    number = rng.choice((2, 3, 4, 6, 7, 14, 28))
    kind = rng.choice(("add", "scale", "shift", "div", "mod"))
    if kind == "add":
        right, right_text = drawn(rng, depth - 1)
        return add(left, right), f"({left_text} + {right_text})"
    if kind == "scale":
        return scale(left, number), f"({left_text} * {number})"
    if kind == "shift":
        return shift(left, number), f"({left_text} + {number})"
    if kind == "div":
        return floordiv(left, number), f"({left_text} // {number})"
    return modulo(left, number), f"({left_text} % {number})"


@pytest.mark.parametrize("seed", range(150))
def test_simplified_expressions_keep_their_values(seed: int) -> None:
    rng = random.Random(seed)
    e, plain = drawn(rng, rng.randint(1, 5))
    code = compile(plain, "plain", "eval")
    shown = compile(text(e).replace("/", "//"), "shown", "eval")
    for values in itertools.product(*(range(n) for n in SIZES.values())):
        at = dict(zip(NAMES, values, strict=True))
        want = eval(code, {}, at)
        assert value(e, at) == want
        assert eval(shown, {}, at) == want
        assert e.lo <= want <= e.hi


def test_reshapes_back_and_forth_cancel() -> None:
    shape, other = (6, 4, 14), (3, 8, 2, 7)
    index = tuple(variable(f"o{n}", size) for n, size in enumerate(shape))
    there = reindex(index, shape, other)
    assert ravel(there, other) == ravel(index, shape)
    assert ravel(unravel(variable("x", 336), shape), shape) == variable("x", 336)


def test_a_row_shorter_than_two_vectors_makes_two_runs() -> None:
    x = variable("x", 140)
    offset = add(scale(floordiv(x, 14), 16), modulo(x, 14))
    assert lane_stride(offset, "x") is None
    start = add(scale(variable("q", 9), 16), variable("s", 16))
    runs = two_runs(substitute(offset, {"x": start}), "s", 16)
    assert runs is not None
    assert runs[1] == 14
    narrow = add(scale(floordiv(x, 7), 9), modulo(x, 7))
    assert two_runs(substitute(narrow, {"x": start}), "s", 16) is None


def test_promises_that_meet_are_all_replaced() -> None:
    inner = bound(shift(variable("x", 12), -1), 11)
    row, column = floordiv(shift(inner, 1), 3), modulo(shift(inner, 1), 3)
    linear = add(scale(shift(bound(shift(row, -2), 2), 2), 3), column)
    assert text(linear) == "x"
    assert unbound(linear) == variable("x", 12)
