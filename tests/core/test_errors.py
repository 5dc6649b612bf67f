"""Shapes and devices that do not fit: refused at the call, in torch's words."""

from __future__ import annotations

from typing import Any

import pytest

import portfire
from portfire.testing import fake_devices

ones = portfire.ones

WRONG: dict[str, tuple[Any, Any, str]] = {
    "broadcast": (
        lambda: ones(2, 3) + ones(2),
        RuntimeError,
        r"The size of tensor a \(3\) must match the size of tensor b \(2\) at non-singleton "
        "dimension 1",
    ),
    "broadcast leading": (
        lambda: ones(4, 3) * ones(2, 3),
        RuntimeError,
        r"tensor a \(4\) must match the size of tensor b \(2\) at non-singleton dimension 0",
    ),
    "matmul": (
        lambda: ones(2, 3) @ ones(4, 5),
        RuntimeError,
        r"mat1 and mat2 shapes cannot be multiplied \(2x3 and 4x5\)",
    ),
    "matmul 0-d": (lambda: ones(()) @ ones(2), RuntimeError, "both arguments to matmul need to be"),
    "mm": (lambda: portfire.mm(ones(2), ones(2)), RuntimeError, "must be a matrix"),
    "mv": (lambda: portfire.mv(ones(2, 3), ones(2)), RuntimeError, r"size mismatch"),
    "bmm": (lambda: portfire.bmm(ones(2, 3), ones(2, 3)), RuntimeError, "must be a 3D tensor"),
    "dot": (lambda: portfire.dot(ones(2), ones(3)), RuntimeError, "inconsistent tensor size"),
    "dot of matrices": (
        lambda: portfire.dot(ones(2, 2), ones(2)),
        RuntimeError,
        "1D tensors expect",
    ),
    "reshape": (
        lambda: ones(6).reshape(4, 2),
        RuntimeError,
        r"shape '\[4, 2\]' is invalid for input of size 6",
    ),
    "reshape with two -1": (
        lambda: ones(6).reshape(-1, -1),
        RuntimeError,
        "only one dimension can be inferred",
    ),
    "view": (
        lambda: ones(6).view(5),
        RuntimeError,
        r"shape '\[5\]' is invalid for input of size 6",
    ),
    "expand": (
        lambda: ones(2, 3).expand(2, 4),
        RuntimeError,
        r"The expanded size of the tensor \(4\) must match the existing size \(3\) at "
        r"non-singleton dimension 1.  Target sizes: \[2, 4\].  Tensor sizes: \[2, 3\]",
    ),
    "expand to fewer": (
        lambda: ones(2, 3).expand(3),
        RuntimeError,
        "must be greater or equal to the number of dimensions in the tensor",
    ),
    "cat": (
        lambda: portfire.cat([ones(2, 3), ones(2, 4)]),
        RuntimeError,
        "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4 for "
        "tensor number 1 in the list",
    ),
    "cat of nothing": (
        lambda: portfire.cat([]),
        ValueError,
        "expected a non-empty list of Tensors",
    ),
    "stack of nothing": (
        lambda: portfire.stack([]),
        RuntimeError,
        "stack expects a non-empty TensorList",
    ),
    "stack": (
        lambda: portfire.stack([ones(2), ones(3)]),
        RuntimeError,
        r"expects each tensor to be equal size, but got \[2\] at entry 0 and \[3\] at entry 1",
    ),
    "permute": (lambda: ones(2, 3).permute(0, 0), RuntimeError, "repeated dim|duplicate dim"),
    "permute count": (lambda: ones(2, 3).permute(0), RuntimeError, "permute"),
    "transpose": (
        lambda: ones(2, 3).transpose(0, 2),
        IndexError,
        r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)",
    ),
    "sum": (
        lambda: ones(2, 3).sum(2),
        IndexError,
        r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)",
    ),
    "sum twice": (lambda: ones(2, 3).sum((0, 0)), RuntimeError, "dim 0 appears multiple times"),
    "squeeze": (lambda: ones(2).squeeze(3), IndexError, "Dimension out of range"),
    "unsqueeze": (
        lambda: ones(2).unsqueeze(3),
        IndexError,
        r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 3\)",
    ),
    "t": (
        lambda: ones(2, 2, 2).t(),
        RuntimeError,
        "expects a tensor with <= 2 dimensions, but self is 3D",
    ),
    "max of nothing": (
        lambda: ones(0).max(),
        RuntimeError,
        r"max\(\): Expected reduction dim to be specified for input.numel\(\) == 0",
    ),
    "max of nothing along a dim": (
        lambda: ones(2, 0).max(1),
        IndexError,
        r"max\(\): Expected reduction dim 1 to have non-zero size",
    ),
    "argmax of nothing": (lambda: ones(0).argmax(), (IndexError, RuntimeError), "argmax"),
    "mean of integers": (
        lambda: ones(2, dtype=portfire.int64).mean(),
        RuntimeError,
        r"mean\(\): could not infer output dtype|Input dtype must be either a floating point",
    ),
    "item": (
        lambda: ones(2).item(),
        RuntimeError,
        "a Tensor with 2 elements cannot be converted to Scalar",
    ),
    "bool": (
        lambda: bool(ones(2)),
        RuntimeError,
        "Boolean value of Tensor with more than one value is ambiguous",
    ),
    "bool of nothing": (lambda: bool(ones(0)), RuntimeError, "no values is ambiguous"),
    "float": (lambda: float(ones(2)), ValueError, "only one element tensors can be converted"),
    "int": (lambda: int(ones(2)), ValueError, "only one element tensors can be converted"),
    "invert": (lambda: ~ones(2), TypeError, "only implemented on integer and Boolean-type tensors"),
    "split 0-d": (lambda: ones(()).split(1), RuntimeError, "at least a 1-dimensional tensor"),
    "chunk 0-d": (lambda: ones(()).chunk(1), RuntimeError, "at least a 1-dimensional tensor"),
    "narrow 0-d": (lambda: ones(()).narrow(0, 0, 1), RuntimeError, "cannot be applied to a 0-dim"),
    "index": (lambda: [1][ones(1)], TypeError, "only integer tensors of a single element can be"),
    "len": (lambda: len(ones(())), TypeError, r"len\(\) of a 0-d tensor"),
    "iteration": (lambda: iter(ones(())), TypeError, "iteration over a 0-d tensor"),
    "negation of bool": (lambda: -(ones(1) > 0), RuntimeError, "Negation, the `-` operator, on a"),
    "difference of bools": (
        lambda: (ones(1) > 0) - (ones(1) > 0),
        RuntimeError,
        "Subtraction, the `-` operator, with",
    ),
    "integer to a negative power": (
        lambda: ones(1, dtype=portfire.int64) ** -1,
        RuntimeError,
        "Integers to negative integer powers are not allowed",
    ),
    "bitwise and of floats": (lambda: ones(1) & ones(1), (RuntimeError, TypeError), "bitwise_and"),
    "where": (
        lambda: portfire.where(ones(2), ones(2), ones(2)),
        RuntimeError,
        "where expected condition to be a boolean tensor",
    ),
    "masked_fill": (
        lambda: ones(2).masked_fill(ones(2), 0),
        RuntimeError,
        "masked_fill|boolean mask|expects a bool",
    ),
    "clamp": (
        lambda: ones(2).clamp(),
        (RuntimeError, ValueError),
        "At least one of 'min' or 'max'",
    ),
    "rounding mode": (
        lambda: portfire.div(ones(1), 2, rounding_mode="up"),
        RuntimeError,
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found 'up'",
    ),
    "a list": (lambda: portfire.add(ones(1), [1]), TypeError, r"add\(\): argument 'other'"),
    "a string": (lambda: ones(1) + "a", TypeError, "unsupported operand"),
    "exp of a number": (lambda: portfire.exp(1.0), TypeError, "must be Tensor, not float"),
    "split": (
        lambda: ones(4).split([1, 1]),
        RuntimeError,
        "split_with_sizes expects split_sizes to",
    ),
    "chunk": (
        lambda: ones(4).chunk(0),
        RuntimeError,
        "chunk expects `chunks` to be greater than 0",
    ),
    "narrow": (
        lambda: ones(4).narrow(0, 2, 3),
        (RuntimeError, IndexError),
        "exceeds dimension size",
    ),
    "select": (lambda: ones(4).select(0, 4), IndexError, r"select\(\): index 4 out of range"),
    "flip": (lambda: ones(4).flip(1), IndexError, "Dimension out of range"),
    "tril": (lambda: ones(4).tril(), RuntimeError, "must have at least 2 dimensions"),
    "mT": (lambda: ones(4).mT, RuntimeError, "tensor.mT is only supported on matrices"),
    "unflatten": (lambda: ones(6).unflatten(0, (4, 2)), RuntimeError, "unflatten: Provided sizes"),
    "fill_": (
        lambda: ones(2).fill_(ones(2)),
        RuntimeError,
        "fill_ only supports 0-dimension value",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_calls(name: str) -> None:
    call, error, pattern = WRONG[name]
    with portfire.device("cpu"), pytest.raises(error, match=pattern):
        call()


def test_devices_do_not_mix() -> None:
    pattern = (
        "Expected all tensors to be on the same device, but found at least two devices, "
        "fake:0 and fake:1!"
    )
    with fake_devices():
        x, y = portfire.ones(2, device="fake:0"), portfire.ones(2, device="fake:1")
        for call in (
            lambda: x + y,
            lambda: x @ y,
            lambda: portfire.where(x > 0, x, y),
            lambda: portfire.cat([x, y]),
            lambda: portfire.stack([x, y]),
            lambda: x.gather(0, y.long()),
            lambda: x.add_(y),
        ):
            with pytest.raises(RuntimeError, match=pattern):
                call()


def test_a_number_on_the_host_mixes_with_every_device() -> None:
    with fake_devices():
        x = portfire.ones(2, device="fake:1")
        number = portfire.tensor(3.0, device="cpu", requires_grad=True)
        for made in (x + number, number * x, portfire.where(x > 0, x, number)):
            assert made.device == portfire.device("fake:1")
        (x * number).sum().backward()
        assert number.grad is not None
        assert number.grad.device == portfire.device("cpu")
        assert number.grad.item() == 2
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
            x + portfire.ones(1, device="cpu")
        with pytest.raises(RuntimeError, match="Expected all tensors to be on the same device"):
            portfire.ones(2, device="cpu") + portfire.tensor(1.0, device="fake:0")


def test_moving_between_devices() -> None:
    with fake_devices():
        x = portfire.tensor([1.0, 2.0], device="fake:0", requires_grad=True)
        y = x.to("fake:1")
        assert y.device == portfire.device("fake:1")
        assert x.to("fake:0") is x
        (y * y).sum().backward()
        assert x.grad is not None
        assert x.grad.device == x.device
        assert x.grad.tolist() == [2, 4]
        target = portfire.zeros(2, device="fake:1")
        target.copy_(x.detach())
        target[0] = portfire.tensor(9.0, device="cpu")
        assert target.tolist() == [9, 2]


def test_a_device_without_doubles_says_so() -> None:
    with fake_devices():
        x = portfire.ones(2, device="single")
        pattern = r"the device single:0 \(single\) does not support float64; use one of .*float32"
        for call in (
            lambda: x.double(),
            lambda: portfire.zeros(1, dtype=portfire.float64, device="single"),
            lambda: portfire.tensor([1.0], dtype=portfire.float64, device="single"),
        ):
            with pytest.raises(portfire.UnsupportedError, match=pattern):
                call()
        assert x.mean().item() == 1
        assert portfire.linspace(0, 1, 3, device="single").tolist() == [0, 0.5, 1]
        assert portfire.rand(3, device="single").dtype is portfire.float32


def test_too_little_memory_says_what_was_asked_held_and_there_is() -> None:
    with fake_devices():
        held = portfire.ones(1024, device="tiny") * 2
        assert held.sum().item() == 2048
        pattern = (
            "out of memory on tiny: tried to allocate 400000 bytes; in use are [0-9]+ bytes, the "
            "device has 65536 bytes"
        )
        with pytest.raises(portfire.OutOfMemoryError, match=pattern):
            (portfire.ones(100_000, device="tiny") * 2).tolist()
        assert held.sum().item() == 2048
        assert (held + 1)[0].item() == 3


def test_the_loser_of_a_failed_flush_says_why() -> None:
    with fake_devices():
        big = portfire.ones(100_000, device="tiny") * 2
        small = portfire.ones(4, device="tiny") * 3
        with pytest.raises(portfire.OutOfMemoryError, match="tried to allocate 400000 bytes"):
            big.tolist()
        assert small.tolist() == [3, 3, 3, 3]
        with pytest.raises(RuntimeError, match="has no value, because the operation that computes"):
            big.tolist()
