"""What the cases of functions cannot say of `portfire.linalg`, and `portfire.fallback`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
from portfire import _device, linalg

REGULAR = [[3.0, 1.0], [0.5, 2.0]]


def needs_fallback(device: str) -> bool:
    return "linalg_solve" not in getattr(_device.resolve(device).runtime, "host_operators", ())


def test_a_device_without_decompositions_names_the_remedy(device: str) -> None:
    x = portfire.tensor(REGULAR, device=device)
    if not needs_fallback(device):
        assert linalg.inv(x).device.type == portfire.device(device).type
        return
    with pytest.raises(portfire.UnsupportedError, match=r'linalg_solve.*fallback\("cpu"\)'):
        linalg.inv(x)


def test_fallback_computes_counts_and_is_profiled(device: str) -> None:
    x = portfire.tensor(REGULAR, device=device, requires_grad=True)
    before = sum(portfire.fallback.counts().values())
    with portfire.profiler.profile() as prof, portfire.fallback("cpu"):
        found = linalg.inv(x)
        found.sum().backward()
    np.testing.assert_allclose(found.detach().cpu().numpy(), np.linalg.inv(REGULAR), rtol=1e-5)
    assert found.device == x.device
    assert x.grad is not None
    assert x.grad.device == x.device
    counted = sum(portfire.fallback.counts().values()) - before
    assert counted == (2 if needs_fallback(device) else 0)
    assert ("by fallback" in prof.key_averages().table()) == needs_fallback(device)


def test_fallback_by_the_environment(device: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("PORTFIRE_FALLBACK", "cpu")
    assert float(linalg.det(portfire.tensor(REGULAR, device=device))) == pytest.approx(5.5)
    if needs_fallback(device):
        monkeypatch.setenv("PORTFIRE_FALLBACK", "moon")
        with pytest.raises(ValueError, match="PORTFIRE_FALLBACK: the device must be one of"):
            linalg.det(portfire.tensor(REGULAR, device=device))


def test_fallback_knows_the_cpu_alone() -> None:
    with pytest.raises(ValueError, match="must be one of"):
        portfire.fallback("moon")


@pytest.mark.parametrize(
    ("call", "pattern"),
    [
        (lambda x: linalg.inv(x), r"\(Batch element 1\): The diagonal element 2 is zero"),
        (lambda x: linalg.solve(x, portfire.ones(2)), "solver failed"),
        (lambda x: linalg.cholesky(-x), r"\(Batch element 0\).*leading minor of order 1"),
    ],
)
def test_what_has_no_solution_says_so(call: Any, pattern: str) -> None:
    x = portfire.tensor([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 2.0], [2.0, 4.0]]], device="cpu")
    with pytest.raises(linalg.LinAlgError, match=pattern) as caught:
        call(x)
    assert isinstance(caught.value, RuntimeError)
    assert linalg.inv_ex(x).info.tolist() == [0, 2]
    assert linalg.cholesky_ex(x).info.tolist() == [0, 2]


def test_named_tuples_print_as_torchs() -> None:
    x = portfire.eye(2, device="cpu")
    assert repr(linalg.slogdet(x)) == (
        "portfire.return_types.linalg_slogdet(\nsign=tensor(1.),\nlogabsdet=tensor(0.))"
    )
    found = (linalg.svd(x), linalg.qr(x), linalg.eigh(x), portfire.svd(x))
    names = [type(r)._fields for r in found]
    assert names == [
        ("U", "S", "Vh"), ("Q", "R"), ("eigenvalues", "eigenvectors"), ("U", "S", "V"),
    ]  # fmt: skip


def test_the_gradient_of_a_norm_at_nothing_is_zero() -> None:
    for p in (0.5, 1, 2, 3, float("inf")):
        x = portfire.zeros(3, requires_grad=True)
        portfire.norm(x, p).backward()
        assert x.grad.tolist() == [0.0, 0.0, 0.0], p


def test_eigenvectors_carry_gradients() -> None:
    x = portfire.tensor([[4.0, 1.0], [1.0, 2.0]], dtype=portfire.float64, requires_grad=True)

    def loss(x: Any) -> Any:
        values, vectors = linalg.eigh((x + x.T) / 2)
        return (values * vectors.abs().sum(0)).sum()

    assert portfire.autograd.gradcheck(loss, (x,))
    assert portfire.autograd.gradgradcheck(loss, (x,))


@pytest.mark.parametrize("shape", [(2, 3), (3, 2)])
def test_singular_vectors_and_factors_carry_gradients(shape: Any) -> None:
    values = np.random.default_rng(5).uniform(-2, 2, shape)
    x = portfire.tensor(values, requires_grad=True, device="cpu")

    def by_svd(x: Any) -> Any:
        u, s, vh = linalg.svd(x, full_matrices=False)
        return u.abs() @ (s.unsqueeze(-1) * vh.abs())

    def by_qr(x: Any) -> Any:
        q, r = linalg.qr(x)
        return q.abs().sum(-1) + r.abs().sum()

    for function in (by_svd, by_qr, linalg.pinv):
        assert portfire.autograd.gradcheck(function, (x,))
        assert portfire.autograd.gradgradcheck(function, (x,))


def test_the_factor_of_cholesky_carries_gradients() -> None:
    x = portfire.tensor(
        [[4.0, 1.0], [1.0, 2.0]], dtype=portfire.float64, requires_grad=True, device="cpu"
    )
    for upper in (False, True):
        arguments = {"upper": upper}
        assert portfire.autograd.gradcheck(
            lambda x, options=arguments: linalg.cholesky((x + x.T) / 2, **options), (x,)
        )
        assert portfire.autograd.gradgradcheck(
            lambda x, options=arguments: linalg.cholesky((x + x.T) / 2, **options), (x,)
        )


def test_a_singular_matrix_has_a_gradient_of_its_determinant() -> None:
    x = portfire.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=portfire.float64, requires_grad=True)
    linalg.det(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), [[4, -2], [-2, 1]], atol=1e-12)


def test_a_chain_is_multiplied_in_the_cheapest_order() -> None:
    x, y, z = (portfire.ones(*s, device="cpu") for s in ((2, 30), (30, 20), (20, 1)))
    with portfire.profiler.profile() as prof:
        linalg.multi_dot([x, y, z]).tolist()
    assert sum(row.flops for row in prof.key_averages()) == 2 * (30 * 20 + 2 * 30)
