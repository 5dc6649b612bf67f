"""Attention and transformers: against NumPy, finite differences, and numbers from PyTorch."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import portfire
import portfire.nn.functional as F
from portfire import nn
from portfire._dispatch import apply
from portfire.nn.functional import _attention
from portfire.ops import lookup
from tests.nn.helpers import Array, check_gradients, draw, host

B, H, L, S, E, V = 2, 3, 7, 5, 4, 6
CASES = ("plain", "causal", "bool", "float", "scaled")


def softmax(x: Array) -> Array:
    """Rows of minus infinity become zeros."""
    top = x.max(-1, keepdims=True)
    powers = np.exp(x - np.where(np.isinf(top), 0, top))
    total = powers.sum(-1, keepdims=True)
    return powers / np.where(total == 0, 1, total)


def reference(q: Array, k: Array, v: Array, bias: Any, scale: float) -> Array:
    return softmax(q @ np.swapaxes(k, -1, -2) * scale + bias) @ v


def operands() -> tuple[Array, Array, Array]:
    return draw(B, H, L, E, seed=1), draw(B, H, S, E, seed=2), draw(B, H, S, V, seed=3)


def options(case: str, device: str) -> tuple[dict[str, Any], Any, float]:
    """Arguments of a case, what is added to the scores, and the factor."""
    scale = 1 / np.sqrt(E)
    if case == "causal":
        return {"is_causal": True}, np.where(np.tri(L, S, dtype=bool), 0, -np.inf), scale
    if case == "scaled":
        return {"scale": 0.3}, 0.0, 0.3
    if case == "plain":
        return {}, 0.0, scale
    mask: Array = draw(B, 1, L, S, seed=4)
    if case == "bool":
        mask = mask > 0
        mask[0, 0, 2] = False
        bias = np.where(mask, 0, -np.inf)
    else:
        bias = mask
    return {"attn_mask": portfire.tensor(mask, device=device)}, bias, scale


@pytest.fixture(params=["whole", "blocks"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether scores are computed by blocks of three queries."""
    if request.param == "blocks":
        monkeypatch.setattr(_attention, "WHOLE_UP_TO", 0)
        monkeypatch.setattr(_attention, "BLOCK", 3 * B * H * S)
    return bool(request.param == "blocks")


