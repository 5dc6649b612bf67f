"""The rules of the contract that no operator record states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _device, ops
from portfire._spec import Spec
from portfire.backend import Instruction, MemoryReport, Program, UnsupportedError
from portfire.testing import assert_close
from portfire.testing.samples import edge_values

INPUT, SCALAR = ops.lookup("input"), ops.lookup("scalar")
ADD = ops.lookup("add")


def _runtime(device: str) -> Any:
    return _device.resolve(device).runtime


def _program(*outputs: int, donated: frozenset[int] = frozenset()) -> Program:
    """x, y, a number n, x + y, (x + y) + n."""
    steps = (
        Instruction(INPUT, (), (0, (3,), portfire.float32), (3,), portfire.float32),
        Instruction(INPUT, (), (1, (3,), portfire.float32), (3,), portfire.float32),
        Instruction(SCALAR, (), (0, portfire.float32), (), portfire.float32),
        Instruction(ADD, (0, 1), (), (3,), portfire.float32),
        Instruction(ADD, (3, 2), (), (3,), portfire.float32),
    )
    return Program(steps, outputs, donated)


X = np.array([1, 2, 3], np.float32)
Y = np.array([10, 20, 30], np.float32)
VALUES = {0: X, 1: Y, 2: np.array(5, np.float32), 3: X + Y, 4: X + Y + 5}


def _run(device: str, program: Program, number: float = 5.0) -> list[Any]:
    runtime = _runtime(device)
    buffers = [runtime.upload(X.copy()), runtime.upload(Y.copy())]
    results = runtime.compile(program)(buffers, [number])
    shapes = [program.instructions[i].shape for i in program.outputs]
    return [
        np.array(runtime.download(b, s, portfire.float32))
        for b, s in zip(results, shapes, strict=True)
    ]


def test_the_runtime_has_the_attributes_of_the_contract(device: str) -> None:
    runtime = _runtime(device)
    assert isinstance(runtime.name, str)
    assert runtime.name
    assert portfire.float32 in runtime.dtypes
    assert portfire.int64 in runtime.dtypes, "indices are int64"
    assert portfire.bool in runtime.dtypes, "comparisons give bool"
    claimed = [op for op in ops.registry() if op.name in runtime.claims]
    assert all(op.kind is ops.Kind.COMPOSITE for op in claimed), "only composites are claimed"


def test_arrays_come_back_as_they_went(dtype: Any, device: str) -> None:
    runtime = _runtime(device)
    values = np.arange(12, dtype=np.uint32) if dtype is portfire.uint32 else edge_values(dtype)
    for shape in ((values.size,), (1, values.size, 1), (0,), (2, 0, 3), ()):
        size = int(np.prod(shape))
        array = np.ascontiguousarray(np.resize(values, shape) if size else np.zeros(shape))
        array = array.reshape(shape).astype(dtype.numpy)
        buffer = runtime.upload(array.copy())
        back = runtime.download(buffer, shape, dtype)
        assert back.dtype == dtype.numpy
        assert_close(np.asarray(back), array)


def test_large_arrays(device: str) -> None:
    host = np.arange(1 << 20, dtype=np.float32)
    x = portfire.tensor(host, device=device)
    assert_close((x * 2 + 1).reshape(1024, 1024).sum(1), (host * 2 + 1).reshape(1024, 1024).sum(1))


@pytest.mark.parametrize("outputs", [(4,), (3, 4), (4, 3), (3, 3), (0,), (0, 3), (0, 0, 1)])
def test_outputs_in_any_order_repeated_and_leaves(outputs: tuple[int, ...], device: str) -> None:
    for result, i in zip(_run(device, _program(*outputs)), outputs, strict=True):
        assert_close(result, VALUES[i])


def test_donated_inputs_change_no_result(device: str) -> None:
    (result,) = _run(device, _program(4, donated=frozenset({0, 1})))
    assert_close(result, VALUES[4])


def test_inputs_that_are_not_donated_stay_whole(device: str) -> None:
    runtime = _runtime(device)
    buffers = [runtime.upload(X.copy()), runtime.upload(Y.copy())]
    runtime.compile(_program(3, 4))(buffers, [5.0])
    assert_close(np.array(runtime.download(buffers[0], (3,), portfire.float32)), X)
    assert_close(np.array(runtime.download(buffers[1], (3,), portfire.float32)), Y)


def test_a_number_is_an_argument_and_not_a_constant(device: str) -> None:
    runtime = _runtime(device)
    execute = runtime.compile(_program(4))
    for number in (5.0, -1.5, 0.0):
        buffers = [runtime.upload(X.copy()), runtime.upload(Y.copy())]
        (result,) = execute(buffers, [number])
        got = np.array(runtime.download(result, (3,), portfire.float32))
        assert_close(got, X + Y + np.float32(number))


def test_runs_of_one_executable_do_not_disturb_each_other(device: str) -> None:
    runtime = _runtime(device)
    execute = runtime.compile(_program(4))
    results = []
    for factor in range(4):
        buffers = [runtime.upload(X * np.float32(factor)), runtime.upload(Y.copy())]
        results.append(execute(buffers, [0.0])[0])
    for factor, result in enumerate(results):
        got = np.array(runtime.download(result, (3,), portfire.float32))
        assert_close(got, X * np.float32(factor) + Y)


def test_a_dtype_that_the_device_lacks_is_refused_by_name(device: str) -> None:
    missing = {portfire.float16, portfire.float64, portfire.int8} - _runtime(device).dtypes
    for dtype in missing:
        with pytest.raises(UnsupportedError, match=f"does not support {dtype.name}"):
            portfire.ones(2, dtype=dtype, device=device) + 1


def test_memory_is_reported(device: str) -> None:
    report = _runtime(device).memory()
    assert isinstance(report, MemoryReport)
    assert report.allocated >= 0
    assert report.peak >= report.allocated
    assert report.reserved >= 0
    assert report.total >= 0


def test_synchronize_may_be_called_at_any_time(device: str) -> None:
    runtime = _runtime(device)
    runtime.synchronize()
    x = portfire.ones(4, device=device) + 1
    portfire.flush()
    runtime.synchronize()
    assert x.tolist() == [2, 2, 2, 2]


def test_an_empty_program_is_allowed(device: str) -> None:
    assert list(_runtime(device).compile(Program((), ()))([], [])) == []


def test_random_bits_are_those_of_every_device(device: str) -> None:
    generator = portfire.Generator().manual_seed(0)
    raw = portfire._random.bits((3,), device, generator)
    expected = ops.lookup("random_bits").reference(0, 0, 0, (3,))
    assert Spec(tuple(raw.shape), raw.dtype) == Spec((3,), portfire.uint32)
    assert raw.tolist() == expected.tolist()
    assert raw.tolist()[0] == 0x6B200159, "the published vector of Threefry-2x32-20"
