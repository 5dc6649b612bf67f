"""Builds matrix product specs over real buffers and runs them, for the tests of the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from portfire import _dtype
from portfire._dtype import DType
from portfire_opencl._plan import BufferArg, DeviceFacts, Launch, Plan
from portfire_opencl.codegen._contraction_api import (
    DotKernels,
    DotSpec,
    Loaded,
    Operand,
    Param,
    Scratch,
    Strides,
)
from portfire_opencl.codegen._contraction_split import split_offset
from portfire_opencl.codegen._contraction_text import C_NAMES
from portfire_opencl.codegen.contraction import lower
from portfire_opencl.codegen.indexing import floordiv, modulo, scale, total, variable

ALIGNMENT = 1024
CPU = DeviceFacts("cpu", 16, 2, 4096, 1 << 20, 1 << 31, False, True)
GPU = replace(CPU, schedule="gpu", vector=1, max_work_group=256, local_memory=32 << 10)

PRELUDE = """
#define LD(t, p) (*(__global const t##u*)(p))
#define ST(t, p, v) (*(__global t##u*)(p) = (v))
"""
PRELUDE += "".join(
    f"typedef {name}{lanes} {name}{lanes}u __attribute__((aligned({size})));\n"
    for name, size in [
        ("char", 1), ("uchar", 1), ("short", 2), ("int", 4), ("uint", 4), ("long", 8),
        ("float", 4), ("double", 8),
    ]
    for lanes in (2, 4, 8, 16)
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One product: sizes, which factors are transposed in memory, and how they are described."""

    m: int
    n: int
    k: int
    batch: int = 1
    a_turned: bool = False
    b_turned: bool = False
    dtype: DType = _dtype.float32
    loaders: bool = False  # describe the factors by functions instead of strides
    shared_b: bool = False  # one B for all batches

    def arrays(self) -> tuple[Any, Any]:
        rng = np.random.default_rng(self.m * 31 + self.n * 7 + self.k)
        shapes = (
            (self.batch, self.k, self.m) if self.a_turned else (self.batch, self.m, self.k),
            (1 if self.shared_b else self.batch,)
            + ((self.n, self.k) if self.b_turned else (self.k, self.n)),
        )
        if self.dtype.is_floating_point:
            a, b = (rng.normal(size=shape).astype(self.dtype.numpy) for shape in shapes)
        else:
            a, b = (rng.integers(0, 100, shape).astype(self.dtype.numpy) for shape in shapes)
        return a, b

    def expected(self, a: Any, b: Any) -> Any:
        wide = np.float64 if self.dtype.is_floating_point else self.dtype.numpy
        a, b = a.astype(wide), b.astype(wide)
        a = a.swapaxes(1, 2) if self.a_turned else a
        b = b.swapaxes(1, 2) if self.b_turned else b
        product = np.matmul(a, b)
        bias = np.arange(self.n).astype(wide) % 7
        return product + product.dtype.type(2) * bias

    def spec(self) -> DotSpec:
        accumulate = _dtype.float32 if self.dtype is _dtype.float16 else self.dtype
        return DotSpec(
            self.batch,
            self.m,
            self.n,
            self.k,
            self.dtype,
            accumulate,
            self._operand("a0", 0, self.m, self.k, self.a_turned, False),
            self._operand("b0", 1, self.k, self.n, self.b_turned, self.shared_b),
            self._epilogue,
            (
                Param(f"__global const {self._memory} * e0", 2),
                Param(f"__global {self._memory}* e1", 3),
            ),
        )

    @property
    def _memory(self) -> str:
        return "half" if self.dtype is _dtype.float16 else C_NAMES[self.dtype.name]

    def _operand(
        self, name: str, slot: int, rows: int, columns: int, turned: bool, shared: bool
    ) -> Operand:
        row, column = (1, rows) if turned else (columns, 1)
        batch = 0 if shared else rows * columns
        half = self.dtype is _dtype.float16

        def load(b: str, r: str, c: str, lanes: int, along: str) -> Loaded:
            at = f"{name} + (long){b} * {batch} + (long){r} * {row} + (long){c} * {column}"
            if lanes > 1 and (along == "r") != turned:
                kind = f"{C_NAMES[_dtype.float32.name if half else self.dtype.name]}{lanes}"
                stride = row if along == "r" else column
                parts = ", ".join(
                    f"vload_half({i * stride}, {at})" if half else f"({at})[{i * stride}]"
                    for i in range(lanes)
                )
                return Loaded((), f"({kind})({parts})")
            if half:
                suffix = str(lanes) if lanes > 1 else ""
                return Loaded((f"__global const half* p = {at};",), f"vload_half{suffix}(0, p)")
            if lanes > 1:
                return Loaded((), f"LD({C_NAMES[self.dtype.name]}{lanes}, {at})")
            return Loaded((f"const int r_ = {r};",), f"({at})[0]")

        contiguous = "r" if turned else "c"
        strides = None if self.loaders else Strides(name, 0, batch, row, column)
        params = (Param(f"__global const {self._memory}* {name}", slot),)
        return Operand(params, self.dtype, strides, load, contiguous)

    def _epilogue(self, b: str, i: str, j: str, value: str, lanes: int) -> list[str]:
        at = f"e1 + ((long){b} * {self.m} + {i}) * {self.n} + {j}"
        suffix = str(lanes) if lanes > 1 else ""
        if self.dtype is _dtype.float16:
            kind = f"float{suffix}"
            return [
                f"{kind} t = {value} + 2.0f * vload_half{suffix}(0, e0 + {j});",
                f"vstore_half{suffix}(t, 0, {at});",
            ]
        name = C_NAMES[self.dtype.name]
        kind = f"{name}{suffix}"
        if lanes == 1:
            return [f"*({at}) = ({name})({value} + ({name})2 * e0[{j}]);"]
        return [
            f"{kind} t = {value} + ({kind})(({name})2) * LD({kind}, e0 + {j});",
            f"ST({kind}, {at}, t);",
        ]