@pytest.mark.parametrize("case", CASES)
@pytest.mark.usefixtures("blocks")
def test_attention_equals_reference(case: str, device: str) -> None:
    arrays = operands()
    kwargs, bias, scale = options(case, device)
    tensors = [portfire.tensor(a, device=device) for a in arrays]
    result = host(F.scaled_dot_product_attention(*tensors, **kwargs))
    np.testing.assert_allclose(result, reference(*arrays, bias, scale), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", ["causal", "bool"])
def test_gradients_equal_differences(case: str, blocks: bool, device: str) -> None:
    arrays = tuple(a[:1, :1] for a in operands())

    def attend(q: Any, k: Any, v: Any) -> Any:
        kwargs, _, _ = options(case, q.device.type)
        if "attn_mask" in kwargs:
            kwargs["attn_mask"] = kwargs["attn_mask"][:1]
        return F.scaled_dot_product_attention(q, k, v, **kwargs)

    second = device == "cpu" and blocks and case == "bool"
    check_gradients(attend, *arrays, device=device, second=second)


def test_the_gradient_of_a_mask_equals_differences(device: str) -> None:
    q, k, v = (portfire.tensor(a[0, 0], device=device) for a in operands())

    def attend(mask: Any) -> Any:
        return F.scaled_dot_product_attention(*(x.to(mask.device) for x in (q, k, v)), mask)

    check_gradients(attend, draw(L, S, seed=4), device=device, second=False)


def test_long_attention_never_holds_all_scores(device: str) -> None:
    # What is recorded is one operator, and its blocks are smaller than all scores.
    q = portfire.zeros(1, 2100, 8, device=device)
    attention, rows = lookup("attention"), _attention.BLOCK // 2100
    shapes = {(1, rows, 2100), (1, 2100 % rows, 2100), (1, 2100, 2100)}
    assert _attention.WHOLE_UP_TO < 2100 * 2100
    result = F.scaled_dot_product_attention(q, q, q + 1.0)
    np.testing.assert_allclose(host(result), 1.0, rtol=1e-4)
    true = portfire.ones((), dtype=portfire.bool, device=device)
    program = _decomposed(attention, (q, q, q, true), (False, 1.0, rows))
    found = {step.shape for step in program if step.shape in shapes}
    assert found == {(1, rows, 2100), (1, 2100 % rows, 2100)}


def _decomposed(op: Any, tensors: Any, attrs: Any) -> Any:
    from portfire.engine._scratch import ScratchRecorder

    recorder = tensors[0]._read().recorder
    scratch = ScratchRecorder(recorder.device, recorder.runtime)
    leaves = [portfire.Tensor._wrap(scratch.leaf(t.shape, t.dtype)) for t in tensors]
    with portfire.no_grad():
        op.decompose(*leaves, *attrs)
    return scratch.steps


def test_heads_may_share_keys(device: str) -> None:
    q = draw(B, 4, L, E, seed=1)
    k, v = draw(B, 2, S, E, seed=2), draw(B, 2, S, V, seed=3)
    tensors = [portfire.tensor(a, device=device) for a in (q, k, v)]
    result = host(F.scaled_dot_product_attention(*tensors, enable_gqa=True))
    wide = [np.repeat(a, 2, 1) for a in (k, v)]
    np.testing.assert_allclose(result, reference(q, *wide, 0.0, 0.5), rtol=1e-10)


def test_dropout_drops_weights(device: str) -> None:
    q, k, _ = (portfire.tensor(a, device=device) for a in operands())
    ones = portfire.ones(B, H, S, 1, dtype=portfire.float64, device=device)
    assert (host(F.scaled_dot_product_attention(q, k, ones, dropout_p=1.0)) == 0).all()
    portfire.manual_seed(0)
    result = host(F.scaled_dot_product_attention(q, k, ones, dropout_p=0.5))
    assert len(np.unique(result.round(9))) > L  # sums of some weights, doubled
    assert 0.6 < result.mean() < 1.4


def heads(device: str, **kwargs: Any) -> Any:
    portfire.manual_seed(1)
    layer = nn.MultiheadAttention(8, 2, **kwargs)
    with portfire.no_grad():
        for name in ("in_proj_bias", "out_proj.bias"):
            bias = layer.state_dict().get(name)
            if bias is not None:
                bias.copy_(portfire.tensor(draw(*bias.shape).astype(np.float32)))
    return layer.to(device)


def by_hand(layer: Any, query: Array, key: Array, value: Array, bias: Any) -> tuple[Array, Array]:
    """The whole layer in NumPy: the result, and the weights of each head."""
    state = {name: host(t) for name, t in layer.state_dict().items()}
    if "in_proj_weight" in state:
        weights = np.split(state["in_proj_weight"], 3)
    else:
        weights = [state[f"{name}_proj_weight"] for name in "qkv"]
    biases = np.split(state.get("in_proj_bias", np.zeros(24)), 3)
    q, k, v = (x @ w.T + b for x, w, b in zip((query, key, value), weights, biases, strict=True))
    if "bias_k" in state:
        batch = query.shape[1]
        k = np.concatenate([k, np.tile(state["bias_k"], (1, batch, 1))])
        v = np.concatenate([v, np.tile(state["bias_v"], (1, batch, 1))])
    q, k, v = (x.reshape(*x.shape[:2], 2, 4).transpose(1, 2, 0, 3) for x in (q, k, v))
    if layer.add_zero_attn:
        k, v = (np.concatenate([x, np.zeros_like(x[:, :, :1])], 2) for x in (k, v))
    scores = q @ k.swapaxes(-1, -2) / 2
    missing = scores.shape[-1] - key.shape[0]
    if not np.isscalar(bias):
        bias = np.concatenate([bias, np.zeros((*bias.shape[:-1], missing))], -1)
    weights = softmax(scores + bias)
    joined = (weights @ v).transpose(2, 0, 1, 3).reshape(query.shape)
    return joined @ state["out_proj.weight"].T + state.get("out_proj.bias", 0), weights


@pytest.mark.parametrize(
    "kwargs",
    [{}, {"bias": False, "add_zero_attn": True}, {"add_bias_kv": True}, {"kdim": 3, "vdim": 5}],
    ids=["plain", "zero", "bias_kv", "widths"],
)
def test_multi_head_attention_equals_numpy(kwargs: dict[str, Any], device: str) -> None:
    layer = heads(device, **kwargs)
    arrays = [draw(n, 3, w, seed=w) for n, w in ((L, 8), (S, layer.kdim), (S, layer.vdim))]
    arrays = [a.astype(np.float32) for a in arrays]
    padding = np.arange(S) >= np.array([[5], [2], [4]])
    pairs = np.triu(np.ones((L, S), bool), 3)
    bias = np.where(padding[:, None, None] | pairs, -np.inf, 0)
    tensors = [portfire.tensor(a, device=device) for a in arrays]
    masks = {
        "key_padding_mask": portfire.tensor(padding, device=device),
        "attn_mask": portfire.tensor(pairs, device=device),
    }
    wanted, shares = by_hand(layer, *arrays, bias)
    result, mean = layer(*tensors, **masks)
    np.testing.assert_allclose(host(result), wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(host(mean), shares.mean(1), rtol=1e-4, atol=1e-6)
    _, each = layer(*tensors, **masks, average_attn_weights=False)
    np.testing.assert_allclose(host(each), shares, rtol=1e-4, atol=1e-6)
    fast, none = layer(*tensors, **masks, need_weights=False)
    assert none is None
    np.testing.assert_allclose(host(fast), wanted, rtol=1e-4, atol=1e-5)


def test_batches_may_come_first_or_not_at_all(device: str) -> None:
    layer, turned = heads(device), heads(device, batch_first=True)
    x = portfire.tensor(draw(L, 3, 8).astype(np.float32), device=device)
    wanted = host(layer(x, x, x)[0])
    y = x.transpose(0, 1)
    np.testing.assert_allclose(host(turned(y, y, y)[0]), wanted.swapaxes(0, 1), atol=1e-6)
    alone, shares = layer(x[:, 1], x[:, 1], x[:, 1])
    assert shares.shape == (L, L)
    np.testing.assert_allclose(host(alone), wanted[:, 1], atol=1e-6)


def test_a_query_without_keys() -> None:
    layer = heads("cpu")
    x = portfire.ones(3, 1, 8)
    mask = portfire.ones(3, 3, dtype=portfire.bool)
    assert np.isnan(host(layer(x, x, x, attn_mask=mask)[0])).all()
    fast, _ = layer(x, x, x, attn_mask=mask, need_weights=False)
    assert not np.isnan(host(fast)).any()


def test_static_keys_and_values(device: str) -> None:
    layer = heads(device)
    query = portfire.tensor(draw(L, 3, 8).astype(np.float32), device=device)
    static = portfire.tensor(draw(6, 4, 4).astype(np.float32), device=device)

    def forward(k: Any, v: Any) -> Any:
        return F.multi_head_attention_forward(
            query, query, query, 8, 2, layer.in_proj_weight, layer.in_proj_bias, None, None, True,
            0.0, layer.out_proj.weight, layer.out_proj.bias, static_k=k, static_v=v,
        )  # fmt: skip

    result, weights = forward(static, static)
    assert (result.shape, weights.shape) == ((L, 3, 8), (3, L, 5))
    np.testing.assert_allclose(host(weights).sum(-1), 1, rtol=1e-5)
    with pytest.raises(AssertionError, match=r"expecting static_k.size\(0\) of 6, but got 5"):
        forward(static[:5], static)
    with pytest.raises(AssertionError, match=r"expecting static_v.size\(2\) of 4, but got 3"):
        forward(static, static[..., :3])


def test_a_causal_decoder_does_not_see_the_future(device: str) -> None:
    portfire.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True, norm_first=True)
    encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=False)
    encoder = encoder.to(device)
    mask = nn.Transformer.generate_square_subsequent_mask(L, device=device)
    x = draw(2, L, 8).astype(np.float32)
    ends = [x, x.copy()]
    ends[1][:, 4:] *= -1.0
    one, two = (
        host(encoder(portfire.tensor(end, device=device), mask, is_causal=True)) for end in ends
    )
    np.testing.assert_allclose(one[:, :4], two[:, :4], atol=1e-6)
    assert np.abs(one[:, 4:] - two[:, 4:]).min(-1).max() > 1e-4


