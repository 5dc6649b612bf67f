"""Attention with several heads, as a function of all its weights."""

from __future__ import annotations

import math
import warnings
from typing import Any

import portfire
from portfire import Tensor
from portfire._dispatch import full, where
from portfire.nn.functional._activations import softmax
from portfire.nn.functional._attention import scaled_dot_product_attention
from portfire.nn.functional._dropout import dropout
from portfire.nn.functional._linear import linear

__all__ = ["additive_mask", "multi_head_attention_forward"]


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Project, attend with each head, and project the joined heads.

    Args:
        query: what is asked.
        key: what answers.
        value: what is mixed.
        embed_dim_to_check: the width ``E`` that the query must have.
        num_heads: into how many parts the width is cut.
        in_proj_weight: the projections of query, key and value, one above the other.
        in_proj_bias: their biases, likewise.
        bias_k: one more key for every sequence.
        bias_v: its value.
        add_zero_attn: whether there is one more key and value of zeros.
        dropout_p: probability of a weight to be dropped.
        out_proj_weight: the projection of the joined heads.
        out_proj_bias: its bias.
        training: whether weights are dropped.
        key_padding_mask: true, or minus infinity, for keys that take no part.
        need_weights: whether the weights are returned too.
        attn_mask: true, or minus infinity, for pairs that take no part.
        use_separate_proj_weight: whether the next three replace ``in_proj_weight``.
        q_proj_weight: the projection of the query.
        k_proj_weight: the projection of the key.
        v_proj_weight: the projection of the value.
        static_k: keys to take instead, already projected.
        static_v: values to take instead, already projected.
        average_attn_weights: whether the weights that are returned are the mean of all heads'.
        is_causal: a hint that ``attn_mask`` hides the keys after each query and no others.

    Shape:
        - query: ``(L, N, E)``, or ``(L, E)`` without a batch; key and value likewise with ``S``.
        - output: that of the query.
        - weights: ``(N, L, S)``, or ``(N, num_heads, L, S)`` for each head.

    Returns:
        The result, and the weights or None.

    Raises:
        AssertionError: for wrong numbers of dimensions.
        RuntimeError: for masks of other sizes.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.MultiheadAttention(4, 2)
        >>> x = portfire.ones(3, 1, 4)
        >>> result, weights = portfire.nn.functional.multi_head_attention_forward(
        ...     x, x, x, 4, 2, layer.in_proj_weight, layer.in_proj_bias, None, None, False, 0.0,
        ...     layer.out_proj.weight, layer.out_proj.bias)
        >>> weights.shape
        portfire.Size([1, 3, 3])
    """
    _check_dimensions(query, key, value, key_padding_mask, attn_mask, num_heads)
    batched = query.ndim == 3
    if not batched:
        query, key, value = (x.unsqueeze(1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module "
            "method `generate_square_subsequent_mask` to create this mask."
        )
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    length, batch, width = query.shape
    # The hint alone says all, unless the weights or the padding need the mask.
    causal = is_causal and key_padding_mask is None and not need_weights
    padding = additive_mask(
        key_padding_mask, "key_padding_mask", attn_mask, "attn_mask", query.dtype
    )
    pairs = None if causal else additive_mask(attn_mask, "attn_mask", None, "", query.dtype)
    stacked = None if use_separate_proj_weight else in_proj_weight
    weights = (q_proj_weight, k_proj_weight, v_proj_weight)
    q, k, v = _project((query, key, value), stacked, weights, in_proj_bias)
    mask = _merged(padding, pairs, (batch, num_heads, length, key.shape[0]))
    if bias_k is not None and bias_v is not None:
        if static_k is not None or static_v is not None:
            name = "key" if static_k is not None else "value"
            raise AssertionError(f"bias cannot be added to static {name}.")
        k = portfire.cat([k, bias_k.expand((1, batch, width))])
        v = portfire.cat([v, bias_v.expand((1, batch, width))])
    q = _heads(q, num_heads)
    k = _heads(k, num_heads) if static_k is None else _static("k", static_k, q)
    v = _heads(v, num_heads) if static_v is None else _static("v", static_v, q)
    if add_zero_attn:
        nothing = full((batch, num_heads, 1, width // num_heads), 0, q)
        k, v = portfire.cat([k, nothing], 2), portfire.cat([v, nothing], 2)
    if mask is not None and k.shape[2] > mask.shape[3]:
        visible = full((*mask.shape[:3], k.shape[2] - mask.shape[3]), 0, mask)
        mask = portfire.cat([mask, visible], 3)
    dropout_p = dropout_p if training else 0.0
    shares = None
    if need_weights:
        result, shares = _explicit(q, k, v, mask, dropout_p)
        shares = shares.mean(1) if average_attn_weights else shares
        shares = shares if batched else shares.squeeze(0)
    else:
        result = scaled_dot_product_attention(q, k, v, mask, dropout_p, causal)
    joined = result.permute(2, 0, 1, 3).reshape(length, batch, width)
    result = linear(joined, out_proj_weight, out_proj_bias)
    return (result if batched else result.squeeze(1)), shares


def additive_mask(
    mask: Tensor | None,
    name: str,
    other: Tensor | None,
    other_name: str,
    dtype: portfire.dtype,
) -> Tensor | None:
    """Return a mask as numbers to add: minus infinity where a bool mask is true.

    Args:
        mask: the mask, if any.
        name: what sentences call it.
        other: another mask for the same scores.
        other_name: what sentences call that.
        dtype: the type of the numbers.

    Returns:
        The mask, or None.

    Raises:
        AssertionError: for a mask of integers.

    Example:
        >>> import portfire
        >>> from portfire.nn.functional._multi_head import additive_mask
        >>> additive_mask(portfire.tensor([True, False]), "mask", None, "", portfire.float32)
        tensor([-inf, 0.])
    """
    if mask is None:
        return None
    if mask.dtype is not portfire.bool and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and other.dtype is not mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both "
            "instead.",
            UserWarning,
            stacklevel=3,
        )
    if mask.is_floating_point():
        return mask
    return where(mask, full((), -math.inf, mask, dtype), full((), 0, mask, dtype))


def _check_dimensions(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    padding: Tensor | None,
    pairs: Tensor | None,
    heads: int,
) -> None:
    dims = query.ndim
    if dims not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor"
        )
    case = f"For {'batched (3-D)' if dims == 3 else 'unbatched (2-D)'} `query`, expected"
    if key.ndim != dims or value.ndim != dims:
        raise AssertionError(
            f"{case} `key` and `value` to be {dims}-D but found {key.ndim}-D and {value.ndim}-D "
            "tensors respectively"
        )
    if padding is not None and padding.ndim != dims - 1:
        raise AssertionError(
            f"{case} `key_padding_mask` to be `None` or {dims - 1}-D but found {padding.ndim}-D "
            "tensor instead"
        )
    if pairs is None:
        return
    if pairs.ndim not in (2, 3):
        raise AssertionError(
            f"{case} `attn_mask` to be `None`, 2-D or 3-D but found {pairs.ndim}-D tensor instead"
        )
    wanted = (heads, query.shape[0], key.shape[0])
    if dims == 2 and pairs.ndim == 3 and pairs.shape != wanted:
        raise AssertionError(f"Expected `attn_mask` shape to be {wanted} but got {pairs.shape}")


def _check_sizes(
    query: Tensor, key: Tensor, value: Tensor, width: int, heads: int, separate: bool
) -> None:
    if query.shape[2] != width:
        raise AssertionError(
            f"was expecting embedding dimension of {width}, but got {query.shape[2]}"
        )
    if width % heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(
            f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}"
        )
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _project(
    inputs: tuple[Tensor, Tensor, Tensor],
    stacked: Tensor | None,
    weights: tuple[Tensor | None, Tensor | None, Tensor | None],
    bias: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Apply the three projections; inputs that are the same tensor share one product."""
    query, key, value = inputs
    width = query.shape[2]
    if stacked is not None and query is key is value:
        q, k, v = linear(query, stacked, bias).chunk(3, -1)
        return q, k, v
    parts: Any = weights if stacked is None else stacked.chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    if stacked is not None and key is value:
        both = None if bias is None else bias[width:]
        k, v = linear(key, stacked[width:], both).chunk(2, -1)
        return linear(query, parts[0], biases[0]), k, v
    for name, part, x in zip(("query", "key", "value"), parts, inputs, strict=True):
        if stacked is None and part.shape != (width, x.shape[2]):
            raise AssertionError(
                f"expecting {name} weights shape of {(width, x.shape[2])}, but got {part.shape}"
            )
    q, k, v = (linear(x, w, b) for x, w, b in zip(inputs, parts, biases, strict=True))
    return q, k, v


