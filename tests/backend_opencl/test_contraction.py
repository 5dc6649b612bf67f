"""Matrix product kernels: the choice of tiles without a device, the numbers on one."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from portfire import _dtype
from portfire_opencl.codegen._contraction_split import split_offset
from portfire_opencl.codegen.contraction import lower, plan
from portfire_opencl.codegen.indexing import modulo, scale, total, variable
from portfire_opencl.runtime import OpenCLRuntime
from tests.backend_opencl._products import CPU, GPU, Case, run, window_case

SIZES = (1, 2, 3, 7, 15, 16, 17, 33, 50)
LAYOUTS = tuple(itertools.product((False, True), repeat=2))
TOLERANCES = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-14}


def assert_all_right(runtime: OpenCLRuntime, cases: list[Case], facts: Any) -> None:
    for case, (got, expected) in zip(cases, run(runtime, cases, facts), strict=True):
        if case.dtype.is_floating_point:
            atol = TOLERANCES[case.dtype.name] * (np.sqrt(case.k) * 4 + 12)
            np.testing.assert_allclose(got, expected, rtol=0, atol=atol, err_msg=str(case))
        else:
            np.testing.assert_array_equal(got, expected, err_msg=str(case))


def turned(sizes: Any, **more: Any) -> list[Case]:
    """One product per layout of its factors."""
    return [Case(*sizes, a_turned=a, b_turned=b, **more) for a, b in LAYOUTS]


def grid(count: int = 40) -> list[Case]:
    """A sample of all small shapes in all layouts, the same in every run."""
    shapes = list(itertools.product(SIZES, SIZES, (0, 1, 2, 5, 16, 31, 32, 40, 70)))
    chosen = np.random.default_rng(5).permutation(len(shapes))[:count]
    return [
        Case(*shapes[index], a_turned=turns[0], b_turned=turns[1])
        for number, index in enumerate(chosen)
        for turns in [LAYOUTS[number % 4]]
    ]


@pytest.mark.parametrize("facts", [CPU, GPU, replace(CPU, vector=8)], ids=["cpu", "gpu", "cpu8"])
@pytest.mark.parametrize("loaders", [False, True])
def test_small_shapes_with_all_tails(runtime: OpenCLRuntime, facts: Any, loaders: bool) -> None:
    cases = grid(24 if facts is CPU else 8)
    assert_all_right(runtime, [replace(case, loaders=loaders) for case in cases], facts)


@pytest.mark.parametrize("facts", [CPU, GPU], ids=["cpu", "gpu"])
def test_larger_shapes(runtime: OpenCLRuntime, facts: Any) -> None:
    cases = [*turned((256, 256, 256)), *turned((200, 310, 333))]
    assert_all_right(runtime, cases, facts)


def test_long_sums(runtime: OpenCLRuntime) -> None:
    cases = [*turned((64, 64, 5000)), *turned((16, 40, 9000)), *turned((1, 1, 100_000))]
    assert_all_right(runtime, cases, CPU)


def test_long_sums_in_parts_and_blocks(runtime: OpenCLRuntime) -> None:
    split = [Case(5, 20, 9000, loaders=loaders, a_turned=True) for loaders in (False, True)]
    blocked = [
        Case(20, 300, 1500),  # B in place
        Case(150, 70, 1500, batch=2, loaders=True),
        Case(250, 70, 1500, batch=2, b_turned=True),
    ]
    tilings = [plan(case.spec(), CPU) for case in (*split, *blocked)]
    assert [tiling.splits > 1 for tiling in tilings] == [True, True, False, False, False]
    assert [tiling.pack_b for tiling in tilings] == [False, True, False, True, True]
    assert_all_right(runtime, [*split, *blocked], CPU)


@pytest.mark.parametrize("name", ["float32", "int32"])
def test_windows_of_images_are_copied_in_runs(runtime: OpenCLRuntime, name: str) -> None:
    # Rows of 32 (one run), 14 and 8 (two runs in a vector) and 5 (anything) positions.
    images = ((1, 6, 34), (3, 9, 16), (2, 10, 10), (2, 7, 7))
    cases = [
        window_case(20, image, is_a, swapped, batch=2, dtype=_dtype.NAMES[name])
        for image in images
        for is_a in (False, True)
        for swapped in (False, True)
    ]
    assert_all_right(runtime, cases, CPU)
    assert_all_right(runtime, cases[:4], GPU)


def test_offsets_are_split_where_no_part_mixes_indices() -> None:
    probes, sizes = ("pf_b", "pf_r", "pf_c"), (2, 12, 100)
    b, r, c = (variable(name, size) for name, size in zip(probes, sizes, strict=True))
    split = split_offset("x", total((scale(b, 7), scale(r, 3), modulo(c, 10))), probes, sizes)
    assert split is not None
    assert (split.batch("q"), split.row("q"), split.column("q")) == ("7*q", "3*q", "((q)%10)")
    assert (split.row_run, split.column_run) == (1, 10)
    assert split_offset("x", modulo(total((r, c)), 10), probes, sizes) is None
    assert split_offset("x", total((r, variable("other", 3))), probes, sizes) is None
    assert split_offset("x", scale(b, 2**32), probes, sizes) is None


@pytest.mark.parametrize("facts", [CPU, GPU], ids=["cpu", "gpu"])
def test_batches(runtime: OpenCLRuntime, facts: Any) -> None:
    cases = [
        case for shared in (False, True) for case in turned((9, 20, 33), batch=5, shared_b=shared)
    ]
    assert_all_right(runtime, cases, facts)


@pytest.mark.parametrize(
    "name", ["float16", "float64", "int64", "int32", "uint32", "int16", "int8", "uint8"]
)
def test_every_dtype(runtime: OpenCLRuntime, name: str) -> None:
    dtype = _dtype.NAMES[name]
    if dtype not in runtime.dtypes:
        pytest.skip(f"{runtime.name} has no {name}")
    cases = [*turned((7, 19, 37), dtype=dtype)[1:3], Case(30, 65, 140, b_turned=True, dtype=dtype)]
    assert_all_right(runtime, cases, CPU)
    assert_all_right(runtime, [Case(33, 19, 18, dtype=dtype)], GPU)


@dataclass(frozen=True)
class Spoilt(Case):
    """A product with one number in each factor that is not finite, in the last vector of k."""

    bad: float = np.inf

    def arrays(self) -> tuple[Any, Any]:
        a, b = super().arrays()
        a[(0, 40, 3) if self.a_turned else (0, 3, 40)] = self.bad
        b[(0, 5, 39) if self.b_turned else (0, 39, 5)] = self.bad
        return a, b


def test_values_that_are_not_finite_stay_in_their_row_and_column(runtime: OpenCLRuntime) -> None:
    cases = [
        Spoilt(20, 37, 41, a_turned=a, b_turned=b, bad=bad)
        for a, b in LAYOUTS
        for bad in (np.inf, np.nan)
    ]
    with np.errstate(invalid="ignore"):
        results = run(runtime, cases, CPU)
    for got, expected in results:
        np.testing.assert_array_equal(np.isfinite(got), np.isfinite(expected))
        np.testing.assert_array_equal(np.isnan(got), np.isnan(expected))


def test_text_is_the_same_each_time() -> None:
    for case in (Case(64, 64, 64), Case(7, 300, 90, b_turned=True), Case(5, 5, 5, loaders=True)):
        for facts in (CPU, GPU):
            assert lower(case.spec(), facts) == lower(case.spec(), facts)


def test_choice_of_family() -> None:
    def family(case: Case, facts: Any = CPU) -> tuple[str, bool, bool]:
        tiling = plan(case.spec(), facts)
        return tiling.family, tiling.pack_a, tiling.pack_b

    assert family(Case(32, 256, 784, b_turned=True)) == ("dots", False, False)
    assert family(Case(32, 256, 784, b_turned=True, loaders=True)) == ("tile", True, True)
    assert family(Case(1024, 1024, 1024)) == ("tile", False, True)
    assert family(Case(1024, 1024, 1024, b_turned=True)) == ("tile", False, True)
    assert family(Case(1024, 1024, 1024, a_turned=True)) == ("tile", True, True)
    assert family(Case(32, 784, 256)) == ("tile", False, False)
    assert family(Case(256, 784, 32, a_turned=True)) == ("tile", False, False)
    assert family(Case(4, 4, 0)) == ("zero", False, False)
    assert family(Case(4, 4, 0), GPU) == ("local", False, False)
    assert family(Case(64, 64, 64, dtype=_dtype.float16)) == ("tile", True, True)


def test_tiles_fit_the_registers_and_cover_the_product() -> None:
    for vector, registers in ((16, 32), (8, 16), (4, 16)):
        facts = replace(CPU, vector=vector)
        for case in grid(400):
            tiling = plan(case.spec(), facts)
            if tiling.family != "tile":
                continue
            vectors = tiling.columns // tiling.lanes
            assert tiling.rows * vectors + vectors + 1 <= registers
            assert tiling.rows <= case.m
            assert (vectors - 1) * tiling.lanes < case.n


def test_work_is_shared_by_all_units() -> None:
    facts = replace(CPU, compute_units=16)
    for case in (Case(1024, 1024, 1024), Case(32, 784, 256), Case(4, 4, 64, batch=64)):
        launch = lower(case.spec(), facts).launches[-1]
        assert np.prod(launch.global_size) >= min(16, case.batch * case.m * case.n // 512)


def test_scratch_is_bounded_by_the_work_items() -> None:
    kernels = lower(Case(64, 1024, 576, batch=32, loaders=True).spec(), CPU)
    panels = kernels.scratch[-1]  # of B; A's are the first
    assert panels <= 16 * 576 * 32 * 4
    assert kernels.launches[-1].global_size == (16, 1, 1)


def test_local_tiles_respect_the_limits_of_the_device() -> None:
    small = replace(GPU, max_work_group=64, local_memory=2048)
    tiling = plan(Case(100, 100, 100).spec(), small)
    assert tiling.group**2 <= 64
    assert 2 * tiling.rows * tiling.group**2 * 4 <= 2048


def test_a_factor_that_batches_share_is_packed_once() -> None:
    case = Case(24, 40, 300, batch=6, a_turned=True, b_turned=True)
    operand = case.spec().a
    assert operand.strides is not None
    spec = replace(case.spec(), a=replace(operand, strides=operand.strides._replace(batch=0)))
    pack = lower(spec, CPU).launches[0]
    assert pack.label == "pack"
    assert pack.global_size[2] == 1
    assert lower(case.spec(), CPU).launches[0].global_size[2] == 6
