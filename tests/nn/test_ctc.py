"""CTC loss against the sum over all alignments, written out."""

from __future__ import annotations

import itertools
import math
import re
from typing import Any

import numpy as np
import pytest

import portfire
import portfire.nn.functional as F
from portfire import nn
from tests.nn.helpers import check_gradients, draw, host

TIMES, CLASSES = 4, 3
LOGS = np.log(np.random.default_rng(0).dirichlet(np.ones(CLASSES), (TIMES, 2)))
TARGETS = np.array([[1, 2, 0], [1, 1, 0]])
SPANS, COUNTS = [4, 3], [2, 2]


def collapsed(path: Any, blank: int) -> list[int]:
    """What a path says: repetitions are one label, blanks none."""
    return [label for label, _ in itertools.groupby(path) if label != blank]


def by_paths(logs: Any, target: list[int], span: int, blank: int = 0) -> float:
    paths = itertools.product(range(logs.shape[1]), repeat=span)
    total = sum(
        math.exp(sum(logs[t, label] for t, label in enumerate(path)))
        for path in paths
        if collapsed(path, blank) == target
    )
    return -math.log(total) if total else math.inf


def tensor(array: Any, device: str = "cpu") -> portfire.Tensor:
    return portfire.tensor(np.asarray(array), device=device)


EXPECTED = [by_paths(LOGS[:, 0], [1, 2], 4), by_paths(LOGS[:, 1], [1, 1], 3)]


def test_all_reductions(device: str) -> None:
    x, y = tensor(LOGS, device), tensor(TARGETS, device)
    none = nn.CTCLoss(reduction="none")(x, y, SPANS, COUNTS)
    mean = nn.CTCLoss()(x, y, tensor(SPANS), tensor(COUNTS))
    total = F.ctc_loss(x, tensor([1, 2, 1, 1], device), SPANS, COUNTS, reduction="sum")
    np.testing.assert_allclose(host(none), EXPECTED, rtol=1e-10)
    assert mean.item() == pytest.approx(np.mean(np.array(EXPECTED) / COUNTS))
    assert total.item() == pytest.approx(sum(EXPECTED))


def test_gradient() -> None:
    x = draw(3, 2, 3)

    def loss(scores: Any) -> Any:
        y = portfire.tensor([[1, 2], [2, 2]], device=scores.device)
        return F.ctc_loss(scores, y, [3, 3], [1, 2], reduction="none")

    check_gradients(loss, x, device="cpu", second=False)


@pytest.mark.parametrize(("target", "blank"), [([0, 1], 2), ([2], 1), ([], 0), ([1, 2, 1], 0)])
def test_blanks_and_lengths(target: list[int], blank: int) -> None:
    padded = portfire.tensor([[*target, 7][: len(target)]], dtype=portfire.int64)
    loss = F.ctc_loss(
        tensor(LOGS[:, :1]), padded.reshape(1, len(target)), [4], [len(target)], blank, "sum"
    )
    assert loss.item() == pytest.approx(by_paths(LOGS[:, 0], target, 4, blank))


def test_one_sample() -> None:
    x = tensor(LOGS[:, 0])
    loss = F.ctc_loss(x, portfire.tensor([1, 2]), portfire.tensor(4), portfire.tensor(2))
    assert loss.shape == ()
    assert loss.item() == pytest.approx(EXPECTED[0] / 2)
    assert F.ctc_loss(x, portfire.tensor([1, 2]), (4,), (2,), reduction="none").shape == ()


def test_what_no_alignment_says() -> None:
    """Two equal labels take three steps."""
    x = tensor(LOGS).requires_grad_()
    args = (tensor(TARGETS), [4, 2], COUNTS)
    assert host(F.ctc_loss(x, *args, reduction="none"))[1] == math.inf
    loss = F.ctc_loss(x, *args, reduction="none", zero_infinity=True)
    assert host(loss)[1] == 0
    loss.sum().backward()
    assert not host(x.grad)[:, 1].any()
    assert np.isfinite(host(x.grad)).all()
    none = F.ctc_loss(x, args[0], [0, 0], [0, 1], reduction="none")
    assert host(none).tolist() == [0.0, math.inf]


def test_labels_behind_the_end_of_a_row_are_never_looked_at() -> None:
    rows = portfire.tensor([[1, 2, 99], [1, 1, -5]])
    loss = F.ctc_loss(tensor(LOGS), rows, SPANS, COUNTS, reduction="none")
    np.testing.assert_allclose(host(loss), EXPECTED, rtol=1e-10)


def test_it_learns_a_sequence() -> None:
    scores = portfire.zeros(8, 1, 4).requires_grad_()
    target = portfire.tensor([[3, 1, 2]])
    first = None
    for _ in range(60):
        loss = F.ctc_loss(scores.log_softmax(2), target, [8], [3])
        first = loss.item() if first is None else first
        loss.backward()
        scores = (scores - 2 * scores.grad).detach().requires_grad_()
    assert loss.item() < 0.1 * first
    assert collapsed(scores.argmax(2).flatten().tolist(), 0) == [3, 1, 2]


ERRORS: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"blank": 3}, RuntimeError, "blank must be in label range"),
    ({"blank": -1}, RuntimeError, "blank must be in label range"),
    (
        {"input_lengths": [4, 5]},
        RuntimeError,
        "input_lengths to have value at most 4, but got valu",
    ),
    ({"input_lengths": [-1, 4]}, RuntimeError, "value at least 0, but got value -1"),
    ({"input_lengths": [4]}, RuntimeError, "input_lengths must be of size batch_size"),
    ({"target_lengths": [2]}, RuntimeError, "target_lengths must be of size batch_size"),
    (
        {"target_lengths": [2, 4]},
        RuntimeError,
        "Expected tensor to have size at least 4 at dimension 1, but got size 3 for argument #2",
    ),
    (
        {"targets": TARGETS[:1]},
        RuntimeError,
        "Expected tensor to have size 2 at dimension 0, but got size 1 for argument #2",
    ),
    (
        {"targets": np.array([1, 2, 1])},
        RuntimeError,
        "Expected tensor to have size 4 at dimension 0, but got size 3 for argument #2",
    ),
    ({"targets": TARGETS[None]}, RuntimeError, "Expected 1 to 2 dimensions, but got 3-dimensional"),
    ({"log_probs": LOGS.astype(np.int64)}, NotImplementedError, "not implemented for 'Long'"),
    ({"reduction": "foo"}, ValueError, "foo is not a valid value for reduction"),
    ({"input_lengths": np.array([4.0, 3.0])}, RuntimeError, "input_lengths must be integral"),
]


@pytest.mark.parametrize(("change", "error", "message"), ERRORS)
def test_errors(change: dict[str, Any], error: type[Exception], message: str) -> None:
    call = {
        "log_probs": LOGS,
        "targets": TARGETS,
        "input_lengths": SPANS,
        "target_lengths": COUNTS,
        **change,
    }
    arguments = {n: tensor(a) if isinstance(a, np.ndarray) else a for n, a in call.items()}
    with pytest.raises(error, match=re.escape(message)):
        F.ctc_loss(**arguments)


def test_a_label_that_is_no_class() -> None:
    loss = F.ctc_loss(tensor(LOGS), tensor(TARGETS + 2), SPANS, COUNTS)
    with pytest.raises(IndexError, match="out of bounds"):
        loss.item()
