"""Rows of tables, bags of them, and classes as rows of zeros and ones."""

from __future__ import annotations

import portfire
from portfire import Tensor
from portfire._dispatch import apply
from portfire.nn._composites._embedding import EMBEDDING
from portfire.nn._names import typename
from portfire.ops import lookup

__all__ = ["check_padding", "embedding", "one_hot", "refuse_sparse"]


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """Take rows of a table.

    Args:
        input: the positions of the rows.
        weight: the table.
        padding_idx: a row that gets no gradient.
        max_norm: rows that are taken and longer than this are shortened first, in the table itself.
        norm_type: the ``p`` of the norm.
        scale_grad_by_freq: whether a row's gradient is divided by how often it is taken.
        sparse: must be False: gradients are dense here.

    Shape:
        - input: any.
        - weight: ``(rows, size)``.
        - output: ``(*, size)``.

    Returns:
        The rows.

    Raises:
        RuntimeError: for positions that are no integers, or a table without two dimensions.
        IndexError: for a position outside the table, when the rows are computed.
        AssertionError: when ``padding_idx`` is no row.
        NotImplementedError: for sparse gradients.

    Example:
        >>> import portfire
        >>> table = portfire.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> portfire.nn.functional.embedding(portfire.tensor([1, 0, 1]), table)
        tensor([[3., 4.],
                [1., 2.],
                [3., 4.]])
    """
    refuse_sparse(sparse)
    padding = -1 if padding_idx is None else check_padding(padding_idx, weight.shape[0])
    if max_norm is not None:
        renormalize(weight, input, float(max_norm), float(norm_type))
    return apply(EMBEDDING, (weight, input), (padding, bool(scale_grad_by_freq)))


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Write each class as a row that is 1 at the class and 0 elsewhere.

    Args:
        tensor: the classes, of int64.
        num_classes: their number; one more than the largest by default.

    Shape:
        - tensor: any.
        - output: ``(*, num_classes)``.

    Returns:
        A tensor of int64.

    Raises:
        RuntimeError: for another dtype, a class outside the range, or no class to count by.

    Note:
        The check of the classes waits for them to be computed.

    Example:
        >>> import portfire
        >>> portfire.nn.functional.one_hot(portfire.tensor([0, 2]))
        tensor([[1, 0, 0],
                [0, 0, 1]])
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"one_hot(): argument 'input' (position 1) must be Tensor, not {typename(tensor)}"
        )
    if tensor.dtype is not portfire.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
    else:
        if int(tensor.min()) < 0:
            raise RuntimeError("Class values must be non-negative.")
        largest = int(tensor.max())
        if num_classes == -1:
            num_classes = largest + 1
        elif largest >= num_classes:
            raise RuntimeError("Class values must be smaller than num_classes.")
    classes = portfire.arange(num_classes, device=tensor.device)
    return (tensor.unsqueeze(-1) == classes).to(portfire.int64)


def refuse_sparse(sparse: bool) -> None:
    """Raise where a sparse gradient is asked for."""
    if sparse:
        raise NotImplementedError(
            "portfire has no sparse tensors: use sparse=False, the gradient is dense then"
        )


def check_padding(padding_idx: int, rows: int) -> int:
    """Return the row that is meant, counted from the start."""
    if not -rows <= padding_idx < rows:
        raise AssertionError("Padding_idx must be within num_embeddings")
    return padding_idx % rows


def renormalize(weight: Tensor, index: Tensor, max_norm: float, norm_type: float) -> None:
    """Shorten the rows that will be taken to a largest norm, in place."""
    with portfire.no_grad():
        flat = index.reshape(-1)
        rows = apply(lookup("take"), (weight.detach(), flat), (0,))
        norm = portfire.norm(rows, norm_type, 1, keepdim=True)
        shorter = portfire.where(norm > max_norm, max_norm / (norm + 1e-7), 1.0).to(weight.dtype)
        weight.detach().copy_(
            apply(lookup("put"), (weight.detach(), flat, rows * shorter), (0, "set"))
        )