def to_plan(cases: Sequence[Case], lowered: Sequence[DotKernels]) -> Plan:
    """Make a runnable plan of products: inputs a, b, bias of each; outputs; scratch buffers."""
    sources, launches, scratch = [PRELUDE], [], []
    inputs, outputs = 3 * len(cases), len(cases)
    for number, kernels in enumerate(lowered):
        base = inputs + outputs + len(scratch)
        # What a spec calls buffer 0, 1, 2 (a, b, bias) and 3 (the result).
        places = [3 * number, 3 * number + 1, 3 * number + 2, inputs + number]
        scratch.extend(kernels.scratch)
        for index, text in enumerate(kernels.kernels):
            sources.append(text.replace("@NAME@", f"dot{number}_{index}"))
        for one in kernels.launches:
            arguments = tuple(
                BufferArg(base + x.index if isinstance(x, Scratch) else places[x])
                for x in one.bindings
            )
            name = f"dot{number}_{one.kernel}"
            launches.append(Launch(name, arguments, one.global_size, one.local_size, one.label))
    offsets, end = {}, 0
    for number, nbytes in enumerate(scratch):
        offsets[inputs + outputs + number] = end
        end += -(-nbytes // ALIGNMENT) * ALIGNMENT
    allocations = [case.batch * case.m * case.n * case.dtype.itemsize for case in cases]
    return Plan(
        "\n".join(sources),
        tuple(launches),
        inputs,
        (*allocations, *scratch),
        tuple(range(inputs, inputs + outputs)),
        offsets,
        end,
    )


def run(runtime: Any, cases: Sequence[Case], facts: DeviceFacts) -> list[tuple[Any, Any]]:
    """Return what the device computes and what it should; all products are one program."""
    bound = runtime.load(to_plan(cases, [lower(case.spec(), facts) for case in cases]))
    buffers, expected = [], []
    for case in cases:
        a, b = case.arrays()
        bias = (np.arange(case.n) % 7).astype(case.dtype.numpy)
        buffers += [runtime.upload(array) for array in (a, b, bias)]
        expected.append(case.expected(a, b))
    return [
        (runtime.download(out, (case.batch, case.m, case.n), case.dtype), right)
        for case, out, right in zip(cases, bound(buffers, []), expected, strict=True)
    ]


@dataclass(frozen=True)
class WindowCase(Case):
    """A product whose factor B (or A) is made of the windows of an image, read in place.

    The image is ``image`` (channels, height, width), windows are 3 x 3. The factor's long side are
    the positions, its short side channels and taps; ``swapped`` turns it.
    """

    image: tuple[int, int, int] = (2, 10, 10)
    is_a: bool = False
    swapped: bool = False

    def arrays(self) -> tuple[Any, Any]:
        a, b = super().arrays()
        shape = (self.batch, *self.image)
        values = np.arange(np.prod(shape)) % 97
        values = values / 50 - 1 if self.dtype.is_floating_point else values
        picture = values.reshape(shape).astype(self.dtype.numpy)
        return (picture, b) if self.is_a else (a, picture)

    def expected(self, a: Any, b: Any) -> Any:
        picture = a if self.is_a else b
        windows = np.lib.stride_tricks.sliding_window_view(picture, (3, 3), axis=(2, 3))
        taps = windows.transpose(0, 1, 4, 5, 2, 3)
        taps = taps.reshape(self.batch, self.image[0] * 9, -1)
        factor = taps.swapaxes(1, 2) if self.swapped else taps
        return super().expected(factor, b) if self.is_a else super().expected(a, factor)

    def spec(self) -> DotSpec:
        spec = super().spec()
        name = "a0" if self.is_a else "b0"
        operand = replace(self._windows(name), params=(spec.a if self.is_a else spec.b).params)
        return replace(spec, a=operand) if self.is_a else replace(spec, b=operand)

    def _windows(self, name: str) -> Operand:
        channels, height, width = self.image
        wide, high = width - 2, height - 2
        tap, place = ("pf_c", "pf_r") if self.swapped else ("pf_r", "pf_c")
        sizes = (self.batch, channels * 9, wide * high)
        t, p = variable(tap, sizes[1]), variable(place, sizes[2])
        offset = total(
            (
                scale(variable("pf_b", self.batch), channels * height * width),
                scale(floordiv(t, 9), height * width),
                scale(modulo(floordiv(t, 3), 3), width),
                modulo(t, 3),
                scale(floordiv(p, wide), width),
                modulo(p, wide),
            )
        )
        if self.swapped:
            sizes = (sizes[0], sizes[2], sizes[1])
        split = split_offset(name, offset, ("pf_b", "pf_r", "pf_c"), sizes)

        if split is None:
            raise AssertionError("the offset of windows is a sum of parts")

        def load(b: str, r: str, c: str, lanes: int, along: str) -> Loaded:
            return Loaded((), f"{name}[{split.batch(b)} + {split.row(r)} + {split.column(c)}]")

        return Operand((), self.dtype, None, load, "", split)


def window_case(
    rows: int, image: tuple[int, int, int], is_a: bool, swapped: bool, **more: Any
) -> WindowCase:
    """Return the product of a matrix of that many rows (columns, for A) with an image's windows."""
    taps, places = image[0] * 9, (image[1] - 2) * (image[2] - 2)
    r, c = (places, taps) if swapped else (taps, places)
    m, n, k = (r, rows, c) if is_a else (rows, c, r)
    return WindowCase(m, n, k, image=image, is_a=is_a, swapped=swapped, **more)
