"""Recurrent layers, cells and packed sequences against torch, with the same weights and inputs."""

from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest
import torch

import portfire

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")

rng = np.random.default_rng(5)
T, N, F, H = 5, 3, 4, 6
LENGTHS = {"falling": [5, 4, 2], "mixed": [3, 5, 1]}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("LSTM", {}),
    "gru": ("GRU", {}),
    "tanh": ("RNN", {}),
    "relu": ("RNN", {"nonlinearity": "relu"}),
    "projected": ("LSTM", {"proj_size": 2}),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "deep": {"num_layers": 2},
    "both": {"bidirectional": True, "num_layers": 2, "batch_first": True},
    "no bias": {"bias": False, "bidirectional": True},
}
GRID = list(itertools.product(KINDS, OPTIONS))


def pair(kind: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """portfire's layer and torch's, with equal weights."""
    name, own = KINDS[kind]
    torch.manual_seed(1)
    theirs = getattr(torch.nn, name)(F, H, **options, **own)
    ours = getattr(portfire.nn, name)(F, H, **options, **own)
    state = {k: portfire.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()}
    assert list(state) == list(ours.state_dict())
    ours.load_state_dict(state)
    assert repr(ours) == repr(theirs)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    return ours, theirs


def states(layer: Any, batch: int | None) -> list[Any]:
    """First states for a layer."""
    rows = layer.num_layers * (1 + layer.bidirectional)
    middle = () if batch is None else (batch,)
    sizes = [layer.proj_size or H, H] if layer.mode == "LSTM" else [H]
    return [rng.standard_normal((rows, *middle, size)).astype(np.float32) for size in sizes]


def flat(result: Any) -> list[Any]:
    """The tensors of a result, in order."""
    if result is None or not isinstance(result, tuple):
        return [] if result is None else [result]
    return [t for part in result for t in flat(part)]


def run(layer: Any, m: Any, array: Any, hx: Any, pack: Any = None) -> list[Any]:
    """Outputs, and gradients of input, states and parameters."""
    x = m.tensor(array).requires_grad_()
    first = None if hx is None else [m.tensor(h).requires_grad_() for h in hx]
    given = first if first is None else tuple(first) if len(first) > 1 else first[0]
    source = x if pack is None else pack(m, x)
    outputs = [t for t in flat(layer(source, given)) if t.dtype == m.float32]
    sum((t**2).sum() * (k + 1) for k, t in enumerate(outputs)).backward()
    leaves = [x, *(first or []), *layer.parameters()]
    return [t.detach().numpy() for t in (*outputs, *(leaf.grad for leaf in leaves))]


def compare(layers: tuple[Any, Any], array: Any, hx: Any, pack: Any = None) -> None:
    ours, theirs = run(layers[0], portfire, array, hx, pack), run(layers[1], torch, array, hx, pack)
    assert [a.shape for a in ours] == [a.shape for a in theirs]
    for mine, wanted in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, wanted, rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(("kind", "case"), GRID)
def test_layers(kind: str, case: str, given: bool) -> None:
    layers = pair(kind, OPTIONS[case])
    shape = (N, T, F) if layers[0].batch_first else (T, N, F)
    array = rng.standard_normal(shape).astype(np.float32)
    compare(layers, array, states(layers[0], N) if given else None)


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_unbatched(kind: str, given: bool) -> None:
    layers = pair(kind, OPTIONS["both"])
    array = rng.standard_normal((T, F)).astype(np.float32)
    compare(layers, array, states(layers[0], None) if given else None)


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_packed(kind: str, lengths: str, given: bool) -> None:
    layers = pair(kind, OPTIONS["both"])
    array = rng.standard_normal((N, T, F)).astype(np.float32)

    def pack(m: Any, x: Any) -> Any:
        return m.nn.utils.rnn.pack_padded_sequence(
            x, LENGTHS[lengths], batch_first=True, enforce_sorted=lengths == "falling"
        )

    compare(layers, array, states(layers[0], N) if given else None, pack)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("name", ["LSTMCell", "GRUCell", "RNNCell", "RNNCell relu"])
def test_cells(name: str, bias: bool) -> None:
    name, _, nonlinearity = name.partition(" ")
    options = {"bias": bias} | ({"nonlinearity": nonlinearity} if nonlinearity else {})
    theirs, ours = (getattr(m.nn, name)(F, H, **options) for m in (torch, portfire))
    state = {k: portfire.from_numpy(v.numpy().copy()) for k, v in theirs.state_dict().items()}
    ours.load_state_dict(state)
    assert repr(ours) == repr(theirs)
    for shape in ((N, F), (F,)):
        array = rng.standard_normal(shape).astype(np.float32)
        hx = [rng.standard_normal((*shape[:-1], H)).astype(np.float32) for _ in range(2)]
        hx = hx if name == "LSTMCell" else hx[:1]
        for given in (None, hx):
            for layer in (ours, theirs):
                layer.zero_grad()
            used = [run(layer, m, array, given) if given else None for layer, m in
                    ((ours, portfire), (theirs, torch))]  # fmt: skip
            if given:
                for mine, wanted in zip(*used, strict=True):
                    np.testing.assert_allclose(mine, wanted, rtol=2e-4, atol=1e-5)
            else:
                for mine, wanted in zip(
                    flat(ours(portfire.tensor(array))),
                    flat(theirs(torch.tensor(array))),
                    strict=True,
                ):
                    np.testing.assert_allclose(
                        mine.detach().numpy(), wanted.detach().numpy(), rtol=2e-4, atol=1e-5
                    )


def test_dropout_in_evaluation_and_of_everything() -> None:
    layers = pair("lstm", {"num_layers": 2, "dropout": 1.0})
    array = rng.standard_normal((T, N, F)).astype(np.float32)
    mine, wanted = layers[0](portfire.tensor(array))[0], layers[1](torch.tensor(array))[0]
    np.testing.assert_allclose(mine.detach().numpy(), wanted.detach().numpy(), rtol=1e-4, atol=1e-6)
    compare((layers[0].eval(), layers[1].eval()), array, None)


def _calls(m: Any) -> dict[str, Any]:
    nn, rnn, x = m.nn, m.nn.utils.rnn, m.ones(5, 2, 3)
    lstm, gru, cell, gated = nn.LSTM(3, 4), nn.GRU(3, 4), nn.LSTMCell(3, 4), nn.GRUCell(3, 4)
    one, two = m.ones(1, 2, 4), m.ones(1, 3, 4)
    packed = rnn.pack_padded_sequence(x, [5, 3])
    a, b = m.ones(3, 2), m.ones(2, 2)
    return {
        "proj of gru": lambda: nn.GRU(3, 4, proj_size=2),
        "proj of rnn": lambda: nn.RNN(3, 4, proj_size=2),
        "nonlinearity": lambda: nn.RNN(3, 4, nonlinearity="foo"),
        "no sizes": lambda: nn.RNN(),
        "dropout 2": lambda: nn.LSTM(3, 4, dropout=2),
        "dropout bool": lambda: nn.LSTM(3, 4, dropout=True),
        "dropout text": lambda: nn.LSTM(3, 4, dropout="1"),
        "proj 5": lambda: nn.LSTM(3, 4, proj_size=5),
        "proj -1": lambda: nn.LSTM(3, 4, proj_size=-1),
        "hidden 0": lambda: nn.LSTM(3, 0),
        "hidden float": lambda: nn.LSTM(3, 4.0),
        "layers 0": lambda: nn.LSTM(3, 4, 0),
        "layers float": lambda: nn.LSTM(3, 4, 1.5),
        "input 0": lambda: nn.LSTM(0, 4),
        "1-d": lambda: lstm(m.ones(3)),
        "features": lambda: gru(m.ones(5, 2, 4)),
        "no steps": lambda: lstm(m.ones(0, 2, 3)),
        "h of batch": lambda: lstm(x, (two, one)),
        "c of batch": lambda: lstm(x, (one, two)),
        "2-d hx": lambda: lstm(x, (one[0], one[0])),
        "3-d hx": lambda: lstm(x[:, 0], (one, one)),
        "gru h of batch": lambda: gru(x, two),
        "gru 2-d": lambda: gru(x, one[0]),
        "gru 3-d": lambda: gru(x[:, 0], one),
        "double": lambda: gru(x.double()),
        "int": lambda: lstm(x.int()),
        "double state": lambda: gru(x, one.double()),
        "double state of cell": lambda: gated(x[0], one[0].double()),
        "cell features": lambda: cell(m.ones(2, 4)),
        "cell batch": lambda: cell(m.ones(2, 3), (m.ones(3, 4), m.ones(2, 4))),
        "cell hidden": lambda: cell(m.ones(2, 3), (m.ones(2, 5), m.ones(2, 5))),
        "cell 3-d": lambda: cell(m.ones(1, 2, 3)),
        "cell 3-d hx": lambda: cell(m.ones(2, 3), (one, one)),
        "cell one hx": lambda: cell(m.ones(2, 3), m.ones(2, 4)),
        "gru cell batch": lambda: gated(m.ones(2, 3), m.ones(3, 4)),
        "gru cell 3-d hx": lambda: gated(m.ones(2, 3), one),
        "cell nonlinearity": lambda: nn.RNNCell(3, 4, nonlinearity="foo")(m.ones(2, 3)),
        "pack unsorted": lambda: rnn.pack_padded_sequence(x, [3, 5]),
        "pack zero": lambda: rnn.pack_padded_sequence(x, [5, 0]),
        "pack short": lambda: rnn.pack_padded_sequence(x, [5]),
        "pack matrix": lambda: rnn.pack_padded_sequence(x, m.tensor([[5, 3]])),
        "pack nothing": lambda: rnn.pack_padded_sequence(x, []),
        "pad total": lambda: rnn.pad_packed_sequence(packed, total_length=3),
        "pad number": lambda: rnn.pad_sequence(3),
        "pad nothing": lambda: rnn.pad_sequence([]),
        "pad side": lambda: rnn.pad_sequence([a, b], padding_side="up"),
        "pack unsorted list": lambda: rnn.pack_sequence([b, a]),
        "packed by hand": lambda: rnn.PackedSequence(m.ones(3, 2)),
    }


@pytest.mark.parametrize("case", _calls(torch))
def test_wrong_calls(case: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as wanted:  # noqa: PT011  (torch says which)
            _calls(torch)[case]()
        with pytest.raises(wanted.type) as found:
            _calls(portfire)[case]()
    assert str(found.value) == str(wanted.value).replace("torch.", "portfire.")


def test_a_single_layer_warns_of_dropout() -> None:
    texts = []
    for m in (torch, portfire):
        with pytest.warns(UserWarning, match="dropout option adds dropout after all") as caught:
            m.nn.LSTM(3, 4, dropout=0.5)
        texts.append(str(caught[0].message))
    assert texts[0] == texts[1]


def test_tools() -> None:
    results = []
    for m in (torch, portfire):
        rnn = m.nn.utils.rnn
        x = m.arange(30.0).reshape(5, 3, 2)
        packed = rnn.pack_padded_sequence(x, m.tensor([2, 5, 3]), enforce_sorted=False)
        padded = rnn.pad_packed_sequence(packed, True, -1.0, 7)
        rows = [m.ones(3, 2), m.zeros(1, 2), m.ones(2, 2)]
        packed_rows = rnn.pack_sequence(rows, enforce_sorted=False)
        results.append(
            [
                *packed,
                *padded,
                rnn.pad_sequence(rows),
                rnn.pad_sequence(rows, True, 5, "left"),
                rnn.pad_sequence(x),
                *rnn.unpad_sequence(x, m.tensor([2, 5, 3])),
                *packed_rows,
                *rnn.unpack_sequence(packed_rows),
                packed.double().data,
                packed.to(m.int64).long().data,
            ]
        )
        assert packed.cpu() is packed
    for wanted, mine in zip(*results, strict=True):
        assert str(mine.dtype) == str(wanted.dtype).replace("torch", "portfire")
        np.testing.assert_array_equal(mine.numpy(), wanted.numpy())
