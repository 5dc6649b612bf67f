"""The type bfloat16: two bytes in memory, float32 in arithmetic, on every device."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import testing as kit

bf16 = portfire.bfloat16
Array = np.ndarray[Any, Any]


def rounded(array: Array) -> Array:
    """The nearest bfloat16 numbers as float32, by the definition: of two, the even one."""
    with np.errstate(all="ignore"):
        exact = array.astype(np.float64)
        _, exponent = np.frexp(exact)
        unit = np.ldexp(1.0, np.maximum(exponent - 8, -133))
        nearest = np.rint(exact / unit) * unit
    largest = portfire.finfo(bf16).max
    nearest = np.where(np.abs(nearest) > largest, np.copysign(np.inf, exact), nearest)
    return np.where(np.isfinite(exact), nearest, exact).astype(np.float32)


def every_number() -> Array:
    """All 65536 values."""
    return (np.arange(1 << 16, dtype=np.uint32) << 16).view(np.float32)


def test_every_number_survives(device: str) -> None:
    x = portfire.tensor(every_number(), dtype=bf16, device=device)
    assert (x.dtype, x.element_size(), x.nbytes) == (bf16, 2, 1 << 17)
    kit.assert_close(x.float(), every_number(), kit.Tolerance(0, 0))


def test_rounding(device: str) -> None:
    middles = (every_number()[:0x7F80].view(np.uint32) + 0x8000).view(np.float32)
    some = np.random.default_rng(3).integers(0, 1 << 32, 20_000, np.uint32).view(np.float32)
    near = np.concatenate([np.nextafter(middles, np.float32(s * np.inf)) for s in (-1, 1)])
    array = np.concatenate([middles, -middles, near, some])
    x = portfire.tensor(array, device=device).to(bf16)
    kit.assert_close(x.float(), rounded(array), kit.Tolerance(0, 0))


A = rounded(np.random.default_rng(1).uniform(-4, 4, (3, 5)).astype(np.float32))
B = rounded(np.random.default_rng(2).uniform(1, 4, (3, 5)).astype(np.float32))

CALLS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "add": (lambda x, y: x + y, lambda x, y: rounded(x + y)),
    "mul, then sub": (lambda x, y: x * y - x, lambda x, y: rounded(rounded(x * y) - x)),
    "number": (lambda x, y: x * 0.1, lambda x, y: rounded(x * np.float32(0.1))),
    "number on the left": (lambda x, y: 1 - x, lambda x, y: rounded(1 - x)),
    "div": (lambda x, y: x / y, lambda x, y: rounded(x / y)),
    "exp": (lambda x, y: x.exp(), lambda x, y: rounded(np.exp(x))),
    "less": (lambda x, y: x < y, lambda x, y: x < y),
    "where": (lambda x, y: portfire.where(x > 0, x, y), lambda x, y: np.where(x > 0, x, y)),
    "maximum": (lambda x, y: x.maximum(y), np.maximum),
    "sum": (lambda x, y: x.sum(1), lambda x, y: rounded(x.sum(1))),
    "max": (lambda x, y: x.amax(0), lambda x, y: x.max(0)),
    "argmax": (lambda x, y: x.argmax(1), lambda x, y: x.argmax(1)),
    "cumsum": (lambda x, y: x.cumsum(0), lambda x, y: rounded(np.cumsum(x, 0))),
    "matmul": (lambda x, y: x @ y.t(), lambda x, y: rounded(x @ y.T)),
    "movements": (
        lambda x, y: x.t()[1:, ::2].flip(0).reshape(-1).expand(2, 8),
        lambda x, y: np.broadcast_to(x.T[1:, ::2][::-1].reshape(-1), (2, 8)),
    ),
    "cat": (lambda x, y: portfire.cat([x, y[:1]]), lambda x, y: np.concatenate([x, y[:1]])),
    "index": (lambda x, y: x[:, [0, 3, 3]], lambda x, y: x[:, [0, 3, 3]]),
    "pad": (lambda x, y: portfire.diag_embed(x[0]), lambda x, y: np.diag(x[0])),
    "to int": (lambda x, y: x.to(portfire.int32), lambda x, y: x.astype(np.int32)),
    "to half": (lambda x, y: x.half(), lambda x, y: x.astype(np.float16)),
    "from int": (lambda x, y: y.long().to(bf16), lambda x, y: rounded(np.trunc(y))),
    "softmax": (lambda x, y: x.softmax(1), lambda x, y: rounded(_softmax(x))),
}


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


@pytest.mark.parametrize("name", CALLS)
def test_operations(name: str, device: str) -> None:
    call, reference = CALLS[name]
    x, y = (portfire.tensor(a, dtype=bf16, device=device) for a in (A, B))
    result, expected = call(x, y), np.asarray(reference(A, B))
    if result.dtype is bf16:
        # One unit in the last place: exp and sums may differ in float32 before they are rounded.
        kit.assert_close(result.float(), expected, kit.Tolerance(2.0**-7, 0), name)
    else:
        kit.assert_close(result, expected, message=name)


def test_gradients(device: str) -> None:
    x = portfire.tensor(A, dtype=bf16, device=device, requires_grad=True)
    (x * x).sum().backward()
    assert x.grad is not None
    assert x.grad.dtype is bf16
    kit.assert_close(x.grad.float(), 2 * A, kit.Tolerance(0, 0))


def test_in_place_and_views(device: str) -> None:
    x = portfire.zeros(2, 3, dtype=bf16, device=device)
    x[:, 1] = 1.3
    x[0].add_(x[1])
    x.t()[2] = portfire.tensor([1.0, 2.0])
    assert x.tolist() == [[0, 2.59375, 1], [0, 1.296875, 2]]
    assert x.dtype is bf16


def test_creation(device: str) -> None:
    with portfire.device(device):
        made = {
            "tensor": portfire.tensor(1.3, dtype=bf16),
            "full": portfire.full((), 1.3, dtype=bf16),
            "full_like": portfire.full_like(portfire.ones(2, dtype=bf16), 1.3)[0],
            "as_tensor": portfire.as_tensor([1.3], dtype=bf16)[0],
            "legacy": portfire.BFloat16Tensor([1.3]).cpu()[0],
            "fill_": portfire.empty(2, dtype=bf16).fill_(1.3)[1],
            "linspace": portfire.linspace(0, 1.3, 4, dtype=bf16)[3],
        }
    for name, tensor in made.items():
        assert (tensor.dtype, tensor.item()) == (bf16, 1.296875), name
    assert portfire.arange(4, dtype=bf16, device=device).tolist() == [0, 1, 2, 3]
    drawn = portfire.rand(1000, dtype=bf16, device=device)
    assert 0 <= drawn.min().item() < drawn.max().item() < 1
    assert abs(portfire.randn(1000, dtype=bf16, device=device).float().std().item() - 1) < 0.1


def test_printing_copying_and_pickling() -> None:
    x = portfire.tensor([1.0, 2.71828], dtype=bf16, device="cpu")
    assert repr(x) == "tensor([1.0000, 2.7188], dtype=portfire.bfloat16)"
    assert x.type() == "portfire.BFloat16Tensor"
    for other in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.clone(), x.float().bfloat16()):
        assert (other.dtype, other.tolist()) == (bf16, x.tolist())
    with pytest.raises(TypeError, match="Got unsupported ScalarType BFloat16"):
        x.numpy()


def test_moving_between_devices(device: str) -> None:
    x = portfire.tensor([math.nan, -0.0, 1.3], dtype=bf16, device=device).cpu().to(device)
    assert x.dtype is bf16
    assert str(x.tolist()) == "[nan, -0.0, 1.296875]"


def test_promotion() -> None:
    pairs = {
        portfire.float16: portfire.float32,
        portfire.float32: portfire.float32,
        portfire.float64: portfire.float64,
        portfire.int64: bf16,
        portfire.bool: bf16,
        bf16: bf16,
    }
    for other, expected in pairs.items():
        assert portfire.promote_types(bf16, other) is expected
        assert portfire.promote_types(other, bf16) is expected
    x = portfire.ones(2, dtype=bf16, device="cpu")
    assert (x + 1.5).dtype is bf16
    assert (x + portfire.tensor(1.5, device="cpu")).dtype is bf16
    assert (x + portfire.ones(2, device="cpu")).dtype is portfire.float32


def test_a_device_that_cannot_hold_the_bits_says_so() -> None:
    without = kit.ReferenceRuntime("narrow")
    without.dtypes = without.dtypes - {portfire.int16}
    spec = portfire.backend.BackendSpec("narrow", lambda: 1, lambda index: without)
    with (
        kit.fake_devices(spec),
        pytest.raises(portfire.UnsupportedError, match="does not support bfloat16"),
    ):
        portfire.zeros(2, dtype=bf16, device="narrow")
