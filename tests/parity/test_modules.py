"""Layers and losses against torch: copied weights; values, gradients, buffers, printed forms."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import portfire
import portfire.nn
from portfire import testing as kit

rng = np.random.default_rng(11)


def draw(*shape: int) -> Any:
    return rng.uniform(-2, 2, shape)


def classes(n: int, *shape: int) -> Any:
    return rng.integers(0, n, shape)


def signs(*shape: int) -> Any:
    return np.where(rng.random(shape) < 0.5, -1, 1)


def chances(*shape: int) -> Any:
    x = rng.uniform(0.1, 0.9, shape)
    return x / x.sum(-1, keepdims=True)


ROWS = draw(5, 6)
IMAGES = draw(4, 6, 3, 5)
VOLUMES = draw(2, 3, 2, 3, 2)
LINES = draw(4, 6, 7)
INDEX = np.array([[0, 3, 1], [4, 4, 0]])
BAGS = np.array([0, 3, 1, 4, 4, 0, 2])

# Each is made on both sides by the same words; then come the arrays of the call.
LAYERS: list[tuple[str, tuple[Any, ...]]] = [
    ("BatchNorm1d(6)", (ROWS,)),
    ("BatchNorm1d(6, momentum=None)", (LINES,)),
    ("BatchNorm1d(6, bias=False)", (LINES,)),
    ("BatchNorm2d(6, eps=1e-2, momentum=0.3)", (IMAGES,)),
    ("BatchNorm2d(6).eval()", (IMAGES,)),
    ("BatchNorm2d(6, affine=False)", (IMAGES,)),
    ("BatchNorm2d(6, track_running_stats=False).eval()", (IMAGES,)),
    ("BatchNorm3d(3)", (VOLUMES,)),
    ("InstanceNorm1d(6)", (LINES,)),
    ("InstanceNorm1d(6, affine=True)", (LINES[0],)),
    ("InstanceNorm2d(6, affine=True, track_running_stats=True)", (IMAGES,)),
    ("InstanceNorm2d(6, track_running_stats=True).eval()", (IMAGES,)),
    ("InstanceNorm3d(3)", (VOLUMES,)),
    ("GroupNorm(3, 6)", (IMAGES,)),
    ("GroupNorm(2, 6, eps=1e-2, affine=False)", (ROWS,)),
    ("GroupNorm(2, 6, bias=False)", (LINES,)),
    ("LayerNorm((3, 5))", (IMAGES,)),
    ("RMSNorm(6)", (ROWS,)),
    ("RMSNorm((3, 5), eps=1e-2, elementwise_affine=False)", (IMAGES,)),
    ("LocalResponseNorm(3, alpha=0.5)", (IMAGES,)),
    ("LocalResponseNorm(2, beta=0.5, k=2.0)", (LINES,)),
    ("Linear(6, 4)", (LINES.transpose(0, 2, 1).copy(),)),
    ("Bilinear(6, 5, 3)", (draw(4, 2, 6), draw(4, 2, 5))),
    ("Bilinear(6, 5, 3, bias=False)", (draw(6), draw(5))),
    ("Embedding(5, 3)", (INDEX,)),
    ("Embedding(5, 3, padding_idx=-1)", (INDEX,)),
    ("Embedding(5, 3, scale_grad_by_freq=True)", (INDEX,)),
    ("Embedding(5, 3, max_norm=1.0)", (INDEX,)),
    ("Embedding(5, 3, max_norm=1.5, norm_type=1.0)", (INDEX,)),
    ("EmbeddingBag(5, 3)", (INDEX,)),
    ("EmbeddingBag(5, 3, mode='sum')", (BAGS, np.array([0, 2, 2, 5]))),
    ("EmbeddingBag(5, 3, mode='mean')", (BAGS, np.array([0, 2, 2, 5]))),
    ("EmbeddingBag(5, 3, mode='max')", (BAGS, np.array([0, 2, 2, 5]))),
    ("EmbeddingBag(5, 3, mode='max', padding_idx=0)", (INDEX,)),
    ("EmbeddingBag(5, 3, mode='mean', padding_idx=0)", (BAGS, np.array([0, 3, 6]))),
    ("EmbeddingBag(5, 3, mode='sum', include_last_offset=True)", (BAGS, np.array([0, 3, 7]))),
    ("EmbeddingBag(5, 3, mode='sum')", (INDEX, None, draw(2, 3))),
    ("CosineSimilarity()", (draw(3, 4), draw(3, 4))),
    ("CosineSimilarity(dim=0, eps=1e-3)", (draw(3, 4), draw(3, 4))),
    ("PairwiseDistance()", (draw(3, 4), draw(3, 4))),
    ("PairwiseDistance(p=3.0, keepdim=True)", (draw(3, 4), draw(4))),
    ("PairwiseDistance(p=1.0)", (draw(4), draw(4))),
    ("ChannelShuffle(3)", (IMAGES,)),
    ("Dropout().eval()", (ROWS,)),
    ("AlphaDropout().eval()", (ROWS,)),
]
ACTIVATIONS = (
    "ReLU ReLU6 LeakyReLU PReLU ELU CELU SELU GELU SiLU Mish Softplus Softsign Softshrink "
    "Hardshrink Tanhshrink Hardtanh Hardsigmoid Hardswish Sigmoid LogSigmoid Tanh GLU"
)
LAYERS += [(f"{name}()", (ROWS * 3,)) for name in ACTIVATIONS.split()]
LAYERS += [
    ("LeakyReLU(0.3)", (ROWS,)),
    ("PReLU(6, init=0.1)", (IMAGES,)),
    ("RReLU(0.1, 0.5).eval()", (ROWS,)),
    ("ELU(alpha=0.7)", (ROWS,)),
    ("CELU(alpha=0.7)", (ROWS,)),
    ("GELU('tanh')", (ROWS,)),
    ("Softplus(beta=2, threshold=1)", (ROWS,)),
    ("Softshrink(0.2)", (ROWS,)),
    ("Hardshrink(0.2)", (ROWS,)),
    ("Hardtanh(-0.3, 1.2)", (ROWS,)),
    ("Threshold(0.2, 7.0)", (ROWS,)),
    ("Softmax(1)", (ROWS,)),
    ("LogSoftmax(0)", (ROWS,)),
    ("Softmin(1)", (ROWS,)),
    ("Softmax2d()", (IMAGES,)),
    ("GLU(1)", (IMAGES,)),
]
X, Y = draw(4, 5), draw(4, 5)
LOGS = np.log(chances(4, 5))
for reduction in ("mean", "sum", "none"):
    option = f"reduction='{reduction}'"
    LAYERS += [
        (f"L1Loss({option})", (X, Y)),
        (f"MSELoss({option})", (X, Y)),
        (f"SmoothL1Loss({option})", (X, Y)),
        (f"SmoothL1Loss({option}, beta=0.3)", (X, Y)),
        (f"SmoothL1Loss({option}, beta=0.0)", (X, Y)),
        (f"HuberLoss({option}, delta=0.4)", (X, Y)),
        (f"CrossEntropyLoss({option})", (X, classes(5, 4))),
        (f"NLLLoss({option}, ignore_index=1)", (LOGS, classes(5, 4))),
        (f"BCELoss({option})", (chances(4, 5), chances(4, 5))),
        (f"BCEWithLogitsLoss({option})", (X, chances(4, 5))),
        (f"KLDivLoss({option})", (LOGS, chances(4, 5))),
        (f"KLDivLoss({option}, log_target=True)", (LOGS, np.log(chances(4, 5)))),
        (f"PoissonNLLLoss({option})", (X, np.abs(Y))),
        (f"PoissonNLLLoss({option}, log_input=False, full=True)", (abs(X), abs(3 * Y))),
        (f"GaussianNLLLoss({option}, full=True)", (X, Y, np.abs(draw(4, 5)))),
        (f"GaussianNLLLoss({option})", (X, Y, np.abs(draw(4, 1)))),
        (f"HingeEmbeddingLoss({option}, margin=0.7)", (X, signs(4, 5))),
        (f"MarginRankingLoss({option}, margin=0.3)", (X, Y, signs(4, 5))),
        (f"CosineEmbeddingLoss({option}, margin=0.2)", (X, Y, signs(4))),
        (f"CosineEmbeddingLoss({option})", (X[0], Y[0], np.array(-1))),
        (f"TripletMarginLoss({option})", (X, Y, draw(4, 5))),
        (f"TripletMarginLoss({option}, margin=3.0, p=1.0, swap=True)", (X, Y, draw(4, 5))),
        (f"TripletMarginWithDistanceLoss({option}, swap=True)", (X, Y, draw(4, 5))),
        (f"MultiMarginLoss({option})", (X, classes(5, 4))),
        (f"MultiMarginLoss({option}, p=2, margin=0.5)", (X[0], np.array(2))),
        (
            f"MultiLabelMarginLoss({option})",
            (X, np.array([[3, 0, -1, 1, 2], [-1] * 5, [0, 1, 2, 3, 4], [2, 2, -1, 0, 0]])),
        ),
        (f"MultiLabelMarginLoss({option})", (X[0], np.array([3, 0, -1, 1, 2]))),
        (f"MultiLabelSoftMarginLoss({option})", (X, chances(4, 5))),
        (f"SoftMarginLoss({option})", (X, signs(4, 5))),
    ]
LAYERS += [("KLDivLoss(reduction='batchmean')", (LOGS, chances(4, 5)))]


def pair_of(source: str) -> tuple[Any, Any]:
    """The layer of both, with the same weights, none of which is what it was at first."""
    theirs = eval(source, vars(torch.nn)).double()
    ours = eval(source, vars(portfire.nn)).double()
    state = {}
    for name, value in theirs.state_dict().items():
        array = value.numpy().copy()
        if array.dtype.kind == "f":
            array = array + rng.uniform(0.1, 0.5, array.shape)
        state[name] = array
    theirs.load_state_dict({n: torch.tensor(a) for n, a in state.items()})
    ours.load_state_dict({n: portfire.tensor(a) for n, a in state.items()})
    return ours, theirs


def leaves(make: Any, arrays: Any, fixed: int = 9) -> list[Any]:
    """Tensors that require a gradient where they can: floats, up to a number of arguments."""
    return [
        None if a is None else make(a, requires_grad=np.asarray(a).dtype.kind == "f" and i < fixed)
        for i, a in enumerate(arrays)
    ]


def total(out: Any, make: Any) -> Any:
    weights = np.random.default_rng(5).uniform(0.5, 1.5, tuple(out.shape))
    return (out * make(weights)).sum()


# torch computes a constant of their derivatives in single precision.
SINGLE = ("CELU", "Hardsigmoid")


def check(ours: Any, theirs: Any, what: str) -> None:
    tolerance = kit.Tolerance(1e-7 if what.endswith(SINGLE) else 1e-9, 1e-10)
    kit.assert_close(ours.detach(), theirs.detach().numpy(), tolerance, message=what)


@pytest.mark.parametrize(("source", "arrays"), LAYERS, ids=[source for source, _ in LAYERS])
def test_layer(source: str, arrays: Any) -> None:
    ours, theirs = pair_of(source)
    assert repr(ours) == repr(theirs)
    x, y = leaves(portfire.tensor, arrays), leaves(torch.tensor, arrays)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a, b = ours(*x), theirs(*y)
    check(a, b, "value")
    if b.requires_grad:
        total(a, portfire.tensor).backward()
        total(b, torch.tensor).backward()
    for p, q in zip([*x, *ours.parameters()], [*y, *theirs.parameters()], strict=True):
        if q is not None and q.grad is not None:
            check(p.grad, q.grad, f"gradient of {type(ours).__name__}")
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        check(ours.state_dict()[name], value, name)


# What a function does beyond its module: options, and the arguments that only it has.
CALLS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "normalize": (lambda f, x: f.normalize(x), (X,)),
    "normalize p": (lambda f, x: f.normalize(x, 3.0, dim=0), (X,)),
    "one_hot": (lambda f, x: f.one_hot(x, 7), (classes(5, 2, 3),)),
    "pdist": (lambda f, x: f.pdist(x), (X,)),
    "pdist p": (lambda f, x: f.pdist(x, 3.0), (X,)),
    "huber weight": (lambda f, *t: f.huber_loss(*t[:2], weight=t[2]), (X, Y, np.abs(draw(4, 5)))),
    "bce weights": (
        lambda f, *t: f.binary_cross_entropy_with_logits(*t[:2], weight=t[2], pos_weight=t[3]),
        (X, chances(4, 5), np.abs(draw(5)), np.abs(draw(5))),
    ),
    "multi margin weight": (
        lambda f, x, y, w: f.multi_margin_loss(x, y, weight=w),
        (X, classes(5, 4), np.abs(draw(5))),
    ),
    "multilabel weight": (
        lambda f, x, y, w: f.multilabel_soft_margin_loss(x, y, weight=w),
        (X, chances(4, 5), np.abs(draw(5))),
    ),
    "gaussian number": (lambda f, x, y: f.gaussian_nll_loss(x, y, 0.4), (X, Y)),
    "batch norm": (lambda f, x: f.batch_norm(x, None, None, training=True), (IMAGES,)),
    "batch norm bias": (
        lambda f, x, b: f.batch_norm(x, None, None, bias=b, training=True),
        (IMAGES, draw(6)),
    ),
    "instance norm": (lambda f, x: f.instance_norm(x), (IMAGES,)),
    "hardtanh ints": (lambda f, x: f.hardtanh(x, -2, 3), (np.arange(-5, 6),)),
    "threshold ints": (lambda f, x: f.threshold(x, 1, 9), (np.arange(-5, 6),)),
    "embedding bag weights": (
        lambda f, i, w, o, s: f.embedding_bag(i, w, o, mode="sum", per_sample_weights=s),
        (BAGS, draw(5, 3), np.array([0, 2, 5]), draw(7)),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_function(name: str) -> None:
    call, arrays = CALLS[name]
    fixed = 2 if "weight" in name and "bag" not in name else 9  # torch has no gradients of weights
    x, y = leaves(portfire.tensor, arrays, fixed), leaves(torch.tensor, arrays, fixed)
    a, b = call(portfire.nn.functional, *x), call(torch.nn.functional, *y)
    check(a, b, "value")
    if b.requires_grad:
        total(a, portfire.tensor).backward()
        total(b, torch.tensor).backward()
        for p, q in zip(x, y, strict=True):
            if q.grad is not None:
                check(p.grad, q.grad, "gradient")


CTC = {
    "padded": (np.array([[1, 2, 0], [1, 1, 3]]), [6, 5], [2, 3], {}),
    "flat": (np.array([1, 2, 1, 1, 3]), [6, 5], [2, 3], {}),
    "blank": (np.array([[1, 2, 0], [1, 1, 0]]), [6, 5], [3, 3], {"blank": 3}),
    "sum": (np.array([[1, 2, 0], [1, 1, 3]]), [6, 5], [2, 3], {"reduction": "sum"}),
    "none": (np.array([[1, 2, 0], [1, 1, 3]]), [6, 5], [0, 3], {"reduction": "none"}),
    "impossible": (
        np.array([[1, 2, 0], [1, 1, 3]]),
        [6, 3],
        [2, 3],
        {"reduction": "none", "zero_infinity": True},
    ),
}


@pytest.mark.parametrize("name", CTC)
def test_ctc_behind_a_log_softmax(name: str) -> None:
    target, spans, counts, options = CTC[name]
    scores = draw(6, 2, 4)
    losses, grads = [], []
    for m, f in ((portfire, portfire.nn.functional), (torch, torch.nn.functional)):
        x = m.tensor(scores, requires_grad=True)
        lengths = (m.tensor(spans), m.tensor(counts))
        loss = f.ctc_loss(f.log_softmax(x, 2), m.tensor(target), *lengths, **options)
        total(loss, m.tensor).backward()
        losses.append(loss)
        grads.append(x.grad)
    check(losses[0], losses[1], "value")
    check(grads[0], grads[1], "gradient")


def test_ctc_of_what_is_impossible() -> None:
    logs = np.log(chances(3, 1, 4))
    args = [[[1, 1, 2]], [3], [3]]
    ours = portfire.nn.functional.ctc_loss(
        portfire.tensor(logs), *(portfire.tensor(a) for a in args), reduction="none"
    )
    theirs = torch.nn.functional.ctc_loss(
        torch.tensor(logs), *(torch.tensor(a) for a in args), reduction="none"
    )
    assert ours.tolist() == theirs.tolist() == [float("inf")]
