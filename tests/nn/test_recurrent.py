"""Recurrent layers, cells and packed sequences: against loops in NumPy, and finite differences."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import portfire
from portfire import nn
from portfire.nn.functional._recurrent import recur
from portfire.nn.utils import rnn
from portfire.ops import lookup
from tests.nn.helpers import Array, check_gradients, draw, host, quick_device

T, N, F, H = 4, 5, 7, 20
LENGTHS = [2, 4, 3, 4, 1]


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def step(mode: str, x: Array, states: list[Array], weights: list[Array]) -> list[Array]:
    """One step of one sequence or of many: the next states, h first."""
    w_ih, w_hh, b_ih, b_hh, *projection = weights
    a, b = x @ w_ih.T + b_ih, states[0] @ w_hh.T + b_hh
    if mode == "LSTM":
        i, f, g, o = np.split(a + b, 4, -1)
        c = sigmoid(f) * states[1] + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return [h @ projection[0].T if projection else h, c]
    if mode == "GRU":
        (ar, az, an), (br, bz, bn) = np.split(a, 3, -1), np.split(b, 3, -1)
        n = np.tanh(an + sigmoid(ar + br) * bn)
        z = sigmoid(az + bz)
        return [(1 - z) * n + z * states[0]]
    return [np.tanh(a + b) if mode == "RNN_TANH" else np.maximum(a + b, 0)]


def reference(layer: Any, x: Array, states: list[Array], lengths: list[int]) -> Any:
    """Each sequence by itself, each layer and direction by itself."""
    steps, batch = x.shape[:2]
    directions = 1 + layer.bidirectional
    last = [np.zeros_like(s) for s in states]
    weights = [[host(w) for w in ws] for ws in layer.all_weights]
    for number in range(layer.num_layers):
        size = layer.proj_size or layer.hidden_size
        out = np.zeros((steps, batch, directions * size), x.dtype)
        for d in range(directions):
            k = number * directions + d
            for n in range(batch):
                order = range(lengths[n])
                state = [s[k, n] for s in states]
                for t in reversed(order) if d else order:
                    state = step(layer.mode, x[t, n], state, weights[k])
                    out[t, n, d * size : (d + 1) * size] = state[0]
                for s, value in zip(last, state, strict=True):
                    s[k, n] = value
        x = out
    return x, last


def make(kind: str, **options: Any) -> Any:
    portfire.manual_seed(0)
    name, _, more = kind.partition(" ")
    options |= {"relu": {"nonlinearity": "relu"}, "projected": {"proj_size": 3}}.get(more, {})
    return getattr(nn, name)(F, H, **options)


def first_states(layer: Any) -> list[Array]:
    rows = layer.num_layers * (1 + layer.bidirectional)
    sizes = [layer.proj_size or H, H] if layer.mode == "LSTM" else [H]
    found = [draw(rows, N, size, seed=size) for size in sizes]
    return [array.astype(np.float32) for array in found]


def given(states: list[Array], device: str) -> Any:
    tensors = tuple(portfire.tensor(s, device=device) for s in states)
    return tensors if len(tensors) > 1 else tensors[0]


def compare(result: Any, wanted: Any) -> None:
    output, last = result
    np.testing.assert_allclose(host(output), wanted[0], rtol=1e-4, atol=2e-6)
    for mine, right in zip(last if isinstance(last, tuple) else (last,), wanted[1], strict=True):
        np.testing.assert_allclose(host(mine), right, rtol=1e-4, atol=2e-6)


KINDS = ("LSTM", "GRU", "RNN", "RNN relu", "LSTM projected")


@pytest.mark.parametrize("kind", KINDS)
def test_layers_equal_loops(kind: str, device: str) -> None:
    layer = make(kind, num_layers=2, bidirectional=True).to(device)
    x, states = draw(T, N, F).astype(np.float32), first_states(layer)
    wanted = reference(layer, x, states, [T] * N)
    compare(layer(portfire.tensor(x, device=device), given(states, device)), wanted)


def test_batches_may_come_first_or_not_at_all(device: str) -> None:
    layer = make("LSTM").to(device)
    x = portfire.tensor(draw(T, N, F).astype(np.float32), device=device)
    output, (h, c) = layer(x)
    other = make("LSTM", batch_first=True).to(device)
    turned, (h2, _) = other(x.transpose(0, 1))
    np.testing.assert_array_equal(host(turned), host(output).swapaxes(0, 1))
    np.testing.assert_array_equal(host(h2), host(h))
    alone, (h3, c3) = layer(x[:, 1])
    assert (alone.shape, h3.shape, c3.shape) == ((T, H), (1, H), (1, H))
    np.testing.assert_allclose(host(alone), host(output)[:, 1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(host(c3), host(c)[:, 1], rtol=1e-5, atol=1e-6)
    none = layer(x[:, :0])
    assert (none[0].shape, none[1][0].shape) == ((T, 0, H), (1, 0, H))


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "LSTM projected"])
def test_packed_sequences_equal_loops(kind: str, device: str) -> None:
    layer = make(kind, num_layers=2, bidirectional=True).to(device)
    x, states = draw(T, N, F).astype(np.float32), first_states(layer)
    wanted = reference(layer, x, states, LENGTHS)
    packed = rnn.pack_padded_sequence(
        portfire.tensor(x, device=device), LENGTHS, enforce_sorted=False
    )
    output, last = layer(packed, given(states, device))
    padded, lengths = rnn.pad_packed_sequence(output)
    assert lengths.tolist() == LENGTHS
    assert lengths.device.type == "cpu"
    compare((padded, last), wanted)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_gradients_equal_differences(kind: str, device: str) -> None:
    layer = getattr(nn, kind)(2, 2, bidirectional=True, dtype=portfire.float64)
    layers = {"cpu": layer, device: copy.deepcopy(layer).to(device)}
    names = [name for name, _ in layer.named_parameters()]

    def run(x: Any, h: Any, *weights: Any) -> Any:
        module = layers[x.device.type]
        module_weights = dict(zip(names, weights, strict=True))
        parameters = dict(module.named_parameters())
        inputs = [module_weights.get(n, p) for n, p in parameters.items()]
        return _functional(module, x, h, inputs)

    check_gradients(
        run,
        draw(3, 2, 2),
        draw(2, 2, 2, seed=2),
        *(host(p) for p in layer.parameters()),
        device=device,
        second=device == "cpu" and kind == "GRU",
    )


def _functional(module: Any, x: Any, h: Any, weights: list[Any]) -> Any:
    """The layer with other weights; all that it returns, in one row."""
    lengths = portfire.tensor([3, 2], dtype=portfire.int32, device=x.device)
    mode = module.mode.lower().removeprefix("rnn_")
    found = []
    for k in range(2):
        four = (*weights[4 * k : 4 * k + 4], None)
        states = (h[k], h[k] * 0.5) if mode == "lstm" else (h[k],)
        parts = recur(x, states, four, mode, bool(k), lengths)
        found += [p.reshape(-1) for p in parts if p is not None]
    return portfire.cat(found)


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_cells_are_layers_of_one_step(kind: str, device: str) -> None:
    layer, cell = make(kind), getattr(nn, kind + "Cell")(F, H)
    cell.load_state_dict({k.removesuffix("_l0"): v for k, v in layer.state_dict().items()})
    layer, cell = layer.to(device), cell.to(device)
    x = portfire.tensor(draw(3, N, F).astype(np.float32), device=device)
    output, _ = layer(x)
    state = None
    for t in range(3):
        state = cell(x[t], state)
    h = state[0] if kind == "LSTM" else state
    np.testing.assert_allclose(host(h), host(output[2]), rtol=1e-5, atol=1e-6)
    alone = cell(x[0, 0])
    assert (alone[0] if kind == "LSTM" else alone).shape == (H,)


def test_a_double_backward_takes_the_steps_apart(device: str) -> None:
    # The same number in two ways: the gradient's gradient, and the difference of gradients.
    layer = nn.LSTM(2, 3, dtype=portfire.float64).to(device)
    x = portfire.tensor(draw(2, 2, 2), device=device, requires_grad=True)
    (grad,) = portfire.autograd.grad((layer(x)[0] ** 2).sum(), x, create_graph=True)
    grad.sum().backward()
    ends = []
    for eps in (1e-5, -1e-5):
        moved = (x.detach() + eps).requires_grad_()
        (end,) = portfire.autograd.grad((layer(moved)[0] ** 2).sum(), moved)
        ends.append(host(end).sum())
    assert x.grad is not None
    assert host(x.grad).sum() == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-5)


@pytest.mark.parametrize("name", ["recurrence", "recurrence_grad"])
def test_decompositions_equal_references(name: str) -> None:
    # Both devices here take these operators whole; others run this.
    op = lookup(name)
    assert op.decompose is not None
    device = quick_device("opencl")
    for number, sample in enumerate(op.samples):
        arrays = [draw(*s, seed=k, high=0.9) for k, s in enumerate(sample.shapes)]
        if number % 2:
            arrays.append(np.array([4, 1, 2], np.int32))  # lengths
        tensors = [portfire.tensor(a, device=device) for a in arrays]
        result = host(op.decompose(*tensors, *sample.attrs))
        np.testing.assert_allclose(result, op.reference(*arrays, *sample.attrs), atol=1e-12)


def test_dropout_stands_between_layers(device: str) -> None:
    layer = make("LSTM", num_layers=2, dropout=1.0).to(device)
    x = portfire.tensor(draw(T, N, F).astype(np.float32), device=device)
    other = portfire.tensor(draw(T, N, F, seed=1).astype(np.float32), device=device)
    np.testing.assert_array_equal(host(layer(x)[0]), host(layer(other)[0]))  # all was dropped
    layer.eval()
    assert np.abs(host(layer(x)[0]) - host(layer(other)[0])).max() > 1e-3


def test_names_shapes_and_range_of_parameters() -> None:
    layer = make("LSTM projected", num_layers=2, bidirectional=True)
    shapes = {name: tuple(p.shape) for name, p in layer.named_parameters()}
    assert list(shapes)[:6] == [
        "weight_ih_l0",
        "weight_hh_l0",
        "bias_ih_l0",
        "bias_hh_l0",
        "weight_hr_l0",
        "weight_ih_l0_reverse",
    ]
    assert shapes["weight_ih_l1_reverse"] == (4 * H, 6)
    assert shapes["weight_hh_l1"] == (4 * H, 3)
    assert shapes["weight_hr_l1"] == (3, H)
    bound = 1 / np.sqrt(H)
    for parameter in layer.parameters():
        assert 0.3 * bound < np.abs(host(parameter)).max() <= bound
    again = copy.deepcopy(layer)
    assert repr(again) == repr(layer)
    assert again.flatten_parameters() is None
    assert [len(weights) for weights in again.all_weights] == [5] * 4


def test_printed_forms() -> None:
    assert repr(nn.LSTM(3, 4)) == "LSTM(3, 4)"
    assert repr(nn.RNN(3, 4, 1, "relu")) == "RNN(3, 4)"
    layer = nn.LSTM(3, 4, 2, False, True, 0.5, True, 2)
    assert repr(layer) == (
        "LSTM(3, 4, proj_size=2, num_layers=2, bias=False, batch_first=True, dropout=0.5, "
        "bidirectional=True)"
    )
    assert repr(nn.GRUCell(3, 4, bias=False)) == "GRUCell(3, 4, bias=False)"
    assert repr(nn.RNNCell(3, 4, nonlinearity="relu")) == "RNNCell(3, 4, nonlinearity=relu)"


WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "projection": (lambda: nn.GRU(3, 4, proj_size=2), ValueError, "only supported for LSTM"),
    "nonlinearity": (lambda: nn.RNN(3, 4, 1, "x"), ValueError, "Unknown nonlinearity 'x'"),
    "mode": (lambda: nn.RNNBase("X", 3, 4), ValueError, "Unrecognized RNN mode: X"),
    "dropout": (lambda: nn.LSTM(3, 4, dropout=2), ValueError, r"a number in range \[0, 1\]"),
    "hidden type": (lambda: nn.LSTM(3, 4.0), TypeError, "should be of type int, got: float"),
    "hidden": (lambda: nn.LSTM(3, 0), ValueError, "hidden_size must be greater than zero"),
    "input": (lambda: nn.LSTM(0, 3), ValueError, "input_size must be greater than zero"),
    "layers": (lambda: nn.LSTM(3, 4, 0), ValueError, "num_layers must be greater than zero"),
    "small": (lambda: nn.LSTM(3, 4, proj_size=4), ValueError, "has to be smaller"),
    "positive": (lambda: nn.LSTM(3, 4, proj_size=-1), ValueError, "positive integer or zero"),
    "dims": (lambda: nn.GRU(3, 4)(portfire.ones(3)), ValueError, "GRU: Expected input to be 2D"),
    "packed dims": (
        lambda: nn.GRU(3, 4)(rnn.PackedSequence(portfire.ones(3), portfire.tensor([3]))),
        RuntimeError,
        "input must have 2 dimensions, got 1",
    ),
    "features": (
        lambda: nn.GRU(3, 4)(portfire.ones(5, 2, 4)),
        RuntimeError,
        r"input.size\(-1\) must be equal to input_size. Expected 3, got 4",
    ),
    "steps": (
        lambda: nn.GRU(3, 4)(portfire.ones(0, 2, 3)),
        RuntimeError,
        "Expected sequence length to be larger than 0 in RNN",
    ),
    "dtype": (
        lambda: nn.GRU(3, 4)(portfire.ones(5, 2, 3).double()),
        ValueError,
        r"RNN input dtype \(portfire.float64\) does not match weight dtype",
    ),
    "state": (
        lambda: nn.GRU(3, 4)(portfire.ones(5, 2, 3), portfire.ones(1, 3, 4)),
        RuntimeError,
        r"Expected hidden size \(1, 2, 4\), got \[1, 3, 4\]",
    ),
    "state of lstm": (
        lambda: nn.LSTM(3, 4)(
            portfire.ones(5, 2, 3), (portfire.ones(1, 2, 4), portfire.ones(1, 3, 4))
        ),
        RuntimeError,
        r"Expected hidden\[1\] size \(1, 2, 4\), got \[1, 3, 4\]",
    ),
    "state dtype": (
        lambda: nn.GRU(3, 4)(portfire.ones(5, 2, 3), portfire.ones(1, 2, 4).double()),
        RuntimeError,
        "mat1 and mat2 must have the same dtype, but got Double and Float",
    ),
    "state dims": (
        lambda: nn.GRU(3, 4)(portfire.ones(5, 3), portfire.ones(1, 1, 4)),
        RuntimeError,
        "For unbatched 2-D input, hx should also be 2-D but got 3-D tensor",
    ),
    "states dims": (
        lambda: nn.LSTM(3, 4)(portfire.ones(5, 2, 3), (portfire.ones(2, 4),) * 2),
        RuntimeError,
        r"For batched 3-D input, hx and cx should also be 3-D but got \(2-D, 2-D\)",
    ),
    "cell input": (
        lambda: nn.GRUCell(3, 4)(portfire.ones(2, 4)),
        RuntimeError,
        "input has inconsistent input_size: got 4 expected 3",
    ),
    "cell batch": (
        lambda: nn.GRUCell(3, 4)(portfire.ones(2, 3), portfire.ones(3, 4)),
        RuntimeError,
        "Input batch size 2 doesn't match hidden0 batch size 3",
    ),
    "cell hidden": (
        lambda: nn.GRUCell(3, 4)(portfire.ones(2, 3), portfire.ones(2, 5)),
        RuntimeError,
        "hidden0 has inconsistent hidden_size: got 5, expected 4",
    ),
    "cell dims": (
        lambda: nn.LSTMCell(3, 4)(portfire.ones(1, 2, 3)),
        ValueError,
        "LSTMCell: Expected input to be 1D or 2D, got 3D instead",
    ),
    "cell tuple": (
        lambda: nn.LSTMCell(3, 4)(portfire.ones(2, 3), portfire.ones(2, 4)),
        TypeError,
        "must be tuple of Tensors, not Tensor",
    ),
    "cell nonlinearity": (
        lambda: nn.RNNCell(3, 4, nonlinearity="x")(portfire.ones(2, 3)),
        RuntimeError,
        "Unknown nonlinearity: x",
    ),
    "unsorted": (
        lambda: rnn.pack_padded_sequence(portfire.ones(5, 2, 3), [3, 5]),
        RuntimeError,
        "must be sorted in decreasing order",
    ),
    "zero": (
        lambda: rnn.pack_padded_sequence(portfire.ones(5, 2, 3), [3, 0]),
        RuntimeError,
        "has to be greater than 0",
    ),
    "long": (
        lambda: rnn.pack_padded_sequence(portfire.ones(5, 2, 3), [6, 3]),
        RuntimeError,
        "up to the 5 steps of the input, but got 6",
    ),
    "count": (
        lambda: rnn.pack_padded_sequence(portfire.ones(5, 2, 3), [3]),
        RuntimeError,
        r"got 1 \(batch_size=2\)",
    ),
    "lengths": (
        lambda: rnn.pack_padded_sequence(portfire.ones(5, 2, 3), portfire.ones(2, 2)),
        RuntimeError,
        "should be a 1D CPU int64 tensor, but got 2D cpu Float tensor",
    ),
    "total": (
        lambda: rnn.pad_packed_sequence(rnn.pack_sequence([portfire.ones(3)]), total_length=2),
        ValueError,
        "max sequence length being 3",
    ),
    "number": (lambda: rnn.pad_sequence(3), RuntimeError, "Expected iterable for input"),
    "side": (
        lambda: rnn.pad_sequence([portfire.ones(2)], padding_side="up"),
        RuntimeError,
        "one of left or right, but got up",
    ),
    "nothing": (lambda: rnn.pad_sequence([]), RuntimeError, "received an empty list of sequences"),
    "by hand": (
        lambda: rnn.PackedSequence(portfire.ones(3)),
        AssertionError,
        "Expected data to be a list or tuple of length 2",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_calls_raise(case: str) -> None:
    call, error, match = WRONG[case]
    with pytest.raises(error, match=match):
        call()


def test_batch_sizes_stay_on_the_host(device: str) -> None:
    x = portfire.ones(5, 2, 3, device=device)
    packed = rnn.pack_padded_sequence(x, [5, 3])
    assert packed.data.device.type == device
    assert packed.batch_sizes.device.type == "cpu"
    assert packed.to(device) is packed
    assert packed.double().data.dtype is portfire.float64
    if device != "cpu":
        assert packed.cpu().data.device.type == "cpu"
        with pytest.raises(ValueError, match="batch_sizes should always be on CPU"):
            rnn.PackedSequence(packed.data, packed.batch_sizes.to(device))


def test_a_single_layer_warns_of_dropout() -> None:
    with pytest.warns(UserWarning, match="dropout=0.5 and num_layers=1"):
        nn.LSTM(3, 4, dropout=0.5)


def test_what_is_packed_is_unpacked(device: str) -> None:
    rows = [portfire.tensor(draw(n, 2, seed=n), device=device) for n in (2, 4, 1)]
    packed = rnn.pack_sequence(rows, enforce_sorted=False)
    for mine, wanted in zip(rnn.unpack_sequence(packed), rows, strict=True):
        np.testing.assert_array_equal(host(mine), host(wanted))
    assert packed.batch_sizes.tolist() == [3, 2, 1, 1]
    assert packed.sorted_indices is not None
    assert packed.sorted_indices.tolist() == [1, 0, 2]
    padded, lengths = rnn.pad_packed_sequence(packed, True, -5.0, 6)
    assert padded.shape == (3, 6, 2)
    assert lengths.tolist() == [2, 4, 1]
    assert (host(padded)[2, 1:] == -5).all()
    left = rnn.pad_sequence(rows, True, 9.0, "left")
    np.testing.assert_array_equal(host(left)[2, 3], host(rows[2])[0])
    assert (host(left)[2, :3] == 9).all()