# Weights 0.1 * sin(0, 1, 2, ...) in every parameter (norms: plus 1), inputs cos(0, 1, 2, ...);
# the sums and first elements are PyTorch 2.13's.
TRANSFORMERS: dict[str, tuple[dict[str, Any], list[float]]] = {
    "plain": ({}, [0.856547, 0.204621, 0.0971708, -3.74221e-05, 0.226928]),
    "norm first": ({"norm_first": True}, [1.01848, 0.193261, 0.454911, -0.00012999, 0.00330537]),
    "gelu": (
        {"activation": "gelu", "batch_first": True},
        [0.818822, 0.149134, 0.0726663, -3.54326e-05, -0.22216],
    ),
}


def filled(module: Any, m: Any) -> Any:
    with m.no_grad():
        for name, parameter in module.named_parameters():
            count = int(np.prod(tuple(parameter.shape)))
            numbers = (0.1 * np.sin(np.arange(count))).reshape(tuple(parameter.shape))
            numbers = numbers + (1 if "norm" in name and "weight" in name else 0)
            parameter.copy_(m.tensor(numbers.astype(np.float32)))
    return module


def waves(m: Any, device: str, *shape: int) -> Any:
    numbers = np.cos(np.arange(np.prod(shape))).reshape(shape).astype(np.float32)
    return m.tensor(numbers, device=device)


