"""Distances, bilinear maps and shuffled channels against NumPy."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy.spatial import distance

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.nn.helpers import check_gradients, draw, host

X, Y = draw(3, 4), draw(3, 4, seed=1)


def tensor(array: Any, device: str = "cpu") -> portfire.Tensor:
    return portfire.tensor(np.asarray(array), device=device)


def test_cosines(device: str) -> None:
    x, y = tensor(X, device), tensor(Y, device)
    expected = [1 - distance.cosine(a, b) for a, b in zip(X, Y, strict=True)]
    np.testing.assert_allclose(host(nn.CosineSimilarity()(x, y)), expected, rtol=1e-10)
    columns = [1 - distance.cosine(a, Y[0, 0] * np.ones(3)) for a in X.T]
    found = F.cosine_similarity(x, y[:1, :1], dim=0)
    np.testing.assert_allclose(host(found), columns, rtol=1e-10)
    check_gradients(F.cosine_similarity, X, Y, device=device, second=False)


@pytest.mark.parametrize("p", [1.0, 2.0, 3.0, np.inf])
def test_distances(p: float, device: str) -> None:
    x, y = tensor(X, device), tensor(Y, device)
    expected = np.linalg.norm(X - Y + 1e-6, p, axis=1)
    np.testing.assert_allclose(host(nn.PairwiseDistance(p)(x, y)), expected, rtol=1e-10)
    kept = F.pairwise_distance(x, y[0], p, keepdim=True)
    np.testing.assert_allclose(
        host(kept), np.linalg.norm(X - Y[0] + 1e-6, p, axis=1, keepdims=True), rtol=1e-10
    )
    np.testing.assert_allclose(
        host(F.normalize(x, p)), X / np.linalg.norm(X, p, axis=1, keepdims=True), rtol=1e-10
    )
    np.testing.assert_allclose(host(F.pdist(x, p)), distance.pdist(X, "minkowski", p=p), rtol=1e-10)


def test_gradients_of_distances() -> None:
    for p in (1.0, 2.0, 3.0):
        check_gradients(
            lambda a, b, p=p: F.pairwise_distance(a, b, p), X, Y, device="cpu", second=False
        )
        check_gradients(lambda a, p=p: F.normalize(a, p), X, device="cpu", second=False)
        check_gradients(lambda a, p=p: F.pdist(a, p), X, device="cpu", second=False)


def test_vectors_without_length() -> None:
    zero = portfire.zeros(1, 2).requires_grad_()
    F.normalize(zero).sum().backward()
    np.testing.assert_allclose(host(zero.grad), 1e12, rtol=1e-6)  # as PyTorch's
    zero.grad = None
    F.cosine_similarity(zero, portfire.ones(1, 2)).sum().backward()
    np.testing.assert_allclose(host(zero.grad), np.sqrt(0.5) * 1e8, rtol=1e-5)
    assert F.pdist(portfire.ones(1, 2)).shape == (0,)
    out = portfire.empty(1, 2)
    assert F.normalize(portfire.tensor([[3.0, 4.0]]), out=out) is out
    assert out[0].tolist() == pytest.approx([0.6, 0.8])


def test_bilinear(device: str) -> None:
    x, y = draw(2, 3, 4), draw(2, 3, 5, seed=1)
    w, b = draw(6, 4, 5, seed=2), draw(6, seed=3)
    layer = nn.Bilinear(4, 5, 6, device=device, dtype=portfire.float64)
    assert 0.1 < host(layer.weight).max() <= 0.5
    layer.load_state_dict({"weight": tensor(w, device), "bias": tensor(b, device)})
    expected = np.einsum("nli,oij,nlj->nlo", x, w, y) + b
    found = layer(tensor(x, device), tensor(y, device))
    np.testing.assert_allclose(host(found), expected, rtol=1e-9, atol=1e-12)
    one = layer(tensor(x[0, 0], device), tensor(y[0, 0], device))
    np.testing.assert_allclose(host(one), expected[0, 0], rtol=1e-9, atol=1e-12)
    check_gradients(F.bilinear, X[:2, :2], Y[:2, :3], draw(2, 2, 3), device="cpu", second=False)


def test_shuffled_channels(device: str) -> None:
    x = draw(2, 6, 3)
    expected = x.reshape(2, 3, 2, 3).swapaxes(1, 2).reshape(2, 6, 3)
    np.testing.assert_array_equal(host(nn.ChannelShuffle(3)(tensor(x, device))), expected)


def test_printed_forms() -> None:
    assert repr(nn.CosineSimilarity()) == "CosineSimilarity()"
    assert repr(nn.PairwiseDistance()) == "PairwiseDistance()"
    assert repr(nn.ChannelShuffle(2)) == "ChannelShuffle(groups=2)"
    printed = "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=False)"
    assert repr(nn.Bilinear(2, 3, 4, bias=False)) == printed


def ones(*shape: int) -> portfire.Tensor:
    return portfire.ones(*shape)


ERRORS: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: F.cosine_similarity(ones(2, 3).long(), ones(2, 3).long()),
        RuntimeError,
        "expected common dtype to be floating point, yet common dtype is Long",
    ),
    (
        lambda: F.pairwise_distance(ones(3), ones(4)),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (4)",
    ),
    (lambda: F.pdist(ones(3)), RuntimeError, "pdist only supports 2D tensors, got: 1D"),
    (lambda: F.pdist(ones(3, 2), -1), RuntimeError, "pdist only supports non-negative p values"),
    (lambda: F.pdist(ones(3, 2).long()), RuntimeError, "only supports floating-point dtypes"),
    (
        lambda: F.bilinear(ones(2, 3), ones(2, 4), ones(5, 3, 3)),
        RuntimeError,
        "bilinear(): input2 size does not match weight size: got 4 but expected 3",
    ),
    (
        lambda: F.bilinear(ones(2, 3), ones(3, 4), ones(5, 3, 4)),
        RuntimeError,
        "bilinear(): input batch dimensions do not match at dim 0: got 2 and 3",
    ),
    (
        lambda: F.bilinear(ones(2, 3), ones(4), ones(5, 3, 4)),
        RuntimeError,
        "bilinear(): input dimensions do not match: got 2 and 1",
    ),
    (
        lambda: F.bilinear(ones(2, 3), ones(2, 4), ones(5, 3, 4), ones(3)),
        RuntimeError,
        "bilinear(): bias size does not match weight size: got 3 but expected 5",
    ),
    (
        lambda: nn.Bilinear(0, 3, 3),
        ValueError,
        "in1_features must be > 0, but got (in1_features=0)",
    ),
    (
        lambda: F.channel_shuffle(ones(2, 3, 2), 2),
        RuntimeError,
        "Number of channels must be divisible by groups. Got 3 channels and 2 groups.",
    ),
    (
        lambda: F.channel_shuffle(ones(2, 4), 2),
        RuntimeError,
        "channel_shuffle expects input with > 2 dims, but got input with sizes [2, 4]",
    ),
    (lambda: F.channel_shuffle(ones(2, 4, 1), 0), RuntimeError, "Value of groups:0"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[m for _, _, m in ERRORS])
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()
