"""Attention."""

from __future__ import annotations

import math
from typing import Any

import portfire
from portfire import Tensor
from portfire._dispatch import apply, broadcast_shapes, full
from portfire.nn._composites._attention import ATTENTION, SAFE_SOFTMAX, masked_scores
from portfire.nn.functional._dropout import dropout

__all__ = ["scaled_dot_product_attention"]

# Scores from which on they are computed block by block, and how many a block has at most; longer
# sequences get larger blocks, so that a plan has a bounded number of them.
WHOLE_UP_TO = 1 << 22
BLOCK = 1 << 20
MOST_BLOCKS = 32


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    r"""Mix values by how much each query agrees with their keys.

    .. math:: y = \mathrm{softmax}(Q K^T \cdot s + M) V

    The scores of long sequences are never held as a whole: they are computed by blocks of queries,
    and again for the gradient. With dropout, or a mask that requires a gradient, they are held.

    Args:
        query: what is asked, ``Q``.
        key: what answers, ``K``.
        value: what is mixed, ``V``.
        attn_mask: true where a key takes part, or numbers that are added to the scores. The result
            of a query that no key answers is zero.
        dropout_p: probability of a weight to be dropped; also outside of training.
        is_causal: whether query ``i`` sees the keys up to ``i`` only.
        scale: the factor ``s``; by default ``1 / sqrt(E)``.
        enable_gqa: whether the heads (third dimension from the end) of keys and values are fewer,
            and each serves a group of the query's.

    Shape:
        - query: ``(*, L, E)``.
        - key: ``(*, S, E)``.
        - value: ``(*, S, Ev)``.
        - attn_mask: broadcastable to ``(*, L, S)``.
        - output: ``(*, L, Ev)``.

    Returns:
        The mixed values.

    Raises:
        RuntimeError: for shapes or dtypes that do not fit, or a mask beside ``is_causal``.

    Note:
        The paper is "Attention Is All You Need", https://arxiv.org/abs/1706.03762.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[[1.0, 0.0], [0.0, 1.0]]])
        >>> portfire.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
        tensor([[[1.0000, 0.0000],
                 [0.3302, 0.6698]]])
    """
    _check(query, key, value, attn_mask, is_causal)
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    if enable_gqa:
        key, value = _repeated(query, key, value)
    factor = scale if scale is not None else 1 / math.sqrt(max(query.shape[-1], 1))
    query, key, value = _one_batch(query, key, value)
    length, keys = query.shape[-2], key.shape[-2]
    batch = math.prod(query.shape[:-2])
    tracked = attn_mask is not None and attn_mask.requires_grad
    if batch * length * keys > WHOLE_UP_TO and not dropout_p and not tracked:
        rows = max(BLOCK // (batch * keys), 1, -(-length // MOST_BLOCKS))
        mask = full((), True, query, portfire.bool) if attn_mask is None else attn_mask
        return apply(ATTENTION, (query, key, value, mask), (is_causal, float(factor), rows))
    scores = masked_scores(query, key, attn_mask, is_causal, factor)
    weights = apply(SAFE_SOFTMAX, (scores,))
    return (dropout(weights, dropout_p) if dropout_p else weights) @ value


def _check(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, causal: bool) -> None:
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{query.ndim} key.dim: {key.ndim} and value.dim: {value.ndim} instead."
        )
    if not query.dtype is key.dtype is value.dtype:
        names = [t.dtype.c_name for t in (query, key, value)]
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{names[0]} key.dtype: {names[1]} and value.dtype: {names[2]} instead."
        )
    if mask is not None and mask.dtype not in (portfire.bool, portfire.float32, query.dtype):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got "
            f"attn_mask.dtype: {mask.dtype.c_name} and  query.dtype: {query.dtype.c_name} instead."
        )
    if mask is not None and causal:
        raise RuntimeError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
            "is_causal=True"
        )
    if not query.is_floating_point():
        raise RuntimeError(f"expected scalar type Float but found {query.dtype.scalar_name}")


def _repeated(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Give each head of the query its key and value."""
    if min(query.ndim, key.ndim, value.ndim) < 3:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 3 dimensional for enable_gqa, but "
            f"got query.dim: {query.ndim} key.dim: {key.ndim} and value.dim: {value.ndim} instead."
        )
    heads = query.shape[-3]
    if any(not t.shape[-3] or heads % t.shape[-3] for t in (key, value)):
        raise RuntimeError("Number of heads in key and value must divide the number of heads in ")
    return _per_head(key, heads), _per_head(value, heads)


def _per_head(x: Tensor, heads: int) -> Tensor:
    *batch, own, length, width = x.shape
    wide = x.unsqueeze(-3).expand((*batch, own, heads // own, length, width))
    return wide.reshape((*batch, heads, length, width))


def _one_batch(query: Tensor, key: Tensor, value: Tensor) -> tuple[Any, Any, Any]:
    """Broadcast the batch dimensions to one shape; complain as a product does if sizes differ."""
    if not query.shape[:-2] == key.shape[:-2] == value.shape[:-2]:
        batch = broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
        query, key, value = (t.expand((*batch, *t.shape[-2:])) for t in (query, key, value))
    count = math.prod(query.shape[:-2])
    if query.shape[-1] != key.shape[-1]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{count}, "
            f"{query.shape[-1]}] but got: [{count}, {key.shape[-1]}]."
        )
    if key.shape[-2] != value.shape[-2]:
        raise RuntimeError(
            f"Expected size for first two dimensions of batch2 tensor to be: [{count}, "
            f"{key.shape[-2]}] but got: [{count}, {value.shape[-2]}]."
        )
    return query, key, value
