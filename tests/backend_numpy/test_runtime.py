"""The device ``cpu`` itself; what every device has to do is tested with core."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _device, ops
from portfire import testing as kit
from portfire_numpy import NumpyRuntime


def runtime() -> Any:
    return _device.resolve("cpu").runtime


def test_it_is_the_default_where_it_is_installed() -> None:
    spec = portfire.plugins.backend_spec("cpu")
    assert (spec.count(), spec.priority) == (1, 100)
    assert portfire.get_default_device() == portfire.device("cpu")
    assert isinstance(runtime(), NumpyRuntime)
    assert runtime().name.startswith("NumPy")


def test_its_tensors_print_without_a_device() -> None:
    assert repr(portfire.ones(1, device="cpu:0")) == "tensor([1.])"
    assert portfire.ones(1, device="cpu:0").device == portfire.device("cpu")
    with pytest.raises(RuntimeError, match="invalid device ordinal cpu:1: cpu has 1 device"):
        portfire.ones(1, device="cpu:1")


def test_it_has_every_dtype_and_primitive() -> None:
    assert runtime().dtypes == frozenset(portfire._dtype.ALL)
    named = {op.name for op in ops.registry()}
    assert runtime().claims <= named | {"softmax", "log_softmax"}


@pytest.mark.parametrize("name", sorted(NumpyRuntime.claims))
def test_what_it_claims_agrees_with_the_decomposition(name: str) -> None:
    op = ops.lookup(name)
    for number, sample in enumerate(op.samples):
        arrays = kit.arrays_of(op, sample, portfire.float32)
        claimed = _run(op, arrays, sample.attrs, "cpu")
        with kit.fake_devices():
            composed = _run(op, arrays, sample.attrs, "fake")
        kit.assert_close(claimed, composed, message=f"{name}, sample {number}")


def _run(op: Any, arrays: Any, attrs: Any, device: str) -> Any:
    from portfire._dispatch import apply

    inputs = [portfire.tensor(a, device=device) for a in arrays]
    return apply(op, inputs, attrs).numpy(force=True)


def test_overflow_and_nan_are_silent() -> None:
    x = portfire.tensor([0.0, -1.0, 1e38], device="cpu")
    assert (1 / x).isinf().tolist() == [True, False, False]
    assert x.log().isnan().tolist() == [False, True, False]
    assert (x * 1e38).isinf().tolist() == [False, False, True]
    big = portfire.tensor([2**31 - 1], dtype=portfire.int32, device="cpu")
    assert (big + 1).tolist() == [-(2**31)]


def test_integers_divided_by_zero_give_zero() -> None:
    x = portfire.tensor([7, -7, 0], device="cpu")
    zero = portfire.zeros_like(x)
    assert (x // zero).tolist() == [0, 0, 0]
    assert (x % zero).tolist() == [0, 0, 0]


@pytest.mark.parametrize("n", [1, 31, 1000, 70_001])
def test_long_chains_of_any_length(n: int) -> None:
    """Chains may be evaluated in blocks; the last block is shorter than the others."""
    host = np.linspace(-3, 3, n, dtype=np.float32)
    x = portfire.tensor(host, device="cpu")
    kept = x * 2 + 1
    result = portfire.tanh(kept * x + x) * 0.5 + kept
    expected = np.tanh((host * 2 + 1) * host + host) * np.float32(0.5) + (host * 2 + 1)
    kit.assert_close(result, expected)
    kit.assert_close(kept, host * 2 + 1)
    kit.assert_close(result.sum(), np.sum(expected, dtype=np.float32), kit.Tolerance(1e-4, 1e-2))


def test_large_products_agree_with_numpy() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(s).astype(np.float32) for s in ((130, 257), (257, 65)))
    x, y = portfire.tensor(a, device="cpu"), portfire.tensor(b, device="cpu")
    kit.assert_close(x @ y, a @ b, kit.Tolerance(1e-4, 1e-3))
    kit.assert_close((y.t() @ x.t()).t(), a @ b, kit.Tolerance(1e-4, 1e-3))
    half = portfire.ones(1, 4096, dtype=portfire.float16, device="cpu")
    assert (half @ half.t()).item() == 4096


def test_downloads_are_not_written_to() -> None:
    """The runtime hands out its own array; NumPy users get one that they may write to."""
    x = portfire.ones(3, device="cpu")
    clone = x.clone()
    portfire.flush()
    x.numpy()[0] = 9
    assert clone.tolist() == [1, 1, 1]


def test_it_computes_in_several_threads_at_once() -> None:
    host = np.linspace(-1, 1, 50_000, dtype=np.float32)
    expected = (np.exp(host) + 1).sum(dtype=np.float64)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                x = portfire.tensor(host, device="cpu")
                got = (x.exp() + 1).double().sum().item()
                assert got == pytest.approx(expected, rel=1e-5)
        except BaseException as error:  # noqa: BLE001  (reported below)
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_erf_of_single_precision_is_exact_but_for_rounding() -> None:
    x = np.concatenate([np.linspace(-6, 6, 20_001), np.logspace(-30, 0, 300)]).astype(np.float32)
    found = portfire.tensor(x, device="cpu").erf().numpy()
    exact = np.array([math.erf(float(v)) for v in x])
    assert (np.abs(found - exact) <= np.spacing(np.abs(exact).astype(np.float32))).all()
    special = portfire.tensor([math.inf, -math.inf, math.nan, -0.0], device="cpu").erf().numpy()
    assert special[:2].tolist() == [1.0, -1.0]
    assert np.isnan(special[2])
    assert np.signbit(special[3])


@pytest.mark.parametrize("dim", [0, 1, 2])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_rows_in_parts_give_the_same_bits(
    name: str, dim: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = np.random.default_rng(0).standard_normal((9, 7, 5)).astype(np.float32)
    host[0, 0, 0] = -np.inf
    x = portfire.tensor(host, device="cpu")
    whole = getattr(x, name)(dim).numpy()
    monkeypatch.setattr("portfire_numpy._writers.ROWS", 40)
    parts = getattr(portfire.tensor(host * 1, device="cpu")[:, :, :], name)(dim) + 0
    np.testing.assert_array_equal(parts.numpy(), whole)
