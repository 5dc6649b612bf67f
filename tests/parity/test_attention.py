"""Attention and transformers against torch, with the same weights, inputs and masks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import portfire

rng = np.random.default_rng(3)
L, S, N, E, H = 5, 6, 3, 8, 2
LATER = np.triu(np.ones((L, L), bool), 1)
SOME = rng.random((L, S)) > 0.6
SOME[:, 0] = False
PADDING = np.arange(S) >= np.array([[6], [4], [3]])
QUERY, KEY = rng.standard_normal((L, N, E)), rng.standard_normal((S, N, E))
WIDE_KEY, WIDE_VALUE = rng.standard_normal((S, N, 3)), rng.standard_normal((S, N, 5))


def copied(ours: Any, theirs: Any) -> None:
    """Give torch's weights to portfire's module."""
    state = {k: portfire.from_numpy(v.detach().numpy().copy()) for k, v in theirs.items()}
    assert list(state) == list(ours.state_dict())
    ours.load_state_dict(state)


def run(module: Any, m: Any, arrays: dict[str, Any], kwargs: dict[str, Any]) -> list[Any]:
    """Outputs, and gradients of floating inputs and of parameters, as arrays."""
    tensors = {k: m.tensor(v) for k, v in arrays.items()}
    tracked = [t for t in tensors.values() if t.dtype == m.float32]
    for tensor in tracked:
        tensor.requires_grad_()
    result = module(**tensors, **kwargs)
    results = [r for r in (result if isinstance(result, tuple) else (result,)) if r is not None]
    loss = sum(((r * r).sum() for r in results[1:]), (results[0] ** 3).sum())
    loss.backward()
    found = [*results, *(t.grad for t in tracked), *(p.grad for p in module.parameters())]
    return [None if f is None else f.detach().numpy() for f in found]


def compare(ours: Any, theirs: Any, arrays: dict[str, Any], **kwargs: Any) -> None:
    copied(ours, theirs.state_dict())
    assert repr(ours) == repr(theirs)
    arrays = {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in arrays.items()}
    for mine, wanted in zip(
        run(ours, portfire, arrays, kwargs), run(theirs, torch, arrays, kwargs), strict=True
    ):
        assert (mine is None) == (wanted is None)
        if mine is not None:
            np.testing.assert_allclose(mine, wanted, rtol=2e-4, atol=2e-4)


HEADS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "plain": ({}, {}),
    "no weights": ({}, {"need_weights": False}),
    "each head": ({}, {"average_attn_weights": False}),
    "no bias": ({"bias": False}, {}),
    "bias_kv": ({"add_bias_kv": True}, {}),
    "zero": ({"add_zero_attn": True}, {"need_weights": False}),
    "both": ({"add_zero_attn": True, "add_bias_kv": True}, {}),
    "dropout in eval": ({"dropout": 0.5}, {}),
}
MASKS: dict[str, dict[str, Any]] = {
    "none": {},
    "bool": {"attn_mask": SOME},
    "float": {"attn_mask": rng.standard_normal((L, S))},
    "each": {"attn_mask": rng.random((N * H, L, S)) > 0.9},
    "padding": {"key_padding_mask": PADDING},
    "both": {"attn_mask": SOME, "key_padding_mask": PADDING},
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("case", HEADS)
def test_multi_head_attention(case: str, mask: str) -> None:
    options, kwargs = HEADS[case]
    torch.manual_seed(1)
    theirs = torch.nn.MultiheadAttention(E, H, **options).eval()
    ours = portfire.nn.MultiheadAttention(E, H, **options).eval()
    arrays = {"query": QUERY, "key": KEY, "value": KEY + 1, **MASKS[mask]}
    compare(ours, theirs, arrays, **kwargs)


def test_multi_head_attention_of_other_widths() -> None:
    options = {"kdim": 3, "vdim": 5, "batch_first": True}
    theirs = torch.nn.MultiheadAttention(E, H, **options)
    arrays = {"query": QUERY, "key": WIDE_KEY, "value": WIDE_VALUE}
    arrays = {k: v.swapaxes(0, 1) for k, v in arrays.items()}
    compare(portfire.nn.MultiheadAttention(E, H, **options), theirs, arrays)


@pytest.mark.parametrize("weights", [True, False])
def test_multi_head_attention_without_batch(weights: bool) -> None:
    arrays = {"query": QUERY[:, 0], "key": KEY[:, 0], "value": KEY[:, 1]}
    arrays |= {"attn_mask": rng.random((H, L, S)) > 0.9, "key_padding_mask": PADDING[1]}
    compare(
        portfire.nn.MultiheadAttention(E, H),
        torch.nn.MultiheadAttention(E, H),
        arrays,
        need_weights=weights,
    )


def test_multi_head_self_attention_is_causal() -> None:
    mask = np.where(LATER, -np.inf, 0.0)
    for weights in (True, False):
        x = portfire.tensor(QUERY.astype(np.float32))
        y = torch.tensor(QUERY.astype(np.float32))
        theirs, ours = torch.nn.MultiheadAttention(E, H), portfire.nn.MultiheadAttention(E, H)
        copied(ours, theirs.state_dict())
        mine, wanted = (
            module(
                t, t, t, attn_mask=m.tensor(mask.astype(np.float32)), is_causal=True,
                need_weights=weights,
            )[0]
            for module, t, m in ((ours, x, portfire), (theirs, y, torch))
        )  # fmt: skip
        np.testing.assert_allclose(mine.detach().numpy(), wanted.detach().numpy(), atol=1e-5)


LAYERS: dict[str, dict[str, Any]] = {
    "plain": {},
    "norm first": {"norm_first": True},
    "gelu": {"activation": "gelu"},
    "no bias": {"bias": False, "layer_norm_eps": 1e-3},
}


@pytest.mark.parametrize("case", LAYERS)
def test_encoder_and_decoder_layers(case: str) -> None:
    options = {"d_model": E, "nhead": H, "dim_feedforward": 12, "dropout": 0.0, **LAYERS[case]}
    arrays: dict[str, Any] = {"src": KEY, "src_key_padding_mask": PADDING}
    compare(
        portfire.nn.TransformerEncoderLayer(**options),
        torch.nn.TransformerEncoderLayer(**options),
        arrays,
    )
    arrays = {"tgt": QUERY, "memory": KEY, "tgt_mask": LATER, "memory_key_padding_mask": PADDING}
    compare(
        portfire.nn.TransformerDecoderLayer(**options),
        torch.nn.TransformerDecoderLayer(**options),
        arrays,
    )


@pytest.mark.filterwarnings("ignore:enable_nested_tensor", "ignore:The PyTorch API of nested")
def test_transformer() -> None:
    options = {"d_model": E, "nhead": H, "num_encoder_layers": 2, "num_decoder_layers": 2}
    options |= {"dim_feedforward": 12, "dropout": 0.0, "batch_first": True}
    arrays = {"src": KEY.swapaxes(0, 1), "tgt": QUERY.swapaxes(0, 1)}
    arrays |= {"tgt_mask": LATER, "src_key_padding_mask": PADDING}
    arrays |= {"memory_key_padding_mask": PADDING}
    ours, theirs = portfire.nn.Transformer(**options), torch.nn.Transformer(**options)
    compare(ours, theirs, arrays)
    # Evaluation without gradients leaves padded positions of the encoder zero.
    ours, theirs = ours.encoder.eval(), theirs.encoder.eval()
    source = arrays["src"].astype(np.float32)
    with torch.no_grad(), portfire.no_grad():
        wanted = theirs(torch.tensor(source), src_key_padding_mask=torch.tensor(PADDING))
        mine = ours(portfire.tensor(source), src_key_padding_mask=portfire.tensor(PADDING))
    np.testing.assert_allclose(mine.numpy(), wanted.numpy(), atol=1e-5)


def _calls(m: Any) -> dict[str, Any]:
    f, layer = m.nn.functional, m.nn.MultiheadAttention(4, 2)
    x, q = m.ones(3, 2, 4), m.ones(1, 2, 3)
    attend = f.scaled_dot_product_attention
    return {
        "sdpa mask and causal": lambda: attend(q, q, q, m.zeros(2, 2), is_causal=True),
        "sdpa dtypes": lambda: attend(q, q.double(), q),
        "sdpa mask dtype": lambda: attend(q, q, q, m.zeros(2, 2).double()),
        "sdpa 1-d": lambda: attend(m.ones(3), q, q),
        "sdpa width": lambda: attend(q, m.ones(1, 2, 5), m.ones(1, 2, 5)),
        "sdpa keys": lambda: attend(q, q, q[:, :1]),
        "sdpa batch": lambda: attend(m.ones(4, 2, 3), m.ones(3, 2, 3), m.ones(3, 2, 3)),
        "sdpa mask shape": lambda: attend(q, q, q, m.zeros(3, 3)),
        "sdpa dropout": lambda: attend(q, q, q, dropout_p=1.5),
        "sdpa ints": lambda: attend(q.int(), q.int(), q.int()),
        "mha divisible": lambda: m.nn.MultiheadAttention(5, 2),
        "mha zero": lambda: m.nn.MultiheadAttention(0, 2),
        "mha 1-d": lambda: layer(m.ones(4), m.ones(4), m.ones(4)),
        "mha width": lambda: layer(m.ones(3, 2, 5), x, x),
        "mha key": lambda: layer(x, m.ones(3, 4), x),
        "mha key length": lambda: layer(x, m.ones(4, 2, 4), x),
        "mha mask 2-d": lambda: layer(x, x, x, attn_mask=m.zeros(2, 2)),
        "mha mask 3-d": lambda: layer(x, x, x, attn_mask=m.zeros(5, 3, 3)),
        "mha mask 1-d": lambda: layer(x, x, x, attn_mask=m.zeros(3)),
        "mha mask ints": lambda: layer(x, x, x, attn_mask=m.zeros(3, 3).int()),
        "mha mask dtype": lambda: layer(x, x, x, attn_mask=m.zeros(3, 3).double()),
        "mha padding": lambda: layer(x, x, x, key_padding_mask=m.zeros(3, 3)),
        "mha padding keys": lambda: layer(x, x, x, key_padding_mask=m.zeros(2, 4)),
        "mha padding 1-d": lambda: layer(x, x, x, key_padding_mask=m.zeros(2)),
        "mha causal": lambda: layer(x, x, x, is_causal=True),
        "encoder activation": lambda: m.nn.TransformerEncoderLayer(4, 2, 8, activation="x"),
        "encoder mask": lambda: m.nn.TransformerEncoderLayer(4, 2, 8)(x, m.zeros(3, 3).int()),
        "transformer batch": lambda: m.nn.Transformer(4, 2, 1, 1, 8)(x, m.ones(3, 3, 4)),
        "transformer width": lambda: m.nn.Transformer(4, 2, 1, 1, 8)(m.ones(3, 2, 5), x),
    }


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("case", _calls(torch))
def test_wrong_calls(case: str) -> None:
    with pytest.raises(Exception) as wanted:  # noqa: PT011  (torch says which)
        _calls(torch)[case]()
    with pytest.raises(wanted.type) as found:
        _calls(portfire)[case]()
    text = str(wanted.value).replace("torch.Size", "portfire.Size")
    assert str(found.value) == text
