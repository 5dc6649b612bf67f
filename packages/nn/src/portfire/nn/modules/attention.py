"""Attention with several heads."""

from __future__ import annotations

from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn import init
from portfire.nn.modules.linear import Linear
from portfire.nn.modules.module import Module
from portfire.nn.parameter import Parameter

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """The output projection; a `Linear` under the name that PyTorch prints for it."""


class MultiheadAttention(Module):
    r"""Attend with several heads, each in a part of the width.

    .. math:: y = \mathrm{concat}(h_1, \dots, h_n) W^O, \quad
        h_i = \mathrm{softmax}\left(\frac{Q W_i^Q (K W_i^K)^T}{\sqrt{d}}\right) V W_i^V

    Args:
        embed_dim: the width ``E`` of queries and results.
        num_heads: into how many parts it is cut.
        dropout: probability of a weight to be dropped in training.
        bias: whether the projections have biases.
        add_bias_kv: whether each sequence gets one more key and value, which are learned.
        add_zero_attn: whether each sequence gets one more key and value of zeros.
        kdim: the width of keys; ``embed_dim`` by default.
        vdim: the width of values; ``embed_dim`` by default.
        batch_first: whether tensors are ``(N, L, E)`` instead of ``(L, N, E)``.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - query: ``(L, N, E)``, or ``(L, E)`` without a batch.
        - key: ``(S, N, kdim)`` or ``(S, kdim)``.
        - value: ``(S, N, vdim)`` or ``(S, vdim)``.
        - output: that of the query; the weights are ``(N, L, S)``, or ``(N, heads, L, S)``.

    Attributes:
        in_proj_weight: ``(3 * embed_dim, embed_dim)``, for queries, keys and values of one width;
            otherwise ``q_proj_weight``, ``k_proj_weight`` and ``v_proj_weight``.
        in_proj_bias: ``(3 * embed_dim,)``, zeros at first.
        out_proj: the linear layer for the joined heads.

    Raises:
        AssertionError: if the width is no multiple of the heads, and for inputs that do not fit.
        ValueError: for sizes that are not positive.

    Note:
        The paper is "Attention Is All You Need", https://arxiv.org/abs/1706.03762.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.MultiheadAttention(8, 2, batch_first=True)
        >>> x = portfire.ones(3, 5, 8)
        >>> result, weights = layer(x, x, x)
        >>> result.shape, weights.shape
        (portfire.Size([3, 5, 8]), portfire.Size([3, 5, 5]))
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and "
                f"num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        shapes: dict[str, tuple[int, ...] | None] = {
            "q_proj_weight": (embed_dim, embed_dim),
            "k_proj_weight": (embed_dim, self.kdim),
            "v_proj_weight": (embed_dim, self.vdim),
            "in_proj_weight": None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
        }
        if self._qkv_same_embed_dim:
            shapes |= dict.fromkeys(("q_proj_weight", "k_proj_weight", "v_proj_weight"))
            shapes["in_proj_weight"] = (3 * embed_dim, embed_dim)
        place = {"device": device, "dtype": dtype}
        self._add(shapes, place)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **place)
        row = (1, 1, embed_dim) if add_bias_kv else None
        self._add({"bias_k": row, "bias_v": row}, place)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _add(self, shapes: dict[str, tuple[int, ...] | None], place: dict[str, Any]) -> None:
        for name, shape in shapes.items():
            empty = None if shape is None else Parameter(portfire.empty(shape, **place))
            self.register_parameter(name, empty)

    def _reset_parameters(self) -> None:
        for weight in (
            self.in_proj_weight,
            self.q_proj_weight,
            self.k_proj_weight,
            self.v_proj_weight,
        ):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None and self.out_proj.bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for row in (self.bias_k, self.bias_v):
            if row is not None:
                init.xavier_normal_(row)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """Attend; see `portfire.nn.functional.multi_head_attention_forward`."""
        swap = self.batch_first and query.ndim == 3
        if swap:
            # The same tensor stays the same, so that its projections share one product.
            turned = {id(x): x.transpose(0, 1) for x in (query, key, value) if x.ndim == 3}
            query, key, value = (turned.get(id(x), x) for x in (query, key, value))
        result, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return (result.transpose(0, 1) if swap else result), weights
