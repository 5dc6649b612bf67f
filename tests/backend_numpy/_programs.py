"""Programs made by hand, and at random, for the device ``cpu``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import portfire
from portfire import ops
from portfire.backend import PerOperatorRuntime, Program
from portfire.backend._contract import Instruction
from portfire_numpy._memory import Pool
from portfire_numpy._plan import Plan
from portfire_numpy.kernels import TABLE

Array = Any

UNARY = ("neg", "abs", "exp", "tanh", "floor", "sign")
BINARY = ("add", "sub", "mul", "maximum", "minimum", "floor_divide", "remainder")
COMPARE = ("eq", "lt", "le")


class Builder:
    """Writes a program step by step; each method returns the position of its step."""

    def __init__(self) -> None:
        self.steps: list[Instruction] = []
        self.arrays: list[Array] = []
        self.numbers: list[Any] = []

    def add(self, name: str, *inputs: int, attrs: tuple[Any, ...] = ()) -> int:
        """Append an operator."""
        op = ops.lookup(name)
        spec = op.infer(tuple(self.steps[i].spec for i in inputs), attrs)
        self.steps.append(Instruction(op, inputs, attrs, spec.shape, spec.dtype))
        return len(self.steps) - 1

    def input(self, array: Array) -> int:
        """Append an array."""
        self.arrays.append(array)
        dtype = portfire._dtype.dtype_of_array(array)
        return self.add("input", attrs=(len(self.arrays) - 1, array.shape, dtype))

    def number(self, value: float, dtype: Any) -> int:
        """Append a number that is an argument of the run."""
        self.numbers.append(value)
        return self.add("scalar", attrs=(len(self.numbers) - 1, dtype))

    def program(self, *outputs: int) -> Program:
        """Return the program that gives those steps."""
        return Program(tuple(self.steps), outputs)

    def run(self, *outputs: int) -> list[Array]:
        """Run it by its plan."""
        return list(self.plan(*outputs)(self.arrays, self.numbers))

    def plan(self, *outputs: int) -> Plan:
        """Return the plan."""
        return Plan(self.program(*outputs), Pool(), "cpu")

    def alone(self, *outputs: int) -> list[Array]:
        """Run each operator alone, by the table of kernels."""
        execute = _OneByOne().compile(self.program(*outputs))
        with np.errstate(all="ignore"):
            return [np.array(x) for x in execute(self.arrays, self.numbers)]


class _OneByOne(PerOperatorRuntime):
    name = "one by one"
    table = TABLE

    def scalar(self, number: Any, dtype: Any) -> Any:
        return np.array(number).astype(dtype.numpy)


def labels(plan: Plan) -> list[str]:
    """Return what each unit of a plan stores."""
    return [kernel.label for kernel in plan.describe().kernels]


def assert_same_bits(found: Sequence[Array], expected: Sequence[Array], hint: str = "") -> None:
    """Compare arrays bit by bit, all NaN alike."""
    assert len(found) == len(expected)
    for n, (x, y) in enumerate(zip(found, expected, strict=True)):
        assert (x.shape, x.dtype) == (y.shape, y.dtype), f"{hint}, output {n}"
        assert x.flags.c_contiguous
        np.testing.assert_array_equal(x, y, err_msg=f"{hint}, output {n}")
        if x.dtype.kind == "f":
            finite = ~np.isnan(y)
            np.testing.assert_array_equal(np.signbit(x)[finite], np.signbit(y)[finite])


def random_program(source: np.random.Generator, size: int) -> tuple[Builder, list[int]]:
    """Write a program of elementwise steps, movements and sums, and choose outputs."""
    made = Builder()
    shape = SHAPES[source.integers(len(SHAPES))]
    values = [made.input(_numbers(source, shape)) for _ in range(2)]
    values.append(made.input(_numbers(source, shape[-1:])))
    values.append(made.number(float(source.normal()), portfire.float32))
    values.append(made.add("full", attrs=(shape, 0.0, portfire.float32)))
    values.append(made.add("iota", attrs=(shape, len(shape) - 1, portfire.float32)))
    for _ in range(size):
        new = _step(source, made, values)
        if new is not None:
            values.append(new)
    computed = [v for v in values if v >= 6]
    count = min(len(computed), 1 + int(source.integers(4)))
    outputs = [int(v) for v in source.choice(computed, count, replace=False)] if computed else [0]
    return made, outputs


SHAPES = ((7,), (5, 6), (3, 1, 4), (2, 3, 2, 2), (130, 3), (33, 70), (9001,), (4, 50, 90))


def _numbers(source: np.random.Generator, shape: tuple[int, ...]) -> Array:
    numbers = source.normal(size=shape).astype(np.float32) * 3
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e-40], np.float32)
    chosen = source.random(shape) < 0.1
    return np.where(chosen, source.choice(special, shape), numbers).astype(np.float32)


def _step(source: np.random.Generator, made: Builder, values: list[int]) -> int | None:
    x = int(source.choice(values))
    shape = made.steps[x].shape
    kind = source.integers(10)
    if kind < 2:
        return made.add(str(source.choice(UNARY)), x)
    if kind < 5:
        y = _fitting(source, made, values, shape)
        return made.add(str(source.choice(BINARY)), x, y)
    if kind == 5:
        y, z = (_fitting(source, made, values, shape) for _ in range(2))
        condition = made.add(str(source.choice(COMPARE)), x, y)
        return made.add("where", condition, z, x)
    if kind == 6:
        return made.add(
            "cast", made.add("cast", x, attrs=(portfire.int32,)), attrs=(portfire.float32,)
        )
    return _movement(source, made, x, shape)


def _fitting(
    source: np.random.Generator, made: Builder, values: list[int], shape: tuple[int, ...]
) -> int:
    """Choose a value of that shape, or make one: a row that is spread, or a number."""
    fitting = [v for v in values if made.steps[v].shape in (shape, ())]
    rows = [v for v in values if shape and made.steps[v].shape == shape[-1:]]
    if rows and source.random() < 0.3:
        return made.add("expand", int(source.choice(rows)), attrs=(shape,))
    return int(source.choice(fitting))


def _movement(
    source: np.random.Generator, made: Builder, x: int, shape: tuple[int, ...]
) -> int | None:
    if not shape:
        return None
    kind = source.integers(5)
    axis = int(source.integers(len(shape)))
    if kind == 0:
        return made.add(
            "permute", x, attrs=(tuple(int(a) for a in source.permutation(len(shape))),)
        )
    if kind == 1:
        flat = made.add("reshape", x, attrs=((int(np.prod(shape)),),))
        return flat if source.random() < 0.5 else made.add("reshape", flat, attrs=(shape,))
    if kind == 2:
        return made.add("flip", x, attrs=((axis,),))
    if kind == 3:
        return made.add("sum", x, attrs=((axis,),))
    kept = tuple((n + 1) // 2 if a == axis else n for a, n in enumerate(shape))
    steps = tuple(2 if a == axis else 1 for a in range(len(shape)))
    return made.add("slice", x, attrs=((0,) * len(shape), kept, steps))
