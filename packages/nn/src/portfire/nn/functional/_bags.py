"""Bags of rows of a table: their sums, means and maxima."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import portfire
from portfire import Tensor
from portfire._dispatch import apply, where, zeros
from portfire.nn._composites._embedding import EMBEDDING
from portfire.nn.functional._sparse import check_padding, refuse_sparse, renormalize
from portfire.ops import lookup

__all__ = ["embedding_bag"]


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Take rows of a table in bags, and return the sum, mean or maximum of each bag.

    Args:
        input: the positions of the rows.
        weight: the table.
        offsets: where each bag begins, where the input has one dimension.
        max_norm: rows that are taken and longer than this are shortened first, in the table itself.
        norm_type: the ``p`` of the norm.
        scale_grad_by_freq: whether a row's gradient is divided by how often it is taken.
        mode: ``"sum"``, ``"mean"`` or ``"max"``.
        sparse: must be False: gradients are dense here.
        per_sample_weights: a factor for each row that is taken, for sums.
        include_last_offset: whether the last offset is the end of the last bag.
        padding_idx: a row that counts nothing and gets no gradient.

    Shape:
        - input: ``(bags, size)``, or ``(n,)`` with offsets ``(bags,)``.
        - weight: ``(rows, size)``.
        - per_sample_weights: that of the input.
        - output: ``(bags, size)``; zeros for an empty bag.

    Returns:
        What was asked for of each bag.

    Raises:
        ValueError: for shapes that do not fit, or an unknown mode.
        RuntimeError: for offsets that do not fit, or positions that are no integers.
        NotImplementedError: for sparse gradients, or factors in other modes.
        IndexError: for a position outside the table, when the rows are computed.

    Example:
        >>> import portfire
        >>> table = portfire.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        >>> index, offsets = portfire.tensor([0, 2, 1]), portfire.tensor([0, 2])
        >>> portfire.nn.functional.embedding_bag(index, table, offsets, mode="sum")
        tensor([[6., 8.],
                [3., 4.]])
    """
    refuse_sparse(sparse)
    _check(input, offsets, mode, per_sample_weights, scale_grad_by_freq)
    _check_factors(weight, mode, per_sample_weights)
    padding = -1 if padding_idx is None else check_padding(padding_idx, weight.shape[0])
    if max_norm is not None:
        renormalize(weight, input, float(max_norm), float(norm_type))
    if input.ndim == 1:
        starts, ends = _bounds(input, offsets, include_last_offset)
        width = int((ends - starts).max(initial=0))
        places = np.minimum(starts[:, None] + np.arange(width), max(input.numel() - 1, 0))
        inside = np.arange(width) < (ends - starts)[:, None]
        at = portfire.tensor(places, device=input.device)
        counts = portfire.tensor(inside, device=input.device)
        index = where(counts, input[at] if input.numel() else at, 0)
        factors = None if per_sample_weights is None else per_sample_weights[at]
    else:
        index, factors = input, per_sample_weights
        counts = portfire.ones(tuple(input.shape), dtype=portfire.bool, device=input.device)
    if padding >= 0:
        counts = counts & (index != padding)
    frequencies = input if scale_grad_by_freq else None
    return _pooled(_rows(weight, index, padding, frequencies), counts, factors, mode)


def _rows(weight: Tensor, index: Tensor, padding: int, frequencies: Tensor | None) -> Tensor:
    """The rows of all bags; by frequency, their gradients are shared by all that took them."""
    rows = apply(EMBEDDING, (weight, index), (padding, False))
    if frequencies is None:
        return rows
    flat = frequencies.reshape(-1)
    ones = portfire.ones(flat.shape, dtype=weight.dtype, device=weight.device)
    often = apply(lookup("put"), (zeros((weight.shape[0],), weight), flat, ones), (0, "add"))
    share = (1.0 / often)[index].unsqueeze(-1)
    # The value stays; only the part with a gradient is scaled.
    return rows * share + (rows * (1.0 - share)).detach()


def _pooled(rows: Tensor, counts: Tensor, factors: Tensor | None, mode: str) -> Tensor:
    """The sum, mean or maximum over dimension 1 of the rows that count."""
    mask = counts.unsqueeze(-1)
    if mode == "max":
        if not rows.shape[1]:
            return rows.sum(1)
        highest = where(mask, rows, -math.inf).max(1).values
        return where(counts.any(1, keepdim=True), highest, 0.0)
    if factors is not None:
        rows = rows * factors.unsqueeze(-1)
    total = where(mask, rows, 0.0).sum(1)
    if mode == "sum":
        return total
    return total / counts.sum(1, keepdim=True).clamp(min=1).to(rows.dtype)


def _bounds(input: Tensor, offsets: Any, include_last: bool) -> tuple[Any, Any]:
    """Where each bag begins and ends, on the host."""
    starts = np.asarray(offsets.tolist(), np.int64)
    size = input.shape[0]
    if starts.size and starts[0] != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from "
            f"position 0. However, got {starts[0]}"
        )
    if starts.size and starts[-1] > size:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {size} but got offsets[-1] of "
            f"{starts[-1]}"
        )
    if include_last:
        return starts[:-1], starts[1:]
    return starts, np.append(starts[1:], size)


def _check(
    input: Tensor,
    offsets: Tensor | None,
    mode: str,
    factors: Tensor | None,
    by_frequency: bool,
) -> None:
    if factors is not None and factors.shape != input.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({factors.shape!r}) is not None, then it must "
            f"have the same shape as the input ({input.shape!r})"
        )
    if input.ndim == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch "
                "of fixed length sequences. However, found offsets of type "
                f"{type(offsets)}"
            )
    elif input.ndim == 1:
        if not isinstance(offsets, Tensor):
            raise ValueError(f"offsets has to be a 1D Tensor but got {offsets}")
        if offsets.ndim != 1:
            raise ValueError("offsets has to be a 1D Tensor")
    else:
        raise ValueError(
            f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}"
        )
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and by_frequency:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if input.dtype not in (portfire.int64, portfire.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: "
            f"Long, Int; but got portfire.{input.dtype.scalar_name}Tensor instead (while checking "
            "arguments for embedding_bag)"
        )


def _check_factors(weight: Tensor, mode: str, factors: Tensor | None) -> None:
    if factors is None:
        return
    if mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported "
            f"for mode='sum' (got mode='{mode}')."
        )
    if factors.dtype is not weight.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument "
            f"#1 'per_sample_weights'; but type portfire.{weight.dtype.scalar_name}Tensor does not "
            f"equal portfire.{factors.dtype.scalar_name}Tensor (while checking arguments for "
            "embedding_bag)"
        )