def transformer_numbers(m: Any, device: str, options: dict[str, Any]) -> list[float]:
    net = filled(m.nn.Transformer(8, 2, 2, 1, 12, 0.0, **options), m).to(device)
    src, tgt = waves(m, device, 3, 3, 8), waves(m, device, 3, 3, 8) * 0.5
    padding = m.tensor([[False, False, True]] * 3, device=device)
    later = m.nn.Transformer.generate_square_subsequent_mask(3, device=device) < 0
    out = net(
        src, tgt, tgt_mask=later, src_key_padding_mask=padding, memory_key_padding_mask=padding
    )
    (out**2 * waves(m, device, *out.shape)).sum().backward()
    grad = net.encoder.layers[0].self_attn.in_proj_weight.grad
    norm = net.decoder.layers[0].norm2.weight.grad
    found = [out[0, 0, 0], out[1, 2, 5], grad.abs().sum(), grad[3, 2], norm[1]]
    return [float(number.detach().cpu()) for number in found]


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
@pytest.mark.parametrize("case", TRANSFORMERS)
def test_transformers_equal_pytorch(case: str, device: str) -> None:
    options, wanted = TRANSFORMERS[case]
    found = transformer_numbers(portfire, device, options)
    np.testing.assert_allclose(found, wanted, rtol=2e-3, atol=2e-5)


def test_padded_positions_in_evaluation() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 1).eval()
    x, padding = portfire.ones(1, 3, 8), portfire.tensor([[False, False, True]])
    assert host(encoder(x, src_key_padding_mask=padding))[0, 2].any()
    with portfire.no_grad():
        assert not host(encoder(x, src_key_padding_mask=padding))[0, 2].any()


def test_names_and_printed_forms() -> None:
    layer = nn.MultiheadAttention(4, 2, kdim=3, add_bias_kv=True)
    assert list(layer.state_dict()) == [
        "q_proj_weight",
        "k_proj_weight",
        "v_proj_weight",
        "in_proj_bias",
        "bias_k",
        "bias_v",
        "out_proj.weight",
        "out_proj.bias",
    ]
    assert repr(layer) == (
        "MultiheadAttention(\n"
        "  (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=True)\n"
        ")"
    )
    again = copy.deepcopy(layer)
    assert list(again.state_dict()) == list(layer.state_dict())
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8, bias=False), 3)
    assert "(0-2): 3 x TransformerDecoderLayer(" in repr(decoder)
    assert not any("bias" in name for name in decoder.state_dict())


