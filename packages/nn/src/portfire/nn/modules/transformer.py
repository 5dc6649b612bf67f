"""Encoders and decoders of attention layers."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable
from typing import Any

import portfire
from portfire import Tensor
from portfire.nn import functional as F
from portfire.nn import init
from portfire.nn.functional._multi_head import additive_mask
from portfire.nn.modules.container import ModuleList
from portfire.nn.modules.module import Module
from portfire.nn.modules.normalization import LayerNorm
from portfire.nn.modules.transformer_layers import (
    TransformerDecoderLayer,
    TransformerEncoderLayer,
)

__all__ = ["Transformer", "TransformerDecoder", "TransformerEncoder"]


def _clones(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


def _why_not_nested(layer: Module) -> str:
    """Why an encoder computes padded positions too; empty where it leaves them zero."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    attention = layer.self_attn
    reasons = (
        (layer.norm_first, "encoder_layer.norm_first was True"),
        (
            not attention.batch_first,
            "encoder_layer.self_attn.batch_first was not True(use batch_first for better "
            "inference performance)",
        ),
        (attention.in_proj_bias is None, "encoder_layer.self_attn was passed bias=False"),
        (
            not layer.activation_relu_or_gelu,
            "encoder_layer.activation_relu_or_gelu was not True",
        ),
        (
            layer.norm1.eps != layer.norm2.eps,
            "encoder_layer.norm1.eps was not equal to encoder_layer.norm2.eps",
        ),
        (attention.num_heads % 2, "encoder_layer.self_attn.num_heads is odd"),
    )
    return next((reason for holds, reason in reasons if holds), "")


