"""What a first tutorial of tensors does, call by call, on every device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import portfire

pf = portfire


@pytest.fixture(autouse=True)
def _on_the_device(device: str) -> Iterator[None]:
    with portfire.device(device):
        yield


def text(x: Any) -> str:
    """What a tensor prints on the host."""
    return repr(x.cpu())


def test_indexing_and_slices() -> None:
    a = pf.tensor([[0.7470, 0.8258, 0.5929], [0.7803, 0.7016, 0.4281]])
    assert text(a[0]) == "tensor([0.7470, 0.8258, 0.5929])"
    assert text(a[0, 1]) == "tensor(0.8258)"
    assert text(a[:, [0, 2]]) == "tensor([[0.7470, 0.5929],\n        [0.7803, 0.4281]])"
    assert text(a.index_select(0, pf.tensor([1]))) == "tensor([[0.7803, 0.7016, 0.4281]])"
    assert a.index_select(1, pf.tensor([1, 2])).shape == (2, 2)
    assert text(a[0, :2]) == "tensor([0.7470, 0.8258])"
    assert text(a[0, ::2]) == "tensor([0.7470, 0.5929])"
    b = pf.arange(16).reshape(2, 2, 2, 2)
    assert b[1, ..., 1].tolist() == [[9, 11], [13, 15]]
    assert (a > 0.75).tolist() == [[False, True, False], [True, False, False]]


def test_sizes_and_types() -> None:
    scalar, vector = pf.tensor(1.0), pf.tensor((1.0, 2.0))
    matrix = pf.tensor(((1.0, 2.0), (3, 4)))
    assert [x.shape for x in (scalar, vector, matrix)] == [(), (2,), (2, 2)]
    assert [x.dim() for x in (scalar, vector, matrix)] == [0, 1, 2]
    assert (matrix.shape[0], matrix.size(0), matrix.numel()) == (2, 2, 4)
    assert scalar.item() == 1.0
    x = pf.IntTensor([1]).cpu()
    assert x.type() == "portfire.IntTensor"
    assert type(x) is pf.Tensor
    assert pf.FloatTensor(2, 3).shape == pf.Tensor(2, 3).shape == (2, 3)


def test_devices(device: str) -> None:
    x = pf.ones(1).to(pf.device(device))
    assert x.device.type == device
    assert x.cpu().device.type == "cpu"
    assert isinstance(pf.opencl.is_available(), bool)
    if device == "opencl":
        assert pf.opencl.device_count() >= 1
        pf.opencl.set_device(0)
        assert pf.ones(1, device="cpu").opencl().device.type == "opencl"


def test_shapes() -> None:
    a = pf.arange(6.0).reshape(2, 3)
    assert a.view(3, 2).tolist() == a.reshape(3, 2).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert a.t().tolist() == [[0, 3], [1, 4], [2, 5]]
    b = pf.rand(2, 3, 1)
    assert b.transpose(0, 2).shape == (1, 3, 2)
    assert b.permute(2, 0, 1).shape == (1, 2, 3)
    c = pf.rand(1, 2, 1, 1)
    assert (c.squeeze().shape, c.squeeze(0).shape) == ((2,), (2, 1, 1))
    assert c.squeeze(1).shape == (1, 2, 1, 1)
    assert (a.unsqueeze(0).shape, a.unsqueeze(-1).shape) == ((1, 2, 3), (2, 3, 1))
    d = pf.rand(1, 2, 1)
    assert d.expand([2, 2, 2]).shape == (2, 2, 2)
    assert (d.repeat([2, 2, 1]).shape, d.repeat([2, 2, 2]).shape) == ((2, 4, 1), (2, 4, 2))
    with pytest.raises(RuntimeError, match=r"The expanded size of the tensor \(4\) must match"):
        d.expand([1, 4, 1])
    x, y = pf.rand(2, 2, 3).split(1, dim=0)
    assert x.shape == y.shape == (1, 2, 3)
    assert [len(part) for part in pf.rand(3, 3).chunk(2, dim=0)] == [2, 1]


def test_elementwise_functions() -> None:
    a = pf.full([2, 2], 9.0)
    assert a.sqrt().tolist() == (a**0.5).tolist() == [[3, 3], [3, 3]]
    assert text(a.rsqrt()) == "tensor([[0.3333, 0.3333],\n        [0.3333, 0.3333]])"
    b = pf.full([2, 2], 2.0)
    assert text(b.exp()[0]) == "tensor([7.3891, 7.3891])"
    assert text(b.log()[0]) == "tensor([0.6931, 0.6931])"
    assert b.log2().tolist() == [[1, 1], [1, 1]]
    assert b.pow(2).tolist() == (b**2).tolist() == [[4, 4], [4, 4]]
    c = pf.tensor(1.2)
    assert (text(c.trunc()), text(c.frac())) == ("tensor(1.)", "tensor(0.2000)")
    assert pf.tensor([1, 2, 3, 4, 5]).clamp(3).tolist() == [3, 3, 3, 4, 5]
    assert pf.tensor([1, 2, 3, 4, 5]).clamp(3, 4).tolist() == [3, 3, 3, 4, 4]


def test_reductions() -> None:
    a = pf.tensor([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (a.max().item(), a.min().item(), a.mean().item()) == (5, 1, 3)
    assert (a.sum().item(), a.prod().item()) == (15, 120)
    assert (a.argmax().item(), a.argmin().item()) == (4, 0)
    b = pf.tensor([[0.7365, 0.4280, 0.6650], [0.6988, 0.9839, 0.8990]])
    values, indices = b.max(dim=0)
    assert text(values) == "tensor([0.7365, 0.9839, 0.8990])"
    assert indices.tolist() == [0, 1, 1]
    assert b.max(dim=1, keepdim=True).values.shape == (2, 1)
    assert b.argmax(dim=1).tolist() == [0, 1]
    assert b.argmax().item() == 4
    c = pf.tensor(((-3, 4), (6, 8)), dtype=pf.float32)
    assert c[0].norm(2).item() == 5
    assert c[0].norm(1).item() == 7
    assert text(c.norm(2, dim=0)) == "tensor([6.7082, 8.9443])"
    assert c.norm(2, dim=1).tolist() == [5, 10]


def test_arithmetic_and_comparisons() -> None:
    a, b = pf.tensor([[1, 1], [1, 1]]), pf.tensor([[1, 1], [1, 1]])
    assert pf.add(a, b).tolist() == (a + b).tolist() == [[2, 2], [2, 2]]
    assert pf.matmul(a, b).tolist() == (a @ b).tolist() == [[2, 2], [2, 2]]
    assert (a * b).tolist() == [[1, 1], [1, 1]]
    assert (a == b).tolist() == [[True, True], [True, True]]
    assert pf.equal(a, b) is True
    x, y = pf.tensor([1, 2, 3]), pf.tensor([1, 2, 4])
    assert pf.all(x == y).item() is False
    assert pf.any(x == y).item() is True
    c = pf.tensor([[0.3821, 0.6138], [0.2323, 0.2675]])
    left, right = pf.tensor([[1.0, 2.0], [3.0, 4.0]]), pf.tensor([[5.0, 6.0], [7.0, 8.0]])
    assert pf.where(c > 0.3, left, right).tolist() == [[1, 2], [7, 8]]


def test_numpy() -> None:
    array = np.array([1, 2, 3])
    assert pf.from_numpy(array).tolist() == [1, 2, 3]
    a = pf.tensor([1.0, 2.0, 3.0])
    assert a.cpu().data.numpy().tolist() == [1, 2, 3]
    assert np.array(a.cpu()).dtype == np.float32


def test_making_tensors() -> None:
    assert text(pf.zeros(2, 2)) == "tensor([[0., 0.],\n        [0., 0.]])"
    assert pf.full([2, 3], 2).tolist() == [[2, 2, 2], [2, 2, 2]]
    assert pf.eye(3, 2).tolist() == [[1, 0], [0, 1], [0, 0]]
    assert pf.arange(10).tolist() == list(range(10))
    tenths = (
        "tensor([-1.0000, -0.9000, -0.8000, -0.7000, -0.6000, -0.5000, -0.4000, -0.3000,\n"
        "        -0.2000, -0.1000,  0.0000,  0.1000,  0.2000,  0.3000,  0.4000,  0.5000,\n"
        "         0.6000,  0.7000,  0.8000,  0.9000,  1.0000])"
    )
    assert text(pf.linspace(-1, 1, steps=21)) == tenths
    assert pf.arange(-1, 1, 0.1).shape == (20,)
    powers = pf.logspace(0, 10, steps=11).tolist()
    assert powers == pytest.approx([10.0**n for n in range(11)], rel=1e-6)
    assert pf.rand((2, 3)).shape == pf.randn(2, 3).shape == (2, 3)
    assert pf.randint(0, 10, (2, 3)).max().item() < 10
    assert sorted(pf.randperm(10).tolist()) == list(range(10))
    assert pf.rand_like(pf.rand(2, 3)).shape == (2, 3)


def test_selecting_and_joining() -> None:
    a = pf.tensor([0, 0.5, 1, 2])
    assert pf.masked_select(a, a > 0.5).tolist() == [1, 2]
    x, y = pf.rand(1, 2, 3), pf.rand(2, 2, 3)
    assert pf.cat((x, y)).shape == (3, 2, 3)
    with pytest.raises(RuntimeError, match="Sizes of tensors must match except in dimension 2"):
        pf.cat((x, y), dim=2)
    assert pf.stack((x, x)).shape == (2, 1, 2, 3)
    assert pf.stack((x, x), dim=2).shape == (1, 2, 2, 3)


def test_one_hot_by_scatter() -> None:
    label = pf.tensor([[0], [1], [2], [3]])
    coded = pf.zeros(len(label), 10).scatter_(1, label, 1)
    assert coded.tolist() == np.eye(10)[:4].tolist()


def test_methods_with_an_underscore() -> None:
    a = pf.tensor((1.0, -2.0))
    assert a.abs().tolist() == [1, 2]
    assert a.tolist() == [1, -2]
    assert a.abs_().tolist() == [1, 2]
    assert a.tolist() == [1, 2]


def test_a_line_is_fitted_by_hand() -> None:
    """y = 2 x + 1, by gradient descent on two numbers."""
    x = pf.linspace(-1, 1, 50)
    y = 2 * x + 1
    w, b = pf.zeros(1, requires_grad=True), pf.zeros(1, requires_grad=True)
    for _ in range(60):
        loss = ((w * x + b - y) ** 2).mean()
        loss.backward()
        with pf.no_grad():
            for p in (w, b):
                assert p.grad is not None
                p -= 0.5 * p.grad
                p.grad.zero_()
    assert w.item() == pytest.approx(2, abs=1e-3)
    assert b.item() == pytest.approx(1, abs=1e-3)
