"""The layers of encoders and decoders: attention, a small network, and residual sums."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn.functional._multi_head import additive_mask
from portfire.nn.modules.attention import MultiheadAttention
from portfire.nn.modules.dropout import Dropout
from portfire.nn.modules.linear import Linear
from portfire.nn.modules.module import Module
from portfire.nn.modules.normalization import LayerNorm

__all__ = ["TransformerDecoderLayer", "TransformerEncoderLayer"]

Activation = Callable[[Tensor], Tensor]


def _activation(chosen: str | Activation) -> Activation:
    if not isinstance(chosen, str):
        return chosen
    if chosen not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {chosen}")
    found: Activation = getattr(F, chosen)
    return found


class TransformerEncoderLayer(Module):
    """Self-attention and a network of two linear layers, each with a residual sum and a norm.

    Args:
        d_model: the width ``E``.
        nhead: heads of the attention.
        dim_feedforward: width between the two linear layers.
        dropout: probability of an element to become zero in training.
        activation: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: what keeps roots from zero.
        batch_first: whether tensors are ``(N, S, E)`` instead of ``(S, N, E)``.
        norm_first: whether norms come before attention and network rather than after the sums.
        bias: whether linear layers and norms have biases.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - src: ``(S, N, E)``, ``(N, S, E)`` with ``batch_first``, or ``(S, E)``.
        - output: that of ``src``.

    Raises:
        RuntimeError: for the name of another activation.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.TransformerEncoderLayer(8, 2, 16)
        >>> layer(portfire.ones(5, 3, 8)).shape
        portfire.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        place: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, batch_first=batch_first, **place
        )
        self.linear1 = Linear(d_model, dim_feedforward, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **place)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, **place)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, **place)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _activation(activation)
        known = (F.relu, getattr(F, "gelu", None))
        self.activation_relu_or_gelu = (
            1 + known.index(self.activation) if self.activation in known else 0
        )

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """Apply attention and network; masks as in `MultiheadAttention`."""
        padding = additive_mask(
            src_key_padding_mask, "src_key_padding_mask", src_mask, "src_mask", src.dtype
        )
        mask = additive_mask(src_mask, "src_mask", None, "", src.dtype)
        x = src
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), mask, padding, is_causal)
            return x + self._ff_block(self.norm2(x))
        x = self.norm1(x + self._sa_block(x, mask, padding, is_causal))
        output: Tensor = self.norm2(x + self._ff_block(x))
        return output

    def _sa_block(
        self, x: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool
    ) -> Tensor:
        x, _ = self.self_attn(
            x,
            x,
            x,
            attn_mask=mask,
            key_padding_mask=padding,
            need_weights=False,
            is_causal=is_causal,
        )
        dropped: Tensor = self.dropout1(x)
        return dropped

    def _ff_block(self, x: Tensor) -> Tensor:
        x = self.linear2(self.dropout(self.activation(self.linear1(x))))
        dropped: Tensor = self.dropout2(x)
        return dropped


class TransformerDecoderLayer(Module):
    """Self-attention, attention to an encoder's result, and a network of two linear layers.

    Each has a residual sum and a norm.

    Args:
        d_model: the width ``E``.
        nhead: heads of each attention.
        dim_feedforward: width between the two linear layers.
        dropout: probability of an element to become zero in training.
        activation: ``"relu"``, ``"gelu"`` or a function.
        layer_norm_eps: what keeps roots from zero.
        batch_first: whether tensors are ``(N, T, E)`` instead of ``(T, N, E)``.
        norm_first: whether norms come before attention and network rather than after the sums.
        bias: whether linear layers and norms have biases.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - tgt: ``(T, N, E)``, ``(N, T, E)`` with ``batch_first``, or ``(T, E)``.
        - memory: likewise with ``S``.
        - output: that of ``tgt``.

    Raises:
        RuntimeError: for the name of another activation.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.TransformerDecoderLayer(8, 2, 16)
        >>> layer(portfire.ones(4, 3, 8), portfire.ones(5, 3, 8)).shape
        portfire.Size([4, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        place: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        heads: dict[str, Any] = {"dropout": dropout, "batch_first": batch_first, **place}
        self.self_attn = MultiheadAttention(d_model, nhead, **heads)
        self.multihead_attn = MultiheadAttention(d_model, nhead, **heads)
        self.linear1 = Linear(d_model, dim_feedforward, **place)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **place)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, layer_norm_eps, **place)
        self.norm2 = LayerNorm(d_model, layer_norm_eps, **place)
        self.norm3 = LayerNorm(d_model, layer_norm_eps, **place)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = _activation(activation)

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Apply both attentions and the network; masks as in `MultiheadAttention`."""
        own = {
            "attn_mask": tgt_mask,
            "key_padding_mask": tgt_key_padding_mask,
            "is_causal": tgt_is_causal,
        }
        other = {
            "attn_mask": memory_mask,
            "key_padding_mask": memory_key_padding_mask,
            "is_causal": memory_is_causal,
        }
        x = tgt
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), own)
            x = x + self._mha_block(self.norm2(x), memory, other)
            return x + self._ff_block(self.norm3(x))
        x = self.norm1(x + self._sa_block(x, own))
        x = self.norm2(x + self._mha_block(x, memory, other))
        output: Tensor = self.norm3(x + self._ff_block(x))
        return output

    def _sa_block(self, x: Tensor, masks: dict[str, Any]) -> Tensor:
        x, _ = self.self_attn(x, x, x, need_weights=False, **masks)
        dropped: Tensor = self.dropout1(x)
        return dropped

    def _mha_block(self, x: Tensor, memory: Tensor, masks: dict[str, Any]) -> Tensor:
        x, _ = self.multihead_attn(x, memory, memory, need_weights=False, **masks)
        dropped: Tensor = self.dropout2(x)
        return dropped

    def _ff_block(self, x: Tensor) -> Tensor:
        x = self.linear2(self.dropout(self.activation(self.linear1(x))))
        dropped: Tensor = self.dropout3(x)
        return dropped
