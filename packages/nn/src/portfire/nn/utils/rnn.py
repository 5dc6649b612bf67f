"""Sequences of different lengths: padded to one, or packed without padding.

Packed sequences hold the rows of step 0 of all sequences, longest first, then those of step 1 of
all that go on, and so forth; ``batch_sizes`` says how many each step has.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

import portfire
from portfire import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Fields(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Fields):
    """Sequences without padding; made by `pack_padded_sequence` and `pack_sequence`.

    Args:
        data: the rows, ``(sum of lengths, *)``.
        batch_sizes: rows of each step; on the host.
        sorted_indices: the sequences in the order in which they are packed.
        unsorted_indices: where each sequence went.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils.rnn import pack_sequence
        >>> pack_sequence([portfire.tensor([1, 2, 3]), portfire.tensor([4])]).data
        tensor([1, 4, 2, 3])
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        """Make a packed sequence, see the class."""
        if batch_sizes is None:
            if not isinstance(data, list | tuple) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be "
                "created manually. They should be instantiated by functions like pack_sequence "
                "and pack_padded_sequences in nn.utils.rnn. "
                "https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Return the sequences on another device or in another dtype."""
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        moved = [None if t is None else t.to(data.device) for t in self[2:]]
        return type(self)(data, self.batch_sizes, *moved)

    def cpu(self) -> PackedSequence:
        """Return the sequences on the host."""
        return self.to("cpu")

    def double(self) -> PackedSequence:
        """Return the sequences in double precision."""
        return self.to(dtype=portfire.float64)

    def float(self) -> PackedSequence:
        """Return the sequences in single precision."""
        return self.to(dtype=portfire.float32)

    def half(self) -> PackedSequence:
        """Return the sequences in half precision."""
        return self.to(dtype=portfire.float16)

    def long(self) -> PackedSequence:
        """Return the sequences as 64-bit integers."""
        return self.to(dtype=portfire.int64)

    def int(self) -> PackedSequence:
        """Return the sequences as 32-bit integers."""
        return self.to(dtype=portfire.int32)

    def short(self) -> PackedSequence:
        """Return the sequences as 16-bit integers."""
        return self.to(dtype=portfire.int16)

    def char(self) -> PackedSequence:
        """Return the sequences as 8-bit integers."""
        return self.to(dtype=portfire.int8)

    def byte(self) -> PackedSequence:
        """Return the sequences as bytes."""
        return self.to(dtype=portfire.uint8)


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return where each position went.

    Args:
        permutation: the positions in their new order, or None.

    Returns:
        The inverse, or None.

    Example:
        >>> import portfire
        >>> portfire.nn.utils.rnn.invert_permutation(portfire.tensor([2, 0, 1]))
        tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    host = permutation.cpu().numpy()
    inverse = np.empty_like(host)
    inverse[host] = np.arange(len(host))
    return portfire.tensor(inverse, device=permutation.device)


def _rows(batch_sizes: Tensor) -> tuple[Any, Any]:
    """For each packed row its step and its place in the batch."""
    sizes = batch_sizes.numpy()
    step = np.repeat(np.arange(len(sizes)), sizes)
    first = np.repeat(np.cumsum(sizes) - sizes, sizes)
    return step, np.arange(len(step)) - first


def _taken(x: Tensor, rows: Any) -> Tensor:
    return x.index_select(0, portfire.tensor(rows, device=x.device))


def pad_steps(data: Tensor, batch_sizes: Tensor) -> tuple[Tensor, Tensor]:
    """Return packed rows as ``(T, B, *)``, padded by any numbers, and the lengths on its device."""
    sizes = batch_sizes.numpy()
    steps, batch = len(sizes), int(sizes[0])
    step, place = _rows(batch_sizes)
    where = np.zeros((steps, batch), np.int64)
    where[step, place] = np.arange(len(step))
    padded = _taken(data, where.reshape(-1)).reshape((steps, batch, *data.shape[1:]))
    lengths = np.bincount(place, minlength=batch).astype(np.int32)
    return padded, portfire.tensor(lengths, device=data.device)


def packed_steps(padded: Tensor, batch_sizes: Tensor) -> Tensor:
    """Return the rows of ``(T, B, *)`` that sequences have, packed."""
    step, place = _rows(batch_sizes)
    rows = padded.reshape((padded.shape[0] * padded.shape[1], *padded.shape[2:]))
    return _taken(rows, step * padded.shape[1] + place)


