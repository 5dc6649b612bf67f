"""Losses against SciPy and NumPy: reductions, weights, targets of each kind, errors."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from scipy.special import log_softmax

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.nn.helpers import check_gradients, draw, host

REDUCE: dict[str, Any] = {"none": lambda a: a, "sum": np.sum, "mean": np.mean}


def tensor(array: Any, device: str) -> portfire.Tensor:
    return portfire.tensor(np.asarray(array), device=device)


@pytest.mark.parametrize("reduction", REDUCE)
def test_distances(reduction: str, device: str) -> None:
    x, y = draw(3, 4, seed=1), draw(3, 4, seed=2)
    a, b = tensor(x, device), tensor(y, device)
    squares, absolute = REDUCE[reduction]((x - y) ** 2), REDUCE[reduction](np.abs(x - y))
    np.testing.assert_allclose(host(nn.MSELoss(reduction=reduction)(a, b)), squares, rtol=1e-12)
    np.testing.assert_allclose(host(nn.L1Loss(reduction=reduction)(a, b)), absolute, rtol=1e-12)
    check_gradients(
        lambda p, q: F.mse_loss(p, q, reduction=reduction), x[:1, :2], y[:1, :2], device=device
    )


def test_distances_of_unequal_shapes_and_types() -> None:
    x = portfire.ones(2, 3)
    with pytest.warns(
        UserWarning,
        match=re.escape(
            "Using a target size (portfire.Size([2, 1])) that is different to the input size "
            "(portfire.Size([2, 3]))"
        ),
    ):
        assert F.mse_loss(x, portfire.zeros(2, 1)).item() == 1.0
    assert F.mse_loss(x, x.double() * 3).dtype is portfire.float64
    assert F.mse_loss(x, x.long()).item() == 0.0
    assert math.isnan(F.mse_loss(x[:0], x[:0]).item())
    with (
        pytest.warns(UserWarning, match="Using a target size"),
        pytest.raises(RuntimeError, match="must match the size of tensor b"),
    ):
        F.mse_loss(x, portfire.ones(2, 4))
    with pytest.raises(NotImplementedError, match="not implemented for 'Long'"):
        F.mse_loss(x.long(), x.long())


def test_distances_with_weights() -> None:
    x, y = portfire.zeros(2), portfire.tensor([1.0, 2.0])
    w = portfire.tensor([1.0, 3.0])
    assert F.mse_loss(x, y, weight=w).item() == 3.25
    assert F.mse_loss(x, y, weight=w, reduction="sum").item() == 13.0
    assert F.mse_loss(x, y, weight=w, reduction="none").tolist() == [1.0, 12.0]
    assert F.l1_loss(x, y, weight=w).item() == 1.75
    with pytest.raises(ValueError, match=r"Weights and input must have the same size\."):
        F.mse_loss(x, y, weight=portfire.ones(3))


def test_unknown_reduction() -> None:
    x = portfire.ones(2)
    for loss in (F.mse_loss, F.l1_loss, F.binary_cross_entropy):
        with pytest.raises(ValueError, match="foo is not a valid value for reduction"):
            loss(x, x, reduction="foo")
    for classes in (F.cross_entropy, F.nll_loss):
        with pytest.raises(ValueError, match="foo is not a valid value for reduction"):
            classes(x, portfire.tensor(0), reduction="foo")


@pytest.mark.parametrize(
    ("flags", "meant"),
    [
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"reduce": True}, "mean"),
    ],
)
def test_flags_of_old_code(flags: Any, meant: str) -> None:
    with pytest.warns(UserWarning, match=re.escape(f"please use reduction='{meant}' instead.")):
        assert nn.MSELoss(**flags).reduction == meant


def expected_nll(logs: Any, target: Any, weight: Any, ignore: int, reduction: str) -> Any:
    """The definition, one target after the other; classes on axis 1."""
    losses, weights = np.zeros(target.shape), np.zeros(target.shape)
    for index in np.ndindex(target.shape):
        label = target[index]
        if label != ignore:
            weights[index] = weight[label]
            losses[index] = -logs[index[0], label][index[1:]] * weight[label]
    return losses.sum() / weights.sum() if reduction == "mean" else REDUCE[reduction](losses)


CLASSES = {
    "rows": ((4, 5), np.array([0, 4, 2, 2])),
    "ignored": ((4, 5), np.array([0, 3, 2, 3])),
    "lines": ((2, 5, 3), np.array([[0, 1, 2], [3, 4, 0]])),
    "images": ((2, 5, 2, 2), np.array([[[0, 1], [2, 3]], [[4, 3], [2, 1]]])),
    "volumes": ((1, 5, 2, 1, 2), np.array([[[[0, 1]], [[4, 3]]]])),
}


@pytest.mark.parametrize("reduction", REDUCE)
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("case", CLASSES)
def test_cross_entropy_of_classes(case: str, weighted: bool, reduction: str, device: str) -> None:
    shape, target = CLASSES[case]
    x, w = draw(*shape), draw(5, low=0.5, high=2.0) if weighted else np.ones(5)
    ignore = 3 if case == "ignored" else -100
    expected = expected_nll(log_softmax(x, axis=1), target, w, ignore, reduction)
    loss = nn.CrossEntropyLoss(
        weight=tensor(w, device) if weighted else None, ignore_index=ignore, reduction=reduction
    )
    found = loss(tensor(x, device), tensor(target, device))
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(host(found), expected, rtol=1e-10)
    logs = tensor(log_softmax(x, axis=1), device)
    negative = nn.NLLLoss(loss.weight, ignore_index=ignore, reduction=reduction)
    np.testing.assert_allclose(host(negative(logs, tensor(target, device))), expected, rtol=1e-10)


# Values computed with PyTorch 2.13.
SMOOTHED = [
    ({}, 1.920371174812317),
    ({"ignore_index": 0}, 1.7665948867797852),
    ({"ignore_index": 0, "reduction": "none"}, [0.0, 5.2997846603393555]),
    ({"weight": None}, 2.051466941833496),
    ({"reduction": "sum"}, 7.681484699249268),
]


@pytest.mark.parametrize(("options", "expected"), SMOOTHED)
def test_label_smoothing(options: Any, expected: Any, device: str) -> None:
    x = tensor(np.float32([[1, 2, 3], [1, 1, 0]]), device)
    weight = tensor(np.float32([1, 2, 3]), device)
    loss = F.cross_entropy(
        x, tensor([0, 2], device), **{"weight": weight, "label_smoothing": 0.1, **options}
    )
    np.testing.assert_allclose(host(loss), expected, rtol=1e-5)


@pytest.mark.parametrize("reduction", REDUCE)
def test_cross_entropy_of_probabilities(reduction: str, device: str) -> None:
    x, p, w = draw(2, 3, 4), draw(2, 3, 4, low=0.0), draw(3, low=0.5, high=2.0)
    soft = p * 0.8 + 0.2 / 3
    losses = -(log_softmax(x, axis=1) * soft * w[:, None]).sum(1)
    expected = losses.sum() / 8 if reduction == "mean" else REDUCE[reduction](losses)
    found = F.cross_entropy(
        tensor(x, device),
        tensor(p, device),
        tensor(w, device),
        reduction=reduction,
        label_smoothing=0.2,
    )
    np.testing.assert_allclose(host(found), expected, rtol=1e-10)


def test_cross_entropy_of_one_sample() -> None:
    x = portfire.tensor([1.0, 2.0, 3.0])
    expected = -log_softmax([1.0, 2.0, 3.0])[1]
    assert F.cross_entropy(x, portfire.tensor(1)).item() == pytest.approx(expected, rel=1e-6)
    alone = F.cross_entropy(x, portfire.tensor([1]), reduction="none")
    assert alone.shape == ()
    assert alone.item() == pytest.approx(expected, rel=1e-6)
    smooth = F.cross_entropy(x, portfire.tensor(1), label_smoothing=0.3)
    mixed = 0.7 * expected - 0.1 * log_softmax([1.0, 2.0, 3.0]).sum()
    assert smooth.item() == pytest.approx(mixed, rel=1e-6)
    assert F.cross_entropy(x, x / 6).item() == pytest.approx(
        -(log_softmax([1.0, 2.0, 3.0]) * np.array([1, 2, 3]) / 6).sum(), rel=1e-6
    )
    byte = portfire.tensor([1], dtype=portfire.uint8)
    assert F.cross_entropy(x, byte).item() == pytest.approx(expected, rel=1e-6)


def test_cross_entropy_where_nothing_counts() -> None:
    x = portfire.ones(2, 3)
    ignored = portfire.tensor([-100, -100])
    assert math.isnan(F.cross_entropy(x, ignored).item())
    assert F.cross_entropy(x, ignored, reduction="sum").item() == 0.0
    assert math.isnan(F.cross_entropy(x[:0], portfire.tensor([], dtype=portfire.int64)).item())


@pytest.mark.parametrize("label", [7, -1])
def test_a_target_that_is_no_class(label: int, device: str) -> None:
    x = portfire.ones(2, 3, device=device)
    with pytest.raises(IndexError, match=f"{label} is out of bounds"):
        F.cross_entropy(x, portfire.tensor([0, label], device=device)).item()


ONES = {n: portfire.ones([2, 3, 4, 5][:n]) for n in range(5)}
LONG = portfire.int64
WRONG: list[tuple[Any, Any, Any, type[Exception], str]] = [
    (ONES[2], [0], {}, ValueError, "Expected input batch_size (2) to match target batch_size (1)."),
    (ONES[2], 1, {}, ValueError, "Expected input batch_size (2) to match target batch_size (0)."),
    (ONES[2], [[0], [1]], {}, RuntimeError, "0D or 1D target tensor expected, multi-target not"),
    (ONES[2], [0.0, 1.0], {}, RuntimeError, "expected target dtype to be Long or Byte, but got Fl"),
    (portfire.ones(3), [1, 0], {}, ValueError, "For 1D input, 1D target must have size 1, but got"),
    (ONES[3], [0, 1], {}, RuntimeError, "Expected target size [2, 4], got [2]"),
    (ONES[3], [[0] * 5] * 2, {}, RuntimeError, "Expected target size [2, 4], got [2, 5]"),
    (ONES[4], [[0] * 4] * 2, {}, RuntimeError, "only batches of spatial targets supported (3D"),
    (
        ONES[4],
        [[[0] * 4] * 4] * 2,
        {},
        RuntimeError,
        "size mismatch (got input: [2, 3, 4, 5] , target: [2, 4, 4]",
    ),
    (
        ONES[2],
        [0, 1],
        {"weight": portfire.ones(4)},
        RuntimeError,
        "weight tensor should be defined either for all 3 classes or no classes but got weight "
        "tensor of shape: [4]",
    ),
    (
        ONES[2],
        [0, 1],
        {"weight": portfire.ones(3).double()},
        RuntimeError,
        "expected scalar type Float but found Double",
    ),
    (
        ONES[2],
        [0, 1],
        {"label_smoothing": 2.0},
        RuntimeError,
        "label_smoothing must be between 0.0 and 1.0. Got: 2",
    ),
    (
        ONES[2],
        [[0] * 3] * 2,
        {},
        RuntimeError,
        "Expected floating point type for target with class probabilities, got Long",
    ),
    (
        ONES[2],
        [[0.0] * 3] * 2,
        {"ignore_index": 1},
        RuntimeError,
        "ignore_index is not supported for floating point target",
    ),
]


@pytest.mark.parametrize(("x", "target", "options", "error", "message"), WRONG)
def test_cross_entropy_errors(
    x: Any, target: Any, options: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=re.escape(message)):
        F.cross_entropy(x, portfire.tensor(target), **options)


def test_nll_loss_errors() -> None:
    with pytest.raises(ValueError, match=re.escape("Expected 1 or more dimensions (got 0)")):
        F.nll_loss(portfire.tensor(1.0), portfire.tensor(0))
    with pytest.raises(NotImplementedError, match="\"nll_loss\" not implemented for 'Long'"):
        F.nll_loss(ONES[2].long(), portfire.tensor([0, 1]))


@pytest.mark.parametrize("reduction", REDUCE)
def test_binary_cross_entropy(reduction: str, device: str) -> None:
    x, y, w = draw(3, 4, low=0.1, high=0.9), draw(3, 4, low=0.0), draw(3, 4, low=0.5, high=2.0)
    expected = REDUCE[reduction](-(y * np.log(x) + (1 - y) * np.log(1 - x)) * w)
    loss = nn.BCELoss(weight=tensor(w, device), reduction=reduction)
    np.testing.assert_allclose(
        host(loss(tensor(x, device), tensor(y, device))), expected, rtol=1e-10
    )


def test_binary_cross_entropy_at_the_limits(device: str) -> None:
    x = tensor(np.float32([0, 1, 0.3]), device).requires_grad_()
    y = tensor(np.float32([1, 0, 1]), device)
    assert host(F.binary_cross_entropy(x, y, reduction="none"))[:2].tolist() == [100.0, 100.0]
    F.binary_cross_entropy(x, y).backward()
    np.testing.assert_allclose(host(x.grad), [-1e12 / 3, 1e12 / 3, -1 / 0.9], rtol=1e-5)


@pytest.mark.parametrize(
    ("x", "y", "error", "message"),
    [
        ([1.0, 1.0], [1.0], ValueError, "that is different to the input size (portfire.Size([2]))"),
        ([1.5], [1.0], RuntimeError, "all elements of input should be between 0 and 1"),
        ([0.5], [-1.0], RuntimeError, "all elements of target should be between 0 and 1"),
        ([0.5], [1], RuntimeError, "Found dtype Long but expected Float"),
    ],
)
def test_binary_cross_entropy_errors(x: Any, y: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        F.binary_cross_entropy(portfire.tensor(x), portfire.tensor(y))


def test_weights_are_buffers() -> None:
    loss = nn.CrossEntropyLoss(weight=portfire.ones(3))
    assert list(loss.state_dict()) == ["weight"]
    assert loss.double().weight.dtype is portfire.float64
    assert nn.CrossEntropyLoss().weight is None


def test_names_of_the_backward_steps() -> None:
    x = portfire.ones(1, 3).requires_grad_()
    names = {
        F.cross_entropy(x, portfire.tensor([0])): "NllLossBackward0",
        F.mse_loss(x, portfire.ones(1, 3)): "MseLossBackward0",
        F.l1_loss(x, portfire.ones(1, 3)): "MeanBackward0",
        F.linear(x, portfire.ones(2, 3), portfire.ones(2)): "AddmmBackward0",
        F.dropout(x): "MulBackward0",
        F.conv2d(x.reshape(1, 1, 1, 3), portfire.ones(1, 1, 1, 1)): "ConvolutionBackward0",
        F.max_pool2d(x.reshape(1, 1, 1, 3), 1): "MaxPool2DWithIndicesBackward0",
        F.layer_norm(x, (3,)): "NativeLayerNormBackward0",
    }
    for result, name in names.items():
        assert result.grad_fn is not None
        assert result.grad_fn.name() == name
