"""Connectionist temporal classification: sequences of labels that are not aligned.

The labels of a sample, with a blank before, between and after them, are the states of a walk that
in each step stays, goes one on, or two where that skips the blank between different labels. The
loss is minus the logarithm of the probability of all walks that end in one of the last two states:
one step of the tape per time, in logarithms, for all samples and states at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import portfire
from portfire import Tensor
from portfire._dispatch import where
from portfire.nn._names import not_implemented
from portfire.nn.functional._reduction import check_reduction, reduce_loss

__all__ = ["ctc_loss"]

Lengths = Tensor | Sequence[int]

# The logarithm of no probability: finite, so that differences of two of them are numbers, and so
# large that no sum of real ones comes near.
_NEVER = {portfire.float16: -3e4, portfire.float32: -1e30, portfire.float64: -1e300}


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Lengths,
    target_lengths: Lengths,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Measure how improbable sequences of labels are, over all alignments with the input.

    Args:
        log_probs: the log-probabilities of the labels at each time.
        targets: the labels, padded, or all in a row.
        input_lengths: how many times of each sample count.
        target_lengths: how many labels of each sample count.
        blank: the label that stands for none.
        reduction: ``"mean"`` (of the losses, each divided by its number of labels), ``"sum"`` or
            ``"none"``.
        zero_infinity: whether impossible alignments count nothing, and not infinity.

    Shape:
        - log_probs: ``(T, N, C)`` or ``(T, C)``.
        - targets: ``(N, S)`` or ``(sum of the lengths,)``.
        - input_lengths, target_lengths: ``(N,)`` or ``()``.
        - output: a number; ``(N,)`` or ``()`` without reduction.

    Returns:
        The loss.

    Raises:
        RuntimeError: for lengths or shapes that do not fit, or a blank that is no label.
        ValueError: for an unknown reduction.
        IndexError: for a target that is no label, when the loss is computed.

    Note:
        The gradient is that of the loss as it stands. PyTorch's holds only where ``log_probs`` come
        from a log-softmax; behind one, both are the same. Graves and others, Connectionist Temporal
        Classification, 2006.

    Example:
        >>> import portfire
        >>> logs = portfire.full((2, 1, 2), 0.5).log()
        >>> labels = portfire.tensor([[1]])
        >>> portfire.nn.functional.ctc_loss(logs, labels, [2], [1]).exp()
        tensor(1.3333)
    """
    check_reduction(reduction)
    batched = log_probs.ndim == 3
    logs = log_probs if batched else log_probs.unsqueeze(1)
    times, samples, classes = logs.shape
    spans = _lengths("input_lengths", input_lengths, samples)
    counts = _lengths("target_lengths", target_lengths, samples)
    if not 0 <= blank < classes:
        raise RuntimeError("blank must be in label range")
    if not logs.is_floating_point():
        raise not_implemented("ctc_loss_cpu", logs.dtype)
    _check_spans("input_lengths", spans, times)
    _check_spans("target_lengths", counts, None)
    labels = _padded(targets if batched or targets.ndim != 1 else targets.reshape(1, -1), counts)
    loss = _walk(logs, labels, spans, counts, blank)
    never = _NEVER[logs.dtype]
    loss = where(loss > -never / 2, 0.0 if zero_infinity else math.inf, loss)
    if not batched:
        loss, counts = loss.squeeze(0), counts.reshape(())
    if reduction == "mean":
        each = portfire.tensor(np.maximum(counts, 1), device=loss.device).to(loss.dtype)
        return (loss / each).mean()
    return reduce_loss(loss, reduction)