def _host_lengths(lengths: Any) -> Any:
    if not isinstance(lengths, Tensor):
        return np.asarray(list(lengths), np.int64)
    if lengths.ndim != 1 or lengths.device.type != "cpu" or lengths.is_floating_point():
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.ndim}D "
            f"{lengths.device.type} {lengths.dtype.scalar_name} tensor"
        )
    return lengths.numpy()


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Pack sequences that are padded to one length.

    Args:
        input: the padded sequences, ``(T, B, *)``, or ``(B, T, *)`` with ``batch_first``.
        lengths: the length of each; a tensor must be on the host.
        batch_first: whether the batch comes first.
        enforce_sorted: whether the lengths must fall; otherwise sequences are sorted here.

    Returns:
        The packed sequences.

    Raises:
        RuntimeError: for lengths that do not fit, or do not fall.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1, 2, 3], [4, 0, 0]])
        >>> portfire.nn.utils.rnn.pack_padded_sequence(x, [3, 1], batch_first=True).data
        tensor([1, 4, 2, 3])
    """
    host = _host_lengths(lengths)
    order = back = None
    if not enforce_sorted:
        places = np.argsort(-host, kind="stable")
        order = portfire.tensor(places, device=input.device)
        back = invert_permutation(order)
        host = host[places]
        input = input.index_select(0 if batch_first else 1, order)
    if batch_first:
        input = input.transpose(0, 1)
    steps, batch = input.shape[:2] if input.ndim > 1 else (*input.shape, 0)
    if len(host) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(host)} "
            f"(batch_size={batch})"
        )
    if (np.diff(host) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. "
            "You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if not len(host) or host[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if host[0] > steps:
        raise RuntimeError(
            f"pack_padded_sequence: expected lengths up to the {steps} steps of the input, but "
            f"got {host[0]}"
        )
    sizes = (host[None, :] > np.arange(host[0])[:, None]).sum(1)
    batch_sizes = portfire.tensor(sizes, device="cpu")
    return PackedSequence(packed_steps(input, batch_sizes), batch_sizes, order, back)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Pad packed sequences to one length.

    Args:
        sequence: the packed sequences.
        batch_first: whether the batch shall come first.
        padding_value: what they are padded with.
        total_length: the length; by default that of the longest.

    Returns:
        The padded sequences, and their lengths on the host.

    Raises:
        ValueError: if the longest sequence is longer.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils.rnn import pack_sequence, pad_packed_sequence
        >>> packed = pack_sequence([portfire.tensor([1, 2, 3]), portfire.tensor([4])])
        >>> pad_packed_sequence(packed, batch_first=True)
        (tensor([[1, 2, 3],
                [4, 0, 0]]), tensor([3, 1]))
    """
    data, batch_sizes, _, back = sequence
    longest = batch_sizes.shape[0]
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, "
            f"but got total_length={total_length} and max sequence length being {longest}"
        )
    padded, lengths = pad_steps(data, batch_sizes)
    ends = lengths.cpu().to(portfire.int64)
    step = portfire.arange(longest, device=data.device).unsqueeze(1)
    there = (step < lengths).reshape((*padded.shape[:2], *[1] * (data.ndim - 1)))
    padding = portfire.full((), padding_value, dtype=data.dtype, device=data.device)
    padded = portfire.where(there, padded, padding)
    if total_length is not None and total_length > longest:
        missing = (total_length - longest, *padded.shape[1:])
        padded = portfire.cat([padded, padding.expand(missing)])
    if batch_first:
        padded = padded.transpose(0, 1)
    if back is None:
        return padded, ends
    return padded.index_select(0 if batch_first else 1, back), ends.index_select(0, back.cpu())


def pad_sequence(
    sequences: Tensor | list[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Stack sequences, padded to the length of the longest.

    Args:
        sequences: tensors ``(L, *)``.
        batch_first: whether the batch shall come first.
        padding_value: what they are padded with.
        padding_side: ``"right"`` or ``"left"``.

    Returns:
        A tensor ``(T, B, *)`` or ``(B, T, *)``.

    Raises:
        RuntimeError: for something else than sequences, or no sequence.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1, 2, 3]), portfire.tensor([4])
        >>> portfire.nn.utils.rnn.pad_sequence([x, y], batch_first=True, padding_value=9)
        tensor([[1, 2, 3],
                [4, 9, 9]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    rows = list(sequences.unbind(0) if isinstance(sequences, Tensor) else sequences)
    if padding_side not in ("right", "left"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    if not rows:
        raise RuntimeError("received an empty list of sequences")
    longest = max(row.shape[0] for row in rows)
    padded = []
    for row in rows:
        missing = longest - row.shape[0]
        if missing:
            shape = (missing, *row.shape[1:])
            filler = portfire.full(shape, padding_value, dtype=row.dtype, device=row.device)
            row = portfire.cat([row, filler] if padding_side == "right" else [filler, row])
        padded.append(row)
    return portfire.stack(padded, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """Cut padded sequences to their lengths.

    Args:
        padded_sequences: ``(T, B, *)``, or ``(B, T, *)`` with ``batch_first``.
        lengths: the length of each.
        batch_first: whether the batch comes first.

    Returns:
        One tensor per sequence.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1, 2, 3], [4, 9, 9]])
        >>> portfire.nn.utils.rnn.unpad_sequence(x, portfire.tensor([3, 1]), batch_first=True)
        [tensor([1, 2, 3]), tensor([4])]
    """
    rows = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[:length] for row, length in zip(rows.unbind(0), lengths.tolist(), strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of different lengths.

    Args:
        sequences: tensors ``(L, *)``.
        enforce_sorted: whether their lengths must fall; otherwise they are sorted here.

    Returns:
        The packed sequences.

    Example:
        >>> import portfire
        >>> x, y = portfire.tensor([1, 2, 3]), portfire.tensor([4])
        >>> portfire.nn.utils.rnn.pack_sequence([x, y]).batch_sizes
        tensor([2, 1, 1])
    """
    lengths = [sequence.shape[0] for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return the sequences that were packed.

    Args:
        packed_sequences: what `pack_sequence` returned.

    Returns:
        One tensor per sequence.

    Example:
        >>> import portfire
        >>> from portfire.nn.utils.rnn import pack_sequence, unpack_sequence
        >>> unpack_sequence(pack_sequence([portfire.tensor([1, 2, 3]), portfire.tensor([4])]))
        [tensor([1, 2, 3]), tensor([4])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
