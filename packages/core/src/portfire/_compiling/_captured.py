"""A captured function: what to append to the graph, and what to do with its results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from portfire._compiling._history import Backward, FreedBackward
from portfire._compiling._structure import rebuild
from portfire._layout import Path
from portfire._storage import Storage
from portfire._tensor import Tensor
from portfire.autograd._node import Node
from portfire.engine._body import Body
from portfire.engine._recorder import Recorder
from portfire.engine._value import Value

__all__ = ["Captured", "Made", "Part"]

Owner = int | Tensor  # the position of an argument, or a tensor that is always the same


class Part(NamedTuple):
    """What is appended to the graph of one device.

    Attributes:
        recorder: of the device.
        body: the steps.
        cells: the cells whose values are the inputs.
        numbers: those of the call that was captured.
        live: for numbers that are had anew: how, and ``(number, which of them it is)``.
    """

    recorder: Recorder
    body: Body
    cells: list[int]
    numbers: list[bool | int | float]
    live: list[tuple[tuple[Any, ...], list[tuple[int, int]]]]


class Made(NamedTuple):
    """A tensor that the function returns or makes a gradient.

    Attributes:
        owner: the tensor that it is, None for a new one.
        cell: the cell that it is a view of.
        path: from there.
        shape: its shape.
        output: which output of the backward node it is; -1 for none.
        freed: the name of its backward node, if the function ran that already.
    """

    owner: Owner | None
    cell: int
    path: Path
    shape: Any
    output: int
    freed: str


@dataclass
class Captured:
    """What one call of a function did, as something to do again.

    Attributes:
        parts: what is appended, per device.
        cells: those that are always the same; None for an argument's and a gradient's.
        arguments: ``(cell, argument)``.
        gradients: ``(cell, whose gradient's it is)``.
        shared: pairs of cells that have the same value.
        fixed: cells that no argument may have.
        writes: ``(cell, result)``.
        fresh: the results that get new cells, which are counted on from the others.
        made: the tensors that are made.
        grads: ``(leaf, made)``, or -1 where the gradient is dropped.
        result: what is returned, with slots for tensors.
        flushes: whether the function asked for a flush.
        backward: the gradients of what is returned.
        signature: what two calls have in common if they did the same.
    """

    parts: list[Part] = field(default_factory=list)
    cells: list[Storage | None] = field(default_factory=list)
    arguments: list[tuple[int, int]] = field(default_factory=list)
    gradients: list[tuple[int, Owner]] = field(default_factory=list)
    shared: list[tuple[int, int]] = field(default_factory=list)
    fixed: frozenset[Storage] = frozenset()
    writes: list[tuple[int, int]] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    grads: list[tuple[Owner, int]] = field(default_factory=list)
    result: Any = None
    flushes: bool = False
    backward: Backward | None = None
    signature: Any = None

    def replay(self, arguments: list[Tensor]) -> tuple[bool, Any]:
        """Do it again; return whether that was possible, and what the function returns."""
        cells = self._cells_now(arguments)
        if cells is None:
            return False, None
        draft: dict[int, Any] = {}
        numbers = []
        for part in self.parts:
            found = _renewed(part, draft)
            if found is None:
                return False, None
            numbers.append(found)
        results: list[Value] = []
        for part, found in zip(self.parts, numbers, strict=True):
            values = [cells[i].value for i in part.cells]
            results += part.recorder.splice(part.body, values, found)
            del values  # what is overwritten may give its memory to what follows
        for now, ahead in draft.values():
            now.update(ahead)
        made = self._finish(cells, arguments, results)
        del results
        if self.flushes:
            for part in self.parts:
                part.recorder.flush()
        return True, rebuild(self.result, made)

    def _cells_now(self, arguments: list[Tensor]) -> list[Any] | None:
        """All cells, None where they are not to each other as they were."""
        cells: list[Any] = self.cells.copy()
        for i, position in self.arguments:
            storage = arguments[position]._storage
            if storage in self.fixed:
                return None
            cells[i] = storage
        for i, owner in self.gradients:
            grad = _owned(owner, arguments)._grad
            if grad is None:
                return None
            cells[i] = grad._storage
        for i, j in self.shared:
            if cells[i].value is not cells[j].value:
                return None
        return cells

    def _finish(
        self, cells: list[Any], arguments: list[Tensor], results: list[Value]
    ) -> list[Tensor]:
        """Write to cells, make tensors, set gradients."""
        for i, result in self.writes:
            cells[i].write((), results[result])
        cells += [Storage(results[i]) for i in self.fresh]
        backward = self.backward
        node = None if backward is None else backward.node(arguments, results)
        made = [_make(one, cells, arguments, node) for one in self.made]
        for owner, i in self.grads:
            _owned(owner, arguments)._grad = made[i] if i >= 0 else None
        return made


def _owned(owner: Owner, arguments: list[Tensor]) -> Tensor:
    return arguments[owner] if isinstance(owner, int) else owner


def _renewed(part: Part, draft: dict[int, Any]) -> list[Any] | None:
    """The numbers of a further call, None where the function would do something else."""
    numbers = part.numbers.copy()
    for (again, *arguments), spots in part.live:
        found = again(draft, *arguments)
        if found is None:
            return None
        for number, which in spots:
            numbers[number] = found[which]
    return numbers


def _make(one: Made, cells: list[Any], arguments: list[Tensor], node: Node | None) -> Tensor:
    if one.owner is not None:
        return _owned(one.owner, arguments)
    tensor: Tensor = object.__new__(Tensor)
    tensor._storage = cells[one.cell]
    tensor._shape = one.shape
    tensor._dtype = tensor._storage.value.dtype
    if one.path:
        tensor._path = one.path
    if one.freed:
        tensor._bind(FreedBackward(one.freed, (one.shape, tensor._dtype)), 0)
    elif one.output >= 0 and node is not None:
        tensor._bind(node, one.output)
    return tensor