def _heads(x: Tensor, heads: int) -> Tensor:
    """Cut ``(S, N, E)`` into ``(N, heads, S, E / heads)``."""
    length, batch, width = x.shape
    return x.reshape(length, batch, heads, width // heads).permute(1, 2, 0, 3)


def _static(name: str, x: Tensor, q: Tensor) -> Tensor:
    """Take keys or values that are projected already, ``(N * heads, S, E / heads)``."""
    batch, heads, _, width = q.shape
    for axis, size in ((0, batch * heads), (2, width)):
        if x.shape[axis] != size:
            raise AssertionError(
                f"expecting static_{name}.size({axis}) of {size}, but got {x.shape[axis]}"
            )
    return x.reshape(batch, heads, x.shape[1], width)


def _merged(
    padding: Tensor | None, pairs: Tensor | None, sizes: tuple[int, int, int, int]
) -> Tensor | None:
    """The sum of both masks, in four dimensions that broadcast to these sizes."""
    batch, heads, length, keys = sizes
    if pairs is not None:
        wanted = (length, keys) if pairs.ndim == 2 else (batch * heads, length, keys)
        if pairs.shape != wanted:
            raise RuntimeError(
                f"The shape of the {pairs.ndim}D attn_mask is {pairs.shape}, but should be "
                f"{wanted}."
            )
        first = (1, 1) if pairs.ndim == 2 else (batch, heads)
        pairs = pairs.reshape((*first, length, keys))
    if padding is None:
        return pairs
    for axis, size in enumerate((batch, keys)):
        if padding.shape[axis] != size:
            raise AssertionError(
                f"Expected key_padded_mask.shape[{axis}] to be {size}, but got "
                f"{padding.shape[axis]}"
            )
    padding = padding.reshape(batch, 1, 1, keys)
    return padding if pairs is None else pairs + padding


def _explicit(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout_p: float
) -> tuple[Tensor, Tensor]:
    """Attend as the paper writes it, for those who want to see the weights."""
    scores = (q * (1 / math.sqrt(q.shape[-1]))) @ k.transpose(-2, -1)
    if mask is not None:
        if mask.dtype is not scores.dtype:
            names = [t.dtype.c_name for t in (mask, scores, scores)]
            raise RuntimeError(
                f"Input dtypes must be the same, got: input {names[0]}, batch1: {names[1]}, "
                f"batch2: {names[2]}"
            )
        scores = scores + mask
    weights = softmax(scores, dim=-1)
    if dropout_p:
        weights = dropout(weights, dropout_p)
    return weights @ v, weights
