"""The losses beside those of classes: each against its formula in NumPy, reduced in each way."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from scipy import special

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.nn.helpers import check_gradients, draw, host

REDUCE: dict[str, Any] = {"none": lambda a: a, "sum": np.sum, "mean": np.mean}
X, Y, Z = draw(3, 4, seed=1) * 2, draw(3, 4, seed=2) * 2, draw(3, 4, seed=3) * 2
SHARES = special.softmax(draw(3, 4, seed=4), 1)
LOGS = np.log(special.softmax(X, 1))
SIGNS = np.array([[1, -1, 1, 1], [-1, -1, 1, -1], [1, 1, -1, 1]])
LABELS = np.array([2, 0, 3])
SETS = np.array([[3, 0, -1, 1], [-1, 0, 1, 2], [2, 2, 1, -1]])
WEIGHT = np.array([0.5, 1.0, 2.0, 1.5])


def smooth_l1(x: Any, y: Any, beta: float = 1.0) -> Any:
    d = np.abs(x - y)
    return np.where(d < beta, d * d / (2 * beta), d - beta / 2)


def huber(x: Any, y: Any, delta: float = 1.0) -> Any:
    d = np.abs(x - y)
    return np.where(d < delta, d * d / 2, delta * (d - delta / 2))


def logits(x: Any, y: Any, pos: Any = 1.0) -> Any:
    return -(pos * y * special.log_expit(x) + (1 - y) * special.log_expit(-x))


def poisson(x: Any, y: Any) -> Any:
    stirling = y * np.log(y) - y + 0.5 * np.log(2 * np.pi * y)
    return x - y * np.log(x + 1e-8) + np.where(y > 1, stirling, 0)


def gaussian(x: Any, y: Any, v: Any) -> Any:
    return 0.5 * (np.log(v) + (x - y) ** 2 / v + np.log(2 * np.pi))


def cosine(x: Any, y: Any) -> Any:
    return (x * y).sum(-1) / np.sqrt((x * x).sum(-1) * (y * y).sum(-1))


def cosine_embedding(x: Any, y: Any, t: Any) -> Any:
    return np.where(t == 1, 1 - cosine(x, y), np.maximum(0, cosine(x, y) - 0.2))


def distance(x: Any, y: Any, p: float) -> Any:
    return (np.abs(x - y + 1e-6) ** p).sum(-1) ** (1 / p)


def triplet(a: Any, p: Any, n: Any, order: float = 2.0, swap: bool = False) -> Any:
    near, far = distance(a, p, order), distance(a, n, order)
    far = np.minimum(far, distance(p, n, order)) if swap else far
    return np.maximum(0, near - far + 2)


def multi_margin(x: Any, y: Any, power: int = 1, weight: Any = None) -> Any:
    losses = np.zeros(len(y))
    for i, label in enumerate(y):
        for j in range(x.shape[1]):
            if j != label:
                w = 1 if weight is None else weight[label]
                losses[i] += w * max(0, 0.7 - x[i, label] + x[i, j]) ** power / x.shape[1]
    return losses


def multilabel_margin(x: Any, y: Any) -> Any:
    losses = np.zeros(len(y))
    for i, row in enumerate(y):
        right = list(row[: np.argmax(row < 0)] if (row < 0).any() else row)
        for label in right:
            for j in set(range(x.shape[1])) - set(right):
                losses[i] += max(0, 1 - x[i, label] + x[i, j]) / x.shape[1]
    return losses


# source: the module; then the arrays of the call (floats are what gradients are taken of), and the
# reference without reduction.
LOSSES: dict[str, tuple[tuple[Any, ...], Any]] = {
    "SmoothL1Loss(reduction=R)": ((X, Y), smooth_l1),
    "SmoothL1Loss(reduction=R, beta=0.5)": ((X, Y), lambda x, y: smooth_l1(x, y, 0.5)),
    "SmoothL1Loss(reduction=R, beta=0.0)": ((X, Y), lambda x, y: np.abs(x - y)),
    "HuberLoss(reduction=R, delta=0.6)": ((X, Y), lambda x, y: huber(x, y, 0.6)),
    "BCEWithLogitsLoss(reduction=R)": ((X, SHARES), logits),
    "KLDivLoss(reduction=R)": ((LOGS, SHARES), lambda x, y: y * (np.log(y) - x)),
    "KLDivLoss(reduction=R, log_target=True)": ((LOGS, Y), lambda x, y: np.exp(y) * (y - x)),
    "PoissonNLLLoss(reduction=R)": ((X, SHARES), lambda x, y: np.exp(x) - y * x),
    "PoissonNLLLoss(False, True, reduction=R)": ((abs(X) + 1, 2 * abs(Y)), poisson),
    "GaussianNLLLoss(full=True, reduction=R)": ((X, Y, abs(Z) + 0.1), gaussian),
    "HingeEmbeddingLoss(0.8, reduction=R)": (
        (X, SIGNS),
        lambda x, y: np.where(y == 1, x, np.maximum(0, 0.8 - x)),
    ),
    "MarginRankingLoss(0.3, reduction=R)": (
        (X, Y, SIGNS),
        lambda x, y, t: np.maximum(0, -t * (x - y) + 0.3),
    ),
    "SoftMarginLoss(reduction=R)": ((X, SIGNS), lambda x, y: np.log1p(np.exp(-y * x))),
    "CosineEmbeddingLoss(0.2, reduction=R)": ((X, Y, SIGNS[:, 0]), cosine_embedding),
    "TripletMarginLoss(2.0, reduction=R)": ((X, Y, Z), triplet),
    "TripletMarginLoss(2.0, 3.0, swap=True, reduction=R)": (
        (X, Y, Z),
        lambda *t: triplet(*t, 3.0, True),
    ),
    "TripletMarginWithDistanceLoss(margin=2.0, reduction=R)": ((X, Y, Z), triplet),
    "MultiMarginLoss(margin=0.7, reduction=R)": ((X, LABELS), multi_margin),
    "MultiMarginLoss(2, 0.7, reduction=R)": ((X, LABELS), lambda x, y: multi_margin(x, y, 2)),
    "MultiLabelMarginLoss(reduction=R)": ((X, SETS), multilabel_margin),
    "MultiLabelSoftMarginLoss(reduction=R)": ((X, SHARES), lambda x, y: logits(x, y).mean(1)),
}


def tensor(array: Any, device: str = "cpu") -> portfire.Tensor:
    return portfire.tensor(np.asarray(array), device=device)


def make(source: str, reduction: str) -> Any:
    return eval(source.replace("reduction=R", f"reduction={reduction!r}"), vars(nn))


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("source", LOSSES)
def test_loss(source: str, device: str) -> None:
    arrays, reference = LOSSES[source]
    tensors = [tensor(a, device) for a in arrays]
    found = {reduction: make(source, reduction)(*tensors) for reduction in REDUCE}
    for reduction, result in found.items():
        expected = REDUCE[reduction](reference(*arrays))
        assert result.shape == np.shape(expected)
        np.testing.assert_allclose(host(result), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("source", LOSSES)
def test_gradients(source: str) -> None:
    arrays, _ = LOSSES[source]
    floats = [a for a in arrays if a.dtype.kind == "f"]
    rest = [tensor(a) for a in arrays if a.dtype.kind != "f"]
    loss = make(source, "sum")
    check_gradients(lambda *t: loss(*t, *rest), *floats, device="cpu", second=False)


def test_weights(device: str) -> None:
    x, y, w = tensor(X, device), tensor(SHARES, device), tensor(WEIGHT, device)
    found = nn.BCEWithLogitsLoss(weight=w, pos_weight=2 * w)(x, y)
    np.testing.assert_allclose(host(found), (WEIGHT * logits(X, SHARES, 2 * WEIGHT)).mean())
    found = nn.MultiLabelSoftMarginLoss(w)(x, y)
    np.testing.assert_allclose(host(found), (WEIGHT * logits(X, SHARES)).mean())
    found = nn.MultiMarginLoss(margin=0.7, weight=w)(x, tensor(LABELS, device))
    np.testing.assert_allclose(host(found), multi_margin(X, LABELS, weight=WEIGHT).mean())
    found = F.huber_loss(x, y, weight=x.abs())
    np.testing.assert_allclose(host(found), (huber(X, SHARES) * abs(X)).mean())
    assert list(nn.BCEWithLogitsLoss(w, pos_weight=w).state_dict()) == ["weight", "pos_weight"]


def test_one_sample() -> None:
    x, y, z = (tensor(a[0]) for a in (X, Y, Z))
    losses = {
        "cosine": (F.cosine_embedding_loss(x, y, portfire.tensor(-1), 0.2), cosine_embedding),
        "triplet": (F.triplet_margin_loss(x, y, z, 2.0), triplet),
    }
    cases = {"cosine": (X[0], Y[0], np.array(-1)), "triplet": (X[0], Y[0], Z[0])}
    for name, (found, reference) in losses.items():
        assert found.item() == pytest.approx(float(reference(*cases[name])))
    single = F.multi_margin_loss(x, portfire.tensor(2), margin=0.7, reduction="none")
    assert single.shape == ()
    assert single.item() == pytest.approx(multi_margin(X[:1], LABELS[:1])[0])
    several = F.multilabel_margin_loss(x, tensor(SETS[0]), reduction="none")
    assert several.shape == ()
    assert several.item() == pytest.approx(multilabel_margin(X[:1], SETS[:1])[0])


def test_variances_of_other_shapes() -> None:
    x, y = tensor(X), tensor(Y)
    rows = np.array([0.5, 1.0, 2.0])
    for v in (tensor(rows), tensor(rows[:, None])):
        found = F.gaussian_nll_loss(x, y, v, full=True)
        np.testing.assert_allclose(host(found), gaussian(X, Y, rows[:, None]).mean())
    np.testing.assert_allclose(
        host(F.gaussian_nll_loss(x, y, 0.4, full=True)), gaussian(X, Y, 0.4).mean()
    )
    least = portfire.tensor([1e-9]).requires_grad_()
    F.gaussian_nll_loss(portfire.ones(1), portfire.full((1,), 2.0), least).backward()
    assert least.grad.item() == pytest.approx(-5e11, rel=1e-4)  # as of the variance eps


def test_the_divergence_of_certain_targets() -> None:
    target = portfire.tensor([[1.0, 0.0]]).requires_grad_()
    loss = F.kl_div(portfire.tensor([[0.5, 0.5]]).log(), target, reduction="batchmean")
    assert loss.item() == pytest.approx(np.log(2))
    loss.backward()
    assert np.isfinite(host(target.grad)).all()
    with pytest.warns(UserWarning, match="'batchmean' divides only by the batch size"):
        F.kl_div(portfire.zeros(2), portfire.ones(2))


def test_scores_of_any_size() -> None:
    x = portfire.tensor([200.0, -200.0]).requires_grad_()
    loss = F.binary_cross_entropy_with_logits(x, portfire.tensor([0.0, 0.0]), reduction="none")
    assert loss.tolist() == [200.0, 0.0]
    soft = F.soft_margin_loss(x, portfire.tensor([-1, -1]), reduction="none")
    assert soft.tolist() == [200.0, 0.0]
    (loss.sum() + soft.sum()).backward()
    assert x.grad.tolist() == [2.0, 0.0]


ONES = portfire.ones
UNKNOWN = (
    "smooth_l1_loss huber_loss binary_cross_entropy_with_logits kl_div poisson_nll_loss "
    "hinge_embedding_loss soft_margin_loss"
)


@pytest.mark.parametrize("name", UNKNOWN.split())
def test_unknown_reductions(name: str) -> None:
    with pytest.raises(ValueError, match="foo is not a valid value for reduction"):
        getattr(F, name)(ONES(2), ONES(2), reduction="foo")


ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda: F.smooth_l1_loss(ONES(2), ONES(2), beta=-1), RuntimeError, "negative values for beta"),
    (
        lambda: F.huber_loss(ONES(2), ONES(2), delta=0),
        RuntimeError,
        "non-positive values for delta",
    ),
    (lambda: F.huber_loss(ONES(2), ONES(2), weight=ONES(3)), ValueError, "must have the same size"),
    (
        lambda: F.huber_loss(ONES(2).long(), ONES(2).long()),
        NotImplementedError,
        "\"huber_cpu\" not implemented for 'Long'",
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(ONES(2, 3), ONES(2, 1)),
        ValueError,
        "Target size (portfire.Size([2, 1])) must be the same as input size",
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(ONES(2), ONES(2).long()),
        RuntimeError,
        "result type Float can't be cast to the desired output type Long",
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(ONES(2).long(), ONES(2)),
        NotImplementedError,
        "not implemented for 'Long'",
    ),
    (
        lambda: F.kl_div(ONES(2), ONES(2).long(), reduction="sum"),
        RuntimeError,
        "Integral inputs not supported",
    ),
    (lambda: F.gaussian_nll_loss(ONES(2, 3), ONES(2, 3), ONES(3, 2)), ValueError, "incorrect size"),
    (lambda: F.gaussian_nll_loss(ONES(2), ONES(2), -ONES(2)), ValueError, "negative entry/entries"),
    (lambda: F.gaussian_nll_loss(ONES(2), ONES(2), -2.0), ValueError, "negative entry/entries"),
    (
        lambda: F.gaussian_nll_loss(ONES(2), ONES(2), 2.0, reduction="foo"),
        ValueError,
        "foo is not valid",
    ),
    (
        lambda: F.margin_ranking_loss(ONES(3), ONES(3), ONES(2, 3)),
        RuntimeError,
        "All input tensors should have same dimension but got sizes: input1: portfire.Size([3])",
    ),
    (
        lambda: F.soft_margin_loss(ONES(2).long(), ONES(2).long()),
        RuntimeError,
        "result type Float can't be cast",
    ),
    (
        lambda: F.cosine_embedding_loss(ONES(3), ONES(3), ONES(2)),
        RuntimeError,
        "1D target tensor expects 2D input tensors, but found inputs with sizes [3] and [3].",
    ),
    (
        lambda: F.cosine_embedding_loss(ONES(3), ONES(3), ONES(2, 2)),
        RuntimeError,
        "0D or 1D target tensor expected",
    ),
    (
        lambda: F.triplet_margin_loss(ONES(2, 3), ONES(2, 3), ONES(3)),
        RuntimeError,
        "but got: anchor 2D, positive 2D, and negative 1D inputs",
    ),
    (
        lambda: F.triplet_margin_loss(ONES(2), ONES(2), ONES(2), margin=-1.0),
        ValueError,
        "margin must be greater than 0, got -1.0",
    ),
    (lambda: nn.TripletMarginLoss(margin=0.0), ValueError, "margin to be greater than 0, got 0.0"),
    (
        lambda: nn.TripletMarginWithDistanceLoss(margin=-1.0),
        ValueError,
        "TripletMarginWithDistanceLoss: expected margin to be greater than 0, got -1.0 instead",
    ),
    (
        lambda: F.multi_margin_loss(ONES(2, 3), portfire.tensor([0, 1]), p=3),
        ValueError,
        "only p == 1 and p == 2 supported",
    ),
    (lambda: nn.MultiMarginLoss(3), ValueError, "only p == 1 and p == 2 supported"),
    (lambda: nn.MultiMarginLoss(weight=ONES(2, 2)), ValueError, "None or 1D tensor, got 2D"),
    (
        lambda: F.multi_margin_loss(ONES(2, 3), portfire.tensor([0, 1]), weight=ONES(2)),
        RuntimeError,
        "inconsistent weight size, expected 3 but got [2]",
    ),
    (
        lambda: F.multi_margin_loss(ONES(2, 3), portfire.tensor([0, 1, 2])),
        RuntimeError,
        "Expected target size [2], but got [3]. Input has shape [2, 3].",
    ),
    (
        lambda: F.multi_margin_loss(ONES(2, 3), portfire.tensor([0, 3])),
        RuntimeError,
        "target out of range",
    ),
    (
        lambda: F.multi_margin_loss(ONES(2, 3), portfire.tensor([0.0, 1.0])),
        RuntimeError,
        "expected scalar type Long but found Float",
    ),
    (
        lambda: F.multi_margin_loss(ONES(3, 2, 2), portfire.tensor([0])),
        RuntimeError,
        "Expected non-empty vector or matrix with optional 0-dim batch size, but got: [3, 2, 2]",
    ),
    (
        lambda: F.multilabel_margin_loss(ONES(2, 3), portfire.tensor([[3, 0, -1, 1]])),
        RuntimeError,
        "inconsistent target size: [1, 4] for input of size: [2, 3]",
    ),
    (
        lambda: F.multilabel_margin_loss(ONES(1, 4), portfire.tensor([[4, 0, -1, 1]])),
        RuntimeError,
        "argument #2 'target' is out of range",
    ),
    (
        lambda: F.multilabel_soft_margin_loss(ONES(2), ONES(2), reduction="foo"),
        ValueError,
        "foo is not valid",
    ),
    (
        lambda: F.multilabel_soft_margin_loss(ONES(2).long(), ONES(2)),
        NotImplementedError,
        "not implemented for 'Long'",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), ERRORS)
def test_errors(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_printed_forms() -> None:
    for source in LOSSES:
        name = source.partition("(")[0]
        if name != "TripletMarginWithDistanceLoss":
            assert repr(make(source, "mean")) == f"{name}()"
    printed = repr(nn.TripletMarginWithDistanceLoss())
    assert printed == (
        "TripletMarginWithDistanceLoss(\n  (distance_function): PairwiseDistance()\n)"
    )