NESTED: dict[str, tuple[dict[str, Any], str]] = {
    "norm": ({"norm_first": True}, "encoder_layer.norm_first was True"),
    "batch": ({"batch_first": False}, "self_attn.batch_first was not True"),
    "bias": ({"bias": False}, "encoder_layer.self_attn was passed bias=False"),
    "activation": ({"activation": portfire.tanh}, "activation_relu_or_gelu was not True"),
    "heads": ({"nhead": 1}, "encoder_layer.self_attn.num_heads is odd"),
}


@pytest.mark.parametrize("case", NESTED)
def test_the_encoder_says_why_it_computes_padding(case: str) -> None:
    kwargs, match = NESTED[case]
    kwargs = {"d_model": 4, "nhead": 2, "dim_feedforward": 8, "batch_first": True} | kwargs
    with pytest.warns(UserWarning, match=match):
        nn.TransformerEncoder(nn.TransformerEncoderLayer(**kwargs), 1)


def test_other_layers_and_norms() -> None:
    with pytest.warns(UserWarning, match="encoder_layer was not TransformerEncoderLayer"):
        nn.TransformerEncoder(nn.Identity(), 1)
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    layer.norm1.eps = 1e-3
    with pytest.warns(UserWarning, match="norm1.eps was not equal"):
        nn.TransformerEncoder(layer, 1)


