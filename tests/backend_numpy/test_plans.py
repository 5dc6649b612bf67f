"""Plans of the device ``cpu``: what is computed together, where it lies, that it is right."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _device
from portfire.backend import UnsupportedError
from portfire.backend._contract import Instruction, Program
from portfire.ops import Kind, Operator, Spec
from portfire_numpy import _fusion
from portfire_numpy._memory import SMALL, Pool
from portfire_numpy._plan import Plan
from tests.backend_numpy._programs import Builder, assert_same_bits, labels, random_program

Array = Any


def numbers(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def shown(*tensors: Any) -> list[str]:
    """The units by which pending tensors would be computed."""
    recorder = _device.resolve("cpu")
    wanted = tuple(t._read().index for t in tensors)
    program = recorder.prepare(Program(tuple(recorder._steps), wanted))
    return labels(Plan(program, Pool(), "cpu"))


@pytest.mark.parametrize("seed", range(60))
def test_groups_give_the_same_bits_as_operators_alone(seed: int) -> None:
    source = np.random.default_rng(seed)
    made, outputs = random_program(source, 4 + seed % 20)
    assert_same_bits(made.run(*outputs), made.alone(*outputs), f"seed {seed}")


@pytest.mark.parametrize("seed", range(6))
def test_threads_give_the_same_bits(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portfire_numpy._blocks.SHARED", 1)
    monkeypatch.setattr("portfire_numpy._group.MAX_BLOCK", 4096)
    made, outputs = random_program(np.random.default_rng(1000 + seed), 14)
    before = portfire.get_num_threads()
    try:
        portfire.set_num_threads(3)
        several = made.run(*outputs)
        portfire.set_num_threads(1)
        assert_same_bits(several, made.run(*outputs))
    finally:
        portfire.set_num_threads(before)
    assert_same_bits(several, made.alone(*outputs))


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int16", "int32", "int64", "float16", "float64"]
)
def test_selections_by_bits_in_each_dtype(dtype: str) -> None:
    source = np.random.default_rng(3)
    made = Builder()
    x, y = (made.input(source.integers(0, 2, 300).astype(dtype)) for _ in range(2))
    condition = made.add("lt", x, y)
    zero = made.add("full", attrs=((300,), 0, made.steps[x].dtype))
    outputs = [
        made.add("where", condition, *pair) for pair in ((x, y), (zero, y), (x, zero), (y, y))
    ]
    assert_same_bits(made.run(*outputs), made.alone(*outputs))


def test_a_selection_keeps_negative_zero_and_nan() -> None:
    made = Builder()
    x = made.input(np.array([-0.0, np.nan, -np.inf, 2], np.float32))
    condition = made.add("eq", x, x)
    minus = made.add("full", attrs=((4,), -0.0, portfire.float32))
    outputs = [made.add("where", condition, x, minus), made.add("where", condition, minus, x)]
    assert_same_bits(made.run(*outputs), made.alone(*outputs))


def test_one_condition_for_all() -> None:
    made = Builder()
    x, y = made.input(numbers(5)), made.input(numbers(5, seed=1))
    condition = made.add("lt", made.number(1.0, portfire.float32), made.number(2, portfire.float32))
    result = made.add("where", condition, x, y)
    assert_same_bits(made.run(result), made.alone(result))


# What is one unit


def test_a_chain_is_one_unit() -> None:
    x, y = (portfire.tensor(numbers(100, seed=n)) for n in (0, 1))
    assert shown(portfire.tanh(x * y + x) * 0.5 + y) == ["add"]


def test_broadcasts_casts_and_selections_are_a_part_of_it() -> None:
    x, row = portfire.tensor(numbers(30, 40)), portfire.tensor(numbers(40))
    chosen = portfire.where(x > row, x.double(), (row * 2).double())
    # The row times 2 is of another shape, so that it comes first.
    assert shown(chosen.float() + 1) == ["cast", "add"]


def test_a_sum_and_a_product_are_units_of_their_own() -> None:
    x = portfire.tensor(numbers(30, 30))
    assert shown((x * 2 + 1).sum() * 3) == ["add", "sum", "mul"]
    assert shown((x * 2) @ (x + 1) - x) == ["mul", "add", "dot", "sub"]


def test_movements_are_read_through() -> None:
    x, y = portfire.tensor(numbers(6, 8)), portfire.tensor(numbers(8, 6))
    assert shown(x.t() + y) == ["add"]
    assert shown(x[::2, 1:5] * y[:3, :4] + 1) == ["add"]
    # The transpose of something new needs it to be stored.
    assert shown((x * 2).t() + y) == ["mul", "add"]


def test_a_reshape_between_elementwise_steps_does_not_part_them() -> None:
    x = portfire.tensor(numbers(6, 8))
    assert shown((x * 2).reshape(48) + 1) == ["add"]


def test_what_is_read_twice_is_computed_once() -> None:
    x = portfire.tensor(numbers(50))
    y = x.exp()
    assert shown(y + y.sum(), y) == ["exp", "sum", "add"]


def test_groups_do_not_wait_for_each_other() -> None:
    """Joining the last step with the first would put the sum in the middle of one unit."""
    x = portfire.tensor(numbers(50))
    y = x.exp()
    assert shown((y * 2) * y.sum()) == ["exp+mul", "sum", "mul"] or shown((y * 2) * y.sum()) == [
        "exp",
        "sum",
        "mul",
    ]


@pytest.mark.parametrize("limit", [2, 3, 6, 96])
def test_no_group_of_a_random_program_waits_for_itself(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_fusion, "MAX_GROUP", limit)
    for seed in range(60):
        source = np.random.default_rng(seed)
        made, outputs = random_program(source, int(source.integers(10, 120)))
        program = made.program(*outputs)
        where = _fusion.layouts(program)
        done: set[int] = set()
        for unit in _fusion.units(program, where, {}):
            read = {layout.root for layout in unit.reads}
            computed = {n for n in read if not _fusion.is_free(program.instructions[n], n, where)}
            assert computed <= done, f"seed {seed}"
            assert not done & set(unit.steps), f"seed {seed}"
            done.update(unit.steps)
        wanted = {where[i].root for i in outputs}
        free = {n for n in wanted if _fusion.is_free(program.instructions[n], n, where)}
        assert wanted <= done | free, f"seed {seed}"


def test_an_update_of_adam_is_one_unit() -> None:
    weight, moment, square, grad = (portfire.tensor(numbers(500, seed=n)) for n in range(4))
    moment = moment + (grad - moment) * 0.1
    square = square + (grad * grad - square) * 0.001
    assert shown(weight - moment / (square.sqrt() + 1e-8) * 1e-3, moment, square) == ["add+sub"]


def test_an_operator_without_a_kernel_is_refused_by_name() -> None:
    odd = Operator("odd", Kind.ELEMENTWISE, lambda specs, attrs: specs[0], abs)
    made = Builder()
    x = made.input(numbers(3))
    made.steps.append(Instruction(odd, (x,), (), (3,), portfire.float32))
    with pytest.raises(UnsupportedError, match="backend cpu cannot do odd for float32"):
        made.plan(1)
    assert made.steps[x].spec == Spec((3,), portfire.float32)


# Memory


def test_outputs_never_share_memory() -> None:
    made = Builder()
    x = made.input(numbers(40, 50))
    y = made.add("exp", x)
    flat = made.add("reshape", y, attrs=((2000,),))
    turned = made.add("permute", y, attrs=((1, 0),))
    results = made.run(y, flat, turned)
    assert_same_bits(results, made.alone(y, flat, turned))
    for one in range(3):
        for other in range(one):
            assert not np.shares_memory(results[one], results[other])
        assert not np.shares_memory(results[one], made.arrays[0])


def test_results_outlive_later_runs_of_the_plan() -> None:
    made = Builder()
    x = made.input(numbers(200, 200))
    y = made.add("mul", x, x)
    z = made.add("sum", y, attrs=((0,),))
    plan = made.plan(y, z)
    kept = plan(made.arrays, [])
    copies = [array.copy() for array in kept]
    for seed in range(4):
        view = plan([numbers(200, 200, seed=seed)], [])[0][3:5, ::2]
        assert_same_bits(kept, copies)
        expected = view.copy()
        plan([numbers(200, 200, seed=9)], [])
        np.testing.assert_array_equal(view, expected)


def test_runs_use_memory_again() -> None:
    pool = Pool()
    made = Builder()
    x = made.input(numbers(300, 300))
    y = made.add("dot", made.add("exp", x), x)
    plan = Plan(made.program(made.add("tanh", y)), pool, "cpu")
    for _ in range(2):
        results = plan(made.arrays, [])
    built = pool.built
    for _ in range(20):
        results = plan(made.arrays, [])
    assert pool.built == built
    assert results[0].base is not None
    assert pool.held < 6 * results[0].nbytes


def test_a_pool_gives_a_block_to_one_user_at_a_time() -> None:
    pool = Pool()
    shape = (SMALL // 4,)
    first = pool.array(shape, np.dtype(np.float32))
    view = first[10:20].reshape(2, 5)
    del first
    second = pool.array(shape, np.dtype(np.float32))
    assert not np.shares_memory(view, second)
    del view
    third = pool.array(shape, np.dtype(np.int32))
    assert pool.built == 2
    assert not np.shares_memory(second, third)
    assert pool.array((4,), np.dtype(np.int8)).base is None


def test_a_pool_gives_idle_memory_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portfire_numpy._memory.MAX_IDLE", 4 * SMALL)
    pool = Pool()
    for n in range(1, 30):
        pool.array((n * SMALL,), np.dtype(np.int8))
        assert pool.idle() <= 4 * SMALL + (n + 1) * SMALL
    assert pool.held == pool.idle()


def test_temporaries_lie_in_one_arena() -> None:
    x = portfire.tensor(numbers(64, 64))
    y = x
    for _ in range(10):
        y = (y + 1) @ x
    recorder = _device.resolve("cpu")
    program = recorder.prepare(Program(tuple(recorder._steps), (y._read().index,)))
    assert Plan(program, Pool(), "cpu").describe().temporaries == 2 * 64 * 64 * 4


def test_numpy_arrays_outside_are_never_written_to() -> None:
    host = numbers(300, 300)
    x = portfire.from_numpy(host)
    before = host.copy()
    view = x.numpy()
    y = x.exp()
    x2 = x.clone()
    portfire.flush()
    np.testing.assert_array_equal(host, before)
    view[0, 0] = 7
    assert x[0, 0].item() == 7
    assert x2[0, 0].item() == before[0, 0]
    assert y[0, 0].item() == pytest.approx(float(np.exp(before[0, 0])), rel=1e-6)
    x.add_(1)
    assert host[0, 0] == 8


def test_training_allocates_nothing_new() -> None:
    weight = portfire.tensor(numbers(200, 200))
    pool = _device.resolve("cpu").runtime._pool
    x = portfire.tensor(numbers(200, 200, seed=1))

    def step() -> None:
        weight.sub_((x @ weight).tanh() * 1e-3)
        portfire.flush()

    for _ in range(4):
        step()
    built = pool.built
    for _ in range(20):
        step()
    assert pool.built == built


# Threads


def test_setting_the_number_of_threads() -> None:
    before = portfire.get_num_threads()
    portfire.set_num_threads(1)
    assert portfire.get_num_threads() == 1
    portfire.set_num_threads(before)
    for wrong in (0, -1):
        with pytest.raises(RuntimeError, match="set_num_threads expects a positive integer"):
            portfire.set_num_threads(wrong)
    for odd, name in ((1.5, "float"), ("2", "str"), (True, "bool")):
        with pytest.raises(RuntimeError, match=f"expects an int, but got {name}"):
            portfire.set_num_threads(odd)  # type: ignore[arg-type]
    assert portfire.get_num_threads() == before


def test_an_error_in_any_thread_is_raised() -> None:
    from portfire_numpy._threads import share

    def work(first: int, last: int) -> None:
        if first <= 5 < last:
            raise ValueError("five")

    before = portfire.get_num_threads()
    portfire.set_num_threads(2)
    try:
        for _ in range(20):
            with pytest.raises(ValueError, match="five"):
                share(work, 8)
    finally:
        portfire.set_num_threads(before)


def test_sharing_does_each_part_once() -> None:
    from portfire_numpy._threads import share

    done = np.zeros(1000, np.int64)
    lock = threading.Lock()

    def work(first: int, last: int) -> None:
        with lock:
            done[first:last] += 1

    before = portfire.get_num_threads()
    portfire.set_num_threads(4)
    try:
        for count in (0, 1, 3, 17, 1000):
            done[:] = 0
            share(work, count)
            assert done.tolist() == [1] * count + [0] * (1000 - count)
    finally:
        portfire.set_num_threads(before)
