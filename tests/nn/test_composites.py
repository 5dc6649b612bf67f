"""Each composite against its NumPy reference, and its gradients against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import portfire
import portfire.nn
from portfire._dispatch import apply
from portfire.nn._composites._activations import ACTIVATIONS
from portfire.ops import Operator, Sample, lookup, registry
from tests.nn.helpers import check_gradients, draw, host

NAMES = (
    "linear",
    "convolution",
    "convolution_input_grad",
    "convolution_weight_grad",
    "max_pool2d",
    "max_pool2d_index",
    "layer_norm",
    "safe_softmax",
    "attention_grad",
    "recurrence",
    "recurrence_grad",
    "mse_loss",
    "binary_cross_entropy",
)
# Samples of all records, these among them, are run by the tests of core.
BY_REGISTRY = ("batch_norm", "rms_norm", "embedding", "embedding_grad", *ACTIVATIONS)
SAMPLES = [
    pytest.param(lookup(name), sample, id=f"{name}-{i}")
    for name in NAMES
    for i, sample in enumerate(lookup(name).samples)
]
WRONG = [
    pytest.param(lookup(name), wrong, id=f"{name}-{i}")
    for name in NAMES
    for i, wrong in enumerate(lookup(name).errors)
]
POOLS = [sample for sample in lookup("max_pool2d").samples if 0 not in sample.shapes[0]]
TARGETS = {
    "plain": np.array([2, 0, 3]),
    "ignored": np.array([2, -100, 0]),
    "images": np.array([[[2, 0], [1, 1]], [[3, 3], [-100, 0]]]),
}


def arrays_of(sample: Sample, dtype: Any = np.float64) -> list[Any]:
    return [
        draw(*shape, seed=i, low=sample.low, high=sample.high).astype(dtype)
        for i, shape in enumerate(sample.shapes)
    ]


def run(op: Operator, arrays: Any, attrs: Any, device: str) -> Any:
    return apply(op, [portfire.tensor(a, device=device) for a in arrays], attrs)


@pytest.mark.parametrize(("op", "sample"), SAMPLES)
def test_decomposition_equals_reference(op: Operator, sample: Sample, device: str) -> None:
    arrays = arrays_of(sample, np.float32)
    result = run(op, arrays, sample.attrs, device)
    expected = np.asarray(op.reference(*arrays, *sample.attrs))
    assert tuple(result.shape) == expected.shape
    np.testing.assert_allclose(host(result), expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize(("op", "sample"), SAMPLES)
def test_gradients_equal_differences(op: Operator, sample: Sample, device: str) -> None:
    if op.gradient is None or any(0 in shape for shape in sample.shapes):
        return
    # Differences of differences take a run per pair of elements.
    second = np.prod(sample.shapes[0]) < 100
    check_gradients(
        lambda *inputs: apply(op, inputs, sample.attrs),
        *arrays_of(sample),
        device=device,
        second=bool(second),
    )


@pytest.mark.parametrize(("op", "wrong"), WRONG)
def test_wrong_calls_raise_at_the_call(op: Operator, wrong: Any, device: str) -> None:
    tensors = [portfire.zeros(s.shape, dtype=s.dtype, device=device) for s in wrong.specs]
    with pytest.raises(wrong.error, match=wrong.match):
        apply(op, tensors, wrong.attrs)


@pytest.mark.parametrize("sample", POOLS)
def test_pool_grad_and_pick_are_adjoint(sample: Sample, device: str) -> None:
    (x,) = arrays_of(sample)
    index = lookup("max_pool2d_index").reference(x, *sample.attrs)
    g = draw(*index.shape, seed=9)
    attrs = (x.shape[2:], *sample.attrs)
    spread = run(lookup("max_pool2d_grad"), (g, index), attrs, device)
    picked = run(lookup("max_pool2d_pick"), (x, index), sample.attrs, device)
    np.testing.assert_allclose(
        host(spread), lookup("max_pool2d_grad").reference(g, index, *attrs), rtol=1e-12
    )
    np.testing.assert_allclose(
        host(picked), lookup("max_pool2d_pick").reference(x, index, *sample.attrs), rtol=1e-12
    )
    assert (host(spread) * x).sum() == pytest.approx((host(picked) * g).sum())


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
@pytest.mark.parametrize("kind", TARGETS)
def test_nll_loss_equals_reference(kind: str, reduction: str, device: str) -> None:
    target = TARGETS[kind]
    shape = (target.shape[0], 4, *target.shape[1:])
    x, weight = draw(*shape, seed=1), draw(4, low=0.5, high=2.0)
    attrs = (-100, reduction)
    op, grad = lookup("nll_loss"), lookup("nll_loss_grad")
    result = host(run(op, (x, target, weight), attrs, device))
    np.testing.assert_allclose(result, op.reference(x, target, weight, *attrs), rtol=1e-12)
    g = draw(*result.shape, seed=2)
    spread = host(run(grad, (g, target, weight), attrs, device))
    np.testing.assert_allclose(spread, grad.reference(g, target, weight, *attrs), rtol=1e-12)

    def loss(scores: Any) -> Any:
        tensors = [portfire.tensor(a, device=scores.device) for a in (target, weight)]
        return apply(op, (scores, *tensors), attrs)

    check_gradients(loss, x, device=device)


def test_every_composite_of_nn_is_tested_here() -> None:
    ours = {op.name for op in registry() if op.infer.__module__.startswith("portfire.nn.")}
    by_hand = {"attention", "max_pool2d_grad", "max_pool2d_pick", "nll_loss", "nll_loss_grad"}
    assert ours == {*NAMES, *BY_REGISTRY, *by_hand}
    assert all(lookup(name).doc for name in ours)