X, Q = portfire.ones(3, 2, 4), portfire.ones(1, 2, 3)
ATTEND = F.scaled_dot_product_attention
WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "causal and mask": (
        lambda: ATTEND(Q, Q, Q, portfire.zeros(2, 2), is_causal=True),
        RuntimeError,
        "Explicit attn_mask should not be set when is_causal=True",
    ),
    "dims": (lambda: ATTEND(Q[0, 0], Q, Q), RuntimeError, "at least 2 dimensional, but got"),
    "dtypes": (lambda: ATTEND(Q, Q.double(), Q), RuntimeError, "key.dtype: double"),
    "mask dtype": (
        lambda: ATTEND(Q, Q, Q, portfire.zeros(2, 2).int()),
        RuntimeError,
        "but got attn_mask.dtype: int and  query.dtype: float instead",
    ),
    "ints": (lambda: ATTEND(Q.int(), Q.int(), Q.int()), RuntimeError, "expected scalar type Float"),
    "width": (
        lambda: ATTEND(Q, Q[..., :2], Q),
        RuntimeError,
        r"batch2 tensor to be: \[1, 3\] but got: \[1, 2\]",
    ),
    "keys": (lambda: ATTEND(Q, Q, Q[:, :1]), RuntimeError, r"\[1, 2\] but got: \[1, 1\]"),
    "dropout": (lambda: ATTEND(Q, Q, Q, dropout_p=2.0), RuntimeError, "between 0 and 1, but got 2"),
    "groups": (
        lambda: ATTEND(X[None], X[None, :2], X[None, :2], enable_gqa=True),
        RuntimeError,
        "must divide the number of heads",
    ),
    "groups of matrices": (
        lambda: ATTEND(X[0], X[0], X[0], enable_gqa=True),
        RuntimeError,
        "at least 3 dimensional for enable_gqa",
    ),
    "softmax of ints": (
        lambda: apply(lookup("safe_softmax"), (Q.int(),)),
        NotImplementedError,
        "\"softmax\" not implemented for 'Int'",
    ),
    "divisible": (lambda: nn.MultiheadAttention(5, 2), AssertionError, "must be divisible"),
    "positive": (
        lambda: nn.MultiheadAttention(4, 0),
        ValueError,
        "got embed_dim=4 and num_heads=0",
    ),
}
LAYER = nn.MultiheadAttention(4, 2)
WIDE = nn.MultiheadAttention(4, 2, kdim=3)
HEADS: dict[str, tuple[Any, type[Exception], str]] = {
    "1-d": (lambda: LAYER(X[0, 0], X, X), AssertionError, "received 1-D query tensor"),
    "key dims": (lambda: LAYER(X, X[0], X), AssertionError, "but found 2-D and 3-D tensors"),
    "query width": (lambda: LAYER(X[..., :2], X, X), AssertionError, "dimension of 4, but got 2"),
    "key shape": (lambda: LAYER(X, X[:2], X), AssertionError, "does not match value shape"),
    "key batch": (
        lambda: WIDE(X, X[:2, :, :3], X),
        AssertionError,
        "key's sequence and batch dims portfire.Size",
    ),
    "key weights": (
        lambda: WIDE(X, X, X),
        AssertionError,
        r"expecting key weights shape of \(4, 4\), but got portfire.Size\(\[4, 3\]\)",
    ),
    "heads": (
        lambda: F.multi_head_attention_forward(
            X, X, X, 4, 3, LAYER.in_proj_weight, None, None, None, False, 0.0,
            LAYER.out_proj.weight, None,
        ),
        AssertionError,
        "embed_dim 4 not divisible by num_heads 3",
    ),
    "bias of static": (
        lambda: F.multi_head_attention_forward(
            X, X, X, 4, 2, LAYER.in_proj_weight, None, X[:1, :1], X[:1, :1], False, 0.0,
            LAYER.out_proj.weight, None, static_k=X,
        ),
        AssertionError,
        "bias cannot be added to static key.",
    ),
    "mask": (
        lambda: LAYER(X, X, X, attn_mask=X[:2, :, 0]),
        RuntimeError,
        r"The shape of the 2D attn_mask is portfire.Size\(\[2, 2\]\), but should be \(3, 3\).",
    ),
    "mask dims": (lambda: LAYER(X, X, X, attn_mask=X[0, 0]), AssertionError, "found 1-D tensor"),
    "mask without batch": (
        lambda: LAYER(X[:, 0], X[:, 0], X[:, 0], attn_mask=X),
        AssertionError,
        r"Expected `attn_mask` shape to be \(2, 3, 3\)",
    ),
    "mask dtype": (
        lambda: LAYER(X, X, X, attn_mask=portfire.zeros(3, 3).double()),
        RuntimeError,
        "Input dtypes must be the same, got: input double, batch1: float, batch2: float",
    ),
    "mask of ints": (
        lambda: LAYER(X, X, X, attn_mask=portfire.zeros(3, 3).int()),
        AssertionError,
        "only bool and floating types of attn_mask are supported",
    ),
    "padding": (
        lambda: LAYER(X, X, X, X[..., 0]),
        AssertionError,
        r"Expected key_padded_mask.shape\[0\] to be 2, but got 3",
    ),
    "padding dims": (lambda: LAYER(X, X, X, X), AssertionError, "to be `None` or 2-D but found 3"),
    "hint": (lambda: LAYER(X, X, X, is_causal=True), RuntimeError, "Need attn_mask if specifying"),
    "activation": (
        lambda: nn.TransformerDecoderLayer(4, 2, activation="x"),
        RuntimeError,
        "activation should be relu/gelu, not x",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", [*WRONG, *HEADS])
def test_wrong_calls_raise(case: str) -> None:
    call, error, match = {**WRONG, **HEADS}[case]
    with pytest.raises(error, match=match):
        call()


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_wrong_calls_of_a_transformer_raise() -> None:
    net = nn.Transformer(4, 2, 1, 1, 8)
    with pytest.raises(RuntimeError, match="the batch number of src and tgt must be equal"):
        net(X, X[:, :1])
    with pytest.raises(RuntimeError, match="the feature number of src and tgt must be equal"):
        net(X[..., :2], X)


def test_masks_of_two_kinds_warn() -> None:
    padding = portfire.zeros(2, 3, dtype=portfire.bool)
    with pytest.warns(UserWarning, match="mismatched key_padding_mask and attn_mask"):
        LAYER(X, X, X, padding, attn_mask=portfire.zeros(3, 3))
    layer = nn.TransformerEncoderLayer(4, 2, 8)
    with pytest.warns(UserWarning, match="mismatched src_key_padding_mask and src_mask"):
        layer(X, portfire.zeros(3, 3), padding)
