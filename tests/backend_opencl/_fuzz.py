"""Random programs over all primitive operators, for comparison with the NumPy references."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from portfire import _dtype
from tests.backend_opencl._run_plan import Sketch

UNARY = ("neg", "abs", "sign", "exp", "sqrt", "sin", "cos", "tanh", "erf", "floor", "ceil", "trunc")
BINARY = ("add", "sub", "mul", "maximum", "minimum", "div", "atan2")
INTEGER = ("add", "sub", "mul", "maximum", "minimum", "floor_divide", "remainder", "bitwise_xor")
FLOATS = (_dtype.float32, _dtype.float64)


class Fuzzer:
    """Grows one random program; values stay small, so that tolerances mean something."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)
        self.sketch = Sketch()
        self.floats: list[int] = []
        self.integers: list[int] = []
        self.masks: list[int] = []

    def program(self, steps: int) -> tuple[Sketch, tuple[int, ...]]:
        """Return a program and its outputs."""
        for _ in range(3):
            self.leaf()
        grow: tuple[Callable[[], None], ...] = (
            self.unary, self.binary, self.binary, self.integer, self.compare, self.where,
            self.movement, self.movement, self.broadcast, self.reduce, self.reduce, self.keep_row,
            self.arg, self.cumsum, self.dot, self.take, self.put, self.concat, self.cast,
            self.windows, self.slice_update, self.leaf,
        )  # fmt: skip
        for _ in range(steps):
            self.random.choice(grow)()
        pool = self.floats + self.integers + self.masks
        wanted = self.random.sample(pool, min(len(pool), self.random.randint(1, 4)))
        return self.sketch, (*wanted, self.floats[-1])

    # Choosing.

    def shape(self) -> tuple[int, ...]:
        """Return a random shape; some axes are longer than a vector."""
        rank = self.random.choice((0, 1, 1, 2, 2, 2, 3, 4))
        sizes = (1, 2, 3, 5, 7, 16, 17, 20, 33)
        shape = [self.random.choice(sizes) for _ in range(rank)]
        while prod(shape) > 4000:
            shape[self.random.randrange(rank)] = 2
        return tuple(shape)

    def pick(self, pool: list[int]) -> int:
        """Return a value, preferably a recent one."""
        if self.random.random() < 0.5:
            return self.random.choice(pool[-3:])
        return self.random.choice(pool)

    def like(self, v: int, pool: list[int]) -> int:
        """Return a value of the same shape and dtype from a pool, or a fresh input."""
        steps = self.sketch.steps
        same = [
            u for u in pool if steps[u].shape == steps[v].shape and steps[u].dtype is steps[v].dtype
        ]
        if same and self.random.random() < 0.8:
            return self.random.choice(same)
        return self.fresh(steps[v].shape, steps[v].dtype)

    def fresh(self, shape: tuple[int, ...], dtype: _dtype.DType) -> int:
        """Add an input."""
        if dtype.is_floating_point:
            data: Any = self.numpy.uniform(-2, 2, shape)
        else:
            data = self.numpy.integers(-4 if dtype.is_signed else 0, 5, shape)
        v = self.sketch.input(np.asarray(data).astype(dtype.numpy))
        self.add(v)
        return v

    def add(self, v: int) -> None:
        """File a value under its kind, tamed if it may have grown large."""
        step = self.sketch.steps[v]
        if prod(step.shape) > 30000:
            return
        if step.dtype is _dtype.bool_:
            self.masks.append(v)
        elif step.dtype.is_floating_point:
            self.floats.append(v)
        else:
            self.integers.append(v)

    def tame(self, v: int) -> None:
        """File a value after mapping it into [-1, 1]."""
        if self.sketch.steps[v].dtype.is_floating_point:
            v = self.sketch("sin", v)
        self.add(v)

    # Growing.

    def leaf(self) -> None:
        kind = self.random.random()
        dtype = self.random.choice((*FLOATS, _dtype.int32, _dtype.int64, _dtype.float32))
        if kind < 0.7 or not self.floats:
            self.fresh(self.shape(), _dtype.float32 if not self.floats else dtype)
        elif kind < 0.8:
            shape = self.shape() or (4,)
            axis = self.random.randrange(len(shape))
            self.add(self.sketch("iota", attrs=(shape, axis, _dtype.int32)))
        else:
            self.add(self.sketch("full", attrs=(self.shape(), 1.5, _dtype.float32)))

    def unary(self) -> None:
        v = self.pick(self.floats)
        op = self.random.choice(UNARY)
        if op == "sqrt":
            v = self.sketch("abs", v)
        out = self.sketch(op, v)
        if op == "exp":
            self.tame(out)
        else:
            self.add(out)

    def binary(self) -> None:
        v = self.pick(self.floats)
        w = self.like(v, self.floats)
        op = self.random.choice(BINARY)
        if op == "div":
            dtype = self.sketch.steps[w].dtype
            two = self.sketch("full", attrs=((), 2.0, dtype))
            w = self.sketch("add", self.sketch("abs", w), two)
        self.tame(self.sketch(op, v, w)) if op == "mul" else self.add(self.sketch(op, v, w))

    def integer(self) -> None:
        if not self.integers:
            return
        v = self.pick(self.integers)
        w = self.like(v, self.integers)
        self.add(self.sketch(self.random.choice(INTEGER), v, w))

    def compare(self) -> None:
        v = self.pick(self.floats + self.integers)
        w = self.like(v, self.floats + self.integers)
        if self.sketch.steps[v].dtype.is_floating_point:  # rounding must not decide
            v, w = self.sketch("floor", v), self.sketch("ceil", w)
        self.add(self.sketch(self.random.choice(("lt", "le", "eq", "ne")), v, w))

    def where(self) -> None:
        v = self.pick(self.floats)
        shape = self.sketch.shape(v)
        masks = [m for m in self.masks if self.sketch.shape(m) in (shape, ())]
        if masks:
            self.add(self.sketch("where", self.pick(masks), v, self.like(v, self.floats)))

    def movement(self) -> None:
        v = self.pick(self.floats + self.integers + self.masks)
        shape = self.sketch.shape(v)
        rank = len(shape)
        kind = self.random.choice(("reshape", "permute", "pad", "slice", "flip"))
        draw = self.random.randint
        if kind == "reshape":
            parts = [n for n in shape for n in ((2, n // 2) if n % 2 == 0 and n else (n,))]
            while len(parts) > 1 and self.random.random() < 0.6:
                at = draw(0, len(parts) - 2)
                parts[at : at + 2] = [parts[at] * parts[at + 1]]
            out = self.sketch("reshape", v, attrs=(tuple(parts),))
        elif kind == "permute":
            out = self.sketch("permute", v, attrs=(tuple(self.random.sample(range(rank), rank)),))
        elif kind == "pad":
            low, high = (tuple(draw(0, 2) for _ in shape) for _ in "ab")
            step = tuple(self.random.choice((1, 1, 1, 2, 3)) for _ in shape)
            out = self.sketch("pad", v, attrs=(low, high, step))
        elif kind == "slice":
            starts = tuple(draw(0, n // 2) for n in shape)
            steps = tuple(self.random.choice((1, 1, 2, 3)) for _ in shape)
            sizes = tuple(
                (n - s + k - 1) // k for n, s, k in zip(shape, starts, steps, strict=True)
            )
            out = self.sketch("slice", v, attrs=(starts, sizes, steps))
        else:
            out = self.sketch("flip", v, attrs=(tuple(a for a in range(rank) if draw(0, 1)),))
        self.add(out)

    def broadcast(self) -> None:
        v = self.pick(self.floats)
        shape = self.sketch.shape(v)
        if prod(shape) > 500:
            return
        new = tuple(self.random.choice((3, 17)) if n == 1 else n for n in shape)
        self.add(self.sketch("expand", v, attrs=((self.random.choice((1, 2, 4)), *new),)))

    def axes(self, v: int) -> tuple[int, ...]:
        rank = len(self.sketch.shape(v))
        count = self.random.randint(1, rank) if rank else 0
        return tuple(sorted(self.random.sample(range(rank), count)))

    def reduce(self) -> None:
        v = self.pick(self.floats + self.integers)
        op = self.random.choice(("sum", "max", "min", "sum", "prod"))
        axes = self.axes(v)
        if op == "prod" and self.sketch.steps[v].dtype.is_floating_point:
            v = self.sketch("floor", v)
        self.tame(self.sketch(op, v, attrs=(axes,)))

    def keep_row(self) -> None:
        """A row statistic spread over its row again, as normalization does."""
        v = self.pick(self.floats)
        shape, axes = self.sketch.shape(v), self.axes(v)
        if not prod(shape):
            return
        ones = tuple(1 if a in axes else n for a, n in enumerate(shape))
        m = self.sketch("reshape", self.sketch("max", v, attrs=(axes,)), attrs=(ones,))
        out = self.sketch("sub", v, self.sketch("expand", m, attrs=(shape,)))
        out = self.sketch("exp", out)
        s = self.sketch("reshape", self.sketch("sum", out, attrs=(axes,)), attrs=(ones,))
        self.add(self.sketch("div", out, self.sketch("expand", s, attrs=(shape,))))

    def arg(self) -> None:
        v = self.pick(self.floats + self.integers)
        shape = self.sketch.shape(v)
        if not shape or not prod(shape):
            return
        if self.sketch.steps[v].dtype.is_floating_point:
            v = self.fresh(shape, self.sketch.steps[v].dtype)
        attrs = (self.random.randrange(len(shape)),)
        self.add(self.sketch(self.random.choice(("argmax", "argmin")), v, attrs=attrs))

    def cumsum(self) -> None:
        v = self.pick(self.floats + self.integers)
        if self.sketch.shape(v):
            axis = self.random.randrange(len(self.sketch.shape(v)))
            self.tame(self.sketch("cumsum", v, attrs=(axis,)))

    def dot(self) -> None:
        v = self.pick(self.floats)
        shape = self.sketch.shape(v)
        if len(shape) < 2:
            return
        n = self.random.choice((1, 3, 16, 18))
        w = self.fresh((*shape[:-2], shape[-1], n), self.sketch.steps[v].dtype)
        self.tame(self.sketch("dot", v, w))

    def index(self, size: int, shape: tuple[int, ...]) -> int:
        data = self.numpy.integers(0, size, shape)
        return self.sketch.input(np.asarray(data).astype(self.random.choice((np.int32, np.int64))))

    def take(self) -> None:
        v = self.pick(self.floats + self.masks)
        shape = self.sketch.shape(v)
        if not shape or not prod(shape):
            return
        axis = self.random.randrange(len(shape))
        index = self.index(shape[axis], self.random.choice(((), (3,), (18,), (2, 3))))
        self.add(self.sketch("take", v, index, attrs=(axis,)))

    def put(self) -> None:
        v = self.pick(self.floats)
        shape = self.sketch.shape(v)
        if not shape or not prod(shape):
            return
        axis = self.random.randrange(len(shape))
        where = self.random.choice(((), (3,), (18,), (2, 3)))
        index = self.index(shape[axis], where)
        source = self.fresh((*shape[:axis], *where, *shape[axis + 1 :]), self.sketch.steps[v].dtype)
        attrs = (axis, self.random.choice(("set", "add")))
        self.tame(self.sketch("put", v, index, source, attrs=attrs))

    def concat(self) -> None:
        v = self.pick(self.floats + self.masks)
        if self.sketch.shape(v):
            axis = self.random.randrange(len(self.sketch.shape(v)))
            pieces = [v, *(self.like(v, self.floats) for _ in range(self.random.randint(0, 2)))]
            self.add(self.sketch("concat", *pieces, attrs=(axis,)))

    def cast(self) -> None:
        pool = self.integers + self.masks
        if not pool:
            return
        v = self.pick(pool)
        dtype = self.random.choice((*FLOATS, _dtype.int8, _dtype.uint8, _dtype.int64))
        self.tame(self.sketch("cast", v, attrs=(dtype,)))

    def windows(self) -> None:
        v = self.pick(self.floats)
        shape = self.sketch.shape(v)
        axes = tuple(a for a, n in enumerate(shape) if n >= 5 and self.random.random() < 0.8)
        if axes and prod(shape) < 2000:
            three = tuple(self.random.choice((2, 3)) for _ in axes)
            two = tuple(self.random.choice((1, 2)) for _ in axes)
            out = self.sketch("windows", v, attrs=(axes, three, two, (1,) * len(axes)))
            rank = len(shape)
            inside = tuple(range(rank, rank + len(axes)))
            self.add(self.sketch(self.random.choice(("max", "sum")), out, attrs=(inside,)))

    def slice_update(self) -> None:
        v = self.pick(self.floats)
        shape = self.sketch.shape(v)
        starts = tuple(self.random.randint(0, n // 2) for n in shape)
        steps = tuple(self.random.choice((1, 1, 2)) for _ in shape)
        sizes = tuple((n - s + k - 1) // k for n, s, k in zip(shape, starts, steps, strict=True))
        source = self.fresh(sizes, self.sketch.steps[v].dtype)
        self.add(self.sketch("slice_update", v, source, attrs=(starts, sizes, steps)))
