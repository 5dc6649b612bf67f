"""Tables of rows: embeddings, bags, one-hot rows; values, gradients, options, errors."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.nn.helpers import check_gradients, draw, host

TABLE = draw(5, 3)
INDEX = np.array([[0, 3, 1], [4, 4, 0]])
FLAT, OFFSETS = np.array([0, 3, 1, 4, 4, 0, 2]), np.array([0, 2, 2, 5])
POOL: dict[str, Any] = {"sum": np.sum, "mean": np.mean, "max": np.max}


def tensor(array: Any, device: str = "cpu") -> portfire.Tensor:
    return portfire.tensor(np.asarray(array), device=device)


def scattered(index: Any, rows: Any) -> Any:
    out = np.zeros_like(TABLE)
    np.add.at(out, index.ravel(), rows.reshape(-1, 3))
    return out


def test_rows_and_their_gradients(device: str) -> None:
    weights = draw(2, 3, 3, seed=4)
    counts = np.bincount(INDEX.ravel(), minlength=5)
    cases: dict[str, tuple[dict[str, Any], Any]] = {
        "plain": ({}, weights),
        "padding": ({"padding_idx": -1}, weights * (INDEX != 4)[..., None]),
        "frequency": ({"scale_grad_by_freq": True}, weights / counts[INDEX][..., None]),
    }
    for name, (options, expected) in cases.items():
        table = tensor(TABLE, device).requires_grad_()
        rows = F.embedding(tensor(INDEX, device), table, **options)
        np.testing.assert_array_equal(host(rows), TABLE[INDEX], err_msg=name)
        assert rows.grad_fn.name() == "EmbeddingBackward0"
        (rows * tensor(weights, device)).sum().backward()
        grad = scattered(INDEX, expected)
        np.testing.assert_allclose(host(table.grad), grad, rtol=1e-10, err_msg=name)


def test_second_gradient_of_rows() -> None:
    check_gradients(lambda w: F.embedding(tensor(INDEX), w) ** 2, TABLE, device="cpu")


def test_the_layer(device: str) -> None:
    layer = nn.Embedding(5, 3, padding_idx=2, device=device)
    assert layer.weight[2].tolist() == [0.0, 0.0, 0.0]
    assert layer(tensor(INDEX.astype(np.int32), device)).shape == (2, 3, 3)
    assert layer(tensor(1, device)).shape == (3,)
    given = tensor(TABLE, device)
    frozen = nn.Embedding.from_pretrained(given, padding_idx=1)
    assert not frozen.weight.requires_grad
    assert host(frozen.weight).tolist() == TABLE.tolist()
    assert nn.Embedding.from_pretrained(given, freeze=False).weight.requires_grad


def test_rows_that_are_too_long(device: str) -> None:
    table = tensor(TABLE, device)
    rows = F.embedding(tensor(INDEX, device), table, max_norm=0.5)
    norms = np.linalg.norm(TABLE, axis=1)
    shorter = np.where(norms > 0.5, 0.5 / (norms + 1e-7), 1.0)
    shorter[2] = 1.0  # was not taken
    expected = TABLE * shorter[:, None]
    np.testing.assert_allclose(host(table), expected, rtol=1e-9)
    np.testing.assert_allclose(host(rows), expected[INDEX], rtol=1e-9)


@pytest.mark.parametrize("mode", POOL)
def test_bags(mode: str, device: str) -> None:
    table = tensor(TABLE, device)
    found = F.embedding_bag(tensor(INDEX, device), table, mode=mode)
    np.testing.assert_allclose(host(found), POOL[mode](TABLE[INDEX], 1), rtol=1e-10)
    parts = [FLAT[0:2], FLAT[2:2], FLAT[2:5], FLAT[5:]]
    expected = [POOL[mode](TABLE[p], 0) if p.size else np.zeros(3) for p in parts]
    found = F.embedding_bag(tensor(FLAT, device), table, tensor(OFFSETS, device), mode=mode)
    np.testing.assert_allclose(host(found), expected, rtol=1e-10)


@pytest.mark.parametrize("mode", POOL)
def test_gradients_of_bags(mode: str) -> None:
    def bag(w: Any) -> Any:
        return F.embedding_bag(tensor(FLAT), w, tensor(OFFSETS), mode=mode)

    check_gradients(bag, TABLE, device="cpu", second=False)


@pytest.mark.parametrize("mode", POOL)
def test_padding_counts_nothing_in_a_bag(mode: str) -> None:
    layer = nn.EmbeddingBag.from_pretrained(tensor(TABLE), freeze=False, mode=mode, padding_idx=4)
    found = layer(tensor([[0, 4, 1], [4, 4, 4]]))
    np.testing.assert_allclose(host(found), [POOL[mode](TABLE[[0, 1]], 0), np.zeros(3)])
    found.sum().backward()
    assert not host(layer.weight.grad)[4].any()


def test_bags_with_factors_ends_and_frequencies() -> None:
    factors = draw(7, seed=2)
    args = (tensor(FLAT), tensor(TABLE), tensor([0, 3, 7]))
    options: Any = {"mode": "sum", "include_last_offset": True}
    found = F.embedding_bag(*args, per_sample_weights=tensor(factors), **options)
    rows = TABLE[FLAT] * factors[:, None]
    np.testing.assert_allclose(host(found), [rows[:3].sum(0), rows[3:].sum(0)], rtol=1e-10)
    check_gradients(
        lambda w, s: F.embedding_bag(args[0], w, args[2], per_sample_weights=s, **options),
        TABLE,
        factors,
        device="cpu",
        second=False,
    )
    table = tensor(TABLE).requires_grad_()
    F.embedding_bag(args[0], table, args[2], scale_grad_by_freq=True, **options).sum().backward()
    np.testing.assert_allclose(host(table.grad), np.ones((5, 3)), rtol=1e-10)


def test_one_hot(device: str) -> None:
    index = tensor(INDEX, device)
    np.testing.assert_array_equal(host(F.one_hot(index)), np.eye(5)[INDEX])
    assert F.one_hot(index, 9).shape == (2, 3, 9)
    assert F.one_hot(index).dtype is portfire.int64
    assert F.one_hot(index[:0], 3).shape == (0, 3, 3)


def test_printed_forms() -> None:
    assert repr(nn.Embedding(3, 4)) == "Embedding(3, 4)"
    full = nn.Embedding(3, 4, -1, 2, 1.0, True)
    assert repr(full) == (
        "Embedding(3, 4, padding_idx=2, max_norm=2, norm_type=1.0, scale_grad_by_freq=True)"
    )
    assert repr(nn.EmbeddingBag(3, 4)) == "EmbeddingBag(3, 4, mode='mean')"
    bag = nn.EmbeddingBag(3, 4, 1.0, scale_grad_by_freq=True, mode="sum", padding_idx=1)
    assert repr(bag) == (
        "EmbeddingBag(3, 4, max_norm=1.0, scale_grad_by_freq=True, mode='sum', padding_idx=1)"
    )


I, W = portfire.tensor([1, 2]), portfire.ones(3, 4)
ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda: F.embedding(W[0], W), RuntimeError, "scalar types: Long, Int; but got portfire.Float"),
    (lambda: F.embedding(I, W[0]), RuntimeError, "'weight' must be 2-D"),
    (lambda: F.embedding(I, W, 3), AssertionError, "Padding_idx must be within num_embeddings"),
    (lambda: nn.Embedding(3, 4, -4), AssertionError, "Padding_idx must be within num_embeddings"),
    (lambda: F.embedding(I, W, sparse=True), NotImplementedError, "portfire has no sparse tensors"),
    (lambda: F.embedding(I + 1, W).sum().item(), IndexError, "index 3 is out of bounds"),
    (lambda: nn.Embedding.from_pretrained(W[0]), AssertionError, "expected to be 2-dimensional"),
    (lambda: nn.EmbeddingBag.from_pretrained(W[0]), AssertionError, "to be 2-dimensional"),
    (lambda: nn.Embedding(3, 4, _weight=W[:2]), AssertionError, "Shape of weight does not match"),
    (lambda: F.embedding_bag(I, W), ValueError, "offsets has to be a 1D Tensor but got None"),
    (lambda: F.embedding_bag(I[None], W, I), ValueError, "if input is 2D, then offsets has to be"),
    (lambda: F.embedding_bag(I[None, None], W), ValueError, "got Tensor of dimension 3"),
    (lambda: F.embedding_bag(I, W, I[None]), ValueError, "offsets has to be a 1D Tensor"),
    (lambda: F.embedding_bag(I, W, I), RuntimeError, "offsets[0] has to be 0, i.e., the first"),
    (
        lambda: F.embedding_bag(I, W, portfire.tensor([0, 5])),
        RuntimeError,
        "offsets[-1] can not be greater than input's length 2 but got offsets[-1] of 5",
    ),
    (lambda: F.embedding_bag(I[None], W, mode="foo"), ValueError, "one of sum, mean or max"),
    (
        lambda: F.embedding_bag(I[None], W, mode="max", scale_grad_by_freq=True),
        ValueError,
        "max mode does not support scaling the gradient by the frequency",
    ),
    (
        lambda: F.embedding_bag(I[None], W, per_sample_weights=W[:1, :2]),
        NotImplementedError,
        "per_sample_weights is only supported for mode='sum' (got mode='mean')",
    ),
    (
        lambda: F.embedding_bag(I[None], W, mode="sum", per_sample_weights=W[:1]),
        ValueError,
        "then it must have the same shape as the input (portfire.Size([1, 2]))",
    ),
    (
        lambda: F.embedding_bag(I[None], W, mode="sum", per_sample_weights=W[:1, :2].double()),
        RuntimeError,
        "type portfire.FloatTensor does not equal portfire.DoubleTensor",
    ),
    (lambda: F.embedding_bag(W[:1], W), RuntimeError, "arguments for embedding_bag"),
    (lambda: F.one_hot(I, 2), RuntimeError, "Class values must be smaller than num_classes."),
    (lambda: F.one_hot(I - 2), RuntimeError, "Class values must be non-negative."),
    (
        lambda: F.one_hot(I.int()),
        RuntimeError,
        "only applicable to index tensor of type LongTensor",
    ),
    (lambda: F.one_hot(I[:0]), RuntimeError, "Can not infer total number of classes from empty"),
    (lambda: F.one_hot(3), TypeError, "argument 'input' (position 1) must be Tensor, not int"),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS, ids=[m for _, _, m in ERRORS])
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()