class TransformerEncoder(Module):
    """A stack of encoder layers.

    Args:
        encoder_layer: the layer, which is copied.
        num_layers: how many copies there are.
        norm: a layer that normalizes the result.
        enable_nested_tensor: whether padded positions become zero in evaluation without gradients.
        mask_check: accepted as in PyTorch.

    Shape:
        - src: ``(S, N, E)``, ``(N, S, E)`` with ``batch_first``, or ``(S, E)``.
        - output: that of ``src``.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        >>> encoder = portfire.nn.TransformerEncoder(layer, num_layers=2)
        >>> encoder(portfire.ones(3, 5, 8)).shape
        portfire.Size([3, 5, 8])
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _clones(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        reason = _why_not_nested(encoder_layer)
        self.use_nested_tensor = enable_nested_tensor and not reason
        self.mask_check = mask_check
        if enable_nested_tensor and reason:
            warnings.warn(
                "enable_nested_tensor is True, but self.use_nested_tensor is False because "
                + reason,
                UserWarning,
                stacklevel=2,
            )

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """Apply the layers one after another; masks are those of each layer."""
        padding = src_key_padding_mask
        added = additive_mask(padding, "src_key_padding_mask", mask, "mask", src.dtype)
        mask = additive_mask(mask, "mask", None, "", src.dtype)
        output = src
        for layer in self.layers:
            output = layer(
                output,
                src_mask=mask,
                is_causal=bool(is_causal),
                src_key_padding_mask=added,
            )
        if padding is not None and padding.dtype is portfire.bool and self._leaves_out(src, mask):
            output = output * padding.logical_not().unsqueeze(-1)
        return output if self.norm is None else self.norm(output)

    def _leaves_out(self, src: Tensor, mask: Tensor | None) -> bool:
        """Whether padded positions shall be zero."""
        fast = self.use_nested_tensor and not self.training and src.ndim == 3 and mask is None
        if not fast:
            return False
        tracked = src.requires_grad or any(p.requires_grad for p in self.parameters())
        return not (tracked and portfire.is_grad_enabled())


class TransformerDecoder(Module):
    """A stack of decoder layers.

    Args:
        decoder_layer: the layer, which is copied.
        num_layers: how many copies there are.
        norm: a layer that normalizes the result.

    Shape:
        - tgt: ``(T, N, E)``, ``(N, T, E)`` with ``batch_first``, or ``(T, E)``.
        - memory: likewise with ``S``, what the encoder gave.
        - output: that of ``tgt``.

    Example:
        >>> import portfire
        >>> layer = portfire.nn.TransformerDecoderLayer(8, 2, 16)
        >>> decoder = portfire.nn.TransformerDecoder(layer, num_layers=2)
        >>> decoder(portfire.ones(4, 3, 8), portfire.ones(5, 3, 8)).shape
        portfire.Size([4, 3, 8])
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _clones(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Apply the layers one after another; masks are those of each layer."""
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder and a decoder that reads what it gives.

    Args:
        d_model: the width ``E``.
        nhead: heads of each attention.
        num_encoder_layers: layers of the encoder.
        num_decoder_layers: layers of the decoder.
        dim_feedforward: width inside the layers.
        dropout: probability of an element to become zero in training.
        activation: ``"relu"``, ``"gelu"`` or a function.
        custom_encoder: an encoder to take instead.
        custom_decoder: a decoder to take instead.
        layer_norm_eps: what keeps roots from zero.
        batch_first: whether tensors are ``(N, S, E)`` instead of ``(S, N, E)``.
        norm_first: whether layers normalize before attention rather than after it.
        bias: whether linear layers and norms have biases.
        device: where the parameters live.
        dtype: their type.

    Shape:
        - src: ``(S, N, E)``, ``(N, S, E)`` with ``batch_first``, or ``(S, E)``.
        - tgt: likewise with ``T``.
        - output: that of ``tgt``.

    Raises:
        RuntimeError: for batches or widths that differ.

    Note:
        The paper is "Attention Is All You Need", https://arxiv.org/abs/1706.03762.

    Example:
        >>> import portfire
        >>> net = portfire.nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
        >>> net(portfire.ones(3, 5, 8), portfire.ones(3, 4, 8)).shape
        portfire.Size([3, 4, 8])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Tensor], Tensor] = F.relu,
        custom_encoder: Any | None = None,
        custom_decoder: Any | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: portfire.dtype | None = None,
    ) -> None:
        super().__init__()
        place: dict[str, Any] = {"device": device, "dtype": dtype}
        sizes = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps)
        if custom_encoder is None:
            layer = TransformerEncoderLayer(*sizes, batch_first, norm_first, bias, **place)
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **place)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm)
        self.encoder = custom_encoder
        if custom_decoder is None:
            other = TransformerDecoderLayer(*sizes, batch_first, norm_first, bias, **place)
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, **place)
            custom_decoder = TransformerDecoder(other, num_decoder_layers, norm)
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """Encode ``src``, and decode ``tgt`` from the result."""
        axis = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[axis] != tgt.shape[axis]:
            raise RuntimeError("the batch number of src and tgt must be equal")
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError("the feature number of src and tgt must be equal to d_model")
        memory = self.encoder(
            src,
            mask=src_mask,
            src_key_padding_mask=src_key_padding_mask,
            is_causal=src_is_causal,
        )
        output: Tensor = self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )
        return output

    @staticmethod
    def generate_square_subsequent_mask(
        sz: int, device: Any = None, dtype: portfire.dtype | None = None
    ) -> Tensor:
        """Return the mask of a sequence whose positions do not see later ones.

        Args:
            sz: the length.
            device: where the mask lives.
            dtype: its type.

        Returns:
            A matrix with minus infinity above the diagonal, and zeros elsewhere.

        Example:
            >>> import portfire
            >>> portfire.nn.Transformer.generate_square_subsequent_mask(2)
            tensor([[0., -inf],
                    [0., 0.]])
        """
        position = portfire.arange(sz, device=device)
        later = position.unsqueeze(0) > position.unsqueeze(1)
        zeros = portfire.zeros((sz, sz), device=device, dtype=dtype)
        mask: Tensor = portfire.where(later, -math.inf, zeros)
        return mask
