"""Sums of products by labels: parsing, order, and each contraction as one matrix product."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from portfire import _tensor
from portfire._dtype import BOOL
from portfire._functions._operands import _need_tensor
from portfire._functions.linalg import matmul

if TYPE_CHECKING:
    from portfire._tensor import Tensor

__all__ = ["einsum"]

_LETTERS = string.ascii_uppercase + string.ascii_lowercase
_ELLIPSIS = -1  # stands for "..." until the ranks are known
_USAGE = (
    "einsum(): must specify the equation string and at least one operand, or at least one operand "
    "and its subscripts list"
)
Labels = tuple[int, ...]


def einsum(*args: Any) -> Tensor:
    """Return the sums of products that an equation describes, in Einstein's notation.

    Args:
        *args: an equation such as ``"ij,jk->ik"`` and tensors, or tensors each followed by the list
            of the labels of its dimensions (and, last, those of the result), 0 to 51.

    Raises:
        RuntimeError: if the equation is wrong or does not fit the tensors.
        ValueError: if there is no tensor.

    Example:
        >>> import portfire
        >>> x = portfire.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> portfire.einsum("ij,kj->ik", x, x)
        tensor([[ 5., 11.],
                [11., 25.]])
        >>> portfire.einsum("ii", x)
        tensor(5.)
    """
    if len(args) < 2:
        raise ValueError(_USAGE)
    if isinstance(args[0], str):
        operands = args[1:]
        if len(operands) == 1 and isinstance(operands[0], list | tuple):
            operands = tuple(operands[0])
        inputs, output = _parse(args[0])
    else:
        operands, inputs, output = _sublists(args)
    for operand in operands:
        _need_tensor("einsum", operand)
    if len(inputs) > len(operands):
        raise RuntimeError("einsum(): fewer operands were provided than specified in the equation")
    if len(inputs) < len(operands):
        raise RuntimeError("einsum(): more operands were provided than specified in the equation")
    return _contract(list(operands), inputs, output)


def _parse(equation: str) -> tuple[list[list[int]], list[int] | None]:
    left, arrow, right = equation.partition("->")
    inputs: list[list[int]] = []
    start = 0
    for number, part in enumerate(left.split(",")):
        inputs.append(_labels(part, start, f"for operand {number}"))
        start += len(part) + 1
    if not arrow:
        return inputs, None
    output = _labels(right, len(left) + 2, "in the output")
    return inputs, output


def _labels(text: str, start: int, where: str) -> list[int]:
    """The labels of one term; ``start`` is its place in the equation."""
    labels: list[int] = []
    i = 0
    while i < len(text):
        sign = text[i]
        if sign == ".":
            if _ELLIPSIS in labels:
                raise RuntimeError(
                    f"einsum(): found '.' {where} for which an ellipsis was already found"
                )
            if text[i : i + 3] != "...":
                raise RuntimeError(f"einsum(): found '.' {where} that is not part of any ellipsis")
            labels.append(_ELLIPSIS)
            i += 3
            continue
        if sign != " ":
            if sign not in _LETTERS:
                raise RuntimeError(
                    f"einsum(): invalid subscript given at index {start + i} in the equation "
                    "string, subscripts must be in [a-zA-Z]"
                )
            labels.append(_LETTERS.index(sign))
        i += 1
    return labels


def _sublists(args: Sequence[Any]) -> tuple[tuple[Any, ...], list[list[int]], list[int] | None]:
    count = len(args) // 2
    operands = tuple(args[2 * i] for i in range(count))
    lists = [_numbers(args[2 * i + 1]) for i in range(count)]
    output = _numbers(args[-1]) if len(args) % 2 else None
    return operands, lists, output


def _numbers(labels: Any) -> list[int]:
    if isinstance(labels, _tensor.Tensor):
        raise ValueError(_USAGE)
    found = []
    for label in labels:
        if label is Ellipsis:
            found.append(_ELLIPSIS)
        elif 0 <= label < len(_LETTERS):
            found.append(int(label))
        else:
            raise ValueError(
                "einsum(): subscript in subscript list is not within the valid range [0, 52)"
            )
    return found


def _spread(inputs: list[list[int]], operands: list[Tensor]) -> tuple[list[Labels], Labels]:
    """Labels with those of each ellipsis in its place, and the labels that ellipses can have."""
    covered = []
    for number, (labels, operand) in enumerate(zip(inputs, operands, strict=True)):
        extra = operand.ndim - len([label for label in labels if label != _ELLIPSIS])
        if extra < 0 or (extra > 0 and _ELLIPSIS not in labels):
            if _ELLIPSIS in labels:
                raise RuntimeError(
                    f"einsum(): the number of subscripts in the equation ({len(labels) - 1}) is "
                    f"more than the number of dimensions ({operand.ndim}) for operand {number}"
                )
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(labels)}) does not "
                f"match the number of dimensions ({operand.ndim}) for operand {number} and no "
                "ellipsis was given"
            )
        covered.append(extra)
    most = max(covered)
    names = tuple(range(len(_LETTERS), len(_LETTERS) + most))
    spread = []
    for labels, extra in zip(inputs, covered, strict=True):
        whole: list[int] = []
        for label in labels:
            whole.extend(names[most - extra :] if label == _ELLIPSIS else (label,))
        spread.append(tuple(whole))
    return spread, names


def _output(
    output: list[int] | None, inputs: list[list[int]], spread: list[Labels], names: Labels
) -> Labels:
    seen = {label for labels in spread for label in labels}
    if output is None:
        letters = [label for labels in inputs for label in labels if label != _ELLIPSIS]
        return (*names, *sorted(label for label in set(letters) if letters.count(label) == 1))
    whole: list[int] = []
    for label in output:
        if label == _ELLIPSIS:
            whole.extend(names)
            continue
        if label in whole:
            raise RuntimeError(
                f"einsum(): output subscript {_LETTERS[label]} appears more than once in the output"
            )
        if label not in seen:
            raise RuntimeError(
                f"einsum(): output subscript {_LETTERS[label]} does not appear in the equation "
                "for any input operand"
            )
        whole.append(label)
    return tuple(whole)


def _contract(operands: list[Tensor], inputs: list[list[int]], output: list[int] | None) -> Tensor:
    spread, names = _spread(inputs, operands)
    wanted = _output(output, inputs, spread, names)
    sizes: dict[int, int] = {}
    terms: list[tuple[Tensor, Labels]] = []
    for number, (operand, labels) in enumerate(zip(operands, spread, strict=True)):
        operand, labels = _diagonal(operand, labels, number)
        for label, size in zip(labels, operand._shape, strict=True):
            known = sizes.setdefault(label, size)
            if known != size and 1 not in (known, size):
                raise RuntimeError(
                    f"einsum(): subscript {(_LETTERS + '.' * len(names))[label]} has size {size} "
                    f"for operand {number} which does not broadcast with previously seen size "
                    f"{known}"
                )
            sizes[label] = size if known == 1 else known
        terms.append((operand, labels))
    dtypes = [operand._dtype for operand in operands]
    for dtype in dtypes[1:]:
        if dtype is not dtypes[0]:
            raise RuntimeError(
                f"expected scalar type {dtypes[0].scalar_name} but found {dtype.scalar_name}"
            )
    # A dimension of 1 that meets a longer one is as if it were not there.
    terms = [_without_ones(operand, labels, sizes) for operand, labels in terms]
    while len(terms) > 1:
        i, j = _cheapest(terms, wanted, sizes)
        first, second = terms[i], terms[j]
        terms = [term for k, term in enumerate(terms) if k not in (i, j)]
        needed = set(wanted).union(*(labels for _, labels in terms))
        terms.append(_pair(first, second, needed))
    return _arrange(*_summed(*terms[0], set(wanted)), wanted)


def _diagonal(operand: Tensor, labels: Labels, number: int) -> tuple[Tensor, Labels]:
    """Take the diagonal of dimensions with one label."""
    while len(set(labels)) < len(labels):
        label = next(label for label in labels if labels.count(label) > 1)
        i = labels.index(label)
        j = labels.index(label, i + 1)
        if operand._shape[i] != operand._shape[j]:
            raise RuntimeError(
                f"einsum(): subscript {_LETTERS[label]} is repeated for operand {number} but the "
                f"sizes don't match, {operand._shape[j]} != {operand._shape[i]}"
            )
        operand = operand.diagonal(0, i, j)
        labels = (*(x for k, x in enumerate(labels) if k not in (i, j)), label)
    return operand, labels


def _without_ones(operand: Tensor, labels: Labels, sizes: dict[int, int]) -> tuple[Tensor, Labels]:
    pairs = list(zip(labels, operand._shape, strict=True))
    kept = [(label, size) for label, size in pairs if size != 1 or sizes[label] == 1]
    if len(kept) == len(pairs):
        return operand, labels
    return operand.reshape(tuple(size for _, size in kept)), tuple(label for label, _ in kept)


def _cheapest(
    terms: list[tuple[Tensor, Labels]], wanted: Labels, sizes: dict[int, int]
) -> tuple[int, int]:
    """The pair whose product takes the fewest operations, less what it makes smaller."""
    if len(terms) == 2:
        return 0, 1

    def cost(pair: tuple[int, int]) -> tuple[int, int]:
        both = set(terms[pair[0]][1]) | set(terms[pair[1]][1])
        rest = set(wanted).union(*(t[1] for k, t in enumerate(terms) if k not in pair))
        work = math.prod(sizes[label] for label in both)
        size = math.prod(sizes[label] for label in both & rest)
        return work, size - sum(t[0].numel() for k, t in enumerate(terms) if k in pair)

    return min(((i, j) for j in range(len(terms)) for i in range(j)), key=cost)


def _summed(operand: Tensor, labels: Labels, needed: set[int]) -> tuple[Tensor, Labels]:
    """Add up the dimensions that nobody asks for any more."""
    axes = tuple(i for i, label in enumerate(labels) if label not in needed)
    if not axes:
        return operand, labels
    return operand.sum(axes), tuple(label for label in labels if label in needed)


def _arrange(operand: Tensor, labels: Labels, wanted: Labels) -> Tensor:
    if labels == wanted:
        return operand
    return operand.permute(*(labels.index(label) for label in wanted))


def _pair(
    first: tuple[Tensor, Labels], second: tuple[Tensor, Labels], needed: set[int]
) -> tuple[Tensor, Labels]:
    """The product of two terms, as one batch of matrix products."""
    x, a = _summed(*first, needed | set(second[1]))
    y, b = _summed(*second, needed | set(first[1]))
    batch = tuple(label for label in a if label in b and label in needed)
    inner = tuple(label for label in a if label in b and label not in needed)
    left = tuple(label for label in a if label not in b)
    right = tuple(label for label in b if label not in a)
    size = {**dict(zip(a, x._shape, strict=True)), **dict(zip(b, y._shape, strict=True))}
    x, y = _arrange(x, a, batch + left + inner), _arrange(y, b, batch + inner + right)
    shape = tuple(size[label] for label in batch + left + right)
    many = tuple(size[label] for label in batch)
    if not inner:
        x = x.reshape((*many, *(size[label] for label in left), *(1 for _ in right)))
        y = y.reshape((*many, *(1 for _ in left), *(size[label] for label in right)))
        return x * y, batch + left + right
    if x._dtype.category == BOOL:
        raise NotImplementedError("\"bmm\" not implemented for 'Bool'")
    rows, middle, columns = (
        math.prod(size[label] for label in group) for group in (left, inner, right)
    )
    count = (math.prod(many),) if batch else ()
    product = matmul(x.reshape((*count, rows, middle)), y.reshape((*count, middle, columns)))
    return product.reshape(shape), batch + left + right