def _walk(logs: Tensor, labels: Tensor, spans: Any, counts: Any, blank: int) -> Tensor:
    """Minus the log-probability of all walks through the states of each sample."""
    times, samples, _ = logs.shape
    states = 2 * labels.shape[1] + 1
    never = _NEVER[logs.dtype]
    # Axes: sample, state. Odd states are the labels.
    blanks = portfire.full((samples, labels.shape[1], 1), blank, device=logs.device)
    pairs = portfire.cat([blanks, labels.unsqueeze(2)], 2).reshape(samples, states - 1)
    names = portfire.cat([pairs, pairs.new_full((samples, 1), blank)], 1)
    skips = (names[:, 2:] != names[:, :-2]) & (names[:, 2:] != blank)
    emitted = portfire.gather(logs, 2, names.expand(times, samples, states)) if times else logs
    position = portfire.arange(states, device=logs.device)
    outside = logs.new_full((samples, states), never)
    # Before the first step only the walk without labels is complete.
    walk = where(position == 0, 0.0, outside)
    limits = portfire.tensor(spans, device=logs.device).unsqueeze(1)
    for time in range(times):
        moved = _moved(walk, skips, never) if time else where(position <= 1, 0.0, outside)
        # What is impossible stays so, and at the same number.
        moved = (moved + emitted[time]).clamp(min=never)
        walk = where(limits > time, moved, walk)
    last = portfire.tensor(2 * counts, device=logs.device).unsqueeze(1)
    ends = (position == last) | (position == last - 1)
    return -portfire.logsumexp(where(ends, walk, never), 1)


def _moved(walk: Tensor, skips: Tensor, never: float) -> Tensor:
    """The probability to be in each state after a step, before what is emitted there."""
    wall = walk.new_full((walk.shape[0], 2), never)
    reached = _log_add(walk, portfire.cat([wall[:, :1], walk[:, :-1]], 1))
    if walk.shape[1] < 3:
        return reached
    return _log_add(reached, portfire.cat([wall, where(skips, walk[:, :-2], never)], 1))


def _log_add(x: Tensor, y: Tensor) -> Tensor:
    """log(exp(x) + exp(y)); where both are impossible, so is the sum."""
    high = portfire.maximum(x, y)
    return high + (-(x - y).abs()).exp().log1p()


def _lengths(name: str, lengths: Lengths, samples: int) -> Any:
    """The lengths as a host array."""
    if isinstance(lengths, Tensor):
        if lengths.is_floating_point():
            raise RuntimeError(f"{name} must be integral")
        lengths = lengths.reshape(-1).tolist()
    if len(lengths) != samples:
        raise RuntimeError(f"{name} must be of size batch_size")
    return np.asarray(lengths, np.int64)


def _check_spans(name: str, lengths: Any, most: int | None) -> None:
    where_to = "(while checking arguments for ctc_loss_allocate_outputs)"
    for length in lengths.tolist():
        if length < 0:
            raise RuntimeError(
                f"Expected {name} to have value at least 0, but got value {length} {where_to}"
            )
        if most is not None and length > most:
            raise RuntimeError(
                f"Expected {name} to have value at most {most}, but got value {length} {where_to}"
            )


def _padded(targets: Tensor, counts: Any) -> Tensor:
    """The labels, one row per sample, as long as the longest."""
    tail = "for argument #2 'targets' (while checking arguments for ctc_loss_allocate_outputs)"
    longest = int(counts.max()) if counts.size else 0
    targets = targets.to(portfire.int64)
    inside = np.arange(longest) < counts[:, None]
    if targets.ndim == 2:
        if targets.shape[0] != counts.size:
            raise RuntimeError(
                f"Expected tensor to have size {counts.size} at dimension 0, but got size "
                f"{targets.shape[0]} {tail}"
            )
        if targets.shape[1] < longest:
            raise RuntimeError(
                f"Expected tensor to have size at least {longest} at dimension 1, but got size "
                f"{targets.shape[1]} {tail}"
            )
        rows = targets[:, :longest]
    elif targets.ndim == 1:
        if targets.shape[0] != counts.sum():
            raise RuntimeError(
                f"Expected tensor to have size {counts.sum()} at dimension 0, but got size "
                f"{targets.shape[0]} {tail}"
            )
        starts = np.cumsum(counts) - counts
        places = np.where(inside, starts[:, None] + np.arange(longest), 0)
        rows = targets[portfire.tensor(places, device=targets.device)]
    else:
        raise RuntimeError(
            f"Expected 1 to 2 dimensions, but got {targets.ndim}-dimensional tensor {tail}"
        )
    # What is behind the end of a row is never looked at, and may be any number.
    return where(portfire.tensor(inside, device=targets.device), rows, 0)
