"""A program as a list of bound units: the executable of the device ``cpu``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any, NamedTuple

import numpy as np

from portfire._dtype import DType
from portfire.backend._contract import Instruction, Program, UnsupportedError
from portfire.backend._insight import KernelInfo, Measurement, Note, PlanInfo, flops_of, nbytes_of
from portfire.ops._indexing import of_shapes
from portfire.ops._source import FULL, INPUT, IOTA, SCALAR, is_leaf
from portfire_numpy._arena import Arena
from portfire_numpy._blas import one_thread
from portfire_numpy._contraction import products
from portfire_numpy._fusion import Unit, is_free, layouts, units
from portfire_numpy._group import compile_group
from portfire_numpy._layout import Layout
from portfire_numpy._memory import Pool
from portfire_numpy._writers import RULES
from portfire_numpy.kernels import TABLE

__all__ = ["Plan"]

Array = Any
Values = list[Any]
Run = Callable[[Values], None]
Place = tuple[int, tuple[int, ...], np.dtype[Any], int]  # step, shape, dtype, offset in the arena

MAX_CONSTANT = 1 << 16  # elements of a counting constant that a plan keeps


class Bound(NamedTuple):
    """One unit, ready to run.

    Attributes:
        run: computes it.
        escaping: results that get memory of their own; their offsets mean nothing.
        temporaries: results in the arena.
        reads: steps whose memory it reads.
        dead: steps whose values nobody reads after it.
        info: what it is, for the profiler and `portfire.explain`.
    """

    run: Run
    escaping: tuple[Place, ...]
    temporaries: tuple[Place, ...]
    reads: tuple[int, ...]
    dead: tuple[int, ...]
    info: KernelInfo


class Result(NamedTuple):
    """One output: a layout, and whether it takes a copy."""

    layout: Layout
    dtype: np.dtype[Any]
    copied: bool


class Plan:
    """A callable ``(buffers, scalars) -> outputs``.

    Args:
        program: what to compute.
        pool: where the memory comes from.
        name: of the device, for errors.
    """

    def __init__(self, program: Program, pool: Pool, name: str) -> None:
        self._pool = pool
        self._program = program
        self._where = layouts(program)
        self._template: Values = [None] * len(program.instructions)
        self._slots: list[tuple[int, int]] = []
        self._numbers: list[tuple[int, int, DType]] = []
        self._counts: list[tuple[int, Instruction]] = []  # constants too large to keep
        for position, step in enumerate(program.instructions):
            if not is_leaf(step.op) and step.op.name not in TABLE:
                raise UnsupportedError(
                    f"the backend {name} cannot do {step.op.name} for {step.dtype.name}; "
                    f"use another device, or ask its author for the operator"
                )
            self._leaf(position, step)
        self._results = self._outputs()
        self._escaping = {r.layout.root for r in self._results if not r.copied}
        self._products = products(program, self._where)
        instead = {n: product.reads for n, product in self._products.items()}
        order = units(program, self._where, instead)
        self._arena = Arena()
        self._units = self._bind(order)

    def _leaf(self, position: int, step: Instruction) -> None:
        """Note where a run finds a leaf; make constants."""
        if step.op is INPUT:
            self._slots.append((position, step.attrs[0]))
        elif step.op is SCALAR:
            self._numbers.append((position, step.attrs[0], step.dtype))
        elif step.op is FULL:
            self._template[position] = np.array(step.attrs[1], step.dtype.numpy)
        elif step.op is IOTA:
            shape, axis, dtype = step.attrs
            if shape[axis] <= MAX_CONSTANT:
                self._template[position] = np.arange(shape[axis], dtype=dtype.numpy)
            else:
                self._counts.append((position, step))

    def _outputs(self) -> list[Result]:
        """Decide which outputs are the memory of a step as it is; no two are the same memory."""
        found: list[Result] = []
        taken: dict[int, int] = {}
        for index in self._program.outputs:
            layout = self._where[index]
            root = self._program.instructions[layout.root]
            own = not is_free(root, layout.root, self._where) or root.op is INPUT
            whole = own and layout.is_all_of(dense_size(root))
            # One step may be asked for twice: core knows that both are one buffer then.
            copied = not whole or (
                root.op is not INPUT and taken.setdefault(layout.root, index) != index
            )
            found.append(Result(layout, self._program.instructions[index].dtype.numpy, copied))
        return found

    # Compiling

    def _bind(self, order: Sequence[Unit]) -> list[Bound]:
        needed = {layout.root for unit in order for layout in unit.reads}
        needed |= {result.layout.root for result in self._results}
        last: dict[int, int] = {}
        for number, unit in enumerate(order):
            last.update({layout.root: number for layout in unit.reads})
        last.update({result.layout.root: len(order) for result in self._results})
        bound = []
        for number, unit in enumerate(order):
            if unit.fused:
                stored = [n for n in unit.steps if n in needed]
                run: Run = compile_group(self._program, unit, self._where, stored).run
                placed = stored
            else:
                (n,) = stored = unit.steps
                writer = self._writer(n)
                run = writer or self._call(n)
                placed = [] if writer is None else stored
            escaping, temporaries = [], []
            for n in placed:
                step = self._program.instructions[n]
                dtype = step.dtype.numpy
                if n in self._escaping:
                    escaping.append((n, step.shape, dtype, 0))
                else:
                    offset = self._arena.take(n, nbytes_of(step))
                    temporaries.append((n, step.shape, dtype, offset))
            dead = {layout.root for layout in unit.reads if last[layout.root] == number}
            dead |= {n for n in stored if n not in last}
            for n in dead:
                self._arena.release(n)
            bound.append(
                Bound(
                    run,
                    tuple(escaping),
                    tuple(temporaries),
                    tuple(dict.fromkeys(layout.root for layout in unit.reads)),
                    tuple(sorted(dead)),
                    self._info(number, unit, stored),
                )
            )
        return bound

    def _writer(self, n: int) -> Run | None:
        if n in self._products:
            return self._products[n].run
        rule = RULES.get(self._program.instructions[n].op.name)
        return None if rule is None else rule(self._program, n, self._where)

    def _call(self, n: int) -> Run:
        """Return the run of a step that makes its own array."""
        step = self._program.instructions[n]
        function = TABLE[step.op.name]
        sources = [self._where[i] for i in step.inputs]
        attrs = step.attrs

        def run(values: Values) -> None:
            arrays = [source.of(values[source.root]) for source in sources]
            try:
                result = function(*arrays, *attrs)
            except IndexError as error:
                shapes = [source.shape for source in sources]
                raise IndexError(f"{error} {of_shapes(step.op.name, shapes)}") from error
            result = np.asarray(result, order="C")
            # A view may be of memory that is used again.
            values[n] = (
                result if result.base is None and not _is_in(result, arrays) else result.copy()
            )

        return run

    def _info(self, number: int, unit: Unit, stored: Sequence[int]) -> KernelInfo:
        steps = self._program.instructions
        reads = dict.fromkeys(layout.root for layout in unit.reads)
        return KernelInfo(
            label="+".join(dict.fromkeys(steps[n].op.name for n in stored)),
            operators=tuple([steps[n].op.name for n in unit.steps]),
            group=number,
            reads=tuple([nbytes_of(steps[n]) for n in reads]),
            writes=tuple([nbytes_of(steps[n]) for n in stored]),
            flops=sum(flops_of(self._program, steps[n]) for n in unit.steps),
            result=", ".join(f"{list(steps[n].shape)} {steps[n].dtype.name}" for n in stored),
        )

    def describe(self) -> PlanInfo:
        """Tell what the plan does."""
        readers: dict[int, list[str]] = {}
        for unit in self._units:
            for n in unit.reads:
                readers.setdefault(n, []).append(unit.info.label)
        boundaries = []
        for unit in self._units:
            for n, *_ in unit.temporaries:
                step = self._program.instructions[n]
                who = ", ".join(dict.fromkeys(readers.get(n, ["the result"])))
                spec = f"{step.op.name} {list(step.shape)} {step.dtype.name}"
                boundaries.append(f"{spec}: read by {who}")
        kernels = tuple([unit.info for unit in self._units])
        return PlanInfo(kernels, tuple(boundaries), temporaries=self._arena.size)

    # Running

    def __call__(self, buffers: Sequence[Any], scalars: Sequence[Any]) -> Sequence[Any]:
        """Run the units."""
        with np.errstate(all="ignore"), one_thread():
            values = self._start(buffers, scalars)
            arena = self._pool.block(self._arena.size) if self._arena.size else None
            for unit in self._units:
                self._place(unit, values, arena)
                unit.run(values)
                for n in unit.dead:
                    values[n] = None
            return [self._finish(result, values) for result in self._results]

    def profile(self, buffers: Sequence[Any], scalars: Sequence[Any], note: Note) -> Sequence[Any]:
        """Run the units, and tell ``note`` how long each took."""
        with np.errstate(all="ignore"), one_thread():
            values = self._start(buffers, scalars)
            arena = self._pool.block(self._arena.size) if self._arena.size else None
            for unit in self._units:
                start = perf_counter_ns()
                self._place(unit, values, arena)
                unit.run(values)
                duration = perf_counter_ns() - start
                info = unit.info
                work = (sum(info.reads), sum(info.writes), info.flops)
                note(Measurement(info.label, start, duration, *work, (("result", info.result),)))
                for n in unit.dead:
                    values[n] = None
            return [self._timed_finish(result, values, note) for result in self._results]

    def _start(self, buffers: Sequence[Any], scalars: Sequence[Any]) -> Values:
        values = list(self._template)
        for position, slot in self._slots:
            values[position] = buffers[slot]
        for position, slot, dtype in self._numbers:
            number = scalars[slot]
            if dtype.is_floating_point:
                values[position] = np.array(number, dtype.numpy)
            else:
                values[position] = np.array(number).astype(dtype.numpy)
        for position, step in self._counts:
            shape, axis, dtype = step.attrs
            values[position] = np.arange(shape[axis], dtype=dtype.numpy)
        return values

    def _place(self, unit: Bound, values: Values, arena: Array) -> None:
        """Make the arrays that a unit writes."""
        for n, shape, dtype, _ in unit.escaping:
            values[n] = self._pool.array(shape, dtype)
        for n, shape, dtype, offset in unit.temporaries:
            values[n] = np.ndarray(shape, dtype, arena, offset)

    def _finish(self, result: Result, values: Values) -> Array:
        layout, dtype, copied = result
        array = values[layout.root]
        if not copied:
            return array if array.shape == layout.shape else array.reshape(layout.shape)
        out = self._pool.array(layout.shape, dtype)
        np.copyto(out, layout.of(array))
        return out

    def _timed_finish(self, result: Result, values: Values, note: Note) -> Array:
        start = perf_counter_ns()
        array = self._finish(result, values)
        if result.copied:
            nbytes = int(array.nbytes)
            note(Measurement("copy", start, perf_counter_ns() - start, nbytes, nbytes))
        return array


def dense_size(step: Instruction) -> int:
    """Return how many elements a step's result has."""
    return nbytes_of(step) // step.dtype.itemsize


def _is_in(array: Array, arrays: Sequence[Array]) -> bool:
    return any(array is other for other in arrays)
